"""The dimensions a recipe or rig file can speak of, and the units of each.

A unit's `factor` (a whole number or a fraction) turns it into the base unit of its dimension, the first one
listed. `symbol` is how a chemist writes it; other spellings ("mL/h", "µl", "cm³", "ml h-1") are accepted on
reading and listed in SPELLINGS. Sources: SI brochure, 9th edition; gas flows are standard flows (sccm:
cm³/min at the reference conditions of the controller), poise and dyn/cm as in the literature on solutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """base value = value * factor + offset; `symbol` is for reading by people."""

    name: str
    factor: Fraction
    symbol: str
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Dimension:
    """What is measured: `words` with article ("a voltage"), a usual unit, and an example of notation."""

    name: str
    words: str
    base: str
    usual: str
    example: str


_F = Fraction

# name: (words, usual unit, example, {unit: factor to the first unit})
_TABLE: Final[dict[str, tuple[str, str, str, dict[str, Fraction | int]]]] = {
    "voltage": ("a voltage", "kV", "20 kV", {"V": 1, "mV": _F(1, 1000), "kV": 1000}),
    "voltage_ramp": (
        "a voltage ramp", "kV/s", "1 kV/s",
        {"V/s": 1, "kV/s": 1000, "V/min": _F(1, 60), "kV/min": _F(1000, 60)},
    ),
    "current": (
        "a current", "uA", "50 uA",
        {"A": 1, "mA": _F(1, 10**3), "uA": _F(1, 10**6), "nA": _F(1, 10**9), "pA": _F(1, 10**12)},
    ),
    "length": (
        "a length", "cm", "20 cm",
        {"m": 1, "cm": _F(1, 100), "mm": _F(1, 1000), "um": _F(1, 10**6), "nm": _F(1, 10**9)},
    ),
    "speed": (
        "a speed", "cm/min", "5 cm/min",
        {
            "m/s": 1, "cm/s": _F(1, 100), "mm/s": _F(1, 1000), "m/min": _F(1, 60), "cm/min": _F(1, 6000),
            "mm/min": _F(1, 60000), "cm/h": _F(1, 360000), "mm/h": _F(1, 3600000),
        },
    ),
    "rotation": ("a speed of rotation", "rpm", "300 rpm", {"rpm": 1, "rps": 60}),
    "volume": (
        "a volume", "ml", "10 ml",
        {"ml": 1, "nl": _F(1, 10**6), "ul": _F(1, 1000), "l": 1000,
         "cm3": 1, "mm3": _F(1, 1000), "m3": 10**6},
    ),
    "flow_rate": (
        "a flow rate", "ml/h", "1 ml/h",
        {
            "ml/h": 1, "nl/min": _F(60, 10**6), "ul/h": _F(1, 1000), "ul/min": _F(60, 1000), "ml/min": 60,
            "l/h": 1000,
            "l/min": 60000, "m3/h": 10**6,
        },
    ),
    "gas_flow": ("a gas flow", "sccm", "200 sccm", {"sccm": 1, "slm": 1000}),
    "temperature": ("a temperature", "degC", "280 degC", {"degC": 1, "K": 1}),
    "temperature_difference": ("a temperature difference", "degC", "5 degC", {"degC": 1, "K": 1}),
    "heating_rate": (
        "a heating rate", "degC/min", "5 degC/min",
        {
            "degC/min": 1, "degC/h": _F(1, 60), "degC/s": 60, "K/min": 1, "K/h": _F(1, 60), "K/s": 60,
        },
    ),
    "time": (
        "a time", "min", "2.5 h",
        {"s": 1, "ms": _F(1, 1000), "us": _F(1, 10**6), "min": 60, "h": 3600, "d": 86400},
    ),
    "mass": ("a mass", "mg", "470 mg", {"g": 1, "ug": _F(1, 10**6), "mg": _F(1, 1000), "kg": 1000}),
    "mass_fraction": ("a mass fraction", "wt%", "12 wt%", {"wt%": 1}),
    "density": (
        "a mass per volume", "g/ml", "0.94 g/ml",
        {"g/ml": 1, "mg/ml": _F(1, 1000), "g/l": _F(1, 1000), "kg/m3": _F(1, 1000),
         "g/cm3": 1, "w/v%": _F(1, 100)},
    ),
    "humidity": ("a relative humidity", "%RH", "40 %RH", {"%RH": 1}),
    "oxygen": ("an oxygen content", "ppm O2", "100 ppm O2", {"ppm O2": 1, "% O2": 10**4}),
    "molar_mass": (
        "a molar mass", "kg/mol", "150 kg/mol",
        {"kg/mol": 1, "g/mol": _F(1, 1000), "kDa": 1, "Da": _F(1, 1000)},
    ),
    "conductivity": (
        "a conductivity", "uS/m", "100 uS/m",
        {
            "S/m": 1, "mS/m": _F(1, 10**3), "uS/m": _F(1, 10**6), "nS/m": _F(1, 10**9), "S/cm": 100,
            "mS/cm": _F(1, 10), "uS/cm": _F(1, 10**4),
        },
    ),
    "viscosity": (
        "a viscosity", "mPa s", "900 mPa s",
        {"Pa s": 1, "mPa s": _F(1, 1000), "cP": _F(1, 1000), "P": _F(1, 10)},
    ),
    "surface_tension": (
        "a surface tension", "mN/m", "36 mN/m", {"N/m": 1, "mN/m": _F(1, 1000), "dyn/cm": _F(1, 1000)},
    ),
    "pressure": (
        "a pressure", "mbar", "50 mbar", {"Pa": 1, "hPa": 100, "kPa": 1000, "mbar": 100, "bar": 10**5},
    ),
    "gauge": ("a needle gauge", "G", "21 G", {"G": 1}),
    "percent": ("a percentage", "%", "10 %", {"%": 1}),
    "resistance": (
        "a resistance", "MOhm", "100 MOhm", {"Ohm": 1, "kOhm": 10**3, "MOhm": 10**6, "GOhm": 10**9},
    ),
    "capacitance": (
        "a capacitance", "nF", "1 nF", {"F": 1, "uF": _F(1, 10**6), "nF": _F(1, 10**9), "pF": _F(1, 10**12)},
    ),
    "power": ("a power", "W", "400 W", {"W": 1, "mW": _F(1, 1000), "kW": 1000}),
    "frequency": ("a frequency", "Hz", "50 Hz", {"Hz": 1, "kHz": 1000}),
}  # fmt: skip

_OFFSETS: Final = {("temperature", "K"): Fraction(-27315, 100)}  # degC = K - 273.15
_MORE_SPELLINGS: Final[dict[str, dict[str, str]]] = {
    "gas_flow": {
        "SCCM": "sccm",
        "SLM": "slm",
        "slpm": "slm",
        "SLPM": "slm",
        "sl/min": "slm",
        "cm3/min": "sccm",
    },
    "time": {"day": "d", "days": "d"},
    "rotation": {"1/min": "rpm", "min-1": "rpm", "RPM": "rpm", "1/s": "rps"},
    "humidity": {"% RH": "%RH", "%rh": "%RH", "% rh": "%RH", "%r.h.": "%RH", "% r.h.": "%RH"},
    "oxygen": {"ppm": "ppm O2", "ppmO2": "ppm O2", "%O2": "% O2"},
    "mass_fraction": {"wt %": "wt%", "wt.%": "wt%", "wt. %": "wt%", "% w/w": "wt%", "w/w%": "wt%"},
    "density": {"% w/v": "w/v%", "w/v %": "w/v%"},
    "viscosity": {"mPa.s": "mPa s", "Pa.s": "Pa s", "mPas": "mPa s"},
    "resistance": {"ohm": "Ohm", "kohm": "kOhm"},
}


def _symbol(unit: str, dimension: str) -> str:
    """How a chemist writes it."""
    if dimension in ("temperature", "temperature_difference", "heating_rate"):
        return unit.replace("degC", "°C")
    text = unit.replace("Ohm", "Ω").replace("%RH", "% RH").replace("O2", "O₂").replace("m3", "m³")
    return "µ" + text[1:] if text.startswith("u") else text


def _spellings(unit: str) -> list[str]:
    """Other ways to write a unit, after characters such as µ and ³ have been normalised."""
    forms = [unit]
    if "degC" in unit:
        forms += [unit.replace("degC", "°C"), unit.replace("degC", "℃"), unit.replace("degC", "deg C")]
    numerator, _, denominator = unit.partition("/")
    litre = numerator in ("l", "ml", "ul", "nl") or denominator in ("l", "ml")
    if litre:
        forms.append("/".join(part[:-1] + "L" if part.endswith("l") else part for part in unit.split("/")))
    if denominator and "%" not in unit:
        forms += [form.replace("/", " ") + "-1" for form in forms] + [
            form.replace("/", " / ") for form in forms
        ]
    return forms


DIMENSIONS: Final[dict[str, Dimension]] = {
    name: Dimension(name, words, next(iter(units)), usual, example)
    for name, (words, usual, example, units) in _TABLE.items()
}
UNITS: Final[dict[str, dict[str, Unit]]] = {
    name: {
        unit: Unit(unit, Fraction(factor), _symbol(unit, name), _OFFSETS.get((name, unit), Fraction(0)))
        for unit, factor in row[3].items()
    }
    for name, row in _TABLE.items()
}
SPELLINGS: Final[dict[str, dict[str, str]]] = {
    name: {form: unit for unit in units for form in _spellings(unit)} | _MORE_SPELLINGS.get(name, {})
    for name, units in UNITS.items()
}
