"""The port of a line: opening it with every output off first, losing it, hanging up, and the orderly exit.

`OpenLine` is what `rig.lines.line.Line` stands on: the state of a line, and what happens to its port.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from rig.lines.board import Board
from rig.lines.driven import OutputDriver
from rig.lines.errors import InstrumentError, PortLost
from rig.lines.member import OFF_EXCHANGES, Member, MemberSpec, Report, Told
from rig.lines.port import Port
from rig.lines.runner import Runner
from rig.outputs import Output

REOPEN_NS = 1_000_000_000
"""How often a lost port is tried again: safe state is retried each second (safety rule 5)."""

CONNECT_LIMIT_NS = 20_000_000_000

CLOSE_LIMIT_NS = 1_000_000_000
"""A port that takes longer to close counts as hanging: nobody waits for it on leaving."""


class LinePort(Port, Protocol):
    """A port as the line that owns it sees it."""

    off_waiting: Callable[[], bool]

    def close(self) -> None:
        """Hang up."""


Opener = Callable[[Runner], LinePort]


class OpenLine:
    """A line's instruments, mailbox and port, and how the port is opened and closed."""

    def __init__(
        self, name: str, specs: list[MemberSpec], opener: Opener, runner: Runner, board: Board
    ) -> None:
        self.name = name
        self.members = {spec.name: Member(spec) for spec in specs}
        self._members = tuple(self.members.values())
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
        self.let_go = False
        """Orderly exit: every instrument was left as it should be, or what failed was said; the port is to close."""
        self._busy_since_ns: int | None = None
        self._busy_limit_ns = 0
        self._busy_with = ("", "")  # whose call, and which

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
            poll = filled_by.get(short, next(iter(periods), ""))
            stale_s = 3 * (periods.get(filled_by.get(short, ""), 0.0) or slowest_s)
            if spec.stale_after_s is not None and poll in quick and 2 * periods[poll] <= spec.stale_after_s:
                stale_s = spec.stale_after_s
            # What is read back of an output is the answer to an order: it wakes nobody.
            own = channel == f"{spec.name}.{short}"
            self._board.declare(channel, round(stale_s * 1e9), spec.watched and own)

    # What every call on the port does before and after

    def _begin(self, member: Member, what: str, limit_ns: int) -> None:
        spec, port = member.spec, self._port
        assert port is not None
        port.deadline_s = spec.deadline_s
        port.attempts = spec.attempts
        self._busy_limit_ns = limit_ns
        self._busy_with = member.name, what
        self._busy_since_ns = self._runner.now_ns

    def _report(self, member: str | None, what: str, **more: Any) -> None:
        if not self.abandoned:
            self.reports.append(Report(self._runner.now_ns, self.name, member, what, **more))

    def _acknowledged_off(self, member: Member) -> None:
        with self._lock:
            if member.name not in self._orders:
                member.maybe_on = False
        self._set_told(member, None)

    def _set_told(self, member: Member, output: Output | None) -> None:
        if self.abandoned:
            return
        if (member.told is None) != (output is None) or member.told_state is Told.UNKNOWN:
            member.told_ns = self._runner.now_ns
        member.told = output
        member.told_state = Told.TOLD

    # Opening and closing

    def _connect(self) -> None:
        """Open; then for every output first off, and only then set up and ask who it is."""
        self._busy_with, self._busy_limit_ns = (f"line {self.name}", "opening"), CONNECT_LIMIT_NS
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
                self._begin(member, "off at connect", CONNECT_LIMIT_NS)
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
        self._begin(member, "set-up", CONNECT_LIMIT_NS)
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
        self._close_port()
        with self._lock:
            self._orders.clear()
            self._offs.clear()
        self._open_at_ns = self._runner.now_ns + REOPEN_NS

    def _close_port(self) -> None:
        """Close it, watched like any other call: one that hangs is `overdue`. Whatever a close raises, the port is gone
        for this line."""
        port = self._port
        if port is None:
            return
        self._busy_since_ns = None  # the limit below is not that of what was done before
        self._busy_with, self._busy_limit_ns = (f"line {self.name}", "closing its port"), CLOSE_LIMIT_NS
        self._busy_since_ns = self._runner.now_ns
        try:
            port.close()
        except Exception as error:
            self._report(None, "failed", text=f"closing its port: {type(error).__name__}: {error}")
        self._port = None
        self._busy_since_ns = None

    def _release(self) -> None:
        if self._port is not None:
            for member in self.members.values():
                if member.driver is None:
                    continue
                self._begin(member, "release", member.limit_ns(OFF_EXCHANGES))
                try:
                    member.driver.release()
                except InstrumentError as error:
                    self._report(member.name, "failed", text=str(error))
                except Exception as error:  # of one driver: the others on the line are released all the same
                    text = f"internal error: {type(error).__name__}: {error}"
                    self._report(member.name, "failed", text=text)
        self.let_go = True
        self._close_port()
        self._busy_since_ns = None
        self.closed = True
        self._report(None, "released")
