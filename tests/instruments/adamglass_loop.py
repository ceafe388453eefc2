"""Ports for the tests of drivers: a script of byte pairs, and a loop to emulated instruments on a hand-driven clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count

from rig.emulators.device import Device
from rig.lines.port import LinkSpec


class HandCall:
    """A planned call."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Forget it."""
        self.function = None


class HandTimeline:
    """Time that stands still until it is moved by hand; planned calls happen on the way, in order."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._heap: list[tuple[int, int, HandCall]] = []
        self._order = count()

    def call_at(self, t_ns: int, function: Callable[[], None]) -> HandCall:
        """Plan a call."""
        call = HandCall(function)
        heappush(self._heap, (max(t_ns, self.now_ns), next(self._order), call))
        return call

    @property
    def planned(self) -> int:
        """Calls that will still happen."""
        return sum(call.function is not None for _, _, call in self._heap)

    def advance_to(self, t_ns: int) -> None:
        """Move on to t_ns, calls planned for that very moment included."""
        while self._heap and self._heap[0][0] <= t_ns:
            due_ns, _, call = heappop(self._heap)
            self.now_ns = due_ns
            if call.function is not None:
                call.function()
        self.now_ns = max(self.now_ns, t_ns)

    def advance_s(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self.advance_to(self.now_ns + round(seconds * 1e9))


class ScriptPort:
    """Expects each request in turn and gives the reply that stands beside it; an empty reply is silence."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]], *, attempts: int = 2) -> None:
        self.deadline_s = 0.2
        self.attempts = attempts
        self.pairs = deque(pairs)
        self.sent: list[bytes] = []
        self.input = b""
        self.off = False
        self.time_ns = 0

    def now_ns(self) -> int:
        """Moves only when a test says so."""
        return self.time_ns

    def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.time_ns += round(seconds * 1e9)

    def write(self, data: bytes) -> None:
        """The next request of the script, nothing else."""
        self.sent.append(data)
        assert self.pairs, f"nothing more was to be sent, got {data!r}"
        expected, reply = self.pairs.popleft()
        assert data == expected
        self.input += reply

    def read(self, count: int) -> bytes:
        """Up to `count` bytes of what the script has answered."""
        data, self.input = self.input[:count], self.input[count:]
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Up to and including `end`."""
        found = self.input.find(end)
        return self.read(min(limit, len(self.input) if found < 0 else found + len(end)))

    def discard_input(self) -> bytes:
        """Drop what was not read."""
        return self.read(len(self.input))

    def off_waiting(self) -> bool:
        """As the test says."""
        return self.off

    def done(self) -> bool:
        """Whether the whole script was played."""
        return not self.pairs


class LoopPort:
    """A wire to emulated instruments: bytes take their time at the baud rate, a read waits until its deadline.

    `damage_reply` and `damage_request` see what goes over the wire and give what arrives; b"" is a lost message.
    """

    def __init__(self, timeline: HandTimeline, *devices: Device, link: LinkSpec | None = None) -> None:
        self.deadline_s = 0.2
        self.attempts = 2
        self.timeline = timeline
        self.devices = devices
        self.sent: list[bytes] = []
        self.off = False
        self.damage_reply: Callable[[bytes], bytes] = bytes
        self.damage_request: Callable[[bytes], bytes] = bytes
        self._byte_ns = (link or devices[0].link).byte_ns
        self._incoming: deque[tuple[int, int]] = deque()
        self._free_ns = 0
        self._until_ns = 0
        for device in devices:
            device.transmit = self._transmit

    def _transmit(self, data: bytes, begins_ns: int) -> None:
        begins_ns = max(begins_ns, self._free_ns)
        data = self.damage_reply(data)
        for number, byte in enumerate(data, start=1):
            self._incoming.append((begins_ns + number * self._byte_ns, byte))
        self._free_ns = begins_ns + len(data) * self._byte_ns

    def now_ns(self) -> int:
        """The hand-driven clock."""
        return self.timeline.now_ns

    def sleep(self, seconds: float) -> None:
        """Let the clock go on."""
        self.timeline.advance_s(seconds)

    def write(self, data: bytes) -> None:
        """All instruments on the wire hear it when its last byte has left."""
        self.sent.append(data)
        self.timeline.advance_to(self.timeline.now_ns + len(data) * self._byte_ns)
        heard = self.damage_request(data)
        for device in self.devices:
            if heard:
                device.receive(heard)
        self._until_ns = self.timeline.now_ns + round(self.deadline_s * 1e9)

    def _next_byte(self) -> bytes:
        if not self._incoming or self._incoming[0][0] > max(self._until_ns, self.timeline.now_ns):
            self.timeline.advance_to(self._until_ns)
            return b""
        arrives_ns, byte = self._incoming.popleft()
        self.timeline.advance_to(arrives_ns)
        return bytes((byte,))

    def read(self, count: int) -> bytes:
        """`count` bytes or what came until the deadline."""
        data = b""
        while len(data) < count and (byte := self._next_byte()):
            data += byte
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Up to and including `end`, or what came until the deadline."""
        data = b""
        while not data.endswith(end) and len(data) < limit and (byte := self._next_byte()):
            data += byte
        return data

    def discard_input(self) -> bytes:
        """Drop what has arrived until now."""
        data = b""
        while self._incoming and self._incoming[0][0] <= self.timeline.now_ns:
            data += bytes((self._incoming.popleft()[1],))
        return data

    def off_waiting(self) -> bool:
        """As the test says."""
        return self.off
