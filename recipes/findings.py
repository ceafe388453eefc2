"""What a rule of the linter found, and where each step of a recipe stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .model import Recipe
from .steps import AnyStep, SpinStep, Stream


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `step` is the path of the step whose `accept` list may silence it."""

    where: str
    message: str
    hint: str | None = None
    step: str = ""


@dataclass(frozen=True, slots=True)
class StepPlace:
    """A step with its dotted path: by id, or by index where the id is not unique."""

    path: str
    step: AnyStep


def step_places(recipe: Recipe) -> list[StepPlace]:
    """Every step with its path.

    Steps whose kind was unknown are not in the recipe, so indices are those of the file only when all were
    read; ids hold always.
    """
    paths = element_paths("steps", [step.id for step in recipe.steps])
    return [StepPlace(path, step) for path, step in zip(paths, recipe.steps, strict=True)]


def spin_places(recipe: Recipe) -> Iterator[tuple[str, SpinStep]]:
    """Every spin step with its path."""
    for place in step_places(recipe):
        if isinstance(place.step, SpinStep):
            yield place.path, place.step


def stream_places(path: str, streams: Sequence[Stream]) -> list[tuple[str, Stream]]:
    """Every stream of a spin step with its path."""
    return list(
        zip(element_paths(f"{path}.streams", [stream.id for stream in streams]), streams, strict=True)
    )


def element_paths(path: str, ids: Sequence[str]) -> list[str]:
    """Paths of the elements of an array of tables: by id, or by index where the id is not unique."""
    return [
        f"{path}.{id}" if id and ids.count(id) == 1 else f"{path}[{index}]" for index, id in enumerate(ids)
    ]
