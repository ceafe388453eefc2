"""What the furnace's phases share: what hold, stop and leaving mean for heat and gas."""

from __future__ import annotations

from typing import Any

from rig.engine.phases.phase import NOTHING, Context, Demand
from rig.outputs import FurnaceOutput, Output
from rig.safety.furnace_facts import Atmosphere, FurnaceFacts


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
        return Demand(self._holding_outputs(), done=True)

    def held(self, context: Context) -> Demand:
        """As it was held; for how long at the most, a condition says (`rig/safety/heating_held.py`)."""
        return Demand(self._holding_outputs())

    def paused(self, context: Context) -> Demand:
        """The heater is off at the end of a step that does not heat, and gas stays as it is."""
        return NOTHING

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
