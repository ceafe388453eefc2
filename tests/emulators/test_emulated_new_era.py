"""The emulated New Era pump: the manual's bytes, its grammar, its commands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.emulators.new_era_grammar import address_of, clean, shown, understood
from rig.lines.port import LinkSpec
from tests.emulators.new_era_bench import Bench, ready, safe

# The sheet's bytes


def test_byte_examples_of_the_sheet_basic() -> None:
    bench = Bench()
    assert bench.send(bytes.fromhex("30 0D")) == bytes.fromhex("02 30 30 41 3F 52 03")
    assert bench.send(bytes.fromhex("30 0D")) == bytes.fromhex("02 30 30 53 03")
    assert bench.send(b"0VER\r") == b"\x0200SNE1000V3.928\x03"
    assert bench.send(bytes.fromhex("30 52 41 54 35 2E 30 30 30 4D 48 0D")) == bytes.fromhex("02 30 30 53 03")
    assert bench.send(b"0RUN\r") == b"\x0200I\x03"
    assert bench.send(bytes.fromhex("30 44 49 53 0D")) == b"\x0200II0.000W0.000ML\x03"
    assert bench.send(b"0STP\r0STP\r") == b"\x0200P\x03\x0200S\x03"
    assert bench.send(bytes.fromhex("30 44 49 53 0D")) == b"\x0200SI0.000W0.000ML\x03"
    assert bench.send(b"0RAT9999MM\r") == bytes.fromhex("02 30 30 53 3F 4F 4F 52 03")


def test_byte_examples_of_the_sheet_safe() -> None:
    bench = ready()
    assert bench.send(bytes.fromhex("02 08 53 41 46 35 05 E6 03")) == bytes.fromhex("02 07 30 30 53 AA A6 03")
    assert bench.send(bytes.fromhex("02 09 30 53 41 46 35 09 08 03")) == bytes.fromhex(
        "02 07 30 30 53 AA A6 03"
    )
    assert bench.send(bytes.fromhex("02 05 30 36 53 03")) == bytes.fromhex("02 07 30 30 53 AA A6 03")
    assert bench.safe("0SAF") == "00S5"
    bench.said.clear()
    bench.time.pass_s(5)
    assert [data for _, data in bench.said] == [bytes.fromhex("02 09 30 30 41 3F 54 05 40 03")]
    assert bench.safe("0") == "00A?T"
    assert bench.send(bytes.fromhex("02 08 53 41 46 30 55 43 03")) == bytes.fromhex("02 30 30 53 03")


def test_replies_take_a_few_milliseconds() -> None:
    bench = ready()
    bench.time.pass_s(1)
    bench.basic("0")
    assert 1_000_000 <= bench.said[0][0] - bench.time.now_ns <= 20_000_000


# Grammar


def test_spaces_and_control_characters_are_stripped_and_letters_made_capitals() -> None:
    bench = ready()
    assert bench.basic(" 0 r\x01at 5 m\x7fh ") == "00S"
    assert bench.basic("rat") == "00S5.000MH"
    assert clean(b" a\x00B\t\xff1") == "AB1"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", (0, "")),
        ("RAT", (0, "RAT")),
        ("7RAT5", (7, "RAT5")),
        ("07DIS", (7, "DIS")),
        ("99", (99, "")),
        ("123", (12, "3")),
    ],
)
def test_addresses(text: str, result: tuple[int, str]) -> None:
    assert address_of(text) == result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000"),
        (9.9994, "9.999"),
        (9.9996, "10.00"),
        (99.996, "100.0"),
        (999.96, "1000."),
        (4321.4, "4321."),
        (1e5, "9999."),
    ],
)
def test_numbers_shown(value: float, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("5", 5.0),
        ("5.000", 5.0),
        (".5", 0.5),
        ("9999", 9999.0),
        ("12345", "?OOR"),
        ("1.2345", "?OOR"),
        ("", "?"),
        (".", "?"),
        ("1.2.3", "?"),
        ("-1", "?"),
        ("1E3", "?"),
    ],
)
def test_numbers_understood(text: str, result: float | str) -> None:
    assert understood(text) == result


@given(st.floats(0, 9999))
@settings(max_examples=300)
def test_what_is_shown_has_four_digits_and_a_point(value: float) -> None:
    text = shown(value)
    assert len(text) == 5 and text.count(".") == 1
    assert float(text) == pytest.approx(value, rel=5.1e-4, abs=5.1e-4)


def test_a_packet_in_pieces_and_the_half_second() -> None:
    bench = ready()
    bench.send(safe("0SAF60"))
    query, reply = safe("0DIS"), safe("00SI0.000W0.000ML")
    assert bench.send(query[:3]) == b""
    bench.time.pass_s(0.49)
    assert bench.send(query[3:]) == reply
    assert bench.send(query[:3]) == b""
    bench.time.pass_s(0.52)
    assert bench.send(query[3:]) == b""
    assert bench.send(query) == reply
    assert bench.send(query[:1]) + bench.send(query[1:2]) + bench.send(query[2:]) == reply


def test_a_person_types_as_slowly_as_he_likes() -> None:
    bench = ready()
    for byte in b"0ver":
        bench.time.pass_s(2)
        assert bench.send(bytes([byte])) == b""
    assert bench.send(b"\r") == b"\x0200SNE1000V3.928\x03"


def test_packets_are_cut_by_length() -> None:
    """All requests whose CRC or length is 02, 03 or 0D are understood."""
    bench = ready()
    found = set()
    for number in range(1, 10_000):
        packet = safe(f"0VOL{number}")
        for place in (1, -3, -2):
            if packet[place] in (2, 3, 13) and (place, packet[place]) not in found:
                found.add((place, packet[place]))
                assert bench.send(packet + packet) == b"\x0200S\x03\x0200S\x03"
    assert {(place, byte) for place in (-3, -2) for byte in (2, 3, 13)} <= found
    assert safe("0RAT10.00")[1] == 13
    assert bench.send(safe("0RAT10.00")) == b"\x0200S\x03"


def test_a_damaged_packet() -> None:
    bench = ready()
    bench.send(safe("0SAF2"))
    for place in (3, -3, -2, -1):
        damaged = bytearray(safe("0PUR"))
        damaged[place] ^= 4
        assert bench.send(bytes(damaged)) == safe("00S?COM")
    other = bytearray(safe("1PUR"))
    other[3] ^= 4
    assert bench.send(bytes(other)) == b""
    assert bench.safe("0") == "00S"


def test_basic_requests_are_not_heard_in_safe_mode() -> None:
    bench = ready()
    bench.send(safe("0SAF2"))
    assert bench.send(b"0DIS\r") == b""
    assert bench.safe("0DIS") == "00SI0.000W0.000ML"


@given(
    st.lists(
        st.one_of(st.binary(max_size=20), st.text("0129.*DISRATUNPVOLCMH \r", max_size=12).map(str.encode)),
        max_size=8,
    )
)
@settings(max_examples=300)
def test_no_noise_upsets_it(pieces: list[bytes]) -> None:
    bench = Bench()
    for piece in pieces:
        bench.send(piece)
        bench.time.pass_s(0.1)
    bench.time.pass_s(300)
    bench.send(safe("0SAF0"))
    bench.send(safe("0SAF0"))
    assert bench.send(b"\r\r0VER\r").endswith(b"NE1000V3.928\x03")


# Commands


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("0", "00S"),
        ("0XYZ", "00S?"),
        ("0D", "00S?"),
        ("0VERX", "00S?"),
        ("0DIA", "00S14.43"),
        ("0DIA50.00", "00S"),
        ("0DIA50.01", "00S?OOR"),
        ("0DIA0.1", "00S"),
        ("0DIA0.099", "00S?OOR"),
        ("0DIAX", "00S?"),
        ("0PHN", "00S1"),
        ("0PHN41", "00S"),
        ("0PHN42", "00S?OOR"),
        ("0PHN0", "00S?OOR"),
        ("0PHNX", "00S?"),
        ("0FUN", "00SRAT"),
        ("0FUNSTP", "00S"),
        ("0FUNPAS30", "00S"),
        ("0FUNJMP42", "00S?OOR"),
        ("0FUNJMP", "00S?"),
        ("0FUNRAT5", "00S?"),
        ("0FUNLPS", "00S?NA"),
        ("0FUNWAT", "00S?"),
        ("0RAT", "00S0.000MH"),
        ("0RAT5", "00S"),
        ("0RATC5MM", "00S"),
        ("0RAT5XX", "00S?"),
        ("0RATMH", "00S?"),
        ("0RAT501MH", "00S?OOR"),
        ("0RAT500MH", "00S"),
        ("0RAT6.88UH", "00S"),
        ("0RAT6.8UH", "00S?OOR"),
        ("0RAT0", "00S?OOR"),
        ("0RAT12.345MH", "00S?OOR"),
        ("0VOL", "00S0.000ML"),
        ("0VOLUL", "00S"),
        ("0VOL12.5", "00S"),
        ("0VOLX", "00S?"),
        ("0DIR", "00SINF"),
        ("0DIRWDR", "00S"),
        ("0DIRSTK", "00S"),
        ("0DIRUP", "00S?"),
        ("0RUN42", "00S?OOR"),
        ("0RUNX", "00S?"),
        ("0STP", "00S?NA"),
        ("0STP1", "00S?"),
        ("0PURX", "00S?"),
        ("0DIS", "00SI0.000W0.000ML"),
        ("0DISX", "00S?"),
        ("0CLDINF", "00S"),
        ("0CLDWDR", "00S"),
        ("0CLD", "00S?"),
        ("0SAF", "00S0"),
        ("0SAF256", "00S?OOR"),
        ("0SAFX", "00S?"),
        ("0ADR", "00S00"),
        ("0ADR100", "00S?OOR"),
        ("0ADR0B4800", "00S?OOR"),
        ("0RESET", "00S?"),
        ("0AL", "00S0"),
        ("0AL1", "00S"),
        ("0PF2", "00S?"),
        ("0LOC1", "00S"),
        ("0ROM", "00S0"),
        ("0BUZ", "00S0"),
        ("0BUZ13", "00S"),
        ("0BUZ2", "00S?"),
        ("0TRG", "00SFT"),
        ("0TRGLE", "00S"),
        ("0TRGZZ", "00S?"),
        ("0IN2", "00S1"),
        ("0IN9", "00S?"),
        ("0OUT51", "00S"),
        ("0OUT1", "00S?"),
    ],
)
def test_every_command_while_stopped(command: str, reply: str) -> None:
    assert ready().basic(command) == reply


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("DIA10", "00I?NA"),
        ("PHN2", "00I?NA"),
        ("FUNSTP", "00I?NA"),
        ("VOL1", "00I?NA"),
        ("VOLUL", "00I?NA"),
        ("CLDINF", "00I?NA"),
        ("RUN", "00I?NA"),
        ("PUR", "00I?NA"),
        ("DIRSTK", "00I?NA"),
        ("RAT2UM", "00I?NA"),
        ("RAT600", "00I?OOR"),
        ("RAT2", "00I"),
        ("RAT2MH", "00I"),
        ("DIRREV", "00W"),
        ("RAT", "00I1.000MH"),
        ("DIA", "00I14.43"),
        ("VOL", "00I0.000ML"),
        ("VER", "00INE1000V3.928"),
    ],
)
def test_every_command_while_pumping(command: str, reply: str) -> None:
    bench = ready()
    assert bench.all("RAT1MH", "RUN", command) == ["00S", "00I", reply]


def test_volume_units_follow_the_diameter_until_overridden() -> None:
    bench = ready()
    assert bench.all("DIA14.00", "VOL", "DIS") == ["00S", "00S0.000UL", "00SI0.000W0.000UL"]
    assert bench.all("DIA14.01", "VOL") == ["00S", "00S0.000ML"]
    assert bench.all("VOLUL", "VOL5", "VOL", "DIS") == ["00S", "00S", "00S5.000UL", "00SI0.000W0.000UL"]


# Several pumps, system commands


def test_only_the_pump_at_the_address_answers() -> None:
    bench = Bench(0, 1, 12)
    assert bench.all("", "0", "1", "01", "12", "2") == ["00A?R", "00S", "01A?R", "01S", "12A?R", ""]


def test_system_commands_ignore_the_address() -> None:
    bench = Bench(3)
    bench.basic("3")
    assert bench.all("*ADR07", "3", "7", "*ADR") == ["07S", "", "07S", "07S07"]
    bench.all("7DIA10", "7PF1")
    assert bench.all("*RESET", "DIA", "PF", "FUN") == ["00S", "00S26.59", "00S0", "00SRAT"]


def test_a_burst_for_several_pumps() -> None:
    bench = Bench(0, 1, 2)
    bench.all("0", "1", "2")
    assert bench.send(b"0 rat 100 * 1 rat 250 * 2 rat 375 *\r") == b"\x0200S\x03\x0201S\x03\x0202S\x03"
    assert bench.all("0RAT", "1RAT", "2RAT") == ["00S100.0MH", "01S250.0MH", "02S375.0MH"]


def test_a_new_baud_rate() -> None:
    bench = ready()
    assert bench.basic("ADR0B9600") == "00S"
    assert bench.pump.link == LinkSpec(9600)
