"""One needle: its mode, its currents and its fibre, from voltage, feed, solution and air.

All needles of a scene step together (`Needles`) on a fixed grid of 50 ms, whoever asks: at each step every
needle looks at the voltage and feed of that moment, lets its meniscus follow, and decides on its mode;
changes of mode take a time drawn from seed, needle and the count of changes. Stretches in which nothing can
change are skipped in one go, which gives the same result. Between steps the current follows the voltage of
the moment, so "off" shows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, inf, sqrt
from typing import NamedTuple

from rig.emulators.physics import currents, fibre, modes, onset, spray
from rig.emulators.physics.materials import SolutionProps
from rig.emulators.physics.noise import SlowNoise, StepNoise, key_for, normal, uniform
from rig.emulators.physics.supply import Supply
from rig.emulators.physics.syringe import Plunger

TICK_NS = 50_000_000
_MENISCUS_S = 1.5
"""Time constant with which the drop at the tip evens out changes of feed (about 0.4 ul at 1 ml/h), s [M]."""
_FOLLOW = 1.0 - exp(-TICK_NS / 1e9 / _MENISCUS_S)
_DROP_S = 0.02
"""How long a drop's charge takes to arrive, s [M]."""
_JITTER_FROM_HZ = 5.0
_BRIDGE_S = 120.0
_BRIDGE_A_PER_KV = 1e-8


class Signal(NamedTuple):
    """What one needle sends to the collector now, all in nA, and how it fluctuates (see `modes.Fluctuation`)."""

    steady_na: float
    pulse_na: float
    white_na: float
    step_na: float
    spike_na: float
    spike_share: float


