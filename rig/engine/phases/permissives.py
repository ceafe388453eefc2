"""What must read healthy before anything of a spinning station is started: nothing starts onto an open door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rig.engine.phases.phase import NOTHING, Context, Demand
from rig.readings import NS

FRESH_NS: Final = 250_000_000
"""How old an input may be when something is started on its word: what a safety input may be while things are on."""

AWAIT_S: Final = 600.0
"""So long a step waits for a person to close the door; then it gives up, and says what it waited for."""


def missing(context: Context, channels: Sequence[str], fresh_ns: int | None = FRESH_NS) -> str | None:
    """Why the unit may not start yet, in words; None when every input reads healthy."""
    for channel in channels:
        value = context.readings.value(channel)
        reading = context.readings.get(channel)
        if (
            fresh_ns is not None
            and value is not None
            and reading is not None
            and context.now_ns - reading.t_ns > fresh_ns
        ):
            # Polled at its idle period until now; the quick period has just begun.
            return f"{channel} is being read"
        if value is None:
            return f"{channel} cannot be read ({context.readings.explain(channel)})"
        if value != 1:
            if "key" in channel.rpartition(".")[2]:
                return f"the key {channel} does not say that a person is at the rig"
            return f"{channel} is not healthy"
    return None


class Waiting:
    """Waits for what stands against a start: says it once in the journal, and gives up after a while."""

    __slots__ = ("_said", "_since_ns", "_step_id")

    def __init__(self, step_id: str) -> None:
        self._step_id = step_id
        self._said: str | None = None
        self._since_ns = 0

    def over(self) -> None:
        """Nothing stands against it any more: a later wait begins anew."""
        self._said = None

    def go_on(self, context: Context, why: str) -> Demand:
        """Nothing on while it lasts; fails the step when it has lasted for `AWAIT_S`."""
        if why != self._said:
            if self._said is None:
                self._since_ns = context.now_ns
            self._said = why
            context.note("waiting", {"step": self._step_id, "for": why})
        if context.now_ns - self._since_ns > AWAIT_S * NS:
            context.fail(f"{why}: waited {AWAIT_S:.0f} s for it")
        return NOTHING
