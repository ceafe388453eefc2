"""Advantech ADAM-4000 digital input modules over RS-485, in their ASCII protocol.

Source: Advantech ADAM-4000 Series User's Manual, chapters 4 and 7. In short (AA: address, two hex digits):

    $AA6 CR   digital data in    4050, 4055  !(out)(in)00        4051  !(in, 4 digits)00
                                 4052        !(in)0000           4053  !(in 8-15)(in 0-7)00
                                 4060, 4068  !(out)0000
    $AAM CR   module name        !AA(name)
    $AAF CR   firmware           !AA(version)
    ?AA CR    command not valid;  no answer at all: bad syntax, checksum, address or link

With the checksum option, two upper-case hex digits stand before each CR: the sum modulo 256 of all bytes before them.
A reply to $AA6 carries neither address nor time, so nothing but the checksum tells a damaged one from an intact one;
without it, two consecutive replies have to agree before a contact is called healthy (safety rule 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import InputsSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import LinkSpec, Port
from rig.readings import ChannelInfo

LINK = LinkSpec(9600)

POLL_BYTES = (7, 10)
"""Bytes of one poll with checksum, out and in; without it there are two exchanges of (5, 8)."""
TURNAROUND_S = 0.01
"""From the end of a request to the beginning of its reply: our assumption, the manual gives none."""

SAFETY_REFUSED: Mapping[str, str] = {
    "4051": "the maker's manual and data sheet contradict each other on what a closed dry contact reads, "
    "and the sense can be inverted on the module",
    "4053": "the order of its two bytes is not confirmed on hardware",
}
"""Models that `fit` does not take for door, emergency stop, exhaust or key, and why."""


@dataclass(frozen=True, slots=True)
class _Model:
    """Where a model's $AA6 reply has its inputs: which of the six digits, how many channels, what closed reads."""

    inputs: int
    first: int
    digits: int
    zeros: int
    closed_reads: int


# Digits before `zeros` are outputs or inputs, those from it on are zero. What a closed contact reads: 4050 and 4053
# have a pull-up, so a contact to ground reads 0; 4055 reads 1 for a contact to ground and for applied voltage; 4052 is
# a voltage input, so a contact that applies the voltage reads 1; for 4051 the data sheet (closed reads 1) is taken.
_MODELS: dict[str, _Model] = {
    "4050": _Model(inputs=7, first=2, digits=2, zeros=4, closed_reads=0),
    "4051": _Model(inputs=16, first=0, digits=4, zeros=4, closed_reads=1),
    "4052": _Model(inputs=8, first=0, digits=2, zeros=2, closed_reads=1),
    "4053": _Model(inputs=16, first=0, digits=4, zeros=4, closed_reads=0),
    "4055": _Model(inputs=8, first=2, digits=2, zeros=4, closed_reads=1),
    "4060": _Model(inputs=0, first=0, digits=0, zeros=2, closed_reads=0),
    "4068": _Model(inputs=0, first=0, digits=0, zeros=2, closed_reads=0),
}
MODELS = tuple(_MODELS)
INPUT_COUNT: Mapping[str, int] = {name: model.inputs for name, model in _MODELS.items()}

_HEX2 = tuple(b"%02X" % n for n in range(256))
_HEX_DIGITS = frozenset(b"0123456789ABCDEF")


def _checked(settings: InputsSettings) -> tuple[str, int]:
    """Model and address. Raises ValueError for what no module of this family can be."""
    where = settings.name
    model = settings.model or "4050"
    if model not in _MODELS:
        raise ValueError(f"{where}: model {model!r} is not known; known are {', '.join(_MODELS)}")
    address = 1 if settings.address is None else settings.address
    if not 0 <= address <= 255:
        raise ValueError(f"{where}: address {address} is outside 0 to 255")
    count = _MODELS[model].inputs
    for channel in settings.channels:
        if not 0 <= channel.channel < count:
            has = f"inputs 0 to {count - 1}" if count else "no inputs"
            raise ValueError(
                f"{where}.{channel.name}: channel {channel.channel}, but an ADAM-{model} has {has}"
            )
        if channel.healthy not in ("closed", "open"):
            raise ValueError(
                f"{where}.{channel.name}: healthy is {channel.healthy!r}, write 'closed' or 'open'"
            )
    return model, address


