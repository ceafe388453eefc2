"""The FORM language of Vaisala transmitters: what stands in an output line.

Source: HMT330 manual (M210566EN), FORM command modifiers. Quantities are RH, T and TD; `x.y` sets digits and decimals
of the numbers after it, `U5` writes the unit of the quantity before it in five places, `#r` `#n` `#t` `#027` are
control characters, text stands in double quotes; ERR, STAT, ADDR, SN and the checksums CS2, CS4, CSX as the manual
says. That x counts the places before the point, with the sign, is our reading of its examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from math import log

# The manual's default line: RH= 98.4 %RH T= 31.1 'C
DEFAULT_FORM = '3.1 "RH=" RH " " U4 "T=" T " " U2 #r #n'

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|#(\d{3}|[rnt])|(\d+)\.(\d+)|([A-Za-z][A-Za-z0-9]*))')
_CONTROLS = {"r": "\r", "n": "\n", "t": "\t"}
_QUANTITIES = ("RH", "T", "TD")
_WORDS = (*_QUANTITIES, "ERR", "STAT", "ADDR", "SN", "CS2", "CS4", "CSX")
_UNIT = re.compile(r"U(\d*)")


@dataclass(frozen=True, slots=True)
class Sample:
    """What the transmitter knows when it writes a line; state is the 7 characters of STAT."""

    temperature_degc: float
    humidity_pct: float
    broken: frozenset[str]
    state: str
    address: int


def dew_point_degc(temperature_degc: float, humidity_pct: float) -> float:
    """Magnus formula with Sonntag's coefficients over water (17.62, 243.12 degC)."""
    gamma = log(max(humidity_pct, 0.01) / 100.0) + 17.62 * temperature_degc / (243.12 + temperature_degc)
    return 243.12 * gamma / (17.62 - gamma)


class Formatter:
    """One format string. Raises ValueError for one the transmitter would not take."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self._tokens: list[tuple[str, str, int]] = []
        place = 0
        while place < len(self.text):
            match = _TOKEN.match(self.text, place)
            if match is None:
                raise ValueError(f"FORM: {self.text[place:]!r} is no modifier")
            quoted, control, digits, decimals, word = match.groups()
            if quoted is not None:
                self._tokens.append(("text", quoted, 0))
            elif control is not None:
                self._tokens.append(("text", _CONTROLS.get(control) or chr(int(control)), 0))
            elif digits is not None:
                self._tokens.append(("length", decimals, int(digits)))
            else:
                unit = _UNIT.fullmatch(word.upper())
                if unit is not None:
                    self._tokens.append(("unit", "", int(unit[1] or 0)))
                elif word.upper() in _WORDS:
                    self._tokens.append(("word", word.upper(), 0))
                else:
                    raise ValueError(f"FORM: {word!r} is neither quantity nor modifier")
            place = match.end()

    def line(self, sample: Sample, metric: bool) -> str:
        """The line, its control characters included."""
        line = ""
        before, decimals, quantity = 3, 1, "RH"
        for kind, text, value in self._tokens:
            if kind == "text":
                line += text
            elif kind == "length":
                before, decimals = value, int(text)
            elif kind == "unit":
                unit = "%RH" if quantity == "RH" else "'C" if metric else "'F"
                line += unit.ljust(value)
            elif text in _QUANTITIES:
                quantity = text
                line += self._number(sample, text, metric, before, decimals)
            else:
                line += _extra(text, sample, line)
        return line

    @staticmethod
    def _number(sample: Sample, quantity: str, metric: bool, before: int, decimals: int) -> str:
        width = before + 1 + decimals
        if quantity in sample.broken or (quantity != "T" and "T" in sample.broken):
            return "*" * width
        if quantity == "RH":
            value = sample.humidity_pct
        else:
            value = sample.temperature_degc
            if quantity == "TD":
                value = dew_point_degc(value, sample.humidity_pct)
            if not metric:
                value = value * 1.8 + 32.0
        return f"{value:{width}.{decimals}f}"


def _extra(word: str, sample: Sample, line: str) -> str:
    if word == "ERR":
        # In the order P, T, Ta, RH.
        return "0" + "".join("1" if name in sample.broken else "0" for name in ("T", "Ta", "RH"))
    if word == "STAT":
        return sample.state
    if word == "ADDR":
        return str(sample.address)
    if word == "SN":
        return "E2430020"
    codes = line.encode("ascii")
    if word == "CS2":
        return f"{sum(codes) % 0x100:02X}"
    if word == "CS4":
        return f"{sum(codes) % 0x10000:04X}"
    return f"{reduce(lambda before, code: before ^ code, codes, 0):02X}"
