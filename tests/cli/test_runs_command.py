"""`spinrig runs`: what a run left is listed, shown, verified, reported and exported."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from recipes.reader import read_recipe
from rig.bench.fit import fit
from rig.bench.rigfile import load_rig
from rig.bench.sheet import demo_sheet
from rig.cli.main import main
from rig.running import FileAnswers, Options, Session
from tests.cli.terminal import ROOT, environment, objects, spinrig


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 30 s on the emulated demonstration rig; the others of this file look at it or at copies."""
    runs = tmp_path_factory.mktemp("runs")
    text = (ROOT / "recipes/library/tio2-pcnf-spin.toml").read_text(encoding="utf-8")
    recipe, problems = read_recipe(text.replace('duration = "4 h"', 'duration = "30 s"'), "short")
    assert recipe is not None, problems
    bench, _ = load_rig(None)
    sheet = demo_sheet(recipe)
    found = fit(recipe, bench, sheet)
    options = Options(FileAnswers(None, yes=True), runs_dir=runs, seed=7, operator="anna")
    result = Session(recipe, bench, sheet, found.assignment, options).run()
    assert result.ending.outcome == "completed", result.ending
    return result.folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A folder of runs with a copy of that run, to be spoilt; returns the copy."""
    folder = tmp_path / "runs" / made.name
    shutil.copytree(made, folder)
    return folder


def open_again(folder: Path) -> None:
    """As a run stands that is still being made: no `closed` line, and nothing of what closing writes."""
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["kind"] == "closed"
    journal.write_bytes(b"".join(lines[:-1]))
    for name in ("run.json", "samples.parquet", "report.html"):
        (folder / name).unlink(missing_ok=True)


def test_a_good_run_is_good(made: Path) -> None:
    done = spinrig("runs", "verify", made)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("good, ")
    by_id = spinrig("runs", "verify", made.name, "--runs", made.parent)
    assert (by_id.returncode, by_id.stdout) == (0, done.stdout)
    by_name = spinrig("runs", "verify", made.name, env=environment(SPINRIG_RUNS=str(made.parent)))
    assert (by_name.returncode, by_name.stdout) == (0, done.stdout)


def test_an_open_run_is_open_and_no_failure(copy: Path) -> None:
    open_again(copy)
    done = spinrig("runs", "verify", copy)
    lines = len((copy / "journal.jsonl").read_bytes().splitlines())
    assert done.returncode == 0
    assert done.stdout.startswith(f"open, good to line {lines}")


@pytest.mark.parametrize("name", ["journal.jsonl", "recipe.toml", "run.json"])
def test_a_changed_byte_is_damage(copy: Path, name: str) -> None:
    path = copy / name
    octets = bytearray(path.read_bytes())
    at = octets.index(b"co-deposit" if name != "run.json" else b"completed")
    octets[at] ^= 1
    path.write_bytes(octets)
    done = spinrig("runs", "verify", copy)
    assert done.returncode == 1
    assert done.stdout.startswith(f"damaged: {name}: ")
    assert "Traceback" not in done.stderr


def test_a_record_without_its_journal_is_damaged_not_absent(copy: Path) -> None:
    (copy / "journal.jsonl").unlink()
    done = spinrig("runs", "verify", copy)
    assert (done.returncode, done.stdout[:22]) == (1, "damaged: journal.jsonl")


def test_one_damaged_run_among_several_fails_the_verification(made: Path, copy: Path) -> None:
    (copy / "rig.toml").write_text("format = 1\n", encoding="utf-8")
    done = spinrig("runs", "verify", made, copy, "--json")
    assert done.returncode == 1
    first, second = objects(done.stdout)
    assert (first["run"], first["status"], first["first_bad"]) == (str(made), "good", None)
    assert (second["run"], second["status"]) == (str(copy), "damaged")
    assert second["first_bad"].startswith("rig.toml: ")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    for word in ("verify", "show", "report"):
        done = spinrig("runs", word, tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "there is no run" in done.stderr and "spinrig runs list" in done.stderr


def test_runs_are_listed(made: Path, tmp_path: Path) -> None:
    done = spinrig("runs", "list", "--runs", made.parent)
    header, row = done.stdout.splitlines()
    assert header.split()[:3] == ["run", "outcome", "recipe"]
    assert row.split()[:5] == [made.name, "completed", "short", "DEMO-1", "simulated"]
    (data,) = objects(spinrig("runs", "list", "--runs", made.parent, "--json").stdout)
    assert (data["run"], data["outcome"], data["folder"]) == (made.name, "completed", str(made))
    empty = spinrig("runs", "list", "--runs", tmp_path)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "there are no runs in" in empty.stderr


def test_a_run_is_shown(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", str(made)]) == 0
    text = capsys.readouterr().out
    assert "yes, seed 7" in text and "anna" in text
    assert "co-deposit  spin    done" in text
    assert "event" not in text
    assert main(["runs", "show", str(made), "--events"]) == 0
    events = capsys.readouterr().out.partition("line  t_s")[2].splitlines()[1:]
    assert len(events) == len((made / "journal.jsonl").read_bytes().splitlines())
    assert main(["runs", "show", str(made), "--json"]) == 0
    (data,) = objects(capsys.readouterr().out)
    assert data["outcome"] == "completed" and data["seed"] == 7


def test_the_report_is_written_anew(copy: Path) -> None:
    page = copy / "report.html"
    before = page.read_bytes()
    page.unlink()
    done = spinrig("runs", "report", copy.name, "--runs", copy.parent)
    assert (done.returncode, done.stdout) == (0, f"{page}\n")
    assert page.read_bytes() == before


def test_samples_are_exported(made: Path, tmp_path: Path) -> None:
    done = spinrig("runs", "export", made, "--format", "csv", "-o", tmp_path / "run.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'run.csv'}\n"
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert max(float(row["hv.needle.voltage_kv"] or 0) for row in rows) == pytest.approx(20, rel=0.01)
    parquet = spinrig("runs", "export", made, "--format", "parquet", cwd=tmp_path)
    assert parquet.stdout == f"{made.name}.parquet\n"
    assert (tmp_path / f"{made.name}.parquet").read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize("where", ["nowhere/run.csv", "."])
def test_an_export_that_cannot_be_written_is_refused(made: Path, tmp_path: Path, where: str) -> None:
    done = spinrig("runs", "export", made, "--format", "csv", "-o", tmp_path / where)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr and str(tmp_path) in done.stderr


def test_an_export_never_writes_over_a_record(copy: Path) -> None:
    done = spinrig("runs", "export", copy, "--format", "parquet", "-o", copy / "samples.parquet")
    assert done.returncode == 2
    assert "belongs to the record" in done.stderr
