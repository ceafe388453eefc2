"""Bytes of New Era pumps for the tests, made without any of our code, and a driver on a script of them."""

from __future__ import annotations

from rig.instruments.new_era import NewEra
from rig.instruments.settings import PumpSettings
from rig.outputs import PumpOutput
from tests.instruments.loopback import Script

Pair = tuple[bytes | None, bytes]

STP = bytes.fromhex("02 08 30 53 54 50 B3 F9 03")
STOPPED = bytes.fromhex("02 07 30 30 53 AA A6 03")
RESET = bytes.fromhex("02 09 30 30 41 3F 52 65 86 03")
TIME_OUT = bytes.fromhex("02 09 30 30 41 3F 54 05 40 03")


def frame(data: str) -> bytes:
    """A Safe packet, made by the formula of the sheet: CRC CCITT, start 0, over the data."""
    crc = 0
    for byte in data.encode("ascii"):
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return bytes([2, len(data) + 4, *data.encode("ascii"), crc >> 8, crc & 255, 3])


def ok(command: str, reply: str = "00S") -> Pair:
    return frame("0" + command), frame(reply)


VERSION = ok("VER", "00SNE1000V3.928")
SET_UP = [ok("SAF2"), ok("PF0"), ok("PHN1"), ok("FUNRAT"), ok("VOL0"), ok("DIRINF")]
START = [ok("DIA14.43"), ok("CLDINF"), ok("CLDWDR"), ok("RAT1.000MH"), ok("RUN", "00I")]
ONE = PumpOutput(running=True, rate_ml_h=1.0, diameter_mm=14.43, batch=1)


def pump(*pairs: Pair, address: int | None = None, model: str | None = None) -> tuple[NewEra, Script]:
    port = Script(*pairs)
    return NewEra(PumpSettings("pumps.a", "new-era", "x", model, address), port), port


def running(*pairs: Pair) -> tuple[NewEra, Script]:
    """A pump that was brought to 1 ml/h, with the script that follows."""
    driver, port = pump((STP, STOPPED), *SET_UP, *START, *pairs)
    driver.off()
    driver.set_up()
    driver.apply(ONE)
    return driver, port
