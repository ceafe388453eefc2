"""A high-voltage supply and what hangs on its output: capacitance, bleed, current limit, arc, the chain of
enables.

In voltage mode the output follows its program with a time constant upwards (about 30 ms, the generator
charges the capacitance, never with more than the current limit) and falls only as fast as capacitance and
bleed allow: the generator cannot pull it down. With the default 1 nF and 200 Mohm that is 0.2 s, so 30 kV
takes 6.2 x 0.2 s to fall to 60 V (science sheet E.2; R and C there are [M], the arithmetic is exact).

Between two changes the output is a chain of closed formulas of time, so an answer does not depend on how
often one asks; a question about a moment before the last change is answered for the last change.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log
from typing import NamedTuple

_NS_PER_S = 1e9
RISE_S = 0.03
"""Time constant of the regulated rise, s [M]."""
SHORT_S = 1e-4
"""Time constant with which a short or an arc pulls the output down, s [M]; the arc itself is faster still."""
LOAD_STEP_NS = 1_000_000_000
"""The load is looked at once in each such step and whenever the jets change: its own drift (humidity) is slow."""


class _Part(NamedTuple):
    """A stretch of output: from `kv` at `t0` towards `target`; slope_kv_s limits a rise, tau_s shapes it."""

    t0: int
    kv: float
    target: float
    tau_s: float
    slope_kv_s: float
    driven: bool


class Supply:
    """A generator with its load. Voltages are magnitudes; the sign is `polarity`.

    rating_kv, rating_ma: full scale. capacitance_f: output and cable. bleed_ohm: everything that discharges
    them. bleed_sensed: the bleed hangs at the output, so that its current counts for monitor and limit
    (default: it is the supply's own, in front of its current sensing, and stays invisible). rise_s: time
    constant upwards. trip_on_arc: an arc takes the enable away. Raises ValueError for values that no supply
    has.
    """

    def __init__(
        self,
        *,
        rating_kv: float,
        rating_ma: float,
        capacitance_f: float = 1e-9,
        bleed_ohm: float = 2e8,
        polarity: int = 1,
        bleed_sensed: bool = False,
        rise_s: float = RISE_S,
        trip_on_arc: bool = False,
    ) -> None:
        for what, value in (
            ("rating", rating_kv),
            ("rating", rating_ma),
            ("capacitance", capacitance_f),
            ("bleed", bleed_ohm),
            ("rise time", rise_s),
        ):
            if value <= 0.0:
                raise ValueError(f"supply {what} {value}: must be above 0")
        if polarity not in (1, -1):
            raise ValueError(f"supply polarity {polarity}: must be 1 or -1")
        self.rating_kv = rating_kv
        self.rating_ma = rating_ma
        self.capacitance_f = capacitance_f
        self.bleed_ohm = bleed_ohm
        self.polarity = polarity
        self.load_ua: Callable[[int, float], float] | None = None
        self.on_trip: Callable[[], None] | None = None
        self.on_arc: list[Callable[[int, float, float, float], None]] = []
        """Called at an arc with its time in ns, duration in s, the stored charge in C and the limit current
        in mA.
        """
        self.changing: list[Callable[[int], None]] = []
        """Called with the time just before anything changes, so that whoever integrates over the output can
        catch up.
        """
        self.trip_on_arc = trip_on_arc
        self.arcs = 0
        self._sensed = bleed_sensed
        self._rise_s = rise_s
        self._fall_s = bleed_ohm * capacitance_f
        self._kv = 0.0
        self._ma = 0.0
        self._on = False
        self._closed = True
        self._shorted = False
        self._stuck_kv: float | None = None
        self._stuck_ma = 0.0
        self._arc_until = 0
        self._open_at: int | None = None
        self._open_kv = 0.0
        self._parts: tuple[_Part, ...] = (_Part(0, 0.0, 0.0, self._fall_s, inf, False),)
        self._settled_ns: float = 0.0
        self._settled_kv = 0.0
        self._load_step = -1
        self._load_for = -1.0
        self._load_kv = 0.0
        self._load_ua = 0.0

    # -- commands --------------------------------------------------------------------------------------------

    def program(self, now_ns: int, kv: float, ma: float) -> None:
        """Set voltage and current limit. ValueError beyond the rating: no real set point can go there."""
        if not 0.0 <= kv <= self.rating_kv * (1 + 1e-9):
            raise ValueError(f"voltage program {kv} kV: this supply goes from 0 to {self.rating_kv} kV")
        if not 0.0 <= ma <= self.rating_ma * (1 + 1e-9):
            raise ValueError(f"current program {ma} mA: this supply goes from 0 to {self.rating_ma} mA")
        if kv == self._kv and ma == self._ma:
            return
        before = self._begin(now_ns)
        self._kv, self._ma = kv, ma
        self._rebuild(now_ns, before)

    def enable(self, now_ns: int, on: bool) -> None:
        """High voltage on or off. With the interlock open it stays off; closing the interlock later does not
        enable it.
        """
        on = on and self._closed
        if on == self._on:
            return
        before = self._begin(now_ns)
        self._on = on
        self._rebuild(now_ns, before)

    def found_on(self, now_ns: int, kv: float, ma: float) -> None:
        """It is found with its output on, long settled at this voltage. ValueError as in `program`; nothing with the
        interlock open.
        """
        self.program(now_ns, kv, ma)
        self.enable(now_ns, True)
        if self._on:
            self._begin(now_ns)
            self._rebuild(now_ns, self._target_kv())

    @property
    def enabled(self) -> bool:
        """What the supply's own logic holds: on commanded and not taken away since. A stuck output does not
        show here.
        """
        return self._on

    @property
    def interlock_closed(self) -> bool:
        """State of the hardware interlock."""
        return self._closed

    def set_interlock(self, now_ns: int, closed: bool) -> None:
        """The hardware chain opens (takes enable away at once, from a stuck output too) or closes (enables
        nothing).
        """
        if closed == self._closed:
            return
        before = self._begin(now_ns)
        self._closed = closed
        tripped = not closed and self._on
        if not closed:
            self._on = False
        self._rebuild(now_ns, before)
        if tripped and self.on_trip is not None:
            self.on_trip()

    # -- faults ----------------------------------------------------------------------------------------------

    def arc(self, now_ns: int, duration_s: float) -> None:
        """Fault: a spark from needle to collector holds the output down for this long; the collector gets the
        charge.
        """
        if duration_s <= 0.0:
            raise ValueError(f"arc of {duration_s} s: must last longer than 0")
        before = self._begin(now_ns)
        self.arcs += 1
        tripped = self.trip_on_arc and self._on
        driven_ma = self._limit_ma() if self._target_kv() > 0.0 and not tripped else 0.0
        if tripped:
            self._on = False
        self._arc_until = now_ns + round(duration_s * _NS_PER_S)
        self._rebuild(now_ns, before)
        for listener in self.on_arc:
            listener(now_ns, duration_s, before * 1e3 * self.capacitance_f, driven_ma)
        if tripped and self.on_trip is not None:
            self.on_trip()

    def short(self, now_ns: int, on: bool) -> None:
        """Fault: the output is shorted to earth."""
        before = self._begin(now_ns)
        self._shorted = on
        self._rebuild(now_ns, before)

    def stuck_on(self, now_ns: int, on: bool) -> None:
        """Fault: the output stays where it is now whatever is programmed or disabled; only the interlock
        takes it away.
        """
        before = self._begin(now_ns)
        # Both programs stick: a generator that let go when its current program goes to zero would not be stuck on.
        target_kv, limit_ma = self._target_kv(), self._limit_ma()
        self._stuck_kv, self._stuck_ma = (target_kv, limit_ma) if on else (None, 0.0)
        self._rebuild(now_ns, before)

    def open_cable(self, now_ns: int, on: bool) -> None:
        """Fault: the cable to the needle is open; the supply sees its own output, the needle loses its charge
        slowly.
        """
        kv = self.needle_kv(now_ns)
        self._begin(now_ns)
        self._open_kv = kv
        self._open_at = now_ns if on else None
        self._load_step = -1

    # -- what can be seen ------------------------------------------------------------------------------------

    def output_kv(self, now_ns: int) -> float:
        """Voltage at the terminal, kV, magnitude."""
        part, kv = self._at(now_ns)
        if not part.driven or kv <= 0.0:
            return kv
        if now_ns // LOAD_STEP_NS != self._load_step or kv != self._load_for:
            self._look_at_load(now_ns, kv)
        return self._load_kv

    def needle_kv(self, now_ns: int) -> float:
        """Voltage that the needle really has, kV: the output, or with an open cable what has not leaked away
        (5 s [M]).
        """
        if self._open_at is not None:
            return self._open_kv * exp(-max(0, now_ns - self._open_at) / _NS_PER_S / 5.0)
        return self.output_kv(now_ns)

    @property
    def cable_open(self) -> bool:
        """The fault `open_cable` is on."""
        return self._open_at is not None

    def output_ma(self, now_ns: int) -> float:
        """Current that the generator delivers as its own sensing sees it, mA: load, charging, and the bleed if
        sensed.
        """
        part, _ = self._at(now_ns)
        limit_ma = self._limit_ma()
        if self._is_shorted(now_ns):
            return limit_ma if self._target_kv() > 0.0 else 0.0
        if not part.driven or limit_ma <= 0.0:
            return 0.0
        load_ma = self._load_ua / 1e3 if self.output_kv(now_ns) > 0.0 else 0.0
        if now_ns < self._settled_ns:
            load_ma += self._slope(part, now_ns) * 1e3 * self.capacitance_f * 1e3
        return load_ma if load_ma < limit_ma else limit_ma

    def current_limited(self, now_ns: int) -> bool:
        """The output is lower than programmed because the current limit holds it there."""
        target = self._target_kv()
        if target <= 0.0:
            return False
        if self._is_shorted(now_ns) or self._limit_ma() <= 0.0:
            return True
        part, kv = self._at(now_ns)
        if not part.driven:
            return False
        if part.target < target or self.output_kv(now_ns) < kv:
            return True
        if now_ns >= self._settled_ns:
            return False
        return kv < part.target and self._slope(part, now_ns) >= part.slope_kv_s * (1 - 1e-9)

    def stored_mj(self, now_ns: int) -> float:
        """Energy in the capacitance, mJ (350 mJ is the figure of EN 50191)."""
        return 0.5 * self.capacitance_f * (self.output_kv(now_ns) * 1e3) ** 2 * 1e3

    def steady_until(self, now_ns: int) -> float:
        """Until when, in ns, the needle's voltage stays as it is if nobody changes anything; now_ns while it
        is moving.
        """
        if now_ns < self._settled_ns:
            return now_ns
        if self._open_at is not None and self.needle_kv(now_ns) > 1e-9:
            return now_ns
        return inf if self.output_kv(now_ns) == self._settled_kv else now_ns

    def load_changed(self) -> None:
        """The load has changed within its step (the jets say so): look again at the next question."""
        self._load_step = -1

    # -- inside ----------------------------------------------------------------------------------------------

    def _target_kv(self) -> float:
        """Where the regulator wants the output now."""
        if not self._closed:
            return 0.0
        if self._stuck_kv is not None:
            return self._stuck_kv
        return self._kv if self._on else 0.0

    def _limit_ma(self) -> float:
        """The current limit that the regulator holds to."""
        return self._ma if self._stuck_kv is None else self._stuck_ma

    def _is_shorted(self, now_ns: int) -> bool:
        return self._shorted or now_ns < self._arc_until

    def _load(self, now_ns: int, kv: float) -> float:
        """Current drawn at this voltage, uA."""
        load = self.load_ua(now_ns, kv) if self.load_ua is not None else 0.0
        return load + kv * 1e9 / self.bleed_ohm if self._sensed else load

    def _look_at_load(self, now_ns: int, kv: float) -> None:
        """Find what the load draws at kv and, if that is too much, the voltage where it takes the limit."""
        step = now_ns // LOAD_STEP_NS
        t_ns = step * LOAD_STEP_NS
        limit_ua = self._limit_ma() * 1e3
        limited, load = kv, self._load(t_ns, kv)
        if load > limit_ua:
            low, high = 0.0, kv
            for _ in range(50):
                middle = (low + high) / 2.0
                low, high = (middle, high) if self._load(t_ns, middle) <= limit_ua else (low, middle)
            limited, load = low, limit_ua
        # The look may have let the jets catch up, who ask here meanwhile: what was found last stands.
        self._load_step, self._load_for, self._load_kv, self._load_ua = step, kv, limited, load

    def _begin(self, now_ns: int) -> float:
        """Let dependents catch up; returns the output now, kV."""
        for hook in self.changing:
            hook(now_ns)
        return self.output_kv(now_ns)

    def _rebuild(self, now_ns: int, kv: float) -> None:
        """New chain of parts from now on, beginning at this output."""
        if self._shorted:
            parts = [_Part(now_ns, kv, 0.0, SHORT_S, inf, False)]
        elif now_ns < self._arc_until:
            parts = [_Part(now_ns, kv, 0.0, SHORT_S, inf, False)]
            rest = kv * exp(-(self._arc_until - now_ns) / _NS_PER_S / SHORT_S)
            parts.append(self._towards(self._arc_until, rest))
        else:
            parts = [self._towards(now_ns, kv)]
        self._parts = tuple(parts)
        self._settled_ns = parts[-1].t0 + _duration_s(parts[-1]) * _NS_PER_S
        self._settled_kv = parts[-1].target
        self._load_step = -1

    def _towards(self, t_ns: int, kv: float) -> _Part:
        target = self._target_kv()
        limit_a = self._limit_ma() / 1e3
        if self._sensed:
            target = min(target, limit_a * self.bleed_ohm / 1e3)
        elif limit_a <= 0.0:
            target = 0.0
        if target < kv or target <= 0.0:
            return _Part(t_ns, kv, target, self._fall_s, inf, target > 0.0)
        spare_a = limit_a - (target * 1e3 / self.bleed_ohm if self._sensed else 0.0)
        slope = max(spare_a, 1e-9) / self.capacitance_f / 1e3
        return _Part(t_ns, kv, target, self._rise_s, slope, True)

    def _at(self, now_ns: int) -> tuple[_Part, float]:
        """The part that holds now, and the output without the load's limit, kV."""
        part = self._parts[-1]
        if now_ns >= self._settled_ns:
            return part, self._settled_kv
        if now_ns < part.t0:
            part = self._parts[0]
        return part, _value(part, now_ns)

    def _slope(self, part: _Part, now_ns: int) -> float:
        """Rate of rise, kV/s; 0 while falling or settled."""
        missing = part.target - _value(part, now_ns)
        if not part.driven or missing <= 0.0 or now_ns >= self._settled_ns:
            return 0.0
        return min(part.slope_kv_s, missing / part.tau_s)


def _value(part: _Part, now_ns: int) -> float:
    """Output within a part, kV."""
    dt_s = (now_ns - part.t0) / _NS_PER_S
    if dt_s <= 0.0:
        return part.kv
    if part.target < part.kv:
        # Falling: exponential towards earth; where a program holds it up, it stops there.
        return max(part.target, part.kv * exp(-dt_s / part.tau_s))
    missing = part.target - part.kv
    linear_s = missing / part.slope_kv_s - part.tau_s
    if linear_s > 0.0:
        if dt_s <= linear_s:
            return part.kv + part.slope_kv_s * dt_s
        missing, dt_s = part.slope_kv_s * part.tau_s, dt_s - linear_s
    return part.target - missing * exp(-dt_s / part.tau_s)


def _duration_s(part: _Part) -> float:
    """After this time the part stands at its target (to 0.1 mV), s."""
    if part.target == part.kv:
        return 0.0
    if part.target < part.kv:
        return part.tau_s * log(part.kv / max(part.target, 1e-7))
    missing = part.target - part.kv
    linear_s = max(0.0, missing / part.slope_kv_s - part.tau_s)
    missing = min(missing, part.slope_kv_s * part.tau_s)
    return linear_s + part.tau_s * log(max(missing / 1e-7, 1.0))
