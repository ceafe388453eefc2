"""The strict reading toolkit for every TOML file of the program: recipe, rig file, run sheet, answers,
faults, start state.

A `Table` is asked key by key; what is wrong with a value becomes a `Problem` and reading goes on, so that the
author sees all mistakes at once. `finish` reports every key nobody asked for. A *required* value that is
missing or wrong comes back as a placeholder (empty text, NaN, 0, False) so that the types stay simple: **an
object built while errors were reported must be dropped by its reader.** Comparisons with NaN are false, so
placeholders raise no problems of their own; compare empty texts with care.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Unpack, overload

from .limits import Dimensions, Limits, as_quantity, broken_limits
from .places import join_key
from .plain_values import PlainValues, Shared, kind_of
from .problems import Problems
from .toml_text import nearest
from .units import DIMENSIONS, Quantity, Range, UnitError, parse_quantity, parse_range

__all__ = ["Table", "root_table"]

_NAN: Final = float("nan")


def root_table(data: dict[str, Any], problems: Problems) -> Table:
    """The table of a whole file."""
    return Table(data, "", Shared(problems))


class Table(PlainValues):
    """One TOML table with all that can stand in it."""

    __slots__ = ()

    # --- quantities ---

    @overload
    def quantity(
        self, key: str, dimension: Dimensions, *, required: Literal[True], **limits: Unpack[Limits]
    ) -> Quantity: ...
    @overload
    def quantity(
        self, key: str, dimension: Dimensions, *, default: str | Quantity, **limits: Unpack[Limits]
    ) -> Quantity: ...
    @overload
    def quantity(self, key: str, dimension: Dimensions, **limits: Unpack[Limits]) -> Quantity | None: ...
    def quantity(
        self,
        key: str,
        dimension: Dimensions,
        *,
        required: bool = False,
        default: str | Quantity | None = None,
        **limits: Unpack[Limits],
    ) -> Quantity | None:
        """A quantity of the dimension (or of one of several). Limits are written as quantities:
        `exclusive_minimum="0 ml/h"`; with several dimensions a limit other than zero holds for the
        quantities of its own only.
        """
        first = DIMENSIONS[dimension if isinstance(dimension, str) else dimension[0]]
        fallback = Quantity(_NAN, first.usual, first.name) if required else as_quantity(default, dimension)
        value = self._get(key, required=required, example=f'"{first.example}"')
        if value is None or not self._quantity_like(key, value, first.usual, first.words):
            return fallback
        try:
            found = parse_quantity(value, dimension)
        except UnitError as error:
            self.error(error.code, key, error.message, error.hint)
            return fallback
        for limit, allowed in broken_limits(found, dimension, limits):
            self.error("out-of-range", key, f'"{key}" is {found}; it must be {limit}', allowed)
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
        return Table({}, self.where(key), Shared(Problems(), self._shared.parameters)) if required else None

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
                    "wrong-type", where, f'"{name}" is {kind_of(item)}; a table is wanted', f"write [{where}]"
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
