"""The emulated humidity transmitter, held against Vaisala's manuals byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.emulators.physics.chamber import Chamber
from rig.emulators.vaisala import TURNAROUND_S, VaisalaEmulator
from rig.emulators.vaisala_form import Formatter, Sample, dew_point_degc
from rig.lines.port import LinkSpec
from tests.instruments.keithvais_loop import Laboratory

LINE = "RH= 98.4 %RH T= 31.1 'C\r\n"


class Transmitter:
    """One transmitter in still air, spoken to in raw characters."""

    def __init__(self, **options: object) -> None:
        self.laboratory = Laboratory()
        self.chamber = Chamber(
            temperature_degc=31.1, humidity_pct=98.4, temperature_sigma=0.0, humidity_sigma=0.0
        )
        self.device = VaisalaEmulator("climate", self.laboratory.scheduler, chamber=self.chamber, **options)  # type: ignore[arg-type]
        self.laboratory.plug("wire", self.device)

    def __call__(self, text: str, seconds: float = 1.0) -> str:
        return self.laboratory.ask("wire", text.encode() + b"\r", seconds).decode()


def test_the_default_line_of_the_manual() -> None:
    transmitter = Transmitter()
    assert transmitter("SEND") == LINE
    assert transmitter("send") == LINE
    assert transmitter.device.link == LinkSpec(4800, 7, "E", 1)


def test_a_reply_begins_after_the_turnaround_and_takes_its_characters_time() -> None:
    transmitter = Transmitter()
    byte_s = transmitter.device.link.byte_ns / 1e9
    assert transmitter("SEND", TURNAROUND_S + 25 * byte_s - 1e-6) == LINE[:-1]
    transmitter.laboratory.wait(0.1)
    assert transmitter("SEND", TURNAROUND_S + 25 * byte_s + 1e-6) == LINE


def test_the_line_follows_the_chamber() -> None:
    transmitter = Transmitter()
    transmitter.chamber.warm(0, -11.0)
    transmitter.laboratory.wait(7200.0)
    assert transmitter("SEND") == "RH= 98.4 %RH T= 20.1 'C\r\n"


def test_non_metric_units() -> None:
    transmitter = Transmitter()
    assert transmitter("UNIT N") == "Output units : non metric\r\n"
    assert transmitter("SEND") == "RH= 98.4 %RH T= 88.0 'F\r\n"
    assert transmitter("UNIT M") == "Output units : metric\r\n"
    assert transmitter("SEND") == LINE


def test_form_of_the_manual_and_back() -> None:
    transmitter = Transmitter()
    assert transmitter('FORM "RH=" 3.2 rh U5 #t "T=" t U3 #r #n') == "OK\r\n"
    assert transmitter("SEND") == "RH= 98.40%RH  \tT= 31.10'C \r\n"
    assert transmitter("FORM") == '"RH=" 3.2 rh U5 #t "T=" t U3 #r #n\r\n'
    assert transmitter("FORM rubbish") == "Unknown command\r\n"
    assert transmitter("FORM /") == "OK\r\n"
    assert transmitter("SEND") == LINE


def test_form_modifiers() -> None:
    sample = Sample(31.1, 98.4, frozenset({"RH"}), "N   0  ", 7)
    assert Formatter("ERR").line(sample, True) == "0001"
    assert Formatter("STAT").line(sample, True) == "N   0  "
    assert Formatter('ADDR "/" SN #027 #r #n #t').line(sample, True) == "7/E2430020\x1b\r\n\t"
    assert Formatter('"RH=" 3.1 RH').line(sample, True) == "RH=*****"
    # Checksums of "AB" = 41h, 42h: sum 83h, exclusive or 03h.
    assert Formatter('"AB" CS2').line(sample, True) == "AB83"
    assert Formatter('"AB" CS4').line(sample, True) == "AB0083"
    assert Formatter('"AB" CSX').line(sample, True) == "AB03"


def test_dew_point_of_saturated_air_is_its_temperature() -> None:
    assert dew_point_degc(20.0, 100.0) == pytest.approx(20.0)
    assert dew_point_degc(20.0, 50.0) == pytest.approx(9.26, abs=0.05)


def test_run_mode_sends_unasked_and_hears_only_s() -> None:
    transmitter = Transmitter()
    assert transmitter("INTV 5 S") == "Output intrv. : 5 s\r\n"
    assert transmitter("R", 16.0) == LINE * 3
    assert transmitter("SEND", 1.0) == ""
    assert transmitter("?", 1.0) == ""
    assert transmitter("S", 0.5) == ""
    assert transmitter("", 20.0) == ""
    assert transmitter("SEND") == LINE


def test_interval_is_shown_and_set_as_in_the_manual() -> None:
    transmitter = Transmitter()
    assert transmitter("INTV 10 MIN") == "Output intrv. : 10 min\r\n"
    assert transmitter("INTV S") == "Output intrv. : 10 s\r\n"
    assert transmitter("INTV") == "Output intrv. : 10 s\r\n"
    assert transmitter("INTV 256 S") == "Unknown command\r\n"


def test_serial_mode_acts_at_the_next_power_on() -> None:
    transmitter = Transmitter()
    assert transmitter("SMODE RUN") == "Serial mode : RUN\r\n"
    assert transmitter("SEND") == LINE
    transmitter.device.power(False)
    assert transmitter("SEND", 30.0) == ""
    transmitter.device.power(True)
    assert transmitter("", 10.5) == LINE
    transmitter("S")
    transmitter("SMODE STOP")
    assert transmitter("RESET", 20.0) == ""
    assert transmitter("SEND") == LINE


def test_poll_mode_answers_to_its_address_alone() -> None:
    transmitter = Transmitter(mode="POLL", address=2)
    assert transmitter("SEND") == ""
    assert transmitter("SEND 3") == ""
    assert transmitter("SEND 2") == LINE
    assert transmitter("?") == ""
    assert transmitter("??").startswith("HMT330 / 5.16\r\n")
    assert transmitter("OPEN 3") == ""
    assert transmitter("OPEN 2") == "\r\nHMT330 2 line opened for operator commands\r\n\n\x07"
    assert transmitter("SEND") == LINE
    assert transmitter("ADDR 9") == "Address : 9\r\n"
    assert transmitter("CLOSE") == "\r\nline closed\r\n"
    assert transmitter("SEND 2") == ""
    assert transmitter("SEND 9") == LINE


def test_close_in_stop_mode_sets_poll_mode() -> None:
    transmitter = Transmitter(address=4)
    assert transmitter("OPEN 4") == ""
    assert transmitter("CLOSE") == "\r\nline closed\r\n"
    assert transmitter("SEND") == ""
    assert transmitter("SEND 4") == LINE


def test_identity_errors_and_state() -> None:
    transmitter = Transmitter()
    assert transmitter("VERS") == "HMT330 / 5.16\r\n"
    assert "Serial number  : E2430020\r\n" in transmitter("?")
    assert transmitter("ERRS") == "No errors\r\n"
    assert transmitter("FST ON") == "Form. status : ON\r\n"
    assert transmitter("SEND") == "N   0   " + LINE
    transmitter.device.heating = "S"
    assert transmitter("SEND") == "S 115.0 " + LINE
    transmitter("FST OFF")
    transmitter.device.broken = {"RH"}
    assert transmitter("SEND") == "RH=***** %RH T= 31.1 'C\r\n"
    assert transmitter("ERRS") == "RH measurement error\r\n"


def test_serial_settings_echo_and_unknown_commands() -> None:
    transmitter = Transmitter()
    assert transmitter("SERI") == "4800 E 7 1\r\n"
    assert transmitter("ECHO ON") == "Echo : ON\r\n"
    assert transmitter("SEND") == "SEND\r\n" + LINE
    assert transmitter("FOO") == "FOO\r\nUnknown command\r\n"
    transmitter("ECHO OFF")
    assert transmitter("FOO") == "Unknown command\r\n"


def test_a_lone_cr_clears_the_buffer() -> None:
    transmitter = Transmitter()
    assert transmitter.laboratory.ask("wire", b"garbage") == b""
    assert transmitter("") == "Unknown command\r\n"
    assert transmitter("SEND") == LINE


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="STOP, RUN, POLL"):
        Transmitter(mode="WALK")


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_no_bytes_stop_it(messages: list[bytes]) -> None:
    transmitter = Transmitter()
    for message in messages:
        transmitter.device.receive(message)
    transmitter.laboratory.ask("wire", b"\rS\r\rFORM /\rUNIT M\rFST OFF\rECHO OFF\r", 2.0)
    transmitter.device.mode = "STOP"
    assert transmitter("SEND", 2.0) == LINE
