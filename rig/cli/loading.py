"""What a run is made of, read and held against each other, with every problem shown at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from recipes.materials import Materials
from recipes.model import Recipe
from recipes.problems import Problem, Problems, Severity
from rig.bench.answers import Answers, read_answers, simulated_answers
from rig.bench.assignment import Assignment
from rig.bench.faults import Fault, read_faults
from rig.bench.model import Bench
from rig.bench.sheet import RunSheet
from rig.bench.start import StartState, read_start
from rig.cli import output
from rig.cli.from_step import GoingOn, go_on
from rig.cli.inputs import Given, GivenRig, Lab, read_given, read_given_recipe
from rig.engine.manual import ManualWork
from rig.running import Beginning

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Inputs:
    """A run's parts, ready to be made: nothing in them is wrong. beginning: None for a recipe from its start.
    materials: by which it was checked, None: the built-in tables.
    """

    recipe: Recipe
    bench: Bench
    sheet: RunSheet | None
    assignment: Assignment
    answers: Answers
    faults: tuple[Fault, ...]
    start: StartState | None
    beginning: Beginning | None
    manual: ManualWork | None = None
    materials: Materials | None = None


class Refusal(output.Refused):
    """Files that cannot be run; their problems have been shown."""

    def __init__(self, message: str, problems: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.problems = problems


def load(args: argparse.Namespace, show: bool = True) -> Inputs:
    """Read and fit everything that the arguments of `spinrig run` name.

    Shows all problems of all files. Raises Refusal when one is an error.
    """
    lab = Lab.read()
    whole, recipe_file = read_given_recipe(args.recipe, lab)
    rig = GivenRig.read(args.rig, args.sheet, emulated=args.simulate, materials=lab.materials)
    files, bench, recipe = [*lab.files, recipe_file], rig.bench, whole
    going_on: GoingOn | None = None
    if whole is not None and args.from_step is not None:
        going_on, problems = _go_on(args, whole, rig)
        files.append(Given(recipe_file.name, recipe_file.text).more(problems))
        recipe = going_on.recipe if going_on is not None else None
    answers, start = Answers(), None
    faults: tuple[Fault, ...] = ()

    def read(
        path: Path | None, what: str, how: Callable[[bytes], tuple[Read | None, Problems]]
    ) -> Read | None:
        """An optional file; its problems are kept."""
        if path is None:
            return None
        found, given = read_given(path, what, how)
        files.append(given)
        return found

    if whole is not None:
        # Of the whole recipe: the same file may answer for both days.
        answers = read(args.answers, "answers file", lambda text: read_answers(text, whole)) or answers
    if bench is not None:
        start = read(args.start, "start state", lambda text: read_start(text, bench))
        if recipe is not None:
            faults = read(args.faults, "faults file", lambda text: read_faults(text, bench, recipe)) or ()
    fitted, held = rig.fit(recipe, recipe_file)
    files += held if args.from_step is None else map(_without_skipped, held)
    errors = sum(one.errors for one in files)
    if show or errors:
        for one in files:
            one.show(notes=False)
    if errors or recipe is None or bench is None or fitted is None:
        problems_as_data = [data for one in files for data in one.as_dicts()]
        raise Refusal(f"{output.counted(errors, 'error')}: nothing was started", problems_as_data)
    if going_on is not None:
        if show:
            going_on.say(answers)
        answers = going_on.added_to(answers)
    sheet, beginning = rig.sheet_for(recipe), going_on.beginning if going_on is not None else None
    return Inputs(
        recipe, bench, sheet, fitted.assignment, answers, faults, start, beginning, materials=lab.materials
    )


def _go_on(args: argparse.Namespace, whole: Recipe, rig: GivenRig) -> tuple[GoingOn | None, Problems]:
    """The recipe from --from-step on. A sheet that cannot be read has its own problems and is not complained of."""
    emulated = rig.bench is None or rig.bench.simulated
    going_on, problems = go_on(
        whole, args.from_step, rig.sheet_read, args.runs, emulated=emulated, materials=rig.materials
    )
    if rig.sheet is not None and rig.sheet.has_errors:
        problems = Problems(problem for problem in problems if problem.code != "no-sample")
    return going_on, problems


def _without_skipped(given: Given) -> Given:
    """A run sheet may speak of steps that are skipped."""
    kept: list[Problem] = [problem for problem in given.problems if problem.code != "unknown-stream"]
    return Given(given.name, given.text, kept)


def missing_answers(inputs: Inputs, yes: bool) -> None:
    """Refuse a run in which a question is certain to come that nobody could answer. Raises Refused."""
    missing = inputs.answers.missing(inputs.recipe)
    if yes:
        _, problems = simulated_answers(inputs.recipe)
        unknown = [
            one for one in problems if one.where.removeprefix("steps.").replace(".record", "") in missing
        ]
        if any(one.severity is Severity.ERROR for one in unknown):
            output.show_problems(unknown, inputs.recipe.id, inputs.recipe.text)
            raise Refusal("--yes has no value for every question", [one.as_dict() for one in unknown])
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


def labels(assignment: Assignment) -> Mapping[str, str]:
    """What each pump holds, by pump."""
    return {one.pump: one.stream for one in assignment.streams.values()}
