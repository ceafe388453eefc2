"""Events of a run as one line for a person: what is said while it goes on, and how loudly."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

from recipes.timeline import duration_text

INFO: Final = "info"
WARN: Final = "warn"
ALARM: Final = "alarm"

_STAGES: Final = {
    "starting": "pumps and high voltage start",
    "checking": "the jet is watched before the clock runs",
    "ending": "pumps stop, then high voltage ramps down",
    "switching-on": "high voltage is switched on",
    "lowering": "high voltage ramps down",
    "discharging": "high voltage read back as off; discharge time runs. The chamber stays shut",
}
_SEGMENT_STAGES: Final = {
    "ramping": "the furnace ramps",
    "soaking": "the furnace thermocouple is inside the band; the soak counts",
}
_LOUD_LINES: Final = frozenset({"failed", "lapsed", "lost", "abandoned", "unreachable"})
_QUIET_STATES: Final = frozenset({"Starting", "Running", "Completing", "Complete", "Idle"})


def clock_text(seconds: float) -> str:
    """1:23:45, for columns of times."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def answer_command(step: str, key: str, kind: str, rig: str | None = None) -> str:
    """The command that answers a question from another terminal."""
    value = {"yes": " yes", "quantity": ' "VALUE UNIT"', "attest": ' --name "NAME" --reason "WHY"'}.get(
        kind, " VALUE"
    )
    return f"spinrig answer {step}.{key}{value}" + (f" --rig {shlex.quote(rig)}" if rig else "")


