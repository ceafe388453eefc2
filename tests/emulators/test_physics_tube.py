"""Gas in the tube, what lets it in and what measures it: purge, leak, pressure, fumes, faults."""

from __future__ import annotations

from math import log

import pytest

from rig.emulators.physics.analyser import Analyser
from rig.emulators.physics.furnace import Furnace
from rig.emulators.physics.mat import Mat
from rig.emulators.physics.mfc import FlowController, PassiveAir
from rig.emulators.physics.tube import Tube
from tests.emulators.furnace_bench import Bench, S

CLEAN = {"argon": 0.0, "nitrogen": 0.0, "air": 209_500.0}


def minutes_to(tube: Tube, ppm: float, begun_s: int = 0) -> float:
    """Minutes until the tube's oxygen is below ppm."""
    second = begun_s
    while tube.oxygen_ppm(second * S) > ppm:
        second += 1
    return (second - begun_s) / 60.0


@pytest.mark.parametrize(
    ("bore", "sccm", "minutes"),
    [
        (60.0, 200.0, (76, 108, 141)),
        (60.0, 500.0, (30, 43, 56)),
        (60.0, 1000.0, (15, 22, 28)),
        (50.0, 200.0, (53, 75, 98)),
        (80.0, 1000.0, (27, 38, 50)),
    ],
)
def test_the_purge_table_of_the_furnace_sheet(
    bore: float, sccm: float, minutes: tuple[int, int, int]
) -> None:
    # The sheet counts gas at the tube's own temperature and room pressure; 25 degC is what a standard cm3 is at.
    plain = Tube(
        bore_mm=bore,
        length_mm=1000.0,
        oxygen_ppm=CLEAN,
        leak_sccm=0.0,
        bubbler_kpa=0.0,
        outlet_kpa=1e-3,
        ambient_degc=25.0,
        opened=False,
    )
    plain.supply(0, "argon", sccm)
    for ppm, expected in zip((1000.0, 100.0, 10.0), minutes, strict=True):
        exact = plain.volume_l * 1000.0 / sccm * log(209_500.0 / ppm)
        assert minutes_to(plain, ppm) == pytest.approx(exact, rel=0.001, abs=0.02)
        assert exact == pytest.approx(expected, abs=0.6)


def test_the_tube_as_it_stands_takes_one_percent_longer() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    tube.supply(0, "argon", 200.0)
    assert minutes_to(tube, 1000.0) == pytest.approx(75.5 * 1.012, rel=0.01)
    assert minutes_to(tube, 100.0) == pytest.approx(108.1 * 1.02, rel=0.02), "leak and the argon's own oxygen"


def test_purge_ends_at_gas_plus_leak() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, leak_sccm=0.01, opened=False)
    tube.supply(0, "argon", 200.0)
    expected = 2.0 + 0.01 * 209_500.0 / 200.0
    assert tube.oxygen_ppm(6 * 3600 * S) == pytest.approx(expected, rel=0.01)


def test_gas_is_kept_in_account() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    tube.supply(0, "argon", 500.0)
    tube.supply(300 * S, "nitrogen", 200.0)
    shares = tube.gas(1800 * S)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["argon"] == pytest.approx(500.0 / 700.0, abs=0.01) and shares["fumes"] == 0.0


def test_flow_changed_within_a_second_counts_by_its_time() -> None:
    one, other = (Tube(bore_mm=60.0, length_mm=1000.0, opened=False) for _ in range(2))
    for k in range(300):
        one.supply(k * S + 250_000_000, "argon", 1000.0)
        one.supply(k * S + 750_000_000, "argon", 0.0)
    other.supply(0, "argon", 500.0)
    end = 300 * S
    assert one.oxygen_ppm(end) == pytest.approx(other.oxygen_ppm(end), rel=1e-3)


def test_open_flanges_bring_air_whatever_is_supplied_and_closed_ones_keep_it() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0)
    assert tube.opened and tube.oxygen_ppm(0) == pytest.approx(209_500.0)
    tube.supply(0, "argon", 200.0)
    assert tube.oxygen_ppm(3600 * S) == pytest.approx(209_500.0 * 2000.0 / 2200.0, rel=0.01)
    tube.open(3600 * S, False)
    assert tube.oxygen_ppm(4 * 3600 * S) < 20.0
    tube.open(4 * 3600 * S, True)
    tube.supply(4 * 3600 * S, "argon", 0.0)
    assert tube.oxygen_ppm(4 * 3600 * S + 900 * S) > 200_000.0
    air = PassiveAir(tube)
    assert air.flow_sccm(5 * 3600 * S) == 2000.0
    tube.open(5 * 3600 * S, False)
    assert air.flow_sccm(5 * 3600 * S) == 0.0


