"""`spinrig identify`: every instrument is asked who it is, and nothing else is done to it."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from rig.bench.rigfile import load_rig, read_rig
from rig.cli import asking
from rig.cli.identify import EFFECTS, TIMED
from rig.cli.main import main
from rig.engine.lock import RigLock
from rig.instruments.catalog import CATALOG
from rig.lines import opening
from rig.lines.trace import Trace
from tests.cli.terminal import ROOT, environment, objects, spinrig

QUERIES = {
    "pumps.a": rb"\x02\x08[01]VER..\x03",
    "hv.needle": rb"\x01V56\r|\x01Q51\r",
    "current.collector": rb"\*IDN\?\r?\n?",
    "climate.chamber": rb"S\r|\r|\?\r",
    "inputs.bench": rb"\$01[MF6]..\r",
    # Modbus: read registers, read exception status, and of the diagnostics the echo only.
    "furnace.tube": rb"\x01[\x03\x04]....(..)|\x01\x07..|\x01\x08\x00\x00....",
    "gas.argon": rb"AVE\r|A\?\?M\*\r",
    "oxygen.tube": rb"D",
}
"""All that may be sent, by line, whole messages: the manuals' queries, and the S that ends a transmitter's own sending.
"""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Everything that goes over the lines."""
    said: list[dict[str, Any]] = []

    def serial(where: str, link: Any, trace: None) -> Any:
        return opening.serial_opener(where, link, Trace(where, said.append))

    def visa(resource: str, link: Any, trace: None, library: Any = None) -> Any:
        return opening.visa_opener(resource, link, Trace("current.collector", said.append), library)

    monkeypatch.setattr(asking, "serial_opener", serial)
    monkeypatch.setattr(asking, "visa_opener", visa)
    return said


def test_there_is_a_word_for_each_driver() -> None:
    assert set(EFFECTS) == set(CATALOG)


def test_every_instrument_of_the_demonstration_rig_answers() -> None:
    done = spinrig("identify")
    assert (done.returncode, done.stderr) == (0, "")
    found = done.stdout[done.stdout.index("instrument  ") :]
    for model in (
        *("New Era NE-1000", "XP Glassman FJ/FR", "Keithley 6485", "Vaisala HMT330", "ADAM-4050"),
        *("Eurotherm EPC3000", "Alicat MC-2000SCCM", "Cambridge Sensotec Rapidox 1100E"),
    ):
        assert model in found
    # Said beforehand.
    assert done.stdout.index("goes off 1.5 s after the last") < done.stdout.index("firmware")


@pytest.mark.parametrize("timed", [(), TIMED])
def test_only_queries_are_sent(timed: tuple[str, ...], wire: list[dict[str, Any]]) -> None:
    bench, _ = load_rig(None)
    answers = asking.ask_bench(bench, timed)
    assert [answer.error for answer in answers] == [None] * len(bench.instruments)
    assert queried(wire) == set(QUERIES)


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_the_other_furnace_controllers_are_only_queried_too(model: str, wire: list[dict[str, Any]]) -> None:
    text = (ROOT / "rig/bench/demo/rig.toml").read_text(encoding="utf-8")
    assert text.count('"epc3000"') == 1
    bench, _ = read_rig(text.replace('"epc3000"', f'"{model}"'), "rig.toml")
    assert bench is not None
    found = {answer.name: answer for answer in asking.ask_bench(bench, ())}
    furnace = found["furnace.tube"]
    assert furnace.error is None and furnace.identity is not None and model in furnace.identity.model
    assert queried(wire) == set(QUERIES)


def queried(wire: list[dict[str, Any]]) -> set[str]:
    """The lines on which something was sent; all of it queries."""
    seen = set()
    for entry in wire:
        if entry["direction"] != "sent":
            continue
        (line,) = (name for name in QUERIES if name in entry["line"])
        assert re.fullmatch(QUERIES[line], bytes.fromhex(entry["hex"]), re.DOTALL), entry
        seen.add(line)
    return seen


def test_a_pumps_alarm_is_told_and_the_pump_asked_again() -> None:
    """The first command after power-on answers with the alarm and is not executed (New Era manual 1200-01)."""
    found = {one["instrument"]: one for one in objects(spinrig("identify", "--json").stdout)}
    pump = found["pumps.a"]
    assert (pump["model"], pump["error"]) == ("New Era NE-1000", None)
    assert "power was interrupted" in pump["remark"]
    assert found["hv.needle"]["remark"] is None


