"""Which mode a needle is in, from voltage over onset, flow and history; and how each mode's current
fluctuates.

Order with rising voltage: dripping, pulsating, cone-jet, multi-jet (review DOI 10.1063/5.0239267; APL 104,
084101) [C]. Onset has hysteresis (Smith 1986) [C]; its size, and every other number here, is [M]. A dry tip
above Peek's voltage is in corona, so a clog does not take the current to zero. That modes differ in their
spectrum, so that the mode can be told from the current, is DOI 10.1038/s41598-022-20352-y [C].
"""

from __future__ import annotations

from dataclasses import dataclass

OFF, DRIPPING, PULSATING, CONE_JET = "off", "dripping", "pulsating", "cone-jet"
MULTI_JET, CORONA, CLOGGED = "multi-jet", "corona", "clogged"
JETS = (CONE_JET, MULTI_JET)
LADDER = (DRIPPING, PULSATING, CONE_JET, MULTI_JET)

PULSATING_FROM = 0.7
"""Voltage over onset from which the drop pulsates."""
MULTI_FROM = 3.0
"""Voltage over onset from which one cone splits into several jets."""
HYSTERESIS = 0.85
"""A mode once reached is held down to this share of the voltage at which it was reached."""
WETTING_SPIN, WETTING_SPRAY = 1.6, 1.8
"""Onset over Smith's value (the sheet's 1.2 to 2): a viscous liquid, and a thin one that wets the needle's face."""
SPIN_SMALLEST_ML_H = 0.05
"""Below this flow a spun jet's meniscus dries up between pulses; the electrospray law does not hold for
viscous liquids.
"""
DRY_ML_H = 0.005
"""A tip fed with less counts as dry."""


@dataclass(frozen=True, slots=True)
class Fluctuation:
    """Noise of a mode, each relative to its mean current.

    slow: wandering over 5 s and 0.4 s. white: deviation in a 1 ms aperture. steps: jumps each 30 ms. burst:
    share of 1 ms samples that are spikes of `spike` times the mean.
    """

    slow: float
    white: float
    steps: float = 0.0
    burst: float = 0.0
    spike: float = 0.0


FLUCTUATIONS = {
    OFF: Fluctuation(0.0, 0.0),
    DRIPPING: Fluctuation(0.0, 0.0),
    PULSATING: Fluctuation(0.03, 0.05),
    CONE_JET: Fluctuation(0.02, 0.012),
    MULTI_JET: Fluctuation(0.03, 0.03, steps=0.12),
    CORONA: Fluctuation(0.03, 0.25, burst=0.03, spike=4.0),
    CLOGGED: Fluctuation(0.0, 0.0),
}


def target_mode(
    present: str,
    share_of_onset: float,
    feed_ml_h: float,
    smallest_ml_h: float,
    *,
    corona: bool,
    clogged: bool,
) -> str:
    """The mode that voltage (as a share of onset) and feed call for, coming from `present`. corona: a dry tip
    would ionise.
    """
    if feed_ml_h < DRY_ML_H:
        if corona:
            return CORONA
        return CLOGGED if clogged else OFF
    held = LADDER.index(present) if present in LADDER else 0
    if share_of_onset < PULSATING_FROM * (HYSTERESIS if held >= 1 else 1.0):
        return DRIPPING
    if share_of_onset < (HYSTERESIS if held >= 2 else 1.0):
        return PULSATING
    if feed_ml_h < smallest_ml_h * (HYSTERESIS if held >= 2 else 1.0):
        return PULSATING
    if share_of_onset < MULTI_FROM * (HYSTERESIS if held >= 3 else 1.0):
        return CONE_JET
    return MULTI_JET


def jet_count(share_of_onset: float) -> int:
    """Jets on one needle in multi-jet mode: 2 at first, one more each half of the voltage at which it split."""
    return 2 + max(0, int((share_of_onset / MULTI_FROM - 1.0) * 2.0))


def delay_range_s(present: str, target: str) -> tuple[float, float]:
    """Between which times a change of mode happens after it is called for, s: a jet starts in 0.5 to 3 s."""
    if target in JETS and present not in JETS:
        return 0.5, 3.0
    if target in (OFF, DRIPPING, CLOGGED):
        return 0.05, 0.3
    return 0.2, 0.8


def pulse_area(phase: float, width: float) -> float:
    """Charge, in pulses, that a train of falling-ramp pulses of this width has brought up to this phase (in
    periods).
    """
    whole = int(phase)
    rest = phase - whole
    if rest >= width:
        return whole + 1.0
    left = 1.0 - rest / width
    return whole + 1.0 - left * left
