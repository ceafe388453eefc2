"""What a run is before it begins: its id, what its record opens with, and where that record is."""

from __future__ import annotations

import platform
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from recipes.materials import Materials
from recipes.model import Recipe
from recipes.steps import SPIN_UNIT_KINDS
from rig.bench.assignment import Assignment
from rig.bench.faults import Fault
from rig.bench.model import Bench
from rig.bench.proofs import ProofsUnreadable, read_proofs, to_prove
from rig.bench.sheet import RunSheet
from rig.bench.start import StartState
from rig.engine import periods
from rig.engine.host import AnswerSource, Job
from rig.engine.lock import state_dir
from rig.engine.manual import KIND, LONGEST_S, ManualWork
from rig.engine.ownership import presence_record
from rig.lines.clocks import RealClock
from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.record import Record
from rig.records.samples import Channel
from rig.records.threaded import ThreadedRecord
from rig.records.utc import SIMULATED_ORIGIN
from rig.records.writer import RunRecord
from rig.simulation.laboratory import generator
from rig.user import user_name

SUFFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


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
    emulated world. manual: work by hand in the place of the recipe. came_from: "console" or "ssh" of whoever starts it,
    for presence at a real rig; None: nobody claims to be there. materials: by which the recipe was checked, None: the
    built-in tables. durable: None decides by itself (real and paced runs sync, unpaced simulations do not).
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
    manual: ManualWork | None = None
    came_from: str | None = None
    materials: Materials | None = None
    free_bytes: folders.FreeBytes = folders.free_bytes


@dataclass(frozen=True, slots=True)
class Order:
    """A recipe to be made on a bench: fitted already, with its run sheet. seed: of the emulated world, None on a real
    rig."""

    recipe: Recipe
    bench: Bench
    sheet: RunSheet | None
    assignment: Assignment
    options: Options
    seed: int | None

    @property
    def simulated(self) -> bool:
        """Whether every instrument is emulated."""
        return self.seed is not None

    def run_id(self, clock: RealClock) -> str:
        """Start time, recipe and four letters: of chance on a real rig, of the seed in a simulation."""
        rng = generator(self.seed, "run") if self.seed is not None else secrets.SystemRandom()
        utc = _utc_text(clock)
        for _ in range(100):
            suffix = "".join(rng.choice(SUFFIX_LETTERS) for _ in range(4))
            run_id = folders.run_id(utc, self.recipe.id, suffix)
            if not (self.options.runs_dir / run_id).exists():
                return run_id
        raise RecordError(f"no free run id in {self.options.runs_dir}")

    def job(self, run_id: str, clock: RealClock, answers: AnswerSource | None = None) -> Job:
        """What the host needs to make it. answers: who answers this run's questions; None: who answers the host's."""
        options, recipe, sheet = self.options, self.recipe, self.sheet
        operator = options.operator or user_name()
        opened: dict[str, Any] = {
            "recipe": {"id": recipe.id, "name": recipe.name, "revision": recipe.revision},
            "rig": {"name": self.bench.name},
            "seed": self.seed,
            "simulated": self.simulated,
            "periods": periods.as_record(),
            "assignment": self._assigned(),
            "resolved": recipe.resolved(),
        }
        if sheet is not None:
            opened["sheet"] = {"sample": sheet.sample}
        materials = options.materials
        if materials is not None and materials.content is not None:
            opened["materials"] = {"own": _own_names(recipe, materials)}
        outside: dict[str, Any] = {"versions": versions(), "host": socket.gethostname()}
        # In a simulation who sits at the keyboard must not change the bytes.
        (outside if self.simulated else opened)["operator"] = operator
        if not self.simulated and needs_person(recipe, options.manual):
            opened["presence"] = presence_record(self.bench, options.came_from or "elsewhere")
        if not self.simulated:
            opened["inputs_proved"] = _inputs_proved(self.bench)
        manual = options.manual
        if manual is not None:
            opened["kind"], opened["work"] = KIND, manual.record()
        beginning = options.beginning
        if beginning is not None:
            opened["from_step"] = beginning.step
            opened["carried"] = dict(beginning.carried)
        # A run's id holds the hour of the day: in a simulation it must not change the bytes either.
        (outside if self.simulated else opened)["continues"] = (
            beginning.continues if beginning is not None else None
        )
        if self.simulated:
            outside["wall_started"] = _utc_text(clock)

        def make_record(channels: list[Channel]) -> Record:
            record = RunRecord.create(
                options.runs_dir,
                run_id,
                recipe.text.encode(),
                self.bench.text.encode(),
                sheet.text.encode() if sheet is not None else None,
                opened,
                outside,
                channels,
                not self.simulated or options.speed is not None,
                options.trace,
                SIMULATED_ORIGIN if self.simulated else _utc_text(clock),
                materials_bytes=materials.content if materials is not None else None,
                free_bytes=options.free_bytes,
            )
            # Only a run on the machine's clock has a scan that must not wait for the disk.
            return record if self.simulated else ThreadedRecord(record)

        return Job(
            run_id=run_id,
            recipe=recipe,
            assignment=self.assignment,
            opened=opened,
            outside=outside,
            make_record=make_record,
            user=operator if not self.simulated else "operator",
            answers=answers,
            visits=(manual.visit(),) if manual is not None else None,
            ends_after_s=LONGEST_S if manual is not None else None,
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
            for one in self.assignment.streams.values()
        ]


def _own_names(recipe: Recipe, materials: Materials) -> list[str]:
    """Materials of the recipe that are known by the lab's own file."""
    solutions = recipe.solutions.values()
    solvents = [solvent.name for one in solutions for solvent in one.solvents]
    return list(materials.own_names(solvents, [solute.name for one in solutions for solute in one.solutes]))


def _inputs_proved(bench: Bench) -> dict[str, str | None]:
    """When each safety input was last walked through; None: never, or nobody can tell."""
    try:
        proofs = read_proofs(state_dir(), bench)
    except ProofsUnreadable:
        proofs = {}
    return {channel: proofs[channel].at if channel in proofs else None for channel in to_prove(bench)}


def needs_person(recipe: Recipe, manual: ManualWork | None) -> bool:
    """Whether starting this needs a person at the rig: spinning, priming, and work by hand (safety rule 8)."""
    return manual is not None or any(step.do in SPIN_UNIT_KINDS for step in recipe.steps)


def _utc_text(clock: RealClock) -> str:
    return clock.origin_utc.strftime("%Y-%m-%dT%H:%M:%S.") + (f"{clock.origin_utc.microsecond // 1000:03d}Z")


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
