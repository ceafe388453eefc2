"""When a furnace does not do what it should: too hot, running away, not obeying, its controller taking no order."""

from __future__ import annotations

from typing import Final

from rig.safety.conditions import Condition, Finding, Situation
from rig.safety.heating_scope import Scope
from rig.safety.priorities import AtRisk, Respond

PROVED_ABOVE_DEGC: Final = 300.0
"""Above it nothing is heated in inert gas without a purge proof, and a high oxygen reading trips."""

OVER_DEGC: Final = 20.0
OVER_BAND_DEGC: Final = 2.0
RUNAWAY_DEGC: Final = 15.0

UNDRIVEN_PCT: Final = 2.0
"""Up to this output nothing is being heated."""
UNDRIVEN_OVER_DEGC: Final = 5.0
UNDRIVEN_DEGC_MIN: Final = 5.0
UNDRIVEN_S: Final = 30.0
"""A furnace that rises faster than this for so long, so far above its set point and with no output, has another source
of heat. The heat stored in an element spends itself sooner: measured on the emulated furnace (well tuned, not tuned and
badly tuned; ramps of 5 and 10 °C/min to 120, 280 and 800 °C) it lasts 22 s at 3 °C/min at most."""


def watch_conditions(scope: Scope) -> list[Condition]:
    """Those that look at the furnace itself."""
    name = scope.furnace

    def over(situation: Situation, band_degc: float = 0.0) -> Finding | None:
        facts, value = scope.facts(situation), situation.readings.value(scope.pv)
        if facts.highest_degc is None or value is None:
            return None
        limit, why = facts.highest_degc + OVER_DEGC, "the step's limit"
        if facts.cap_degc is not None and facts.cap_degc < limit:
            limit, why = facts.cap_degc, "the limit in air for what is to become carbon"
        if value <= limit - band_degc:
            return None
        return Finding(
            f"{name} is at {value:.0f} °C, above {why} of {limit:.0f} °C.",
            f"{value:.0f} °C",
            f"{limit:.0f} °C",
        )

    def stuck(situation: Situation) -> Finding | None:
        slope, loop = scope.facts(situation).trend.slope_degc_min, scope.loop(situation)
        if loop is None or slope is None:
            return None
        value, target, drive = loop
        if drive <= UNDRIVEN_PCT and slope > 1.0 and value > target + 10:
            return Finding(
                f"{name} does not obey: it rises {slope:.1f} °C/min at {drive:.0f} % power.",
                f"{slope:.1f} °C/min",
                "falling",
            )
        return None

    def undriven(situation: Situation) -> Finding | None:
        slope, loop = scope.facts(situation).trend.quick_degc_min, scope.loop(situation)
        if loop is None or slope is None:
            return None
        value, target, drive = loop
        if drive <= UNDRIVEN_PCT and slope > UNDRIVEN_DEGC_MIN and value > target + UNDRIVEN_OVER_DEGC:
            return Finding(
                f"{name} rises {slope:.0f} °C/min with its heater at {drive:.0f} %: {value:.0f} °C at a set point of "
                f"{target:.0f} °C.",
                f"{slope:.1f} °C/min",
                f"{UNDRIVEN_DEGC_MIN:.0f} °C/min",
            )
        return None

    def runaway(situation: Situation) -> Finding | None:
        trend, loop = scope.facts(situation).trend, scope.loop(situation)
        if loop is None:
            return None
        value, target, _ = loop
        slope, programmed = trend.slope_degc_min, trend.steepest_degc_min
        # After a ramp's end a furnace goes on at its rate for a while: what was programmed lately counts.
        fast = (
            slope is not None
            and programmed is not None
            and value > target
            and slope > 2 * max(programmed, 0.0) + 3
        )
        if value - target > RUNAWAY_DEGC or fast:
            return Finding(
                f"{name} runs away: {value:.0f} °C at a set point of {target:.0f} °C.",
                f"{value - target:.0f} °C above",
                f"{RUNAWAY_DEGC:.0f} °C",
            )
        return None

    def unproved(situation: Situation) -> Finding | None:
        facts, value = scope.facts(situation), situation.readings.value(scope.pv)
        if facts.atmosphere is None or not facts.atmosphere.inert or facts.purge.proved:
            return None
        if value is None or value > PROVED_ABOVE_DEGC:
            why = facts.purge.lost_because or "never taken"
            return Finding(
                f"{name}: no purge proof above {PROVED_ABOVE_DEGC:.0f} °C in inert gas ({why}).",
                why,
                "a latched proof",
            )
        return None

    return [
        scope.condition(
            "over-temperature", "Furnace too hot", over, on_delay_s=2.0,
            at_risk=AtRisk.RIG, respond=Respond.WITHIN_THE_HOUR,
            limit=f"highest temperature of the step + {OVER_DEGC:g} °C; in air, for what is to become carbon, 320 °C",
            measured_in="°C", dead_band=OVER_BAND_DEGC, release=lambda situation: over(situation, OVER_BAND_DEGC),
            cause="Overshoot, exotherm of the mat, or a controller that does not obey.",
            what_to_do="Let it cool under its gas. Do not open it.",
        ),
        scope.condition(
            "stuck-relay", "Furnace does not obey", stuck, on_delay_s=300.0,
            at_risk=AtRisk.RIG, respond=Respond.AT_ONCE,  # no program can take this heater away
            limit="1 °C/min at no power, 10 °C above set point", measured_in="°C/min",
            armed=lambda situation: True,
            cause="Relay or thyristor conducts by itself, or the mat burns.",
            what_to_do="Switch the furnace's mains off. Do not open the tube.",
        ),
        scope.condition(
            "undriven", "Furnace rises with its heater off", undriven, on_delay_s=UNDRIVEN_S,
            at_risk=AtRisk.RIG, respond=Respond.AT_ONCE,
            limit=f"{UNDRIVEN_DEGC_MIN:g} °C/min at no power, {UNDRIVEN_OVER_DEGC:g} °C above set point",
            measured_in="°C/min",
            cause="Exotherm of the mat, or a relay that conducts by itself.",
            what_to_do="Keep the gas as it is, do not open the tube. If it goes on rising, switch the mains off.",
        ),
        scope.condition(
            "runaway", "Furnace runs away", runaway, on_delay_s=60.0,
            at_risk=AtRisk.RIG, respond=Respond.SOON,
            limit=f"{RUNAWAY_DEGC:g} °C above set point, or twice the set ramp + 3 °C/min", measured_in="°C",
            cause="Exotherm of the mat, or a controller that does not obey.",
            what_to_do="Keep the gas as it is, do not open the tube.",
        ),
        scope.condition(
            "no-purge-proof", "Inert step without purge proof", unproved, on_delay_s=1.0,
            cause="The purge was lost or never proved.", what_to_do="Let it cool under gas, then purge again.",
        ),
    ]  # fmt: skip


def controller_conditions(scope: Scope) -> list[Condition]:
    """Those that look at the controller and its line."""
    name = scope.furnace

    def failed(situation: Situation) -> Finding | None:
        why = situation.outputs[name].failed
        return None if why is None else Finding(f"{name} did not take an order: {why}", why, "acknowledged")

    def lapsed(situation: Situation) -> Finding | None:
        if situation.outputs[name].lapsed:
            return Finding(f"{name} was let go by its line: the scan had stopped.", "lapsed", "renewed")
        return None

    return [
        scope.condition(
            "furnace-order-failed", "Furnace controller did not take an order", failed,
            cause="It refused, did not answer, or read back something else.", what_to_do="Look at its display.",
        ),
        scope.condition(
            "furnace-lapsed", "Scan stalled", lapsed, armed=lambda situation: True,
            cause="The program or its computer stood still.", what_to_do="Check the computer's load.",
        ),
    ]  # fmt: skip
