"""The numbers that bound what may be asked of the instruments, each with its reason; `fit` and the guard use
the same ones.

Pure data and functions over plain numbers: nothing here knows a rig file or an instrument. Safety rule
numbers are those of docs/safety.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_REACTION_S: Final = 0.5
"""Longest time from the door input to the supply's disable (rule 2)."""

PROOF_FLOOR_KV: Final = 0.060
"""60 V: at or below it the output counts as off (rule 5)."""

PROOF_STEPS: Final = 2
"""Resolution steps of the monitor that still count as off where 60 V is below its resolution (rule 5)."""

DISCHARGE_S: Final = 30.0
"""Waiting time after proof when bleed and capacitance are not declared (rule 5)."""

DISCHARGE_TIME_CONSTANTS: Final = 6.2
"""Time constants R C that take 30 kV to 60 V: ln(500) = 6.21 (rule 5)."""

HOT_MINIMUM_SCCM: Final = 80.0
"""Inert gas kept over a hot tube when the furnace exhaust is lost (rule 4)."""

OPEN_BELOW_DEGC: Final = 60.0
"""A tube above it is not opened (rule 4)."""

JET_CHECK_S: Final = 60.0
"""The jet is watched so long before a spin step's clock starts (rule 6)."""

PROVE_EVERY_S: Final = 30 * 86400.0
"""Inputs are walked through by a person at least so often (rule 9)."""

LOST_CLIENT_GRACE_S: Final = 300.0
"""An attended step is held so long after its last client is lost (rule 8)."""

SPIN_INTERLOCKS: Final = ("door_closed", "emergency_stop_ok", "exhaust_ok")
"""Inputs without which no high voltage is switched on (rule 4)."""

FURNACE_INTERLOCKS: Final = ("furnace_exhaust_ok",)
"""Inputs without which no furnace is heated (rule 4)."""

TUBE_PRESSURE: Final = "tube_pressure_ok"
"""The pressure switch of a tube, where there is one (rule 4: over-pressure)."""

INTERLOCK_BEGINNINGS: Final = ("door", "emergency_stop", "exhaust", *FURNACE_INTERLOCKS, TUBE_PRESSURE)
"""How the names of all inputs begin that a condition looks at: a second door is "door_back" (rule 9)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound and where it comes from ("rig limit", "rating of the supply"), for the message that refuses
    something.
    """

    value: float
    unit: str
    reason: str

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit} ({self.reason})"


@dataclass(frozen=True, slots=True)
class HvLimits:
    """What one supply may be asked for. `polarity` is +1 or -1; voltages are magnitudes."""

    name: str
    voltage_kv: Limit
    current_ua: Limit
    polarity: int

    def refuses(self, voltage_kv: float) -> str | None:
        """Why a signed voltage may not be set, in words with value and limit; None when it may."""
        if voltage_kv != 0 and (voltage_kv > 0) != (self.polarity > 0):
            sign = "positive" if self.polarity > 0 else "negative"
            return f"{voltage_kv:g} kV from {self.name}, whose polarity is {sign}"
        if abs(voltage_kv) > self.voltage_kv.value:
            return f"{abs(voltage_kv):g} kV from {self.name}, whose limit is {self.voltage_kv}"
        return None


def hv_limits(
    name: str, *, rating_kv: float, limit_kv: float, rating_ma: float, limit_ua: float, polarity: int
) -> HvLimits:
    """The smaller of the supply's rating and the rig's limit, with the name of the one that binds."""
    rating_ua = rating_ma * 1000
    return HvLimits(
        name,
        Limit(limit_kv, "kV", "rig limit") if limit_kv <= rating_kv else Limit(rating_kv, "kV", "rating"),
        Limit(limit_ua, "µA", "rig limit") if limit_ua <= rating_ua else Limit(rating_ua, "µA", "rating"),
        polarity,
    )


@dataclass(frozen=True, slots=True)
class ElectrodePair:
    """Two electrodes and the voltage between them."""

    first: str
    second: str
    difference_kv: float


def widest_pair(potentials_kv: Mapping[str, float]) -> ElectrodePair | None:
    """The two electrodes with the greatest max |Vi - Vj| (rule 4); None with fewer than two. Earth is 0 kV if
    it is named.
    """
    if len(potentials_kv) < 2:
        return None
    low = min(potentials_kv, key=lambda name: potentials_kv[name])
    high = max(potentials_kv, key=lambda name: potentials_kv[name])
    if low == high:
        low = next(name for name in potentials_kv if name != high)
    return ElectrodePair(high, low, potentials_kv[high] - potentials_kv[low])


def pair_limit(limits_kv: Mapping[str, float], declared_kv: float | None) -> Limit:
    """The bound on any electrode pair: what the rig file declares, else the largest single limit of its
    supplies.

    Without a declaration two supplies of opposite polarity may not add up beyond what one of them alone may
    reach: gaps and insulation have been judged for that voltage only.
    """
    if declared_kv is not None:
        return Limit(declared_kv, "kV", "declared limit between electrodes")
    name = max(limits_kv, key=lambda key: limits_kv[key])
    return Limit(limits_kv[name], "kV", f"largest limit of a single supply, {name}")


def least_discharge_s(bleed_ohm: float | None, capacitance_f: float | None) -> Limit:
    """The shortest waiting time after proof: 6.2 R C where both are declared, else 30 s (rule 5)."""
    if bleed_ohm is None or capacitance_f is None:
        return Limit(DISCHARGE_S, "s", "bleed and capacitance are not declared")
    return Limit(
        DISCHARGE_TIME_CONSTANTS * bleed_ohm * capacitance_f,
        "s",
        f"6.2 x {bleed_ohm / 1e6:g} MΩ x {capacitance_f * 1e9:g} nF",
    )


def proof_threshold_kv(monitor_step_kv: float) -> float:
    """A monitor at or below this counts towards the proof that the output is off: max(60 V, two steps) (rule
    5).
    """
    return max(PROOF_FLOOR_KV, PROOF_STEPS * monitor_step_kv)


def provable(monitor_step_kv: float) -> bool:
    """Whether a monitor of that resolution can ever prove the output off: its step must not exceed 60 V (rule
    5).
    """
    return monitor_step_kv <= PROOF_FLOOR_KV
