"""The host: the one owner of a rig, from safe state at connect to the closed record.

It holds the lock, connects the lines (every output off first), runs one recipe, takes commands and answers, and leaves
through the safe state: once interrupted it stops in order and stays until high voltage is proved off; interrupted twice
it aborts and leaves at once, saying what is left on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from recipes.model import Recipe
from rig.bench.assignment import Assignment
from rig.bench.model import Bench
from rig.engine.acting import describe
from rig.engine.connect import Carrier, build_lines
from rig.engine.drive import Drive
from rig.engine.engine import Engine
from rig.engine.furnace_unit import furnace_unit
from rig.engine.planning import instruments_left_out, plan_visits
from rig.engine.questions import BadAnswer, Question
from rig.engine.run import Ending, Run
from rig.engine.sampling import Sampler, recorded_channels
from rig.engine.spin_unit import spin_unit
from rig.engine.states import Command, IllegalCommand, State, allowed
from rig.engine.unit import Unit
from rig.lines.board import Board
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

MOST_BREAKS = 10
"""How often something may break beside the scan before the host gives the run up."""


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
        self, bench: Bench, carrier: Carrier, drive: Drive, answers: AnswerSource, trace: bool = False
    ) -> None:
        self.bench = bench
        self.drive = drive
        self.answers = answers
        self.board = Board()
        self._traced: list[dict[str, Any]] = []
        self.lines: dict[str, Line] = build_lines(bench, carrier, self.board, self._trace if trace else None)
        self.engine = Engine(self.lines, self.board, drive.now)
        self.board.on_change = lambda channel: drive.wake()
        units = self.engine.units
        if bench.hv or bench.pumps:
            units["spin"] = spin_unit(bench, self.lines, self.board, self.engine.write, drive.now)
        for furnace in bench.furnaces:
            units[furnace] = furnace_unit(
                bench, furnace, self.lines, self.board, self.engine.write, drive.now
            )
        self.engine.on_question = self._answer_open_questions
        self.interrupts = 0
        self._asked: set[tuple[str, str]] = set()
        self._leaving_ns: int | None = None
        self._connected_ns: int | None = None

    @property
    def unit(self) -> Unit:
        """The unit that commands are meant for: that of the run's present visit, before a run the first there is."""
        run = self.engine.run
        return run.unit if run is not None else next(iter(self.engine.units.values()))

    # Connecting

    def connect(self) -> None:
        """Open all lines, every output off first. Raises NotReady when an instrument does not answer."""
        for line in self.lines.values():
            line.start()
        began_ns = self.drive.now()

        def settled() -> bool:
            if self.engine.unreachable and self._every_line_tried():
                return True
            if self._called_off() or self.drive.now() - began_ns > CONNECT_S * NS:
                return True
            return self._all_connected() and self._all_read()

        self.drive.run(self.engine, settled)
        if self._all_connected() and not self._called_off():
            self.engine.connecting = False
            return
        missing = dict(self.engine.unreachable)
        for line in self.lines.values():
            for member in line.members.values():
                if not member.connected:
                    missing.setdefault(member.name, "no answer yet")
        unproved = self._prove_before_leaving()
        self.release()
        if self._called_off():
            raise CalledOff(
                "interrupted while connecting; every output that answered was told off" + unproved
            )
        raise NotReady("\n".join(f"{name}: {why}" for name, why in sorted(missing.items())) + unproved)

    def _prove_before_leaving(self) -> str:
        """A rig that is refused is left with its supplies proved off, or with a word about those that are not."""
        began_ns = self.drive.now()
        self.drive.run(
            self.engine,
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

    def _called_off(self) -> bool:
        """Interrupted, stopped or aborted before the run began."""
        return self.interrupts > 0 or any(unit.state is not State.IDLE for unit in self.engine.units.values())

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
        tried = set(self.engine.unreachable)
        return all(
            any(member.connected or member.name in tried for member in line.members.values())
            for line in self.lines.values()
        )

    # The run

    def make(self, job: Job) -> Result:
        """Run a recipe to its end. `connect` comes before."""
        engine = self.engine
        visits = plan_visits(job.recipe, job.assignment, self.bench)
        visited = {visit.unit for visit in visits}
        channels = recorded_channels(
            self.lines, engine.outlets, self.bench.current, instruments_left_out(self.bench, visited)
        )
        record = job.make_record(channels)
        for line in self._traced:
            record.trace(line)
        self._traced.clear()
        engine.attach(record, Sampler(channels, engine.outlets, self.bench.current))
        run = Run(
            run_id=job.run_id,
            visits=visits,
            units=engine.units,
            write=engine.write,
            someone_can_attest=self.answers.can_attest,
            user=job.user,
        )
        engine.run = run
        self._drive(lambda: run.closed or self._left_by_now())
        twice = self._leaving_ns is not None
        if twice or not run.closed:
            run.leave(
                self.drive.now(), "interrupted twice" if twice else "internal error: the scan does not go on"
            )
        left = self._what_is_left(run)
        self.release()
        failed = self._release_failures()
        if failed:
            left = "; ".join(part for part in (left, failed) if part)
        return self._finish(run, record, left, twice)

    def _drive(self, stop: Callable[[], bool]) -> None:
        """Scan until `stop()`. What breaks beside the scan ends the run like what breaks in it."""
        for _ in range(MOST_BREAKS):
            try:
                self.drive.run(self.engine, stop)
                return
            except Exception as error:
                self.engine.break_down(error)

    def _finish(self, run: Run, record: Record, left: str | None, twice: bool) -> Result:
        assert run.ending is not None
        ending = run.ending
        steps = [
            {"id": step.id, "do": step.do, "outcome": step.outcome, "duration_s": step.duration_s}
            for step in run.results
        ]
        outcome: dict[str, Any] = {
            "outcome": ending.outcome,
            "early": ending.early,
            "reason": ending.reason,
            "steps": steps,
            "alarms": sum(unit.alarms for unit in self.engine.units.values()),
        }
        if left is not None:
            outcome["left"] = left
        info = record.close(self.drive.now(), outcome)
        return Result(
            ending=ending,
            folder=record.folder,
            info=info,
            left=left,
            interrupted_twice=twice,
            record_failed=record.failed,
            error=self.engine.last_exception,
            steps=steps,
        )

    def _left_by_now(self) -> bool:
        if self._leaving_ns is None:
            return False
        told = all(not outlet.told_on for outlet in self.engine.outlets.values() if outlet.kind != "gas")
        return told or self.drive.now() - self._leaving_ns > LEAVE_S * NS

    def _what_is_left(self, run: Run) -> str | None:
        """What is on or not proved off as the host goes, in a sentence."""
        left = []
        for name, proof in self._proofs().items():
            if not proof.proved:
                left.append(
                    f"{name} is NOT PROVED OFF ({proof.explain(self.engine.readings).partition(': ')[2]})"
                )
            elif not proof.discharged(self.drive.now()):
                left.append(f"{name} is off, its discharge time is not over")
            elif proof.attested_ns is not None and proof.proved_ns is None:
                left.append(f"{name} is off by attestation, not by read-back")
        left += [
            f"{outlet.name} did not acknowledge its stop"
            for outlet in self.engine.outlets.values()
            if outlet.kind == "pump" and outlet.told_on
        ]
        for unit in self.engine.units.values():
            hot = unit.spec.left(self.engine.readings) if unit.spec.left is not None else None
            if hot is not None:
                left.append(hot)
        return "; ".join(left) + "; nobody is watching" if left else None

    def _release_failures(self) -> str:
        """Outputs that did not take their last "off" as the ports were closed."""
        return "; ".join(
            f"{report.member} did not acknowledge its last off ({report.text})"
            for line in self.lines.values()
            for report in line.reports
            if report.what == "failed" and report.member in self.engine.outlets
        )

    def _proofs(self) -> dict[str, HvProof]:
        return {name: proof for unit in self.engine.units.values() for name, proof in unit.proofs.items()}

    def release(self) -> None:
        """Leave every instrument as its front panel expects it and close the ports."""
        self.engine.releasing = True
        for line in self.lines.values():
            line.close()
        began_ns = self.drive.now()
        self.drive.run(
            self.engine,
            lambda: (
                all(line.closed or line.abandoned for line in self.lines.values())
                or self.drive.now() - began_ns > RELEASE_S * NS
            ),
        )

    # Told from outside, always in the scan's thread

    def interrupt(self) -> None:
        """SIGINT or SIGTERM: once stops in order, twice aborts and leaves at once."""
        self.interrupts += 1
        now_ns = self.drive.now()
        if self.interrupts == 1:
            self.engine.write("command", {"command": "stop", "by": "signal", "accepted": True})
            self._fire(Command.STOP, "interrupted", "signal")
        elif self._leaving_ns is None:
            self._leaving_ns = now_ns
            self.engine.write("command", {"command": "abort", "by": "signal", "accepted": True})
            for unit in self.engine.units.values():
                with suppress(IllegalCommand):
                    unit.fire(Command.ABORT, now_ns, "interrupted twice", "signal")
        self.drive.wake()

    def _fire(self, wanted: Command, cause: str, user: str) -> None:
        command = self.unit.machine.strongest_legal(wanted)
        if command is not None and self.unit.state not in (State.ABORTING, State.ABORTED):
            self.unit.fire(command, self.drive.now(), cause, user)

    def command(self, name: str, reason: str | None, user: str) -> str | None:
        """A command by its word; None when accepted, else why not. Its effect is seen later."""
        try:
            command = self._meant(name)
            cause = f"{name} by {user}" + (f": {reason}" if reason else "")
            for unit in self._meant_for(command):
                if command is Command.CLEAR and unit.machine.may(command):
                    why = self.engine.why_not_clear(unit)
                    if why is not None:
                        raise ValueError(f"not cleared, its cause is still there: {why}")
                unit.fire(command, self.drive.now(), cause, user)
        except (IllegalCommand, ValueError) as error:
            self.engine.write("refused", {"command": name, "by": user, "why": str(error)})
            return str(error)
        self.engine.write("command", {"command": name, "by": user, "reason": reason, "accepted": True})
        self.drive.wake()
        return None

    def _meant_for(self, command: Command) -> list[Unit]:
        """An abort is for every unit; every other command for that of the run's present visit."""
        return list(self.engine.units.values()) if command is Command.ABORT else [self.unit]

    def _meant(self, name: str) -> Command:
        if name == "resume":
            # Leaves Paused or Held, whichever it is.
            return Command.RESTART if self.unit.state is State.HELD else Command.RESUME
        if name == "done":
            raise ValueError("'done' is not a command")
        if name == "start":
            raise ValueError("'start' is the run's own: a new run starts the unit")
        return Command(name)

    def answer(self, step: str, key: str, value: Any, by: str) -> str | None:
        """An answer to an open question; None when taken, else why not."""
        try:
            answer = self.engine.questions.answer(step, key, value, self.drive.now(), by)
        except BadAnswer as error:
            self.engine.write("refused", {"answer": key, "step": step, "by": by, "why": str(error)})
            return str(error)
        data: dict[str, Any] = {"step": step, "key": key, "value": answer.value, "by": by}
        if answer.question.field is not None:
            data["unit"] = answer.question.field.unit
        if answer.outside_expectation:
            data["outside_expectation"] = True
        self.engine.write("answer", data)
        self.drive.wake()
        return None

    def _answer_open_questions(self) -> None:
        for place, question in list(self.engine.questions.open.items()):
            if place in self._asked:
                continue
            self._asked.add(place)
            value = self.answers.provide(question)
            if value is not None and self.answer(question.step, question.key, value, "answers") is not None:
                self._asked.discard(place)
        self._asked &= set(self.engine.questions.open)

    def status(self) -> dict[str, Any]:
        """Where everything is, as plain data for `spinrig status` and the display."""
        engine = self.engine
        readings = engine.readings
        values = {
            name: {"value": readings.value(name), "quality": readings.quality(name).value}
            for name in readings
        }
        run = engine.run
        return {
            "run": run.run_id if run is not None else None,
            "state": self.unit.state.value,
            "allowed": allowed(self.unit.state),
            "step": run.step_id if run is not None else None,
            "progress": engine.progress(),
            "t_s": self.drive.now() / NS,
            "hv_unproved": any(unit.unproved for unit in engine.units.values()),
            "alarms": sum(unit.alarms for unit in engine.units.values()),
            "reason": self.unit.reason,
            "outputs": self._outputs(),
            "questions": [
                {"step": q.step, "key": q.key, "text": q.text, "kind": q.kind}
                for q in engine.questions.open.values()
            ],
            "readings": values,
        }

    def _outputs(self) -> dict[str, dict[str, Any]]:
        """What each output was asked for, and what is known of it."""
        now_ns = self.drive.now()
        found: dict[str, dict[str, Any]] = {}
        for name, outlet in self.engine.outlets.items():
            found[name] = {"kind": outlet.kind, "wanted": describe(outlet.ordered), "told_on": outlet.told_on}
            proof = self._proofs().get(name)
            if proof is not None:
                found[name]["proved_off"] = proof.proved
                found[name]["discharged"] = proof.proved and proof.discharged(now_ns)
        return found

    def _trace(self, line: dict[str, Any]) -> None:
        record = self.engine.record
        if record is not None:
            record.trace(line)
        elif len(self._traced) < TRACE_KEPT:
            self._traced.append(line)
