"""One run from its parts: the one road by which command line, service, tests and torture bring a run about.

`prepare` takes what was read and fitted already and gives a Session: an emulated laboratory or the real lines, the host
on them, and the record to come. `Session.run` connects, makes the run, writes the report.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from recipes.model import Recipe
from recipes.steps import FURNACE_KINDS
from rig.bench.answers import Answers, Attestation
from rig.bench.assignment import Assignment
from rig.bench.model import Bench
from rig.bench.proofs import ProofsUnreadable, overdue, read_proofs
from rig.bench.sheet import RunSheet
from rig.engine.connect import Carrier
from rig.engine.drive import Drive, RealDrive, VirtualDrive
from rig.engine.host import Host, NotReady, Result
from rig.engine.lock import state_dir
from rig.engine.marks import Marks, marks_path
from rig.engine.ownership import ANSWERS_NEED_PRESENCE, absent
from rig.engine.questions import Question
from rig.engine.run import Run
from rig.jobs import Beginning, Options, Order, needs_person, versions
from rig.lines.clocks import RealClock
from rig.lines.runner import ThreadRunner
from rig.readings import Readings
from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.safety.furnace_facts import FurnaceFacts
from rig.simulation.faults import FaultPlan
from rig.simulation.hearth import Attendant
from rig.simulation.laboratory import Laboratory
from rig.simulation.liquids import scene_data
from rig.simulation.starting import apply_start


class FileAnswers:
    """Answers known beforehand: an answers file, and for `--yes` each question's default, but never an attestation.

    elsewhere: what is not answered here will be answered by another way (a terminal, `spinrig answer`). real: on a real
    rig nobody can know beforehand that a needle is primed, wiped or earthed, that a mains switch is off, or that a
    furnace's tube has been closed: such answers are not taken from a file.
    """

    def __init__(
        self, answers: Answers | None, yes: bool, elsewhere: bool = False, real: bool = False
    ) -> None:
        self._answers = answers or Answers()
        self._real = real
        self._yes = yes
        self._elsewhere = elsewhere

    @property
    def can_attest(self) -> bool:
        """Whether somebody may still come and attest."""
        return self._elsewhere or any(
            isinstance(answer, Attestation)
            for step in self._answers.by_step.values()
            for answer in step.values()
        )

    def provide(self, question: Question) -> Any:
        """The file's word, else the default under `--yes`, else None."""
        if self._real and (question.key in ANSWERS_NEED_PRESENCE or done_at_tube(question)):
            return None
        known = self._answers.get(question.step, question.key)
        if isinstance(known, Attestation):
            return {"name": known.name, "reason": known.reason}
        if isinstance(known, bool):
            return known
        if known is not None:
            return known.text()
        return question.default() if self._yes else None


def done_at_tube(question: Question) -> bool:
    """Whether it asks if something has been done at a furnace's tube: that is answered at the time."""
    return question.at_tube and question.kind == "yes"


