"""Invariant 3: no set point on any wire beyond the recipe's value or a limit."""

from __future__ import annotations

from rig.proving.invariants.electrical import Court
from rig.proving.invariants.promises import NS

TINY = 1e-9
WORKING_DEGC = 0.06
"""Half a set step of a Eurotherm that shows tenths."""
FLOW_SCCM = 0.06
"""Half a set step of an Alicat that shows tenths; without decimals it is half a unit."""


def rate_step_ml_h(rate: float) -> float:
    """The pump takes 4 digits with at most 3 decimals, in µl/h below 1 ml/h."""
    if rate < 1.0:
        return 1e-3 * (0.001 if rate < 0.01 else 0.01 if rate < 0.1 else 0.1)
    return 0.001 if rate < 10 else 0.01 if rate < 100 else 0.1


class Setpoints:
    """Watches what reaches supplies, pumps, the furnace's controller and the flow controllers."""

    def __init__(self, court: Court) -> None:
        self._court = court
        senses = court.senses
        senses.on_program.append(self._program)
        senses.on_rate.append(self._rate)
        senses.on_gas.append(self._gas)
        self._left_alone = {name: senses.heating(name) for name in senses.heaters}
        """Controllers that were found heating: their set point is somebody else's until it has been off once."""
        self._told: set[tuple[str, float]] = set()

    def _program(self, name: str, kv: float, ma: float) -> None:
        promise = self._court.promises.supplies[name]
        if kv > promise.recipe_kv + promise.step_kv / 2 + TINY:
            self._court.violated(3, f"{name} is set to {kv:.4f} kV, the recipe says {promise.recipe_kv:g} kV")
        if kv > promise.limit_kv + TINY:
            self._court.violated(3, f"{name} is set to {kv:.4f} kV, its limit is {promise.limit_kv:g} kV")
        if kv > 0.0 and ma * 1000 > promise.limit_ua + TINY:
            self._court.violated(
                3, f"{name} may draw {ma * 1000:.2f} µA, its limit is {promise.limit_ua:g} µA"
            )

    def _rate(self, name: str, rate: float) -> None:
        if self._court.host_ns is None:
            return
        known = self._court.promises.rates_ml_h
        if not any(abs(rate - one) <= rate_step_ml_h(one) / 2 + TINY for one in known):
            self._court.violated(3, f"{name} is told {rate:g} ml/h, the recipe knows {known}")

    def _gas(self, name: str, before: float, now: float) -> None:
        promises = self._court.promises
        if now <= before or now == 0.0:
            return
        most = max(promises.flows_sccm, default=0.0)
        if now > max(most, promises.hot_minimum_sccm) + 0.5 + TINY:
            self._court.violated(3, f"{name} is set to {now:g} sccm, the recipe's highest is {most:g} sccm")
        if now > promises.full_scale_sccm + TINY:
            self._court.violated(3, f"{name} is set to {now:g} sccm of {promises.full_scale_sccm:g} sccm")

    def look(self) -> None:
        """The furnace's working set point."""
        senses, promises = self._court.senses, self._court.promises
        for name in senses.heaters:
            if not senses.heating(name):
                self._left_alone[name] = False
                continue
            if self._left_alone[name]:
                continue
            working = senses.working_degc(name)
            most = promises.heat_degc
            start = senses.heaters[name].control.pv
            # A program's ramp begins at the process value, wherever that is.
            allowed = max(most if most is not None else 0.0, start if start == start else 0.0)
            place = (name, round(working, 1))
            if place in self._told:
                continue
            if (
                most is None
                or working > allowed + 1.0 + WORKING_DEGC
                or self._target(name) > most + WORKING_DEGC
            ):
                self._told.add(place)
                self._court.violated(
                    3,
                    f"{name} controls at {working:.2f} °C (target {self._target(name):.2f} °C), the recipe's highest "
                    f"is {most} °C, its process value {start:.1f} °C at {senses.now_ns / NS:.1f} s",
                )
            elif self._target(name) > promises.furnace_limit_degc:
                self._told.add(place)
                self._court.violated(3, f"{name} goes to {self._target(name):.1f} °C, beyond its limit")

    def _target(self, name: str) -> float:
        """Where the program goes, or the set point without one."""
        control = self._court.senses.heaters[name].control
        programmer = control.programmer
        if programmer.state.value in ("run", "hold"):
            return max((one.target for one in programmer.program.segments), default=0.0)
        return control.target()
