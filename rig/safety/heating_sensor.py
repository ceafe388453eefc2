"""When a furnace's temperature is not to be believed: late, broken, leaping, falling as no furnace cools, frozen.

After most of them the reading is doubted: the tube then counts as hot as it can still be, whatever the thermocouple
says (`FurnaceFacts.reckoned_degc`), until a person has cleared the alarm and the thermocouple agrees, or it is cold.
"""

from __future__ import annotations

from typing import Final

from rig.safety.conditions import Condition, Finding, Situation
from rig.safety.furnace_facts import FALL_DEGC, FASTER
from rig.safety.furnace_trend import LEAP_DEGC, LEAP_S
from rig.safety.heating_scope import CHECK, Scope

LIVELY_DEGC: Final = 60.0
"""A leap between temperatures that are both below is no furnace's."""

BEHIND_DEGC: Final = 10.0
"""A thermocouple that reads the wrong way is below its set point by more than any loop that settles."""


def sensor_conditions(scope: Scope) -> list[Condition]:
    """Those that speak against the thermocouple, and the one that speaks for a dead line."""
    name = scope.furnace

    def stale(situation: Situation) -> Finding | None:
        if situation.readings.value(scope.pv) is None:
            why = situation.readings.explain(scope.pv)
            return Finding(f"{name}: the temperature cannot be read: {why}", why, "a good reading")
        return None

    def loop_unread(situation: Situation) -> Finding | None:
        value = situation.readings.value
        if value(scope.pv) is None:
            return None  # that is `furnace-stale`
        for channel, what in ((scope.sp, "set point"), (scope.power, "output")):
            if value(channel) is None:
                why = situation.readings.explain(channel)
                return Finding(f"{name}: its {what} cannot be read: {why}", why, "a good reading")
        return None

    def broken(situation: Situation) -> Finding | None:
        if situation.readings.value(f"{name}.sensor_break") == 1:
            return Finding(f"{name} reports a broken sensor.", "broken", "whole")
        return None

    def leapt(situation: Situation) -> Finding | None:
        leap = scope.facts(situation).leap
        if leap.now is None or not (scope.heating(situation) or max(leap.now) > LIVELY_DEGC):
            return None
        before, after = leap.now
        return Finding(
            f"{name}: the temperature went from {before:.0f} °C to {after:.0f} °C at once: no furnace does that.",
            f"{after - before:+.0f} °C",
            f"{LEAP_DEGC:.0f} °C in {LEAP_S:.0f} s",
        )

    def fell(situation: Situation) -> Finding | None:
        facts, value = scope.facts(situation), situation.readings.value(scope.pv)
        if value is None or facts.least_degc is None or value >= facts.least_degc:
            return None
        return Finding(
            f"{name} reads {value:.0f} °C, and cannot have cooled below {facts.least_degc:.0f} °C yet.",
            f"{value:.0f} °C",
            f"{facts.least_degc:.0f} °C",
        )

    def no_heat(situation: Situation) -> Finding | None:
        trend, loop = scope.facts(situation).trend, scope.loop(situation)
        slope = trend.slope_degc_min
        if loop is None or slope is None:
            return None
        value, target, drive = loop
        if drive >= 80 and value < target - 15 and slope < 0.2 * max(trend.set_slope_degc_min or 0.0, 1.0):
            return Finding(
                f"{name} does not heat: {drive:.0f} % power, {slope:.1f} °C/min.",
                f"{slope:.1f} °C/min",
                "rising",
            )
        return None

    def reversed_(situation: Situation) -> Finding | None:
        slope, loop = scope.facts(situation).trend.slope_degc_min, scope.loop(situation)
        if loop is None or slope is None:
            return None
        value, target, drive = loop
        # At 800 °C a sound furnace falls back from its overshoot with more than half its power on.
        if drive > 50 and slope < -0.5 and value < target - BEHIND_DEGC:
            return Finding(
                f"{name}: the temperature falls at {drive:.0f} % power (thermocouple reversed?).",
                f"{slope:.1f} °C/min",
                "rising",
            )
        return None

    def frozen(situation: Situation) -> Finding | None:
        trend, drive = scope.facts(situation).trend, situation.readings.value(scope.power)
        stands = trend.moved_degc == 0 and (trend.set_moved_degc or 0) > 1.0
        if stands and drive is not None and drive > 20:
            return Finding(f"{name}: the temperature has not moved for 10 min.", "unchanged", "moving")
        return None

    return [
        scope.condition(
            "furnace-stale", "Furnace temperature cannot be read", stale, on_delay_s=30.0,
            cause="The controller's line is dead or disturbed.", what_to_do="Check the cable.",
        ),
        scope.condition(
            "loop-unread", "Furnace set point or output cannot be read", loop_unread, on_delay_s=30.0,
            cause="The controller tells what cannot be: scaling or limits were changed at its panel, or it is faulty.",
            what_to_do="Look at its display. Without these two nobody sees whether the furnace obeys.",
            source="safety rule 4: a reading that is stale or bad is a tripped reading",
        ),
        scope.condition(
            "sensor-break", "Furnace sensor broken", broken, on_delay_s=2.0,
            cause="Thermocouple broken or unplugged.", what_to_do="Replace it when the tube is cold.",
        ),
        scope.condition(
            "jump", "Furnace temperature leaps", leapt, armed=lambda situation: True,
            limit=f"{LEAP_DEGC:g} °C in {LEAP_S:g} s", measured_in="°C",
            cause="Thermocouple or its cable: loose contact, short, wrong input.", what_to_do=CHECK,
        ),
        scope.condition(
            "fell", "Temperature falls faster than the furnace can cool", fell, armed=lambda situation: True,
            limit=f"{FASTER:g} times as fast as the furnace cools, and {FALL_DEGC:g} °C", measured_in="°C",
            cause="Thermocouple out of the hot zone, or shorted.", what_to_do=CHECK,
        ),
        scope.condition(
            "no-heating", "Furnace does not heat", no_heat, on_delay_s=600.0,
            limit="a fifth of the set ramp, at 80 % power and 15 °C below set point", measured_in="°C/min",
            cause="Element or fuse blown, thermocouple out of the hot zone.", what_to_do=CHECK,
        ),
        scope.condition(
            "reversed", "Temperature falls while heating", reversed_, on_delay_s=120.0,
            limit=f"-0.5 °C/min at more than 50 % power, {BEHIND_DEGC:g} °C below set point", measured_in="°C/min",
            cause="Thermocouple reversed, or out of the hot zone.", what_to_do=CHECK,
        ),
        scope.condition(
            "frozen", "Furnace temperature stands still", frozen,
            limit="10 min without a change while the set point moves", measured_in="°C",
            cause="The reading is frozen: controller or converter hangs.", what_to_do=CHECK,
        ),
    ]  # fmt: skip
