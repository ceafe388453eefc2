"""Quantities with units, in the notation of papers: "1 ml/h", "20 kV", "280 degC", "5 degC/min", "12 wt%".

A quantity is a finite number, a unit, and the dimension it was read for. A decimal point is the only
separator, nothing is guessed, and a conversion does not spoil decimals: "4.35 kV" is 4350 V exactly as typed,
because every scale factor is a ratio of whole numbers and the arithmetic is decimal wherever the number has a
fraction.

The table of dimensions and units is `unit_table.py`. Temperatures are absolute ("280 degC", "553.15 K"); a
band such as "5 degC" is a *temperature difference*, a dimension of its own, so that 5 degC is never turned
into 278.15 K there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Context, Decimal
from difflib import get_close_matches
from unicodedata import decimal

from .unit_table import DIMENSIONS, SPELLINGS, UNITS, Dimension, Unit

__all__ = [
    "DIMENSIONS",
    "UNITS",
    "Dimension",
    "DimensionError",
    "Quantity",
    "Range",
    "Unit",
    "UnitError",
    "is_number",
    "parse_any",
    "parse_quantity",
    "parse_range",
    "quantity",
]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![0-9.,])")
_COMMA = re.compile(r"([+-]?)([0-9]+),([0-9]+)(.*)", re.DOTALL)
_INFINITE = re.compile(r"[+-]?(inf|infinity|nan)(?![a-z])", re.IGNORECASE)
_CHARACTERS = str.maketrans(
    {
        "µ": "u",  # U+00B5 micro sign
        "μ": "u",
        "²": "2",
        "³": "3",
        "¹": "1",
        "⁻": "-",
        "−": "-",
        "₂": "2",
        "·": " ",
        "⋅": " ",
        "*": " ",
        "^": "",
        "\u03a9": "Ohm",  # Greek capital omega
        "\u2126": "Ohm",  # ohm sign
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
    }
)
_DECIMAL = Context(prec=50)
_SPACES = re.compile(r"\s+")


class UnitError(ValueError):
    """A text is not a quantity of the wanted dimension.

    `code` is one of `not-a-number`, `missing-unit`, `unknown-unit`, `wrong-dimension`, `decimal-comma`,
    `bad-range`.
    """

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message} ({hint})")
        self.code = code
        self.message = message
        self.hint = hint


class DimensionError(ValueError):
    """Two things of different dimensions were to be converted into, or compared with, one another."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A value in `unit` (canonical spelling, a key of UNITS[dimension]); equal when it is the same amount: 1
    kV == 1000 V.
    """

    value: float
    unit: str
    dimension: str

    def to(self, unit: str) -> float:
        """The value in another unit of the same dimension.

        :raises DimensionError: when `unit` is not a unit of this dimension.
        """
        if unit == self.unit:
            return self.value
        conversion = _CONVERSIONS.get((self.dimension, self.unit, unit))
        if conversion is None:
            conversion = _conversion(self.dimension, self.unit, unit)
        multiplier, divisor, offset = conversion
        value = self.value
        if offset is None and value.is_integer() and -9e15 < value * multiplier < 9e15:
            return value * multiplier / divisor  # whole numbers: the product is exact, one correct rounding
        if not math.isfinite(value):
            return value
        exact = _DECIMAL.multiply(Decimal(repr(value)), Decimal(multiplier))
        if offset is not None:
            exact = _DECIMAL.add(exact, offset)
        return float(_DECIMAL.divide(exact, Decimal(divisor)))

    def text(self) -> str:
        """Notation that `parse_quantity` reads back to the same value and unit: "280 degC"."""
        return f"{_plain(self.value)} {self.unit}"

    def __str__(self) -> str:
        return f"{_plain(self.value)} {UNITS[self.dimension][self.unit].symbol}"

    def _base(self) -> float:
        return self.to(DIMENSIONS[self.dimension].base)

    def _comparable(self, other: Quantity) -> None:
        if self.dimension != other.dimension:
            raise DimensionError(
                f"{self} ({self.dimension}) cannot be compared with {other} ({other.dimension})"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        return self.dimension == other.dimension and self._base() == other._base()

    def __hash__(self) -> int:
        return hash((self.dimension, self._base()))

    def __lt__(self, other: Quantity) -> bool:
        self._comparable(other)
        return self._base() < other._base()

    def __le__(self, other: Quantity) -> bool:
        self._comparable(other)
        return self._base() <= other._base()

    def __gt__(self, other: Quantity) -> bool:
        self._comparable(other)
        return self._base() > other._base()

    def __ge__(self, other: Quantity) -> bool:
        self._comparable(other)
        return self._base() >= other._base()

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.unit, self.dimension)

    def __abs__(self) -> Quantity:
        return Quantity(abs(self.value), self.unit, self.dimension)


@dataclass(frozen=True, slots=True)
class Range:
    """From `minimum` to `maximum`, both included and of one dimension: "300 mg .. 700 mg"."""

    minimum: Quantity
    maximum: Quantity

    def __contains__(self, quantity: Quantity) -> bool:
        return self.minimum <= quantity <= self.maximum

    def text(self) -> str:
        """Notation that `parse_range` reads back."""
        return f"{self.minimum.text()} .. {self.maximum.text()}"

    def __str__(self) -> str:
        return f"{self.minimum} .. {self.maximum}"


def quantity(value: float, unit: str, dimension: str) -> Quantity:
    """A quantity made by the program itself; `unit` in any accepted spelling.

    :raises DimensionError: when `unit` is not a unit of `dimension`.
    """
    found = _lookup(unit, dimension)
    if found is None:
        raise DimensionError(f'"{unit}" is not a unit of {DIMENSIONS[dimension].words}')
    return Quantity(float(value), found.name, dimension)


def parse_quantity(text: str, dimension: str | tuple[str, ...]) -> Quantity:
    """Read "20 kV" as a quantity of the dimension (or the first fitting of several).

    :raises UnitError: with a message for the author and, where there is one, a hint.
    """
    dimensions = (dimension,) if isinstance(dimension, str) else dimension
    value, unit = _split(text, dimensions[0])
    if not unit:
        wanted = DIMENSIONS[dimensions[0]]
        raise UnitError(
            "missing-unit",
            f'"{text.strip()}" has no unit; {_wanted(dimensions)} is wanted',
            f'write "{_plain(value)} {wanted.usual}"; possible units: {_units_of(dimensions)}',
        )
    for name in dimensions:
        found = _lookup(unit, name)
        if found is not None:
            return Quantity(value, found.name, name)
    raise _unit_error(text.strip(), unit, dimensions)


def parse_any(text: str) -> Quantity:
    """Read a quantity whose dimension is not known beforehand; the first dimension of the table that has the
    unit is taken.

    :raises UnitError: as `parse_quantity`.
    """
    value, unit = _split(text, "length")
    if not unit:
        raise UnitError("missing-unit", f'"{text.strip()}" has no unit', 'write a quantity, e.g. "20 kV"')
    for name in DIMENSIONS:
        found = _lookup(unit, name)
        if found is not None:
            return Quantity(value, found.name, name)
    raise UnitError(
        "unknown-unit", f'unknown unit "{unit}" in "{text.strip()}"', _nearest_unit(unit, tuple(DIMENSIONS))
    )


def parse_range(text: str, dimension: str | tuple[str, ...]) -> Range:
    """Read "300 mg .. 700 mg" (or "300 .. 700 mg"); the first must not exceed the second.

    :raises UnitError: as `parse_quantity`, and `bad-range`.
    """
    dimensions = (dimension,) if isinstance(dimension, str) else dimension
    usual = DIMENSIONS[dimensions[0]].usual
    parts = [part.strip() for part in text.split("..")]
    if len(parts) != 2 or not all(parts) or any("." in (part[0], part[-1]) for part in parts):
        raise UnitError(
            "bad-range",
            f'"{text.strip()}" is not a range',
            f'write it with two dots: "1 {usual} .. 2 {usual}"',
        )
    upper = parse_quantity(parts[1], dimensions)
    if _NUMBER.fullmatch(parts[0]):
        lower = Quantity(_split(parts[0], upper.dimension)[0], upper.unit, upper.dimension)
    else:
        lower = parse_quantity(parts[0], upper.dimension)
    if lower > upper:
        raise UnitError(
            "bad-range", f"the range {lower} .. {upper} runs backwards", "write the smaller value first"
        )
    return Range(lower, upper)


def is_number(text: str) -> bool:
    """Whether a text is a finite number as recipes write it: digits 0 to 9 and a decimal point."""
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _split(text: str, dimension: str) -> tuple[float, str]:
    """Number and unit as written (characters normalised)."""
    plain = text.translate(_CHARACTERS).strip()
    usual = DIMENSIONS[dimension].usual
    if not plain.isascii():
        _refuse_other_digits(text, plain)
    comma = _COMMA.match(plain)
    if comma is not None:
        sign, whole, fraction, rest = comma.groups()
        if "," in rest or (len(fraction) == 3 and whole != "0"):
            number = f"{sign}{whole}{fraction}"
            hint = f"write {number} without separators, or {sign}{whole}.{fraction} if a decimal was meant"
        else:
            hint = f"write {sign}{whole}.{fraction}"
        raise UnitError("decimal-comma", f'"{text.strip()}" has a comma; numbers take a decimal point', hint)
    if _INFINITE.match(plain):
        raise UnitError(
            "not-a-number", f'"{text.strip()}" is not a finite number', f'write a number, e.g. "1 {usual}"'
        )
    match = _NUMBER.match(plain)
    if match is None:
        raise UnitError(
            "not-a-number",
            f'"{text.strip()}" does not begin with a number',
            f'write a number and a unit: "1 {usual}"',
        )
    value = float(match[0])
    if not math.isfinite(value):
        raise UnitError("not-a-number", f'"{text.strip()}" is too large a number', None)
    unit = _SPACES.sub(" ", plain[match.end() :].strip())
    if unit[:1].isdigit() and not unit.startswith("1/"):  # "300 1/min"
        raise UnitError(
            "not-a-number",
            f'"{text.strip()}" has a space inside the number',
            f"write the digits together: {_joined(plain)}",
        )
    return value, unit


def _refuse_other_digits(text: str, plain: str) -> None:
    """Arabic, Indian, full-width digits: a person may not see them, and `float` would take them."""
    western = "".join(str(decimal(one)) if one.isdecimal() else one for one in plain)
    if western != plain:
        raise UnitError(
            "not-a-number", f'"{text.strip()}" has digits that are not 0 to 9', f'write "{western}"'
        )


def _joined(plain: str) -> str:
    return re.sub(r"(?<=[0-9])\s+(?=[0-9])", "", plain)


def _lookup(unit: str, dimension: str) -> Unit | None:
    units = UNITS[dimension]
    found = units.get(unit)
    if found is None:
        spelling = SPELLINGS[dimension].get(_SPACES.sub(" ", unit.translate(_CHARACTERS).strip()))
        found = None if spelling is None else units[spelling]
    return found


def _unit_error(text: str, unit: str, dimensions: tuple[str, ...]) -> UnitError:
    for name, other in DIMENSIONS.items():
        if _lookup(unit, name) is not None:
            wanted = DIMENSIONS[dimensions[0]]
            return UnitError(
                "wrong-dimension",
                f'"{text}" is {other.words}; {_wanted(dimensions)} is wanted',
                f'write e.g. "{wanted.example}"; possible units: {_units_of(dimensions)}',
            )
    return UnitError("unknown-unit", f'unknown unit "{unit}" in "{text}"', _nearest_unit(unit, dimensions))


def _nearest_unit(unit: str, dimensions: tuple[str, ...]) -> str:
    known = {spelling: unit for name in dimensions for spelling, unit in SPELLINGS[name].items()}
    folded = {spelling.casefold(): canonical for spelling, canonical in known.items()}
    alike = folded.get(unit.casefold())
    if alike is None and unit.casefold() in _HABITS and _HABITS[unit.casefold()] in known.values():
        alike = _HABITS[unit.casefold()]
    if alike is None:
        close = get_close_matches(unit.casefold(), folded, n=1, cutoff=0.5)
        alike = folded[close[0]] if close else None
    units = f"possible units: {_units_of(dimensions)}" if len(dimensions) < 4 else ""
    guess = f'did you mean "{alike}"?' if alike is not None else ""
    return " ".join(part for part in (guess, units) if part) or 'see "Units" in the documentation'


# Spellings that people use and that are not near to ours letter by letter.
_HABITS = {
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h",
    "minute": "min", "minutes": "min", "mins": "min",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "c": "degC", "celsius": "degC", "deg": "degC",
    "c/min": "degC/min", "cc/h": "ml/h", "cc": "ml", "%": "%RH", "rh": "%RH", "ga": "G", "gauge": "G",
    "ppm": "ppm O2", "ml/hr": "ml/h", "ul/hr": "ul/h", "volt": "V", "volts": "V", "w%": "wt%",
}  # fmt: skip


def _wanted(dimensions: tuple[str, ...]) -> str:
    return " or ".join(DIMENSIONS[name].words for name in dimensions)


def _units_of(dimensions: tuple[str, ...]) -> str:
    return ", ".join(unit for name in dimensions for unit in UNITS[name])


def _plain(value: float) -> str:
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


_CONVERSIONS: dict[tuple[str, str, str], tuple[int, int, Decimal | None]] = {}


def _conversion(dimension: str, unit: str, target: str) -> tuple[int, int, Decimal | None]:
    """target = (value * multiplier + offset) / divisor; remembered."""
    source, wanted = UNITS[dimension][unit], _lookup(target, dimension)
    if wanted is None:
        raise DimensionError(
            f'"{target}" is not a unit of {DIMENSIONS[dimension].words}; {unit} cannot be converted'
        )
    ratio = source.factor / wanted.factor
    shift = (source.offset - wanted.offset) / wanted.factor  # base = value * factor + offset
    offset: Decimal | None = None
    if shift:
        scaled = shift * ratio.denominator
        offset = _DECIMAL.divide(Decimal(scaled.numerator), Decimal(scaled.denominator))
    conversion = (ratio.numerator, ratio.denominator, offset)
    _CONVERSIONS[dimension, unit, target] = conversion
    return conversion
