"""An emulated VISA library: PyVISA's own resource classes above, wires of an emulated world below.

An instance goes into `pyvisa.ResourceManager(...)` in place of a maker's library. It takes no time from the machine:
a read blocks on the wire's clock, so that a time-out in a simulation costs its virtual time and nothing else. Each
instance stands for one laboratory. PyVISA keeps libraries in a registry by class and path and hands out the same
object twice; here every instance has a path of its own and leaves the registry at once.

This file leans on pyvisa-py's `Session` and on how `PyVisaLibrary` dispatches to it (its version is pinned).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Protocol

# Whoever wants an emulated VISA library imports this file when it is needed, and with it what it subclasses.
from pyvisa import attributes, constants, rname  # noqa: TID253
from pyvisa.constants import ResourceAttribute, StatusCode  # noqa: TID253
from pyvisa.util import LibraryPath  # noqa: TID253
from pyvisa_py.highlevel import PyVisaLibrary  # noqa: TID253
from pyvisa_py.sessions import OpenError, Session, UnknownAttribute  # noqa: TID253

from rig.lines.errors import PortLost
from rig.lines.port import LinkSpec
from rig.lines.simwire import SimWire, SimWorld
from rig.lines.visaport import BUS_LINK

_EVER = 1 << 62
"""A time-out of VI_TMO_INFINITE, in ns: some 146 years."""

_PARITIES = {constants.Parity.none: "N", constants.Parity.even: "E", constants.Parity.odd: "O"}
_STOPS = {constants.StopBits.one: 1, constants.StopBits.two: 2}
_numbers = count(1)


class VisaWire(Protocol):
    """The controller's end of an emulated wire; `rig.lines.simwire.SimWire` is one. Calls raise PortLost when the
    cable is out."""

    def write(self, data: bytes) -> None:
        """Send bytes; returns when the last has left."""

    def read(self, count: int, timeout_ns: int, end: bytes = b"") -> bytes:
        """`count` bytes, fewer if `end` comes first or the time-out passes on the wire's own clock."""

    def waiting(self) -> int:
        """Bytes that have arrived and were not read."""

    def configure(self, link: LinkSpec) -> None:
        """New serial settings from now on."""

    def close(self) -> None:
        """Hang up."""


Opener = Callable[[LinkSpec], VisaWire]
"""Opens a wire with these serial settings (BUS_LINK where the interface has none); PortLost if nothing is there."""


class SimSession(Session):  # type: ignore[misc]
    """A session on one emulated wire, of any interface type."""

    def __init__(self, opener: Opener, manager_session: Any, resource_name: str, parsed: Any) -> None:
        self.session_type = (parsed.interface_type_const, parsed.resource_class)
        self._serial = parsed.interface_type_const == constants.InterfaceType.asrl
        self._link = LinkSpec() if self._serial else BUS_LINK
        self._rest = b""
        super().__init__(manager_session, resource_name, parsed)
        for attribute in (
            ResourceAttribute.termchar,
            ResourceAttribute.termchar_enabled,
            ResourceAttribute.suppress_end_enabled,
            ResourceAttribute.send_end_enabled,
            ResourceAttribute.asrl_end_in,
            ResourceAttribute.asrl_end_out,
            ResourceAttribute.asrl_flow_control,
        ):
            known = attributes.AttributesByID[attribute]
            if known.in_resource(self.session_type):
                self.attrs[attribute] = known.default
        self.attrs[ResourceAttribute.interface_number] = _board(parsed)
        try:
            self.interface: VisaWire = opener(self._link)
        except PortLost as error:
            raise OpenError(StatusCode.error_resource_not_found) from error

    def _get_attribute(self, attribute: Any) -> tuple[Any, StatusCode]:
        link = self._link
        if attribute == ResourceAttribute.asrl_avalaible_number:
            return len(self._rest) + self.interface.waiting(), StatusCode.success
        if attribute == ResourceAttribute.asrl_baud_rate:
            return link.baud, StatusCode.success
        if attribute == ResourceAttribute.asrl_data_bits:
            return link.bits, StatusCode.success
        if attribute == ResourceAttribute.asrl_parity:
            return next(key for key, letter in _PARITIES.items() if letter == link.parity), StatusCode.success
        if attribute == ResourceAttribute.asrl_stop_bits:
            return next(key for key, stop in _STOPS.items() if stop == link.stop), StatusCode.success
        raise UnknownAttribute(attribute)

    def _set_attribute(self, attribute: Any, attribute_state: Any) -> StatusCode:
        link = self._link
        if attribute == ResourceAttribute.asrl_baud_rate:
            link = LinkSpec(int(attribute_state), link.bits, link.parity, link.stop)
        elif attribute == ResourceAttribute.asrl_data_bits:
            link = LinkSpec(link.baud, int(attribute_state), link.parity, link.stop)
        elif attribute == ResourceAttribute.asrl_parity and attribute_state in _PARITIES:
            link = LinkSpec(link.baud, link.bits, _PARITIES[attribute_state], link.stop)
        elif attribute == ResourceAttribute.asrl_stop_bits and attribute_state in _STOPS:
            link = LinkSpec(link.baud, link.bits, link.parity, _STOPS[attribute_state])
        else:
            return StatusCode.error_nonsupported_attribute_state
        self._link = link
        self.interface.configure(link)
        return StatusCode.success

    def _end(self) -> bytes:
        """The byte that ends a read: the termination character where it is in force, and on interfaces that mark the
        end of a message (EOI) the instrument's line feed."""
        in_force = self.attrs[ResourceAttribute.termchar_enabled] or (
            self._serial
            and self.attrs[ResourceAttribute.asrl_end_in] == constants.SerialTermination.termination_char
        )
        if in_force:
            return bytes((self.attrs[ResourceAttribute.termchar],))
        return b"" if self._serial else b"\n"

    def read(self, count: int) -> tuple[bytes, StatusCode]:
        """Up to `count` bytes. After a time-out what had come is kept for the next read."""
        end = self._end()
        rest = self._rest
        found = rest.find(end) + 1 if end else 0
        if found == 0 and len(rest) < count:
            timeout_ns = _EVER if self.timeout is None else round(self.timeout * 1e9)
            try:
                rest += self.interface.read(count - len(rest), timeout_ns, end)
            except PortLost:
                return b"", StatusCode.error_connection_lost
            found = rest.find(end) + 1 if end else 0
        if 0 < found <= count:
            self._rest = rest[found:]
            return rest[:found], StatusCode.success_termination_character_read
        if len(rest) >= count:
            self._rest = rest[count:]
            return rest[:count], StatusCode.success_max_count_read
        self._rest = rest
        return b"", StatusCode.error_timeout

    def write(self, data: bytes) -> tuple[int, StatusCode]:
        """Send the bytes."""
        if not self._serial:
            # A new message interrupts a reply that nobody fetched (IEEE 488.2); the instrument forgets it.
            self._rest = b""
            waiting = self.interface.waiting()
            if waiting:
                self.interface.read(waiting, 0)
        try:
            self.interface.write(data)
        except PortLost:
            return 0, StatusCode.error_connection_lost
        return len(data), StatusCode.success

    def flush(self, mask: Any) -> StatusCode:
        """Forget what has arrived, if that is what the mask asks."""
        if mask & constants.BufferOperation.discard_read_buffer:
            self._rest = b""
            waiting = self.interface.waiting()
            if waiting:
                self.interface.read(waiting, 0)
        return StatusCode.success

    def close(self) -> StatusCode:
        """Hang up."""
        self.interface.close()
        return StatusCode.success


