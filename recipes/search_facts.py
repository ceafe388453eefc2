"""What a search can ask of a recipe: its quantities, materials and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from .model import Recipe
from .solutions import Solute, Solvent
from .steps import (
    FURNACE_KINDS,
    AnyStep,
    CoolStep,
    DryStep,
    HeatStep,
    PurgeStep,
    SpinStep,
    WaitStep,
    Window,
)
from .units import Quantity

QUANTITIES: Final[dict[str, tuple[str, ...]]] = {
    "voltage": ("voltage",),
    "bias": ("voltage",),
    "distance": ("length",),
    "rate": ("flow_rate",),
    "duration": ("time",),
    "gauge": ("gauge",),
    "speed": ("rotation", "speed"),
    "humidity": ("humidity",),
    "chamber temperature": ("temperature",),
    "concentration": ("mass_fraction", "density"),
    "molar mass": ("molar_mass",),
    "particle size": ("length",),
    "conductivity": ("conductivity",),
    "viscosity": ("viscosity",),
    "surface tension": ("surface_tension",),
    "temperature": ("temperature",),
    "ramp": ("heating_rate",),
    "soak": ("time",),
    "flow": ("gas_flow",),
    "oxygen": ("oxygen",),
}
"""Every quantity that can be compared, with its possible dimensions: voltage, rate and so on of the streams, bias and
speed of the collector, temperature, ramp and soak of the furnace, flow of its gas.
"""
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity that stands in a recipe, or a window of it; None: open on that side. `step`: the kind of step."""

    name: str
    low: Quantity | None
    high: Quantity | None
    step: str | None = None


class Names(Protocol):
    """Materials by any of their names (`recipes.materials`, or a lab's own on top of it)."""

    def solvent(self, name: str) -> _Named | None:
        """The solvent of that name."""

    def polymer(self, name: str) -> _Named | None:
        """The polymer or other solute of that name."""

    def gas(self, name: str) -> _Named | None:
        """The gas of that name."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def amounts(recipe: Recipe) -> Iterator[Amount]:
    """Every quantity of a recipe that can be asked for."""
    for name, value, step in _values(recipe):
        if value is not None:
            yield Amount(name, value, value, step)
    for one in recipe.steps:
        if isinstance(one, SpinStep):
            yield from _window("humidity", one.humidity)
            yield from _window("chamber temperature", one.temperature)


def _values(recipe: Recipe) -> Iterator[tuple[str, Quantity | None, str | None]]:
    for solution in recipe.solutions.values():
        yield "concentration", solution.concentration, None
        yield "conductivity", solution.conductivity, None
        yield "viscosity", solution.viscosity, None
        yield "surface tension", solution.surface_tension, None
        for solute in solution.solutes:
            yield "molar mass", solute.molar_mass, None
            yield "particle size", solute.particle_size, None
    for step in recipe.steps:
        for name, value in _of_step(step):
            yield name, value, step.do


def _of_step(step: AnyStep) -> Iterator[tuple[str, Quantity | None]]:
    if isinstance(step, SpinStep | DryStep | WaitStep):
        yield "duration", step.duration
    if isinstance(step, SpinStep):
        for stream in step.streams:
            yield "voltage", stream.voltage
            yield "distance", stream.distance
            yield "rate", stream.rate
            yield "gauge", stream.needle.gauge
        if step.collector is not None:
            yield "bias", step.collector.voltage
            yield "speed", step.collector.speed
    elif isinstance(step, HeatStep):
        for segment in step.segments:
            yield "temperature", segment.to
            yield "ramp", segment.ramp
            yield "soak", segment.soak
            yield "flow", segment.flow
    elif isinstance(step, DryStep):
        yield "temperature", step.to
        yield "flow", step.flow
    elif isinstance(step, PurgeStep | CoolStep):
        yield "flow", step.flow
        if isinstance(step, PurgeStep):
            yield "oxygen", step.oxygen


def _window(name: str, window: Window | None) -> Iterator[Amount]:
    if window is not None:
        yield Amount(name, window.minimum, window.maximum, "spin")


def solvents(recipe: Recipe) -> Iterator[Solvent]:
    """Every solvent of every solution."""
    for solution in recipe.solutions.values():
        yield from solution.solvents


def solutes(recipe: Recipe) -> Iterator[Solute]:
    """Every polymer, salt and particle of every solution."""
    for solution in recipe.solutions.values():
        yield from solution.solutes


def gases(recipe: Recipe) -> Iterator[str]:
    """Every gas that a furnace step names."""
    for step in recipe.steps:
        if isinstance(step, HeatStep):
            yield from (segment.atmosphere for segment in step.segments)
        elif isinstance(step, PurgeStep):
            yield step.gas
        elif isinstance(step, DryStep | CoolStep):
            yield step.atmosphere


def words(recipe: Recipe) -> frozenset[str]:
    """The recipe's own words, in small letters: id, name, summary, source, solutions, steps, needles, collectors."""
    source = recipe.source
    texts = [recipe.id, recipe.name, recipe.summary, *recipe.solutions]
    if source is not None:
        texts += [source.doi, source.title, source.note]
    for step in recipe.steps:
        texts += [step.do, step.id, step.note]
        if step.do in FURNACE_KINDS:
            texts.append("furnace")
        if isinstance(step, SpinStep):
            texts += [stream.mode for stream in step.streams]
            texts += [stream.needle.kind for stream in step.streams]
            texts.append(None if step.collector is None else step.collector.kind)
    return frozenset(
        word for text in texts if text is not None for word in (*split(text), text.casefold().strip())
    )


def split(text: str) -> list[str]:
    """The words of a text, in small letters; a hyphen parts words."""
    return [word.casefold() for word in _WORD.findall(text)]
