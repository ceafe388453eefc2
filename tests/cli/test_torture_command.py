"""`spinrig torture`: figures, exit codes, replay files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rig.cli import main as entry
from rig.proving import trial
from rig.proving.draw import draw
from rig.proving.invariants.violation import Violation

RUNS = ["torture", "--runs", "2", "--seed", "1", "--brief"]


def test_it_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(RUNS) == 0
    said = capsys.readouterr().out
    for word in ("runs         2", "outcomes", "faults", "scans", "simulated", "violations   0"):
        assert word in said


def test_its_figures_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main([*RUNS, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["runs"] == 2
    assert sum(data["outcomes"].values()) == 2
    assert data["violations"] == data["errors"] == data["replay"] == []
    assert data["scans"] > 0 and data["simulated_h"] > 0


def test_a_violation_is_written_and_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = trial.Judge.finish

    def found(self: trial.Judge) -> None:
        finish(self)
        self.violations.append(Violation(1, 3.0, "made for this test"))

    monkeypatch.setattr(trial.Judge, "finish", found)
    assert entry.main(["torture", "--runs", "1", "--seed", "5", "--brief", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "seed 5: invariant 1 at 3.000 s: made for this test" in said.err
    assert "violations   1 (invariant 1: 1)" in said.out
    file = tmp_path / "torture-5.json"
    assert f"--replay {file}" in said.out
    assert json.loads(file.read_text())["violations"] == ["invariant 1 at 3.000 s: made for this test"]
    assert entry.main(["torture", "--replay", str(file)]) == 1
    assert "made for this test" in capsys.readouterr().out
    monkeypatch.undo()
    assert entry.main(["torture", "--replay", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["violations"] == []


def test_a_replay_file_that_is_none_or_that_the_readers_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.json"
    file.write_text("{}")
    assert entry.main(["torture", "--replay", str(file)]) == 2
    assert "no replay file" in capsys.readouterr().err
    replace(draw(1, brief=True).case, recipe="format = 1\n").write(file, [])
    assert entry.main(["torture", "--replay", str(file)]) == 2
    assert "recipe:" in capsys.readouterr().err


def test_a_real_rig_is_not_tortured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rig.proving.rigs import demo_text

    rig = tmp_path / "rig.toml"
    rig.write_text(demo_text().replace("sim://hv.needle", "/dev/ttyUSB0"))
    assert entry.main(["torture", "--rig", str(rig)]) == 2
    assert "emulated rigs only" in capsys.readouterr().err
