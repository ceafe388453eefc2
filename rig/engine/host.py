"""The host: the one owner of a rig, from safe state at connect to the closed record.

It holds the lock, connects the lines (every output off first), runs one recipe, takes commands and answers, and leaves
through the safe state: once interrupted it stops in order and stays until high voltage is proved off; interrupted twice
it aborts and leaves at once, saying what is left on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from recipes.model import Recipe
from rig.bench.assignment import Assignment
from rig.bench.model import Bench
from rig.engine import periods
from rig.engine.clients import Clients
from rig.engine.connect import Carrier, build_lines
from rig.engine.drive import Drive
from rig.engine.engine import Engine
from rig.engine.furnace_unit import furnace_unit
from rig.engine.going_on import scan_until
from rig.engine.leaving import release_failures, what_is_left
from rig.engine.marks import Marks
from rig.engine.orders import Orders
from rig.engine.planning import Visit, instruments_left_out, plan_visits
from rig.engine.questions import Question
from rig.engine.refusing import left_behind, supervise
from rig.engine.run import Ending, Run
from rig.engine.sampling import Sampler, recorded_channels
from rig.engine.spin_unit import spin_unit
from rig.engine.states import State
from rig.engine.status import status
from rig.engine.switching import Switching, relay_watches
from rig.engine.unit import Unit
from rig.lines.board import Board
from rig.lines.clocks import SIMULATED_ORIGIN
from rig.lines.line import Line
from rig.readings import NS
from rig.records.record import Record
from rig.records.samples import Channel
from rig.safety.proof import HvProof

CONNECT_S = 25.0
FIRST_READ_S = 3.0
"""How long after the last instrument has connected its first readings are waited for."""

RELEASE_S = 5.0
LEAVE_S = 1.0
"""How long a host that was interrupted twice waits for its "off" to be acknowledged before it goes."""

TRACE_KEPT = 10_000

_LEFT_OFF = frozenset({"hv", "pump", "furnace"})
"""What has to have acknowledged its "off" before a host that was interrupted twice goes."""


class NotReady(Exception):
    """The rig cannot be used as it is: instruments that do not answer. Nothing was energised."""


class CalledOff(NotReady):
    """A person ended it before it began."""


class AnswerSource(Protocol):
    """Who answers questions. `provide` returns a value, or None when the answer will come by another way."""

    @property
    def can_attest(self) -> bool:
        """Whether somebody may still come and attest."""

    def provide(self, question: Question) -> Any:
        """The answer to one question, asked once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made, checked and fitted already."""

    run_id: str
    recipe: Recipe
    assignment: Assignment
    opened: Mapping[str, Any]
    outside: Mapping[str, Any]
    make_record: Callable[[list[Channel]], Record]
    user: str
    answers: AnswerSource | None = None
    """Who answers this run's questions; None: whoever answers the host's."""
    visits: tuple[Visit, ...] | None = None
    """Manual work brings its own visit; None: the recipe's."""
    ends_after_s: float | None = None
    """So long after a visit's beginning it ends by itself; None: never."""


@dataclass(frozen=True, slots=True)
class _Made:
    run: Run
    record: Record
    answers: AnswerSource


@dataclass(slots=True)
class Result:
    """How it went. `left` says what was left on or unproved when the host went; `info` is run.json."""

    ending: Ending
    folder: Path
    info: Mapping[str, Any] | None
    left: str | None = None
    interrupted_twice: bool = False
    record_failed: str | None = None
    error: Exception | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)


