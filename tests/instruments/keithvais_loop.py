"""A laboratory of one wire for tests of VISA and serial instruments: the real scheduler, wires and ports, one emulator.

`ScriptedPort` is the other kind of test: byte pairs that one can hold against the manual.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from rig.emulators.device import Device
from rig.lines.port import LinkSpec
from rig.lines.runner import VirtualRunner
from rig.lines.scheduler import Scheduler
from rig.lines.serialport import SerialPort, open_serial
from rig.lines.simwire import SimWire, forget, register
from rig.lines.trace import Trace

T = TypeVar("T")


class Cable:
    """The emulators' end of one wire. `damage` sees each reply and gives what arrives; heard keeps the requests."""

    def __init__(self, device: Device) -> None:
        self.host: SimWire | None = None
        self.in_place = True
        self.device = device
        self.heard: list[tuple[bytes, LinkSpec]] = []
        self.damage: Callable[[bytes], bytes] = bytes
        device.transmit = self._transmit

    def receive(self, data: bytes, link: LinkSpec) -> None:
        """The controller's bytes."""
        self.heard.append((data, link))
        self.device.receive(data)

    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self.in_place

    def _transmit(self, data: bytes, begins_ns: int) -> None:
        data = self.damage(data)
        if self.host is not None and data:
            self.host.arrive(data, begins_ns)

    @property
    def requests(self) -> bytes:
        """All that was heard."""
        return b"".join(data for data, _ in self.heard)


class Laboratory:
    """Virtual time and named cables."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.cables: dict[str, Cable] = {}
        self.runner = VirtualRunner(self.scheduler)

    def peer(self, name: str) -> Cable | None:
        """The cable of that name."""
        return self.cables.get(name)

    def plug(self, name: str, device: Device) -> Cable:
        """Put an emulator onto a wire."""
        cable = self.cables[name] = Cable(device)
        return cable

    def run(self, body: Callable[[], T]) -> T:
        """Run blocking code as a line would, to its end, and hand on what it gives or raises."""
        results: list[T] = []
        errors: list[BaseException] = []

        def whole() -> None:
            try:
                results.append(body())
            except BaseException as error:
                errors.append(error)

        self.runner.start("line", whole)
        self.scheduler.run(lambda: bool(results or errors))
        if errors:
            raise errors[0]
        return results[0]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(lambda: self.runner.sleep(seconds))

    def ask(self, name: str, data: bytes, seconds: float = 1.0) -> bytes:
        """Write raw bytes at the instrument's own settings and give all that arrives within so many seconds."""
        link = self.cables[name].device.link

        def exchange() -> bytes:
            wire = SimWire(self, name, link)
            wire.write(data)
            reply = wire.read(1 << 20, round(seconds * 1e9))
            wire.close()
            return reply

        return self.run(exchange)

    def serial_port(self, name: str, link: LinkSpec, trace: Trace | None = None) -> SerialPort:
        """The real serial port on a cable."""
        key = f"keithvais-{id(self)}"
        register(key, self)
        try:
            return open_serial(f"sim://{name}?world={key}", link, self.runner, trace)
        finally:
            forget(key)


class ScriptedPort:
    """Expects each request in turn and gives the reply beside it; an empty reply is silence until the deadline."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]], *, attempts: int = 2) -> None:
        self.deadline_s = 1.0
        self.attempts = attempts
        self.pairs = deque(pairs)
        self.time_ns = 0
        self.off = False
        self._input = b""

    def now_ns(self) -> int:
        """Moves by sleeping and by silence only."""
        return self.time_ns

    def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.time_ns += round(seconds * 1e9)

    def write(self, data: bytes) -> None:
        """The next request, nothing else."""
        assert self.pairs, f"nothing more was to be sent, got {data!r}"
        expected, reply = self.pairs.popleft()
        assert data == expected
        self._input += reply

    def read(self, count: int) -> bytes:
        """What the script has answered."""
        data, self._input = self._input[:count], self._input[count:]
        if len(data) < count:
            self.sleep(self.deadline_s)
        return data

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        """Up to and including `end`, or what there is."""
        found = self._input.find(end)
        return self.read(min(limit, found + len(end))) if found >= 0 else self.read(limit)

    def discard_input(self) -> bytes:
        """Drop what was not read."""
        data, self._input = self._input, b""
        return data

    def off_waiting(self) -> bool:
        """As the test says."""
        return self.off
