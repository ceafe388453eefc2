"""The mass-flow controller's driver: bytes of the manual, two firmware families, late and damaged replies, refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.instruments.alicat import Alicat
from rig.instruments.alicat_layout import Unfit, parse_layout
from rig.instruments.settings import GasSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.outputs import GasOutput
from tests.instruments.keithvais_loop import ScriptedPort

SETTINGS = GasSettings(
    "gas.argon", "alicat", "/dev/ttyUSB3", feeds="furnace.tube", unit="A", full_scale_sccm=500.0
)

# As published by users of an MC-500SCCM-D with firmware 10v20, gas and set point our own.
TABLE = b"".join(
    line + b"\r"
    for line in (
        b"A D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________",
        b"A D01 700 Unit ID                    string          1",
        b"A D02 002 Abs Press                  s decimal     7/2 010 02 PSIA",
        b"A D03 003 Flow Temp                  s decimal     7/2 002 02 `C",
        b"A D04 004 Volu Flow                  s decimal     7/2 012 02 CCM",
        b"A D05 005 Mass Flow                  s decimal     7/2 012 02 SCCM",
        b"A D06 037 Mass Flow Setpt            s decimal     7/2 012 02 SCCM",
        b"A D07 703 Gas                        string          6",
        b"A D08 701 *Error                     string          3 ADC",
        b"A D09 702 *Status                    string          3 OPL",
        b"A D10 702 *Status                    string          3 HLD",
        b"A D11 702 *Status                    string          3 OVR",
        b"A D12 702 *Status                    string          3 EXH",
        b"A D13 702 *Status                    string          3 LCK",
    )
)
# As published of an MC-500SCCM-D with firmware 5v12.
OLD_TABLE = b"".join(
    line + b"\r"
    for line in (
        b"A  D00 NAME_______ TYPE_____ MinVal_  MaxVal_  UNITS__",
        b"A  D01 Unit ID     char         A         Z         na",
        b"A  D02 Pressure    signed    +000.00  +160.00     PSIA",
        b"A  D03 Temperature signed    -010.00  +050.00        C",
        b"A  D04 Volumetric  signed    +0000.0  +0500.0      CCM",
        b"A  D05 Mass        signed    +0000.0  +0500.0     SCCM",
        b"A  D06 SetPoint    signed    +0000.0  +0500.0     SCCM",
        b"A  D07 Gas         string        Air       D2       na",
        b"A  D08 Error       string         na      ADC       na",
        b"A  D09 Status      string         na      LCK       na",
        b"A  D10 Status      string         na      OVR       na",
    )
)
FRAME = b"A +014.70 +025.00 +200.00 +200.00 +200.00     Ar\r"
VERSION = b"A   10v20.0-R24 Jan  9 2025,15:04:07\r"
MAKER = (
    b"A  M00 ALICAT SCIENTIFIC\rA  M01 www.alicat.com\rA  M04 Model Number MC-500SCCM-D\r"
    b"A  M05 Serial Number 521641\rA  M09 Software Revision 10v20.0-R24\r"
)
SET_UP = (
    (b"AVE\r", VERSION),
    (b"A??D*\r", TABLE),
    (b"AFPF 5\r", b"A +500.00 12 SCCM\r"),
    (b"ALSS\r", b"A S\r"),
    (b"A\r", FRAME),
    (b"A\r", FRAME),
)
OLD_FRAME = b"A +014.52 +021.50 +0000.1 +0000.2 0116.3      Ar\r"
OLD_SET_UP = (
    (b"AVE\r", b"5v12.0-R22 May  4 2015,13:58:14\r"),
    (b"A??D*\r", OLD_TABLE),
    (b"A\r", OLD_FRAME),
    (b"A\r", OLD_FRAME),
)


def scripted(*pairs: tuple[bytes, bytes], settings: GasSettings = SETTINGS, attempts: int = 2) -> Alicat:
    return Alicat(settings, ScriptedPort(pairs, attempts=attempts))


def ready(*pairs: tuple[bytes, bytes], before: tuple[tuple[bytes, bytes], ...] = SET_UP) -> Alicat:
    """A driver that has been set up, with these exchanges to come."""
    driver = scripted(*before, *pairs)
    driver.set_up()
    return driver


def with_reply(request: bytes, reply: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The usual set-up up to this request, with another reply to it."""
    pairs: list[tuple[bytes, bytes]] = []
    for asked, answer in SET_UP:
        if asked == request:
            return (*pairs, (asked, reply))
        pairs.append((asked, answer))
    raise KeyError(request)


