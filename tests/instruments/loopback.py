"""A wire between a driver and emulated instruments for tests, on a timeline that is moved by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from rig.emulators.device import Device
from rig.lines.port import LinkSpec


class Call:
    """A planned call."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Forget it."""
        self.function = None


class HandTimeline:
    """Time stands still until `until` or `pass_s`; calls planned on the way happen in order."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._heap: list[tuple[int, int, Call]] = []
        self._order = count()

    def call_at(self, t_ns: int, function: Callable[[], None]) -> Call:
        """Plan a call."""
        call = Call(function)
        heappush(self._heap, (max(t_ns, self.now_ns), next(self._order), call))
        return call

    def next_ns(self) -> int | None:
        """When the next call is planned."""
        while self._heap and self._heap[0][2].function is None:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def until(self, t_ns: int) -> None:
        """Go on to t_ns, with the calls planned for that moment."""
        while (due_ns := self.next_ns()) is not None and due_ns <= t_ns:
            _, _, call = heappop(self._heap)
            self.now_ns = due_ns
            assert call.function is not None
            call.function()
        self.now_ns = max(self.now_ns, t_ns)

    def pass_s(self, seconds: float) -> None:
        """Go on by so many seconds."""
        self.until(self.now_ns + round(seconds * 1e9))


class Loopback:
    """A port whose bytes reach all `devices`; their bytes come back one after the other at the baud rate.

    on_request and on_reply may change what arrives (b"": lost). `late` replies wait until the next request was sent.
    """

    def __init__(self, timeline: HandTimeline, *devices: Device, link: LinkSpec) -> None:
        self.deadline_s = 0.2
        self.attempts = 2
        self.off = False
        self.sent: list[bytes] = []
        self.got: list[bytes] = []
        self.on_request: Callable[[bytes], bytes] = bytes
        self.on_reply: Callable[[bytes], bytes] = bytes
        self._timeline = timeline
        self._devices = devices
        self._byte_ns = link.byte_ns
        self._line: deque[tuple[int, int]] = deque()
        self._line_free_ns = 0
        self._until_ns = 0
        for device in devices:
            device.transmit = self.arrive

    def arrive(self, data: bytes, begins_ns: int) -> None:
        """An instrument sends."""
        data = self.on_reply(data)
        self.got.append(data)
        self._line_free_ns = max(begins_ns, self._line_free_ns)
        for byte in data:
            self._line_free_ns += self._byte_ns
            self._line.append((self._line_free_ns, byte))

    def now_ns(self) -> int:
        """The timeline's time."""
        return self._timeline.now_ns

    def sleep(self, seconds: float) -> None:
        """Let time go on."""
        self._timeline.pass_s(seconds)

    def write(self, data: bytes) -> None:
        """The instruments have the bytes when the last has left."""
        self.sent.append(data)
        self._timeline.until(self._timeline.now_ns + len(data) * self._byte_ns)
        arriving = self.on_request(data)
        for device in self._devices:
            if arriving:
                device.receive(arriving)
        self._until_ns = self._timeline.now_ns + round(self.deadline_s * 1e9)

    def _byte(self) -> bytes:
        while True:
            if self._line and self._line[0][0] <= max(self._until_ns, self._timeline.now_ns):
                at_ns, byte = self._line.popleft()
                self._timeline.until(at_ns)
                return bytes((byte,))
            if self._timeline.now_ns >= self._until_ns:
                return b""
            planned_ns = self._timeline.next_ns()
            if planned_ns is None or planned_ns > self._until_ns:
                planned_ns = self._until_ns
            self._timeline.until(planned_ns)

    def read(self, count: int) -> bytes:
        """`count` bytes or what came in time."""
        data = b""
        while len(data) < count and (byte := self._byte()):
            data += byte
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Bytes up to `end` or what came in time."""
        data = b""
        while len(data) < limit and not data.endswith(end) and (byte := self._byte()):
            data += byte
        return data

    def discard_input(self) -> bytes:
        """What has arrived and was not read."""
        data = b""
        while self._line and self._line[0][0] <= self._timeline.now_ns:
            data += bytes((self._line.popleft()[1],))
        return data

    def off_waiting(self) -> bool:
        """As a test says."""
        return self.off


class Script:
    """A port that expects given requests and gives given replies, at no time at all; (None, reply) comes unasked."""

    def __init__(self, *pairs: tuple[bytes | None, bytes], attempts: int = 2) -> None:
        self.deadline_s = 0.2
        self.attempts = attempts
        self.off = False
        self.slept_s = 0.0
        self._pairs = deque(pairs)
        self._input = b""
        self._unasked()

    def _unasked(self) -> None:
        while self._pairs and self._pairs[0][0] is None:
            self._input += self._pairs.popleft()[1]

    def now_ns(self) -> int:
        """Time spent asleep."""
        return round(self.slept_s * 1e9)

    def sleep(self, seconds: float) -> None:
        """Count it."""
        self.slept_s += seconds

    def write(self, data: bytes) -> None:
        """The next request has to be this one."""
        assert self._pairs, f"nothing was to be sent any more, but {data!r} was"
        request, reply = self._pairs.popleft()
        assert data == request, f"{data!r} instead of {request!r}"
        self._input += reply

    def read(self, count: int) -> bytes:
        """Of what is there."""
        data, self._input = self._input[:count], self._input[count:]
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Of what is there."""
        at = self._input.find(end)
        return self.read(min(limit, at + len(end) if at >= 0 else len(self._input)))

    def discard_input(self) -> bytes:
        """What nobody read."""
        self._unasked()
        return self.read(len(self._input))

    def off_waiting(self) -> bool:
        """As a test says."""
        return self.off

    def finished(self) -> bool:
        """Whether everything expected was sent."""
        return not self._pairs
