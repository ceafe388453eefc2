"""Modbus RTU frames held against the bytes of the Eurotherm handbook, and replies that are not the answer."""

from __future__ import annotations

from collections import deque
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.instruments.modbus import (
    Modbus,
    crc,
    frame,
    loopback_request,
    read_request,
    word_request,
    words_request,
)
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from tests.instruments.loopback import Script

H = bytes.fromhex

# Bytes of the handbook and the sheet (CRCs recomputed there)


@pytest.mark.parametrize(
    ("made", "sheet"),
    [
        (read_request(2, 1, 2), "02 03 00 01 00 02 95 F8"),
        (word_request(2, 2, 250), "02 06 00 02 00 FA A8 7A"),
        (frame(b"\x02\x07"), "02 07 41 12"),
        (loopback_request(2, 0x1234), "02 08 00 00 12 34 ED 4F"),
        (read_request(1, 1, 5), "01 03 00 01 00 05 D4 09"),
        (read_request(1, 0x8002, 2), "01 03 80 02 00 02 4C 0B"),
        (words_request(1, 0x8004, pack(">f", 280.0)), "01 10 80 04 00 02 04 43 8C 00 00 47 F5"),
        (word_request(1, 0x8004, 1), "01 06 80 04 00 01 20 0B"),
        (read_request(1, 75, 1), "01 03 00 4B 00 01 F4 1C"),
        (words_request(1, 23, b"\0\2"), "01 10 00 17 00 01 02 00 02 24 B6"),
        (word_request(1, 274, 1), "01 06 01 12 00 01 E9 F3"),
        (word_request(1, 273, 0), "01 06 01 11 00 00 D8 33"),
        (words_request(1, 8336, b"\0\1"), "01 10 20 90 00 01 02 00 01 5B 02"),
        (words_request(1, 8337, pack(">H", 2800)), "01 10 20 91 00 01 02 0A F0 9D F7"),
        (words_request(1, 8338, b"\0\x32"), "01 10 20 92 00 01 02 00 32 1A F5"),
        (words_request(1, 8344, b"\0\3"), "01 10 20 98 00 01 02 00 03 DB 8B"),
        (word_request(1, 10573, 1), "01 06 29 4D 00 01 D0 41"),
        (word_request(1, 10575, 1), "01 06 29 4F 00 01 71 81"),
    ],
)
def test_requests_of_the_sheet(made: bytes, sheet: str) -> None:
    assert made == H(sheet)


@pytest.mark.parametrize(
    "reply",
    [
        "02 03 04 00 B2 00 D8 69 4E", "02 07 30 D2 24", "01 03 0A 09 C4 0A F0 00 00 01 90 0A 28 E1 43",
        "01 03 04 43 8C 00 00 2E 5C", "01 10 80 04 00 02 29 C9", "01 86 03 02 61", "01 86 02 C3 A1",
        "01 03 02 02 20 B8 FC", "01 10 00 17 00 01 B1 CD", "01 83 02 C0 F1",
    ],
)  # fmt: skip
def test_replies_of_the_sheet_are_intact(reply: str) -> None:
    assert crc(H(reply)) == 0
    assert crc(H(reply)[:-1] + b"\0") != 0


def modbus(*pairs: tuple[bytes | None, bytes], address: int = 1) -> tuple[Modbus, Script]:
    port = Script(*pairs)
    return Modbus("furnace.tube", port, address), port


