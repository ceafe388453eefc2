"""All alarms of a rig: signals go in, changes of state come out, people acknowledge, shelve and reset.

Pure: time comes in as integer nanoseconds of the run's clock, so that delays do not know the computer's clock. Nothing
here takes an output away or gives it back: shelving a door's alarm silences it, and the door still trips.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from rig.readings import NS
from rig.safety.alarms import RANK, AlarmDefinition
from rig.safety.alarms_one import NEVER, Alarm, Change, Shelf
from rig.safety.alarms_states import UNACKNOWLEDGED, AlarmState, Input, refusal
from rig.safety.priorities import Priority

SHELVE_S: Final = 1800.0
LONGEST_SHELF_S: Final = 8 * 3600.0
MAINTAINER: Final = "maintainer"
KEPT: Final = "kept"
"""The trigger of what an earlier program has left."""

FLOOD_WINDOW_NS: Final = 600 * NS
FLOOD_STARTS: Final = 11
FLOOD_ENDS_BELOW: Final = 5
SOUNDING_IN_FLOOD: Final = frozenset({Priority.HIGHEST, Priority.HIGH})


class AlarmRefused(ValueError):
    """What a person asked of an alarm is not taken; the text says why."""


class AlarmList:
    """due_ns: when the list has something to do by itself; flood: more alarms have come than a person can read.

    Signals, commands, then `settle`: it marks the first of each group, whatever the order within one scan was.
    """

    def __init__(self, definitions: Iterable[AlarmDefinition] = ()) -> None:
        self.alarms: dict[str, Alarm] = {}
        self.due_ns = NEVER
        self.flood = False
        self._announced: deque[int] = deque()
        self._fresh: list[Alarm] = []
        self._first: dict[str, Alarm] = {}
        self._changes: list[Change] = []
        for definition in definitions:
            self.add(definition)

    def add(self, definition: AlarmDefinition) -> None:
        """Take a definition in. Raises ValueError when its tag is there already."""
        if definition.tag in self.alarms:
            raise ValueError(f"two alarms with the tag {definition.tag!r}")
        self.alarms[definition.tag] = Alarm(definition, len(self.alarms))

    # What comes from the process

    def signal(self, tag: str, found: bool, now_ns: int, text: str = "") -> None:
        """The cause is there, or is not; the alarm's own delays are still to pass."""
        alarm = self.alarms[tag]
        if found and text:
            alarm.text = text
        if found is not alarm.found:
            alarm.found, alarm.turned_ns = found, now_ns
        self._look(alarm, now_ns)

    def observe(
        self, tag: str, active: bool, now_ns: int, text: str = "", since_ns: int | None = None
    ) -> None:
        """The same after its delays, which somebody else has kept. since_ns: when the cause was seen first."""
        alarm = self.alarms[tag]
        if active and text:
            alarm.text = text
        if active is not alarm.active:
            alarm.found, alarm.turned_ns = active, now_ns if since_ns is None else since_ns
            self._set_active(alarm, now_ns)

    def cleared(self, tag: str, user: str, now_ns: int) -> None:
        """A person at the rig has cleared the trip behind it, which acknowledges it too."""
        alarm = self.alarms[tag]
        alarm.found = alarm.active = False
        before = alarm.state
        for what in (Input.CLEAR, Input.ACKNOWLEDGE, Input.RESET):
            alarm.take(what)
        self._note(alarm, before, Input.RESET, now_ns, user)

    def state_of_unit(self, group: str, state: str, now_ns: int) -> None:
        """A unit is in another state: what is declared to be silent there is suppressed by design."""
        for alarm in self.alarms.values():
            shown_in = alarm.definition.shown_in
            if alarm.definition.group != group or not shown_in:
                continue
            silent = state not in shown_in
            if silent is alarm.suppressed:
                continue
            before = alarm.state
            alarm.suppressed = silent
            self._uncover(alarm, before, f"{group} is {state}", now_ns, "system")

    # What people do

    def acknowledge(self, tag: str, user: str, now_ns: int) -> None:
        """Somebody has seen it. A latched trip stays what it is. Raises AlarmRefused."""
        self._by_hand(tag, Input.ACKNOWLEDGE, user, now_ns)

    def unacknowledged(self) -> list[str]:
        """Tags of what is announced and nobody has acknowledged, as they are listed."""
        return [alarm.definition.tag for alarm in self.listed() if alarm.state in UNACKNOWLEDGED]

    def reset(self, tag: str, user: str, now_ns: int) -> None:
        """End a latched alarm whose cause has gone. Raises AlarmRefused."""
        self._by_hand(tag, Input.RESET, user, now_ns)

    def shelve(
        self,
        tag: str,
        user: str,
        reason: str,
        now_ns: int,
        seconds: float = SHELVE_S,
        hazard: str | None = None,
    ) -> None:
        """Do not announce it for a while. hazard: what is live now, for alarms of class safety. Raises AlarmRefused."""
        alarm = self._known(tag)
        _named(user, reason, "shelving")
        if not 0 < seconds <= LONGEST_SHELF_S:
            raise AlarmRefused(
                f"{tag} can be shelved for more than nought and at most {LONGEST_SHELF_S / 3600:g} h, "
                f"not for {seconds / 3600:g} h"
            )
        self._harmless(alarm, hazard, "shelved")
        if alarm.service is not None:
            raise AlarmRefused(f"{tag} is out of service")
        before = alarm.state
        alarm.shelf = Shelf(user, reason, now_ns + round(seconds * NS), now_ns)
        self._note(alarm, before, "shelve", now_ns, user, reason, alarm.shelf.until_ns)

    def unshelve(self, tag: str, user: str, now_ns: int) -> None:
        """Announce it again. Raises AlarmRefused when it is not shelved."""
        alarm = self._known(tag)
        if alarm.shelf is None:
            raise AlarmRefused(f"{tag} is not shelved")
        self._off_the_shelf(alarm, "unshelve", now_ns, user)

    def out_of_service(
        self, tag: str, user: str, role: str, reason: str, now_ns: int, hazard: str | None = None
    ) -> None:
        """Take it out of service until somebody brings it back. Raises AlarmRefused."""
        alarm = self._known(tag)
        _maintainer(tag, role)
        _named(user, reason, "taking out of service")
        self._harmless(alarm, hazard, "taken out of service")
        if alarm.service is not None:
            raise AlarmRefused(f"{tag} is out of service already")
        before = alarm.state
        alarm.service = Shelf(user, reason, NEVER, now_ns)
        self._note(alarm, before, "out-of-service", now_ns, user, reason)

    def into_service(self, tag: str, user: str, role: str, now_ns: int) -> None:
        """Bring it back. Raises AlarmRefused."""
        alarm = self._known(tag)
        _maintainer(tag, role)
        if alarm.service is None:
            raise AlarmRefused(f"{tag} is not out of service")
        before = alarm.state
        alarm.service, alarm.revealed = None, False
        self._uncover(alarm, before, "into-service", now_ns, user)

    def restore(self, tag: str, shelf: Shelf, now_ns: int) -> None:
        """Take over a shelf, or with no end what is out of service, from an earlier program. Unknown tags: nothing."""
        alarm = self.alarms.get(tag)
        if alarm is None:
            return
        before = alarm.state
        if shelf.until_ns == NEVER:
            alarm.service = shelf
            self._note(alarm, before, KEPT, now_ns, shelf.user, shelf.reason)
        else:
            alarm.shelf = shelf
            self._note(alarm, before, KEPT, now_ns, shelf.user, shelf.reason, shelf.until_ns)

    @property
    def hides_safety(self) -> bool:
        """Whether an alarm of class safety is shelved or out of service, and silent for it."""
        return any(
            alarm.definition.safety
            and (alarm.shelf is not None or (alarm.service is not None and not alarm.revealed))
            for alarm in self.alarms.values()
        )

    @property
    def reveals(self) -> bool:
        """Whether an alarm is out of service and announced all the same."""
        return any(alarm.revealed for alarm in self.alarms.values())

    def reveal_safety(self, why: str, now_ns: int) -> None:
        """Something dangerous is live again: a shelf of an alarm of class safety ends, and one out of service is
        announced as long as that lasts."""
        for alarm in self.alarms.values():
            if not alarm.definition.safety:
                continue
            if alarm.shelf is not None or (alarm.service is not None and not alarm.revealed):
                before = alarm.state
                alarm.shelf, alarm.revealed = None, alarm.service is not None
                self._uncover(alarm, before, why, now_ns, "system")

    def cover_again(self, now_ns: int) -> None:
        """Nothing dangerous is live any more: what is out of service is silent again."""
        for alarm in self.alarms.values():
            shelf = alarm.service
            if alarm.revealed and shelf is not None:
                before = alarm.state
                alarm.revealed = False
                self._note(alarm, before, "nothing is live", now_ns, shelf.user, shelf.reason)

    # Once a scan, when there is something to do

    def settle(self, now_ns: int) -> list[Change]:
        """Let delays and shelves end, mark the first of each group, look for a flood; the changes since last time."""
        for alarm in self.alarms.values():
            if alarm.due_ns() <= now_ns:
                self._look(alarm, now_ns)
        self._mark_first()
        self._look_for_flood(now_ns)
        self.due_ns = min([alarm.due_ns() for alarm in self.alarms.values()], default=NEVER)
        if self.flood and len(self._announced) >= FLOOD_ENDS_BELOW:
            self.due_ns = min(self.due_ns, self._announced[-FLOOD_ENDS_BELOW] + FLOOD_WINDOW_NS)
        changes, self._changes = self._changes, []
        for change in changes:
            change.first_out = self.alarms[change.tag].first_out
        return changes

    def listed(self) -> list[Alarm]:
        """What is not normal: the first of each group on top, then by priority, newest last; hidden ones at the end."""
        return sorted(
            (alarm for alarm in self.alarms.values() if alarm.listed),
            key=lambda alarm: (
                alarm.hidden,
                not alarm.first_out,
                RANK[alarm.definition.priority],
                alarm.state not in UNACKNOWLEDGED,
                alarm.since_ns,
                alarm.rank,
            ),
        )

    def sounding(self) -> list[Alarm]:
        """What calls for somebody: active and not acknowledged; in a flood only the two highest priorities."""
        return [
            alarm
            for alarm in self.alarms.values()
            if alarm.state is AlarmState.UNACKNOWLEDGED
            and (not self.flood or alarm.definition.priority in SOUNDING_IN_FLOOD)
        ]

    # Inside

    def _known(self, tag: str) -> Alarm:
        alarm = self.alarms.get(tag)
        if alarm is None:
            raise AlarmRefused(f"there is no alarm {tag!r} on this rig")
        return alarm

    def _by_hand(self, tag: str, what: Input, user: str, now_ns: int) -> None:
        alarm = self._known(tag)
        why = refusal(alarm.state, what)
        if why is not None:
            raise AlarmRefused(f"{tag}: {why}")
        before = alarm.state
        alarm.take(what)
        if what is Input.ACKNOWLEDGE:
            alarm.acknowledged_ns, alarm.acknowledged_by = now_ns, user
        self._note(alarm, before, what, now_ns, user)

    @staticmethod
    def _harmless(alarm: Alarm, hazard: str | None, what: str) -> None:
        if hazard is not None and alarm.definition.safety:
            raise AlarmRefused(f"{alarm.definition.tag} is of class safety and is not {what} now: {hazard}")

    def _look(self, alarm: Alarm, now_ns: int) -> None:
        """What is due of one alarm by itself."""
        if alarm.found is not alarm.active and now_ns - alarm.turned_ns >= alarm.delay_ns:
            self._set_active(alarm, now_ns)
        if alarm.shelf is not None and now_ns >= alarm.shelf.until_ns:
            self._off_the_shelf(alarm, "shelf-ends", now_ns, "system")
        again_s = alarm.definition.re_alarm_s
        if (
            again_s is not None
            and alarm.process is AlarmState.ACKNOWLEDGED
            and now_ns - alarm.acknowledged_ns >= round(again_s * NS)
        ):
            before = alarm.state
            alarm.take(Input.RE_ALARM)
            self._note(alarm, before, Input.RE_ALARM, now_ns, "system")

    def _set_active(self, alarm: Alarm, now_ns: int) -> None:
        before = alarm.state
        alarm.active = alarm.found
        if alarm.active:
            alarm.since_ns, alarm.acknowledged_by = now_ns, None
        what = Input.ACTIVE if alarm.active else Input.CLEAR
        alarm.take(what)
        self._note(alarm, before, what, now_ns, "system")

    def _off_the_shelf(self, alarm: Alarm, trigger: str, now_ns: int, user: str) -> None:
        before = alarm.state
        alarm.shelf = None
        self._uncover(alarm, before, trigger, now_ns, user)

    def _uncover(self, alarm: Alarm, before: AlarmState, trigger: str, now_ns: int, user: str) -> None:
        if not alarm.hidden:
            alarm.uncovered()
        self._note(alarm, before, trigger, now_ns, user)

    def _note(
        self,
        alarm: Alarm,
        before: AlarmState,
        trigger: str,
        now_ns: int,
        user: str,
        reason: str | None = None,
        until_ns: int | None = None,
    ) -> None:
        state, definition = alarm.state, alarm.definition
        if state is before and until_ns is None:
            return
        if state is AlarmState.UNACKNOWLEDGED:
            alarm.announced += 1
            self._announced.append(now_ns)
            self._fresh.append(alarm)
        if not alarm.listed and {before, state} == {AlarmState.NORMAL, AlarmState.SUPPRESSED}:
            return  # silent in this state of its unit, and nothing is there: that is no news
        self._changes.append(
            Change(
                now_ns, definition.tag, definition.group, before, state, str(trigger), definition.priority,
                alarm.text, user, reason, until_ns,
            )
        )  # fmt: skip

    def _mark_first(self) -> None:
        for group, first in list(self._first.items()):
            members = (alarm for alarm in self.alarms.values() if alarm.definition.group == group)
            if all(alarm.hidden or alarm.process is AlarmState.NORMAL for alarm in members):
                first.first_out = False
                del self._first[group]
        fresh, self._fresh = self._fresh, []
        for alarm in sorted(fresh, key=lambda alarm: (alarm.turned_ns, alarm.rank)):
            group = alarm.definition.group
            if group not in self._first and alarm.process is not AlarmState.NORMAL:
                self._first[group] = alarm
                alarm.first_out = True

    def _look_for_flood(self, now_ns: int) -> None:
        announced = self._announced
        while announced and now_ns - announced[0] >= FLOOD_WINDOW_NS:
            announced.popleft()
        if len(announced) >= FLOOD_STARTS:
            self.flood = True
        elif len(announced) < FLOOD_ENDS_BELOW:
            self.flood = False


def _named(user: str, reason: str, what: str) -> None:
    if not user.strip() or not reason.strip():
        raise AlarmRefused(f"{what} needs the name of a person and a reason")


def _maintainer(tag: str, role: str) -> None:
    if role != MAINTAINER:
        raise AlarmRefused(
            f"{tag} goes out of service and back by the role {MAINTAINER!r} only, not {role or 'none'!r}"
        )
