"""A verdict on every step of a run: what was asked, what the record shows, and whether the two agree.

Derived from journal and samples and from nothing else: of a run that was made years ago the same words come out, and
nothing that the program believed while it ran is repeated here. What no instrument saw is said not to be judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from recipes.model import CoolStep, DryStep, HeatStep, PromptStep, PurgeStep, Recipe, SpinStep
from recipes.steps import AnyStep, Window
from recipes.timeline import duration_text
from rig.records.errors import RecordError
from rig.records.run import Run
from rig.records.stretches import Course, Stretch, clock_windows
from rig.records.tables import SampleReader
from rig.records.verdict import Verdict
from rig.records.verdicts_furnace import judge_cool, judge_heat, judge_purge
from rig.records.verdicts_jet import judge_jets

WITHIN: Final = 0.01
"""Voltage and delivered volume may be off by this part of what was asked."""

CLOCK_S: Final = 1.0
"""A clock may stand this much short of what was asked: one scan in which nothing is due for 0.1 s, and rounding."""


def verdicts(run: Run, reader: SampleReader) -> list[Verdict]:
    """The verdict on each step that was begun, in their order. Raises RecordError when the samples cannot be read."""
    return judge(run, Course(run.journal.lines, reader))


def judge(run: Run, course: Course) -> list[Verdict]:
    """The same from a course that others use, too."""
    try:
        recipe: Recipe | None = run.recipe
    except RecordError:
        recipe = None
    assignment = run.journal.lines[0]["data"].get("assignment") or [] if run.journal.lines else []
    found = []
    for step in course.steps:
        verdict = Verdict(step)
        asked = _asked(recipe, step)
        if run.info.get("kind") == "manual":
            _by_hand(verdict, course)
        elif recipe is None:
            verdict.unjudged = "the frozen recipe cannot be read"
        elif asked is None and step.do != "prime":
            verdict.unjudged = "the frozen recipe has no such step"
        else:
            _judge(verdict, asked, course, assignment)
        found.append(verdict)
    return found


def _by_hand(verdict: Verdict, course: Course) -> None:
    """Manual work is held against no recipe: it says what was done."""
    for kind in ("jog", "hv-test"):
        verdict.findings += [str(data.get("text")) for _, data in course.events(verdict.step, kind)]
    if verdict.step.do == "prime":
        _prime(verdict, course)


def _asked(recipe: Recipe | None, step: Stretch) -> AnyStep | None:
    """The recipe's step of this id; a priming that the rig adds has none of its own."""
    steps = recipe.steps if recipe is not None else ()
    return next((one for one in steps if one.id == step.id and one.do == step.do), None)


def _judge(
    verdict: Verdict, asked: AnyStep | None, course: Course, assignment: Iterable[Mapping[str, Any]]
) -> None:
    match asked:
        case HeatStep() | DryStep():
            judge_heat(verdict, asked, course)
        case PurgeStep():
            judge_purge(verdict, asked, course)
        case CoolStep():
            judge_cool(verdict, asked, course)
        case SpinStep():
            _spin(verdict, asked, course, [one for one in assignment if one.get("step") == asked.id])
        case PromptStep():
            _answers(verdict, course)
        case _ if verdict.step.do == "prime":
            _prime(verdict, course)
        case _:
            lasted_s = verdict.step.lasted_s
            if lasted_s is not None:
                verdict.findings.append(f"lasted {duration_text(lasted_s)}")


def _spin(verdict: Verdict, asked: SpinStep, course: Course, assigned: list[Mapping[str, Any]]) -> None:
    windows, elapsed_s = clock_windows(course, verdict.step)
    asked_s = asked.duration.to("s")
    verdict.figures["clock_s"] = elapsed_s
    if not windows:
        verdict.findings.append("the clock never ran")
        verdict.deviations.append("the clock never ran")
        return
    interrupted = f", interrupted {_times(len(windows) - 1)}" if len(windows) > 1 else ""
    verdict.findings.append(f"{duration_text(elapsed_s)} of {asked.duration} on the clock{interrupted}")
    if elapsed_s < asked_s - CLOCK_S:
        verdict.deviations.append(f"clock {duration_text(elapsed_s)} of {asked.duration}")
    supplies: dict[str, float] = {}
    for stream in asked.streams:
        one = next((found for found in assigned if found.get("stream") == stream.id), None)
        if one is None:
            verdict.findings.append(
                f"{stream.id}: volume not judged: the record does not say which pump it was"
            )
            continue
        supplies.setdefault(str(one.get("hv")), stream.voltage.to("kV"))
        wanted_ml = stream.rate.to("ml/h") * elapsed_s / 3600
        _volume(verdict, course, stream.id, str(one["pump"]), wanted_ml, windows)
    for supply, wanted_kv in supplies.items():
        _voltage(verdict, course, supply, wanted_kv, windows)
    for name in course.named("current", "current_na"):
        values = course.while_clock_ran(name, windows)
        if values:
            verdict.figures[name] = sum(values) / len(values)
            verdict.findings.append(
                f"{sum(values) / len(values):.0f} nA at {name.rpartition('.')[0]}, mean of all jets it sees"
            )
    _chamber(verdict, course, "humidity_pct", "%RH", asked.humidity, windows)
    _chamber(verdict, course, "temperature_degc", "°C", asked.temperature, windows)
    judge_jets(verdict, course, windows)


