"""The supply: rise, decay by bleed, limit, load, interlock, arc, short, stuck output, open cable."""

from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.emulators.physics.supply import Supply
from tests.emulators.physics_bench import MS, S


def supply(**changes: float | bool) -> Supply:
    made = Supply(**({"rating_kv": 40.0, "rating_ma": 3.0} | changes))  # type: ignore[arg-type]
    made.program(0, 20.0, 3.0)
    made.enable(0, True)
    return made


def test_rises_within_some_time_constants_and_stands_at_its_program() -> None:
    hv = supply()
    assert hv.output_kv(30 * MS) == pytest.approx(20.0 * (1 - exp(-1)), rel=1e-6)
    assert hv.output_kv(1 * S) == 20.0
    assert hv.output_ma(1 * S) == 0.0 and not hv.current_limited(1 * S)


def test_falls_by_bleed_and_capacitance_only() -> None:
    hv = supply()
    hv.enable(1 * S, False)
    assert hv.output_kv(1 * S + 200 * MS) == pytest.approx(20.0 / 2.718281828, rel=1e-6)
    hv.enable(2 * S, True)
    hv.program(4 * S, 10.0, 3.0)
    assert hv.output_kv(4 * S + 100 * MS) == pytest.approx(20.0 * exp(-0.5), rel=1e-6)
    assert hv.output_kv(4 * S + 200 * MS) == 10.0


def test_discharge_from_30_kv_to_60_v_takes_6_2_time_constants() -> None:
    hv = Supply(rating_kv=40.0, rating_ma=3.0, capacitance_f=1e-9, bleed_ohm=1e9)
    hv.program(0, 30.0, 3.0)
    hv.enable(0, True)
    hv.enable(2 * S, False)
    wait = 6.2146  # ln(30 kV / 60 V); RC is 1 s
    assert log(30e3 / 60.0) == pytest.approx(wait, abs=1e-4)
    assert hv.output_kv(2 * S + round(wait * S)) == pytest.approx(0.060, rel=1e-3)
    assert hv.output_kv(2 * S + round((wait - 0.5) * S)) > 0.06


def test_stored_energy_is_that_of_the_sheet() -> None:
    hv = Supply(rating_kv=40.0, rating_ma=3.0, capacitance_f=1.75e-9)
    hv.program(0, 20.0, 3.0)
    hv.enable(0, True)
    assert hv.stored_mj(1 * S) == pytest.approx(350.0, rel=1e-6)


def test_charging_never_takes_more_than_the_limit() -> None:
    hv = supply()
    hv.program(0, 20.0, 0.05)
    assert hv.output_kv(100 * MS) == pytest.approx(5.0, rel=1e-6)  # 50 uA into 1 nF
    assert hv.output_ma(100 * MS) == pytest.approx(0.05)
    assert hv.current_limited(100 * MS)
    assert hv.output_kv(1 * S) == pytest.approx(20.0) and not hv.current_limited(1 * S)


def test_a_load_beyond_the_limit_pulls_the_output_down() -> None:
    hv = supply()
    hv.program(0, 20.0, 0.05)
    hv.load_ua = lambda t, kv: kv * 10.0  # 100 Mohm
    assert hv.output_kv(2 * S) == pytest.approx(5.0, rel=1e-6)
    assert hv.current_limited(2 * S)
    assert hv.output_ma(2 * S) == pytest.approx(0.05)
    hv.load_ua = lambda t, kv: kv * 1.0
    hv.load_changed()
    assert hv.output_kv(3 * S) == 20.0 and not hv.current_limited(3 * S)
    assert hv.output_ma(3 * S) == pytest.approx(0.020)


def test_a_bleed_at_the_output_shows_in_the_monitor_and_an_inner_one_does_not() -> None:
    outer, inner = supply(bleed_sensed=True), supply()
    assert outer.output_ma(1 * S) == pytest.approx(0.1)
    assert inner.output_ma(1 * S) == 0.0
    outer.program(2 * S, 20.0, 0.05)
    assert outer.output_kv(10 * S) == pytest.approx(10.0) and outer.current_limited(10 * S)


