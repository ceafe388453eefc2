"""At which voltage a needle begins: a jet from its liquid, corona from its dry metal, and what field is
there.

Smith's form is the one used (it hardly depends on the gap, which suits a needle over a plate); Taylor's is an
upper figure, given for comparison. Sources: science sheet D.1 and D.6 (D. P. Smith 1986, DOI
10.1109/TIA.1986.4504754; G. I. Taylor 1964, 1969; F. W. Peek 1929). The sheet's own marks: Smith's form [D],
tip field [D], Peek [C].
"""

from __future__ import annotations

from math import cos, log, pi, radians, sqrt

EPS0 = 8.8541878128e-12
"""Permittivity of vacuum, F/m."""
TAYLOR_ANGLE_DEG = 49.3
_COS = cos(radians(TAYLOR_ANGLE_DEG))


def smith_onset_kv(radius_m: float, gamma_n_m: float, gap_m: float) -> float:
    """Onset voltage of a liquid cone on a needle of this outer radius, kV: sqrt(r gamma cos / 2 eps0) ln(4 d
    / r).
    """
    return sqrt(radius_m * gamma_n_m * _COS / (2.0 * EPS0)) * log(4.0 * gap_m / radius_m) / 1e3


def taylor_onset_kv(radius_m: float, gamma_n_m: float, gap_m: float, needle_length_m: float) -> float:
    """Taylor's onset voltage, kV; linear in the gap, so it overshoots for long ones.

    V^2 = 4 (H/L)^2 (ln(2L/R) - 1.5) 0.1172 pi gamma R in kV, cm, dyn/cm; the 1.5 stands outside the
    logarithm.
    """
    radius_cm, gamma = radius_m * 100.0, gamma_n_m * 1e3
    shape = log(2.0 * needle_length_m / radius_m) - 1.5
    return sqrt(4.0 * (gap_m / needle_length_m) ** 2 * shape * 0.1172 * pi * gamma * radius_cm)


def tip_field_kv_cm(voltage_kv: float, radius_m: float, gap_m: float) -> float:
    """Field at a dry tip, kV/cm: 2 V / (r ln(4 d / r)), exact for a hyperboloid over a plane far away."""
    return 2.0 * voltage_kv / (radius_m * 100.0 * log(4.0 * gap_m / radius_m))


def peek_field_kv_cm(radius_m: float, density: float = 1.0) -> float:
    """Field at which air ionises at a thin conductor, kV/cm: 30 delta (1 + 0.301 / sqrt(delta r_cm)); density
    1 = 25 degC.
    """
    return 30.0 * density * (1.0 + 0.301 / sqrt(density * radius_m * 100.0))


def corona_onset_kv(radius_m: float, gap_m: float) -> float:
    """Voltage at which a dry needle goes into corona, kV: Peek's field put into the tip field."""
    return peek_field_kv_cm(radius_m) * radius_m * 100.0 * log(4.0 * gap_m / radius_m) / 2.0