class SimVisaLibrary(PyVisaLibrary):  # type: ignore[misc]
    """The VISA library of one emulated laboratory: resource names as in a rig file, each with what opens its wire."""

    keeps_unread = True
    """What a read that timed out did not hand over is still there for the next one."""

    _openers: Mapping[str, Opener]

    def __new__(cls, openers: Mapping[str, Opener]) -> SimVisaLibrary:
        """Names are normalised as VISA does ("ASRL3" is "ASRL3::INSTR"). Raises ValueError for what is no name."""
        path = LibraryPath(f"emulated laboratory {next(_numbers)}", "emulated")
        library: SimVisaLibrary = super().__new__(cls, path)
        cls._registry.pop((cls, path), None)
        library._openers = {_normal(name): opener for name, opener in openers.items()}
        return library

    def _init(self) -> None:
        super()._init()
        self._handles = count(1)

    def _register(self, obj: Any) -> Any:
        # pyvisa-py draws handles from the process-wide generator of chance.
        handle = next(self._handles)
        self.sessions[handle] = obj
        return handle

    def open(
        self,
        session: Any,
        resource_name: str,
        access_mode: constants.AccessModes = constants.AccessModes.no_lock,
        open_timeout: int | None = constants.VI_TMO_IMMEDIATE,
    ) -> tuple[Any, StatusCode]:
        """Open a session; VI_ERROR_RSRC_NFOUND where nothing of that name stands."""
        try:
            parsed = rname.parse_resource_name(resource_name)
        except rname.InvalidResourceName:
            return 0, self.handle_return_value(None, StatusCode.error_invalid_resource_name)
        opener = self._openers.get(str(parsed))
        if opener is None:
            return 0, self.handle_return_value(None, StatusCode.error_resource_not_found)
        try:
            opened = SimSession(opener, session, resource_name, parsed)
        except OpenError as error:
            return 0, self.handle_return_value(None, error.error_code)
        return self._register(opened), self.handle_return_value(None, StatusCode.success)

    def close(self, session: Any) -> StatusCode:
        """Close a session and forget its handle."""
        status: StatusCode = super().close(session)
        self.sessions.pop(session, None)
        return status

    def list_resources(self, session: Any, query: str = "?*::INSTR") -> tuple[str, ...]:
        """Names of what there is, in VISA's query notation."""
        return rname.filter(sorted(self._openers), query)


def _normal(name: str) -> str:
    try:
        return str(rname.parse_resource_name(name))
    except rname.InvalidResourceName as error:
        raise ValueError(f"{name!r} is no VISA resource name: {error}") from error


def _board(parsed: Any) -> int:
    board = str(getattr(parsed, "board", "0"))
    return int(board) if board.isdigit() else 0


def library_for(world: SimWorld, wires: Mapping[str, str]) -> SimVisaLibrary:
    """The VISA library of an emulated world: `wires` maps resource names to the names of the world's wires."""

    def opener(wire: str) -> Opener:
        return lambda link: SimWire(world, wire, link)

    return SimVisaLibrary({resource: opener(wire) for resource, wire in wires.items()})
