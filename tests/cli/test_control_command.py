"""Looking at a run from another process, and telling it what to do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rig.bench.rigfile import load_rig, read_rig, simulate
from rig.engine.lock import RigLock, owner_of, read_owner
from rig.engine.ownership import absent, lock_name, where_from
from rig.records import verify_run
from tests.cli.making import EXCHANGE_S, LONG, QUICK, Making, Told, journal, own_environment
from tests.cli.terminal import ROOT, objects, spinrig


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return own_environment(tmp_path / "state")


def _spinning(runs: Path, env: dict[str, str], speed: int = 30) -> Making:
    """A long paced run whose clock runs."""
    making = Making(
        LONG, "--yes", "--speed", str(speed), "--trace", "--operator", "A. Person", "--runs", runs, env=env
    )
    making.until_event("clock", running=True)
    return making


def test_status_and_abort_reach_a_paced_run(tmp_runs: Path, env: dict[str, str]) -> None:
    with _spinning(tmp_runs, env) as making:
        status = spinrig("status", "--json", env=env)
        told = spinrig("status", env=env)
        aborted = spinrig("abort", "--reason", "smoke", "--json", env=env)
        code, result = making.end()
    assert status.returncode == 0, status.stderr
    seen = objects(status.stdout)[0]
    assert (seen["state"], seen["step"], seen["run"]) == ("Running", "co-deposit", result["run"])
    assert seen["readings"]["hv.needle.output"] == {"value": 1.0, "quality": "good"}
    assert abs(seen["readings"]["hv.needle.voltage_kv"]["value"] - 20.0) < 0.2
    assert 0 < seen["remaining_s"] < 4 * 3600 + 60
    assert "made by A. Person" in told.stdout
    supply = next(
        " ".join(line.split()) for line in told.stdout.splitlines() if line.startswith("hv.needle ")
    )
    assert supply.startswith("hv.needle 20.0") and supply.endswith(" ON")
    assert aborted.returncode == 0, aborted.stderr
    assert objects(aborted.stdout)[0]["type"] == "accepted"
    assert (code, result["outcome"]) == (1, "aborted")
    assert result["reason"].endswith(": smoke")
    at_s = next(
        e["t_s"]
        for e in journal(result["folder"])
        if e["kind"] == "command" and e["data"]["command"] == "abort"
    )
    wire = Told(result["folder"])
    off_s, stopped = wire.supply_off_after(at_s), wire.stopped_after(at_s)
    assert at_s <= off_s < at_s + 0.3
    assert set(stopped) == {b"0", b"1"}
    assert off_s < min(stopped.values()) + EXCHANGE_S
    assert max(stopped.values()) < at_s + 0.5
    ordered = [
        e["data"]["output"] for e in journal(result["folder"]) if e["kind"] == "off" and e["t_s"] >= at_s
    ]
    assert ordered[0] == "hv.needle"
    assert not [one for one in wire.supply() if one[0] > round(off_s * 1e9) and one[2] != 1]
    assert verify_run(Path(result["folder"])).status == "good"


def test_the_second_process_on_a_rig_is_refused_with_owner_and_time(
    tmp_runs: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    with Making(
        LONG, "--yes", "--speed", "40", "--operator", "A. Person", "--runs", tmp_runs, env=env
    ) as making:
        making.until_event("step", phase="started")
        owner = read_owner_in(env)
        other = tmp_path / "other"
        second = spinrig("run", QUICK, "--yes", "--speed", "60", "--runs", other, env=env)
        unpaced = spinrig("run", QUICK, "--yes", "--quiet", "--runs", other, env=env)
        making.signal(signal.SIGINT)
        making.end()
    assert second.returncode == 2
    assert "Demonstration bench' is in use: A. Person" in second.stderr
    assert f"process {making.process.pid}" in second.stderr
    assert str(owner["since"]) in second.stderr
    assert unpaced.returncode == 0, unpaced.stderr  # a world of its own, which nobody shares
    assert len(list(other.iterdir())) == 1
    assert spinrig("status", env=env).returncode == 2


def read_owner_in(env: dict[str, str]) -> dict[str, object]:
    owner = owner_of(Path(env["SPINRIG_STATE"]) / "demonstration-bench.lock")
    assert owner is not None
    return owner


def test_hold_and_resume_and_stop(tmp_runs: Path, env: dict[str, str]) -> None:
    with _spinning(tmp_runs, env, speed=60) as making:
        assert spinrig("hold", "--reason", "look at the needle", env=env).returncode == 0
        held = making.until_event("state", to="Held")
        again = spinrig("hold", env=env)
        assert again.returncode == 1
        assert "does not take 'hold' now" in again.stderr
        assert "restart" in again.stderr
        assert spinrig("resume", env=env).returncode == 0
        running = making.until_event("clock", running=True)
        assert spinrig("stop", env=env).returncode == 0
        code, result = making.end()
    assert (code, result["outcome"]) == (1, "stopped")
    told = Told(result["folder"])
    assert told.supply_off_after(held["t_s"] - 10) < held["t_s"]
    on = [
        t for t, _, control in told.supply() if control == 2 and held["t_s"] * 1e9 < t < running["t_s"] * 1e9
    ]
    assert len(on) == 1
    assert told.supply()[-1][1:] == (0, 1)


def test_complete_ends_the_step_early_and_the_run_completes(tmp_runs: Path, env: dict[str, str]) -> None:
    with _spinning(tmp_runs, env, speed=60) as making:
        done = spinrig("complete", env=env)
        assert done.returncode == 0, done.stderr
        code, result = making.end()
    assert (code, result["outcome"], result["early"]) == (0, "completed", True)
    assert Told(result["folder"]).supply()[-1][1:] == (0, 1)


def test_questions_are_answered_from_another_terminal(tmp_runs: Path, env: dict[str, str]) -> None:
    with Making(QUICK, "--speed", "60", "--runs", tmp_runs, env=env) as making:
        making.until_event("question", key="wiped")
        open_now = spinrig("answer", env=env)
        wrong = spinrig("answer", "co-deposit.earthed", "yes", env=env)
        no = spinrig("answer", "co-deposit.primed", "no", env=env)
        assert spinrig("answer", "co-deposit.primed", "yes", env=env).returncode == 0
        assert spinrig("answer", "co-deposit.wiped", "yes", env=env).returncode == 0
        making.until_event("question", key="earthed")
        assert spinrig("answer", "co-deposit.earthed", "yes", "--json", env=env).returncode == 0
        making.until_event("question", key="mat_mass")
        heavy = spinrig("answer", "transfer.mat_mass", "6 g", env=env)
        bare = spinrig("answer", "transfer.mat_mass", "4.2", env=env)
        assert spinrig("answer", "transfer.mat_mass", "4.2 mg", env=env).returncode == 0
        code, result = making.end()
    assert "spinrig answer co-deposit.primed yes" in open_now.stdout
    assert (wrong.returncode, no.returncode, heavy.returncode, bare.returncode) == (1, 2, 1, 1)
    assert "is not asked now (asked: co-deposit.primed, co-deposit.wiped)" in wrong.stderr
    assert "it must be at most 5 g" in heavy.stderr
    assert (code, result["outcome"]) == (0, "completed")
    answers = {e["data"]["key"]: e["data"] for e in journal(result["folder"]) if e["kind"] == "answer"}
    assert answers["mat_mass"]["value"] == 4.2
    assert answers["primed"]["value"] is True


def test_follow_shows_events_and_the_end(tmp_runs: Path, env: dict[str, str]) -> None:
    with _spinning(tmp_runs, env, speed=60) as making:
        watcher = subprocess.Popen(
            [sys.executable, "-m", "rig.cli.main", "follow", "--every", "0.5"],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        assert watcher.stdout is not None
        first = watcher.stdout.readline()
        assert spinrig("abort", env=env).returncode == 0
        _, result = making.end()
        said, complaint = watcher.communicate(timeout=60)
    assert "Running co-deposit (spin)" in first
    assert "spin is Aborted" in said
    assert f"{result['run']} has ended: aborted" in said
    assert (watcher.returncode, complaint) == (0, "")


def test_a_run_that_is_not_under_way(tmp_runs: Path, env: dict[str, str]) -> None:
    nobody = spinrig("status", env=env)
    assert nobody.returncode == 2
    assert "no run is under way on this computer" in nobody.stderr
    assert spinrig("abort", env=env).returncode == 2
    with Making(LONG, "--yes", "--speed", "10", "--runs", tmp_runs, env=env) as making:
        making.until_event("step", phase="started")
        other = spinrig("abort", "some-other-run", env=env)
        assert other.returncode == 2
        assert "the run some-other-run is not under way" in other.stderr
        assert spinrig("abort", making_run(env), env=env).returncode == 0
        making.end()


def making_run(env: dict[str, str]) -> str:
    return str(read_owner_in(env)["run"])


def test_an_abort_while_connecting_calls_the_run_off(tmp_runs: Path, env: dict[str, str]) -> None:
    with Making(QUICK, "--yes", "--speed", "0.5", "--runs", tmp_runs, env=env) as making:
        making.until(lambda found: found["type"] == "event")  # identities come while it connects
        assert spinrig("abort", env=env).returncode == 0
        assert making.process.wait(60) == 1
    assert "interrupted while connecting" in making.stderr
    assert list(tmp_runs.iterdir()) == []


def test_a_killed_owner_leaves_nothing_locked(tmp_runs: Path, env: dict[str, str]) -> None:
    with Making(LONG, "--yes", "--speed", "5", "--runs", tmp_runs, env=env) as making:
        making.until_event("step", phase="started")
        making.process.kill()
        making.process.wait()
        gone = spinrig("status", env=env)
    assert gone.returncode == 2
    done = spinrig("run", QUICK, "--yes", "--speed", "1000", "--quiet", "--runs", tmp_runs, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_only_the_owners_user_can_read_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))
    lock = RigLock("Some rig")
    lock.acquire({"user": "me", "since": "now", "token": "secret"})
    try:
        assert lock.path.stat().st_mode & 0o077 == 0
        assert read_owner("Some rig") is not None
        assert json.loads(lock.path.read_text())["token"] == "secret"
    finally:
        lock.release()
    assert read_owner("Some rig") is None


def test_presence_is_asked_of_real_rigs_only() -> None:
    demo, _ = load_rig(None)
    assert absent(demo, "ssh", None) is None
    bench, _ = read_rig((ROOT / "tests" / "bench" / "full_rig.toml").read_bytes(), "full")
    assert bench is not None
    assert (where_from({"SSH_TTY": "/dev/pts/1"}), where_from({})) == ("ssh", "console")
    assert absent(bench, "console", None) is None
    assert "over SSH" in str(absent(bench, "ssh", None))
    keyed = replace(bench, safety=replace(bench.safety, presence="inputs.bench.key"))
    assert absent(keyed, "ssh", 1.0) is None
    assert "inputs.bench.key" in str(absent(keyed, "console", 0.0))
    assert "inputs.bench.key" in str(absent(keyed, "console", None))
    assert absent(simulate(bench), "ssh", None) is None
    assert lock_name(bench, True) != lock_name(bench, False)
