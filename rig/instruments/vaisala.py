"""Vaisala HMT310 and HMT330 humidity and temperature transmitters (HMP228, HMP240 and kin speak the same).

Sources: Vaisala HMT310 (M210619EN), HMT330 (M210566EN), HMP240 (M210300EN) manuals. In short:

    commands    ASCII, any case, ended by CR; 4800 baud 7E1 from the factory
    SEND        RH= 98.4 %RH T= 31.1 'C        one line; the user's FORM decides what stands in it, and in which order
    SEND aa     the same from the transmitter at address aa when several share a wire (POLL mode)
    OPEN aa     that transmitter then takes commands until CLOSE
    S           ends RUN mode, in which lines come unasked and nothing but S is heard
    ?           who it is

A line is read by its names, never by columns: whatever else FORM puts into it is passed over. Names count with their
units only; 'F is converted. What the transmitter itself doubts is no value: error flags (ERR), asterisks, and probe
heating or purge (STAT, or FST's letter at the head of the line), during which the probe is warmer than the air.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import ClimateSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted
from rig.lines.port import LinkSpec, Port
from rig.readings import ChannelInfo

LINK = LinkSpec(4800, 7, "E", 1)

POLL_BYTES = (5, 25)
"""Bytes on the wire of the common poll with the default line, out and in."""
TURNAROUND_S = 0.03
"""From the end of a command to the beginning of its reply: our assumption, the manuals give none."""

QUIET_S = 0.5
"""After S: a long line that is under way at 4800 baud is through by then."""

_FIELD = re.compile(r"(?<![A-Za-z0-9])(RH|T)=[ \t]*(-?\d{1,3}\.\d{1,3}|\*[*.]*)[ \t]*(\S*)")
_NAME = re.compile(r"(?<![A-Za-z0-9])(RH|T)=")
_ERRORS = re.compile(r"(?<![A-Za-z0-9])ERR\s*[=: ]\s*(\S*)")
_STATE = re.compile(r"(?<![^\s=:])([NhHSX])\s+\d{1,3}(?:\.\d)?(?=\s|$)")
_FLAGS = re.compile(r"[01]{4}")
_MODEL = re.compile(r"\b(HM[A-Z]\d{2,3}[A-Z]*)\b[^/\r\n]*(?:/\s*([\d.]+))?")
_SERIAL = re.compile(r"[Ss]erial\s*(?:number|nr|no)?\.?\s*:\s*(\S+)")
_HEATED = {"h": "probe heating", "H": "chemical purge", "S": "cooling after purge", "X": "sensor heating"}


def parse_line(line: str) -> tuple[float | None, float | None]:
    """(temperature in degC, relative humidity in %) of a whole output line without its ending.

    None for a value that the transmitter itself says it has not. Raises ValueError when a name is missing, stands
    twice, or comes with another unit, and for values that no air has.
    """
    if not line.isascii() or not line.replace("\t", " ").isprintable():
        raise ValueError(f"a character that no form can have in {line!r}")
    found: dict[str, tuple[str, str]] = {}
    for name, text, unit in _FIELD.findall(line):
        found[name] = (text, unit)
    names = _NAME.findall(line)
    for name in ("T", "RH"):
        if names.count(name) > 1:
            raise ValueError(f"{name}= stands twice in {line!r}")
        if name not in found:
            raise ValueError(f"no {name}= with a number and a unit in {line!r}")
    text, unit = found["T"]
    if unit not in ("'C", "'F"):
        raise ValueError(f"T= has the unit {unit!r}, expected 'C or 'F, in {line!r}")
    temperature_degc = None if text.startswith("*") else float(text)
    if temperature_degc is not None:
        if unit == "'F":
            temperature_degc = (temperature_degc - 32.0) / 1.8
        if not -70.0 <= temperature_degc <= 180.0:
            raise ValueError(f"T= {temperature_degc:.1f} degC is beyond the transmitter's range in {line!r}")
    text, unit = found["RH"]
    if unit != "%RH":
        raise ValueError(f"RH= has the unit {unit!r}, expected %RH, in {line!r}")
    humidity_pct = None if text.startswith("*") else float(text)
    if humidity_pct is not None and not 0.0 <= humidity_pct <= 100.0:
        raise ValueError(f"RH= {humidity_pct} % is beyond 0 to 100 in {line!r}")
    errors = _ERRORS.search(line)
    if errors is not None:
        flags = errors[1]
        if _FLAGS.fullmatch(flags) is None:
            raise ValueError(f"error flags {flags!r} are not four of 0 and 1 in {line!r}")
        # In the order P, T, Ta, RH.
        if flags[1] == "1":
            temperature_degc = None
        if flags[3] == "1" or flags[1] == "1":
            humidity_pct = None
    state = _STATE.search(line)
    if state is not None and state[1] in _HEATED:
        return None, None
    return temperature_degc, humidity_pct


class Vaisala:
    """One transmitter. A channel is None while the transmitter flags an error of it or heats its probe."""

    polls = (Poll("climate", 2.0, 5.0),)
    channels = (
        ChannelInfo("temperature_degc", "degC", "temperature"),
        ChannelInfo("humidity_pct", "%RH", "humidity"),
    )

    def __init__(self, settings: ClimateSettings, port: Port) -> None:
        """Raises ValueError for an address beyond 0 to 99."""
        if settings.address is not None and not 0 <= settings.address <= 99:
            raise ValueError(f"{settings.name}: address {settings.address}: a transmitter has 0 to 99")
        self.name = settings.name
        self._port = port
        self._address = settings.address
        # True when a line may still come that nobody waits for any more.
        self._late = False
        self._send = b"SEND\r" if settings.address is None else b"SEND %d\r" % settings.address

    def set_up(self) -> None:
        """End RUN mode and empty the line, so that the next line is an answer. Raises what `read` raises."""
        self._quiet()
        self.read("climate")

    def _quiet(self) -> None:
        port = self._port
        port.write(b"S\r")
        port.sleep(QUIET_S)
        # A lone CR clears what stands in the transmitter's command buffer.
        port.write(b"\r")
        port.sleep(0.1)
        port.discard_input()

    def identify(self) -> Identity:
        """Ask "?" (and end RUN mode, in which it would not be heard). Raises BadReply when something else answers."""
        port = self._port
        self._quiet()
        if self._address is not None:
            self._exchange(b"OPEN %d\r" % self._address)
        port.write(b"?\r")
        # Several lines whose number depends on the model: what comes within the deadline.
        text = port.read(4096).decode("ascii", "replace")
        if self._address is not None:
            self._exchange(b"CLOSE\r")
        if not text.strip():
            raise NoReply(f"{self.name}: ?: no reply within {port.deadline_s:g} s")
        model = _MODEL.search(text)
        if model is None:
            raise BadReply(
                f"{self.name}: a Vaisala HMT or HMP is expected, but this answered ?: {text[:80]!r}"
            )
        serial = _SERIAL.search(text)
        return Identity(f"Vaisala {model[1]}", model[2], serial[1] if serial else None, text.strip())

    def _exchange(self, request: bytes) -> None:
        """A command whose answer is words for a person."""
        port = self._port
        port.write(request)
        port.sleep(0.3)
        port.discard_input()

    def read(self, poll: str) -> Mapping[str, float | None]:
        """The one poll is "climate". Raises NoReply, BadReply or Preempted."""
        port = self._port
        failure: InstrumentError = NoReply(f"{self.name}: SEND: never asked")
        for attempt in range(port.attempts):
            if attempt and port.off_waiting():
                raise Preempted(f"{self.name}: SEND: given up for an off that waits")
            if self._late:
                # Lines cannot be told apart: what is still on its way must have come before the next question.
                port.sleep(port.deadline_s)
                self._late = False
            port.discard_input()
            port.write(self._send)
            line = self._line()
            if line is None:
                self._late = True
                failure = NoReply(
                    f"{self.name}: SEND: no whole line within {port.deadline_s:g} s, {attempt + 1} attempts; is it "
                    f"set to this line's {LINK}, and its address, if it is in POLL mode, in the rig file?"
                )
                continue
            try:
                temperature_degc, humidity_pct = parse_line(line)
            except ValueError as error:
                self._late = True  # perhaps the answer to something older
                failure = BadReply(f"{self.name}: SEND: {error}")
                continue
            return {"temperature_degc": temperature_degc, "humidity_pct": humidity_pct}
        raise failure

    def _line(self) -> str | None:
        """The first line with values in it; echoes, prompts and empty lines are passed over."""
        while True:
            data = self._port.read_until(b"\n")
            if not data.endswith((b"\n", b"\r")):
                return None
            line = data.decode("ascii", "replace").strip(" \r\n\t>")
            if line and line.upper() != self._send.decode("ascii").strip():
                return line

    def release(self) -> None:
        """Nothing was changed: nothing to put back."""
