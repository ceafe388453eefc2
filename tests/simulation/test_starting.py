"""Start states: what an emulated instrument is found to be is what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.start import read_start
from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.new_era import NewEraEmulator
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.simulation.laboratory import Laboratory
from rig.simulation.starting import CannotStart, apply_start
from tests.end_to_end.spinning import Spinning, recipe_text
from tests.simulation.serve_bench import laboratory


def found(text: str) -> Laboratory:
    lab = laboratory()
    start, problems = read_start(text, lab.bench)
    assert start is not None, list(map(str, problems))
    apply_start(lab, start)
    return lab


def said(device: GlassmanEmulator | NewEraEmulator, request: bytes) -> bytes:
    replies: list[bytes] = []
    device.transmit = lambda data, begins_ns: replies.append(data)
    device.receive(request)
    return b"".join(replies)


def test_a_supply_found_on_says_so() -> None:
    lab = found('[hv.needle]\nvoltage = "20 kV"\n')
    supply = lab.devices["hv.needle"]
    assert isinstance(supply, GlassmanEmulator)
    reply = said(supply, b"\x01Q51\r")
    assert abs(int(reply[1:4], 16) - 1023 / 2) <= 1
    assert reply[10:11] == b"4"
    assert supply.supply.enabled
    # Left on at its front panel, it goes on without messages; a first set message wakes its watchdog.
    lab.scheduler.run(lambda: lab.scheduler.now_ns > 10 * NS)
    assert supply.supply.output_kv(10 * NS) == pytest.approx(20.0, abs=0.01)


def test_a_run_that_finds_its_supply_on_switches_it_off_first(tmp_path: Path) -> None:
    spun = Spinning(
        tmp_path,
        recipe_text(duration="10 s"),
        start='[hv.needle]\nvoltage = "20 kV"\n[pumps.b]\nrate = "30 ml/h"\n',
    )
    supply = spun.lab.scene.supplies["hv.needle"]
    assert supply.enabled
    (wire,) = spun.hear("hv.needle")
    result = spun.run()
    assert result.ending.outcome == "completed"
    assert wire.heard is not None and wire.heard[0][1] == b"\x01S0000000000001C4\r"
    t_ns, name, on = spun.outputs.changes[0]
    assert (name, on) == ("hv.needle", False) and t_ns < 0.05 * NS


def test_a_controller_found_tuned_controls_with_it_and_says_so() -> None:
    lab = found('[furnace.tube]\ntuning = { band = "120 degC", integral = "600 s", derivative = "0 s" }\n')
    device = lab.devices["furnace.tube"]
    assert isinstance(device, EurothermEmulator)
    loop = device.control.loop
    assert (loop.band, loop.integral_s, loop.derivative_s) == (120.0, 600.0, 0.0)
    assert [device.registers.values[number] for number in (6, 8, 9)] == [120.0, 600.0, 0.0]


def test_a_pump_found_pumping_says_so_and_pumps() -> None:
    lab = found(
        '[pumps.a]\nsyringe = { diameter = "20 mm", volume = "20 ml" }\nloaded = "12 ml"\nrate = "60 ml/h"\n'
    )
    pump = lab.devices["pumps.a"]
    assert isinstance(pump, NewEraEmulator)
    assert pump.alarm == ""
    assert said(pump, b"00\r") == b"\x0200I\x03"
    assert said(pump, b"00DIA\r") == b"\x0200I20.00\x03"
    assert said(pump, b"00RAT\r") == b"\x0200I60.00MH\x03"
    plunger = lab.plunger("pumps.a")
    lab.scheduler.call_at(60 * NS, lambda: None)
    lab.scheduler.run(lambda: lab.scheduler.now_ns >= 60 * NS)
    assert plunger.content_ml(60 * NS) == pytest.approx(11.0, abs=0.05)
    assert said(pump, b"00DIS\r").startswith(b"\x0200II1.000")


def test_a_syringe_that_holds_less() -> None:
    lab = found('[pumps.b]\nloaded = "1.5 ml"\nsolution = "tio2"\n')
    assert lab.plunger("pumps.b").content_ml(0) == pytest.approx(1.5)
    assert lab.plunger("pumps.b").capacity_ml == 10


def test_air_found_moist_and_warm_stays_about_there() -> None:
    lab = found('[climate.chamber]\nhumidity = "70 %RH"\ntemperature = "27 degC"\n')
    chamber = lab.scene.chamber
    assert chamber.humidity_pct(0) == pytest.approx(70.0)
    assert chamber.temperature_degc(0) == pytest.approx(27.0)
    assert 60 < chamber.humidity_pct(600 * NS) < 80
    assert 25 < chamber.temperature_degc(600 * NS) < 29


def test_a_furnace_found_hot_in_argon() -> None:
    lab = found(
        '[furnace.tube]\ntemperature = "640 degC"\natmosphere = "argon"\nprogram = "running"\n'
        '[gas.argon]\nflow = "200 sccm"\n'
    )
    hearth, controller = lab.hearths["furnace.tube"], lab.devices["furnace.tube"]
    assert isinstance(controller, EurothermEmulator)
    assert hearth.furnace.temperature_degc(0) == pytest.approx(640.0, abs=0.1)
    assert not hearth.tube.opened and hearth.tube.oxygen_ppm(0) < 5
    assert hearth.analysers["oxygen.tube"].reading_ppm(0) < 5
    assert hearth.gases["gas.argon"].flow_sccm(0) == 200.0
    for t_s in range(0, 1200, 10):
        lab.scheduler.call_at(t_s * NS, lambda: None, Rank.COMMAND)
    lab.scheduler.run(lambda: lab.scheduler.now_ns >= 1000 * NS)
    assert controller.control.status_code() == 2  # run, and it holds what it was found at
    assert controller.output_pct > 30
    assert hearth.furnace.temperature_degc(1000 * NS) == pytest.approx(640.0, abs=3.0)


@pytest.mark.parametrize(("program", "state"), [("off", 1), ("held", 4)])
def test_a_furnace_found_off_or_held(program: str, state: int) -> None:
    lab = found(f'[furnace.tube]\ntemperature = "300 degC"\nprogram = "{program}"\n')
    controller = lab.devices["furnace.tube"]
    assert isinstance(controller, EurothermEmulator)
    assert controller.control.status_code() == state
    assert (controller.output_pct > 0) is (program == "held")


def test_contacts_found_open() -> None:
    lab = found('[inputs.bench]\ndoor_closed = "open"\n')
    assert not lab.scene.contacts.closed("door_closed")
    assert lab.scene.contacts.closed("exhaust_ok")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[pumps.a]\nsolution = "honey"\n', r"\[pumps.a\]: its syringe holds pan-pmma"),
        ('[pumps.a]\nrate = "10000 ml/h"\n', r"\[pumps.a\]: the pump cannot do 10000 ml/h"),
        ('[pumps.a]\nloaded = "12 ml"\n', r"\[pumps.a\]: syringe content 12.0 ml"),
        ('[furnace.tube]\ntemperature = "1200 degC"\n', r"\[furnace.tube\]: .*temperature 1200.0 degC"),
        ('[furnace.tube]\natmosphere = "steam"\n', r"\[furnace.tube\]: .*gas 'steam'"),
        ('[gas.argon]\nflow = "5000 sccm"\n', r"\[gas.argon\]: .*5000.0 sccm"),
        ('[oxygen.tube]\noxygen = "20 ppm O2"\n', r"\[oxygen.tube\]: .*reads what is in its tube"),
    ],
)
def test_what_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        found(text)
