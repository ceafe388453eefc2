"""An emulated laboratory in real time, behind pseudo-terminals or TCP ports that any program can open.

It is the same laboratory on the same scheduler, paced by the wall clock. One I/O thread reads what clients send and
does nothing with it but `post` it to the scheduler; everything else happens in the scheduler's own thread.

Bytes take their time as on a cable: what a client sends reaches the instrument when the last byte would have come
through at its baud rate, and a reply is handed over when its last byte has arrived. A TCP client has no serial
settings, and a pseudo-terminal keeps no parity, so bytes are taken at each instrument's own. An unplugged
pseudo-terminal is closed and does not come back; a TCP port refuses clients until the cable is in again.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from rig.bench.model import is_visa
from rig.emulators.wire import Wire
from rig.lines.scheduler import Rank, Scheduler
from rig.simulation.laboratory import Laboratory

_T = TypeVar("_T")

CHUNK = 4096
LOOPBACK = "127.0.0.1"
DO_LIMIT_S = 10.0
"""So long `Server.do` waits for the laboratory's thread."""


class CannotServe(Exception):
    """A port that cannot be had; the text says which, and why."""


class Socket(Protocol):
    """Where clients plug in."""

    def url(self, visa: bool) -> str:
        """What a rig file writes as `port`, or as `resource` of a VISA instrument."""

    def send(self, data: bytes) -> None:
        """Hand bytes to whoever is there; lost when nobody reads, as on a real cable. From the scheduler's thread."""

    def hang_up(self, for_good: bool) -> None:
        """The cable is out, or (for_good) the server ends. In the I/O thread."""


class ServedWire:
    """The far end of one emulated wire; fills `rig.emulators.wire.Host`. All of it in the scheduler's thread."""

    def __init__(self, wire: Wire, scheduler: Scheduler, hang_up: Callable[[], None]) -> None:
        self.wire = wire
        self.socket: Socket | None = None
        self._scheduler = scheduler
        self._hang_up = hang_up
        self._in_free_ns = 0
        self._out_free_ns = 0

    def taken(self, data: bytes) -> None:
        """A client has sent bytes, now."""
        scheduler = self._scheduler
        begins_ns = max(scheduler.now_ns, self._in_free_ns)
        self._in_free_ns = begins_ns + len(data) * self.wire.devices[0].link.byte_ns
        scheduler.call_at(
            self._in_free_ns,
            lambda: self.wire.receive(data, self.wire.devices[0].link),
            Rank.EMULATOR,
            self.wire.name,
        )

    def arrive(self, data: bytes, begins_ns: int) -> None:
        """The instrument sends: handed over when the last byte has arrived."""
        begins_ns = max(begins_ns, self._out_free_ns)
        self._out_free_ns = begins_ns + len(data) * self.wire.devices[0].link.byte_ns
        self._scheduler.call_at(
            self._out_free_ns, lambda: self._hand_over(data), Rank.DELIVERY, self.wire.name
        )

    def _hand_over(self, data: bytes) -> None:
        if self.socket is not None and self.wire.plugged():
            self.socket.send(data)

    def unplugged(self) -> None:
        """The cable was pulled."""
        self._hang_up()


class _Pty:
    """A pseudo-terminal. Both ends are kept open here, so that clients may come and go."""

    def __init__(self, served: ServedWire, server: Server) -> None:
        if not hasattr(os, "openpty"):
            raise CannotServe("this system has no pseudo-terminals; serve on TCP ports instead (--tcp 0)")
        import tty

        self._lock = threading.Lock()
        try:
            master, self._slave = os.openpty()
            self._path = os.ttyname(self._slave)
            tty.setraw(self._slave)
        except OSError as error:
            raise CannotServe(f"no pseudo-terminal can be had: {error}") from error
        self._master: int | None = master
        os.set_blocking(master, False)
        self._served = served
        self._server = server
        server.selector.register(master, selectors.EVENT_READ, self._read)

    def url(self, visa: bool) -> str:
        return f"ASRL{self._path}::INSTR" if visa else self._path

    def _read(self) -> None:
        if self._master is not None:
            with suppress(BlockingIOError):
                data = os.read(self._master, CHUNK)
                self._server.post(lambda: self._served.taken(data))

    def send(self, data: bytes) -> None:
        with self._lock, suppress(OSError):
            if self._master is not None:
                os.write(self._master, data)

    def hang_up(self, for_good: bool) -> None:
        with self._lock:
            if self._master is not None:
                self._server.selector.unregister(self._master)
                os.close(self._master)
                os.close(self._slave)
                self._master = None


