"""Fibre diameter of an electrospun jet from its flow and current.

S. V. Fridrikh, J. H. Yu, M. P. Brenner, G. C. Rutledge, Phys. Rev. Lett. 90 (2003) 144502: where surface
tension balances the repulsion that bends the jet, it stops thinning. The printed form is Gaussian with a
*radius*; in SI, as derived in science sheet D.5, h = (8 eps0 gamma Q^2 / (I^2 (2 ln chi - 3)))^(1/3),
diameter 2 h. chi, wavelength over radius, is 10 to 1000 [M]; 100 here.
"""

from __future__ import annotations

from math import log, sqrt

from rig.emulators.physics.onset import EPS0

CHI = 100.0
"""Wavelength over radius of the bending jet [M]."""


def jet_diameter_m(gamma_n_m: float, flow_m3_s: float, current_a: float, chi: float = CHI) -> float:
    """Diameter of the liquid jet where it stops thinning, m. ValueError where flow or current is not above 0."""
    if flow_m3_s <= 0.0 or current_a <= 0.0:
        raise ValueError(f"a jet of {flow_m3_s} m3/s and {current_a} A has no diameter: both must be above 0")
    cubed = 8.0 * EPS0 * gamma_n_m * flow_m3_s**2 / (current_a**2 * (2.0 * log(chi) - 3.0))
    return float(2.0 * cubed ** (1.0 / 3.0))


def dry_factor(solids_fraction: float, solution_density_kg_m3: float, solids_density_kg_m3: float) -> float:
    """Dry over liquid diameter when the solvent has left and length is kept: sqrt(c rho_s / rho_p), c by
    mass.
    """
    return sqrt(solids_fraction * solution_density_kg_m3 / solids_density_kg_m3)
