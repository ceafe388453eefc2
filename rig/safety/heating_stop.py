"""The emergency stop as a furnace sees it: it is meant for every unit of the rig (safety rule 4).

It is looked at while the heater is on and in every step, hot or not: pressed during the purge, nothing is heated later.
"""

from __future__ import annotations

from collections.abc import Sequence

from rig.safety.conditions import Condition, Finding, Situation
from rig.safety.heating_scope import Scope
from rig.safety.priorities import AtRisk, Respond


def stop_conditions(scope: Scope, buttons: Sequence[str]) -> list[Condition]:
    """Pressed, and not readable, for each emergency stop channel of the bench. Inert gas goes on."""
    return [one for button in buttons for one in _of(scope, button)]


def _of(scope: Scope, button: str) -> list[Condition]:
    def armed(situation: Situation) -> bool:
        return situation.at_work or scope.heating(situation)

    def pressed(situation: Situation) -> Finding | None:
        if situation.readings.value(button) == 0:
            return Finding("The emergency stop is pressed.", "not healthy", "healthy")
        return None

    def unread(situation: Situation) -> Finding | None:
        if situation.readings.value(button) is None:
            why = situation.readings.explain(button)
            return Finding(f"The emergency stop cannot be read: {why}", why, "a good reading")
        return None

    suffix = "" if button.endswith(".emergency_stop_ok") else f"-{button.rpartition('.')[2]}"
    return [
        scope.condition(
            f"furnace-emergency-stop{suffix}", "Emergency stop pressed", pressed, armed=armed,
            at_risk=AtRisk.PERSON, respond=Respond.SOON,  # of what made somebody press it nothing is known here
            cause="Somebody pressed the emergency stop, or its circuit is broken.",
            what_to_do="Find out why it was pressed. Release it, then clear at the rig.",
        ),
        scope.condition(
            f"furnace-emergency-stop-unread{suffix}", "Emergency stop cannot be read", unread, armed=armed,
            on_delay_s=1.0,
            cause="The input module's line is dead, slow or disturbed. This is not the button itself.",
            what_to_do="Check the module's supply and cable; then clear at the rig.",
        ),
    ]  # fmt: skip
