"""What is kept of a rig (`marks.py`) in the scan: restored at the start, kept as it changes, ended by a person.

An alarm out of service stays so from program to program until a maintainer brings it back, a shelf until its end. A
thermocouple that was in doubt stays in doubt: after a restart its tube counts as hot as it can be, whatever it reads,
until a person at the rig vouches for it with name and reason. Neither touches what a condition takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rig.engine.marks import Doubt, Hidden, Marks
from rig.readings import NS
from rig.safety import alarms_other as other
from rig.safety.alarms_list import LONGEST_SHELF_S, AlarmList, AlarmRefused
from rig.safety.alarms_one import NEVER, Shelf
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.heating import DOUBTING

if TYPE_CHECKING:
    from rig.engine.unit import Unit
    from rig.readings import Readings

DOUBT: Final = "doubt"
TRUSTED: Final = "trusted"
SAID_BEFORE: Final = "said-before"
"""Events: a thermocouple is in doubt, a person vouches for it, something was said while no program watched."""

Writer = Callable[[str, dict[str, Any]], object]


class Keeping:
    """One rig's. `restore` before the first scan, `look` at each, `keep` whenever the list has settled."""

    def __init__(self, marks: Marks, alarms: AlarmList, write: Writer) -> None:
        self._marks = marks
        self._alarms = alarms
        self._write = write
        self._units: dict[str, Unit] = {}
        self._held: tuple[dict[str, Shelf], dict[str, Shelf]] | None = None
        self._said: str | None = None

    # At the start

    def restore(self, units: Iterable[Unit], now_ns: int) -> None:
        """Take over what an earlier program left, and say so."""
        marks, kept = self._marks, self._marks.kept
        self._units = {unit.name: unit for unit in units if isinstance(unit.spec.facts, FurnaceFacts)}
        for word in kept.said:
            said = {
                "word": word.word,
                "what": word.what,
                "by": word.user,
                "reason": word.reason,
                "at": word.at,
            }
            self._write(SAID_BEFORE, said)
        for tag, one in kept.out_of_service.items():
            self._alarms.restore(tag, self._shelf(one, NEVER), now_ns)
        for tag, one in kept.shelved.items():
            until_ns = marks.ns(str(one.until))
            # A clock that was put back or on: the alarm is rather in service than hidden for too long.
            if marks.ns(one.at) <= now_ns < until_ns <= now_ns + round(LONGEST_SHELF_S * NS):
                self._alarms.restore(tag, self._shelf(one, until_ns), now_ns)
        if marks.damaged is not None:
            unknown = Doubt(marks.utc(now_ns), "what was kept of it is lost")
            marks.change(doubted=dict.fromkeys(self._units, unknown), said=())
        elif kept.said:
            marks.change(said=())
        for name, doubt in marks.kept.doubted.items():
            if name in self._units:
                _facts(self._units[name]).doubt_again()
                self._write(DOUBT, {"unit": name, "since": doubt.at, "why": doubt.why, "from_before": True})
                self._signal(name, doubt, now_ns)
        self._look_at_file(now_ns)

    def _shelf(self, one: Hidden, until_ns: int) -> Shelf:
        return Shelf(one.user, one.reason, until_ns, self._marks.ns(one.at))

    # In the scan

    def look(self, now_ns: int) -> bool:
        """A doubt that has just arisen, a file that cannot be written; whether there is something new to tell."""
        new = self._marks.failed != self._said
        if new:
            self._look_at_file(now_ns)
        for name, unit in self._units.items():
            facts = unit.spec.facts
            if facts.doubted and name not in self._marks.kept.doubted:
                self._doubt(unit, now_ns)
                new = True
        return new

    def _look_at_file(self, now_ns: int) -> None:
        self._said = self._marks.failed
        text = self._marks.failed or self._marks.damaged
        self._alarms.signal(other.MARKS, text is not None, now_ns, text or "")

    def _doubt(self, unit: Unit, now_ns: int) -> None:
        tripped = [tag for tag in DOUBTING if unit.spec.interlocks.tripped(f"{tag}:{unit.name}")]
        doubt = Doubt(self._marks.utc(now_ns), ", ".join(tripped))
        self._marks.change(doubted={**self._marks.kept.doubted, unit.name: doubt})
        self._write(DOUBT, {"unit": unit.name, "since": doubt.at, "why": doubt.why, "from_before": False})
        self._signal(unit.name, doubt, now_ns)

    def _signal(self, furnace: str, doubt: Doubt, now_ns: int) -> None:
        text = f"The thermocouple of {furnace} is in doubt since {doubt.at} ({doubt.why})."
        self._alarms.signal(other.doubted_tag(furnace), True, now_ns, text)

    def keep(self) -> None:
        """Have on file what is hidden now. A mark of an alarm that this rig does not have (any more) stays as it is."""
        alarms = self._alarms.alarms
        service = {tag: one.service for tag, one in alarms.items() if one.service is not None}
        shelved = {tag: one.shelf for tag, one in alarms.items() if one.shelf is not None}
        if (service, shelved) == self._held:
            return
        self._held = (service, shelved)
        kept = self._marks.kept
        self._marks.change(
            out_of_service=self._hidden(kept.out_of_service, service),
            shelved=self._hidden(kept.shelved, shelved),
        )

    def _hidden(self, kept: Mapping[str, Hidden], now: Mapping[str, Shelf]) -> dict[str, Hidden]:
        found = {tag: one for tag, one in kept.items() if tag not in self._alarms.alarms}
        for tag, one in now.items():
            until = None if one.until_ns == NEVER else self._marks.utc(one.until_ns)
            found[tag] = Hidden(one.user, one.reason, self._marks.utc(one.since_ns), until)
        return found

    # A person

    def trust(self, what: str, user: str, reason: str, readings: Readings) -> None:
        """A person at the rig vouches for a furnace's thermocouple. Raises AlarmRefused.

        what: the furnace, or the tag of its alarm. Whatever spoke against it is cleared before.
        """
        name = what.removeprefix(f"{other.DOUBTED}:")
        unit, doubt = self._units.get(name), self._marks.kept.doubted.get(name)
        if unit is None or doubt is None:
            doubted = ", ".join(name for name in self._marks.kept.doubted if name in self._units)
            raise AlarmRefused(
                f"the thermocouple of {name!r} is not in doubt (in doubt: {doubted or 'none'})"
            )
        if not user.strip() or not reason.strip():
            raise AlarmRefused("vouching for a thermocouple needs the name of a person and a reason")
        tripped = [tag for tag in DOUBTING if unit.spec.interlocks.tripped(f"{tag}:{name}")]
        if tripped:
            raise AlarmRefused(f"{tripped[0]}:{name} speaks against it: clear that first")
        channel = f"{name}.temperature_degc"
        if readings.value(channel) is None:
            raise AlarmRefused(f"{channel} cannot be read: {readings.explain(channel)}")
        _facts(unit).trust()
        self._marks.change(doubted={n: one for n, one in self._marks.kept.doubted.items() if n != name})
        self._alarms.signal(other.doubted_tag(name), False, readings.now_ns)
        self._write(
            TRUSTED, {"unit": name, "by": user, "reason": reason, "since": doubt.at, "why": doubt.why}
        )


def _facts(unit: Unit) -> FurnaceFacts:
    facts = unit.spec.facts
    assert isinstance(facts, FurnaceFacts)
    return facts
