"""Regular expressions of quantities, for checkers that know no units (the schema for editors).

They accept every notation that `units` reads, in the syntax that JSON Schema (ECMA) and Python share. What a
pattern cannot say, such as limits other than the sign, the reader says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .unit_table import SPELLINGS

REFERENCE: Final = r"\$[A-Za-z_][A-Za-z0-9_-]*"

_SPACE: Final = r"[\s·⋅*^]"
_DIGITS: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+−⁻]?[0-9]+)?"
_NUMBER: Final = rf"[-+−⁻]?{_DIGITS}"
_NOT_NEGATIVE: Final = rf"(?:\+?{_DIGITS}|[-−⁻]0*\.?0*)"
# What the reader takes for the plain character, as in units: µl, cm³, h⁻¹, O₂, MΩ.
_CHARACTERS: Final = {
    "u": "[uµμ]", "1": r"\^?[1¹]", "2": r"\^?[2²₂]", "3": r"\^?[3³]", "-": r"\^?[-−⁻]", " ": rf"{_SPACE}+",
}  # fmt: skip


def quantity_pattern(dimensions: Sequence[str], *, negative: bool = True) -> str:
    """One quantity of one of the dimensions, or a reference to a parameter."""
    number = _NUMBER if negative else _NOT_NEGATIVE
    return rf"^(?:{REFERENCE}|{_SPACE}*{number}{_SPACE}*(?:{_units(dimensions)}){_SPACE}*)$"


def range_pattern(dimensions: Sequence[str]) -> str:
    """Two of them with two dots between; the first may leave its unit out."""
    units, end = _units(dimensions), rf"{_SPACE}*"
    first = rf"{end}{_NUMBER}{end}(?:{units})?{end}"
    return rf"^(?:{REFERENCE}|{first}\.\.{end}{_NUMBER}{end}(?:{units}){end})$"


def any_quantity_pattern() -> str:
    """A number and some unit."""
    return rf"^(?:{REFERENCE}|{_SPACE}*{_NUMBER}{_SPACE}*[^\s0-9.,].*)$"


def any_range_pattern() -> str:
    """A range in some unit."""
    return rf"^(?:{REFERENCE}|{_SPACE}*{_NUMBER}.*\.\.{_SPACE}*{_NUMBER}{_SPACE}*[^\s0-9.,].*)$"


def _units(dimensions: Sequence[str]) -> str:
    spellings = dict.fromkeys(form for name in dimensions for form in SPELLINGS[name])
    return "|".join(_unit(form) for form in sorted(spellings, key=lambda form: (-len(form), form)))


def _unit(spelling: str) -> str:
    found = "".join(
        _CHARACTERS.get(character, re.escape(character) if character in "./%$" else character)
        for character in spelling
    )
    return found.replace("Ohm", "(?:Ohm|\u03a9|\u2126)")
