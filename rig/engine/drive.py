"""Who keeps the time of the scan: the virtual scheduler, paced or not, or the machine's clock in the main thread.

The periodic grid is the multiples of the present period; a wake adds one scan at its instant and never moves the grid.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from rig.engine.engine import Engine
from rig.lines.clocks import RealClock
from rig.lines.scheduler import Call, Rank, Scheduler

MERGE_NS = 5_000_000
"""Wakes within 5 ms are one scan in the real world."""


class Drive(Protocol):
    """Runs an engine's scans until told to stop."""

    simulated: bool

    def now(self) -> int:
        """The clock of scan and lines, ns."""

    def run(self, engine: Engine, stop: Callable[[], bool]) -> None:
        """Scan until `stop()`. Called in the main thread."""

    def post(self, function: Callable[[], None]) -> None:
        """Have something done between two scans. From any thread and from signal handlers."""

    def wake(self) -> None:
        """One scan at this instant. From any thread."""

    def stall(self, duration_s: float) -> None:
        """For tests of what happens then: no scan for so long."""


def next_on_grid(now_ns: int, period_ns: int) -> int:
    """The next multiple of the period."""
    return now_ns // period_ns * period_ns + period_ns


class VirtualDrive:
    """Scans on the virtual scheduler. speed: None flat out, else virtual seconds per wall second."""

    simulated = True

    def __init__(self, scheduler: Scheduler, speed: float | None = None) -> None:
        self.scheduler = scheduler
        self.speed = speed
        self._engine: Engine | None = None
        self._periodic: tuple[int, Call] | None = None
        self._woken_ns = -1
        self._stalled_until_ns = 0

    def now(self) -> int:
        """Virtual time."""
        return self.scheduler.now_ns

    def run(self, engine: Engine, stop: Callable[[], bool]) -> None:
        """Work the scheduler, with a scan on each grid point and at each wake."""
        self._engine = engine
        if self._periodic is None:
            self._plan(self.scheduler.now_ns)
        self.scheduler.run(stop, self.speed)

    def detach(self) -> None:
        """A crashed controller scans no more."""
        if self._periodic is not None:
            self._periodic[1].cancel()
        self._engine = None

    def _plan(self, t_ns: int) -> None:
        if self._periodic is not None:
            self._periodic[1].cancel()
        self._periodic = (t_ns, self.scheduler.call_at(t_ns, self._on_grid, Rank.SCAN))

    def _on_grid(self) -> None:
        self._periodic = None
        self._scan()

    def _on_wake(self) -> None:
        # The grid's own scan at this instant, if there is one, is still to come or has just been: one is enough.
        if self._periodic is None or self._periodic[0] != self.scheduler.now_ns:
            self._scan()

    def _scan(self) -> None:
        engine = self._engine
        if engine is None:
            return
        now_ns = self.scheduler.now_ns
        if now_ns < self._stalled_until_ns:
            self._plan(self._stalled_until_ns)
            return
        try:
            engine.scan()
        finally:  # a scan that raises moves the grid on too: the next is not at the same instant
            due_ns = next_on_grid(now_ns, engine.period_ns)
            if self._engine is not None and (self._periodic is None or self._periodic[0] != due_ns):
                self._plan(due_ns)

    def post(self, function: Callable[[], None]) -> None:
        """Between two events."""
        self.scheduler.post(function)

    def wake(self) -> None:
        """A scan at this instant, after everything else that happens at it."""
        now_ns = self.scheduler.now_ns
        if self._woken_ns != now_ns:
            self._woken_ns = now_ns
            self.scheduler.call_at(now_ns, self._on_wake, Rank.SCAN)

    def stall(self, duration_s: float) -> None:
        """No scan until then."""
        self._stalled_until_ns = self.scheduler.now_ns + round(duration_s * 1e9)


class RealDrive:
    """Scans in the calling thread on the machine's clock; lines have threads of their own."""

    simulated = False

    def __init__(self, clock: RealClock) -> None:
        self.clock = clock
        self._posted: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._stall_s = 0.0
        self._not_before_ns = 0
        """When the scan after one that raised is due."""
        self.latest_scan_ns = 0
        self.worst_lateness_ns = 0

    def now(self) -> int:
        """The machine's monotonic clock."""
        return self.clock.now_ns

    def run(self, engine: Engine, stop: Callable[[], bool]) -> None:
        """Scan on each grid point and when woken, until `stop()`."""
        due_ns = max(self.clock.now_ns, self._not_before_ns)
        while not stop():
            wait_ns = due_ns - self.clock.now_ns
            woken = False
            if wait_ns > 0 or not self._posted.empty():
                try:
                    woken = self._work(self._posted.get(timeout=max(wait_ns, 0) / 1e9))
                    while not self._posted.empty():
                        woken = self._work(self._posted.get()) or woken
                except Empty:
                    pass
                if not woken and self.clock.now_ns < due_ns:
                    continue
                if woken:
                    self.clock.sleep((self.latest_scan_ns + MERGE_NS - self.clock.now_ns) / 1e9)
            if self._stall_s:
                stall_s, self._stall_s = self._stall_s, 0.0
                self.clock.sleep(stall_s)
            now_ns = self.clock.now_ns
            if now_ns >= due_ns:
                self.worst_lateness_ns = max(self.worst_lateness_ns, now_ns - due_ns)
            self.latest_scan_ns = now_ns
            try:
                engine.scan()
            except Exception:
                self._not_before_ns = next_on_grid(now_ns, engine.period_ns)
                raise
            due_ns = next_on_grid(now_ns, engine.period_ns)

    @staticmethod
    def _work(function: Callable[[], None] | None) -> bool:
        """Do what was posted; whether it was a wake."""
        if function is None:
            return True
        function()
        return False

    def post(self, function: Callable[[], None]) -> None:
        """Between two scans, and a scan right after it."""
        self._posted.put(function)
        self._posted.put(None)

    def wake(self) -> None:
        """A scan as soon as the present one is done."""
        self._posted.put(None)

    def stall(self, duration_s: float) -> None:
        """The scan's thread stands still for so long, before its next scan."""
        self._stall_s = duration_s
