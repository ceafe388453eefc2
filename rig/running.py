"""One run from its parts: the one road by which command line, service, tests and torture bring a run about.

`prepare` takes what was read and fitted already and gives a Session: an emulated laboratory or the real lines, the host
on them, and the record to come. `Session.run` connects, makes the run, writes the report.
"""

from __future__ import annotations

import getpass
import platform
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from recipes.model import Recipe
from recipes.steps import FURNACE_KINDS
from rig.bench.answers import Answers, Attestation
from rig.bench.assignment import Assignment
from rig.bench.faults import Fault
from rig.bench.model import Bench
from rig.bench.sheet import RunSheet
from rig.bench.start import StartState
from rig.engine import periods
from rig.engine.connect import Carrier
from rig.engine.drive import Drive, RealDrive, VirtualDrive
from rig.engine.host import AnswerSource, Host, Job, NotReady, Result
from rig.engine.questions import Question
from rig.lines.clocks import RealClock
from rig.lines.runner import ThreadRunner
from rig.readings import Readings
from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.record import Record
from rig.records.samples import Channel
from rig.records.threaded import ThreadedRecord
from rig.records.utc import SIMULATED_ORIGIN
from rig.records.writer import RunRecord
from rig.simulation.faults import FaultPlan
from rig.simulation.hearth import Attendant
from rig.simulation.laboratory import Laboratory, generator
from rig.simulation.liquids import scene_data
from rig.simulation.starting import apply_start

AT_THE_RIG = frozenset({"primed", "wiped", "earthed", "attested"})
"""What only a person who stands at the rig at that moment can answer."""

SUFFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class FileAnswers:
    """Answers known beforehand: an answers file, and for `--yes` each question's default, but never an attestation.

    elsewhere: what is not answered here will be answered by another way (a terminal, `spinrig answer`). real: on a real
    rig nobody can know beforehand that a needle is primed, wiped or earthed, or that a mains switch is off: such
    answers are not taken from a file.
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
        return self._elsewhere or any("attested" in step for step in self._answers.by_step.values())

    def provide(self, question: Question) -> Any:
        """The file's word, else the default under `--yes`, else None."""
        if self._real and question.key in AT_THE_RIG:
            return None
        known = self._answers.get(question.step, question.key)
        if isinstance(known, Attestation):
            return {"name": known.name, "reason": known.reason}
        if isinstance(known, bool):
            return known
        if known is not None:
            return known.text()
        return question.default() if self._yes else None


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run that begins at a later step of its recipe and goes on with a sample.

    continues: the sample's latest run, None where nothing is on record. carried: "step.key" to the value that an
    earlier run was told and this one takes. mat: how far an emulated mat has come ("as-spun", "stabilised", "carbon").
    cooling: the step right before that would have cooled the tube.
    """

    step: str
    continues: str | None = None
    carried: Mapping[str, str] = field(default_factory=dict)
    mat: str = "as-spun"
    cooling: str | None = None


@dataclass(slots=True)
class Options:
    """How a run is to be made.

    speed: None as fast as it can, else virtual seconds per wall second; of no meaning on a real rig. seed: of the
    emulated world. durable: None decides by itself (real and paced runs sync, unpaced simulations do not).
    """

    answers: AnswerSource
    runs_dir: Path = field(default_factory=folders.default_runs_dir)
    seed: int | None = None
    speed: float | None = None
    trace: bool = False
    operator: str | None = None
    faults: tuple[Fault, ...] = ()
    start: StartState | None = None
    beginning: Beginning | None = None
    free_bytes: folders.FreeBytes = folders.free_bytes


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
        self._sheet = sheet
        self._assignment = assignment
        self.clock = RealClock()
        self.laboratory = self._build_laboratory()
        carrier, self.drive = self._carry()
        self.host = Host(bench, carrier, self.drive, options.answers, options.trace)
        self.run_id = self._make_run_id()
        if self.laboratory is not None:
            mat = options.beginning.mat if options.beginning is not None else "as-spun"
            attendant = Attendant(recipe, self.laboratory.hearths, self.laboratory.scheduler, mat)
            self.watch(attendant.on_event)
            self.faults = FaultPlan(self.laboratory, self.drive, options.faults)
            self.watch(self.faults.on_event)

    def _build_laboratory(self) -> Laboratory | None:
        if self.seed is None:
            return None
        laboratory = Laboratory(self.bench, scene_data(self.bench, self.recipe, self._assignment), self.seed)
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
        try:
            self.host.connect()
            self._check_tube()
            if self.faults is not None:
                self.faults.begin()
            try:
                result = self.host.make(self._job())
            except RecordError:
                self.host.release()
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

    def _check_tube(self) -> None:
        """Where a run begins with work at a furnace, its tube is cold. Raises NotReady, with everything let go."""
        beginning = self.options.beginning
        if beginning is None:
            return
        readings = self.host.board.snapshot(self.host.drive.now())
        why = tube_in_the_way(self.recipe, beginning, self.bench, readings)
        if why is not None:
            specs = [unit.spec for unit in self.host.engine.units.values()]
            left = [
                text for spec in specs if spec.left is not None and (text := spec.left(readings)) is not None
            ]
            self.host.release()
            if left:
                why += f". What is left: {'; '.join(left)}; nobody is watching"
            raise NotReady(why)

    def _make_run_id(self) -> str:
        """Start time, recipe and four letters: of chance on a real rig, of the seed in a simulation."""
        rng = generator(self.seed, "run") if self.seed is not None else secrets.SystemRandom()
        utc = self._utc_text()
        for _ in range(100):
            suffix = "".join(rng.choice(SUFFIX_LETTERS) for _ in range(4))
            run_id = folders.run_id(utc, self.recipe.id, suffix)
            if not (self.options.runs_dir / run_id).exists():
                return run_id
        raise RecordError(f"no free run id in {self.options.runs_dir}")

    def _utc_text(self) -> str:
        return self.clock.origin_utc.strftime("%Y-%m-%dT%H:%M:%S.") + (
            f"{self.clock.origin_utc.microsecond // 1000:03d}Z"
        )

    def _job(self) -> Job:
        options, recipe = self.options, self.recipe
        operator = options.operator or _user()
        opened: dict[str, Any] = {
            "recipe": {"id": recipe.id, "name": recipe.name, "revision": None},
            "rig": {"name": self.bench.name},
            "seed": self.seed,
            "simulated": self.simulated,
            "periods": periods.as_record(),
            "assignment": self._assigned(),
            "resolved": recipe.resolved(),
        }
        if self._sheet is not None:
            opened["sheet"] = {"sample": self._sheet.sample}
        outside: dict[str, Any] = {"versions": versions(), "host": socket.gethostname()}
        # In a simulation who sits at the keyboard must not change the bytes.
        (outside if self.simulated else opened)["operator"] = operator
        beginning = options.beginning
        if beginning is not None:
            opened["from_step"] = beginning.step
            opened["carried"] = dict(beginning.carried)
        # A run's id holds the hour of the day: in a simulation it must not change the bytes either.
        (outside if self.simulated else opened)["continues"] = (
            beginning.continues if beginning is not None else None
        )
        if self.simulated:
            outside["wall_started"] = self._utc_text()

        def make_record(channels: list[Channel]) -> Record:
            record = RunRecord.create(
                options.runs_dir,
                self.run_id,
                recipe.text.encode(),
                self.bench.text.encode(),
                self._sheet.text.encode() if self._sheet is not None else None,
                opened,
                outside,
                channels,
                not self.simulated or options.speed is not None,
                options.trace,
                SIMULATED_ORIGIN if self.simulated else self._utc_text(),
                free_bytes=options.free_bytes,
            )
            # Only a run on the machine's clock has a scan that must not wait for the disk.
            return record if self.simulated else ThreadedRecord(record)

        return Job(
            run_id=self.run_id,
            recipe=recipe,
            assignment=self._assignment,
            opened=opened,
            outside=outside,
            make_record=make_record,
            user=operator if not self.simulated else "operator",
        )

    def _assigned(self) -> list[Mapping[str, Any]]:
        return [
            {
                "step": one.step,
                "stream": one.stream,
                "pump": one.pump,
                "syringe": one.syringe.name,
                "diameter_mm": one.syringe.diameter_mm,
                "loaded_ml": one.loaded_ml,
                "needle": one.needle,
                "hv": one.hv,
                "lot": one.lot,
                "prepared": one.prepared,
            }
            for one in self._assignment.streams.values()
        ]


def tube_in_the_way(recipe: Recipe, beginning: Beginning, bench: Bench, readings: Readings) -> str | None:
    """Why nobody can begin there with this furnace, or None. Cooling begins with a hot tube as well."""
    rest = recipe.steps[recipe.steps.index(recipe.step(beginning.step)) :]
    first = next((one for one in rest if one.do not in ("prompt", "wait")), None)
    if first is None or first.do not in FURNACE_KINDS or first.do == "cool" or not bench.furnaces:
        return None
    furnace, settings = next(iter(bench.furnaces.items()))
    channel = f"{furnace}.temperature_degc"
    found = readings.value(channel)
    if found is not None and found < settings.open_below_degc:
        return None
    at = readings.explain(channel) if found is None else f"it is at {found:.0f} °C"
    begin = f", or let the recipe cool it: --from-step {beginning.cooling}" if beginning.cooling else ""
    return (
        f'"{beginning.step}" needs a cold tube, {furnace} below {settings.open_below_degc:g} °C, and {at}: '
        f"wait until it is cold{begin}"
    )


def versions() -> dict[str, str]:
    """What ran: this program, Python, the system."""
    try:
        own = version("spinrig")
    except PackageNotFoundError:
        own = "unknown"
    return {
        "spinrig": own,
        "python": platform.python_version(),
        "system": f"{platform.system()} {sys.platform}",
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


__all__ = ["Beginning", "FileAnswers", "Options", "Session", "versions"]
