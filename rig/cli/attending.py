"""The terminal of a run as one of its clients: whether somebody can see it, and since when not.

It is lost when it hangs up (the window was closed, SSH dropped: SIGHUP) or its input ends. The run goes on; what it has
to say then goes nowhere, and neither fails nor waits. Without a controlling terminal the program that reads the output
stands for it; a run whose output goes into a file has none. A detached tmux or screen counts as a terminal.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable
from typing import Final

TERMINAL: Final = "terminal"
READER: Final = "reader of the output"
LOOK_MS: Final = 200


def silence(*numbers: int) -> None:
    """Point these file descriptors at nothing: reading from them ends, writing to them always succeeds."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
    except OSError:
        return
    for number in numbers:
        try:
            os.dup2(nowhere, number)
        except OSError:
            continue
    os.close(nowhere)


def _hung_up(number: int, timeout_ms: int) -> bool:
    """Whether the other end has gone; waits so long for that."""
    import select

    poll = select.poll()
    poll.register(number, 0)
    return any(
        event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(timeout_ms)
    )


class TerminalWatch:
    """Who sees this run here. lost: called once, in a thread of its own, with the client's name and why."""

    def __init__(self, lost: Callable[[str, str], None]) -> None:
        self._lost = lost
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._said = threading.Lock()
        self._number: int | None = None
        self.client = self._find()
        self._tied = [number for number in (0, 1, 2) if os.isatty(number)] if self.client == TERMINAL else [1]

    def _find(self) -> str | None:
        """The client's name, None where nobody sees what is printed."""
        if sys.platform == "win32":
            return TERMINAL if sys.stdin is not None and sys.stdin.isatty() else None
        try:
            self._number = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
            return TERMINAL
        except OSError:
            pass
        try:
            number = sys.stdout.fileno()
            mode = os.fstat(number).st_mode
        except (AttributeError, OSError, ValueError):
            return None
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(number):
            # A copy of its own: what is printed may be sent nowhere meanwhile.
            self._number = os.dup(number)
            return READER
        return None

    def start(self) -> None:
        """Watch for the hang-up."""
        if self._number is None:
            return
        self._thread = threading.Thread(target=self._watch, args=(self._number,), name="hang-up", daemon=True)
        self._thread.start()

    def _watch(self, number: int) -> None:
        while not self._stop.is_set():
            if _hung_up(number, LOOK_MS) and not self._stop.is_set():
                silence(*self._tied)
                self.gone("hung up")
                return

    def gone(self, why: str) -> None:
        """It is lost, by whatever told so first. From any thread, and from signal handlers. Where it has not hung up
        what is printed still goes there."""
        if self.client is None or not self._said.acquire(blocking=False):
            return
        self._lost(self.client, why)

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)
        if self._number is not None:
            os.close(self._number)
            self._number = None
