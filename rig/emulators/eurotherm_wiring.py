"""What each register of an emulated Eurotherm reads and does, where it is more than a value that is kept."""

from __future__ import annotations

from math import isnan, nan
from typing import Protocol

from rig.emulators.eurotherm_control import Control
from rig.emulators.eurotherm_map import Unwritable
from rig.emulators.eurotherm_programmer import State
from rig.emulators.eurotherm_slave import ILLEGAL_VALUE, Exceptional


class Owner(Protocol):
    """The instrument around the control."""

    resets: int

    def set_mode(self, value: float) -> None:
        """Register 199."""

    def set_autotune(self, value: float) -> None:
        """Register 270."""


def wire(control: Control, owner: Owner) -> None:
    """Fill in `live` and `hooks` of the control's registers."""
    _Wiring(control, owner).wire()


class _Wiring:
    def __init__(self, control: Control, owner: Owner) -> None:
        self.control = control
        self.owner = owner
        self.registers = control.registers

    def wire(self) -> None:
        registers, control = self.registers, self.control
        programmer, values = control.programmer, registers.values
        live, hooks = registers.live, registers.hooks

        def segment_number() -> float:
            segment = programmer.segment
            return float(segment.number) if segment is not None else 0.0

        live.update({
            1: lambda: control.shown_pv, 289: lambda: control.shown_pv, 2: control.target,
            4: lambda: control.output_pct,
            3: lambda: values[3] if control.manual else control.output_pct,
            5: lambda: control.working, 39: lambda: control.shown_pv - control.working,
            23: control.status_code, 74: lambda: control.status_word() & 0xFF, 75: control.status_word,
            202: lambda: nan if isnan(control.pv) else control.pv * 0.0413, 263: lambda: control.loop.broken,
            273: lambda: control.manual, 274: lambda: 0,
        })  # fmt: skip
        segments = {
            29: lambda: self._segment_type(), 56: segment_number, 330: segment_number,
            36: programmer.time_left_s, 63: programmer.time_left_s, 58: programmer.program_left_s,
            59: lambda: programmer.program.cycles - programmer.cycle, 160: self._segment_target,
            161: self._segment_rate, 163: lambda: programmer.setpoint, 325: lambda: programmer.elapsed_s,
            258: lambda: isnan(control.pv), 259: lambda: control.power_failed,
            260: lambda: any(alarm.new for alarm in control.alarms),
            261: lambda: any(alarm.on and alarm.latch for alarm in control.alarms),
            294: lambda: control.alarms[0].on, 295: lambda: control.alarms[1].on,
            1072: lambda: control.status_word() & 0xF, 1089: lambda: self.owner.resets,
            2113: lambda: control.alarms[0].on, 2125: lambda: control.alarms[0].on,
            1236: lambda: control.watchdog.flag, 10584: lambda: values[22],
            10573: lambda: 0, 10574: lambda: 0, 10575: lambda: 0, 10576: lambda: 0, 10577: lambda: 0,
        }  # fmt: skip
        live.update({number: get for number, get in segments.items() if number in registers.table})
        hooks.update({
            2: control.write_target, 3: self._write_manual_output, 22: self._write_program_number,
            23: control.write_status, 199: self.owner.set_mode, 270: self.owner.set_autotune, 273: self._write_manual,
            274: self._acknowledge, 2126: self._acknowledge, 1236: self._write_watchdog_flag,
            10573: lambda value: control.command("run") if value else None,
            10574: lambda value: control.command("hold") if value else None,
            10575: lambda value: control.command("reset") if value else None,
            10576: lambda value: control.command("run" if value else "hold"),
            10577: lambda value: control.command("run" if value else "reset"),
        })  # fmt: skip
        triples = registers.triples
        if triples is not None:
            live.update({
                327: lambda: registers.triples.back if registers.triples else 0.0,
                328: lambda: registers.triples.end if registers.triples else 0.0,
            })  # fmt: skip
            hooks.update({327: self._write_back, 328: self._write_end})

    def _segment_type(self) -> int:
        segment = self.control.programmer.segment
        kinds = {"rate": 1, "time": 2, "dwell": 3, "step": 4}
        return kinds[segment.kind] if segment is not None else 0

    def _segment_target(self) -> float:
        segment = self.control.programmer.segment
        return (
            self.control.programmer.setpoint if segment is None or segment.kind == "dwell" else segment.target
        )

    def _segment_rate(self) -> float:
        segment = self.control.programmer.segment
        return segment.rate_s * 60.0 if segment is not None else 0.0

    def _write_back(self, value: float) -> None:
        assert self.registers.triples is not None
        self.registers.triples.back = value

    def _write_end(self, value: float) -> None:
        assert self.registers.triples is not None
        self.registers.triples.end = int(value)

    def _write_manual_output(self, value: float) -> None:
        if not self.control.manual:
            raise Unwritable
        self.registers.values[3] = value

    def _write_program_number(self, value: float) -> None:
        blocks = self.registers.blocks
        assert blocks is not None
        if value > blocks.programs or self.control.programmer.state is not State.RESET:
            raise Exceptional(ILLEGAL_VALUE)
        self.registers.values[22] = value

    def _write_manual(self, value: float) -> None:
        """Bumpless: manual begins with the output there was."""
        if value and not self.control.manual:
            self.registers.values[3] = self.control.output_pct
        self.control.manual = bool(value)

    def _acknowledge(self, value: float) -> None:
        if value:
            self.control.power_failed = False
            for alarm in self.control.alarms:
                alarm.acknowledge()

    def _write_watchdog_flag(self, value: float) -> None:
        if not value:
            self.control.watchdog.flag = False
