"""The panel of a run as rows of text: what the live display draws and `spinrig status` prints.

A value that is not good is never shown as a number: its quality stands in its place. High voltage that is wanted off
and not proved off says so in capitals. Nothing here ever says that opening the chamber is safe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from recipes.timeline import duration_text
from rig.cli.sentences import clock_text

PLAIN: Final = ""
GOOD: Final = "green"
WARN: Final = "yellow"
LIVE: Final = "bold yellow"
BAD: Final = "bold red"
LOUD: Final = "bold white on red"
DIM: Final = "dim"

UNPROVED: Final = "HV UNPROVED"

OXYGEN: Final = "{:.3g} ppm O2"
_MINUS_ZERO: Final = re.compile(r"-(0(?:\.0*)?)(?![\d.])")

_STATE_STYLES: Final = {
    "Running": GOOD, "Completing": GOOD, "Complete": GOOD, "Held": WARN, "Holding": WARN, "Paused": WARN,
    "Pausing": WARN, "Restarting": WARN, "Stopping": WARN, "Stopped": WARN, "Aborting": BAD, "Aborted": BAD,
    "Clearing": WARN,
}  # fmt: skip
_FURNACE: Final = (
    (
        "furnace.",
        "temperature_degc",
        (
            ("temperature_degc", "{:.1f} °C"),
            ("setpoint_degc", "set {:.1f} °C"),
            ("power_pct", "{:.0f} % power"),
        ),
    ),
    ("gas.", "flow_sccm", (("flow_sccm", "{:.0f} sccm"),)),
    ("oxygen.", "oxygen_ppm", (("oxygen_ppm", OXYGEN),)),
)
_QUALITY: Final = {"stale": "STALE", "bad": "BAD", "missing": "not read"}


class Cell(NamedTuple):
    """A piece of text and how it is to look."""

    text: str
    style: str = PLAIN


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the panel: what it is about, and its columns."""

    label: str
    cells: tuple[Cell, ...]


def rows(status: Mapping[str, Any]) -> list[Row]:
    """The whole panel from a status."""
    found = [*_where(status), *_high_voltage(status), *_liquid(status)]
    found += _meters(status, "current.", "current_na", "current", (("current_na", "{:.1f} nA"),))
    climate = (("temperature_degc", "{:.1f} °C"), ("humidity_pct", "{:.1f} %RH"))
    found += _meters(status, "climate.", "humidity_pct", "chamber", climate)
    for section, mark, forms in _FURNACE:
        found += _meters(status, section, mark, "", forms)
    found += _interlocks(status)
    found.append(_alarms(status))
    return found


def reading(status: Mapping[str, Any], channel: str, form: str) -> Cell:
    """A channel's value in its form, or why there is none."""
    found: Mapping[str, Any] = status["readings"].get(channel) or {"value": None, "quality": "missing"}
    if found["quality"] != "good" or found["value"] is None:
        quality = str(found["quality"])
        return Cell(_QUALITY.get(quality, "no value"), BAD if quality != "missing" else WARN)
    value = found["value"]
    if form == OXYGEN and value >= 10_000:
        return Cell(f"{value / 10_000:.1f} % O2")
    # A reading that rounds to nothing has no sign.
    return Cell(_MINUS_ZERO.sub(r"\1", form.format(value)))


