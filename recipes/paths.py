"""Where each step and stream of a recipe stands: dotted paths by id, or by index where an id is not unique."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import Recipe
from .steps import AnyStep, Stream


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
