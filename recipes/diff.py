"""The difference of two recipes, in lines that a chemist understands.

`diff` compares what the recipes say, not how they are typed: "co-deposit: voltage 20 kV -> 18 kV", "solution
pan-pmma: concentration 12 wt% -> 10 wt%", "step "cool-in-air" added after stabilise". What a step gives all
its streams, and a furnace step all its segments, is told once. The same amount in another unit is noted
("written as"), comments and layout in one line at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .alignment import matched, moved, renamed
from .changes import Change, Spot, compare, compare_fields, describe
from .diff_steps import accept_changes, assumed_changes, step_changes
from .model import Parameter, Recipe
from .paths import element_paths
from .places import join_key, split_key
from .solutions import Solution
from .steps import AnyStep, PrimeStep, SpinStep
from .units import Quantity, UnitError, parse_any
from .written import LABELS, REFERENCE, said_by

__all__ = ["Change", "diff"]


def diff(old: Recipe, new: Recipe) -> tuple[Change, ...]:
    """Everything that is different in `new`, in the order of its text; empty when the texts are the same.

    Ids of steps, solutions and streams count as renamed only where exactly one vanished and one new are equal in
    all else. The recipes' own ids (names of files) are not compared.
    """
    changes = tuple(_changes(old, new))
    if not changes and old.text != new.text and old.text and new.text:
        return (Change("text", "", "only comments or layout changed"),)
    return changes


def _changes(old: Recipe, new: Recipe) -> Iterator[Change]:
    top = Spot("", "")
    for key in ("format", "name", "summary", "source"):
        yield from compare(top, key, getattr(old, key), getattr(new, key))
    yield from accept_changes(top, old.accept, new.accept)
    yield from _parameters(old.parameters, new.parameters)
    old, renames = _solutions_renamed(old, new)
    yield from renames
    yield from _solutions(old.solutions, new.solutions)
    yield from _steps(old.steps, new.steps)
    yield from _references(old, new)


# --- parameters ---


def _parameters(old: Mapping[str, Parameter], new: Mapping[str, Parameter]) -> Iterator[Change]:
    for name in dict.fromkeys([*new, *old]):
        path, was, now = join_key("parameters", name), old.get(name), new.get(name)
        if was is None and now is not None:
            words = f"parameter {name} added: default {describe(now.default)}"
            yield Change("added", path, words, None, describe(now.default))
        elif was is not None and now is None:
            yield Change("removed", path, f"parameter {name} removed", describe(was.default), None)
        elif was is not None and now is not None:
            at = Spot(path, f"parameter {name}: ")
            for key, before, after in (
                ("default", was.default, now.default),
                ("min", was.minimum, now.minimum),
                ("max", was.maximum, now.maximum),
            ):
                yield from compare(at, key, *_amounts(before, after))


def _amounts(before: Any, after: Any) -> tuple[Any, Any]:
    """Both as quantities when both are; a parameter keeps them as texts."""
    try:
        amounts: list[Quantity] = [parse_any(item) for item in (before, after)]
    except (UnitError, AttributeError, TypeError):
        return before, after
    return amounts[0], amounts[1]


def _references(old: Recipe, new: Recipe) -> Iterator[Change]:
    """Values that are taken from a parameter now, or no longer."""
    was, now = _references_of(old), _references_of(new)
    before, after = _paths_of(said_by(old.text)), _paths_of(said_by(new.text))
    for path in dict.fromkeys([*now, *was]):
        one, other = was.get(path), now.get(path)
        if one == other or path not in before or path not in after:
            continue
        words = _spoken(path)
        if other is not None:
            words += f" now given by parameter {other}" + (f" (was {one})" if one else "")
        else:
            words += f" no longer given by parameter {one}"
        yield Change("changed", path, words, one and f"${one}", other and f"${other}")


def _references_of(recipe: Recipe) -> dict[str, str]:
    found = {}
    for path, value in _paths_of(said_by(recipe.text)).items():
        if isinstance(value, str) and REFERENCE.fullmatch(value) and value[1:] in recipe.parameters:
            found[path] = value[1:]
    return found


def _paths_of(data: Any, path: str = "") -> dict[str, Any]:
    """Every value of a TOML document by its dotted path, elements of lists by id where they have one."""
    if isinstance(data, dict):
        below = [(join_key(path, key), item) for key, item in data.items() if path or key != "parameters"]
    elif isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
        names = [str(next((item[name] for name in LABELS if name in item), "")) for item in data]
        below = list(zip(element_paths(path, names), data, strict=True))
    else:
        return {path: data}
    return {key: value for inner, item in below for key, value in _paths_of(item, inner).items()}


def _spoken(path: str) -> str:
    """A path in the words of the other lines: "co-deposit: stream tio2: rate"."""
    parts = [str(part) for part in split_key(path)]
    if parts[0] == "steps":
        parts = parts[1:]
    elif parts[0] == "solutions":
        parts = [f"solution {parts[1]}", *parts[2:]]
    spoken: list[str] = []
    for part in parts:
        if spoken and spoken[-1] in ("streams", "segments", "solvents", "solutes"):
            spoken[-1] = f"{spoken[-1].removesuffix('s')} {part}"
        else:
            spoken.append(part)
    return ": ".join(part.replace("_", " ") for part in spoken)


# --- solutions ---


def _solutions_renamed(old: Recipe, new: Recipe) -> tuple[Recipe, list[Change]]:
    """The old recipe with the new names of solutions that have only been renamed."""
    one, other = list(old.solutions.values()), list(new.solutions.values())
    _, gone, come = matched(one, other, lambda solution: solution.id)
    pairs = renamed(one, other, gone, come, lambda was, now: replace(was, id=now.id) == now)
    names = {one[before].id: other[after].id for before, after in pairs}
    if not names:
        return old, []
    changes = [
        Change("renamed", join_key("solutions", now), f"solution {was} renamed {now}", was, now)
        for was, now in names.items()
    ]
    solutions = {names.get(id, id): replace(item, id=names.get(id, id)) for id, item in old.solutions.items()}
    return replace(
        old, solutions=solutions, steps=tuple(_with_names(step, names) for step in old.steps)
    ), changes


def _with_names(step: AnyStep, names: Mapping[str, str]) -> AnyStep:
    """A step that calls solutions, and streams called after them, by their new names."""
    if isinstance(step, SpinStep):
        own = {stream.id for stream in step.streams if stream.id == stream.solution}
        streams = tuple(
            replace(
                stream,
                id=names.get(stream.id, stream.id) if stream.id in own else stream.id,
                solution=names.get(stream.solution, stream.solution),
                shell_of=names.get(stream.shell_of, stream.shell_of)
                if stream.shell_of is not None and stream.shell_of in own
                else stream.shell_of,
            )
            for stream in step.streams
        )
        return replace(step, streams=streams)
    if isinstance(step, PrimeStep):
        return replace(
            step,
            streams=tuple(
                replace(
                    item,
                    id=names.get(item.id, item.id) if item.id == item.solution else item.id,
                    solution=names.get(item.solution, item.solution),
                )
                for item in step.streams
            ),
        )
    return step


def _solutions(old: Mapping[str, Solution], new: Mapping[str, Solution]) -> Iterator[Change]:
    for name in dict.fromkeys([*new, *old]):
        path, was, now = join_key("solutions", name), old.get(name), new.get(name)
        if was is None:
            yield Change("added", path, f"solution {name} added", None, name)
        elif now is None:
            yield Change("removed", path, f"solution {name} removed", name, None)
        else:
            at = Spot(path, f"solution {name}: ")
            yield from _ingredients(at, "solvents", was.solvents, now.solvents)
            yield from _ingredients(at, "solutes", was.solutes, now.solutes)
            yield from compare_fields(at, was, now, ("id", "solvents", "solutes", "assumed"))
            yield from assumed_changes(at, was, now)


def _ingredients(spot: Spot, key: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    noun = key.removesuffix("s")
    pairs, gone, come = matched(old, new, lambda item: str(item.name))
    if len(gone) == len(come) == len(old) == len(new) == 1:
        was, now = old[0], new[0]  # the only one: exchanged for another
        words = f"{spot.words}{noun} {was.name} -> {now.name}"
        yield Change("changed", f"{spot.path}.{key}[0].name", words, was.name, now.name)
        yield from compare_fields(
            Spot(f"{spot.path}.{key}[0]", f"{spot.words}{noun} {now.name}: "), was, now, ("name",)
        )
        return
    for index in come:
        words = f"{spot.words}{noun} {new[index].name} added"
        yield Change("added", f"{spot.path}.{key}[{index}]", words, None, new[index].name)
    for index in gone:
        words = f"{spot.words}{noun} {old[index].name} removed"
        yield Change("removed", f"{spot.path}.{key}[{index}]", words, old[index].name, None)
    for before, after in pairs:
        at = Spot(f"{spot.path}.{key}[{after}]", f"{spot.words}{noun} {new[after].name}: ")
        yield from compare_fields(at, old[before], new[after], ("name",))


# --- steps ---


def _steps(old: Sequence[AnyStep], new: Sequence[AnyStep]) -> Iterator[Change]:
    pairs, gone, come = matched(old, new, lambda step: step.id)
    again = renamed(old, new, gone, come, lambda was, now: _same_but_id(was, now))
    pairs = sorted([*pairs, *again], key=lambda pair: pair[1])
    gone = [index for index in gone if index not in [before for before, _ in again]]
    before_paths = element_paths("steps", [step.id for step in old])
    paths = element_paths("steps", [step.id for step in new])
    elsewhere = moved(pairs)
    for index in gone:
        yield Change("removed", before_paths[index], f'step "{old[index].id}" removed', old[index].id, None)
    partner = {after: before for before, after in pairs}
    for index, step in enumerate(new):
        path = paths[index]
        place = f"after {new[index - 1].id}" if index else "to the beginning"
        if index not in partner:
            place = place if index else "at the beginning"
            yield Change("added", path, f'step "{step.id}" added {place}', None, step.id)
            continue
        was = old[partner[index]]
        if was.id != step.id:
            words = f'step "{was.id}" renamed "{step.id}"'
            yield Change("renamed", f"{path}.id", words, was.id, step.id)
        if index in elsewhere:
            earlier = f"after {old[partner[index] - 1].id}" if partner[index] else "at the beginning"
            yield Change("moved", path, f'step "{step.id}" moved {place} (was {earlier})', earlier, place)
        yield from step_changes(Spot(path, f"{step.id}: "), was, step)


def _same_but_id(one: AnyStep, other: AnyStep) -> bool:
    return type(one) is type(other) and replace(one, id=other.id) == other
