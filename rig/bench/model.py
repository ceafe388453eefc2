"""A bench: what the rig file says stands here, as plain frozen data in the units of the field names.

Instruments keep their full name ("pumps.a", "hv.needle"); their settings are those the drivers take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rig.bench.syringes import Syringe
from rig.instruments.settings import (
    AnySettings,
    ClimateSettings,
    CurrentSettings,
    FurnaceSettings,
    GasSettings,
    HvSettings,
    InputsSettings,
    OxygenSettings,
    PumpSettings,
    RelayChannel,
    Tube,
)
from rig.safety.limits import INTERLOCK_BEGINNINGS, LOST_CLIENT_GRACE_S, PROVE_EVERY_S

CONSOLE = "console"
"""Presence is a process on the rig's own computer, not over the network: claimed, not proven (safety rule 8)."""

SIM_PORT = "sim://"
SIM_VISA = "sim:"


@dataclass(frozen=True, slots=True)
class Override:
    """A safeguard that the rig file does not declare, and the owner's reason for running without; the report
    prints it.
    """

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class SafetyDeclaration:
    """What hardware stands behind the software.

    presence: "console", or the channel of a key ("inputs.bench.key"); prove_refuses: inputs proved longer
    than `prove_every_s` ago refuse a run instead of warning (the rig file says so by giving `prove_every`).
    """

    hardware_interlock: bool = False
    furnace_limiter: bool = False
    exhaust_ducted: bool = False
    presence: str = CONSOLE
    grace_s: float = LOST_CLIENT_GRACE_S
    prove_every_s: float = PROVE_EVERY_S
    prove_refuses: bool = False
    overrides: tuple[Override, ...] = ()

    def override(self, rule: str) -> Override | None:
        """The override of one rule, if the owner wrote one."""
        return next((item for item in self.overrides if item.rule == rule), None)


@dataclass(frozen=True, slots=True)
class Chamber:
    """The spinning chamber. electrode_limit_kv: greatest voltage between any two electrodes, where the owner
    declares it.
    """

    volume_l: float
    exhaust_m3_h: float
    electrode_limit_kv: float | None = None


@dataclass(frozen=True, slots=True)
class NeedleMount:
    """A place for a needle: the pump that feeds it ("pumps.a") and the supply it is wired to ("hv.needle")."""

    pump: str
    hv: str


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """A collector: its kind, and the supply that biases it (None: earthed). `keys`: what else the rig file
    says.
    """

    name: str
    kind: str | None = None
    hv: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """A digital output ("outputs.contactor") on a module ("inputs.bench").

    opens_on: of a contactor of the supplies: "unproved" (high voltage told off and not read back as off) or "abort"
    (that, and every abort, and trip that aborts and takes high voltage, as long as it is not proved off). of: the gas
    of a valve ("gas.argon"), the furnace of a heater's contactor ("furnace.tube"); None: of all supplies.
    """

    name: str
    module: str
    relay: RelayChannel
    opens_on: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """A section that is kept as it was written (notify)."""

    name: str
    keys: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How an instrument's raw value becomes the recorded one: value = gain x raw + offset. Dates as written
    (ISO 8601).
    """

    date: str
    due: str | None = None
    certificate: str | None = None
    gain: float = 1.0
    offset: float = 0.0


AnyInstrument = AnySettings

__all__ = [
    "AnyInstrument",
    "Bench",
    "Calibration",
    "Chamber",
    "CollectorSettings",
    "FurnaceSettings",
    "GasSettings",
    "NeedleMount",
    "OutputSettings",
    "Override",
    "OxygenSettings",
    "Plain",
    "SafetyDeclaration",
    "Tube",
    "is_simulated",
    "is_visa",
    "visa_name",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What stands here. `name`, `text` and `sha256` are the rig file's; `needles` is keyed by the mount's own
    name ("left").

    `lines`: the port or VISA resource of each line and the instruments on it, in the order of the file. `syringes`: the
    lab's own, beside the catalogue.
    """

    name: str
    text: str
    sha256: str
    safety: SafetyDeclaration
    chamber: Chamber | None
    pumps: dict[str, PumpSettings]
    needles: dict[str, NeedleMount]
    hv: dict[str, HvSettings]
    current: dict[str, CurrentSettings]
    climate: dict[str, ClimateSettings]
    inputs: dict[str, InputsSettings]
    furnaces: dict[str, FurnaceSettings]
    gases: dict[str, GasSettings]
    oxygen: dict[str, OxygenSettings]
    collectors: dict[str, CollectorSettings]
    outputs: dict[str, OutputSettings]
    notify: Plain | None
    calibrations: dict[str, Calibration]
    lines: dict[str, tuple[str, ...]]
    syringes: Mapping[str, Syringe] = field(default_factory=dict)

    @property
    def instruments(self) -> dict[str, AnyInstrument]:
        """Every instrument by its full name, in the order of the sections; a passive gas line is none."""
        return {
            **self.pumps,
            **self.hv,
            **self.current,
            **self.climate,
            **self.inputs,
            **self.furnaces,
            **{name: gas for name, gas in self.gases.items() if not gas.passive},
            **self.oxygen,
        }

    @property
    def hv_contactors(self) -> tuple[str, ...]:
        """The outputs that switch the mains of the supplies."""
        return tuple(n for n, one in self.outputs.items() if one.relay.kind == "contactor" and one.of is None)

    @property
    def simulated(self) -> bool:
        """Whether every instrument is emulated."""
        return bool(self.lines) and all(is_simulated(where) for where in self.lines)

    @property
    def line_names(self) -> dict[str, str]:
        """The name of each line, that of the first instrument on it, by port."""
        return {where: names[0] for where, names in self.lines.items()}

    def line_of(self, instrument: str) -> str:
        """The name of the line an instrument is on.

        :raises KeyError: when there is no such instrument.
        """
        return self.line_names[self.instruments[instrument].where]

    def safety_inputs(self) -> dict[str, tuple[str, ...]]:
        """The interlock channels and the presence key of each input module, by the module's name."""
        found = {}
        for name, module in self.inputs.items():
            carried = tuple(
                channel.name for channel in module.channels if self.is_safety_input(f"{name}.{channel.name}")
            )
            if carried:
                found[name] = carried
        return found

    def is_safety_input(self, channel: str) -> bool:
        """Whether a condition or presence hangs on the channel ("inputs.bench.door_closed"): by how its name begins, as
        the key that presence names, or as one of two contacts of a switch, whatever they are called."""
        module, _, name = channel.rpartition(".")
        if channel == self.safety.presence or name == "key" or name.startswith(INTERLOCK_BEGINNINGS):
            return True
        carried = self.inputs[module].channels if module in self.inputs else ()
        return any(one.twin is not None and name in (one.name, one.twin) for one in carried)


def is_simulated(where: str) -> bool:
    """Whether a port or resource leads into the emulated world."""
    return where.startswith((SIM_PORT, SIM_VISA))


def is_visa(where: str) -> bool:
    """Whether it is a VISA resource (emulated or real) and not a serial port."""
    return "::" in where and "://" not in where


def visa_name(where: str) -> str:
    """The VISA resource itself, without the mark of emulation."""
    return where.removeprefix(SIM_VISA)
