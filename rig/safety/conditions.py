"""Conditions: permissives on outputs, each declared once with everything a person has to know about it.

A condition is a permissive on outputs, never on a run. When its test finds something for longer than its on-delay while
it is armed (or in pieces, for half of a window: `lasting`), it *trips*: it takes its outputs away and asks the unit
for an action. A latched trip stays until a person clears it and the cause is gone. Closing a door again starts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from rig.outputs import GasOutput, Output
from rig.readings import NS, Readings
from rig.safety.lasting import Pieces, window_ns
from rig.safety.priorities import AtRisk, Priority, Respond, priority_of


class Then(StrEnum):
    """What the unit is asked to do when a condition trips; the next stronger legal one is taken if need be."""

    NONE = "none"
    HOLD = "hold"
    STOP = "stop"
    ABORT = "abort"


@dataclass(slots=True)
class OutputView:
    """One output as conditions and guard see it.

    wanted: the phase asks for it, or an order for it is under way. told_on: the instrument was told, or may have been
    told (unknown counts as on); told_ns: since when it has been told on, or off. proved_off: read back as off (pumps
    and supplies each in their own way). failed: what an order that failed said. lapsed: its line let it go because no
    scan renewed the lease. found: what a flow controller shows instead of what it was told and has acknowledged.

    Final and not frozen: views and situations are made at each scan, and a frozen dataclass takes five times as long.
    """

    name: Final[str]
    kind: Final[str]
    wanted: Final[bool] = False
    told: Final[Output | None] = None
    told_on: Final[bool] = True
    told_ns: Final[int] = 0
    proved_off: Final[bool] = False
    failed: Final[str | None] = None
    lapsed: Final[bool] = False
    found: Final[GasOutput | None] = None

    @property
    def live(self) -> bool:
        """On, wanted or unproved."""
        return self.wanted or self.told_on or not self.proved_off


@dataclass(slots=True)
class Situation:
    """What conditions of one unit look at, at one scan."""

    readings: Final[Readings]
    outputs: Final[Mapping[str, OutputView]]
    hv_live: Final[bool]
    pumps_live: Final[bool]
    facts: Final[Any] = None  # what the unit knows beyond readings (FurnaceFacts)
    at_work: Final[bool] = False  # the unit is in a state between Idle and its end, whatever is on

    @property
    def live(self) -> bool:
        """Whether any high voltage or pump of the unit is on, wanted or unproved."""
        return self.hv_live or self.pumps_live

    def wanting(self, names: Iterable[str]) -> Situation:
        """The same with these outputs wanted: what is asked for at this scan arms its conditions at this scan."""
        outputs = self.outputs
        new = [name for name in names if name in outputs and not outputs[name].wanted]
        if not new:
            return self
        outputs = {**outputs, **{name: replace(outputs[name], wanted=True) for name in new}}
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
    time from cause to effect that is promised; latch: stays until cleared by a person at the rig; clear_when: what else
    stands against clearing it when its cause is gone (an exhaust has to be good for ten minutes).

    As an alarm (rig/safety/alarms.py): limit: what the test holds the reading against, in words; measured_in: its unit,
    "state" for what is either so or not; dead_band: in that unit, by so much the reading has to be back inside before
    `release`, the test of a condition that has tripped, finds nothing any more; off_delay_s: for so long it has to
    find nothing; at_risk, respond: what can still come of it after all that, and the time a person has, which make its
    priority (rig/safety/priorities.py); shown_in: states of the unit in which it is announced, empty: all. Only what
    takes no output may be silent in a state.
    """

    tag: str
    title: str
    unit: str
    takes: tuple[str, ...]
    armed: Callable[[Situation], bool]
    test: Callable[[Situation], Finding | None]
    then: Then
    at_risk: AtRisk
    respond: Respond
    cause: str
    consequence: str
    what_to_do: str
    source: str
    on_delay_s: float = 0.0
    within_s: float = 0.5
    latch: bool = True
    outputs: frozenset[str] | None = None  # None: every output of the unit of a kind in `takes`
    limit: str = "healthy"
    measured_in: str = "state"
    dead_band: float = 0.0
    release: Callable[[Situation], Finding | None] | None = None
    off_delay_s: float = 0.0
    shown_in: frozenset[str] = frozenset()
    clear_when: Callable[[Situation], Finding | None] | None = None

    @property
    def priority(self) -> Priority:
        """By the rule."""
        return priority_of(self.at_risk, self.respond)

    def against_clearing(self, situation: Situation, active: bool = False) -> Finding | None:
        """Why a trip of it may not be cleared yet; looked for armed or not. active: it has not been back inside its
        dead band since."""
        test = self.release if active and self.release is not None else self.test
        finding = test(situation)
        if finding is None and self.clear_when is not None:
            finding = self.clear_when(situation)
        return finding


@dataclass(slots=True)
class Watch:
    """The moving part of a condition: since when it finds something, and whether it is tripped.

    pieces: what it found before that, coming and going (only of what takes an output); active: tripped, and the cause
    is still there (a latched trip outlives its cause); clear_ns: since when a tripped one has found nothing.
    """

    since_ns: int | None = None
    pieces: Pieces | None = None
    tripped: bool = False
    finding: Finding | None = None
    tripped_ns: int = 0
    active: bool = False
    clear_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """A condition that has just taken its outputs away."""

    condition: Condition
    finding: Finding
    t_ns: int


