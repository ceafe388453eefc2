"""The lost last client (safety rule 8): in an attended step an alarm at once, and a hold after the grace.

Nothing is taken away by these conditions, and a furnace is never held by them: heat goes on by its own rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rig.readings import NS
from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.priorities import AtRisk, Respond

NOBODY: Final = "nobody-connected"
UNATTENDED: Final = "unattended"


def attendance_conditions(
    unit: str,
    attended: Callable[[], bool],
    working: Callable[[], bool],
    nobody_since_ns: Callable[[], int | None],
    grace_s: float | None,
) -> list[Condition]:
    """Of one unit. attended: its present step wants somebody there; working: that step goes on by itself (it is not
    held or ending); grace_s: after so long it is held, None: never."""

    def nobody(situation: Situation) -> Finding | None:
        since_ns = nobody_since_ns()
        if since_ns is None:
            return None
        gone_s = (situation.readings.now_ns - since_ns) / NS
        return Finding(
            f"Nobody is connected, and the step of {unit} is to be attended.",
            f"nobody for {max(0.0, gone_s):.0f} s",
            "one client at least",
        )

    alarm = Condition(
        tag=f"{NOBODY}:{unit}",
        title="Nobody is connected",
        unit=unit,
        takes=(),
        armed=lambda situation: attended(),
        test=nobody,
        then=Then.NONE,
        at_risk=AtRisk.SAMPLE,
        respond=Respond.SOON,
        cause="The terminal was closed, its connection dropped, or the program that followed the run has ended.",
        consequence="Nobody sees what the rig does."
        + ("" if grace_s is None else f" After {grace_s / 60:g} min the step is held."),
        what_to_do="Connect again: `spinrig follow`, or `spinrig status`. Resume at the rig if it was held.",
        source="safety rule 8",
        limit="one client at least",
        latch=False,
    )
    if grace_s is None:
        return [alarm]
    hold = Condition(
        tag=f"{UNATTENDED}:{unit}",
        title="Attended step without anybody",
        unit=unit,
        takes=(),
        armed=lambda situation: attended() and working(),
        test=nobody,
        then=Then.HOLD,
        at_risk=AtRisk.SAMPLE,
        respond=Respond.SOON,
        cause=f"Nobody has been connected for {grace_s / 60:g} min.",
        consequence="The step is held: pumps stop, high voltage ramps down. A client that comes back starts nothing.",
        what_to_do="Go to the rig, look, and resume there.",
        source="safety rule 8",
        limit=f"somebody back within {grace_s / 60:g} min",
        on_delay_s=grace_s,
        within_s=grace_s + 0.5,
        latch=False,
    )
    return [alarm, hold]
