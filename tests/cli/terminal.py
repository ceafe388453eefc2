"""The program as a shell runs it: a process of its own, its two streams, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """The environment of a child process: this checkout, no colours wanted or refused, no debugging."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("NO_COLOR", "SPINRIG_DEBUG", "SPINRIG_RUNS")
    }
    return kept | {"PYTHONPATH": str(ROOT)} | more


def spinrig(
    *words: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `spinrig WORDS` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "rig.cli.main", *map(str, words)],
        cwd=cwd or ROOT,
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def objects(text: str) -> list[dict[str, Any]]:
    """One JSON object a line."""
    return [json.loads(line) for line in text.splitlines()]
