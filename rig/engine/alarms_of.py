"""Every alarm that a bench can have, without opening a port: for `spinrig alarms` and docs/alarms.md."""

from __future__ import annotations

from rig.bench.model import Bench
from rig.engine.alarming import rig_definitions, unit_definitions
from rig.engine.furnace_unit import furnace_unit
from rig.engine.spin_unit import spin_unit
from rig.engine.unit import Unit
from rig.lines.board import Board
from rig.safety.alarms import AlarmDefinition, of_condition
from rig.safety.relay_conditions import relay_conditions
from rig.safety.relays import RelayWatch


def alarms_of(bench: Bench) -> list[AlarmDefinition]:
    """By unit, in the order of declaration: the same that a run on this bench watches."""
    board = Board()
    units: list[Unit] = []
    if bench.hv or bench.pumps:
        units.append(spin_unit(bench, {}, board, _nowhere, _never))
    units += [furnace_unit(bench, name, {}, board, _nowhere, _never) for name in bench.furnaces]
    found: dict[str, AlarmDefinition] = {}
    own: set[str] = set()
    for unit in units:
        own |= {*unit.spec.members, *unit.spec.outputs}
        for definition in unit_definitions(unit):
            found.setdefault(definition.tag, definition)
    for definition in rig_definitions(set(bench.instruments) - own):
        found.setdefault(definition.tag, definition)
    return list(found.values())


def alarms_of_outputs() -> list[AlarmDefinition]:
    """Those of one digital output of each kind, on a rig that has them all."""
    spin = [
        RelayWatch(f"outputs.{name}", kind, "", "hv.needle")
        for name, kind in (
            ("contactor", "contactor"), ("door_lock", "lock"), ("beacon", "beacon"), ("heartbeat", "heartbeat"),
            ("lamp", "on"),
        )
    ]  # fmt: skip
    furnace = [
        RelayWatch("outputs.heater_contactor", "contactor", "", "furnace.tube"),
        RelayWatch("outputs.argon_valve", "valve", "", "gas.argon", inert=True),
        RelayWatch("outputs.hydrogen_valve", "valve", "", "gas.hydrogen"),
    ]
    return [
        of_condition(condition, unit)
        for unit, watches in (("spin", spin), ("furnace.tube", furnace))
        for condition in relay_conditions(unit, watches)
    ]


def _nowhere(kind: str, data: dict[str, object]) -> None:
    """These units never run: nothing is written."""


def _never() -> int:
    """These units never run: it is always the beginning."""
    return 0
