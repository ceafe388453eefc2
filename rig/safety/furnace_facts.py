"""What a furnace unit knows beyond readings: its present atmosphere, what it may reach, its purge proof, its slope.

Phases write the first two, the unit feeds the rest at each scan, conditions and guard look at all of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from rig.outputs import GasOutput, Output
from rig.readings import NS
from rig.safety.purge import PurgeProof

SLOPE_WINDOW_S: Final = 120.0
FROZEN_WINDOW_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """What gas a step runs in.

    gas: the flow controller's output ("gas.argon"), None for still air; flow_sccm None: what flows goes on; others:
    controllers that are closed in this step.
    """

    name: str
    inert: bool
    gas: str | None
    flow_sccm: float | None
    others: tuple[str, ...] = ()

    def demand(self) -> dict[str, Output]:
        """The gas outputs of this atmosphere."""
        wanted: dict[str, Output] = {name: GasOutput(0.0) for name in self.others}
        if self.gas is not None and self.flow_sccm is not None:
            wanted[self.gas] = GasOutput(self.flow_sccm)
        return wanted


@dataclass(slots=True)
class Trend:
    """The furnace's last minutes: slope of the process value, and whether it has moved at all."""

    slope_degc_min: float | None = None
    set_slope_degc_min: float | None = None
    moved_degc: float | None = None
    set_moved_degc: float | None = None
    _points: deque[tuple[float, float, float]] = field(default_factory=deque)

    def update(self, now_ns: int, process_degc: float | None, set_degc: float | None) -> None:
        """One scan. A reading that is not good ends the history: no slope is made across a gap."""
        if process_degc is None or set_degc is None:
            self._points.clear()
            self.slope_degc_min = self.set_slope_degc_min = self.moved_degc = self.set_moved_degc = None
            return
        t_s = now_ns / NS
        points = self._points
        if points and t_s - points[-1][0] < 1.0:
            return
        points.append((t_s, process_degc, set_degc))
        while t_s - points[0][0] > FROZEN_WINDOW_S:
            points.popleft()
        recent = [point for point in points if t_s - point[0] <= SLOPE_WINDOW_S]
        if recent[-1][0] - recent[0][0] >= SLOPE_WINDOW_S / 2:
            self.slope_degc_min = _slope([(p[0], p[1]) for p in recent])
            self.set_slope_degc_min = _slope([(p[0], p[2]) for p in recent])
        if t_s - points[0][0] >= FROZEN_WINDOW_S - 2:
            self.moved_degc = max(p[1] for p in points) - min(p[1] for p in points)
            self.set_moved_degc = max(p[2] for p in points) - min(p[2] for p in points)


def _slope(points: list[tuple[float, float]]) -> float:
    """Least-squares slope in degC/min of (s, degC)."""
    n = len(points)
    mean_t = sum(t for t, _ in points) / n
    mean_v = sum(v for _, v in points) / n
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return 60 * sum((t - mean_t) * (v - mean_v) for t, v in points) / spread if spread else 0.0


@dataclass(slots=True)
class FurnaceFacts:
    """atmosphere: of the present step; highest_degc: what the present step may reach (None: no heat at all).

    cold_degc: below it inert gas may be lowered; open_degc: below it the tube may be opened; hot_minimum_sccm: inert
    flow kept when the furnace's exhaust is lost; cap_degc: a lower limit of the recipe's kind (320 °C in air for
    precursors of carbon); oxygen_limit_ppm: above it oxygen trips in a hot inert step.
    """

    purge: PurgeProof
    open_degc: float = 60.0
    cold_degc: float = 200.0
    hot_minimum_sccm: float = 80.0
    atmosphere: Atmosphere | None = None
    highest_degc: float | None = None
    cap_degc: float | None = None
    oxygen_limit_ppm: float | None = None
    trend: Trend = field(default_factory=Trend)
