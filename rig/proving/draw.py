"""From a seed to a case: rig, recipe, start state and what befalls them, such that readers and fit take it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from recipes.model import Recipe
from recipes.problems import Problem, Severity
from recipes.reader import read_recipe
from recipes.steps import FURNACE_KINDS
from rig.bench.assignment import Assignment
from rig.bench.faults import Fault, read_faults
from rig.bench.fit import fit
from rig.bench.model import Bench
from rig.bench.rigfile import read_rig
from rig.bench.start import StartState, read_start
from rig.proving.case import BadCase, Case
from rig.proving.happenings import Stakes, generate_deeds, generate_mishaps, generate_person
from rig.proving.moments import stages
from rig.proving.recipes import full_length, generate_recipe
from rig.proving.rigs import generate_rig, rig_plan
from rig.simulation.laboratory import generator

FULL_LENGTH_SHARE = 0.01
VERIFY_SHARE = 0.05
ATTEMPTS = 200
LONGEST_S = 2400.0
BRIEF_S = 900.0
"""A generated recipe that takes longer than this is not taken."""
SCANS, BRIEF_SCANS, FULL_SCANS = 10_000, 2_500, 1_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """A case as the program has read it."""

    recipe: Recipe
    bench: Bench
    assignment: Assignment
    start: StartState | None
    faults: tuple[Fault, ...]
    """Those that count from the run's or a step's start."""
    staged: tuple[tuple[str, str, Fault], ...] = ()
    """Step, stage, and the fault that counts from when that began."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case, and how many drafts the readers or `fit` had refused before it."""

    case: Case
    refused: int


def draw(seed: int, brief: bool = False, rig_text: str | None = None) -> Drawn:
    """The case of a seed. brief: minutes, never full length. rig_text: this rig and no generated one."""
    rng = generator(seed, "case")
    full = not brief and rng.random() < FULL_LENGTH_SHARE
    for attempt in range(ATTEMPTS):
        case = _draft(rng, seed, brief, full, rig_text)
        if case is not None:
            return Drawn(case, attempt)
    raise BadCase(f"seed {seed}: {ATTEMPTS} drafts in a row were refused by the readers or by fit")


def _draft(rng: random.Random, seed: int, brief: bool, full: bool, rig_text: str | None) -> Case | None:
    rig = rig_plan(rig_text) if rig_text is not None or full else generate_rig(rng)
    plan = full_length() if full else generate_recipe(rng, rig, brief)
    if not full and plan.length_s > (BRIEF_S if brief else LONGEST_S):
        return None
    case = Case(seed, rig.text, plan.text, plan.start, plan.length_s)
    try:
        parts = read_parts(case)
    except BadCase:
        return None
    fed = {one.pump for one in parts.assignment.streams.values()}
    fed |= {one.hv for one in parts.assignment.streams.values() if one.hv is not None}
    idle = {"furnace", "gas", "oxygen"} if not heats(parts.recipe) else set()
    idle |= set() if fed else {"pumps", "hv", "needles", "current", "climate"}
    stakes = Stakes(stages(parts.recipe, rig.ramp_kv_s, rig.discharge_s), plan.length_s)
    mishaps = generate_mishaps(rng, parts.bench, frozenset(fed), frozenset(idle), stakes)
    return Case(
        seed=seed,
        rig=rig.text,
        recipe=plan.text,
        start=plan.start,
        length_s=plan.length_s,
        mishaps=mishaps,
        deeds=generate_deeds(rng, stakes),
        person=generate_person(rng),
        back_s=rng.choice((0.5, 5.0, 90.0)),
        scans=FULL_SCANS if full else BRIEF_SCANS if brief else SCANS,
        verify=rng.random() < VERIFY_SHARE,
    )


def heats(recipe: Recipe) -> bool:
    """Whether it has work for a furnace."""
    return any(step.do in FURNACE_KINDS for step in recipe.steps)


def read_parts(case: Case) -> Parts:
    """What the readers make of a case. Raises BadCase with their first error where they, or fit, refuse it."""
    recipe, mistakes = read_recipe(case.recipe, f"seed-{case.seed}")
    if recipe is None:
        raise BadCase(f"recipe: {_first(mistakes)}")
    bench, problems = read_rig(case.rig, "generated rig")
    if bench is None or problems.has_errors:
        raise BadCase(f"rig: {_first(problems)}")
    found = fit(recipe, bench, None)
    if not found.possible:
        raise BadCase(f"fit: {_first(found.problems)}")
    start = None
    if case.start:
        start, problems = read_start(case.start, bench)
        if start is None:
            raise BadCase(f"start: {_first(problems)}")
    faults: tuple[Fault, ...] = ()
    if case.mishaps:
        taken, problems = read_faults(case.faults_toml(), bench, recipe)
        if taken is None:
            raise BadCase(f"faults: {_first(problems)}")
        faults = taken
    pairs = list(zip(case.mishaps, faults, strict=True))
    return Parts(
        recipe,
        bench,
        found.assignment,
        start,
        tuple(fault for mishap, fault in pairs if not mishap.stage),
        tuple(
            (mishap.step, mishap.stage, replace(fault, step=None, at_s=mishap.at_s, after_s=0.0))
            for mishap, fault in pairs
            if mishap.stage
        ),
    )


def _first(problems: Iterable[Problem]) -> str:
    return next((str(one) for one in problems if one.severity is Severity.ERROR), "refused")
