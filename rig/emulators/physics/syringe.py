"""A syringe in a pump: motor and lead screw on one side, liquid on the other, and what can go wrong between.

The motor moves the pusher at a commanded speed until it is told otherwise, the plunger reaches the bottom of
the barrel (or comes out of its top), or a fault blocks it. Liquid follows with a small lag (elastic tubing
and plunger, `compliance_s`), leaves the needle once the dead volume is full, and not while gas passes.

Between two changes everything is a closed formula of time, so an answer does not depend on how often one
asks. A question about a moment before the last change is answered for the last change. Geometry is exact;
lag, clogging time and the volume a motor can compress before it stalls are general knowledge without a source
(mark [M] of the science sheet).
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, pi

from rig.emulators.device import Handle, Timeline

_NS_PER_H = 3.6e12
_NS_PER_S = 1e9
_S_PER_H = 3600.0
CLOG_S = 20.0
"""Time constant with which a clogging needle closes, s [M]."""
STALL_ML = 0.10
"""Volume a motor compresses into syringe and tubing behind a blocked needle before it stalls, ml [M]."""
RELEASE_S = 0.5
"""Time constant with which pressed liquid comes out once a blocked needle is free, s [M]."""


class Plunger:
    """Motor, lead screw and syringe of one pump.

    diameter_mm: true inner diameter of the barrel (what the pump was *told* is the emulator's affair).
    capacity_ml, content_ml: full barrel, and what is in it now. dead_volume_ml: tubing and needle, empty at
    the start. timeline: needed for `on_stall`. compliance_s: lag of the liquid behind the motor. Raises
    ValueError for lengths and volumes that no syringe has.
    """

    def __init__(
        self,
        *,
        diameter_mm: float,
        capacity_ml: float,
        content_ml: float,
        dead_volume_ml: float = 0.0,
        timeline: Timeline | None = None,
        compliance_s: float = 0.0,
    ) -> None:
        if diameter_mm <= 0.0:
            raise ValueError(f"syringe diameter {diameter_mm} mm: must be above 0")
        if capacity_ml <= 0.0:
            raise ValueError(f"syringe capacity {capacity_ml} ml: must be above 0")
        if not 0.0 <= content_ml <= capacity_ml:
            raise ValueError(
                f"syringe content {content_ml} ml: must lie between 0 and its capacity, {capacity_ml} ml"
            )
        if dead_volume_ml < 0.0 or compliance_s < 0.0:
            raise ValueError(
                f"dead volume {dead_volume_ml} ml, compliance {compliance_s} s: neither can be negative"
            )
        self.diameter_mm = diameter_mm
        self.capacity_ml = capacity_ml
        self.ml_per_mm = pi / 4.0 * diameter_mm**2 / 1000.0
        self.on_stall: Callable[[], None] | None = None
        self.changing: list[Callable[[int], None]] = []
        """Called with the time just before anything changes, so that whoever integrates over this syringe can
        catch up.
        """
        self._timeline = timeline
        self._compliance_s = compliance_s
        self._tau_s = compliance_s if compliance_s > 0.0 else RELEASE_S
        # State at the last change, _t0.
        self._t0 = 0
        self._travel = 0.0
        self._infused = 0.0
        self._withdrawn = 0.0
        self._lag_ml = 0.0
        self._liquid_ml = 0.0
        self._furthest_ml = 0.0
        self._speed = 0.0
        self._siphon_ml_h = 0.0
        self._clogged = False
        self._clog_flow_ml_h = 0.0
        self._jammed = False
        self._stalled = False
        self._stop_ns: float = inf
        self._handle: Handle | None = None
        # Gas that has to pass the needle, as stretches of the liquid's own path; at first the empty dead
        # volume.
        self._gas: list[tuple[float, float]] = [(0.0, dead_volume_ml)] if dead_volume_ml > 0.0 else []
        self._bottom_mm = content_ml / self.ml_per_mm
        self._top_mm = self._bottom_mm - capacity_ml / self.ml_per_mm
        self._bottom_ml = content_ml

    # -- commands --------------------------------------------------------------------------------------------

    def drive(self, now_ns: int, speed_mm_h: float) -> None:
        """The motor is commanded to this speed, signed (+ infuses); 0 stops it. Driving is a new try after a
        stall.
        """
        self._rebase(now_ns)
        self._speed = speed_mm_h
        self._stalled = False
        self._plan()

    def load(
        self,
        now_ns: int,
        content_ml: float,
        diameter_mm: float | None = None,
        capacity_ml: float | None = None,
    ) -> None:
        """A person sets a filled syringe in, of the same kind unless said; tubing and needle stay as they are.

        ValueError for a syringe that cannot be, or too much in it.
        """
        diameter_mm = self.diameter_mm if diameter_mm is None else diameter_mm
        capacity_ml = self.capacity_ml if capacity_ml is None else capacity_ml
        if diameter_mm <= 0.0:
            raise ValueError(f"syringe diameter {diameter_mm} mm: must be above 0")
        if not 0.0 <= content_ml <= capacity_ml:
            raise ValueError(
                f"syringe content {content_ml} ml: must lie between 0 and its capacity, {capacity_ml} ml"
            )
        self._rebase(now_ns)
        self.diameter_mm, self.capacity_ml = diameter_mm, capacity_ml
        self.ml_per_mm = pi / 4.0 * diameter_mm**2 / 1000.0
        self._lag_ml = 0.0
        self._bottom_mm = self._travel + content_ml / self.ml_per_mm
        self._top_mm = self._bottom_mm - self.capacity_ml / self.ml_per_mm
        self._bottom_ml = self._liquid_ml + content_ml
        self._gas = [(start, end) for start, end in self._gas if end < inf]
        self._stalled = False
        self._plan()

    # -- faults ----------------------------------------------------------------------------------------------

    def stall(self, now_ns: int, on: bool) -> None:
        """Fault: the lead screw jams (or is free again; the pump must then be started anew)."""
        self._rebase(now_ns)
        self._jammed = on
        self._plan()

    def bubble(self, now_ns: int, volume_ml: float = 0.05) -> None:
        """Fault: this much gas reaches the needle now; liquid comes again when it has passed."""
        self._rebase(now_ns)
        self._gas.append((self._liquid_ml, self._liquid_ml + volume_ml))

    def empty(self, now_ns: int) -> None:
        """Fault: from now on only gas comes; the motor runs on to the end of the barrel as if nothing had
        happened.
        """
        self._rebase(now_ns)
        self._gas.append((self._liquid_ml, inf))

    def siphon(self, now_ns: int, on: bool, rate_ml_h: float = 2.0) -> None:
        """Fault: liquid runs out by itself at this rate on top of what the motor pushes, also while it
        stands.
        """
        self._rebase(now_ns)
        self._siphon_ml_h = rate_ml_h if on else 0.0
        self._plan()

    def clog(self, now_ns: int, on: bool) -> None:
        """Fault: the needle closes within about a minute while the motor pushes on, until it stalls; or it is
        free again.
        """
        self._rebase(now_ns)
        if on and not self._clogged:
            self._clog_flow_ml_h = max(0.0, self._outflow(now_ns))
        self._clogged = on
        self._plan()

    # -- what can be seen ------------------------------------------------------------------------------------

    def travel_mm(self, now_ns: int) -> float:
        """Net travel of the pusher that really happened, mm (+ infuses)."""
        return self._travel + self._moved(now_ns)

    def infused_mm(self, now_ns: int) -> float:
        """Travel in the infusing direction alone, mm."""
        return self._infused + max(0.0, self._moved(now_ns))

    def withdrawn_mm(self, now_ns: int) -> float:
        """Travel in the withdrawing direction alone, mm, positive."""
        return self._withdrawn + max(0.0, -self._moved(now_ns))

    def delivered_ml(self, now_ns: int) -> float:
        """Liquid that left the needle, less what was drawn back into it, ml."""
        liquid = self._liquid(now_ns)
        gas = 0.0
        for start, end in self._gas:
            if liquid > start:
                gas += min(liquid, end) - start
        return max(0.0, liquid - gas)

    def flow_ml_h(self, now_ns: int) -> float:
        """Flow of liquid out of the needle now, ml/h; 0 while gas passes; negative while liquid is drawn
        back.
        """
        flow = self._outflow(now_ns)
        if flow == 0.0:
            return 0.0
        if self._gas:
            liquid = self._liquid(now_ns)
            for start, end in self._gas:
                if start <= liquid < end:
                    return 0.0
        return flow

    def feed_ml_h(self, now_ns: int) -> float:
        """What a jet at the tip gets, ml/h: as `flow_ml_h`, but never negative and 0 until drawn-back liquid
        is out again.
        """
        flow = self.flow_ml_h(now_ns)
        if flow <= 0.0 or self._liquid(now_ns) < self._furthest_ml - 1e-9:
            return 0.0
        return flow

    def content_ml(self, now_ns: int) -> float:
        """Liquid and gas left in the barrel, ml."""
        return max(0.0, self._bottom_ml - self._liquid(now_ns))

    def stalled(self, now_ns: int) -> bool:
        """The motor is commanded but blocked (end of travel, jam, or pressure behind a clog); until the next
        `drive`.
        """
        return self._stalled or now_ns >= self._stop_ns

    def clogged(self) -> bool:
        """The fault `clog` is on."""
        return self._clogged

    def steady_until(self, now_ns: int) -> float:
        """Until when, in ns, the flow stays as it is if nobody changes anything; now_ns or less while it is
        moving.
        """
        dt_s = (now_ns - self._t0) / _NS_PER_S
        if self._clogged:
            return self._stop_ns if dt_s >= 40.0 * CLOG_S else now_ns
        halted = now_ns >= self._stop_ns or self._stalled
        target = 0.0 if halted else self._speed * self.ml_per_mm
        if self._lag_ml != target * self._compliance_s / _S_PER_H or now_ns >= self._stop_ns:
            since = dt_s if now_ns < self._stop_ns else (now_ns - self._stop_ns) / _NS_PER_S
            if since < 40.0 * self._tau_s:
                return now_ns
        flow = target + self._siphon_ml_h
        until = self._stop_ns if now_ns < self._stop_ns else inf
        if flow > 0.0:
            liquid = self._liquid(now_ns)
            for edge in (self._bottom_ml, self._furthest_ml, *(x for stretch in self._gas for x in stretch)):
                if edge > liquid:
                    until = min(until, now_ns + (edge - liquid) / flow * _NS_PER_H)
        return until

    # -- inside ----------------------------------------------------------------------------------------------

    def _moved(self, now_ns: int) -> float:
        """Travel since the last change, mm."""
        if self._stalled or self._speed == 0.0:
            return 0.0
        until = now_ns if now_ns < self._stop_ns else self._stop_ns
        return self._speed * (until - self._t0) / _NS_PER_H if until > self._t0 else 0.0

    def _lag_change(self, dt_s: float, flow_ml_h: float) -> float:
        """How much the volume pressed but not yet out has changed after dt_s of a motor flow of flow_ml_h,
        ml.
        """
        end = flow_ml_h * self._compliance_s / _S_PER_H
        if self._lag_ml == end or dt_s <= 0.0:
            return 0.0
        return (end - self._lag_ml) * (1.0 - exp(-dt_s / self._tau_s))

    def _liquid(self, now_ns: int) -> float:
        """How far the liquid has come along its own path, ml, gas included."""
        moved_ml = self._moved(now_ns) * self.ml_per_mm
        dt_s = (now_ns - self._t0) / _NS_PER_S
        if dt_s <= 0.0:
            return self._liquid_ml
        if self._clogged:
            pushed = self._clog_flow_ml_h * CLOG_S / _S_PER_H * (1.0 - exp(-dt_s / CLOG_S))
            return min(self._bottom_ml, self._liquid_ml + pushed)
        at_stop = self._lag_at_stop(now_ns)
        liquid = self._liquid_ml + moved_ml - at_stop + self._siphon_ml_h * dt_s / _S_PER_H
        return liquid if liquid < self._bottom_ml else self._bottom_ml

    def _lag_at_stop(self, now_ns: int) -> float:
        """Change of the lag since the last change of command, the motor's own stop at _stop_ns included, ml."""
        flow = 0.0 if self._stalled else self._speed * self.ml_per_mm
        if now_ns <= self._stop_ns:
            return self._lag_change((now_ns - self._t0) / _NS_PER_S, flow)
        first = self._lag_change((self._stop_ns - self._t0) / _NS_PER_S, flow)
        rest_s = (now_ns - self._stop_ns) / _NS_PER_S
        return first - (self._lag_ml + first) * (1.0 - exp(-rest_s / self._tau_s))

    def _outflow(self, now_ns: int) -> float:
        """Rate of `_liquid`, ml/h."""
        dt_s = (now_ns - self._t0) / _NS_PER_S
        if self._clogged:
            return self._clog_flow_ml_h * exp(-max(0.0, dt_s) / CLOG_S)
        motor = 0.0 if self._stalled or now_ns >= self._stop_ns else self._speed * self.ml_per_mm
        flow = motor + self._siphon_ml_h
        end = (0.0 if self._stalled else self._speed * self.ml_per_mm) * self._compliance_s / _S_PER_H
        if now_ns >= self._stop_ns:
            lag = self._lag_ml + self._lag_at_stop(now_ns)
            flow += lag * _S_PER_H / self._tau_s
        elif self._lag_ml != end:
            flow += (self._lag_ml - end) * exp(-max(0.0, dt_s) / self._tau_s) * _S_PER_H / self._tau_s
        if flow > 0.0 and self._liquid(now_ns) >= self._bottom_ml:
            return 0.0
        return flow

    def _rebase(self, now_ns: int) -> None:
        """Catch up to now and make it the start of a new stretch."""
        for hook in self.changing:
            hook(now_ns)
        if now_ns < self._t0:
            now_ns = self._t0
        stalled = self.stalled(now_ns)
        moved, liquid, outflow = self._moved(now_ns), self._liquid(now_ns), self._outflow(now_ns)
        if self._clogged:
            self._lag_ml += moved * self.ml_per_mm - (liquid - self._liquid_ml)
            self._clog_flow_ml_h = outflow
        else:
            self._lag_ml += self._lag_at_stop(now_ns)
        if abs(self._lag_ml) < 1e-12:
            self._lag_ml = 0.0
        self._travel += moved
        self._infused += max(0.0, moved)
        self._withdrawn += max(0.0, -moved)
        self._liquid_ml = liquid
        self._furthest_ml = max(self._furthest_ml, liquid)
        self._stalled = stalled
        if stalled:
            self._stop_ns = inf
        self._t0 = now_ns

    def _plan(self) -> None:
        """When will the motor be stopped by what stands in its way? Plan `on_stall` for then."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._stop_ns = inf
        if self._speed == 0.0 or self._stalled:
            return
        if self._jammed:
            wait_h = 0.0
        else:
            end_mm = self._bottom_mm if self._speed > 0.0 else self._top_mm
            wait_h = max(0.0, (end_mm - self._travel) / self._speed)
            if self._clogged and self._speed > 0.0:
                wait_h = min(wait_h, self._pressed_h())
        stop_ns = self._t0 + round(wait_h * _NS_PER_H)
        self._stop_ns = stop_ns
        if self._timeline is not None:
            self._handle = self._timeline.call_at(stop_ns, self._stopped)

    def _pressed_h(self) -> float:
        """Hours until the volume pressed in behind a clog reaches what the motor can still compress."""
        flow = self._speed * self.ml_per_mm
        room = STALL_ML - self._lag_ml
        if room <= 0.0:
            return 0.0
        low, high = 0.0, (room + self._clog_flow_ml_h * CLOG_S / _S_PER_H) / flow
        for _ in range(60):
            middle = (low + high) / 2.0
            out = self._clog_flow_ml_h * CLOG_S / _S_PER_H * (1.0 - exp(-middle * _S_PER_H / CLOG_S))
            low, high = (middle, high) if flow * middle - out < room else (low, middle)
        return high

    def _stopped(self) -> None:
        self._handle = None
        if self._timeline is None:
            return
        self._rebase(self._timeline.now_ns)
        self._stalled = True
        self._stop_ns = inf
        if self.on_stall is not None:
            self.on_stall()
