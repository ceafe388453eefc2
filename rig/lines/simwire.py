"""The controller's end of an emulated wire: bytes take their time at the baud rate, replies arrive byte by byte.

`SimWire` is what the `sim://` port and the emulated VISA session read and write. The emulators' end is a `Peer`.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from rig.lines.errors import PortLost
from rig.lines.port import LinkSpec
from rig.lines.scheduler import Rank, Scheduler, Task

_EMULATOR = int(Rank.EMULATOR)


class Peer(Protocol):
    """The emulators' end of one wire."""

    host: Any
    """Whom to hand replies to: set while the port is open, None when it is closed."""

    def receive(self, data: bytes, link: LinkSpec) -> None:
        """The controller's bytes have arrived, sent with these serial settings."""

    def plugged(self) -> bool:
        """Whether the instrument's cable is in."""


class SimWorld(Protocol):
    """A laboratory of emulated instruments that ports can be opened to."""

    scheduler: Scheduler

    def peer(self, name: str) -> Peer | None:
        """The wire of that name, or None if nothing stands there."""


_worlds: dict[str, SimWorld] = {}


def register(key: str, world: SimWorld) -> None:
    """Make a world reachable by `sim://NAME?world=KEY` ports."""
    _worlds[key] = world


def forget(key: str) -> None:
    """Take a world out of reach; harmless when it is not there."""
    _worlds.pop(key, None)


def find_world(key: str) -> SimWorld | None:
    """The world registered under the key, or None."""
    return _worlds.get(key)


class SimWire:
    """An open port into the emulated world. All calls belong to one task of the world's scheduler."""

    def __init__(self, world: SimWorld, name: str, link: LinkSpec) -> None:
        peer = world.peer(name)
        if peer is None or not peer.plugged():
            raise PortLost(f"sim://{name}: nothing is plugged in there")
        self._scheduler = world.scheduler
        self._peer = peer
        self._plugged = peer.plugged
        self._name = name
        self.link = link
        self._byte_ns = link.byte_ns
        self._buffer = bytearray()
        self._segments: deque[list[int]] = deque()  # [time its first byte begins, bytes left]
        self._line_free_ns = 0
        self._until_ns = 0
        self._reader: Task | None = None
        self._wanted = (0, b"")
        peer.host = self

    def configure(self, link: LinkSpec) -> None:
        """New serial settings from now on."""
        self.link = link
        self._byte_ns = link.byte_ns

    def close(self) -> None:
        """Hang up."""
        if self._peer.host is self:
            self._peer.host = None

    def _out(self) -> PortLost:
        return PortLost(f"sim://{self._name}: the cable is out")

    def write(self, data: bytes) -> None:
        """Send bytes; the task is suspended until the last has left, at which moment the emulators have them."""
        if not self._plugged():
            raise self._out()
        scheduler = self._scheduler
        task = scheduler.current()

        def arrived() -> None:
            self._peer.receive(data, self.link)
            scheduler.resume(task)

        done_ns = scheduler.now_ns + len(data) * self._byte_ns
        scheduler.call_at(done_ns, arrived, _EMULATOR, self._name)
        task.wait_until(None)
        if not self._plugged():
            raise self._out()

    def arrive(self, data: bytes, begins_ns: int) -> None:
        """The emulators' end sends: the first byte begins at begins_ns, or when the wire is free."""
        if begins_ns < self._line_free_ns:
            begins_ns = self._line_free_ns
        self._line_free_ns = begins_ns + len(data) * self._byte_ns
        self._segments.append([begins_ns, len(data)])
        self._buffer += data
        if self._reader is not None:
            ready = self._satisfied()
            if ready is not None and ready[1] <= self._until_ns:
                self._reader.reschedule(ready[1])

    def unplugged(self) -> None:
        """The cable was pulled: a waiting reader learns it now."""
        if self._reader is not None:
            self._reader.reschedule(self._scheduler.now_ns)

    def _arrival_ns(self, number: int) -> int:
        for begins_ns, length in self._segments:
            if number <= length:
                return begins_ns + number * self._byte_ns
            number -= length
        raise IndexError(number)

    def _satisfied(self) -> tuple[int, int] | None:
        """(bytes to take, when the last of them has arrived) if the wanted bytes are known to be on the wire."""
        count, end = self._wanted
        if end:
            found = self._buffer.find(end)
            if found >= 0 and found + len(end) <= count:
                count = found + len(end)
        if len(self._buffer) < count:
            return None
        return count, self._arrival_ns(count)

    def waiting(self) -> int:
        """Bytes that have arrived and were not read."""
        if not self._segments:
            return 0
        now_ns, number = self._scheduler.now_ns, 0
        for begins_ns, length in self._segments:
            here = min(length, max(0, (now_ns - begins_ns) // self._byte_ns))
            number += here
            if here < length:
                break
        return number

    def take(self, number: int) -> bytes:
        """Take bytes out of what is on the wire."""
        if number == len(self._buffer):
            data = bytes(self._buffer)
            self._buffer.clear()
            self._segments.clear()
            return data
        data = bytes(self._buffer[:number])
        del self._buffer[:number]
        while number:
            segment = self._segments[0]
            if segment[1] <= number:
                number -= segment[1]
                self._segments.popleft()
            else:
                segment[0] += number * self._byte_ns
                segment[1] -= number
                number = 0
        return data

    def read(self, count: int, timeout_ns: int, end: bytes = b"") -> bytes:
        """`count` bytes, fewer if `end` comes first or the time-out passes; the task is suspended meanwhile."""
        if not self._plugged():
            raise self._out()
        scheduler = self._scheduler
        now_ns = scheduler.now_ns
        self._wanted = (count, end)
        ready = self._satisfied()
        if ready is not None and ready[1] <= now_ns:
            return self.take(ready[0])
        self._until_ns = until_ns = now_ns + timeout_ns
        self._reader = task = scheduler.current()
        try:
            while True:
                task.wait_until(until_ns if ready is None or ready[1] > until_ns else ready[1])
                if not self._plugged():
                    raise self._out()
                now_ns = scheduler.now_ns
                if ready is None or ready[1] > now_ns:
                    ready = self._satisfied()  # what has come meanwhile may have been all of it
                if ready is not None and ready[1] <= now_ns:
                    return self.take(ready[0])
                if now_ns >= until_ns:
                    return self.take(min(self.waiting(), count))
        finally:
            self._reader = None