def _volume(
    verdict: Verdict,
    course: Course,
    stream: str,
    pump: str,
    wanted_ml: float,
    windows: Iterable[tuple[float, float]],
) -> None:
    total_ml, read = 0.0, False
    for window in windows:
        values = course.within(f"{pump}.delivered_ml", window)[1]
        if values:
            read = True
            total_ml += values[-1] - values[0]
    if not read:
        verdict.findings.append(f"{stream}: volume not judged: {pump} was not read")
        return
    verdict.figures[f"{stream}.delivered_ml"] = total_ml
    verdict.findings.append(f"{stream}: {total_ml:.3f} of {wanted_ml:.3f} ml delivered by {pump}")
    if abs(total_ml - wanted_ml) > WITHIN * wanted_ml:
        verdict.deviations.append(f"{stream} {total_ml:.3f} instead of {wanted_ml:.3f} ml")


def _voltage(
    verdict: Verdict, course: Course, supply: str, wanted_kv: float, windows: Iterable[tuple[float, float]]
) -> None:
    values = course.while_clock_ran(f"{supply}.voltage_kv", windows)
    if not values:
        verdict.findings.append(f"voltage not judged: {supply} was not read back")
        return
    mean_kv = sum(values) / len(values)
    verdict.figures[f"{supply}.voltage_kv"] = mean_kv
    verdict.findings.append(f"{mean_kv:.2f} kV read back from {supply} (mean; asked {wanted_kv:g} kV)")
    if abs(mean_kv - wanted_kv) > WITHIN * abs(wanted_kv):
        verdict.deviations.append(f"{supply} {mean_kv:.2f} instead of {wanted_kv:g} kV")


def _chamber(
    verdict: Verdict,
    course: Course,
    ending: str,
    unit: str,
    asked: Window | None,
    windows: Iterable[tuple[float, float]],
) -> None:
    """Humidity or temperature of the chamber while the clock ran, against the window the recipe gives."""
    for name in course.named("climate", ending):
        values = course.while_clock_ran(name, windows)
        if not values:
            continue
        low, high = min(values), max(values)
        text = f"chamber {low:.1f} to {high:.1f} {unit}"
        if asked is not None:
            dimension = "%RH" if ending == "humidity_pct" else "degC"
            least = None if asked.minimum is None else asked.minimum.to(dimension)
            most = None if asked.maximum is None else asked.maximum.to(dimension)
            ends = " to ".join(f"{end:g}" for end in (least, most) if end is not None)
            text += f" (asked {ends} {unit})" if least is not None and most is not None else ""
            outside = sum(
                (least is not None and value < least) or (most is not None and value > most)
                for value in values
            )
            if outside:
                part = 100 * outside / len(values)
                verdict.deviations.append(f"chamber outside {ends} {unit} for {part:.0f} % of the clock")
        verdict.findings.append(text)


def _answers(verdict: Verdict, course: Course) -> None:
    for _, data in course.events(verdict.step, "answer"):
        key, value = data.get("key"), data.get("value")
        if "unit" in data and isinstance(value, float | int):
            outside = bool(data.get("outside_expectation"))
            text = f"{key} {value:g} {data['unit']}"
            verdict.findings.append(text + (", outside of what was expected" if outside else ""))
            if outside:
                verdict.deviations.append(f"{text} is outside of what was expected")
        elif value is True:
            verdict.findings.append(f"confirmed {_by(data)}")


def _prime(verdict: Verdict, course: Course) -> None:
    for _, data in course.events(verdict.step, "prime"):
        volumes = ", ".join(f"{pump} {ml:.3f} ml" for pump, ml in (data.get("volumes_ml") or {}).items())
        verdict.findings.append(f"needles filled at {data.get('rate_ml_h'):g} ml/h: {volumes} asked")
    for _, data in course.events(verdict.step, "answer"):
        if data.get("key") == "primed" and data.get("value") is True:
            verdict.findings.append(f"a drop on every needle: yes, {_by(data)}")


def _by(data: Mapping[str, Any]) -> str:
    """Who answered; answers given beforehand (a file, or a simulation's own) were nobody's look at the needle."""
    return "by an answer given beforehand" if data.get("by") == "answers" else f"by {data.get('by')}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
