"""The recipe's windows of chamber humidity and temperature: what leaving one does while a spin step's clock runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.priorities import AtRisk, Respond

ON_DELAY_S: Final = 60.0
DEAD_BANDS: Final = {"humidity": 2.0, "temperature": 0.5}
"""Humidity moves slowly and its sensors scatter: EEMUA 191's practice of 60 s and 2 % of span, for humidity 2 %RH."""

UNITS: Final = {"humidity": ("humidity_pct", "%RH"), "temperature": ("temperature_degc", "°C")}


@dataclass(frozen=True, slots=True)
class ClimateWindow:
    """One window of the step under way. quantity: "humidity" or "temperature"; ends in %RH or degC, None: open.

    on_leave: "note" (an event), "warn" (an alarm) or "hold" (the step is held).
    """

    quantity: str
    low: float | None
    high: float | None
    on_leave: str

    def outside(self, value: float, band: float = 0.0) -> bool:
        """Whether a value lies outside; `band` narrows the window, for coming back."""
        below = self.low is not None and value < self.low + band
        return below or (self.high is not None and value > self.high - band)

    def text(self) -> str:
        """ "30 to 55 %RH"."""
        unit = UNITS[self.quantity][1]
        if self.low is None:
            return f"at most {self.high:g} {unit}"
        if self.high is None:
            return f"at least {self.low:g} {unit}"
        return f"{self.low:g} to {self.high:g} {unit}"


_ACTIONS: Final = (
    ("left", "warn", Then.NONE, "The step goes on; the report says how long the air was outside."),
    ("hold", "hold", Then.HOLD, "The step is held: pumps stopped, high voltage off."),
)


def climate_conditions(sensors: Sequence[str]) -> list[Condition]:
    """Two conditions a quantity and sensor: one that warns, one that holds, as the recipe's window asks.

    They arm while the step spins. A hold latches: once held the window is still looked at, and a person clears it when
    the air is back inside, and resumes.
    """
    return [
        _condition(sensor, quantity, name, on_leave, then, consequence)
        for sensor in sensors
        for quantity in UNITS
        for name, on_leave, then, consequence in _ACTIONS
    ]


def _window(situation: Situation, quantity: str, on_leave: str) -> ClimateWindow | None:
    windows: Sequence[ClimateWindow] = situation.facts.windows
    return next((one for one in windows if (one.quantity, one.on_leave) == (quantity, on_leave)), None)


def _condition(
    sensor: str, quantity: str, name: str, on_leave: str, then: Then, consequence: str
) -> Condition:
    short, unit = UNITS[quantity]
    channel = f"{sensor}.{short}"

    def armed(situation: Situation) -> bool:
        return situation.facts.spinning and _window(situation, quantity, on_leave) is not None

    def outside(situation: Situation, band: float = 0.0) -> Finding | None:
        window = _window(situation, quantity, on_leave)
        if window is None:
            return None
        value = situation.readings.value(channel)
        if value is None:
            why = situation.readings.explain(channel)
            return Finding(f"The chamber's {quantity} cannot be read: {why}", why, window.text())
        if window.outside(value, band):
            return Finding(
                f"The chamber's {quantity} is {value:.1f} {unit}, the recipe asks for {window.text()}.",
                f"{value:.1f} {unit}",
                window.text(),
            )
        return None

    release: Callable[[Situation], Finding | None] = partial(outside, band=DEAD_BANDS[quantity])
    return Condition(
        tag=f"{quantity}-{name}:{sensor}",
        title=f"Chamber {quantity} outside the recipe's window",
        unit="spin",
        takes=(),
        armed=armed,
        test=outside,
        then=then,
        at_risk=AtRisk.SAMPLE,
        # What is held dries at the needle; what goes on is spun all the same, and the report says in what air.
        respond=Respond.SOON if then is Then.HOLD else Respond.WITHIN_THE_HOUR,
        cause="Weather, air conditioning, an open lab door, or the exhaust's make-up air; or the sensor is lost.",
        consequence=consequence,
        what_to_do="Bring the chamber's air back, "
        + ("then clear and resume at the rig, " if then is Then.HOLD else "")
        + "or end the step; fibres spun outside the window may differ.",
        source="safety rule 4; the recipe's own window",
        on_delay_s=ON_DELAY_S,
        limit="the recipe's window",
        measured_in=unit,
        dead_band=DEAD_BANDS[quantity],
        release=release,
        latch=then is Then.HOLD,
    )
