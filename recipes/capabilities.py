"""What a recipe may need of a rig, as plain frozen data.

`rig/bench` fills it in from the rig file; `timeline` and, on the rig's side, `fit` read it. Numbers are bare
floats whose unit is in the name; None means that the rig file does not say. Limits are already the effective
ones: the smallest of instrument rating and the owner's limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HvCapability:
    """A high-voltage supply. `polarity` is "+", "-" or "both"; `step_v` the resolution of its set point."""

    name: str
    max_kv: float
    polarity: str = "+"
    ramp_kv_s: float = 1.0
    ramp_down_kv_s: float = 5.0
    discharge_s: float = 30.0
    step_v: float | None = None
    current_limit_ua: float | None = None

    def can_hold(self, voltage_kv: float) -> bool:
        """Whether a signed voltage is within range and polarity."""
        sign_fits = voltage_kv == 0 or self.polarity == "both" or (self.polarity == "+") == (voltage_kv > 0)
        return sign_fits and abs(voltage_kv) <= self.max_kv


@dataclass(frozen=True, slots=True)
class PumpCapability:
    """A syringe pump: pusher speeds, and the needle and supply behind it. Flow follows from the syringe's
    inner diameter.
    """

    name: str
    min_speed_cm_h: float
    max_speed_cm_min: float
    needle: str | None = None
    hv: str | None = None

    def min_rate_ml_h(self, diameter_mm: float) -> float:
        """Smallest flow with a syringe of that inner diameter."""
        return self.min_speed_cm_h * _area_cm2(diameter_mm)

    def max_rate_ml_h(self, diameter_mm: float) -> float:
        """Largest flow with a syringe of that inner diameter."""
        return self.max_speed_cm_min * 60 * _area_cm2(diameter_mm)


@dataclass(frozen=True, slots=True)
class FurnaceCapability:
    """A furnace with its tube. `cooling_s` and `lag_s` are the measured time constants of the rig file's
    `thermal`.
    """

    name: str
    max_degc: float
    max_ramp_degc_min: float
    tube_volume_l: float | None = None
    cooling_s: float | None = None
    lag_s: float | None = None
    open_below_degc: float = 60.0
    gases: tuple[str, ...] = ()
    oxygen: bool = False


@dataclass(frozen=True, slots=True)
class GasCapability:
    """A gas line. A passive one (room air) has no controller and no flow to be set."""

    name: str
    feeds: str | None = None
    full_scale_sccm: float | None = None
    passive: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Everything on one bench; `climate` and `current`: whether the chamber's climate and a collector current
    are measured.
    """

    name: str
    hv: tuple[HvCapability, ...] = ()
    pumps: tuple[PumpCapability, ...] = ()
    furnaces: tuple[FurnaceCapability, ...] = ()
    gases: tuple[GasCapability, ...] = ()
    climate: bool = False
    current: bool = False
    chamber_volume_l: float | None = None
    chamber_exhaust_m3_h: float | None = None


def _area_cm2(diameter_mm: float) -> float:
    return math.pi / 4 * (diameter_mm / 10) ** 2
