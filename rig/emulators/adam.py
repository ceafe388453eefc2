"""An emulated Advantech ADAM-4000 digital module on an RS-485 wire that it may share with others.

Source: Advantech ADAM-4000 Series User's Manual, chapters 4 and 7 ($AA2, $AA4, $AA5, $AA6, $AAF, $AAM, #**, #AABBDD,
%AANNTTCCFF). Where the manual is silent, this is assumed: 10 ms between request and reply; an intact, rightly addressed
message with a command that the module lacks is answered ?AA, one of a wrong length or in lower case is not answered;
the 4051 reads 1 for a closed contact as its data sheet says (its manual says 0); inputs nobody has wired are open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rig.emulators.device import Device, Timeline
from rig.emulators.physics.chamber import Contacts
from rig.lines.port import LinkSpec

TURNAROUND_S = 0.01

_CR = 0x0D
_STARTS = frozenset(b"$#%@~")
_LONGEST = 40
_DIGITS = frozenset(b"0123456789ABCDEF")
_BAUD_CODES = {
    1200: b"03", 2400: b"04", 4800: b"05", 9600: b"06",
    19200: b"07", 38400: b"08", 57600: b"09", 115200: b"0A",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """How many inputs and outputs a model has, the form of its data, and its level for a closed contact."""

    inputs: int
    outputs: int
    form: bytes
    closed_level: int


LAYOUTS = {
    "4050": Layout(7, 8, b"%(out)02X%(in)02X00", 0),
    "4051": Layout(16, 0, b"%(in)04X00", 1),
    "4052": Layout(8, 0, b"%(in)02X0000", 1),
    "4053": Layout(16, 0, b"%(in)04X00", 0),
    "4055": Layout(8, 8, b"%(out)02X%(in)02X00", 1),
    "4060": Layout(0, 4, b"%(out)02X0000", 0),
    "4068": Layout(0, 8, b"%(out)02X0000", 0),
}


def _sum(text: bytes) -> bytes:
    return b"%02X" % (sum(text) % 256)


class AdamEmulator(Device):
    """One module. `channel_names` says which contact is wired to which input; other inputs are open.

    `outputs` holds the module's digital outputs or relays as bits, as they are and as they are read; `on_outputs` is
    called with them after each change.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        contacts: Contacts,
        channel_names: Mapping[int, str],
        model: str = "4050",
        address: int = 1,
        checksum: bool = False,
        baud: int = 9600,
    ) -> None:
        if baud not in _BAUD_CODES:
            raise ValueError(f"{name}: {baud} baud; an ADAM-4000 knows {', '.join(map(str, _BAUD_CODES))}")
        super().__init__(name, timeline, LinkSpec(baud))
        self.contacts = contacts
        self.model = model
        self.on_outputs: list[Callable[[int], None]] = []
        self._outputs = self._stuck = 0
        self._layout = LAYOUTS[model]
        for channel in channel_names:
            if not 0 <= channel < self._layout.inputs:
                raise ValueError(f"{name}: an ADAM-{model} has no input {channel}")
        self._wired = tuple((1 << channel, contact) for channel, contact in sorted(channel_names.items()))
        self._open_levels = 0 if self._layout.closed_level else (1 << self._layout.inputs) - 1
        self._checksum = checksum
        self._baud_code = _BAUD_CODES[baud]
        self._powered = True
        self._reset = True
        self._sample = self._data(0)
        self._sample_fresh = False
        self._message = bytearray()
        self._bits: tuple[int, int] | None = None
        self._inputs_reply = b""
        self._set_address(address)

    @property
    def outputs(self) -> int:
        """The digital outputs as bits."""
        return self._outputs

    @outputs.setter
    def outputs(self, bits: int) -> None:
        bits = bits & ~self._stuck | self._outputs & self._stuck
        if bits != self._outputs:
            self._outputs = bits
            for listener in self.on_outputs:
                listener(bits)

    def stick(self, channel: int, on: bool) -> None:
        """Fault: an output stays as it is, whatever is told; the module acknowledges all the same."""
        self._stuck = self._stuck & ~(1 << channel) | on << channel

    def _set_address(self, address: int) -> None:
        self.address = address
        self._address = b"%02X" % address
        text = b"$" + self._address + b"6"
        self._inputs_request = text + (_sum(text) if self._checksum else b"") + b"\r"

    def power(self, on: bool) -> None:
        """Mains off: outputs off, sample forgotten; address, baud rate and checksum stay."""
        self._powered = on
        self._message.clear()
        self.outputs = 0
        self._sample, self._sample_fresh = self._data(0), False
        self._reset = True

    # Bytes in

    def receive(self, data: bytes) -> None:
        """Everything on the wire, other modules' messages and replies included; answers what is meant for it."""
        if not self._powered:
            return
        message = self._message
        if data == self._inputs_request and not message:
            self.send(self._inputs_answer(), TURNAROUND_S)
            return
        for byte in data:
            if byte in _STARTS:
                message[:] = bytes((byte,))
            elif byte == _CR:
                if message:
                    self._line(bytes(message))
                    message.clear()
            elif message and len(message) < _LONGEST:
                message.append(byte)
                if message == b"#**":
                    # Taken at once: the manual says that the carriage return is not needed.
                    self._sample, self._sample_fresh = self._data(self._levels()), True
                    message.clear()

    def _line(self, line: bytes) -> None:
        """One message up to its CR: checksum, address, command. Anything wrong up to there gets no answer."""
        if self._checksum:
            if len(line) < 3 or _sum(line[:-2]) != line[-2:]:
                return
            line = line[:-2]
        if line[1:3] != self._address:
            return
        start, rest = line[:1], line[3:]
        answer: bytes | None
        if start == b"$":
            answer = self._dollar(rest)
        elif start == b"#":
            answer = self._set_outputs(rest)
        elif start == b"%":
            answer = self._configure(rest)
        else:
            answer = b"?" + self._address
        if answer is not None:
            self.send(self._framed(answer), TURNAROUND_S)

    def _framed(self, answer: bytes) -> bytes:
        return answer + (_sum(answer) if self._checksum else b"") + b"\r"

    def _dollar(self, command: bytes) -> bytes | None:
        if len(command) != 1:
            return None
        own = b"!" + self._address
        if command == b"6":
            return b"!" + self._data(self._levels())
        if command == b"M":
            return own + self.model.encode("ascii")
        if command == b"F":
            return own + b"A1.06"
        if command == b"2":
            return own + b"40" + self._baud_code + (b"40" if self._checksum else b"00")
        if command == b"5":
            was_reset, self._reset = self._reset, False
            return own + (b"1" if was_reset else b"0")
        if command == b"4":
            fresh, self._sample_fresh = self._sample_fresh, False
            return b"!" + (b"1" if fresh else b"0") + self._sample
        return b"?" + self._address if command.isupper() or command.isdigit() else None

    def _set_outputs(self, rest: bytes) -> bytes | None:
        """BBDD: all outputs (BB 00) or one (BB 10h + channel)."""
        if len(rest) != 4 or not _DIGITS.issuperset(rest):
            return None
        invalid = b"?" + self._address
        which, value, count = int(rest[:2], 16), int(rest[2:], 16), self._layout.outputs
        if which == 0:
            if value >= 1 << count or not count:
                return invalid
            self.outputs = value
        else:
            channel = which - 0x10
            if not 0 <= channel < count or value > 1:
                return invalid
            self.outputs = self.outputs & ~(1 << channel) | value << channel
        return b">"

    def _configure(self, rest: bytes) -> bytes | None:
        """NNTTCCFF: only the address can change while INIT* is not grounded."""
        if len(rest) != 8 or not _DIGITS.issuperset(rest):
            return None
        flags = b"40" if self._checksum else b"00"
        if rest[2:] != b"40" + self._baud_code + flags:
            return b"?" + self._address
        self._set_address(int(rest[:2], 16))
        return b"!" + self._address

    # Inputs and outputs as digits

    def _levels(self) -> int:
        """The input bits as the module sees them now."""
        levels = self._open_levels
        closed = self.contacts.closed
        for bit, contact in self._wired:
            if closed(contact):
                levels ^= bit
        return levels

    def _data(self, levels: int) -> bytes:
        return self._layout.form % {b"in": levels, b"out": self.outputs}

    def _inputs_answer(self) -> bytes:
        """The whole reply to $AA6, made anew only when something has moved."""
        bits = (self._levels(), self.outputs)
        if bits != self._bits:
            self._bits = bits
            self._inputs_reply = self._framed(b"!" + self._data(bits[0]))
        return self._inputs_reply
