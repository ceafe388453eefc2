"""Serves emulated instruments on a pseudo-terminal in real time, for clients that are not ours."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count

from rig.emulators.device import Device, Timeline


class _Call:
    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        self.function = None


class RealTimeline:
    """The wall clock since its making; its calls happen in the thread that serves, a little late.

    To a call it is the time it was planned for: an emulated motor stops where it should, not where the thread was.
    """

    def __init__(self) -> None:
        self._start_ns = time.monotonic_ns()
        self._planned_ns: int | None = None
        self._heap: list[tuple[int, int, _Call]] = []
        self._order = count()

    @property
    def now_ns(self) -> int:
        """Now."""
        return self._wall_ns() if self._planned_ns is None else self._planned_ns

    def _wall_ns(self) -> int:
        return time.monotonic_ns() - self._start_ns

    def call_at(self, t_ns: int, function: Callable[[], None]) -> _Call:
        """Plan a call."""
        call = _Call(function)
        heappush(self._heap, (t_ns, next(self._order), call))
        return call

    def work_off(self) -> float:
        """Do what is due; seconds until the next call, at most 0.05."""
        while self._heap and self._heap[0][0] <= self._wall_ns():
            self._planned_ns, _, call = heappop(self._heap)
            if call.function is not None:
                call.function()
        self._planned_ns = None
        return min(0.05, max(0.0, (self._heap[0][0] - self._wall_ns()) / 1e9)) if self._heap else 0.05


@contextmanager
def serve(build: Callable[[Timeline], list[Device]]) -> Iterator[str]:
    """The path of a port behind which the built instruments answer, on one wire."""
    timeline = RealTimeline()
    devices = build(timeline)
    master, slave = os.openpty()
    tty.setraw(slave)
    over = threading.Event()

    def transmit(data: bytes, begins_ns: int) -> None:
        timeline.call_at(begins_ns, lambda: void(os.write(master, data)))

    def void(_: object) -> None:
        pass

    for device in devices:
        device.transmit = transmit

    def work() -> None:
        while not over.is_set():
            if select.select([master], [], [], timeline.work_off())[0]:
                data = os.read(master, 4096)
                timeline.work_off()  # in the order of their times
                for device in devices:
                    device.receive(data)

    thread = threading.Thread(target=work, name="pty server", daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        over.set()
        thread.join(5)
        os.close(master)
        os.close(slave)
