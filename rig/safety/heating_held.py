"""How long a furnace may be held or paused: its set point stands, the chemistry does not (safety rule 7)."""

from __future__ import annotations

from typing import Final

from rig.readings import NS
from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.heating_scope import Scope

HELD_IN_AIR_S: Final = 30 * 60.0
"""Longest hold in air above `HOT_IN_AIR_DEGC`."""

HELD_INERT_S: Final = 4 * 3600.0
HOT_IN_AIR_DEGC: Final = 180.0


def held_condition(scope: Scope) -> Condition:
    """A heater on hold for too long: half an hour in hot air, four hours elsewhere; then the unit stops."""

    def too_long(situation: Situation) -> Finding | None:
        facts = scope.facts(situation)
        if facts.held_since_ns is None:
            return None
        degc = situation.readings.value(scope.pv)
        inert = facts.atmosphere is not None and facts.atmosphere.inert
        hot_in_air = not inert and (degc is None or degc > HOT_IN_AIR_DEGC)
        limit_s = HELD_IN_AIR_S if hot_in_air else HELD_INERT_S
        held_s = (situation.readings.now_ns - facts.held_since_ns) / NS
        if held_s <= limit_s:
            return None
        gas = "an unknown atmosphere" if facts.atmosphere is None else facts.atmosphere.name
        return Finding(
            f"{scope.furnace} was held for {limit_s / 60:.0f} min in {gas}: chemistry does not wait.",
            f"{held_s / 60:.1f} min",
            f"{limit_s / 60:.0f} min",
        )

    return scope.condition(
        "held-too-long", "Furnace held for too long", too_long, then=Then.STOP, latch=False,
        armed=lambda situation: True,
        limit="30 min in air above 180 °C, 4 h in inert gas",
        cause="Nobody resumed after a hold or a pause.",
        consequence="The run is stopped: heater off; inert gas goes on until the tube is cold.",
        what_to_do="Judge the sample by the record: time in band while it was held counts as soak.",
        source="safety rule 7",
    )  # fmt: skip
