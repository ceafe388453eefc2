"""What is plugged in, and how a rig file names it so that it is found again after a replug."""

from __future__ import annotations

from dataclasses import dataclass

from rig.lines.errors import PortLost


@dataclass(frozen=True, slots=True)
class PortInfo:
    """One serial port of this computer. `name` is how a rig file should call it."""

    name: str
    device: str
    description: str


def list_ports() -> list[PortInfo]:
    """The serial ports of this computer; USB adapters by vendor, product and serial number (they keep that name)."""
    from serial.tools.list_ports import comports

    found = []
    for port in sorted(comports(), key=lambda item: str(item.device)):
        name = port.device
        if port.vid is not None and port.serial_number:
            name = f"usb:{port.vid:04x}:{port.pid:04x}:{port.serial_number}"
        found.append(PortInfo(name, port.device, port.description or ""))
    return found


def resolve(where: str) -> str:
    """The device behind a rig file's port. `usb:VID:PID:SERIAL` is looked up; anything else is returned as it is.

    Raises PortLost when no such adapter is plugged in, with those that are.
    """
    if not where.lower().startswith("usb:"):
        return where
    known = list_ports()
    for port in known:
        if port.name.lower() == where.lower():
            return port.device
    names = ", ".join(port.name for port in known) or "none"
    raise PortLost(f"{where}: no such USB adapter is plugged in (plugged in: {names})")
