"""The answers file: a table per step id with the answers to that step's questions, given before the run.

Questions: the fields of a prompt's `record`, or `done` for a prompt without; `primed` and `wiped` where
needles are filled (a prime step, or a spin step that primes by itself); `earthed` at the end of a spin step;
`attested`, which answers for a high voltage whose absence nothing could prove; and `flushed` under a prompt, which says
how a tube was freed of what pyrolysis gave off when no gas has flowed for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from recipes.model import AnyStep, PrimeStep, PromptStep, Recipe, RecordField, SpinStep
from recipes.problems import Problems
from recipes.tables import Table, root_table
from recipes.toml_text import attach_places, load_toml, nearest
from recipes.units import Quantity

CONFIRMATIONS: Final = ("primed", "wiped", "earthed", "done")


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who says that a supply's mains is off and its output earthed, or a tube flushed, and why that had to be said."""

    name: str
    reason: str


Answer = Quantity | bool | Attestation


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by step id and key."""

    by_step: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)

    def get(self, step: str, key: str) -> Answer | None:
        """The answer to one question; None when there is none."""
        return self.by_step.get(step, {}).get(key)

    def missing(self, recipe: Recipe, from_step: str | None = None) -> tuple[str, ...]:
        """The questions that will certainly be asked and have no answer here, as "transfer.mat_mass"."""
        return tuple(
            f"{step.id}.{key}"
            for step in steps_from(recipe, from_step)
            for key in questions(recipe, step)
            if self.get(step.id, key) is None
        )


def steps_from(recipe: Recipe, from_step: str | None) -> tuple[AnyStep, ...]:
    """The steps that are run, from the named one on (all when none is named)."""
    ids = [step.id for step in recipe.steps]
    return recipe.steps[ids.index(from_step) if from_step is not None else 0 :]


def primes_itself(recipe: Recipe, step: SpinStep) -> bool:
    """Whether a spin step has no prime step before it (after the spin step before) and so fills its needles
    by itself.
    """
    for earlier in reversed(recipe.steps[: recipe.steps.index(step)]):
        if isinstance(earlier, PrimeStep):
            return False
        if isinstance(earlier, SpinStep):
            return True
    return True


def questions(recipe: Recipe, step: AnyStep) -> tuple[str, ...]:
    """The keys of the questions a step certainly asks; what is attested is not among them."""
    if isinstance(step, PromptStep):
        return tuple(step.record) or ("done",)
    if isinstance(step, PrimeStep):
        return ("primed", "wiped")
    if isinstance(step, SpinStep):
        return ("primed", "wiped", "earthed") if primes_itself(recipe, step) else ("earthed",)
    return ()


def read_answers(source: str | bytes, recipe: Recipe) -> tuple[Answers | None, Problems]:
    """The answers and all problems, placed; None when there is an error."""
    problems = Problems()
    data = load_toml(source, problems, "answers file")
    if data is None:
        return None, problems
    root = root_table(data, problems)
    steps = {step.id: step for step in recipe.steps}
    by_step: dict[str, Mapping[str, Answer]] = {}
    for name in root.keys():  # noqa: SIM118
        table = root.table(name)
        if table is None:
            continue
        if name not in steps:
            guess = nearest(name, steps)
            hint = f'did you mean "{guess}"?' if guess else f"its steps: {', '.join(steps)}"
            root.error("unknown-step", name, f'the recipe has no step "{name}"', hint)
            continue
        by_step[name] = _read_step(table, recipe, steps[name])
    attach_places(problems, source.decode() if isinstance(source, bytes) else source)
    return (None if problems.has_errors else Answers(by_step)), problems


def simulated_answers(recipe: Recipe) -> tuple[Answers, Problems]:
    """What `--yes` says on an emulated rig: every confirmation yes, every record field its `simulate` value.

    A field without one is an error `no-simulate-value`, placed in the recipe.
    """
    problems = Problems()
    by_step: dict[str, Mapping[str, Answer]] = {}
    for step in recipe.steps:
        answers: dict[str, Answer] = {}
        for key in questions(recipe, step):
            if not isinstance(step, PromptStep) or not step.record:
                answers[key] = True
                continue
            value = step.record[key].simulate
            if value is None:
                problems.error(
                    "no-simulate-value",
                    f"steps.{step.id}.record.{key}",
                    f'"{key}" has no value for a simulation',
                    f'add simulate = "... {step.record[key].unit}", or give the answer in an answers file',
                )
            else:
                answers[key] = value
        if answers:
            by_step[step.id] = answers
    attach_places(problems, recipe.text)
    return Answers(by_step), problems


def refusal(record: RecordField, value: Quantity) -> str | None:
    """Why the program does not take an answer; None when it does."""
    if record.refuse_below is not None and value < record.refuse_below:
        return f"{value} is below {record.refuse_below}, which cannot be right"
    if record.refuse_above is not None and value > record.refuse_above:
        return f"{value} is above {record.refuse_above}, which cannot be right"
    return None


def _read_step(table: Table, recipe: Recipe, step: AnyStep) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for key in questions(recipe, step):
        if isinstance(step, PromptStep) and step.record:
            record = step.record[key]
            value = table.quantity(key, record.dimension)
            if value is not None:
                why = refusal(record, value)
                if why is not None:
                    table.error("refused-answer", key, why, "measure again")
                found[key] = value
            continue
        said = table.flag(key)
        if said is False:
            table.error(
                "refused-answer",
                key,
                f'"{key}" is answered with false',
                "leave it out and answer when it is true",
            )
        elif said is not None:
            found[key] = said
    word = "attested" if isinstance(step, SpinStep) else "flushed" if isinstance(step, PromptStep) else ""
    own = table.table(word) if word else None
    if own is not None:
        found[word] = Attestation(own.text("name", required=True), own.text("reason", required=True))
        own.finish()
    table.finish(word)
    return found