# Bytes


def test_set_up_asks_and_sets_nothing() -> None:
    driver = ready()
    assert not driver._port.pairs  # type: ignore[attr-defined]


def test_a_frame_of_the_manual() -> None:
    values = ready((b"A\r", b"A +014.62 +021.89 +000.10 +078.93 +078.95     Ar\r")).read("flow")
    assert values == {
        "flow_sccm": pytest.approx(78.93),
        "pressure_kpa": pytest.approx(100.80, abs=0.01),
        "valve_fault": 0.0,
        "setpoint_sccm": pytest.approx(78.95),
    }


def test_negative_zero_is_nothing() -> None:
    values = ready((b"A\r", b"A +014.62 +021.89 -000.00 -000.00 +000.00     Ar\r")).read("flow")
    assert str(values["flow_sccm"]) == "0.0"
    values = ready((b"A\r", b"A +014.62 +021.89 -000.10 -000.10 +000.00     Ar\r")).read("flow")
    assert values["flow_sccm"] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("words", "fault"),
    [(b"", 0.0), (b" HLD", 1.0), (b" EXH", 1.0), (b" OPL LCK", 1.0), (b" LCK", 0.0), (b" OVR LCK", 0.0)],
)
def test_status_words(words: bytes, fault: float) -> None:
    values = ready((b"A\r", FRAME[:-1] + words + b"\r")).read("flow")
    assert values["valve_fault"] == fault
    assert values["flow_sccm"] == 200.0


def test_a_failed_converter_measures_nothing() -> None:
    values = ready((b"A\r", FRAME[:-1] + b" ADC\r")).read("flow")
    assert values == {"flow_sccm": None, "pressure_kpa": None, "valve_fault": 1.0, "setpoint_sccm": 200.0}


def test_dashes_are_no_value() -> None:
    values = ready((b"A\r", FRAME.replace(b"+014.70", b"-------"))).read("flow")
    assert values["pressure_kpa"] is None
    assert values["flow_sccm"] == 200.0


def test_set_point_with_ls_is_read_back_while_it_ramps() -> None:
    driver = ready((b"ALS 150.00\r", b"A +000.00 +150.00 12 SCCM\r"))
    driver.apply(GasOutput(150.0))


def test_old_firmware_gets_s_and_never_a_command_that_begins_with_al() -> None:
    driver = ready((b"AS150.0\r", OLD_FRAME.replace(b"0116.3", b"0150.0")), before=OLD_SET_UP)
    driver.apply(GasOutput(150.0))
    # Everything was as in the script: no ALS, no ALSS.
    assert not driver._port.pairs  # type: ignore[attr-defined]
    driver = ready((b"A\r", OLD_FRAME), before=OLD_SET_UP)
    assert driver.read("flow")["setpoint_sccm"] == pytest.approx(116.3)


def test_units_come_from_the_table() -> None:
    table = TABLE.replace(b"7/2 012 02 SCCM", b"7/3 007 02 SLPM").replace(b"010 02 PSIA", b"008 02 barA")
    litres = tuple(
        (asked, {b"A??D*\r": table, b"AFPF 5\r": b"A +00.500 7 SLPM\r"}.get(asked, reply))
        for asked, reply in SET_UP
    )
    frame = b"A +001.02 +025.00 +200.00 +00.200 +00.200     Ar\r"
    litres = tuple((asked, frame if asked == b"A\r" else reply) for asked, reply in litres)
    driver = ready((b"ALS 0.150\r", b"A +00.200 +00.150 7 SLPM\r"), (b"A\r", frame), before=litres)
    driver.apply(GasOutput(150.4))
    values = driver.read("flow")
    assert values["flow_sccm"] == pytest.approx(200.0)
    assert values["pressure_kpa"] == pytest.approx(102.0)


