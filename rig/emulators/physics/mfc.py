"""A mass flow controller between a gas bottle and the tube, and the room's air as a source without one.

The valve goes to its set point with a time constant of about a second [M]. It can pass its full scale as long as
the inlet stands some way above the tube; below that the flow falls in proportion, which is how an empty bottle
shows: flow and inlet pressure sink together while the set point stays. The set point stays too when nobody speaks
to it any more (the gas sheet: no comms-loss fallback in the basic set).
"""

from __future__ import annotations

from math import exp
from typing import Final

from rig.emulators.physics.seconds import STEP_NS
from rig.emulators.physics.tube import Tube

LINE_S: Final = 4.0
"""Time constant with which the line before the valve empties when the supply is lost [M]."""
NEEDED_KPA: Final = 70.0
"""Inlet above tube that the valve needs for its full scale [M]."""


class FlowController:
    """One controller with its bottle. Flows in standard cm3/min, pressures in kPa gauge.

    full_scale_sccm: largest flow. gas, tube: what it lets in, and where (ValueError for a gas the tube does not
    know). lag_s: time constant of the valve. regulator_kpa: what the bottle's regulator gives. bottle_l: standard
    litres in the bottle; the inlet falls when they are nearly used up. ValueError where one is not above 0.
    """

    def __init__(
        self,
        *,
        full_scale_sccm: float,
        gas: str,
        tube: Tube,
        lag_s: float = 1.0,
        regulator_kpa: float = 200.0,
        bottle_l: float = 9000.0,
        name: str = "gas",
    ) -> None:
        for what, value in (
            ("full scale", full_scale_sccm),
            ("lag", lag_s),
            ("regulator pressure", regulator_kpa),
            ("bottle", bottle_l),
        ):
            if value <= 0.0:
                raise ValueError(f"{name}: {what} {value}: must be above 0")
        self.full_scale_sccm = full_scale_sccm
        self.gas = gas
        self.name = name
        self._tube = tube
        self._lag_ns = lag_s * 1e9
        self._regulator_kpa = regulator_kpa
        self._bottle_l = bottle_l
        self._full_l = bottle_l
        self._lost = self._shut = False
        self._inlet = regulator_kpa
        self._tube_kpa = 0.0
        self._set = 0.0
        self._from = self._target = 0.0
        self._t0 = 0
        self._passed = 0.0  # sccm x ns since the last whole second
        tube.connect(gas, self)

    # -- commands --------------------------------------------------------------------------------------------

    def set(self, now_ns: int, sccm: float) -> None:
        """Set point. ValueError below 0 or above full scale."""
        if not 0.0 <= sccm <= self.full_scale_sccm * (1 + 1e-9):
            raise ValueError(
                f"{self.name}: flow set point {sccm} sccm: this controller goes from 0 to {self.full_scale_sccm} sccm"
            )
        if sccm == self._set:
            return
        self._begin(now_ns)
        self._set = sccm
        self._target = self._reachable()

    def found_at(self, now_ns: int, sccm: float) -> None:
        """It has been flowing at this set point for a while. ValueError as in `set`."""
        self.set(now_ns, sccm)
        self._begin(now_ns)
        self._from = self._target

    def loss(self, now_ns: int, on: bool) -> None:
        """Fault: bottle empty, hose off or shut; ended, the supply is back at its regulator's pressure."""
        self._begin(now_ns)
        self._lost = on
        if not on:
            self._inlet = self._regulated()
            self._target = self._reachable()

    def shut(self, now_ns: int, on: bool) -> None:
        """The shut-off valve behind it: closed, nothing flows whatever the set point is."""
        self._begin(now_ns)
        self._shut = on
        self._target = self._reachable()

    # -- what can be seen ------------------------------------------------------------------------------------

    @property
    def set_sccm(self) -> float:
        """The set point, sccm."""
        return self._set

    def flow_sccm(self, now_ns: int) -> float:
        """Flow now, sccm."""
        self._tube.seconds.catch_up(now_ns)
        return self._target + (self._from - self._target) * exp(-max(0, now_ns - self._t0) / self._lag_ns)

    def inlet_kpa(self, now_ns: int) -> float:
        """Pressure before the valve at the last whole second, kPa gauge."""
        self._tube.seconds.catch_up(now_ns)
        return self._inlet

    def bottle_l(self, now_ns: int) -> float:
        """Standard litres left in the bottle."""
        self._tube.seconds.catch_up(now_ns)
        return self._bottle_l

    # -- for the tube ----------------------------------------------------------------------------------------

    def mean_sccm(self, t_ns: int, tube_kpa: float) -> float:
        """Mean flow over the second that ends at t_ns (asked by the tube, once)."""
        self._pass(t_ns)
        mean = self._passed / STEP_NS
        self._passed = 0.0
        self._tube_kpa = tube_kpa
        if mean > 0.0:
            self._bottle_l = max(0.0, self._bottle_l - mean / 60_000.0)
        if self._lost:
            self._inlet *= exp(-1.0 / LINE_S)
        else:
            self._inlet = self._regulated()
        self._target = self._reachable()
        return mean

    # -- inside ----------------------------------------------------------------------------------------------

    def _regulated(self) -> float:
        """A bottle at 20 MPa when full gives the regulator's pressure until it holds less itself."""
        return min(self._regulator_kpa, 20_000.0 * self._bottle_l / self._full_l)

    def _reachable(self) -> float:
        if self._shut:
            return 0.0
        above = max(0.0, self._inlet - self._tube_kpa)
        return min(self._set, self.full_scale_sccm * min(1.0, above / NEEDED_KPA))

    def _begin(self, now_ns: int) -> None:
        self._tube.seconds.catch_up(now_ns)
        self._pass(max(now_ns, self._t0))

    def _pass(self, t_ns: int) -> None:
        """Flow on to t_ns, exactly, and start a new stretch there."""
        dt_ns = t_ns - self._t0
        if dt_ns <= 0:
            return
        if self._from == self._target:
            self._passed += self._target * dt_ns
        else:
            left = exp(-dt_ns / self._lag_ns)
            self._passed += self._target * dt_ns + (self._from - self._target) * self._lag_ns * (1.0 - left)
            self._from = self._target + (self._from - self._target) * left
            if abs(self._from - self._target) < 1e-9:
                self._from = self._target
        self._t0 = t_ns


class PassiveAir:
    """Room air through open flanges: no valve, no set point."""

    def __init__(self, tube: Tube) -> None:
        self._tube = tube

    def flow_sccm(self, now_ns: int) -> float:
        """Exchange with the room now, sccm: natural draught while the flanges are open, else nothing."""
        return self._tube.draught_sccm if self._tube.opened else 0.0
