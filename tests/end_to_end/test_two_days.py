"""One sample on two days: spun and stopped on the first, stabilised and carbonised on the second; both records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.cli.main import main
from rig.records.run import Run, open_run
from rig.records.verify import verify_run
from tests.end_to_end.quick import events
from tests.end_to_end.spinning import Spinning
from tests.end_to_end.two_days import Bench, whole_text

pytestmark = pytest.mark.timeout(300)

SAMPLE = "DEMO-1"
"""What the demonstration rig's own run sheet, with which the first day is made, names."""
PV = "furnace.tube.temperature_degc"


@dataclass
class Days:
    """A bench, and the run of each day."""

    bench: Bench
    first: Run
    second: Run


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Day 1: the whole recipe, stopped by its operator as stabilisation begins. Day 2: --from-step stabilise."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    bench.sheet_of_sample.write_text(f'sample = "{SAMPLE}"\n', encoding="utf-8")
    spun = Spinning(bench.runs, whole_text(), seed=7, answers='[transfer]\nmat_mass = "456 mg"\n')
    spun.after("step", 1.0, spun.session.host.interrupt, id="stabilise", phase="started")
    first = spun.run().folder
    assert main([*bench.next_day("stabilise"), "--quiet"]) == 0
    (second,) = set(bench.runs.iterdir()) - {first}
    return Days(bench, open_run(first), open_run(second))


def outcomes(run: Run) -> list[tuple[str, str, str]]:
    return [(step["id"], step["do"], step["outcome"]) for step in run.info["steps"]]


def answers(run: Run) -> list[dict[str, Any]]:
    return [line["data"] for line in events(run.folder) if line["kind"] == "answer"]


def test_both_records_are_whole_and_of_the_same_sample(days: Days) -> None:
    for run in (days.first, days.second):
        assert verify_run(run.folder).status == "good"
        assert run.info["sample"] == SAMPLE
    assert days.second.info["continues"] == days.first.folder.name
    assert (days.first.info["continues"], days.first.info["from_step"]) == (None, None)
    assert days.second.info["from_step"] == "stabilise"
    stored = json.loads((days.second.folder / "run.json").read_bytes())
    assert stored["continues"] == days.first.folder.name


def test_the_first_day_was_stopped_after_the_transfer(days: Days) -> None:
    assert days.first.info["outcome"] == "stopped"
    assert outcomes(days.first) == [
        ("co-deposit", "prime", "done"),
        ("co-deposit", "spin", "done"),
        ("transfer", "prompt", "done"),
        ("stabilise", "heat", "stopped"),
    ]
    assert days.first.samples[PV].max() < 60.0


def test_the_second_day_is_made_to_its_end(days: Days) -> None:
    assert days.second.info["outcome"] == "completed"
    assert [(name, outcome) for name, _, outcome in outcomes(days.second)] == [
        (name, "done")
        for name in ("transfer", "stabilise", "cool-in-air", "close-tube", "purge", "carbonise", "cool")
    ]
    samples = days.second.samples
    highest = samples.groupby("run.step", observed=True)[PV].max()
    assert 275.0 < highest["stabilise"] < 290.0
    assert 395.0 < highest["carbonise"] < 410.0
    assert samples[PV].iloc[-1] < 60.0


def test_what_was_weighed_on_the_first_day_is_the_second_days_word_too(days: Days) -> None:
    (weighed,) = [one for one in answers(days.first) if one["key"] == "mat_mass"]
    (carried,) = [one for one in answers(days.second) if one["key"] == "mat_mass"]
    assert weighed["value"] == carried["value"] == 456.0
    assert events(days.second.folder)[0]["data"]["carried"] == {"transfer.mat_mass": "456 mg"}


def test_no_pump_ran_and_no_high_voltage_was_on_on_the_second_day(days: Days) -> None:
    energised = [line["data"] for line in events(days.second.folder) if line["kind"] == "energise"]
    assert energised
    assert not [one for one in energised if str(one).find("hv.needle") >= 0 or str(one).find("pumps.") >= 0]


def test_a_third_day_may_begin_where_the_tube_is_closed_and_nowhere_behind(
    days: Days, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The air stage is on record now; the purge proof is not carried over."""
    assert main(days.bench.next_day("carbonise")) == 2
    said = capsys.readouterr().err
    assert "start from there: --from-step close-tube" in said
    assert "no-air-stage" not in said
    hot = tmp_path / "hot.toml"
    hot.write_text('[furnace.tube]\ntemperature = "150 degC"\n', encoding="utf-8")
    assert main(days.bench.next_day("close-tube", "--start", hot)) == 2
    said = capsys.readouterr().err
    assert "it is at 150 °C" in said
    assert "let the recipe cool it: --from-step cool-in-air" in said
    assert f"goes on from {days.second.folder.name}" in said
