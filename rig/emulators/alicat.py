"""An emulated Alicat mass-flow controller (MC family), alone on its wire or one of up to 26.

Sources: Alicat M-series manual 2023 and MC-series manual (commands), Serial Communications Primer 2018 and 2023, forms
of answers as users have published them (`alicat_tables`). Where they are silent, this is assumed: 10 ms from CR to the
answer; a unit that streams hears nothing but @@, and its frames carry no letter; firmware before 9 takes every command
that begins with L as "lock the keys" and knows no LS, before 10v05 no GS, LSS and LSRC; flow is set from nothing to
full scale, beyond is ?; a tare with gas flowing takes that flow for nothing; a wrong gas chosen changes the name only;
reference 25 degC and 14.696 psia; gas at 23 degC; a mains failure closes the valve, and the last set point comes back
with the mains unless `power_up` says another; without a totaliser AT is ?, and no unit here knows batches ($$TB).
"""

from __future__ import annotations

from collections.abc import Callable

from rig.emulators import alicat_tables as tables
from rig.emulators.alicat_loop import Loop
from rig.emulators.device import Device, Handle, Timeline
from rig.emulators.physics.mfc import FlowController
from rig.emulators.physics.tube import AMBIENT_KPA
from rig.lines.port import LinkSpec

TURNAROUND_S = 0.01
_LONGEST = 80
_PSI_KPA = 6.894757
_TIME_UNITS = {3: 1e-3, 4: 1.0, 5: 60.0, 6: 3600.0, 7: 86400.0}
_TIME_NAMES = {3: "ms", 4: "s", 5: "m", 6: "h", 7: "d"}
_INTEGER_FULL = 64000
_MIXES = range(236, 256)


