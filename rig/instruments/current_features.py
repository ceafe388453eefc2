"""What a short, fast record of the collector current tells about the jet, in a few numbers.

Dripping, pulsating and cone-jet can be told apart by the frequency content of the collector current (96 % of cases,
DOI 10.1038/s41598-022-20352-y); a spectrum line and plain statistics carry most of it:

    cone-jet     little noise against the mean, no line, no spikes
    multi-jet    a higher mean that steps: a large part in slow fluctuation, no line
    pulsating    noise as large as the mean; a line of some 10 Hz to some 100 Hz holds most of it
    dripping     low mean; few large pulses: a large peak against the noise, spikes
    corona       much noise, no line
    arc          samples that the meter could not measure (overflow): counted as spikes

Deciding is left to whoever watches the jet. A line at the mains frequency may be pick-up; a large line_fraction with
line_hz 0 is a fluctuation slower than two periods in the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rig.readings import ChannelInfo

SPIKE_SIGMAS = 6.0
LINE_MINIMUM = 0.5
"""Fraction of the fluctuation a line must hold to count: white noise of 80 samples stays below it in 999 of 1000."""

LINE_SAMPLES = 40
"""Least length of a record for which lines are looked for."""


class Features(NamedTuple):
    """Of one record; currents in nA. None: the meter had no value for some sample, so it cannot be told.

    noise_na: standard deviation of the samples; peak_na: largest excursion from their mean; spikes: number of samples
    further than 6 robust standard deviations (1.4826 x median absolute deviation) from the median, those without a
    value included; line_hz: frequency of the strongest spectral line, 0 if none stands out or the record holds less
    than two periods of it; line_fraction: part of the fluctuation's power that the strongest line holds, 0 to 1. The
    last two are None for a record of less than 40 samples, in which chance draws lines.
    """

    noise_na: float | None
    peak_na: float | None
    spikes: float
    line_hz: float | None
    line_fraction: float | None


CHANNELS = (
    ChannelInfo("noise_na", "nA", "current"),
    ChannelInfo("peak_na", "nA", "current"),
    ChannelInfo("spikes", "", "count"),
    ChannelInfo("line_hz", "Hz", "frequency"),
    ChannelInfo("line_fraction", "", "fraction"),
)


def features(samples_na: Sequence[float | None], period_s: float, resolution_na: float) -> Features:
    """Features of samples taken every period_s; resolution_na is the least that sigma is taken to be for spikes."""
    import numpy as np

    known = [value for value in samples_na if value is not None]
    lost = len(samples_na) - len(known)
    if len(known) < 8:
        return Features(None, None, float(lost), None, None)
    values = np.array(known)
    from_median = np.abs(values - np.median(values))
    sigma = max(1.4826 * float(np.median(from_median)), resolution_na)
    spikes = float(lost + int(np.count_nonzero(from_median > SPIKE_SIGMAS * sigma)))
    if lost:
        return Features(None, None, spikes, None, None)
    count = len(values)
    fluctuation = values - values.mean()
    noise = float(np.sqrt(fluctuation @ fluctuation / (count - 1)))
    peak = float(np.max(np.abs(fluctuation)))
    if count < LINE_SAMPLES:
        return Features(noise, peak, spikes, None, None)
    if noise <= resolution_na:
        return Features(noise, peak, spikes, 0.0, 0.0)
    # A Hann window puts a steady line into three neighbouring bins, whatever its frequency.
    power = np.abs(np.fft.rfft(fluctuation * np.hanning(count))) ** 2
    power[0] = 0.0
    top = int(np.argmax(power[1:-1])) + 1
    line = power[top - 1 : top + 2]
    held = float(line.sum())
    fraction = held / float(power.sum())
    if fraction < LINE_MINIMUM or top < 2:
        return Features(noise, peak, spikes, 0.0, fraction)
    centre = float(line @ np.arange(top - 1, top + 2)) / held
    return Features(noise, peak, spikes, centre / (count * period_s), fraction)
