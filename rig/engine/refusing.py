"""A start that is refused with lines open: nobody walks away from a hot tube without a word (safety rule 8).

The instruments that answer are supervised as after a stop: heater off, gas kept, until every tube that can be read is
below its open limit. What is left on at the end, or cannot be read, stands in the refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from rig.engine.engine import Engine
from rig.engine.unit import Unit

NOT_STARTED: Final = "not-started"
"""The event that says at once why nothing is started, and what is watched."""


def supervise(
    engine: Engine, scan_until: Callable[[Callable[[], bool]], None], leaving: Callable[[], bool], why: str
) -> None:
    """Scan on until every tube that reads hot is cold, or somebody wants to leave at once. why: the refusal."""
    watched = [unit for unit in engine.units.values() if _reads_hot(engine, unit)]
    if not watched or leaving():
        return
    engine.supervised = frozenset(unit.name for unit in watched)
    engine.write(NOT_STARTED, {"why": why, "left": "; ".join(_left(engine, watched))})
    scan_until(lambda: leaving() or not any(_stays(engine, unit) for unit in watched))


def left_behind(engine: Engine) -> str:
    """What is on, hot or not known, as a line behind the refusal; empty where there is nothing."""
    left = _left(engine, engine.units.values())
    return f"\nWhat is left: {'; '.join(left)}; nobody is watching" if left else ""


def _reads_hot(engine: Engine, unit: Unit) -> bool:
    """What cannot be read is not waited for: a furnace that is switched off would be, for hours."""
    return engine.readings.value(f"{unit.name}.temperature_degc") is not None and _stays(engine, unit)


def _stays(engine: Engine, unit: Unit) -> bool:
    return unit.spec.stay is not None and unit.spec.stay(engine.readings)


def _left(engine: Engine, units: Iterable[Unit]) -> list[str]:
    said = [unit.spec.left(engine.readings) for unit in units if unit.spec.left is not None]
    return [text for text in said if text is not None]
