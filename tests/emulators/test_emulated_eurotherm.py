"""The emulated Eurotherm's bytes, held against the handbook's: frames, areas, refusals, traps."""

from __future__ import annotations

from math import nan
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.lines.port import LinkSpec
from tests.emulators.eurotherm_desk import Desk, sealed

H = bytes.fromhex
MODELS = ("epc3000", "3216", "2416")


# Byte pairs of the sheet


def test_handbook_examples_at_address_2() -> None:
    desk = Desk("2416", degc=17.8, address=2)
    desk.values[24] = 21.6
    assert desk.send("02 03 00 01 00 02 95 F8") == H("02 03 04 00 B2 00 D8 69 4E")
    assert desk.send("02 06 00 02 00 FA A8 7A") == H("02 06 00 02 00 FA A8 7A")
    assert desk.values[24] == 25.0
    assert desk.send("02 08 00 00 12 34 ED 4F") == H("02 08 00 00 12 34 ED 4F")
    desk.zone.degc = nan
    desk.send(sealed(H("02 06 01 11 00 01")))
    desk.time.pass_s(2)
    assert desk.send("02 07 41 12") == H("02 07 30 D2 24")


@pytest.mark.parametrize("model", MODELS)
def test_values_of_the_sheet(model: str) -> None:
    desk = Desk(model, degc=250.0)
    desk.unit.control.working = 260.0
    live = desk.unit.registers.live
    live.update({2: lambda: 280.0, 3: lambda: 0.0, 4: lambda: 40.0, 5: lambda: 260.0})
    assert desk.send("01 03 00 01 00 05 D4 09") == H("01 03 0A 09 C4 0A F0 00 00 01 90 0A 28 E1 43")
    assert desk.send("01 03 00 01 00 05 D4 09") == H("01 03 0A 09 C4 0A F0 00 00 01 90 0A 28 E1 43")
    live[1] = lambda: 280.0
    desk.unit.registers._known.clear()
    assert desk.send("01 03 80 02 00 02 4C 0B") == H("01 03 04 43 8C 00 00 2E 5C")


@pytest.mark.parametrize("model", MODELS)
def test_target_as_float_only_with_function_16(model: str) -> None:
    desk = Desk(model)
    assert desk.send("01 10 80 04 00 02 04 43 8C 00 00 47 F5") == H("01 10 80 04 00 02 29 C9")
    assert desk.values[24] == 280.0
    assert desk.send("01 06 80 04 00 01 20 0B") == H("01 86 03 02 61")
    assert desk.values[24] == 280.0


def test_status_word_of_the_sheet() -> None:
    desk = Desk()
    desk.unit.registers.live[75] = lambda: 1 << 5 | 1 << 9
    assert desk.send("01 03 00 4B 00 01 F4 1C") == H("01 03 02 02 20 B8 FC")


def test_commands_of_the_sheet() -> None:
    desk = Desk("2416")
    assert desk.send("01 06 01 12 00 01 E9 F3") == H("01 06 01 12 00 01 E9 F3")
    assert desk.send("01 06 01 11 00 00 D8 33") == H("01 06 01 11 00 00 D8 33")
    for request, reply in (
        ("01 10 20 90 00 01 02 00 01 5B 02", "01 10 20 90 00 01"),
        ("01 10 20 91 00 01 02 0A F0 9D F7", "01 10 20 91 00 01"),
        ("01 10 20 92 00 01 02 00 32 1A F5", "01 10 20 92 00 01"),
        ("01 10 20 98 00 01 02 00 03 DB 8B", "01 10 20 98 00 01"),
    ):
        assert desk.send(request) == sealed(H(reply))
    assert desk.real(8337) == 280.0
    assert desk.real(8338) == 5.0
    assert desk.send("01 10 00 17 00 01 02 00 02 24 B6") == H("01 10 00 17 00 01 B1 CD")
    assert desk.word(23) == 2
    assert desk.word(29) == 1


def test_commands_of_an_epc() -> None:
    desk = Desk("epc3000")
    desk.puts(8336, 1)
    desk.put_real(8337, 280.0)
    desk.put_real(8338, 5.0)
    assert desk.send("01 06 29 4D 00 01 D0 41") == H("01 06 29 4D 00 01 D0 41")
    assert desk.word(23) == 2
    desk.put(10574, 1)
    assert desk.word(23) == 4
    desk.put(10573, 1)
    assert desk.word(23) == 2
    assert desk.send("01 06 29 4F 00 01 71 81") == H("01 06 29 4F 00 01 71 81")
    assert desk.word(23) == 1
    desk.put(10577, 1)
    assert desk.word(23) == 2
    desk.put(10576, 0)
    assert desk.word(23) == 4
    assert desk.words(10573, 5) == (0, 0, 0, 0, 0)
    assert desk.word(10584) == 1