def phase_of(progress: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the present phase says of itself; empty where there is none."""
    for unit in progress["units"].values():
        phase: Mapping[str, Any] | None = unit.get("phase")
        if phase:
            return phase
    return {}


def state_cell(status: Mapping[str, Any]) -> Cell:
    """The unit's state."""
    state = str(status["state"])
    return Cell(state, _STATE_STYLES.get(state, PLAIN))


def stage_text(status: Mapping[str, Any]) -> str:
    """Step, its kind, and its stage with the clock: "co-deposit (spin) clock 0:12:00 of 4:00:00"."""
    step = status.get("step")
    if not step:
        return "between steps" if status.get("run") else "connecting"
    phase = phase_of(status["progress"])
    text = f"{step}" + (f" ({status['do']})" if status.get("do") else "")
    if status.get("steps") and status.get("step_index", -1) >= 0:
        text += f" {status['step_index'] + 1}/{status['steps']}"
    if int(phase.get("of") or 1) > 1:
        text += f", segment {phase['segment']} of {phase['of']}"
    if phase.get("stage"):
        text += f", {phase['stage']}"
    if phase.get("stage") in ("clock", "waiting") or phase.get("elapsed_s"):
        text += f" {clock_text(phase['elapsed_s'])} of {clock_text(phase['duration_s'])}"
    if phase.get("needed_l"):
        text += f" {phase['flowed_l']:.1f} of {phase['needed_l']:.1f} l"
    if phase.get("below_degc") is not None:
        text += f" to below {phase['below_degc']:g} °C"
    return text


def time_text(status: Mapping[str, Any]) -> str:
    """Elapsed and remaining time."""
    text = f"{clock_text(status['t_s'])} since the start"
    remaining_s = status.get("remaining_s")
    if remaining_s is not None and status.get("step"):
        text += f", about {duration_text(remaining_s)} to go"
        text += " without the time people take" if status.get("asks_people") else ""
    return text


def _where(status: Mapping[str, Any]) -> list[Row]:
    found = [
        Row("state", (state_cell(status), Cell(stage_text(status)))),
        Row("time", (Cell(time_text(status)),)),
    ]
    if status.get("reason"):
        found.append(Row("reason", (Cell(str(status["reason"]), WARN),)))
    if status.get("error"):
        text = f"internal error, everything told off: {status['error']}"
        found.append(Row("error", (Cell(text, BAD),)))
    found += [Row("not known", (Cell(failing, BAD),)) for failing in status.get("failing") or []]
    return found


def supply_state(status: Mapping[str, Any], name: str) -> Cell:
    """What is known of a supply's output."""
    output = status["outputs"][name]
    seen = status["readings"].get(f"{name}.output") or {"value": None, "quality": "missing"}
    if output["wanted"].get("on"):
        if seen["value"] == 1:
            return Cell("ON", LIVE)
        return Cell("asked on, reads off" if seen["value"] == 0 else "asked on, not read back", BAD)
    if not output["proved_off"]:
        return Cell(UNPROVED, LOUD)
    return Cell("off, read back", GOOD) if output["discharged"] else Cell("off, discharge time runs", WARN)


def _high_voltage(status: Mapping[str, Any]) -> list[Row]:
    found = []
    for name, output in status["outputs"].items():
        if output["kind"] != "hv":
            continue
        wanted = output["wanted"]
        asked = f"asked {wanted['voltage_kv']:.2f} kV" if wanted.get("on") else "asked off"
        cells = (
            reading(status, f"{name}.voltage_kv", "{:.2f} kV"),
            Cell(asked, DIM),
            reading(status, f"{name}.current_ua", "{:.1f} µA"),
            supply_state(status, name),
        )
        found.append(Row(name, cells))
    if status.get("hv_unproved"):
        found.append(Row("", (Cell(f"{UNPROVED}: keep the door shut, touch nothing", LOUD),)))
    return found


def pump_state(status: Mapping[str, Any], name: str) -> Cell:
    """What is known of a pump."""
    output = status["outputs"][name]
    seen = status["readings"].get(f"{name}.running") or {"value": None, "quality": "missing"}
    if output["wanted"].get("running"):
        if seen["value"] == 1:
            return Cell("running", LIVE)
        return Cell("asked to run, stands" if seen["value"] == 0 else "asked to run, not read back", BAD)
    if output["told_on"] or seen["value"] == 1:
        return Cell("NOT KNOWN TO STAND", LOUD)
    return Cell("stands", GOOD) if seen["value"] == 0 else Cell("told to stand, not read back", WARN)


def _liquid(status: Mapping[str, Any]) -> list[Row]:
    labels: Mapping[str, str] = status.get("labels") or {}
    found = []
    for name, output in status["outputs"].items():
        if output["kind"] != "pump":
            continue
        cells = (
            reading(status, f"{name}.rate_ml_h", "{:.3g} ml/h"),
            reading(status, f"{name}.delivered_ml", "{:.3f} ml delivered"),
            pump_state(status, name),
            Cell(labels.get(name, ""), DIM),
        )
        found.append(Row(name, cells))
    return found


def _meters(
    status: Mapping[str, Any], section: str, mark: str, label: str, forms: Sequence[tuple[str, str]]
) -> list[Row]:
    """One row an instrument that has the channel `mark`."""
    names = [
        channel.rpartition(".")[0]
        for channel in status["readings"]
        if channel.startswith(section) and channel.endswith(f".{mark}")
    ]
    found = []
    for name in names:
        cells = tuple(reading(status, f"{name}.{short}", form) for short, form in forms)
        if section == "furnace." and _idle(status, name):
            cells = (cells[0], Cell("heater off", DIM))
        found.append(Row(label if label and len(names) == 1 else name, cells))
    return found


def _idle(status: Mapping[str, Any], furnace: str) -> bool:
    """Whether a furnace reads no power and no set point: a controller whose program does not run shows 0."""
    readings = status["readings"]
    seen = [readings.get(f"{furnace}.{short}") or {} for short in ("setpoint_degc", "power_pct")]
    return all(one.get("quality") == "good" and one.get("value") == 0 for one in seen)


def _interlocks(status: Mapping[str, Any]) -> list[Row]:
    """The inputs: each that is not healthy by its name, the healthy ones counted where there are several."""
    healthy, rest = [], []
    for channel, found in status["readings"].items():
        if not channel.startswith("inputs."):
            continue
        name = channel.rpartition(".")[2]
        if found["quality"] != "good" or found["value"] is None:
            rest.append(Cell(f"{name}: {_QUALITY.get(found['quality'], 'no value')}", BAD))
        elif found["value"] == 1:
            healthy.append(name)
        else:
            rest.append(Cell(f"{name}: NO", BAD))
    total = len(healthy) + len(rest)
    if not total:
        return []
    if total == 1:
        return [Row("inputs", tuple(rest) or (Cell(f"{healthy[0]}: yes", GOOD),))]
    count = Cell("all " + str(total) + " healthy" if not rest else f"{len(healthy)} of {total} healthy", WARN)
    return [Row("inputs", (*rest, count if rest else Cell(count.text, GOOD)))]


def _alarms(status: Mapping[str, Any]) -> Row:
    count = int(status.get("alarms") or 0)
    if not count:
        return Row("alarms", (Cell("none", DIM),))
    first = status.get("first_alarm")
    return Row("alarms", (Cell(f"{count}" + (f"; first: {first}" if first else ""), BAD),))


def plain(status: Mapping[str, Any]) -> list[str]:
    """The panel as lines of text."""
    found = rows(status)
    width = max(len(row.label) for row in found)
    lines = [
        f"{row.label:<{width}}  {'  '.join(c.text for c in row.cells if c.text)}".rstrip() for row in found
    ]
    for question in status.get("questions") or []:
        lines.append(f"{'question':<{width}}  {question['step']}.{question['key']}: {question['text']}")
    return lines


def one_line(status: Mapping[str, Any]) -> str:
    """The panel in one line, for a pipe."""
    parts = [f"[{clock_text(status['t_s'])}] {state_cell(status).text} {stage_text(status)}"]
    for name, output in status["outputs"].items():
        if output["kind"] == "hv":
            voltage = reading(status, f"{name}.voltage_kv", "{:.2f} kV").text
            parts.append(f"{name} {voltage} {supply_state(status, name).text}")
        elif output["kind"] == "pump":
            rate = reading(status, f"{name}.rate_ml_h", "{:.3g} ml/h").text
            parts.append(f"{name} {rate} {reading(status, f'{name}.delivered_ml', '{:.3f} ml').text}")
    for row in rows(status):
        if row.label in ("current", "chamber") or row.label.startswith(("furnace.", "gas.", "oxygen.")):
            name = "" if row.label in ("current", "chamber") else f"{row.label} "
            parts.append(name + " ".join(cell.text for cell in row.cells))
    if status.get("remaining_s") is not None and status.get("step"):
        parts.append(f"about {duration_text(status['remaining_s'])} to go")
    parts.append(f"alarms {status.get('alarms') or 0}")
    return " | ".join(parts)
