"""What a sound reply is, written down once more from the makers' sheets and not from the drivers: which bytes in what
arrived are a whole frame that length, grammar, range and checksum let pass, and what that frame says.

Each function takes what was read after one request and gives (first byte, byte after the last, values by channel) for
every such frame. None as a value: the instrument says that it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from struct import unpack

Frame = tuple[int, int, dict[str, float | None]]


def lines(data: bytes, end: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Whole lines without their end, and where they stand."""
    start = 0
    while (at := data.find(end, start)) >= 0:
        yield start, at + len(end), data[start:at]
        start = at + len(end)


# XP Glassman manual 102002-177 Rev M2: R VVV III 000 ddd cs CR, monitors 0 to 3FF, status bits 0 to 2 of the first d

_R = re.compile(rb"R([0-3][0-9A-F]{2})([0-3][0-9A-F]{2})000([0-7])[0-9A-F]{2}([0-9A-F]{2})")


def glassman(data: bytes, rating_kv: float, rating_ua: float) -> Iterator[Frame]:
    """Replies to Q."""
    for start, end, line in lines(data, b"\r"):
        found = _R.fullmatch(line)
        if found is None or sum(line[1:13]) % 256 != int(found[4], 16):
            continue
        bits = int(found[3])
        yield (
            start,
            end,
            {
                "voltage_kv": int(found[1], 16) / 1023 * rating_kv,
                "current_ua": int(found[2], 16) / 1023 * rating_ua,
                "output": float(bits >> 2 & 1),
                "fault": float(bits >> 1 & 1),
                "current_mode": float(bits & 1),
            },
        )


# New Era manual 1200-01: STX length data CRC CRC ETX; two digits of address, status letter, data


