"""An emulated Eurotherm whose bytes a test sends and sees itself; the furnace is a number that a test sets."""

from __future__ import annotations

from struct import pack, unpack
from typing import Any

from rig.emulators.eurotherm import EurothermEmulator
from tests.instruments.loopback import HandTimeline


class Still:
    """A hot zone that stays where it is put."""

    def __init__(self, degc: float = 20.0) -> None:
        self.degc = degc
        self.power_pct = 0.0

    def heat(self, now_ns: int, power_pct: float) -> None:
        self.power_pct = power_pct

    def temperature_degc(self, now_ns: int) -> float:
        return self.degc


def sealed(body: bytes) -> bytes:
    """With the CRC, bit by bit."""
    crc = 0xFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return body + bytes((crc & 255, crc >> 8))


class Desk:
    """One controller at address 1 unless told otherwise."""

    def __init__(self, model: str = "epc3000", *, degc: float = 20.0, **options: Any) -> None:
        self.time = HandTimeline()
        self.zone = Still(degc)
        self.said: list[tuple[int, bytes]] = []
        self.unit = EurothermEmulator("furnace.tube", self.time, furnace=self.zone, model=model, **options)
        self.unit.transmit = lambda data, begins_ns: self.said.append((begins_ns, data))
        self.values = self.unit.registers.values

    def send(self, data: bytes | str) -> bytes:
        """Bytes in (hexadecimal if text), after a moment of silence; bytes out."""
        self.time.pass_s(0.02)
        self.said.clear()
        self.unit.receive(bytes.fromhex(data) if isinstance(data, str) else data)
        return b"".join(reply for _, reply in self.said)

    def pdu(self, *body: int) -> bytes:
        """A request without address and CRC; the reply likewise. Its frame is checked."""
        reply = self.send(sealed(bytes((self.unit.address, *body))))
        if not reply:
            return b""
        assert sealed(reply[:-2]) == reply
        assert reply[0] == self.unit.address
        return reply[1:-2]

    def words(self, register: int, count: int = 1) -> tuple[int, ...]:
        """Function 03, signed."""
        reply = self.pdu(3, *pack(">HH", register, count))
        assert reply[:2] == bytes((3, 2 * count)), reply
        return unpack(f">{count}h", reply[2:])

    def word(self, register: int) -> int:
        return self.words(register)[0]

    def real(self, register: int) -> float:
        """The float copy."""
        reply = self.pdu(3, *pack(">HH", 0x8000 + 2 * register, 2))
        value: float = unpack(">f", reply[2:])[0]
        return value

    def ms(self, register: int) -> int:
        """The float copy of a time."""
        reply = self.pdu(3, *pack(">HH", 0x8000 + 2 * register, 2))
        value: int = unpack(">i", reply[2:])[0]
        return value

    def put(self, register: int, value: int) -> bytes:
        """Function 06."""
        return self.pdu(6, *pack(">HH", register, value & 0xFFFF))

    def puts(self, register: int, *values: int) -> bytes:
        """Function 16."""
        words = pack(f">{len(values)}H", *(value & 0xFFFF for value in values))
        return self.pdu(16, *pack(">HH", register, len(values)), len(words), *words)

    def put_real(self, register: int, value: float) -> bytes:
        return self.pdu(16, *pack(">HHBf", 0x8000 + 2 * register, 2, 4, value))

    def put_ms(self, register: int, value: int) -> bytes:
        return self.pdu(16, *pack(">HHBi", 0x8000 + 2 * register, 2, 4, value))


OK = {6: b"\x06", 16: b"\x10"}


def program(
    desk: Desk, rate: float = 10.0, target: float = 100.0, dwell_ms: int = 60_000, end: int = 0
) -> None:
    """Program 1 by the sheet: a ramp, a dwell, the end; the end type in its own place."""
    desk.puts(8328, 0, 0, 1, 1, 1)
    desk.puts(8336, 1)
    desk.put_real(8337, target)
    desk.put_real(8338, rate)
    desk.puts(8344, 3)
    desk.put_ms(8346, dwell_ms)
    desk.puts(8352, 0)
    desk.puts(8355, end)
    desk.puts(8334, end)
