"""An emulated Vaisala HMT310/HMT330 transmitter in a chamber, alone on its line or one of several in POLL mode.

Sources: Vaisala HMT310 (M210619EN, lists of serial commands, FST), HMT330 (M210566EN, FORM modifiers), HMP228
(M210282EN: INTV, ERRS, OPEN, ECHO), HMP240 (M210300EN: SMODE, ADDR, UNIT) manuals. Where they are silent, this is
assumed: 30 ms from a command to its answer; the text of "?", of VERS and of the answer to an unknown command; in RUN
mode the first line comes after one interval; echo is off; SMODE and SERI act after RESET or power-on.
"""

from __future__ import annotations

from collections.abc import Callable

from rig.emulators.device import Device, Handle, Timeline
from rig.emulators.physics.chamber import Chamber
from rig.emulators.vaisala_form import DEFAULT_FORM, Formatter, Sample
from rig.lines.port import LinkSpec

TURNAROUND_S = 0.03
_INTERVALS = {"S": 1.0, "MIN": 60.0, "H": 3600.0}
_MODES = ("STOP", "RUN", "POLL")
_LONGEST = 200


class VaisalaEmulator(Device):
    """One transmitter. mode: "STOP", "RUN" or "POLL" (heard only with its address).

    heating: None, or the state letter of FST and STAT: "h" probe heating, "H" purge, "S" cooling after purge, "X"
    sensor heating. broken: quantities ("T", "RH") whose measurement fails; their values are asterisks, their flags set.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        chamber: Chamber,
        link: LinkSpec | None = None,
        model: str = "HMT330",
        address: int = 0,
        mode: str = "STOP",
        form: str = DEFAULT_FORM,
        metric: bool = True,
        echo: bool = False,
    ) -> None:
        super().__init__(name, timeline, link if link is not None else LinkSpec(4800, 7, "E", 1))
        if mode not in _MODES:
            raise ValueError(f"{name}: serial mode {mode!r} is none of {', '.join(_MODES)}")
        self._chamber = chamber
        self._model = model
        self.address = address
        self.metric = metric
        self.echo = echo
        self.interval = (10, "S")
        self.start_mode = mode
        self.show_state = False
        self.serial_settings = f"{self.link.baud} {self.link.parity} {self.link.bits} {self.link.stop}"
        self.heating: str | None = None
        self.broken: set[str] = set()
        self._formatter = Formatter(form)
        self._on = True
        self._start()

    def _start(self) -> None:
        self._input = b""
        self.mode = self.start_mode
        self._open = False
        self._next: Handle | None = None
        if self.mode == "RUN":
            self._plan()

    def power(self, on: bool) -> None:
        """Mains switched: settings stay, POLL mode's open line and a started output do not."""
        self._halt()
        self._on = on
        if on:
            self._start()

    # Continuous output

    def _plan(self) -> None:
        number, unit = self.interval
        # "0: no pause between outputs": one measurement a second is what the probe makes (assumed).
        interval_s = number * _INTERVALS[unit] or 1.0
        self._next = self.timeline.call_at(self.timeline.now_ns + round(interval_s * 1e9), self._output)

    def _output(self) -> None:
        self.send(self.line())
        self._plan()

    def _halt(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    # Characters in

    def receive(self, data: bytes) -> None:
        """Characters; a command ends with CR, a lone CR clears the buffer."""
        if not self._on:
            return
        *commands, self._input = (self._input + data.replace(b"\n", b"")).split(b"\r")
        self._input = self._input[-_LONGEST:]
        for command in commands:
            self._execute(command.decode("ascii", "replace").strip())

    def _execute(self, text: str) -> None:
        word, _, rest = text.partition(" ")
        word, rest = word.upper(), rest.strip()
        if self.mode == "RUN" or self._next is not None:
            # "only command S can be used"
            if word == "S":
                self._halt()
                self.mode = "STOP"
            return
        if self.mode == "POLL" and not self._open:
            addressed = rest.isdigit() and int(rest) == self.address
            if word == "OPEN" and addressed:
                self._open = True
                self._say(f"\r\n{self._model} {self.address} line opened for operator commands\r\n\n\x07")
            elif word == "SEND" and addressed:
                self.send(self.line(), TURNAROUND_S)
            elif word == "??":
                self._say(self._about())
            return
        if self.echo and text:
            self._say(text + "\r\n")
        command = _COMMANDS.get(word)
        if command is not None:
            command(self, rest)
        elif word:
            self._say("Unknown command\r\n")

    def _say(self, text: str) -> None:
        self.send(text.encode("ascii"), TURNAROUND_S)

    # Commands

    def line(self) -> bytes:
        """What SEND and RUN mode give now."""
        now_ns = self.timeline.now_ns
        sample = Sample(
            temperature_degc=self._chamber.temperature_degc(now_ns),
            humidity_pct=self._chamber.humidity_pct(now_ns),
            broken=frozenset(self.broken),
            state=self._state(),
            address=self.address,
        )
        head = f"{sample.state} " if self.show_state else ""
        return (head + self._formatter.line(sample, self.metric)).encode("ascii")

    def _state(self) -> str:
        if self.heating is None:
            return "N   0  "
        return f"{self.heating} 115  " if self.heating == "h" else f"{self.heating} 115.0"

    def _about(self) -> str:
        return (
            f"{self._model} / 5.16\r\nSerial number  : E2430020\r\nBatch number   : E2360002\r\n"
            f"Filter         : OFF\r\nUnit           : {'metric' if self.metric else 'non metric'}\r\n"
        )

    def _send_line(self, rest: str) -> None:
        if not rest or (rest.isdigit() and int(rest) == self.address):
            self.send(self.line(), TURNAROUND_S)

    def _run(self, _: str) -> None:
        self._plan()

    def _stop(self, _: str) -> None:
        self._halt()

    def _interval(self, rest: str) -> None:
        number, unit = self.interval
        for word in rest.upper().split():
            if word.isdigit() and int(word) <= 255:
                number = int(word)
            elif word in _INTERVALS:
                unit = word
            else:
                self._say("Unknown command\r\n")
                return
        self.interval = (number, unit)
        shown = unit if unit == "S" else unit.lower()
        self._say(f"Output intrv. : {number} {shown.lower()}\r\n")

    def _serial_mode(self, rest: str) -> None:
        word = rest.upper()
        if word in _MODES:
            self.start_mode = word
        elif word:
            self._say("Unknown command\r\n")
            return
        self._say(f"Serial mode : {self.start_mode}\r\n")

    def _serial_line(self, rest: str) -> None:
        if rest:
            self.serial_settings = rest.upper()
        self._say(f"{self.serial_settings}\r\n")

    def _set_address(self, rest: str) -> None:
        if rest.isdigit() and int(rest) <= 99:
            self.address = int(rest)
        elif rest:
            self._say("Unknown command\r\n")
            return
        self._say(f"Address : {self.address}\r\n")

    def _close_line(self, _: str) -> None:
        """Also from STOP mode: it is in POLL mode afterwards."""
        self._say("\r\nline closed\r\n")
        self.mode = "POLL"
        self._open = False

    def _format(self, rest: str) -> None:
        if not rest:
            self._say(f"{self._formatter.text}\r\n")
            return
        try:
            self._formatter = Formatter(DEFAULT_FORM if rest == "/" else rest)
        except ValueError:
            self._say("Unknown command\r\n")
            return
        self._say("OK\r\n")

    def _units(self, rest: str) -> None:
        word = rest.upper()[:1]
        if word in ("M", "N"):
            self.metric = word == "M"
        self._say(f"Output units : {'metric' if self.metric else 'non metric'}\r\n")

    def _errors(self, _: str) -> None:
        lines = [f"{quantity} measurement error\r\n" for quantity in sorted(self.broken)]
        self._say("".join(lines) or "No errors\r\n")

    def _state_output(self, rest: str) -> None:
        word = rest.upper()
        if word in ("ON", "OFF"):
            self.show_state = word == "ON"
        self._say(f"Form. status : {'ON' if self.show_state else 'OFF'}\r\n")

    def _echo(self, rest: str) -> None:
        word = rest.upper()
        if word in ("ON", "OFF"):
            self.echo = word == "ON"
        self._say(f"Echo : {'ON' if self.echo else 'OFF'}\r\n")

    def _identify(self, _: str) -> None:
        self._say(self._about())

    def _version(self, _: str) -> None:
        self._say(f"{self._model} / 5.16\r\n")

    def _reset(self, _: str) -> None:
        self._halt()
        self._start()

    def _nothing(self, _: str) -> None:
        """OPEN has no effect in STOP mode."""


_COMMANDS: dict[str, Callable[[VaisalaEmulator, str], None]] = {
    "SEND": VaisalaEmulator._send_line,
    "R": VaisalaEmulator._run,
    "S": VaisalaEmulator._stop,
    "INTV": VaisalaEmulator._interval,
    "SMODE": VaisalaEmulator._serial_mode,
    "SERI": VaisalaEmulator._serial_line,
    "ADDR": VaisalaEmulator._set_address,
    "OPEN": VaisalaEmulator._nothing,
    "CLOSE": VaisalaEmulator._close_line,
    "FORM": VaisalaEmulator._format,
    "UNIT": VaisalaEmulator._units,
    "ERRS": VaisalaEmulator._errors,
    "FST": VaisalaEmulator._state_output,
    "ECHO": VaisalaEmulator._echo,
    "?": VaisalaEmulator._identify,
    "??": VaisalaEmulator._identify,
    "VERS": VaisalaEmulator._version,
    "RESET": VaisalaEmulator._reset,
}
