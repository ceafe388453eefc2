"""What carries a line: a thread on the machine's clock, or a task of the virtual scheduler. Same drivers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from rig.lines.clocks import RealClock
from rig.lines.scheduler import Scheduler, Task


class Runner(Protocol):
    """Time and waiting for one line."""

    @property
    def now_ns(self) -> int:
        """The clock all lines and the scan share."""

    def start(self, name: str, body: Callable[[], None]) -> None:
        """Run `body` from now on."""

    def wait_until(self, t_ns: int | None) -> None:
        """Wait until t_ns or `notify`, whichever comes first. Called by the body only."""

    def notify(self) -> None:
        """There is something new in the mailbox. Called by anyone; an exchange in flight is not disturbed."""

    def sleep(self, seconds: float) -> None:
        """Wait within an exchange; `notify` does not shorten it."""


class ThreadRunner:
    """A daemon thread on the machine's clock."""

    def __init__(self, clock: RealClock) -> None:
        self._clock = clock
        self._news = threading.Event()

    @property
    def now_ns(self) -> int:
        """The machine's monotonic clock."""
        return self._clock.now_ns

    def start(self, name: str, body: Callable[[], None]) -> None:
        """Start the thread."""
        threading.Thread(target=body, name=f"line {name}", daemon=True).start()

    def wait_until(self, t_ns: int | None) -> None:
        """Wait on the clock or for news."""
        timeout_s = None if t_ns is None else max(0.0, (t_ns - self._clock.now_ns) / 1e9)
        self._news.wait(timeout_s)
        self._news.clear()

    def notify(self) -> None:
        """Wake the thread if it is waiting."""
        self._news.set()

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        self._clock.sleep(seconds)


class VirtualRunner:
    """A task of the virtual scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._task: Task | None = None
        self._waiting = False
        self._news = False

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        return self._scheduler.now_ns

    def start(self, name: str, body: Callable[[], None]) -> None:
        """Spawn the task."""
        self._task = self._scheduler.spawn(name, body)

    def wait_until(self, t_ns: int | None) -> None:
        """Wait on virtual time or for news."""
        assert self._task is not None
        if self._news:
            self._news = False
            return
        self._waiting = True
        self._task.wait_until(t_ns)
        self._waiting = False
        self._news = False

    def notify(self) -> None:
        """Wake the task if it waits for news; one that is in an exchange looks when it is done."""
        self._news = True
        if self._waiting and self._task is not None:
            self._task.reschedule(self._scheduler.now_ns)

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass for this line."""
        assert self._task is not None
        self._task.wait_until(self._scheduler.now_ns + round(seconds * 1e9))

    def kill(self) -> None:
        """A crashed controller: the task never runs again."""
        if self._task is not None:
            self._task.kill()