class Host:
    """One rig's owner, for one run."""

    def __init__(
        self,
        bench: Bench,
        carrier: Carrier,
        drive: Drive,
        answers: AnswerSource,
        trace: bool = False,
        marks: Marks | None = None,
    ) -> None:
        self.bench = bench
        self.drive = drive
        self.answers = answers
        self.board = Board()
        self.marks = marks or Marks(None, bench.name, SIMULATED_ORIGIN)
        """What outlasts this program, taken over as it connects."""
        self._traced: list[dict[str, Any]] = []
        self.lines: dict[str, Line] = build_lines(bench, carrier, self.board, self._trace if trace else None)
        self.engine = Engine(self.lines, self.board, drive.now)
        self.board.on_change = lambda channel: drive.wake()
        engine = self.engine
        relays = relay_watches(bench)
        self.clients = Clients(drive.now, engine.write, drive.wake)
        if bench.hv or bench.pumps:
            engine.add(
                spin_unit(
                    bench, self.lines, self.board, engine.writer("spin"), drive.now, relays, self.clients
                )
            )
        for furnace in bench.furnaces:
            engine.add(
                furnace_unit(
                    bench,
                    furnace,
                    self.lines,
                    self.board,
                    engine.writer(furnace),
                    drive.now,
                    relays,
                    self.clients,
                )
            )
        engine.switching = Switching(bench, engine.outlets, engine.write, relays)
        engine.alarming.begin()
        engine.on_question = self._answer_open_questions
        self.orders = Orders(engine, drive)
        self.results: dict[str, Result] = {}
        """How the runs went that are over, by run id."""
        self._made: dict[str, _Made] = {}
        self._closing: list[Thread] = []
        self._asked: set[tuple[str, str, str]] = set()
        self._connected_ns: int | None = None

    @property
    def interrupts(self) -> int:
        """How often it was interrupted."""
        return self.orders.interrupts

    @property
    def run(self) -> Run | None:
        """The run under way; of several, that which began last."""
        return self.orders.run

    @property
    def unit(self) -> Unit:
        """The unit of the run's present visit, before a run the first there is."""
        return self.orders.unit

    # Connecting

    def connect(self) -> None:
        """Open all lines, every output off first. Raises NotReady when an instrument does not answer."""
        self.marks.load()
        self.engine.alarming.restore(self.marks)
        for line in self.lines.values():
            line.start()
        began_ns = self.drive.now()

        def settled() -> bool:
            if self._missing() and self._every_line_tried():
                return True
            if self._called_off() or self.drive.now() - began_ns > CONNECT_S * NS:
                return True
            return self._all_connected() and self._all_read()

        self._drive(settled)
        if self._all_connected() and not self._called_off():
            self.engine.connecting = False
            return
        missing = dict(self.engine.hearing.unreachable)
        for line in self.lines.values():
            for member in line.members.values():
                if not member.connected:
                    missing.setdefault(member.name, "no answer yet")
        why = "\n".join(f"{name}: {text}" for name, text in sorted(missing.items()))
        called_off = self._called_off()
        if called_off:
            why = "interrupted while connecting; every output that answered was told off"
        why += self.walk_away(why)
        raise CalledOff(why) if called_off else NotReady(why)

    def walk_away(self, why: str) -> str:
        """Leave a rig on which nothing is started, for the reason given; what is to be said behind it, or nothing.

        A tube that reads hot is supervised first, as after a stop. Empty where the rig was left already.
        """
        if self.engine.releasing:
            return ""
        said = ""
        try:
            said = self._prove_before_leaving()
            supervise(self.engine, self._drive, self._left_by_now, why)
            said += left_behind(self.engine)
        except Exception as error:  # whatever breaks, the instruments are released after it
            self.engine.break_down(error)
            said += f"\nWhat is left is not known ({type(error).__name__}: {error}); nobody is watching"
        self.release()
        return said

    def _prove_before_leaving(self) -> str:
        """A rig that is refused is left with its supplies proved off, or with a word about those that are not."""
        began_ns = self.drive.now()
        self._drive(
            lambda: (
                all(proof.proved for proof in self._proofs().values())
                or self.drive.now() - began_ns > FIRST_READ_S * NS
            ),
        )
        readings = self.engine.readings
        return "".join(
            f"\nKEEP AWAY: {name} is NOT PROVED OFF ({proof.explain(readings)})"
            for name, proof in self._proofs().items()
            if not proof.proved
        )

    def _missing(self) -> bool:
        """Whether an instrument does not answer for which nothing more can be done: a supply behind a contactor is to
        get its mains first, and to start."""
        waited = set(self.bench.hv) if self.bench.hv_contactors else set()
        return not waited.issuperset(self.engine.hearing.unreachable)

    def _called_off(self) -> bool:
        """Interrupted, stopped or aborted before the run began."""
        return self.orders.interrupts > 0 or any(
            unit.state is not State.IDLE for unit in self.engine.units.values()
        )

    def _all_connected(self) -> bool:
        return all(member.connected for line in self.lines.values() for member in line.members.values())

    def _all_read(self) -> bool:
        """Whether everything the units are judged by was read once, or has had its time to be."""
        if all(unit.spec.ready() is None for unit in self.engine.units.values()):
            return True
        if self._connected_ns is None:
            self._connected_ns = self.drive.now()
        return self.drive.now() - self._connected_ns > FIRST_READ_S * NS

    def _every_line_tried(self) -> bool:
        tried = set(self.engine.hearing.unreachable)
        return all(
            any(member.connected or member.name in tried for member in line.members.values())
            for line in self.lines.values()
        )

    # Runs

    def make(self, job: Job) -> Result:
        """Run one recipe to its end and leave. `connect` comes before."""
        run = self.begin(job)
        self.see_through()
        return self.results[run.run_id]

    def begin(self, job: Job) -> Run:
        """Take a run in, between two scans. It begins each visit when its unit is free; others may be under way."""
        engine = self.engine
        visits = job.visits
        if visits is None:
            visits = plan_visits(job.recipe, job.assignment, self.bench)
        for visit in visits:
            visit.phases()  # what cannot be planned is refused now, and not in a scan hours later
        visited = {visit.unit for visit in visits}
        relays = engine.switching.watches if engine.switching is not None else {}
        channels = recorded_channels(
            self.lines, engine.outlets, self.bench.current, instruments_left_out(self.bench, visited), relays
        )
        record = job.make_record(channels)
        for line in self._traced:
            record.trace(line)
        self._traced.clear()
        answers = job.answers or self.answers
        run = Run(
            run_id=job.run_id,
            visits=visits,
            units=engine.units,
            someone_can_attest=answers.can_attest,
            user=job.user,
            free=engine.taken_by,
            ask=engine.ask,
            ends_after_s=job.ends_after_s,
            alarms_before={name: unit.alarms for name, unit in engine.units.items()}
            if engine.books.begun
            else {},
        )
        self._made[job.run_id] = _Made(run, record, answers)
        spin = engine.units.get("spin")
        jets = spin.spec.texts if spin is not None else None
        engine.begin(run, record, Sampler(channels, engine.outlets, self.bench.current, jets, relays))
        self.drive.wake()
        return run

    def see_through(self) -> None:
        """Scan until every run is closed, then leave through the safe state. `results` says how each went."""
        self._drive(self._over)
        twice = self.orders.leaving_ns is not None
        last = list(self.engine.runs)
        for run in last:
            self._leave(run, twice)
        left = {run: self._left_of(run) for run in last}
        self.release()
        failed = release_failures(self.engine)
        for run in last:
            self.engine.end(run)
            self._finish(run, "; ".join(part for part in (left[run], failed) if part) or None, twice)
        for thread in self._closing:
            thread.join()

    def _leave(self, run: Run, twice: bool) -> None:
        """Close a run that is still open as the host goes. Whatever breaks, the instruments are released after it."""
        try:
            if twice:
                run.leave(self.drive.now(), "interrupted twice")
            elif not run.closed:
                why = f"internal error: the scan does not go on ({self.engine.error})"
                run.leave(self.drive.now(), why, "failed")
        except Exception as error:
            self.engine.break_down(error)

    def _over(self) -> bool:
        """Whether there is nothing left to scan for. A run that is closed while others go on is let go at once."""
        open_runs = [run for run in self.engine.runs if not run.closed]
        if open_runs and len(open_runs) < len(self.engine.runs):
            for run in [run for run in self.engine.runs if run.closed]:
                self._let_go(run)
        return not open_runs or self._left_by_now()

    def _let_go(self, run: Run) -> None:
        """Close the record of a run while others go on: no scan waits for that."""
        left = self._left_of(run)
        self.engine.end(run)
        if self.drive.simulated:
            self._finish(run, left, False)
            return
        thread = Thread(target=self._finish, args=(run, left, False), name=f"closing {run.run_id}")
        self._closing.append(thread)
        thread.start()

    def _left_of(self, run: Run) -> str | None:
        try:
            return what_is_left(self.engine, run.concerned(), self.drive.now())
        except Exception as error:
            self.engine.break_down(error)
            return f"everything in an unknown state ({type(error).__name__}: {error}); nobody is watching"

    def _drive(self, stop: Callable[[], bool]) -> None:
        scan_until(self.engine, self.drive, stop)

    def _finish(self, run: Run, left: str | None, twice: bool) -> None:
        """Close a run's record and keep how it went. Called from a thread too, and raises nothing."""
        ending = run.ending or Ending("failed", reason=f"internal error: {self.engine.error}")
        record = self._made.pop(run.run_id).record
        steps = [
            {"id": step.id, "do": step.do, "outcome": step.outcome, "duration_s": step.duration_s}
            for step in run.results
        ]
        outcome: dict[str, Any] = {
            "outcome": ending.outcome,
            "early": ending.early,
            "reason": ending.reason,
            "steps": steps,
            "alarms": run.alarms,
        }
        if left is not None:
            outcome["left"] = left
        info, unclosed = None, None
        try:
            info = record.close(self.drive.now(), outcome)
        except Exception as error:
            unclosed = f"the record could not be closed: {type(error).__name__}: {error}"
        self.results[run.run_id] = Result(
            ending=ending,
            folder=record.folder,
            info=info,
            left=left,
            interrupted_twice=twice,
            record_failed=record.failed or unclosed,
            error=self.engine.last_exception,
            steps=steps,
        )

    def _left_by_now(self) -> bool:
        if self.orders.leaving_ns is None:
            return False
        told = all(not outlet.told_on for outlet in self.engine.outlets.values() if outlet.kind in _LEFT_OFF)
        return told or self.drive.now() - self.orders.leaving_ns > LEAVE_S * NS

    def _proofs(self) -> dict[str, HvProof]:
        return {name: proof for unit in self.engine.units.values() for name, proof in unit.proofs.items()}

    def release(self) -> None:
        """Leave every instrument as its front panel expects it and close the ports; what hangs is not waited for."""
        self.engine.releasing = True
        self.engine.pacing.period_ns = periods.SCAN_HV_NS
        for line in self.lines.values():
            line.close()
        began_ns = self.drive.now()
        self._drive(
            lambda: (
                all(line.closed or line.abandoned for line in self.lines.values())
                or self.drive.now() - began_ns > RELEASE_S * NS
            ),
        )
        self.marks.close()

    # Told from outside, always in the scan's thread

    def interrupt(self) -> None:
        """SIGINT or SIGTERM: once stops every run in order, twice aborts and leaves at once."""
        self.orders.interrupt()

    def command(self, name: str, reason: str | None, user: str, run_id: str | None = None) -> str | None:
        """A command by its word; None when accepted, else why not. See Orders.command."""
        return self.orders.command(name, reason, user, run_id)

    def answer(self, step: str, key: str, value: Any, by: str, run_id: str | None = None) -> str | None:
        """An answer to an open question; None when taken, else why not. See Orders.answer."""
        return self.orders.answer(step, key, value, by, run_id)

    def _answer_open_questions(self) -> None:
        open_now = self.engine.open_questions()
        if not open_now:
            self._asked.clear()
            return
        places = set()
        for name, question in open_now:
            place = (name, question.step, question.key)
            places.add(place)
            if place in self._asked:
                continue
            self._asked.add(place)
            holder = self.engine.asker(name)
            made = self._made.get(holder.run_id) if holder is not None else None
            value = (made.answers if made is not None else self.answers).provide(question)
            if value is None:
                continue
            run_id = holder.run_id if holder is not None else None
            if self.answer(question.step, question.key, value, "answers", run_id) is not None:
                self._asked.discard(place)
        self._asked &= places

    def status(self) -> dict[str, Any]:
        """Where everything is, as plain data; see rig/engine/status.py."""
        return status(self.engine, self.unit, self.run, self.drive.now())

    def _trace(self, line: dict[str, Any]) -> None:
        if not self.engine.books.trace(line) and len(self._traced) < TRACE_KEPT:
            self._traced.append(line)
