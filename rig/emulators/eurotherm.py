"""An emulated Eurotherm EPC3000, 3216P or 2416: Modbus slave, programmer and PID loop in front of a furnace.

Sources as in `eurotherm_slave`, `eurotherm_map`, `eurotherm_programmer`, `eurotherm_loop`; the control itself is in
`eurotherm_control`, what each register reads and does in `eurotherm_wiring`. It works once a second while there is
anything to control, and when it is asked something otherwise. Assumed where the documents are silent: at sensor break
the process value reads 7FFF (3276.7 in the float area); a program that ends in "off" keeps the output at 0 until reset;
resetting the programmer, or its end in reset, gives control to SP1 or SP2.
"""

from __future__ import annotations

from collections.abc import Sequence

from rig.emulators.device import Handle, Timeline
from rig.emulators.eurotherm_control import Control, HotZone
from rig.emulators.eurotherm_map import RegisterMap
from rig.emulators.eurotherm_registers import LATENCY_S, MODELS, RATE_UNITS_S
from rig.emulators.eurotherm_slave import Slave
from rig.emulators.eurotherm_wiring import wire
from rig.lines.port import LinkSpec

STEP_NS = 1_000_000_000
RESTART_NS = 5_000_000_000


class EurothermEmulator(Slave):
    """One controller. `registers` is what a person has set on it: registers.values by number.

    model: "epc3000", "3216" or "2416". tuning: proportional band in degC, integral and derivative time in s (default:
    not tuned to any furnace). decimals, resolution ("full", "integer"), units (0 C, 1 F, 2 K), rate_unit (register 531,
    None: minutes), low_word_first: what somebody may have configured. forbidden: writes to registers 199 and 270.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        furnace: HotZone,
        model: str = "epc3000",
        address: int = 1,
        baud: int = 9600,
        seed: int = 0,
        tuning: tuple[float, float, float] = (14.0, 300.0, 20.0),
        decimals: int = 1,
        resolution: str = "full",
        units: int = 0,
        rate_unit: int | None = None,
        low_word_first: bool = False,
    ) -> None:
        if model not in MODELS:
            raise ValueError(f"{name}: no emulated Eurotherm {model!r}; there are {', '.join(MODELS)}")
        super().__init__(name, timeline, LinkSpec(baud), address, LATENCY_S[model])
        self.model = model
        self.seed = seed
        self.registers = RegisterMap(model, decimals, resolution, model != "epc3000", low_word_first)
        self.control = Control(model, self.registers, furnace, tuning, timeline.now_ns)
        self.forbidden: list[tuple[int, float]] = []
        self.resets = 1
        self._powered = True
        self._tick: Handle | None = None
        self._watch: Handle | None = None
        values = self.registers.values
        values[516] = units
        if rate_unit is not None:
            values[531] = rate_unit
        values[6], values[8], values[9] = tuning
        values[131] = address
        wire(self.control, self)
        self._settings_changed()

    @property
    def output_pct(self) -> float:
        """What drives the heater now."""
        return self.control.output_pct

    # Power

    def power(self, on: bool) -> None:
        """Off: nothing is controlled. On: settings and programs are kept; a program that ran goes on as register 518
        says (0 ramp back, 1 reset, 2 continue; a 3216 resets)."""
        self._buffer = b""
        self._powered = on
        self.control.power(self.timeline.now_ns, on)
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if on:
            self.resets += 1
            self._dead_until_ns = -1
            self._wake()

    def found_tuned(self, band_degc: float, integral_s: float, derivative_s: float) -> None:
        """Somebody has set these terms on it: proportional band, integral and derivative time (0: off)."""
        values = self.registers.values
        values[6], values[8], values[9] = band_degc, integral_s, derivative_s
        self._settings_changed()

    def found_running(
        self,
        segments: Sequence[tuple[float, float, float]],
        *,
        hold_back_degc: float = 5.0,
        power_pct: float = 0.0,
    ) -> None:
        """It is found running this program, as somebody left it: (degC/min, target degC, dwell s) each, ending in off.
        The first ramp begins at the present temperature, the output at power_pct (what holds a hot furnace)."""
        registers = self.registers
        triples, blocks = registers.triples, registers.blocks
        if triples is not None:
            triples.end, triples.back = 0, hold_back_degc
            unit_s = RATE_UNITS_S[self.model][int(registers.values[531])]
            filled = (*segments, *((segments[-1][0], segments[-1][1], 0.0),) * triples.segments)
            for index, (rate, target, dwell_s) in enumerate(filled[: triples.segments]):
                for place, value in enumerate((dwell_s, target, rate * unit_s / 60.0)):
                    triples.cells[3 * index + place] = value
        elif blocks is not None:
            cells: list[tuple[int, float]] = [(1, hold_back_degc), (2, 1), (3, 1), (4, 1), (6, 1)]
            cells.append((0, 3 if hold_back_degc > 0.0 else 0))
            at = 8
            for rate, target, dwell_s in segments:
                cells += [(at, 1), (at + 1, target), (at + 2, rate)]
                at += 8
                if dwell_s > 0.0:
                    cells += [(at, 3), (at + 2, dwell_s)]
                    at += 8
            cells += [(at, 0), (at + 3, 0)]
            for offset, value in cells:
                blocks.put(1, offset, value)
            registers.values[22] = 1
        self._wake()
        self.control.run()
        self.control.loop.preset(power_pct)
        self._wake()

    # Modbus

    def heard(self) -> None:
        """Feed the watchdog, and bring what is idle up to now."""
        now_ns = self.timeline.now_ns
        self.control.watchdog.feed(now_ns)
        self._watch_on()
        if self._tick is None and now_ns - self.control.stepped_ns >= STEP_NS:
            self._wake()

    def read_words(self, register: int, count: int) -> bytes:
        """See RegisterMap."""
        return self.registers.read(register, count)

    def write_one(self, register: int, word: int) -> None:
        """See RegisterMap."""
        self.registers.write_one(register, word)
        self._settings_changed()

    def write_block(self, register: int, words: bytes) -> None:
        """See RegisterMap; what was written before a refusal stays."""
        try:
            self.registers.write_block(register, words)
        finally:
            self._settings_changed()

    def fast_status(self) -> int:
        """Low byte of the status word."""
        return self.control.status_word() & 0xFF

    def receive(self, data: bytes) -> None:
        """Deaf without mains."""
        if self._powered:
            super().receive(data)

    # Control

    def _wake(self) -> None:
        """Control now, and go on while there is something to control."""
        if not self._powered:
            return
        self.control.step(self.timeline.now_ns)
        if self._tick is None and self.control.busy():
            self._tick = self.timeline.call_at(self.timeline.now_ns + STEP_NS, self._on_tick)

    def _on_tick(self) -> None:
        now_ns = self.timeline.now_ns
        self.control.step(now_ns)
        self._tick = self.timeline.call_at(now_ns + STEP_NS, self._on_tick) if self.control.busy() else None

    def _settings_changed(self) -> None:
        """Something was written: control at once with it."""
        self.address = int(self.registers.values[131])
        self.control.take_settings()
        self._watch_on()
        self._wake()

    def set_mode(self, value: float) -> None:
        """Register 199: normal, standby, configuration (control off; leaving it restarts, 5 s); anything else wipes
        the memory."""
        self.forbidden.append((199, value))
        values = self.registers.values
        if value > 2:
            self.registers.wipe()
        elif values[199] == 2 and value == 0:
            values[199] = 0
            self.power(False)
            self.power(True)
            self._dead_until_ns = self.timeline.now_ns + RESTART_NS
        else:
            values[199] = value

    def set_autotune(self, value: float) -> None:
        """Register 270."""
        self.forbidden.append((270, value))
        self.registers.values[270] = value

    # The EPC's watchdog: planned only where it could do something, and moved on when it comes too early, so that the
    # common message costs no event.

    def _watch_on(self) -> None:
        if self._watch is None and self._powered:
            due_ns = self.control.watchdog.due_ns()
            if due_ns is not None:
                self._watch = self.timeline.call_at(due_ns, self._look_at_watchdog)

    def _look_at_watchdog(self) -> None:
        self._watch = None
        due_ns = self.control.watchdog.due_ns()
        if due_ns is None or not self._powered:
            return
        if self.timeline.now_ns >= due_ns:
            self.control.watchdog.flag = True
            self._wake()
        else:
            self._watch_on()
