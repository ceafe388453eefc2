"""pyserial's `sim://` port: a `Serial` whose bytes go into the emulated world.

pyserial finds this module by its name (`protocol_` plus the URL's scheme) in the packages listed in
`serial.protocol_handler_packages`; the class has to be called `Serial`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import serial
from serial.serialutil import PortNotOpenError, SerialBase, SerialException

from rig.lines.errors import PortLost
from rig.lines.port import LinkSpec
from rig.lines.simwire import SimWire, find_world


class Serial(SerialBase):
    """A serial port of the emulated world. Time-outs run on the world's clock."""

    _wire: SimWire | None = None
    _baudrate: int
    _bytesize: int
    _parity: str
    _stopbits: float
    timeout: float | None = (
        None  # looked at by each read: unlike pyserial's own, nothing has to be told to a port
    )

    def open(self) -> None:
        """Plug into the world named in the URL. Raises SerialException if there is no such wire."""
        parts = urlsplit(str(self.portstr))
        key = parse_qs(parts.query).get("world", [""])[0]
        world = find_world(key)
        if world is None:
            raise SerialException(f"{self.portstr}: there is no emulated world {key!r}")
        try:
            self._wire = SimWire(world, parts.netloc, self._link())
        except PortLost as error:
            raise SerialException(str(error)) from error
        self.is_open = True

    def _link(self) -> LinkSpec:
        return LinkSpec(self._baudrate, self._bytesize, self._parity, int(self._stopbits))

    def _reconfigure_port(self) -> None:
        if self._wire is not None and self._wire.link.baud != self._baudrate:
            self._wire.configure(self._link())

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.close()
        self._wire = None
        self.is_open = False

    def _open_wire(self) -> SimWire:
        if self._wire is None:
            raise PortNotOpenError()
        return self._wire

    @property
    def in_waiting(self) -> int:
        """Bytes that have arrived and were not read."""
        wire = self._wire
        if wire is None:
            raise PortNotOpenError()
        return wire.waiting()

    def write(self, data: Any) -> int:
        """Send bytes; returns when the last has left."""
        wire = self._wire
        if wire is None:
            raise PortNotOpenError()
        try:
            wire.write(bytes(data))
        except PortLost as error:
            raise SerialException(str(error)) from error
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """`size` bytes or what came within the time-out."""
        return self._read(size, b"")

    def read_until(self, expected: bytes = b"\n", size: int | None = None) -> bytes:
        """Bytes up to and including `expected`, or what came within the time-out."""
        return self._read(size or 65536, expected)

    def _read(self, size: int, end: bytes) -> bytes:
        wire, timeout_s = self._wire, self.timeout
        if wire is None:
            raise PortNotOpenError()
        if timeout_s is None:
            raise SerialException("an emulated port is not read without a time-out")
        try:
            return wire.read(size, round(timeout_s * 1e9), end)
        except PortLost as error:
            raise SerialException(str(error)) from error

    def reset_input_buffer(self) -> None:
        """Throw away what has arrived and was not read."""
        wire = self._open_wire()
        wire.take(wire.waiting())

    def reset_output_buffer(self) -> None:
        """Nothing waits on this side: bytes leave as they are written."""

    def flush(self) -> None:
        """Nothing waits on this side: bytes leave as they are written."""

    def _update_rts_state(self) -> None:
        """The emulated instruments do not look at RTS."""

    def _update_dtr_state(self) -> None:
        """The emulated instruments do not look at DTR."""

    def _update_break_state(self) -> None:
        """The emulated instruments do not look at breaks."""

    @property
    def cts(self) -> bool:
        """Always set."""
        return True

    @property
    def dsr(self) -> bool:
        """Always set."""
        return True

    @property
    def ri(self) -> bool:
        """Never rings."""
        return False

    @property
    def cd(self) -> bool:
        """Always set."""
        return True


def install() -> None:
    """Tell pyserial where this handler lives; harmless when done twice."""
    package = "rig.lines.handlers"
    if package not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(package)