def ccitt(data: bytes) -> int:
    """CRC-CCITT, start 0, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


_DIS = re.compile(r"I(\d+\.?\d*)W(\d+\.?\d*)(ML|UL)")
_RATE = re.compile(r"(\d+\.?\d*)(MH|UH|MM|UM)")
_ML_H = {"MH": 1.0, "UH": 0.001, "MM": 60.0, "UM": 0.06}


def _pump_number(text: str) -> bool:
    whole, _, decimals = text.partition(".")
    return len(whole + decimals) <= 4 and len(decimals) <= 3


def new_era(data: bytes, command: str, address: int = 0) -> Iterator[Frame]:
    """Safe packets in reply to DIS or RAT."""
    for start in range(len(data)):
        if data[start] != 2 or start + 1 >= len(data):
            continue
        end = start + 1 + data[start + 1]
        packet = data[start:end]
        if end > len(data) or len(packet) < 8 or packet[-1] != 3:
            continue
        body = packet[2:-3]
        if ccitt(body) != int.from_bytes(packet[-3:-1], "big"):
            continue
        text = body.decode("latin-1")
        status, rest = text[2:3], text[3:]
        if text[:2] != f"{address:02d}" or status not in "IWSPTUX":
            continue
        moving = status in "IWX"
        if command == "DIS" and (found := _DIS.fullmatch(rest)):
            if _pump_number(found[1]) and _pump_number(found[2]):
                volume = (float(found[1]) - float(found[2])) * (1.0 if found[3] == "ML" else 0.001)
                values: dict[str, float | None] = {"delivered_ml": volume, "running": float(moving)}
                if not moving:
                    values["rate_ml_h"] = 0.0
                yield start, end, values
        elif command == "RAT" and (found := _RATE.fullmatch(rest)) and _pump_number(found[1]):
            rate = float(found[1]) * _ML_H[found[2]]
            yield start, end, {"rate_ml_h": {"I": rate, "W": -rate, "X": None}.get(status, 0.0)}


# Keithley 6485 manual, FORM:ELEM READ: +1.040564E-06, ended as the TERM menu says

_READING = re.compile(rb"[+-]\d\.\d{6}E[+-]\d\d")
_OVERFLOW = re.compile(rb"[+-]?9\.90*E\+?37")
_NO_NUMBER = re.compile(rb"[+-]?9\.910*E\+?37")


def _ampere(text: bytes, range_a: float) -> tuple[bool, float | None, bool]:
    """(sound, value in A, overflow)."""
    if _OVERFLOW.fullmatch(text):
        return True, None, True
    if _NO_NUMBER.fullmatch(text):
        return True, None, False
    if _READING.fullmatch(text) and abs(float(text)) <= 1.06 * range_a:
        return True, float(text), False
    return False, None, False


def keithley(data: bytes, range_a: float) -> Iterator[Frame]:
    """Replies to READ?; up to 105 % of the range, and 1 % more for the zero taken away."""
    for start, end, line in lines(data, b"\n"):
        sound, value_a, overflow = _ampere(line.strip(b"\r"), range_a)
        if sound:
            yield (
                start,
                end,
                {"current_na": None if value_a is None else value_a * 1e9, "overload": float(overflow)},
            )


def keithley_buffer(data: bytes, range_a: float, count: int) -> Iterator[Frame]:
    """Replies to TRAC:DATA?: so many readings; noise and peak where all of them are numbers."""
    for start, end, line in lines(data, b"\n"):
        each = [_ampere(text, range_a) for text in line.strip(b"\r").split(b",")]
        if len(each) != count or not all(sound for sound, _, _ in each):
            continue
        known = [value * 1e9 for _, value, _ in each if value is not None]
        values: dict[str, float | None] = {}
        if len(known) == count:
            mean = sum(known) / count
            values["peak_na"] = max(abs(value - mean) for value in known)
            values["noise_na"] = (sum((value - mean) ** 2 for value in known) / (count - 1)) ** 0.5
        yield start, end, values


# Vaisala HMT310 manual: RH= 98.4 %RH T= 31.1 'C; read by names, whatever else the user's FORM puts in


def vaisala(data: bytes) -> Iterator[Frame]:
    """Lines in reply to SEND."""
    whole = list(lines(data, b"\n"))
    last = whole[-1][1] if whole else 0
    if data[last:].endswith(b"\r"):  # a FORM may end its line with CR alone
        whole.append((last, len(data), data[last:]))
    for start, end, line in whole:
        text = line.decode("ascii", "replace").strip(" \r\t>")
        values: dict[str, float | None] = {}
        if not text.isascii() or not text.replace("\t", " ").isprintable():
            continue
        for name, channel, unit, low, high in (
            ("RH=", "humidity_pct", "%RH", 0.0, 100.0),
            ("T=", "temperature_degc", "'C", -70.0, 180.0),
        ):
            places = [
                at for at in range(len(text)) if text.startswith(name, at) and not text[:at][-1:].isalnum()
            ]
            if len(places) != 1:
                break
            number, *rest = text[places[0] + len(name) :].replace("\t", " ").lstrip().split(" ")
            if number.endswith(unit):
                number, rest = number.removesuffix(unit), [unit]
            fahrenheit = number.endswith("'F") or rest[:1] == ["'F"]
            if unit == "'C" and fahrenheit:
                number, rest = number.removesuffix("'F"), [unit]
            if next((word for word in rest if word), "") != unit:
                break
            if set(number) <= set("*.") and number[:1] == "*":
                values[channel] = None
                continue
            if not re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{1,3}", number):
                break
            value = float(number)
            if unit == "'C" and fahrenheit:
                value = (value - 32.0) / 1.8
            if not low <= value <= high:
                break
            values[channel] = value
        else:
            yield start, end, values


# Advantech ADAM-4000 manual: 4050 !(out)(in)00, the checksum's two digits before the CR if it is on


def adam(data: bytes, checksum: bool, channels: dict[str, int]) -> Iterator[Frame]:
    """Replies of a 4050 to $AA6, contacts that are healthy when closed; a closed one reads 0."""
    for start, end, line in lines(data, b"\r"):
        if checksum:
            line, digits = line[:-2], line[-2:]
            if digits != b"%02X" % (sum(line) % 256):
                continue
        if re.fullmatch(rb"![0-9A-F]{4}00", line):
            bits = int(line[3:5], 16)
            yield start, end, {name: float(not bits >> bit & 1) for name, bit in channels.items()}


# Eurotherm handbook HA026230: address 03 count data CRC, low byte of the CRC first


def modbus_crc(data: bytes) -> int:
    """CRC-16 of Modbus, bit by bit."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def modbus(request: bytes, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The data of every intact reply to a read request."""
    count = 2 * int.from_bytes(request[4:6], "big")
    head = request[:2] + bytes((count,))
    for start in range(len(data) - count - 4):
        frame = data[start : start + count + 5]
        if frame.startswith(head) and modbus_crc(frame[:-2]) == int.from_bytes(frame[-2:], "little"):
            yield start, start + count + 5, frame[3:-2]


PROGRAM_STATES = {
    "epc3000": {1: 0.0, 2: 1.0, 4: 2.0, 8: 3.0, 16: 4.0},
    "2416": {1: 0.0, 2: 1.0, 4: 2.0, 8: 3.0, 16: 4.0},
    "3216": {0: 0.0, 1: 1.0, 2: 2.0, 3: 4.0},
}
"""Register 23 as off, run, hold, hold-back, ended."""


