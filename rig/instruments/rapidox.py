"""Cambridge Sensotec Rapidox 1100 oxygen analysers (1100E, 1100ZR-H and kin) over RS-232.

Sources: Rapidox 1100E manual 3.8 (2012) and 1100ZR-H-PFC-E manual 1.2 (2015), chapters on serial communication;
9600 8N1 is our assumption, they give no baud rate. In short:

    request   D                         one character, nothing after it
    value     d2.959E+05,1.426E+01,2.000E-03,23:19:40,14/01/00,ALM1&2,0                        1100E
              d2.959E+05,-1.426E+01,2.000E+00,,23:19:40,14/01/00,,,ALM1&2,0                    1100ZR-H
              oxygen in ppm, cell in mV, pressure in bar, its clock, alarms, state; ended by CR LF
    state     0 good, 1 oxygen over range, 2 under range, 3 oxygen fault, 4 to 6 pressure under range, over range, fault
    no value  !Sensor heating, and others (MESSAGES), ended by CR LF

Models differ in empty fields, so the numbers are taken from the front, state and alarms from the back. An answer has
no checksum: a digit turned into another one is not seen.

A low reading proves nothing over a hot carbonising mat: the cell is hot zirconia, vapours from pyrolysis (tar, HCN,
solvent) burn on it and use up the oxygen that it measures. Only a high one means what it says. Purge is proved in
clean gas, before the heat (safety rule 4).
"""

from __future__ import annotations

from collections.abc import Mapping

from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import OxygenSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import LinkSpec, Port
from rig.readings import ChannelInfo

LINK = LinkSpec(9600)

POLL_BYTES = (1, 63)
"""Bytes on the wire of the longest poll (1100ZR-H with both alarms), out and in."""
TURNAROUND_S = 0.05
"""From the end of the request to the beginning of its reply: our assumption, the manuals give none."""

STATES = {
    0: "good",
    1: "oxygen over range",
    2: "oxygen under range",
    3: "oxygen sensor fault",
    4: "pressure under range",
    5: "pressure over range",
    6: "pressure sensor fault",
}
"""The analyser's own state codes."""
MESSAGES = {
    "Initialising": (10, "it has just been switched on"),
    "Sensor heating": (11, "no value until the cell is hot, up to 10 min"),
    "Sensor cooling": (12, "no value until the cell has cooled to its temperature"),
    "Cleaning sensor": (13, "no value for the next 5 s"),
    "User setup active": (14, "somebody is in its menu: press ESC, or wait 60 s"),
    "Possible sensor fault": (
        15,
        "its cell has not become hot within 10 min: aged, or a gas that conducts heat well",
    ),
    "No sensor or sensor fault": (16, "connect or exchange the sensor"),
}
"""What it says instead of a value: the number under which `state` shows it (ours), and what that means."""
_UNKNOWN = 19
"""`state` while it says something that is not in the manuals."""

_MODELS = {7: "1100E", 10: "1100ZR-H"}
_DIGITS = frozenset("0123456789")
_ALARMS = ("", "ALM1", "ALM2", "ALM1&2")


def parse_reply(line: str) -> tuple[float, int]:
    """(oxygen in ppm, state code) of a value line without its ending. Raises ValueError for anything else."""
    if line[:1] != "d":
        raise ValueError(f"no value line: {line!r}")
    fields = line[1:].split(",")
    if len(fields) not in _MODELS:
        raise ValueError(f"{len(fields)} fields, {' or '.join(map(str, _MODELS))} expected, in {line!r}")
    # Cell voltage and pressure are read only to see that the line is sound.
    oxygen_ppm, _, _ = (_number(text, line) for text in fields[:3])
    if not 0.0 <= oxygen_ppm <= 1e6:
        raise ValueError(f"{oxygen_ppm:g} ppm is more than there can be, in {line!r}")
    clock = fields[3:5] if len(fields) == 7 else fields[4:6]
    empty = fields[5:-2] if len(fields) == 7 else fields[3:4] + fields[6:-2]
    if any(empty) or not _triple(clock[0], ":", (23, 59, 59)) or not _triple(clock[1], "/", (31, 12, 99)):
        raise ValueError(f"no time and date where they belong in {line!r}")
    if fields[-2] not in _ALARMS:
        raise ValueError(f"alarms {fields[-2]!r} in {line!r}")
    code = fields[-1]
    if len(code) != 1 or code not in "0123456":
        raise ValueError(f"state code {code!r} in {line!r}")
    return oxygen_ppm, int(code)


