"""Same seed, same bytes: journal without `outside`, head hash, the rows of all tables; another seed, other noise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rig.records.run import Run, open_run
from tests.end_to_end.quick import events

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from tests.end_to_end.quick import QUICK
from tests.end_to_end.spinning import Spinning
spun = Spinning(Path(sys.argv[1]), QUICK, seed=int(sys.argv[2]), trace=True)
print(spun.run().folder)
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three runs, each in a process and a folder of its own."""
    children = {}
    for name, seed, hash_seed in (("first", "7", "1"), ("second", "7", "4242"), ("other", "8", "1")):
        runs = tmp_path_factory.mktemp(name)
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        children[name] = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(runs), seed],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
    found = {}
    for name, child in children.items():
        out, _ = child.communicate(timeout=100)
        assert child.returncode == 0, name
        found[name] = Path(out.strip().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def runs(folders: dict[str, Path]) -> dict[str, Run]:
    return {name: open_run(folder) for name, folder in folders.items()}


def inside(folder: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "outside"} for line in events(folder)]


def test_same_seed_same_head_hash_and_same_journal(folders: dict[str, Path], runs: dict[str, Run]) -> None:
    assert runs["first"].info["head"] == runs["second"].info["head"]
    assert inside(folders["first"]) == inside(folders["second"])


def test_same_seed_same_tables(runs: dict[str, Run]) -> None:
    pd.testing.assert_frame_equal(runs["first"].samples, runs["second"].samples, check_exact=True)
    pd.testing.assert_frame_equal(runs["first"].quality, runs["second"].quality, check_exact=True)
    assert len(runs["first"].samples) > 300


def test_same_seed_same_bytes_on_every_wire_at_the_same_nanosecond(folders: dict[str, Path]) -> None:
    first, second = ((folders[name] / "wire.jsonl").read_bytes() for name in ("first", "second"))
    assert first == second
    assert len(first) > 1_000_000


def test_another_seed_has_other_noise_and_the_same_outcome(runs: dict[str, Run]) -> None:
    first, other = runs["first"], runs["other"]
    assert first.info["outcome"] == other.info["outcome"] == "completed"
    assert first.info["head"] != other.info["head"]
    current = "current.collector.current_na"
    assert not first.samples[current].equals(other.samples[current])
    kinds = [
        [(e["kind"], e["data"].get("id"), e["data"].get("to")) for e in inside(run.folder)]
        for run in (first, other)
    ]
    assert [k for k in kinds[0] if k[0] == "state"] == [k for k in kinds[1] if k[0] == "state"]


def test_what_may_differ_stands_outside(folders: dict[str, Path]) -> None:
    opened = [events(folders[name])[0] for name in ("first", "second")]
    assert [one["kind"] for one in opened] == ["opened", "opened"]
    assert all(one["utc"].startswith("2000-01-01T00:00:0") for one in opened)
    assert all({"host", "operator", "wall_started"} <= set(one["outside"]) for one in opened)
    text = json.dumps([line for name in ("first", "second") for line in inside(folders[name])])
    assert str(folders["first"].parent) not in text