@dataclass(slots=True)
class Interlocks:
    """All conditions of one unit with their moving parts. changes: counts what became tripped, active or neither."""

    conditions: tuple[Condition, ...]
    watches: dict[str, Watch] = field(default_factory=dict)
    _watched: tuple[tuple[Condition, Watch], ...] = field(default=(), init=False, repr=False)
    changes: int = 0

    def __post_init__(self) -> None:
        for condition in self.conditions:
            if condition.tag in self.watches:
                raise ValueError(f"two conditions with the tag {condition.tag!r}")
            self.watches[condition.tag] = Watch()
        self._watched = tuple((condition, self.watches[condition.tag]) for condition in self.conditions)

    def evaluate(self, situation: Situation) -> list[Trip]:
        """Look at every condition; the trips that are new at this scan, in the order of declaration."""
        now_ns = situation.readings.now_ns
        trips = []
        for condition, watch in self._watched:
            armed = condition.armed(situation)
            finding = condition.test(situation) if armed else None
            if watch.tripped:
                finding = finding or self._lingers(condition, watch, situation)
            if finding is None:
                if watch.since_ns is not None or watch.pieces is not None:
                    self._breaks_off(condition, watch, armed, now_ns)
                if watch.tripped:
                    self._ease(condition, watch, now_ns)
                continue
            watch.finding = finding
            watch.clear_ns = None
            if watch.since_ns is None:
                watch.since_ns = now_ns
            if not watch.active and self._lasts(condition, watch, now_ns - watch.since_ns, now_ns):
                watch.active = True
                self.changes += 1
                if not watch.tripped:
                    watch.tripped = True
                    watch.tripped_ns = now_ns
                    trips.append(Trip(condition, finding, now_ns))
        return trips

    @staticmethod
    def _lasts(condition: Condition, watch: Watch, found_ns: int, now_ns: int) -> bool:
        """Whether it has been found for its on-delay, or in pieces for half of its window."""
        if found_ns >= condition.on_delay_s * NS:
            return True
        if watch.pieces is None:
            return False
        window = window_ns(condition.on_delay_s)
        return found_ns + watch.pieces.since(now_ns - window) >= window // 2

    @staticmethod
    def _breaks_off(condition: Condition, watch: Watch, armed: bool, now_ns: int) -> None:
        """It finds nothing any more; while it stays armed, what it found is kept as long as its window."""
        since_ns, watch.since_ns = watch.since_ns, None
        if not armed or not condition.takes or not condition.on_delay_s:
            watch.pieces = None
            return
        pieces = watch.pieces or Pieces()
        if since_ns is not None:
            pieces.add(since_ns, now_ns)
        watch.pieces = pieces if pieces.since(now_ns - window_ns(condition.on_delay_s)) else None

    @staticmethod
    def _lingers(condition: Condition, watch: Watch, situation: Situation) -> Finding | None:
        """What a tripped condition still finds, inside its dead band, or latched and not armed any more."""
        if condition.latch:
            return condition.against_clearing(situation, watch.active)
        if watch.active and condition.release is not None and condition.armed(situation):
            return condition.release(situation)
        return None

    def _ease(self, condition: Condition, watch: Watch, now_ns: int) -> None:
        """A tripped condition finds nothing: after its off-delay it is not active, and tripped only if it latches."""
        if watch.clear_ns is None:
            watch.clear_ns = now_ns
        if watch.active and now_ns - watch.clear_ns >= condition.off_delay_s * NS:
            watch.active = False
            watch.tripped = condition.latch
            self.changes += 1

    def taken(self, outputs: Iterable[OutputView]) -> dict[str, str]:
        """Outputs that tripped conditions take away at this scan, with the tag of the first that does."""
        gone: dict[str, str] = {}
        tripped = self.latched()
        if tripped:
            for output in outputs:
                for condition in tripped:
                    if output.kind in condition.takes and (
                        condition.outputs is None or output.name in condition.outputs
                    ):
                        gone.setdefault(output.name, condition.tag)
        return gone

    def tripped(self, tag: str) -> bool:
        """Whether the condition of this tag, if there is one, is tripped now."""
        watch = self.watches.get(tag)
        return watch is not None and watch.tripped

    def latched(self) -> list[Condition]:
        """Conditions that are tripped now."""
        return [condition for condition, watch in self._watched if watch.tripped]

    def release(self, tags: Iterable[str]) -> None:
        """Reset these trips without a person: for an arc within its rules, and for nothing else."""
        for tag in tags:
            watch = self.watches[tag]
            watch.since_ns = watch.pieces = None
            watch.tripped = False
            watch.finding = None
            watch.active = False
            self.changes += 1

    def remaining(self, situation: Situation) -> list[tuple[Condition, Finding]]:
        """Tripped conditions whose cause is still there, and what is found now; looked for armed or not."""
        found = (
            (condition, condition.against_clearing(situation, watch.active))
            for condition, watch in self._watched
            if watch.tripped
        )
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
                watch.since_ns = watch.pieces = watch.clear_ns = watch.finding = None
                watch.tripped = watch.active = False
                self.changes += 1
        return remaining
