"""What must read healthy before anything of a spinning station is started: nothing starts onto an open door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rig.engine.phases.phase import Context

AWAIT_S: Final = 600.0
"""So long a step waits for a person to close the door; then it gives up, and says what it waited for."""


def missing(context: Context, channels: Sequence[str]) -> str | None:
    """Why the unit may not start yet, in words; None when every input reads healthy."""
    for channel in channels:
        value = context.readings.value(channel)
        if value is None:
            return f"{channel} cannot be read ({context.readings.explain(channel)})"
        if value != 1:
            return f"{channel} is not healthy"
    return None
