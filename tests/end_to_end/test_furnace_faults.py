"""What goes wrong in the furnace part, and what heater, argon, alarm and host then do (safety rules 3, 4, 8 and 11)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.bench.faults import Fault
from rig.engine.drive import VirtualDrive
from rig.engine.host import Host
from rig.readings import NS
from rig.running import FileAnswers
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, STABILISE, Heating
from tests.end_to_end.spinning import demo_text, fault

pytestmark = pytest.mark.timeout(120)

CARBONISING = 200.0
"""The argon of the step in which most of it happens, sccm."""


QUICK_COOLING = demo_text(**{'cooling = "50 min"': 'cooling = "12 min"'})
"""Where the thermocouple is not believed, the host stays for as long as this time constant says."""


def carbonising(on: str, kind: str, at_degc: float, channel: str | None = None) -> Fault:
    """At this temperature of the ramp in argon, 10 degC/min; 7 degC behind the line for its beginning."""
    return fault(on, kind, step="carbonise", after_s=(at_degc - 23.0 + 11.5) * 6.0, channel=channel)


def stabilising(on: str, kind: str, at_degc: float) -> Fault:
    """At this temperature of the ramp in air, 5 degC/min."""
    return fault(on, kind, step="stabilise", after_s=(at_degc - 23.0) * 12.0 + 10.0)


@dataclass(frozen=True)
class Case:
    """A fault and what is to come of it. argon: set points told from the fault on; rig: None the demonstration rig."""

    recipe: str
    fault: Fault
    at_degc: float
    within_s: tuple[float, float]
    tag: str
    argon: tuple[float, ...] = ()
    end_sccm: float = CARBONISING
    priority: str = "highest"
    rig: str | None = None


CASES = {
    "furnace exhaust lost": Case(
        CARBONISE,
        carbonising("inputs.bench", "open", 650.0, "furnace_exhaust_ok"),
        650.0, (0.0, 1.5), "furnace-exhaust", argon=(80.0,), end_sccm=80.0,
    ),
    "argon lost": Case(
        CARBONISE, carbonising(ARGON, "loss", 700.0), 700.0, (30.0, 60.0), f"gas-lost:{ARGON}", end_sccm=0.0
    ),
    "outlet blocked": Case(
        CARBONISE, carbonising(ARGON, "blocked-outlet", 500.0), 500.0, (2.0, 75.0), "over-pressure",
        argon=(0.0,), end_sccm=0.0,
    ),
    "thermocouple out": Case(
        CARBONISE, carbonising(FURNACE, "thermocouple-out", 400.0), 400.0, (60.0, 150.0), "reversed",
        priority="high", rig=QUICK_COOLING,
    ),
    "sensor break": Case(
        CARBONISE, carbonising(FURNACE, "sensor-break", 150.0), 150.0, (2.0, 5.0), "sensor-break",
        priority="high", rig=QUICK_COOLING,
    ),
    "stuck relay": Case(
        STABILISE, fault(FURNACE, "stuck-on", step="stabilise", after_s=3300.0), 280.0, (30.0, 120.0),
        "over-temperature", end_sccm=0.0,
    ),
    "exotherm": Case(
        STABILISE, stabilising(FURNACE, "exotherm", 270.0), 270.0, (60.0, 180.0), "runaway", end_sccm=0.0
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_fault_takes_the_heater_and_treats_the_gas_by_the_rules(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    heating = Heating(tmp_path, case.recipe, [case.fault], rig=case.rig, lapse_after_s=660.0)
    began: list[tuple[int, float]] = []

    def note() -> None:
        began.append((heating.now_ns(), heating.controller.control.pv))  # of its last look, before the fault

    heating.spun.after("step", case.fault.after_s, note, id=case.fault.step, phase="started")
    if name == "stuck relay":
        # It heats until somebody switches the mains off.
        mains = heating.hearth.furnace.contactor
        heating.spun.after("trip", 600.0, lambda: mains(heating.now_ns(), False))
    heating.run()
    (fault_ns, pv_degc), trip_ns = began[0], heating.trips[0][0]
    detected_s = (trip_ns - fault_ns) / NS
    told = [sccm for _, sccm in heating.argon_told(fault_ns)]
    print(f"{name}: at {pv_degc:.0f} degC, detected after {detected_s:.1f} s, {heating.tags}, argon {told}")
    assert pv_degc == pytest.approx(case.at_degc, abs=5.0)
    assert case.within_s[0] <= detected_s <= case.within_s[1]
    assert heating.output_pct == {1.5: 0.0, 60.0: 0.0}, "commanded off, and it stays so"
    assert tuple(told) == case.argon
    assert heating.argon_at_end_sccm == pytest.approx(case.end_sccm, abs=3.0)
    assert heating.tags[0] == case.tag
    # What follows of itself is no second alarm; a furnace that goes on rising at 0 % is one.
    assert set(heating.tags[1:]) == ({"stuck-relay"} if case.recipe is STABILISE else set())
    assert heating.trips[0][1]["priority"] == case.priority
    assert heating.result.ending.outcome == "aborted"
    assert str(heating.result.ending.reason).startswith(f"{case.tag}:{FURNACE}")
    assert heating.result.left is None
    assert heating.tube_at_end_degc < 61.0, "watched until it is cold"
    if case.rig is not None:  # whatever this thermocouple reads, or does not
        assert (heating.now_ns() - trip_ns) / NS > 1500


def test_the_exhaust_alarm_sends_people_away(tmp_path: Path) -> None:
    """Stabilising, too: hydrogen cyanide comes from 180 degC on. No argon is switched on for it."""
    lost = fault("inputs.bench", "open", step="stabilise", after_s=1200.0, channel="furnace_exhaust_ok")
    heating = Heating(tmp_path, STABILISE, [lost], lapse_after_s=300.0).run()
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
            if again_after_s is None:
                heating.at_ns(now_ns + 660 * NS, heating.lapse)
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
    assert heating.argon_told(t_ns) == []
    assert heating.argon_at_end_sccm == pytest.approx(CARBONISING, abs=1.0)
    assert heating.tube_at_end_degc < 61.0 and (heating.now_ns() - t_ns) / NS > 1000
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
