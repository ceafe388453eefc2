"""The set-point programmer inside an emulated Eurotherm: its program memory by model, and the program that runs.

Source: Eurotherm handbook HA026230 (2400: blocks of eight registers), register exports in CederGroupHub/alab_control
(EPC, a compatible copy; 3216P, three registers a segment). Assumed where they are silent: changing a segment's type
clears what stood at +2; an EPC's END segment has no +3 and no +4; a 3216 passes a segment without rate as a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import isnan


class State(Enum):
    """What the programmer does; hold-back is `RUN` with the clock stopped."""

    RESET = "reset"
    RUN = "run"
    HOLD = "hold"
    COMPLETE = "complete"


class End(Enum):
    """What a program's end does."""

    RESET = "reset"
    DWELL = "dwell"
    OFF = "off"
    SP2 = "SP2"


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch: "rate" (to target at rate per s), "time" (to target in seconds), "dwell" or "step".

    back: hold-back type (0 none, 1 low, 2 high, 3 band) and value in degrees.
    """

    number: int
    kind: str
    target: float
    rate_s: float
    seconds: float
    back: tuple[int, float]


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, already in seconds and degrees."""

    segments: tuple[Segment, ...]
    end: End
    cycles: int = 1


UNIT_S = (1.0, 60.0, 3600.0)
"""Seconds of a program's unit codes."""
BASE, BLOCK, PROGRAM = 8192, 8, 136
SEGMENTS = 16


