"""One emulated wire whose other end a test scripts, with a task to read and write from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rig.lines.port import LinkSpec
from rig.lines.runner import VirtualRunner
from rig.lines.scheduler import Rank, Scheduler
from rig.lines.simwire import SimWire, forget, register

LINK = LinkSpec(10_000_000, 8, "N", 1)
"""10 bits of 100 ns: a byte takes exactly 1 us."""
BYTE = 1_000


class Peer:
    """Answers each request with what `answers` says: (bytes, delay in ns) pieces."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.host: Any = None
        self.heard: list[tuple[int, bytes, LinkSpec]] = []
        self.answers: dict[bytes, list[tuple[bytes, int]]] = {}
        self.in_plug = True
        self._scheduler = scheduler

    def receive(self, data: bytes, link: LinkSpec) -> None:
        now_ns = self._scheduler.now_ns
        self.heard.append((now_ns, data, link))
        for piece, delay_ns in self.answers.get(data, []):
            self.say(piece, now_ns + delay_ns)

    def say(self, data: bytes, t_ns: int, known_ns: int | None = None) -> None:
        """Put bytes on the wire, the first beginning at t_ns; decided at `known_ns` (default: at once)."""
        if known_ns is None:
            self.host.arrive(data, t_ns)
        else:
            self._scheduler.call_at(known_ns, lambda: self.host.arrive(data, t_ns), Rank.EMULATOR)

    def plugged(self) -> bool:
        return self.in_plug

    def unplug(self) -> None:
        self.in_plug = False
        if self.host is not None:
            self.host.unplugged()


class WireBench:
    """The world of one wire, called "w", registered under `key`."""

    def __init__(self, key: str = "wire-bench") -> None:
        self.scheduler = Scheduler()
        self.wire = Peer(self.scheduler)
        self.key = key
        self.runner = VirtualRunner(self.scheduler)
        register(key, self)

    def peer(self, name: str) -> Peer | None:
        return self.wire if name == "w" else None

    def open(self, link: LinkSpec = LINK) -> SimWire:
        return SimWire(self, "w", link)

    def run(self, body: Callable[[], None]) -> None:
        """Do something as the line's task, to its end."""
        self.runner.start("w", body)
        self.scheduler.run(lambda: False)

    def at(self, t_ns: int, action: Callable[[], object]) -> None:
        """Something happens at a moment."""

        def act() -> None:
            action()

        self.scheduler.call_at(t_ns, act, Rank.COMMAND)

    def now(self) -> int:
        return self.scheduler.now_ns


def wire_bench() -> Iterator[WireBench]:
    """For a fixture."""
    bench = WireBench()
    yield bench
    forget(bench.key)
