"""One alarm's moving parts: is its cause there, for how long, has it been acknowledged, is it shelved."""

from __future__ import annotations

from dataclasses import dataclass

from rig.readings import NS
from rig.safety.alarms import AlarmDefinition
from rig.safety.alarms_states import OVERLAYS, AlarmState, Input, after
from rig.safety.priorities import Priority

NEVER: int = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """Why an alarm is not announced for a while, or (until_ns NEVER) is out of service, and by whose word.

    since_ns: below nought where it was so before this program began.
    """

    user: str
    reason: str
    until_ns: int
    since_ns: int = 0


@dataclass(slots=True)
class Change:
    """An alarm has gone from one state to another. by: who brought it about, "system" for the process itself."""

    t_ns: int
    tag: str
    group: str
    before: AlarmState
    after: AlarmState
    trigger: str
    priority: Priority
    text: str
    by: str
    reason: str | None = None
    until_ns: int | None = None
    first_out: bool = False


@dataclass(slots=True, eq=False)
class Alarm:
    """rank: its place among the definitions; process: A to F, whatever lies over it.

    found: what was signalled last, since turned_ns; active: the same after on-delay and off-delay; since_ns: since when
    it has been active, or was last; announced: how often it was; revealed: out of service, and announced all the same
    because something is live.
    """

    definition: AlarmDefinition
    rank: int
    process: AlarmState = AlarmState.NORMAL
    found: bool = False
    turned_ns: int = 0
    active: bool = False
    since_ns: int = 0
    acknowledged_ns: int = 0
    acknowledged_by: str | None = None
    text: str = ""
    first_out: bool = False
    announced: int = 0
    shelf: Shelf | None = None
    service: Shelf | None = None
    revealed: bool = False
    suppressed: bool = False

    @property
    def state(self) -> AlarmState:
        """Where it is, as it is shown."""
        if self.service is not None and not self.revealed:
            return AlarmState.OUT_OF_SERVICE
        if self.shelf is not None:
            return AlarmState.SHELVED
        if self.suppressed:
            return AlarmState.SUPPRESSED
        return self.process

    @property
    def hidden(self) -> bool:
        """Shelved, suppressed or out of service."""
        return self.state in OVERLAYS

    @property
    def listed(self) -> bool:
        """Whether there is something to show: not normal, and not only silent in this state of its unit."""
        if self.service is not None or self.shelf is not None:
            return True
        return self.process is not AlarmState.NORMAL

    def take(self, what: Input) -> None:
        """An input of the process, by the table."""
        self.process = after(self.process, what, self.definition.latching)

    def uncovered(self) -> None:
        """Nothing hides it any more: what is there is announced anew, what has gone without being latched is normal."""
        if self.active:
            self.process = AlarmState.UNACKNOWLEDGED
        elif self.process is AlarmState.RETURNED:
            self.process = AlarmState.NORMAL

    @property
    def delay_ns(self) -> int:
        """The delay that what was signalled last has to outlast."""
        seconds = self.definition.on_delay_s if self.found else self.definition.off_delay_s
        return round(seconds * NS)

    def due_ns(self) -> int:
        """When something happens to it by itself: a delay, a shelf's end, a re-alarm."""
        due = NEVER
        if self.found is not self.active:
            due = self.turned_ns + self.delay_ns
        if self.shelf is not None:
            due = min(due, self.shelf.until_ns)
        again_s = self.definition.re_alarm_s
        if again_s is not None and self.process is AlarmState.ACKNOWLEDGED:
            due = min(due, self.acknowledged_ns + round(again_s * NS))
        return due
