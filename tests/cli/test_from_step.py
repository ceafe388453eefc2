"""`spinrig run --from-step`: what is refused beforehand, with the step to begin with, and what is said and taken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rig.cli.main import main
from tests.end_to_end.two_days import SAMPLE, Bench


@pytest.fixture(scope="module")
def spun(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench on whose first day the sample was spun; `runs` is not to be written to."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    assert main([*bench.first_day(), "--quiet"]) == 0
    return bench


@pytest.fixture
def bench(spun: Bench, tmp_path: Path) -> Bench:
    """Another day, with the record of the first."""
    bench = Bench(tmp_path)
    shutil.copytree(spun.runs, bench.runs)
    return bench


LOOK = '[[steps]]\nid = "look"\ndo = "prompt"\nsay = "Look at the mat."\n'


def with_a_last_look(bench: Bench) -> None:
    """The second day's recipe: nothing but a look at the mat that was spun and weighed."""
    bench.whole.write_text(f"{bench.spin.read_text(encoding='utf-8')}\n{LOOK}", encoding="utf-8")


def first_run(bench: Bench) -> str:
    (folder,) = bench.runs.iterdir()
    return folder.name


def refused(words: list[str], bench: Bench, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    """The complaint and the JSON object of a run that was refused, with its errors alone; nothing was recorded."""
    before = set(bench.runs.iterdir()) if bench.runs.is_dir() else set()
    capsys.readouterr()
    assert main(words) == 2
    assert (set(bench.runs.iterdir()) if bench.runs.is_dir() else set()) == before
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    *before_it, data = [json.loads(line) for line in shown.out.splitlines()]
    assert data["type"] == "refused"
    data["problems"] = [one for one in data["problems"] if one["severity"] == "error"]
    events = [line for line in before_it if line.get("kind") in ("opened", "step", "energise")]
    # A hot tube is watched under its gas until it is cold: nothing else is told anything but "off".
    assert [line for line in events if not str(line["data"].get("output")).startswith("gas.")] == []
    return shown.err, data


@pytest.mark.parametrize(
    ("step", "code", "hint"),
    [
        ("carbonise", "skipped-step-needed", "--from-step close-tube"),
        ("cool", "skipped-step-needed", "--from-step close-tube"),
        ("purge", "skipped-step-needed", "--from-step close-tube"),
        ("close-tube", "no-air-stage", "--from-step stabilise"),
        ("carbonise", "no-air-stage", "--from-step stabilise"),
        ("stabilize", "unknown-step", "co-deposit, transfer, stabilise, cool-in-air, close-tube, purge"),
    ],
)
def test_what_a_skipped_step_would_have_given_is_named(
    step: str, code: str, hint: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    said, data = refused(bench.next_day(step), bench, capsys)
    found = [one for one in data["problems"] if one["code"] == code]
    assert len(found) == 1
    assert hint in found[0]["hint"]
    assert found[0]["hint"] in said
    if code != "unknown-step":
        lines = bench.whole.read_text(encoding="utf-8").splitlines()
        assert lines[found[0]["line"] - 1] == "[[steps]]"
        assert found[0]["file"] == str(bench.whole)
    else:
        assert len(data["problems"]) == 1


def test_a_sample_whose_spinning_was_not_finished_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = bench.whole.read_text(encoding="utf-8").replace('"co-deposit"', '"deposit"')
    bench.whole.write_text(recipe, encoding="utf-8")
    said, data = refused(bench.next_day("stabilise"), bench, capsys)
    assert [one["code"] for one in data["problems"]] == ["not-done"]
    assert 'no run of this sample has done "deposit"' in said
    assert "start from there: --from-step deposit" in said


@pytest.mark.parametrize("text", ["", 'note = "no sample"\n'])
def test_a_sheet_without_a_sample_is_refused(
    text: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.sheet_of_sample.write_text(text, encoding="utf-8")
    said, data = refused(bench.next_day("stabilise"), bench, capsys)
    assert [one["code"] for one in data["problems"]] == ["no-sample"]
    assert "which one, the run sheet has to say" in said


@pytest.mark.parametrize(
    ("step", "hint"), [("stabilise", "until it is cold"), ("transfer", "until it is cold")]
)
def test_a_hot_tube_is_refused_once_it_has_been_read(
    step: str, hint: str, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = tmp_path / "start.toml"
    start.write_text(
        '[furnace.tube]\ntemperature = "312 degC"\natmosphere = "argon"\n[gas.argon]\nflow = "200 sccm"\n',
        encoding="utf-8",
    )
    said, data = refused(bench.next_day(step, "--start", start), bench, capsys)
    assert f'"{step}" needs a cold tube, furnace.tube below 60 °C, and it is at 312 °C' in said
    assert hint in data["message"]
    assert "What is left" not in said, "it was watched until it was cold, and its gas closed"


def test_a_mat_from_elsewhere_continues_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From its transfer on: the mat is weighed, by the recipe's own value for a simulation."""
    bench = Bench(tmp_path)
    text = bench.spin.read_text(encoding="utf-8")
    bench.whole.write_text(text, encoding="utf-8")
    assert main(bench.next_day("transfer")) == 0
    shown = capsys.readouterr()
    assert f"{SAMPLE} has no earlier run" in shown.err
    info = json.loads((Path(json.loads(shown.out.splitlines()[-1])["folder"]) / "run.json").read_text())
    assert (info["continues"], info["from_step"], info["sample"]) == (None, "transfer", SAMPLE)


def test_what_was_weighed_is_taken_over_shown_and_recorded(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_last_look(bench)
    before = first_run(bench)
    assert main(bench.next_day("look")) == 0
    shown = capsys.readouterr()
    assert f"{SAMPLE} goes on from {before}" in shown.err
    assert f"transfer.mat_mass = 456 mg, as answered in {before}" in shown.err
    lines = [json.loads(line) for line in shown.out.splitlines()]
    answers = [line["data"] for line in lines if line.get("kind") == "answer"]
    assert [(one["key"], one["value"], one.get("unit")) for one in answers] == [
        ("mat_mass", 456.0, "mg"),
        ("done", True, None),
    ]
    journal = (Path(lines[-1]["folder"]) / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    opened = json.loads(journal[0])
    assert opened["data"]["carried"] == {"transfer.mat_mass": "456 mg"}
    assert opened["data"]["from_step"] == "look"
    assert opened["outside"]["continues"] == before


def test_the_answers_file_has_the_last_word_and_may_speak_of_skipped_steps(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_last_look(bench)
    answers = bench.answers.read_text(encoding="utf-8").replace("456 mg", "432 mg")
    bench.answers.write_text(f"{answers}[look]\ndone = true\n", encoding="utf-8")
    words = [word for word in bench.next_day("look", "--answers", bench.answers) if word != "--yes"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert "as answered in" not in shown.err
    lines = map(json.loads, shown.out.splitlines())
    answers_given = [line["data"]["value"] for line in lines if line.get("kind") == "answer"]
    assert answers_given == [432.0, True]


def test_without_anybody_to_answer_an_earlier_answer_is_answer_enough(bench: Bench) -> None:
    with_a_last_look(bench)
    bench.answers.write_text("[look]\ndone = true\n", encoding="utf-8")
    words = [word for word in bench.next_day("look", "--answers", bench.answers) if word != "--yes"]
    assert main(words) == 0


def test_runs_list_and_show_say_what_is_continued(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    with_a_last_look(bench)
    before = first_run(bench)
    assert main([*bench.next_day("look"), "--quiet"]) == 0
    after = next(folder.name for folder in bench.runs.iterdir() if folder.name != before)
    capsys.readouterr()
    assert main(["runs", "list", "--runs", str(bench.runs)]) == 0
    _, newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.split()[0] == after and newest.endswith(f"{before} from look")
    assert oldest.split()[0] == before and "from" not in oldest
    assert all(SAMPLE in row for row in (newest, oldest))
    assert main(["runs", "list", "--json", "--runs", str(bench.runs)]) == 0
    first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["continues"], first["from_step"]) == (before, "look")
    assert (second["continues"], second["from_step"]) == (None, None)
    assert main(["runs", "show", after, "--runs", str(bench.runs)]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if "  " in line)
    assert rows["continues"] == f"{before} from look"
    assert rows["sample"] == SAMPLE
