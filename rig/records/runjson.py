"""`run.json`: what the run was and how it ended, derived from the journal's lines and from nothing else.

Because it is derived, `verify` builds it anew and compares. The run's id, folder, versions and host (and the
operator of a simulation) come from `outside` of the `opened` line, which the hash chain does not cover.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rig.records.journal import Line

FORMAT = 1

KINDS_USED = frozenset({"opened", "identity", "step", "alarm", "closed"})
"""Kinds of events that run.json is made of; the rest of a closed journal changes nothing in it."""

_RESULT_KEYS = (
    "run",
    "outcome",
    "early",
    "reason",
    "folder",
    "recipe",
    "seed",
    "simulated",
    "started",
    "ended",
    "duration_s",
    "head",
    "steps",
    "alarms",
)


def derive_info(lines: Sequence[Line]) -> dict[str, Any]:
    """The content of run.json. While the run is open, `outcome`, `ended` and `duration_s` are None and
    `head` is the hash of the last line; without a single line the dict holds little but None."""
    opened: Mapping[str, Any] = {}
    outside: Mapping[str, Any] = {}
    started: str | None = None
    if lines and lines[0]["kind"] == "opened":
        opened, outside, started = lines[0]["data"], lines[0]["outside"], lines[0]["utc"]
    last = lines[-1] if lines else None
    closed = last if last is not None and last["kind"] == "closed" else None
    outcome: Mapping[str, Any] = closed["data"] if closed is not None else {}
    sheet = opened.get("sheet") or {}
    # Only a run that is not of a recipe says its kind.
    kind = {"kind": opened["kind"], "work": opened.get("work")} if "kind" in opened else {}
    # Only a run with a lab's own materials speaks of them.
    materials = {"materials": opened["materials"]} if "materials" in opened else {}
    return {
        "format": FORMAT,
        "run": outside.get("run"),
        "folder": outside.get("folder"),
        "outcome": outcome.get("outcome"),
        "early": outcome.get("early", False),
        "reason": outcome.get("reason"),
        **kind,
        "recipe": opened.get("recipe"),
        "rig": opened.get("rig"),
        "sheet": opened.get("sheet"),
        **materials,
        "sample": sheet.get("sample") if isinstance(sheet, dict) else None,
        "operator": opened.get("operator", outside.get("operator")),
        "seed": opened.get("seed"),
        "simulated": opened.get("simulated"),
        "durable": opened.get("durable"),
        "continues": opened.get("continues", outside.get("continues")),
        "from_step": opened.get("from_step"),
        "started": started,
        "ended": closed["utc"] if closed is not None else None,
        "duration_s": round(closed["t_s"] - lines[0]["t_s"], 9) if closed is not None else None,
        "head": last["hash"] if last is not None else None,
        "steps": outcome.get("steps", _steps(lines)),
        "alarms": outcome.get("alarms", sum(line["kind"] == "alarm" for line in lines)),
        "instruments": _instruments(lines),
        "versions": outside.get("versions"),
        "host": outside.get("host"),
        "parquet": outcome.get("parquet"),
        "record_failed": outcome.get("record_failed"),
    }


def _steps(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Steps from the `step` events, for a run that has not ended; one that runs has the outcome None."""
    steps: list[dict[str, Any]] = []
    for line in lines:
        if line["kind"] != "step":
            continue
        data = line["data"]
        if data.get("phase") == "ended" and steps and steps[-1]["id"] == data.get("id"):
            steps[-1]["outcome"] = data.get("outcome")
            steps[-1]["duration_s"] = data.get("duration_s")
        elif data.get("phase") == "started":
            steps.append({"id": data.get("id"), "do": data.get("do"), "outcome": None, "duration_s": None})
    return steps


def _instruments(lines: Sequence[Line]) -> dict[str, Any]:
    """What each instrument said it was, the last word counting, by the `instrument` of the identity
    events."""
    found: dict[str, Any] = {}
    for line in lines:
        if line["kind"] == "identity":
            data = dict(line["data"])
            name = data.pop("instrument", None)
            if isinstance(name, str):
                found[name] = data
    return found


def info_text(info: Mapping[str, Any]) -> bytes:
    """run.json as it is written: indented, in the order of the keys here, UTF-8."""
    text = json.dumps(info, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def result_line(info: Mapping[str, Any]) -> dict[str, Any]:
    """The last line of `spinrig run --json`, from the content of run.json."""
    line: dict[str, Any] = {"type": "result"} | {key: info[key] for key in _RESULT_KEYS}
    if "kind" in info:
        line["kind"] = info["kind"]
    recipe = info["recipe"]
    if isinstance(recipe, dict):
        line["recipe"] = {key: recipe.get(key) for key in ("id", "name", "revision", "sha256")}
    line["steps"] = [
        {key: step.get(key) for key in ("id", "do", "outcome", "duration_s")} for step in info["steps"]
    ]
    return line
