"""What each part of a query asks of a recipe: functions from a recipe, what is known of it, and the names of materials
to yes or no.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from .model import Recipe
from .search_facts import Names, amounts, gases, solutes, solvents, split, words
from .units import Quantity, Range

PREFIX_LETTERS: Final = 4
"""A word of so many letters finds words that begin with it."""
_SIGNS: Final[dict[str, Callable[[Quantity, Quantity], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DOI: Final = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a recipe beside its text: where it is from, its state in the store, who saved it."""

    id: str
    origin: str
    state: str | None = None
    revision: int | None = None
    authors: tuple[str, ...] = ()


Test = Callable[[Recipe, About, Names], bool]


def any_of(tests: list[Test]) -> Test:
    """One of them holds."""
    return tests[0] if len(tests) == 1 else lambda *given: any(test(*given) for test in tests)


def all_of(tests: list[Test]) -> Test:
    """Every one holds."""
    return tests[0] if len(tests) == 1 else lambda *given: all(test(*given) for test in tests)


def none_of(test: Test) -> Test:
    """It does not hold."""
    return lambda *given: not test(*given)


def compared(step: str | None, name: str, sign: str, wanted: Quantity | Range) -> Test:
    """A quantity of the recipe, of this kind of step if one is given, compares so."""
    lower, upper = (wanted.minimum, wanted.maximum) if isinstance(wanted, Range) else (wanted, wanted)
    by_size = name in ("voltage", "bias") and lower.value > 0

    def holds(low: Quantity | None, high: Quantity | None) -> bool:
        if sign in (">", ">="):
            return high is None or _SIGNS[sign](high, lower)
        if sign in ("<", "<="):
            return low is None or _SIGNS[sign](low, lower)
        inside = (high is None or high >= lower) and (low is None or low <= upper)
        return inside if sign == "=" else not (low == high == lower)

    def test(recipe: Recipe, about: About, materials: Names) -> bool:
        for one in amounts(recipe):
            if one.name != name or (step is not None and one.step != step):
                continue
            ends = [end for end in (one.low, one.high) if end is not None]
            if any(end.dimension != lower.dimension for end in ends):
                continue  # 12 wt% cannot be compared with 80 mg/ml
            low, high = (None if end is None else abs(end) if by_size else end for end in (one.low, one.high))
            if holds(low, high):
                return True
        return False

    return test


def field(field: str, value: str) -> Test:
    """`solvent:DMF`, `author:...` and the like."""
    folded = value.casefold()

    def test(recipe: Recipe, about: About, materials: Names) -> bool:
        match field:
            case "polymer":
                return _named(materials.polymer, value, (one.name for one in solutes(recipe)))
            case "solvent":
                return _named(materials.solvent, value, (one.name for one in solvents(recipe)))
            case "gas":
                return _named(materials.gas, value, gases(recipe))
            case "author":
                return any(folded in author.casefold() for author in about.authors)
            case "doi":
                doi = None if recipe.source is None else recipe.source.doi
                return doi is not None and _DOI.sub("", folded) in doi.casefold()
            case "state":
                return about.state == folded
            case "origin":
                return about.origin == folded
            case "id":
                return _alike(folded, about.id)
            case "step":
                return any(folded in (step.do, step.id.casefold()) for step in recipe.steps)
            case _:
                return folded in recipe.name.casefold()

    return test


def word(word: str) -> Test:
    """A word stands in the recipe, or means one of its materials."""
    folded = word.casefold().strip()
    parts = split(word) if "*" not in word else [folded]

    def test(recipe: Recipe, about: About, materials: Names) -> bool:
        if (
            _named(materials.polymer, word, (one.name for one in solutes(recipe)))
            or _named(materials.solvent, word, (one.name for one in solvents(recipe)))
            or _named(materials.gas, word, gases(recipe))
        ):
            return True
        there = words(recipe)
        if folded in there:
            return True
        return bool(parts) and all(any(_alike(part, found) for found in there) for part in parts)

    return test


def _alike(word: str, found: str) -> bool:
    """Whether a word of a recipe is meant: the same, begun the same, or fitting a pattern with *."""
    if "*" in word:
        pattern = ".*".join(re.escape(part) for part in word.split("*"))
        return re.fullmatch(pattern, found) is not None
    return found == word or (len(word) >= PREFIX_LETTERS and found.startswith(word))


def _named(known: Callable[[str], object], asked: str, names: Iterable[str]) -> bool:
    """Whether one of the names means the same material as what was asked for."""

    def proper(name: str) -> str:
        found = known(name)
        return str(getattr(found, "name", name)).casefold()

    wanted = proper(asked)
    return any(proper(name) == wanted for name in names)
