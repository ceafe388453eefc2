"""A wire whose replies suffer, in virtual time, and which remembers what a driver read after which request."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from rig.emulators.device import Device, Handle
from rig.lines.port import LinkSpec
from tests.instruments.fuzz.damage import Damage, Forge, suffer


class Clockwork(Protocol):
    """Virtual time as a wire needs it: the emulators' timeline, and a way to let it pass."""

    @property
    def now_ns(self) -> int:
        """Now."""

    def call_at(self, t_ns: int, function: Callable[[], None]) -> Handle:
        """Plan a call."""

    def next_ns(self) -> int | None:
        """When the next call is planned, where that is known."""

    def until(self, t_ns: int) -> None:
        """Let time pass until then."""

    def pass_s(self, seconds: float) -> None:
        """Let so many seconds pass."""


class Exchange:
    """One request; `sound`: what the instrument sent in reply; `got`: what was read after it, and in `origins` for each
    byte the exchange whose reply it is."""

    __slots__ = ("began_ns", "call", "got", "number", "origins", "request", "sound")

    def __init__(self, number: int, call: int, request: bytes, began_ns: int) -> None:
        self.began_ns = began_ns
        self.number = number
        self.call = call
        self.request = request
        self.sound = b""
        self.got = bytearray()
        self.origins: list[int] = []


class FuzzPort:
    """Fills `Port`. Replies keep their order; one that is late delays those behind it.

    plan: the fate of the next replies. call: the number of the driver's call under way. damaged: how many replies did
    not arrive as they were sent.
    """

    def __init__(self, timeline: Clockwork, device: Device, link: LinkSpec, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.attempts = 2
        self.plan: deque[Damage] = deque()
        self.others: Sequence[bytes] = (b"",)
        self.forge: Forge = lambda reply, n: reply
        self.call = 0
        self.damaged = 0
        self.exchanges: list[Exchange] = []
        self.timeline = timeline
        self.off_waiting: Callable[[], bool] = lambda: False
        self._device = device
        self._byte_ns = link.byte_ns
        self._pieces: deque[tuple[int, int, bytes]] = deque()
        self._free_ns = 0
        self._until_ns = 0
        device.transmit = self._transmit

    def _transmit(self, data: bytes, begins_ns: int) -> None:
        late_s = 0.0
        if self.exchanges:
            self.exchanges[-1].sound += data
        if self.plan:
            request = self.exchanges[-1].request if self.exchanges else b"?"
            arrives, late_s = suffer(data, self.plan.popleft(), request, self.others, self.forge)
            self.damaged += arrives != data or late_s > 0.0
            data = arrives
        begins_ns = max(begins_ns + round(late_s * 1e9), self._free_ns)
        self._free_ns = begins_ns + len(data) * self._byte_ns
        if data:
            self._pieces.append((self._free_ns, len(self.exchanges) - 1, data))

    def now_ns(self) -> int:
        """Virtual time."""
        return self.timeline.now_ns

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.timeline.pass_s(seconds)

    def write(self, data: bytes) -> None:
        """To the instrument, sound."""
        began_ns = self.timeline.now_ns
        self.timeline.until(began_ns + len(data) * self._byte_ns)
        self.exchanges.append(Exchange(len(self.exchanges), self.call, data, began_ns))
        self._device.receive(data)
        self._until_ns = self.timeline.now_ns + round(self.deadline_s * 1e9)

    def _take(self, count: int, end: bytes | None) -> bytes:
        got = bytearray()
        exchange = self.exchanges[-1] if self.exchanges else None
        while len(got) < count:
            while not self._pieces:
                planned_ns = self.timeline.next_ns()
                if planned_ns is None or planned_ns > self._until_ns:
                    break
                self.timeline.until(planned_ns)
            if not self._pieces or self._pieces[0][0] > max(self._until_ns, self.timeline.now_ns):
                self.timeline.until(max(self._until_ns, self.timeline.now_ns))
                break
            at_ns, origin, data = self._pieces.popleft()
            self.timeline.until(max(at_ns, self.timeline.now_ns))
            size = count - len(got)
            found = -1 if end is None else (bytes(got) + data).find(end)
            if found >= 0:
                size = min(size, found + len(end or b"") - len(got))
            part, rest = data[:size], data[size:]
            got += part
            if exchange is not None:
                exchange.got += part
                exchange.origins += [origin] * len(part)
            if rest:
                self._pieces.appendleft((at_ns, origin, rest))
            if found >= 0:
                break
        return bytes(got)

    def read(self, count: int) -> bytes:
        """`count` bytes or what came in time."""
        return self._take(count, None)

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Up to `end`, or what came in time."""
        return self._take(limit, end)

    def discard_input(self) -> bytes:
        """What has arrived by now."""
        gone = b""
        while self._pieces and self._pieces[0][0] <= self.timeline.now_ns:
            _, _, data = self._pieces.popleft()
            gone += data
        return gone

    def close(self) -> None:
        """Nothing to hang up."""