def test_pressure_is_bubbler_plus_flow_through_the_outlet() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    assert tube.pressure_kpa(0) == pytest.approx(0.0, abs=1e-9)
    tube.supply(0, "argon", 1000.0)
    assert tube.pressure_kpa(60 * S) == pytest.approx(0.5, abs=0.01)
    tube.supply(60 * S, "argon", 200.0)
    assert tube.pressure_kpa(120 * S) == pytest.approx(0.34, abs=0.01)
    tube.open(120 * S, True)
    assert tube.pressure_kpa(125 * S) == pytest.approx(0.0, abs=0.01)


def test_a_blocked_outlet_raises_pressure_until_the_seals_give_way() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    tube.supply(0, "argon", 200.0)
    tube.pressure_kpa(600 * S)
    tube.blocked_outlet(600 * S, True)
    after = [tube.pressure_kpa((600 + 60 * k) * S) for k in range(8)]
    rise_kpa_min = 200.0 / 60.0 * 60.0 / 2827.0 * 101.325 * (296.15 / 298.15)
    assert after[2] - after[1] == pytest.approx(rise_kpa_min, rel=0.05)
    assert 29.0 < after[-1] < 31.0
    tube.blocked_outlet(1080 * S, False)
    assert tube.pressure_kpa(1200 * S) == pytest.approx(0.34, abs=0.02)


def test_a_cooling_tube_without_gas_draws_air_back() -> None:
    furnace = Furnace()
    tube = Tube(bore_mm=60.0, length_mm=1000.0, furnace=furnace, leak_sccm=0.0, opened=False)
    furnace.found_at(0, 800.0)
    tube.found_at(0, "argon")
    tube.supply(0, "argon", 200.0)
    furnace.heat(600 * S, 0.0)
    gassed = tube.oxygen_ppm(3600 * S)
    assert gassed < 3.0
    tube.supply(3600 * S, "argon", 0.0)
    assert -1.1 < tube.pressure_kpa(4800 * S) < -0.5
    assert tube.oxygen_ppm(4 * 3600 * S) > 10_000.0


def test_hot_gas_stays_for_a_shorter_time() -> None:
    def half_life(degc: float) -> float:
        furnace = Furnace()
        tube = Tube(bore_mm=60.0, length_mm=1000.0, furnace=furnace, leak_sccm=0.0, opened=False)
        if degc > 23.0:
            furnace.found_at(0, degc)
        tube.found_at(0, "air")
        tube.supply(0, "argon", 200.0)
        return minutes_to(tube, 104_750.0)

    amounts = (0.4 * 296.15 / 1069.0 + 0.6) / 1.0
    assert half_life(800.0) / half_life(23.0) == pytest.approx(amounts, rel=0.03)


def test_an_air_leak_and_a_wrong_gas_show_as_oxygen() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    tube.supply(0, "argon", 200.0)
    hour = 3600 * S
    assert tube.oxygen_ppm(4 * hour) < 10.0
    tube.air_leak(4 * hour, True)
    assert tube.oxygen_ppm(8 * hour) == pytest.approx(20.0 / 220.0 * 209_500.0, rel=0.01)
    tube.air_leak(8 * hour, False)
    tube.wrong_gas(8 * hour, True)
    assert tube.oxygen_ppm(12 * hour) > 200_000.0
    tube.wrong_gas(12 * hour, True, "nitrogen")
    assert tube.oxygen_ppm(17 * hour) < 10.0 and tube.gas(17 * hour)["nitrogen"] > 0.99


def test_tubes_and_gases_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="bore 0"):
        Tube(bore_mm=0, length_mm=1000.0)
    with pytest.raises(ValueError, match="heated length 400"):
        Tube(bore_mm=60.0, length_mm=300.0)
    tube = Tube(bore_mm=60.0, length_mm=1000.0)
    with pytest.raises(ValueError, match=r"'helium'.*air, argon, nitrogen"):
        tube.supply(0, "helium", 100.0)
    with pytest.raises(ValueError, match="flow -1 sccm"):
        tube.supply(0, "argon", -1)


