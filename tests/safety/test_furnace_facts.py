"""What a furnace unit reckons with when its thermocouple is not believed."""

from __future__ import annotations

from math import exp, log

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


def test_a_doubt_outlives_its_alarm_until_the_thermocouple_agrees() -> None:
    one = facts()
    scan(one, 0, 400.0)
    scan(one, 1, 35.0, doubted=True)
    scan(one, 100, 35.0)  # a person has cleared the alarm
    floor = cooled(cooled(400, 1) + 100, 99)
    assert one.doubted and one.reckoned_degc(35.0) == pytest.approx(floor, abs=0.5)
    scan(one, 101, None)
    assert one.doubted and one.reckoned_degc(None) is None
    scan(one, 102, floor - 8.0)
    assert one.doubted, "still too far below what the tube may be at"
    scan(one, 103, floor - 3.0)
    assert not one.doubted and one.reckoned_degc(floor - 3.0) == floor - 3.0


def test_a_doubt_that_nobody_settles_ends_when_the_tube_is_cold_in_any_case() -> None:
    one = facts()
    scan(one, 0, 400.0)
    scan(one, 1, 35.0, doubted=True)
    cold_s = 1 + round(1.25 * COOLING_S * log((cooled(400, 1) + 100 - 20) / 40))
    scan(one, cold_s - 5, 35.0)
    assert one.doubted
    assert str(one.why_not_open("furnace.tube", 35.0)).startswith("furnace.tube may still be at 60 °C")
    scan(one, cold_s + 5, 35.0, doubted=True)
    assert one.doubted, "an alarm that nobody has cleared stands"
    scan(one, cold_s + 6, 35.0)
    assert not one.doubted and one.why_not_open("furnace.tube", 35.0) is None


def test_a_tube_that_is_not_known_to_be_cold_is_not_opened() -> None:
    one = facts()
    scan(one, 0, 60.0)
    assert one.why_not_open("furnace.tube", 59.9) is None
    assert (
        one.why_not_open("furnace.tube", 60.0) == "furnace.tube is at 60 °C, and is opened below 60 °C only"
    )
    assert one.why_not_open("furnace.tube", None) == "the temperature of furnace.tube is not known"


def test_what_was_never_read_is_as_hot_as_it_can_be() -> None:
    one = facts()
    assert one.floor_degc == MOST_DEGC
    scan(one, 0, None)
    scan(one, 600, None)
    assert one.floor_degc == pytest.approx(cooled(MOST_DEGC, 600))
    scan(one, 601, 22.0)
    assert one.floor_degc == 22.0
