"""What `spinrig run` refuses before anything moves: exit code 2, where and why, and nothing on any wire."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rig.cli.main import main
from rig.emulators.wire import Wire
from tests.cli.making import LONG, QUICK, own_environment
from tests.cli.terminal import ROOT, objects, spinrig


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return own_environment(tmp_path / "state")


BAD_RECIPES = sorted((ROOT / "tests" / "recipes" / "bad").glob("*.toml"))
BAD_RIGS = sorted((ROOT / "tests" / "bench" / "bad").glob("*.rig.toml"))
BAD_SHEETS = sorted((ROOT / "tests" / "bench" / "bad").glob("*.sheet.toml"))


def _refused(words: tuple[str | Path, ...], runs: Path, env: dict[str, str]) -> str:
    """The complaint about a run that was refused before anything moved."""
    done = spinrig("run", *words, "--yes", "--runs", runs, env=env)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert list(runs.iterdir()) == []
    return done.stderr


def test_there_are_enough_bad_files() -> None:
    assert len(BAD_RECIPES) >= 12
    assert len(BAD_RIGS) + len(BAD_SHEETS) >= 6


@pytest.mark.parametrize("path", BAD_RECIPES, ids=lambda path: path.stem)
def test_a_bad_recipe_is_refused_with_its_place(path: Path, tmp_runs: Path, env: dict[str, str]) -> None:
    said = _refused((path,), tmp_runs, env)
    assert _placed(said, path)
    assert "error" in said


@pytest.mark.parametrize("path", BAD_RIGS, ids=lambda path: path.stem)
def test_a_bad_rig_file_is_refused_with_its_place(path: Path, tmp_runs: Path, env: dict[str, str]) -> None:
    assert _placed(_refused((LONG, "--rig", path, "--simulate"), tmp_runs, env), path)


@pytest.mark.parametrize("path", BAD_SHEETS, ids=lambda path: path.stem)
def test_a_bad_run_sheet_is_refused_with_its_place(
    path: Path, tmp_runs: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    recipe = tmp_path / "long-spin.toml"
    recipe.write_text(QUICK.read_text().replace('"2 min"', '"30 h"'))  # 30 ml from 10 ml
    assert _placed(_refused((recipe, "--sheet", path), tmp_runs, env), path)


def test_25_kv_on_a_20_kv_rig_is_refused_with_its_place(
    tmp_runs: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    recipe, rig = tmp_path / "strong.toml", tmp_path / "weak.toml"
    recipe.write_text(QUICK.read_text().replace('voltage = "20 kV"', 'voltage = "25 kV"'))
    rig.write_text(
        (ROOT / "rig/bench/demo/rig.toml").read_text().replace('voltage = "25 kV"', 'voltage = "20 kV"')
    )
    said = _refused((recipe, "--rig", rig), tmp_runs, env)
    assert _placed(said, recipe)
    assert "whose limit is 20 kV" in said


def _placed(said: str, path: Path) -> bool:
    """Whether a line names the file with line and column and says that it is an error."""
    for line in said.splitlines():
        if line.startswith(f"{path}:") and ": error " in line:
            numbers = line.removeprefix(f"{path}:").split(":")
            if numbers[0].isdigit() and numbers[1].isdigit():
                return True
    return False


def test_problems_of_all_files_are_said_at_once(tmp_runs: Path, env: dict[str, str], tmp_path: Path) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nat = "1 min"\non = "pumps.z"\nkind = "stall"\n')
    sheet = next(path for path in BAD_SHEETS if path.stem.startswith("two-streams"))
    said = _refused((QUICK, "--sheet", sheet, "--faults", faults), tmp_runs, env)
    assert f"{sheet}:10:8: error two-streams-one-pump" in said
    assert f"{faults}:3:6: error unknown-name" in said
    assert "2 errors: nothing was started" in said


REAL_RIG = """
format = 1
name = "Bench 1"
[safety]
hardware_interlock = true
furnace_limiter = true
exhaust_ducted = true
[chamber]
volume = "200 l"
exhaust = "60 m3/h"
[pumps.a]
driver = "new-era"
port = "/dev/does-not-exist-1"
address = 0
[pumps.b]
driver = "new-era"
port = "/dev/does-not-exist-1"
address = 1
[needles.left]
pump = "a"
hv = "needle"
[needles.right]
pump = "b"
hv = "needle"
[hv.needle]
driver = "glassman"
port = "/dev/does-not-exist-2"
rating = { voltage = "40 kV", current = "3 mA" }
limits = { voltage = "25 kV", current = "50 uA", ramp = "1 kV/s", ramp_down = "5 kV/s" }
polarity = "positive"
[climate.chamber]
driver = "vaisala"
port = "/dev/does-not-exist-4"
[inputs.bench]
driver = "adam-4000"
model = "4050"
checksum = true
port = "/dev/does-not-exist-3"
address = 1
[inputs.bench.channels]
door_closed = { channel = 0, healthy = "closed" }
emergency_stop_ok = { channel = 1, healthy = "closed" }
exhaust_ok = { channel = 2, healthy = "closed" }
"""


@pytest.fixture
def real(tmp_path: Path) -> tuple[str | Path, ...]:
    """The options of a rig with real instruments that nobody has plugged in, and its run sheet."""
    rig, sheet = tmp_path / "bench.toml", tmp_path / "sheet.toml"
    rig.write_text(REAL_RIG)
    sheet.write_text((ROOT / "rig/bench/demo/sheet.toml").read_text())
    return "--rig", rig, "--sheet", sheet


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--yes",), "--yes answers for a person"),
        (("--speed", "10"), "the speed is 1"),
        (("--speed", "max"), "the speed is 1"),
        (("--seed", "1"), "--seed is for emulated instruments"),
    ],
)
def test_what_a_rig_with_real_instruments_refuses(
    more: tuple[str, ...], words: str, real: tuple[str | Path, ...], tmp_runs: Path, env: dict[str, str]
) -> None:
    done = spinrig("run", QUICK, *real, *more, "--runs", tmp_runs, env=env)
    assert done.returncode == 2
    assert words in done.stderr
    assert list(tmp_runs.iterdir()) == []


def test_a_real_rig_is_not_started_over_ssh(
    real: tuple[str | Path, ...], tmp_runs: Path, env: dict[str, str]
) -> None:
    done = spinrig(
        "run", QUICK, *real, "--runs", tmp_runs, env=env | {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    )
    assert done.returncode == 2
    assert "a person at the rig has to do this" in done.stderr


def test_instruments_that_do_not_answer_are_named(
    real: tuple[str | Path, ...], tmp_runs: Path, env: dict[str, str]
) -> None:
    done = spinrig("run", QUICK, *real, "--json", "--runs", tmp_runs, env=env)
    assert done.returncode == 2
    for name in ("hv.needle", "pumps.a", "pumps.b", "climate.chamber", "inputs.bench"):
        assert f"{name}: " in done.stderr
    assert objects(done.stdout)[-1]["type"] == "refused"
    assert list(tmp_runs.iterdir()) == []


def test_simulate_makes_a_real_rig_file_run(
    real: tuple[str | Path, ...], tmp_runs: Path, env: dict[str, str]
) -> None:
    done = spinrig("run", QUICK, *real, "--simulate", "--yes", "--quiet", "--runs", tmp_runs, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_anybody_to_answer_the_missing_answers_are_listed(
    tmp_runs: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text("[co-deposit]\nprimed = true\nwiped = true\n")
    done = spinrig("run", QUICK, "--answers", answers, "--runs", tmp_runs, env=env)
    assert done.returncode == 2
    assert "[co-deposit] earthed; [transfer] mat_mass" in done.stderr
    assert list(tmp_runs.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("no-such-recipe",), "there is no recipe"),
        (("tio2-pcnf-spni",), 'did you mean "tio2-pcnf-spin"?'),
        ((QUICK, "--speed", "-3"), "is no speed"),
        ((QUICK, "--from-step", "transfre"), 'did you mean "transfer"?'),
        ((QUICK, "--from-step", "transfer"), "which one, the run sheet has to say"),
        ((QUICK, "--sheet", "no-such-sheet.toml"), "there is no run sheet file"),
    ],
)
def test_other_refusals(
    words: tuple[str | Path, ...], complaint: str, tmp_runs: Path, env: dict[str, str]
) -> None:
    assert complaint in _refused(words, tmp_runs, env)


def test_a_full_disk_is_refused_before_anything_is_on_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[bytes] = []
    monkeypatch.setattr(Wire, "receive", lambda self, data, link: heard.append(data))
    with _small_disk(tmp_path, monkeypatch) as runs:
        assert main(["run", str(QUICK), "--yes", "--runs", str(runs)]) == 2
        assert list(runs.iterdir()) == []
    assert heard == []
    said = capsys.readouterr()
    assert said.out == ""
    assert "MB free; a run needs at least" in said.err


@contextmanager
def _small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on a file system of 1 MB; where this user may not mount one, a folder that says it is on one."""
    runs = tmp_path / "small"
    runs.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(runs)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    if not mounted:
        monkeypatch.setattr("shutil.disk_usage", lambda path: _Usage())
    try:
        yield runs
    finally:
        if mounted:
            subprocess.run(["umount", str(runs)], check=True)


class _Usage:
    total = free = 1 << 20
    used = 0
