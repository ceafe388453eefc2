"""What a furnace unit knows beyond readings: its present atmosphere, what it may reach, its purge proof, its slope.

Phases write the first two, the unit feeds the rest at each scan, conditions and guard look at all of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import exp
from typing import Final

from rig.outputs import GasOutput, Output
from rig.readings import NS
from rig.safety.purge import PurgeProof

SLOPE_WINDOW_S: Final = 120.0
FROZEN_WINDOW_S: Final = 600.0
COARSE_S: Final = 10.0

AMBIENT_DEGC: Final = 20.0
SLOWER: Final = 1.25
"""By so much a furnace may cool more slowly than its rig file says (a load in it, plugs)."""
NOTICED_MIN: Final = 10.0
"""A wrong temperature is noticed within so many minutes, in which the controller may have heated as fast as it can."""


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


class Trend:
    """The furnace's last minutes: slopes of process value and set point, and how far each has moved.

    slope_degc_min, set_slope_degc_min: least squares over two minutes, None until there is a minute of readings;
    moved_degc, set_moved_degc: range over ten minutes, looked at each ten seconds, None until there are ten minutes.
    """

    def __init__(self) -> None:
        self.slope_degc_min: float | None = None
        self.set_slope_degc_min: float | None = None
        self.moved_degc: float | None = None
        self.set_moved_degc: float | None = None
        self._recent: deque[tuple[float, float, float]] = deque()
        self._coarse: deque[tuple[float, float, float]] = deque()
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
        self._add((t_s, process_degc, set_degc), 1.0)
        recent.append((t_s, process_degc, set_degc))
        while t_s - recent[0][0] > SLOPE_WINDOW_S:
            self._add(recent.popleft(), -1.0)
        if t_s - recent[0][0] >= SLOPE_WINDOW_S / 2:
            self._fit(len(recent))
        if not self._coarse or t_s - self._coarse[-1][0] >= COARSE_S:
            self._look_back(t_s, process_degc, set_degc)

    def _add(self, point: tuple[float, float, float], sign: float) -> None:
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

    def _look_back(self, t_s: float, process_degc: float, set_degc: float) -> None:
        coarse = self._coarse
        coarse.append((t_s, process_degc, set_degc))
        while t_s - coarse[0][0] > FROZEN_WINDOW_S:
            coarse.popleft()
        if t_s - coarse[0][0] >= FROZEN_WINDOW_S - COARSE_S:
            self.moved_degc = max(p[1] for p in coarse) - min(p[1] for p in coarse)
            self.set_moved_degc = max(p[2] for p in coarse) - min(p[2] for p in coarse)


@dataclass(slots=True)
class FurnaceFacts:
    """atmosphere: of the present step; highest_degc: what the present step may reach (None: no heat at all).

    cold_degc: below it inert gas may be lowered; open_degc: below it the tube may be opened; hot_minimum_sccm: inert
    flow kept when the furnace's exhaust is lost; cap_degc: a lower limit of the recipe's kind (320 °C in air for
    precursors of carbon); oxygen_limit_ppm: above it oxygen trips in a hot inert step; permitted_sccm: what the guard
    let each flow controller be set to; doubted: a condition that speaks against the thermocouple has tripped;
    floor_degc: the furnace cannot have cooled below it.
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
    permitted_sccm: dict[str, float] = field(default_factory=dict)
    doubted: bool = False
    floor_degc: float = 0.0
    _floor_ns: int | None = None
    _seen: bool = False

    def reckoned_degc(self, reading: float | None) -> float | None:
        """The temperature to reckon with: the reading, but while it is doubted none below what can have cooled off."""
        if reading is None or not self.doubted:
            return reading
        return max(reading, self.floor_degc)

    def cool(
        self,
        now_ns: int,
        reading: float | None,
        doubted: bool,
        cooling_s: float,
        most_degc: float,
        heating: float,
    ) -> None:
        """One scan: bring `floor_degc` up to date.

        cooling_s: the furnace's time constant. most_degc: what it can have reached, taken where nothing was ever read,
        or was read for the last time before this program began. heating: its steepest ramp, degC/min: so much it may
        have gained before the doubt arose.
        """
        if self._floor_ns is None:
            self.floor_degc = most_degc if reading is None or doubted else reading
        else:
            passed_s = (now_ns - self._floor_ns) / NS
            self.floor_degc = AMBIENT_DEGC + (self.floor_degc - AMBIENT_DEGC) * exp(
                -passed_s / (SLOWER * cooling_s)
            )
            if reading is not None and (reading > self.floor_degc or not self._seen):
                self.floor_degc = reading
        self._seen = self._seen or reading is not None
        self._floor_ns = now_ns
        if doubted and not self.doubted:
            self.floor_degc = min(most_degc, self.floor_degc + NOTICED_MIN * heating)
        self.doubted = doubted
