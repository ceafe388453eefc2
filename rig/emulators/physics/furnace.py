"""A tube furnace: element, work tube, control thermocouple, and the mat that lies in it.

Two lumps of heat: the element with the insulation that warms with it, and the hot part of the work tube.
Element and tube exchange heat by air and radiation, both lose it to the room; the element mostly by
conduction through the insulation, which is why a furnace cools nearly exponentially. The thermocouple stands
between element and tube, so it reads a little above the tube, and the sample lags behind it. `mat` adds what
the load does. All figures of `FurnaceParams` are [M], chosen so that a 3 kW furnace holds 800 degC at 57 % and
cools with 50 min (the demonstration rig's own `thermal`); the steps add at most half a second of lag.

Steps of 1 s (`seconds`); between them element, tube and thermocouple go on along their present slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, nan
from typing import TYPE_CHECKING, Final

from rig.emulators.physics.mat import AIR_O2, KELVIN, Conversions, Mat
from rig.emulators.physics.noise import SlowNoise, key_for
from rig.emulators.physics.seconds import STEP_NS, Seconds

if TYPE_CHECKING:
    from rig.emulators.physics.tube import Tube

EXOTHERM_W: Final = 500.0
"""Heat of the fault `exotherm`: 12 g of mat on fire in the air that a tube lets in [M]."""
EXOTHERM_J: Final = 300e3
"""And how much of it there is: 12 g at 25 kJ/g [M]."""


@dataclass(frozen=True, slots=True)
class FurnaceParams:
    """What the furnace is made of. Heat in W, capacities in J/K.

    loss_w_k, loss_w_k4: element to room (conduction; radiation). coupling_w_k, coupling_w_k4: element to tube
    (air; radiation). end_loss_w_k: tube to room. element_sight: weight of the element in what the
    thermocouple sees, the rest being tube. mat_sight: how far a hot mat shines on the thermocouple.
    couple_s: the thermocouple's own lag. limiter_degc: the independent over-temperature limiter opens its
    contactor when the element reaches this. ValueError where a value is not above 0 or, of the lesser ones, is
    below 0.
    """

    heater_w: float = 3000.0
    element_j_k: float = 5030.0
    tube_j_k: float = 1200.0
    loss_w_k: float = 1.945
    loss_w_k4: float = 5e-11
    coupling_w_k: float = 7.5
    coupling_w_k4: float = 2.2e-10
    end_loss_w_k: float = 0.15
    element_sight: float = 0.4
    mat_sight: float = 0.15
    couple_s: float = 15.0
    ambient_degc: float = 23.0
    limiter_degc: float = 1150.0
    noise_degc: float = 0.02

    def __post_init__(self) -> None:
        for name in ("heater_w", "element_j_k", "tube_j_k", "loss_w_k", "coupling_w_k", "couple_s"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"furnace {name} {getattr(self, name)}: must be above 0")
        for name in (
            "loss_w_k4",
            "coupling_w_k4",
            "end_loss_w_k",
            "element_sight",
            "mat_sight",
            "noise_degc",
        ):
            if getattr(self, name) < 0.0:
                raise ValueError(f"furnace {name} {getattr(self, name)}: must not be negative")
        if self.element_sight + self.mat_sight >= 1.0:
            raise ValueError(
                f"furnace element_sight {self.element_sight} and mat_sight {self.mat_sight}: together below 1"
            )

    def element_tau_s(self, degc: float) -> float:
        """Time constant of the element alone, tube and room held, at this temperature, s."""
        cubed = 4.0 * (degc + KELVIN) ** 3
        couple = self.coupling_w_k + self.coupling_w_k4 * cubed
        return self.element_j_k / (couple + self.loss_w_k + self.loss_w_k4 * cubed)

    def tube_tau_s(self, degc: float) -> float:
        """Time constant of the work tube behind the element at this temperature, s."""
        cubed = 4.0 * (degc + KELVIN) ** 3
        return self.tube_j_k / (self.coupling_w_k + self.coupling_w_k4 * cubed + self.end_loss_w_k)

    def steady(self, tube_degc: float) -> tuple[float, float]:
        """Element temperature, degC, and heater power, %, that hold the empty tube at tube_degc."""
        ambient_k, tube_k = self.ambient_degc + KELVIN, tube_degc + KELVIN
        end_w = self.end_loss_w_k * (tube_k - ambient_k)
        element_k = tube_k
        for _ in range(30):
            element_k = tube_k + end_w / _conductance(
                self.coupling_w_k, self.coupling_w_k4, element_k, tube_k
            )
        loss = _conductance(self.loss_w_k, self.loss_w_k4, element_k, ambient_k) * (element_k - ambient_k)
        return element_k - KELVIN, (loss + end_w) / self.heater_w * 100.0


def _conductance(linear: float, fourth: float, one_k: float, other_k: float) -> float:
    return linear + fourth * (one_k * one_k + other_k * other_k) * (one_k + other_k)


@dataclass(frozen=True, slots=True)
class Tuning:
    """PID terms to put into a controller: proportional band in degC, integral and derivative time in s
    (derivative on the process value).
    """

    band_degc: float
    integral_s: float
    derivative_s: float


DEMONSTRATION: Final = FurnaceParams()
"""The demonstration rig's furnace: cooling 50 min, holds 800 degC at 57 %, 280 degC at 18 %."""
WELL_TUNED: Final = Tuning(8.0, 300.0, 20.0)
"""Tuned to DEMONSTRATION: overshoot of 3 degC after 5 degC/min to 280 degC."""
NOT_TUNED: Final = Tuning(14.0, 300.0, 20.0)
"""As somebody left it, not tuned to this furnace: overshoot of 4 degC; for the demonstration."""
BADLY_TUNED: Final = Tuning(105.0, 560.0, 0.0)
"""A wide band and no derivative: overshoot of 12 degC, and as long in coming back."""


