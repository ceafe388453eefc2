"""Everything a run is made of, read and held against each other, with every problem shown at once."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from recipes.catalogue import find_recipe
from recipes.model import PrimeStep, PromptStep, Recipe, SpinStep
from recipes.problems import InputError, Problem, Problems, Severity
from recipes.reader import load_recipe
from recipes.tables import attach_places, nearest, read_text_file
from rig.bench.answers import Answers, read_answers, simulated_answers
from rig.bench.assignment import Assignment
from rig.bench.faults import Fault, read_faults
from rig.bench.fit import RECIPE, RIG_FILE, RUN_SHEET, fit
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig, simulate
from rig.bench.sheet import RunSheet, demo_sheet, read_sheet
from rig.bench.start import StartState, read_start
from rig.cli import output

DEMO_RIG_NAME: Final = "the built-in demonstration rig"
DEMO_SHEET_NAME: Final = "the built-in run sheet"


@dataclass(slots=True)
class Found:
    """The problems of one file: its name as the user knows it, and its text."""

    name: str
    text: str | None
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Inputs:
    """A run's parts, ready to be made: nothing in them is wrong."""

    recipe: Recipe
    bench: Bench
    sheet: RunSheet | None
    assignment: Assignment
    answers: Answers
    faults: tuple[Fault, ...]
    start: StartState | None


