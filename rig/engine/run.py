"""A run: a cursor over a recipe's visits. It starts each on its unit, and says by which name it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rig.engine.planning import Visit
from rig.engine.questions import BEGIN, Answer, Question
from rig.engine.states import Command, State
from rig.engine.unit import StepResult, Unit
from rig.readings import NS, Readings

_ENDING = frozenset({State.STOPPING, State.STOPPED, State.COMPLETE, State.ABORTING, State.ABORTED})

NOBODY = "nobody can be sent to the tube, and there is nobody who could attest"

UNATTESTED_NS = 600 * NS
"""Where nobody can attest (an unpaced simulation), an unproved output is waited for so long and then left, loudly."""


@dataclass(slots=True)
class Ending:
    """How the run ended; `reason` is None for a run that completed."""

    outcome: str
    early: bool = False
    reason: str | None = None


@dataclass(slots=True, eq=False)
class Run:
    """One recipe being made. `advance` is called by the engine at each scan.

    free: why another run still has a unit, or None where it may be taken. ask: asks a person at a unit. A run holds a
    unit from the beginning of a visit until it has put it back to Idle, or until it is closed.
    """

    run_id: str
    visits: Sequence[Visit]
    units: Mapping[str, Unit]
    someone_can_attest: bool
    user: str = "system"
    free: Callable[[str, Run], str | None] = lambda unit, run: None
    ask: Callable[[Unit, Question], Answer | None] = lambda unit, question: None
    index: int = -1
    held: set[str] = field(default_factory=set)
    under_way: bool = False
    waits_for: str | None = None
    """Why the next visit cannot begin yet."""
    ending: Ending | None = None
    closed: bool = False
    results: list[StepResult] = field(default_factory=list)
    early: bool = False
    left_unproved: bool = False
    alarms_before: Mapping[str, int] = field(default_factory=dict)
    """Alarms of each unit that belong to earlier runs."""
    ends_after_s: float | None = None
    """Manual work ends by itself so long after its visit began (safety rule 8)."""
    _visited: set[str] = field(default_factory=set)
    _ending_ns: int = 0
    _waited: bool = False
    asks_at: str | None = None
    """The unit at which it asks whether it may begin."""
    _began_ns: int = 0

    @property
    def unit(self) -> Unit:
        """The unit of the present visit, or of the last one."""
        return self.units[self.visits[max(self.index, 0)].unit]

    @property
    def state(self) -> State:
        """A run's state is that of its present visit's unit; Idle while it has none."""
        unit = self.unit
        return unit.state if self.index < 0 or unit.name in self.held else State.IDLE

    @property
    def step_id(self) -> str:
        """The present step, empty between visits."""
        phase = self.unit.phase if self.under_way else None
        return phase.step_id if phase is not None else ""

    @property
    def alarms(self) -> int:
        """Alarms since it began, of the units it visited and of those that no other run has."""
        names = self._visited | {unit.name for unit in self.concerned()}
        return sum(self.units[name].alarms - self.alarms_before.get(name, 0) for name in names)

    def advance(self, now_ns: int, readings: Readings) -> None:
        """Start the next visit, take notice of an ended one, close when nothing is unproved any more."""
        if self.closed:
            return
        if self.under_way:
            self._look(now_ns)
        self._put_back(now_ns, readings)
        if self.ending is not None:
            self._close_when_proved(now_ns, readings)
        elif not self.under_way:
            self._next_visit(now_ns)

    def _look(self, now_ns: int) -> None:
        """Whether the present visit has ended, and how; one whose time is over is stopped in order."""
        unit = self.unit
        limit_s = self.ends_after_s
        if limit_s is not None and now_ns - self._began_ns >= limit_s * NS and unit.machine.may(Command.STOP):
            unit.fire(Command.STOP, now_ns, f"manual work ends by itself after {limit_s / 60:.0f} min")
        if self._in_vain(unit, now_ns) and unit.state not in _ENDING:
            command = unit.machine.strongest_legal(Command.STOP)
            if command is not None:
                unit.fire(command, now_ns, f"{NOBODY}: {unit.kept_away}")
        state = unit.state
        if state is State.COMPLETE:
            self._visit_over(unit)
            self.early = self.early or unit.early
            if self.index + 1 == len(self.visits):
                self._end(now_ns, Ending("completed", self.early))
        elif state is State.STOPPED:
            self._visit_over(unit)
            self._end(now_ns, Ending("stopped", reason=unit.reason))
        elif state is State.ABORTED:
            self._visit_over(unit)
            self._end(now_ns, Ending("aborted", reason=unit.reason))

    def _in_vain(self, unit: Unit, now_ns: int) -> bool:
        """Whether a question waits for a tube, and neither time nor anybody will make an end of that."""
        since_ns = unit.stuck_ns
        return not self.someone_can_attest and since_ns is not None and now_ns - since_ns > UNATTESTED_NS

    def tubes(self) -> set[str]:
        """The units that it used last, and that nobody has taken since: what it left in a tube is still in there."""
        return {name for name in self._visited if self.units[name].visited_by == self.run_id}

    def _visit_over(self, unit: Unit) -> None:
        self.results += unit.results
        self.under_way = False

    def _put_back(self, now_ns: int, readings: Readings) -> None:
        """Reset units whose visit is over once nothing of them is latched, unproved or above its open limit."""
        for name in sorted(self.held):
            unit = self.units[name]
            if self.under_way and unit is self.unit:
                continue
            if unit.state in (State.COMPLETE, State.STOPPED) and unit.unclean(now_ns, readings) is None:
                unit.fire(Command.RESET, now_ns, "visit over, nothing latched, unproved or hot")
            if unit.state is State.IDLE:
                self.held.discard(name)

    def call_off(self, outcome: str, now_ns: int, reason: str) -> bool:
        """End a run that has no visit under way (it waits for a unit); whether it had none."""
        if self.under_way or self.ending is not None:
            return False
        self._end(now_ns, Ending(outcome, reason=reason))
        return True

    def fail(self, now_ns: int, reason: str) -> None:
        """An internal error: the run ends `failed` once everything is off."""
        if self.ending is None:
            self._break_off()
            self._end(now_ns, Ending("failed", reason=reason))

    def leave(self, now_ns: int, reason: str, outcome: str = "aborted") -> None:
        """The host leaves at once: the run is closed as it stands."""
        if self.ending is None:
            self._break_off()
            self.ending = Ending(outcome, reason=reason)
            self._over()
        elif self.ending.outcome == "stopped":
            # Stopped in order, but left before high voltage was proved off and its discharge time over.
            self.ending = Ending(outcome, reason=reason)
        self.left_unproved = any(unit.unproved for unit in self.concerned())
        self._close()

    def _break_off(self) -> None:
        if self.under_way:
            self._visit_over(self.unit)

    @staticmethod
    def _hot(unit: Unit, readings: Readings) -> bool:
        return unit.spec.stay is not None and unit.spec.stay(readings)

    def _next_visit(self, now_ns: int) -> None:
        visit = self.visits[self.index + 1]
        unit = self.units[visit.unit]
        if unit.state is State.ABORTED and self.index < 0 and not self.held:
            self._end(now_ns, Ending("aborted", reason=unit.reason))
            return
        self.waits_for = self.free(unit.name, self) or (
            f"{unit.name} is {unit.state}" if unit.state is not State.IDLE else None
        )
        if self.waits_for is not None:
            self._waited = self._waited or self.free(unit.name, self) is not None
            return
        if self._waited and not self._told_to_begin(unit, visit):
            self.waits_for = unit.kept_away or f"somebody to say that {unit.name} is ready for it"
            if self._in_vain(unit, now_ns):
                self._end(now_ns, Ending("stopped", reason=f"{NOBODY}: {unit.kept_away}"))
            return
        self._waited, self.asks_at = False, None
        self.index += 1
        self.held.add(unit.name)
        self._visited.add(unit.name)
        unit.visited_by = self.run_id
        self.under_way = True
        self._began_ns = now_ns
        unit.begin(visit.phases(), now_ns, self.user, visit.attended)

    def _told_to_begin(self, unit: Unit, visit: Visit) -> bool:
        """Another run had the unit: a person says that it is empty, and nothing begins by itself hours later."""
        question = Question(
            visit.step_ids[0],
            BEGIN,
            f"{unit.name} is free again. Is the other run's work taken out, is everything for {visit.step_ids[0]!r} in "
            "place and closed, and are you at the rig? It begins when you say so.",
            at_tube=unit.spec.stay is not None,
        )
        self.asks_at = unit.name
        return self.ask(unit, question) is not None

    def _end(self, now_ns: int, ending: Ending) -> None:
        self.ending = ending
        if self.asks_at is not None:
            self.units[self.asks_at].questions.forget(self.visits[self.index + 1].step_ids[0], BEGIN)
        self.waits_for = self.asks_at = None
        self._ending_ns = now_ns
        self._over()

    def _over(self) -> None:
        """No step of it comes any more: the units that it used last are told."""
        for name in self.tubes():
            over = self.units[name].spec.over
            if over is not None:
                over()

    def _close(self) -> None:
        self.closed = True
        self.held.clear()

    def concerned(self) -> list[Unit]:
        """Its own units, and those that no run has: somebody has to look after them before it is closed."""
        return [unit for name, unit in self.units.items() if self.free(name, self) is None]

    def _close_when_proved(self, now_ns: int, readings: Readings) -> None:
        """Supervise until high voltage is proved off and discharged and every tube may be opened."""
        concerned = self.concerned()
        if any(self._hot(unit, readings) for unit in concerned):
            return
        proofs = [proof for unit in concerned for proof in unit.proofs.values()]
        if all(proof.proved and proof.discharged(now_ns) for proof in proofs):
            self._close()
        elif not self.someone_can_attest and now_ns - self._ending_ns > UNATTESTED_NS:
            self.left_unproved = any(not proof.proved for proof in proofs)
            self._close()
