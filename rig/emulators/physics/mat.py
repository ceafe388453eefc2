"""The mat in the furnace: its own, hidden temperature, and what becomes of it.

A fibre mat of PAN with PMMA, some particles and a rest of solvent. PAN cyclises (the exotherm), takes up
oxygen, then turns to carbon; PMMA leaves, partly in air, the rest above 350 degC; carbon burns where oxygen
is left. Each reaction is of first order with an Arrhenius rate; those with oxygen go with the oxygen that the
tube has, and no faster than it can reach the mat. The mat gives its heat to the tube through its surface and
through its own thickness, so a thin one follows the tube and a thick one runs away (the furnace sheet, part 4).

Marks: [C] read in the named source, [D] derived, [M] general knowledge for the emulator only.
Cyclisation 190 kJ/mol [C] (J. Appl. Polym. Sci. 127 (2013) 3198), 2.4e16 1/s puts the DSC peak of 10 degC/min
at 270 degC [D], 600 J/g [M]. Oxidation 96.4 kJ/mol [C] (same paper), seen from 160 degC [C], nearly done after
2.5 h at 280 degC [M], 2 kJ/g (1 to 3) [M]. PMMA: chains break in air at 220 to 270 degC [C], unzipping at 350
to 400 degC [C] (sources in science sheet E.5); shares and rates [M]. HCN 15 to 26 mg per g of PAN [C]; NH3 from
188 degC, CO at 500 to 740 degC [C]; the split among steps, carbon yield of 50 % and everything else [M].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Final, NamedTuple

KELVIN: Final = 273.15
AIR_O2: Final = 0.2095
_R: Final = 8.314


class _Rate(NamedTuple):
    """k = a_per_s * exp(-e_over_r / T)."""

    a_per_s: float
    e_over_r: float


def _rate(a_per_s: float, e_j_mol: float) -> _Rate:
    return _Rate(a_per_s, e_j_mol / _R)


CYCLISATION: Final = _rate(2.4e16, 190e3)
OXIDATION: Final = _rate(5.1e5, 96.4e3)
"""In air; 4e-4 1/s at 280 degC [M]."""
PMMA_IN_AIR: Final = _rate(5.3e12, 150e3)
PMMA: Final = _rate(2.5e13, 200e3)
CARBON_FIRST: Final = _rate(1.5e9, 160e3)
CARBON_SECOND: Final = _rate(1.2e7, 170e3)
BURNING: Final = _rate(1.1e6, 150e3)
DRYING: Final = _rate(2.2e5, 60e3)

CYCLISATION_J_G: Final = 600.0
O2_MOL_G: Final = 4.7e-3
"""Oxygen that a gram of PAN takes in, 0.15 g [M]."""
OXIDATION_J_MOL: Final = 425e3
"""Heat per mole of oxygen: 2 kJ per g of PAN; nearly the same for any fuel, so for burning too [M]."""
PMMA_J_G: Final = -800.0
PMMA_WEAK: Final = 0.4
"""Share of PMMA that can leave in the air stage [M]."""
DRYING_J_G: Final = -600.0
HEAT_CAPACITY_J_GK: Final = 1.5
OXYGEN_GAIN: Final = 0.06
"""Mass that PAN gains when fully oxidised: oxygen taken in less the water and CO2 that leave [M]."""
FILM_W_M2K: Final = 14.0
"""Heat transfer at each face of the mat, air and radiation [M]."""
FIBRES_W_MK: Final = 0.04
"""Conductivity of a mat of fibres and gas [M]."""
APPARENT_G_CM3: Final = 0.2
"""Apparent density of a mat [M]."""
GAS_FILM_M_S: Final = 0.01
"""How fast oxygen comes to the face of the mat [M]."""


class _Gas(NamedTuple):
    """A gas that the mat gives off: molar mass, and the oxygen that burns a mole of it."""

    g_mol: float
    o2_mol: float


GASES: Final = {
    "HCN": _Gas(27.0, 1.25),
    "NH3": _Gas(17.0, 0.75),
    "CO": _Gas(28.0, 0.5),
    "MMA": _Gas(100.1, 6.0),
    "DMF": _Gas(73.1, 4.25),
    "other": _Gas(22.0, 0.0),  # water, nitrogen, CO2
}
# Grams of each gas per gram of PAN at full conversion of a step.
_CYCLISATION_GAS: Final = {"NH3": 0.010, "HCN": 0.003}
_FIRST_GAS: Final = {"NH3": 0.020, "HCN": 0.005, "CO": 0.020, "other": 0.255}
_SECOND_GAS: Final = {"HCN": 0.010, "CO": 0.050, "other": 0.187}
_CYCLISATION_LOSS: Final = sum(_CYCLISATION_GAS.values())
_FIRST_LOSS: Final = sum(_FIRST_GAS.values())
_SECOND_LOSS: Final = sum(_SECOND_GAS.values())
CARBON_YIELD: Final = 1.0 + OXYGEN_GAIN - _CYCLISATION_LOSS - _FIRST_LOSS - _SECOND_LOSS
"""Carbon from a gram of PAN when all is done, 0.50."""


def _totals(gas: dict[str, float]) -> tuple[float, float]:
    """Moles, and moles of oxygen to burn them, per gram of PAN."""
    return (
        sum(g / GASES[name].g_mol for name, g in gas.items()),
        sum(g / GASES[name].g_mol * GASES[name].o2_mol for name, g in gas.items()),
    )


_CYCLISATION_MOL: Final = _totals(_CYCLISATION_GAS)
_FIRST_MOL: Final = _totals(_FIRST_GAS)
_SECOND_MOL: Final = _totals(_SECOND_GAS)
_MMA_MOL: Final = _totals({"MMA": 1.0})
_DMF_MOL: Final = _totals({"DMF": 1.0})


@dataclass(frozen=True, slots=True)
class Conversions:
    """How far the mat has come, each 0 to 1: cyclised, oxidised, carbonised (share of the mass that carbon loses),
    burnt; pmma_left and solvent_left count down from 1.
    """

    cyclised: float
    oxidised: float
    pmma_left: float
    carbonised: float
    burnt: float
    solvent_left: float


class Mat:
    """A mat of `mass_g`, lying on area_cm2 of boat (a greater mass on the same area is a stack).

    pan, pmma: mass fractions, the rest being particles that nothing changes. solvent: residue of DMF, as a
    fraction on top of the mass. degc: temperature when it is laid in. ValueError for masses, areas or
    fractions that cannot be.
    """

    def __init__(
        self,
        mass_g: float,
        *,
        pan: float = 0.65,
        pmma: float = 0.28,
        solvent: float = 0.02,
        area_cm2: float = 150.0,
        degc: float = 23.0,
    ) -> None:
        if mass_g <= 0.0 or area_cm2 <= 0.0:
            raise ValueError(f"mat of {mass_g} g on {area_cm2} cm2: both must be above 0")
        if pan < 0.0 or pmma < 0.0 or pan + pmma > 1.0 + 1e-9 or not 0.0 <= solvent < 1.0:
            raise ValueError(
                f"mat with fractions PAN {pan}, PMMA {pmma}, solvent {solvent}: none below 0, PAN and PMMA at most 1 "
                "together, solvent below 1"
            )
        self.area_cm2 = area_cm2
        self.degc = degc
        self.to_tube_w = 0.0
        """Heat that the mat gives to the tube, W (negative while it warms up)."""
        self.given_mol_s = 0.0
        """Gas given off in the last second, mol/s."""
        self.given_o2_mol_s = 0.0
        """Oxygen that would burn that gas, mol/s."""
        self.evolved_mg = dict.fromkeys(GASES, 0.0)
        """Each gas given off so far, mg."""
        self._pan_g = mass_g * pan
        self._pmma_g = mass_g * pmma
        self._inert_g = max(0.0, mass_g - self._pan_g - self._pmma_g)
        self._solvent_g = mass_g * solvent
        self._cyclised = self._oxidised = self._first = self._second = 0.0
        self._weak, self._strong = PMMA_WEAK, 1.0 - PMMA_WEAK
        self._solvent = 1.0
        self._intact = 1.0
        self._demand_oxidation = self._demand_burning = 0.0
        self._resistance = 0.0
        thickness_m = mass_g / (area_cm2 * APPARENT_G_CM3) / 100.0
        area_m2 = area_cm2 * 1e-4
        self._ua_w_k = area_m2 / (1.0 / (2.0 * FILM_W_M2K) + thickness_m / (12.0 * FIBRES_W_MK))

    @property
    def ua_w_k(self) -> float:
        """Heat transfer between mat and tube, W/K: two faces in the gas, and the mean way through the mat."""
        return self._ua_w_k

    @property
    def mass_g(self) -> float:
        """Mass now, solvent included, g."""
        return self._fibre_g() + self._inert_g + self._solvent_g * self._solvent

    def conversions(self) -> Conversions:
        """How far it has come."""
        lost = self._first * _FIRST_LOSS + self._second * _SECOND_LOSS
        return Conversions(
            cyclised=self._cyclised,
            oxidised=self._oxidised,
            pmma_left=self._weak + self._strong,
            carbonised=lost / (_FIRST_LOSS + _SECOND_LOSS),
            burnt=1.0 - self._intact,
            solvent_left=self._solvent,
        )

    def found(self, stage: str) -> None:
        """It has come so far already: "as-spun", "stabilised" (air stage done) or "carbon". ValueError for others."""
        if stage not in ("as-spun", "stabilised", "carbon"):
            raise ValueError(f'mat stage {stage!r}: must be "as-spun", "stabilised" or "carbon"')
        done, carbon = float(stage != "as-spun"), float(stage == "carbon")
        self._cyclised = self._oxidised = done
        self._first = self._second = carbon
        self._solvent = 1.0 - done
        self._weak, self._strong = PMMA_WEAK * (1.0 - done), (1.0 - PMMA_WEAK) * (1.0 - carbon)
        self._intact = 1.0

    def oxygen_demand(self) -> float:
        """Oxygen that the mat would take up, mol/s per unit of its mole fraction in the gas; sets out the second
        that `react` carries out.
        """
        self._demand_oxidation = self._demand_burning = 0.0
        if self.degc < 100.0:
            return 0.0
        kelvin = self.degc + KELVIN
        oxidation = burning = 0.0
        if self._oxidised < 1.0 and self._pan_g:
            oxidation = _k(OXIDATION, kelvin) * (1.0 - self._oxidised) * self._pan_g * O2_MOL_G * self._intact
        if self.degc > 250.0:
            burning = _k(BURNING, kelvin) * self._fibre_g() / 12.0
        kinetic = (oxidation + burning) / AIR_O2
        if kinetic <= 0.0:
            return 0.0
        most = self.area_cm2 * 1e-4 * GAS_FILM_M_S * 101325.0 / (_R * kelvin)
        total = kinetic * most / (kinetic + most)
        self._demand_oxidation = total * oxidation / (oxidation + burning)
        self._demand_burning = total - self._demand_oxidation
        return total

    def react(self, tube_degc: float, oxygen: float) -> None:
        """One second in a tube of this temperature, in gas with this mole fraction of oxygen; after `oxygen_demand`."""
        capacity = self.mass_g * HEAT_CAPACITY_J_GK
        if capacity <= 0.0:
            self.degc, self.to_tube_w = tube_degc, 0.0
            return
        self.given_mol_s = self.given_o2_mol_s = 0.0
        if self.degc < 50.0:
            self._relax(tube_degc, 0.0, capacity, 1.0)
            return
        start = self.degc
        steady_w = self._with_oxygen(oxygen) + self._without_oxygen(oxygen)
        # A runaway is over in seconds: then the second is cut into fiftieths.
        parts = 1
        if self._cyclised < 1.0 and start > 150.0:
            rate = _k(CYCLISATION, start + KELVIN) * (1.0 - self._cyclised) * CYCLISATION_J_G * self._pan_g
            parts = 50 if rate > 0.5 * capacity else 1
        dt_s = 1.0 / parts
        given_w = 0.0
        for _ in range(parts):
            heat_w = steady_w
            if self._cyclised < 1.0 and self.degc > 120.0:
                step = (1.0 - self._cyclised) * (1.0 - exp(-_k(CYCLISATION, self.degc + KELVIN) * dt_s))
                self._cyclised += step
                grams = step * self._pan_g * self._intact
                heat_w += grams * CYCLISATION_J_G / dt_s
                self._give(_CYCLISATION_GAS, _CYCLISATION_MOL, grams)
            self._relax(tube_degc, heat_w, capacity, dt_s)
            given_w += self.to_tube_w * dt_s
        self.to_tube_w = given_w

    # -- inside ----------------------------------------------------------------------------------------------

    def _fibre_g(self) -> float:
        """Polymer and carbon, g."""
        pan = 1.0 + OXYGEN_GAIN * self._oxidised - _CYCLISATION_LOSS * self._cyclised
        pan -= _FIRST_LOSS * self._first + _SECOND_LOSS * self._second
        return (self._pan_g * pan + self._pmma_g * (self._weak + self._strong)) * self._intact

    def _relax(self, tube_degc: float, heat_w: float, capacity_j_k: float, dt_s: float) -> None:
        """Exact for constant heat: towards tube + heat / UA."""
        end = tube_degc + heat_w / self._ua_w_k
        start = self.degc
        self.degc = end + (start - end) * exp(-self._ua_w_k / capacity_j_k * dt_s)
        self.to_tube_w = heat_w - capacity_j_k * (self.degc - start) / dt_s

    def _with_oxygen(self, oxygen: float) -> float:
        """Oxidation and burning in this second; their heat, W."""
        mol = self._demand_oxidation * oxygen
        if mol > 0.0:
            self._oxidised = min(1.0, self._oxidised + mol / (self._pan_g * O2_MOL_G * self._intact))
        burnt = self._demand_burning * oxygen
        if burnt > 0.0:
            self._intact *= max(0.0, 1.0 - 12.0 * burnt / self._fibre_g())
            self._emit(
                "other", 12.0 * burnt
            )  # as CO2 without its oxygen: what matters is that it burns no more
        return (mol + burnt) * OXIDATION_J_MOL

    def _without_oxygen(self, oxygen: float) -> float:
        """Drying, PMMA and carbonisation in this second; their heat, W."""
        degc, kelvin = self.degc, self.degc + KELVIN
        heat_w = 0.0
        if self._solvent > 1e-6:
            step = self._solvent * (1.0 - exp(-_k(DRYING, kelvin)))
            self._solvent -= step
            grams = step * self._solvent_g
            heat_w += grams * DRYING_J_G
            self._give({"DMF": 1.0}, _DMF_MOL, grams)
        if degc > 150.0 and self._weak + self._strong > 1e-6:
            unzipping = _k(PMMA, kelvin)
            weak = self._weak * (1.0 - exp(-unzipping - _k(PMMA_IN_AIR, kelvin) * oxygen / AIR_O2))
            strong = self._strong * (1.0 - exp(-unzipping))
            self._weak -= weak
            self._strong -= strong
            grams = (weak + strong) * self._pmma_g * self._intact
            heat_w += grams * PMMA_J_G
            self._give({"MMA": 1.0}, _MMA_MOL, grams)
        if degc > 250.0 and self._first < 1.0:
            step = (self._cyclised - self._first) * (1.0 - exp(-_k(CARBON_FIRST, kelvin)))
            self._first += step
            self._give(_FIRST_GAS, _FIRST_MOL, step * self._pan_g * self._intact)
        if degc > 350.0 and self._second < 1.0:
            step = (self._first - self._second) * (1.0 - exp(-_k(CARBON_SECOND, kelvin)))
            self._second += step
            self._give(_SECOND_GAS, _SECOND_MOL, step * self._pan_g * self._intact)
        return heat_w

    def _give(self, gas: dict[str, float], totals: tuple[float, float], grams: float) -> None:
        """Give off the gas of so many grams of reacting material."""
        if grams < 1e-15:
            return
        for name, share in gas.items():
            self.evolved_mg[name] += 1e3 * share * grams
        self.given_mol_s += totals[0] * grams
        self.given_o2_mol_s += totals[1] * grams

    def _emit(self, name: str, grams: float) -> None:
        self.evolved_mg[name] += 1e3 * grams
        self.given_mol_s += grams / 12.0


def _k(rate: _Rate, kelvin: float) -> float:
    return rate.a_per_s * exp(-rate.e_over_r / kelvin)
