"""Features of a collector current over a sliding window, kept so that a new reading costs a few additions.

Readings come some five times a second and are gathered into blocks of one second; everything is computed from the
blocks, once a second. What is faster than the readings (a spectral line, the noise of single milliseconds) comes from
the instrument's bursts, where it has them. Integer nanoseconds, no I/O.
"""

from __future__ import annotations

from collections import deque
from math import sqrt
from statistics import median
from typing import NamedTuple

NS = 1_000_000_000
BLOCK_NS = NS
WINDOW = 10
"""Blocks of the window: 10 s, two correlation times of what a steady jet wanders [M]."""
HISTORY = 60
"""Blocks kept: rare drops are counted over a minute."""
BURSTS = 3
"""Their median is taken: one odd burst changes nothing."""
BURST_STALE_NS = 10 * NS
"""Bursts older than this say nothing about now."""
BURST_FRESH_NS = 3 * NS
"""An overload in a burst counts as now for so long."""


class Burst(NamedTuple):
    """One fast record of the instrument (see rig.instruments.current_features); None: it could not be told."""

    t_ns: int
    noise_na: float | None
    spikes: float
    line_hz: float | None
    line_fraction: float | None


class Block(NamedTuple):
    """One second of readings, nA."""

    end_ns: int
    good: int
    mean: float
    power: float
    high: float
    overloads: int
    lost: int


class Features(NamedTuple):
    """What the last seconds say. Currents in nA, counted positive in the direction that is expected.

    level: mean of the last two seconds. mean, deviation: of the window. slope_na_s: straight line through the window.
    low_share: part of the fluctuation that is slower than a second. duty: part of the window's seconds above half its
    mean. pulses: seconds of the last minute with one reading far above their mean. overloads: readings of the window
    beyond the meter's range. missing: part of the window's readings that failed. noise (deviation within a burst),
    line_hz, line_share, burst_spikes: medians of the last bursts, None without fresh ones. spiky: bursts with
    a few spikes; clipped: with single samples beyond the range. burst_arc: in the last one many were.
    """

    level: float
    mean: float
    deviation: float
    slope_na_s: float
    low_share: float
    duty: float
    pulses: int
    overloads: int
    missing: float
    noise: float | None
    line_hz: float | None
    line_share: float | None
    burst_spikes: float | None
    spiky: int
    clipped: int
    burst_arc: bool


ARC_SAMPLES = 15
"""An arc blinds the meter for tens of milliseconds, of which a burst has one each; corona's spikes for one [M]."""
FEW_SPIKES = 10
"""Corona's spikes are some milliseconds in 80; a step of several jets, or a pulse, fills more [M]."""
PULSE_OVER_MEAN = 3.0
"""A drop's pulse is one reading of its second, so many times above its mean, and by PULSE_LEAST_NA [M]."""
PULSE_LEAST_NA = 1.0


class FeatureWindow:
    """Takes readings and bursts; `features` is asked after `add` has said that a second is full."""

    __slots__ = (
        "_block_end",
        "_bursts",
        "_count",
        "_high",
        "_lost",
        "_over",
        "_power",
        "_sum",
        "blocks",
    )

    def __init__(self) -> None:
        self.blocks: deque[Block] = deque(maxlen=HISTORY)
        self._bursts: deque[Burst] = deque(maxlen=BURSTS)
        self._block_end = 0
        self._clear()

    def _clear(self) -> None:
        self._count = self._over = self._lost = 0
        self._sum = self._power = 0.0
        self._high = float("-inf")

    def add(self, t_ns: int, current_na: float | None, overload: bool) -> bool:
        """One reading, None if there was none. True when a second is full: the features are new."""
        if self._block_end == 0:
            self._block_end = t_ns + BLOCK_NS
        full = t_ns >= self._block_end
        if full:
            self._close(t_ns)
        if current_na is not None:
            self._count += 1
            self._sum += current_na
            self._power += current_na * current_na
            if current_na > self._high:
                self._high = current_na
        elif overload:
            self._over += 1
        else:
            self._lost += 1
        return full

    def _close(self, t_ns: int) -> None:
        count = self._count
        mean = self._sum / count if count else 0.0
        self.blocks.append(
            Block(self._block_end, count, mean, self._power, self._high, self._over, self._lost)
        )
        self._clear()
        self._block_end += BLOCK_NS
        if t_ns >= self._block_end:
            # Readings were away for longer: seconds without a reading are no seconds of nothing.
            self.blocks.clear()
            self._block_end = t_ns + BLOCK_NS

    def burst(self, burst: Burst) -> None:
        """A new fast record."""
        self._bursts.append(burst)

    @property
    def filled(self) -> int:
        """Seconds in hand."""
        return len(self.blocks)

    def features(self, now_ns: int) -> Features | None:
        """Of the last seconds; None while there is no good reading in the window."""
        recent = list(self.blocks)[-WINDOW:]
        told = [block for block in recent if block.good]
        if not told:
            return None
        means = [block.mean for block in told]
        count = sum(block.good for block in told)
        mean = sum(block.mean * block.good for block in told) / count
        variance = max(0.0, sum(block.power for block in told) / count - mean * mean)
        slow = sum(block.good * (block.mean - mean) ** 2 for block in told) / count
        last = told[-2:]
        lost = sum(block.lost for block in recent)
        over = sum(block.overloads for block in recent)
        fresh = [burst for burst in self._bursts if now_ns - burst.t_ns <= BURST_STALE_NS]
        whole = [burst for burst in fresh if burst.noise_na is not None]
        newest = fresh[-1] if fresh else None
        return Features(
            level=sum(block.mean for block in last) / len(last),
            mean=mean,
            deviation=sqrt(variance),
            slope_na_s=_slope(means),
            low_share=slow / variance if variance > 0.0 else 0.0,
            duty=sum(1 for value in means if value > 0.5 * mean) / len(means) if mean > 0.0 else 0.0,
            pulses=self._pulses(),
            overloads=over,
            missing=lost / (count + lost + over),
            noise=_median([burst.noise_na for burst in whole]),
            line_hz=_median([burst.line_hz for burst in whole]),
            line_share=_median([burst.line_fraction for burst in whole]),
            burst_spikes=_median([burst.spikes for burst in whole]),
            spiky=sum(1 for burst in whole if 0 < burst.spikes < FEW_SPIKES),
            clipped=sum(1 for burst in fresh if burst.noise_na is None and burst.spikes < ARC_SAMPLES),
            burst_arc=newest is not None
            and newest.noise_na is None
            and newest.spikes >= ARC_SAMPLES
            and now_ns - newest.t_ns <= BURST_FRESH_NS,
        )

    def _pulses(self) -> int:
        told = [block for block in self.blocks if block.good]
        return sum(1 for one in told if one.high > max(PULSE_OVER_MEAN * one.mean, one.mean + PULSE_LEAST_NA))


def _median(values: list[float | None]) -> float | None:
    """Of those that are known; None if none is."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _slope(values: list[float]) -> float:
    """Slope of the straight line through values one second apart."""
    count = len(values)
    if count < 3:
        return 0.0
    middle = (count - 1) / 2.0
    weight = count * (count * count - 1) / 12.0
    return sum((i - middle) * value for i, value in enumerate(values)) / weight
