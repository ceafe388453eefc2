"""The exhaust of a furnace: it has to flow while the tube is hot or gives off what a hot mat has left in it."""

from __future__ import annotations

from typing import Final

from rig.readings import NS
from rig.safety.conditions import Condition, Finding, Situation
from rig.safety.heating_scope import Scope
from rig.safety.priorities import AtRisk, Respond

EXHAUST_ABOVE_DEGC: Final = 60.0
CUT: Final = (
    "Heater off. What inert gas flows over a tube that is hot, or not flushed yet, is cut to its hot minimum; less is "
    "left as it is."
)
PROVED_S: Final = 600.0
"""So long it has to have been good before its loss may be cleared."""


def exhaust_conditions(scope: Scope, channel: str | None) -> list[Condition]:
    """None where no input proves the exhaust."""
    if channel is None:
        return []

    def armed(situation: Situation) -> bool:
        facts = scope.facts(situation)
        flushing = facts.flush.owed and any(flow > 0 for flow in facts.permitted_sccm.values())
        return scope.heating(situation) or scope.hot(situation, EXHAUST_ABOVE_DEGC) or flushing

    def lost(situation: Situation) -> Finding | None:
        if situation.readings.value(channel) == 0:
            return Finding(
                "LEAVE THE ROOM: toxic gas possible. The furnace exhaust does not flow.", "no flow", "flow"
            )
        return None

    def unread(situation: Situation) -> Finding | None:
        if situation.readings.value(channel) is None:
            why = situation.readings.explain(channel)
            return Finding(
                f"LEAVE THE ROOM: the furnace exhaust cannot be read ({why}).", why, "a good reading"
            )
        return None

    def too_short(situation: Situation) -> Finding | None:
        """Not proved for long enough."""
        since_ns = scope.facts(situation).exhaust_since_ns
        good_s = 0.0 if since_ns is None else (situation.readings.now_ns - since_ns) / NS
        if good_s >= PROVED_S:
            return None
        return Finding(
            f"The furnace exhaust has been good for {good_s / 60:.1f} min, of {PROVED_S / 60:.0f} min.",
            f"{good_s:.0f} s",
            f"{PROVED_S:.0f} s",
        )

    return [
        scope.condition(
            "furnace-exhaust", "Furnace exhaust lost", lost, armed=armed,
            at_risk=AtRisk.PERSON, respond=Respond.AT_ONCE,
            cause="Fan off, duct blocked, or the flow switch is broken.",
            what_to_do="Leave the room. Hydrogen cyanide, ammonia and carbon monoxide may collect. Come back when the "
            "exhaust has been proved for 10 min.",
            consequence=CUT,
            clear_when=too_short,
        ),
        scope.condition(
            "furnace-exhaust-unread", "Furnace exhaust cannot be read", unread, armed=armed,
            at_risk=AtRisk.PERSON, respond=Respond.AT_ONCE,
            cause="The input module's line is dead or disturbed.",
            what_to_do="Treat it as a lost exhaust.",
            consequence=CUT,
            on_delay_s=1.0,
            clear_when=too_short,
        ),
    ]  # fmt: skip
