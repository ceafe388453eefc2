"""Scaling laws of electrosprays in the cone-jet mode: smallest flow, current, droplet.

Science sheet D.3: J. Fernandez de la Mora and I. G. Loscertales, J. Fluid Mech. 260 (1994) 155; D.-R. Chen
and D. Y. H. Pui 1997, as tabulated in PMC4322784 [C]; smallest flow after Scheideler and Chen, Appl. Phys.
Lett. 104, 024103 [C] with the prefactor gamma/rho [M], for thin liquids only. SI units throughout.
"""

from __future__ import annotations

from math import pi, sqrt

from rig.emulators.physics.onset import EPS0


def smallest_flow_m3_s(
    gamma_n_m: float, eps_r: float, density_kg_m3: float, conductivity_s_m: float
) -> float:
    """Smallest flow that holds a steady cone-jet, m3/s: eps_r gamma eps0 / (rho K), an order of magnitude."""
    return eps_r * gamma_n_m * EPS0 / (density_kg_m3 * conductivity_s_m)


def current_factor(eps_r: float) -> float:
    """f(eps_r) = -449 - 0.21 k + 157 k^(1/6) + 336 k^(-1/6); one printed copy has -499, which would be
    negative.
    """
    root = float(eps_r ** (1.0 / 6.0))
    return -449.0 - 0.21 * eps_r + 157.0 * root + 336.0 / root


def spray_current_a(gamma_n_m: float, eps_r: float, conductivity_s_m: float, flow_m3_s: float) -> float:
    """Current of a cone-jet, A: f(eps_r) sqrt(gamma K Q / eps_r)."""
    return current_factor(eps_r) * sqrt(gamma_n_m * conductivity_s_m * flow_m3_s / eps_r)


def droplet_m(eps_r: float, conductivity_s_m: float, flow_m3_s: float) -> float:
    """Droplet diameter, m: G(eps_r) (Q eps_r eps0 / K)^(1/3)."""
    g = -10.9 * eps_r ** (-6.0 / 5.0) + 4.08 * eps_r ** (-1.0 / 3.0)
    return float(g * (flow_m3_s * eps_r * EPS0 / conductivity_s_m) ** (1.0 / 3.0))


def rayleigh_charge_c(gamma_n_m: float, diameter_m: float) -> float:
    """Largest charge a drop can hold, C: sqrt(8 pi^2 eps0 gamma d^3)."""
    return sqrt(8.0 * pi**2 * EPS0 * gamma_n_m * diameter_m**3)
