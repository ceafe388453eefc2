"""Solvents, solutes and gases: what is known of one material. None and empty mean: nothing was found, never "safe"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .values import CD, Fact, Hazard, Release, Value, Words

UNKNOWN_LEL_VOL_PCT: Final = 1.0
"""A solvent that is not in the tables counts as flammable with this lower explosive limit (own choice: hardly any
common solvent's is lower)."""

LITRES_PER_MOL: Final = 24.06
"""Ideal gas at 20 degC and 101.3 kPa."""


class GasKind(StrEnum):
    """What a gas does to carbon at temperature; decides safe direction and order of steps."""

    INERT = "inert"
    OXIDISING = "oxidising"
    REACTIVE = "reactive"


@dataclass(frozen=True, slots=True)
class Material:
    """What every material has. esd: its name at electrospinning-data.org, None where they have none.

    synonyms: other names under which it is found, theirs and their misspellings among them. own: keys that come from a
    lab's own file instead of the built-in tables.
    """

    name: str
    full_name: str
    cas: str | None = None
    esd: str | None = None
    synonyms: tuple[str, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    lel: Value | None = None
    uel: Value | None = None
    exposure_limit: Value | None = None
    molar_mass: Value | None = None
    density: Value | None = None
    note: str | None = None
    own: frozenset[str] = frozenset()

    def hazard(self, word: str) -> Hazard | None:
        """The hazard of that word or code; "H360" finds "H360F", too."""
        return next((one for one in self.hazards if one.word.startswith(word)), None)

    @property
    def lel_vol_pct(self) -> float | None:
        """Lower explosive limit, vol% in air."""
        return _number(self.lel)

    @property
    def exposure_ppm(self) -> float | None:
        """The lowest occupational limit that was found (8 h or short-time): for orientation, confirm locally."""
        return _number(self.exposure_limit)

    @property
    def molar_mass_g_mol(self) -> float | None:
        """Molar mass, g/mol."""
        return _number(self.molar_mass)

    @property
    def density_g_ml(self) -> float | None:
        """Density of the liquid or solid, g/ml."""
        return _number(self.density)


@dataclass(frozen=True, slots=True)
class Liquid(Material):
    """What can burn from a syringe: a solvent, or a liquid precursor."""

    flash_point: Value | None = None
    boiling_point: Value | None = None
    flammable: Fact | None = None

    @property
    def flash_degc(self) -> float | None:
        """Flash point, degC; None where it has none or none was found: ask `burns`."""
        return _number(self.flash_point)

    @property
    def boiling_degc(self) -> float | None:
        """Boiling point, degC."""
        return _number(self.boiling_point)

    @property
    def burns(self) -> bool | None:
        """Whether its vapour burns; None: nothing is known, so count it as burning. Said to burn by general knowledge
        it burns; said not to burn by general knowledge only it is unknown.
        """
        if self.flammable is not None and (self.flammable.holds or self.flammable.mark in CD):
            return self.flammable.holds
        return True if self.lel is not None or self.flash_point is not None else None


@dataclass(frozen=True, slots=True)
class Solvent(Liquid):
    """A pure solvent at 20 to 25 degC."""

    surface_tension: Value | None = None
    permittivity: Value | None = None
    vapour_pressure: Value | None = None
    conductivity: Value | None = None
    idlh: Value | None = None

    @property
    def surface_tension_mn_m(self) -> float | None:
        """Surface tension against air, mN/m."""
        return _number(self.surface_tension)

    @property
    def relative_permittivity(self) -> float | None:
        """Relative permittivity."""
        return _number(self.permittivity)

    @property
    def vapour_mmhg(self) -> float | None:
        """Vapour pressure at 20 degC, mmHg."""
        return _number(self.vapour_pressure)

    @property
    def conductivity_s_m(self) -> float | None:
        """Conductivity of the pure solvent, S/m; a solution's own has to be measured."""
        return _number(self.conductivity)

    @property
    def vapour_litres_per_ml(self) -> float | None:
        """Vapour from one millilitre of liquid, litres at 20 degC."""
        if self.density is None or self.molar_mass is None:
            return None
        return self.density.value / self.molar_mass.value * LITRES_PER_MOL


@dataclass(frozen=True, slots=True)
class Solute(Liquid):
    """What is dissolved or dispersed: polymer, particles, salt, precursor, additive.

    kind: "polymer", "biopolymer", "particles", "salt", "precursor" or "additive". carbon_precursor: inert heat turns it
    to carbon. air_stage: it has to be stabilised or cured in air before inert heat. gives_off: what leaves when it is
    heated. flash_point and limits only where it is a liquid.
    """

    kind: str = "polymer"
    usual_solvents: Words | None = None
    carbon_precursor: Fact | None = None
    air_stage: Fact | None = None
    glass_transition: Value | None = None
    melting_point: Value | None = None
    decomposition: Value | None = None
    gives_off: tuple[Release, ...] = ()

    def release(self, substance: str) -> Release | None:
        """What is known of giving off a substance ("HCN") when heated."""
        return next((one for one in self.gives_off if one.substance == substance), None)

    @property
    def makes_carbon(self) -> bool:
        """Whether it is known as a precursor of carbon."""
        return self.carbon_precursor is not None and self.carbon_precursor.holds

    @property
    def needs_air_stage(self) -> bool:
        """Whether it is known to need air (or another cure) before inert heat."""
        return self.air_stage is not None and self.air_stage.holds


@dataclass(frozen=True, slots=True)
class Gas(Material):
    """A gas a furnace step can name. kind decides (it is the program's own decision and no lab's file changes it); the
    rest says what else the gas does.
    """

    kind: GasKind = GasKind.REACTIVE
    asphyxiant: Fact | None = None
    flammable: Fact | None = None
    toxic: Fact | None = None
    oxidising: Fact | None = None
    density_to_air: Value | None = None

    @property
    def inert(self) -> bool:
        """Whether it protects carbon from burning."""
        return self.kind is GasKind.INERT


AnyMaterial = Solvent | Solute | Gas


def _number(value: Value | None) -> float | None:
    return None if value is None else value.value
