"""The emulators' end of one wire: who hears the bytes, who answers, and what the cable does to them.

On a shared wire (daisy chain, RS-485) every instrument hears every byte and those addressed answer. Line faults live
here, not in the instruments: `silent` (replies are lost), `deaf` (requests are lost too), `garble` (one random bit in
one byte of each reply), `truncate` (replies cut short), `late` (replies delayed), `unplug` (the port itself is gone).
"""

from __future__ import annotations

import random
from typing import Protocol

from rig.emulators.device import Device, Timeline
from rig.lines.port import LinkSpec

LINE_FAULTS = ("silent", "deaf", "garble", "truncate", "late", "unplug")

LATE_NS = 1_500_000_000
"""How much later a `late` reply comes: beyond every deadline."""


class Host(Protocol):
    """Whoever opened the port at the other end."""

    def arrive(self, data: bytes, begins_ns: int) -> None:
        """Bytes are on the wire, the first beginning at begins_ns."""

    def unplugged(self) -> None:
        """The cable was pulled."""


class Wire:
    """One cable with its instruments; fills `rig.lines.simwire.Peer`."""

    def __init__(self, name: str, timeline: Timeline, rng: random.Random) -> None:
        self.name = name
        self.host: Host | None = None
        self.devices: list[Device] = []
        self.late_ns = LATE_NS
        """How much later a `late` reply comes on this wire."""
        self.faults: dict[str, bool] = dict.fromkeys(LINE_FAULTS, False)
        self._sound = True
        self.heard: list[tuple[int, bytes]] | None = None
        """Where a test asks for it: every packet of bytes that reached the instruments, with its time."""
        self._timeline = timeline
        self._rng = rng

    def attach(self, device: Device) -> None:
        """Put an instrument on this wire."""
        self.devices.append(device)
        device.transmit = self._reply

    def plugged(self) -> bool:
        """Whether the cable is in."""
        return not self.faults["unplug"]

    def set_fault(self, kind: str, on: bool) -> None:
        """Begin or end a line fault. Raises KeyError for an unknown kind."""
        if kind not in self.faults:
            raise KeyError(kind)
        self.faults[kind] = on
        self._sound = not any(self.faults.values())
        if kind == "unplug" and on and self.host is not None:
            self.host.unplugged()

    def receive(self, data: bytes, link: LinkSpec) -> None:
        """Bytes from the controller reach every instrument; at other serial settings they arrive as noise."""
        if not self._sound and (self.faults["unplug"] or self.faults["deaf"]):
            return
        if self.heard is not None:
            self.heard.append((self._timeline.now_ns, data))
        for device in self.devices:
            if device.link == link:
                device.receive(data)
            else:
                device.receive(bytes(self._rng.randrange(256) for _ in data))

    def _reply(self, data: bytes, begins_ns: int) -> None:
        if self._sound and self.host is not None:
            self.host.arrive(data, begins_ns)
            return
        faults = self.faults
        if self.host is None or faults["unplug"] or faults["silent"] or faults["deaf"]:
            return
        if faults["garble"] and data:
            place = self._rng.randrange(len(data))
            data = data[:place] + bytes([data[place] ^ (1 << self._rng.randrange(8))]) + data[place + 1 :]
        if faults["truncate"] and len(data) > 1:
            data = data[: self._rng.randrange(1, len(data))]
        if faults["late"]:
            begins_ns += self.late_ns
        self.host.arrive(data, begins_ns)
