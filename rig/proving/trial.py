"""One run of a case, end to end: the session, the hands of its person, a crash and who comes after it, the verdict."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from rig.bench.faults import Fault
from rig.emulators.physics.furnace import DEMONSTRATION
from rig.engine.drive import VirtualDrive
from rig.engine.host import Host, NotReady
from rig.engine.questions import FLUSHED, Question
from rig.lines.scheduler import Rank
from rig.lines.simwire import register
from rig.proving.case import SIGNAL, Case, Deed, Person
from rig.proving.draw import Parts, read_parts
from rig.proving.invariants.judge import Judge
from rig.proving.invariants.promises import Promises
from rig.proving.invariants.violation import Violation
from rig.readings import NS
from rig.records.verify import verify_run
from rig.running import Options, Session
from rig.simulation.faults import ControllerCrashed, FaultPlan
from rig.simulation.laboratory import Laboratory, generator

MORE_SCANS = 300
PATIENCE = 1.2
PATIENCE_S = 240.0
"""After so many times its length, and so long beyond it, somebody presses Ctrl-C, and a while later again."""

IMPATIENCE_S = 120.0
ALONE_S = 3.0
"""How long the world is watched after the last host has gone: the instruments' own watchdogs have acted by then."""

LIGHTER = 6.0
SMALL_FURNACE = replace(
    DEMONSTRATION,
    element_j_k=DEMONSTRATION.element_j_k / LIGHTER,
    tube_j_k=DEMONSTRATION.tube_j_k / LIGHTER,
)
"""The demonstration rig's furnace with a sixth of its mass: it cools in minutes. Its rig file says so, too."""

SUCCESSOR_S = 20.0
LIVE, HOT, HEATING = "high voltage live", "tube hot", "heating"
HOT_DEGC = 200.0
CRASHED = "crashed"
REFUSED = "not ready"
BROKEN = "exception"


@dataclass(slots=True)
class Verdict:
    """What came of a case. outcome: the run's, or "crashed", "not ready", "exception"."""

    seed: int
    outcome: str
    reason: str | None
    scans: int
    virtual_s: float
    violations: list[Violation] = field(default_factory=list)
    trips: tuple[str, ...] = ()
    stakes: frozenset[str] = frozenset()


class Hands:
    """The person of a case: answers late, or wrong first; before attesting the mains really goes off."""

    def __init__(self, person: Person, rng: random.Random) -> None:
        self._person = person
        self._rng = rng
        self.laboratory: Laboratory | None = None
        self._wrong: dict[tuple[str, str], int] = {}
        self.host: Host | None = None
        self.can_attest = person.attests

    def provide(self, question: Question) -> Any:
        """The answer now, or None where it comes later."""
        if question.kind == "attest" and not self._person.attests:
            return None
        late_s = self._person.late_s
        if question.kind == "attest":
            late_s = max(late_s, 1.0)
        if late_s == 0.0:
            return self._word(question)
        self._later(question, late_s * self._rng.uniform(0.5, 1.5))
        return None

    def _later(self, question: Question, late_s: float) -> None:
        def say() -> None:
            host = self.host
            if host is None:
                return
            if question.key == FLUSHED:
                self._flush()
            elif question.kind == "attest":
                self._mains_off()
            if host.answer(question.step, question.key, self._word(question), "person") is not None:
                still = any(
                    (one.step, one.key) == (question.step, question.key)
                    for _, one in host.engine.open_questions()
                )
                if still:
                    self._later(question, 1.0)

        assert self.laboratory is not None
        scheduler = self.laboratory.scheduler
        scheduler.call_at(scheduler.now_ns + round(late_s * NS), say, Rank.COMMAND, "person")

    def _word(self, question: Question) -> Any:
        place = (question.step, question.key)
        told = self._wrong.get(place, 0)
        if told < self._person.wrong:
            self._wrong[place] = told + 1
            return {"yes": False, "quantity": "9 kg", "attest": "me"}[question.kind]
        if question.kind == "attest":
            return {"name": "A. Person", "reason": "mains switched off, needle earthed"}
        return question.default()

    def _flush(self) -> None:
        """With gas from elsewhere."""
        laboratory = self.laboratory
        assert laboratory is not None
        for hearth in laboratory.hearths.values():
            hearth.tube.found_at(laboratory.scheduler.now_ns, "argon", hearth.tube.opened)

    def _mains_off(self) -> None:
        laboratory = self.laboratory
        assert laboratory is not None
        for name, supply in laboratory.scene.supplies.items():
            supply.stuck_on(laboratory.scheduler.now_ns, False)
            laboratory.devices[name].power(False)