class Session:
    """One run about to be made. `laboratory` is None on a real rig."""

    def __init__(
        self,
        recipe: Recipe,
        bench: Bench,
        sheet: RunSheet | None,
        assignment: Assignment,
        options: Options,
    ) -> None:
        self.bench = bench
        self.recipe = recipe
        self.options = options
        self.simulated = bench.simulated
        self.seed = (options.seed if options.seed is not None else 0) if self.simulated else None
        self.faults: FaultPlan | None = None
        self._order = Order(recipe, bench, sheet, assignment, options, self.seed)
        self.clock = RealClock()
        self.laboratory = self._build_laboratory()
        carrier, self.drive = self._carry()
        # Of a simulation nothing is kept: each begins with a world of its own.
        marks = None if self.simulated else kept_on_file(bench, self.clock)
        self.host = Host(bench, carrier, self.drive, options.answers, options.trace, marks)
        self.run_id = self._order.run_id(self.clock)
        if self.laboratory is not None:
            mat = options.beginning.mat if options.beginning is not None else "as-spun"
            attendant = Attendant(recipe, self.laboratory.hearths, self.laboratory.scheduler, mat)
            self.watch(attendant.on_event)
            self.faults = FaultPlan(self.laboratory, self.drive, options.faults, self.host)
            self.watch(self.faults.on_event)

    def _build_laboratory(self) -> Laboratory | None:
        if self.seed is None:
            return None
        by_hand = self.options.manual is not None
        scene = (
            scene_data(self.bench) if by_hand else scene_data(self.bench, self.recipe, self._order.assignment)
        )
        laboratory = Laboratory(self.bench, scene, self.seed)
        if self.options.start is not None:
            apply_start(laboratory, self.options.start)
        return laboratory

    def _carry(self) -> tuple[Carrier, Drive]:
        laboratory = self.laboratory
        if laboratory is None:
            return Carrier(lambda: ThreadRunner(self.clock)), RealDrive(self.clock)
        return laboratory.carrier(), VirtualDrive(laboratory.scheduler, self.options.speed)

    def watch(self, listener: Callable[[str, dict[str, Any], int], None]) -> None:
        """Be told of each event (kind, data, t_ns) at the moment it is written."""
        engine = self.host.engine
        before = engine.on_event

        def both(kind: str, data: dict[str, Any], t_ns: int) -> None:
            if before is not None:
                before(kind, data, t_ns)
            listener(kind, data, t_ns)

        engine.on_event = both

    def check_disk(self) -> None:
        """Raises RecordError when there is no room for a record: nothing may move before that is known."""
        folder = self.options.runs_dir.absolute()
        while not folder.exists():
            folder = folder.parent
        free = self.options.free_bytes(folder)
        if free < folders.MIN_FREE_BYTES:
            raise RecordError(
                f"{folder} has {free / 1e6:.1f} MB free; a run needs at least {folders.MIN_FREE_BYTES / 1e6:.0f} MB. "
                "Make room, or give another folder with --runs."
            )

    def run(self) -> Result:
        """Connect, make the run, write its report. Raises NotReady and RecordError before anything is energised."""
        self.check_disk()
        self._check_proved()
        try:
            self.host.connect()
            self._check_tube()
            self._check_presence()
            if self.faults is not None:
                self.faults.begin()
            result = self.host.make(self._order.job(self.run_id, self.clock))
        except Exception as error:
            # Whatever was in the way: nothing is left as it happened to stand, and what is left is said.
            said = self.host.walk_away(str(error))
            if len(error.args) == 1 and isinstance(error.args[0], str):
                error.args = (error.args[0] + said,)
            raise
        finally:
            if self.laboratory is not None:
                self.laboratory.close()
        if result.info is not None:
            from rig.records.report import write_report
            from rig.records.run import open_run

            try:
                write_report(open_run(result.folder))
            except Exception as error:
                # The record is closed and holds: a page that could not be drawn does not change how the run ended.
                result.record_failed = result.record_failed or f"report.html was not written: {error}"
        return result

    def begin_beside(
        self, recipe: Recipe, sheet: RunSheet | None, assignment: Assignment, options: Options
    ) -> Run:
        """Another run on the same rig while this one is under way; in the scan's thread. It shares world and seed.

        It begins each visit when its unit is free. How it went stands in `host.results`.
        """
        order = Order(recipe, self.bench, sheet, assignment, options, self.seed)
        if self.laboratory is not None:
            attendant = Attendant(recipe, self.laboratory.hearths, self.laboratory.scheduler)
            self.watch(attendant.on_event)
        return self.host.begin(order.job(order.run_id(self.clock), self.clock, options.answers))

    def _check_proved(self) -> None:
        """Inputs that nobody has seen moving for too long, where the rig file refuses that. Raises NotReady."""
        late = overdue_inputs(self.bench, self.clock.origin_utc)
        if late and self.bench.safety.prove_refuses:
            listed = "; ".join(late)
            raise NotReady(
                f"{listed}: nothing was started. Walk through them with `spinrig rig prove --rig RIG.toml`"
            )

    def _check_presence(self) -> None:
        """Spinning, priming and manual work begin with a person at the rig. Raises NotReady."""
        if not needs_person(self.recipe, self.options.manual):
            return
        key = self.host.board.snapshot(self.host.drive.now()).value(self.bench.safety.presence)
        why = absent(self.bench, self.options.came_from or "elsewhere", key)
        if why is not None:
            raise NotReady(f"{why}: nothing was started")

    def _check_tube(self) -> None:
        """Where a run begins with work at a furnace, its tube is cold. Raises NotReady."""
        beginning = self.options.beginning
        if beginning is None:
            return
        readings = self.host.board.snapshot(self.host.drive.now())
        facts = [unit.spec.facts for unit in self.host.engine.units.values()]
        doubted = any(isinstance(one, FurnaceFacts) and one.doubted for one in facts)
        why = tube_in_the_way(self.recipe, beginning, self.bench, readings, doubted)
        if why is not None:
            raise NotReady(why)


def overdue_inputs(bench: Bench, now: datetime) -> list[str]:
    """Safety inputs of a real rig that were not proved within its time, a sentence each; none of an emulated rig."""
    if bench.simulated:
        return []
    try:
        return [str(one) for one in overdue(bench, read_proofs(state_dir(), bench), now)]
    except ProofsUnreadable as error:
        return [str(error)]


def kept_on_file(bench: Bench, clock: RealClock) -> Marks:
    """What outlasts the program on a real rig; written beside the scan, which waits for no disk."""
    return Marks(marks_path(bench.name), bench.name, clock.origin_utc, beside=True)


def tube_in_the_way(
    recipe: Recipe, beginning: Beginning, bench: Bench, readings: Readings, doubted: bool = False
) -> str | None:
    """Why nobody can begin there with this furnace, or None. Cooling begins with a hot tube as well.

    doubted: its thermocouple was in doubt when an earlier program ended; then its reading proves nothing.
    """
    rest = recipe.steps[recipe.steps.index(recipe.step(beginning.step)) :]
    first = next((one for one in rest if one.do not in ("prompt", "wait")), None)
    if first is None or first.do not in FURNACE_KINDS or first.do == "cool" or not bench.furnaces:
        return None
    furnace, settings = next(iter(bench.furnaces.items()))
    channel = f"{furnace}.temperature_degc"
    found = readings.value(channel)
    if found is not None and found < settings.open_below_degc and not doubted:
        return None
    at = readings.explain(channel) if found is None else f"it is at {found:.0f} °C"
    if doubted:
        at = (
            f"its thermocouple is in doubt (once it is checked: spinrig alarms trust {furnace} --reason TEXT)"
        )
    begin = f", or let the recipe cool it: --from-step {beginning.cooling}" if beginning.cooling else ""
    return (
        f'"{beginning.step}" needs a cold tube, {furnace} below {settings.open_below_degc:g} °C, and {at}: '
        f"wait until it is cold{begin}"
    )


__all__ = ["Beginning", "FileAnswers", "Options", "Session", "versions"]