class Electrode:
    """A needle with its solution and feed at a supply.

    name: for noise and reports. spun: electrospinning (else electrospraying). outer_mm: needle's outer
    diameter. distance_m: tip to collector. humidity_pct: the air's, as a function of time in ns. seed: of the
    run. Raises ValueError for a needle or a distance that cannot be.
    """

    def __init__(
        self,
        *,
        name: str,
        solution: SolutionProps,
        spun: bool,
        outer_mm: float,
        distance_m: float,
        plunger: Plunger,
        supply: Supply,
        humidity_pct: Callable[[int], float],
        seed: int,
    ) -> None:
        if not 0.0 < outer_mm < 20.0:
            raise ValueError(f"needle {name}: outer diameter {outer_mm} mm, must be above 0 and below 20")
        if distance_m <= outer_mm / 1e3:
            raise ValueError(
                f"needle {name}: distance {distance_m} m, must be larger than the needle's diameter"
            )
        self.name = name
        self.solution = solution
        self.spun = spun
        self.distance_m = distance_m
        self.plunger = plunger
        self.supply = supply
        self.changing: list[Callable[[int], None]] = []
        self.mode = modes.OFF
        self._noise = modes.FLUCTUATIONS[modes.OFF]
        self._sign = supply.polarity * 1e9
        self.feed_ml_h = 0.0
        self._humidity = humidity_pct
        self._radius_m = outer_mm / 2e3
        self._key = key_for(seed, f"{name}/mode")
        self.spike_key = key_for(seed, f"{name}/spikes")
        draw = key_for(seed, f"{name}/needle")
        wetting = modes.WETTING_SPIN if spun else modes.WETTING_SPRAY
        smith = onset.smith_onset_kv(self._radius_m, solution.gamma_n_m, distance_m)
        self.onset_kv = smith * wetting * (1.0 + 0.03 * normal(draw, 0))
        """Voltage at which this needle's cone-jet begins, kV."""
        self.corona_kv = onset.corona_onset_kv(self._radius_m, distance_m)
        """Voltage at which it would ionise air when dry, kV."""
        self.gain = 1.0 + 0.04 * normal(draw, 1)
        self.smallest_ml_h = modes.SPIN_SMALLEST_ML_H if spun else self._smallest_ml_h()
        self._slow = SlowNoise(key_for(seed, f"{name}/slow"), 5_000_000_000)
        self._quick = SlowNoise(key_for(seed, f"{name}/quick"), 400_000_000)
        self._steps = StepNoise(key_for(seed, f"{name}/steps"), 30_000_000)
        self._jitter = SlowNoise(key_for(seed, f"{name}/jitter"), 100_000_000)
        self._hz = 0.0
        self._width = 0.3
        self._drop_c = 0.0
        self._phase0 = uniform(draw, 2)
        self._phase_ns = 0
        self._pending = ""
        self._due_ns = 0
        self._changes = 0
        self._bridge_ns: int | None = None
        self._cache_kv = -1.0
        self._cache_jet = 0.0
        self._cache_corona = 0.0

    def _smallest_ml_h(self) -> float:
        s = self.solution
        flow = spray.smallest_flow_m3_s(s.gamma_n_m, s.eps_r, s.density_kg_m3, s.conductivity_s_m)
        return flow / currents.M3_S_PER_ML_H

    # -- faults ----------------------------------------------------------------------------------------------

    def clog(self, now_ns: int, on: bool) -> None:
        """Fault: the tip closes within about a minute; at high voltage the jet gives way to corona."""
        self.plunger.clog(now_ns, on)

    def bubble(self, now_ns: int, volume_ml: float = 0.05) -> None:
        """Fault: a gas bubble passes."""
        self.plunger.bubble(now_ns, volume_ml)

    def bridge(self, now_ns: int, on: bool) -> None:
        """Fault: a wet bridge grows from tip to collector; the current rises slowly (2 min, towards 10 nA per
        kV [M]).
        """
        self._disturb(now_ns)
        self._bridge_ns = now_ns if on else None

    def bend(self, now_ns: int, distance_m: float) -> None:
        """The tip stands at another distance from now on. ValueError if that is not above 0."""
        if distance_m <= 0.0:
            raise ValueError(f"needle {self.name}: distance {distance_m} m, must be above 0")
        self._disturb(now_ns)
        self.distance_m = distance_m
        self._cache_kv = -1.0

    # -- stepping (by Needles) -------------------------------------------------------------------------------

    def tick(self, t_ns: int) -> bool:
        """One step of the common grid. True if the next ones would change nothing while voltage and feed
        stay.
        """
        kv = self.supply.needle_kv(t_ns)
        feed = self.plunger.feed_ml_h(t_ns)
        settled = True
        if feed != self.feed_ml_h:
            step = (feed - self.feed_ml_h) * _FOLLOW
            self.feed_ml_h += step
            if abs(feed - self.feed_ml_h) <= 1e-9 * max(feed, 1e-3):
                self.feed_ml_h = feed
            self._cache_kv = -1.0
            settled = False
        share = kv / self.onset_kv
        target = modes.target_mode(
            self.mode,
            share,
            self.feed_ml_h,
            self.smallest_ml_h,
            corona=kv > self.corona_kv,
            clogged=self.plunger.clogged(),
        )
        if target == self.mode:
            self._pending = ""
        else:
            settled = False
            if target != self._pending:
                self._pending = target
                self._due_ns = t_ns + self._delay_ns(target)
            if t_ns >= self._due_ns:
                self.mode = target
                self._noise = modes.FLUCTUATIONS[target]
                self._pending = ""
                self._cache_kv = -1.0
        self._set_pulses(t_ns, share)
        return settled

    def _delay_ns(self, target: str) -> int:
        low, high = modes.delay_range_s(self.mode, target)
        self._changes += 1
        return round((low + (high - low) * uniform(self._key, self._changes)) * 1e9)

    def _set_pulses(self, t_ns: int, share: float) -> None:
        """Rate of the pulses from here on; the phase runs through."""
        hz = 0.0
        if self.mode == modes.PULSATING:
            hz = currents.pulsation_hz(self.solution, self._radius_m, share)
            width = 0.3
        elif self.mode == modes.DRIPPING:
            pull = min(1.0, share / modes.PULSATING_FROM)
            volume = currents.drop_volume_ml(self.solution, self._radius_m) * (1.0 - 0.97 * pull * pull)
            hz = self.feed_ml_h / 3600.0 / volume
            width = min(0.5, _DROP_S * hz) if hz > 0.0 else 0.5
            self._drop_c = currents.drop_charge_c(self.solution, volume, share)
        if hz == self._hz:
            return
        self._phase0 += self._hz * (t_ns - self._phase_ns) / 1e9
        self._phase_ns = t_ns
        self._hz = hz
        if hz > 0.0:
            self._width = width

    def _disturb(self, now_ns: int) -> None:
        for hook in self.changing:
            hook(now_ns)

    # -- currents --------------------------------------------------------------------------------------------

    def _look_up(self, kv: float) -> None:
        """Jet's and corona's mean current at this voltage, A."""
        if kv == self._cache_kv:
            return
        self._cache_kv = kv
        jet = 0.0
        if self.mode in (modes.PULSATING, modes.CONE_JET, modes.MULTI_JET):
            jet = (
                currents.jet_current_a(self.solution, self.spun, kv, self.distance_m, self.feed_ml_h)
                * self.gain
            )
            share = kv / self.onset_kv
            if self.mode == modes.MULTI_JET:
                jet *= sqrt(modes.jet_count(share))
            elif self.mode == modes.PULSATING:
                jet *= 0.5
            # Below what holds its cone the jet fades until the step that ends it.
            held = share / (
                modes.HYSTERESIS * (modes.PULSATING_FROM if self.mode == modes.PULSATING else 1.0)
            )
            if held < 1.0:
                jet *= held**4
        self._cache_jet = jet
        self._cache_corona = currents.corona_current_a(kv, self.corona_kv, self.distance_m)

    def _surface_a(self, t_ns: int, kv: float, humidity_pct: float) -> float:
        """Current that never flies: leakage, and a wet bridge if there is one, A."""
        leak = currents.leakage_a_per_kv(humidity_pct) * kv
        if self._bridge_ns is not None:
            leak += _BRIDGE_A_PER_KV * kv * (1.0 - exp(-max(0, t_ns - self._bridge_ns) / 1e9 / _BRIDGE_S))
        return leak

    def load_a(self, t_ns: int, kv: float) -> float:
        """Mean current drawn from the supply at this voltage, A."""
        self._look_up(kv)
        corona = (
            self._cache_corona
            if self.mode == modes.CORONA
            else self._cache_corona * currents.CORONA_BESIDE_JET
        )
        return self._cache_jet + corona + self._surface_a(t_ns, kv, self._humidity(t_ns))

    def signal(self, t_ns: int) -> Signal:
        """Parts of the current that reaches the collector around t_ns (the caller has stepped the needles)."""
        kv = self.supply.needle_kv(t_ns)
        if kv != self._cache_kv:
            self._look_up(kv)
        mode, noise = self.mode, self._noise
        sign = self._sign
        humidity = self._humidity(t_ns)
        steady = self._surface_a(t_ns, kv, humidity)
        corona = self._cache_corona * currents.CORONA_COLLECTED
        if mode == modes.CORONA:
            jet = corona
        else:
            jet = self._cache_jet * (1.0 - 0.002 * (humidity - 40.0))
            steady += corona * currents.CORONA_BESIDE_JET
        if noise.slow:
            jet *= 1.0 + noise.slow * (self._slow.at(t_ns) + 0.5 * self._quick.at(t_ns))
        if mode == modes.CONE_JET:
            return Signal((steady + jet) * sign, 0.0, noise.white * jet * 1e9, 0.0, 0.0, 0.0)
        if mode == modes.DRIPPING:
            return Signal(steady * sign, self._drop_c * self._hz * sign, 0.0, 0.0, 0.0, 0.0)
        pulse = 0.9 * jet if mode == modes.PULSATING else 0.0
        return Signal(
            (steady + jet * (1.0 - noise.burst * noise.spike) - pulse) * sign,
            pulse * sign,
            noise.white * jet * 1e9,
            noise.steps * jet * sign,
            noise.spike * jet * sign,
            noise.burst,
        )

    def phase(self, t_ns: int) -> float:
        """Phase of the pulses, in periods, with a little jitter (which widens the line)."""
        phase = self._phase0 + self._hz * (t_ns - self._phase_ns) / 1e9
        return phase + 1.0 + 0.1 * self._jitter.at(t_ns) if self._hz > _JITTER_FROM_HZ else phase

    @property
    def pulse_hz(self) -> float:
        """Rate of pulses or drops at the last step, Hz; 0 in other modes."""
        return self._hz

    @property
    def pulse_width(self) -> float:
        """Width of a pulse, as a share of its period."""
        return self._width

    def step_at(self, t_ns: int) -> float:
        """The jumping noise of the multi-jet mode, deviation 1."""
        return self._steps.at(t_ns)

    def fibre_nm(self, t_ns: int) -> float | None:
        """Diameter of the dry fibre being made now, nm; None when no spun jet is on or the liquid holds no
        polymer.
        """
        if self.mode not in modes.JETS or not self.spun or not self.solution.polymer or self.feed_ml_h <= 0.0:
            return None
        self._look_up(self.supply.needle_kv(t_ns))
        if self._cache_jet <= 0.0:
            return None
        s = self.solution
        flow = self.feed_ml_h * currents.M3_S_PER_ML_H
        jets = modes.jet_count(self._cache_kv / self.onset_kv) if self.mode == modes.MULTI_JET else 1
        wet = fibre.jet_diameter_m(s.gamma_n_m, flow / jets, self._cache_jet / jets)
        return wet * fibre.dry_factor(s.solids_fraction, s.density_kg_m3, s.solids_density_kg_m3) * 1e9


