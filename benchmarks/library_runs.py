"""Runs every recipe of the library to its end on an emulated rig that fits it: prints docs/library.md.

    python -m benchmarks.library_runs > docs/library.md

Virtual time, nothing shortened; two processes, some minutes (another number of processes as the only argument).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

from recipes.catalogue import library_path, recipe_ids
from recipes.model import Recipe, SpinStep
from recipes.problems import Problem, Severity
from recipes.reader import load_recipe
from recipes.timeline import duration_text, plan
from rig.bench.capabilities import capabilities
from rig.bench.fit import Fit, fit
from rig.bench.model import Bench
from rig.bench.rigfile import read_rig
from rig.bench.sheet import demo_sheet
from rig.emulators.physics.carbon import carbon_nm
from rig.lines.clocks import RealClock
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.records.run import Run, open_run
from rig.records.verdict import AS_ASKED
from rig.records.verdicts import verdicts
from rig.running import FileAnswers, Options, Session
from rig.simulation.liquids import mat_spun

RIGS = ("demo/rig.toml", "demo/large.toml")
"""The demonstration rig, and the larger one for what does not fit it; in rig/bench."""
LOOK_S = 300.0
"""How often one looks at the truth about the fibres."""

HEAD = """# The library, run

Made by `python -m benchmarks.library_runs > docs/library.md`: do not edit. Every published recipe of the library, and
the variants of the founding one, at full length on an emulated rig that fits it, seed 0, without faults. `small` is the
demonstration rig (`rig/bench/demo/rig.toml`, taken without `--rig`); `large` is `rig/bench/demo/large.toml`: the same
with 40 kV, nitrogen and 1300 °C, for the recipes that the first does not fit:

    spinrig run sic-polycarbosilane --rig rig/bench/demo/large.toml --yes

Where no run sheet is given the assignment is the one that `fit` proposes. *Planned*: by `spinrig plan`; *took*: the
run's own time, in which a person answers at once. *Fibre*: what the emulator's jets make, mean over the clock, and
after the heat where there is PAN; an emulated figure, to be held against the source's own where it gives one.

| recipe | source | `spinrig check` | small rig | run on | outcome | verdict | planned | took | off | fibre | wall |
|---|---|---|---|---|---|---|---|---|---|---|---|"""

STEPS_HEAD = """
## Planned and real, step by step

Of the recipes with heat; seconds, without the questions and the connecting before the first step.

| recipe | step | planned | took | off |
|---|---|---|---|---|"""

TAIL = """
## What this shows of the emulator, and what it does not

- **Fibre diameters are good to a factor, not to a figure.** They follow from the current, and the current from the
  conductivity (docs/physics.md D.4, D.5). No recipe but the founding one gives a conductivity: for polymers in
  chloroform, DCM, TFA or acetic acid the emulator's is that of the solvents and a guess at residues [M], so that the
  jet carries some 20 nA and the fibre comes out two to eight times as thick as published. Beads are not modelled.
- **The jet watch** takes the current of the founding solution where a recipe gives no conductivity; such jets carry 3
  to 8 % of that. Where a solvent's permittivity is below 20 it takes a hundredth for a jet, with a confidence of at
  most 0.5 until the jet's own current is known (docs/jet-watch.md).
- **Recipes at 7.5 kV pulsate.** The emulator begins every spun cone-jet at 1.6 times Smith's onset voltage (1.2 to 2
  [M]), which is 7.7 to 8 kV for PVDF on a 21 G needle; the needle is assumed in these recipes, and the authors did get
  fibres. Either their needle was thinner, or the factor is smaller for these solutions. Not adjusted. A slow pulsation
  that carries less than a tenth of what is expected is taken for dripping now and then, too briefly for an alarm.
- **The air is brought to the recipe before it begins**, as a person would; no emulated instrument makes it. It then
  wanders by 1.5 %RH, which takes it out of a window of 5 %RH for a part of an hour.
- **Only PAN and PMMA change in the emulated furnace.** What other mats lose, burn or give off is not modelled: they are
  a load that nothing happens to. Drums do not turn; alignment is not modelled. Viscosity moves no onset voltage.
- **Multi-jets**: above three times its onset a cone splits [M]; what that does to a real mat is not modelled."""


@dataclass
class Made:
    """A recipe that was run; everything the page says of it."""

    recipe: Recipe
    remarks: list[Problem]
    against: list[Problem]
    """Why the demonstration rig does not fit; empty where it does."""
    rig: str
    run: Run
    verdict: str
    planned_s: float
    steps: list[tuple[str, float, float]]
    spun_nm: list[float] = field(default_factory=list)
    modes: set[str] = field(default_factory=set)
    """What the needles really did."""
    heated_nm: float | None = None
    wall_s: float = 0.0

    @property
    def took_s(self) -> float:
        """The run's own time."""
        return float(self.run.info["duration_s"])


def bench_of(rig: str) -> Bench:
    """One of RIGS."""
    bench, problems = read_rig(files("rig.bench").joinpath(rig).read_bytes(), rig)
    assert bench is not None and not problems.has_errors, list(map(str, problems))
    return bench


def fitted(recipe: Recipe) -> tuple[str, Bench, Fit, list[Problem]]:
    """The first of RIGS that fits, and why the demonstration rig does not. AssertionError where none does."""
    against: list[Problem] = []
    for rig in RIGS:
        bench = bench_of(rig)
        found = fit(recipe, bench, demo_sheet(recipe) if rig == RIGS[0] else None)
        if found.possible:
            return rig, bench, found, against
        against += [problem for problem in found.problems if problem.severity is Severity.ERROR]
    raise AssertionError(f"{recipe.id} fits none of {RIGS}: {list(map(str, against))}")


