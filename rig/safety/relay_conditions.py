"""A relay that does not do what it was told: one or two conditions an output, by its kind.

What is read back is the module's output, not the contact, bolt or lamp behind it: that one reads right proves no more
than that the module obeys. So nothing is called off here, and what cannot be read counts as not done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.priorities import AtRisk, Respond
from rig.safety.relays import BEATS_MISSED, RelayWatch

RELAY_DELAY_S: Final = 2.0
"""An order, its repetition, and a poll at the idle period."""

WORDS: Final = {
    "contactor": ("open", "closed"),
    "lock": ("unlocked", "locked"),
    "beacon": ("dark", "lit"),
    "valve": ("closed", "open"),
    "heartbeat": ("down", "up"),
    "on": ("off", "on"),
}
"""What False and True mean, by kind."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One kind, told one thing. so: what it means, for the person who reads it; unread: that it cannot be read counts
    as well (where it does no harm, the lost instrument is an alarm already). {of}: what hangs on it."""

    tag: str
    told: bool
    title: str
    so: str
    cause: str
    consequence: str
    what_to_do: str
    at_risk: AtRisk
    respond: Respond
    source: str = "safety rules 1 and 3"
    takes: tuple[str, ...] = ()
    unread: bool = True


_CAUSE: Final = (
    "Module without supply or reset, its line dead, a wrong channel, or another program sets its outputs."
)

_ROWS: Final[dict[str, tuple[_Row, ...]]] = {
    "contactor": (
        _Row(
            "contactor-closed", False, "Contactor does not open",
            "the contactor of {of} is still closed, or may be: switch the mains off by hand",
            _CAUSE,
            "The mains of {of} cannot be taken away by this program. It stays off, told so by its own line.",
            "Keep away. Switch the mains of {of} off by hand. Not to be used before the contactor is seen to open.",
            AtRisk.PERSON, Respond.AT_ONCE, takes=("hv", "pump"),
        ),
        _Row(
            "contactor-open", True, "Contactor does not close",
            "the contactor of {of} is not closed",
            _CAUSE,
            "{of} has no mains: it heats nothing, or can neither be read nor proved off.",
            "Look at the module and the contactor. One that has opened by itself is not closed again in this run.",
            AtRisk.NOTHING, Respond.BEFORE_NEXT_START, unread=False,
        ),
    ),
    "lock": (
        _Row(
            "lock-open", True, "Door does not lock",
            "the door is not locked, or may not be",
            _CAUSE,
            "High voltage is refused, or goes off; pumps stop.",
            "Keep the door shut and keep away until high voltage is proved off and discharged. Look at the lock.",
            AtRisk.PERSON, Respond.BEFORE_NEXT_START, takes=("hv", "pump"),
        ),
        _Row(
            "lock-shut", False, "Door does not unlock",
            "the door cannot be opened",
            _CAUSE,
            "Nobody gets at the mat. Nothing is switched.",
            "Look at the lock. Do not force the door; use the lock's own release once the output is earthed.",
            AtRisk.NOTHING, Respond.BEFORE_NEXT_START, unread=False,
        ),
    ),
    "beacon": (
        _Row(
            "beacon-dark", True, "Beacon is not lit",
            "nobody is warned of the high voltage",
            _CAUSE,
            "Whoever comes does not see that high voltage is on or not proved off. Nothing is switched off.",
            "Warn everybody in the room, or stop the step. Look at the beacon and its module.",
            AtRisk.PERSON, Respond.WITHIN_THE_HOUR,
        ),
        _Row(
            "beacon-lit", False, "Beacon does not go dark",
            "it warns of nothing",
            _CAUSE,
            "People learn not to believe it.",
            "Look at the beacon's module.",
            AtRisk.NOTHING, Respond.BEFORE_NEXT_START, unread=False,
        ),
    ),
    "heartbeat": (),
    "on": (
        _Row(
            "output-off", True, "Output is not on",
            "what hangs on it is off",
            _CAUSE,
            "What has to run at all times (a lamp, a fan) does not. Its own input, where it has one, tells more.",
            "Look at the module and at what hangs on it.",
            AtRisk.RIG, Respond.SOON,
        ),
    ),
}  # fmt: skip

_HEATER: Final = (
    replace(_ROWS["contactor"][0], at_risk=AtRisk.RIG, takes=("furnace",)),
    replace(
        _ROWS["contactor"][1],
        consequence="{of} is not heated: heater off, abort; inert gas goes on until the tube is cold.",
        takes=("furnace",),
    ),
)  # fmt: skip
_INERT_VALVE: Final = (
    _Row(
        "valve-closed", True, "Gas valve does not open",
        "{of} does not flow, or may not",
        _CAUSE,
        "No inert gas. Over a hot tube the lost flow takes the heater by itself (gas-lost).",
        "Open the valve's bypass, or connect another bottle. Do not open the tube.",
        AtRisk.RIG, Respond.SOON, "safety rules 3 and 4",
    ),
    _Row(
        "valve-open", False, "Gas valve does not close",
        "its flow controller alone keeps {of} shut",
        _CAUSE,
        "Gas may flow that nobody wants: into a blocked tube, or out of the bottle.",
        "Close the bottle by hand.",
        AtRisk.RIG, Respond.SOON, "safety rules 3 and 4",
    ),
)  # fmt: skip
_REACTIVE_VALVE: Final = (
    _Row(
        "valve-closed", True, "Gas valve does not open",
        "{of} does not flow",
        _CAUSE,
        "The step runs without its gas: heater off, abort.",
        "Look at the valve and its module. One that has closed by itself is not opened again in this step.",
        AtRisk.NOTHING, Respond.BEFORE_NEXT_START, "safety rules 3 and 4", takes=("furnace",), unread=False,
    ),
    _Row(
        "valve-open", False, "Valve of a reactive gas does not close",
        "its flow controller alone keeps {of} out of the tube",
        _CAUSE,
        "{of} may get into a step that must not have it: heater off, abort.",
        "Close the bottle by hand. Do not open the tube.",
        AtRisk.PERSON, Respond.SOON, "safety rules 3 and 4", takes=("furnace",),
    ),
)  # fmt: skip


def relay_conditions(unit: str, watches: Iterable[RelayWatch]) -> list[Condition]:
    """Those of the outputs that belong to a unit."""
    found: list[Condition] = []
    for watch in watches:
        found += [_condition(unit, watch, row) for row in _rows(watch)]
        if watch.kind == "heartbeat":
            found.append(_heartbeat(unit, watch))
    return found


def _rows(watch: RelayWatch) -> tuple[_Row, ...]:
    if watch.kind == "valve":
        return _INERT_VALVE if watch.inert else _REACTIVE_VALVE
    if watch.kind == "contactor" and watch.of.startswith("furnace."):
        return _HEATER
    return _ROWS[watch.kind]


def _condition(unit: str, watch: RelayWatch, row: _Row) -> Condition:
    words = WORDS[watch.kind]
    said = words[row.told]

    def test(situation: Situation) -> Finding | None:
        readings = situation.readings
        so = row.so.format(of=watch.of)
        if watch.dropped and row.told:
            return Finding(
                f"{watch.name} was {said} and is not any more, and nobody told it so: {so}.", words[0], said
            )
        if watch.told is not row.told:
            return None
        if watch.differs(readings):
            read = words[not row.told]
            return Finding(f"{watch.name} was told {said} and reads {read}: {so}.", read, said)
        if row.unread and readings.value(watch.channel) is None:
            why = readings.explain(watch.channel)
            return Finding(f"{watch.name} was told {said} and cannot be read ({why}): {so}.", why, said)
        return None

    return Condition(
        tag=f"{row.tag}:{watch.name}",
        title=row.title,
        unit=unit,
        takes=row.takes,
        armed=lambda situation: True,
        test=test,
        then=Then.ABORT if row.takes else Then.NONE,
        at_risk=row.at_risk,
        respond=row.respond,
        cause=row.cause,
        consequence=row.consequence.format(of=watch.of),
        what_to_do=row.what_to_do.format(of=watch.of),
        source=row.source,
        on_delay_s=RELAY_DELAY_S,
        within_s=RELAY_DELAY_S + 0.5,
        latch=bool(row.takes),
        limit=f"read back as {said} while it is told so",
    )


def _heartbeat(unit: str, watch: RelayWatch) -> Condition:
    """It changes each second, so it is not held against one moment: beats are counted that were not read back."""

    def test(situation: Situation) -> Finding | None:
        if watch.missed >= BEATS_MISSED:
            what = f"{watch.missed} beats were not read back"
            return Finding(
                f"{watch.name} stands: {what}. Who listens to it takes the program for dead.", what, "each"
            )
        return None

    return Condition(
        tag=f"heartbeat:{watch.name}",
        title="Heartbeat stands",
        unit=unit,
        takes=(),
        armed=lambda situation: True,
        test=test,
        then=Then.NONE,
        at_risk=AtRisk.RIG,
        respond=Respond.SOON,
        cause=_CAUSE,
        consequence="The watchdog relay that listens to it opens, or would not notice this program's end.",
        what_to_do="Look at the module. If the watchdog has opened, find out what it has switched off.",
        source="safety rules 1 and 3",
        on_delay_s=0.0,
        latch=False,
        limit=f"{BEATS_MISSED} beats in a row not read back",
    )
