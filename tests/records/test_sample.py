"""The past of a sample, read from its records."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from rig.records.sample import past_of
from tests.records.conftest import OPENED, OUTSIDE, create

RECIPE = files("recipes.library").joinpath("tio2-pcnf.toml").read_bytes()
SAMPLE = "S-2026-117"
Step = tuple[str, str, str]
Make = Callable[..., str]


@pytest.fixture
def make(tmp_runs: Path) -> Make:
    """Records a run of the sample: its steps with their outcomes, and what was weighed."""
    made = 0

    def record(
        steps: Sequence[Step],
        *,
        weighed: float | None = None,
        close: bool = True,
        real: bool = False,
        **opened: Any,
    ) -> str:
        nonlocal made
        made += 1
        name = f"2026-11-2{made}T080000Z_tio2-pcnf_abcd"
        data = {**OPENED, "simulated": not real, **opened}
        outside = {**OUTSIDE, "wall_started": f"2026-11-2{made}T08:00:00.000Z"}
        run = create(tmp_runs, run_id=name, recipe_bytes=RECIPE, opened=data, outside=outside)
        for number, (step, do, outcome) in enumerate(steps, 1):
            run.event("step", {"id": step, "do": do, "phase": "started"}, number * 10)
            about = {"id": step, "do": do, "phase": "ended", "outcome": outcome, "duration_s": 1.0}
            if outcome != "running":
                run.event("step", about, number * 10 + 5)
        if weighed is not None:
            answer = {"step": "transfer", "key": "mat_mass", "value": weighed, "unit": "mg", "by": "answers"}
            run.event("answer", answer, 900)
        if close:
            run.close(1000, {"outcome": "completed", "early": False, "reason": None, "alarms": 0})
        else:
            run.abandon()
        return name

    return record


SPUN: list[Step] = [
    ("co-deposit", "prime", "done"),
    ("co-deposit", "spin", "done"),
    ("transfer", "prompt", "done"),
]


def test_a_sample_without_runs_has_no_past(tmp_runs: Path) -> None:
    found = past_of(SAMPLE, tmp_runs, emulated=True)
    assert (found.runs, found.latest, found.past.done) == ((), None, {})


def test_days_are_taken_together_the_newest_is_continued(make: Make, tmp_runs: Path) -> None:
    first = make(SPUN, weighed=472.0)
    second = make([("stabilise", "heat", "done"), ("cool-in-air", "cool", "aborted")], from_step="stabilise")
    make(SPUN, sheet={"sample": "another"})
    found = past_of(SAMPLE, tmp_runs, emulated=True)
    assert found.runs == (second, first)
    assert found.past.done == {
        ("co-deposit", "prime"): first,
        ("co-deposit", "spin"): first,
        ("transfer", "prompt"): first,
        ("stabilise", "heat"): second,
    }
    assert found.past.ended == {("cool-in-air", "cool"): (second, "aborted")}
    assert (found.past.air_stage, found.past.carbonised) == (second, None)
    assert found.past.solutes >= {"pan", "pmma", "tio2"}
    assert found.weighed == {("transfer", "mat_mass"): ("472 mg", first)}
    assert found.doubts == ()


def test_a_step_that_was_stopped_is_not_done_and_one_ended_early_is(make: Make, tmp_runs: Path) -> None:
    name = make([("co-deposit", "spin", "early"), ("stabilise", "heat", "stopped")])
    past = past_of(SAMPLE, tmp_runs, emulated=True).past
    assert past.done == {("co-deposit", "spin"): name}
    assert (past.ended, past.air_stage) == ({("stabilise", "heat"): (name, "stopped")}, None)


def test_an_emulated_run_makes_no_real_sample(make: Make, tmp_runs: Path) -> None:
    real = make(SPUN, real=True)
    emulated = make([("stabilise", "heat", "done")], from_step="stabilise")
    assert past_of(SAMPLE, tmp_runs, emulated=False).runs == (real,)
    assert past_of(SAMPLE, tmp_runs, emulated=True).runs == (emulated, real)


def test_spinning_anew_under_the_same_name_makes_a_new_mat(make: Make, tmp_runs: Path) -> None:
    make([*SPUN, ("stabilise", "heat", "done")], weighed=472.0)
    anew = make([("co-deposit", "spin", "aborted")])
    found = past_of(SAMPLE, tmp_runs, emulated=True)
    assert (found.past.done, found.past.air_stage, found.weighed) == ({}, None, {})
    assert found.past.ended == {("co-deposit", "spin"): (anew, "aborted")}


def test_what_a_run_has_begun_behind_counts_as_done_elsewhere(make: Make, tmp_runs: Path) -> None:
    """A mat from another rig: the first day here began with its stabilisation, and was stopped."""
    name = make([("stabilise", "heat", "stopped")], from_step="stabilise")
    past = past_of(SAMPLE, tmp_runs, emulated=True).past
    assert past.done == {("co-deposit", "spin"): name}
    assert past.air_stage is None


def test_open_and_damaged_records_count_as_far_as_they_hold_and_are_doubted(
    make: Make, tmp_runs: Path
) -> None:
    first = make([("co-deposit", "spin", "running")], close=False)
    found = past_of(SAMPLE, tmp_runs, emulated=True)
    assert found.past.ended == {("co-deposit", "spin"): (first, "not ended")}
    assert found.doubts[0].startswith(f"{first} has not been closed")
    second = make([("stabilise", "heat", "done")], from_step="stabilise")
    journal = tmp_runs / second / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if json.loads(line)["data"].get("phase") == "ended")
    lines[at] = lines[at].replace(b'"done"', b'"dead"')
    journal.write_bytes(b"".join(lines))
    found = past_of(SAMPLE, tmp_runs, emulated=True)
    assert ("stabilise", "heat") not in found.past.done
    assert any(f"{second} is damaged" in doubt for doubt in found.doubts)
