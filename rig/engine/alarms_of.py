"""Every alarm that a bench can have, without opening a port: for `spinrig alarms` and docs/alarms.md."""

from __future__ import annotations

from rig.bench.model import Bench
from rig.engine.alarming import rig_definitions, unit_definitions
from rig.engine.furnace_unit import furnace_unit
from rig.engine.spin_unit import spin_unit
from rig.engine.unit import Unit
from rig.lines.board import Board
from rig.safety.alarms import AlarmDefinition


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


def _nowhere(kind: str, data: dict[str, object]) -> None:
    """These units never run: nothing is written."""


def _never() -> int:
    """These units never run: it is always the beginning."""
    return 0
