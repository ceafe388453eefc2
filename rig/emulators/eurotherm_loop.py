"""The control loop inside an emulated Eurotherm: PID, loop break, alarms, communications watchdog.

PID in the field's form: proportional band in degrees, integral and derivative time in seconds, derivative on the
process value; the integral stands still while the output is at a limit and would go further. A loop break is what the
2400's handbook says: the output at its limit for the loop break time while the process value moved by less than half
the proportional band.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan

FULL_SCALE_LOW, FULL_SCALE_HIGH, DEVIATION_BAND, DEVIATION_HIGH, DEVIATION_LOW = 1, 2, 16, 17, 18
LATCHED, MANUAL_RESET = 1, 3


class Loop:
    """PID terms and state; the output is in %."""

    def __init__(self, band: float, integral_s: float, derivative_s: float) -> None:
        self.band = band
        self.integral_s = integral_s
        self.derivative_s = derivative_s
        self.break_time_s = 0.0
        self.broken = False
        self._integral = 0.0
        self._pv = nan
        self._slope = 0.0
        self._at_limit_s = 0.0
        self._limit_pv = 0.0

    def restart(self) -> None:
        """Forget the past (power, manual, standby)."""
        self._integral = self._slope = self._at_limit_s = 0.0
        self._pv = nan
        self.broken = False

    def preset(self, output: float) -> None:
        """Go on from this output."""
        self._integral = output

    def output(self, dt_s: float, pv: float, setpoint: float, low: float, high: float) -> float:
        """The next output between low and high. pv is a number."""
        gain = 100.0 / self.band
        if isnan(self._pv):
            self._pv = pv
        if dt_s > 0.0:
            # The derivative is filtered with a fifth of its time, or noise would be all of it.
            weight = dt_s / (dt_s + self.derivative_s / 5.0)
            self._slope += weight * ((pv - self._pv) / dt_s - self._slope)
        self._pv = pv
        error = setpoint - pv
        proportional = gain * (error - self.derivative_s * self._slope)
        if self.integral_s > 0.0:
            step = gain * error * dt_s / self.integral_s
            wanted = proportional + self._integral
            if not (wanted >= high and step > 0.0) and not (wanted <= low and step < 0.0):
                self._integral += step
        wanted = proportional + self._integral
        output = low if wanted < low else high if wanted > high else wanted
        self._watch(dt_s, pv, output, low, high)
        return output

    def _watch(self, dt_s: float, pv: float, output: float, low: float, high: float) -> None:
        at_limit = output >= high > low or output <= low < high
        moved = abs(pv - self._limit_pv) >= self.band / 2.0
        if not at_limit or moved or output <= 0.0 or self.break_time_s <= 0.0:
            self._at_limit_s, self._limit_pv = 0.0, pv
            self.broken = False
            return
        self._at_limit_s += dt_s
        if self._at_limit_s >= self.break_time_s:
            self.broken = True


class Alarm:
    """One of four. type, latch and block as in registers 536, 540 and 544 on."""

    def __init__(self) -> None:
        self.type = 0
        self.latch = 0
        self.block = 0
        self.threshold = 0.0
        self.on = False
        self.new = False
        self._true = False
        self._blocked = False

    def look(self, pv: float, setpoint: float) -> None:
        """See whether it goes on or off."""
        kind, threshold = self.type, self.threshold
        if kind == 0 or isnan(pv):
            self._true = False
        elif kind == FULL_SCALE_LOW:
            self._true = pv < threshold
        elif kind == FULL_SCALE_HIGH:
            self._true = pv > threshold
        else:
            deviation = pv - setpoint
            self._true = (kind in (DEVIATION_BAND, DEVIATION_HIGH) and deviation > threshold) or (
                kind in (DEVIATION_BAND, DEVIATION_LOW) and -deviation > threshold
            )
        if not self._true:
            self._blocked = False
            if self.latch not in (LATCHED, MANUAL_RESET):
                self.on = False
        elif not self._blocked and not self.on:
            self.on = self.new = True

    def start(self) -> None:
        """Power on: a blocked alarm waits until it was good once."""
        self.on = self.new = False
        self._blocked = bool(self.block)

    def acknowledge(self) -> None:
        """A latched one ends with its cause; one for manual reset has to be acknowledged after its cause."""
        self.new = False
        if not self._true:
            self.on = False


class Watchdog:
    """The EPC3000's: a time-out without a valid message sets the flag. Counts from the first message after power-on.

    Assumed: action 0 none, 1 fall back; recovery 0 by writing 0 to the flag, 1 with the next valid message.
    """

    def __init__(self) -> None:
        self.timeout_s = 0.0
        self.action = 0
        self.recovery = 0
        self.flag = False
        self.fed_ns: int | None = None
        self.on_trip: Callable[[], None] | None = None

    @property
    def fallen_back(self) -> bool:
        """Whether the output is taken over."""
        return self.flag and self.action == 1

    def feed(self, now_ns: int) -> None:
        """A valid message."""
        self.fed_ns = now_ns
        if self.flag and self.recovery == 1:
            self.flag = False

    def due_ns(self) -> int | None:
        """When it will trip if nothing comes."""
        if self.fed_ns is None or self.timeout_s <= 0.0 or self.flag:
            return None
        return self.fed_ns + round(self.timeout_s * 1e9)

    def start(self) -> None:
        """Power on."""
        self.flag = False
        self.fed_ns = None
