"""Limits of a value: how a reader writes them down, whether a value keeps them, and what the author is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypedDict

from .units import Quantity, parse_quantity

Dimensions = str | tuple[str, ...]


class Limits(TypedDict, total=False):
    """Limits of a quantity, each written as one: minimum="0 s", exclusive_minimum="0 ml/h"."""

    minimum: str | None
    maximum: str | None
    exclusive_minimum: str | None


class NumberLimits(TypedDict, total=False):
    """Limits of a number without unit."""

    minimum: float | None
    maximum: float | None
    exclusive_minimum: float | None


_WRITTEN: Final[dict[tuple[str, Dimensions], Quantity]] = {}  # few: they stand in the program


def as_quantity(value: str | Quantity | None, dimension: Dimensions) -> Quantity | None:
    """A limit or default as it is written in the program: "0 ml/h"."""
    if value is None or isinstance(value, Quantity):
        return value
    key = value, dimension
    if key not in _WRITTEN:
        _WRITTEN[key] = parse_quantity(value, dimension)
    return _WRITTEN[key]


def broken_limits(found: Quantity, dimension: Dimensions, limits: Limits) -> Iterator[tuple[str, str]]:
    """Each limit that a quantity does not keep, and what is allowed, in words.

    A key may take several dimensions. A limit of zero holds in every one of them, since it is a matter of sign; any
    other holds for quantities of its own dimension only.
    """
    held = {
        key: _held_by(found, as_quantity(limit, dimension))
        for key, limit in (
            ("minimum", limits.get("minimum")),
            ("above", limits.get("exclusive_minimum")),
            ("maximum", limits.get("maximum")),
        )
    }
    for key, breaks, words in (
        ("minimum", Quantity.__lt__, "at least"),
        ("above", Quantity.__le__, "more than"),
        ("maximum", Quantity.__gt__, "at most"),
    ):
        bound = held[key]
        if bound is not None and breaks(found, bound):
            yield (
                f"{words} {bound}",
                allowed_words(**{name: one and one.text() for name, one in held.items()}),
            )


def _held_by(found: Quantity, limit: Quantity | None) -> Quantity | None:
    """The limit as it holds for a quantity; None where it says nothing of that dimension."""
    if limit is None or limit.dimension == found.dimension:
        return limit
    return Quantity(0.0, found.unit, found.dimension) if limit.value == 0 else None


def allowed_words(minimum: object, maximum: object, above: object) -> str:
    """Limits in words, for a hint."""
    parts = [f"from {minimum}"] if minimum is not None else []
    parts += [f"above {above}"] if above is not None else []
    parts += [f"up to {maximum}"] if maximum is not None else []
    return "allowed: " + " ".join(parts)
