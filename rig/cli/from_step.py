"""`--from-step`: a run that goes on with a sample where an earlier one ended, as its record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recipes.continuing import air_stage, begin_at, carbonises, check_beginning
from recipes.materials import Materials
from recipes.model import PromptStep, Recipe
from recipes.problems import Problems
from recipes.steps import AnyStep, CoolStep
from recipes.units import Quantity, UnitError, parse_quantity
from rig.bench.answers import Answer, Answers, refusal
from rig.bench.sheet import RunSheet
from rig.cli import output
from rig.records.sample import SamplePast, past_of
from rig.running import Beginning


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A run from a later step on. recipe: what is made of it; answers: what an earlier run of the sample was told."""

    recipe: Recipe
    beginning: Beginning
    past: SamplePast
    answers: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)

    def added_to(self, answers: Answers) -> Answers:
        """The answers file's word first, then the earlier run's."""
        steps = {**self.answers, **answers.by_step}
        return Answers({step: {**self.answers.get(step, {}), **own} for step, own in steps.items()})

    def say(self, answers: Answers) -> None:
        """What is taken from where, to standard error."""
        sample, past = self.past.sample, self.past
        if past.latest is None:
            output.remark(f"{sample} has no earlier run: nothing is on record of what was done to it before")
            return
        output.remark(f"{sample} goes on from {past.latest}")
        for step, own in self.answers.items():
            for key, value in own.items():
                if key not in answers.by_step.get(step, {}):
                    run = past.weighed[step, key][1]
                    output.remark(
                        f"  {step}.{key} = {value}, as answered in {run} (--answers says otherwise)"
                    )


def go_on(
    recipe: Recipe,
    step: str,
    sheet: RunSheet | None,
    runs_dir: Path | None,
    *,
    emulated: bool,
    materials: Materials | None = None,
) -> tuple[GoingOn | None, Problems]:
    """The rest of a recipe for the sheet's sample, and everything that speaks against it, placed in the recipe.

    None when there is no such step, or no sample is named.
    """
    known = past_of(sheet.sample, runs_dir, emulated=emulated) if sheet and sheet.sample else None
    on_record = known.past if known is not None and known.runs else None
    problems = check_beginning(recipe, step, on_record, materials)
    if any(problem.code == "unknown-step" for problem in problems):
        return None, problems
    if known is None:
        problems.error(
            "no-sample",
            "",
            "--from-step continues a sample: which one, the run sheet has to say",
            'give --sheet with sample = "..."',
        )
        return None, problems
    for doubt in known.doubts:
        problems.warning("doubtful-record", "", f"{known.sample}: {doubt}")
    rest, skipped = begin_at(recipe, step), recipe.steps[: recipe.steps.index(recipe.step(step))]
    answers = _answered(rest, skipped, known)
    beginning = Beginning(
        step=step,
        continues=known.latest,
        carried={f"{one}.{key}": str(value) for one, own in answers.items() for key, value in own.items()},
        mat=_mat(skipped) if on_record is not None else "as-spun",
        cooling=_cooling(skipped),
    )
    return GoingOn(rest, beginning, known, answers), problems


def _answered(rest: Recipe, skipped: Sequence[AnyStep], known: SamplePast) -> dict[str, dict[str, Answer]]:
    """What prompts before the beginning were told when they were asked, as far as it would be taken again."""
    found: dict[str, dict[str, Answer]] = {}
    for step in rest.steps:
        if not isinstance(step, PromptStep) or step not in skipped:
            continue
        for key, wanted in step.record.items():
            text, _ = known.weighed.get((step.id, key), ("", ""))
            try:
                value: Quantity = parse_quantity(text, wanted.dimension)
            except UnitError:
                continue
            if refusal(wanted, value) is None:
                found.setdefault(step.id, {})[key] = value
    return found


def _mat(skipped: Sequence[AnyStep]) -> str:
    """How far an emulated mat has come by the skipped steps."""
    if any(carbonises(one) for one in skipped):
        return "carbon"
    return "stabilised" if any(air_stage(one) for one in skipped) else "as-spun"


def _cooling(skipped: Sequence[AnyStep]) -> str | None:
    """The step that leaves the tube cold, if the last skipped step of a furnace does."""
    last = next((one for one in reversed(skipped) if one.do not in ("prompt", "wait")), None)
    return last.id if isinstance(last, CoolStep) else None
