"""Same seed, same bytes over every step of the founding run, its spinning shortened, and over a run from a later step.

`python -m benchmarks.same_seed` compares the run as `make demo` makes it, four hours of spinning and all.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.records.run import Run, open_run
from rig.records.verify import verify_run
from tests.cli.terminal import ROOT, environment
from tests.end_to_end.quick import events
from tests.end_to_end.spinning import recipe_text
from tests.end_to_end.two_days import Bench

pytestmark = pytest.mark.timeout(900)

HASH_SEEDS = ("1", "2")
DEMO = ["run", "tio2-pcnf", "--yes"]
"""The words of `make demo`."""
SPUN = "20 min"
LIMIT_S = 600
STEPS = [
    "co-deposit",
    "co-deposit",
    "transfer",
    "stabilise",
    "cool-in-air",
    "close-tube",
    "purge",
    "carbonise",
    "cool",
]


@dataclass
class Made:
    """One run in a process of its own."""

    code: int
    out: str
    run: Run
    wall_s: float


def make_both(words: list[str], folders: list[Path]) -> list[Made]:
    """The same command twice at the same time, each under a hash seed and with a runs folder of its own."""
    children = []
    began_s = time.monotonic()
    known = {folder: set(folder.iterdir()) for folder in folders}
    for folder, seed in zip(folders, HASH_SEEDS, strict=True):
        env = environment(PYTHONHASHSEED=seed, SPINRIG_STATE=str(folder.parent / "state"))
        command = [sys.executable, "-m", "rig.cli.main", *words, "--runs", str(folder)]
        with (folder.parent / "said").open("w") as said:
            children.append(
                subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=said)
            )
    made = []
    for folder, child in zip(folders, children, strict=True):
        try:
            code = child.wait(LIMIT_S)
        finally:
            child.kill()
        (new,) = set(folder.iterdir()) - known[folder]
        out = (folder.parent / "said").read_text(encoding="utf-8")
        made.append(Made(code, out, open_run(new), time.monotonic() - began_s))
    return made


def folders_of(tmp_path_factory: pytest.TempPathFactory, name: str) -> list[Path]:
    found = [tmp_path_factory.mktemp(f"{name}-{seed}") / "runs" for seed in HASH_SEEDS]
    for folder in found:
        folder.mkdir()
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    recipe = tmp_path_factory.mktemp("recipe") / "tio2-pcnf.toml"
    recipe.write_text(recipe_text("tio2-pcnf", duration=SPUN), encoding="utf-8")
    return make_both(["run", str(recipe), "--yes"], folders_of(tmp_path_factory, "demo"))


@pytest.fixture(scope="module")
def continued(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """A short second day twice, after the same first day."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    before = bench.whole.read_text(encoding="utf-8").partition('[[steps]]\nid = "close-tube"')[0]
    bench.whole.write_text(before.replace('to = "280 degC"', 'to = "120 degC"'), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "rig.cli.main", *bench.first_day()],
        cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S,
    )  # fmt: skip
    folders = folders_of(tmp_path_factory, "continued")
    for folder in folders:
        shutil.copytree(bench.runs, folder, dirs_exist_ok=True)
    words = bench.next_day("stabilise")
    at = words.index("--runs")
    return make_both([*words[:at], *words[at + 2 :]], folders)


@pytest.fixture(params=["demo", "continued"])
def pair(request: pytest.FixtureRequest) -> list[Made]:
    made: list[Made] = request.getfixturevalue(request.param)
    return made


def tables(run: Run) -> dict[str, list[Any]]:
    """Every row of every table."""
    with sqlite3.connect(run.folder / "samples.sqlite") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"samples", "channels", "quality"} <= set(names)
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(names)}


def inside(run: Run) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "outside"} for line in events(run.folder)]


def test_the_head_hash_and_the_journal_are_the_same(pair: list[Made]) -> None:
    first, second = pair
    assert (first.code, second.code) == (0, 0)
    assert inside(first.run) == inside(second.run)
    assert first.run.info["head"] == second.run.info["head"]
    assert len(inside(first.run)) > 50


def test_every_row_of_every_table_is_the_same(pair: list[Made]) -> None:
    first, second = (tables(one.run) for one in pair)
    assert len(first["samples"]) > 3000
    assert first == second


def test_make_demo_is_this_command() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("demo:"))
    assert lines[at + 1].split()[1:] == DEMO


def test_the_demonstration_completes(demo: list[Made]) -> None:
    """20 min of spinning, 3.4 h of stabilisation, 8.3 h of carbonisation, the rest purging and cooling."""
    for made in demo:
        info = made.run.info
        assert (made.code, info["outcome"], info["early"], info["alarms"]) == (0, "completed", False, 0)
        assert info["duration_s"] == pytest.approx((20.6 - 3.67) * 3600, rel=0.02)
        assert [step["id"] for step in info["steps"]] == STEPS
        assert {step["outcome"] for step in info["steps"]} == {"done"}
        assert verify_run(made.run.folder).status == "good"
        assert len(tables(made.run)["samples"]) == pytest.approx(info["duration_s"], abs=5)


def test_the_demonstration_ends_with_a_summary_and_the_path_of_the_record(demo: list[Made]) -> None:
    for made in demo:
        summary = made.out[made.out.index("\nOutcome") :]
        assert summary.split()[:2] == ["Outcome", "completed"]
        *_, record, head = summary.strip().splitlines()
        assert record.split(maxsplit=1) == ["Record", str(made.run.folder)]
        assert head.split()[-1] == json.loads((made.run.folder / "run.json").read_bytes())["head"]


def test_only_what_stands_outside_differs_between_days(continued: list[Made]) -> None:
    first, second = (events(one.run.folder)[0] for one in continued)
    assert first["data"] == second["data"]
    assert first["outside"]["continues"] == second["outside"]["continues"]
    assert first["outside"]["continues"] not in json.dumps(first["data"])
    assert first["data"]["carried"] == {"transfer.mat_mass": "456 mg"}
