"""What an emulated New Era pump keeps without power: syringe, pumping program, network settings, switches.

Factory settings are those of the manual where it gives them (19200 baud, address 0, Basic mode); diameter and second
phase are unconfirmed. The second phase is by default another rate, the trap of the family: a volume in phase 1 does not
stop a pump whose phase 2 was never made a stop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PHASES = 41
BAUDS = (300, 1200, 2400, 9600, 19200)
ML_H = {"UH": 0.001, "MH": 1.0, "UM": 0.06, "MM": 60.0}
MICROLITRES_UP_TO_MM = 14.0
"""Volumes are in µL for syringes up to this inner diameter, in mL above it."""

SWITCHES = ("AL", "BP", "LN", "LOC", "PF", "ROM")
"""On-off settings: alarm buzzer, key beep, low motor noise, keypad lock, restart after power failure, and one whose
meaning is not known here."""

TRIGGERS = ("FT", "FH", "FL", "LE", "ST", "T2", "SP", "P2", "RL", "RH", "SL", "SH")

PLAYED = ("RAT", "STP", "JMP", "PAS", "BEP")
"""Phase functions that are played."""
OTHERS = (
    "FIL",
    "INC",
    "DEC",
    "PRI",
    "PRL",
    "LOP",
    "LPS",
    "LPE",
    "IF",
    "EVN",
    "EVS",
    "EVR",
    "CLD",
    "TRG",
    "OUT",
)
"""Phase functions of the manual known by name only, and answered `?NA`."""


@dataclass(slots=True)
class Phase:
    """One step of the pumping program. number belongs to JMP (phase) and PAS (seconds, 0 waits for a person).

    A rate of 0 keeps the rate of the phase before; a volume of 0 pumps without end.
    """

    function: str = "STP"
    number: int = 0
    rate: float = 0.0
    unit: str = "MH"
    volume: float = 0.0
    direction: str = "INF"

    @property
    def rate_ml_h(self) -> float:
        """The rate in ml/h."""
        return self.rate * ML_H[self.unit]


@dataclass(slots=True)
class Memory:
    """The non-volatile memory. `writes` counts how often it was written: it wears."""

    second_phase: str = "RAT"
    address: int = 0
    baud: int = 19200
    safe_s: int = 0
    diameter_mm: float = 26.59
    volume_unit: str = "ML"
    trigger: str = "FT"
    switches: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SWITCHES, 0))
    phases: list[Phase] = field(default_factory=list)
    pumping: bool = False
    writes: int = 0

    def __post_init__(self) -> None:
        if not self.phases:
            self.phases = [Phase() for _ in range(PHASES + 1)]  # numbered from 1
            self.phases[1].function = "RAT"
            self.phases[2].function = self.second_phase

    def reset(self) -> None:
        """Factory settings, as by `RESET`."""
        fresh = Memory(self.second_phase, writes=self.writes + 1)
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))