class Adam:
    """One module; a channel reads 1 when its contact is as `healthy` says, else 0. Raises ValueError for settings that
    no module of this family can have."""

    polls: tuple[Poll, ...] = (Poll("inputs", 0.1, 1.0),)

    def __init__(self, settings: InputsSettings, port: Port) -> None:
        self.name = settings.name
        self.model, address = _checked(settings)
        self.channels = tuple(ChannelInfo(channel.name, "", "state") for channel in settings.channels)
        self._checksum = settings.checksum
        self._port = port
        self._address = _HEX2[address]
        model = _MODELS[self.model]
        self._inputs = slice(1 + model.first, 1 + model.first + model.digits)
        self._zeros = b"0" * (6 - model.zeros)
        self._zeros_at = slice(1 + model.zeros, 7)
        # (name, bit, value of that bit which means healthy)
        self._contacts = tuple(
            (
                channel.name,
                channel.channel,
                model.closed_reads if channel.healthy == "closed" else 1 - model.closed_reads,
            )
            for channel in settings.channels
        )
        self._ask_inputs = self._request(b"6")
        self._length = 10 if settings.checksum else 8
        # What the last good reply said: most replies are equal to the one before.
        self._last_reply: bytes | None = None
        self._last_values: dict[str, float | None] = {}

    # Grammar

    def _request(self, command: bytes) -> bytes:
        text = b"$" + self._address + command
        return text + (_HEX2[sum(text) & 0xFF] if self._checksum else b"") + b"\r"

    def _text(self, reply: bytes) -> bytes | None:
        """The reply without checksum and CR, None if it is damaged."""
        if reply[-1:] != b"\r":
            return None
        if not self._checksum:
            return reply[:-1]
        text = reply[:-3]
        return text if text and _HEX2[sum(text) & 0xFF] == reply[-3:-1] else None

    def _fail(self, what: str, reply: bytes) -> InstrumentError:
        port = self._port
        tries = f"{port.attempts} attempt{'s' if port.attempts != 1 else ''}"
        if not reply:
            return NoReply(f"{self.name}: {what}: no reply within {port.deadline_s:g} s, {tries}")
        if not reply.endswith(b"\r"):
            return NoReply(
                f"{self.name}: {what}: reply not complete within {port.deadline_s:g} s: {reply!r}, {tries}"
            )
        if self._text(reply) == b"?" + self._address:
            return Refused(f"{self.name}: {what}: the module answered that it does not know the command")
        return BadReply(f"{self.name}: {what}: reply damaged or not meant for us: {reply!r}")

    def _exchange(self, message: bytes) -> bytes:
        port = self._port
        port.discard_input()
        port.write(message)
        return port.read_until(b"\r", 32)

    def _check_preempted(self, what: str) -> None:
        if self._port.off_waiting():
            raise Preempted(f"{self.name}: {what}: given up, an off is waiting for this line")

    # Inputs

    def _values(self, reply: bytes) -> dict[str, float | None] | None:
        """What one reply says of each contact, None if the reply is damaged."""
        if reply == self._last_reply:
            return self._last_values
        if len(reply) != self._length or reply[0] != 0x21 or self._text(reply) is None:
            return None
        if not _HEX_DIGITS.issuperset(reply[1:7]) or reply[self._zeros_at] != self._zeros:
            return None
        bits = int(reply[self._inputs] or b"0", 16)
        values: dict[str, float | None] = {
            name: 1.0 if bits >> bit & 1 == healthy else 0.0 for name, bit, healthy in self._contacts
        }
        self._last_reply, self._last_values = reply, values
        return values

    def _ask(self) -> dict[str, float | None]:
        reply = b""
        for attempt in range(self._port.attempts):
            if attempt:
                self._check_preempted("inputs ($AA6)")
            reply = self._exchange(self._ask_inputs)
            values = self._values(reply)
            if values is not None:
                return values
        raise self._fail("inputs ($AA6)", reply)

    def read(self, poll: str) -> dict[str, float | None]:
        """1 for each healthy contact, 0 for each other.

        Without the checksum option it asks twice as soon as one contact reads healthy, and only what both replies
        call healthy is.
        """
        if poll != "inputs":
            raise ValueError(f"{self.name}: there is no poll {poll!r}, only 'inputs'")
        values = self._ask()
        if self._checksum or not any(values.values()):
            return dict(values)
        self._check_preempted("inputs ($AA6)")
        second = self._ask()
        return {name: 1.0 if value and second[name] else 0.0 for name, value in values.items()}

    # The other roles' methods

    def set_up(self) -> None:
        """Nothing: address, baud rate and checksum are set on the module itself."""

    def release(self) -> None:
        """Nothing: the module has no state of ours."""

    def identify(self) -> Identity:
        """Model and firmware. A module that does not know $AAM or does not answer it is reported as not confirmed;
        BadReply when the answer names another model."""
        name = self._told(b"M")
        if name is None:
            return Identity(f"ADAM-{self.model} (as declared, the module did not tell)")
        if not name.startswith(self.model):
            raise BadReply(
                f"{self.name}: declared as ADAM-{self.model}, but the module calls itself {name!r}"
            )
        return Identity(f"ADAM-{name}", firmware=self._told(b"F"), text=f"!{self._address.decode()}{name}")

    def _told(self, command: bytes) -> str | None:
        """The text after !AA, None when the module knows no such command or says nothing."""
        message = self._request(command)
        what = f"${self._address.decode()}{command.decode()}"
        reply = b""
        for attempt in range(self._port.attempts):
            if attempt:
                self._check_preempted(what)
            reply = self._exchange(message)
            text = self._text(reply) if reply else None
            if text is not None and text[:3] == b"!" + self._address and len(text) > 3 and text.isascii():
                told = text[3:].decode("ascii")
                if told.isprintable():
                    return told
            if text == b"?" + self._address:
                return None
        if not reply:
            return None
        raise self._fail(what, reply)
