"""Solutions and dispersions: what goes into a syringe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .units import Quantity

PARTS_BY: Final = ("mass", "volume")


@dataclass(frozen=True, slots=True)
class Solvent:
    """A solvent and its parts among the solvents, by mass or volume (None: the only one, or not said)."""

    name: str
    parts: float | None = None


@dataclass(frozen=True, slots=True)
class Solute:
    """A polymer, salt or particle and its parts by mass among the solutes."""

    name: str
    parts: float | None = None
    molar_mass: Quantity | None = None
    particle_size: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """One solution of a recipe. None means that the source does not say; `assumed` names the keys that are
    not the source's.

    `concentration` is a mass fraction ("12 wt%") or a mass per volume ("80 mg/ml") of all solutes together. `parts_by`:
    what the solvents' parts are of, mass or volume (v/v); solutes' parts are by mass.
    """

    id: str
    solvents: tuple[Solvent, ...]
    solutes: tuple[Solute, ...] = ()
    parts_by: str = "mass"
    concentration: Quantity | None = None
    conductivity: Quantity | None = None
    viscosity: Quantity | None = None
    surface_tension: Quantity | None = None
    density: Quantity | None = None
    preparation: str | None = None
    use_within: Quantity | None = None
    assumed: tuple[str, ...] = ()
