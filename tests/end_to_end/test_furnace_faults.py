"""What goes wrong in the furnace part, and what heater, argon, alarm and host then do (safety rules 3, 4, 8 and 11)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.engine.drive import VirtualDrive
from rig.engine.host import Host
from rig.readings import NS
from rig.running import FileAnswers
from tests.end_to_end.furnace_cases import (
    CARBONISING,
    CASES,
    PROGRAM_RESET,
    SET_POINTS_ZERO,
    carbonising,
    happen,
)
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, STABILISE, Heating
from tests.end_to_end.spinning import fault

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("name", CASES)
def test_a_fault_takes_the_heater_and_treats_the_gas_by_the_rules(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    found = happen(case, tmp_path)
    heating = found.heating
    print(f"{name}: at {found.fault_degc:.0f} degC, detected after {found.detected_s:.1f} s, {heating.tags}")
    assert found.fault_degc == pytest.approx(case.at_degc, abs=5.0)
    assert case.within_s[0] <= found.detected_s <= case.within_s[1]
    assert [frame[:-2] for frame in found.heater] == [SET_POINTS_ZERO, PROGRAM_RESET], "told within 1.5 s"
    assert heating.output_pct == {1.5: 0.0, 60.0: 0.0}, "commanded off, and it stays so"
    stuck = 100.0 if case.mains_s is not None else 0.0
    assert heating.power_pct == {1.5: stuck, 60.0: stuck}
    assert tuple(sccm for _, sccm in heating.argon_told(found.fault_ns)) == case.argon
    assert found.argon_after_sccm == pytest.approx(case.argon_hot_sccm, abs=6.0)
    assert found.nitrogen_after_sccm == pytest.approx(max(case.nitrogen, default=0.0), abs=3.0)
    assert found.nitrogen_told == case.nitrogen
    assert heating.argon_at_end_sccm == pytest.approx(
        CARBONISING if case.argon == () and case.left else 0.0, abs=1.0
    )
    assert heating.tags[0] == case.tag
    # What follows of itself is no second alarm; a furnace that goes on rising at 0 % is one.
    assert set(heating.tags[1:]) <= case.also
    assert heating.trips[0][1]["priority"] == case.priority
    assert heating.result.ending.outcome == "aborted"
    assert str(heating.result.ending.reason).startswith(f"{case.tag}:{FURNACE}")
    assert str(heating.result.left).startswith(str(case.left))
    assert heating.tube_at_end_degc < 61.0, "watched until it is cold"


def test_argon_is_closed_over_a_cold_tube_only(tmp_path: Path) -> None:
    """The last word to the flow controller comes when the tube has been below 60 degC for a minute."""
    found = happen(CASES["furnace exhaust lost"], tmp_path)
    (_, lowered), (closed_s, closed) = found.heating.argon_told(found.fault_ns)
    assert (lowered, closed) == (80.0, 0.0)
    assert found.heating.now_ns() / NS - closed_s < 10.0 and found.heating.tube_at_end_degc < 60.0
    assert found.watched_s > 7200.0


def test_the_exhaust_alarm_sends_people_away(tmp_path: Path) -> None:
    """Stabilising, too: hydrogen cyanide comes from 180 degC on. No argon is switched on for it."""
    lost = fault("inputs.bench", "open", step="stabilise", after_s=1200.0, channel="furnace_exhaust_ok")
    heating = Heating(tmp_path, STABILISE, [lost]).run()
    (trip,) = [data for _, data in heating.trips]
    assert trip["text"].startswith("LEAVE THE ROOM")
    assert trip["takes"] == ["furnace"] and trip["then"] == "abort"
    assert [sccm for _, sccm in heating.argon_told()] == [0.0]


# Ctrl-C


def interrupted(tmp_path: Path, again_after_s: float | None) -> tuple[Heating, int]:
    """Ctrl-C at about 780 degC in argon, and perhaps again; when, in ns."""
    heating = Heating(tmp_path, CARBONISE)
    when: list[int] = []

    def interrupt() -> None:
        if not when:
            now_ns = heating.now_ns()
            assert heating.hearth.furnace.temperature_degc(now_ns) == pytest.approx(780.0, abs=10.0)
            for delay_s in (1.5, 600.0):
                heating.at_ns(now_ns + round(delay_s * NS), partial(heating.note_output, delay_s))
        when.append(heating.now_ns())
        heating.spun.session.host.interrupt()

    first_s = carbonising(FURNACE, "", 780.0).after_s
    heating.spun.after("step", first_s, interrupt, id="carbonise", phase="started")
    if again_after_s is not None:
        heating.spun.after("step", first_s + again_after_s, interrupt, id="carbonise", phase="started")
    return heating.run(), when[0]


def test_one_ctrl_c_stops_the_heater_and_stays_until_the_tube_is_cold(tmp_path: Path) -> None:
    heating, t_ns = interrupted(tmp_path, None)
    assert heating.result.ending.outcome == "stopped"
    assert heating.output_pct == {1.5: 0.0, 600.0: 0.0}
    ((closed_s, closed),) = heating.argon_told(t_ns)
    assert closed == 0.0 and closed_s > t_ns / NS + 7200.0, (
        "closed when the tube was cold, and never lowered before"
    )
    assert heating.argon_at_end_sccm == pytest.approx(0.0, abs=1.0)
    assert heating.tube_at_end_degc < 61.0
    assert heating.result.left is None and heating.trips == []


def test_two_of_them_leave_with_a_sentence_and_the_argon_on(tmp_path: Path) -> None:
    heating, t_ns = interrupted(tmp_path, 20.0)
    assert heating.result.ending.outcome == "aborted" and heating.result.interrupted_twice
    assert (heating.now_ns() - t_ns) / NS < 25.0
    left = heating.result.left
    assert left is not None
    degc = float(left.removeprefix(f"{FURNACE} at ").partition(" °C")[0])
    assert degc == pytest.approx(heating.hearth.furnace.temperature_degc(heating.now_ns()), abs=2.0)
    assert left.endswith(f"°C, {ARGON} 200 sccm left on; nobody is watching")
    assert heating.argon_told(t_ns) == []
    assert heating.argon_at_end_sccm == pytest.approx(CARBONISING, abs=1.0)
    assert heating.controller.output_pct == 0.0


# Coming back


HOT = f"""[{FURNACE}]
temperature = "640 degC"
atmosphere = "argon"
program = "running"
[{ARGON}]
flow = "200 sccm"
"""


def mute_once_connected(heating: Heating, mute_s: float) -> None:
    """The flow controller says who it is, the last word of its connecting, and then nothing for a while."""
    device, wire = heating.spun.lab.devices[ARGON], heating.spun.lab.wire_of(ARGON)
    receive = device.receive
    asked = False

    def heard(data: bytes) -> None:
        nonlocal asked
        if asked:
            device.receive = receive  # type: ignore[method-assign]
            wire.set_fault("silent", True)
            heating.at_ns(heating.now_ns() + round(mute_s * NS), partial(wire.set_fault, "silent", False))
        asked = asked or data == b"A??M*\r"
        receive(data)

    device.receive = heard  # type: ignore[method-assign]


@pytest.mark.parametrize("mute_s", [0.0, 20.0])
def test_a_host_that_comes_to_a_hot_tube_does_not_lower_its_argon(tmp_path: Path, mute_s: float) -> None:
    """mute_s: the flow controller answers nothing for so long, just as it has been connected."""
    heating = Heating(tmp_path, CARBONISE, start=HOT)
    lab, session = heating.spun.lab, heating.spun.session
    assert heating.controller.output_pct > 10
    session.host.connect()
    session.host.drive.run(session.host.engine, lambda: heating.now_ns() > 60 * NS)
    lab.crash_controller()
    assert isinstance(session.drive, VirtualDrive)
    session.drive.detach()
    drive = VirtualDrive(lab.scheduler)
    host = Host(session.bench, lab.carrier(), drive, FileAnswers(None, yes=True))
    wanted: list[float] = []

    def note(kind: str, data: dict[str, Any], t_ns: int) -> None:
        if kind == "energise" and data["output"] == ARGON:
            wanted.append(data["wanted"]["flow_sccm"])

    host.engine.on_event = note
    if mute_s:
        mute_once_connected(heating, mute_s)
    host.connect()
    assert (host.engine.readings.value(f"{ARGON}.setpoint_sccm") is None) is (mute_s > 0)
    end_ns = heating.now_ns() + 300 * NS
    drive.run(host.engine, lambda: heating.now_ns() > end_ns)
    now_ns = heating.now_ns()
    assert host.engine.error is None
    assert host.engine.readings.value(f"{FURNACE}.temperature_degc") == pytest.approx(
        heating.hearth.furnace.temperature_degc(now_ns), abs=5.0
    )
    assert heating.hearth.furnace.tube_degc(now_ns) > 500
    told = [sccm for _, sccm in heating.argon_told()]
    assert [sccm for sccm in told if sccm < 200.0] == []
    assert wanted == [200.0], "what is read is kept, and nothing is wanted before"
    assert heating.hearth.gases[ARGON].flow_sccm(now_ns) == pytest.approx(200.0, abs=1.0)
    assert heating.controller.output_pct == 0.0, "no run of ours: the heater is off"
