"""What every emulated instrument is: bytes in at a moment, bytes out at a later one, on one shared timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rig.lines.port import LinkSpec


class Handle(Protocol):
    """A call planned for later."""

    def cancel(self) -> None:
        """Forget it; harmless when it has already happened."""


class Timeline(Protocol):
    """Global time of the emulated world, in integer ns, and calls planned on it."""

    @property
    def now_ns(self) -> int:
        """Now."""

    def call_at(self, t_ns: int, function: Callable[[], None]) -> Handle:
        """Call `function` when global time reaches t_ns (at once, after the present event, if that has passed)."""


class Device:
    """An emulated instrument. Subclasses fill in `receive` and call `send`.

    link: the instrument's own serial settings; bytes sent at others arrive as noise (the wire sees to it).
    `transmit` is set by the wire to which the instrument is attached.
    """

    def __init__(self, name: str, timeline: Timeline, link: LinkSpec) -> None:
        self.name = name
        self.timeline = timeline
        self.link = link
        self.transmit: Callable[[bytes, int], None] | None = None

    def receive(self, data: bytes) -> None:
        """Bytes have arrived (the last of them now). On a shared wire every instrument hears every byte."""
        raise TypeError(f"{type(self).__name__} does not say what it does with bytes")

    def send(self, data: bytes, after_s: float = 0.0) -> None:
        """Put bytes on the wire, the first beginning `after_s` from now (the turnaround of the sheet)."""
        if self.transmit is not None:
            self.transmit(data, self.timeline.now_ns + round(after_s * 1e9))

    def power(self, on: bool) -> None:
        """Mains switched: off forgets all volatile state and stops outputs; on comes up as the manual says."""
        raise TypeError(f"{type(self).__name__} does not say what it does at power-on")
