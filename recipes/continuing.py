"""A recipe begun at a later step, on a sample that has a past: what is made, and what the skipped steps gave.

What was done to the sample (spun, stabilised) is carried over by its record. What was true of the rig (tube closed,
purged, needles primed) is not: another day it has to be made true again, so the step that does it is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from .checks.gas import PROOF_NEEDED_DEGC
from .checks.heat import AIR_STAGE_DEGC
from .materials import GasKind, Materials, builtin_materials, gas_kind, is_inert
from .model import Recipe
from .problems import Problems
from .steps import (
    AnyStep,
    CoolStep,
    DryStep,
    HeatStep,
    PrimeStep,
    PromptStep,
    PurgeStep,
    Segment,
    SpinStep,
)
from .toml_text import nearest

TREATING: Final = ("spin", "dry", "heat")
"""Steps that change the sample itself: their having been done is what an earlier run can give."""

BESIDE: Final = ("prompt", "wait")


@dataclass(frozen=True, slots=True)
class Past:
    """What is on record of a sample, all its runs together.

    done: (step id, kind) to the run in which it was done; ended: the same for steps that ended otherwise, to run and
    outcome; air_stage, carbonised: the run in which it was heated in air, or above 300 degC in inert gas; solutes: what
    it was spun from, in lower case.
    """

    done: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ended: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    air_stage: str | None = None
    carbonised: str | None = None
    solutes: frozenset[str] = frozenset()


def begin_at(recipe: Recipe, step_id: str) -> Recipe:
    """The recipe from a step on, with the prompts before it that record something: they are asked again.

    :raises KeyError: when there is no such step.
    """
    at = recipe.steps.index(recipe.step(step_id))
    asked = tuple(step for step in recipe.steps[:at] if isinstance(step, PromptStep) and step.record)
    return replace(recipe, steps=(*asked, *recipe.steps[at:]))


def check_beginning(
    recipe: Recipe, step_id: str, past: Past | None, materials: Materials | None = None
) -> Problems:
    """Everything that speaks against beginning at this step; `past` None: the sample has no run on record. materials:
    None: the built-in tables.
    """
    problems = Problems()
    ids = [step.id for step in recipe.steps]
    if step_id not in ids:
        guess = nearest(step_id, ids)
        listed = f"its steps: {', '.join(ids)}"
        hint = f'did you mean "{guess}"? {listed[0].upper()}{listed[1:]}' if guess else listed
        problems.error("unknown-step", "", f'--from-step: there is no step "{step_id}"', hint)
        return problems
    at = ids.index(step_id)
    _primed(recipe.steps, at, problems)
    closing = _closed_and_purged(recipe.steps, at, problems)
    _not_asked(recipe.steps, at, closing, problems)
    air_missing = _air_stage(recipe, at, past, materials or builtin_materials(), problems)
    if past is not None:
        _on_record(recipe.steps, at, past, air_missing, problems)
    return problems


def air_stage(step: AnyStep) -> bool:
    """Whether a step stabilises a carbon precursor: heat in air."""
    return isinstance(step, HeatStep) and any(_stabilises(segment) for segment in step.segments)


def carbonises(step: AnyStep) -> bool:
    """Whether a step turns a precursor to carbon: heat in inert gas."""
    return isinstance(step, HeatStep) and any(_carbonises(segment) for segment in step.segments)


def solutes(recipe: Recipe) -> frozenset[str]:
    """What the recipe's solutions hold, in lower case."""
    return frozenset(
        one.name.casefold() for solution in recipe.solutions.values() for one in solution.solutes
    )


def _stabilises(segment: Segment) -> bool:
    oxidising = gas_kind(segment.atmosphere) is GasKind.OXIDISING
    return oxidising and segment.to.to("degC") >= AIR_STAGE_DEGC


def _carbonises(segment: Segment) -> bool:
    return is_inert(segment.atmosphere) and segment.to.to("degC") > PROOF_NEEDED_DEGC


# What was true of the rig


def _primed(steps: Sequence[AnyStep], at: int, problems: Problems) -> None:
    """A spin step whose needles a step of its own fills."""
    if not isinstance(steps[at], SpinStep):
        return
    for step in reversed(steps[:at]):
        if isinstance(step, SpinStep):
            return
        if isinstance(step, PrimeStep):
            problems.error(
                "skipped-step-needed",
                f"steps.{steps[at].id}",
                f'"{steps[at].id}" needs its needles primed, which the skipped step "{step.id}" does',
                f"start from there: --from-step {step.id}",
            )
            return


def _gas(step: AnyStep, index: int) -> str | None:
    """The gas that a furnace step begins (0) or ends (-1) in; None for other steps."""
    match step:
        case PurgeStep():
            return step.gas
        case HeatStep():
            return step.segments[index].atmosphere
        case DryStep() | CoolStep():
            return step.atmosphere
        case _:
            return None


