"""The rig's alarm list, fed by the scan: conditions, what units and lines report, the record.

It only tells. What a condition takes away it takes in the guard, whether its alarm is shelved or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from rig.engine.clearing import CLEARED
from rig.engine.keeping import Keeping
from rig.engine.marks import Marks
from rig.engine.states import State
from rig.readings import NS, Readings
from rig.safety import alarms_other as other
from rig.safety.alarms import AlarmDefinition, of_condition
from rig.safety.alarms_list import SHELVE_S, AlarmList, AlarmRefused
from rig.safety.alarms_metrics import KIND
from rig.safety.alarms_one import Alarm, Change
from rig.safety.alarms_states import WORDS
from rig.safety.conditions import Interlocks
from rig.safety.furnace_facts import FurnaceFacts

if TYPE_CHECKING:
    from rig.engine.books import Books
    from rig.engine.unit import Unit
    from rig.lines.line import Line

FLOOD: Final = "alarm-flood"
TRUST: Final = "trust"
COMMANDS: Final = ("ack", "shelve", "unshelve", "out-of-service", "into-service", TRUST)
NOTED: Final = frozenset({"alarm", "breach", CLEARED, "error", "state"})
"""Kinds of events that the list looks at."""


class _Write(Protocol):
    def __call__(self, kind: str, data: dict[str, Any], unit: str | None = None) -> object: ...


class _Feed:
    """One unit's conditions, and up to where the list has followed them."""

    __slots__ = ("interlocks", "seen", "tripped", "unit")

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.interlocks: Interlocks = unit.spec.interlocks
        self.seen = 0
        self.tripped: set[str] = set()


def definitions(
    unit: str, interlocks: Interlocks, supplies: bool, members: Iterable[str], furnace: bool = False
) -> list[AlarmDefinition]:
    """Every alarm of one unit: its conditions, then what else it can have. supplies: it has high voltage; furnace: it
    has a thermocouple."""
    found = [of_condition(condition, unit) for condition in interlocks.conditions]
    if supplies:
        found.append(other.hv_unproved(unit))
    if furnace:
        found += [other.thermocouple_doubted(unit), other.tube_shut(unit)]
    found += [other.not_off(unit), other.step_failed(unit), other.breach(unit)]
    return found + [other.instrument_lost(name, unit) for name in sorted(members)]


def unit_definitions(unit: Unit) -> list[AlarmDefinition]:
    """Every alarm of a unit."""
    spec = unit.spec
    furnace = isinstance(spec.facts, FurnaceFacts)
    return definitions(
        unit.name, spec.interlocks, bool(spec.proofs), spec.members | set(spec.outputs), furnace
    )


def rig_definitions(instruments: Iterable[str]) -> list[AlarmDefinition]:
    """What belongs to no unit. instruments: those that are no unit's own."""
    found = [other.internal_error(), other.record_failed(), other.marks_lost()]
    return found + [other.instrument_lost(name, other.RIG) for name in sorted(instruments)]


