"""What a run was and gave, in plain text for the lab book: taken from its record and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from recipes.model import Recipe, Solution, SpinStep, Stream
from recipes.timeline import duration_text
from rig.records.errors import RecordError
from rig.records.run import Run
from rig.records.tables import SampleReader

OUTCOMES: Final = {
    "completed": "completed",
    "stopped": "STOPPED before its end, in order",
    "aborted": "ABORTED",
    "failed": "FAILED by an internal error of the program",
    "lost": "LOST: the controller went away",
}

Window = tuple[float, float]


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
        recipe = run.recipe
        with run.read_samples() as samples:
            for step in recipe.steps:
                if isinstance(step, SpinStep):
                    lines += _spin(run, recipe, step, samples)
    except RecordError as error:
        lines.append(_row("Samples", f"cannot be read: {error}"))
    lines += [_row("Measured", text) for text in _measured(run)]
    lines.append(_row("Duration", duration_text(info["duration_s"] or 0.0)))
    lines.append(_row("Alarms", _alarms(run)))
    if info["record_failed"]:
        lines.append(_row("RECORD", f"NOT COMPLETE: {info['record_failed']}"))
    lines.append(_row("Record", str(run.folder)))
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
    return f"{label:<12} {text}"


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


def _spin(run: Run, recipe: Recipe, step: SpinStep, samples: SampleReader) -> list[str]:
    windows, elapsed_s = clock_windows(run.journal.lines, step.id)
    clock = (
        f"{duration_text(elapsed_s)} of {step.duration} on the clock" if windows else "the clock never ran"
    )
    lines = [_row(step.id, f"{step.voltage} at {step.distance}, {clock}")]
    names = [channel.name for channel in samples.channels]
    by_stream = {one["stream"]: one for one in _assignment(run) if one["step"] == step.id}
    for stream in step.streams:
        lines.append(_row("", f"{stream.id}: {solution_text(recipe.solutions[stream.solution])}"))
        lines.append(_row("", "  " + _stream(stream, by_stream.get(stream.id), samples, windows)))
    if not windows:
        return lines
    for name in names:
        section = name.partition(".")[0]
        if section == "hv" and name.endswith(".voltage_kv"):
            values = within(samples.series(name), windows)
            if values:
                lines.append(_row("", f"{name.rpartition('.')[0]} read back {_mean(values):.2f} kV (mean)"))
        elif section == "current" and name.endswith(".current_na"):
            values = within(samples.series(name), windows)
            if values:
                lines.append(
                    _row("", f"{name.rpartition('.')[0]} {_mean(values):.1f} nA (mean of all jets it sees)")
                )
    lines += _chamber(names, samples, windows)
    return lines


def _stream(
    stream: Stream, one: Mapping[str, Any] | None, samples: SampleReader, windows: Sequence[Window]
) -> str:
    text = f"{stream.mode} at {stream.rate}"
    if one is None:
        return text
    text += f", {one['pump']}"
    if windows:
        ml = delivered_ml(samples.series(f"{one['pump']}.delivered_ml"), windows)
        text += ", delivered volume not read" if ml is None else f", {ml:.3f} ml delivered"
    return text


def _chamber(names: Iterable[str], samples: SampleReader, windows: Sequence[Window]) -> list[str]:
    parts = []
    for ending, unit in (("humidity_pct", "%RH"), ("temperature_degc", "degC")):
        for name in names:
            if name.startswith("climate.") and name.endswith(f".{ending}"):
                values = within(samples.series(name), windows)
                if values:
                    parts.append(f"{min(values):.1f} to {max(values):.1f} {unit}")
    return [_row("", f"chamber {', '.join(parts)}")] if parts else []


def clock_windows(lines: Iterable[Mapping[str, Any]], step: str) -> tuple[list[Window], float]:
    """When the clock of a step ran, in seconds since the start, and what it showed at the end."""
    windows: list[Window] = []
    began_s: float | None = None
    elapsed_s, last_s = 0.0, 0.0
    for line in lines:
        last_s = float(line["t_s"])
        data = line["data"]
        if line["kind"] != "clock" or data.get("step") != step:
            continue
        elapsed_s = float(data.get("elapsed_s") or 0.0)
        if data.get("running"):
            began_s = last_s
        elif began_s is not None:
            windows.append((began_s, last_s))
            began_s = None
    if began_s is not None:
        # An abort does not stop the clock in words; the end of the record does.
        windows.append((began_s, last_s))
        elapsed_s += last_s - began_s
    return windows, elapsed_s


def within(series: tuple[list[float], list[float]], windows: Sequence[Window]) -> list[float]:
    """Values of a series while the clock ran."""
    return [v for t, v in zip(*series, strict=True) if any(a <= t <= b for a, b in windows)]


def delivered_ml(series: tuple[list[float], list[float]], windows: Sequence[Window]) -> float | None:
    """Volume delivered while the clock ran; None when it was not read."""
    total_ml, any_read = 0.0, False
    for began_s, ended_s in windows:
        values = within(series, [(began_s, ended_s)])
        if values:
            any_read = True
            total_ml += values[-1] - values[0]
    return total_ml if any_read else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _assignment(run: Run) -> list[Mapping[str, Any]]:
    lines = run.journal.lines
    return list(lines[0]["data"].get("assignment") or []) if lines else []


def _measured(run: Run) -> list[str]:
    return [
        f"{data['step']}.{data['key']} {data['value']:g} {data['unit']}"
        + (", outside of what was expected" if data.get("outside_expectation") else "")
        for data in (line["data"] for line in run.journal.lines if line["kind"] == "answer")
        if "unit" in data
    ]


def _alarms(run: Run) -> str:
    found = [line for line in run.journal.lines if line["kind"] in ("trip", "alarm", "breach", "error")]
    if not found:
        return "none"
    first = found[0]["data"]
    cause = first.get("title") or first.get("tag") or found[0]["kind"]
    return f"{len(found)}; first cause: {cause}: {first.get('text')} (after {duration_text(found[0]['t_s'])})"