def test_answers_do_not_depend_on_who_asks_when() -> None:
    def run(step_s: float) -> list[float]:
        bench = Bench(opened=False)
        bench.lay(5.0)
        bench.furnace.heat(3 * S + 77, 70.0)
        t = 0.0
        while t < 900.0:
            now = round(t * S)
            bench.tube.oxygen_ppm(now)
            bench.oxygen.reading_ppm(now)
            bench.argon.flow_sccm(now)
            t += step_s
        bench.argon.set(900 * S + 123_456_789, 333.0)
        bench.tube.pressure_kpa(1500 * S)
        bench.furnace.heat(1500 * S, 30.0)
        bench.wait(7200)
        now = bench.now_ns + 400_000_000
        return [
            bench.tube.oxygen_ppm(now),
            bench.oxygen.reading_ppm(now),
            bench.argon.flow_sccm(now),
            bench.furnace.temperature_degc(now),
            bench.tube.pressure_kpa(now),
        ]

    assert run(0.37) == run(60.0) == run(1000.0)


# -- flow controller ---------------------------------------------------------------------------------------------


def controller(**more: float) -> tuple[Tube, FlowController]:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    return tube, FlowController(full_scale_sccm=2000.0, gas="argon", tube=tube, **more)  # type: ignore[arg-type]


def test_flow_goes_to_its_set_point_within_seconds() -> None:
    _, argon = controller()
    argon.set(500_000_000, 1000.0)
    assert argon.flow_sccm(500_000_000) == 0.0
    assert argon.flow_sccm(1_500_000_000) == pytest.approx(632.1, abs=0.1)
    assert argon.flow_sccm(10 * S) == pytest.approx(1000.0, abs=0.2)
    argon.set(10 * S, 200.0)
    assert argon.flow_sccm(11 * S) == pytest.approx(200.0 + 800.0 * 0.3679, abs=0.3)
    assert argon.set_sccm == 200.0


def test_what_flows_out_of_the_bottle_is_what_the_valve_passed() -> None:
    tube, argon = controller(bottle_l=100.0)
    argon.set(300_000_000, 600.0)
    left = argon.bottle_l(600 * S)
    assert 100.0 - left == pytest.approx(0.6 / 60.0 * (600.0 - 0.3 - 1.0), rel=1e-6)
    assert minutes_to(tube, 1000.0, 600) > 0.0


def test_a_lost_supply_takes_flow_and_inlet_down_and_keeps_the_set_point() -> None:
    _, argon = controller()
    argon.set(0, 200.0)
    assert argon.inlet_kpa(60 * S) == 200.0
    argon.loss(60 * S, True)
    assert argon.flow_sccm(120 * S) < 1.0 and argon.inlet_kpa(120 * S) < 1.0
    assert argon.set_sccm == 200.0
    argon.loss(120 * S, False)
    assert argon.flow_sccm(130 * S) == pytest.approx(200.0, abs=0.1) and argon.inlet_kpa(130 * S) == 200.0


def test_behind_a_shut_valve_nothing_flows_and_the_set_point_stays() -> None:
    _, argon = controller()
    argon.set(0, 200.0)
    assert argon.flow_sccm(20 * S) == pytest.approx(200.0, abs=0.1)
    argon.shut(20 * S, True)
    assert argon.flow_sccm(40 * S) == pytest.approx(0.0, abs=0.01)
    argon.set(40 * S, 500.0)
    assert argon.flow_sccm(60 * S) == pytest.approx(0.0, abs=0.01)
    assert argon.set_sccm == 500.0
    argon.shut(60 * S, False)
    assert argon.flow_sccm(80 * S) == pytest.approx(500.0, abs=0.1)


def test_a_bottle_runs_empty() -> None:
    _, argon = controller(bottle_l=20.0)
    argon.set(0, 1000.0)
    assert argon.flow_sccm(900 * S) == pytest.approx(1000.0)
    assert argon.flow_sccm(1300 * S) < 200.0 and argon.inlet_kpa(1300 * S) < 20.0


