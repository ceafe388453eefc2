"""`spinrig rig prove`, and what a rig says of inputs that nobody has walked through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rig.engine.host import NotReady
from rig.running import FileAnswers, Options, Session
from tests.cli.terminal import environment, objects, spinrig
from tests.cli.test_manual_command import real_rig
from tests.end_to_end.spinning import Spinning, bench_of


def test_the_emulated_rig_walks_through_its_own_inputs(tmp_path: Path) -> None:
    made = spinrig("rig", "prove", "--yes", env=environment(SPINRIG_STATE=str(tmp_path)))
    assert made.returncode == 0, made.stderr
    assert "inputs.bench.door_closed: seen open after 0." in made.stdout
    kept = json.loads(next((tmp_path / "proofs").iterdir()).read_text())
    assert sorted(kept["proofs"]) == [
        f"inputs.bench.{name}"
        for name in (
            "door_closed",
            "emergency_stop_ok",
            "exhaust_ok",
            "furnace_exhaust_ok",
            "tube_pressure_ok",
        )
    ]
    assert 0 < kept["proofs"]["inputs.bench.door_closed"]["opened_s"] <= 0.2


def test_one_input_with_json(tmp_path: Path) -> None:
    words = ("rig", "prove", "--yes", "--only", "exhaust_ok", "--json")
    made = spinrig(*words, env=environment(SPINRIG_STATE=str(tmp_path)))
    found = [one for one in objects(made.stdout) if one["type"] == "input"]
    assert [(one["channel"], one["proved"], one["also"]) for one in found] == [
        ("inputs.bench.exhaust_ok", True, [])
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rig", "prove"), "nobody can open them"),
        (("rig", "prove", "--yes", "--only", "dor"), "has no such safety input"),
    ],
)
def test_what_cannot_be_walked_is_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    made = spinrig(*words, env=environment(SPINRIG_STATE=str(tmp_path)))
    assert made.returncode == 2 and says in made.stderr and "hint:" in made.stderr
    assert not (tmp_path / "proofs").exists()


def test_over_the_network_nobody_walks(tmp_path: Path) -> None:
    env = environment(SPINRIG_STATE=str(tmp_path), SSH_CONNECTION="10.0.0.1 22")
    made = spinrig("rig", "prove", "--rig", real_rig(tmp_path), env=env)
    assert made.returncode == 2 and "this came over SSH" in made.stderr


def test_rig_check_says_when_the_inputs_were_last_proved(tmp_path: Path) -> None:
    made = spinrig("rig", "check", real_rig(tmp_path), env=environment(SPINRIG_STATE=str(tmp_path)))
    assert made.returncode == 0
    assert "inputs.bench.door_closed was never proved (to be proved every 30 d)" in made.stdout


@pytest.mark.parametrize("refuses", [True, False])
def test_a_real_run_with_inputs_unproved_is_refused_where_the_rig_file_says_so(
    refuses: bool, tmp_path: Path, tmp_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))
    text = real_rig(tmp_path).read_text()
    bench = bench_of(text if refuses else text.replace('prove_every = "30 d"', ""))
    spun = Spinning(tmp_runs)
    options = Options(FileAnswers(None, False), runs_dir=tmp_runs, came_from="console")
    session = Session(spun.session.recipe, bench, None, spun.fit.assignment, options)
    with pytest.raises(NotReady) as refused:
        session.run()
    # Without the refusal it gets as far as the ports, which are not there.
    assert ("was never proved" in str(refused.value)) is refuses
