"""What a furnace's last readings say: leaps, impossible falls, what was flushed, when a trip may be cleared."""

from __future__ import annotations

import pytest

from rig.readings import NS, Reading, Readings
from rig.safety.conditions import Interlocks, OutputView, Situation
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.furnace_trend import Leap, Trend
from rig.safety.heating import furnace_conditions
from rig.safety.purge import Flush, PurgeProof

FURNACE, EXHAUST = "furnace.tube", "inputs.bench.furnace_exhaust_ok"


def good(t_s: float, value: float) -> Reading:
    return Reading(value, round(t_s * NS))


@pytest.mark.parametrize(
    ("readings", "leaps"),
    [
        ([(0, 400), (1, 451)], [(400, 451)]),
        ([(0, 400), (1, 349)], [(400, 349)]),
        ([(0, 400), (1, 426), (2, 451)], [(400, 451)]),
        ([(0, 400), (1, 420), (2, 440), (3, 460)], []),
        ([(0, 400), (5, 451)], [(400, 451)]),  # asked each five seconds
        ([(0, 400), (11, 451)], []),  # nobody knows what was in between
        ([(0, 400), (1, 450)], []),
    ],
)
def test_a_leap_is_more_than_50_degc_in_two_seconds(
    readings: list[tuple[float, float]], leaps: list[tuple[float, float]]
) -> None:
    leap, found = Leap(), []
    for t_s, value in readings:
        leap.update(good(t_s, value))
        if leap.now is not None:
            found.append(leap.now)
        leap.update(good(t_s, value))  # the scan sees the same reading again
        assert leap.now is None
    assert found == leaps


def test_a_reading_that_failed_is_no_value_but_what_comes_after_it_counts() -> None:
    leap = Leap()
    leap.update(good(0, 400))
    leap.update(Reading(None, NS, "no reply"))
    assert leap.now is None
    leap.update(good(2, 300))
    assert leap.now == (400, 300)


def test_the_steepest_programmed_slope_of_ten_minutes_is_kept() -> None:
    trend = Trend()
    for t_s in range(1500):
        target = min(t_s, 600) / 12  # 5 degC/min for ten minutes
        trend.update(t_s * NS, target, target)
        if t_s == 1100:
            assert trend.steepest_degc_min == pytest.approx(5.0, abs=0.01)
    assert trend.steepest_degc_min == pytest.approx(0.0, abs=0.01)
    assert trend.quick_degc_min == pytest.approx(0.0)


def test_a_furnace_cannot_cool_faster_than_three_times_its_own_rate() -> None:
    facts = FurnaceFacts(purge=PurgeProof(3.0, False))
    facts.cool(0, 640.0, False, 3000.0, 1100.0, 10.0, True)
    assert facts.least_degc == 590.0
    for t_s in range(1, 601):
        facts.cool(t_s * NS, 30.0, True, 3000.0, 1100.0, 10.0, True)
    assert facts.least_degc == pytest.approx(20 + 620 * 0.5488 - 50, abs=0.5)
    unmeasured = FurnaceFacts(purge=PurgeProof(3.0, False))
    unmeasured.cool(0, 640.0, False, 7200.0, 1100.0, 10.0)
    assert unmeasured.least_degc is None


def test_five_volumes_below_200_degc_flush_a_tube_that_was_hot_in_inert_gas() -> None:
    flush = Flush(2.0)

    def minute(number: int, degc: float, sccm: float, exhaust: bool = True, inert: bool = True) -> None:
        flush.update(number * 60 * NS, degc, inert, sccm, exhaust)

    minute(0, 250.0, 500.0)
    minute(1, 199.0, 500.0)
    assert flush.owed and flush.flowed_l == pytest.approx(0.5)
    minute(2, 150.0, 500.0, exhaust=False)
    minute(3, 150.0, 10.0)
    assert flush.flowed_l == pytest.approx(0.5), "without exhaust, and from an empty bottle, nothing counts"
    for number in range(4, 22):
        minute(number, 100.0, 500.0)
    assert flush.owed and flush.under_way(21 * 60 * NS)
    minute(23, 50.0, 500.0)
    assert not flush.owed
    minute(24, 205.0, 0.0, inert=False)
    assert not flush.owed, "air that was hot leaves nothing to flush"


def test_a_lost_exhaust_is_cleared_when_it_has_been_good_for_ten_minutes() -> None:
    interlocks = Interlocks(furnace_conditions(FURNACE, (), None, EXHAUST))
    facts = FurnaceFacts(purge=PurgeProof(3.0, False))
    views = {FURNACE: OutputView(FURNACE, "furnace", told_on=False)}

    def situation(t_s: float, flows: bool) -> Situation:
        now_ns = round(t_s * NS)
        if not flows:
            facts.exhaust_since_ns = None
        elif facts.exhaust_since_ns is None:
            facts.exhaust_since_ns = now_ns
        newest = {EXHAUST: good(t_s, float(flows)), f"{FURNACE}.temperature_degc": good(t_s, 300.0)}
        return Situation(Readings(now_ns, newest, {}), views, False, False, facts)

    (trip,) = interlocks.evaluate(situation(0, False))
    assert trip.condition.tag == f"furnace-exhaust:{FURNACE}"
    situation(1, True)
    for t_s in (2, 400, 600):
        assert interlocks.clear(situation(t_s, True)) == [trip.condition]
    situation(601, False)
    assert interlocks.clear(situation(602, True)) == [trip.condition], "it counts from its last break"
    assert interlocks.clear(situation(1201.9, True)) == [trip.condition]
    assert interlocks.clear(situation(1202, True)) == []