def test_a_totaliser_adds_a_field() -> None:
    table = TABLE.replace(b"A D07 703", b"A D07 009 Mass Total  s decimal  8/0 006 02 Scm3\rA D08 703")
    for number in range(13, 7, -1):
        table = table.replace(
            b"A D%02d 70%d *" % (number, 2 if number > 8 else 1),
            b"A D%02d 70%d *" % (number + 1, 2 if number > 8 else 1),
        )
    frame = b"A +014.70 +025.00 +200.00 +200.00 +200.00 022741.4     Ar\r"
    pairs = tuple((asked, {b"A??D*\r": table, b"A\r": frame}.get(asked, reply)) for asked, reply in SET_UP)
    assert ready((b"A\r", frame), before=pairs).read("flow")["flow_sccm"] == 200.0


def test_identity() -> None:
    identity = ready((b"A??M*\r", MAKER)).identify()
    assert (identity.model, identity.serial, identity.firmware) == (
        "Alicat MC-500SCCM-D",
        "521641",
        "10v20.0-R24",
    )
    assert ready((b"A??M*\r", b"?\r")).identify().firmware == "10v20"
    with pytest.raises(BadReply, match=r"an Alicat is expected"):
        ready((b"A??M*\r", b"A hello\r")).identify()


# Refusals at connect, each with what to do


