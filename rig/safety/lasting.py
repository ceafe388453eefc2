"""How long something has been found: without a break, or in pieces, where it comes and goes.

An on-delay alone is starved by what flutters: one good scan in three seconds, and it never ends. So what takes an
output also counts the pieces: found for half of a window is as good as found without a break. Half, because a line that
answers now and then hides what it would say in the other scans: either the reading is missing for half of the time, or
what is wrong is read for half of it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from rig.readings import NS

WINDOW_S: Final = 10.0
"""The shortest window: what is found for 5 s of it trips (safety rule 4 allows a fluttering vane switch 5 s)."""


def window_ns(on_delay_s: float) -> int:
    """The window in which pieces count: twice the on-delay, at least `WINDOW_S`."""
    return round(max(WINDOW_S, 2 * on_delay_s) * NS)


class Pieces:
    """The spells of one condition that have ended. Times in ns; what was found at a scan counts until the next one."""

    __slots__ = ("_spells", "_sum_ns")

    def __init__(self) -> None:
        self._spells: deque[tuple[int, int]] = deque()
        self._sum_ns = 0

    def add(self, since_ns: int, until_ns: int) -> None:
        """One more has ended."""
        self._spells.append((since_ns, until_ns))
        self._sum_ns += until_ns - since_ns

    def since(self, begin_ns: int) -> int:
        """How much of them lies after that moment; what lies before it is forgotten."""
        spells = self._spells
        while spells and spells[0][0] < begin_ns:
            since_ns, until_ns = spells.popleft()
            self._sum_ns -= until_ns - since_ns
            if until_ns > begin_ns:
                spells.appendleft((begin_ns, until_ns))
                self._sum_ns += until_ns - begin_ns
        return self._sum_ns
