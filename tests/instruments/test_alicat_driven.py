"""The mass-flow controller's driver with the emulated controller on a real line: flow, ramp, hold, late replies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.emulators.alicat import TURNAROUND_S as EMULATED_TURNAROUND_S
from rig.emulators.alicat import AlicatEmulator
from rig.emulators.device import Device
from rig.emulators.physics.mfc import FlowController
from rig.emulators.physics.tube import Tube
from rig.instruments import alicat
from rig.instruments.alicat import LINK, POLL_BYTES, Alicat
from rig.instruments.settings import GasSettings
from rig.lines.errors import BadReply, NoReply, Refused
from rig.lines.port import LinkSpec
from rig.outputs import GasOutput
from tests.instruments.keithvais_loop import Laboratory

SETTINGS = GasSettings(
    "gas.argon", "alicat", "/dev/ttyUSB3", feeds="furnace.tube", unit="A", full_scale_sccm=500.0
)


class Bench:
    """A controller of argon on a cold tube."""

    def __init__(self, settings: GasSettings = SETTINGS, **options: object) -> None:
        self.laboratory = Laboratory()
        self.tube = Tube(bore_mm=54.0, length_mm=1000.0, opened=False)
        self.valve = FlowController(full_scale_sccm=500.0, gas="argon", tube=self.tube)
        self.device = AlicatEmulator(
            "gas.argon",
            self.laboratory.scheduler,
            controller=self.valve,
            full_scale_sccm=500.0,
            **options,  # type: ignore[arg-type]
        )
        self.cable = self.laboratory.plug("usb3", self.device)
        self.port = self.laboratory.serial_port("usb3", LINK)
        self.driver = Alicat(settings, self.port)

    def set_up(self) -> None:
        self.laboratory.run(self.driver.set_up)

    def read(self) -> dict[str, float | None]:
        return self.laboratory.run(lambda: self.driver.read("flow"))

    def say(self, command: bytes) -> None:
        """What somebody types at a terminal on the same line."""
        self.laboratory.run(lambda: self.port.write(command))
        self.laboratory.wait(0.2)
        self.port.discard_input()

    def apply(self, sccm: float) -> None:
        self.laboratory.run(lambda: self.driver.apply(GasOutput(sccm)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flow_unit": "SLPM"},
        {"firmware": "8v17.0-R23"},
        {"firmware": "5v12.0-R22"},
        {"totaliser": True},
        {"firmware": "5v12.0-R22", "totaliser": True},
        {"register_122": False},
    ],
)
def test_flow_is_set_and_read(options: dict[str, object]) -> None:
    bench = Bench(**options)  # type: ignore[arg-type]
    bench.set_up()
    assert bench.read()["flow_sccm"] == 0.0
    bench.apply(200.0)
    bench.laboratory.wait(15.0)
    values = bench.read()
    assert values["flow_sccm"] == pytest.approx(200.0, abs=1.0)
    assert values["setpoint_sccm"] == pytest.approx(200.0)
    assert values["pressure_kpa"] == pytest.approx(301.3, abs=0.5)
    assert values["valve_fault"] == 0.0
    assert not bench.device.locked


def test_connecting_leaves_the_flow_alone() -> None:
    bench = Bench()
    bench.device.found_at(200.0)
    bench.set_up()
    bench.laboratory.run(bench.driver.identify)
    bench.laboratory.run(bench.driver.release)
    values = bench.read()
    assert values["flow_sccm"] == pytest.approx(200.0, abs=0.1)
    assert b"S" not in bench.cable.requests.replace(b"LSS", b"")
    assert bench.device.loop.setpoint_sccm == 200.0


def test_a_ramp_is_no_failure() -> None:
    bench = Bench()
    bench.set_up()
    bench.say(b"ASR 10.0 4\r")
    bench.apply(200.0)
    bench.laboratory.wait(5.0)
    assert 0.0 < (bench.read()["flow_sccm"] or 0.0) < 100.0
    bench.laboratory.wait(30.0)
    assert bench.read()["flow_sccm"] == pytest.approx(200.0, abs=1.0)


def test_gas_lost_shows_in_flow_and_pressure() -> None:
    bench = Bench()
    bench.set_up()
    bench.apply(200.0)
    bench.laboratory.wait(10.0)
    bench.valve.loss(bench.laboratory.scheduler.now_ns, True)
    bench.laboratory.wait(60.0)
    values = bench.read()
    assert values["flow_sccm"] == pytest.approx(0.0, abs=5.0)
    assert values["setpoint_sccm"] == 200.0
    assert values["pressure_kpa"] is not None and values["pressure_kpa"] < 150.0


def test_a_held_valve_and_a_gas_changed_at_the_panel() -> None:
    bench = Bench()
    bench.set_up()
    bench.say(b"AHC\r")
    assert bench.read()["valve_fault"] == 1.0
    bench.say(b"AC\r")
    assert bench.read()["valve_fault"] == 0.0
    bench.say(b"AG8\r")
    with pytest.raises(BadReply, match=r"the gas is N2, at connect it was Ar"):
        bench.read()
    with pytest.raises(Refused, match=r"choose Ar"):
        bench.set_up()


def test_an_analog_source_on_firmware_that_cannot_say_so() -> None:
    bench = Bench(firmware="8v17.0-R23")
    bench.set_up()
    bench.device.loop.analog = True
    with pytest.raises(
        Refused, match=r"not taken, the controller's set point is 0 SCCM; is its source analog"
    ):
        bench.apply(100.0)


def test_a_streaming_unit_is_refused_with_what_to_do() -> None:
    bench = Bench()
    bench.say(b"A@=@\r")
    with pytest.raises(Refused, match=r"stop it with @@=A"):
        bench.set_up()
    bench.say(b"@@=A\r")
    bench.set_up()


def test_a_late_reply_is_not_taken_for_the_next_one() -> None:
    bench = Bench()
    bench.set_up()
    bench.apply(200.0)
    bench.laboratory.wait(10.0)
    transmit = bench.device.transmit
    assert transmit is not None
    bench.device.transmit = lambda data, begins_ns: transmit(data, begins_ns + 1_500_000_000)
    with pytest.raises(NoReply):
        bench.read()
    for _ in range(5):
        with pytest.raises(NoReply):
            bench.read()
    bench.device.transmit = transmit
    bench.apply(50.0)
    bench.laboratory.wait(10.0)
    assert bench.read()["flow_sccm"] == pytest.approx(50.0, abs=0.5)


def test_one_late_frame_is_passed_over() -> None:
    bench = Bench()
    bench.set_up()
    transmit = bench.device.transmit
    assert transmit is not None

    def once(data: bytes, begins_ns: int) -> None:
        bench.device.transmit = transmit
        transmit(data.replace(b"+000.00     Ar", b"+333.00     Ar"), begins_ns + 1_005_000_000)

    bench.device.transmit = once
    assert bench.read()["setpoint_sccm"] == 0.0


def test_two_units_on_one_wire() -> None:
    laboratory = Laboratory()
    tube = Tube(bore_mm=54.0, length_mm=1000.0, opened=False)

    class Both(Device):
        """Two controllers side by side, as an RS-485 wire has them."""

        def receive(self, data: bytes) -> None:
            for unit in units:
                unit.receive(data)

    both = Both("wire", laboratory.scheduler, LinkSpec(19200))
    laboratory.plug("bus", both)
    units = []
    for letter, gas in (("A", "argon"), ("C", "nitrogen")):
        valve = FlowController(full_scale_sccm=500.0, gas=gas, tube=tube, name=gas)
        unit = AlicatEmulator(
            gas,
            laboratory.scheduler,
            controller=valve,
            unit=letter,
            full_scale_sccm=500.0,
            gas="Ar" if gas == "argon" else "N2",
        )
        unit.transmit = lambda data, begins_ns: both.transmit(data, begins_ns) if both.transmit else None
        units.append(unit)
    port = laboratory.serial_port("bus", LINK)
    argon = Alicat(SETTINGS, port)
    nitrogen = Alicat(replace(SETTINGS, name="gas.nitrogen", unit="C"), port)
    for driver, sccm in ((argon, 100.0), (nitrogen, 300.0)):
        laboratory.run(driver.set_up)
        laboratory.run(lambda driver=driver, sccm=sccm: driver.apply(GasOutput(sccm)))  # type: ignore[misc]
    laboratory.wait(20.0)
    assert laboratory.run(lambda: argon.read("flow"))["flow_sccm"] == pytest.approx(100.0, abs=0.5)
    assert laboratory.run(lambda: nitrogen.read("flow"))["flow_sccm"] == pytest.approx(300.0, abs=0.5)


def test_figures_for_the_reaction_time() -> None:
    bench = Bench()
    bench.set_up()
    bench.cable.heard.clear()
    replies: list[bytes] = []

    def seen(data: bytes) -> bytes:
        replies.append(data)
        return data

    bench.cable.damage = seen
    bench.read()
    assert (len(bench.cable.requests), len(replies[0])) == POLL_BYTES
    assert alicat.TURNAROUND_S == EMULATED_TURNAROUND_S
