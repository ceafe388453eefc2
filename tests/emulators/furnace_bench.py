"""A furnace with tube, gas, analyser and a plain PID controller, for the tests of their physics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rig.emulators.physics.analyser import Analyser
from rig.emulators.physics.furnace import DEMONSTRATION, WELL_TUNED, Furnace, FurnaceParams, Tuning
from rig.emulators.physics.mat import Mat
from rig.emulators.physics.mfc import FlowController
from rig.emulators.physics.tube import Tube

S = 1_000_000_000
AMBIENT = 23.0


class Pid:
    """Proportional, integral, derivative on the process value; the integral waits while the output is at its limit."""

    def __init__(self, tuning: Tuning, temperature_degc: float, power_pct: float = 0.0) -> None:
        self._tuning = tuning
        self._integral = power_pct
        self._last = temperature_degc

    def power_pct(self, setpoint_degc: float, temperature_degc: float, dt_s: float = 1.0) -> float:
        """Output after one control cycle of dt_s."""
        tuning, error = self._tuning, setpoint_degc - temperature_degc
        slope = (temperature_degc - self._last) / dt_s
        self._last = temperature_degc
        wanted = 100.0 / tuning.band_degc * (error - tuning.derivative_s * slope) + self._integral
        output = min(100.0, max(0.0, wanted))
        if output == wanted or (wanted > 100.0) == (error < 0.0):
            self._integral += 100.0 / tuning.band_degc * error * dt_s / tuning.integral_s
        return output


@dataclass
class Bench:
    """The founding recipe's furnace; time goes in whole seconds."""

    params: FurnaceParams = DEMONSTRATION
    seed: int = 7
    opened: bool = True
    second: int = 0
    log: list[tuple[int, float, float, float]] = field(default_factory=list)
    """second, set point, process value, power."""

    def __post_init__(self) -> None:
        self.furnace = Furnace(self.params, seed=self.seed)
        self.tube = Tube(bore_mm=60.0, length_mm=1000.0, furnace=self.furnace, opened=self.opened)
        self.argon = FlowController(full_scale_sccm=2000.0, gas="argon", tube=self.tube)
        self.oxygen = Analyser(self.tube, seed=self.seed)

    @property
    def now_ns(self) -> int:
        return self.second * S

    def lay(self, mass_g: float = 0.47) -> Mat:
        """Lay the founding mat (or another mass of it) into the tube."""
        mat = Mat(mass_g)
        self.furnace.lay(self.now_ns, mat)
        return mat

    def wait(self, seconds: float) -> int:
        """Nothing is commanded for so long."""
        self.second += round(seconds)
        return self.now_ns

    def control(
        self,
        ramp_degc_min: float,
        to_degc: float,
        soak_s: float = 0.0,
        tuning: Tuning = WELL_TUNED,
    ) -> Iterator[tuple[float, float]]:
        """Ramp from the present process value and soak, yielding set point and process value each second."""
        value = self.furnace.temperature_degc(self.now_ns)
        pid = Pid(tuning, value, self.furnace.power_pct(self.now_ns))
        setpoint = value
        while soak_s >= 0.0:
            setpoint = min(to_degc, setpoint + ramp_degc_min / 60.0)
            if setpoint >= to_degc:
                soak_s -= 1.0
            power = pid.power_pct(setpoint, value)
            self.furnace.heat(self.now_ns, power)
            self.second += 1
            value = self.furnace.temperature_degc(self.now_ns)
            self.log.append((self.second, setpoint, value, power))
            yield setpoint, value

    def heat(
        self, ramp_degc_min: float, to_degc: float, soak_s: float = 0.0, tuning: Tuning = WELL_TUNED
    ) -> float:
        """The same to its end; the highest process value."""
        return max(value for _, value in self.control(ramp_degc_min, to_degc, soak_s, tuning))

    def cool(self, below_degc: float) -> float:
        """Heater off until the process value is below; seconds that took."""
        self.furnace.heat(self.now_ns, 0.0)
        begun = self.second
        while self.furnace.temperature_degc(self.now_ns) >= below_degc:
            self.second += 1
        return float(self.second - begun)
