"""The emulated picoammeter, held against the 6485 and 6487 manuals byte by byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.emulators.keithley import OFFSET_A, OVERHEAD_S, REPLY_S, KeithleyEmulator
from rig.emulators.scpi import ErrorQueue, spellings, units
from tests.instruments.keithvais_loop import Laboratory


class Meter:
    """An emulated meter spoken to in raw bytes."""

    def __init__(
        self, current_na: Callable[[float], float] = lambda t_s: 1040.564, **options: object
    ) -> None:
        self.laboratory = Laboratory()
        self.current_na = current_na
        options.setdefault("noise", False)
        self.device = KeithleyEmulator("pico", self.laboratory.scheduler, collector=self, **options)  # type: ignore[arg-type]
        self.laboratory.plug("wire", self.device)

    def mean_na(self, t_ns: int, aperture_ns: int) -> float:
        return self.current_na(t_ns / 1e9)

    def burst(self, t_ns_start: int, n: int, period_ns: int) -> list[float]:
        return [self.current_na((t_ns_start + i * period_ns) / 1e9) for i in range(n)]

    def __call__(self, text: str, seconds: float = 1.0) -> str:
        """Each line of text sent with CR LF; everything that comes back within so many seconds."""
        data = "".join(line + "\r\n" for line in text.split(" / ")).encode("ascii")
        return self.laboratory.ask("wire", data, seconds).decode("ascii")

    @property
    def now_s(self) -> float:
        return self.laboratory.scheduler.now_ns / 1e9


def _constant(current_na: float) -> Callable[[float], float]:
    return lambda t_s: current_na


READY = "SYST:ZCH OFF / RANG 2E-6 / FORM:ELEM READ / NPLC 1"


def ready(current_na: Callable[[float], float] = lambda t_s: 1040.564, **options: object) -> Meter:
    meter = Meter(current_na, **options)
    # The meter's own offset would show in the last digits that the manuals print.
    meter("SYST:ZCH ON / RANG 2E-9 / INIT / SYST:ZCOR:ACQ / SYST:ZCOR ON")
    assert meter(READY) == ""
    return meter


# What the manuals print


def test_identity() -> None:
    assert (
        Meter()("*IDN?") == "KEITHLEY INSTRUMENTS INC.,MODEL 6485,1381988,C01 Jun 23 2010 12:22:00/A02 /G\n"
    )


def test_reading_unit_time_and_status_of_figure_13_1() -> None:
    meter = ready(terminator=b"\r")
    meter("FORM:ELEM READ,UNIT,TIME,STAT / SYST:TIME:RES")
    reset_ns = meter.device._zero_ns
    # A reading at one line cycle with autozero takes 40.8 ms.
    sent_s = 7 * meter.device.link.byte_ns / 1e9
    meter.laboratory.wait((reset_ns - meter.laboratory.scheduler.now_ns) / 1e9 + 223.6299 - 0.0408 - sent_s)
    assert meter("READ?") == "+1.040564E-06A,+2.236299E+02,+1.380000E+02\r"


def test_reading_alone() -> None:
    assert ready(terminator=b"\r")("READ?") == "+1.040564E-06\r"


def test_over_range_and_recovery() -> None:
    meter = ready()
    meter.current_na = lambda t_s: 2101.0
    assert meter("READ?") == "+9.9E37\n"
    assert meter("STAT:MEAS?") == "192\n"  # reading available 64, overflow 128
    assert meter("STAT:MEAS?") == "0\n"
    meter.current_na = lambda t_s: 2099.0
    assert meter("READ?") == "+2.099000E-06\n"
    meter("FORM:ELEM DEF")
    meter.current_na = lambda t_s: -9999.0
    reading, _, status = meter("READ?").strip().split(",")
    assert (reading, status) == ("+9.9E37A", "+1.390000E+02")


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_replies_end_as_the_term_menu_says(terminator: bytes) -> None:
    assert ready(terminator=terminator)("READ?") == "+1.040564E-06" + terminator.decode()


def test_the_6485_acts_on_cr_and_the_gpib_version_on_lf() -> None:
    meter = ready()
    assert meter.laboratory.ask("wire", b"READ?\n") == b""
    assert meter.laboratory.ask("wire", b"\r") == b"+1.040564E-06\n"
    gpib = ready(bus="gpib")
    assert gpib.laboratory.ask("wire", b"READ?\n") == b"+1.040564E-06\n"


def test_an_unread_buffer_is_data_corrupt_or_stale() -> None:
    meter = ready()
    assert meter("TRAC:CLE / TRAC:DATA?") == ""
    assert meter("SYST:ERR?") == '-230,"Data corrupt or stale"\n'
    assert meter("SYST:ERR?") == '0,"No error"\n'


def test_fetch_before_any_reading_is_stale() -> None:
    meter = Meter()
    assert meter("FETC? / SYST:ERR?") == '-230,"Data corrupt or stale"\n'


# The zero road of the manual


def test_zero_check_shunts_and_zero_correct_takes_the_offset_away() -> None:
    meter = Meter(lambda t_s: 1.0)
    assert meter("*RST / SYST:ZCH? / FORM:ELEM READ") == "1\n"
    meter("SYST:ZCH ON / RANG 2E-9 / INIT")
    assert float(meter("FETC?")) == pytest.approx(OFFSET_A, rel=0.01)
    meter("SYST:ZCH OFF")
    assert float(meter("READ?")) == pytest.approx(1e-9 + OFFSET_A, rel=1e-6)
    meter("SYST:ZCH ON / INIT / SYST:ZCOR:ACQ / SYST:ZCOR ON / RANG:AUTO ON / SYST:ZCH OFF")
    assert float(meter("READ?", 3.0)) == pytest.approx(1e-9, rel=1e-6)
    assert meter("SYST:ZCOR?") == "1\n"


def test_zero_correct_needs_zero_check() -> None:
    meter = ready()
    assert meter("READ? / SYST:ZCOR:ACQ / SYST:ERR?").endswith('-221,"Settings conflict"\n')


# Range


def test_autorange_goes_up_at_105_percent_and_down_at_100() -> None:
    meter = ready()
    meter("RANG:AUTO ON")
    for current_na, range_a in ((2099.0, 2e-6), (2101.0, 2e-5), (2050.0, 2e-5), (1999.0, 2e-6), (0.5, 2e-9)):
        meter.current_na = _constant(current_na)
        assert float(meter("READ?", 3.0)) == pytest.approx(current_na * 1e-9, rel=1e-4)
        assert float(meter("RANG?")) == range_a


def test_autorange_searches_longer_than_a_fixed_range_reads() -> None:
    meter = ready(lambda t_s: 0.5)
    assert meter("READ?", 0.06) != ""
    meter("RANG 2E-2 / RANG:AUTO ON")
    assert meter("READ?", 0.06) == ""
    meter.laboratory.wait(1.0)
    assert float(meter("RANG?")) == 2e-9


@pytest.mark.parametrize(
    ("asked", "range_a"),
    [("2E-9", 2e-9), ("1e-6", 2e-6), ("2.1E-6", 2e-6), ("3E-6", 2e-5), ("-2E-4", 2e-4), ("MAX", 2e-2)],
)
def test_the_range_that_holds_the_value(asked: str, range_a: float) -> None:
    meter = ready()
    assert float(meter(f"RANG {asked} / RANG?")) == range_a
    assert meter("RANG:AUTO?") == "0\n"


def test_resolution_and_noise_are_those_of_the_range() -> None:
    coarse = ready(lambda t_s: 123.456789, noise=True)
    coarse("RANG 2E-4")
    values = {float(coarse("READ?")) for _ in range(20)}
    assert all(abs(value / 1e-10 - round(value / 1e-10)) < 1e-6 for value in values)
    assert max(values) - min(values) > 1e-10
    fine = ready(lambda t_s: 123.456789, noise=True)
    fine("RANG 2E-7")
    values = {float(fine("READ?")) for _ in range(20)}
    assert max(values) - min(values) < 1e-11
    assert len({fine("READ?") for _ in range(5)}) > 1


def test_noise_comes_from_seed_and_name_alone() -> None:
    def readings(seed: int) -> list[str]:
        meter = ready(noise=True, seed=seed)
        return [meter("READ?") for _ in range(3)]

    assert readings(7) == readings(7)
    assert readings(7) != readings(8)


# Time


@pytest.mark.parametrize(
    ("nplc", "autozero", "period_s"), [("1", "ON", 0.0408), ("5", "OFF", 0.1008), (".01", "OFF", 0.001)]
)
def test_a_reading_takes_its_aperture(nplc: str, autozero: str, period_s: float) -> None:
    meter = ready()
    meter(f"NPLC {nplc} / SYST:AZER {autozero}")
    byte_s = meter.device.link.byte_ns / 1e9
    least_s = 7 * byte_s + period_s + REPLY_S + 14 * byte_s
    assert meter("READ?", least_s - 7 * byte_s - 1e-6) == "+1.040564E-06"  # all but the terminator
    assert meter("READ?", least_s - 7 * byte_s + 1e-6).endswith("+1.040564E-06\n")
    assert meter.device.period_s == pytest.approx(period_s)
    assert OVERHEAD_S == 0.0008


def test_nplc_ends_at_5_on_50_hz_and_at_6_on_60_hz() -> None:
    assert ready()("NPLC 5.1 / SYST:ERR?") == '-222,"Parameter data out of range"\n'
    meter = ready()
    assert meter("SYST:LFR 60 / NPLC 6 / SYST:ERR?") == '0,"No error"\n'
    assert meter("SYST:LFR 55 / SYST:ERR?") == '-224,"Illegal parameter value"\n'


# The buffer

BURST = (
    "RANG:AUTO OFF / NPLC .01 / SYST:AZER:STAT OFF / DISP:ENAB OFF / TRIG:DEL 0 / TRAC:CLE / TRIG:COUN {n} / "
    "TRAC:POIN {n} / TRAC:FEED SENS / TRAC:FEED:CONT NEXT / STAT:MEAS:ENAB 512 / *SRE 1 / INIT"
)


def test_the_burst_of_the_sheet() -> None:
    meter = ready(lambda t_s: 500.0 + round(t_s * 1000) % 2)
    assert meter(BURST.format(n=100), 0.05) == ""
    assert meter("STAT:OPER:COND?", 0.01) == "0\n"  # not idle
    assert int(meter("*STB?", 0.01)) & 1 == 0
    meter.laboratory.wait(0.1)
    assert int(meter("*STB?")) & 65 == 65  # measurement summary, service request
    assert meter("STAT:OPER:COND?") == "1024\n"
    assert meter("STAT:MEAS:COND?") == "768\n"  # buffer available 256, full 512
    assert meter("STAT:MEAS?") == "832\n"
    values = meter("TRAC:DATA?").strip().split(",")
    assert len(values) == 100
    assert set(values) == {"+5.000000E-07", "+5.010000E-07"}
    assert meter("TRAC:POIN:ACT?") == "100\n"
    assert meter("TRAC:FEED:CONT?") == "NEV\n"
    assert meter("TRAC:FREE?") == "33600,1400\n"


def test_the_dump_takes_14_characters_a_reading_at_the_baud_rate() -> None:
    meter = ready()
    meter(BURST.format(n=2500), 3.0)
    byte_s = meter.device.link.byte_ns / 1e9
    dump_s = 2500 * 14 * byte_s
    assert dump_s == pytest.approx(6.1, abs=0.05)  # the sheet's figure for 57600 baud
    assert len(meter("TRAC:DATA?", dump_s + REPLY_S - 3 * byte_s)) < 2500 * 14
    meter.laboratory.wait(0.1)
    assert len(meter("TRAC:DATA?", dump_s + REPLY_S + byte_s)) == 2500 * 14


def test_commands_wait_until_readings_are_taken_and_status_does_not() -> None:
    meter = ready()
    meter(BURST.format(n=500), 0.01)
    assert meter("RANG? / STAT:MEAS?", 0.05) == ""  # in order: what stands before it waits
    assert meter("SYST:ERR?", 1.0).splitlines() == ["+2.000000E-06", "832", '0,"No error"']


def test_init_while_busy_is_ignored() -> None:
    meter = ready()
    meter(BURST.format(n=500), 0.01)
    assert meter("INIT / SYST:ERR?", 0.05) == '-213,"Init ignored"\n'


def test_reset_does_not_touch_the_buffer() -> None:
    meter = ready()
    meter(BURST.format(n=10))
    meter("*RST / FORM:ELEM READ")
    assert meter("TRAC:POIN? / TRAC:POIN:ACT?") == "10\n10\n"
    assert meter("TRAC:DATA?").count(",") == 9


def test_time_stamps_of_the_buffer_absolute_and_as_steps() -> None:
    meter = ready()
    meter(BURST.format(n=3))
    meter("FORM:ELEM TIME")
    first, second, third = (float(text) for text in meter("TRAC:DATA?").split(","))
    assert second - first == pytest.approx(0.001, abs=2e-6)
    assert third > second
    assert meter("TRAC:TST:FORM DELT / TRAC:DATA?").startswith("+0.000000E+00,+1.0")


@pytest.mark.parametrize("points", ["0", "2501"])
def test_a_buffer_holds_1_to_2500(points: str) -> None:
    assert ready()(f"TRAC:POIN {points} / SYST:ERR?") == '-222,"Parameter data out of range"\n'


def test_several_readings_at_once() -> None:
    meter = ready()
    assert meter("TRIG:COUN 3 / READ?") == "+1.040564E-06,+1.040564E-06,+1.040564E-06\n"
    assert meter("FETC?").count(",") == 2


# Measuring commands


def test_measure_resets_range_and_count() -> None:
    meter = ready()
    meter("TRIG:COUN 3 / RANG 2E-2")
    assert meter("MEAS?", 3.0) == "+1.040564E-06\n"
    assert meter("RANG:AUTO? / TRIG:COUN? / CONF?") == '1\n1\n"CURR:DC"\n'


def test_operation_complete_answers_when_the_readings_are_taken() -> None:
    meter = ready()
    meter(BURST.format(n=500), 0.001)
    assert meter("*OPC?", 0.3) == ""
    assert meter("*OPC", 0.5) == "1\n"
    assert int(meter("*ESR?")) & 1 == 1


def test_device_clear_breaks_off_and_empties() -> None:
    for clear in (b"\x03", b"\x18"):
        meter = ready()
        meter(BURST.format(n=2500), 0.01)
        assert meter.laboratory.ask("wire", b"RANG?\r\nREAD?\r\nREA" + clear, 5.0) == b""
        assert meter("TRIG:COUN 1 / STAT:OPER:COND?") == "1024\n"
        assert meter("READ?") == "+1.040564E-06\n"


# Grammar


@pytest.mark.parametrize(
    "text",
    [
        "RANG?",
        "rang?",
        "CURR:RANG?",
        "CURRENT:DC:RANGE:UPPER?",
        "SENS:RANG?",
        ":SENSe1:CURRent:RANGe?",
        "sens:curr:dc:rang:upp?",
    ],
)
def test_short_long_optional_and_any_case(text: str) -> None:
    assert ready()(text) == "+2.000000E-06\n"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("FOO", '-113,"Undefined header"'),
        ("RAN 2E-6", '-113,"Undefined header"'),
        ("READ", '-113,"Undefined header"'),
        ("NPLC", '-109,"Missing parameter"'),
        ("NPLC fast", '-104,"Data type error"'),
        ("NPLC 0.001", '-222,"Parameter data out of range"'),
        ("RANG 1", '-222,"Parameter data out of range"'),
        ("SYST:ZCH MAYBE", '-224,"Illegal parameter value"'),
        ("TRAC:FEED:CONT ALW", '-224,"Illegal parameter value"'),
        ("FORM:ELEM READ,FOO", '-224,"Illegal parameter value"'),
        ("FORM:ELEM VSO", '-224,"Illegal parameter value"'),
        ("ABOR now", '-108,"Parameter not allowed"'),
    ],
)
def test_refusals_go_into_the_error_queue_and_are_not_answered(text: str, error: str) -> None:
    meter = ready()
    meter("*CLS")
    assert meter(text) == ""
    assert int(meter("*STB?")) & 4
    assert meter("SYST:ERR?") == error + "\n"
    assert meter("STAT:QUE?") == '0,"No error"\n'


def test_the_6487_knows_its_voltage_source_element() -> None:
    meter = ready(model="6487")
    assert "MODEL 6487" in meter("*IDN?")
    assert meter("FORM:ELEM ALL / FORM:ELEM?") == "READ,UNIT,TIME,STAT,VSO\n"
    assert meter("READ?").count(",") == 3  # the unit hangs on its number


def test_units_of_one_message_share_its_answer() -> None:
    meter = ready()
    assert meter("SYST:ZCH?;ZCOR?;:RANG?;*OPC?") == "0;1;+2.000000E-06;1\n"
    assert list(units(":syst:zch on;zcor off;*CLS;:rang 2e-6")) == [
        ("SYST:ZCH", "on"),
        ("SYST:ZCOR", "off"),
        ("*CLS", ""),
        ("RANG", "2e-6"),
    ]


def test_spellings_of_a_header() -> None:
    assert set(spellings("[:SENSe[1]]:NPLCycles")) == {
        f"{sense}{nplc}"
        for sense in ("", "SENS:", "SENSE:", "SENS1:", "SENSE1:")
        for nplc in ("NPLC", "NPLCYCLES")
    }


def test_a_full_error_queue_says_so_in_its_last_place() -> None:
    queue = ErrorQueue(3)
    for _ in range(5):
        queue.add(-113)
    assert [queue.next()[:4] for _ in range(4)] == ["-113", "-113", "-350", '0,"N']


def test_a_message_without_end_overruns_the_input_buffer() -> None:
    meter = ready()
    meter.laboratory.ask("wire", b"X" * 2000)
    assert meter("SYST:ERR?") == '-363,"Input buffer overrun"\n'


def test_every_setting_is_given_back() -> None:
    meter = ready()
    for text, answer in (
        ("NPLC 2.5 / NPLC?", "+2.500000E+00"),
        ("NPLC? MAX", "+6.000000E+00"),
        ("SYST:AZER OFF / SYST:AZER?", "0"),
        ("TRAC:FEED CALC2 / TRAC:FEED?", "CALC2"),
        ("TRIG:DEL .5 / TRIG:DEL?", "+5.000000E-01"),
        ("ARM:COUN 2 / ARM:COUN?", "2"),
        ("DISP:DIG 7 / DISP:DIG?", "7"),
        ("SENS:AVER ON / AVER:STAT?", "1"),
        ("STAT:MEAS:ENAB 512 / STAT:MEAS:ENAB?", "512"),
        ("*SRE 1 / *SRE?", "1"),
        ("*ESE 60 / *ESE?", "60"),
        ("SYST:LFR?", "50"),
    ):
        assert meter(text) == answer + "\n", text


# Power


def test_power_on_forgets_settings_and_is_silent_while_off() -> None:
    meter = ready()
    meter.device.power(False)
    assert meter("*IDN?") == ""
    meter.device.power(True)
    assert meter("SYST:ZCH? / RANG:AUTO? / FORM:ELEM?") == "1\n1\nREAD,UNIT,TIME,STAT\n"
    assert int(meter("*ESR?")) & 128


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_no_bytes_stop_it(messages: list[bytes]) -> None:
    meter = Meter()
    for message in messages:
        meter.device.receive(message)
    meter.laboratory.ask("wire", b"\x18")
    assert meter("*CLS / *IDN?", 60.0).startswith("KEITHLEY")
