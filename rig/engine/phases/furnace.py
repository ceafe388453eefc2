"""What the furnace's phases share: what hold, stop and leaving mean for heat and gas."""

from __future__ import annotations

from typing import Any, Final

from rig.engine.phases.phase import Context, Demand
from rig.outputs import FurnaceOutput, Output
from rig.readings import NS
from rig.safety.furnace_facts import Atmosphere, FurnaceFacts

HOLD_AIR_S: Final = 30 * 60.0
"""Longest hold in air above 180 degC: chemistry goes on while the step stands (safety rule 7)."""

HOLD_INERT_S: Final = 4 * 3600.0
HOT_IN_AIR_DEGC: Final = 180.0


class FurnacePhase:
    """Base of the furnace's phases: what is held, stopped and left is the same for all of them."""

    do = "heat"

    def __init__(self, step_id: str, furnace: str, atmosphere: Atmosphere) -> None:
        self.step_id = step_id
        self.furnace = furnace
        self.atmosphere = atmosphere
        self.ends_gas = False
        """No step after this one wants its gas: it is closed when the tube is cold."""
        self._heat: FurnaceOutput | None = None
        self._held_ns: int | None = None

    def facts(self, context: Context) -> FurnaceFacts:
        """The unit's facts, told of this step's atmosphere."""
        facts = context.facts
        assert isinstance(facts, FurnaceFacts)
        facts.atmosphere = self.atmosphere
        facts.gas_ends = self.ends_gas
        facts.cap_degc = None
        return facts

    def temperature(self, context: Context) -> float | None:
        """The process value, if it can be believed."""
        return context.readings.value(f"{self.furnace}.temperature_degc")

    def holding(self, context: Context) -> Demand:
        """The controller's program stands, the set point with it; gas goes on."""
        self._held_ns = context.now_ns
        return Demand(self._holding_outputs(), done=True)

    def held(self, context: Context) -> Demand:
        """Held for too long: in hot air half an hour, in inert gas four hours; then the unit stops."""
        temperature = self.temperature(context)
        hot_in_air = not self.atmosphere.inert and (temperature is None or temperature > HOT_IN_AIR_DEGC)
        limit_s = HOLD_AIR_S if hot_in_air else HOLD_INERT_S
        if (
            self._heat is not None
            and self._held_ns is not None
            and context.now_ns - self._held_ns > limit_s * NS
        ):
            context.fail(
                f"held for {limit_s / 60:.0f} min in {self.atmosphere.name}: chemistry does not wait"
            )
        return Demand(self._holding_outputs())

    def _holding_outputs(self) -> dict[str, Output]:
        wanted = self.atmosphere.demand()
        if self._heat is not None:
            heat = self._heat
            wanted[self.furnace] = FurnaceOutput("hold", heat.number, heat.segments, heat.hold_back_degc)
        return wanted

    def restarting(self, context: Context) -> Demand:
        """The program goes on where it stood."""
        wanted = self.atmosphere.demand()
        if self._heat is not None:
            wanted[self.furnace] = self._heat
        return Demand(wanted, done=True)

    def stopping(self, context: Context) -> Demand:
        """Heater off at once; gas goes on until the tube is cold, which the unit sees to."""
        view = context.outputs[self.furnace]
        return Demand(self.atmosphere.demand(), done=not view.told_on)

    def aborting(self, context: Context) -> None:
        """The outputs are cut; there is nothing to close."""

    def completing(self, context: Context) -> Demand:
        """Ended early by a person: heater off, gas goes on."""
        return self.stopping(context)

    def progress(self) -> dict[str, Any]:
        """Overridden where there is something to say."""
        return {"stage": self.do}
