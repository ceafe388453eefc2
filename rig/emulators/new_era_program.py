"""The pumping program of an emulated New Era pump and the motor it runs.

Phases played: a rate (without end or with a volume), stop, jump, timed pause, pause for a person, beep. Unconfirmed: a
phase without rate of its own keeps the rate of the one before, starting without any rate is a program error, a rate
that the syringe in use does not allow is "phase out of range", volumes delivered are forgotten at power-off, a rate
changed while pumping lasts until the program stops.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Protocol

from rig.emulators.device import Handle, Timeline
from rig.emulators.new_era_memory import MICROLITRES_UP_TO_MM, PHASES, Memory, Phase

FASTEST_MM_H = 5.1005 * 10 * 60
SLOWEST_MM_H = 0.004205 * 10
ROUNDING = 1e-3
"""The manual prints its limits with 3 or 4 digits; a rate taken from it is allowed."""
STARTING_NS = 1_000_000
"""How long a phase takes to start; data sent meanwhile are ignored (`?IGN`). Unconfirmed."""


class Motor(Protocol):
    """What the pump drives and counts (`rig.emulators.physics.syringe.Plunger`). Speed and travel of the pusher."""

    on_stall: Callable[[], None] | None

    def drive(self, now_ns: int, speed_mm_h: float) -> None:
        """Move at this speed from now on, positive infuses."""

    def infused_mm(self, now_ns: int) -> float:
        """Travel forwards so far."""

    def withdrawn_mm(self, now_ns: int) -> float:
        """Travel backwards so far."""


class Program:
    """Status letter, phase in play, motor and counters."""

    def __init__(
        self, timeline: Timeline, motor: Motor, memory: Memory, alarm: Callable[[str], None]
    ) -> None:
        self.status = "S"
        self.selected = 1
        self.now_rate: tuple[float, str] | None = None
        """Rate and unit in force while pumping, when it is not the stored one of the phase."""
        self._timeline = timeline
        self._motor = motor
        self._memory = memory
        self._alarm = alarm
        self._current = 1
        self._rate_ml_h = 0.0
        self._withdrawing = False
        self._from_mm = 0.0
        self._infused_mm = 0.0
        self._withdrawn_mm = 0.0
        self._plan: Handle | None = None
        self._began_ns = -STARTING_NS
        self.diameter_changed()
        motor.on_stall = self._stalled

    @property
    def pumping(self) -> bool:
        """The motor runs by program."""
        return self.status in "IW"

    @property
    def starting(self) -> bool:
        """A phase began by itself just now."""
        return self._timeline.now_ns - self._began_ns < STARTING_NS

    def phase(self) -> Phase:
        """The phase that commands are about: the one in play while pumping, else the selected one."""
        return self._memory.phases[self._current if self.pumping else self.selected]

    # Syringe and counters

    def diameter_changed(self) -> None:
        """Another syringe was told: what was delivered counts from here."""
        self._ml_per_mm = pi * self._memory.diameter_mm**2 / 4000
        self.clear(True)
        self.clear(False)

    def clear(self, infused: bool) -> None:
        """One of the two counters to zero."""
        now_ns = self._timeline.now_ns
        if infused:
            self._infused_mm = self._motor.infused_mm(now_ns)
        else:
            self._withdrawn_mm = self._motor.withdrawn_mm(now_ns)

    def delivered_ml(self) -> tuple[float, float]:
        """Infused and withdrawn volume, by motor travel and the diameter told."""
        now_ns, motor = self._timeline.now_ns, self._motor
        return (
            (motor.infused_mm(now_ns) - self._infused_mm) * self._ml_per_mm,
            (motor.withdrawn_mm(now_ns) - self._withdrawn_mm) * self._ml_per_mm,
        )

    def possible(self, rate_ml_h: float) -> bool:
        """Whether the motor can do that rate with the syringe told."""
        speed = rate_ml_h / self._ml_per_mm
        return SLOWEST_MM_H * (1 - ROUNDING) <= speed <= FASTEST_MM_H * (1 + ROUNDING)

    # Running

    def run(self, phase: int | None) -> str:
        """RUN: start, or go on after a pause. Returns the reply's data."""
        if self.status in "IWTX":
            return "?NA"
        self._began_ns = -STARTING_NS
        if phase is not None:
            self._enter(phase, first=True)
        elif self.status == "S":
            self._enter(1, first=True)
        elif self.status == "U" or self._memory.phases[self._current].function != "RAT":
            self._enter(self._current + 1)
        else:
            self._resume()
        return ""

    def found_running(self, diameter_mm: float, rate_ml_h: float) -> None:
        """It is found pumping, as somebody left it: syringe, rate and direction set, RUN pressed.

        ValueError for a rate that the motor cannot do with this syringe.
        """
        self._memory.diameter_mm = diameter_mm
        self._memory.volume_unit = "UL" if diameter_mm <= MICROLITRES_UP_TO_MM else "ML"
        self.diameter_changed()
        if not self.possible(abs(rate_ml_h)):
            raise ValueError(f"the pump cannot do {rate_ml_h:g} ml/h with a syringe of {diameter_mm:g} mm")
        phase = self._memory.phases[1]
        phase.function, phase.volume = "RAT", 0.0
        phase.rate, phase.unit = abs(rate_ml_h), "MH"
        phase.direction = "WDR" if rate_ml_h < 0 else "INF"
        self.run(1)

    def stop(self) -> str:
        """STP: pause, at the second time cancel."""
        if self.status == "S":
            return "?NA"
        if self.status in "PX":
            self.halt()
        else:
            self._still()
            self.status = "P"
        return ""

    def purge(self) -> str:
        """PUR: top speed in the direction set, until stopped."""
        if self.status != "S":
            return "?NA"
        withdrawing = self._memory.phases[self.selected].direction == "WDR"
        self.status = "X"
        self._motor.drive(self._timeline.now_ns, -FASTEST_MM_H if withdrawing else FASTEST_MM_H)
        return ""

    def halt(self) -> None:
        """Motor and program stopped."""
        self._still()
        self.status = "S"
        self.now_rate = None
        self._memory.pumping = False

    def _still(self) -> None:
        self._motor.drive(self._timeline.now_ns, 0.0)
        self._forget_plan()

    def _forget_plan(self) -> None:
        if self._plan is not None:
            self._plan.cancel()
            self._plan = None

    def _enter(self, number: int, first: bool = False) -> None:
        """Play a phase, and those after it until one takes time."""
        self._still()
        self.now_rate = None
        if first:
            self._rate_ml_h = 0.0
        for _ in range(2 * PHASES):
            if number > PHASES:
                self._fail("O")
                return
            self._current = number
            phase = self._memory.phases[number]
            match phase.function:
                case "RAT":
                    self._begin_rate(phase)
                    return
                case "STP":
                    self.halt()
                    return
                case "PAS":
                    self._pause(phase.number)
                    return
                case "JMP":
                    number = phase.number
                case _:
                    number += 1
        self._fail("E")  # jumps that never come to anything

    def _fail(self, letter: str) -> None:
        self.halt()
        self._alarm(letter)

    def _pause(self, seconds: int) -> None:
        self.status = "T" if seconds else "U"
        if seconds:
            self._plan = self._timeline.call_at(
                self._timeline.now_ns + seconds * 1_000_000_000, self._advance
            )

    def _advance(self) -> None:
        self._plan = None
        self._began_ns = self._timeline.now_ns
        self._enter(self._current + 1)

    def _begin_rate(self, phase: Phase) -> None:
        if phase.rate:
            self._rate_ml_h = phase.rate_ml_h
        if not self._rate_ml_h:
            self._fail("E")
        elif not self.possible(self._rate_ml_h):
            self._fail("O")
        else:
            if phase.direction != "STK":
                self._withdrawing = phase.direction == "WDR"
            self._from_mm = self._total_mm()
            self._drive()

    def _resume(self) -> None:
        """Go on after a pause, with what was set meanwhile."""
        phase = self._memory.phases[self._current]
        if phase.rate and self.now_rate is None:
            self._rate_ml_h = phase.rate_ml_h
        if phase.direction != "STK":
            self._withdrawing = phase.direction == "WDR"
        self._drive()

    def _total_mm(self) -> float:
        now_ns = self._timeline.now_ns
        return self._motor.infused_mm(now_ns) + self._motor.withdrawn_mm(now_ns)

    def _drive(self) -> None:
        """Motor on at the present rate and direction; plan the end of a volume."""
        self._forget_plan()
        now_ns = self._timeline.now_ns
        self.status = "W" if self._withdrawing else "I"
        self._memory.pumping = True
        speed = self._rate_ml_h / self._ml_per_mm
        volume = self._memory.phases[self._current].volume
        if volume:
            wanted_mm = volume / (1000 if self._memory.volume_unit == "UL" else 1) / self._ml_per_mm
            left_mm = max(0.0, wanted_mm - (self._total_mm() - self._from_mm))
            self._plan = self._timeline.call_at(now_ns + round(left_mm / speed * 3.6e12), self._advance)
        self._motor.drive(now_ns, -speed if self._withdrawing else speed)

    def change_rate(self, rate: float, unit: str, rate_ml_h: float) -> None:
        """A new rate while pumping: at once, and not stored."""
        self.now_rate = (rate, unit)
        self._rate_ml_h = rate_ml_h
        self._drive()

    def change_direction(self, withdrawing: bool) -> None:
        """A new direction while pumping, at once."""
        self._withdrawing = withdrawing
        self._drive()

    # What happens to it

    def _stalled(self) -> None:
        self.halt()
        self._alarm("S")

    def power_lost(self) -> None:
        """No power: the motor stands, volatile data are gone; whether it was pumping is kept."""
        pumping = self._memory.pumping
        self.halt()
        self._memory.pumping = pumping

    def power_back(self) -> None:
        """Power again: stopped, unless the power-failure setting restarts a program that was running."""
        self.selected = 1
        self.diameter_changed()
        pumping, self._memory.pumping = self._memory.pumping, False
        if pumping and self._memory.switches["PF"]:
            self._enter(1, first=True)
