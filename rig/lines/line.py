"""A line: one port, the instruments on it, a mailbox in which the newest wins and "off" goes first, and a lease.

The same code runs in a thread and in virtual time; it does one thing at a time, in this order: off, what the lease
demands, orders, calls, polls. Whoever orders something never waits for it.
"""

from __future__ import annotations

from typing import Any

from rig.lines.errors import InstrumentError, PortLost, Preempted
from rig.lines.member import OFF_EXCHANGES, ORDER_EXCHANGES, Member, PollTimer, Told
from rig.lines.openline import LinePort, Opener, OpenLine
from rig.outputs import Output

__all__ = ["Line", "LinePort", "Opener"]

INSIST_NS = 2_000_000_000
"""How long an "off" that is not acknowledged is repeated back to back before it is retried each second."""

NO_VALUE = "the instrument says it has no value (overload, probe heating, sensor error)"


class Line(OpenLine):
    """One port and its instruments. `order`, `off`, `renew` and the rest may be called from any thread."""

    # Asked from outside

    def start(self) -> None:
        """Open the port and bring every output to its safe side, before anything else."""
        self._runner.start(self.name, self._body)

    def order(self, member: str, output: Output) -> None:
        """Want this state of an output; replaces any older wish. Returns at once."""
        if not output.energised and self.members[member].spec.kind not in ("gas", "relays"):
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

    def close(self) -> None:
        """Orderly exit: outputs off, instruments left as their front panel expects, port closed."""
        self._closing = True
        self._runner.notify()

    def overdue(self, now_ns: int) -> str | None:
        """What the line has been doing for too long, if it hangs; looked at by each scan, outside the call."""
        since_ns = self._busy_since_ns
        if since_ns is None or self.abandoned or now_ns - since_ns <= self._busy_limit_ns:
            return None
        return f"{self._busy_with[0]}: {self._busy_with[1]} has not returned for {(now_ns - since_ns) / 1e9:.1f} s"

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
        due_ns = 0
        for member in self._members:
            if member.connected:
                for timer in member.timers:
                    if timer.period_ns > 0 and (best is None or timer.due_ns < due_ns):
                        best, due_ns = (member, timer), timer.due_ns
        return best

    def _poll(self, member: Member, timer: PollTimer) -> None:
        assert member.driver is not None
        poll = timer.poll.name
        self._begin(member, poll, member.poll_limit_ns)
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
                now_ns = self._runner.now_ns
                self._board.fail(self._channels_of(member, poll), now_ns, str(error))
                self._done(member, timer, now_ns)
            return
        self._busy_since_ns = None
        if self.abandoned:
            return
        now_ns = self._runner.now_ns
        self._board.deliver(member.names, values, now_ns, no_value=NO_VALUE)
        self._done(member, timer, now_ns)

    def _done(self, member: Member, timer: PollTimer, now_ns: int) -> None:
        timer.done(now_ns)
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
        self._begin(member, "off", member.limit_ns(OFF_EXCHANGES))
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
        self._begin(member, "order", member.limit_ns(ORDER_EXCHANGES))
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
