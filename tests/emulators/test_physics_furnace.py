"""Furnace: power and cooling, ramps under a controller, what the thermocouple says, its faults, its grid."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from math import isnan, log
from statistics import linear_regression

import pytest

from rig.emulators.physics.furnace import (
    BADLY_TUNED,
    DEMONSTRATION,
    NOT_TUNED,
    WELL_TUNED,
    Furnace,
    FurnaceParams,
    Tuning,
)
from rig.emulators.physics.mat import Mat
from tests.emulators.furnace_bench import AMBIENT, Bench, S

QUIET = replace(DEMONSTRATION, noise_degc=0.0)


def test_element_and_tube_have_time_constants_of_two_minutes_and_more() -> None:
    for degc in (23.0, 280.0, 800.0, 1100.0):
        assert DEMONSTRATION.element_tau_s(degc) > 300.0
        assert 120.0 <= DEMONSTRATION.tube_tau_s(degc) < 200.0


@pytest.mark.parametrize(("degc", "least", "most"), [(280.0, 15.0, 22.0), (800.0, 50.0, 60.0)])
def test_power_that_holds_a_temperature(degc: float, least: float, most: float) -> None:
    furnace = Furnace(QUIET)
    furnace.found_at(0, degc)
    assert least < furnace.power_pct(0) < most
    assert furnace.temperature_degc(0) == pytest.approx(degc, abs=1e-6)
    assert furnace.temperature_degc(6 * 3600 * S) == pytest.approx(degc, abs=0.05)
    assert furnace.tube_degc(0) < degc < furnace.element_degc(0)


def test_heat_goes_where_it_must() -> None:
    furnace = Furnace(QUIET)
    furnace.heat(0, 50.0)
    assert furnace.element_degc(10 * S) - AMBIENT == pytest.approx(1500.0 * 10.0 / 5030.0, rel=0.01)
    hot = Furnace(QUIET)
    hot.found_at(0, 800.0)
    holding_w = hot.power_pct(0) * 30.0
    before = hot.element_degc(0)
    hot.heat(0, 0.0)
    assert before - hot.element_degc(10 * S) == pytest.approx(holding_w * 10.0 / 5030.0, rel=0.02)


@pytest.mark.parametrize("degc", [280.0, 500.0, 800.0])
def test_it_cools_to_60_degc_with_a_time_constant_of_50_min(degc: float) -> None:
    bench = Bench(QUIET)
    bench.furnace.found_at(0, degc)
    planned_s = 3000.0 * log((degc - AMBIENT) / (60.0 - AMBIENT))
    assert bench.cool(60.0) == pytest.approx(planned_s, rel=0.015)


def test_full_power_gives_ten_degc_per_minute_at_800_and_no_more_than_little_at_1100() -> None:
    furnace = Furnace(QUIET)
    furnace.found_at(0, 780.0)
    furnace.heat(0, 100.0)
    rises = {}
    last = 780.0
    for minute in range(1, 61):
        now = furnace.temperature_degc(minute * 60 * S)
        rises[round(now)] = now - last
        last = now
    at_800 = [rise for degc, rise in rises.items() if 795 < degc < 830]
    assert at_800 and all(9.0 < rise < 14.0 for rise in at_800)
    assert max(rises) > 1000 and rises[max(rises)] < 6.0


@pytest.mark.parametrize(
    ("ramp", "to", "within"), [(5.0, 280.0, 0.05), (2.0, 800.0, 0.02), (10.0, 600.0, 0.1)]
)
def test_a_tuned_controller_follows_the_ramp(ramp: float, to: float, within: float) -> None:
    bench = Bench()
    bench.lay()
    bench.heat(ramp, to)
    low, high = AMBIENT + 0.2 * (to - AMBIENT), AMBIENT + 0.9 * (to - AMBIENT)
    rows = [(second, value) for second, setpoint, value, _ in bench.log if low <= setpoint <= high]
    fit = linear_regression([float(s) for s, _ in rows], [v for _, v in rows])
    assert fit.slope * 60.0 == pytest.approx(ramp, abs=within)
    behind = [setpoint - value for _, setpoint, value, _ in bench.log if low <= setpoint <= high]
    assert max(behind) < 2.0
    assert max(power for *_, power in bench.log[600:]) < 99.0


@pytest.mark.parametrize(
    ("tuning", "least", "most"), [(WELL_TUNED, 2.5, 3.6), (NOT_TUNED, 3.6, 4.6), (BADLY_TUNED, 11.5, 12.5)]
)
def test_overshoot_of_the_three_tunings(tuning: Tuning, least: float, most: float) -> None:
    bench = Bench()
    bench.lay()
    assert least < bench.heat(5.0, 280.0, 5400.0, tuning) - 280.0 < most
    assert abs(bench.log[-1][2] - 280.0) < 1.0


def test_the_tube_lags_behind_the_thermocouple() -> None:
    bench = Bench(QUIET)
    bench.heat(5.0, 200.0)
    seen, tube = bench.furnace.temperature_degc(bench.now_ns), bench.furnace.tube_degc(bench.now_ns)
    assert 3.0 < seen - tube < 15.0
    assert bench.furnace.mat_degc(bench.now_ns) == tube


def test_answers_do_not_depend_on_who_asks_when() -> None:
    def run(asked: list[int]) -> list[float]:
        furnace = Furnace(seed=3)
        furnace.lay(0, Mat(0.47))
        commands = {
            17 * S + 400_000_000: 80.0,
            1234 * S + 999_999_999: 35.5,
            2000 * S: 60.0,
            2000 * S + 1: 0.0,
        }
        for t in sorted({*asked, *commands}):
            if t in commands:
                furnace.heat(t, commands[t])
            if t in asked:
                furnace.temperature_degc(t)
                furnace.mat_degc(t)
        end = 3600 * S + 123_456_789
        return [f(end) for f in (furnace.temperature_degc, furnace.element_degc, furnace.mat_degc)]

    often = run([k * 333_333_333 for k in range(8000)])
    assert often == run([]) == run([5, 2000 * S, 2000 * S + 500_000_000])


def test_the_same_seed_gives_the_same_readings_and_another_seed_others() -> None:
    def readings(seed: int) -> list[float]:
        furnace = Furnace(seed=seed)
        furnace.found_at(0, 280.0)
        return [furnace.temperature_degc(k * S) for k in range(60)]

    assert readings(4) == readings(4) != readings(5)
    assert all(abs(value - 280.0) < 0.2 for value in readings(4))
    assert len(set(readings(4))) > 50, "a reading that stands still would be taken for a frozen one"


def test_power_within_a_second_counts_by_its_time() -> None:
    steady, chopped = Furnace(QUIET), Furnace(QUIET)
    steady.heat(0, 25.0)
    for k in range(600):
        chopped.heat(k * S + 100_000_000, 50.0)
        chopped.heat(k * S + 350_000_000, 20.0)
        chopped.heat(k * S + 600_000_000, 0.0)
        chopped.heat(k * S + 800_000_000, 37.5)
    mean = (37.5 * 0.1 + 50.0 * 0.25 + 20.0 * 0.25 + 37.5 * 0.2) / 1.0
    steady = Furnace(QUIET)
    steady.heat(0, mean)
    end = 600 * S
    assert chopped.element_degc(end) == pytest.approx(steady.element_degc(end), abs=0.03)


def test_between_whole_seconds_it_goes_on_smoothly() -> None:
    furnace = Furnace(QUIET)
    furnace.heat(0, 90.0)
    values = [furnace.temperature_degc(600 * S + k * 50_000_000) for k in range(201)]
    steps = [b - a for a, b in pairwise(values)]
    assert min(steps) > 0.0 and max(steps) < 1.1 * min(steps)


def test_a_broken_thermocouple_is_nan_and_comes_back() -> None:
    furnace = Furnace(QUIET)
    furnace.found_at(0, 400.0)
    furnace.sensor_break(5 * S, True)
    assert isnan(furnace.temperature_degc(5 * S)) and furnace.tube_degc(5 * S) > 390.0
    furnace.sensor_break(9 * S, False)
    assert furnace.temperature_degc(9 * S) == pytest.approx(400.0, abs=0.1)


def test_a_thermocouple_out_reads_the_room_while_the_heater_heats() -> None:
    bench = Bench(QUIET)
    bench.furnace.found_at(0, 400.0)
    bench.furnace.thermocouple_out(0, True)
    assert bench.furnace.temperature_degc(0) == pytest.approx(400.0, abs=0.1)
    bench.furnace.heat(0, 100.0)
    now = bench.wait(300)
    assert bench.furnace.temperature_degc(now) < 40.0 < 400.0 < bench.furnace.tube_degc(now)
    bench.furnace.thermocouple_out(now, False)
    assert bench.furnace.temperature_degc(now) < 41.0
    assert bench.furnace.temperature_degc(bench.wait(90)) > 450.0


def test_a_reversed_thermocouple_falls_while_it_heats() -> None:
    furnace = Furnace(QUIET)
    furnace.reversed(0, True)
    furnace.heat(0, 60.0)
    minutes = [furnace.temperature_degc(k * 60 * S) for k in range(2, 12)]
    assert minutes == sorted(minutes, reverse=True) and minutes[-1] < -60.0
    furnace.reversed(660 * S, False)
    assert furnace.temperature_degc(660 * S) == pytest.approx(2 * AMBIENT - minutes[-1], abs=1.0)


def test_a_stuck_relay_heats_until_contactor_or_limiter() -> None:
    furnace = Furnace(QUIET)
    furnace.found_at(0, 280.0)
    furnace.stuck_on(0, True)
    furnace.heat(0, 0.0)
    assert furnace.power_pct(0) == 100.0
    assert furnace.temperature_degc(300 * S) > 340.0
    furnace.contactor(300 * S, False)
    assert furnace.power_pct(300 * S) == 0.0
    hot = furnace.temperature_degc(900 * S)
    assert furnace.temperature_degc(1500 * S) < hot - 30.0
    furnace.contactor(1500 * S, True)
    assert furnace.power_pct(1500 * S) == 100.0
    day = 86_400 * S
    assert furnace.limited(day) and furnace.power_pct(day) == 0.0 and furnace.element_degc(day) < 30.0
    furnace.reset_limiter(day)
    furnace.stuck_on(day, False)
    assert furnace.power_pct(day) == 0.0 and not furnace.limited(day)


def test_no_heat_cools_whatever_is_commanded() -> None:
    furnace = Furnace(QUIET)
    furnace.found_at(0, 280.0)
    furnace.no_heat(0, True)
    furnace.heat(0, 100.0)
    assert furnace.temperature_degc(600 * S) < 240.0
    furnace.no_heat(600 * S, False)
    assert furnace.temperature_degc(1200 * S) > 280.0


def test_the_fault_exotherm_lifts_the_process_value_past_15_degc_with_no_power() -> None:
    bench = Bench()
    mat = bench.lay()
    mat.found("stabilised")
    bench.furnace.found_at(0, 280.0)
    for _ in bench.control(5.0, 280.0, 60.0):
        pass
    begun = bench.second
    bench.furnace.exotherm(bench.now_ns, True)
    above = [bench.second - begun for _, value in bench.control(5.0, 280.0, 400.0) if value - 280.0 > 15.0]
    assert 60 < above[0] < 180 and len(above) > 120
    assert bench.log[-1][3] == 0.0
    bench.furnace.exotherm(bench.now_ns, False)
    hot = bench.furnace.tube_degc(bench.now_ns)
    assert bench.furnace.tube_degc(bench.wait(300)) < hot - 10.0


def test_the_exotherm_burns_out() -> None:
    furnace = Furnace(QUIET)
    furnace.found_at(0, 280.0)
    furnace.exotherm(0, True)
    peak = max(furnace.tube_degc(k * S) for k in range(2000))
    assert furnace.tube_degc(2000 * S) < peak - 10.0


def test_impossible_furnaces_and_commands_are_refused() -> None:
    furnace = Furnace()
    with pytest.raises(ValueError, match=r"heater power 101 %"):
        furnace.heat(0, 101)
    with pytest.raises(ValueError, match=r"temperature 20 degC.*room"):
        furnace.found_at(0, 20)
    with pytest.raises(ValueError, match=r"temperature 1200 degC.*limiter"):
        furnace.found_at(0, 1200)
    with pytest.raises(ValueError, match="heater_w 0"):
        FurnaceParams(heater_w=0)
    with pytest.raises(ValueError, match="noise_degc -1"):
        FurnaceParams(noise_degc=-1)
    with pytest.raises(ValueError, match="together below 1"):
        FurnaceParams(element_sight=0.9)


def test_fourteen_hours_with_chemistry_and_gas_take_less_than_three_seconds() -> None:
    bench = Bench(opened=False)
    bench.lay()
    bench.argon.set(0, 200.0)
    bench.furnace.heat(0, 55.0)
    begun = time.process_time()
    end = bench.wait(14 * 3600)
    assert bench.furnace.temperature_degc(end) > 600.0 and bench.oxygen.reading_ppm(end) < 100.0
    assert time.process_time() - begun < 3.0