def test_timing_agrees_with_what_the_reaction_time_counts() -> None:
    found = {
        one["instrument"]: one["timing"] for one in objects(spinrig("identify", "--timing", "--json").stdout)
    }
    for name in ("hv.needle", "inputs.bench"):
        assert found[name]["usual_ms"] == pytest.approx(found[name]["expected_ms"], rel=0.02)
        assert found[name]["longest_ms"] <= found[name]["expected_ms"] * 1.02
    assert found["pumps.a"] is None
    plain = spinrig("identify", "--timing").stdout
    assert "virtual time" in plain and "reaction time as counted, inputs.bench to hv.needle" in plain


def real_rig(tmp_path: Path, name: str = "Bench of this test") -> Path:
    """The demonstration rig at ports that are not there."""
    text = (ROOT / "rig/bench/demo/rig.toml").read_text(encoding="utf-8")
    text = text.replace('"sim://', '"/dev/nowhere-').replace('"sim:ASRL6', '"ASRL/dev/nowhere-visa')
    file = tmp_path / "rig.toml"
    file.write_text(text.replace("Demonstration bench", name), encoding="utf-8")
    return file


def test_instruments_that_are_not_there_are_named_and_refused(tmp_path: Path) -> None:
    env = environment(SPINRIG_STATE=str(tmp_path / "state"))
    done = spinrig("identify", "--rig", real_rig(tmp_path), env=env)
    assert done.returncode == 2
    assert "9 instruments of 9 did not answer" in done.stderr and "spinrig ports" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for name in load_rig(None)[0].instruments:
        assert any(line.startswith(name) and "not known" in line for line in done.stdout.splitlines())


def test_a_real_rig_file_can_be_asked_in_simulation(tmp_path: Path) -> None:
    found = objects(spinrig("identify", "--rig", real_rig(tmp_path), "--simulate", "--json").stdout)
    assert {one["instrument"]: one["error"] for one in found} == dict.fromkeys(load_rig(None)[0].instruments)
    assert all(one["simulated"] for one in found)


def test_a_rig_in_use_is_left_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wire: list[dict[str, Any]],
) -> None:
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))
    owner = RigLock("Bench of this test")
    owner.acquire({"user": "anna", "since": "2026-11-20 09:00"})
    try:
        assert main(["identify", "--rig", str(real_rig(tmp_path))]) == 2
    finally:
        owner.release()
    shown = capsys.readouterr()
    assert "anna" in shown.err and "2026-11-20 09:00" in shown.err
    assert wire == []


def test_the_rig_is_free_again_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))
    assert main(["identify", "--rig", str(real_rig(tmp_path))]) == 2
    following = RigLock("Bench of this test")
    following.acquire({"user": "next"})
    following.release()
    assert "did not answer" in capsys.readouterr().err


def test_two_instruments_at_one_address_are_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "tests/bench/bad/duplicate-address.rig.toml"
    assert main(["identify", "--rig", str(path), "--simulate"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "duplicate-address" in shown.err and "nothing was asked" in shown.err


def test_a_supply_on_a_real_port_is_asked_and_timed(tmp_path: Path) -> None:
    """A port of this machine, and behind it no more than the manual's two example replies."""
    controller, served = os.openpty()
    import tty

    tty.setraw(controller)
    tty.setraw(served)
    replies = {b"\x01V56\r": b"B2567\r", b"\x01Q51\r": b"R15500500040054\r"}

    def serve() -> None:
        waiting = b""
        while True:
            try:
                waiting += os.read(controller, 64)
            except OSError:
                return
            head, end, rest = waiting.partition(b"\r")
            if end:
                waiting = rest
                os.write(controller, replies.get(head + end, b"E131\r"))

    rig = tmp_path / "rig.toml"
    rig.write_text(
        'format = 1\nname = "One supply"\n[hv.needle]\ndriver = "glassman"\n'
        f'port = "{os.ttyname(served)}"\nrating = {{ voltage = "30 kV", current = "10 mA" }}\n'
        'limits = { voltage = "25 kV", current = "50 uA" }\npolarity = "positive"\n',
        encoding="utf-8",
    )
    server = threading.Thread(target=serve, daemon=True)
    server.start()
    env = environment(SPINRIG_STATE=str(tmp_path / "state"))
    done = spinrig("identify", "--rig", rig, "--timing", "--json", env=env)
    os.close(served)  # reading the other end then fails, and the thread ends
    server.join(10)
    os.close(controller)
    (one,) = objects(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (one["model"], one["firmware"], one["simulated"]) == ("XP Glassman FJ/FR", "25", False)
    assert one["timing"]["count"] == 50
    assert 0 < one["timing"]["usual_ms"] < 200