def eurotherm(model: str, request: bytes, data: bytes, low_degc: float, high_degc: float) -> Iterator[Frame]:
    """Replies to the reads of a poll. Output is -100 to 100 %; temperatures lie in the input's range, 5 % to either
    side of it."""
    if request[1] != 3:
        return
    register = int.from_bytes(request[2:4], "big")
    margin = 0.05 * (high_degc - low_degc)

    def inside(value: float, low: float, high: float) -> float | None:
        return value if low <= value <= high else None

    for start, end, words in modbus(request, data):
        values: dict[str, float | None] = {}
        if register == 0x8002 and len(words) == 20:
            pv, _, _, power, setpoint = unpack(">5f", words)
            values["temperature_degc"] = inside(pv, low_degc - margin, high_degc + margin)
            values["setpoint_degc"] = inside(setpoint, low_degc - margin, high_degc + margin)
            values["power_pct"] = inside(power, -100.0, 100.0)
        elif len(words) == 2:
            word = unpack(">h", words)[0]
            if register == 75:
                values["sensor_break"] = float(word >> 5 & 1)
                values["loop_break"] = float(word >> 6 & 1)
            elif register == 23:
                if word not in PROGRAM_STATES[model]:
                    continue
                values["program"] = PROGRAM_STATES[model][word]
            elif register in (56, 330):
                values["segment"] = float(word) if 0 <= word <= 32 else None
            elif register == 1236:
                values["watchdog"] = float(word != 0)
        yield start, end, values


# Alicat: the unit's own table, 7/2 for each number: seven characters, two decimals, with its sign

_ALICAT = re.compile(rb"[+-]\d{3}\.\d\d|-{7}")


def alicat(data: bytes, full_scale: float, tokens: Sequence[bytes], kpa: float = 6.894757) -> Iterator[Frame]:
    """Data frames of an MC in SCCM and PSIA: letter, pressure, temperature, volume flow, mass flow, set point, gas."""
    for start, end, line in lines(data, b"\r"):
        words = line.split()
        if len(words) < 7 or words[0] != b"A" or words[6] != b"Ar" or not set(words[7:]) <= set(tokens):
            continue
        if not all(_ALICAT.fullmatch(word) for word in words[1:6]):
            continue
        pressure, flow, setpoint = (
            None if b"--" in words[place] else float(words[place]) for place in (1, 4, 5)
        )
        if flow is not None and abs(flow) > 1.5 * full_scale:
            continue
        if setpoint is not None and not -0.005 * full_scale <= setpoint <= 1.005 * full_scale:
            continue
        if pressure is not None and pressure < 0.0:
            continue
        fault = float(not set(words[7:]) <= {b"LCK", b"OVR", b"TMF"})
        if b"ADC" in words[7:]:
            flow = pressure = None
        yield (
            start,
            end,
            {
                "flow_sccm": flow,
                "pressure_kpa": None if pressure is None else pressure * kpa,
                "valve_fault": fault,
                "setpoint_sccm": setpoint,
            },
        )


# Rapidox 1100E and 1100ZR-H manuals

_D = re.compile(r"d(-?\d\.\d{3}E[+-]\d\d)(,-?\d\.\d{3}E[+-]\d\d){2},(.*),([^,]*),([0-6])")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d,([0-2]\d|3[01])/(0\d|1[0-2])/\d\d")
_SAID = {
    "Initialising": 10.0,
    "Sensor heating": 11.0,
    "Sensor cooling": 12.0,
    "Cleaning sensor": 13.0,
    "User setup active": 14.0,
    "Possible sensor fault": 15.0,
    "No sensor or sensor fault": 16.0,
}
UNKNOWN_MESSAGE = 19.0


def rapidox(data: bytes) -> Iterator[Frame]:
    """Replies to D. A message that is in no manual says only that there is no value."""
    for start, end, line in lines(data, b"\r\n"):
        if b"\n" in line:
            continue
        text = line.decode("latin-1")
        if text[:1] == "!" and text.isascii() and text.isprintable():
            yield start, end, {"state": _SAID.get(text[1:], UNKNOWN_MESSAGE)}
            continue
        found = _D.fullmatch(text)
        if found is None:
            continue
        clock = found[3] if text.count(",") == 6 else re.sub(r"^,|,,$", "", found[3])
        if text.count(",") not in (6, 9) or not _CLOCK.fullmatch(clock):
            continue
        if not re.fullmatch(r"(ALM[12](&2)?)?", found[4]):
            continue
        if not 0.0 <= float(found[1]) <= 1e6:
            continue
        yield (
            start,
            end,
            {"oxygen_ppm": float(found[1]) if found[5] == "0" else None, "state": float(found[5])},
        )
