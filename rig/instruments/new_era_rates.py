"""Rates, diameters and limits of the New Era NE-1000 family, without any port.

The pump takes numbers of at most 4 digits with at most 3 decimals, and rates in µL/h, mL/h, µL/min or mL/min. Its
limits are motor speeds, so what it can do depends on the syringe's inner diameter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rig.lines.errors import Refused

ML_H = {"MH": 1.0, "UH": 1e-3, "MM": 60.0, "UM": 0.06}
"""The pump's rate units in ml/h."""

WORST = 0.005
"""A rate is refused if the pump's number format misses it by more than this part of it."""

_SPEEDS = {"NE-1000": (0.004205, 5.1005)}
"""Slowest in cm/h, fastest in cm/min: New Era manual 1200-01, section 12.5. No figures at hand for other models."""


class Rate(NamedTuple):
    """A rate as the pump is told it: "1.000", "MH"; `ml_h` is what these words mean, unsigned."""

    text: str
    unit: str
    ml_h: float


def digits(value: float) -> str:
    """The number in the pump's format, with as many digits as it takes. Raises Refused above 9999."""
    for decimals, limit in ((3, 9.9995), (2, 99.995), (1, 999.95), (0, 9999.5)):
        if value < limit:
            return f"{value:.{decimals}f}"
    raise Refused(f"{value:g} has more than the pump's 4 digits")


def rate(rate_ml_h: float, unit: str | None = None) -> Rate:
    """The pump's words for a rate (its sign is the direction's business), in the given unit or the best one.

    The best unit is the first of mL/h, µL/h and mL/min that keeps all 4 digits. Raises Refused if the rate is
    not a number above zero or cannot be said within 0.5 %.
    """
    wanted = abs(rate_ml_h)
    if not math.isfinite(wanted) or wanted == 0:
        raise Refused(f"a rate of {rate_ml_h:g} ml/h cannot be pumped")
    if unit is None:
        unit = "UH" if wanted < 0.99995 else "MH" if wanted < 9999.5 else "MM"
    text = digits(wanted / ML_H[unit])
    told = float(text) * ML_H[unit]
    if abs(told - wanted) > WORST * wanted:
        raise Refused(
            f"{rate_ml_h:g} ml/h cannot be said in the pump's 4 digits within 0.5 % ({text} {unit})"
        )
    return Rate(text, unit, told)


def diameter(diameter_mm: float) -> str:
    """The pump's words for a syringe's inner diameter in mm. Raises Refused if it is none, or is lost in rounding."""
    if not math.isfinite(diameter_mm) or diameter_mm <= 0:
        raise Refused(f"a syringe of {diameter_mm:g} mm inner diameter: say which syringe is in the pump")
    text = digits(diameter_mm)
    # The flow goes with the square of the diameter.
    if abs(float(text) - diameter_mm) > WORST / 2 * diameter_mm:
        raise Refused(
            f"a diameter of {diameter_mm:g} mm cannot be said in the pump's 3 decimals within 0.25 %"
        )
    return text


def model_name(model: str | None) -> str:
    """A model as the maker writes it: "NE-1000" for "ne1000", "NE 1000" or nothing at all."""
    if model is None:
        return "NE-1000"
    bare = model.upper().replace("-", "").replace(" ", "")
    return f"NE-{bare[2:]}" if bare.startswith("NE") else model


def speed_limits(model: str | None = None) -> tuple[float, float] | None:
    """Slowest (cm/h) and fastest (cm/min) motion of the pusher block; None where no figures are at hand.

    Source: New Era manual 1200-01, section 12.5.
    """
    return _SPEEDS.get(model_name(model))


def rate_limits_ml_h(diameter_mm: float, model: str | None = None) -> tuple[float, float] | None:
    """Lowest and highest rate in ml/h with a syringe of that inner diameter; None where no figures are at hand."""
    speeds = speed_limits(model)
    if speeds is None:
        return None
    area_cm2 = math.pi * diameter_mm * diameter_mm / 400
    return speeds[0] * area_cm2, speeds[1] * 60 * area_cm2
