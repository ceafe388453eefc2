"""What the rig file says of one instrument, as plain frozen data in the drivers' units. `bench` fills these in."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Common part. name: "hv.needle"; driver: catalogue name; where: port or VISA resource as written in the rig file.

    baud: None takes the driver's factory default.
    """

    name: str
    driver: str
    where: str
    model: str | None = None
    address: int | None = None
    baud: int | None = None


@dataclass(frozen=True, slots=True)
class PumpSettings(Settings):
    """A syringe pump; the syringe itself is the run sheet's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HvSettings(Settings):
    """A high-voltage supply: rating of the supply, limits of the rig, how the output discharges.

    polarity is +1 or -1 (fixed by hardware); discharge_s counts after proof that the output is off (safety rule 5).
    """

    rating_kv: float
    rating_ma: float
    limit_kv: float
    limit_ua: float
    ramp_kv_s: float = 1.0
    ramp_down_kv_s: float = 5.0
    polarity: int = 1
    discharge_s: float = 30.0
    bleed_ohm: float | None = None
    capacitance_f: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSettings(Settings):
    """A current meter in the collector's return to earth; fixed range in A, mains frequency in Hz."""

    range_a: float
    mains_hz: int = 50


@dataclass(frozen=True, slots=True)
class ClimateSettings(Settings):
    """A temperature and humidity sensor of the chamber."""


@dataclass(frozen=True, slots=True)
class InputChannel:
    """One contact: its name ("door_closed"), channel number from 0, and the state that means healthy.

    twin: the other contact of the same switch, on the same module: the two may differ for 1 s at most (safety rule 9).
    """

    name: str
    channel: int
    healthy: str = "closed"
    twin: str | None = None


RELAY_SAFE = {
    "contactor": False, "lock": True, "beacon": True, "heartbeat": False, "valve": False, "on": True,
}  # fmt: skip
"""Kinds of digital outputs and their safe side: closed (a contactor), locked, lit, up, open (a valve), on are True."""


@dataclass(frozen=True, slots=True)
class RelayChannel:
    """One digital output: its name, its kind, its number on the module from 0.

    inverted: current flows for False: a lock that needs current to open. kept: its safe side is as it is: the valve of
    an inert gas.
    """

    name: str
    kind: str
    channel: int
    inverted: bool = False
    kept: bool = False

    @property
    def state_channel(self) -> str:
        """The channel of what is read back, by its full name."""
        return f"outputs.{self.name}.state"

    def bit(self, state: bool) -> int:
        """This channel's bit for a state."""
        return int(state != self.inverted) << self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsSettings(Settings):
    """A digital module: what its contacts mean, and what hangs on its outputs."""

    channels: tuple[InputChannel, ...]
    checksum: bool = False
    relays: tuple[RelayChannel, ...] = ()

    @property
    def safe_bits(self) -> int:
        """The outputs' safe side; what is kept as it is counts as without current."""
        return sum(relay.bit(RELAY_SAFE[relay.kind]) for relay in self.relays if not relay.kept)

    @property
    def kept_bits(self) -> int:
        """The outputs that have no safe side but to stay as they are."""
        return sum(1 << relay.channel for relay in self.relays if relay.kept)


@dataclass(frozen=True, slots=True)
class Tube:
    """The furnace's work tube."""

    bore_mm: float
    length_mm: float

    @property
    def volume_l(self) -> float:
        """Volume of the empty tube."""
        return math.pi / 4 * self.bore_mm**2 * self.length_mm / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class FurnaceSettings(Settings):
    """A furnace controller and its furnace. cooling_s and lag_s: measured time constants; atmosphere_switch:
    "by hand" or "automatic".
    """

    limit_degc: float
    limit_ramp_degc_min: float
    tube: Tube | None = None
    cooling_s: float | None = None
    lag_s: float | None = None
    open_below_degc: float = 60.0
    hot_minimum_sccm: float = 80.0
    atmosphere_switch: str = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class GasSettings(Settings):
    """A gas line. passive: room air, no controller; unit: the controller's letter; on_power_loss: "stops" or
    "flows".
    """

    feeds: str
    passive: bool = False
    unit: str | None = None
    full_scale_sccm: float | None = None
    on_power_loss: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OxygenSettings(Settings):
    """An oxygen analyser; `watches` is the furnace whose gas it sees."""

    watches: str | None = None


AnySettings = (
    PumpSettings
    | HvSettings
    | CurrentSettings
    | ClimateSettings
    | InputsSettings
    | FurnaceSettings
    | GasSettings
    | OxygenSettings
)
