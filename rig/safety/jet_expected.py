"""What current a meter at the collector should see: the sum of its jets, from what the recipe says of each stream.

Laws and marks are those of docs/physics.md, D.3 and D.4: [C] read in the named source, [D] derived from it, [M] general
knowledge. The prefactors are of the order of magnitude, so a current three times larger or smaller is still in
agreement [M]; where the recipe gives no conductivity and one of the solvents is of low permittivity it may be a hundred
times smaller, for ions hardly come apart in chloroform or dichloromethane. That is good enough to say whether an
instrument is fine enough and, mostly, whether there is a jet at all; every other verdict rests on the current that this
very jet carried before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

SPIN_ANCHOR_NA = 500.0
"""A spun jet at the anchor below; D.4 gives 400 to 700 nA [D]."""
ANCHOR_FIELD_KV_CM = 1.0
ANCHOR_RATE_ML_H = 1.0
ANCHOR_CONDUCTIVITY_S_M = 2.5e-3
"""Conductivity of 12 wt% PAN/PMMA in DMF, for which the anchor holds [M]; taken where the recipe gives none."""
SPRAY_FACTOR = 2.3
"""I = 2.3 sqrt(gamma K Q): 2.1 to 2.5 for permittivities of 20 to 80 [D], about 2.6 in another form of the law [M]."""
SPRAY_SURFACE_TENSION_N_M = 0.03
"""Of the usual organic solvents, 0.022 to 0.044 N/m [C]; it enters as a root. Taken where the recipe gives none."""
NO_JET = 0.1
"""Part of the expected current below which there is no jet: right within a factor of 3."""
NO_JET_ASSUMED = 0.01
"""The same where the conductivity is assumed and may be low: 1e-7 S/m, the least that is spun, gives 0.017 [M]."""
IONS_FROM = 20.0
"""Permittivity of a solvent from which ions come apart in it about as in DMF [M]: acetone, TFE, alcohols, water do."""

_M3_S = 1e-6 / 3600.0


@dataclass(frozen=True, slots=True)
class JetData:
    """One stream in front of a meter.

    name: the stream's id. spun: electrospinning, else electrospraying. voltage_kv with its sign; distance_cm from tip
    to collector; rate_ml_h; conductivity_s_m and surface_tension_n_m as the recipe gives them, None where it does not.
    ions: every solvent's permittivity is IONS_FROM or more, so that an assumed conductivity is near enough.
    """

    name: str
    spun: bool
    voltage_kv: float
    distance_cm: float
    rate_ml_h: float
    conductivity_s_m: float | None = None
    surface_tension_n_m: float | None = None
    ions: bool = True


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a meter should see.

    current_na: signed sum, None where nothing can be said, and then `why` says why not. left_out: streams whose current
    cannot be foreseen; the sum is without them. assumed: streams whose conductivity is assumed. least_na: below this,
    without a sign, there is no jet; None: at NO_JET of the sum.
    """

    current_na: float | None
    why: str = ""
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    least_na: float | None = None


def jet_current_na(jet: JetData) -> float | None:
    """Current of one jet, nA, with the sign of its voltage; None for a spray of unknown conductivity.

    Spun: E Q^0.5 K^0.4 (Bhattacharjee et al., DOI 10.1063/1.3277018 [C]), set at the anchor. Sprayed: (gamma K Q)^0.5
    (D.3 [C]).
    """
    sign = -1.0 if jet.voltage_kv < 0.0 else 1.0
    if jet.spun:
        field = abs(jet.voltage_kv) / jet.distance_cm / ANCHOR_FIELD_KV_CM
        conductivity = jet.conductivity_s_m or ANCHOR_CONDUCTIVITY_S_M
        rate = sqrt(jet.rate_ml_h / ANCHOR_RATE_ML_H)
        return float(sign * SPIN_ANCHOR_NA * field * rate * (conductivity / ANCHOR_CONDUCTIVITY_S_M) ** 0.4)
    if jet.conductivity_s_m is None:
        return None  # from 1e-6 to 1e-2 S/m the current changes a hundredfold
    gamma = jet.surface_tension_n_m or SPRAY_SURFACE_TENSION_N_M
    return sign * SPRAY_FACTOR * sqrt(gamma * jet.conductivity_s_m * jet.rate_ml_h * _M3_S) * 1e9


def expect(jets: Sequence[JetData]) -> Expectation:
    """The sum of these jets. Jets of opposite sign cancel at the meter, so nothing is expected of them."""
    each = {jet.name: jet_current_na(jet) for jet in jets}
    known = [current for current in each.values() if current is not None]
    left_out = tuple(name for name, current in each.items() if current is None)
    assumed = tuple(jet.name for jet in jets if jet.spun and jet.conductivity_s_m is None)
    if not jets:
        return Expectation(None, "no jet is in front of this meter")
    if not known:
        return Expectation(
            None, f"the recipe gives no conductivity for {', '.join(left_out)}", left_out, assumed
        )
    if min(known) < 0.0 < max(known):
        return Expectation(None, "jets of opposite polarity cancel at this meter", left_out, assumed)
    doubtful = {jet.name for jet in jets if jet.name in assumed and not jet.ions}
    least = sum(
        abs(current) * (NO_JET_ASSUMED if name in doubtful else NO_JET)
        for name, current in each.items()
        if current is not None
    )
    return Expectation(sum(known), "", left_out, assumed, least)
