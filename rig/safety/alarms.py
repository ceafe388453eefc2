"""What an alarm is, in full: every field that a person at the rig or a reviewer of the alarm list asks for.

After ISA-18.2 (IEC 62682) an alarm is a sign of an abnormal condition that needs a response; else it is an event.
A `Condition` is an alarm by itself, so its definition is derived from the one declaration. Alarms that are no condition
stand in `alarms_other.py`, the states of an alarm in `alarms_states.py`, the list of them in `alarms_list.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rig.safety.conditions import Condition, Then
from rig.safety.priorities import RESPOND_S, AtRisk, Priority, Respond, priority_of

RE_ALARM_S: Final[dict[Priority, float | None]] = {
    Priority.HIGHEST: 1800.0,
    Priority.HIGH: None,
    Priority.MEDIUM: None,
    Priority.LOW: None,
}
"""An acknowledged alarm whose cause is still there is announced again after so long; None: never."""

RANK: Final[dict[Priority, int]] = {priority: rank for rank, priority in enumerate(reversed(Priority))}
"""0 for the highest."""

TWO_VALUED: Final = "state"
KINDS: Final[Mapping[str, str]] = {
    "hv": "high voltage",
    "pump": "pumps",
    "furnace": "heater",
    "gas": "gas",
}


@dataclass(frozen=True, slots=True)
class Sign:
    """How a priority is shown: shape, letter, word and colour say the same, so that no single one is needed."""

    shape: str
    letter: str
    word: str
    colour: str


SIGNS: Final[dict[Priority, Sign]] = {
    Priority.HIGHEST: Sign("■", "X", "HIGHEST", "red"),
    Priority.HIGH: Sign("▲", "H", "HIGH", "red"),
    Priority.MEDIUM: Sign("●", "M", "MEDIUM", "yellow"),
    Priority.LOW: Sign("▽", "L", "LOW", "cyan"),
}


@dataclass(frozen=True, slots=True)
class AlarmDefinition:
    """One alarm that can come.

    group: alarms among which the first is marked (first-out), a unit's name or "rig"; at_risk, respond: what can still
    come after `action`, and the time a person has: they make the priority; limit: in words with its number,
    measured_in: its unit, "state" for what is either so or not; dead_band: in that unit; delays in seconds; latching:
    it stays after its cause has gone until a person resets it; action: what happens by itself; safety: it is not
    silenced while something dangerous is live; shown_in: states of the unit in which it is announced (suppressed by
    design in all others), empty: all; source: the rule it follows.
    """

    tag: str
    title: str
    group: str
    at_risk: AtRisk
    respond: Respond
    cause: str
    consequence: str
    what_to_do: str
    action: str
    source: str
    limit: str = "healthy"
    measured_in: str = TWO_VALUED
    dead_band: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    latching: bool = False
    safety: bool = False
    shown_in: frozenset[str] = frozenset()

    @property
    def priority(self) -> Priority:
        """By the rule."""
        return priority_of(self.at_risk, self.respond)

    @property
    def response_s(self) -> float | None:
        """Within so long a person should act; None: before the next start."""
        return RESPOND_S[self.respond]

    @property
    def re_alarm_s(self) -> float | None:
        """Acknowledged and still there, it is announced again after so many seconds; None: never."""
        return RE_ALARM_S[self.priority]

    @property
    def limit_text(self) -> str:
        """The limit with what it is measured in."""
        return (
            f"{self.limit} (a state)"
            if self.measured_in == TWO_VALUED
            else f"{self.limit} ({self.measured_in})"
        )

    @property
    def dead_band_text(self) -> str:
        """The dead band with its unit, or why there is none."""
        if self.dead_band:
            return f"{self.dead_band:.3g} {self.measured_in}"
        return "none: two-valued" if self.measured_in == TWO_VALUED else "none: it latches"


def action_text(then: Then, takes: Iterable[str], unit: str) -> str:
    """What a condition does by itself, in words."""
    taken = " and ".join(KINDS.get(kind, kind) for kind in takes)
    parts = [f"{taken} off"] if taken else []
    if then is not Then.NONE:
        parts.append(f"{then.value} of {unit}")
    return ", ".join(parts) or "none, it is announced only"


def of_condition(condition: Condition, unit: str) -> AlarmDefinition:
    """The alarm that a condition of this unit is."""
    return AlarmDefinition(
        tag=condition.tag,
        title=condition.title,
        group=unit,
        at_risk=condition.at_risk,
        respond=condition.respond,
        cause=condition.cause,
        consequence=condition.consequence,
        what_to_do=condition.what_to_do,
        action=action_text(condition.then, condition.takes, unit),
        source=condition.source,
        limit=condition.limit,
        measured_in=condition.measured_in,
        dead_band=condition.dead_band,
        on_delay_s=condition.on_delay_s,
        off_delay_s=condition.off_delay_s,
        latching=condition.latch,
        safety=bool(condition.takes) or condition.then in (Then.STOP, Then.ABORT),
        shown_in=condition.shown_in,
    )


def gaps(definition: AlarmDefinition) -> list[str]:
    """What is missing or cannot be right in a definition, in words; empty when it is whole."""
    found = [
        f"{name} is empty"
        for name in (
            *("tag", "title", "group", "cause", "consequence", "what_to_do", "action", "source"),
            *("limit", "measured_in"),
        )
        if not str(getattr(definition, name)).strip()
    ]
    found += [
        f"{name} is negative"
        for name in ("dead_band", "on_delay_s", "off_delay_s")
        if getattr(definition, name) < 0
    ]
    if definition.measured_in == TWO_VALUED and definition.dead_band:
        found.append("a dead band on what has two values only")
    if definition.measured_in != TWO_VALUED and not definition.latching and not definition.dead_band:
        found.append("it does not latch and has no dead band: it would chatter at its limit")
    if definition.safety and definition.shown_in:
        found.append("an alarm of class safety is silent in some states of its unit")
    return found
