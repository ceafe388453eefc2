"""The terminal of a run is closed: the run goes on, an attended step is told of and held after the grace, a furnace is
left alone. Each run is a process of its own on a terminal of its own, paced at 60 times real time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.making import LONG, Making, Told, own_environment
from tests.cli.terminal import ROOT, objects, spinrig
from tests.cli.test_run_at_a_terminal import Terminal

GRACE_S = 300.0
PATIENCE_S = 60.0

FURNACE = """format = 1
name = "Drying by hand"
[[steps]]
id = "stabilise"
do = "heat"
attended = %s
atmosphere = "air"
ramp = "5 degC/min"
to = "280 degC"
soak = "2.5 h"
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return own_environment(tmp_path / "state")


def journal(runs: Path) -> list[dict[str, Any]]:
    """What has been written so far; the last line may be half there."""
    lines: list[dict[str, Any]] = []
    for path in runs.glob("*/journal.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                break
    return lines


def until(runs: Path, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """Wait for a line of the journal."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        for line in journal(runs):
            if wanted(line):
                return line
        time.sleep(0.1)
    said = [(line["t_s"], line["kind"], line["data"]) for line in journal(runs)[-8:]]
    raise AssertionError(f"no {what} in {said}")


def event(kind: str, **data: Any) -> Callable[[dict[str, Any]], bool]:
    return lambda line: (
        line["kind"] == kind and all(line["data"].get(key) == value for key, value in data.items())
    )


def gone_s(runs: Path) -> float:
    """When the terminal was lost, in seconds of the run."""
    return float(until(runs, event("client", client="terminal", what="gone"), "lost terminal")["t_s"])


def close(terminal: Terminal) -> None:
    """As a terminal window is closed, or as an SSH connection drops."""
    os.close(terminal._master)
    terminal._master = os.dup(terminal.slave)  # something to close at the end


def test_an_attended_step_is_told_of_at_once_and_held_after_the_grace(
    tmp_runs: Path, env: dict[str, str]
) -> None:
    words = (LONG, "--yes", "--speed", "60", "--trace", "--runs", tmp_runs)
    with Terminal(*words, env=env) as terminal:
        terminal.see("the clock runs")
        close(terminal)
        lost_s = gone_s(tmp_runs)
        alarm = until(tmp_runs, event("trip", tag="nobody-connected:spin"), "alarm")
        assert alarm["t_s"] < lost_s + 1.0
        active = event("alarm-state", tag="nobody-connected:spin", to="B")
        assert until(tmp_runs, active, "alarm in the list")["t_s"] < lost_s + 1.0
        held = until(tmp_runs, event("state", to="Holding"), "hold")
        assert held["data"]["cause"].startswith("unattended:spin:")
        assert held["t_s"] == pytest.approx(lost_s + GRACE_S, abs=2.0)
        until(tmp_runs, event("state", to="Held"), "end of the hold")
        assert terminal.process.poll() is None, "it goes on without its terminal"
        # Somebody comes back: the alarm ends, and nothing starts.
        status = objects(spinrig("status", "--json", env=env).stdout)[0]
        assert status["state"] == "Held"
        until(tmp_runs, event("client", what="heard"), "sign of life")
        until(tmp_runs, event("alarm-state", tag="nobody-connected:spin", to="D"), "end of the alarm")
        time.sleep(1.0)
        assert objects(spinrig("status", "--json", env=env).stdout)[0]["state"] == "Held"
        assert spinrig("stop", env=env).returncode == 0
        assert terminal.process.wait(PATIENCE_S) == 1
    (folder,) = tmp_runs.iterdir()
    told = Told(str(folder))
    stopped = told.stopped_after(held["t_s"])
    assert set(stopped) == {b"0", b"1"} and max(stopped.values()) < held["t_s"] + 0.5
    assert held["t_s"] + 3.0 < told.supply_off_after(held["t_s"]) < held["t_s"] + 10.0
    info = json.loads((folder / "run.json").read_text())
    assert (info["outcome"], info["reason"]) == ("stopped", "stop by " + info["reason"].partition(" by ")[2])
    commands = [line["data"] for line in journal(tmp_runs) if line["kind"] == "command"]
    assert [one["command"] for one in commands] == ["stop"], "nobody has commanded anything before"


@pytest.mark.parametrize("attended", ["false", "true"])
def test_a_furnace_is_never_touched(
    attended: str, tmp_runs: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    recipe = tmp_path / "dry.toml"
    recipe.write_text(FURNACE % attended, encoding="utf-8")
    with Terminal(recipe, "--speed", "60", "--runs", tmp_runs, env=env) as terminal:
        until(tmp_runs, event("stage", stage="ramping"), "ramp")
        close(terminal)
        lost_s = gone_s(tmp_runs)
        time.sleep((GRACE_S + 120.0) / 60.0)  # nobody asks it anything meanwhile
        status = objects(spinrig("status", "--json", env=env).stdout)[0]
        degc = status["readings"]["furnace.tube.temperature_degc"]["value"]
        assert status["t_s"] > lost_s + GRACE_S
        assert (status["state"], status["step"]) == ("Running", "stabilise")
        assert status["outputs"]["furnace.tube"] and degc > 50.0
        tags = [line["data"]["tag"] for line in journal(tmp_runs) if line["kind"] == "trip"]
        assert tags == (["nobody-connected:furnace.tube"] if attended == "true" else [])
        assert terminal.process.poll() is None


def test_a_hang_up_signal_stops_nothing_and_what_reads_the_output_is_a_client(
    tmp_runs: Path, env: dict[str, str]
) -> None:
    words = (LONG, "--yes", "--speed", "60", "--runs", tmp_runs)
    with Making(*words, env=env) as making:
        making.until_event("clock", running=True)
        making.signal(signal.SIGHUP)
        making.until_event("client", what="gone", why="SIGHUP")
        making.until_event("trip", tag="nobody-connected:spin")
        making.until_event("state", to="Holding")
        making.until_event("state", to="Held")
        making.signal(signal.SIGTERM)
        code, result = making.end()
    assert (code, result["outcome"], result["reason"]) == (1, "stopped", "interrupted")


def test_a_follower_keeps_an_attended_step_going(tmp_runs: Path, env: dict[str, str]) -> None:
    with Terminal(LONG, "--yes", "--speed", "60", "--runs", tmp_runs, env=env) as terminal:
        terminal.see("the clock runs")
        follower = subprocess.Popen(
            [sys.executable, "-m", "rig.cli.main", "follow", "--json"],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        assert follower.stdout is not None
        follower.stdout.readline()
        close(terminal)
        lost_s = gone_s(tmp_runs)
        now_s = 0.0
        for line in follower.stdout:
            one = json.loads(line)
            now_s = one["t_s"] if one["type"] == "status" else now_s
            assert one["type"] != "event" or one["kind"] not in ("trip", "state"), one
            if now_s > lost_s + GRACE_S + 120.0:
                assert one["state"] == "Running"
                break
        follower.kill()
        follower.wait()
        follower.stdout.close()
        until(tmp_runs, event("trip", tag="nobody-connected:spin"), "alarm when the follower has gone")
