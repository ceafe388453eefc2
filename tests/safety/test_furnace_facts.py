"""What a furnace unit reckons with when its thermocouple is not believed."""

from __future__ import annotations

from math import exp

import pytest

from rig.readings import NS
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.purge import PurgeProof

MOST_DEGC, HEATING, COOLING_S = 1100.0, 10.0, 3000.0


def facts() -> FurnaceFacts:
    return FurnaceFacts(purge=PurgeProof(3.0, True), floor_degc=MOST_DEGC)


def scan(one: FurnaceFacts, t_s: float, reading: float | None, doubted: bool = False) -> None:
    one.cool(round(t_s * NS), reading, doubted, COOLING_S, MOST_DEGC, HEATING)


def cooled(from_degc: float, s: float) -> float:
    return 20 + (from_degc - 20) * exp(-s / (1.25 * COOLING_S))


def test_a_believed_reading_is_the_temperature() -> None:
    one = facts()
    for t_s, degc in enumerate((400.0, 410.0, 150.0)):
        scan(one, t_s, degc)
        assert one.reckoned_degc(degc) == degc
    assert one.reckoned_degc(None) is None


def test_a_doubted_one_counts_as_what_the_furnace_cannot_have_cooled_below() -> None:
    one = facts()
    scan(one, 0, 400.0)
    for t_s in range(1, 121):
        scan(one, t_s, 35.0)
    scan(one, 121, 35.0, doubted=True)
    # Ten minutes of the steepest ramp may have been added before it was noticed.
    began = cooled(400, 121) + 100
    assert one.reckoned_degc(35.0) == pytest.approx(began, abs=0.5)
    for t_s in range(122, 4000):
        scan(one, t_s, 35.0, doubted=True)
    assert one.reckoned_degc(35.0) == pytest.approx(cooled(began, 3999 - 121), abs=0.5)
    assert one.reckoned_degc(600.0) == 600.0, "a reading that is higher counts"
    scan(one, 4000, 35.0)
    assert one.reckoned_degc(35.0) == 35.0, "a person has cleared it"


def test_what_was_never_read_is_as_hot_as_it_can_be() -> None:
    one = facts()
    assert one.floor_degc == MOST_DEGC
    scan(one, 0, None)
    scan(one, 600, None)
    assert one.floor_degc == pytest.approx(cooled(MOST_DEGC, 600))
    scan(one, 601, 22.0)
    assert one.floor_degc == 22.0
