"""The emulated oxygen analyser, held against the Rapidox manuals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.emulators.physics.analyser import Analyser
from rig.emulators.physics.tube import Tube
from rig.emulators.rapidox import CLEANING_S, HEATING_S, MESSAGES, TURNAROUND_S, RapidoxEmulator
from rig.lines.port import LinkSpec
from tests.instruments.keithvais_loop import Laboratory


class Unit:
    """One analyser on a closed cold tube full of air, without noise."""

    def __init__(self, **options: object) -> None:
        self.laboratory = Laboratory()
        self.tube = Tube(bore_mm=54.0, length_mm=1000.0, opened=False)
        self.device = RapidoxEmulator(
            "oxygen.tube",
            self.laboratory.scheduler,
            analyser=Analyser(self.tube, noise=0.0),
            **options,  # type: ignore[arg-type]
        )
        self.laboratory.plug("wire", self.device)

    def __call__(self, text: bytes = b"D", seconds: float = 0.3) -> str:
        return self.laboratory.ask("wire", text, seconds).decode()


def test_air_in_the_form_of_the_1100e() -> None:
    unit = Unit()
    fields = unit().split(",")
    assert len(fields) == 7
    assert fields[0] in ("d2.095E+05", "d2.094E+05")
    assert fields[2] == "0.000E+00"
    assert (fields[4], fields[5], fields[6]) == ("14/01/00", "", "0\r\n")
    assert unit.device.link == LinkSpec(9600)


def test_the_form_of_the_1100zr_h_has_empty_fields() -> None:
    unit = Unit(model="1100ZR-H")
    unit.device.pressure_bar = 2.0
    unit.device.alarms = True
    fields = unit().split(",")
    assert len(fields) == 10
    assert fields[2:4] == ["2.000E+00", ""]
    assert fields[6:] == ["", "", "ALM1&2", "0\r\n"]


def test_argon_lowers_the_reading_and_raises_the_cell() -> None:
    unit = Unit()
    unit.tube.supply(0, "argon", 2000.0)
    unit.laboratory.wait(1200.0)
    ppm, millivolts = (float(text) for text in unit()[1:].split(",")[:2])
    assert ppm < 100.0
    assert millivolts > 150.0


def test_warming_up() -> None:
    unit = Unit(cold=True)
    assert unit() == "!Initialising\r\n"
    unit.laboratory.wait(10.0)
    assert unit() == "!Sensor heating\r\n"
    unit.laboratory.wait(HEATING_S - 10.0)
    assert unit() == "!Cleaning sensor\r\n"
    unit.laboratory.wait(CLEANING_S)
    assert unit().startswith("d2.09")
    unit.device.power(False)
    assert unit() == ""
    unit.device.power(True)
    assert unit() == "!Initialising\r\n"


@pytest.mark.parametrize("text", MESSAGES)
def test_messages_of_the_manual(text: str) -> None:
    unit = Unit()
    unit.device.says = text
    assert unit() == f"!{text}\r\n"


@pytest.mark.parametrize("code", [3, 4, 5, 6])
def test_fault_codes(code: int) -> None:
    unit = Unit()
    unit.device.fault = code
    assert unit().endswith(f",{code}\r\n")


class Cell(Analyser):
    """A cell that shows what the test wants."""

    ppm = 1.0

    def reading_ppm(self, now_ns: int) -> float:
        """As told."""
        return self.ppm


@pytest.mark.parametrize(
    ("ppm", "shown", "code"),
    [(3e5, "d3.000E+05", 1), (4e5, "d3.000E+05", 1), (0.0, "d1.000E-20", 2), (12.34, "d1.234E+01", 0)],
)
def test_the_ends_of_its_range(ppm: float, shown: str, code: int) -> None:
    laboratory = Laboratory()
    cell = Cell(Tube(bore_mm=54.0, length_mm=1000.0))
    cell.ppm = ppm
    laboratory.plug("wire", RapidoxEmulator("oxygen", laboratory.scheduler, analyser=cell))
    line = laboratory.ask("wire", b"D", 0.3).decode()
    assert line.startswith(shown + ",")
    assert line.endswith(f",{code}\r\n")


def test_more_oxygen_than_air_turns_the_cell_negative_as_in_the_manual() -> None:
    laboratory = Laboratory()
    cell = Cell(Tube(bore_mm=54.0, length_mm=1000.0))
    cell.ppm = 2.959e5
    device = RapidoxEmulator("oxygen", laboratory.scheduler, analyser=cell, model="1100ZR-H")
    device.pressure_bar, device.alarms = 2.0, True
    laboratory.plug("wire", device)
    line = laboratory.ask("wire", b"D", 0.3).decode()
    assert line == "d2.959E+05,-7.238E+00,2.000E+00,,12:05:05,14/01/00,,,ALM1&2,0\r\n"


@pytest.mark.parametrize(("ppm", "alarms"), [(500.0, ""), (5000.0, "ALM1"), (5e4, "ALM1&2")])
def test_alarms(ppm: float, alarms: str) -> None:
    laboratory = Laboratory()
    cell = Cell(Tube(bore_mm=54.0, length_mm=1000.0))
    cell.ppm = ppm
    device = RapidoxEmulator("oxygen", laboratory.scheduler, analyser=cell)
    device.alarms = True
    laboratory.plug("wire", device)
    assert laboratory.ask("wire", b"D", 0.3).decode().split(",")[5] == alarms


def test_its_clock_goes() -> None:
    unit = Unit(cold=True)
    unit.laboratory.wait(HEATING_S + CLEANING_S)
    before = unit().split(",")[3]
    unit.laboratory.wait(60.0 - 0.3)
    after = unit().split(",")[3]
    assert (before, after) == ("12:05:05", "12:06:05")


def test_time_of_a_reply_and_other_characters() -> None:
    unit = Unit()
    line = unit()
    whole_s = TURNAROUND_S + len(line) * unit.device.link.byte_ns / 1e9
    assert len(unit(b"D", whole_s - 1e-6)) == len(line) - 1
    unit.laboratory.wait(0.1)
    assert unit(b"d\r\nX") == ""
    with pytest.raises(ValueError, match=r"model '1200' is none of 1100E, 1100ZR-H"):
        Unit(model="1200")


@given(st.binary(max_size=30))
@settings(max_examples=300)
def test_bytes_of_any_kind_get_one_line_for_each_d(data: bytes) -> None:
    unit = Unit()
    sent: list[bytes] = []
    unit.device.transmit = lambda reply, _: sent.append(reply)
    unit.device.receive(data)
    assert len(sent) == data.count(b"D")
