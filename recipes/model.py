"""A recipe as it was read: frozen, complete, and independent of any rig."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .solutions import Solute, Solution, Solvent
from .steps import (
    Accepted,
    AnyStep,
    Collector,
    CoolStep,
    DryStep,
    HeatStep,
    Needle,
    PrimeStep,
    PrimeStream,
    PromptStep,
    PurgeStep,
    RecordField,
    Segment,
    SpinStep,
    Step,
    Stream,
    WaitStep,
    Window,
)
from .units import Quantity, Range

FORMAT: Final = 2
"""The newest format this program reads; rises with every key or step kind that is added (2: `parts_by` of a
solution)."""

__all__ = [
    "FORMAT",
    "Accepted",
    "AnyStep",
    "Collector",
    "CoolStep",
    "DryStep",
    "HeatStep",
    "Needle",
    "Parameter",
    "PrimeStep",
    "PrimeStream",
    "PromptStep",
    "PurgeStep",
    "Recipe",
    "RecordField",
    "Segment",
    "Solute",
    "Solution",
    "Solvent",
    "Source",
    "SpinStep",
    "Step",
    "Stream",
    "WaitStep",
    "Window",
    "as_data",
]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a recipe comes from; `doi` without resolver ("10.1039/d0ra01791d")."""

    doi: str | None = None
    url: str | None = None
    title: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that stands for "$name" anywhere in the recipe; quantities are kept as text and read where they
    are used.
    """

    name: str
    default: str | int | float | bool
    minimum: str | int | float | None = None
    maximum: str | int | float | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a sample is made of and what happens to it.

    `id` is the file's stem or the store's id; `text` is the author's text and `sha256` the hash of its bytes.
    `revision` is the number in the recipe store; None for files, library recipes and texts changed by hand since.
    """

    format: int
    id: str
    name: str
    summary: str | None
    source: Source | None
    parameters: dict[str, Parameter]
    solutions: dict[str, Solution]
    steps: tuple[AnyStep, ...]
    accept: tuple[Accepted, ...]
    text: str
    sha256: str
    revision: int | None = None

    def step(self, id: str) -> AnyStep:
        """The step of that id.

        :raises KeyError: when there is none.
        """
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    def resolved(self) -> dict[str, Any]:
        """All values as they will be used, defaults and parameters filled in, as plain data for a record. Text and
        revision stand beside it there.
        """
        data = as_data(self)
        return {key: value for key, value in data.items() if key not in ("text", "revision")}


def as_data(value: Any) -> Any:
    """Plain data (dicts, lists, texts, numbers) of a model object; quantities in re-readable notation, steps
    with their `do`.
    """
    if isinstance(value, Quantity | Range):
        return value.text()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        data = {field.name: as_data(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"do": value.do, **data} if isinstance(value, Step) else data
    if isinstance(value, Mapping):
        return {key: as_data(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_data(item) for item in value]
    return value
