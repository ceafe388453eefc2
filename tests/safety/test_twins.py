"""Two contacts of one door: they may differ for a second while it moves, and no longer."""

from __future__ import annotations

import pytest

from rig.readings import NS, Reading, Readings
from rig.safety.conditions import Interlocks, Situation
from rig.safety.spinning import twin_condition

FIRST, SECOND = "inputs.bench.door_closed", "inputs.bench.door_closed_b"


def tripped_after(first: float | None, second: float | None) -> float | None:
    """Seconds of this until it trips, within 3 s; nothing being on."""
    interlocks = Interlocks((twin_condition(FIRST, SECOND),))
    for tenth in range(31):
        now_ns = tenth * NS // 10
        newest = {FIRST: Reading(first, now_ns, None), SECOND: Reading(second, now_ns, None)}
        if interlocks.evaluate(Situation(Readings(now_ns, newest, {}), {}, False, False)):
            return tenth / 10
    return None


@pytest.mark.parametrize(("first", "second"), [(1.0, 0.0), (0.0, 1.0)])
def test_a_difference_trips_after_a_second_in_every_state(first: float, second: float) -> None:
    assert tripped_after(first, second) == 1.0


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (0.0, 0.0)])
def test_two_that_agree_do_not_trip(first: float, second: float) -> None:
    assert tripped_after(first, second) is None
