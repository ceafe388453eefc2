"""Where a person may clear latched trips, and what stands against going on while any is there.

In Aborted `clear` is a command of the state table and leads over Clearing to Stopped. Where a unit stands still (Held
after a condition's hold, Paused, at rest after its end) a trip is cleared where it is: its cause has to be gone, a
person at the rig says so, the unit stays in its state, and nothing starts by that. What takes no output and asks for
nothing is cleared in any state. A unit that was held is resumed only with nothing latched that held it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rig.engine.arc_back_off import awaits_retry
from rig.engine.states import Command, State, allowed
from rig.engine.unit import Unit
from rig.safety.conditions import Condition, Situation, Then

STANDS: Final = frozenset({State.IDLE, State.PAUSED, State.HELD, State.COMPLETE, State.STOPPED})
"""States in which a unit stays until somebody commands it."""

CLEARED: Final = "cleared"
"""The event that says by whom which trips were cleared where the unit stands."""


def _only_tells(condition: Condition) -> bool:
    return not condition.takes and condition.then is Then.NONE


def clears_in_place(unit: Unit) -> bool:
    """Whether `clear` is taken now though the state table has no such command in this state."""
    latched = unit.spec.interlocks.latched()
    if not latched or unit.machine.may(Command.CLEAR):
        return False
    return unit.state in STANDS or all(map(_only_tells, latched))


def clear_in_place(
    unit: Unit, situation: Situation, user: str, write: Callable[[str, dict[str, Any], str], object]
) -> None:
    """Reset the trips whose cause is gone; the caller has seen to it that it is gone of all. The state stays."""
    interlocks = unit.spec.interlocks
    before = [condition.tag for condition in interlocks.latched()]
    remaining = {condition.tag for condition in interlocks.clear(situation)}
    tags = [tag for tag in before if tag not in remaining]
    write(CLEARED, {"unit": unit.name, "tags": tags, "by": user}, unit.name)


def against_going_on(unit: Unit, situation: Situation) -> str | None:
    """Why a unit that is held or paused may not be resumed: what is tripped, and whether its cause is still there."""
    interlocks = unit.spec.interlocks
    there = {condition.tag: finding for condition, finding in interlocks.remaining(situation)}
    found = []
    for condition in interlocks.latched():
        if _only_tells(condition):
            continue
        finding = there.get(condition.tag)
        found.append(
            f"{condition.tag} is latched and its cause is gone: clear it first"
            if finding is None
            else f"{condition.tag} is tripped and its cause is still there: {finding.text}"
        )
    return "; ".join(found) or None


def allowed_now(unit: Unit) -> list[str]:
    """The commands a person may give now: those of the state, `clear` where it resets trips in place, and hold and
    pause where it would be ramped up again after an arc."""
    against_retry = [Command.HOLD.value, Command.PAUSE.value] if awaits_retry(unit) else []
    return allowed(unit.state) + against_retry + ([Command.CLEAR.value] if clears_in_place(unit) else [])
