"""The picoammeter's replies, held against the manual, and what the driver makes of damaged ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.instruments.keithley import Keithley6485, nearest_range, parse_reading
from rig.instruments.settings import CurrentSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted
from tests.instruments.keithvais_loop import ScriptedPort

IDN = b"KEITHLEY INSTRUMENTS INC.,MODEL 6485,1381988,C01 Jun 23 2010 12:22:00/A02 /G"
SETTINGS = CurrentSettings("current.collector", "keithley-6485", "ASRL/dev/ttyUSB6::INSTR", range_a=2e-6)
SYNCHRONISED = ((b"\x18", b""), (b"*ESE 1\r\n", b""), (b"*ESE?\r\n", b"1\n"))


def scripted(*pairs: tuple[bytes, bytes], attempts: int = 2) -> tuple[Keithley6485, ScriptedPort]:
    """A driver that has learned that replies end with LF."""
    port = ScriptedPort([(b"*IDN?\r\n", IDN + b"\n"), *pairs], attempts=attempts)
    return Keithley6485(SETTINGS, port), port


# Replies, held against the manual


def test_identity_of_a_real_6485() -> None:
    driver, port = scripted((b"*IDN?\r\n", IDN + b"\n"))
    identity = driver.identify()
    assert (identity.model, identity.serial) == ("Keithley 6485", "1381988")
    assert identity.firmware == "C01 Jun 23 2010 12:22:00/A02 /G"
    assert not port.pairs


@pytest.mark.parametrize("model", [b"MODEL 6514", b"MODEL 6485X", b"MODEL 648"])
def test_another_instrument_is_refused_by_name(model: bytes) -> None:
    other = IDN.replace(b"MODEL 6485", model)
    driver, _ = scripted((b"*IDN?\r\n", other + b"\n"), attempts=1)
    with pytest.raises(BadReply, match=model.decode()):
        driver.identify()


def test_a_reading_in_nanoamperes() -> None:
    driver, _ = scripted((b"READ?\r\n", b"+1.040564E-06\n"))
    assert driver.read("current") == {"current_na": pytest.approx(1040.564), "overload": 0.0}


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_every_ending_of_the_term_menu(ending: bytes) -> None:
    pairs = [(b"*IDN?\r\n", IDN + ending)]
    if ending == b"\r":
        pairs += [(b"\x18", b""), (b"*IDN?\r\n", IDN + ending)]
    port = ScriptedPort([*pairs, (b"READ?\r\n", b"-2.5E-07".replace(b"2.5", b"2.500000") + ending)] * 1)
    driver = Keithley6485(SETTINGS, port)
    assert driver.read("current")["current_na"] == pytest.approx(-250.0)


@pytest.mark.parametrize("text", [b"+9.9E37", b"+9.900000E+37", b"-9.9E37", b"9.90E+37"])
def test_overflow_is_an_overload_without_a_value(text: bytes) -> None:
    driver, _ = scripted((b"READ?\r\n", text + b"\n"))
    assert driver.read("current") == {"current_na": None, "overload": 1.0}


@pytest.mark.parametrize("text", [b"+9.91E37", b"+9.910000E+37"])
def test_not_a_number_is_no_overload(text: bytes) -> None:
    driver, _ = scripted((b"READ?\r\n", text + b"\n"))
    assert driver.read("current") == {"current_na": None, "overload": 0.0}


@pytest.mark.parametrize(
    "text",
    [
        b"+1.04",
        b"+1.040564",
        b"+1.040564E-0",
        b"1.040564E-06",
        b"+1.040564E-06A",
        b"+1.040564E-06A,+2.236299E+02,+1.380000E+02",
        b"+1.04056E-06",
        b"+1.040564e-06",
        b"+1.040564E-066",
        b"+1.040564E-06,+1.040564E-06",
        b"+9.0E37",
        b"",
    ],
)
def test_a_damaged_reading_gives_no_value(text: bytes) -> None:
    driver, _ = scripted((b"READ?\r\n", text + b"\n"), attempts=1)
    with pytest.raises(BadReply):
        driver.read("current")


def test_a_value_beyond_the_range_with_nothing_said_is_damage() -> None:
    driver, _ = scripted((b"READ?\r\n", b"+1.040564E-05\n"), attempts=1)
    with pytest.raises(BadReply, match="beyond the fixed range of 2e-06 A"):
        driver.read("current")


def test_a_meter_that_was_switched_off_and_on_is_named() -> None:
    text = b"+1.040564E-06A,+2.236299E+02,+1.380000E+02\n"
    driver, _ = scripted((b"READ?\r\n", text), attempts=1)
    with pytest.raises(BadReply, match="lost its settings"):
        driver.read("current")


def test_a_lost_reply_is_asked_for_again_after_a_device_clear() -> None:
    driver, port = scripted(
        (b"READ?\r\n", b""),
        (b"\x18", b""),
        (b"*ESE 1\r\n", b""),
        (b"*ESE?\r\n", b"+4.000000E-07\n1\n"),  # the reading comes late, the register in time
        (b"READ?\r\n", b"+5.000000E-07\n"),
    )
    assert driver.read("current")["current_na"] == pytest.approx(500.0)
    assert not port.pairs


def test_silence_names_instrument_question_deadline_and_attempts() -> None:
    driver, _ = scripted((b"READ?\r\n", b""), *SYNCHRONISED, (b"READ?\r\n", b"+1.0"))
    with pytest.raises(NoReply, match=r"current\.collector: READ\?: only b'\+1\.0' within 1 s, 2 attempts"):
        driver.read("current")


def test_no_second_attempt_while_an_off_waits() -> None:
    driver, port = scripted((b"READ?\r\n", b""))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("current")
    assert not port.pairs


# Ranges


@pytest.mark.parametrize(
    ("wanted", "got"), [(2e-6, 2e-6), (1e-6, 2e-6), (2.1e-6, 2e-5), (1e-12, 2e-9), (0.02, 0.02)]
)
def test_the_smallest_range_that_holds_it(wanted: float, got: float) -> None:
    assert nearest_range(wanted) == got


@pytest.mark.parametrize("wanted", [0.0, -2e-6, 0.021, 1.0, math.nan])
def test_no_range_lists_those_there_are(wanted: float) -> None:
    with pytest.raises(ValueError, match=r"2e-09, 2e-08, 2e-07, 2e-06, 2e-05, 0\.0002, 0\.002, 0\.02"):
        nearest_range(wanted)


# Damage

READING = b"+1.040564E-06"
_shape = st.builds(
    lambda place, byte, kind: (
        READING[:place] + READING[place + 1 :]
        if kind == "drop"
        else READING[:place] + bytes((byte,)) + READING[place:]
        if kind == "insert"
        else READING[:place] + bytes((byte,)) + READING[place + 1 :]
    ),
    st.integers(0, len(READING) - 1),
    st.integers(0, 255).filter(lambda byte: not 0x30 <= byte <= 0x39),
    st.sampled_from(["drop", "insert", "replace"]),
)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=40), _shape, st.integers(0, 12).map(lambda cut: READING[:cut])))
def test_only_instrument_errors_escape_and_nothing_damaged_becomes_a_value(reply: bytes) -> None:
    port = ScriptedPort([(b"*IDN?\r\n", IDN + b"\n"), (b"READ?\r\n", reply + b"\n")], attempts=1)
    driver = Keithley6485(SETTINGS, port)
    line = reply.partition(b"\n")[0].strip(b"\r")
    try:
        values = driver.read("current")
    except InstrumentError:
        return
    value = values["current_na"]
    if value is None:
        assert abs(float(line)) >= 9.8e37
    else:
        # Only the sign can be damaged and still be a whole reading (the protocol has no checksum).
        assert line in (READING, b"-" + READING[1:])
        assert value == pytest.approx(float(line) * 1e9)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_buffer_is_refused_as_a_whole(data: st.DataObject) -> None:
    whole = b",".join([READING] * 80)
    kind = data.draw(st.sampled_from(["cut", "drop", "replace"]))
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.sampled_from(b"ABCxyz .:;\x00\xff\r"))
    if kind == "cut":
        reply = whole[:place]
    elif kind == "drop":
        reply = whole[:place] + whole[place + 1 :]
    else:
        reply = whole[:place] + bytes((byte,)) + whole[place + 1 :]
    driver = Keithley6485(SETTINGS, ScriptedPort([]))
    stripped = reply.strip(b"\r\n")
    if stripped == whole:
        return
    with pytest.raises(ValueError, match="reading"):
        driver._parse_buffer(stripped)


@given(st.integers(-2_100_000, 2_100_000))
def test_every_reading_the_meter_can_write_is_read_back(steps: int) -> None:
    amps = steps * 1e-12
    assert parse_reading(f"{amps:+.6E}".encode()) == (float(f"{amps:+.6E}"), False)