@pytest.mark.parametrize("model", MODELS)
def test_illegal_address_of_the_sheet(model: str) -> None:
    assert Desk(model).send(sealed(H("01 03 70 00 00 01"))) == H("01 83 02 C0 F1")


# Frames


def test_damaged_unsupported_and_foreign_messages_get_no_reply_at_all() -> None:
    desk = Desk()
    assert desk.send("01 03 00 01 00 05 D4 08") == b""
    for function in (1, 2, 5, 11, 17, 23, 43):
        assert desk.send(sealed(bytes((1, function, 0, 1, 0, 1)))) == b""
    assert desk.send(sealed(H("01 08 00 01 12 34"))) == b""  # another sub-function of 08
    assert desk.send(sealed(H("02 03 00 01 00 05"))) == b""
    assert desk.words(1, 2) == (200, 0)  # and it still listens


def test_pieces_and_neighbours() -> None:
    desk = Desk()
    request = H("01 03 00 01 00 02 95 CB")
    reply = desk.send(request)
    desk.said.clear()
    for byte in request:
        desk.unit.receive(bytes((byte,)))
    assert [data for _, data in desk.said] == [reply]
    # Half a message, silence, and a whole one.
    assert desk.send(request[:5]) == b""
    assert desk.send(request) == reply
    # A message to somebody else and one to us in one packet.
    desk.said.clear()
    assert desk.send(sealed(H("07 03 00 01 00 02")) + request) == reply


def test_replies_take_the_time_of_a_single_word_or_of_a_block() -> None:
    for model, single_ns, block_ns in (("epc3000", 5, 10), ("3216", 10, 20), ("2416", 10, 60)):
        desk = Desk(model)
        desk.word(1)
        assert desk.said[0][0] - desk.time.now_ns == single_ns * 1_000_000
        desk.words(1, 2)
        assert desk.said[0][0] - desk.time.now_ns == block_ns * 1_000_000


def test_broadcasts_are_carried_out_without_reply_unless_a_message_comes_too_early() -> None:
    desk = Desk("2416")
    assert desk.send(sealed(H("00 06 00 18 0B B8"))) == b""
    assert desk.values[24] == 0.0
    desk.time.pass_s(0.05)
    assert desk.values[24] == 300.0
    assert desk.send(sealed(H("00 06 00 18 03 E8"))) == b""
    desk.unit.receive(sealed(H("01 03 00 01 00 01")))
    desk.time.pass_s(0.05)
    assert desk.values[24] == 300.0
    assert desk.send(sealed(H("00 03 00 01 00 01"))) == b""
    assert desk.send(sealed(H("00 06 FF 00 00 01"))) == b""
    desk.time.pass_s(0.05)


def test_another_address_and_baud_rate() -> None:
    desk = Desk("2416", address=254, baud=19200)
    assert desk.unit.link == LinkSpec(19200)
    assert desk.words(131) == (254,)
    assert desk.send(sealed(H("FE 06 00 83 00 03"))) == sealed(H("FE 06 00 83 00 03"))
    assert desk.unit.address == 3
    assert desk.words(131) == (3,)


def test_no_more_than_125_words_and_none_is_none() -> None:
    desk = Desk("2416")
    assert len(desk.words(1, 125)) == 125
    assert desk.pdu(3, 0, 1, 0, 126) == b"\x83\x03"
    assert desk.pdu(3, 0, 1, 0, 0) == b"\x83\x03"
    assert desk.pdu(4, 0, 1, 0, 1) == b"\x04\x02" + pack(">h", 200)


@given(st.lists(st.binary(max_size=30), max_size=10), st.sampled_from(MODELS))
def test_noise_breaks_nothing(packets: list[bytes], model: str) -> None:
    desk = Desk(model)
    for data in packets:
        desk.send(data)
    assert desk.words(525) == (1,)
    assert desk.zone.power_pct == 0.0