class Needles:
    """All needles of a scene, stepped together, so that those on one supply see the same voltage."""

    def __init__(self, electrodes: Sequence[Electrode]) -> None:
        self.electrodes = tuple(electrodes)
        self._plungers = list({id(e.plunger): e.plunger for e in electrodes}.values())
        self._supplies = list({id(e.supply): e.supply for e in electrodes}.values())
        self._last = -1
        self._still = False
        self._busy = False
        for electrode in self.electrodes:
            electrode.changing.append(self.disturbed)
        for supply in self._supplies:
            supply.changing.append(self.disturbed)
        for plunger in self._plungers:
            plunger.changing.append(self.disturbed)

    def disturbed(self, now_ns: int) -> None:
        """Something is about to change: step up to now, and take nothing for settled afterwards."""
        self.advance(now_ns)
        self._still = False

    def advance(self, now_ns: int) -> None:
        """Step up to now. Does nothing while it is already stepping (a supply asked by a step asks back)."""
        target = now_ns // TICK_NS
        if target <= self._last or self._busy:
            return
        self._busy = True
        try:
            while self._last < target:
                if self._still:
                    skip = self._quiet_until(target)
                    if skip > self._last:
                        self._last = skip
                        continue
                    self._still = False
                self._last += 1
                t_ns = self._last * TICK_NS
                still = True
                for electrode in self.electrodes:
                    still = electrode.tick(t_ns) and still
                for supply in self._supplies:
                    supply.load_changed()
                self._still = still and self._quiet_until(self._last + 1) > self._last
        finally:
            self._busy = False

    def _quiet_until(self, target: int) -> int:
        """Last step up to `target` before which neither a voltage nor a feed changes by itself."""
        t_ns = self._last * TICK_NS
        until = inf
        for supply in self._supplies:
            until = min(until, supply.steady_until(t_ns))
        for plunger in self._plungers:
            until = min(until, plunger.steady_until(t_ns))
        if until <= t_ns:
            return self._last
        return target if until == inf else min(target, int(until // TICK_NS) - 2)