def test_the_interlock_takes_the_enable_away_and_does_not_give_it_back() -> None:
    hv = supply()
    tripped: list[bool] = []
    hv.on_trip = lambda: tripped.append(True)
    hv.set_interlock(1 * S, False)
    assert (hv.enabled, hv.interlock_closed, tripped) == (False, False, [True])
    assert hv.output_kv(1 * S + 200 * MS) == pytest.approx(20.0 / 2.718281828, rel=1e-6)
    hv.enable(2 * S, True)
    hv.set_interlock(3 * S, True)
    assert (hv.enabled, hv.interlock_closed) == (False, True)
    assert hv.output_kv(4 * S) < 0.001
    hv.enable(4 * S, True)
    assert hv.output_kv(6 * S) == 20.0


def test_an_arc_dips_the_output_hits_the_collector_and_recovers() -> None:
    hv = supply()
    seen: list[tuple[int, float, float, float]] = []
    hv.on_arc.append(lambda *arc: seen.append(arc))
    hv.arc(1 * S, 0.01)
    ((t_ns, duration_s, charge_c, limit_ma),) = seen
    assert (t_ns, duration_s, limit_ma) == (1 * S, 0.01, 3.0)
    assert charge_c == pytest.approx(20e-6)
    assert hv.output_kv(1 * S + 5 * MS) < 0.01
    assert hv.current_limited(1 * S + 5 * MS)
    assert hv.output_kv(2 * S) == pytest.approx(20.0) and hv.enabled and hv.arcs == 1


def test_an_arc_trips_a_supply_that_is_made_so() -> None:
    hv = supply(trip_on_arc=True)
    tripped: list[bool] = []
    hv.on_trip = lambda: tripped.append(True)
    hv.arc(1 * S, 0.01)
    assert tripped == [True] and not hv.enabled
    assert hv.output_kv(2 * S) < 1e-6


def test_a_short_holds_the_output_down_at_the_limit_current() -> None:
    hv = supply()
    hv.short(1 * S, True)
    assert hv.output_kv(1 * S + 10 * MS) < 1e-6
    assert hv.output_ma(1 * S + 10 * MS) == 3.0 and hv.current_limited(1 * S + 10 * MS)
    hv.short(2 * S, False)
    assert hv.output_kv(3 * S) == 20.0


def test_a_stuck_output_ignores_off_and_zero_but_not_the_interlock() -> None:
    hv = supply()
    hv.stuck_on(1 * S, True)
    hv.enable(2 * S, False)
    hv.program(2 * S, 0.0, 0.05)
    assert not hv.enabled and hv.output_kv(10 * S) == 20.0
    hv.set_interlock(11 * S, False)
    assert hv.output_kv(13 * S) < 0.06


def test_an_open_cable_leaves_the_reading_and_takes_the_needle() -> None:
    hv = supply()
    hv.open_cable(1 * S, True)
    assert hv.output_kv(10 * S) == 20.0
    assert hv.needle_kv(6 * S) == pytest.approx(20.0 / 2.718281828, rel=1e-6)
    hv.open_cable(20 * S, False)
    assert hv.needle_kv(20 * S) == 20.0


@given(asked=st.lists(st.integers(0, 6000), max_size=40))
def test_asking_changes_nothing(asked: list[int]) -> None:
    def run(questions: list[int]) -> list[float]:
        hv = supply()
        hv.load_ua = lambda t, kv: kv * 0.03
        actions = {
            1000: lambda t: hv.program(t, 10.0, 0.05),
            2000: lambda t: hv.arc(t, 0.01),
            2500: lambda t: hv.program(t, 15.0, 0.05),
            3000: lambda t: hv.enable(t, False),
            3100: lambda t: hv.enable(t, True),
        }
        for at in sorted({*questions, *actions}):
            if at in actions:
                actions[at](at * MS)
            hv.output_kv(at * MS), hv.output_ma(at * MS), hv.current_limited(at * MS)
        return [hv.output_kv(t * MS) for t in (3101, 3200, 5000)]

    assert run([a for a in asked if a <= 3100]) == run([])


def test_programs_beyond_the_rating_and_impossible_supplies_are_refused() -> None:
    hv = supply()
    with pytest.raises(ValueError, match=r"41\.0 kV"):
        hv.program(0, 41.0, 1.0)
    with pytest.raises(ValueError, match=r"4\.0 mA"):
        hv.program(0, 1.0, 4.0)
    with pytest.raises(ValueError, match="polarity 0"):
        Supply(rating_kv=1.0, rating_ma=1.0, polarity=0)
    with pytest.raises(ValueError, match="capacitance 0"):
        Supply(rating_kv=1.0, rating_ma=1.0, capacitance_f=0.0)
