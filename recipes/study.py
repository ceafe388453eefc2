"""A study: variants of a recipe, each with other values of a few factors; their texts keep the author's layout."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from .editing import EditError, Value, edit
from .model import Parameter, Recipe, as_data
from .paths import element_paths, step_places
from .problems import InputError, Problem, Severity
from .steps import AnyStep, HeatStep, PurgeStep, SpinStep
from .toml_text import nearest
from .units import Quantity, UnitError, is_number, parse_any

MOST: Final = 500
"""Variants that one study may have: more is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Factor:
    """What is varied: `name` as it was asked for, the paths that take the value, and the values in words."""

    name: str
    paths: tuple[str, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One recipe of a study; `values`: factor to value."""

    id: str
    name: str
    values: dict[str, Value]
    text: str


def read_factor(recipe: Recipe, said: str) -> Factor:
    """`spin_voltage=16:24:2` (from, to, step) or `co-deposit.rate=0.8,1.0`; units may be left out.

    A name is a parameter of the recipe, STEP.KEY (a key of all streams where the step itself has none),
    STEP.STREAM.KEY, or KIND_KEY where the recipe has one step of that kind (spin_voltage).

    :raises InputError: when name or values mean nothing here.
    """
    name, sign, written = said.partition("=")
    if not sign or not name.strip() or not written.strip():
        raise _wrong(
            f'"{said}" is no factor', "write NAME=VALUE,VALUE or NAME=FROM:TO:STEP, e.g. spin_voltage=16:24:2"
        )
    name = name.strip()
    if name in recipe.parameters:
        parameter = recipe.parameters[name]
        values = _values(written, parameter.default, said)
        _within(parameter, values, said)
        return Factor(name, (f"parameters.{name}.default",), values)
    paths, present = _places(recipe, name)
    return Factor(name, paths, _values(written, present, said))


def variants(recipe: Recipe, factors: Sequence[Factor]) -> tuple[Variant, ...]:
    """Every combination of the factors' values, the last factor running fastest.

    :raises InputError: when there are too many, or a value cannot be put into the text.
    """
    number = 1
    for factor in factors:
        number *= len(factor.values)
    if number > MOST:
        raise _wrong(f"{number} variants are more than {MOST}", "take fewer values, or several studies")
    width = max(2, len(str(number)))
    made = []
    for index, chosen in enumerate(itertools.product(*(factor.values for factor in factors)), 1):
        values = {factor.name: value for factor, value in zip(factors, chosen, strict=True)}
        changes: dict[str, Value | None] = {
            path: value for factor, value in zip(factors, chosen, strict=True) for path in factor.paths
        }
        said = ", ".join(f"{name} {value}" for name, value in values.items())
        title = f"{recipe.name} ({said})"
        try:
            text = edit(recipe.text, {**changes, "name": title})
        except EditError as error:
            raise _wrong(f"{said}: {error}", None) from None
        made.append(Variant(f"{recipe.id}-{index:0{width}d}", title, values, text))
    return tuple(made)


# --- what a name means ---


def _places(recipe: Recipe, name: str) -> tuple[tuple[str, ...], Any]:
    """The paths a name stands for, and the value there now."""
    step_name, dot, rest = name.partition(".")
    steps = {place.step.id: (place.path, place.step) for place in step_places(recipe)}
    if dot and step_name in steps:
        found = _in_step(*steps[step_name], rest)
    elif not dot and "_" in name:
        kind, _, key = name.partition("_")
        of_kind = [place for place in step_places(recipe) if place.step.do == kind]
        found = _in_step(of_kind[0].path, of_kind[0].step, key) if len(of_kind) == 1 else None
    else:
        found = None
    if found is None:
        known = sorted(_known(recipe))
        guess = nearest(name, known)
        hint = f'did you mean "{guess}"?' if guess else f"this recipe has: {', '.join(known)}"
        raise _wrong(f'"{name}" is nothing that can be varied here', hint)
    return found


def _in_step(path: str, step: AnyStep, key: str) -> tuple[tuple[str, ...], Any] | None:
    data = as_data(step)
    if isinstance(step, HeatStep) and len(step.segments) == 1:
        data |= as_data(step.segments[0])
    if isinstance(step, PurgeStep):
        data["until"] = data.pop("oxygen")
    if not isinstance(step, SpinStep):
        return ((f"{path}.{key}",), data[key]) if _is_value(data.get(key)) else None
    streams = dict(
        zip(element_paths(f"{path}.streams", [one.id for one in step.streams]), step.streams, strict=True)
    )
    stream_id, dot, own = key.rpartition(".")
    if dot:
        for where, stream in streams.items():
            value = as_data(stream).get(own)
            if stream.id == stream_id and _is_value(value):
                return (f"{where}.{own}",), value
        return None
    if _is_value(data.get(key)):
        return (f"{path}.{key}",), data[key]
    values = [as_data(stream).get(key) for stream in streams.values()]
    if values and all(_is_value(value) for value in values):
        return tuple(f"{where}.{key}" for where in streams), values[0]
    return None


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _known(recipe: Recipe) -> Iterator[str]:
    yield from recipe.parameters
    for place in step_places(recipe):
        keys = set(as_data(place.step)) | {"rate", "ramp", "to", "soak", "until"}
        for key in keys - {"id", "do", "note", "say", "oxygen"}:
            if _in_step(place.path, place.step, key) is not None:
                yield f"{place.step.id}.{key}"


# --- values ---

_RANGE: Final = re.compile(r"([^:]+):([^:]+):([^:]+)")


def _values(written: str, present: Any, said: str) -> tuple[Value, ...]:
    unit = _unit(present)
    steps = _RANGE.fullmatch(written.strip())
    if steps is None:
        words = [word.strip() for word in written.split(",")]
        return tuple(_value(word, unit, present, said) for word in words)
    low, high, by = (_number(part, unit, said) for part in steps.groups())
    if by == 0 or (high - low) * by < 0:
        raise _wrong(
            f'"{said}": from {low} to {high} in steps of {by} leads nowhere', "FROM:TO:STEP, e.g. 16:24:2"
        )
    count = int((high - low) / by) + 1
    if count > MOST:
        raise _wrong(f'"{said}": {count} values are more than {MOST}', "take a larger step")
    return tuple(
        _value(format((low + by * index).normalize(), "f"), unit, present, said) for index in range(count)
    )


def _unit(present: Any) -> str | None:
    """The unit that the value has now; None for a plain number or word."""
    if not isinstance(present, str):
        return None
    try:
        return parse_any(present).unit
    except UnitError:
        return None


def _value(word: str, unit: str | None, present: Any, said: str) -> Value:
    if unit is not None:
        if is_number(word):
            return f"{word} {unit}"
        try:
            found: Quantity = parse_any(word)
        except UnitError as error:
            raise _wrong(f'"{said}": {error.message}', error.hint) from None
        if found.dimension != parse_any(str(present)).dimension:
            raise _wrong(f'"{said}": {word} cannot stand for {present}', f"write it in {unit}")
        return found.text()
    if isinstance(present, int | float):
        number = _number(word, None, said)
        return (
            int(number)
            if number == number.to_integral_value() and isinstance(present, int)
            else float(number)
        )
    return word


def _number(word: str, unit: str | None, said: str) -> Decimal:
    plain = word.strip()
    if unit is not None and plain.endswith(unit):
        plain = plain.removesuffix(unit).strip()
    if not is_number(plain):
        hint = f"numbers in {unit}, with a decimal point" if unit else "numbers with a decimal point"
        raise _wrong(f'"{said}": "{word.strip()}" is no number', hint)
    return Decimal(plain)


def _within(parameter: Parameter, values: Sequence[Value], said: str) -> None:
    for value in values:
        for limit, below in ((parameter.minimum, True), (parameter.maximum, False)):
            if limit is None:
                continue
            one, other = (parse_any(str(item)) if isinstance(item, str) else item for item in (value, limit))
            if one < other if below else one > other:  # type: ignore[operator]
                word = "below" if below else "above"
                raise _wrong(f'"{said}": {value} is {word} what "{parameter.name}" allows, {limit}', None)


def _wrong(message: str, hint: str | None) -> InputError:
    return InputError([Problem(Severity.ERROR, "bad-factor", "", message, hint)], what="study")
