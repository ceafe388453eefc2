"""Packets, numbers, rates and limits of New Era pumps."""

from __future__ import annotations

from binascii import crc_hqx

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.instruments.new_era import (
    rate_limits_ml_h,
    speed_limits,
)
from rig.instruments.new_era_packets import Reply, number, parse, read_reply, safe_packet, unasked
from rig.instruments.new_era_rates import ML_H, diameter, rate
from rig.lines.errors import BadReply, NoReply, Refused
from tests.instruments.loopback import Script
from tests.instruments.new_era_bytes import (
    STOPPED,
    TIME_OUT,
    frame,
)

# Packets


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("SAF0", "02 08 53 41 46 30 55 43 03"),
        ("SAF5", "02 08 53 41 46 35 05 E6 03"),
        ("0SAF5", "02 09 30 53 41 46 35 09 08 03"),
        ("0", "02 05 30 36 53 03"),
        ("00S", "02 07 30 30 53 AA A6 03"),
        ("00A?T", "02 09 30 30 41 3F 54 05 40 03"),
        ("00A?R", "02 09 30 30 41 3F 52 65 86 03"),
    ],
)
def test_safe_packets_of_the_sheet(text: str, packet: str) -> None:
    assert safe_packet(text) == bytes.fromhex(packet) == frame(text)


def test_crc_formula_is_the_librarys() -> None:
    for text in ("0RAT5.000MH", "99DIS", "", "00SNE1000V3.928"):
        assert frame(text)[-3:-1] == crc_hqx(text.encode(), 0).to_bytes(2, "big")


@pytest.mark.parametrize("awkward", [0x02, 0x03, 0x0D])
def test_packets_are_read_by_length_not_by_their_end(awkward: int) -> None:
    """CRC bytes of 02, 03 and 0D, both high and low, and a length of 0D."""
    found = set()
    for count in range(10_000):
        volume = f"00II{count / 1000:.3f}W0.000ML"
        packet = frame(volume)
        for place in (-3, -2):
            if packet[place] == awkward and place not in found:
                found.add(place)
                port = Script((b"x", packet + STOPPED))
                port.write(b"x")
                assert read_reply(port) == Reply(0, "I", "", volume[3:], True)
                assert read_reply(port).status == "S"
    assert found == {-3, -2}
    port = Script((b"x", frame("00S14.43")[:2] + frame("00S14.43X")[2:]))
    port.write(b"x")
    with pytest.raises(BadReply, match="damaged"):
        read_reply(port)
    port = Script((b"x", frame("00S14.430")))
    port.write(b"x")
    assert frame("00S14.430")[1] == 0x0D
    assert read_reply(port).data == "14.430"


def test_basic_replies() -> None:
    port = Script((b"x", bytes.fromhex("02 30 30 53 03 02 30 30 41 3F 52 03") + b"\x0200SI0.000W0.000ML\x03"))
    port.write(b"x")
    assert read_reply(port) == Reply(0, "S", "", "", False)
    assert read_reply(port) == Reply(0, "A", "R", "", False)
    assert read_reply(port) == Reply(0, "S", "", "I0.000W0.000ML", False)
    with pytest.raises(NoReply, match=r"no reply within 0\.2 s"):
        read_reply(port)


@pytest.mark.parametrize(
    "damaged",
    [
        STOPPED[:-1],
        STOPPED[:1],
        STOPPED[:-1] + b"\x04",
        STOPPED[:3] + b"\x31" + STOPPED[4:],
        b"\x06\x07" + STOPPED[2:],
        b"\x02\x06" + STOPPED[2:],
        b"\x02\xff" + STOPPED[2:],
        b"\x0200S",
        frame("00"),
        frame("0S1"),
        frame("00Z"),
        frame("00A?Q"),
        frame("00A?SX"),
        frame("00S?WHAT"),
    ],
)
def test_damaged_and_unknown_replies(damaged: bytes) -> None:
    port = Script((b"x", damaged))
    port.write(b"x")
    with pytest.raises(BadReply):
        read_reply(port)


def test_text_outside_ascii() -> None:
    with pytest.raises(BadReply, match="not text"):
        parse(b"00S\xb5", True)


