"""A run: a cursor over a recipe's visits. It starts each on its unit, and says by which name it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rig.engine.planning import Visit
from rig.engine.states import Command, State
from rig.engine.unit import StepResult, Unit
from rig.readings import NS, Readings

UNATTESTED_NS = 600 * NS
"""Where nobody can attest (an unpaced simulation), an unproved output is waited for so long and then left, loudly."""


@dataclass(slots=True)
class Ending:
    """How the run ended; `reason` is None for a run that completed."""

    outcome: str
    early: bool = False
    reason: str | None = None


@dataclass(slots=True)
class Run:
    """One recipe being made. `advance` is called by the engine at each scan."""

    run_id: str
    visits: Sequence[Visit]
    units: Mapping[str, Unit]
    write: Callable[[str, dict[str, Any]], object]
    someone_can_attest: bool
    user: str = "system"
    index: int = -1
    ending: Ending | None = None
    closed: bool = False
    began_ns: int = 0
    results: list[StepResult] = field(default_factory=list)
    early: bool = False
    left_unproved: bool = False
    _ending_ns: int = 0

    @property
    def unit(self) -> Unit:
        """The unit of the present visit, or of the last one."""
        return self.units[self.visits[max(self.index, 0)].unit]

    @property
    def state(self) -> State:
        """A run's state is that of its present visit's unit."""
        return self.unit.state

    @property
    def step_id(self) -> str:
        """The present step, empty between visits."""
        phase = self.unit.phase if self.index >= 0 else None
        return phase.step_id if phase is not None else ""

    def advance(self, now_ns: int, readings: Readings) -> None:
        """Start the next visit, take notice of an ended one, close when nothing is unproved any more."""
        if self.closed:
            return
        if self.ending is not None:
            self._close_when_proved(now_ns, readings)
            return
        if self.index < 0:
            first = self.units[self.visits[0].unit]
            if first.state is State.IDLE:
                self._next_visit(now_ns)
            elif first.state is State.ABORTED:
                self._end(now_ns, Ending("aborted", reason=first.reason))
            return
        unit = self.unit
        if unit.state is State.COMPLETE:
            self.results += unit.results
            self.early = self.early or unit.early
            unit.fire(Command.RESET, now_ns, "visit complete")
            if self.index + 1 < len(self.visits):
                self._next_visit(now_ns)
            else:
                self._end(now_ns, Ending("completed", self.early))
        elif unit.state is State.STOPPED:
            self.results += unit.results
            self._end(now_ns, Ending("stopped", reason=unit.reason))
        elif unit.state is State.ABORTED:
            self.results += unit.results
            self._end(now_ns, Ending("aborted", reason=unit.reason))

    def fail(self, now_ns: int, reason: str) -> None:
        """An internal error: the run ends `failed` once everything is off."""
        if self.ending is None:
            self.results += self.unit.results if self.index >= 0 else []
            self._end(now_ns, Ending("failed", reason=reason))

    def leave(self, now_ns: int, reason: str) -> None:
        """The host leaves at once: the run is closed as it stands."""
        if self.ending is None:
            self.results += self.unit.results if self.index >= 0 else []
            self.ending = Ending("aborted", reason=reason)
        elif self.ending.outcome == "stopped":
            # Stopped in order, but left before high voltage was proved off and its discharge time over.
            self.ending = Ending("aborted", reason=reason)
        self.left_unproved = any(unit.unproved for unit in self.units.values())
        self.closed = True

    @staticmethod
    def _hot(unit: Unit, readings: Readings) -> bool:
        return unit.spec.left is not None and unit.spec.left(readings) is not None

    def _next_visit(self, now_ns: int) -> None:
        self.index += 1
        visit = self.visits[self.index]
        self.units[visit.unit].begin(visit.phases(), now_ns, self.user)

    def _end(self, now_ns: int, ending: Ending) -> None:
        self.ending = ending
        self._ending_ns = now_ns

    def _close_when_proved(self, now_ns: int, readings: Readings) -> None:
        """Supervise until high voltage is proved off and discharged and every tube this run heated may be opened."""
        proofs = [proof for unit in self.units.values() for proof in unit.proofs.values()]
        if any(self._hot(unit, readings) for unit in self.units.values()):
            return
        if all(proof.proved and proof.discharged(now_ns) for proof in proofs):
            self.closed = True
        elif not self.someone_can_attest and now_ns - self._ending_ns > UNATTESTED_NS:
            self.left_unproved = any(not proof.proved for proof in proofs)
            self.closed = True
