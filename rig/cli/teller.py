"""Saying things from a thread of its own: a terminal that does not take them must not hold up the scan.

A stopped terminal, a dropped SSH connection that nobody has noticed yet, a pipe whose reader sleeps: each lets a print
wait for as long as it likes, and a scan that waits lets every lease lapse.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

MOST_WAITING: Final = 10_000
"""So many things may wait to be said; then whoever was to read them has gone, by all that can be told."""

LAST_WORDS_S: Final = 5.0


class Teller:
    """Says one thing after the other. What is given to it must not raise."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="teller", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How much has not been said yet, what is being said at this moment not counted."""
        return self._queue.qsize()

    def say(self, what: Callable[[], None]) -> bool:
        """Have it said; False where too much waits already."""
        if self.waiting >= MOST_WAITING:
            return False
        self._queue.put(what)
        return True

    def finish(self) -> bool:
        """Wait until all is said, for `LAST_WORDS_S` at the most; whether it was."""
        self._queue.put(None)
        self._thread.join(LAST_WORDS_S)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while True:
            what = self._queue.get()
            if what is None:
                return
            what()
