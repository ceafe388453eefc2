"""One value, one fact, one hazard: each with the source it was read in and a mark that says how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Mark = Literal["C", "D", "M"]
"""C: read in the named source. D: derived by arithmetic or definition from such values. M: general knowledge, not
confirmed against a source: it may drive a warning or an emulation, never a refusal."""

CD: Final = frozenset({"C", "D"})
"""The marks of what may refuse: `if value.mark in CD`."""

MARKS: Final[dict[Mark, str]] = {
    "C": "read in the named source",
    "D": "derived from values so read, or true by definition",
    "M": "general knowledge, not confirmed: may warn, never refuse",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A number with unit ("1" where it has none), the source it was read in, and its mark.

    other: what other sources print for the same quantity; of flash points, explosive limits and exposure limits the
    lowest stands here and the others there. note: at which temperature, by which method, of which kind.
    """

    value: float
    unit: str
    source: str
    mark: Mark
    note: str | None = None
    other: tuple[Value, ...] = ()

    @property
    def may_refuse(self) -> bool:
        """Whether a rule may refuse on this value: it was read or derived, not just remembered."""
        return self.mark in CD

    @property
    def text(self) -> str:
        """Number and unit as a person reads them: "58 °C"."""
        unit = self.unit.replace("degC", "°C")
        return f"{self.value:g}" if unit == "1" else f"{self.value:g} {unit}"

    def __str__(self) -> str:
        """For a message: "58 °C (IEC 60079-20-1:2010)", "95 °C (general knowledge, unconfirmed)"."""
        return f"{self.text} ({self.source}{', unconfirmed' if self.mark == 'M' else ''})"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that holds or does not: flammable, inert, oxidising."""

    holds: bool
    source: str
    mark: Mark
    note: str | None = None

    @property
    def may_refuse(self) -> bool:
        """As of a value."""
        return self.mark in CD


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard under a word that a rule can ask for: a GHS code ("H360"), or "skin", "corrosive", "peroxides"."""

    word: str
    text: str
    source: str
    mark: Mark

    @property
    def may_refuse(self) -> bool:
        """As of a value."""
        return self.mark in CD


@dataclass(frozen=True, slots=True)
class Release:
    """What a material gives off when it is heated. substance: "HCN", "HF", "MMA"; above: from which temperature on."""

    substance: str
    text: str
    source: str
    mark: Mark
    above: Value | None = None

    @property
    def may_refuse(self) -> bool:
        """As of a value."""
        return self.mark in CD


@dataclass(frozen=True, slots=True)
class Words:
    """Names that belong to a material, such as its usual solvents, all with one mark."""

    words: tuple[str, ...]
    source: str
    mark: Mark
