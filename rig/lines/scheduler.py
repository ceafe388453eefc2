"""Virtual time: one heap of events in integer nanoseconds, and tasks (greenlets) that wait on it.

At equal times the order is fixed: faults and commands, then emulators, then deliveries by line name, then one scan,
then its record (`Rank`). A driver's blocking call suspends its line's task until the bytes have arrived, so lines are
parallel in virtual time exactly as they are in the real world, and nothing depends on the speed of this machine.

Paced, the same scheduler waits for the wall clock before each event; unpaced it runs as fast as it can. Other threads
reach it only through `post`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue

from greenlet import getcurrent, greenlet

from rig.lines.clocks import NS, RealClock


class Rank(IntEnum):
    """Who goes first at one instant."""

    COMMAND = 0
    EMULATOR = 1
    DELIVERY = 2
    SCAN = 3
    RECORD = 4


class Call:
    """An event on the heap; cancelling leaves it there, empty."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], None] | None) -> None:
        self.function = function

    def cancel(self) -> None:
        """Forget it; harmless when it has already happened."""
        self.function = None


class Scheduler:
    """Global virtual time and what happens on it. It fills the emulators' Timeline and the lines' Clock."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._heap: list[tuple[int, int, str, int, Call]] = []
        self._order = count()
        self._posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._hub = getcurrent()
        self.tasks: dict[greenlet, Task] = {}

    def call_at(
        self, t_ns: int, function: Callable[[], None], rank: int = Rank.EMULATOR, name: str = ""
    ) -> Call:
        """Call `function` at t_ns, or now if that has passed."""
        call = Call(function)
        heappush(
            self._heap, (t_ns if t_ns > self.now_ns else self.now_ns, rank, name, next(self._order), call)
        )
        return call

    def post(self, function: Callable[[], None]) -> None:
        """Have `function` called in the scheduler's own thread, before the next event. Safe from any thread and from
        a signal handler."""
        self._posted.put(function)

    def run(self, stop: Callable[[], bool], speed: float | None = None) -> None:
        """Work off events until `stop()` is true or nothing is left to do.

        speed: None runs flat out; else virtual seconds per wall second.
        """
        self._hub = getcurrent()
        if speed is not None:
            self._run_paced(stop, speed)
            return
        heap, posted = self._heap, self._posted
        look = True
        while not (look and stop()):
            look = False
            while not posted.empty():
                posted.get()()
                look = True
            if not heap:
                return
            t_ns, rank, _, _, call = heappop(heap)
            function = call.function
            if function is not None:
                self.now_ns = t_ns
                function()
                look = rank != Rank.EMULATOR  # no emulator changes what `stop` looks at

    def _run_paced(self, stop: Callable[[], bool], speed: float) -> None:
        clock = RealClock()
        start_ns = self.now_ns

        def paced_ns() -> int:
            return start_ns + int(clock.now_ns * speed)

        while not stop():
            while self._heap and self._heap[0][4].function is None:
                heappop(self._heap)
            due_ns = self._heap[0][0] if self._heap else None
            wait_s = 1.0 if due_ns is None else (due_ns - paced_ns()) / speed / NS
            if wait_s > 0 or not self._posted.empty():
                try:
                    function = self._posted.get(timeout=min(max(wait_s, 0.0), 1.0))
                except Empty:
                    continue
                # A command from outside happens now, not at the time of the last event.
                self.now_ns = max(self.now_ns, min(paced_ns(), due_ns if due_ns is not None else paced_ns()))
                function()
                continue
            t_ns, _, _, _, call = heappop(self._heap)
            self.now_ns = t_ns
            if call.function is not None:
                call.function()

    def spawn(self, name: str, body: Callable[[], None]) -> Task:
        """Start a task at this instant; `name` orders tasks that wake together."""
        task = Task(self, name, body)
        self.tasks[task.greenlet] = task
        task.reschedule(self.now_ns)
        return task

    def current(self) -> Task:
        """The task that is running. Raises RuntimeError outside any task: blocking calls need one."""
        task = self.tasks.get(getcurrent())
        if task is None:
            raise RuntimeError("a blocking call on an emulated port outside its line's task")
        return task


class Task:
    """A greenlet that can wait on the scheduler's time."""

    __slots__ = ("_call", "_scheduler", "greenlet", "name")

    def __init__(self, scheduler: Scheduler, name: str, body: Callable[[], None]) -> None:
        self.name = name
        self._scheduler = scheduler
        self._call: Call | None = None

        def whole() -> None:
            try:
                body()
            finally:
                scheduler.tasks.pop(self.greenlet, None)

        self.greenlet = greenlet(whole)

    def wait_until(self, t_ns: int | None) -> None:
        """Suspend until t_ns, or until `reschedule` brings a nearer time; None waits for `reschedule` only."""
        if t_ns is not None:
            self.reschedule(t_ns)
        self._scheduler._hub.switch()

    def reschedule(self, t_ns: int) -> None:
        """Wake at t_ns instead of whatever was planned."""
        if self._call is not None:
            self._call.function = None
        self._call = self._scheduler.call_at(t_ns, self._resume, Rank.DELIVERY, self.name)

    def kill(self) -> None:
        """Never wake again (a crashed controller): what it was doing stays undone, no clean-up code runs."""
        if self._call is not None:
            self._call.function = None
        self._scheduler.tasks.pop(self.greenlet, None)

    def _resume(self) -> None:
        self._call = None
        self.greenlet.parent = self._scheduler._hub
        self.greenlet.switch()
