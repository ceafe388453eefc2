"""An alarm list by hand: definitions of a few words, signals and people, and what changed at each settling."""

from __future__ import annotations

from typing import Any

from rig.readings import NS
from rig.safety.alarms import AlarmDefinition
from rig.safety.alarms_list import AlarmList
from rig.safety.alarms_one import Change
from rig.safety.priorities import AtRisk, Priority, Respond

CELLS = {
    Priority.HIGHEST: (AtRisk.PERSON, Respond.AT_ONCE),
    Priority.HIGH: (AtRisk.RIG, Respond.AT_ONCE),
    Priority.MEDIUM: (AtRisk.SAMPLE, Respond.SOON),
    Priority.LOW: (AtRisk.NOTHING, Respond.BEFORE_NEXT_START),
}
"""One cell of the rule for each priority."""


def definition(tag: str = "hot", priority: Priority = Priority.HIGH, **more: Any) -> AlarmDefinition:
    """One alarm, whole."""
    at_risk, respond = CELLS[priority]
    values: dict[str, Any] = {
        "tag": tag,
        "title": "Hot",
        "group": "spin",
        "at_risk": at_risk,
        "respond": respond,
        "cause": "c",
        "consequence": "q",
        "what_to_do": "w",
        "action": "a",
        "source": "s",
    }
    return AlarmDefinition(**(values | more))


class Desk:
    """A list with a clock in seconds."""

    def __init__(self, *definitions: AlarmDefinition) -> None:
        self.list = AlarmList(definitions)
        self.now_s = 100.0
        self.changes: list[Change] = []

    @property
    def now_ns(self) -> int:
        return round(self.now_s * NS)

    def settle(self) -> list[str]:
        """Settle; each change as "tag:AB"."""
        new = self.list.settle(self.now_ns)
        self.changes += new
        return [f"{change.tag}:{change.before}{change.after}" for change in new]

    def signal(self, found: bool, tag: str = "hot") -> list[str]:
        self.list.signal(tag, found, self.now_ns, f"{tag} is found")
        return self.settle()

    def wait(self, seconds: float) -> list[str]:
        """Time passes, with nothing but a settling at its end."""
        self.now_s += seconds
        return self.settle()

    def state(self, tag: str = "hot") -> str:
        return self.list.alarms[tag].state.value
