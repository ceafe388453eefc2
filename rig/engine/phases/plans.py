"""What the spin unit's phases are given: recipe, run sheet and rig brought together, in the engine's units."""

from __future__ import annotations

from dataclasses import dataclass

from rig.safety.climate import ClimateWindow
from rig.safety.jet_expected import JetData
from rig.safety.vapour import UNKNOWN_L_PER_ML


@dataclass(frozen=True, slots=True)
class PumpPlan:
    """One stream on its pump: flow in ml/h, syringe inner diameter in mm, needle dead volume in ml.

    vapour_l_per_ml: flammable vapour over its explosive limit (as a fraction) from one millilitre, l.
    """

    stream: str
    pump: str
    rate_ml_h: float
    diameter_mm: float
    dead_volume_ml: float
    needle: str
    vapour_l_per_ml: float = UNKNOWN_L_PER_ML


@dataclass(frozen=True, slots=True)
class SupplyPlan:
    """One supply: signed target in kV, ramps in kV/s, current programme in µA, read-back step in kV."""

    supply: str
    target_kv: float
    ramp_kv_s: float
    ramp_down_kv_s: float
    limit_ua: float
    monitor_step_kv: float


@dataclass(frozen=True, slots=True)
class SpinPlan:
    """A whole spin step. jets: what its meters should see of it; windows: of the chamber's climate; arc_retries: how
    often it may be ramped up again by itself after an arc."""

    step_id: str
    pumps: tuple[PumpPlan, ...]
    supplies: tuple[SupplyPlan, ...]
    duration_s: float
    start_lag_s: float
    draw_off_s: float
    batch: int
    permissives: tuple[str, ...]
    jets: tuple[JetData, ...] = ()
    windows: tuple[ClimateWindow, ...] = ()
    arc_retries: int = 0


@dataclass(frozen=True, slots=True)
class PrimePlan:
    """Needles to be filled: volume in ml by pump, rate in ml/h. ask_present: hours may have passed since anybody was
    seen at the rig; nothing runs before somebody says that they are there."""

    step_id: str
    do: str
    pumps: tuple[PumpPlan, ...]
    volumes_ml: dict[str, float]
    rate_ml_h: float
    batch: int
    permissives: tuple[str, ...]
    ask_present: bool = False


@dataclass(frozen=True, slots=True)
class JogPlan:
    """One pump to be moved by hand: volume in ml, rate in ml/h (negative: withdraw); words: how a person says it."""

    step_id: str
    pump: str
    volume_ml: float
    rate_ml_h: float
    diameter_mm: float
    batch: int
    permissives: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class HvTestPlan:
    """One supply to be brought to its target, held there for so long, and brought down again."""

    step_id: str
    supply: SupplyPlan
    hold_s: float
    permissives: tuple[str, ...]