def _closed_and_purged(steps: Sequence[AnyStep], at: int, problems: Problems) -> list[PromptStep]:
    """An inert stage is begun where the tube is closed and purged; returns the prompts that were missed."""
    target = next((step for step in steps[at:] if step.do not in BESIDE), None)
    gas = None if target is None else _gas(target, 0)
    if gas is None or not is_inert(gas):
        return []
    first = at
    for index in range(at - 1, -1, -1):
        before = _gas(steps[index], -1)
        if before is not None and is_inert(before):
            first = index
        elif steps[index].do not in BESIDE:
            break
    purges = [step for step in steps[first:at] if isinstance(step, PurgeStep)]
    if isinstance(target, PurgeStep):
        purges = []
    closing = [] if isinstance(steps[at], PromptStep) and not purges else _prompts_before(steps, first)
    gives = [f'the purge proof of "{step.id}"' for step in purges[-1:]]
    gives += [f'the closed tube of "{step.id}"' for step in closing[-1:]]
    if gives:
        problems.error(
            "skipped-step-needed",
            f"steps.{steps[at].id}",
            f'"{steps[at].id}" needs {" and ".join(gives)}; what a skipped step gives the tube is not carried over to '
            "another run",
            f"start from there: --from-step {(*closing, *purges)[0].id}",
        )
    return closing


def _prompts_before(steps: Sequence[AnyStep], at: int) -> list[PromptStep]:
    """The prompts right before a step that are not asked again, in their order."""
    found: list[PromptStep] = []
    for step in reversed(steps[:at]):
        if step.do not in BESIDE:
            break
        if isinstance(step, PromptStep) and not step.record:
            found.insert(0, step)
    return found


def _not_asked(steps: Sequence[AnyStep], at: int, told: Iterable[PromptStep], problems: Problems) -> None:
    """A person's work right before the beginning is believed done, and named."""
    for step in _prompts_before(steps, at):
        if step not in told:
            problems.warning(
                "skipped-prompt",
                f"steps.{step.id}",
                f'"{step.id}" is skipped and not asked: {step.say}',
                f"if it is still to be done: --from-step {step.id}",
            )


# What was done to the sample


def _stays_raw(solute: str, known: Materials) -> bool:
    """Whether inert heat alone does not carbonise it, as far as that was read and not just remembered: PAN."""
    found = known.polymer(solute)
    return (
        found is not None
        and found.needs_air_stage
        and found.air_stage is not None
        and found.air_stage.may_refuse
    )


def _air_stage(recipe: Recipe, at: int, past: Past | None, known: Materials, problems: Problems) -> bool:
    """PAN is carbonised only when it was stabilised in air; returns whether that is missing."""
    names = solutes(recipe) | (past.solutes if past is not None else frozenset())
    if not any(_stays_raw(name, known) for name in names) or (
        past is not None and past.air_stage is not None
    ):
        return False
    for step in recipe.steps[at:]:
        for segment in step.segments if isinstance(step, HeatStep) else ():
            if _stabilises(segment):
                return False
            if _carbonises(segment):
                stages = [before for before in recipe.steps[:at] if air_stage(before)]
                hint = "stabilise it in air first"
                problems.error(
                    "no-air-stage",
                    f"steps.{step.id}",
                    f'"{step.id}" carbonises PAN, and no run of this sample has it stabilised in air',
                    f"start from there: --from-step {stages[-1].id}" if stages else hint,
                )
                return True
    return False


def _on_record(steps: Sequence[AnyStep], at: int, past: Past, air_missing: bool, problems: Problems) -> None:
    """Every skipped step that treats the sample has been done to it; what comes has not been."""
    missing = []
    for step in steps[:at]:
        place = (step.id, step.do)
        if step.do not in TREATING or place in past.done:
            continue
        if air_stage(step) and (past.air_stage is not None or air_missing):
            continue  # done under another name, or complained about already
        missing.append(step)
    if missing:
        problems.error(
            "not-done",
            f"steps.{steps[at].id}",
            f"no run of this sample has done {_named(missing, past)}, which is skipped",
            f"start from there: --from-step {missing[0].id}",
        )
    for step in steps[at:]:
        run = past.done.get((step.id, step.do))
        if step.do in TREATING and run is not None:
            problems.warning(
                "done-before",
                f"steps.{step.id}",
                f'"{step.id}" was done to this sample already, in {run}, and is done once more',
            )


def _named(missing: Iterable[AnyStep], past: Past) -> str:
    words = []
    for step in missing:
        run, outcome = past.ended.get((step.id, step.do), (None, None))
        words.append(f'"{step.id}"' + (f" (in {run} it was {outcome or 'not ended'})" if run else ""))
    return ", ".join(words)
