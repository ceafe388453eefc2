"""Modbus RTU as a slave: frames in, frames out. Written from the Eurotherm handbook HA026230.

Functions 03 and 04 (read), 06 and 16 (write), 07 (fast status), 08 (loopback). A damaged frame or any other function
gets no reply at all. Address 0 is broadcast: writes are carried out 20 ms later without a reply, unless another
message comes first, which cancels them. Exceptions are 02 (illegal address) and 03 (illegal value).
"""

from __future__ import annotations

from rig.emulators.device import Device, Handle, Timeline
from rig.lines.port import LinkSpec

ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3
BROADCAST_NS = 20_000_000
LONGEST_READ = 125
KEPT_FRAMES = 64
"""So many whole frames are remembered as intact: a poll is the same bytes each time."""

_CRC: list[int] = []
for _byte in range(256):
    _register = _byte
    for _ in range(8):
        _carry = _register & 1
        _register >>= 1
        if _carry:
            _register ^= 0xA001
    _CRC.append(_register)
_CRC_OF = tuple(_CRC)


class Exceptional(Exception):
    """The request is answered with an exception; `code` says which."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def sealed(body: bytes) -> bytes:
    """The bytes with their CRC, low byte first."""
    remainder = 0xFFFF
    for byte in body:
        remainder = remainder >> 8 ^ _CRC_OF[(remainder ^ byte) & 0xFF]
    return body + bytes((remainder & 0xFF, remainder >> 8))


def intact(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of the others."""
    return sealed(frame[:-2]) == frame


def _length(data: bytes) -> int | None:
    """How long a frame that begins so will be; 0: not yet to be told; None: no function of ours."""
    if len(data) < 2:
        return 0
    function = data[1]
    if function in (3, 4, 6, 8):
        return 8
    if function == 7:
        return 4
    if function == 16:
        return 9 + data[6] if len(data) > 6 else 0
    return None


class Slave(Device):
    """A Modbus instrument; subclasses keep the registers."""

    def __init__(
        self, name: str, timeline: Timeline, link: LinkSpec, address: int, latency_s: tuple[float, float]
    ) -> None:
        super().__init__(name, timeline, link)
        self.address = address
        self._single_s, self._block_s = latency_s
        self._silence_ns = max(4 * link.byte_ns, 5_000_000)
        self._byte_ns = link.byte_ns
        self._buffer = b""
        self._buffer_ns = 0
        self._intact: set[bytes] = set()
        self._dead_until_ns = -1
        self._broadcast: Handle | None = None

    # What a subclass answers; each may raise Exceptional

    def read_words(self, register: int, count: int) -> bytes:
        """`count` words from a register on."""
        raise TypeError(f"{type(self).__name__} does not say what its registers read")

    def write_one(self, register: int, word: int) -> None:
        """Function 06."""
        raise TypeError(f"{type(self).__name__} does not say what can be written")

    def write_block(self, register: int, words: bytes) -> None:
        """Function 16."""
        raise TypeError(f"{type(self).__name__} does not say what can be written")

    def fast_status(self) -> int:
        """Function 07's byte."""
        raise TypeError(f"{type(self).__name__} does not say what its status is")

    def heard(self) -> None:
        """A valid message for this instrument has come, before it is carried out."""

    # Frames

    def receive(self, data: bytes) -> None:
        """Bytes until a frame is whole; a silence of 3.5 characters (at least 5 ms) begins a new one."""
        now_ns = self.timeline.now_ns
        if now_ns < self._dead_until_ns:
            return
        if not self._buffer and data in self._intact:
            self._message(data)
            return
        if self._buffer:
            if now_ns - len(data) * self._byte_ns - self._buffer_ns <= self._silence_ns:
                data = self._buffer + data
            self._buffer = b""
        self._buffer_ns = now_ns
        while data:
            length = _length(data)
            if length is None:
                return
            if length == 0 or len(data) < length:
                self._buffer = data
                return
            frame, data = data[:length], data[length:]
            if not intact(frame):
                return
            if not data and len(self._intact) < KEPT_FRAMES:
                self._intact.add(frame)
            self._message(frame)

    def _message(self, frame: bytes) -> None:
        if self._broadcast is not None:
            self._broadcast.cancel()
            self._broadcast = None
        address, function = frame[0], frame[1]
        if address == 0:
            if function in (6, 16):
                self._broadcast = self.timeline.call_at(
                    self.timeline.now_ns + BROADCAST_NS, lambda: self._carry_out_broadcast(frame)
                )
            return
        if address != self.address:
            return
        if function == 8 and frame[2:4] != b"\0\0":
            return
        self.heard()
        try:
            body, block = self._answer(function, frame)
        except Exceptional as error:
            body, block = bytes((address, function | 0x80, error.code)), False
        self.send(sealed(body), self._block_s if block else self._single_s)

    def _carry_out_broadcast(self, frame: bytes) -> None:
        self._broadcast = None
        try:
            self.heard()
            self._answer(frame[1], frame)
        except Exceptional:
            return  # nobody hears of it

    def _answer(self, function: int, frame: bytes) -> tuple[bytes, bool]:
        """The reply without CRC, and whether it took as long as a block."""
        register = frame[2] << 8 | frame[3]
        if function in (3, 4):
            count = frame[4] << 8 | frame[5]
            if not 1 <= count <= LONGEST_READ:
                raise Exceptional(ILLEGAL_VALUE)
            return frame[:2] + bytes((2 * count,)) + self.read_words(register, count), count > 1
        if function == 6:
            self.write_one(register, frame[4] << 8 | frame[5])
            return frame[:6], False
        if function == 16:
            count = frame[4] << 8 | frame[5]
            if frame[6] != 2 * count or not 1 <= count <= LONGEST_READ:
                raise Exceptional(ILLEGAL_VALUE)
            self.write_block(register, frame[7:-2])
            return frame[:6], True
        if function == 7:
            return frame[:2] + bytes((self.fast_status(),)), False
        return frame[:6], False