@given(st.integers(0, 65535), st.binary(min_size=2, max_size=12), st.sampled_from(MODELS))
def test_any_write_is_confirmed_or_refused(register: int, data: bytes, model: str) -> None:
    desk = Desk(model)
    words = data[: len(data) // 2 * 2]
    reply = desk.pdu(16, *pack(">HH", register, len(words) // 2), len(words), *words)
    assert reply[:1] in (b"\x10", b"\x90", b"")
    desk.time.pass_s(10)
    assert 0.0 <= desk.zone.power_pct <= 100.0


# Areas and formats


@pytest.mark.parametrize(
    ("decimals", "resolution", "reads"),
    [(0, "full", 18), (1, "full", 183), (2, "full", 1833), (1, "integer", 18)],
)
def test_decimals_and_resolution(decimals: int, resolution: str, reads: int) -> None:
    desk = Desk("2416", degc=18.33, decimals=decimals, resolution=resolution)
    assert desk.word(1) == reads
    assert desk.word(525) == decimals
    assert desk.real(1) == pytest.approx(18.33, abs=1e-5)


def test_negative_temperatures_and_too_large_ones() -> None:
    desk = Desk("2416", degc=-12.3)
    assert desk.word(1) == -123
    desk = Desk("2416", degc=400.0, decimals=2)
    assert desk.words(1) == (40000 - 65536,)
    desk = Desk("2416", degc=900.0, decimals=2)
    assert desk.word(1) == 0x7FFF


def test_integers_in_the_float_area_stand_in_the_first_word() -> None:
    desk = Desk("2416")
    assert desk.pdu(3, *pack(">HH", 0x8000 + 2 * 23, 2)) == b"\x03\x04\x00\x01\x80\x00"
    assert desk.pdu(3, *pack(">HH", 0x8000 + 2 * 23, 1)) == b"\x03\x02\x00\x01"
    assert desk.pdu(16, *pack(">HHBH", 0x8000 + 2 * 273, 1, 2, 1)) == b"\x10" + pack(
        ">HH", 0x8000 + 2 * 273, 1
    )
    assert desk.word(273) == 1
    assert desk.pdu(16, *pack(">HHBHH", 0x8000 + 2 * 273, 2, 4, 0, 0x8000))[:1] == b"\x10"
    assert desk.word(273) == 0


def test_floats_only_whole_and_at_even_addresses() -> None:
    desk = Desk("2416")
    assert desk.pdu(3, *pack(">HH", 0x8003, 2)) == b"\x83\x02"
    assert desk.pdu(3, *pack(">HH", 0x8002, 1)) == b"\x83\x02"
    assert desk.pdu(16, *pack(">HHBH", 0x8030, 1, 2, 0x438C)) == b"\x90\x03"
    assert desk.pdu(16, *pack(">HHBf", 0x8031, 2, 4, 280.0)) == b"\x90\x02"
    assert desk.values[24] == 0.0


def test_times_in_the_float_area_are_milliseconds() -> None:
    desk = Desk("epc3000")
    assert desk.ms(1233) == 60_000
    assert desk.word(1233) == 60
    desk.put_ms(1233, 45_500)
    assert desk.values[1233] == 45.5
    desk.puts(8344, 3)
    desk.put_ms(8346, 9_000_000)
    assert desk.ms(8346) == 9_000_000
    assert desk.word(8346) == 9000  # an EPC's plain area counts seconds
    desk = Desk("2416")
    desk.puts(8344, 3)
    desk.put_ms(8346, 9_000_000)
    assert desk.word(8346) == 1500  # an A-Lab 2416's tenths of a minute
    desk.puts(8331, 2)
    assert desk.word(8346) == 25  # and of an hour
    desk.puts(8346, 30)
    assert desk.ms(8346) == 3 * 3_600_000


def test_low_word_first_where_somebody_has_configured_it() -> None:
    desk = Desk("epc3000", degc=280.0, low_word_first=True)
    assert desk.pdu(3, 0x80, 2, 0, 2) == H("03 04 00 00 43 8C")
    desk.pdu(16, *pack(">HHB", 0x8030, 2, 4), 0, 0, 0x43, 0x8C)
    assert desk.values[24] == 280.0


def test_identity_words() -> None:
    assert Desk("2416").word(107) == 0x0304
    assert Desk("2416").word(122) >> 8 == 0x24
    assert Desk("3216").word(122) >> 8 != 0x24
    assert Desk("epc3000").word(122) >> 8 != 0x24


def test_the_rate_unit_is_coded_differently() -> None:
    assert {model: Desk(model).word(531) for model in MODELS} == {"epc3000": 1, "3216": 0, "2416": 1}


# Refusals and traps


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_what_is_not_configured_reads_something(model: str) -> None:
    desk = Desk(model)
    first = desk.words(7)
    assert first == desk.words(7)
    assert desk.pdu(6, 0, 7, 0, 1) == b"\x86\x03"
    assert desk.puts(7, 1)[:1] == b"\x10"  # confirmed, and discarded
    assert desk.words(7) == first
    assert Desk("epc3000").pdu(3, 0, 7, 0, 1) == b"\x83\x02"


def test_a_block_goes_on_over_what_is_not_there_and_stops_at_what_is_read_only() -> None:
    desk = Desk("2416")
    assert desk.puts(24, 100, 200, 300, 400)[:1] == b"\x10"  # 27 is nothing
    assert (desk.values[24], desk.values[25], desk.values[26]) == (10.0, 20.0, 30.0)
    # 23 may be written, 24 too, 56 is read only: from there on nothing is kept.
    assert desk.puts(56, 1, 1) == b"\x90\x03"
    assert desk.words(57) == (0,)
    desk.put(220, 1)
    assert desk.puts(56, 1, 1)[:1] == b"\x10"
    assert desk.words(57) == (1,)


@pytest.mark.parametrize("model", MODELS)
def test_read_only_and_out_of_limits(model: str) -> None:
    desk = Desk(model)
    assert desk.put(1, 100) == b"\x86\x03"
    assert desk.put_real(1, 100.0) == b"\x90\x03"
    assert desk.put(3, 500) == b"\x86\x03"  # the output in auto
    desk.put(112, 100)
    desk.put(111, 5000)
    assert desk.put(24, 5001) == b"\x86\x03"
    assert desk.put(24, 50) == b"\x86\x03"
    assert desk.put_real(24, 501.0) == b"\x90\x03"
    assert desk.put_real(24, nan) == b"\x90\x03"
    assert desk.put(24, 5000)[:1] == b"\x06"
    assert desk.put(273, 2) == b"\x86\x03"


def test_floats_are_kept_as_the_instrument_shows_them() -> None:
    for model, kept in (("2416", 280.3), ("3216", 280.3), ("epc3000", 280.26)):
        desk = Desk(model)
        desk.put_real(24, 280.26)
        assert desk.real(24) == pytest.approx(kept, abs=1e-4)


def test_the_type_of_a_segment_says_what_its_third_register_is() -> None:
    desk = Desk("2416")
    desk.puts(8336, 1)
    desk.put_real(8338, 5.0)
    desk.puts(8336, 3)
    assert desk.ms(8338) == 0
    desk.put_ms(8338, 60_000)
    assert desk.word(8338) == 10
    desk.puts(8336, 3)  # the same again
    assert desk.ms(8338) == 60_000
    # An EPC's END has no +3 and no +4.
    desk = Desk("epc3000")
    assert desk.pdu(3, *pack(">HH", 8336 + 3, 1)) == b"\x83\x02"
    assert desk.pdu(3, *pack(">HH", 8336 + 4, 1)) == b"\x83\x02"
    desk.puts(8336, 1)
    assert desk.word(8339) == 0


def test_rate_per_second_with_one_decimal_is_nothing() -> None:
    """int(5 / 60 x 10) is 0: a ramp that is a step."""
    desk = Desk("2416")
    desk.puts(8330, 0)
    desk.puts(8336, 1)
    desk.puts(8338, int(5 / 60 * 10))
    assert desk.real(8338) == 0.0
    desk.put_real(8338, 2 / 60)
    assert desk.real(8338) == 0.0


def test_segments_are_counted_and_programs_have_their_places() -> None:
    desk = Desk("epc3000")
    for index in range(3):
        desk.puts(8336 + 8 * index, 4)
    assert desk.word(8335) == 3
    desk.puts(8464 + 8, 3)  # program 2
    assert desk.word(8464 + 7) == 1
    assert desk.puts(8335, 9) == b"\x90\x03"
    desk.put(22, 2)
    assert desk.word(8192 + 8) == 4  # the running copy is that of program 1 until 2 runs
    desk.put(23, 2)
    assert desk.word(8192 + 8) == 3
    assert desk.puts(8192 + 8, 1) == b"\x90\x03"


def test_configuration_mode_switches_control_off_and_leaving_it_restarts() -> None:
    desk = Desk("2416")
    desk.put(24, 3000)
    desk.time.pass_s(5)
    assert desk.zone.power_pct == 100.0
    desk.put(199, 2)
    assert desk.zone.power_pct == 0.0
    desk.put(199, 0)
    assert desk.pdu(3, 0, 1, 0, 1) == b""
    desk.time.pass_s(5)
    assert desk.word(1) == 200
    desk.puts(8336, 4)
    desk.put(199, 5)
    assert desk.word(8336) == 0  # wiped
    assert desk.values[24] == 0.0
    assert [value for _, value in desk.unit.forbidden] == [2, 0, 5]
