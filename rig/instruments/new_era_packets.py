"""The packets of the New Era NE-1000 family: Safe and Basic mode, status letters, alarms, numbers.

Safe packet, both ways: STX, length, data, CRC high, CRC low, ETX; length counts itself and what follows it, the CRC is
CCITT (polynomial 0x1021, start 0) over the data. Length and CRC bytes may be 0x02, 0x03 or 0x0D, so a packet is read by
its length. Basic reply: STX, data, ETX, without any checksum. Reply data in both: two digits of address, one status
letter or `A?` and an alarm letter, then what was asked or `?` and an error.

Source: New Era manual 1200-01 (08/2014), section 10.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterator
from typing import NamedTuple

from rig.lines.errors import BadReply, NoReply, Refused
from rig.lines.port import Port

STX = 0x02
ETX = 0x03
OVERHEAD = 5  # STX, length, two CRC bytes, ETX
SHORTEST = 7  # length byte of a reply that says only address and status
LONGEST = 0x2F  # no reply is longer, and 0x30 to 0x39 is the first digit of a Basic reply's address

STATUS = {
    "I": "infusing",
    "W": "withdrawing",
    "S": "stopped",
    "P": "paused",
    "T": "timed pause phase",
    "U": "waiting for user or trigger",
    "X": "purging",
}

ALARMS = {
    "R": "pump was reset (its power was interrupted)",
    "S": "motor stalled",
    "T": "Safe-mode communication time-out, the pump stopped itself",
    "E": "pumping program error",
    "O": "pumping program phase out of range",
}

ERRORS = {
    "?": "the pump does not know this command",
    "?NA": "not applicable now",
    "?OOR": "out of range",
    "?COM": "the packet reached the pump damaged",
    "?IGN": "ignored, a phase was just starting",
}


class PumpAlarm(Refused):
    """The pump is in alarm, or stopped without being told to. It is not started again before `off`.

    letter: the alarm's letter (`ALARMS`), empty if the pump gave none.
    """

    def __init__(self, text: str, letter: str = "") -> None:
        super().__init__(text)
        self.letter = letter


class Reply(NamedTuple):
    """What a pump said. status is "A" in an alarm, whose letter is in `alarm`; checked: it came with a good CRC."""

    address: int
    status: str
    alarm: str
    data: str
    checked: bool


def safe_packet(text: str) -> bytes:
    """The Safe packet that carries `text` (address and command)."""
    data = text.encode("ascii")
    return bytes((STX, len(data) + 4)) + data + crc_hqx(data, 0).to_bytes(2, "big") + bytes((ETX,))


def parse(data: bytes, checked: bool) -> Reply:
    """Address, status and rest out of a reply's data. Raises BadReply for anything the manual does not know."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise BadReply(f"not text: {data.hex(' ')}") from None
    if len(text) < 3 or not text[:2].isdigit() or not text.isprintable():
        raise BadReply(f"not a pump's reply: {text!r}")
    status, rest = text[2], text[3:]
    if status == "A":
        if len(rest) != 2 or rest[0] != "?" or rest[1] not in ALARMS:
            raise BadReply(f"an alarm the manual does not know: {text!r}")
        return Reply(int(text[:2]), "A", rest[1], "", checked)
    if status not in STATUS:
        raise BadReply(f"a status the manual does not know: {text!r}")
    if rest.startswith("?") and rest not in ERRORS:
        raise BadReply(f"an error the manual does not know: {text!r}")
    return Reply(int(text[:2]), status, "", rest, checked)


def read_reply(port: Port) -> Reply:
    """The next reply on the port, in either mode.

    Raises NoReply when nothing came within the deadline, BadReply when what came is cut short or damaged.
    """
    head = port.read(2)
    if len(head) < 2:
        if not head:
            raise NoReply(f"no reply within {port.deadline_s:g} s")
        raise BadReply(f"only {head.hex(' ')} within {port.deadline_s:g} s")
    if head[0] != STX:
        raise BadReply(f"{head.hex(' ')} where a packet begins")
    length = head[1]
    if 0x30 <= length <= 0x39:
        rest = port.read_until(b"\x03", LONGEST)
        if not rest or rest[-1] != ETX:
            raise BadReply(f"a Basic reply without its end: {(head + rest).hex(' ')}")
        return parse(head[1:] + rest[:-1], False)
    if not SHORTEST <= length <= LONGEST:
        raise BadReply(f"a packet of length {length}")
    rest = port.read(length - 1)
    if len(rest) < length - 1:
        raise BadReply(f"only {(head + rest).hex(' ')} of a packet of length {length}")
    return _opened(head, rest)


def _opened(head: bytes, rest: bytes) -> Reply:
    data = rest[:-3]
    if rest[-1] != ETX or crc_hqx(data, 0) != rest[-3] << 8 | rest[-2]:
        raise BadReply(f"a damaged packet (CRC or end): {(head + rest).hex(' ')}")
    return parse(data, True)


def unasked(stray: bytes) -> Iterator[Reply]:
    """The whole, undamaged Safe packets in bytes that nobody waited for (the auto-alarm of Safe mode)."""
    at = stray.find(STX)
    while 0 <= at < len(stray) - 1:
        end = at + 1 + stray[at + 1]
        if SHORTEST <= stray[at + 1] <= LONGEST and end <= len(stray):
            try:
                yield _opened(stray[at : at + 2], stray[at + 2 : end])
            except BadReply:
                end = at + 1
        else:
            end = at + 1
        at = stray.find(STX, end)


def number(text: str) -> float:
    """A number as the pump writes it: at most 4 digits, one point, at most 3 decimals. Raises BadReply."""
    whole, _, decimals = text.partition(".")
    digits = whole + decimals
    if not digits.isdigit() or len(digits) > 4 or len(decimals) > 3:
        raise BadReply(f"not a number of this pump: {text!r}")
    return float(text)