class Furnace:
    """One furnace. Commands and questions carry the time in ns; temperatures in degC, power in %.

    params: see there. seed, name: for the thermocouple's noise. seconds: grid to step on (default: its own;
    the tube, analyser and others that join it step with the furnace).
    """

    def __init__(
        self,
        params: FurnaceParams = DEMONSTRATION,
        *,
        seed: int = 0,
        name: str = "furnace",
        seconds: Seconds | None = None,
    ) -> None:
        self.params = params
        self.name = name
        self.seconds = seconds if seconds is not None else Seconds()
        self.tube: Tube | None = None
        """The gas in the work tube; set by the tube itself. Without one the mat lies in air."""
        self.mat: Mat | None = None
        ambient = params.ambient_degc
        self._element = self._tube = self._couple = ambient
        self._element_slope = self._tube_slope = self._couple_slope = 0.0
        self._mat_w = 0.0
        self._couple_decay = exp(-1.0 / params.couple_s)
        self._power = 0.0
        self._power_ns = 0
        self._energy = 0.0  # per cent x ns since the last whole second
        self._contactor = True
        self._limited = False
        self._stuck = self._dead = self._reversed = self._broken = False
        self._pulled_ns: int | None = None
        self._pulled_from = ambient
        self._exotherm_j = 0.0
        self._noise = SlowNoise(key_for(seed, f"{name}/thermocouple"), 3 * STEP_NS)
        self.seconds.join(self._step)

    # -- commands --------------------------------------------------------------------------------------------

    def heat(self, now_ns: int, power_pct: float) -> None:
        """Drive the element with this share of its power, 0 to 100 %. ValueError outside."""
        if not 0.0 <= power_pct <= 100.0:
            raise ValueError(f"{self.name}: heater power {power_pct} %: must lie between 0 and 100")
        if power_pct == self._power:
            return
        self._begin(now_ns)
        self._power = power_pct

    def contactor(self, now_ns: int, closed: bool) -> None:
        """The safety contactor before the heater: open, nothing heats, a stuck relay neither."""
        self._begin(now_ns)
        self._contactor = closed

    def reset_limiter(self, now_ns: int) -> None:
        """A person resets the over-temperature limiter (it trips again at once if it is still too hot)."""
        self._begin(now_ns)
        self._limited = False

    def lay(self, now_ns: int, mat: Mat | None) -> None:
        """Lay a mat into the tube (None: take it out). It keeps its own history and temperature."""
        self._begin(now_ns)
        self.mat = mat
        self._mat_w = 0.0

    def found_at(self, now_ns: int, temperature_degc: float, power_pct: float | None = None) -> None:
        """The furnace is at this temperature now, as after a long hold (power_pct None: the power that holds
        it). The mat, if there is one, is as warm. ValueError below ambient or above the limiter.
        """
        p = self.params
        if not p.ambient_degc <= temperature_degc < p.limiter_degc:
            raise ValueError(
                f"{self.name}: temperature {temperature_degc} degC: must lie between {p.ambient_degc} (the room) "
                f"and {p.limiter_degc} (its limiter)"
            )
        self._begin(now_ns)
        low, high = p.ambient_degc, temperature_degc
        for _ in range(50):  # the tube whose thermocouple reads this
            middle = (low + high) / 2.0
            element, _ = p.steady(middle)
            seen = middle + p.element_sight * (element - middle)
            low, high = (middle, high) if seen < temperature_degc else (low, middle)
        self._tube = (low + high) / 2.0
        self._element, holding = p.steady(self._tube)
        self._couple = temperature_degc
        self._element_slope = self._tube_slope = self._couple_slope = 0.0
        self._power = holding if power_pct is None else power_pct
        if self.mat is not None:
            self.mat.degc = self._tube

    # -- faults ----------------------------------------------------------------------------------------------

    def sensor_break(self, now_ns: int, on: bool) -> None:
        """Fault: the thermocouple's wire is broken; its value is nan."""
        self._begin(now_ns)
        self._broken = on

    def thermocouple_out(self, now_ns: int, on: bool) -> None:
        """Fault: the thermocouple has slipped out of the furnace: within a minute it reads little above the
        room while the heater heats. Back in, it takes its own lag.
        """
        self._begin(now_ns)
        if on and self._pulled_ns is None:
            self._pulled_ns, self._pulled_from = now_ns, self._seen(now_ns)
        elif not on and self._pulled_ns is not None:
            self._couple = self._seen(now_ns)
            self._pulled_ns = None

    def reversed(self, now_ns: int, on: bool) -> None:
        """Fault: the thermocouple's wires are swapped: the reading falls as far below the room as the furnace
        is above it.
        """
        self._begin(now_ns)
        self._reversed = on

    def stuck_on(self, now_ns: int, on: bool) -> None:
        """Fault: the relay has fused: full power whatever is commanded; only contactor or limiter ends it."""
        self._begin(now_ns)
        self._stuck = on

    def no_heat(self, now_ns: int, on: bool) -> None:
        """Fault: element or fuse is broken: no power whatever is commanded."""
        self._begin(now_ns)
        self._dead = on

    def exotherm(self, now_ns: int, on: bool) -> None:
        """Fault: the load burns like 12 g of stacked mat, 500 W beside the thermocouple until 300 kJ are used
        up or the fault ends.
        """
        self._begin(now_ns)
        self._exotherm_j = EXOTHERM_J if on else 0.0

    # -- what can be seen ------------------------------------------------------------------------------------

    def temperature_degc(self, now_ns: int) -> float:
        """What the control thermocouple says, degC; nan when it is broken."""
        self.seconds.catch_up(now_ns)
        if self._broken:
            return nan
        value = self._seen(now_ns) + self.params.noise_degc * self._noise.at(now_ns)
        return 2.0 * self.params.ambient_degc - value if self._reversed else value

    # -- hidden truth ----------------------------------------------------------------------------------------

    def element_degc(self, now_ns: int) -> float:
        """Temperature of the element, degC."""
        self.seconds.catch_up(now_ns)
        return self._element + self._element_slope * self._since_s(now_ns)

    def tube_degc(self, now_ns: int) -> float:
        """Temperature of the work tube's hot zone, degC."""
        self.seconds.catch_up(now_ns)
        return self._tube + self._tube_slope * self._since_s(now_ns)

    def mat_degc(self, now_ns: int) -> float:
        """Temperature of the mat at the last whole second, degC; of the tube where there is no mat."""
        if self.mat is None:
            return self.tube_degc(now_ns)
        self.seconds.catch_up(now_ns)
        return self.mat.degc

    def conversions(self, now_ns: int) -> Conversions | None:
        """How far the mat has come at the last whole second; None without a mat."""
        self.seconds.catch_up(now_ns)
        return None if self.mat is None else self.mat.conversions()

    def power_pct(self, now_ns: int) -> float:
        """What really reaches the element now, %: with relay, fuse, contactor and limiter counted."""
        self.seconds.catch_up(now_ns)
        return self._applied()

    def limited(self, now_ns: int) -> bool:
        """The over-temperature limiter has tripped and has not been reset."""
        self.seconds.catch_up(now_ns)
        return self._limited

    # -- inside ----------------------------------------------------------------------------------------------

    def _since_s(self, now_ns: int) -> float:
        return max(0, now_ns - self.seconds.now_ns) / 1e9

    def _seen(self, now_ns: int) -> float:
        """The junction's temperature, noise apart."""
        inside = self._couple + self._couple_slope * self._since_s(now_ns)
        if self._pulled_ns is None:
            return inside
        p = self.params
        outside = p.ambient_degc + 0.03 * (inside - p.ambient_degc)
        gone = exp(-max(0, now_ns - self._pulled_ns) / 20e9)
        return outside + (self._pulled_from - outside) * gone

    def _applied(self) -> float:
        if not self._contactor or self._limited or self._dead:
            return 0.0
        return 100.0 if self._stuck else self._power

    def _begin(self, now_ns: int) -> None:
        """Catch up, and count the power that has flown since the last change."""
        self.seconds.catch_up(now_ns)
        since = max(self._power_ns, self.seconds.now_ns)
        if now_ns > since:
            self._energy += self._applied() * (now_ns - since)
            self._power_ns = now_ns

    def _mean_power_pct(self, t_ns: int) -> float:
        """Mean over the second that ends at t_ns."""
        power = self._applied()
        start = t_ns - STEP_NS
        if self._power_ns > start:
            power = (self._energy + power * (t_ns - self._power_ns)) / STEP_NS
        self._energy = 0.0
        return power

    def _step(self, t_ns: int) -> None:
        """From one whole second to the next."""
        p = self.params
        heater_w = self._mean_power_pct(t_ns) * p.heater_w / 100.0
        extra_w = self._mat_w
        if self._exotherm_j > 0.0:
            extra_w += EXOTHERM_W
            self._exotherm_j -= EXOTHERM_W
        ambient_k = p.ambient_degc + KELVIN
        element_k, tube_k = self._element + KELVIN, self._tube + KELVIN
        squares = element_k * element_k
        to_tube = (p.coupling_w_k + p.coupling_w_k4 * (squares + tube_k * tube_k) * (element_k + tube_k)) * (
            element_k - tube_k
        )
        to_room = (p.loss_w_k + p.loss_w_k4 * (squares + ambient_k * ambient_k) * (element_k + ambient_k)) * (
            element_k - ambient_k
        )
        element = self._element + (heater_w - to_tube - to_room) / p.element_j_k
        tube = self._tube + (to_tube + extra_w - p.end_loss_w_k * (tube_k - ambient_k)) / p.tube_j_k
        mat = self.mat
        seen = tube + p.element_sight * (element - tube)
        if mat is not None:
            seen += p.mat_sight * (mat.degc - tube)
        couple = seen + (self._couple - seen) * self._couple_decay
        # Slopes for the coming second: those of the one that ended, late by half a step, which nobody can see.
        self._element_slope, self._element = element - self._element, element
        self._tube_slope, self._tube = tube - self._tube, tube
        self._couple_slope, self._couple = couple - self._couple, couple
        if element >= p.limiter_degc:
            self._limited = True
        if mat is None:
            if self.tube is not None:
                self.tube.flow(t_ns, tube)
            return
        demand = mat.oxygen_demand()
        if self.tube is None:
            oxygen = AIR_O2
        else:
            oxygen = self.tube.flow(t_ns, tube, demand, mat.given_mol_s, mat.given_o2_mol_s)
        mat.react(tube, oxygen)
        self._mat_w = mat.to_tube_w
