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

Nor does it carry a number: behind a link that delays, the answer to an old question looks like that to the newest. So
once a reply has been missed, $AA6 is not asked again before a fence has been passed: $AAM, whose reply names itself,
has been answered in time. Modules answer in order, so nothing older can come after it. One fence at most is out; while
it is unanswered nothing is asked and every contact stays bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import InputsSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import LinkSpec, Port
from rig.outputs import RelayOutput
from rig.readings import NS, ChannelInfo

LINK = LinkSpec(9600)

POLL_BYTES = (7, 10)
"""Bytes of one poll with checksum, out and in; without it there are two exchanges of (5, 8)."""
ORDER_BYTES = (10, 4)
"""Bytes of #AA00DD and its acknowledgement, with checksum."""
TURNAROUND_S = 0.01
"""From the end of a request to the beginning of its reply: our assumption, the manual gives none."""
LOST_NS = 3 * NS
"""A fence unanswered for so long counts as lost, and another is sent: our assumption that no link delays more."""

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
        self.channels = (
            *(ChannelInfo(channel.name, "", "state") for channel in settings.channels),
            *(ChannelInfo(one.state_channel, "", "state", one.state_channel) for one in settings.relays),
        )
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
        self._relays = settings.relays
        # (name, bit, value of that bit which means closed, locked, lit, up, open or on)
        self._states = tuple(
            (one.state_channel, one.channel, 0 if one.inverted else 1) for one in settings.relays
        )
        self._safe = RelayOutput(settings.safe_bits, settings.safe_bits, settings.kept_bits)
        self._ask_inputs = self._request(b"6")
        self._length = 10 if settings.checksum else 8
        self._fence = self._request(b"M")
        # How its answer begins. No reply to $AA6 does: that one ends in 00 where this one has the model's number.
        self._fence_replies: tuple[bytes, ...] = (b"!" + self._address + self.model.encode("ascii"),)
        self._owed = False  # an answer to something asked before may still come
        self._fence_ns: int | None = None  # when the fence was sent that nothing has answered yet
        self._late = b""  # what has come since then
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

    def _clear(self) -> None:
        """Throw away what came unasked. A whole reply among it shows that question and answer are out of step."""
        stray = self._port.discard_input()
        if stray:
            self._late = (self._late + stray)[-256:]
            if b"\r" in stray:
                self._owed = True

    def _exchange(self, message: bytes) -> bytes:
        """Send and take one reply; it stays owed until the caller has found it to be the answer."""
        port = self._port
        self._owed = True
        port.write(message)
        return port.read_until(b"\r", 32)

    def _is_fence(self, line: bytes) -> bool:
        """Whether a line is the answer to the fence; what noise left before its beginning does not count."""
        for reply in self._fence_replies:
            start = line.rfind(reply[:1])
            text = self._text(line[start:]) if start >= 0 else None
            if text is not None and text.startswith(reply):
                return True
        return False

    def _passed(self) -> bool:
        """Send the fence and throw away everything up to its answer; False if that did not come in time.

        While an earlier fence is unanswered it sends nothing and is False: with two of them out, the answer to the
        first would pass for that to the second.
        """
        port = self._port
        if self._fence_ns is not None:
            lines = self._late.splitlines(keepends=True)
            if not any(self._is_fence(line) for line in lines) and port.now_ns() - self._fence_ns < LOST_NS:
                return False
        self._late = b""
        port.write(self._fence)
        self._fence_ns = sent_ns = port.now_ns()
        while True:
            line = port.read_until(b"\r", 256)
            if not line.endswith(b"\r") or port.now_ns() - sent_ns > port.deadline_s * NS:
                self._late = line
                return False
            if self._is_fence(line):
                port.discard_input()  # what came with it was there before the next question
                self._fence_ns = None
                self._owed = False
                return True

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
        if self._states:
            bits = int(reply[1:3], 16)
            for name, bit, true in self._states:
                values[name] = 1.0 if bits >> bit & 1 == true else 0.0
        self._last_reply, self._last_values = reply, values
        return values

    def _ask(self) -> dict[str, float | None]:
        what = "inputs ($AA6)"
        reply = b""
        for attempt in range(self._port.attempts):
            if attempt:
                self._check_preempted(what)
            self._clear()
            if self._owed:
                if not self._passed():
                    if attempt:
                        break
                    raise NoReply(
                        f"{self.name}: {what}: not asked; a reply was missed, and the module has not answered $AAM "
                        f"within {self._port.deadline_s:g} s since, so that a late reply could pass for a new one"
                    )
                self._check_preempted(what)
            reply = self._exchange(self._ask_inputs)
            values = self._values(reply)
            if values is not None:
                self._owed = False
                return values
            if self._text(reply) == b"?" + self._address:
                self._owed = False
        raise self._fail(what, reply)

    def read(self, poll: str) -> dict[str, float | None]:
        """1 for each healthy contact, 0 for each other; and the state of each output that something hangs on.

        Without the checksum option it asks twice as soon as one contact reads healthy, and only what both replies
        call healthy is; an output on which they differ has no value.
        """
        if poll != "inputs":
            raise ValueError(f"{self.name}: there is no poll {poll!r}, only 'inputs'")
        values = self._ask()
        if self._checksum or not any(values.values()):
            return dict(values)
        self._check_preempted("inputs ($AA6)")
        second = self._ask()
        both: dict[str, float | None] = {
            name: 1.0 if values[name] and second[name] else 0.0 for name, _, _ in self._contacts
        }
        for name, _, _ in self._states:
            both[name] = values[name] if values[name] == second[name] else None
        return both

    # Outputs

    def apply(self, output: RelayOutput) -> None:
        """Set all outputs at once (#AA00DD) and read them back (the first byte of $AA6): an acknowledgement carries
        neither address nor value, so it proves nothing. What is to be kept is told as it was read last. Raises
        BadReply when they do not read as told."""
        what = "outputs (#AA00DD)"
        bits = output.bits
        if output.keep:
            bits = bits & ~output.keep | self._outputs_read() & output.keep
        text = b"#" + self._address + b"00" + _HEX2[bits]
        message = text + (_HEX2[sum(text) & 0xFF] if self._checksum else b"") + b"\r"
        for attempt in range(self._port.attempts):
            if attempt:
                self._check_preempted(what)
            self._clear()
            reply = self._exchange(message)
            if self._text(reply) == b">":
                self._owed = False
            elif self._text(reply) == b"?" + self._address:
                self._owed = False
                raise self._fail(what, reply)
            self._ask()
            read = self._last_reply
            if read is not None and int(read[1:3], 16) == bits:
                return
        raise BadReply(f"{self.name}: {what}: told {bits:02X}, read back {(read or b'')[1:3].decode()}")

    def _outputs_read(self) -> int:
        """The outputs as the last good reply had them; asked for where there was none yet."""
        if self._last_reply is None:
            self._ask()
        assert self._last_reply is not None
        return int(self._last_reply[1:3], 16)

    def off(self) -> None:
        """The safe side of every output: contactor open, lock locked, beacon lit, heartbeat standing, the valve of a
        reactive gas closed, that of an inert gas as it is."""
        self.apply(self._safe)

    # The other roles' methods

    def set_up(self) -> None:
        """Nothing: address, baud rate and checksum are set on the module itself."""

    def release(self) -> None:
        """Contactor open, heartbeat standing, reactive gas shut; lock and beacon stay as they were told last: somebody
        may have to get at the mat when this program has gone; and so does the valve of an inert gas. Without outputs
        there is nothing to do."""
        if not self._relays:
            return
        self._ask()
        bits = self._outputs_read()
        for relay in self._relays:
            if relay.kind in ("contactor", "heartbeat", "valve") and not relay.kept:
                bits = bits & ~(1 << relay.channel) | relay.bit(False)
        self.apply(RelayOutput(bits, self._safe.bits))

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
        # $AAF last: once it is answered, an $AAM that was asked twice is answered as well.
        return Identity(f"ADAM-{name}", firmware=self._told(b"F"), text=f"!{self._address.decode()}{name}")

    def _told(self, command: bytes) -> str | None:
        """The text after !AA, None when the module knows no such command or says nothing."""
        message = self._request(command)
        what = f"${self._address.decode()}{command.decode()}"
        reply = b""
        for attempt in range(self._port.attempts):
            if attempt:
                self._check_preempted(what)
            self._clear()
            owed = self._owed
            reply = self._exchange(message)
            text = self._text(reply) if reply else None
            if text is not None and text[:3] == b"!" + self._address and len(text) > 3 and text.isascii():
                told = text[3:].decode("ascii")
                late = command != b"M" and text.startswith(self._fence_replies)
                if told.isprintable() and not late:
                    self._owed = owed and command == b"M"
                    if not self._owed:
                        self._fence_ns = None
                    return told
            if text == b"?" + self._address:
                if command == b"M":
                    # Some modules answer the fence so; or this was noise, and then the name is still to be heard.
                    self._fence_replies = (self._fence_replies[0], text)
                self._owed = owed
                return None
            if command == b"M":
                self._fence_ns, self._late = self._port.now_ns(), b""
        if not reply:
            return None
        raise self._fail(what, reply)