@pytest.mark.parametrize(
    ("request_", "reply", "says"),
    [
        (
            b"A\r",
            FRAME.replace(b"Ar", b"N2"),
            r"gas\.argon: .* set to N2, this line carries Ar: choose Ar \(gas 1\)",
        ),
        (b"AFPF 5\r", b"A +2000.0 12 SCCM\r", r"full scale is 2000 sccm, the rig file says 500"),
        (b"ALSS\r", b"A A\r", r"analog input: choose serial"),
        (b"A??D*\r", b"?\r", r"too old for this driver"),
        (
            b"A??D*\r",
            TABLE.replace(b"037 Mass Flow Setpt", b"034 Abs Press Setpt"),
            r"controls absolute pressure",
        ),
        (b"A??D*\r", TABLE.replace(b"SCCM", b"NCCM"), r"its flow is in NCCM.*set both to one of SCCM, SLPM"),
        (b"A??D*\r", TABLE.replace(b"PSIA", b"feet"), r"pressure is in feet"),
    ],
)
def test_a_unit_that_is_not_as_the_rig_file_says(request_: bytes, reply: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        scripted(*with_reply(request_, reply)).set_up()


def test_full_scale_from_the_models_name_where_fpf_is_unknown() -> None:
    driver = scripted(*with_reply(b"AFPF 5\r", b"?\r"), (b"A??M*\r", MAKER), *SET_UP[3:])
    driver.set_up()
    with pytest.raises(Refused, match=r"501 sccm asked, the controller takes 0 to 500"):
        driver.apply(GasOutput(501.0))


def test_a_meter_and_an_unknown_gas() -> None:
    with pytest.raises(Refused, match=r"no set point of mass flow: is it a mass-flow controller"):
        scripted(
            *with_reply(b"A??D*\r", TABLE.replace(b"037 Mass Flow Setpt", b"013 Valve Drive    "))
        ).set_up()
    with pytest.raises(Refused, match=r"gas\.mixture: which gas is that"):
        scripted(settings=replace(SETTINGS, name="gas.mixture")).set_up()


@pytest.mark.parametrize("name", ["gas.argon", "gas.argon_2", "gas.Argon-small", "gas.argon2"])
def test_names_of_a_line_of_argon(name: str) -> None:
    scripted(*SET_UP, settings=replace(SETTINGS, name=name)).set_up()


@pytest.mark.parametrize("unit", ["", "AB", "1", "ä"])
def test_a_unit_is_one_letter(unit: str) -> None:
    if unit:
        with pytest.raises(ValueError, match=r"one letter from A to Z"):
            scripted(settings=replace(SETTINGS, unit=unit))
    else:
        assert scripted(settings=replace(SETTINGS, unit=unit))._id == b"A"


# Set points


@pytest.mark.parametrize(
    ("asked", "sent"), [(0.0, b"0.00"), (123.456, b"123.46"), (500.0, b"500.00"), (0.006, b"0.01")]
)
def test_the_nearest_step(asked: float, sent: bytes) -> None:
    driver = ready((b"ALS " + sent + b"\r", b"A +000.00 +%s 12 SCCM\r" % sent))
    driver.apply(GasOutput(asked))


@given(st.floats(0.0, 500.0))
@settings(max_examples=300)
def test_never_more_than_half_a_step_and_never_beyond_the_scale(asked: float) -> None:
    driver = ready()
    layout = driver._layout
    assert layout is not None
    try:
        steps = driver._steps_of(asked, layout)
    except Refused:
        assert 0.0 < asked < 0.005
        return
    assert abs(steps * 0.01 - asked) <= 0.005 + 1e-9
    assert steps * 0.01 <= 500.0


def test_rounding_goes_down_at_the_limit() -> None:
    driver = ready()
    driver._full_scale_sccm = 100.006
    driver._settings = replace(SETTINGS, full_scale_sccm=None)
    layout = driver._layout
    assert layout is not None
    assert driver._steps_of(100.006, layout) == 10000


@pytest.mark.parametrize("asked", [500.01, -0.01, float("nan"), float("inf")])
def test_beyond_the_scale_nothing_is_sent(asked: float) -> None:
    with pytest.raises(Refused, match=r"takes 0 to 500 sccm"):
        ready().apply(GasOutput(asked))


def test_a_flow_below_the_smallest_step_is_not_turned_into_none() -> None:
    with pytest.raises(Refused, match=r"smallest step is 0\.01 sccm"):
        ready().apply(GasOutput(0.004))


def test_a_set_point_that_is_not_taken_is_told() -> None:
    reply = b"A +000.00 +000.00 12 SCCM\r"
    driver = ready((b"ALS 150.00\r", reply), (b"AVE\r", VERSION), (b"ALS 150.00\r", reply))
    with pytest.raises(
        Refused, match=r"set to 150 sccm \(150\.00 SCCM\): not taken, .* set point is 0 SCCM.*analog"
    ):
        driver.apply(GasOutput(150.0))
    with pytest.raises(Refused, match=r"answered \? \(unknown command or out of range\)"):
        ready((b"ALS 150.00\r", b"?\r")).apply(GasOutput(150.0))


def test_what_it_has_confirmed_is_not_sent_again() -> None:
    shown = FRAME.replace(b"+200.00     Ar", b"+150.00     Ar")
    driver = ready((b"ALS 150.00\r", b"A +000.00 +150.00 12 SCCM\r"), (b"A\r", shown))
    driver.apply(GasOutput(150.0))
    driver.read("flow")
    driver.apply(GasOutput(150.0))


def test_a_set_point_changed_at_the_panel_is_set_again() -> None:
    order = (b"ALS 150.00\r", b"A +000.00 +150.00 12 SCCM\r")
    driver = ready(order, (b"A\r", FRAME), order)
    driver.apply(GasOutput(150.0))
    driver.read("flow")
    driver.apply(GasOutput(150.0))
    assert not driver._port.pairs  # type: ignore[attr-defined]


def test_leaving_says_nothing() -> None:
    ready().release()


# Silence, damage, late replies


def test_silence() -> None:
    driver = ready((b"A\r", b""), (b"AVE\r", b""))
    with pytest.raises(NoReply, match=r"gas\.argon: frame: no whole reply of unit A within 1 s, 2 attempts"):
        driver.read("flow")


def test_after_silence_the_version_is_asked_before_the_frame() -> None:
    driver = ready(
        (b"A\r", b""), (b"AVE\r", FRAME + VERSION), (b"A\r", FRAME.replace(b"+200.00 ", b"+100.00 ", 2))
    )
    assert driver.read("flow")["flow_sccm"] == 100.0


def test_no_second_attempt_while_an_off_waits() -> None:
    driver = ready((b"A\r", b""), (b"ALS 1.00\r", b""))
    driver._port.off = True  # type: ignore[attr-defined]
    with pytest.raises(Preempted):
        driver.read("flow")


@pytest.mark.parametrize(
    "reply",
    [
        FRAME.replace(b"Ar", b"N2"),
        FRAME.replace(b"+200.00", b"+20.000"),
        FRAME.replace(b"+200.00", b"+2 0.00"),
        FRAME.replace(b"+200.00", b"nan"),
        FRAME.replace(b"+200.00", b"+900.00"),
        FRAME.replace(b"+025.00 ", b""),
        FRAME[:-1] + b" HLE\r",
        b"A +014.70 +025.00\r",
        b"A\r",
    ],
)
def test_a_frame_unlike_its_table_gives_nothing(reply: bytes) -> None:
    driver = ready((b"A\r", reply), (b"AVE\r", VERSION), (b"A\r", reply))
    with pytest.raises(BadReply, match=r"gas\.argon: frame: "):
        driver.read("flow")


def test_lines_of_other_units_are_passed_over() -> None:
    other = b"B" + FRAME[1:]
    assert ready((b"A\r", other + FRAME)).read("flow")["flow_sccm"] == 200.0


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace(b"A D04", b"A D05"),
        TABLE[:-20],
        TABLE.replace(b"7/2", b"7/x"),
        TABLE[80:],
        OLD_TABLE.replace(b"signed", b"sig"),
        TABLE.replace(b"700 Unit ID", b"701 Unit ID"),
    ],
)
def test_a_damaged_table_is_asked_again(table: bytes) -> None:
    rest = SET_UP[1:] if not table.endswith(b"\r") or table != TABLE else ()
    driver = scripted((b"AVE\r", VERSION), (b"A??D*\r", table), (b"AVE\r", VERSION), *rest)
    driver.set_up()
    driver = scripted((b"AVE\r", VERSION), (b"A??D*\r", table), (b"AVE\r", VERSION), (b"A??D*\r", table))
    with pytest.raises((BadReply, NoReply)):
        driver.set_up()


