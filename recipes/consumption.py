"""What a planned recipe uses up: litres of gas, solvent that evaporates, energy of the furnace."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from .curves import Curve, flows, temperature_curve
from .materials import Materials, builtin_materials
from .model import Recipe
from .solutions import Solution
from .timeline import AMBIENT_DEGC, DEFAULT_FURNACE, Timeline

HOLDS_W: Final = 1500.0
HOLDS_AT_DEGC: Final = 1100.0
"""What a laboratory tube furnace takes to hold its limit (general knowledge; no rig file says it)."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """gas_l: litres at standard conditions by gas, without room air; solvent_g: grams by solvent; energy_kwh: of the
    furnace, an estimate, 0 without furnace steps. notes: what was taken for unknown values.
    """

    gas_l: dict[str, float]
    solvent_g: dict[str, float]
    energy_kwh: float
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `spinrig plan --json`."""
        return {
            "gas_l": self.gas_l,
            "solvent_g": self.solvent_g,
            "energy_kwh": self.energy_kwh,
            "notes": list(self.notes),
        }

    def sentence(self) -> str:
        """ "94 l of argon, roughly 8 kWh; 3.4 g of DMF and 3.2 g of methanol evaporate"; "" where nothing is used."""
        words = [f"{litres:.0f} l of {gas}" for gas, litres in self.gas_l.items()]
        if self.energy_kwh > 0:
            words.append(f"roughly {self.energy_kwh:.0f} kWh")
        solvents = " and ".join(f"{grams:.2g} g of {name}" for name, grams in self.solvent_g.items())
        parts = [", ".join(words)] if words else []
        parts += [f"{solvents} evaporate"] if solvents else []
        return "; ".join(parts)


def consumption(recipe: Recipe, timeline: Timeline, materials: Materials | None = None) -> Consumption:
    """What a plan of that recipe uses up."""
    notes: list[str] = []
    known = materials or builtin_materials()
    solvents = _solvents(recipe, timeline, known, notes)
    energy = _energy_kwh(temperature_curve(recipe, timeline))
    if energy > 0:
        notes.append(f"kWh: a furnace that takes {HOLDS_W / 1000:g} kW to hold {HOLDS_AT_DEGC:g} °C is taken")
    return Consumption(_gases(recipe, timeline), solvents, energy, tuple(notes))


def _gases(recipe: Recipe, timeline: Timeline) -> dict[str, float]:
    """Litres of each fed gas."""
    litres: dict[str, float] = {}
    for gas, from_s, to_s, sccm in flows(recipe, timeline):
        litres[gas] = litres.get(gas, 0.0) + sccm * (to_s - from_s) / 60_000
    return litres


def _solvents(recipe: Recipe, timeline: Timeline, known: Materials, notes: list[str]) -> dict[str, float]:
    grams: dict[str, float] = {}
    for name, millilitres in timeline.solution_ml().items():
        solution = recipe.solutions.get(name)
        if solution is None:
            continue
        density = _density(solution, known, notes)
        total = millilitres * density * (1 - _solids(solution, density))
        parts = sum(one.parts or 0.0 for one in solution.solvents)
        for one in solution.solvents:
            share = one.parts / parts if one.parts and parts else 1 / len(solution.solvents)
            solvent = known.solvent(one.name)
            called = one.name if solvent is None else solvent.name
            grams[called] = grams.get(called, 0.0) + total * share
    return grams


def _density(solution: Solution, known: Materials, notes: list[str]) -> float:
    if solution.density is not None:
        return solution.density.to("g/ml")
    found = [known.solvent(one.name) for one in solution.solvents]
    densities = [one.density_g_ml for one in found if one is not None and one.density_g_ml is not None]
    if not densities:
        notes.append(f"solvent: the density of {solution.id} is not known, 1 g/ml is taken")
        return 1.0
    return sum(densities) / len(densities)


def _solids(solution: Solution, density_g_ml: float) -> float:
    """Mass fraction of what stays; a mass per volume is taken for that of the solvents."""
    concentration = solution.concentration
    if concentration is None:
        return 0.0
    if concentration.dimension == "mass_fraction":
        return concentration.to("wt%") / 100
    grams = concentration.to("g/ml")
    return grams / (grams + density_g_ml)


def _energy_kwh(curve: Curve) -> float:
    """Losses in proportion to the excess over the room, and what heats the furnace itself."""
    loss_w_k = HOLDS_W / (HOLDS_AT_DEGC - AMBIENT_DEGC)
    capacity_j_k = loss_w_k * (DEFAULT_FURNACE.cooling_s or 0.0)
    joules = 0.0
    for (from_s, from_degc), (to_s, to_degc) in pairwise(curve):
        if to_degc < from_degc:
            continue  # cooling: the heater is off
        seconds = to_s - from_s
        mean_degc = (from_degc + to_degc) / 2
        joules += loss_w_k * max(0.0, mean_degc - AMBIENT_DEGC) * seconds + capacity_j_k * (
            to_degc - from_degc
        )
    return joules / 3.6e6
