"""Clocks. Nothing outside this file, the host and the service asks the machine for the time or sleeps on it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

NS = 1_000_000_000
SIMULATED_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
"""In a simulation UTC is this plus virtual time, so that the same seed gives the same bytes."""


class Clock(Protocol):
    """Time as an integer of nanoseconds since the clock's own origin."""

    @property
    def now_ns(self) -> int:
        """Now."""


_SLEPT_THROUGH: Final = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux's usual monotonic clock stands still while the machine is suspended: leases and readings would seem fresh after
an hour in which nobody watched. This one goes on, as those of other systems do."""


def _monotonic_ns() -> int:
    return time.monotonic_ns() if _SLEPT_THROUGH is None else time.clock_gettime_ns(_SLEPT_THROUGH)


class RealClock:
    """The machine's monotonic clock, counted from the clock's making, suspended or not; wall time is read once, at its
    making."""

    def __init__(self) -> None:
        self._origin_ns = _monotonic_ns()
        self.origin_utc = datetime.now(UTC)

    @property
    def now_ns(self) -> int:
        """Nanoseconds since this clock was made; unaffected by steps of the wall clock."""
        return _monotonic_ns() - self._origin_ns

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        if seconds > 0:
            time.sleep(seconds)

    def utc_now(self) -> datetime:
        """Wall time now, for records outside the hash chain and for finding steps of the wall clock."""
        return datetime.now(UTC)


def utc_at(origin: datetime, t_ns: int) -> datetime:
    """UTC of a moment t_ns after the origin."""
    return origin + timedelta(microseconds=t_ns // 1000)
