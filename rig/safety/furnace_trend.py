"""A furnace's last minutes: how fast its temperature and its set point move, and whether it leaps."""

from __future__ import annotations

from collections import deque
from typing import Final

from rig.readings import NS, Reading

SLOPE_WINDOW_S: Final = 120.0
QUICK_WINDOW_S: Final = 30.0
FROZEN_WINDOW_S: Final = 600.0
COARSE_S: Final = 10.0
LEAP_DEGC: Final = 50.0
LEAP_S: Final = 2.0
FORGOTTEN_S: Final = 10.0
"""Between readings further apart than this anything may have happened."""

Point = tuple[float, float, float]
"""s, process value, set point."""


class Trend:
    """Slopes of process value and set point, and how far each has moved.

    slope_degc_min, set_slope_degc_min: least squares over two minutes, None until there is a minute of readings;
    quick_degc_min: the process value's over the last 30 s, from its ends; steepest_degc_min: the set point's greatest
    slope of the last ten minutes; moved_degc, set_moved_degc: range over ten minutes, looked at each ten seconds, None
    until there are ten minutes.
    """

    def __init__(self) -> None:
        self.slope_degc_min: float | None = None
        self.set_slope_degc_min: float | None = None
        self.quick_degc_min: float | None = None
        self.steepest_degc_min: float | None = None
        self.moved_degc: float | None = None
        self.set_moved_degc: float | None = None
        self._recent: deque[Point] = deque()
        self._quick: deque[Point] = deque()
        self._coarse: deque[Point] = deque()
        self._steep: deque[tuple[float, float]] = deque()
        self._sums = [0.0] * 6  # t, t^2, pv, t pv, sp, t sp
        self._base_s = 0.0

    def update(self, now_ns: int, process_degc: float | None, set_degc: float | None) -> None:
        """One scan. A reading that is not good ends the history: no slope is made across a gap."""
        if process_degc is None or set_degc is None:
            self.__init__()  # type: ignore[misc]
            return
        recent = self._recent
        if not recent:
            self._base_s = now_ns / NS
        t_s = now_ns / NS - self._base_s
        if recent and t_s - recent[-1][0] < 1.0:
            return
        point = (t_s, process_degc, set_degc)
        self._add(point, 1.0)
        recent.append(point)
        while t_s - recent[0][0] > SLOPE_WINDOW_S:
            self._add(recent.popleft(), -1.0)
        if t_s - recent[0][0] >= SLOPE_WINDOW_S / 2:
            self._fit(len(recent))
        self._look_quickly(point)
        if not self._coarse or t_s - self._coarse[-1][0] >= COARSE_S:
            self._look_back(point)

    def _add(self, point: Point, sign: float) -> None:
        t, pv, sp = point
        sums = self._sums
        sums[0] += sign * t
        sums[1] += sign * t * t
        sums[2] += sign * pv
        sums[3] += sign * t * pv
        sums[4] += sign * sp
        sums[5] += sign * t * sp

    def _fit(self, n: int) -> None:
        t, tt, pv, tpv, sp, tsp = self._sums
        spread = n * tt - t * t
        if spread > 0:
            self.slope_degc_min = 60 * (n * tpv - t * pv) / spread
            self.set_slope_degc_min = 60 * (n * tsp - t * sp) / spread

    def _look_quickly(self, point: Point) -> None:
        quick = self._quick
        quick.append(point)
        while point[0] - quick[0][0] > QUICK_WINDOW_S:
            quick.popleft()
        passed_s = point[0] - quick[0][0]
        self.quick_degc_min = (
            60 * (point[1] - quick[0][1]) / passed_s if passed_s >= 0.8 * QUICK_WINDOW_S else None
        )

    def _look_back(self, point: Point) -> None:
        coarse, steep, t_s = self._coarse, self._steep, point[0]
        coarse.append(point)
        while t_s - coarse[0][0] > FROZEN_WINDOW_S:
            coarse.popleft()
        if self.set_slope_degc_min is not None:
            steep.append((t_s, self.set_slope_degc_min))
            while t_s - steep[0][0] > FROZEN_WINDOW_S:
                steep.popleft()
            self.steepest_degc_min = max(slope for _, slope in steep)
        if t_s - coarse[0][0] >= FROZEN_WINDOW_S - COARSE_S:
            self.moved_degc = max(p[1] for p in coarse) - min(p[1] for p in coarse)
            self.set_moved_degc = max(p[2] for p in coarse) - min(p[2] for p in coarse)


class Leap:
    """Whether the temperature has just changed by more than any furnace does.

    now: (before, after) in degC at the scan that sees it, else None.
    """

    def __init__(self) -> None:
        self.now: tuple[float, float] | None = None
        self._good: deque[tuple[int, float]] = deque()

    def update(self, reading: Reading | None) -> None:
        """The newest reading, at each scan. One that failed is no value; those before and after it are compared."""
        self.now = None
        if reading is None or reading.why is not None or reading.value is None:
            return
        good, t_ns, value = self._good, reading.t_ns, reading.value
        if good and good[-1][0] == t_ns:
            return
        while good and t_ns - good[0][0] > FORGOTTEN_S * NS:
            good.popleft()
        # All of the last two seconds; where it is asked less often, the one before.
        while len(good) > 1 and t_ns - good[0][0] > LEAP_S * NS:
            good.popleft()
        for _, before in good:
            if abs(value - before) > LEAP_DEGC:
                self.now = (before, value)
                good.clear()
                break
        good.append((t_ns, value))
