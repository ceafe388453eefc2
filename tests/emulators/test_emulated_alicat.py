"""The emulated mass-flow controller, held against Alicat's manuals and published transcripts byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.emulators.alicat import TURNAROUND_S, AlicatEmulator
from rig.emulators.physics.mfc import FlowController
from rig.emulators.physics.tube import Tube
from rig.lines.port import LinkSpec
from tests.instruments.keithvais_loop import Laboratory


class Unit:
    """One controller on a cold tube, spoken to in raw characters; its inlet stands at 101.325 kPa gauge."""

    def __init__(self, full_scale_sccm: float = 500.0, **options: object) -> None:
        self.laboratory = Laboratory()
        self.tube = Tube(bore_mm=54.0, length_mm=1000.0, opened=False)
        self.valve = FlowController(
            full_scale_sccm=full_scale_sccm, gas="argon", tube=self.tube, regulator_kpa=101.325
        )
        self.device = AlicatEmulator(
            "gas.argon",
            self.laboratory.scheduler,
            controller=self.valve,
            full_scale_sccm=full_scale_sccm,
            **options,  # type: ignore[arg-type]
        )
        self.laboratory.plug("wire", self.device)

    def __call__(self, text: str, seconds: float = 0.2) -> str:
        return self.laboratory.ask("wire", text.encode() + b"\r", seconds).decode()

    def flow(self) -> float:
        return self.valve.flow_sccm(self.laboratory.scheduler.now_ns)


AT_REST = "A +029.39 +023.00 -000.00 -000.00 +000.00     Ar\r"


def test_the_frame_at_rest_shows_negative_zero() -> None:
    unit = Unit()
    assert unit("A") == AT_REST
    assert unit("a") == AT_REST
    assert unit.device.link == LinkSpec(19200)


def test_a_reply_begins_after_the_turnaround_and_takes_its_characters_time() -> None:
    unit = Unit()
    byte_s = unit.device.link.byte_ns / 1e9
    whole_s = TURNAROUND_S + len(AT_REST) * byte_s
    assert unit("A", whole_s - 1e-6) == AT_REST[:-1]
    unit.laboratory.wait(0.1)
    assert unit("A", whole_s + 1e-6) == AT_REST


def test_flow_follows_the_set_point() -> None:
    unit = Unit()
    assert unit("AS100.00") == AT_REST.replace("+000.00     ", "+100.00     ")
    unit.laboratory.wait(20.0)
    # At twice 14.696 psi and 23 degC the same gas takes half the volume.
    assert unit("A") == "A +029.39 +023.00 +049.66 +100.00 +100.00     Ar\r"


@pytest.mark.parametrize(
    ("command", "sccm"),
    [("AS2.5", 2.5), ("AS 2.5", 2.5), ("AS500", 500.0), ("A32000", 250.0), ("A64000", 500.0), ("A0", 0.0)],
)
def test_forms_of_the_set_point(command: str, sccm: float) -> None:
    unit = Unit()
    assert unit(command).split()[5] == f"{sccm:+07.2f}"
    assert unit.device.loop.setpoint_sccm == pytest.approx(sccm)


@pytest.mark.parametrize(
    "command", ["AS500.1", "AS-1", "A64001", "ASx", "AS", "AX", "A??Z*", "AG99", "AR7", "A$$TB 1 100 0"]
)
def test_unknown_or_out_of_range(command: str) -> None:
    unit = Unit()
    assert unit(command) == "?\r"
    assert unit.device.loop.setpoint_sccm == 0.0


def test_ls_asks_and_sets() -> None:
    unit = Unit()
    unit.device.found_at(78.94)
    assert unit("ALS") == "A +078.94 +078.94 12 SCCM\r"
    assert unit("ALS 100.0") == "A +100.00 +100.00 12 SCCM\r"
    assert unit("ALS 501") == "?\r"
    assert Unit(2000.0, flow_unit="SLPM")("ALS 2.0") == "A +02.000 +02.000 7 SLPM\r"


@pytest.mark.parametrize(
    ("full_scale_sccm", "flow_unit", "shown"),
    [
        (20.0, "SCCM", "+02.000"),
        (500.0, "SCCM", "+002.00"),
        (2000.0, "SCCM", "+0002.0"),
        (20000.0, "SCCM", "+000002"),
        (20000.0, "SLPM", "+02.000"),
    ],
)
def test_five_digits(full_scale_sccm: float, flow_unit: str, shown: str) -> None:
    assert Unit(full_scale_sccm, flow_unit=flow_unit)("AS2").split()[5] == shown


def test_ls_begins_like_lock_for_old_firmware() -> None:
    unit = Unit(firmware="8v17.0-R23")
    assert unit("ALS 100.0") == AT_REST[:-1] + " LCK\r"
    assert unit.device.loop.setpoint_sccm == 0.0
    assert unit("AU") == AT_REST


def test_a_ramp() -> None:
    unit = Unit()
    assert unit("ASR 10.0 4") == "A +010.00 12 4 SCCM/s\r"
    assert unit("ASR") == "A +010.00 12 4 SCCM/s\r"
    unit("AS100")
    unit.laboratory.wait(4.8)
    assert float(unit("A").split()[5]) == pytest.approx(50.0, abs=2.0)
    assert unit("ALS").split()[2] == "+100.00"
    unit.laboratory.wait(6.0)
    assert unit("A").split()[5] == "+100.00"
    assert unit("ALSRC 1 0 1 0") == "A 1 0 1 0\r"
    assert unit("ALSRC") == "A 1 0 1 0\r"
    assert unit("AS50").split()[5] == "+050.00"
    assert unit("ALSRC 1 0") == "?\r"
    assert unit("ASR 600 5") == "A +600.00 12 5 SCCM/m\r"
    assert unit.device.loop.ramp_sccm_s == 10.0
    assert Unit(firmware="5v12.0-R22")("ASR 10.0 4") == "?\r"


def test_the_source_of_the_set_point() -> None:
    unit = Unit()
    assert unit("ALSS") == "A S\r"
    assert unit("ALSS A") == "A A\r"
    unit.device.loop.analog_sccm = 40.0
    unit.device.loop.aim()
    assert unit("AS100").split()[5] == "+040.00"
    assert unit("ALSS S") == "A S\r"
    # What was set meanwhile was heard and not taken.
    assert unit("A").split()[5] == "+000.00"
    assert unit("ALSS X") == "?\r"


def test_gases() -> None:
    unit = Unit()
    assert unit("AG8").endswith("     N2\r")
    assert unit("A$$W46=1") == "A   046 = 513\r"
    assert unit("A$$R46") == "A   046 = 513\r"
    assert int(unit("AR46").split("=")[1]) & 0x1FF == 1
    assert unit("AGS") == "A 1 Ar Argon\r"
    assert unit("AGS 8") == "A 8 N2 Nitrogen\r"
    assert unit("AGS 236") == "?\r"
    assert unit("A??G*").startswith("A G00      Air\rA G01       Ar\rA G02      CH4\r")
    assert "A G08       N2\r" in unit("A??G*")
    assert Unit(firmware="8v17.0-R23")("AGS") == "?\r"


def test_the_table_of_the_frame_is_the_published_one() -> None:
    lines = Unit()("A??D*", 1.5).split("\r")
    assert lines[:11] == [
        "A D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________",
        "A D01 700 Unit ID                    string          1",
        "A D02 002 Abs Press                  s decimal     7/2 010 02 PSIA",
        "A D03 003 Flow Temp                  s decimal     7/2 002 02 `C",
        "A D04 004 Volu Flow                  s decimal     7/2 012 02 CCM",
        "A D05 005 Mass Flow                  s decimal     7/2 012 02 SCCM",
        "A D06 037 Mass Flow Setpt            s decimal     7/2 012 02 SCCM",
        "A D07 703 Gas                        string          6",
        "A D08 701 *Error                     string          3 ADC",
        "A D09 702 *Status                    string          3 OPL",
        "A D10 702 *Status                    string          3 POV",
    ]
    assert lines[20:] == [
        "A D20 702 *Status                    string          3 GTA",
        "A D21 702 *Status                    string          3 LCK",
        "",
    ]


def test_the_old_table_and_its_frame() -> None:
    unit = Unit(5000.0, firmware="5v12.0-R22")
    lines = unit("A??D*", 1.5).split("\r")
    assert lines[:9] == [
        "A  D00 NAME_______ TYPE_____ MinVal_  MaxVal_  UNITS__",
        "A  D01 Unit ID     char         A         Z         na",
        "A  D02 Pressure    signed    +000.00  +160.00     PSIA",
        "A  D03 Temperature signed    -010.00  +050.00        C",
        "A  D04 Volumetric  signed    +0000.0  +5000.0      CCM",
        "A  D05 Mass        signed    +0000.0  +5000.0     SCCM",
        "A  D06 SetPoint    signed    +0000.0  +5000.0     SCCM",
        "A  D07 Gas         string        Air      SF6       na",
        "A  D08 Error       string         na      ADC       na",
    ]
    unit.device.found_at(116.3)
    assert unit("A").startswith("A +029.39 +023.00 +0057.8 +0116.3 0116.3      Ar")


def test_who_it_is() -> None:
    unit = Unit()
    assert unit("AVE") == "A   10v20.0-R24 Jan  9 2025,15:04:07\r"
    lines = unit("A??M*", 1.0).split("\r")
    assert lines[0] == "A  M00 ALICAT SCIENTIFIC"
    assert lines[4] == "A  M04 Model Number MC-500SCCM-D"
    assert lines[9] == "A  M09 Software Revision 10v20.0-R24"
    assert unit("AFPF 5") == "A +500.00 12 SCCM\r"


def test_holding_the_valve() -> None:
    unit = Unit()
    unit.device.found_at(200.0)
    assert unit("AHC").endswith(" HLD\r")
    unit("AS300")
    unit.laboratory.wait(20.0)
    assert unit.flow() == pytest.approx(0.0, abs=1e-3)
    assert not unit("A$$C").endswith(" HLD\r")
    unit.laboratory.wait(20.0)
    assert unit.flow() == pytest.approx(300.0, abs=0.1)
    assert unit("AHP").endswith(" HLD\r")
    unit("AS0")
    unit.laboratory.wait(20.0)
    assert unit.flow() == pytest.approx(300.0, abs=0.1)


def test_tare_takes_a_flow_for_nothing() -> None:
    unit = Unit()
    unit.device.zero_sccm = -0.4
    assert unit("A").split()[4] == "-000.40"
    assert unit("AV").split()[4] == "+000.00"
    unit.device.found_at(100.0)
    assert unit("A$$V").split()[4] == "+000.00"
    assert unit("AP").startswith("A +029.39")
    assert unit("APC").startswith("A +029.39")


def test_the_totaliser() -> None:
    unit = Unit(totaliser=True)
    assert "A D07 009 Mass Total                 s decimal     8/1 005 02 SCC\r" in unit("A??D*", 1.5)
    unit.device.found_at(300.0)
    unit("AT")
    unit.laboratory.wait(59.8)
    assert float(unit("A").split()[6]) == pytest.approx(300.0, abs=1.5)
    assert float(unit("AT").split()[6]) == 0.0
    assert Unit()("AT") == "?\r"


def test_keys_locked() -> None:
    unit = Unit()
    assert unit("AL") == AT_REST[:-1] + " LCK\r"
    assert unit("A$$U") == AT_REST


def test_status_words_in_their_order() -> None:
    unit = Unit()
    unit.device.errors |= {"EXH", "ADC"}
    unit("AL")
    unit("AHP")
    assert unit("A").split()[7:] == ["ADC", "HLD", "EXH", "LCK"]
    unit.device.errors.clear()
    unit.device.zero_sccm = 700.0
    assert unit("A").split()[7:] == ["MOV", "HLD", "LCK"]


def test_the_control_variable() -> None:
    unit = Unit()
    assert unit("AR122") == "A   122 = 37\r"
    assert unit("AW122=34") == "A   122 = 34\r"
    assert "A D06 034 Abs Press Setpt            s decimal     7/2 010 02 PSIA\r" in unit("A??D*", 1.5)
    assert unit("AW122=99") == "?\r"
    # An MCV has no such register and answers with its frame.
    assert Unit(register_122=False)("AR122") == AT_REST


def test_streaming_and_change_of_letter() -> None:
    unit = Unit()
    assert unit("AW91=100") == "A   091 = 100\r"
    assert unit("ANCS 50") == "A 50\r"
    assert unit("ANCS 0") == "?\r"
    stream = unit("A@=@", 0.22)
    assert stream.startswith(AT_REST[1:] * 3)
    assert "A" not in unit("A", 0.2).replace("Ar", "")
    unit("@@=B", 0.1)
    assert unit("A") == ""
    assert unit("B") == "B" + AT_REST[1:]
    assert unit("B@ C") == "C" + AT_REST[1:]
    assert unit("C@=1") == "?\r"


def test_only_its_own_letter_is_answered() -> None:
    unit = Unit(unit="C")
    assert unit("A") == ""
    assert unit("AS100") == ""
    assert unit("C").startswith("C +")
    assert unit("A\rC") == unit("C")


def test_mains() -> None:
    unit = Unit()
    unit("AS200")
    unit.laboratory.wait(20.0)
    unit.device.power(False)
    assert unit("A") == ""
    unit.laboratory.wait(20.0)
    assert unit.flow() == pytest.approx(0.0, abs=1e-3)
    unit.device.power(True)
    assert unit("A").split()[5] == "+200.00"
    unit = Unit(power_up_sccm=0.0)
    unit("AS200")
    unit.device.power(False)
    unit.device.power(True)
    assert unit("A").split()[5] == "+000.00"


def test_an_empty_bottle_shows_in_flow_and_pressure() -> None:
    unit = Unit()
    unit.device.found_at(200.0)
    unit.valve.loss(unit.laboratory.scheduler.now_ns, True)
    unit.laboratory.wait(120.0)
    words = unit("A").split()
    assert float(words[4]) == pytest.approx(0.0, abs=2.0)
    assert float(words[1]) == pytest.approx(14.70, abs=0.1)
    assert words[5] == "+200.00"


@given(st.lists(st.binary(max_size=12), max_size=12))
@settings(max_examples=300)
def test_bytes_of_any_kind_leave_it_answering(pieces: list[bytes]) -> None:
    unit = Unit()
    for piece in pieces:
        unit.device.receive(piece)
    unit.device.receive(b"\r@@=A\r")
    unit.laboratory.wait(1.0)
    letter = unit.device.unit
    assert unit(letter).startswith(f"{letter} +029.39 +023.00 ")
    assert 0.0 <= unit.device.loop.setpoint_sccm <= 500.0


@given(
    st.sampled_from(
        [
            "S",
            "LS ",
            "G",
            "GS ",
            "SR ",
            "LSRC ",
            "LSS ",
            "W46=",
            "W122=",
            "W91=",
            "NCS ",
            "R",
            "FPF ",
            "$$",
            "",
        ]
    ),
    st.text("0123456789.-+ =ASCU", max_size=8),
)
@settings(max_examples=300)
def test_any_argument_is_an_answer(word: str, rest: str) -> None:
    unit = Unit()
    answer = unit(f"A{word}{rest}", 1.5)
    assert answer.startswith("A") or answer == "?\r"
    assert 0.0 <= unit.device.loop.setpoint_sccm <= 500.0
