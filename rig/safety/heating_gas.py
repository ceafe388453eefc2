"""The gas of a furnace: inert gas lost, oxygen where there should be none, an outlet that is blocked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.heating_scope import Scope
from rig.safety.heating_watch import PROVED_ABOVE_DEGC
from rig.safety.priorities import AtRisk, Respond

HOT_INERT_DEGC: Final = 200.0
FLOWING: Final = 0.8
"""Gas flows while it reads at least this share of what it is set to."""
UNREAD_S: Final = 30.0
"""An analyser is slow: so long it may say nothing over a hot tube."""


def _inert(scope: Scope, situation: Situation) -> bool:
    return scope.facts(situation).guarded is not None


def gas_lost_tag(gas: str, furnace: str) -> str:
    """The tag of the condition that a flow controller's gas is lost."""
    return f"gas-lost:{gas}:{furnace}"


def gas_conditions(scope: Scope, gases: Sequence[str]) -> list[Condition]:
    """For each flow controller, while its gas is the step's, or is kept whatever the step says: lost over a hot tube,
    lost while the tube is flushed."""
    return [condition for gas in gases for condition in _one_gas(scope, gas)]


def _one_gas(scope: Scope, gas: str) -> list[Condition]:
    def used(situation: Situation) -> bool:
        guarded = scope.facts(situation).guarded
        return guarded is not None and guarded.gas == gas

    def hot(situation: Situation) -> bool:
        return used(situation) and scope.hot(situation, HOT_INERT_DEGC)

    def flushing(situation: Situation) -> bool:
        return (
            used(situation) and scope.facts(situation).flush.owed and not scope.hot(situation, HOT_INERT_DEGC)
        )

    def lost(situation: Situation) -> Finding | None:
        facts = scope.facts(situation)
        atmosphere = facts.guarded
        # What the guard itself has lowered (exhaust lost, over-pressure) is not a loss.
        asked = (atmosphere.flow_sccm if atmosphere is not None else None, facts.permitted_sccm.get(gas))
        wanted = min((sccm for sccm in asked if sccm is not None), default=0.0)
        value = situation.readings.value(f"{gas}.flow_sccm")
        if wanted == 0.0 or (value is not None and value >= FLOWING * wanted):
            return None
        read = "unknown" if value is None else f"{value:.0f} sccm"
        return Finding(f"{gas}: flow {read}, set to {wanted:.0f} sccm.", read, f"{FLOWING * wanted:.0f} sccm")

    def unflushed(situation: Situation) -> Finding | None:
        # Another gas that stands in flushes it as well.
        under_way = scope.facts(situation).flush.under_way(situation.readings.now_ns)
        return None if under_way else lost(situation)

    return [
        scope.condition(
            f"gas-lost:{gas}", "Inert gas lost", lost, armed=hot, on_delay_s=30.0,
            at_risk=AtRisk.RIG, respond=Respond.SOON,
            limit="80 % of the set flow", measured_in="sccm",
            cause="Bottle empty, valve closed, controller off.",
            what_to_do="Connect another bottle. Do not open the tube.",
            consequence="Heater off; another inert gas is opened where the furnace has one, until the tube is cold.",
        ),
        scope.condition(
            f"flush-lost:{gas}", "Inert gas lost while the tube is flushed", unflushed, armed=flushing, on_delay_s=30.0,
            takes=(), then=Then.NONE,
            at_risk=AtRisk.PERSON, respond=Respond.BEFORE_NEXT_START,  # whoever opens the tube
            limit="80 % of the set flow", measured_in="sccm",
            cause="Bottle empty, valve closed, controller off.",
            what_to_do="Connect another bottle. Do not open the tube: what the hot step gave off is still in it.",
            consequence="The tube is not flushed after pyrolysis.",
        ),
    ]  # fmt: skip


def oxygen_conditions(scope: Scope, oxygen: str | None) -> list[Condition]:
    """None without an analyser. A low reading proves nothing in a hot tube, a high one counts; and none at all counts
    where the purge was proved by this analyser's word."""
    if oxygen is None:
        return []

    def armed(situation: Situation) -> bool:
        return _inert(scope, situation) and scope.hot(situation, PROVED_ABOVE_DEGC)

    def counted_on(situation: Situation) -> bool:
        return armed(situation) and scope.facts(situation).purge.method == "measured"

    def unread(situation: Situation) -> Finding | None:
        if situation.readings.value(oxygen) is not None:
            return None
        why = situation.readings.explain(oxygen)
        return Finding(
            f"The oxygen in the hot inert tube cannot be read: {why}. That is not high oxygen: nobody knows.",
            why,
            "a good reading",
        )

    def high(situation: Situation) -> Finding | None:
        value, limit = situation.readings.value(oxygen), scope.facts(situation).oxygen_limit_ppm
        if value is None or limit is None or value <= limit:
            return None
        return Finding(
            f"{value:.0f} ppm oxygen in the inert tube, limit {limit:.0f} ppm.",
            f"{value:.0f} ppm",
            f"{limit:.0f} ppm",
        )

    return [
        scope.condition(
            "oxygen-high", "Oxygen in the inert tube", high,
            armed=armed,
            limit="three times what the purge was proved with", measured_in="ppm O2",
            at_risk=AtRisk.RIG, respond=Respond.SOON,
            cause="Leak at a flange, empty bottle, wrong gas.",
            what_to_do="Keep the gas on, let it cool, look for the leak.",
        ),
        scope.condition(
            "oxygen-unread", "Oxygen analyser cannot be read", unread, armed=counted_on, on_delay_s=UNREAD_S,
            at_risk=AtRisk.RIG, respond=Respond.SOON,
            cause="The analyser's line is dead or disturbed, or it has lost its mains. This is not oxygen in the tube.",
            what_to_do="Keep the gas on, let it cool. Check the analyser's mains and cable; whether air has come in "
            "meanwhile nobody has seen.",
            source="safety rule 4: a reading that is stale or bad is a tripped reading",
        ),
    ]  # fmt: skip


def pressure_conditions(scope: Scope, channel: str | None) -> list[Condition]:
    """A pressure switch at the tube; a mass-flow controller sees its own inlet only and cannot tell."""
    if channel is None:
        return []

    def blocked(situation: Situation) -> Finding | None:
        if situation.readings.value(channel) == 0:
            return Finding(
                "The pressure switch of the tube is open: its outlet is blocked.", "open", "closed"
            )
        return None

    def unread(situation: Situation) -> Finding | None:
        if situation.readings.value(channel) is not None:
            return None
        why = situation.readings.explain(channel)
        return Finding(f"The pressure switch of the tube cannot be read: {why}", why, "a good reading")

    return [
        scope.condition(
            "over-pressure", "Tube outlet blocked", blocked, armed=lambda situation: True, on_delay_s=2.0,
            at_risk=AtRisk.RIG, respond=Respond.SOON, takes=("furnace", "gas"),
            consequence="Heater off and gas off: the one exception to keeping gas.",
            cause="Tar or ammonium salts in the outlet.", what_to_do="Let it cool. Clear the outlet.",
        ),
        scope.condition(
            # Not the gas: a dead line says nothing of the outlet, and without its gas a hot mat burns.
            "over-pressure-unread", "Pressure switch of the tube cannot be read", unread, on_delay_s=1.0,
            cause="The input module's line is dead, slow or disturbed. This is not the switch itself.",
            what_to_do="Let it cool under its gas. Check the module's supply and cable; then clear at the rig.",
            source="safety rule 4: a reading that is stale or bad is a tripped reading",
        ),
    ]  # fmt: skip