class Alarming:
    """The list, what feeds it, and what people may do with it. `scan` costs next to nothing while nothing happens."""

    def __init__(
        self,
        lines: Mapping[str, Line],
        books: Books,
        write: _Write,
        now: Callable[[], int],
        readings: Callable[[], Readings],
    ) -> None:
        self.list = AlarmList([other.internal_error(), other.record_failed(), other.marks_lost()])
        self._readings = readings
        self._lines = lines
        self._books = books
        self._write = write
        self._now = now
        self._units: dict[str, Unit] = {}
        self._feeds: list[_Feed] = []
        self._dirty = False
        self._reported = False
        self._watching: set[str] = set()
        """Alarms raised by an event, whose end has to be looked for."""
        self._record_failed: str | None = None
        self._flood = False
        self._hiding = False
        self._revealing = False
        """An alarm of class safety is shelved or out of service: it is announced as long as something is live."""
        self.keeping: Keeping | None = None
        self._cleared_by: dict[str, str] = {}

    def add(self, unit: Unit) -> None:
        """Take a unit's alarms in; before the first scan."""
        for definition in unit_definitions(unit):
            self._add(definition)
        self._units[unit.name] = unit
        self._feeds.append(_Feed(unit))
        self.list.state_of_unit(unit.name, unit.state.value, self._now())

    def begin(self) -> None:
        """Every unit is there: what is left over is the rig's."""
        own = {name for unit in self._units.values() for name in (*unit.spec.members, *unit.spec.outputs)}
        every = {member for line in self._lines.values() for member in line.members}
        for definition in rig_definitions(every - own):
            self._add(definition)

    def restore(self, marks: Marks) -> None:
        """Take over what an earlier program left of this rig, and keep what changes from now on; before any scan."""
        self.keeping = Keeping(marks, self.list, self._write)
        self.keeping.restore(self._units.values(), self._now())
        self._dirty = True

    def _add(self, definition: AlarmDefinition) -> None:
        # An instrument that two units share, and what belongs to no unit, stands in the list once.
        shared = definition.tag.startswith("instrument-lost:") or definition.group == other.RIG
        if not shared or definition.tag not in self.list.alarms:
            self.list.add(definition)

    # Fed

    def note(self, kind: str, data: Mapping[str, Any]) -> None:
        """An event of a kind in NOTED was written."""
        now_ns, unit = self._now(), str(data.get("unit") or "")
        if kind == "alarm":
            self._raise(f"{data.get('tag')}:{unit}", str(data.get("text")), now_ns)
        elif kind == "breach":
            self._raise(f"{other.BREACH}:{unit}", str(data.get("text")), now_ns)
        elif kind == CLEARED:
            self._cleared_by[unit] = str(data.get("by"))
            for feed in self._feeds:
                if feed.unit.name == unit:
                    self._follow(feed, now_ns)
            del self._cleared_by[unit]
        elif kind == "error":
            self._raise(other.INTERNAL, str(data.get("text")), now_ns)
        else:
            if data.get("to") == State.CLEARING:
                self._cleared_by[unit] = str(data.get("user"))
            elif data.get("to") != State.STOPPED:
                self._cleared_by.pop(unit, None)  # what is released from here on nobody has cleared
            elif data.get("from") == State.CLEARING and data.get("to") == State.STOPPED:
                user = self._cleared_by.get(unit, "system")
                for name in (other.FAILED, other.BREACH):
                    self.list.cleared(f"{name}:{unit}", user, now_ns)
            self.list.state_of_unit(unit, str(data.get("to")), now_ns)
            self._dirty = True

    def _raise(self, tag: str, text: str, now_ns: int) -> None:
        if tag in self.list.alarms:
            self.list.signal(tag, True, now_ns, text)
            self._watching.add(tag)
            self._dirty = True

    def report(self) -> None:
        """A line has reported something: instruments are looked at in this scan."""
        self._reported = True

    def scan(self, now_ns: int, readings: Readings, quality_changed: bool) -> None:
        """Once a scan, at its end. quality_changed: a reading has become good or bad since the last one."""
        for feed in self._feeds:
            if feed.interlocks.changes != feed.seen:
                self._follow(feed, now_ns)
        failed = None
        for book in self._books.open:
            failed = book.record.failed or failed
        if failed != self._record_failed:
            self._record_failed = failed
            self.list.signal(other.RECORD, failed is not None, now_ns, failed or "")
            self._dirty = True
        if quality_changed or self._reported:
            self._reported = False
            self._look_at_instruments(now_ns, readings)
        if self._watching:
            self._look_for_ends(now_ns)
        if self.keeping is not None and self.keeping.look(now_ns):
            self._dirty = True
        if self._hiding or self._revealing:
            live = self.hazard() is not None
            self._dirty = self._dirty or (self._hiding if live else self._revealing)
        if self._dirty or now_ns >= self.list.due_ns:
            self._settle(now_ns)

    def _follow(self, feed: _Feed, now_ns: int) -> None:
        """Take over what conditions have become tripped, active or neither."""
        feed.seen = feed.interlocks.changes
        name = feed.unit.name
        user = self._cleared_by.get(name, "system")
        for condition in feed.interlocks.conditions:
            tag, watch = condition.tag, feed.interlocks.watches[condition.tag]
            text = watch.finding.text if watch.finding is not None else ""
            if watch.tripped:
                if tag not in feed.tripped:
                    # It may have come and gone between two looks: the list is to have seen it.
                    feed.tripped.add(tag)
                    self.list.observe(tag, True, now_ns, text, watch.since_ns)
                self.list.observe(tag, watch.active, now_ns, text, watch.since_ns)
            elif tag in feed.tripped:
                feed.tripped.discard(tag)
                if condition.latch:
                    self.list.cleared(tag, user, now_ns)
                else:
                    self.list.observe(tag, False, now_ns)
        self._dirty = True

    def _look_at_instruments(self, now_ns: int, readings: Readings) -> None:
        for line in self._lines.values():
            for member in line.members.values():
                tag = f"instrument-lost:{member.name}"
                why = _lost(line, member.connected, member.names.values(), readings)
                if tag in self.list.alarms and (why is not None) is not self.list.alarms[tag].found:
                    text = why or ""
                    named = text if text.startswith(member.name) else f"{member.name}: {text}"
                    self.list.signal(tag, why is not None, now_ns, named)
                    self._dirty = True

    def _look_for_ends(self, now_ns: int) -> None:
        for tag in list(self._watching):
            name, _, unit_name = tag.partition(":")
            unit = self._units.get(unit_name)
            if unit is None:
                continue  # an internal error has no end in this process
            there = unit.state is State.ABORTING
            if name in (other.UNPROVED, other.NOT_OFF):
                there = unit.unproved if name == other.UNPROVED else unit.settling.overdue()
            elif name == other.TUBE_SHUT:
                there = unit.tube_shut
            if not there:
                self._watching.discard(tag)
                self.list.signal(tag, False, now_ns)
                self._dirty = True

    def _settle(self, now_ns: int) -> None:
        self._dirty = False
        if self.list.hides_safety or self.list.reveals:
            why = self.hazard()
            if why is not None:
                self.list.reveal_safety(why, now_ns)
            else:
                self.list.cover_again(now_ns)
        for change in self.list.settle(now_ns):
            self._journal(change)
        self._hiding, self._revealing = self.list.hides_safety, self.list.reveals
        if self.keeping is not None:
            self.keeping.keep()
        if self.list.flood is not self._flood:
            self._flood = self.list.flood
            self._write(FLOOD, {"on": self._flood})

    def _journal(self, change: Change) -> None:
        data: dict[str, Any] = {
            "tag": change.tag,
            "unit": change.group,
            "from": change.before.value,
            "to": change.after.value,
            "trigger": change.trigger,
            "priority": change.priority.value,
            "first_out": change.first_out,
            "text": change.text,
            "by": change.by,
        }
        if change.reason is not None:
            data["reason"] = change.reason
        if change.until_ns is not None:
            data["until_s"] = change.until_ns / NS
        self._write(KIND, data, change.group if change.group in self._units else None)

    # Asked and told

    def hazard(self) -> str | None:
        """What is live or hot now, in words: nothing of class safety is silenced then."""
        for unit in self._units.values():
            for proof in unit.proofs.values():
                if not proof.proved:
                    return f"{proof.supply} is not proved off"
            left = unit.spec.left
            hot = left(self._readings()) if left is not None else None
            if hot is not None:
                return hot
        return None

    def command(self, word: str, request: Mapping[str, Any], user: str) -> list[str]:
        """Do one of COMMANDS; the tags it was done to. Raises AlarmRefused.

        request: tag (None with `ack`: all there are), reason, minutes (of a shelf), role.
        """
        now_ns = self._now()
        tag, reason = request.get("tag"), str(request.get("reason") or "")
        role = str(request.get("role") or "")
        if word == "ack":
            tags = [str(tag)] if tag is not None else self.list.unacknowledged()
            if not tags:
                raise AlarmRefused("there is nothing to acknowledge")
            for one in tags:
                self.list.acknowledge(one, user, now_ns)
        else:
            if not isinstance(tag, str):
                raise AlarmRefused(
                    f"{word} needs the tag of an alarm" + (", or a furnace" if word == TRUST else "")
                )
            tags = [tag]
            self._hide(word, tag, reason, role, user, _seconds(request.get("minutes")), now_ns)
        self._settle(now_ns)
        return tags

    def _hide(
        self, word: str, tag: str, reason: str, role: str, user: str, seconds: float, now_ns: int
    ) -> None:
        if word == "shelve":
            self.list.shelve(tag, user, reason, now_ns, seconds, self.hazard())
        elif word == "unshelve":
            self.list.unshelve(tag, user, now_ns)
        elif word == "out-of-service":
            self.list.out_of_service(tag, user, role, reason, now_ns, self.hazard())
        elif word == "into-service":
            self.list.into_service(tag, user, role, now_ns)
        elif word == TRUST:
            if self.keeping is None:
                raise AlarmRefused("nothing is kept of this rig")
            self.keeping.trust(tag, user, reason, self._readings())
        else:
            raise AlarmRefused(f"nothing is known of {word!r} (there are: {', '.join(COMMANDS)})")

    def listed(self) -> list[dict[str, Any]]:
        """What is not normal, as plain data: the first of each group on top."""
        return [_as_data(alarm) for alarm in self.list.listed()]


