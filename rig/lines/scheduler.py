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


_DELIVERY = int(Rank.DELIVERY)


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
        self._heap: list[tuple[int, int, str, int, Call | Task]] = []
        self._order = count()
        self._posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._hub = getcurrent()
        self._running: Task | None = None
        self._look = True
        """Something has happened that `stop` may be looking for."""
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
        for task in self.tasks.values():
            task.greenlet.parent = self._hub
        try:
            if speed is None:
                self._run_unpaced(stop)
            else:
                self._run_paced(stop, speed)
        finally:
            self._running = None

    def _run_unpaced(self, stop: Callable[[], bool]) -> None:
        heap, posted = self._heap, self._posted
        emulator = int(Rank.EMULATOR)
        self._look = True
        while not (self._look and stop()):
            self._look = False
            while not posted.empty():
                posted.get()()
                self._look = True
            if not heap:
                return
            t_ns, rank, _, number, what = heappop(heap)
            if isinstance(what, Task):
                if what.planned == number:
                    self.now_ns = t_ns
                    self._switch(what)
            elif what.function is not None:
                self.now_ns = t_ns
                what.function()
                if rank != emulator:  # no emulator changes what `stop` looks at
                    self._look = True

    def _run_paced(self, stop: Callable[[], bool], speed: float) -> None:
        clock = RealClock()
        start_ns = self.now_ns

        def paced_ns() -> int:
            return start_ns + int(clock.now_ns * speed)

        while not stop():
            while self._heap and self._void(self._heap[0]):
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
            t_ns, _, _, _, what = heappop(self._heap)
            self.now_ns = t_ns
            if isinstance(what, Task):
                self._switch(what)
            elif what.function is not None:
                what.function()

    def _switch(self, task: Task) -> None:
        self._running = task
        task.switch()
        self._running = None
        self._look = True

    def resume(self, task: Task) -> None:
        """Wake a task that waits, from within an event: at this instant, in its turn among what else happens now."""
        heap = self._heap
        if not task.alive:
            return
        if heap and heap[0] < (self.now_ns, _DELIVERY, task.name):
            task.reschedule(self.now_ns)
        else:
            self._switch(task)

    @staticmethod
    def _void(entry: tuple[int, int, str, int, Call | Task]) -> bool:
        """Cancelled, or no longer what its task waits for."""
        what = entry[4]
        return what.planned != entry[3] if isinstance(what, Task) else what.function is None

    def spawn(self, name: str, body: Callable[[], None]) -> Task:
        """Start a task at this instant; `name` orders tasks that wake together."""
        task = Task(self, name, body)
        if self._running is not None:
            task.greenlet.parent = self._hub
        self.tasks[task.greenlet] = task
        task.reschedule(self.now_ns)
        return task

    def current(self) -> Task:
        """The task that is running. Raises RuntimeError outside any task: blocking calls need one."""
        task = self._running
        if task is None:
            raise RuntimeError("a blocking call on an emulated port outside its line's task")
        return task


class Task:
    """A greenlet that can wait on the scheduler's time. On the heap it stands for its own waking.

    planned: the number of the heap's entry that will wake it; older ones of it are void.
    """

    __slots__ = ("_scheduler", "alive", "greenlet", "name", "planned", "switch")

    def __init__(self, scheduler: Scheduler, name: str, body: Callable[[], None]) -> None:
        self.name = name
        self.planned = -1
        self.alive = True
        self._scheduler = scheduler

        def whole() -> None:
            try:
                body()
            finally:
                scheduler.tasks.pop(self.greenlet, None)

        self.greenlet = greenlet(whole)
        self.switch = self.greenlet.switch

    def wait_until(self, t_ns: int | None) -> None:
        """Suspend until t_ns, or until `reschedule` brings a nearer time; None waits for `reschedule` only."""
        if t_ns is not None:
            self.reschedule(t_ns)
        self._scheduler._hub.switch()

    def reschedule(self, t_ns: int) -> None:
        """Wake at t_ns instead of whatever was planned."""
        scheduler = self._scheduler
        now_ns = scheduler.now_ns
        self.planned = number = next(scheduler._order)
        heappush(scheduler._heap, (t_ns if t_ns > now_ns else now_ns, _DELIVERY, self.name, number, self))

    def kill(self) -> None:
        """Never wake again (a crashed controller): what it was doing stays undone, no clean-up code runs."""
        self.planned = -1
        self.alive = False
        self._scheduler.tasks.pop(self.greenlet, None)
