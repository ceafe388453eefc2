"""One furnace as its conditions look at it: its channels, what is known beyond readings, how a condition is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.priorities import AtRisk, Respond

CHECK: Final = "Check thermocouple position, element and fuse."


class Scope:
    """What all conditions of one furnace ("furnace.tube") share: process value, set point, output, facts."""

    def __init__(self, furnace: str) -> None:
        self.furnace = furnace
        self.pv = f"{furnace}.temperature_degc"
        self.sp = f"{furnace}.setpoint_degc"
        self.power = f"{furnace}.power_pct"

    @staticmethod
    def facts(situation: Situation) -> FurnaceFacts:
        """What the unit knows beyond readings."""
        facts = situation.facts
        assert isinstance(facts, FurnaceFacts)
        return facts

    def loop(self, situation: Situation) -> tuple[float, float, float] | None:
        """Process value and set point in degC, output in %; None unless all three are good."""
        value = situation.readings.value
        pv, sp, power = value(self.pv), value(self.sp), value(self.power)
        return None if pv is None or sp is None or power is None else (pv, sp, power)

    def heating(self, situation: Situation) -> bool:
        """The heater is on, or wanted, or not known to be off."""
        view = situation.outputs[self.furnace]
        return view.wanted or (view.told_on and view.told is not None)

    def hot(self, situation: Situation, above_degc: float) -> bool:
        """Above the temperature; one that cannot be read is hot."""
        value = self.facts(situation).reckoned_degc(situation.readings.value(self.pv))
        return value is None or value > above_degc

    def condition(
        self, tag: str, title: str, test: Callable[[Situation], Finding | None], **more: object
    ) -> Condition:
        """A condition that takes the heater and aborts, and leaves nothing at risk, except for what `more` says."""
        values: dict[str, object] = {
            "tag": f"{tag}:{self.furnace}",
            "title": title,
            "unit": self.furnace,
            "takes": ("furnace",),
            "armed": self.heating,
            "test": test,
            "then": Then.ABORT,
            "at_risk": AtRisk.NOTHING,
            "respond": Respond.BEFORE_NEXT_START,
            "consequence": "Heater off; inert gas goes on until the tube is cold. The heat treatment is lost.",
            "source": "safety rule 4",
            "within_s": 1.5,
        }
        return Condition(**(values | more))  # type: ignore[arg-type]