def _number(text: str, line: str) -> float:
    """One number as the manual writes it: -1.426E+01."""
    bare = text.removeprefix("-")
    if len(bare) == 9 and bare[1] == "." and bare[5] == "E" and bare[6] in "+-":
        digits = bare[0] + bare[2:5] + bare[7:]
        if digits.isascii() and digits.isdigit():
            return float(text)
    raise ValueError(f"{text!r} is no number of the form 2.959E+05 in {line!r}")


def _triple(text: str, between: str, most: tuple[int, int, int]) -> bool:
    parts = text.split(between)
    return len(parts) == 3 and all(
        len(part) == 2 and _DIGITS.issuperset(part) and int(part) <= limit
        for part, limit in zip(parts, most, strict=True)
    )


class Rapidox:
    """One analyser. While it has no value, reading "oxygen" raises Refused with its reason in words; reading "state"
    gives the number of that reason: 0 to 6 its own codes (STATES), from 10 its messages (MESSAGES).
    """

    polls = (Poll("oxygen", 2.0, 5.0), Poll("state", 10.0, 30.0))
    poll_channels: Mapping[str, tuple[str, ...]] = {"oxygen": ("oxygen_ppm",), "state": ("state",)}
    channels = (
        ChannelInfo("oxygen_ppm", "ppm", "oxygen"),
        ChannelInfo("state", "", "state"),
    )

    def __init__(self, settings: OxygenSettings, port: Port) -> None:
        self.name = settings.name
        self._port = port
        # True when an answer may still come that nobody waits for any more.
        self._late = False

    def set_up(self) -> None:
        """See that it answers; that it is still heating is an answer too. Sets nothing."""
        self._late = True
        self._ask()

    def identify(self) -> Identity:
        """The protocol tells no name: the model by the fields of its answer. Raises BadReply for another instrument."""
        line, _, code = self._ask()
        model = None if code is None else _MODELS.get(line.count(",") + 1)
        return Identity(f"Cambridge Sensotec Rapidox {model or '1100 series'}", text=line)

    def read(self, poll: str) -> dict[str, float | None]:
        """Either "oxygen" or "state", see the class. Raises NoReply, BadReply, Refused or Preempted."""
        if poll == "oxygen":
            line, oxygen_ppm, code = self._ask()
            if code is None:
                meaning = MESSAGES.get(line[1:])
                raise Refused(
                    f"{self.name}: D: the analyser says {line[1:]!r}" + (f": {meaning[1]}" if meaning else "")
                )
            if code:
                raise Refused(f"{self.name}: D: the analyser reports state {code}, {STATES[code]}: no value")
            return {"oxygen_ppm": oxygen_ppm}
        if poll != "state":
            raise ValueError(f"{self.name}: there is no poll {poll!r}, only 'oxygen' and 'state'")
        line, _, code = self._ask()
        if code is None:
            code = MESSAGES[line[1:]][0] if line[1:] in MESSAGES else _UNKNOWN
        return {"state": float(code)}

    def _ask(self) -> tuple[str, float, int | None]:
        """One sound line with its oxygen in ppm and its state code; None for the code of a message.

        Raises NoReply, BadReply or Preempted.
        """
        port = self._port
        failure: InstrumentError = NoReply(f"{self.name}: D: never asked")
        for attempt in range(port.attempts):
            if attempt and port.off_waiting():
                raise Preempted(f"{self.name}: D: given up, an off is waiting for this line")
            if self._late:
                # Its answers cannot be told apart: what is still on its way must have come before the next question.
                port.sleep(port.deadline_s)
                self._late = False
            port.discard_input()
            port.write(b"D")
            data = port.read_until(b"\n", 256)
            if not data.endswith(b"\r\n"):
                self._late = True
                rest = f": {data[:80]!r}" if data else ""
                failure = NoReply(
                    f"{self.name}: D: no whole line within {port.deadline_s:g} s{rest}, {attempt + 1} attempts; "
                    f"is it switched on and set to this line's {LINK}?"
                )
                continue
            line = data[:-2].decode("ascii", "replace")
            if line[:1] == "!" and len(line) > 3 and line.isprintable():
                return line, 0.0, None
            try:
                oxygen_ppm, code = parse_reply(line)
            except ValueError as error:
                self._late = True
                failure = BadReply(f"{self.name}: D: {error}")
                continue
            return line, oxygen_ppm, code
        raise failure

    def release(self) -> None:
        """Nothing was changed: nothing to put back."""