class Refusal(output.Refused):
    """Files that cannot be run; their problems have been shown."""

    def __init__(self, message: str, problems: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(slots=True)
class _Loader:
    """One look at all files; problems by the file they stand in."""

    args: argparse.Namespace
    found: dict[str, Found] = field(default_factory=dict)

    def note(self, name: str, text: str | None, problems: Iterable[Problem]) -> None:
        """Keep the problems of a file."""
        here = self.found.setdefault(name, Found(name, text, []))
        here.text = here.text or text
        placed = Problems(problems)
        if here.text is not None:
            attach_places(placed, here.text)
        here.problems += placed

    def octets(self, path: Path, what: str) -> bytes | None:
        """A file's bytes, or a problem."""
        problems = Problems()
        octets = read_text_file(path, problems, what)
        self.note(str(path), None if octets is None else octets.decode(errors="replace"), problems)
        return octets

    def recipe(self) -> tuple[Recipe | None, str]:
        """The recipe by file or id, and what to call it."""
        ref = str(self.args.recipe)
        try:
            path = find_recipe(ref)
        except InputError as error:
            self.note(ref, None, error.problems)
            return None, ref
        recipe, problems = load_recipe(path)
        self.note(ref, _text_of(path), problems)
        return recipe, ref

    def bench(self) -> tuple[Bench | None, str]:
        """The rig: the one of the file, or the demonstration rig."""
        path: Path | None = self.args.rig
        name = DEMO_RIG_NAME if path is None else str(path)
        try:
            bench, problems = load_rig(path)
        except InputError as error:
            self.note(name, None if path is None else _text_of(path), error.problems)
            return None, name
        self.note(name, bench.text, problems)
        return (simulate(bench) if self.args.simulate else bench), name

    def sheet(self, recipe: Recipe | None) -> tuple[RunSheet | None, str]:
        """The run sheet of the file, or the demonstration rig's own."""
        path: Path | None = self.args.sheet
        if path is not None:
            octets = self.octets(path, "run sheet")
            if octets is None:
                return None, str(path)
            sheet, problems = read_sheet(octets)
            self.note(str(path), None, problems)
            if sheet is not None and self.args.from_step is not None and sheet.sample is None:
                text = "--from-step continues a sample: which one, the run sheet does not say"
                self.note(str(path), None, [_error("no-sample", "", text, 'add sample = "..."')])
            return sheet, str(path)
        own = demo_sheet(recipe) if self.args.rig is None and recipe is not None else None
        return own, DEMO_SHEET_NAME

    def answers(self, recipe: Recipe) -> Answers:
        """The answers file, or none."""
        path: Path | None = self.args.answers
        if path is None:
            return Answers()
        octets = self.octets(path, "answers file")
        if octets is None:
            return Answers()
        answers, problems = read_answers(octets, recipe)
        self.note(str(path), None, problems)
        return answers or Answers()

    def faults(self, bench: Bench, recipe: Recipe) -> tuple[Fault, ...]:
        """The faults file, or none."""
        path: Path | None = self.args.faults
        octets = self.octets(path, "faults file") if path is not None else None
        if path is None or octets is None:
            return ()
        faults, problems = read_faults(octets, bench, recipe)
        self.note(str(path), None, problems)
        return faults or ()

    def start(self, bench: Bench) -> StartState | None:
        """The start state, or none."""
        path: Path | None = self.args.start
        octets = self.octets(path, "start state") if path is not None else None
        if path is None or octets is None:
            return None
        start, problems = read_start(octets, bench)
        self.note(str(path), None, problems)
        return start

    @property
    def errors(self) -> int:
        """How many errors there are in all files."""
        return sum(
            problem.severity is Severity.ERROR for found in self.found.values() for problem in found.problems
        )

    def show(self) -> None:
        """Every error and warning, file by file; notes where there is nothing worse."""
        for found in self.found.values():
            loud = [problem for problem in found.problems if problem.severity is not Severity.NOTE]
            output.show_problems(loud, found.name, found.text)

    def as_dicts(self) -> list[dict[str, Any]]:
        """All problems as plain data, each with its file."""
        return [
            {"file": found.name, **problem.as_dict()}
            for found in self.found.values()
            for problem in found.problems
        ]


def load(args: argparse.Namespace, show: bool = True) -> Inputs:
    """Read and fit everything that the arguments of `spinrig run` name.

    Shows all problems of all files. Raises Refusal when one is an error.
    """
    loader = _Loader(args)
    recipe, recipe_name = loader.recipe()
    bench, rig_name = loader.bench()
    if recipe is not None and args.from_step is not None:
        recipe = _from_step(loader, recipe, recipe_name, args.from_step)
    sheet, sheet_name = loader.sheet(recipe)
    answers, start = Answers(), None
    faults: tuple[Fault, ...] = ()
    if recipe is not None:
        answers = loader.answers(recipe)
    if bench is not None:
        start = loader.start(bench)
        if recipe is not None:
            faults = loader.faults(bench, recipe)
    assignment = None
    if recipe is not None and bench is not None and (sheet is not None or args.sheet is None):
        fitted = fit(recipe, bench, sheet)
        assignment = fitted.assignment
        names = {RIG_FILE: rig_name, RUN_SHEET: sheet_name, RECIPE: recipe_name}
        texts = {RIG_FILE: bench.text, RUN_SHEET: sheet.text if sheet else None, RECIPE: recipe.text}
        for file, problems in fitted.by_file.items():
            kept = problems if args.from_step is None else _without_skipped(problems)
            loader.note(names[file], texts[file], kept)
    if show or loader.errors:
        loader.show()
    if loader.errors or recipe is None or bench is None or assignment is None:
        what = f"{output.counted(loader.errors, 'error')}: nothing was started"
        raise Refusal(what, loader.as_dicts())
    return Inputs(recipe, bench, sheet, assignment, answers, faults, start)


def missing_answers(inputs: Inputs, yes: bool) -> None:
    """Refuse a run in which a question is certain to come that nobody could answer. Raises Refused."""
    missing = inputs.answers.missing(inputs.recipe)
    if yes:
        _, problems = simulated_answers(inputs.recipe)
        if problems.has_errors:
            output.show_problems(problems, inputs.recipe.id, inputs.recipe.text)
            raise Refusal("--yes has no value for every question", [one.as_dict() for one in problems])
        return
    if missing:
        tables: dict[str, list[str]] = {}
        for place in missing:
            step, _, key = place.partition(".")
            tables.setdefault(step, []).append(key)
        listed = "; ".join(f"[{step}] {', '.join(keys)}" for step, keys in tables.items())
        raise output.Refused(
            f"nobody is there to answer, and these answers are needed: {listed}",
            "give them with --answers FILE, take the declared defaults with --yes, or run it at a terminal",
        )


def _from_step(loader: _Loader, recipe: Recipe, name: str, step_id: str) -> Recipe | None:
    """The recipe from a step on, with the prompts before it that record something: they are asked again."""
    ids = [step.id for step in recipe.steps]
    if step_id not in ids:
        guess = nearest(step_id, ids)
        hint = f'did you mean "{guess}"?' if guess else f"its steps: {', '.join(ids)}"
        loader.note(
            name, None, [_error("unknown-step", "", f'--from-step: there is no step "{step_id}"', hint)]
        )
        return None
    at = ids.index(step_id)
    before, after = recipe.steps[:at], recipe.steps[at:]
    if loader.args.sheet is None:
        text = "--from-step continues a sample: which one, the run sheet has to say"
        loader.note(name, None, [_error("no-sample", "", text, 'give --sheet with sample = "..."')])
    primes = [step for step in before if isinstance(step, PrimeStep)]
    if primes and isinstance(after[0], SpinStep):
        text = f'"{step_id}" needs its needles primed, which the skipped step "{primes[-1].id}" does'
        hint = f"start from there: --from-step {primes[-1].id}"
        loader.note(name, recipe.text, [_error("skipped-step-needed", f"steps.{step_id}", text, hint)])
    asked = tuple(step for step in before if isinstance(step, PromptStep) and step.record)
    return replace(recipe, steps=(*asked, *after))


def _without_skipped(problems: Iterable[Problem]) -> list[Problem]:
    """A run sheet may speak of steps that are skipped."""
    return [problem for problem in problems if problem.code != "unknown-stream"]


def _error(code: str, where: str, message: str, hint: str) -> Problem:
    return Problem(Severity.ERROR, code, where, message, hint)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return None


def labels(assignment: Assignment) -> Mapping[str, str]:
    """What each pump holds, by pump."""
    return {one.pump: one.stream for one in assignment.streams.values()}
