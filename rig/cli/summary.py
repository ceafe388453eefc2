"""What a run was and gave, in plain text for the lab book: taken from its record and from nothing else."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, Final

from recipes.materials import is_inert
from recipes.model import CoolStep, DryStep, HeatStep, PurgeStep, Recipe, Solution, SpinStep
from recipes.steps import AnyStep
from recipes.timeline import duration_text
from rig.cli.sentences import clock_text
from rig.records.errors import RecordError
from rig.records.run import Run
from rig.records.stretches import Course, still_flowing
from rig.records.verdict import AS_ASKED, Verdict
from rig.records.verdicts import judge

LABEL: Final = 13
WIDTH: Final = 100
"""A line of the summary is at most so long: it is to be pasted into a lab book."""

OUTCOMES: Final = {
    "completed": "completed",
    "stopped": "STOPPED before its end, in order",
    "aborted": "ABORTED",
    "failed": "FAILED by an internal error of the program",
    "lost": "LOST: the controller went away",
}


def summary_lines(run: Run) -> list[str]:
    """The whole summary of a run."""
    info = run.info
    lines = [
        _row("Outcome", outcome_text(info)),
        _row("Sample", str(info["sample"] or "not named")),
        _row("Recipe", _recipe_text(info)),
        _row("Rig", _rig_text(info)),
    ]
    try:
        with run.read_samples() as samples:
            course = Course(run.journal.lines, samples)
            judged = judge(run, course)
            off = dict.fromkeys(verdict.step.id for verdict in judged if verdict.deviations)
            if off and info["outcome"] == "completed":
                lines.insert(1, _row("", f"not as asked: {', '.join(off)}"))
            lines += _steps(run, judged)
            lines += _left(course)
    except RecordError as error:
        lines.append(_row("Samples", f"cannot be read: {error}"))
    lines.append(_row("Duration", duration_text(info["duration_s"] or 0.0)))
    lines.append(_row("Alarms", _alarms(run)))
    if info["record_failed"]:
        lines.append(_row("RECORD", f"NOT COMPLETE: {info['record_failed']}"))
    lines.append(f"{'Record':<{LABEL - 1}} {run.folder}")
    lines.append(_row("Head hash", str(info["head"])))
    return lines


def outcome_text(info: Mapping[str, Any]) -> str:
    """The outcome in words, with its reason."""
    outcome = str(info["outcome"])
    text = OUTCOMES.get(outcome, outcome)
    if info["early"]:
        text += ", a step ended early by a person"
    return text + (f": {info['reason']}" if info["reason"] else "")


def _row(label: str, text: str) -> str:
    """A label and its text; a long text goes on in the next line, under its beginning."""
    indent = " " * LABEL
    head = f"{label:<{LABEL - 1}} "
    # What has no space to break at (a path, a hash) stays whole.
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _recipe_text(info: Mapping[str, Any]) -> str:
    recipe = info["recipe"] or {}
    return f"{recipe.get('name')} ({recipe.get('id')}, sha256 {str(recipe.get('sha256'))[:12]})"


def _rig_text(info: Mapping[str, Any]) -> str:
    name = (info["rig"] or {}).get("name")
    return (
        f"{name}, emulated, seed {info['seed']}"
        if info["simulated"]
        else f"{name}, operator {info['operator']}"
    )


def solution_text(solution: Solution) -> str:
    """ "12 wt% PAN + PMMA (7:3) in DMF"."""
    solutes = " + ".join(one.name for one in solution.solutes)
    parts = [f"{one.parts:g}" for one in solution.solutes if one.parts is not None]
    if len(parts) > 1:
        solutes += f" ({':'.join(parts)})"
    solvents = " + ".join(one.name for one in solution.solvents)
    text = " ".join(str(part) for part in (solution.concentration, solutes) if part)
    return f"{text} in {solvents}" if text else solvents


def _steps(run: Run, verdicts: list[Verdict]) -> list[str]:
    """Each step with what was asked, the verdict, and the figures it rests on. A priming that went well is left out."""
    try:
        recipe: Recipe | None = run.recipe
    except RecordError:
        recipe = None
    lines = []
    for verdict in verdicts:
        step = verdict.step
        if step.do == "prime" and verdict.word == AS_ASKED:
            continue
        asked = (
            next((one for one in recipe.steps if (one.id, one.do) == (step.id, step.do)), None)
            if recipe
            else None
        )
        parts = [part for part in (_asked(asked), _word(verdict)) if part]
        if step.do == "prompt":
            lines.append(_row(step.id, ": ".join([*parts, "; ".join(verdict.findings)]).removesuffix(": ")))
            continue
        lines.append(_row(step.id, ": ".join(parts)))
        if isinstance(asked, SpinStep) and recipe is not None:
            lines += [_row("", text) for text in _streams(recipe, asked)]
        lines += [_row("", finding) for finding in verdict.findings]
    return lines


def _word(verdict: Verdict) -> str:
    return verdict.word if verdict.word == AS_ASKED else verdict.word.replace("deviates", "DEVIATES", 1)


def _asked(step: AnyStep | None) -> str:
    """What the recipe asks of a step, in a line; empty for steps that have no figures."""
    match step:
        case SpinStep():
            return f"{step.voltage} at {step.distance} for {step.duration}"
        case HeatStep():
            return ", then ".join(
                f"{one.ramp} to {one.to} in {one.atmosphere}, soak {one.soak}" for one in step.segments
            )
        case DryStep():
            return f"{step.to} in {step.atmosphere} for {step.duration}"
        case PurgeStep():
            until = f"{step.oxygen}" if step.oxygen is not None else f"{step.volumes:g} tube volumes"
            return f"{step.flow} {step.gas} until {until}"
        case CoolStep():
            gas = (
                f"{step.atmosphere}, {step.flow}"
                if is_inert(step.atmosphere) and step.flow
                else step.atmosphere
            )
            return f"below {step.below} in {gas}"
        case _:
            return ""


def _streams(recipe: Recipe, step: SpinStep) -> list[str]:
    return [
        f"{stream.id}: {solution_text(recipe.solutions[stream.solution])}, {stream.mode} at {stream.rate}"
        for stream in step.streams
    ]


def _left(course: Course) -> list[str]:
    """What the last samples show to be flowing still."""
    return [
        _row(
            "LEFT ON",
            f"{one.gas} flowed {one.flow_sccm:.0f} sccm at the last reading ({clock_text(one.read_s)}): nothing in "
            "this run closed it",
        )
        for one in still_flowing(course)
    ]


def _alarms(run: Run) -> str:
    found = [line for line in run.journal.lines if line["kind"] in ("trip", "alarm", "breach", "error")]
    if not found:
        return "none"
    first = found[0]["data"]
    cause = first.get("title") or first.get("tag") or found[0]["kind"]
    return f"{len(found)}; first cause: {cause}: {first.get('text')} (after {duration_text(found[0]['t_s'])})"
