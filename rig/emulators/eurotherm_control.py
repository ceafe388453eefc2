"""The controller inside an emulated Eurotherm: which set point counts, what drives the output, what the status says.

The order in which something takes the output: configuration mode, standby or a program ended in "off"; the watchdog's
fallback and sensor break (register 34); manual; the PID loop. Assumptions as in `eurotherm`.
"""

from __future__ import annotations

from math import isnan
from typing import Protocol

from rig.emulators.eurotherm_loop import Alarm, Loop, Watchdog
from rig.emulators.eurotherm_map import RegisterMap, Unwritable
from rig.emulators.eurotherm_programmer import End, Program, Programmer, State
from rig.emulators.eurotherm_registers import RATE_UNITS_S, STATUS_CODES
from rig.emulators.eurotherm_slave import ILLEGAL_VALUE, Exceptional

BROKEN_DEGC = 3276.7


class HotZone(Protocol):
    """The furnace as its controller has it: a relay and a thermocouple."""

    def heat(self, now_ns: int, power_pct: float) -> None:
        """Drive the element, 0 to 100 %."""

    def temperature_degc(self, now_ns: int) -> float:
        """The control thermocouple; nan when it is broken."""


class Control:
    """What a controller does from step to step. `registers.values` are its settings."""

    def __init__(
        self,
        model: str,
        registers: RegisterMap,
        furnace: HotZone,
        tuning: tuple[float, float, float],
        now_ns: int,
    ) -> None:
        self.model = model
        self.registers = registers
        self.furnace = furnace
        self.programmer = Programmer(self._program_ended)
        self.loop = Loop(*tuning)
        self.watchdog = Watchdog()
        self.alarms = (Alarm(), Alarm(), Alarm(), Alarm())
        self.output_pct = 0.0
        self.manual = False
        self.power_failed = False
        self.pv = furnace.temperature_degc(now_ns)
        self.working = 0.0
        self.stepped_ns = now_ns
        self._codes = STATUS_CODES[model]
        self._off_by_program = False
        self._complete = False

    def power(self, now_ns: int, on: bool) -> None:
        """Off: no output. On: a program that ran goes on as register 518 says (0 ramp back, 1 reset, 2 continue)."""
        self.drive(now_ns, 0.0)
        if not on:
            return
        self.watchdog.start()
        self.loop.restart()
        for alarm in self.alarms:
            alarm.start()
        self.stepped_ns = now_ns
        self.pv = self.furnace.temperature_degc(now_ns)
        running = self.programmer.state in (State.RUN, State.HOLD)
        self.power_failed = running
        recovery = int(self.registers.values.get(518, 1))
        if recovery == 1 or not running:
            self.reset_program()
        elif recovery == 0:
            self.programmer.ramp_back(self.pv)

    def busy(self) -> bool:
        """Whether there is anything to control."""
        return (
            self.output_pct != 0.0
            or self.programmer.state in (State.RUN, State.HOLD)
            or self.working > 0.0
            or self.target() > 0.0
            or self.registers.values[34] != 0.0
            or self.manual
        )

    def target(self) -> float:
        """The set point before any rate limit."""
        programmer, values = self.programmer, self.registers.values
        if programmer.state is not State.RESET and not self._off_by_program:
            return programmer.setpoint
        if values[276]:
            return values[26]
        return values[25 if values[15] else 24]

    def step(self, now_ns: int) -> None:
        """Go on to now: programmer, set point, output, alarms."""
        dt_s = (now_ns - self.stepped_ns) / 1e9
        self.stepped_ns = now_ns
        values = self.registers.values
        pv = self.pv = self.furnace.temperature_degc(now_ns)
        broken = isnan(pv)
        if values[199] == 2:
            self.drive(now_ns, 0.0)
            return
        programmer = self.programmer
        if programmer.state is State.RUN and values[199] == 0 and not values.get(1085):
            programmer.step(dt_s, pv)
        self._move_working(dt_s)
        low, high = max(0.0, values[31]), min(100.0, values[30])
        if values[199] or values.get(1085) or self._off_by_program:
            output = values.get(64, 0.0) if self._off_by_program and self.model == "2416" else 0.0
            self.loop.restart()
        elif self.watchdog.fallen_back or broken:
            output = values[34]
            self.loop.restart()
        elif self.manual:
            output = values[3]
            self.loop.restart()
        else:
            output = self.loop.output(dt_s, pv, self.working, low, high)
        self.drive(now_ns, min(max(output, 0.0), 100.0))
        for alarm in self.alarms:
            if alarm.type:
                alarm.look(pv, self.working)

    def _move_working(self, dt_s: float) -> None:
        """The working set point: the programmer's, or the target within the set-point rate limit (register 35)."""
        values = self.registers.values
        target = self.target()
        rate = values[35]
        if self.programmer.state is not State.RESET or not rate or values.get(78):
            self.working = target
            return
        step = rate / RATE_UNITS_S[self.model][int(values[531])] * dt_s
        self.working = (
            min(target, self.working + step) if target > self.working else max(target, self.working - step)
        )

    def drive(self, now_ns: int, output_pct: float) -> None:
        """Put the output to this."""
        self.output_pct = output_pct
        self.furnace.heat(now_ns, output_pct)

    # Programmer

    def run(self) -> None:
        """Run the selected program, or go on from hold."""
        registers = self.registers
        program: Program
        if registers.blocks is not None:
            registers.blocks.running = int(registers.values[22])
            program = registers.blocks.compiled(registers.blocks.running)
            from_pv = registers.values[520] == 0
        else:
            assert registers.triples is not None
            program = registers.triples.compiled(RATE_UNITS_S["3216"][int(registers.values[531])])
            from_pv = registers.values[329] in (1, 3)
        if not program.segments or self.programmer.state is State.COMPLETE:
            return  # nothing to run; a program that is complete has to be reset first
        start = self.pv if from_pv and not isnan(self.pv) else self.working
        if self.programmer.state is State.RESET:
            self._off_by_program = self._complete = False
        self.programmer.run(program, start)

    def reset_program(self) -> None:
        """Back to SP1 or SP2."""
        self.programmer.reset()
        self._off_by_program = False

    def _program_ended(self, end: End) -> None:
        self._complete = True
        if end is End.OFF:
            self._off_by_program = True
        elif end is End.SP2:
            self.registers.values[15] = 1
            self.programmer.reset()

    def command(self, state: str) -> None:
        """Run, hold or reset."""
        if state == "run":
            self.run()
        elif state == "hold":
            self.programmer.hold()
        else:
            self.reset_program()

    def write_status(self, value: float) -> None:
        """Register 23."""
        for state in ("run", "hold", "reset"):
            if self._codes[state] == value:
                self.command(state)
                return
        raise Exceptional(ILLEGAL_VALUE)

    def status_code(self) -> int:
        """Register 23."""
        programmer = self.programmer
        if programmer.state is State.RUN and programmer.holding_back:
            return self._codes["holdback"]
        return self._codes[programmer.state.value]

    def write_target(self, value: float) -> None:
        """The set point that is selected now; not that of a program."""
        values = self.registers.values
        if self.programmer.state is not State.RESET:
            raise Unwritable
        values[26 if values[276] else 25 if values[15] else 24] = value

    # Status

    @property
    def shown_pv(self) -> float:
        """The process value as it reads, with the sentinel of a broken sensor."""
        return BROKEN_DEGC if isnan(self.pv) else self.pv

    def status_word(self) -> int:
        """Register 75: the low byte is common, the high one differs by family."""
        word = sum(alarm.on << number for number, alarm in enumerate(self.alarms))
        broken = isnan(self.pv)
        values = self.registers.values
        word |= self.manual << 4 | broken << 5 | self.loop.broken << 6
        word |= self._complete << 9
        word |= (broken or not values[11] <= self.pv <= values[12]) << 10
        if self.model == "3216":
            word |= any(alarm.new for alarm in self.alarms) << 12
            word |= (self.programmer.state is State.RUN) << 13
        else:
            word |= bool(values[270]) << 8
            word |= (self.programmer.state is State.RUN) << 12
        return word

    def take_settings(self) -> None:
        """Hand what was written to those whom it concerns."""
        values = self.registers.values
        self.loop.band, self.loop.integral_s, self.loop.derivative_s = values[6], values[8], values[9]
        self.loop.break_time_s = values[83]
        for number, alarm in enumerate(self.alarms):
            alarm.threshold = values[(13, 14, 81, 82)[number]]
            alarm.type, alarm.latch = int(values[536 + number]), int(values[540 + number])
            alarm.block = int(values[544 + number])
        if self.model == "epc3000":
            watchdog = self.watchdog
            watchdog.timeout_s, watchdog.action = values[1233], int(values[1234])
            watchdog.recovery = int(values[1235])
