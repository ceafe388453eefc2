"""The strict reading toolkit for every TOML file of the program: recipe, rig file, run sheet, answers,
faults, start state.

A `Table` is asked key by key; what is wrong with a value becomes a `Problem` and reading goes on, so that the
author sees all mistakes at once. `finish` reports every key nobody asked for. A *required* value that is
missing or wrong comes back as a placeholder (empty text, NaN, 0, False) so that the types stay simple: **an
object built while errors were reported must be dropped by its reader.** Comparisons with NaN are false, so
placeholders raise no problems of their own; compare empty texts with care.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, Unpack, overload

from .places import join_key
from .problems import Problems
from .toml_text import attach_places, load_toml, nearest, read_text_file
from .units import DIMENSIONS, Quantity, Range, UnitError, parse_quantity, parse_range

__all__ = ["Table", "attach_places", "load_toml", "nearest", "read_text_file", "root_table"]

_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
_NAN = float("nan")

Dimensions = str | tuple[str, ...]


class _Limits(TypedDict, total=False):
    """Limits of a quantity, each written as one: minimum="0 s", exclusive_minimum="0 ml/h"."""

    minimum: str | None
    maximum: str | None
    exclusive_minimum: str | None


class _NumberLimits(TypedDict, total=False):
    """Limits of a number without unit."""

    minimum: float | None
    maximum: float | None
    exclusive_minimum: float | None


@dataclass(slots=True)
class _Shared:
    """What all tables of one file have in common."""

    problems: Problems
    parameters: Mapping[str, Any] | None = None
    used_parameters: set[str] = field(default_factory=set)


def root_table(data: dict[str, Any], problems: Problems) -> Table:
    """The table of a whole file."""
    return Table(data, "", _Shared(problems))


class Table:
    """One TOML table, its dotted path, and the problems found in it."""

    __slots__ = ("_asked", "_shared", "data", "path")

    def __init__(self, data: dict[str, Any], path: str, shared: _Shared) -> None:
        self.data = data
        self.path = path
        self._shared = shared
        self._asked: set[str] = set()

    # --- places and problems ---

    @property
    def problems(self) -> Problems:
        """The collector that all tables of the file share."""
        return self._shared.problems

    @property
    def name(self) -> str:
        """The last part of the path, for messages."""
        return self.path.rpartition(".")[2] or "the file"

    def where(self, key: str | None = None) -> str:
        """Dotted place of a key of this table (or of the table)."""
        return self.path if key is None else join_key(self.path, key)

    def error(self, code: str, key: str | None, message: str, hint: str | None = None) -> None:
        """Report an error at a key of this table, or with None at the table."""
        self.problems.error(code, self.where(key), message, hint)

    def warning(self, code: str, key: str | None, message: str, hint: str | None = None) -> None:
        """Report a warning at a key of this table, or with None at the table."""
        self.problems.warning(code, self.where(key), message, hint)

    def use_parameters(self, parameters: Mapping[str, Any]) -> None:
        """From now on a whole value "$name" anywhere in this file stands for that parameter's value."""
        self._shared.parameters = parameters

    @property
    def used_parameters(self) -> frozenset[str]:
        """Names of the parameters that have been referred to so far."""
        return frozenset(self._shared.used_parameters)

    # --- access ---

    def has(self, key: str) -> bool:
        """Whether the author wrote the key; does not count as asking for it."""
        return key in self.data

    def keys(self) -> list[str]:
        """All keys in the order of the file."""
        return list(self.data)

    def raw(self, key: str) -> Any:
        """The value as the parser gave it (None when absent), references resolved; counts as asked."""
        return self._get(key, required=False)

    def ignore(self, *keys: str) -> None:
        """Count keys as asked for: somebody else reads them."""
        self._asked.update(keys)

    def _get(self, key: str, *, required: bool, example: str | None = None) -> Any:
        self._asked.add(key)
        if key not in self.data:
            if required:
                hint = None if example is None else f"add {key} = {example}"
                self.error("missing-key", key, f'"{key}" is missing', hint)
            return None
        value = self.data[key]
        if isinstance(value, str) and value.startswith("$") and self._shared.parameters is not None:
            reference = _REFERENCE.fullmatch(value)
            if reference is not None:
                return self._parameter(key, reference[1])
        return value

    def _parameter(self, key: str, name: str) -> Any:
        parameters = self._shared.parameters or {}
        if name in parameters:
            self._shared.used_parameters.add(name)
            return parameters[name]
        guess = nearest(name, parameters)
        hint = f'did you mean "${guess}"?' if guess else "declare it under [parameters]"
        self.error("unknown-parameter", key, f'there is no parameter "{name}"', hint)
        return None

    def _wrong(self, key: str, value: object, wanted: str, example: str | None = None) -> None:
        hint = None if example is None else f"write {key} = {example}"
        self.error("wrong-type", key, f'"{key}" is {_kind(value)}; {wanted} is wanted', hint)

    # --- texts and choices ---

    @overload
    def text(self, key: str, *, required: Literal[True]) -> str: ...
    @overload
    def text(self, key: str, *, default: str) -> str: ...
    @overload
    def text(self, key: str) -> str | None: ...
    def text(self, key: str, *, required: bool = False, default: str | None = None) -> str | None:
        """A text that is not empty."""
        fallback = "" if required else default
        value = self._get(key, required=required, example='"..."')
        if value is None:
            return fallback
        if not isinstance(value, str):
            self._wrong(key, value, "a text in quotes")
            return fallback
        if not value.strip():
            self.error(
                "empty-text",
                key,
                f'"{key}" is empty',
                "write it, or leave the key out" if not required else None,
            )
            return fallback
        return value

    @overload
    def choice(self, key: str, options: Sequence[str], *, required: Literal[True]) -> str: ...
    @overload
    def choice(self, key: str, options: Sequence[str], *, default: str) -> str: ...
    @overload
    def choice(self, key: str, options: Sequence[str]) -> str | None: ...
    def choice(
        self, key: str, options: Sequence[str], *, required: bool = False, default: str | None = None
    ) -> str | None:
        """One of a few words."""
        fallback = "" if required else default
        value = self._get(key, required=required, example=f'"{options[0]}"')
        if value is None:
            return fallback
        listed = ", ".join(f'"{option}"' for option in options)
        if not isinstance(value, str):
            self._wrong(key, value, f"one of {listed}")
            return fallback
        if value not in options:
            guess = nearest(value, options)
            hint = f"possible: {listed}" if guess is None else f'did you mean "{guess}"? possible: {listed}'
            self.error("unknown-choice", key, f'"{value}" is not a {key} that is known', hint)
            return fallback
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when absent."""
        value = self._get(key, required=False)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(key, value, "a list of texts", '["...", "..."]')
            return ()
        return tuple(value)

    # --- numbers ---

    @overload
    def number(self, key: str, *, required: Literal[True], **limits: Unpack[_NumberLimits]) -> float: ...
    @overload
    def number(self, key: str, *, default: float, **limits: Unpack[_NumberLimits]) -> float: ...
    @overload
    def number(self, key: str, **limits: Unpack[_NumberLimits]) -> float | None: ...
    def number(
        self,
        key: str,
        *,
        required: bool = False,
        default: float | None = None,
        **limits: Unpack[_NumberLimits],
    ) -> float | None:
        """A number without unit."""
        fallback = _NAN if required else default
        value = self._get(key, required=required, example="1.0")
        if value is None:
            return fallback
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(key, value, "a number without unit or quotes")
            return fallback
        if not math.isfinite(value):
            self.error("not-a-number", key, f'"{key}" is {value}; a finite number is wanted')
            return fallback
        self._within(
            key, value, limits.get("minimum"), limits.get("maximum"), limits.get("exclusive_minimum")
        )
        return float(value)

    @overload
    def integer(
        self, key: str, *, required: Literal[True], minimum: int | None = ..., maximum: int | None = ...
    ) -> int: ...
    @overload
    def integer(
        self, key: str, *, default: int, minimum: int | None = ..., maximum: int | None = ...
    ) -> int: ...
    @overload
    def integer(self, key: str, *, minimum: int | None = ..., maximum: int | None = ...) -> int | None: ...
    def integer(
        self,
        key: str,
        *,
        required: bool = False,
        default: int | None = None,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int | None:
        """A whole number."""
        fallback = (minimum or 0) if required else default
        value = self._get(key, required=required, example=str(minimum or 1))
        if value is None:
            return fallback
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(key, value, "a whole number without quotes")
            return fallback
        self._within(key, value, minimum, maximum, None)
        return value

    def _within(
        self, key: str, value: float, minimum: float | None, maximum: float | None, above: float | None
    ) -> None:
        allowed = _allowed(minimum, maximum, above)
        if minimum is not None and value < minimum:
            self.error("out-of-range", key, f'"{key}" is {value}; it must be at least {minimum}', allowed)
        if above is not None and value <= above:
            self.error("out-of-range", key, f'"{key}" is {value}; it must be more than {above}', allowed)
        if maximum is not None and value > maximum:
            self.error("out-of-range", key, f'"{key}" is {value}; it must be at most {maximum}', allowed)

    @overload
    def flag(self, key: str, *, default: bool) -> bool: ...
    @overload
    def flag(self, key: str, *, required: Literal[True]) -> bool: ...
    @overload
    def flag(self, key: str) -> bool | None: ...
    def flag(self, key: str, *, required: bool = False, default: bool | None = None) -> bool | None:
        """true or false."""
        fallback = False if required else default
        value = self._get(key, required=required, example="true")
        if value is None:
            return fallback
        if not isinstance(value, bool):
            self._wrong(key, value, "true or false, without quotes,")
            return fallback
        return value

    # --- quantities ---

    @overload
    def quantity(
        self, key: str, dimension: Dimensions, *, required: Literal[True], **limits: Unpack[_Limits]
    ) -> Quantity: ...
    @overload
    def quantity(
        self, key: str, dimension: Dimensions, *, default: str | Quantity, **limits: Unpack[_Limits]
    ) -> Quantity: ...
    @overload
    def quantity(self, key: str, dimension: Dimensions, **limits: Unpack[_Limits]) -> Quantity | None: ...
    def quantity(
        self,
        key: str,
        dimension: Dimensions,
        *,
        required: bool = False,
        default: str | Quantity | None = None,
        **limits: Unpack[_Limits],
    ) -> Quantity | None:
        """A quantity of the dimension (or of one of several). Limits are written as quantities:
        `exclusive_minimum="0 ml/h"`; with several dimensions a limit holds for the quantities of its own.
        """
        first = DIMENSIONS[dimension if isinstance(dimension, str) else dimension[0]]
        fallback = Quantity(_NAN, first.usual, first.name) if required else _as_quantity(default, dimension)
        value = self._get(key, required=required, example=f'"{first.example}"')
        if value is None or not self._quantity_like(key, value, first.usual, first.words):
            return fallback
        try:
            found = parse_quantity(value, dimension)
        except UnitError as error:
            self.error(error.code, key, error.message, error.hint)
            return fallback
        minimum, maximum, above = (
            limits.get("minimum"),
            limits.get("maximum"),
            limits.get("exclusive_minimum"),
        )
        for limit, breaks, words in (
            (minimum, Quantity.__lt__, "at least"),
            (above, Quantity.__le__, "more than"),
            (maximum, Quantity.__gt__, "at most"),
        ):
            bound = _as_quantity(limit, dimension)
            if bound is not None and bound.dimension == found.dimension and breaks(found, bound):
                allowed = _allowed(minimum, maximum, above)
                self.error("out-of-range", key, f'"{key}" is {found}; it must be {words} {bound}', allowed)
        return found

    @overload
    def range(self, key: str, dimension: Dimensions, *, required: Literal[True]) -> Range: ...
    @overload
    def range(self, key: str, dimension: Dimensions) -> Range | None: ...
    def range(self, key: str, dimension: Dimensions, *, required: bool = False) -> Range | None:
        """A range such as "300 mg .. 700 mg"."""
        first = DIMENSIONS[dimension if isinstance(dimension, str) else dimension[0]]
        nan = Quantity(_NAN, first.usual, first.name)
        fallback = Range(nan, nan) if required else None
        example = f"1 {first.usual} .. 2 {first.usual}"
        value = self._get(key, required=required, example=f'"{example}"')
        if value is None:
            return fallback
        if not isinstance(value, str):
            self._wrong(key, value, "a range in quotes", f'"{example}"')
            return fallback
        try:
            return parse_range(value, dimension)
        except UnitError as error:
            self.error(error.code, key, error.message, error.hint)
            return fallback

    def _quantity_like(self, key: str, value: object, usual: str, words: str) -> bool:
        if isinstance(value, str):
            return True
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.error(
                "missing-unit",
                key,
                f'"{key}" is {value} without a unit; {words} is wanted',
                f'write {key} = "{value} {usual}"',
            )
        else:
            self._wrong(key, value, f"{words} in quotes", f'"1 {usual}"')
        return False

    # --- tables ---

    @overload
    def table(self, key: str, *, required: Literal[True]) -> Table: ...
    @overload
    def table(self, key: str) -> Table | None: ...
    def table(self, key: str, *, required: bool = False) -> Table | None:
        """A table or inline table; when required and missing, an empty one whose own required keys are not
        reported again.
        """
        value = self._get(key, required=required)
        if isinstance(value, dict):
            return Table(value, self.where(key), self._shared)
        if value is not None:
            self._wrong(key, value, "a table", "{ ... }")
        return Table({}, self.where(key), _Shared(Problems(), self._shared.parameters)) if required else None

    def tables(self, key: str, *, required: bool = False, names: Sequence[str] = ("id",)) -> list[Table]:
        """An array of tables, or a list of inline tables. An element's path names it by the first of the keys
        `names` that it has, if that is unique (`steps.co-deposit`), else by its index (`steps[2]`).
        """
        value = self._get(key, required=required)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(key, value, "a list of tables", "[{ ... }]")
            return []
        if required and not value:
            self.error("missing-key", key, f'"{key}" is empty; at least one is wanted')
        called = [
            next((item[name] for name in names if isinstance(item.get(name), str)), None) for item in value
        ]
        path = self.where(key)
        return [
            Table(
                item,
                join_key(path, index if not label or called.count(label) > 1 else label),
                self._shared,
            )
            for index, (item, label) in enumerate(zip(value, called, strict=True))
        ]

    def named(self, key: str, *, required: bool = False) -> dict[str, Table]:
        """A table of tables: [pumps.a], [pumps.b]; empty when absent."""
        value = self._get(key, required=required)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(key, value, "a table of tables", None)
            return {}
        found: dict[str, Table] = {}
        for name, item in value.items():
            where = join_key(self.where(key), name)
            if isinstance(item, dict):
                found[name] = Table(item, where, self._shared)
            else:
                self.problems.error(
                    "wrong-type", where, f'"{name}" is {_kind(item)}; a table is wanted', f"write [{where}]"
                )
        return found

    def finish(self, *also_known: str) -> None:
        """Report every key that nobody has asked for as an error; `also_known` are keys read only in other
        circumstances.
        """
        for key in self.data:
            if key in self._asked:
                continue
            guess = nearest(key, self._asked.union(also_known))
            known = ", ".join(sorted(self._asked.union(also_known)))
            hint = f'did you mean "{guess}"?' if guess else f"known keys here: {known}"
            self.error("unknown-key", key, f'unknown key "{key}"', hint)


def _as_quantity(value: str | Quantity | None, dimension: Dimensions) -> Quantity | None:
    if value is None or isinstance(value, Quantity):
        return value
    key = value, dimension
    if key not in _LIMITS:
        _LIMITS[key] = parse_quantity(
            value, dimension
        )  # defaults and limits are few and written in the program
    return _LIMITS[key]


_LIMITS: dict[tuple[str, Dimensions], Quantity] = {}


def _allowed(minimum: object, maximum: object, above: object) -> str:
    """Limits in words, for a hint."""
    parts = [f"from {minimum}"] if minimum is not None else []
    parts += [f"above {above}"] if above is not None else []
    parts += [f"up to {maximum}"] if maximum is not None else []
    return "allowed: " + " ".join(parts)


def _kind(value: object) -> str:
    """What somebody wrote, in words."""
    if isinstance(value, bool):
        return f"{str(value).lower()} (true or false)"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"'
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return f"a date or time ({value})"