def _seconds(minutes: Any) -> float:
    if minutes is None:
        return SHELVE_S
    if isinstance(minutes, bool) or not isinstance(minutes, int | float):
        raise AlarmRefused(f"{minutes!r} is no number of minutes")
    return float(minutes) * 60.0


def _lost(line: Line, connected: bool, channels: Iterable[str], readings: Readings) -> str | None:
    """Why nothing good comes from an instrument, or None."""
    if line.abandoned:
        return "its line has been given up"
    if not connected:
        return "it does not answer"
    read = [reading for name in channels if (reading := readings.get(name)) is not None]
    if read and all(reading.why is not None for reading in read):
        return read[0].why
    return None


def _as_data(alarm: Alarm) -> dict[str, Any]:
    definition, state = alarm.definition, alarm.state
    data: dict[str, Any] = {
        "tag": definition.tag,
        "unit": definition.group,
        "title": definition.title,
        "state": state.value,
        "state_text": WORDS[state],
        "priority": definition.priority.value,
        "first_out": alarm.first_out,
        "active": alarm.active,
        "text": alarm.text,
        "since_s": alarm.since_ns / NS,
        "what_to_do": definition.what_to_do,
        "acknowledged_by": alarm.acknowledged_by,
    }
    shelf = alarm.service or alarm.shelf
    if shelf is not None:
        data |= {"by": shelf.user, "reason": shelf.reason, "out_of_service": alarm.service is not None}
        if alarm.service is None:
            data["until_s"] = shelf.until_ns / NS
    return data
