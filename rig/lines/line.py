"""A line: one port, the instruments on it, a mailbox in which the newest wins and "off" goes first, and a lease.

The same code runs in a thread and in virtual time; it does one thing at a time, in this order: off, what the lease
demands, orders, calls, polls. Whoever orders something never waits for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from rig.lines.board import Board
from rig.lines.driven import OutputDriver
from rig.lines.errors import InstrumentError, PortLost, Preempted
from rig.lines.member import Member, MemberSpec, PollTimer, Report, Told
from rig.lines.port import Port
from rig.lines.runner import Runner
from rig.outputs import Output

REOPEN_NS = 1_000_000_000
"""How often a lost port is tried again: safe state is retried each second (safety rule 5)."""

INSIST_NS = 2_000_000_000
"""How long an "off" that is not acknowledged is repeated back to back before it is retried each second."""

POLL_EXCHANGES, OFF_EXCHANGES, ORDER_EXCHANGES = 4, 10, 16
"""How many exchanges, each with all its attempts, may stand in one call before it counts as hanging."""

NO_VALUE = "the instrument says it has no value (overload, probe heating, sensor error)"

CONNECT_LIMIT_NS = 20_000_000_000


class LinePort(Port, Protocol):
    """A port as the line that owns it sees it."""

    off_waiting: Callable[[], bool]

    def close(self) -> None:
        """Hang up."""


Opener = Callable[[Runner], LinePort]


class Line:
    """One port and its instruments. `order`, `off`, `renew` and the rest may be called from any thread."""

    def __init__(
        self, name: str, specs: list[MemberSpec], opener: Opener, runner: Runner, board: Board
    ) -> None:
        self.name = name
        self.members = {spec.name: Member(spec) for spec in specs}
        self.reports: deque[Report] = deque()
        kinds = {spec.kind for spec in specs if spec.has_output}
        self.output_kind = "hv" if "hv" in kinds else next(iter(sorted(kinds)), None)
        self._opener = opener
        self._runner = runner
        self._board = board
        self._port: LinePort | None = None
        self._lock = threading.Lock()
        self._offs: dict[str, None] = {}
        self._orders: dict[str, Output] = {}
        self._lease_ns = 0
        self._leased = False
        self._lapsed = False
        self._open_at_ns = 0
        self._said_unreachable = False
        self._insisting: dict[str, int] = {}
        self._closing = False
        self.abandoned = False
        self.closed = False
        self._busy_since_ns: int | None = None
        self._busy_limit_ns = 0
        self._busy_with = ""

    # Asked from outside

    def start(self) -> None:
        """Open the port and bring every output to its safe side, before anything else."""
        self._runner.start(self.name, self._body)

    def order(self, member: str, output: Output) -> None:
        """Want this state of an output; replaces any older wish. Returns at once."""
        if not output.energised and self.members[member].spec.kind != "gas":
            self.off(member)
            return
        with self._lock:
            self._orders[member] = output
            self.members[member].maybe_on = True
        self._runner.notify()

    def off(self, member: str) -> None:
        """Want the safe side, before anything else that waits. Returns at once. Gas has no safe side of its own."""
        if self.members[member].spec.kind == "gas":
            return
        with self._lock:
            self._orders.pop(member, None)
            self._offs[member] = None
        self._runner.notify()

    def renew(self, until_ns: int) -> None:
        """A scan was completed: the line may go on until then."""
        self._lease_ns = until_ns
        if not self._leased or self._lapsed:
            self._leased = True
            self._runner.notify()

    def set_active(self, member: str, active: bool) -> None:
        """Poll at the active or the idle period from now on."""
        here = self.members[member]
        if here.active == active:
            return
        here.active = active
        now_ns = self._runner.now_ns
        for timer in here.timers:
            timer.set_active(active, now_ns)
        self.declare_channels(here)
        self._runner.notify()

    def declare_channels(self, member: Member) -> None:
        """Say how old each reading may be: three periods of its poll, or what the rules say for safety inputs.

        The shorter age of a faster pace holds from the first answer at that pace on: until then the newest reading is
        as old as the slow pace made it, and a scan in between must not take that for a dead instrument.
        """
        spec = member.spec
        quick = {t.poll.name for t in member.timers if member.active and t.settled}
        periods = {
            t.poll.name: t.poll.period_s if t.poll.name in quick else t.poll.idle_period_s
            for t in member.timers
        }
        slowest_s = max((period for period in periods.values() if period > 0), default=1.0)
        filled_by = {short: poll for poll, shorts in spec.poll_channels.items() for short in shorts}
        for short, channel in member.names.items():
            # A poll that is switched off leaves its channels to grow old at the pace of the others.
            stale_s = 3 * (periods.get(filled_by.get(short, ""), 0.0) or slowest_s)
            if spec.stale_after_s is not None and filled_by.get(short, next(iter(periods), "")) in quick:
                stale_s = spec.stale_after_s
            self._board.declare(channel, round(stale_s * 1e9), spec.watched)

    def close(self) -> None:
        """Orderly exit: outputs off, instruments left as their front panel expects, port closed."""
        self._closing = True
        self._runner.notify()

    def overdue(self, now_ns: int) -> str | None:
        """What the line has been doing for too long, if it hangs; looked at by each scan, outside the call."""
        since_ns = self._busy_since_ns
        if since_ns is None or self.abandoned or now_ns - since_ns <= self._busy_limit_ns:
            return None
        return f"{self._busy_with} has not returned for {(now_ns - since_ns) / 1e9:.1f} s"

    def abandon(self, why: str) -> None:
        """Give the line up: its outputs are unknown, its readings bad, and what it may still bring is not taken."""
        self._report(None, "abandoned", text=why)
        self.abandoned = True
        now_ns = self._runner.now_ns
        for member in self.members.values():
            member.told_state = Told.UNKNOWN
            self._board.fail(member.names.values(), now_ns, why)

    # The line's own loop

    def _body(self) -> None:
        while not self.closed:
            try:
                if self.abandoned:
                    self._come_back()
                self._turn()
            except PortLost as error:
                self._lose(str(error))
            except Exception as error:
                # A driver that breaks must not take the line with it: to the rest it is as if the cable were out, and
                # the next opening begins with "off" again.
                self._lose(f"internal error in a driver of line {self.name}: {type(error).__name__}: {error}")

    def _turn(self) -> None:
        now_ns = self._runner.now_ns
        if self._closing:
            self._release()
            return
        if self._port is None:
            if now_ns < self._open_at_ns:
                self._runner.wait_until(self._open_at_ns)
                return
            self._connect()
            return
        if self._offs:
            with self._lock:
                name = next(iter(self._offs))
                del self._offs[name]
            self._off(self.members[name])
            return
        if self._leased and now_ns >= self._lease_ns:
            if not self._lapsed:
                self._lapse()
            self._runner.wait_until(None)
            return
        self._lapsed = False
        if self._orders:
            with self._lock:
                order = next(iter(self._orders.items()), None)
                if order is not None:
                    del self._orders[order[0]]
            if order is not None:
                self._tell(self.members[order[0]], order[1])
                return
        due = self._next_poll()
        if due is None:
            self._runner.wait_until(self._lease_ns if self._leased else None)
            return
        member, timer = due
        if timer.due_ns > now_ns:
            self._runner.wait_until(min(timer.due_ns, self._lease_ns) if self._leased else timer.due_ns)
            return
        self._poll(member, timer)

    def _next_poll(self) -> tuple[Member, PollTimer] | None:
        best: tuple[Member, PollTimer] | None = None
        for member in self.members.values():
            if member.connected:
                for timer in member.timers:
                    if timer.period_ns > 0 and (best is None or timer.due_ns < best[1].due_ns):
                        best = (member, timer)
        return best

    def _begin(self, member: Member, what: str, exchanges: int = POLL_EXCHANGES, limit_ns: int = 0) -> None:
        spec, port = member.spec, self._port
        assert port is not None
        port.deadline_s = spec.deadline_s
        port.attempts = spec.attempts
        self._busy_limit_ns = limit_ns or round((exchanges * spec.deadline_s * spec.attempts + 1.0) * 1e9)
        self._busy_with = f"{member.name}: {what}"
        self._busy_since_ns = self._runner.now_ns

    def _report(self, member: str | None, what: str, **more: Any) -> None:
        if not self.abandoned:
            self.reports.append(Report(self._runner.now_ns, self.name, member, what, **more))

    def _poll(self, member: Member, timer: PollTimer) -> None:
        assert member.driver is not None
        poll = timer.poll.name
        self._begin(member, poll)
        try:
            values = member.driver.read(poll)
        except Preempted:
            self._busy_since_ns = None
            return  # asked again right after the off
        except PortLost:
            raise
        except InstrumentError as error:
            self._busy_since_ns = None
            if not self.abandoned:
                self._board.fail(self._channels_of(member, poll), self._runner.now_ns, str(error))
                self._done(member, timer)
            return
        self._busy_since_ns = None
        if self.abandoned:
            return
        self._board.deliver(member.names, values, self._runner.now_ns, no_value=NO_VALUE)
        self._done(member, timer)

    def _done(self, member: Member, timer: PollTimer) -> None:
        timer.done(self._runner.now_ns)
        if not timer.settled:
            timer.settled = True
            self.declare_channels(member)

    def _channels_of(self, member: Member, poll: str) -> list[str]:
        """The channels a failed poll would have filled; all of them where the driver does not say."""
        shorts = member.spec.poll_channels.get(poll)
        return [member.names[short] for short in shorts] if shorts else list(member.names.values())

    def _off(self, member: Member, insist: bool = True) -> None:
        """Tell it off. insist: what is not acknowledged is told again at once, and for two seconds nothing else is
        done on this line: no poll may feed the watchdog of a supply that does not hear us."""
        driver: Any = member.driver
        self._begin(member, "off", OFF_EXCHANGES)
        try:
            driver.off()
        except PortLost:
            raise
        except InstrumentError as error:
            self._busy_since_ns = None
            member.told_state = Told.UNKNOWN
            self._insist(member, str(error), insist)
            return
        self._busy_since_ns = None
        self._insisting.pop(member.name, None)
        self._acknowledged_off(member)
        self._report(member.name, "off")

    def _acknowledged_off(self, member: Member) -> None:
        with self._lock:
            if member.name not in self._orders:
                member.maybe_on = False
        self._set_told(member, None)

    def _insist(self, member: Member, why: str, insist: bool) -> None:
        now_ns = self._runner.now_ns
        until_ns = self._insisting.setdefault(member.name, now_ns + INSIST_NS)
        if insist and now_ns < until_ns and not self.abandoned:
            with self._lock:
                self._offs.setdefault(member.name, None)
            return
        self._insisting.pop(member.name, None)
        self._report(member.name, "failed", text=why)

    def _tell(self, member: Member, output: Output) -> None:
        driver: Any = member.driver
        self._begin(member, "order", ORDER_EXCHANGES)
        try:
            driver.apply(output)
        except PortLost:
            raise
        except InstrumentError as error:
            self._busy_since_ns = None
            member.told_state = Told.UNKNOWN
            if isinstance(error, Preempted):
                self._again(member.name, output)
            else:
                self._report(member.name, "failed", output=output, text=str(error))
            return
        self._busy_since_ns = None
        self._set_told(member, output)
        self._report(member.name, "told", output=output)

    def _again(self, name: str, output: Output) -> None:
        """An "off" for a neighbour on this line broke in: the order stays wanted unless something newer is."""
        with self._lock:
            if name not in self._offs:
                self._orders.setdefault(name, output)

    def _set_told(self, member: Member, output: Output | None) -> None:
        if self.abandoned:
            return
        if (member.told is None) != (output is None) or member.told_state is Told.UNKNOWN:
            member.told_ns = self._runner.now_ns
        member.told = output
        member.told_state = Told.TOLD

    def _lapse(self) -> None:
        """No scan has renewed the lease: safe command once, then nothing at all, no poll, no heartbeat."""
        self._lapsed = True
        with self._lock:
            self._orders.clear()
        self._report(None, "lapsed", text=f"no completed scan renewed the lease of line {self.name}")
        for member in self.members.values():
            if member.spec.off_on_lapse and member.connected:
                self._off(member, insist=False)

    def _come_back(self) -> None:
        """What hung has returned after all: every output off at once, then a new start as after a lost port."""
        for member in self.members.values():
            if member.spec.off_on_lapse and member.connected and self._port is not None:
                self._off(member, insist=False)
        self.abandoned = False
        self._lose(f"line {self.name} hung and has come back")

    # Opening and closing

    def _connect(self) -> None:
        """Open; then for every output first off, and only then set up and ask who it is."""
        self._busy_with, self._busy_limit_ns = f"opening line {self.name}", CONNECT_LIMIT_NS
        self._busy_since_ns = self._runner.now_ns
        port = self._opener(self._runner)
        # What hung on an abandoned line and comes back must not go on to energise anything.
        port.off_waiting = lambda: bool(self._offs) or self.abandoned
        self._port = port
        self._said_unreachable = False
        for member in self.members.values():
            member.driver = member.spec.make(port)
        silent: dict[str, str] = {}
        for member in self.members.values():
            if member.spec.off_at_connect:
                self._begin(member, "off at connect", limit_ns=CONNECT_LIMIT_NS)
                output_driver: OutputDriver = member.driver  # type: ignore[assignment]
                try:
                    output_driver.off()
                except PortLost:
                    raise
                except InstrumentError as error:
                    silent[member.name] = str(error)
                    member.told_state = Told.UNKNOWN
                    continue
                self._acknowledged_off(member)
        for member in self.members.values():
            self._greet(member, silent.get(member.name))
        self._busy_since_ns = None
        if any(not member.connected for member in self.members.values()):
            self._hang_up()

    def _greet(self, member: Member, failed: str | None) -> None:
        driver = member.driver
        assert driver is not None
        self._begin(member, "set-up", limit_ns=CONNECT_LIMIT_NS)
        if failed is None:
            try:
                driver.set_up()
                member.identity = driver.identify()
            except PortLost:
                raise
            except InstrumentError as error:
                failed = str(error)
        now_ns = self._runner.now_ns
        if failed is not None:
            member.connected = False
            self._board.fail(member.names.values(), now_ns, failed)
            self._report(member.name, "unreachable", text=failed)
            return
        member.connected = True
        for timer in member.timers:
            timer.due_ns = now_ns
        self._report(member.name, "connected", identity=member.identity)

    def _lose(self, why: str) -> None:
        self._busy_since_ns = None
        if not self.abandoned:
            self._board_fail_all(why)
        for member in self.members.values():
            member.connected = False
            member.told_state = Told.UNKNOWN
            if self._port is None and not self._said_unreachable:
                self._report(member.name, "unreachable", text=why)
        if self._port is not None:
            self._report(None, "lost", text=why)
        self._said_unreachable = True
        self._hang_up()

    def _board_fail_all(self, why: str) -> None:
        now_ns = self._runner.now_ns
        for member in self.members.values():
            self._board.fail(member.names.values(), now_ns, why)

    def _hang_up(self) -> None:
        """Close the port and try again in a second; orders that wait are forgotten, nothing re-energises by itself."""
        if self._port is not None:
            self._port.close()
            self._port = None
        with self._lock:
            self._orders.clear()
            self._offs.clear()
        self._open_at_ns = self._runner.now_ns + REOPEN_NS

    def _release(self) -> None:
        if self._port is not None:
            for member in self.members.values():
                if member.driver is None:
                    continue
                self._begin(member, "release")
                try:
                    member.driver.release()
                except InstrumentError as error:
                    self._report(member.name, "failed", text=str(error))
            self._port.close()
            self._port = None
        self._busy_since_ns = None
        self.closed = True
        self._report(None, "released")
