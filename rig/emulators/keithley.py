"""An emulated Keithley 6485 (or 6487) picoammeter on RS-232 or GPIB, in a collector's return to earth.

Sources: Keithley 6485 and 6487 manuals (SCPI reference tables, RS-232 operation, figure 13-1). Where they are silent,
this is assumed: 2 ms from a query to its reply; a reading takes its aperture, twice that with autozero, and 0.8 ms;
the input amplifier is off by 0.3 pA before zero correct, its noise is 5e-6 of the range at one line cycle and grows
with the root of a shorter aperture; zero check is on after power-on and *RST; status questions are answered while
readings are taken, everything else waits for them. Math and rel results (CALC:DATA?) are not emulated: they do not
touch what READ?, FETC? and the buffer give.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from rig.emulators.device import Device, Handle, Timeline
from rig.emulators.keithley_commands import ACTIONS, SETTINGS, Number
from rig.emulators.keithley_memory import BAV, BFL, KeithleyMemory, Reading
from rig.emulators.physics.noise import key_for, normal
from rig.emulators.scpi import ScpiError, number, units
from rig.emulators.scpi_status import MESSAGE, ScpiStatus
from rig.lines.port import LinkSpec
from rig.lines.visaport import BUS_LINK

REPLY_S = 0.002
OVERHEAD_S = 0.0008
OFFSET_A = 0.3e-12
NOISE_OF_RANGE = 5e-6
STEP_OF_RANGE = 5e-7
RANGES_A = (2e-9, 2e-8, 2e-7, 2e-6, 2e-5, 2e-4, 2e-3, 2e-2)
RAV, ROF = 64, 128
"""Measurement event bits: reading available, reading overflow."""
IDLE = 1024
_IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL {},1381988,C01 Jun 23 2010 12:22:00/A02 /G"
_INPUT_LIMIT = 1024


class Collector(Protocol):
    """What the meter needs of the electrode it is wired to; currents in nA, averaged over the aperture."""

    def mean_na(self, t_ns: int, aperture_ns: int) -> float:
        """One reading."""

    def burst(self, t_ns_start: int, n: int, period_ns: int) -> list[float]:
        """n readings, one each period."""


class KeithleyEmulator(ScpiStatus, KeithleyMemory, Device):
    """One picoammeter measuring `collector`.

    link, terminator: as set at its front panel; terminator (TERM) ends its replies. bus: "rs232" acts on CR, "gpib" on
    LF. noise: whether it has any of its own; the collector's comes with the collector.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        collector: Collector,
        link: LinkSpec | None = None,
        terminator: bytes = b"\n",
        bus: str = "rs232",
        model: str = "6485",
        mains_hz: int = 50,
        seed: int = 0,
        noise: bool = True,
    ) -> None:
        usual = LinkSpec(57600) if bus == "rs232" else BUS_LINK
        Device.__init__(self, name, timeline, link if link is not None else usual)
        self._collector = collector
        self._terminator = terminator
        self._acts_on = b"\r" if bus == "rs232" else b"\n"
        self._idn = _IDENTITY.format(model)
        self.known_elements = ("READ", "UNIT", "TIME", "STAT", *(("VSO",) if model == "6487" else ()))
        self._mains_hz = mains_hz
        self._noise = noise
        self._key = key_for(seed, name)
        self._on = True
        self._power_on()

    # Power, reset, device clear

    def _power_on(self) -> None:
        self._samples_taken = 0
        self._input = b""
        self.reset_status()
        self.reset_memory()
        self._waiting: deque[tuple[str, str] | None] = deque()  # units; None ends a message
        self._answers: list[str] = []
        self._acquiring: Handle | None = None
        self._held = False  # READ? or *OPC? is owed an answer: nothing else is executed before
        self._last: list[Reading] = []
        self._zero_ns = self.timeline.now_ns
        self._correction_a = 0.0
        self.set: dict[str, float | bool | str] = {"trac_points": 100.0, "trac_control": "NEV"}
        self._defaults(reset=False)

    def _defaults(self, reset: bool) -> None:
        for setting in SETTINGS.values():
            # *RST does not touch the buffer's settings (6485 manual).
            if not (reset and setting.name.startswith("trac")):
                self.set[setting.name] = setting.default
        self.set["lfr"] = float(self._mains_hz)
        self.set["nplc"] = self._mains_hz / 10.0
        self.range_a = RANGES_A[-1]

    def power(self, on: bool) -> None:
        """Mains switched."""
        if self._acquiring is not None:
            self._acquiring.cancel()
        self._on = on
        self._power_on()

    def _clear(self) -> None:
        """Device clear: input, output and what is pending are dropped, the trigger model goes idle."""
        self._input = b""
        self._waiting.clear()
        self._answers.clear()
        self._abort()

    def _abort(self) -> None:
        if self._acquiring is not None:
            self._acquiring.cancel()
            self._acquiring = None
        self._held = False

    # Bytes in, units executed in order, replies out

    def receive(self, data: bytes) -> None:
        """Characters; ^C and ^X act at once, wherever they stand."""
        if not self._on:
            return
        for clear in (b"\x03", b"\x18"):
            if clear in data:
                self._clear()
                data = data.rpartition(clear)[2]
        *messages, self._input = (self._input + data).split(self._acts_on)
        if len(self._input) > _INPUT_LIMIT:
            self._input = b""
            self.fail(-363)
        for message in messages:
            text = message.decode("ascii", "replace").strip()
            if text:
                self._waiting.extend(units(text))
                self._waiting.append(None)
        self._run()

    def _run(self) -> None:
        waiting = self._waiting
        while waiting and not self._held:
            unit = waiting[0]
            if unit is None:
                waiting.popleft()
                if self._answers:
                    self.send(";".join(self._answers).encode("ascii") + self._terminator, REPLY_S)
                    self._answers.clear()
                continue
            header, parameters = unit
            action = ACTIONS.get(header)
            if self._acquiring is not None and not (action is not None and action.at_once):
                return
            waiting.popleft()
            try:
                if action is not None:
                    if parameters and not action.takes:
                        raise ScpiError(-108)
                    answer = getattr(self, action.method)(parameters)
                else:
                    answer = self._setting(header, parameters)
            except ScpiError as error:
                self.fail(error.code)
                continue
            if answer is not None:
                self._answers.append(answer)

    def _setting(self, header: str, parameters: str) -> str | None:
        query = header.endswith("?")
        setting = SETTINGS.get(header.removesuffix("?"))
        if setting is None:
            raise ScpiError(-113)
        if query:
            if isinstance(setting, Number) and parameters:
                return f"{number(parameters, setting.low, setting.high, setting.default):+.6E}"
            return setting.show(self.set[setting.name])
        value = setting.parse(parameters)
        if setting.name == "lfr" and value not in (50.0, 60.0):
            raise ScpiError(-224)
        if setting.name == "nplc" and float(value) > float(self.set["lfr"]) / 10.0:
            raise ScpiError(-222)
        self.set[setting.name] = value
        return None

    # Readings

    @property
    def period_s(self) -> float:
        """From one reading to the next, as now set."""
        return self._aperture_s * (2 if self.set["azer"] else 1) + OVERHEAD_S + float(self.set["delay"])

    @property
    def _aperture_s(self) -> float:
        return float(self.set["nplc"]) / float(self.set["lfr"])

    def _acquire(self, then: Callable[[], None] | None) -> None:
        """Take what the trigger counts say, beginning now; `then` when all are there."""
        count = int(float(self.set["arm_count"]) * float(self.set["trig_count"]))
        began_ns = self.timeline.now_ns
        # Settings cannot change before it is done, so the time it takes is known now.
        done_ns = began_ns + round(count * self.period_s * 1e9)

        def finish() -> None:
            if self._range_moves(began_ns):
                self._acquire(then)
                return
            self._acquiring = None
            self._take(began_ns, count)
            if then is not None:
                self._held = False
                then()
            self._run()

        self._held = then is not None
        self._acquiring = self.timeline.call_at(done_ns, finish)

    def _range_moves(self, began_ns: int) -> bool:
        """Autorange: one decade up at 105 %, down when the next lower range would be at less than 100 %."""
        if not self.set["range_auto"]:
            return False
        amps = abs(self._input_a(began_ns, round(self._aperture_s * 1e9)))
        here = RANGES_A.index(self.range_a)
        if amps > 1.05 * self.range_a and self.range_a < float(self.set["range_high"]) / 1.05:
            self.range_a = RANGES_A[here + 1]
        elif here > 0 and amps < RANGES_A[here - 1] and RANGES_A[here - 1] >= self._least_range_a():
            self.range_a = RANGES_A[here - 1]
        else:
            return False
        return True

    def _least_range_a(self) -> float:
        return float(self.set["range_low"]) / 1.05 * (1 - 1e-9)

    def _input_a(self, t_ns: int, aperture_ns: int) -> float:
        return 0.0 if self.set["zch"] else self._collector.mean_na(t_ns, aperture_ns) * 1e-9

    def _take(self, began_ns: int, count: int) -> None:
        period_s = self.period_s
        period_ns = round(period_s * 1e9)
        if count == 1:
            inputs = [self._input_a(began_ns, round(self._aperture_s * 1e9))]
        elif self.set["zch"]:
            inputs = [0.0] * count
        else:
            inputs = [value * 1e-9 for value in self._collector.burst(began_ns, count, period_ns)]
        full_a = 1.05 * self.range_a
        step_a = self.range_a * STEP_OF_RANGE
        sigma_a = self.range_a * NOISE_OF_RANGE * float(self.set["nplc"]) ** -0.5
        shift_a = OFFSET_A - (self._correction_a if self.set["zcor"] else 0.0)
        first_s = (began_ns - self._zero_ns) / 1e9
        taken = self._samples_taken
        readings: list[Reading] = []
        for place, amps in enumerate(inputs):
            amps += shift_a
            if self._noise:
                amps += sigma_a * normal(self._key, taken + place)
            time_s = (first_s + (place + 1) * period_s) % 100_000.0
            if -full_a <= amps <= full_a:
                readings.append((round(amps / step_a) * step_a, time_s))
            else:
                readings.append((None, time_s))
        self._samples_taken = taken + count
        self._last = readings
        self.event["MEAS"] |= RAV
        if any(value is None for value, _ in readings):
            self.event["MEAS"] |= ROF
        if self.set["trac_control"] == "NEXT":
            self._fill(readings)

    # Common commands

    def condition(self, register: str) -> int:
        """Buffer states as measurement conditions, idle as an operation condition."""
        if register == "MEAS":
            return (BAV if len(self._buffer) >= 2 else 0) | (BFL if self._buffer_full else 0)
        return IDLE if register == "OPER" and self._acquiring is None else 0

    def status_byte(self) -> int:
        """With the bit that an answer waits to be sent."""
        return super().status_byte() | (MESSAGE if self._answers else 0)

    def do_identity(self, _: str) -> str:
        """*IDN?"""
        return self._idn

    def do_reset(self, _: str) -> None:
        """*RST and SYST:PRES"""
        self._abort()
        self._last = []
        self._defaults(reset=True)

    # Measuring commands

    def do_read(self, _: str) -> None:
        """READ?: a reading now; the reply follows when it is taken."""
        self._acquire(self._answer_last)

    def do_measure(self, _: str) -> None:
        """MEAS?: one reading with the defaults of CONF."""
        self.do_configure("")
        self._acquire(self._answer_last)

    def _answer_last(self) -> None:
        self._answers.append(self._show(self._last))

    def do_configure(self, _: str) -> None:
        """CONF: autorange, one reading."""
        self.set.update(range_auto=True, arm_count=1.0, trig_count=1.0)

    def do_function(self, _: str) -> str:
        """The one function there is."""
        return '"CURR:DC"'

    def do_initiate(self, _: str) -> None:
        """INIT: readings as the counts say; only status questions are heard before they are done."""
        if self._acquiring is not None:
            raise ScpiError(-213)
        self._acquire(None)

    def do_abort(self, _: str) -> None:
        """ABOR: back to idle."""
        self._abort()

    def do_fetch(self, _: str) -> str:
        """FETC?: the last readings, no new ones."""
        if not self._last:
            raise ScpiError(-230)
        return self._show(self._last)

    # Range and zero

    def do_range(self, text: str) -> None:
        """RANG: the smallest range that holds the value; fixes it."""
        wanted = abs(number(text, -0.021, 0.021))
        self.range_a = next(
            (range_a for range_a in RANGES_A if wanted <= range_a * 1.05 * (1 + 1e-9)), RANGES_A[-1]
        )
        self.set["range_auto"] = False

    def do_range_query(self, _: str) -> str:
        """RANG?"""
        return f"{self.range_a:+.6E}"

    def do_zero_acquire(self, _: str) -> None:
        """SYST:ZCOR:ACQ: the last reading becomes the correction; only with zero check on."""
        if not self.set["zch"] or not self._last or self._last[-1][0] is None:
            raise ScpiError(-221)
        before = self._correction_a if self.set["zcor"] else 0.0
        self._correction_a = self._last[-1][0] + before

    def do_time_reset(self, _: str) -> None:
        """SYST:TIME:RES: time stamps from now."""
        self._zero_ns = self.timeline.now_ns