def sentence(kind: str, data: Mapping[str, Any]) -> tuple[str, str] | None:
    """(how loudly, the line) of an event; None for what is only for the record."""
    match kind:
        case "step":
            return _step(data)
        case "stage" if data.get("segment") and data.get("stage") in _SEGMENT_STAGES:
            number = "" if data["segment"] == 1 else f" (segment {data['segment']})"
            return INFO, f"{data.get('step')}: {_SEGMENT_STAGES[data['stage']]}{number}"
        case "soak":
            served_min = float(data.get("in_band_s") or 0) / 60
            held_min = float(data.get("held_s") or 0) / 60
            held = f", of it {held_min:.1f} min while it was held" if held_min else ""
            return INFO, f"{data.get('step')}: soak served, {served_min:.1f} min inside the band{held}"
        case "purge-proof":
            flowed_l = float(data.get("flowed_l") or 0)
            return INFO, f"{data.get('step')}: purge proved ({data.get('method')}) after {flowed_l:.1f} l"
        case "stage" if data.get("stage") in _STAGES:
            return INFO, f"{data.get('step')}: {_STAGES[data['stage']]}"
        case "clock":
            verb = "runs" if data.get("running") else "stands"
            at_s = float(data.get("elapsed_s") or 0)
            return INFO, f"{data.get('step')}: the clock {verb}" + (f" at {clock_text(at_s)}" if at_s else "")
        case "prime":
            return (
                INFO,
                f"{data.get('step')}: needles are filled at {data.get('rate_ml_h'):g} ml/h, high voltage off",
            )
        case "switch" if data.get("kind") == "contactor" and not data.get("on") and data.get("of") is None:
            return (
                ALARM,
                f"{data.get('output')} is told to open: no mains for high voltage until the program is started again",
            )
        case "switch" if data.get("kind") == "valve":
            return INFO, f"{data.get('output')} is told to {'open' if data.get('on') else 'close'}"
        case "jog" | "hv-test":
            return INFO, f"{data.get('step')}: {data.get('text')}"
        case "waiting":
            return WARN, f"{data.get('step')} waits: {data.get('for')}"
        case "question":
            return WARN, f"question {data.get('step')}.{data.get('key')}: {data.get('text')}"
        case "answer":
            return INFO, f"answered {data.get('step')}.{data.get('key')}: {_answer(data)}"
        case "withdrawn":
            return INFO, f"{data.get('step')}.{data.get('key')} is not asked any more: {data.get('text')}"
        case "trip":
            text = f"{data.get('title')}: {data.get('text')} {data.get('what_to_do') or ''}"
            return ALARM, f"TRIP {data.get('tag')}: {text.strip()}"
        case "alarm":
            return ALARM, f"ALARM {data.get('tag')}: {data.get('text')}"
        case "alarm-state" if data.get("to") == "B" and _untold(data):
            return ALARM, f"ALARM {data.get('tag')}: {data.get('text')}"
        case "alarm-state" if data.get("trigger") == "kept":
            how = "shelved" if data.get("to") == "G" else "out of service"
            return WARN, f"{data.get('tag')} is {how} since before, by {data.get('by')}" + _reason(
                data.get("reason")
            )
        case "said-before":
            text = f"{data.get('word')} {data.get('what')} was said by {data.get('by')} at {data.get('at')}"
            return WARN, text + _reason(data.get("reason"))
        case "alarm-flood" if data.get("on"):
            return (
                ALARM,
                "ALARM FLOOD: more than ten in ten minutes; `spinrig alarms list` shows what came first",
            )
        case "breach" | "error":
            return ALARM, f"INTERNAL ERROR: {data.get('text')}; every output is told off"
        case "fault":
            return WARN, f"fault: {data.get('on')} {data.get('kind')}"
        case "client":
            level = WARN if data.get("what") == "gone" else INFO
            return level, f"client {data.get('client')}: {data.get('what')}{_reason(data.get('why'))}"
        case "command":
            return WARN, f"{data.get('command')} by {data.get('by')}" + _reason(data.get("reason"))
        case "not-started":
            return ALARM, f"NOT STARTED: {data.get('why')}. Watched until it is cold: {data.get('left')}"
        case "flush-attested":
            who = data.get("by") or {}
            return WARN, f"{data.get('unit')} flushed by the word of {who.get('name')}: {who.get('reason')}"
        case "refused":
            return WARN, f"refused: {data.get('why')}"
        case "state" if data.get("to") not in _QUIET_STATES:
            return WARN, f"{data.get('unit')} is {data.get('to')}: {data.get('cause')}"
        case "line" if data.get("what") in _LOUD_LINES:
            return (
                WARN,
                f"{data.get('instrument') or data.get('line')} {data.get('what')}{_reason(data.get('text'))}",
            )
        case "proof":
            supplies = ", ".join(data.get("read_back") or data.get("attested") or [])
            how = "attested off, not read back" if data.get("attested") else "read back as off"
            return (WARN if data.get("attested") else INFO), f"high voltage {how}: {supplies}"
        case _:
            return None


def _step(data: Mapping[str, Any]) -> tuple[str, str]:
    name = f"{data.get('id')} ({data.get('do')})"
    if data.get("phase") == "started":
        return INFO, f"step {name} begins"
    took = duration_text(float(data.get("duration_s") or 0))
    outcome = data.get("outcome")
    return (INFO if outcome == "done" else WARN), f"step {name}: {outcome} after {took}"


def _untold(data: Mapping[str, Any]) -> bool:
    """Whether a change of an alarm is news: a trip, an `alarm` and an error have events of their own."""
    return data.get("trigger") == "re-alarm" or str(data.get("tag")).startswith(
        ("instrument-lost:", "record-failed")
    )


def _answer(data: Mapping[str, Any]) -> str:
    value = data.get("value")
    if value is True:
        text = "yes"
    elif isinstance(value, Mapping):
        text = f"{value.get('name')}: {value.get('reason')}"
    else:
        text = f"{value:g} {data.get('unit') or ''}".strip() if isinstance(value, float) else str(value)
    return text + (", outside of what is expected" if data.get("outside_expectation") else "")


def _reason(reason: Any) -> str:
    return f": {reason}" if reason else ""