def test_exchanges_of_the_sheet() -> None:
    bus, port = modbus(
        (H("01 03 00 01 00 05 D4 09"), H("01 03 0A 09 C4 0A F0 00 00 01 90 0A 28 E1 43")),
        (H("01 03 80 02 00 02 4C 0B"), H("01 03 04 43 8C 00 00 2E 5C")),
        (H("01 10 80 04 00 02 04 43 8C 00 00 47 F5"), H("01 10 80 04 00 02 29 C9")),
        (H("01 03 00 4B 00 01 F4 1C"), H("01 03 02 02 20 B8 FC")),
        (H("01 10 00 17 00 01 02 00 02 24 B6"), H("01 10 00 17 00 01 B1 CD")),
        (H("01 06 01 12 00 01 E9 F3"), H("01 06 01 12 00 01 E9 F3")),
    )
    assert bus.read(1, 5, "values") == pack(">5H", 2500, 2800, 0, 400, 2600)
    assert bus.read(0x8002, 2, "PV") == pack(">f", 280.0)
    bus.write_words(0x8004, pack(">f", 280.0), "SP")
    assert bus.read(75, 1, "status", quick=True) == b"\x02\x20"
    bus.write_words(23, b"\0\2", "run")
    bus.write_word(274, 1, "acknowledge")
    assert port.finished()


def test_the_handbooks_own_pair_at_address_2() -> None:
    bus, _ = modbus((H("02 03 00 01 00 02 95 F8"), H("02 03 04 00 B2 00 D8 69 4E")), address=2)
    assert bus.read(1, 2, "PV and SP") == pack(">2H", 178, 216)


def test_refusals_are_told_in_words_and_not_repeated() -> None:
    bus, port = modbus(
        (H("01 06 80 04 00 01 20 0B"), H("01 86 03 02 61")),
        (H("01 06 80 04 00 01 20 0B"), H("01 86 02 C3 A1")),
        (read_request(1, 40000, 1), H("01 83 02 C0 F1")),
        (read_request(1, 40000, 1), H("01 83 02 C0 F1")),
    )
    with pytest.raises(Refused, match=r"furnace.tube: SP: the controller refused: illegal value \(03\)"):
        bus.write_word(0x8004, 1, "SP")
    with pytest.raises(Refused, match=r"illegal address \(02\)"):
        bus.write_word(0x8004, 1, "SP")
    for quick in (False, True):
        with pytest.raises(Refused, match="illegal address"):
            bus.read(40000, 1, "nothing", quick=quick)
    assert port.finished()


# What is not the answer

READ_75 = H("01 03 00 4B 00 01 F4 1C")
GOOD_75 = H("01 03 02 02 20 B8 FC")


def test_damaged_twice_is_a_bad_reply_and_silence_is_none() -> None:
    bus, _ = modbus((READ_75, GOOD_75[:-1] + b"\0"), (READ_75, GOOD_75[:-1]))
    with pytest.raises(BadReply, match="01 03 02 02 20 b8"):
        bus.read(75, 1, "status")
    bus, _ = modbus((READ_75, b""), (READ_75, b""))
    with pytest.raises(NoReply, match=r"furnace.tube: status: no reply within 0.2 s, 2 attempts"):
        bus.read(75, 1, "status")


@pytest.mark.parametrize(
    "foreign",
    [
        frame(b"\x02\x03\x02\x00\x07"),  # another address
        frame(b"\x01\x03\x04\x00\x07\x00\x08"),  # another byte count
        frame(b"\x01\x10\x00\x17\x00\x01"),  # another function
        frame(b"\x01\x03\x02\x00\x07")[:-1] + b"\xff",  # damaged
        b"\x00\xff\x01\x03",  # noise, with the beginning of a reply in it
    ],
)
@pytest.mark.parametrize("quick", [False, True])
def test_what_stands_before_the_answer_is_passed_over(foreign: bytes, quick: bool) -> None:
    bus, _ = modbus((READ_75, foreign + GOOD_75))
    assert bus.read(75, 1, "status", quick=quick) == b"\x02\x20"


def test_a_write_is_only_confirmed_by_its_own_register_and_value() -> None:
    request = word_request(1, 273, 0)
    bus, _ = modbus((request, word_request(1, 273, 1) + word_request(1, 274, 0) + request))
    bus.write_word(273, 0, "auto")
    bus, _ = modbus((request, word_request(1, 273, 1)), (request, word_request(1, 274, 0)))
    with pytest.raises(BadReply):
        bus.write_word(273, 0, "auto")


