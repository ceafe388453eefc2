"""Eurotherm registers and codes by model: what differs between EPC3000, 3216 and 2416, as data.

Sources: Eurotherm handbook HA026230 (2416); CederGroupHub/alab_control (register exports of a 2416, a 3216P and an
EPC3016 in use on furnaces); the Eurotherm 3200 driver of C. Carr. What they leave open is marked unconfirmed.
Registers are the numbers on the wire; the float copy of register n is at 8000h + 2 n.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PV, TARGET, MANUAL_OUTPUT, OUTPUT, WORKING_SETPOINT = 1, 2, 3, 4, 5
RANGE_LOW, RANGE_HIGH = 11, 12
PROGRAM_NUMBER, PROGRAM_STATUS = 22, 23
SP1, SP2, COMMS_SETPOINT = 24, 25, 26
SAFE_OUTPUT = 34
"""Output at sensor break (2416, 3216), fallback output (EPC3000)."""
STATUS_WORD = 75
LOOP_BREAK_TIME = 83
FIRMWARE, SP_HIGH, SP_LOW, MAKER, MODEL = 107, 111, 112, 121, 122
ACKNOWLEDGE, AUTO_MANUAL, REMOTE = 274, 273, 276
UNITS, PROGRAMMER_TYPE, POWER_FAIL, SERVO, DECIMALS, RATE_UNIT = 516, 517, 518, 520, 525, 531

SENSOR_BREAK_BIT, LOOP_BREAK_BIT = 1 << 5, 1 << 6

MINUTE, HOUR = 1, 2
"""Codes of the units in a program of a 2416 or EPC3000."""

OFF, RUN, HOLD, HOLD_BACK, ENDED = 0.0, 1.0, 2.0, 3.0, 4.0
"""Values of the channel "program"."""


@dataclass(frozen=True, slots=True)
class Command:
    """A write that runs, holds or resets: FC06 where the register is the command's own, else FC16."""

    register: int
    value: int
    single: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One model. states: what register 23 reads, as the channel's value; reset_code: the one that means reset. hold:
    None where nothing would end it if the host dies (register 23 takes 2 on a 3216 and 4 on a 2416 for it).

    rate_units: register 531 to seconds, only where a program's rates follow it. blocks: the program memory is blocks
    of eight registers (2416, EPC3000), else three registers a segment (3216).
    """

    name: str
    title: str
    states: Mapping[int, float]
    reset_code: int
    run: Command
    hold: Command | None
    reset: Command
    segment_register: int
    blocks: bool
    max_segments: int
    rate_units: Mapping[int, float] = field(default_factory=dict)
    watchdog: tuple[int, int, int, int] | None = None
    """Time-out, action, recovery and flag on the serial port."""
    end_type: int | None = None
    """Register of the end type where it is not in the last segment."""
    end_code: int = 0
    """The end type that leaves the heater off."""


_STATES_16 = MappingProxyType({1: OFF, 2: RUN, 4: HOLD, 8: HOLD_BACK, 16: ENDED})

PROGRAM_BASE = 8328
"""Header of program 1; its segment k begins at this plus 8 k."""
MAX_BLOCKS = 16
SEGMENT_END, SEGMENT_RAMP, SEGMENT_DWELL = 0, 1, 3
HOLD_BACK_NONE, HOLD_BACK_BAND = 0, 3

TRIPLES_BASE = 1280
"""Dwell, target and rate of segment 1 of a 3216, the next segment's three registers behind them."""
TRIPLES_HOLD_BACK = 327

WATCHDOG_FALL_BACK = 1
"""Action "fall back" of the EPC3000's watchdog: unconfirmed."""
WATCHDOG_S = (10.0, 60.0)
"""Time-outs accepted: long enough for a slow exchange, at most a minute to heater off."""

MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.name: model
        for model in (
            Model(
                name="epc3000",
                title="Eurotherm EPC3000",
                states=_STATES_16,
                reset_code=1,
                run=Command(10573, 1, single=True),
                hold=Command(10574, 1, single=True),
                # Never register 23: a 1 there, our reset, would start a 3216 that is declared as an EPC3000.
                reset=Command(10575, 1, single=True),
                segment_register=56,
                blocks=True,
                max_segments=7,
                watchdog=(1233, 1234, 1235, 1236),
                end_type=PROGRAM_BASE + 6,
                end_code=1,
            ),
            Model(
                name="3216",
                title="Eurotherm 3216P",
                states=MappingProxyType({0: OFF, 1: RUN, 2: HOLD, 3: ENDED}),
                reset_code=0,
                run=Command(PROGRAM_STATUS, 1),
                hold=None,
                reset=Command(PROGRAM_STATUS, 0),
                segment_register=330,
                blocks=False,
                max_segments=8,
                rate_units=MappingProxyType({0: 60.0, 1: 3600.0, 2: 1.0}),
                end_type=328,
                end_code=0,
            ),
            Model(
                name="2416",
                title="Eurotherm 2416",
                states=_STATES_16,
                reset_code=1,
                run=Command(PROGRAM_STATUS, 2),
                hold=None,
                reset=Command(PROGRAM_STATUS, 1),
                segment_register=56,
                blocks=True,
                max_segments=7,
            ),
        )
    }
)

_PANEL = "in the controller's configuration level or the maker's tool (names may differ by firmware)"


def watchdog_keys(what: str) -> str:
    """What to change on an EPC3000 so that its watchdog guards the heater."""
    return (
        f"{what}; set {_PANEL}: COMMS, option port: watchdog time-out 60 s, watchdog action fall back; "
        "LOOP, output: fallback value 0.0 %"
    )


def panel_keys(what: str, change: str) -> str:
    """What is wrong, and what to change on the front panel."""
    return f"{what}; set {_PANEL}: {change}"
