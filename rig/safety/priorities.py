"""How an alarm's priority comes about: from what is still at risk and the time a person has, and from nothing else.

After ISA-18.2 (IEC 62682) priority is consequence times time to respond, of the person. So it is looked at *after* what
the program does by itself: an alarm after which everything is off and nobody has to hurry is low, however grave what
tripped it would have been. Each declaration says the two things, the table makes the priority; it ranks and takes
nothing: no condition acts more or less for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Priority(StrEnum):
    """In which order alarms are read."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    HIGHEST = "highest"


class AtRisk(StrEnum):
    """The worst that can still come after the automatic action, if nobody does what is to be done."""

    NOTHING = "nothing"
    """What is lost is lost (the step, time), and nothing more comes of it."""
    SAMPLE = "sample"
    """What goes on is spoilt, or is not on record."""
    RIG = "rig"
    """An instrument, the furnace, the load in it."""
    PERSON = "person"


class Respond(StrEnum):
    """How long a person has for that."""

    AT_ONCE = "at once"
    SOON = "soon"
    WITHIN_THE_HOUR = "within the hour"
    BEFORE_NEXT_START = "before the next start"


RESPOND_S: Final[Mapping[Respond, float | None]] = {
    Respond.AT_ONCE: 60.0,
    Respond.SOON: 600.0,
    Respond.WITHIN_THE_HOUR: 3600.0,
    Respond.BEFORE_NEXT_START: None,
}
"""In seconds; None: nothing runs away until somebody starts or touches something again."""

_P = Priority

RULE: Final[Mapping[AtRisk, tuple[Priority, Priority, Priority, Priority]]] = {
    AtRisk.PERSON: (_P.HIGHEST, _P.HIGH, _P.MEDIUM, _P.MEDIUM),
    AtRisk.RIG: (_P.HIGH, _P.MEDIUM, _P.LOW, _P.LOW),
    AtRisk.SAMPLE: (_P.MEDIUM, _P.MEDIUM, _P.LOW, _P.LOW),
    AtRisk.NOTHING: (_P.LOW, _P.LOW, _P.LOW, _P.LOW),
}
"""What is at risk, then the times in the order of `Respond`. The highest is left for "leave the room", "high voltage
cannot be proved off" and "the program itself is broken", and what ranks with them."""

MOST: Final[Mapping[Priority, float]] = {
    Priority.HIGHEST: 0.10,
    Priority.HIGH: 0.10,
    Priority.MEDIUM: 0.25,
    Priority.LOW: 1.0,
}
"""The greatest share of a rig's declared alarms that may be of a priority (own choice). The usual split of 80, 15 and
5 % is of alarms that come, which `spinrig alarms report` counts; one declared seldom comes as often as another."""


def priority_of(at_risk: AtRisk, respond: Respond) -> Priority:
    """The rule."""
    return RULE[at_risk][tuple(Respond).index(respond)]
