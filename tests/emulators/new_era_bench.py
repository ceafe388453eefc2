"""Emulated New Era pumps whose bytes a test sends and sees itself."""

from __future__ import annotations

from math import pi

from rig.emulators.new_era import NewEraEmulator
from rig.emulators.physics.syringe import Plunger
from tests.instruments.loopback import HandTimeline

MM = 14.43
ML_PER_MM = pi * MM**2 / 4000


def safe(data: str) -> bytes:
    """A Safe packet, its CRC bit by bit as the sheet says."""
    crc = 0
    for byte in data.encode("ascii"):
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return bytes([2, len(data) + 4, *data.encode("ascii"), crc >> 8, crc & 255, 3])


class Bench:
    """One pump or several, and the bytes they say."""

    def __init__(self, *addresses: int, content_ml: float = 5.0, second_phase: str = "RAT") -> None:
        self.time = HandTimeline()
        self.plungers: list[Plunger] = []
        self.pumps: list[NewEraEmulator] = []
        self.said: list[tuple[int, bytes]] = []
        for address in addresses or (0,):
            plunger = Plunger(diameter_mm=MM, capacity_ml=10, content_ml=content_ml, timeline=self.time)
            pump = NewEraEmulator(
                f"pump{address}", self.time, plunger=plunger, address=address, second_phase=second_phase
            )
            pump.transmit = lambda data, begins_ns: self.said.append((begins_ns, data))
            self.plungers.append(plunger)
            self.pumps.append(pump)
        self.pump, self.plunger = self.pumps[0], self.plungers[0]

    def send(self, data: bytes) -> bytes:
        """Bytes to all pumps at once; all that they answer."""
        self.said.clear()
        for pump in self.pumps:
            pump.receive(data)
        return b"".join(data for _, data in self.said)

    def basic(self, command: str) -> str:
        """A Basic request; what stands between STX and ETX of the reply."""
        reply = self.send(command.encode() + b"\r")
        if not reply:
            return ""
        assert reply[0] == 2 and reply[-1] == 3
        return reply[1:-1].decode()

    def safe(self, command: str) -> str:
        """A Safe request; the reply's data, its packet checked."""
        reply = self.send(safe(command))
        text = reply[2:-3].decode()
        assert reply == safe(text)
        return text

    def all(self, *commands: str) -> list[str]:
        """Several Basic requests."""
        return [self.basic(command) for command in commands]


def ready(**options: float | str) -> Bench:
    """A pump whose reset alarm was acknowledged, with the syringe told."""
    bench = Bench(**options)  # type: ignore[arg-type]
    assert bench.all("0", "DIA14.43") == ["00A?R", "00S"]
    return bench