class AlicatEmulator(Device):
    """One controller; `loop` is its set point and valve.

    loop.analog: its set point comes from the analog input; serial set points are heard and not taken. errors: further
    status words, such as "ADC" or "EXH". zero_sccm: what the sensor shows of nothing. register_122: whether it has one
    (an MCV has none). With firmware 5 the frame and its table have the old form.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        controller: FlowController,
        unit: str = "A",
        full_scale_sccm: float,
        gas: str = "Ar",
        baud: int = 19200,
        flow_unit: str = "SCCM",
        firmware: str = "10v20.0-R24",
        totaliser: bool = False,
        register_122: bool = True,
        power_up_sccm: float | None = None,
    ) -> None:
        super().__init__(name, timeline, LinkSpec(baud))
        self.loop = Loop(timeline, controller)
        self._flow_sccm, self._inlet_kpa = controller.flow_sccm, controller.inlet_kpa
        self.firmware = firmware
        major, _, rest = firmware.partition("v")
        self._version = (int(major), int(rest[:2]))
        self._sccm = tables.FLOW_UNITS[flow_unit][0]
        self.flow_unit = flow_unit
        self.full_scale = full_scale_sccm / self._sccm
        self._decimals = tables.decimals_of(self.full_scale)
        self.model = f"MC-{self.full_scale:g}{flow_unit}-D"
        self.gas = tables.GASES.index(gas)
        self.totaliser = totaliser
        self.register_122 = register_122
        self.power_up_sccm = power_up_sccm
        self.controlled = 37
        self.locked = False
        self.errors: set[str] = set()
        self.zero_sccm = -1e-7 * full_scale_sccm
        self.gas_degc = 23.0
        self._ramp_text = ("0", 4)
        self.stream_ms = 50
        self._streaming: Handle | None = None
        self._total_scc, self._total_ns = 0.0, timeline.now_ns
        self._input = b""
        self._on = True
        self._take_unit(unit)

    def _take_unit(self, unit: str) -> None:
        self.unit = unit
        self._request = unit.encode("ascii") + b"\r"
        flow = f"%+07.{self._decimals}f"
        # Firmware 5 writes its set point without a plus.
        setpoint = f"%06.{self._decimals}f" if self._version < (6, 0) else flow
        total = " %+09.1f" if self.totaliser else ""
        gas = "%7s" if self._version < (6, 0) else "%6s"
        self._form = f"{unit} %+07.2f %+07.2f {flow} {flow} {setpoint}{total} {gas}"

    def found_at(self, sccm: float) -> None:
        """Somebody set this flow before the emulation began. ValueError beyond full scale."""
        self.loop.found_at(sccm)

    def power(self, on: bool) -> None:
        """Mains switched, see the module."""
        self._stop_stream()
        self._on, self._input = on, b""
        if on:
            if self.power_up_sccm is not None:
                self.loop.setpoint_sccm = self.power_up_sccm
            self.loop.aim(at_power_up=True)
        else:
            self.loop.fall()

    # The frame

    def frame(self) -> bytes:
        """What a poll gives now, with its CR."""
        now_ns = self.timeline.now_ns
        flow_sccm = self._flow_sccm(now_ns) + self.zero_sccm
        psi = (self._inlet_kpa(now_ns) + AMBIENT_KPA) / _PSI_KPA
        mass = flow_sccm / self._sccm
        volume = mass * (14.696 / psi) * ((self.gas_degc + 273.15) / 298.15)
        setpoint = self.loop.now_sccm / self._sccm
        gas = tables.GASES[self.gas]
        if self.totaliser:
            self._count(now_ns, flow_sccm)
            text = self._form % (psi, self.gas_degc, volume, mass, setpoint, self._total_scc, gas)
        else:
            text = self._form % (psi, self.gas_degc, volume, mass, setpoint, gas)
        if self.errors or self.loop.held or self.locked or mass > 1.28 * self.full_scale:
            text += self._status(mass)
        return (text + "\r").encode("ascii")

    def _status(self, mass: float) -> str:
        on = set(self.errors)
        if self.loop.held:
            on.add("HLD")
        if self.locked:
            on.add("LCK")
        if mass > 1.28 * self.full_scale:
            on.add("MOV")
        order = tables.OLD_TOKENS if self._version < (6, 0) else tables.TOKENS
        return "".join(f" {token}" for token in ("ADC", *order) if token in on)

    def _count(self, now_ns: int, flow_sccm: float) -> None:
        """The total since the last look, at the flow of now: polled each second that is as good as it needs to be."""
        self._total_scc += flow_sccm / 60.0 * (now_ns - self._total_ns) / 1e9
        self._total_ns = now_ns

    # Streaming

    def _stream(self) -> None:
        self.send(self.frame()[1:])
        self._streaming = self.timeline.call_at(
            self.timeline.now_ns + self.stream_ms * 1_000_000, self._stream
        )

    def _stop_stream(self) -> None:
        if self._streaming is not None:
            self._streaming.cancel()
            self._streaming = None

    # Commands in

    def receive(self, data: bytes) -> None:
        """Everything on the wire; answers what begins with its letter."""
        if not self._on:
            return
        if data == self._request and not self._input and self._streaming is None:
            self.send(self.frame(), TURNAROUND_S)
            return
        *commands, rest = (self._input + data).split(b"\r")
        self._input = rest[-_LONGEST:]
        for command in commands:
            self._execute(command.decode("ascii", "replace").strip("\n"))

    def _execute(self, text: str) -> None:
        command = text.upper()
        if command.startswith("@@") and len(command) == 4 and command[2] in "= " and command[3].isalpha():
            if self._streaming is not None:
                self._stop_stream()
                self._take_unit(command[3])
            return
        if self._streaming is not None or command[:1] != self.unit:
            return
        answer = self._answer(command[1:].removeprefix("$$"))
        self.send(answer if isinstance(answer, bytes) else answer.encode("ascii"), TURNAROUND_S)

    def _answer(self, command: str) -> bytes | str:
        if not command:
            return self.frame()
        simple = _SIMPLE.get(command)
        if simple is not None:
            return simple(self)
        try:
            if command[0] == "@" and len(command) == 3 and command[1] in "= ":
                return self._rename(command[2])
            if command.isdigit():
                return self._set(int(command) / _INTEGER_FULL * self.full_scale)
            for word, method, since in _WORDS:
                if command.startswith(word) and self._version >= since:
                    return method(self, command[len(word) :].strip())
        except (ValueError, KeyError, IndexError):
            pass
        return "?\r"

    def _rename(self, letter: str) -> bytes | str:
        if letter == "@":
            self._streaming = self.timeline.call_at(self.timeline.now_ns + 1_000_000, self._stream)
            return b""
        if not "A" <= letter <= "Z":
            return "?\r"
        self._take_unit(letter)
        return self.frame()

    def _set(self, value: float) -> bytes | str:
        """Raises nothing; a value beyond the scale is ?."""
        if not 0.0 <= value <= self.full_scale * (1 + 1e-9):
            return "?\r"
        if not self.loop.analog:
            self.loop.setpoint_sccm = round(value, self._decimals) * self._sccm
            self.loop.aim()
        return self.frame()

    def _old_set(self, rest: str) -> bytes | str:
        return self._set(float(rest))

    def _long_set(self, rest: str) -> bytes | str:
        if rest and self._set(float(rest)) == "?\r":
            return "?\r"
        form = f"{self.unit} %+07.{self._decimals}f %+07.{self._decimals}f %d {self.flow_unit}\r"
        code = int(tables.FLOW_UNITS[self.flow_unit][1])
        return form % (self.loop.now_sccm / self._sccm, self.loop.wanted_sccm / self._sccm, code)

    def _source(self, rest: str) -> str:
        if rest:
            if rest not in ("S", "U", "A"):
                return "?\r"
            self.loop.analog = rest == "A"
            self.loop.aim()
        return f"{self.unit} {'A' if self.loop.analog else 'S'}\r"

    def _ramp(self, rest: str) -> str:
        if rest:
            rate, time = rest.split()
            self.loop.ramp_sccm_s = float(rate) * self._sccm / _TIME_UNITS[int(time)]
            self._ramp_text = (rate, int(time))
        rate, unit = self._ramp_text
        code = int(tables.FLOW_UNITS[self.flow_unit][1])
        return f"{self.unit} {float(rate):+07.2f} {code} {unit} {self.flow_unit}/{_TIME_NAMES[unit]}\r"

    def _ramp_edges(self, rest: str) -> str:
        if rest:
            edges = [word == "1" for word in rest.split() if word in ("0", "1")]
            if len(edges) != 4:
                return "?\r"
            self.loop.ramped = edges
        return f"{self.unit} {' '.join('1' if edge else '0' for edge in self.loop.ramped)}\r"

    def _choose_gas(self, rest: str) -> bytes | str:
        self._take_gas(int(rest))
        return self.frame()

    def _choose_gas_long(self, rest: str) -> str:
        if rest:
            self._take_gas(int(rest.split()[0]))
        return tables.gas_line(self.unit, self.gas)

    def _take_gas(self, number: int) -> None:
        """Raises IndexError for a gas, or a mix, that it does not have."""
        if number < 0 or number in _MIXES:
            raise IndexError(number)
        tables.GASES[number]
        self.gas = number

    def _full(self, rest: str) -> str:
        if rest != "5":
            return "?\r"
        code = int(tables.FLOW_UNITS[self.flow_unit][1])
        return f"{self.unit} {self.full_scale:+0{7}.{self._decimals}f} {code} {self.flow_unit}\r"

    def _interval(self, rest: str) -> str:
        if rest:
            self._take_interval(int(rest))
        return f"{self.unit} {self.stream_ms}\r"

    def _take_interval(self, milliseconds: int) -> None:
        """Raises ValueError for one that no unit can keep."""
        if not 1 <= milliseconds <= 65535:
            raise ValueError(milliseconds)
        self.stream_ms = milliseconds

    def _read_register(self, rest: str) -> bytes | str:
        return self._register(int(rest))

    def _register(self, number: int) -> bytes | str:
        if number == 122 and not self.register_122:
            return self.frame()
        # Bits above the ninth of register 46 are the dead band around zero.
        value = {46: self.gas | 0x200, 122: self.controlled, 91: self.stream_ms}[number]
        return f"{self.unit}   {number:03d} = {value}\r"

    def _write_register(self, rest: str) -> bytes | str:
        number, _, value = rest.partition("=")
        if number == "46":
            self._take_gas(int(value) & 0x1FF)
        elif number == "91":
            self._take_interval(int(value))
        elif number == "122" and self.register_122:
            tables.CONTROLLED[int(value)]
            self.controlled = int(value)
        return self._register(int(number))

    # Commands without anything after them

    def _frame_table(self) -> str:
        if self._version < (6, 0):
            return tables.old_frame_rows(
                self.unit, self.flow_unit, self._decimals, self.full_scale, self.totaliser
            )
        return tables.frame_rows(self.unit, self.flow_unit, self._decimals, self.controlled, self.totaliser)

    def _maker_table(self) -> str:
        return tables.maker_rows(self.unit, self.model, self.firmware)

    def _gas_table(self) -> str:
        return tables.gas_rows(self.unit)

    def _say_version(self) -> str:
        return f"{self.unit}   {self.firmware} Jan  9 2025,15:04:07\r"

    def _hold_still(self) -> bytes:
        self.loop.hold(closed=False)
        return self.frame()

    def _hold_closed(self) -> bytes:
        self.loop.hold(closed=True)
        return self.frame()

    def _let_go(self) -> bytes:
        self.loop.let_go()
        return self.frame()

    def _tare_flow(self) -> bytes:
        self.zero_sccm = -self._flow_sccm(self.timeline.now_ns)
        return self.frame()

    def _tare_pressure(self) -> bytes:
        """Its barometer agrees with its sensor here: nothing to see."""
        return self.frame()

    def _reset_total(self) -> bytes | str:
        if not self.totaliser:
            return "?\r"
        self._total_scc, self._total_ns = 0.0, self.timeline.now_ns
        return self.frame()

    def _lock(self) -> bytes:
        self.locked = True
        return self.frame()

    def _lock_old(self, _: str) -> bytes:
        return self._lock()

    def _unlock(self) -> bytes:
        self.locked = False
        return self.frame()


_SIMPLE: dict[str, Callable[[AlicatEmulator], bytes | str]] = {
    "??D*": AlicatEmulator._frame_table,
    "??M*": AlicatEmulator._maker_table,
    "??G*": AlicatEmulator._gas_table,
    "VE": AlicatEmulator._say_version,
    "HP": AlicatEmulator._hold_still,
    "H": AlicatEmulator._hold_still,
    "HC": AlicatEmulator._hold_closed,
    "C": AlicatEmulator._let_go,
    "V": AlicatEmulator._tare_flow,
    "P": AlicatEmulator._tare_pressure,
    "PC": AlicatEmulator._tare_pressure,
    "T": AlicatEmulator._reset_total,
    "L": AlicatEmulator._lock,
    "U": AlicatEmulator._unlock,
}
_WORDS: tuple[tuple[str, Callable[[AlicatEmulator, str], bytes | str], tuple[int, int]], ...] = (
    ("LSRC", AlicatEmulator._ramp_edges, (10, 5)),
    ("LSS", AlicatEmulator._source, (10, 5)),
    ("LS", AlicatEmulator._long_set, (9, 0)),
    ("L", AlicatEmulator._lock_old, (0, 0)),
    ("SR", AlicatEmulator._ramp, (7, 11)),
    ("S", AlicatEmulator._old_set, (0, 0)),
    ("GS", AlicatEmulator._choose_gas_long, (10, 5)),
    ("G", AlicatEmulator._choose_gas, (0, 0)),
    ("FPF", AlicatEmulator._full, (6, 0)),
    ("NCS", AlicatEmulator._interval, (10, 5)),
    ("R", AlicatEmulator._read_register, (0, 0)),
    ("W", AlicatEmulator._write_register, (0, 0)),
)
"""What takes something after it: word, method, firmware from which it is known; the first that fits."""
