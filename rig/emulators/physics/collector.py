"""The collector: the sum of what its needles send, as a meter between it and earth sees it.

Noise has three sources. What wanders, steps or pulses is a function of seed, name and time (`noise`), the
same for every reader. The fast white part and corona's spikes are drawn anew for each reading, from seed,
collector, start time and aperture: the same question gets the same answer, and nobody's asking changes
anybody else's. Mains pick-up at 50 Hz is a plain sine, so an aperture of whole periods removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin, sqrt
from random import Random

from rig.emulators.physics import modes
from rig.emulators.physics.jet import Electrode, Needles, Signal
from rig.emulators.physics.noise import key_for, mixed, normal, uniform

PICK_UP_HZ = 50.0
PICK_UP_NA = 0.5
"""Amplitude of mains pick-up on collector and cable, nA [M]."""
FLOOR_NA = 0.05
"""White noise in a 1 ms aperture without any jet, nA [M]."""
_INSTANT_NS = 100_000
"""Aperture taken for an instantaneous value."""
_MS_NS = 1_000_000.0
_ROOT12 = sqrt(12.0)
_OMEGA = 2.0 * pi * PICK_UP_HZ / 1e9


class Collector:
    """Sums the currents of the needles in front of it.

    needles: all needles of the scene (stepped from here). electrodes: those whose jets land here (default:
    all).
    """

    def __init__(
        self,
        needles: Needles,
        electrodes: Sequence[Electrode] | None = None,
        *,
        seed: int = 0,
        name: str = "collector",
    ) -> None:
        self.name = name
        self._needles = needles
        self._electrodes = needles.electrodes if electrodes is None else tuple(electrodes)
        self._key = key_for(seed, f"{name}/white")
        self._pick_up_phase = 2.0 * pi * uniform(self._key, -1)
        self._open = False
        self._arcs: list[tuple[int, int, float, float]] = []

    def arc(self, t_ns: int, duration_s: float, charge_c: float, limit_ma: float) -> None:
        """An arc hits the collector: the stored charge at once, then the supply's limit current while it
        lasts.
        """
        self._arcs = [a for a in self._arcs if a[1] > t_ns - 60_000_000_000]
        self._arcs.append((t_ns, t_ns + round(duration_s * 1e9), charge_c * 1e9, limit_ma * 1e6))

    def open_cable(self, now_ns: int, on: bool) -> None:
        """Fault: the cable to the meter is open: it reads noise and twenty times the pick-up, no jet."""
        self._needles.disturbed(now_ns)
        self._open = on

    def modes(self, now_ns: int) -> dict[str, str]:
        """Hidden truth: needle -> mode (see `modes`)."""
        self._needles.advance(now_ns)
        return {e.name: e.mode for e in self._electrodes}

    def current_na(self, t_ns: int) -> float:
        """Instantaneous current into the collector with its noise, nA (an aperture of 0.1 ms)."""
        return self.mean_na(t_ns, _INSTANT_NS)

    def mean_na(self, t_ns: int, aperture_ns: int) -> float:
        """One reading: the mean from t_ns over the aperture, nA. ValueError for an aperture that is not above
        0.
        """
        if aperture_ns <= 0:
            raise ValueError(f"aperture {aperture_ns} ns: must be above 0")
        self._needles.advance(t_ns)
        total = 0.0
        variance = FLOOR_NA * FLOOR_NA
        if not self._open:
            for electrode in self._electrodes:
                s = electrode.signal(t_ns)
                total += s.steady_na
                variance += s.white_na * s.white_na
                if s.pulse_na:
                    total += s.pulse_na * _pulses(electrode, t_ns, aperture_ns)
                if s.step_na:
                    total += s.step_na * electrode.step_at(t_ns)
                if s.spike_na:
                    total += _spikes(s, aperture_ns, uniform(electrode.spike_key ^ aperture_ns, t_ns))
        per_aperture = sqrt(variance * _MS_NS / aperture_ns)
        total += per_aperture * normal(self._key ^ aperture_ns, t_ns)
        total += self._pick_up(t_ns, aperture_ns)
        if self._arcs:
            total += self._arc_mean(t_ns, aperture_ns)
        return total

    def burst(self, t_ns_start: int, n: int, period_ns: int) -> list[float]:
        """n readings in a row, nA, each the mean over its period. ValueError for a period that is not above
        0.

        Voltage and feed are taken as they are at the start; pulses, steps and noise run on through the burst.
        """
        if period_ns <= 0:
            raise ValueError(f"period {period_ns} ns: must be above 0")
        self._needles.advance(t_ns_start)
        steady = 0.0
        variance = FLOOR_NA * FLOOR_NA
        moving: list[tuple[Electrode, Signal]] = []
        if not self._open:
            for electrode in self._electrodes:
                s = electrode.signal(t_ns_start)
                steady += s.steady_na
                variance += s.white_na * s.white_na
                if s.pulse_na or s.step_na or s.spike_na:
                    moving.append((electrode, s))
        draw = Random(mixed(self._key ^ period_ns, t_ns_start)).random
        # The sum of two uniform numbers less 1 has a deviation of 1/sqrt(6).
        white = sqrt(variance * _MS_NS / period_ns) * sqrt(6.0)
        half = _OMEGA * period_ns / 2.0
        swing = self._pick_up_na() * sin(half) / half
        angle = _OMEGA * (t_ns_start % 1_000_000_000) + self._pick_up_phase + half
        turn = 2.0 * half
        base = steady - white
        out = [base + white * (draw() + draw()) + swing * sin(angle + turn * i) for i in range(n)]
        for electrode, s in moving:
            if s.pulse_na:
                _add_pulses(out, electrode, s.pulse_na, t_ns_start, period_ns)
            if s.step_na:
                for i in range(n):
                    out[i] += s.step_na * electrode.step_at(t_ns_start + i * period_ns)
            if s.spike_na:
                for i in range(n):
                    out[i] += _spikes(s, period_ns, draw())
        if self._arcs:
            for i in range(n):
                out[i] += self._arc_mean(t_ns_start + i * period_ns, period_ns)
        return out

    # -- inside ----------------------------------------------------------------------------------------------

    def _pick_up_na(self) -> float:
        return PICK_UP_NA * 20.0 if self._open else PICK_UP_NA

    def _pick_up(self, t_ns: int, aperture_ns: int) -> float:
        """Mean of the mains pick-up over an aperture, nA."""
        start = _OMEGA * (t_ns % 1_000_000_000) + self._pick_up_phase
        width = _OMEGA * aperture_ns
        return self._pick_up_na() * (cos(start) - cos(start + width)) / width

    def _arc_mean(self, t_ns: int, aperture_ns: int) -> float:
        """Mean current of arcs over an aperture, nA."""
        end = t_ns + aperture_ns
        total = 0.0
        for start, stop, charge_nc, limit_na in self._arcs:
            if t_ns <= start < end:
                total += charge_nc * 1e9 / aperture_ns
            overlap = min(end, stop) - max(t_ns, start)
            if overlap > 0:
                total += limit_na * overlap / aperture_ns
        return total


def _pulses(electrode: Electrode, t_ns: int, aperture_ns: int) -> float:
    """Mean over an aperture of the train of pulses whose long mean is 1."""
    width = electrode.pulse_width
    first = modes.pulse_area(electrode.phase(t_ns), width)
    last = modes.pulse_area(electrode.phase(t_ns + aperture_ns), width)
    return (last - first) / (electrode.pulse_hz * aperture_ns / 1e9)


def _add_pulses(out: list[float], electrode: Electrode, pulse_na: float, t_ns: int, period_ns: int) -> None:
    """Add a train of pulses to a burst; jitter is taken at its ends only, and the phase runs evenly between."""
    n = len(out)
    width = electrode.pulse_width
    phase = electrode.phase(t_ns)
    step = (electrode.phase(t_ns + n * period_ns) - phase) / n
    scale = pulse_na / (electrode.pulse_hz * period_ns / 1e9)
    area = modes.pulse_area
    before = area(phase, width)
    for i in range(n):
        phase += step
        after = area(phase, width)
        out[i] += scale * (after - before)
        before = after


def _spikes(s: Signal, aperture_ns: int, u: float) -> float:
    """Corona's spikes in one reading, nA, from a uniform number u: none or one in a short aperture, many in a
    long one.

    A spike fills 1 ms, or a shorter aperture wholly; the long mean is spike x share in every case.
    """
    length_ms = aperture_ns / _MS_NS
    if length_ms <= 1.0:
        return s.spike_na if u < s.spike_share else 0.0
    count = length_ms * s.spike_share
    if count < 0.5:
        return s.spike_na / length_ms if u < count else 0.0
    return s.spike_na * s.spike_share * max(0.0, 1.0 + (u - 0.5) * _ROOT12 / sqrt(count))
