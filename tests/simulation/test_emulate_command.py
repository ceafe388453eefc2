"""`spinrig emulate`: what it prints, what answers there, how it ends, what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
import serial

from rig.cli.main import main
from tests.simulation.serve_bench import emulate

VERSION = b"\x01V56\r"


def ask(url: str, request: bytes, end: bytes = b"\r") -> bytes:
    with serial.serial_for_url(url, 9600, timeout=2.0) as port:
        port.write(request)
        return bytes(port.read_until(end))


def printed(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_driver_on_a_pty_until_interrupted(number: signal.Signals) -> None:
    with emulate("glassman", "--pty") as process:
        (line,) = printed(process, 1)
        name, driver, url = line.split(" ")
        assert (name, driver) == ("hv.needle", "glassman")
        assert Path(url).exists()
        assert ask(url, VERSION) == b"B2567\r"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_a_whole_rig_on_tcp_ports_as_json(tmp_path: Path) -> None:
    rig = (
        Path("rig/bench/demo/rig.toml").read_text(encoding="utf-8").replace("sim://hv.needle", "/dev/ttyUSB1")
    )
    (tmp_path / "rig.toml").write_text(rig, encoding="utf-8")
    with emulate(str(tmp_path / "rig.toml"), "--tcp", "0", "--json") as process:
        found = {one["instrument"]: one for one in map(json.loads, printed(process, 9))}
        assert {name: one["driver"] for name, one in found.items()} == {
            "pumps.a": "new-era",
            "pumps.b": "new-era",
            "hv.needle": "glassman",
            "current.collector": "keithley-6485",
            "climate.chamber": "vaisala",
            "inputs.bench": "adam-4000",
            "furnace.tube": "eurotherm",
            "gas.argon": "alicat",
            "oxygen.tube": "rapidox",
        }
        assert len({one["url"] for one in found.values()}) == 8
        assert found["pumps.a"]["url"] == found["pumps.b"]["url"]
        assert found["hv.needle"]["url"].startswith("socket://127.0.0.1:")
        assert ask(found["hv.needle"]["url"], VERSION) == b"B2567\r"
        assert ask(found["inputs.bench"]["url"], b"$016BB\r").startswith(b"!")
        assert ask(found["gas.argon"]["url"], b"AVE\r").startswith(b"A ")
        assert ask(found["oxygen.tube"]["url"], b"D", b"\n").startswith(b"d")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_tcp_ports_follow_one_another() -> None:
    with emulate("vaisala", "--tcp", "0") as process:
        (line,) = printed(process, 1)
        free = int(line.rpartition(":")[2])
    with emulate("adam-4000", "--tcp", str(free)) as process:
        assert printed(process, 1) == [f"inputs.bench adam-4000 socket://127.0.0.1:{free}"]


def test_a_start_state_and_a_seed(tmp_path: Path) -> None:
    start = tmp_path / "start.toml"
    start.write_text(
        '[hv.needle]\nvoltage = "20 kV"\n[climate.chamber]\nhumidity = "71 %RH"\n', encoding="utf-8"
    )
    with emulate("glassman", "--start", str(start), "--seed", "3") as process:
        (line,) = printed(process, 1)
        reply = ask(line.split(" ")[2], b"\x01Q51\r")
        # 20 of 40 kV on a 10-bit monitor, and "HV on".
        assert abs(int(reply[1:4], 16) - 0x3FF / 2) <= 1
        assert reply[10:11] == b"4"
    with emulate("vaisala", "--start", str(start)) as process:
        (line,) = printed(process, 1)
        assert b"RH= 71" in ask(line.split(" ")[2], b"SEND\r", b"\n")


def test_what_the_outputs_really_do_is_told_every_so_often(tmp_path: Path) -> None:
    start = tmp_path / "start.toml"
    start.write_text(
        '[furnace.tube]\ntemperature = "640 degC"\natmosphere = "argon"\nprogram = "running"\n'
        '[gas.argon]\nflow = "200 sccm"\n[hv.needle]\nvoltage = "20 kV"\n',
        encoding="utf-8",
    )
    words = ("rig/bench/demo/rig.toml", "--start", str(start), "--status", "0.2")
    with emulate(*words, "--json") as process:
        told = [json.loads(line) for line in printed(process, 12)][9:]
        times = [one["t_s"] for one in told]
        assert times[0] == 0.0 and times[1:] == pytest.approx([0.2, 0.4], abs=0.001)
        status = told[-1]["status"]
        assert list(status) == ["pumps.a", "pumps.b", "hv.needle", "furnace.tube", "gas.argon"]
        assert 30.0 < status["furnace.tube"]["power_pct"] < 60.0
        assert status["furnace.tube"]["temperature_degc"] == pytest.approx(640.0, abs=2.0)
        assert status["gas.argon"]["flow_sccm"] == pytest.approx(200.0, abs=1.0)
        assert status["pumps.a"] == {"flow_ml_h": 0.0}
        # Nobody speaks to the supply: its own watchdog has not come yet.
        assert status["hv.needle"]["on"] is True
        assert status["hv.needle"]["output_kv"] == pytest.approx(20.0, abs=0.5)
    with emulate("alicat", *words[1:]) as process:
        assert printed(process, 2)[1] == "t_s 0.0  gas.argon flow_sccm=200.0"


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["glassman", "--status", "0"], "no distance of lines", ""),
        (["glasman"], '"glasman" is neither a driver nor a rig file', 'did you mean "glassman"?'),
        (["harvard"], '"harvard" is not built', "drivers: new-era, glassman"),
        (["glassman", "--tcp", "70000"], "--tcp 70000", ""),
        (["glassman", "--tcp", "0", "--pty"], "not allowed with", ""),
        (["glassman", "--start", "nothing-here.toml"], "nothing-here.toml", ""),
    ],
)
def test_what_it_refuses(words: list[str], said: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emulate", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err and hint in captured.err
    assert "Traceback" not in captured.err


def test_a_start_state_it_cannot_emulate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = tmp_path / "start.toml"
    start.write_text('[pumps.a]\nsolution = "honey"\n', encoding="utf-8")
    assert main(["emulate", "new-era", "--start", str(start)]) == 2
    assert "[pumps.a]" in capsys.readouterr().err
    start.write_text('[pumps.a]\nloaded = "5 ml"\nsolutoin = "x"\n', encoding="utf-8")
    assert main(["emulate", "new-era", "--start", str(start)]) == 2
    assert "solutoin" in capsys.readouterr().err
