"""A VISA session behind the `Port` protocol: whatever PyVISA opens (serial, GPIB, USB, LAN), for the same drivers.

The session is read through the VISA library itself and not through PyVISA's text calls: drivers deal in bytes and
deadlines, and a reply that breaks off is to be seen, not lost in an exception. Where VISA is peculiar:

- Time-outs are whole milliseconds; the deadline of a `Port` runs from the end of the last write on the line's clock.
- A read that times out throws away what had come (PyVISA raises, and the bytes are gone). On serial lines this port
  therefore asks only for bytes that have arrived, or for one more; the emulated library keeps what it did not hand
  over (`keeps_unread`), so there one call fetches a whole reply.
- A read ends at the termination character, which is set to the last byte of what the driver waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from rig.lines.errors import NoReply, PortLost
from rig.lines.port import LinkSpec
from rig.lines.runner import Runner
from rig.lines.trace import Trace

if TYPE_CHECKING:
    from pyvisa import ResourceManager
    from pyvisa.highlevel import VisaLibraryBase
    from pyvisa.resources import MessageBasedResource

BUS_LINK = LinkSpec(5_000_000)
"""GPIB, USB and LAN have no serial settings; the emulated ones carry about 0.5 MB/s."""

CHUNK = 65536


class VisaPort:
    """One open VISA resource. Raises PortLost when the session is gone, NoReply when it does not take the bytes.

    deadline_s: from the end of the last write to the end of the reply; attempts: for the driver; off_waiting: set by
    the line that owns the port.
    """

    def __init__(
        self, resource: MessageBasedResource, name: str, serial: bool, runner: Runner, trace: Trace | None
    ) -> None:
        from pyvisa import constants, errors

        self.deadline_s = 1.0
        self.attempts = 2
        self.off_waiting: Callable[[], bool] = lambda: False
        self._resource = resource
        self._name = name
        self._serial = serial
        self._runner = runner
        self._trace = trace
        self._library = resource.visalib
        self._session = resource.session
        self._whole = not serial or bool(getattr(self._library, "keeps_unread", False))
        self._held = bytearray()  # read from the library, not yet asked for by the driver
        self._until_ns = 0
        self._timeout_ms = -1
        self._end = -1
        self._visa_error: type[Exception] = errors.VisaIOError
        self._lost: tuple[type[Exception], ...] = (errors.Error, OSError)
        code = constants.StatusCode
        # Damaged characters are no reply, as on any serial port; the line itself lives.
        self._nothing = (
            code.error_timeout,
            code.error_serial_parity,
            code.error_serial_framing,
            code.error_serial_overrun,
        )
        self._open = ExitStack()
        self._open.enter_context(resource.ignore_warning(code.success_max_count_read))

    def now_ns(self) -> int:
        """The line's clock."""
        return self._runner.now_ns

    def sleep(self, seconds: float) -> None:
        """Wait on the line's clock."""
        self._runner.sleep(seconds)

    def write(self, data: bytes) -> None:
        """Send the bytes. Raises NoReply when the session does not take them, PortLost when it is gone."""
        if self._trace is not None:
            self._trace.sent(self._runner.now_ns, data)
        try:
            self._library.write(self._session, data)
        except self._visa_error as error:
            if getattr(error, "error_code", None) == self._nothing[0]:
                raise NoReply(f"{self._name}: the port did not take {len(data)} bytes") from error
            raise PortLost(f"{self._name}: {error}") from error
        except self._lost as error:
            raise PortLost(f"{self._name}: {error}") from error
        self._until_ns = self._runner.now_ns + round(self.deadline_s * 1e9)

    def _waiting(self) -> int:
        """Bytes of a serial line that have arrived and were not read."""
        from pyvisa.constants import ResourceAttribute

        if not self._serial:
            return 0
        return int(self._library.get_attribute(self._session, ResourceAttribute.asrl_avalaible_number)[0])

    def _chunk(self, count: int) -> bytes:
        """Up to `count` more bytes; b"" once the deadline has passed."""
        remaining_ns = self._until_ns - self._runner.now_ns
        if not self._whole:
            count = max(1, min(count, self._waiting()))
        # VISA takes 0 ms as "at once": what is there is still handed over.
        milliseconds = max(0, -(-remaining_ns // 1_000_000))
        if milliseconds != self._timeout_ms:
            self._resource.timeout = milliseconds
            self._timeout_ms = milliseconds
        try:
            return self._library.read(self._session, count)[0]
        except self._visa_error as error:
            if getattr(error, "error_code", None) not in self._nothing:
                raise PortLost(f"{self._name}: {error}") from error
        waiting = self._waiting() if self._whole else 0
        return self._library.read(self._session, min(waiting, count))[0] if waiting else b""

    def _collect(self, limit: int, end: bytes) -> bytes:
        held = self._held
        try:
            if end and end[-1] != self._end:
                self._resource.read_termination = chr(end[-1])
                self._end = end[-1]
            while True:
                found = held.find(end) if end else -1
                if found >= 0 or len(held) >= limit:
                    break
                before = len(held)
                held += self._chunk(limit - before)
                if len(held) == before:
                    break
        except PortLost:
            raise
        except self._lost as error:
            raise PortLost(f"{self._name}: {error}") from error
        count = min(found + len(end), limit) if found >= 0 else min(len(held), limit)
        data = bytes(held[:count])
        del held[:count]
        if self._trace is not None and data:
            self._trace.received(self._runner.now_ns, data)
        return data

    def read(self, count: int) -> bytes:
        """`count` bytes, or what came until the deadline."""
        return self._collect(count, b"")

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Bytes up to and including `end`, or what came until the deadline or `limit` bytes."""
        return self._collect(limit, end)

    def discard_input(self) -> bytes:
        """What has arrived on a serial line and was not read, thrown away.

        On GPIB, USB and LAN nothing arrives unasked, and an instrument drops an unread reply when it is written to.
        """
        data = bytes(self._held)
        self._held.clear()
        try:
            waiting = self._waiting()
            while waiting > 0:
                chunk = self._library.read(self._session, waiting)[0]
                data += chunk
                waiting -= len(chunk)
        except self._visa_error as error:
            if getattr(error, "error_code", None) not in self._nothing:
                raise PortLost(f"{self._name}: {error}") from error
        except self._lost as error:
            raise PortLost(f"{self._name}: {error}") from error
        if self._trace is not None and data:
            self._trace.received(self._runner.now_ns, data)
        return data

    def close(self) -> None:
        """Hang up; a session that is already gone closes without complaint."""
        with suppress(*self._lost):
            self._open.close()
            self._resource.close()


def is_serial(resource: str) -> bool:
    """Whether a VISA resource name means a serial line ("ASRL/dev/ttyUSB6::INSTR")."""
    return resource.upper().startswith("ASRL")


def _manager(library: VisaLibraryBase | None) -> ResourceManager:
    import pyvisa

    try:
        # None: a maker's VISA where one is installed, else pyvisa-py.
        return pyvisa.ResourceManager(library if library is not None else "")
    except (OSError, ValueError) as error:
        raise PortLost(f"no VISA library can be loaded: {error}") from error


def open_visa(
    resource: str, link: LinkSpec, *, library: VisaLibraryBase | None, runner: Runner, trace: Trace | None
) -> VisaPort:
    """Open a VISA resource as the rig file names it; `link` is used on serial lines only.

    library: an emulated VISA library, or None for the machine's own. Raises PortLost with VISA's reason when nothing
    of that name is there, or when it is not an instrument one can write to.
    """
    from pyvisa import constants, errors
    from pyvisa.resources import MessageBasedResource

    settings: dict[str, Any] = {}
    if is_serial(resource):
        settings = {
            "baud_rate": link.baud,
            "data_bits": link.bits,
            "parity": {"N": constants.Parity.none, "E": constants.Parity.even, "O": constants.Parity.odd}[
                link.parity
            ],
            "stop_bits": constants.StopBits.two if link.stop == 2 else constants.StopBits.one,
        }
    try:
        opened = _manager(library).open_resource(resource, **settings)
    except (errors.Error, OSError, ValueError, AttributeError) as error:
        raise PortLost(f"{resource}: {error}") from error
    if not isinstance(opened, MessageBasedResource):
        opened.close()
        raise PortLost(f"{resource}: not a resource that takes messages; name one that ends in ::INSTR")
    return VisaPort(opened, resource, is_serial(resource), runner, trace)
