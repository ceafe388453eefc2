"""What a furnace program looks like in a controller's memory: the writes that load it, and what must read back.

Targets, rates, times and hold-back go through the float area (times there are signed 32-bit milliseconds whatever the
display says), types and units through the plain area. Sources as in `eurotherm_registers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from struct import pack, unpack

from rig.instruments.eurotherm_registers import (
    HOLD_BACK_BAND,
    HOLD_BACK_NONE,
    HOUR,
    MAX_BLOCKS,
    MINUTE,
    PROGRAM_BASE,
    SEGMENT_DWELL,
    SEGMENT_END,
    SEGMENT_RAMP,
    TRIPLES_BASE,
    TRIPLES_HOLD_BACK,
    Model,
)
from rig.instruments.modbus import FLOAT_AREA
from rig.outputs import FurnaceOutput, ProgramSegment

RATE_TOLERANCE = 0.025
"""A rate may be kept this much off, as a fraction: the step of one decimal at 2 degC/min."""
RATE_STEP = 0.1
"""Rates are kept with one decimal in whatever their unit is."""
LONGEST_MS = 2**31 - 1


def float_down(value: float) -> float:
    """The nearest 32-bit float that is not above `value` (>= 0), so that a limit is never passed by rounding."""
    word = unpack(">I", pack(">f", value))[0]
    kept: float = unpack(">f", pack(">I", word))[0]
    if kept > value:
        kept = unpack(">f", pack(">I", word - 1))[0]
    return kept


@dataclass(frozen=True, slots=True)
class Entry:
    """One write: wire address, words, and how its read-back is compared.

    form: "word", "ms" or "float"; values and, for floats, by how much each may be off. rate_at: the plain register of
    the rate among them, if there is one, and `rate` what it should be per unit of time.
    """

    what: str
    address: int
    form: str
    values: tuple[float, ...]
    tolerances: tuple[float, ...] = ()
    rate_at: int | None = None
    rate: float = 0.0

    @property
    def words(self) -> bytes:
        """As they are sent."""
        if self.form == "word":
            return b"".join(pack(">H", int(value)) for value in self.values)
        return b"".join(pack(">i" if self.form == "ms" else ">f", value) for value in self.values)

    def read_back(self, words: bytes) -> tuple[float, ...]:
        """Words as values of this form."""
        letter, size = {"word": ("H", 2), "ms": ("i", 4), "float": ("f", 4)}[self.form]
        return unpack(f">{len(words) // size}{letter}", words)

    def kept(self, words: bytes) -> bool:
        """Whether what was read back is what was written, as nearly as the controller keeps it."""
        read = self.read_back(words)
        if self.form != "float":
            return read == self.values
        return all(
            abs(got - wanted) <= off
            for got, wanted, off in zip(read, self.values, self.tolerances, strict=True)
        )


def blocks_needed(segments: tuple[ProgramSegment, ...]) -> int:
    """Blocks of a 2416 or EPC3000: one a ramp, one a dwell, one for the end."""
    return sum(1 + (segment.dwell_s > 0.0) for segment in segments) + 1


def fitting(model: Model, segments: tuple[ProgramSegment, ...]) -> int:
    """How many of the segments, from the first on, one program of this model holds."""
    if not model.blocks:
        return min(len(segments), model.max_segments)
    count = len(segments)
    while blocks_needed(segments[:count]) > MAX_BLOCKS:
        count -= 1
    return count


def ramp_unit(segments: tuple[ProgramSegment, ...]) -> int:
    """Per minute where one decimal of that tells all rates truly enough, else per hour: a rate of 5 degC/min kept per
    second with one decimal would be 0."""
    for segment in segments:
        rate = segment.ramp_degc_min
        kept = round(rate / RATE_STEP) * RATE_STEP
        if abs(kept - rate) > 0.005 * rate:
            return HOUR
    return MINUTE


def image(
    model: Model, output: FurnaceOutput, step_degc: float, rate_unit_s: float | None
) -> Iterator[Entry]:
    """The writes, in the order in which they have to be made: a segment's type first, it says what the rest means.

    step_degc: the controller's resolution of temperatures. rate_unit_s: seconds of register 531's unit (3216).
    """
    if model.blocks:
        yield from _blocks(model, output, step_degc)
    else:
        assert rate_unit_s is not None
        yield from _triples(model, output, step_degc, rate_unit_s)


def _float_at(register: int) -> int:
    return FLOAT_AREA + 2 * register


def _blocks(model: Model, output: FurnaceOutput, step_degc: float) -> Iterator[Entry]:
    half = 0.51 * step_degc
    back = float_down(output.hold_back_degc)
    back_type = HOLD_BACK_BAND if back > 0.0 else HOLD_BACK_NONE
    unit = ramp_unit(output.segments)
    per_minute = 1.0 if unit == MINUTE else 60.0
    base = PROGRAM_BASE
    yield Entry("hold-back type", base, "word", (back_type,))
    yield Entry("hold-back", _float_at(base + 1), "float", (back,), (half,))
    yield Entry("ramp unit, dwell unit, cycles", base + 2, "word", (unit, MINUTE, 1))
    if model.end_type is not None:
        yield Entry("program end type", model.end_type, "word", (model.end_code,))
    block = base
    for number, segment in enumerate(output.segments, start=1):
        rate = float_down(segment.ramp_degc_min * per_minute)
        what = f"segment {number}"
        block += 8
        yield Entry(f"{what}, type ramp", block, "word", (SEGMENT_RAMP,))
        yield Entry(
            f"{what}, target and rate", _float_at(block + 1), "float",
            (float_down(segment.target_degc), rate), (half, RATE_TOLERANCE * rate),
            rate_at=block + 2, rate=rate,
        )  # fmt: skip
        yield from _block_hold_back(model, what, block, back_type, back, half)
        if segment.dwell_s > 0.0:
            block += 8
            yield Entry(f"{what}, type dwell", block, "word", (SEGMENT_DWELL,))
            yield Entry(f"{what}, dwell", _float_at(block + 2), "ms", (round(segment.dwell_s * 1000),))
            yield from _block_hold_back(model, what, block, back_type, back, half)
    block += 8
    yield Entry("end of program", block, "word", (SEGMENT_END,))
    if model.end_type is None:
        yield Entry("end type reset", block + 3, "word", (model.end_code,))


def _block_hold_back(
    model: Model, what: str, block: int, back_type: int, back: float, half: float
) -> Iterator[Entry]:
    """An EPC3000 keeps hold-back by program or by segment; said in both places, either style does the same."""
    if model.end_type is not None:
        yield Entry(f"{what}, hold-back type", block + 5, "word", (back_type,))
        yield Entry(f"{what}, hold-back", _float_at(block + 6), "float", (back,), (half,))


def _triples(model: Model, output: FurnaceOutput, step_degc: float, rate_unit_s: float) -> Iterator[Entry]:
    """Segments that are not needed repeat the last target without dwell: they are passed in no time, while whatever
    stood there before would be run."""
    half = 0.51 * step_degc
    back = float_down(output.hold_back_degc)
    assert model.end_type is not None
    yield Entry("end type off", model.end_type, "word", (model.end_code,))
    yield Entry("hold-back", _float_at(TRIPLES_HOLD_BACK), "float", (back,), (half,))
    last = output.segments[-1]
    rest = (ProgramSegment(last.ramp_degc_min, last.target_degc, 0.0),) * model.max_segments
    for number, segment in enumerate((*output.segments, *rest)[: model.max_segments], start=1):
        register = TRIPLES_BASE + 3 * (number - 1)
        rate = float_down(segment.ramp_degc_min * rate_unit_s / 60.0)
        what = f"segment {number}"
        yield Entry(
            f"{what}, target and rate", _float_at(register + 1), "float",
            (float_down(segment.target_degc), rate), (half, RATE_TOLERANCE * rate),
            rate_at=register + 2, rate=rate,
        )  # fmt: skip
        yield Entry(f"{what}, dwell", _float_at(register), "ms", (round(segment.dwell_s * 1000),))


def why_impossible(output: FurnaceOutput, limit_degc: float, limit_ramp_degc_min: float) -> str | None:
    """What speaks against the program by itself, in words; None if nothing does. Written so that NaN is refused."""
    if not output.segments:
        return "a program without segments"
    if not 0.0 <= output.hold_back_degc <= 100.0:
        return f"a hold-back of {output.hold_back_degc:g} degC; 0 (none) to 100 degC is possible"
    for number, segment in enumerate(output.segments, start=1):
        where = f"segment {number}"
        if not 0.0 <= segment.target_degc <= limit_degc:
            return f"{where}: a target of {segment.target_degc:g} degC, the limit is {limit_degc:g} degC"
        if not 0.0 < segment.ramp_degc_min <= limit_ramp_degc_min:
            return (
                f"{where}: a ramp of {segment.ramp_degc_min:g} degC/min, "
                f"more than 0 and at most {limit_ramp_degc_min:g} degC/min is possible"
            )
        if not isfinite(segment.dwell_s) or not 0 <= round(segment.dwell_s * 1000) <= LONGEST_MS:
            return f"{where}: a dwell of {segment.dwell_s:g} s; 0 to {LONGEST_MS // 1000} s is possible"
    return None
