"""What an instrument can be asked for: the whole wanted state of one output, as plain frozen data.

The newest wanted state replaces any older one in a line's mailbox, so each must be complete in itself: a driver
compares it with what it told the instrument before and sends what is missing. The `off` state of each kind is its safe
side (safety rules, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HvOutput:
    """A high-voltage supply. `voltage_kv` is signed by the electrode's polarity; `limit_ua` the current programme."""

    on: bool = False
    voltage_kv: float = 0.0
    limit_ua: float = 0.0

    @property
    def energised(self) -> bool:
        """Whether this asks for anything but the safe side."""
        return self.on or self.voltage_kv != 0.0


@dataclass(frozen=True, slots=True)
class PumpOutput:
    """A syringe pump. `rate_ml_h` > 0 infuses, < 0 withdraws; `diameter_mm` is the syringe's inner diameter.

    `batch` numbers the steps: when it changes, the pump's own delivered counters are cleared before it is started, so
    that `delivered_ml` counts from the start of the present step.
    """

    running: bool = False
    rate_ml_h: float = 0.0
    diameter_mm: float = 0.0
    batch: int = 0

    @property
    def energised(self) -> bool:
        """Whether this asks for anything but the safe side."""
        return self.running


@dataclass(frozen=True, slots=True)
class ProgramSegment:
    """One segment of a furnace program: ramp to the target at so many degC/min, then dwell there for dwell_s."""

    ramp_degc_min: float
    target_degc: float
    dwell_s: float


@dataclass(frozen=True, slots=True)
class FurnaceOutput:
    """A furnace controller. mode: "off", "run" or "hold" (the program stands, the set point with it).

    A program is loaded whole, always ends in *off*, and is told apart from the one before by its number.
    hold_back_degc: the controller stops its program's clock while the process value is further from the set point.
    """

    mode: str = "off"
    number: int = 0
    segments: tuple[ProgramSegment, ...] = ()
    hold_back_degc: float = 5.0

    @property
    def energised(self) -> bool:
        """Whether this asks for anything but the safe side."""
        return self.mode != "off"


@dataclass(frozen=True, slots=True)
class GasOutput:
    """A mass-flow controller. Which side of a flow is safe depends on the tube (safety rule 3)."""

    flow_sccm: float = 0.0

    @property
    def energised(self) -> bool:
        """Whether gas is wanted to flow."""
        return self.flow_sccm > 0.0


@dataclass(frozen=True, slots=True)
class RelayOutput:
    """All digital outputs of one module as bits, and the bits of its safe side: contactor open, lock locked, beacon
    lit, heartbeat standing, the valve of a reactive gas closed. keep: outputs that stay as they are read: the valve of
    an inert gas, until it is known what has to flow."""

    bits: int = 0
    safe: int = 0
    keep: int = 0

    @property
    def energised(self) -> bool:
        """Whether this asks for anything but the safe side."""
        return self.bits != self.safe


Output = HvOutput | PumpOutput | FurnaceOutput | GasOutput | RelayOutput
HV_OFF = HvOutput()
PUMP_OFF = PumpOutput()
FURNACE_OFF = FurnaceOutput()
