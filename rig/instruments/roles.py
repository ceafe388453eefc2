"""The roles instruments fill, as protocols: a driver only has to fit.

A driver is built from its Settings and a Port, opens nothing, keeps no thread, asks nobody for the time but its port,
and sends bytes only when one of these methods is called. Every method may raise an InstrumentError
(NoReply, BadReply, Refused, PortLost, Preempted) and nothing else.
"""

from __future__ import annotations

from typing import Protocol

from rig.lines.driven import Driver, Identity, OutputDriver, Poll
from rig.outputs import FurnaceOutput, GasOutput, HvOutput, PumpOutput

__all__ = [
    "Driver",
    "Furnace",
    "Gas",
    "HighVoltage",
    "Identity",
    "OutputDriver",
    "Poll",
    "Pump",
    "Sensor",
]


class Pump(OutputDriver, Protocol):
    """A syringe pump. Channels: rate_ml_h, delivered_ml, running (0 or 1)."""

    def apply(self, output: PumpOutput) -> None:
        """Bring the pump to the wanted state, sending only what differs from what it was told before."""


class HighVoltage(OutputDriver, Protocol):
    """A high-voltage supply. Channels: voltage_kv, current_ua, output (0 or 1), fault (0 or 1).

    `monitor_step_kv` is the read-back's resolution step, `set_step_kv` that of the set value.
    """

    monitor_step_kv: float
    set_step_kv: float

    def apply(self, output: HvOutput) -> None:
        """Bring the supply to the wanted state. Never beyond half a set step above it, never beyond the rig's limit."""


class Furnace(OutputDriver, Protocol):
    """A furnace controller. Channels: temperature_degc, setpoint_degc, power_pct, program (0 off, 1 run, 2 hold,
    3 hold-back, 4 ended), segment, sensor_break (0 or 1).

    `off` is: every set point zero and read back, programmer reset, working output read as 0 %. `set_up` only reads.
    """

    def apply(self, output: FurnaceOutput) -> None:
        """Load and read back a program that is not loaded yet, then run or hold it. Raises what was read back wrong."""


class Gas(Driver, Protocol):
    """A mass-flow controller. Channels: flow_sccm, pressure_kpa, valve_fault (0 or 1), setpoint_sccm. `set_up` only
    reads. `set_step_sccm` is the resolution of its set point, 0 as long as that is not known."""

    @property
    def set_step_sccm(self) -> float:
        """In sccm."""

    def apply(self, output: GasOutput) -> None:
        """Set the flow and confirm that the controller took it."""


class Sensor(Driver, Protocol):
    """An instrument that only measures."""
