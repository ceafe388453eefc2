"""A line's port over pyserial: real ports, ptys, `socket://` and the emulated `sim://`, all opened in one way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import serial

from rig.lines.errors import NoReply, PortLost
from rig.lines.handlers import protocol_sim
from rig.lines.port import LinkSpec
from rig.lines.ports import resolve
from rig.lines.runner import Runner
from rig.lines.trace import Trace

MOST_DISCARDED = 65536
"""A device that never stops talking must not keep its line in `discard_input`."""


def _settings_error() -> type[Exception]:
    """What the system throws past pyserial when a port cannot have these settings."""
    try:
        import termios
    except ImportError:  # Windows
        return OSError
    return termios.error


_REFUSED = _settings_error()


class SerialPort:
    """pyserial behind the `Port` protocol, with a deadline that runs from the end of each write, and the trace."""

    def __init__(self, device: Any, runner: Runner, trace: Trace | None) -> None:
        self.deadline_s = 1.0
        self.attempts = 2
        self.off_waiting: Callable[[], bool] = lambda: False
        self._device = device
        self._runner = runner
        self._trace = trace
        self._until_ns = 0

    def now_ns(self) -> int:
        """The line's clock."""
        return self._runner.now_ns

    def sleep(self, seconds: float) -> None:
        """Wait on the line's clock."""
        self._runner.sleep(seconds)

    def write(self, data: bytes) -> None:
        """Send the bytes. Raises NoReply when the port does not take them, PortLost when it is gone."""
        if self._trace is not None:
            self._trace.sent(self._runner.now_ns, data)
        try:
            self._device.write(data)
        except serial.SerialTimeoutException as error:
            raise NoReply(f"{self._device.port}: the port did not take {len(data)} bytes") from error
        except (serial.SerialException, OSError) as error:
            raise PortLost(f"{self._device.port}: {error}") from error
        self._until_ns = self._runner.now_ns + round(self.deadline_s * 1e9)

    def read(self, count: int) -> bytes:
        """`count` bytes, or what came until the deadline."""
        try:
            remaining_ns = self._until_ns - self._runner.now_ns
            self._device.timeout = remaining_ns / 1e9 if remaining_ns > 0 else 0.0
            data: bytes = self._device.read(count)
        except (serial.SerialException, OSError) as error:
            raise PortLost(f"{self._device.port}: {error}") from error
        if self._trace is not None and data:
            self._trace.received(self._runner.now_ns, data)
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Bytes up to and including `end`, or what came until the deadline or `limit` bytes."""
        try:
            remaining_ns = self._until_ns - self._runner.now_ns
            self._device.timeout = remaining_ns / 1e9 if remaining_ns > 0 else 0.0
            data: bytes = self._device.read_until(end, limit)
        except (serial.SerialException, OSError) as error:
            raise PortLost(f"{self._device.port}: {error}") from error
        if self._trace is not None and data:
            self._trace.received(self._runner.now_ns, data)
        return data

    def discard_input(self) -> bytes:
        """What has arrived and was not read, thrown away."""
        data = b""
        try:
            waiting = self._device.in_waiting
            if not waiting:
                return b""
            self._device.timeout = 0
            # A socket only says that there is something, and counts it as one byte.
            while waiting and len(data) < MOST_DISCARDED:
                data += self._device.read(waiting)
                waiting = self._device.in_waiting
        except (serial.SerialException, OSError) as error:
            raise PortLost(f"{self._device.port}: {error}") from error
        if self._trace is not None:
            self._trace.received(self._runner.now_ns, data)
        return data

    def close(self) -> None:
        """Hang up; a port that is already gone closes without complaint."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._device.close()


def _is_pty(where: str) -> bool:
    """A pseudo-terminal carries whole bytes and has no frame: seven bits or parity are refused by the system."""
    return "://" not in where and str(Path(where).resolve()).startswith(("/dev/pts/", "/dev/ttys"))


def open_serial(where: str, link: LinkSpec, runner: Runner, trace: Trace | None) -> SerialPort:
    """Open a port as the rig file names it. Raises PortLost with the system's reason."""
    protocol_sim.install()
    try:
        found = resolve(where)
        if _is_pty(found):
            link = LinkSpec(link.baud)
        device = serial.serial_for_url(
            found,
            do_not_open=True,
            baudrate=link.baud,
            bytesize=link.bits,
            parity=link.parity,
            stopbits=link.stop,
            timeout=0.2,
            write_timeout=1.0,
        )
        if hasattr(device, "exclusive") and "://" not in where:
            device.exclusive = True
        device.open()
    except (serial.SerialException, OSError, ValueError, _REFUSED) as error:
        raise PortLost(f"{where}: {error}") from error
    return SerialPort(device, runner, trace)
