"""What a rule looks at: a recipe, and what is known of materials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recipes.materials import Materials, Solute, Solvent
from recipes.model import Recipe
from recipes.paths import StepPlace, element_paths, step_places, stream_places
from recipes.solutions import Solution
from recipes.steps import HeatStep, Segment, SpinStep, Stream


@dataclass(frozen=True, slots=True)
class Case:
    """A recipe under the linter, with the tables of materials (a lab's own among them)."""

    recipe: Recipe
    known: Materials

    def places(self) -> list[StepPlace]:
        """Every step with its path."""
        return step_places(self.recipe)

    def spins(self) -> Iterator[tuple[str, SpinStep]]:
        """Every spin step with its path."""
        for place in self.places():
            if isinstance(place.step, SpinStep):
                yield place.path, place.step

    def streams(self) -> Iterator[tuple[str, SpinStep, str, Stream]]:
        """Every stream: path of its step, the step, path of the stream, the stream."""
        for path, step in self.spins():
            for where, stream in stream_places(path, step.streams):
                yield path, step, where, stream

    def segments(self) -> Iterator[tuple[StepPlace, str, Segment]]:
        """Every segment of every heat step: its step, its own path, the segment."""
        for place in self.places():
            if isinstance(place.step, HeatStep):
                alone = len(place.step.segments) == 1
                for index, segment in enumerate(place.step.segments):
                    yield place, place.path if alone else f"{place.path}.segments[{index}]", segment

    def solvents(self, solution: Solution) -> list[Solvent]:
        """The solvents of a solution that are known."""
        found = (self.known.solvent(one.name) for one in solution.solvents)
        return [one for one in found if one is not None]

    def solutes(self) -> list[tuple[str, Solute]]:
        """Every known solute of the recipe with the path of its entry."""
        found = []
        for name, solution in self.recipe.solutions.items():
            paths = element_paths(f"solutions.{name}.solutes", [one.name for one in solution.solutes])
            for where, one in zip(paths, solution.solutes, strict=True):
                solute = self.known.polymer(one.name)
                if solute is not None:
                    found.append((where, solute))
        return found

    def carbon_precursor(self, *, read_only: bool = False) -> Solute | None:
        """The first solute that inert heat turns to carbon; None where none is known.

        read_only: general knowledge does not count, as in a rule that refuses.
        """
        return next((one for _, one in self.solutes() if _makes_carbon(one, read_only)), None)

    def cyanide_precursor(self, *, read_only: bool = False) -> Solute | None:
        """The first that in addition gives off hydrogen cyanide: polyacrylonitrile and its copolymers."""
        makes = (one for _, one in self.solutes() if _makes_carbon(one, read_only))
        return next((one for one in makes if one.release("HCN") is not None), None)


def _makes_carbon(solute: Solute, read_only: bool) -> bool:
    fact = solute.carbon_precursor
    return fact is not None and fact.holds and (fact.may_refuse or not read_only)
