"""What goes over the wire of an emulated New Era pump: packets in both modes, numbers, addresses and commands.

Written from the manual (1200-01, 08/2014, section 10) for the emulator alone. Not in the manual, and so unconfirmed: a
Safe packet cuts off unfinished Basic text before it, and Basic text is forgotten after 128 characters without its end.
"""

from __future__ import annotations

from binascii import crc_hqx
from functools import lru_cache
from typing import NamedTuple

BYTE_GAP_NS = 500_000_000
"""A pause inside a Safe packet after which its beginning is forgotten."""

TEXT_LIMIT = 128


class Packet(NamedTuple):
    """What a pump heard: the data, whether it came as a Safe packet, and whether length, CRC and end were right."""

    data: bytes
    safe: bool
    intact: bool


def safe_reply(data: bytes) -> bytes:
    """Reply in Safe mode: 02, number of bytes that follow counting itself, data, CRC high and low, 03."""
    crc = crc_hqx(data, 0)
    return b"\x02%c%b%c%c\x03" % (len(data) + 4, data, crc >> 8, crc & 255)


def basic_reply(data: bytes) -> bytes:
    """Reply in Basic mode: 02, data, 03."""
    return b"\x02%b\x03" % data


class Receiver:
    """Cuts the bytes on the line into packets."""

    __slots__ = ("_buffer", "_last_ns")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._last_ns = 0

    def feed(self, data: bytes, now_ns: int, byte_ns: int) -> list[Packet]:
        """Bytes whose last has arrived now, one after the other; the packets they complete."""
        buffer = self._buffer
        if buffer:
            if buffer[0] == 2 and now_ns - len(data) * byte_ns - self._last_ns > BYTE_GAP_NS:
                buffer.clear()
        elif len(data) > 4 and data[0] == 2 and data[1] == len(data) - 1:
            self._last_ns = now_ns
            return [_safe_packet(data)]
        self._last_ns = now_ns
        buffer += data
        packets: list[Packet] = []
        while buffer:
            packet = self._next()
            if packet is None:
                break
            packets.append(packet)
        return packets

    def _next(self) -> Packet | None:
        buffer = self._buffer
        while buffer:
            if buffer[0] == 2:
                if len(buffer) < 2:
                    return None
                length = buffer[1]
                if length < 4:
                    del buffer[0]
                    continue
                if len(buffer) <= length:
                    return None
                packet = _safe_packet(bytes(buffer[: length + 1]))
                del buffer[: length + 1]
                return packet
            end, start = buffer.find(13), buffer.find(2)
            if start >= 0 and (end < 0 or start < end):
                del buffer[:start]
            elif end >= 0:
                packet = Packet(bytes(buffer[:end]), False, True)
                del buffer[: end + 1]
                return packet
            else:
                if len(buffer) > TEXT_LIMIT:
                    buffer.clear()
                return None
        return None


def _safe_packet(frame: bytes) -> Packet:
    data = frame[2:-3]
    return Packet(data, True, frame[-1] == 3 and crc_hqx(data, 0) == frame[-3] * 256 + frame[-2])


def clean(data: bytes) -> str:
    """A command as the pump sees it: without spaces and control characters, in capitals."""
    return "".join(chr(byte) for byte in data if 32 < byte < 127).upper()


@lru_cache(maxsize=256)
def address_of(text: str) -> tuple[int, str]:
    """Address and command; no address means 0. An address has one or two digits."""
    count = 0
    while count < 2 and text[count : count + 1].isdigit():
        count += 1
    return (int(text[:count]) if count else 0), text[count:]


def shown(value: float) -> str:
    """A number as the pump writes it: 4 digits and a point, at most 3 decimals ("0.000", "12.34", "1000.")."""
    if value < 9.9995:
        return f"{value:.3f}"
    if value < 99.995:
        return f"{value:.2f}"
    if value < 999.95:
        return f"{value:.1f}"
    return f"{min(value, 9999.0):.0f}."


def understood(text: str) -> float | str:
    """The number in a command's data, or the error: "?" if it is none, "?OOR" with more digits than the pump has."""
    whole, _, decimals = text.partition(".")
    if not (whole + decimals).isdigit():
        return "?"
    if len(whole + decimals) > 4 or len(decimals) > 3:
        return "?OOR"
    return float(text)


def integer(text: str, low: int, high: int) -> int | str:
    """The whole number in a command's data, or the error."""
    if not text.isdigit():
        return "?"
    value = int(text) if len(text) < 6 else high + 1
    return value if low <= value <= high else "?OOR"