class Trial:
    """One case under way. `judge` watches; hooks can be added between making it and `run`."""

    def __init__(self, case: Case, runs_dir: Path, parts: Parts | None = None) -> None:
        self.case = case
        self.parts = parts if parts is not None else read_parts(case)
        parts = self.parts
        self.hands = Hands(case.person, generator(case.seed, "person"))
        options = Options(
            self.hands,
            runs_dir=runs_dir,
            seed=case.seed,
            faults=parts.faults,
            start=parts.start,
        )
        self.session = Session(parts.recipe, parts.bench, None, parts.assignment, options)
        laboratory = self.session.laboratory
        assert laboratory is not None
        self.laboratory = laboratory
        self.hands.laboratory, self.hands.host = laboratory, self.session.host
        for hearth in laboratory.hearths.values():
            hearth.furnace.params = SMALL_FURNACE
        pumps = {one.pump for one in parts.assignment.streams.values()}
        self.judge = Judge(laboratory, Promises.read(case.rig, case.recipe, frozenset(pumps)))
        for fault in self._faults():
            kind = "readback" if fault.kind.startswith("readback") else fault.kind
            self.judge.senses.struck.add((fault.on, kind))
        self._occasions: list[tuple[str, str, Callable[[], None]]] = []
        """Step, stage, and what is planned when that begins."""
        self.stakes: set[str] = set()
        """What was at stake when one of its faults struck."""
        self._stage_faults()
        self._listen(self.session.host, self.session.drive)
        self._watch_sleep()
        self.scans = 0

    def _faults(self) -> list[Fault]:
        return [*self.parts.faults, *(fault for _, _, fault in self.parts.staged)]

    def _stage_faults(self) -> None:
        for step, stage, fault in self.parts.staged:
            plan = FaultPlan(self.laboratory, self.session.drive, [fault], self.session.host)
            self.session.watch(plan.on_event)
            self._occasions.append((step, stage, partial(self._strike, fault, plan)))
        self.session.watch(self._began)

    def _strike(self, fault: Fault, plan: FaultPlan) -> None:
        self._at(self.laboratory.scheduler.now_ns / NS + (fault.at_s or 0.0), self._note_stakes)
        plan.begin()

    def _note_stakes(self) -> None:
        """What is at stake as a fault strikes, for the campaign's figures."""
        senses = self.judge.senses
        if any(switch.on for switch in senses.supplies.values()):
            self.stakes.add(LIVE)
        now_ns = self.laboratory.scheduler.now_ns
        if any(hearth.furnace.tube_degc(now_ns) > HOT_DEGC for hearth in self.laboratory.hearths.values()):
            self.stakes.add(HOT)
        if any(senses.heating(name) for name in senses.heaters):
            self.stakes.add(HEATING)

    def _began(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """A step or a stage of one has begun: what waited for that is planned, once."""
        if kind == "stage":
            step, stage = data["step"], data["stage"]
        elif kind == "step" and data["phase"] == "started":
            step, stage = data["id"], ""
        else:
            return
        for one in [one for one in self._occasions if one[:2] == (step, stage)]:
            self._occasions.remove(one)
            one[2]()

    def _listen(self, host: Host, drive: Any) -> None:
        judge = self.judge
        engine = host.engine
        before = engine.on_event

        def told(kind: str, data: dict[str, Any], t_ns: int) -> None:
            if before is not None:
                before(kind, data, t_ns)
            judge.event(kind, data, t_ns)

        engine.on_event = told
        engine.on_scan = self._scanned
        stall = drive.stall

        def stalled(duration_s: float) -> None:
            judge.stalled(duration_s)
            stall(duration_s)

        drive.stall = stalled

    def _watch_sleep(self) -> None:
        """The judge is told of a computer that sleeps."""
        suspend = self.laboratory.suspend_lines

        def slept(seconds: float) -> None:
            self.judge.slept(seconds)
            suspend(seconds)

        self.laboratory.suspend_lines = slept  # type: ignore[method-assign]

    def _scanned(self) -> None:
        self.scans += 1
        self.judge.scan()
        if self.scans in (self.case.scans, self.case.scans + MORE_SCANS):
            self._at(0.0, self._ask_to_leave)

    def _at(self, t_s: float, action: Callable[[], object]) -> None:
        def act() -> None:
            action()

        self.laboratory.scheduler.call_at(round(t_s * NS), act, Rank.COMMAND, "person")

    def _plan(self) -> None:
        """Deeds, from the laboratory's beginning, a step's or a stage's; patience ends every run."""
        case = self.case
        for deed in case.deeds:
            if deed.step:
                self._occasions.append((deed.step, deed.stage, partial(self._do, deed)))
            else:
                self._do(deed)
        end_s = case.length_s * PATIENCE + PATIENCE_S
        for index in range(2):
            self._at(end_s + index * IMPATIENCE_S, self._ask_to_leave)

    def _do(self, deed: Deed) -> None:
        host = self.session.host
        act = host.interrupt if deed.what == SIGNAL else partial(host.command, deed.what, None, "person")
        at_s = deed.at_s + (self.laboratory.scheduler.now_ns / NS if deed.step else 0.0)
        self._at(at_s, act)

    def _ask_to_leave(self) -> None:
        self.session.host.interrupt()

    def run(self) -> Verdict:
        """Start to end."""
        self._plan()
        self.judge.begin()
        outcome, reason = "", None
        folder: Path | None = None
        try:
            result = self.session.run()
            outcome, reason, folder = result.ending.outcome, result.ending.reason, result.folder
            self.judge.ended(outcome, reason, result.record_failed, result.error)
        except NotReady as error:
            outcome, reason = REFUSED, str(error)
        except ControllerCrashed:
            outcome = CRASHED
            self._after_crash()
        except Exception as error:
            outcome, reason = BROKEN, f"{type(error).__name__}: {error}"
            self.judge.broken(reason)
        self.hands.host = None
        self.judge.left_alone()
        self._alone(ALONE_S)
        self.judge.finish()
        full = any(fault.kind == "disk-full" for fault in self._faults())
        if folder is not None and self.case.verify and not full:
            found = verify_run(folder)
            if found.status != "good":
                self.judge.violated(9, f"the record does not verify: {found.text}")
        return Verdict(
            self.case.seed,
            outcome,
            reason,
            self.scans,
            self.laboratory.scheduler.now_ns / NS,
            self.judge.violations,
            tuple(self.judge.story.trips),
            frozenset(self.stakes),
        )

    def _alone(self, seconds: float) -> None:
        """The world without a controller."""
        scheduler = self.laboratory.scheduler
        end_ns = scheduler.now_ns + round(seconds * NS)
        step_ns = NS // 4

        def tick() -> None:
            self.judge.scan()
            if scheduler.now_ns < end_ns:
                scheduler.call_at(scheduler.now_ns + step_ns, tick, Rank.COMMAND)

        scheduler.call_at(scheduler.now_ns, tick, Rank.COMMAND)
        scheduler.call_at(end_ns, lambda: None, Rank.COMMAND)
        while scheduler.now_ns < end_ns:
            with suppress(ControllerCrashed):  # a controller that has gone already
                scheduler.run(lambda: scheduler.now_ns >= end_ns)

    def _after_crash(self) -> None:
        """The world alone, then the next controller on it, which takes over and leaves again."""
        self.hands.host = None
        self.judge.crashed()
        self._alone(max(self.case.back_s, self.judge.wait_after_crash_s()))
        laboratory = self.laboratory
        register(laboratory.key, laboratory)  # the session that died has taken it out of reach
        drive = VirtualDrive(laboratory.scheduler)
        marks = self.session.host.marks  # as on file: what was in doubt stays so
        host = Host(self.parts.bench, laboratory.carrier(), drive, self.hands, marks=marks)
        self.judge.came_back()
        self._listen(host, drive)
        try:
            host.connect()
            end_ns = laboratory.scheduler.now_ns + round(SUCCESSOR_S * NS)
            drive.run(host.engine, lambda: laboratory.scheduler.now_ns >= end_ns)
            host.release()
        except NotReady:
            pass  # a line that is still broken: every output that answered was told off
        except ControllerCrashed:
            self.judge.crashed()
        finally:
            laboratory.close()


def try_case(case: Case, scratch: Path | None = None) -> Verdict:
    """Run a case in a folder that is deleted afterwards."""
    folder = Path(mkdtemp(prefix="spinrig-torture-", dir=scratch))
    try:
        return Trial(case, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
