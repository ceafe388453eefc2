"""What a driver sees of its line: bytes out, bytes in with a deadline, and whether an "off" is waiting.

Drivers are plain blocking code over this. The same protocol is filled by a real serial port, an emulated one and a VISA
session, and drivers open nothing themselves.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class LinkSpec(NamedTuple):
    """How the bits stand on the wire: baud rate, data bits, parity ("N", "E", "O"), stop bits."""

    baud: int = 9600
    bits: int = 8
    parity: str = "N"
    stop: int = 1

    @property
    def byte_ns(self) -> int:
        """Time of one byte on the wire in ns: start bit, data bits, parity bit, stop bits."""
        frame = 1 + self.bits + (self.parity != "N") + self.stop
        return round(frame * 1_000_000_000 / self.baud)

    def __str__(self) -> str:
        return f"{self.baud} {self.bits}{self.parity}{self.stop}"


class Port(Protocol):
    """A line's port as its drivers see it. Every call raises PortLost when the port itself is gone.

    deadline_s: how long one attempt may take from the end of the request to the end of the reply.
    attempts: how often a query may be asked before the driver gives up.
    """

    deadline_s: float
    attempts: int

    def now_ns(self) -> int:
        """The line's clock in ns."""

    def sleep(self, seconds: float) -> None:
        """Wait on the line's clock (a turnaround the sheet demands); nothing else on the line happens meanwhile."""

    def write(self, data: bytes) -> None:
        """Send the bytes; returns when the last has left."""

    def read(self, count: int) -> bytes:
        """`count` bytes, or fewer when the deadline (running since the last write) has passed."""

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Bytes up to and including `end`, or what came until the deadline or `limit` bytes."""

    def discard_input(self) -> bytes:
        """Throw away what has arrived and was not read; returned so that a driver can look at unasked packets."""

    def off_waiting(self) -> bool:
        """Whether an "off" for an instrument of this line is waiting: a driver then makes no further attempt."""
