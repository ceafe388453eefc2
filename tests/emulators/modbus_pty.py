"""Emulated instruments on one wire behind a pseudo-terminal, in real time."""

from __future__ import annotations

import os
import random
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rig.emulators.device import Device
from rig.emulators.wire import Wire
from rig.lines.scheduler import Rank, Scheduler


class _Far:
    """Hands replies to the pseudo-terminal when their last byte has arrived."""

    def __init__(self, scheduler: Scheduler, wire: Wire, master: int) -> None:
        self._scheduler = scheduler
        self._wire = wire
        self._master = master
        self._byte_ns = wire.devices[0].link.byte_ns

    def arrive(self, data: bytes, begins_ns: int) -> None:
        def hand_over() -> None:
            os.write(self._master, data)

        self._scheduler.call_at(begins_ns + len(data) * self._byte_ns, hand_over, Rank.DELIVERY)

    def unplugged(self) -> None:
        raise AssertionError("nobody pulls this cable")


@contextmanager
def served(build: Callable[[Scheduler], Device], speed: float = 1.0) -> Iterator[str]:
    """The path of a port behind which the built instrument answers."""
    scheduler = Scheduler()
    wire = Wire("pty", scheduler, random.Random(1))
    wire.attach(build(scheduler))
    master, slave = os.openpty()
    tty.setraw(slave)
    wire.host = _Far(scheduler, wire, master)
    over = threading.Event()

    def taken(data: bytes) -> Callable[[], None]:
        return lambda: wire.receive(data, wire.devices[0].link)

    def listen() -> None:
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                return
            if not data:
                return
            scheduler.post(taken(data))

    threads = [
        threading.Thread(target=lambda: scheduler.run(over.is_set, speed), daemon=True),
        threading.Thread(target=listen, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        over.set()
        scheduler.post(lambda: None)
        os.close(slave)  # ends the listener: nobody else holds that end
        for thread in threads:
            thread.join(5)
        os.close(master)