def run_recipe(recipe: Recipe, remarks: Sequence[Problem], folder: Path) -> Made:
    """Run a recipe to its end on the rig that fits it."""
    rig, bench, found, against = fitted(recipe)
    sheet = demo_sheet(recipe) if rig == RIGS[0] else None
    options = Options(FileAnswers(None, yes=True), runs_dir=folder, seed=0)
    session = Session(recipe, bench, sheet, found.assignment, options)
    spun_nm, modes = list[float](), set[str]()
    _look_at_jets(session, recipe, spun_nm, modes)
    clock = RealClock()
    began_ns = clock.now_ns
    result = session.run()
    wall_s = (clock.now_ns - began_ns) / NS
    run = open_run(result.folder)
    with run.read_samples() as samples:
        judged = verdicts(run, samples)
    off = [f"{one.step.id}: {'; '.join(one.deviations)}" for one in judged if one.word != AS_ASKED]
    planned = plan(recipe, capabilities(bench))
    real: dict[str, float] = {}
    for step in result.steps:
        real[step["id"]] = real.get(step["id"], 0.0) + step["duration_s"]
    return Made(
        recipe=recipe,
        remarks=list(remarks),
        against=against,
        rig=rig,
        run=run,
        verdict="; ".join(off) or AS_ASKED,
        planned_s=planned.total_s,
        steps=[(one.step_id, one.duration_s, real.get(one.step_id, 0.0)) for one in planned.entries],
        spun_nm=spun_nm,
        modes=modes,
        heated_nm=_heated_nm(session, recipe, spun_nm),
        wall_s=wall_s,
    )


def _look_at_jets(session: Session, recipe: Recipe, spun_nm: list[float], modes: set[str]) -> None:
    """Note what the needles do while a step's clock runs, and make."""
    laboratory = session.laboratory
    assert laboratory is not None

    def look() -> None:
        now_ns = laboratory.scheduler.now_ns
        spun_nm.extend(laboratory.scene.fibre_nm(now_ns).values())
        modes.update(laboratory.scene.modes(now_ns).values())

    def listen(kind: str, data: dict[str, object], t_ns: int) -> None:
        if kind != "clock" or not data.get("running"):
            return
        step = next(one for one in recipe.steps if isinstance(one, SpinStep) and one.id == data["step"])
        lasts_s = step.duration.to("s")
        for part in range(1, max(2, round(lasts_s / LOOK_S))):
            after_s = lasts_s * part / max(2, round(lasts_s / LOOK_S))
            laboratory.scheduler.call_at(t_ns + round(after_s * NS), partial(look), Rank.COMMAND)

    session.watch(listen)


def _heated_nm(session: Session, recipe: Recipe, spun_nm: Sequence[float]) -> float | None:
    """What the emulated mat's fibres have become; None where there is no PAN in it, or no heat."""
    laboratory, made = session.laboratory, mat_spun(recipe)
    assert laboratory is not None
    mat = next((hearth.furnace.mat for hearth in laboratory.hearths.values()), None)
    if mat is None or made is None or not spun_nm or not made[1]:
        return None
    return carbon_nm(mean(spun_nm), made[1] / (made[1] + made[2]), mat.conversions())


def row(made: Made) -> str:
    """One line of the first table."""
    source = made.recipe.source
    words = "" if source is None else source.doi or source.url or source.title or source.note or ""
    codes = sorted({one.code for one in made.remarks if one.severity is not Severity.NOTE})
    notes = sum(one.severity is Severity.NOTE for one in made.remarks)
    fibre = f"{mean(made.spun_nm):.0f} nm" if made.spun_nm else f"none: {', '.join(sorted(made.modes))}"
    if made.heated_nm is not None:
        fibre += f", then {made.heated_nm:.0f} nm"
    cells = (
        made.recipe.id,
        words,
        f"{', '.join(codes) or 'no warning'}; {notes} note{'' if notes == 1 else 's'}",
        "; ".join(dict.fromkeys(one.message for one in made.against)) or "fits",
        "small" if made.rig == RIGS[0] else "large",
        str(made.run.info["outcome"]),
        made.verdict,
        duration_text(made.planned_s),
        duration_text(made.took_s),
        f"{100 * (made.took_s / made.planned_s - 1):+.1f} %",
        fibre,
        f"{made.wall_s:.0f} s",
    )
    return "| " + " | ".join(" ".join(text.replace("|", "/").split()) for text in cells) + " |"


def step_rows(made: Made) -> list[str]:
    """Planned and real of the steps of a recipe with heat."""
    if not any(step.do == "heat" for step in made.recipe.steps):
        return []
    return [
        f"| {made.recipe.id} | {step} | {planned_s:.0f} | {took_s:.0f} | {100 * (took_s / planned_s - 1):+.1f} % |"
        for step, planned_s, took_s in made.steps
        if planned_s > 0
    ]


def rows_of(id: str) -> tuple[str, list[str]]:
    """Both tables' lines of one recipe of the library."""
    recipe, remarks = load_recipe(library_path(id))
    assert recipe is not None
    with tempfile.TemporaryDirectory() as folder:
        made = run_recipe(recipe, list(remarks), Path(folder))
        return row(made), step_rows(made)


def main() -> None:
    """All of them, in their order; progress on the error stream."""
    print(HEAD, flush=True)
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    ids, steps = recipe_ids(), list[str]()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for id, (line, more) in zip(ids, pool.map(rows_of, ids), strict=True):
            print(id, file=sys.stderr, flush=True)
            print(line, flush=True)
            steps += more
    print(STEPS_HEAD)
    print("\n".join(steps))
    print(TAIL)


if __name__ == "__main__":
    main()
