"""The conditions of a furnace, each declared once (safety rules 4 and 7): heat, gas, and what leaves the tube.

The controller closes the loop; we watch it. Every trip takes the heater; the gas is the guard's affair
(`furnace_guard.py`), because which side of a flow is safe depends on the tube. `heating_sensor` says when the
temperature is not to be believed, `heating_watch` when the furnace does not do what it should, `heating_gas` looks at
gas, oxygen and pressure, `heating_exhaust` at what leaves the tube, `heating_held` at how long it is held,
`heating_forgot` at what does not stand as it was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rig.safety.conditions import Condition
from rig.safety.heating_exhaust import exhaust_conditions
from rig.safety.heating_forgot import forgot_conditions
from rig.safety.heating_gas import gas_conditions, oxygen_conditions, pressure_conditions
from rig.safety.heating_held import held_condition
from rig.safety.heating_scope import Scope
from rig.safety.heating_sensor import sensor_conditions
from rig.safety.heating_stop import stop_conditions
from rig.safety.heating_watch import controller_conditions, watch_conditions

DOUBTING: Final = (
    "furnace-stale", "sensor-break", "jump", "fell", "no-heating", "reversed", "frozen",
)  # fmt: skip
"""Conditions that speak against the thermocouple: what it reads afterwards is not believed to be the tube's."""


def furnace_conditions(
    furnace: str,
    gases: Sequence[str],
    oxygen: str | None,
    exhaust: str | None,
    pressure: str | None = None,
    buttons: Sequence[str] = (),
    reactive: Sequence[str] = (),
) -> tuple[Condition, ...]:
    """All conditions of one furnace. gases: its flow controllers; oxygen, exhaust, pressure: channels or None;
    buttons: the channels of emergency stops; reactive: those of the flow controllers whose gas is not inert."""
    scope = Scope(furnace)
    return (
        *stop_conditions(scope, buttons),
        *exhaust_conditions(scope, exhaust),
        *sensor_conditions(scope),
        *watch_conditions(scope),
        *controller_conditions(scope),
        held_condition(scope),
        *forgot_conditions(scope, gases, reactive),
        *gas_conditions(scope, gases),
        *oxygen_conditions(scope, oxygen),
        *pressure_conditions(scope, pressure),
    )