@given(st.binary(max_size=90))
@settings(max_examples=300)
def test_bytes_of_any_kind_give_a_reading_or_an_instrument_error(reply: bytes) -> None:
    driver = ready((b"A\r", reply), (b"AVE\r", VERSION), (b"A\r", reply))
    try:
        values = driver.read("flow")
    except InstrumentError:
        return
    assert set(values) == {channel.name for channel in Alicat.channels}


@given(st.integers(0, len(FRAME) - 1), st.integers(0, 7))
@settings(max_examples=400)
def test_one_flipped_bit_is_seen_or_stands_in_a_digit(place: int, bit: int) -> None:
    damaged = FRAME[:place] + bytes((FRAME[place] ^ (1 << bit),)) + FRAME[place + 1 :]
    driver = ready((b"A\r", damaged), (b"AVE\r", VERSION), (b"A\r", FRAME))
    values = driver.read("flow")
    if values["flow_sccm"] != 200.0 or values["setpoint_sccm"] != 200.0:
        assert FRAME[place : place + 1] in b"0123456789+"


@given(st.lists(st.text(max_size=70), max_size=20))
@settings(max_examples=300)
def test_any_text_as_a_table_is_a_layout_or_a_value_error(lines: list[str]) -> None:
    for table in (lines, TABLE.decode().split("\r")[:-1][:5] + lines):
        try:
            parse_layout(table, "A")
        except ValueError:
            continue
        raise AssertionError(table)
    with pytest.raises(Unfit):
        parse_layout(["A D00 ID_ NAME", "A D01 700 Unit ID string 1"], "A")
