"""The quick recipe, and what tests read off a finished run: events, wire, samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rig.readings import NS
from tests.end_to_end.spinning import Spinning

QUICK = (Path(__file__).parent / "quick-spin.toml").read_text(encoding="utf-8")

HV, PUMPS = "hv.needle", ("pumps.a", "pumps.b")
HV_OFF = b"\x01S0000000000001C4\r"
"""XP Glassman manual: both programs zero, control 1 (HV off)."""
HV_RESET = b"\x01S0000000000004C7\r"
"""The same with control 4 (reset)."""
STOPS = (b"\x02\x080STP\xb3\xf9\x03", b"\x02\x081STP\xc5\x4d\x03")
"""New Era manual: STP to addresses 0 and 1 as Safe packets (STX, length 8, CRC-16 CCITT, ETX)."""


def seconds(t_ns: int) -> float:
    return t_ns / NS


def events(folder: Path) -> list[dict[str, Any]]:
    """The journal's lines."""
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()]


def heard(spun: Spinning, name: str) -> list[tuple[int, bytes]]:
    """What reached an instrument's wire; `hear` has to be called before the run."""
    found = spun.lab.wire_of(name).heard
    assert found is not None
    return found


def traced(folder: Path, name: str) -> list[tuple[int, str, bytes]]:
    """One line's trace: when (ns), "sent" (that is when it began) or "received" (complete), and the bytes."""
    lines = map(json.loads, (folder / "wire.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        (line["t_ns"], line["direction"], bytes.fromhex(line["hex"]))
        for line in lines
        if line["line"] == name
    ]


def changes(spun: Spinning, name: str) -> list[tuple[float, bool]]:
    """When an emulated output went on and off, in seconds."""
    return [(seconds(t_ns), on) for t_ns, which, on in spun.outputs.changes if which == name]


def states(spun: Spinning) -> list[str]:
    """The states the spinning station went through."""
    return [data["to"] for _, data in spun.found("state") if data["unit"] == "spin"]
