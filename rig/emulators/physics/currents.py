"""Mean currents of one needle: the jet of a spun solution, the spray of a thin liquid, corona, leakage,
drops.

Spun jet (science sheet D.4): I = a E Q^0.5 K^0.4 (Bhattacharjee et al., J. Appl. Phys. 107, 044306) [C], with
`a` set so that the founding recipe's jet (12 wt% PAN/PMMA in DMF, 1 ml/h, 20 kV at 20 cm) carries 0.5 uA,
inside the sheet's 0.4 to 0.7 uA [D]. Spray: de la Mora and Loscertales. Corona: Townsend's V (V - V0) with
the coefficient of Sigmond's saturation current, 2 mu eps0 / d [M]. Leakage over damp surfaces grows
exponentially with humidity [M].
"""

from __future__ import annotations

from math import exp, pi, sqrt

from rig.emulators.physics.materials import SolutionProps
from rig.emulators.physics.onset import EPS0
from rig.emulators.physics.spray import rayleigh_charge_c, spray_current_a

M3_S_PER_ML_H = 1e-6 / 3600.0
_ANCHOR_A = 0.5e-6
_ANCHOR_FIELD_V_M = 1e5
_ANCHOR_CONDUCTIVITY_S_M = 2.5e-3
"""PAN/PMMA in DMF as `materials.props` gives it [M]."""
SPIN_A = _ANCHOR_A / (_ANCHOR_FIELD_V_M * M3_S_PER_ML_H**0.5 * _ANCHOR_CONDUCTIVITY_S_M**0.4)
"""The `a` of the formula above, SI."""
ION_MOBILITY = 1.5e-4
"""Mobility of positive air ions, m2/(V s) [M]."""
CORONA_COLLECTED = 0.15
"""Share of a corona's ions that land on the collector; the rest goes to the walls [M]."""
CORONA_BESIDE_JET = 0.01
"""What is left of the corona when a jet's own charge shields the tip [M]."""


def spin_current_a(field_v_m: float, flow_m3_s: float, conductivity_s_m: float) -> float:
    """Current of an electrospun jet, A, at the mean field voltage / distance."""
    return float(SPIN_A * field_v_m * sqrt(flow_m3_s) * conductivity_s_m**0.4)


def jet_current_a(
    solution: SolutionProps, spun: bool, voltage_kv: float, distance_m: float, flow_ml_h: float
) -> float:
    """Current of one cone-jet of this solution, A; 0 without flow."""
    if flow_ml_h <= 0.0:
        return 0.0
    flow = flow_ml_h * M3_S_PER_ML_H
    if spun:
        return spin_current_a(voltage_kv * 1e3 / distance_m, flow, solution.conductivity_s_m)
    return spray_current_a(solution.gamma_n_m, solution.eps_r, solution.conductivity_s_m, flow)


def corona_current_a(voltage_kv: float, onset_kv: float, distance_m: float) -> float:
    """All the current of a dry needle in corona, A: 2 mu eps0 V (V - V0) / d; 0 below onset."""
    if voltage_kv <= onset_kv:
        return 0.0
    return 2.0 * ION_MOBILITY * EPS0 * voltage_kv * (voltage_kv - onset_kv) * 1e6 / distance_m


def leakage_a_per_kv(humidity_pct: float) -> float:
    """Leakage over insulators, A per kV: 50 pA at 40 %RH, e-fold per 15 %RH [M]."""
    return 5e-11 * exp((humidity_pct - 40.0) / 15.0)


def drop_volume_ml(solution: SolutionProps, outer_radius_m: float) -> float:
    """Volume of a drop that falls by its weight, ml: 0.6 x 2 pi r gamma / (rho g) (Tate's law with Harkins'
    factor [M]).
    """
    return 0.6 * 2.0 * pi * outer_radius_m * solution.gamma_n_m / (solution.density_kg_m3 * 9.81) * 1e6


def drop_charge_c(solution: SolutionProps, volume_ml: float, share_of_onset: float) -> float:
    """Charge of a drop, C: its share of Rayleigh's limit is the voltage's share of the onset [M]."""
    diameter = (6.0 * volume_ml * 1e-6 / pi) ** (1.0 / 3.0)
    return share_of_onset * rayleigh_charge_c(solution.gamma_n_m, diameter)


def pulsation_hz(solution: SolutionProps, outer_radius_m: float, share_of_onset: float) -> float:
    """Rate at which a cone forms and collapses, Hz: the meniscus' capillary frequency, slowed by viscosity
    (Ohnesorge) [M].
    """
    mass = solution.density_kg_m3 * outer_radius_m**3
    capillary = sqrt(solution.gamma_n_m / mass) / (2.0 * pi)
    ohnesorge = solution.viscosity_pa_s / sqrt(solution.density_kg_m3 * solution.gamma_n_m * outer_radius_m)
    return capillary / (1.0 + ohnesorge) * min(2.0, max(0.3, share_of_onset))