class Blocks:
    """Program memory of a 2400 or an EPC3000. Cells by program and offset; times in s, rates per unit."""

    def __init__(self, programs: int, epc: bool) -> None:
        self.programs = programs
        self.epc = epc
        self.running = 1
        self.cells: dict[tuple[int, int], float] = {}
        for number in range(1, programs + 1):
            self.cells[number, 2] = self.cells[number, 3] = self.cells[number, 4] = 1

    def place(self, register: int) -> tuple[int, int] | None:
        """Program and offset of a register; program 0 is the running copy. None: not program memory."""
        number, offset = divmod(register - BASE, PROGRAM)
        return (number, offset) if 0 <= number <= self.programs else None

    def kind(self, number: int, offset: int) -> str | None:
        """What a cell holds: "int", "degrees", "rate" or "time"; None: nothing there."""
        number = number or self.running
        block, place = divmod(offset, BLOCK)
        if block == 0:
            known = ("int", "degrees", "int", "int", "int", "int", "int", "int")
            return known[place] if self.epc or place < 5 else None
        ends = self.cells.get((number, block * BLOCK), 0) == 0
        if place == 2:
            return {1: "rate", 2: "time", 3: "time"}.get(
                int(self.cells.get((number, block * BLOCK), 0)), "int"
            )
        if place in (3, 4):
            return None if self.epc and (ends or place == 4) else "int"
        if place in (5, 6):
            return (None, "int", "degrees")[place - 4] if self.epc else None
        return ("int", "degrees")[place] if place < 2 else None

    def limits(self, offset: int) -> tuple[float, float]:
        """Values that a cell takes."""
        block, place = divmod(offset, BLOCK)
        if block == 0:
            return ((0, 3), (0, 9999), (0, 2), (0, 2), (1, 999), (0, 1), (0, 2), (0, 0))[place]
        return ((0, 5), (-9999, 9999), (0, 2**31), (0, 255), (0, 255), (0, 3), (0, 9999), (0, 0))[place]

    def get(self, number: int, offset: int) -> float:
        """A cell's value; the number of configured segments is counted."""
        number = number or self.running
        if offset == 7:
            return float(self._count(number))
        return self.cells.get((number, offset), 0.0)

    def put(self, number: int, offset: int, value: float) -> None:
        """Keep a value."""
        if offset >= BLOCK and offset % BLOCK == 0 and self.cells.get((number, offset), 0.0) != value:
            self.cells[number, offset + 2] = 0.0
        self.cells[number, offset] = value

    def time_unit_s(self, number: int, offset: int) -> float:
        """Unit of a segment's duration: that of dwells, or of ramps for a time to target."""
        number = number or self.running
        ramp = self.cells.get((number, offset // BLOCK * BLOCK), 0) == 2
        return UNIT_S[int(self.cells.get((number, 2 if ramp else 3), 1))]

    def _count(self, number: int) -> int:
        for index in range(1, SEGMENTS + 1):
            if self.cells.get((number, BLOCK * index), 0) == 0:
                return index - 1
        return SEGMENTS

    def compiled(self, number: int) -> Program:
        """The program as it would run now."""
        get = self.get
        whole = (int(get(number, 0)), get(number, 1))
        unit_s = UNIT_S[int(get(number, 2))]
        segments = []
        for index in range(1, SEGMENTS + 1):
            at = BLOCK * index
            kind, target, third = int(get(number, at)), get(number, at + 1), get(number, at + 2)
            if kind == 0:
                break
            back = whole
            if self.epc and get(number, 5) == 1:
                back = (int(get(number, at + 5)), get(number, at + 6))
            if kind == 1:
                how = "rate" if third > 0.0 else "step"
                segments.append(Segment(index, how, target, third / unit_s, 0.0, back))
            elif kind == 2:
                segments.append(Segment(index, "time", target, 0.0, third, back))
            elif kind == 3:
                segments.append(Segment(index, "dwell", 0.0, 0.0, third, back))
            elif kind == 4:
                segments.append(Segment(index, "step", target, 0.0, 0.0, back))
        code = get(number, 6) if self.epc else get(number, BLOCK * (self._count(number) + 1) + 3)
        ends = (End.DWELL, End.RESET, End.DWELL) if self.epc else (End.RESET, End.DWELL, End.OFF)
        return Program(tuple(segments), ends[min(int(code), 2)], max(1, int(get(number, 4))))


class Triples:
    """Program memory of a 3216: dwell, target and rate of each segment, one program."""

    def __init__(self, segments: int = 8) -> None:
        self.segments = segments
        self.cells: dict[int, float] = {}
        self.end = 0
        self.back = 0.0
        self.cycles = 1

    def compiled(self, rate_unit_s: float) -> Program:
        """The program as it would run now."""
        back = (3, self.back) if self.back > 0.0 else (0, 0.0)
        segments = []
        for index in range(self.segments):
            dwell, target, rate = (self.cells.get(3 * index + place, 0.0) for place in range(3))
            how = "rate" if rate > 0.0 else "step"
            segments.append(Segment(index + 1, how, target, rate / rate_unit_s, 0.0, back))
            if dwell > 0.0:
                segments.append(Segment(index + 1, "dwell", 0.0, 0.0, dwell, back))
        end = (End.OFF, End.DWELL, End.SP2, End.RESET)[min(self.end, 3)]
        return Program(tuple(segments), end, self.cycles)


class Programmer:
    """Runs a program: moves its set point from step to step. on_end is called when one ends."""

    def __init__(self, on_end: Callable[[End], None]) -> None:
        self.state = State.RESET
        self.holding_back = False
        self.setpoint = 0.0
        self.program = Program((), End.RESET)
        self.index = 0
        self.elapsed_s = 0.0
        self.cycle = 1
        self._on_end = on_end

    @property
    def segment(self) -> Segment | None:
        """The present one; None in reset and after the end."""
        if self.state in (State.RUN, State.HOLD) and self.index < len(self.program.segments):
            return self.program.segments[self.index]
        return None

    def run(self, program: Program, start: float) -> None:
        """Run from `start`, or go on from hold with what was running."""
        if self.state is State.HOLD:
            self.state = State.RUN
        elif self.state is not State.RUN:
            self.program, self.setpoint = program, start
            self.index, self.elapsed_s, self.cycle = 0, 0.0, 1
            self.state = State.RUN
            self.holding_back = False

    def hold(self) -> None:
        """Stand still."""
        if self.state is State.RUN:
            self.state = State.HOLD
            self.holding_back = False

    def reset(self) -> None:
        """Back to the controller's own set point."""
        self.state = State.RESET
        self.holding_back = False

    def ramp_back(self, start: float) -> None:
        """After a power failure: from `start` at the last ramp's rate to where it was."""
        while self.index > 0 and self.program.segments[self.index].kind == "dwell":
            self.index -= 1
        self.setpoint, self.elapsed_s = start, 0.0

    def time_left_s(self) -> float:
        """Of the present segment."""
        segment = self.segment
        if segment is None:
            return 0.0
        if segment.kind == "rate":
            return abs(segment.target - self.setpoint) / segment.rate_s
        return max(0.0, segment.seconds - self.elapsed_s)

    def program_left_s(self) -> float:
        """Of this cycle."""
        if self.segment is None:
            return 0.0
        left, at = self.time_left_s(), self.program.segments[self.index]
        level = self.setpoint if at.kind == "dwell" else at.target
        for segment in self.program.segments[self.index + 1 :]:
            left += (
                abs(segment.target - level) / segment.rate_s if segment.kind == "rate" else segment.seconds
            )
            level = level if segment.kind == "dwell" else segment.target
        return left

    def step(self, dt_s: float, pv: float) -> None:
        """Go on by dt_s; the clock stands while the process value is outside the hold-back."""
        if self.state is not State.RUN:
            return
        segments = self.program.segments
        left = dt_s
        while left > 0.0 and self.index < len(segments):
            segment = segments[self.index]
            if self._outside(segment.back, pv):
                self.holding_back = True
                return
            self.holding_back = False
            left = self._within(segment, left)
        if self.index >= len(segments):
            self._ended()

    def _within(self, segment: Segment, left: float) -> float:
        """Move on within a segment; what is left of the time when it ends."""
        kind = segment.kind
        if kind == "rate":
            way = segment.target - self.setpoint
            need_s = abs(way) / segment.rate_s
            if need_s > left:
                self.setpoint += segment.rate_s * left if way > 0.0 else -segment.rate_s * left
                return 0.0
        elif kind == "step":
            need_s = 0.0
        else:
            need_s = segment.seconds - self.elapsed_s
            if need_s > left:
                if kind == "time":
                    self.setpoint += (segment.target - self.setpoint) * left / need_s
                self.elapsed_s += left
                return 0.0
        if kind != "dwell":
            self.setpoint = segment.target
        self.index += 1
        self.elapsed_s = 0.0
        if self.index >= len(self.program.segments) and self.cycle < self.program.cycles:
            self.cycle += 1
            self.index = 0
        return left - max(0.0, need_s)

    def _outside(self, back: tuple[int, float], pv: float) -> bool:
        kind, band = back
        if kind == 0 or isnan(pv):
            return False
        below, above = pv < self.setpoint - band, pv > self.setpoint + band
        return (below and kind in (1, 3)) or (above and kind in (2, 3))

    def _ended(self) -> None:
        self.holding_back = False
        end = self.program.end
        self.state = State.RESET if end is End.RESET else State.COMPLETE
        self._on_end(end)
