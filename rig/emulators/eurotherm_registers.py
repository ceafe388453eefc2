"""Which registers an emulated Eurotherm has, by model: kind, limits, whether it may be written, value when new.

Sources: Eurotherm handbook HA026230; register exports in CederGroupHub/alab_control (2416, 3216P, EPC3016); the 3200
driver of C. Carr for 3200 units and programmer. A value when new is that of a controller somebody has set up for a
furnace up to 1200 degC. Model words of 3216 and EPC3000 are invented, the documents give only the 2400's.
"""

from __future__ import annotations

from dataclasses import dataclass

DEGREES, PERCENT, RATE, SECONDS, MINUTES, INTEGER = "degrees", "percent", "rate", "seconds", "minutes", "int"


@dataclass(frozen=True, slots=True)
class Register:
    """One parameter. SECONDS and MINUTES are times, kept in s; the word says what the plain area counts in."""

    kind: str
    writable: bool = False
    low: float = -32768.0
    high: float = 65535.0
    default: float = 0.0


def _read(kind: str = INTEGER, default: float = 0.0) -> Register:
    return Register(kind, default=default)


def _set(kind: str, low: float, high: float, default: float = 0.0) -> Register:
    return Register(kind, True, low, high, default)


_FLAG = _set(INTEGER, 0, 1)
_DEGREES = _set(DEGREES, -9999, 9999)

_COMMON: dict[int, Register] = {
    1: _read(DEGREES), 2: _DEGREES, 3: _set(PERCENT, -100, 100), 4: _read(PERCENT), 5: _read(DEGREES),
    6: _set(DEGREES, 0.1, 9999, 14.0), 8: _set(SECONDS, 0, 9999, 300.0), 9: _set(SECONDS, 0, 9999, 20.0),
    11: _read(DEGREES, 0.0), 12: _read(DEGREES, 1200.0),
    13: _DEGREES, 14: _DEGREES, 81: _DEGREES, 82: _DEGREES,
    15: _FLAG, 23: _set(INTEGER, 0, 16), 24: _DEGREES, 25: _DEGREES, 26: _DEGREES,
    30: _set(PERCENT, 0, 100, 100.0), 31: _set(PERCENT, -100, 100, 0.0), 34: _set(PERCENT, -100, 100, 0.0),
    35: _set(RATE, 0, 9999), 37: _set(PERCENT, 0, 100), 39: _read(DEGREES),
    74: _read(), 75: _read(), 83: _set(SECONDS, 0, 9999, 600.0),
    107: _read(default=0x0304), 111: _set(DEGREES, -9999, 9999, 1200.0), 112: _set(DEGREES, -9999, 9999, 0.0),
    121: _read(), 122: _read(), 131: _set(INTEGER, 1, 254, 1), 199: _set(INTEGER, 0, 255),
    202: _read(DEGREES), 215: _read(DEGREES, 25.0), 263: _read(), 270: _FLAG, 273: _FLAG, 274: _FLAG, 276: _FLAG,
    289: _read(DEGREES), 516: _read(), 525: _read(default=1), 531: _read(),
    **{first + number: _set(INTEGER, 0, 18) for first in (536,) for number in range(4)},
    **{540 + number: _set(INTEGER, 0, 3) for number in range(4)},
    **{544 + number: _FLAG for number in range(4)},
}  # fmt: skip

_BLOCKS: dict[int, Register] = {
    22: _set(INTEGER, 1, 20, 1), 29: _read(), 56: _read(), 58: _read(SECONDS), 59: _read(),
    63: _read(MINUTES), 76: _read(), 77: _read(), 78: _FLAG, 160: _read(DEGREES), 161: _read(RATE),
    163: _read(DEGREES), 259: _read(), 275: _read(), 277: _read(), 278: _FLAG,
    518: _set(INTEGER, 0, 2, 1), 520: _set(INTEGER, 0, 1, 0),
}  # fmt: skip

MODELS: dict[str, dict[int, Register]] = {
    "2416": {
        **_COMMON, **_BLOCKS,
        36: _read(SECONDS), 57: _FLAG, 64: _set(PERCENT, 0, 100), 220: _FLAG, 258: _read(),
        517: _read(default=20), 122: _read(default=0x2461), 531: _read(default=1),
    },
    "3216": {
        **_COMMON,
        258: _read(), 260: _read(), 261: _read(), 294: _read(), 295: _read(),
        321: _FLAG, 325: _read(SECONDS), 327: _set(DEGREES, 0, 9999), 328: _set(INTEGER, 0, 4),
        329: _set(INTEGER, 0, 3, 1), 330: _read(), 332: _set(INTEGER, 0, 9999, 1), 333: _set(INTEGER, 0, 3),
        578: _read(), 122: _read(default=0x3216), 531: _read(default=0),
        **{1312 + number: _set(INTEGER, 0, 255) for number in (*range(8), *range(8, 16))},
    },
    "epc3000": {
        **_COMMON, **_BLOCKS,
        122: _read(default=0x3016), 531: _read(default=1), 1072: _read(), 1085: _FLAG, 1089: _read(),
        1169: _set(SECONDS, 0, 9999), 1170: _set(INTEGER, 0, 1), 1171: _set(INTEGER, 0, 1), 1172: _FLAG,
        1173: _set(INTEGER, 0, 3), 1233: _set(SECONDS, 0, 9999, 60.0), 1234: _set(INTEGER, 0, 1, 1),
        1235: _set(INTEGER, 0, 1), 1236: _FLAG, 1238: _set(INTEGER, 0, 3),
        2113: _read(), 2125: _read(), 2126: _FLAG,
        10573: _FLAG, 10574: _FLAG, 10575: _FLAG, 10576: _FLAG, 10577: _FLAG, 10584: _read(default=1),
    },
}  # fmt: skip
"""Registers by model and number, program memory apart."""

PROGRAMS = {"2416": 20, "3216": 0, "epc3000": 10}
"""How many programs of the block form a model keeps."""

STATUS_CODES = {
    "2416": {"reset": 1, "run": 2, "hold": 4, "holdback": 8, "complete": 16},
    "3216": {"reset": 0, "run": 1, "hold": 2, "holdback": 1, "complete": 3},
    "epc3000": {"reset": 1, "run": 2, "hold": 4, "holdback": 8, "complete": 16},
}
"""Register 23 by model."""

RATE_UNITS_S = {
    "2416": (1.0, 60.0, 3600.0),
    "3216": (60.0, 3600.0, 1.0),
    "epc3000": (1.0, 60.0, 3600.0),
}
"""Register 531 by model: the two families disagree."""

LATENCY_S = {"2416": (0.01, 0.06), "3216": (0.01, 0.02), "epc3000": (0.005, 0.01)}
"""Before the reply to a single word, and to a block; assumed within the handbook's 2 to 10 and 2 to 500 ms."""