def test_flow_set_points_beyond_full_scale_are_refused() -> None:
    tube, argon = controller()
    with pytest.raises(ValueError, match=r"2001 sccm.*0 to 2000"):
        argon.set(0, 2001)
    with pytest.raises(ValueError, match="helium"):
        FlowController(full_scale_sccm=100.0, gas="helium", tube=tube)
    with pytest.raises(ValueError, match="full scale 0"):
        FlowController(full_scale_sccm=0, gas="argon", tube=tube)


def test_a_controller_found_flowing_flows_at_once() -> None:
    _, argon = controller()
    argon.found_at(0, 200.0)
    assert argon.flow_sccm(0) == 200.0


# -- analyser ----------------------------------------------------------------------------------------------------


def test_the_analyser_follows_with_its_lag() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0)
    analyser = Analyser(tube, noise=0.0)
    assert analyser.reading_ppm(0) == pytest.approx(209_500.0)
    tube.found_at(10 * S, "argon", opened=False)
    assert analyser.reading_ppm(30 * S) == pytest.approx(2.0 + 209_498.0 * 0.3679, rel=0.01)
    assert analyser.reading_ppm(3600 * S) < 300.0, "a leak brings some oxygen in an hour without flow"


def test_in_a_purge_the_analyser_is_late_by_little() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0, opened=False)
    analyser = Analyser(tube, noise=0.0)
    tube.supply(0, "argon", 1000.0)
    true_min = minutes_to(tube, 100.0)
    second = round(true_min * 60)
    while analyser.reading_ppm(second * S) > 100.0:
        second += 1
    residence_s = 2.827 * 60.0
    late_s = -residence_s * log(1.0 - 20.0 / residence_s)
    assert second - true_min * 60 == pytest.approx(late_s, abs=3.0)


def test_in_pyrolysis_gas_the_analyser_reads_its_floor_while_oxygen_is_there() -> None:
    bench = Bench(opened=False)
    mat = bench.lay()
    mat.found("stabilised")
    bench.furnace.found_at(0, 380.0)
    bench.tube.found_at(0, "argon")
    bench.tube.air_leak(0, True, 1.0)
    bench.argon.found_at(0, 200.0)
    now = bench.wait(600)
    assert bench.tube.oxygen_ppm(now) > 300.0 and bench.tube.burnable_ppm(now) > 3000.0
    assert bench.oxygen.reading_ppm(now) == 0.1
    assert bench.tube.fumes_ppm(now) > 500.0


def test_solvent_vapour_makes_it_read_low_too() -> None:
    bench = Bench(opened=False)
    bench.furnace.lay(0, Mat(1.0, solvent=0.05))
    bench.furnace.found_at(0, 100.0)
    bench.tube.found_at(0, "air")
    now = bench.wait(300)
    assert bench.tube.oxygen_ppm(now) > 190_000.0
    assert bench.oxygen.reading_ppm(now) < 0.98 * bench.tube.oxygen_ppm(now)


def test_a_poisoned_and_a_clogged_analyser() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0)
    low, slow = Analyser(tube, noise=0.0), Analyser(tube, noise=0.0)
    low.reads_low(0, True)
    slow.slow(0, True)
    assert low.reading_ppm(60 * S) == pytest.approx(20_950.0)
    tube.found_at(60 * S, "argon", opened=False)
    assert slow.reading_ppm(260 * S) == pytest.approx(209_500.0 * 0.3679, rel=0.01)
    low.reads_low(260 * S, False)
    slow.slow(260 * S, False)
    assert slow.reading_ppm(460 * S) < 100.0
    tube.found_at(460 * S, "air", opened=True)
    assert low.reading_ppm(900 * S) == pytest.approx(209_500.0, rel=1e-3)


def test_readings_scatter_by_seed_and_stay_in_range() -> None:
    def readings(seed: int) -> list[float]:
        analyser = Analyser(Tube(bore_mm=60.0, length_mm=1000.0), seed=seed)
        return [analyser.reading_ppm(k * S) for k in range(50)]

    assert readings(1) == readings(1) != readings(2)
    assert all(abs(value / 209_500.0 - 1.0) < 0.012 for value in readings(1))


def test_analysers_that_cannot_be_are_refused() -> None:
    tube = Tube(bore_mm=60.0, length_mm=1000.0)
    with pytest.raises(ValueError, match="lag 0 s"):
        Analyser(tube, lag_s=0)
    with pytest.raises(ValueError, match="range 10 to 5 ppm"):
        Analyser(tube, floor_ppm=10, ceiling_ppm=5)