class Late:
    """A line on which each request is answered, after `delay` more requests have been sent."""

    def __init__(self, delay: int) -> None:
        self.deadline_s = 0.2
        self.attempts = 2
        self.delay = delay
        self.sent: list[bytes] = []
        self.waiting: deque[bytes] = deque()
        self.input = b""
        self.off = False

    def now_ns(self) -> int:
        return 0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        function = data[1]
        # Each register reads its own number.
        body = data[:6] if function != 3 else data[:2] + b"\x02" + data[2:4]
        self.waiting.append(frame(body) if function != 8 else data)
        while len(self.waiting) > self.delay:
            self.input += self.waiting.popleft()

    def read(self, count: int) -> bytes:
        data, self.input = self.input[:count], self.input[count:]
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        raise AssertionError(end)

    def discard_input(self) -> bytes:
        return self.read(len(self.input))

    def off_waiting(self) -> bool:
        return self.off


def test_a_late_reply_is_never_taken_for_the_answer_to_another_question() -> None:
    """Same address, function and byte count: only the order tells them apart."""
    port = Late(0)
    bus = Modbus("furnace.tube", port, 1)
    assert bus.read(23, 1, "program") == b"\0\x17"
    port.delay = 1
    for _ in range(4):
        # The reply to the first attempt comes in the second one; the second one's is still to come.
        for register in (75, 23, 56, 4):
            try:
                words = bus.read(register, 1, "something")
            except InstrumentError:
                continue
            assert words == register.to_bytes(2, "big")
    port.delay = 0
    port.discard_input()
    assert bus.read(75, 1, "status") == b"\0\x4b"
    assert bus.read(23, 1, "program") == b"\0\x17"


def test_after_a_lost_reply_the_next_question_waits_for_an_echo() -> None:
    bus, port = modbus(
        (READ_75, b""),
        (READ_75, GOOD_75),
        (loopback_request(1, 1), GOOD_75 + loopback_request(1, 1)),
        (read_request(1, 23, 1), frame(b"\x01\x03\x02\0\2")),
        (read_request(1, 23, 1), frame(b"\x01\x03\x02\0\4")),
    )
    assert bus.read(75, 1, "status") == b"\x02\x20"
    # What the first attempt's reply says now would be "program status 544".
    assert bus.read(23, 1, "program") == b"\0\2"
    assert bus.read(23, 1, "program") == b"\0\4"
    assert port.finished()


def test_an_instrument_without_loopback_is_asked_on_after_two_whole_deadlines_of_silence() -> None:
    bus, port = modbus(
        (READ_75, b""), (READ_75, GOOD_75), (loopback_request(1, 1), b""), (loopback_request(1, 2), b""),
        (READ_75, GOOD_75), (READ_75, GOOD_75),
    )  # fmt: skip
    assert [bus.read(75, 1, "status") for _ in range(3)] == [b"\x02\x20"] * 3
    assert port.finished()


def test_writes_of_an_off_do_not_wait_for_an_echo() -> None:
    bus, port = modbus((READ_75, b""), (READ_75, b""), (word_request(1, 273, 0), word_request(1, 273, 0)))
    with pytest.raises(NoReply):
        bus.read(75, 1, "status")
    bus.write_word(273, 0, "auto")
    assert port.finished()


def test_no_second_attempt_while_an_off_waits_unless_it_is_one() -> None:
    bus, port = modbus((READ_75, b""))
    port.off = True
    with pytest.raises(Preempted):
        bus.read(75, 1, "status")
    bus, port = modbus((READ_75, b""), (READ_75, GOOD_75))
    port.off = bus.urgent = True
    assert bus.read(75, 1, "status") == b"\x02\x20"


@given(st.binary(max_size=40), st.binary(max_size=40), st.booleans())
def test_no_bytes_break_it(first: bytes, second: bytes, quick: bool) -> None:
    bus, _ = modbus((READ_75, first), (READ_75, second))
    try:
        words = bus.read(75, 1, "status", quick=quick)
    except InstrumentError as error:
        assert str(error).startswith("furnace.tube: status")
    else:
        assert frame(b"\x01\x03\x02" + words) in first + second
