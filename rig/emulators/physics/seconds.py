"""Whole seconds on which models that act on one another step together.

Furnace, mat, tube gas and analyser depend on each other in a ring (heat makes gas, gas burns, burning heats),
so none has a formula of its own. They take steps of 1 s at whole seconds of global time, in one order, no
matter who asks and when. What changes within a second acts from that second on, or as its mean over it.
"""

from __future__ import annotations

from collections.abc import Callable

STEP_NS = 1_000_000_000


class Seconds:
    """The common grid. Members step in the order in which they joined."""

    __slots__ = ("_members", "_next_ns")

    def __init__(self) -> None:
        self._members: list[Callable[[int], None]] = []
        self._next_ns = STEP_NS

    @property
    def now_ns(self) -> int:
        """The whole second that has been reached, ns."""
        return self._next_ns - STEP_NS

    def join(self, step: Callable[[int], None]) -> None:
        """Call `step` each second from now on, with the time in ns at the end of that second."""
        self._members.append(step)

    def catch_up(self, now_ns: int) -> None:
        """Take all steps up to now. A moment that has passed already is answered with the present state."""
        while now_ns >= self._next_ns:
            t_ns = self._next_ns
            for step in self._members:
                step(t_ns)
            self._next_ns = t_ns + STEP_NS
