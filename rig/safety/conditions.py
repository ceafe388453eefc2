"""Conditions: permissives on outputs, each declared once with everything a person has to know about it.

A condition is a permissive on outputs, never on a run. When its test finds something for longer than its on-delay while
it is armed, it *trips*: it takes its outputs away and asks the unit for an action. A latched trip stays until a person
clears it and the cause is gone. Closing a door again starts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from rig.outputs import Output
from rig.readings import NS, Readings


class Then(StrEnum):
    """What the unit is asked to do when a condition trips; the next stronger legal one is taken if need be."""

    NONE = "none"
    HOLD = "hold"
    STOP = "stop"
    ABORT = "abort"


class Priority(StrEnum):
    """Consequence times time to respond."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    HIGHEST = "highest"


@dataclass(frozen=True, slots=True)
class OutputView:
    """One output as conditions and guard see it.

    wanted: the phase asks for it, or an order for it is under way. told_on: the instrument was told, or may have been
    told (unknown counts as on); told_ns: since when it has been told on, or off. proved_off: read back as off (pumps
    and supplies each in their own way). failed: what an order that failed said. lapsed: its line let it go because no
    scan renewed the lease.
    """

    name: str
    kind: str
    wanted: bool = False
    told: Output | None = None
    told_on: bool = True
    told_ns: int = 0
    proved_off: bool = False
    failed: str | None = None
    lapsed: bool = False

    @property
    def live(self) -> bool:
        """On, wanted or unproved."""
        return self.wanted or self.told_on or not self.proved_off


@dataclass(frozen=True, slots=True)
class Situation:
    """What conditions of one unit look at, at one scan."""

    readings: Readings
    outputs: Mapping[str, OutputView]
    hv_live: bool
    pumps_live: bool
    facts: Any = None  # what the unit knows beyond readings (FurnaceFacts)

    @property
    def live(self) -> bool:
        """Whether any high voltage or pump of the unit is on, wanted or unproved."""
        return self.hv_live or self.pumps_live

    def wanting(self, names: Iterable[str]) -> Situation:
        """The same with these outputs wanted: what is asked for at this scan arms its conditions at this scan."""
        new = [name for name in names if name in self.outputs and not self.outputs[name].wanted]
        if not new:
            return self
        outputs = {**self.outputs, **{name: replace(self.outputs[name], wanted=True) for name in new}}
        kinds = {outputs[name].kind for name in new}
        return replace(
            self,
            outputs=outputs,
            hv_live=self.hv_live or "hv" in kinds,
            pumps_live=self.pumps_live or "pump" in kinds,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found: the value and the limit in words, and a sentence for the person at the rig."""

    text: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One permissive, declared once.

    tag: its short name in journal and alarm list; unit: whose it is ("spin"; "*" for all); takes: kinds of output it
    takes away; armed: when it looks at all; test: None when healthy; on_delay_s: how long it must last; within_s: the
    time from cause to effect that is promised; latch: stays until cleared by a person at the rig.
    """

    tag: str
    title: str
    unit: str
    takes: tuple[str, ...]
    armed: Callable[[Situation], bool]
    test: Callable[[Situation], Finding | None]
    then: Then
    priority: Priority
    cause: str
    consequence: str
    what_to_do: str
    source: str
    on_delay_s: float = 0.0
    within_s: float = 0.5
    latch: bool = True
    outputs: frozenset[str] | None = None  # None: every output of the unit of a kind in `takes`


@dataclass(slots=True)
class Watch:
    """The moving part of a condition: since when it finds something, and whether it is tripped."""

    since_ns: int | None = None
    tripped: bool = False
    finding: Finding | None = None
    tripped_ns: int = 0


@dataclass(frozen=True, slots=True)
class Trip:
    """A condition that has just taken its outputs away."""

    condition: Condition
    finding: Finding
    t_ns: int


@dataclass(slots=True)
class Interlocks:
    """All conditions of one unit with their moving parts."""

    conditions: tuple[Condition, ...]
    watches: dict[str, Watch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for condition in self.conditions:
            if condition.tag in self.watches:
                raise ValueError(f"two conditions with the tag {condition.tag!r}")
            self.watches[condition.tag] = Watch()

    def evaluate(self, situation: Situation) -> list[Trip]:
        """Look at every condition; the trips that are new at this scan, in the order of declaration."""
        now_ns = situation.readings.now_ns
        trips = []
        for condition in self.conditions:
            watch = self.watches[condition.tag]
            finding = condition.test(situation) if condition.armed(situation) else None
            if finding is None:
                watch.since_ns = None
                if watch.tripped and not condition.latch:
                    watch.tripped = False
                continue
            watch.finding = finding
            if watch.since_ns is None:
                watch.since_ns = now_ns
            if not watch.tripped and now_ns - watch.since_ns >= condition.on_delay_s * NS:
                watch.tripped = True
                watch.tripped_ns = now_ns
                trips.append(Trip(condition, finding, now_ns))
        return trips

    def taken(self, outputs: Iterable[OutputView]) -> dict[str, str]:
        """Outputs that tripped conditions take away at this scan, with the tag of the first that does."""
        gone: dict[str, str] = {}
        tripped = [condition for condition in self.conditions if self.watches[condition.tag].tripped]
        if tripped:
            for output in outputs:
                for condition in tripped:
                    if output.kind in condition.takes and (
                        condition.outputs is None or output.name in condition.outputs
                    ):
                        gone.setdefault(output.name, condition.tag)
        return gone

    def latched(self) -> list[Condition]:
        """Conditions that are tripped now."""
        return [condition for condition in self.conditions if self.watches[condition.tag].tripped]

    def remaining(self, situation: Situation) -> list[tuple[Condition, Finding]]:
        """Tripped conditions whose cause is still there, and what is found now; looked for armed or not."""
        found = ((condition, condition.test(situation)) for condition in self.latched())
        return [(condition, finding) for condition, finding in found if finding is not None]

    def clear(self, situation: Situation) -> list[Condition]:
        """A person clears: trips whose cause is gone are reset; those that remain are returned.

        The cause is looked for whether or not the condition is armed: an emergency stop that is still pressed is not
        gone because everything is off.
        """
        remaining = [condition for condition, _ in self.remaining(situation)]
        for condition in self.latched():
            if condition not in remaining:
                watch = self.watches[condition.tag]
                watch.since_ns = None
                watch.tripped = False
                watch.finding = None
        return remaining
