"""`spinrig prime`, `jog`, `hv-test` as a shell runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.engine.lock import RigLock
from tests.cli.terminal import environment, objects, spinrig
from tests.end_to_end.spinning import demo_text

JOG = ("jog", "a", "--volume", "0.05 ml", "--rate", "20 ml/h")


def test_a_jog_says_what_it_does_and_ends_like_a_run(tmp_runs: Path) -> None:
    made = spinrig(*JOG, "--runs", tmp_runs)
    assert made.returncode == 0
    assert "jog: pumps.a infuses 0.05 ml at 20 ml/h, high voltage off" in made.stdout
    assert len(list(tmp_runs.iterdir())) == 1


def test_with_json_the_result_says_that_it_was_manual(tmp_runs: Path) -> None:
    words = ("hv-test", "needle", "--voltage", "2 kV", "--for", "3 s", "--yes", "--json")
    made = spinrig(*words, "--runs", tmp_runs)
    assert made.returncode == 0
    result = objects(made.stdout)[-1]
    assert (result["type"], result["kind"], result["outcome"]) == ("result", "manual", "completed")
    assert result["steps"][0]["id"] == "hv-test"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("prime", "a", "--volume", "0.1 ml"), "[prime] primed, wiped"),
        (("prime", "z", "--volume", "0.1 ml", "--yes"), 'this rig has no pump "z"'),
        (("jog", "a", "--volume", "0.1 ml", "--rate", "20 ml/h", "--syringe", "Bee Dee"), "no syringe"),
        (("hv-test", "needle", "--voltage", "40 kV", "--yes"), "whose limit is 25 kV"),
        (("hv-test", "needle", "--voltage", "5"), "has no unit"),
    ],
)
def test_refusals_are_sentences_and_leave_no_record(
    words: tuple[str, ...], says: str, tmp_runs: Path
) -> None:
    made = spinrig(*words, "--runs", tmp_runs)
    assert made.returncode == 2
    assert says in made.stderr and "hint:" in made.stderr and "Traceback" not in made.stderr
    assert list(tmp_runs.iterdir()) == []


def real_rig(tmp_path: Path) -> Path:
    """The demonstration rig at ports of its own that nobody has."""
    text = demo_text(**{"sim:ASRL6": "ASRL/dev/tty-none6"})
    for name in (
        "pumps.a",
        "hv.needle",
        "climate.chamber",
        "inputs.bench",
        "furnace.tube",
        "gas.argon",
        "oxygen.tube",
    ):
        text = text.replace(f"sim://{name}", f"/dev/tty-none-{name}")
    path = tmp_path / "real.toml"
    path.write_text(text)
    return path


def test_on_a_real_rig_the_syringe_has_to_be_named_and_yes_is_not_taken(tmp_path: Path) -> None:
    rig = real_rig(tmp_path)
    made = spinrig(*JOG, "--rig", rig)
    assert made.returncode == 2 and "nobody said which syringe is on pumps.a" in made.stderr
    made = spinrig(*JOG, "--rig", rig, "--syringe", "BD Plastipak 10 ml", "--yes")
    assert made.returncode == 2 and "--yes answers for a person" in made.stderr


def test_over_the_network_nothing_is_moved_by_hand(tmp_path: Path) -> None:
    words = (*JOG, "--rig", real_rig(tmp_path), "--syringe", "BD Plastipak 10 ml")
    made = spinrig(*words, env=environment(SSH_CONNECTION="10.0.0.1 22"))
    assert made.returncode == 2
    assert "a person at the rig has to do this, and this came over SSH" in made.stderr


def test_a_rig_that_is_in_use_is_not_moved_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))
    lock = RigLock("Demonstration bench")
    lock.acquire({"user": "Ada", "since": "2026-11-20T14:32:05Z", "run": "a-run"})
    try:
        words = (*JOG, "--rig", real_rig(tmp_path), "--syringe", "BD Plastipak 10 ml")
        made = spinrig(*words, env=environment(SPINRIG_STATE=str(tmp_path / "state")))
    finally:
        lock.release()
    assert made.returncode == 2
    assert "is in use: Ada" in made.stderr and "spinrig status" in made.stderr