class _Tcp:
    """A listening TCP port on this machine; one client at a time, as on a serial device server."""

    def __init__(self, served: ServedWire, server: Server, port: int) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((LOOPBACK, port))
            self._listener.listen(1)
        except (OSError, OverflowError) as error:
            self._listener.close()
            why = getattr(error, "strerror", None) or error
            raise CannotServe(f"port {port} of {LOOPBACK} cannot be had: {why}") from error
        self._listener.setblocking(False)
        self._port: int = self._listener.getsockname()[1]
        self._client: socket.socket | None = None
        self._lock = threading.Lock()
        self._served = served
        self._server = server
        server.selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def url(self, visa: bool) -> str:
        return f"TCPIP::{LOOPBACK}::{self._port}::SOCKET" if visa else f"socket://{LOOPBACK}:{self._port}"

    def _accept(self) -> None:
        with suppress(OSError):
            client, _ = self._listener.accept()
            if self._client is not None or not self._served.wire.plugged():
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._server.selector.register(client, selectors.EVENT_READ, self._read)
            with self._lock:
                self._client = client

    def _read(self) -> None:
        if self._client is None:
            return
        try:
            data = self._client.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._server.post(lambda: self._served.taken(data))
        else:
            self.hang_up(False)

    def send(self, data: bytes) -> None:
        with self._lock, suppress(OSError):
            if self._client is not None:
                self._client.send(data)

    def hang_up(self, for_good: bool) -> None:
        with self._lock:
            if self._client is not None:
                self._server.selector.unregister(self._client)
                self._client.close()
                self._client = None
            if for_good:
                self._server.selector.unregister(self._listener)
                self._listener.close()


class Server:
    """Serves the wires of a laboratory. `urls` by instrument; instruments of one chain share one.

    tcp_port: None for pseudo-terminals; else the first wire's port, the next one's is one higher; 0: any free ones.
    wires: by name, None for all. Ports can be opened from the moment of making; bytes move while it runs. Raises
    CannotServe.
    """

    def __init__(
        self, laboratory: Laboratory, *, tcp_port: int | None = None, wires: Iterable[str] | None = None
    ) -> None:
        self.laboratory = laboratory
        self.urls: dict[str, str] = {}
        self.selector = selectors.DefaultSelector()
        self._sockets: list[Socket] = []
        self._asked: SimpleQueue[Callable[[], None]] = SimpleQueue()  # for the I/O thread
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self.selector.register(self._woken, selectors.EVENT_READ, self._drain)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._io = threading.Thread(target=self._work, name="emulated ports", daemon=True)
        visa = {name: is_visa(settings.where) for name, settings in laboratory.bench.instruments.items()}
        try:
            for name in laboratory.wires if wires is None else wires:
                wire = laboratory.wires[name]
                port = self._plug_in(wire, tcp_port)
                for device in wire.devices:
                    self.urls[device.name] = port.url(visa[device.name])
                if tcp_port:
                    tcp_port += 1
        except BaseException:
            self._close_all()
            raise
        self._io.start()

    def _plug_in(self, wire: Wire, tcp_port: int | None) -> Socket:
        served = ServedWire(wire, self.laboratory.scheduler, lambda: self._ask(lambda: port.hang_up(False)))
        port: Socket = _Pty(served, self) if tcp_port is None else _Tcp(served, self, tcp_port)
        served.socket = port
        wire.host = served
        self._sockets.append(port)
        return port

    # The I/O thread

    def _work(self) -> None:
        while not self._over.is_set():
            for key, _ in self.selector.select():
                key.data()
            with suppress(Empty):
                while True:
                    self._asked.get_nowait()()
        self._close_all()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(CHUNK)

    def _ask(self, function: Callable[[], None]) -> None:
        """Have something done in the I/O thread."""
        self._asked.put(function)
        self._waker.send(b"\0")

    def _close_all(self) -> None:
        for port in self._sockets:
            port.hang_up(True)
        self.selector.close()
        self._woken.close()
        self._waker.close()

    # The laboratory's thread

    def post(self, function: Callable[[], None]) -> None:
        """Have something done in the laboratory's thread, now. From any thread."""
        self.laboratory.scheduler.post(function)

    def run(self, stop: Callable[[], bool]) -> None:
        """Serve in this thread until `stop()`, looked at whenever something happens and once a second."""
        self.laboratory.scheduler.run(stop, 1.0)

    def start(self) -> None:
        """Serve in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._serve, name="emulated laboratory", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            self.run(self._over.is_set)
        except BaseException as error:
            self._error = error

    def do(self, function: Callable[[], _T]) -> _T:
        """Have something done in the laboratory's thread and wait for what it returns. Raises what it raises."""
        done = threading.Event()
        found: list[_T] = []
        failed: list[Exception] = []

        def call() -> None:
            try:
                found.append(function())
            except Exception as error:
                failed.append(error)
            done.set()

        self.post(call)
        if not done.wait(DO_LIMIT_S):
            raise self._error or TimeoutError(
                f"the emulated laboratory has not answered for {DO_LIMIT_S:g} s"
            )
        if failed:
            raise failed[0]
        return found[0]

    def close(self) -> None:
        """Stop serving, close the ports. Raises what ended the laboratory's thread before its time."""
        if not self._over.is_set():
            self._over.set()
            self.post(lambda: None)
            self._waker.send(b"\0")
            self._io.join()
            if self._thread is not None:
                self._thread.join()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