@pytest.mark.parametrize(
    ("text", "value"), [("0.000", 0), ("12.34", 12.34), ("1000.", 1000), ("5", 5), ("999.9", 999.9)]
)
def test_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", ".", "1.2.3", "12345", "1.2345", "-1", "1e3", "nan", "+1", " 1"])
def test_no_numbers(text: str) -> None:
    with pytest.raises(BadReply):
        number(text)


def test_unasked_packets_are_found_in_noise() -> None:
    noise = b"\x02\x30\x02" + TIME_OUT + b"\x02\x09\x03" + STOPPED + b"\x02"
    assert [(reply.status, reply.alarm) for reply in unasked(noise)] == [("A", "T"), ("S", "")]
    assert list(unasked(TIME_OUT[:-1])) == []


# Rates


@pytest.mark.parametrize(
    ("ml_h", "text", "unit"),
    [
        (1.0, "1.000", "MH"),
        (5.0, "5.000", "MH"),
        (-5.0, "5.000", "MH"),
        (12.345, "12.35", "MH"),
        (9.9996, "10.00", "MH"),
        (1699.0, "1699", "MH"),
        (0.3, "300.0", "UH"),
        (0.99994, "999.9", "UH"),
        (0.99996, "1.000", "MH"),
        (0.000729, "0.729", "UH"),
        (60_000.0, "1000", "MM"),
    ],
)
def test_words_for_rates(ml_h: float, text: str, unit: str) -> None:
    told = rate(ml_h)
    assert (told.text, told.unit) == (text, unit)
    assert told.ml_h == pytest.approx(abs(ml_h), rel=5e-4)


@given(st.floats(0.0002, 9999.0, allow_nan=False), st.sampled_from([None, "MH", "UH", "MM", "UM"]))
@settings(max_examples=500)
def test_every_rate_fits_the_pump_or_is_refused(ml_h: float, unit: str | None) -> None:
    try:
        told = rate(ml_h, unit)
    except Refused:
        assert unit is not None or ml_h < 0.001
        return
    digits = told.text.replace(".", "")
    assert digits.isdigit() and len(digits) <= 4 and len(told.text.partition(".")[2]) <= 3
    assert float(told.text) * ML_H[told.unit] == pytest.approx(ml_h, rel=0.005)
    if unit is None and ml_h >= 0.001:
        assert len(digits) == 4 and told.ml_h == pytest.approx(ml_h, rel=5.01e-4)


@pytest.mark.parametrize("ml_h", [0.0, float("nan"), float("inf"), 1e-7, 1.25e-5, 1e6])
def test_rates_that_cannot_be_said(ml_h: float) -> None:
    with pytest.raises(Refused):
        rate(ml_h)


def test_diameters() -> None:
    assert [diameter(mm) for mm in (14.43, 4.699, 26.59, 14.567, 0.1)] == [
        "14.43",
        "4.699",
        "26.59",
        "14.57",
        "0.100",
    ]
    for mm in (0.0, -1.0, float("nan"), 0.1005):
        with pytest.raises(Refused):
            diameter(mm)


@pytest.mark.parametrize(
    ("mm", "lowest_ul_h", "highest_ml_h"),
    [
        (4.699, 0.729, 53.1),
        (8.585, 2.43, 177),
        (11.99, 4.75, 345),
        (14.43, 6.88, 500),
        (19.05, 12.0, 872),
        (26.59, 23.4, 1699),
    ],
)
def test_limits_by_diameter(mm: float, lowest_ul_h: float, highest_ml_h: float) -> None:
    limits = rate_limits_ml_h(mm, "ne-1000")
    assert limits is not None
    assert limits[0] * 1000 == pytest.approx(lowest_ul_h, rel=3e-3)
    assert limits[1] == pytest.approx(highest_ml_h, rel=2e-3)


def test_limits_of_models() -> None:
    assert speed_limits() == speed_limits("NE1000") == (0.004205, 5.1005)
    assert speed_limits("NE-8000") is None and rate_limits_ml_h(10, "NE-8000") is None
