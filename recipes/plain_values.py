"""The values of one TOML table that need no unit: texts, choices, numbers, flags; and where each stands.

`tables.Table` adds quantities and tables within tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Unpack, overload

from .limits import NumberLimits, allowed_words
from .places import join_key
from .problems import Problems
from .toml_text import nearest

_REFERENCE: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
_NAN: Final = float("nan")


@dataclass(slots=True)
class Shared:
    """What all tables of one file have in common."""

    problems: Problems
    parameters: Mapping[str, Any] | None = None
    used_parameters: set[str] = field(default_factory=set)


class PlainValues:
    """One TOML table, its dotted path, and the problems found in it."""

    __slots__ = ("_asked", "_shared", "data", "path")

    def __init__(self, data: dict[str, Any], path: str, shared: Shared) -> None:
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
        self.error("wrong-type", key, f'"{key}" is {kind_of(value)}; {wanted} is wanted', hint)

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
    def number(self, key: str, *, required: Literal[True], **limits: Unpack[NumberLimits]) -> float: ...
    @overload
    def number(self, key: str, *, default: float, **limits: Unpack[NumberLimits]) -> float: ...
    @overload
    def number(self, key: str, **limits: Unpack[NumberLimits]) -> float | None: ...
    def number(
        self,
        key: str,
        *,
        required: bool = False,
        default: float | None = None,
        **limits: Unpack[NumberLimits],
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
        allowed = allowed_words(minimum, maximum, above)
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


def kind_of(value: object) -> str:
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
