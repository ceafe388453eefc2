"""Scanning on, whatever breaks beside the scan: no exception leaves an output unguarded or a hot tube alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rig.engine.drive import Drive
from rig.engine.engine import Engine

MOST_BREAKS: Final = 10
"""So often something may break, with no scan completed in between, before it is given up; never over a hot tube."""


def scan_until(engine: Engine, drive: Drive, stop: Callable[[], bool]) -> None:
    """Scan until `stop()`. What breaks beside the scan ends the runs like what breaks in it, and the guarding goes on:
    it ends before `stop()` only where no scan comes to its end any more and no tube has to be watched."""
    breaks = 0

    def over() -> bool:
        nonlocal breaks
        try:
            return stop()
        except Exception as error:
            engine.break_down(error)
            breaks += 1
            return breaks >= MOST_BREAKS and not _watched(engine)

    while True:
        completed = engine.completed
        try:
            drive.run(engine, over)
            return
        except Exception as error:
            engine.break_down(error)
        breaks = 1 if engine.completed > completed else breaks + 1
        if breaks >= MOST_BREAKS and not _watched(engine):
            return


def _watched(engine: Engine) -> bool:
    """Whether a tube has to be watched; also where that cannot be told."""
    try:
        return engine.breakdown is not None and engine.breakdown.any_stays()
    except Exception:
        return True
