"""Instruments of a furnace that do not stand as they were told."""

from __future__ import annotations

import pytest

from tests.safety.hearth import ARGON, FURNACE, Hearth

PROGRAM = f"{FURNACE}.program"


@pytest.mark.parametrize(
    ("state", "lost"), [(0.0, True), (1.0, False), (2.0, False), (3.0, False), (4.0, True), (None, False)]
)
def test_a_program_that_was_told_and_does_not_run_is_lost(state: float | None, lost: bool) -> None:
    hearth = Hearth(values={**Hearth().values, PROGRAM: state})
    assert "program-lost" not in hearth.tags(1.9), "one reading is not enough"
    assert ("program-lost" in hearth.tags(2.0)) == lost


def test_where_none_was_told_none_is_lost() -> None:
    hearth = Hearth(heating=False, values={**Hearth().values, PROGRAM: 0.0})
    assert "program-lost" not in hearth.tags(10.0)


def test_a_set_point_that_is_lost_is_said_once_and_takes_nothing() -> None:
    hearth = Hearth(told={ARGON: 200.0}, found={ARGON: 0.0})
    permitted = hearth.guard()
    (trip,) = permitted.trips
    assert trip.condition.tag == f"set-point-lost:{ARGON}:{FURNACE}"
    assert trip.finding.text == "gas.argon stands at 0 sccm, and was told 200 sccm."
    assert permitted.taken == {}
    assert [hearth.guard().trips for _ in range(5)] == [()] * 5
