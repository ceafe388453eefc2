"""`spinrig run`: its output, and the ways in which a run can end before its time."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rig.cli.main import main
from rig.emulators.wire import Wire
from rig.engine.phases.spin import SpinPhase
from rig.lines.port import LinkSpec
from rig.records import verify_run
from tests.cli.making import EXCHANGE_S, LONG, QUICK, Making, Told, journal, own_environment
from tests.cli.terminal import ROOT, objects, spinrig

RESULT_KEYS = [
    "type", "run", "outcome", "early", "reason", "folder", "recipe", "seed", "simulated", "started", "ended",
    "duration_s", "head", "steps", "alarms",
]  # fmt: skip
ORDERLY_END_S = 10.0
"""High voltage is off so long after the pumps at the latest (safety rule 6)."""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return own_environment(tmp_path / "state")


# What it says


def test_json_ends_with_the_result_of_the_contract(tmp_runs: Path, env: dict[str, str]) -> None:
    done = spinrig("run", QUICK, "--yes", "--json", "--seed", "7", "--runs", tmp_runs, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    lines = objects(done.stdout)
    result = lines[-1]
    assert list(result) == RESULT_KEYS
    assert (result["type"], result["outcome"], result["early"], result["reason"]) == (
        "result",
        "completed",
        False,
        None,
    )
    assert (result["seed"], result["simulated"], result["alarms"]) == (7, True, 0)
    assert list(result["recipe"]) == ["id", "name", "revision", "sha256"]
    assert [(step["id"], step["do"], step["outcome"]) for step in result["steps"]] == [
        ("co-deposit", "prime", "done"),
        ("co-deposit", "spin", "done"),
        ("transfer", "prompt", "done"),
    ]
    assert result["started"] == "2000-01-01T00:00:00.000Z"
    assert 230 < result["duration_s"] < 300
    assert {line["type"] for line in lines} == {"event", "progress", "result"}
    events = [line for line in lines if line["type"] == "event"]
    assert all(list(event) == ["type", "kind", "t_s", "data"] for event in events)
    kinds = [event["kind"] for event in events]
    assert kinds.index("energise") < kinds.index("clock") < kinds.index("proof")
    progress = next(line for line in lines if line["type"] == "progress")
    assert {"t_s", "state", "step", "remaining_s", "readings", "quality", "outputs", "hv_unproved"} <= set(
        progress
    )
    assert json.loads((Path(result["folder"]) / "run.json").read_text())["head"] == result["head"]
    assert verify_run(Path(result["folder"])).status == "good"


def test_events_are_those_of_the_journal(tmp_runs: Path, env: dict[str, str]) -> None:
    done = spinrig("run", QUICK, "--yes", "--json", "--runs", tmp_runs, env=env)
    lines = objects(done.stdout)
    said = [(e["kind"], e["t_s"], e["data"]) for e in lines if e["type"] == "event"]
    own = {"opened", "samples", "closed"}  # written by the record itself
    kept = [(e["kind"], e["t_s"], e["data"]) for e in journal(lines[-1]["folder"]) if e["kind"] not in own]
    assert said == kept


def test_a_pipe_gets_plain_lines_and_a_summary_for_the_lab_book(tmp_runs: Path, env: dict[str, str]) -> None:
    done = spinrig("run", QUICK, "--yes", "--runs", tmp_runs, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert re.search(r"^\[0:01:\d\d\] co-deposit: the clock runs$", done.stdout, re.MULTILINE)
    assert "safe to open" not in done.stdout.lower()
    summary = done.stdout[done.stdout.index("\nOutcome") :]
    for words in (
        "completed",
        "DEMO-1",
        "Quick spin (quick-spin, sha256 ",
        "12 wt% PAN + PMMA (7:3) in DMF",
        "1 wt% TiO2 in methanol",
        "20 kV at 20 cm for 2 min: as asked",
        "2 min of 2 min on the clock",
        "pan-pmma: 0.033 of 0.033 ml delivered by pumps.a",
        "20.02 kV read back from hv.needle",
        "nA at current.collector, mean of all jets it sees",
        "%RH",
        "jet stable ",
        "transfer     as asked: mat_mass 4 mg",
        "Alarms       none",
    ):
        assert words in summary
    folder = next(tmp_runs.iterdir())
    assert str(folder) in summary
    assert json.loads((folder / "run.json").read_text())["head"] in summary
    assert all(len(line) <= 100 for line in summary.splitlines() if not line.startswith("Record"))


def test_quiet_says_the_outcome_and_nothing_else(tmp_runs: Path, env: dict[str, str]) -> None:
    done = spinrig("run", QUICK, "--yes", "--quiet", "--runs", tmp_runs, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"completed  {next(tmp_runs.iterdir())}\n"


def test_a_reader_that_leaves_does_not_end_the_run(tmp_runs: Path, env: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rig.cli.main", "run", str(QUICK), "--yes", "--json", "--runs", str(tmp_runs)],
        cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 0
    assert "Traceback" not in said
    assert json.loads((next(tmp_runs.iterdir()) / "run.json").read_text())["outcome"] == "completed"


def test_from_step_asks_earlier_records_again_and_names_the_run_before(
    tmp_runs: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    sheet = tmp_path / "sheet.toml"
    sheet.write_text((ROOT / "rig/bench/demo/sheet.toml").read_text())
    first = objects(spinrig("run", QUICK, "--yes", "--json", "--runs", tmp_runs, env=env).stdout)[-1]
    words = ("run", QUICK, "--yes", "--json", "--sheet", sheet, "--from-step", "transfer", "--runs", tmp_runs)
    done = spinrig(*words, env=env)
    assert done.returncode == 0, done.stderr
    result = objects(done.stdout)[-1]
    assert [step["id"] for step in result["steps"]] == ["transfer"]
    info = json.loads((Path(result["folder"]) / "run.json").read_text())
    assert info["continues"] == first["run"]


# How it ends before its time


def _started(runs: Path, env: dict[str, str], speed: int = 30) -> Making:
    """A long paced run whose clock runs."""
    making = Making(LONG, "--yes", "--speed", str(speed), "--trace", "--runs", runs, env=env)
    making.until_event("clock", running=True)
    return making


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_in_order(number: signal.Signals, tmp_runs: Path, env: dict[str, str]) -> None:
    with _started(tmp_runs, env) as making:
        making.signal(number)
        at_s = making.until_event("command", command="stop")["t_s"]
        code, result = making.end()
    assert (code, result["outcome"], result["reason"]) == (1, "stopped", "interrupted")
    assert "Stopping in order" in making.stderr
    assert "nobody is watching" in making.stderr
    assert "LEFT BEHIND" not in making.stderr
    told = Told(result["folder"])
    stopped = told.stopped_after(at_s)
    assert set(stopped) == {b"0", b"1"}
    off_s = told.supply_off_after(at_s)
    assert max(stopped.values()) < off_s < max(stopped.values()) + ORDERLY_END_S
    ramp = [counts for t, counts, control in told.supply() if t > round(at_s * 1e9) and control == 0]
    assert ramp == sorted(ramp, reverse=True)
    assert len(ramp) > 10  # down at 5 kV/s, not at once
    assert told.supply()[-1][1:] == (0, 1)
    assert result["alarms"] == 0
    proof = max(
        e["t_s"] for e in journal(result["folder"]) if e["kind"] == "state" and e["data"]["to"] == "Stopped"
    )
    assert result["duration_s"] >= proof + 30.0  # supervised until the discharge time was over
    assert verify_run(Path(result["folder"])).status == "good"


def test_two_signals_abort_and_leave_at_once(tmp_runs: Path, env: dict[str, str]) -> None:
    with _started(tmp_runs, env) as making:
        making.signal(signal.SIGINT)
        making.until_event("state", to="Stopping")
        making.signal(signal.SIGINT)
        at_s = making.until_event("command", command="abort")["t_s"]
        code, result = making.end()
    assert (code, result["outcome"], result["reason"]) == (130, "aborted", "interrupted twice")
    told = Told(result["folder"])
    assert told.supply_off_after(at_s) < at_s + 0.5
    assert told.supply()[-1][1:] == (0, 1)
    assert set(told.stopped_after(at_s - 1.0)) == {b"0", b"1"}
    last = journal(result["folder"])[-1]
    assert last["kind"] == "closed"
    assert "hv.needle" in last["data"]["left"]
    assert "nobody is watching" in last["data"]["left"]
    assert f"LEFT BEHIND: {last['data']['left']}" in making.stderr
    assert result["duration_s"] < at_s + 10.0


def test_a_signal_ends_an_unpaced_run_in_order_too(tmp_runs: Path, env: dict[str, str]) -> None:
    with Making(LONG, "--yes", "--trace", "--runs", tmp_runs, env=env) as making:
        making.until_event("clock", running=True)
        making.signal(signal.SIGTERM)
        code, result = making.end()
    assert (code, result["outcome"]) == (1, "stopped")
    assert Told(result["folder"]).supply()[-1][1:] == (0, 1)


def _last_result(text: str) -> dict[str, Any]:
    return objects(text)[-1]


def test_an_exception_in_a_phase_fails_the_run_with_the_supply_told_off_first(
    tmp_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = SpinPhase._count

    def breaks(self: SpinPhase, context: Any) -> Any:
        if self.elapsed_ns > 30_000_000_000:
            raise ZeroDivisionError("a fault of the program")
        return count(self, context)

    monkeypatch.setattr(SpinPhase, "_count", breaks)
    code = main(["run", str(QUICK), "--yes", "--json", "--trace", "--runs", str(tmp_runs)])
    said = capsys.readouterr()
    result = _last_result(said.out)
    assert (code, result["outcome"]) == (3, "failed")
    assert "ZeroDivisionError: a fault of the program" in result["reason"]
    assert "internal error: ZeroDivisionError" in said.err
    assert "Traceback" not in said.err
    at_s = next(e["t_s"] for e in journal(result["folder"]) if e["kind"] == "error")
    told = Told(result["folder"])
    off_s, stopped = told.supply_off_after(at_s), told.stopped_after(at_s)
    assert set(stopped) == {b"0", b"1"}
    assert at_s <= off_s < at_s + 0.3
    assert off_s < min(stopped.values()) + EXCHANGE_S
    assert max(stopped.values()) < at_s + 0.5
    assert verify_run(Path(result["folder"])).status == "good"


def test_the_debug_variable_shows_the_traceback(
    tmp_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(self: SpinPhase, context: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(SpinPhase, "_count", breaks)
    monkeypatch.setenv("SPINRIG_DEBUG", "1")
    assert main(["run", str(QUICK), "--yes", "--quiet", "--runs", str(tmp_runs)]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_driver_that_breaks_does_not_leave_the_supply_on(
    tmp_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rig.instruments.glassman import Glassman

    read, times = Glassman.read, [0]

    def breaks(self: Glassman, poll: str) -> Any:
        times[0] += 1
        if times[0] == 600:
            raise KeyError("a fault of the driver")
        return read(self, poll)

    monkeypatch.setattr(Glassman, "read", breaks)
    code = main(["run", str(QUICK), "--yes", "--json", "--trace", "--runs", str(tmp_runs)])
    result = _last_result(capsys.readouterr().out)
    assert (code, result["outcome"]) == (1, "aborted")
    at_s = next(e["t_s"] for e in journal(result["folder"]) if e["kind"] == "trip")
    told = Told(result["folder"])
    assert told.supply_off_after(at_s) < at_s + 1.5
    assert set(told.stopped_after(at_s)) == {b"0", b"1"}
    assert told.supply()[-1][1:] == (0, 1)


def test_what_breaks_beside_the_scan_ends_in_the_safe_state_too(
    tmp_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receive, broken = Wire.receive, [False]

    def breaks(self: Wire, data: bytes, link: LinkSpec) -> None:
        if b"R" in data and self.name == "pumps.a" and b"RUN" in data and not broken[0]:
            broken[0] = True
            raise RuntimeError("a fault of the emulated world")
        receive(self, data, link)

    monkeypatch.setattr(Wire, "receive", breaks)
    code = main(["run", str(QUICK), "--yes", "--json", "--trace", "--runs", str(tmp_runs)])
    result = _last_result(capsys.readouterr().out)
    assert (code, result["outcome"]) == (3, "failed")
    assert Told(result["folder"]).supply()[-1][1:] == (0, 1)
