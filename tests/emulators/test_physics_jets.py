"""Jets and what the collector gets: founding anchors, order of modes, spectra, faults, determinism, cost."""

from __future__ import annotations

import cmath
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from statistics import fmean, pstdev
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rig.emulators.physics.scene import SupplyData, founding_streams
from tests.emulators.physics_bench import MS, Founding, S

SPIN, SPRAY = "pumps.a", "pumps.b"


def one_needle(which: int, seed: int = 7) -> Founding:
    """The founding bench with its spun (0) or sprayed (1) stream alone, on a 60 kV supply."""
    stream = founding_streams()[which]
    return Founding(seed, streams=(stream,), supplies={"hv.needle": SupplyData(rating_kv=60.0)})


# Anchors of the founding recipe


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_founding_spin_jet_carries_0_4_to_0_7_ua_and_makes_250_to_350_nm(seed: int) -> None:
    bench = one_needle(0, seed)
    now = bench.spin()
    assert bench.scene.modes(now) == {SPIN: "cone-jet"}
    readings = [bench.collector.mean_na(bench.to(60.0 + i), 20 * MS) for i in range(300)]
    assert min(readings) > 400.0 and max(readings) < 700.0
    assert 250.0 < bench.scene.fibre_nm(bench.timeline.now_ns)[SPIN] < 350.0


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_founding_spray_carries_40_to_80_na(seed: int) -> None:
    bench = one_needle(1, seed)
    now = bench.spin()
    assert bench.scene.modes(now) == {SPRAY: "cone-jet"}
    readings = [bench.collector.mean_na(bench.to(60.0 + i), 20 * MS) for i in range(300)]
    assert min(readings) > 40.0 and max(readings) < 80.0
    assert bench.scene.fibre_nm(bench.timeline.now_ns) == {}


def test_the_meter_sees_the_sum() -> None:
    alone = []
    for which in (0, 1):
        bench = one_needle(which)
        bench.spin()
        alone.append(bench.mean_na(60.0, 60.0))
    both = Founding()
    both.spin()
    assert both.mean_na(60.0, 60.0) == pytest.approx(sum(alone), rel=0.01)


def test_four_hours_deliver_four_millilitres_in_one_mode() -> None:
    bench = Founding()
    start = bench.scene.delivered_ml(bench.spin())
    end = bench.scene.delivered_ml(bench.to(60.0 + 4 * 3600))
    for pump in (SPIN, SPRAY):
        assert end[pump] - start[pump] == pytest.approx(4.0, rel=1e-6)
    assert set(bench.scene.modes(bench.timeline.now_ns).values()) == {"cone-jet"}


def test_the_jets_load_is_on_the_supply() -> None:
    bench = Founding()
    now = bench.spin()
    assert 0.4 < bench.hv.output_ma(now) * 1e3 < 1.0
    assert bench.hv.output_kv(now) == pytest.approx(20.0) and not bench.hv.current_limited(now)


def test_a_negative_supply_gives_a_negative_current() -> None:
    bench = Founding(supplies={"hv.needle": SupplyData(polarity=-1)})
    bench.spin()
    assert -700.0 < bench.mean_na(10.0, 60.0) < -400.0


# Modes


@pytest.mark.parametrize("which", [0, 1])
def test_modes_come_in_order_with_rising_voltage_and_go_with_hysteresis(which: int) -> None:
    bench = one_needle(which)
    bench.pump(40.0)
    bench.to(15.0)
    bench.pump(1.0)
    bench.to(30.0)
    name = (SPIN, SPRAY)[which]
    up: list[tuple[float, str]] = []
    down: list[tuple[float, str]] = []
    t = 30.0
    for kv in [*range(45), *range(44, -1, -1)]:
        t += 5.0
        bench.voltage(float(kv), 3.0)
        mode = bench.scene.modes(bench.to(t))[name]
        (up if len(up) < 45 else down).append((float(kv), mode))
    order = ["dripping", "pulsating", "cone-jet", "multi-jet"]
    for climb in (up, down[::-1]):
        places = [order.index(mode) for _, mode in climb]
        assert places == sorted(places) and set(places) == {0, 1, 2, 3}
    rising = min(kv for kv, mode in up if mode == "cone-jet")
    falling = min(kv for kv, mode in down if mode == "cone-jet")
    assert 0.75 < falling / rising < 1.0
    assert rising == pytest.approx(bench.scene.electrodes[name].onset_kv, abs=1.0)


def test_a_jet_starts_half_a_second_to_three_seconds_after_it_may() -> None:
    delays = []
    for seed in range(12):
        bench = one_needle(0, seed)
        bench.pump(40.0)
        bench.to(15.0)
        bench.pump(1.0)
        bench.to(30.0)
        bench.voltage(20.0, 3.0)
        t = 30.0
        while bench.scene.modes(bench.to(t))[SPIN] != "cone-jet":
            t += 0.05
        delays.append(t - 30.0)
    assert min(delays) >= 0.5 and max(delays) < 3.3 and max(delays) - min(delays) > 0.8


def test_a_spray_below_its_smallest_flow_pulsates() -> None:
    bench = one_needle(1)
    bench.spin()
    bench.pump(0.1)
    assert bench.scene.modes(bench.to(120.0)) == {SPRAY: "pulsating"}


def test_the_current_follows_hv_off_at_once() -> None:
    bench = Founding()
    now = bench.spin()
    bench.hv.enable(now, False)
    assert bench.collector.mean_na(bench.to(60.3), 20 * MS) < 100.0
    assert abs(bench.collector.mean_na(bench.to(62.0), 20 * MS)) < 1.0


def test_nothing_flows_without_voltage_and_pumps() -> None:
    bench = Founding()
    now = bench.to(10.0)
    assert bench.scene.modes(now) == {SPIN: "off", SPRAY: "off"}
    assert abs(bench.collector.mean_na(now, 20 * MS)) < 0.2
    bench.pump(1.0)
    assert bench.scene.modes(bench.to(1000.0)) == {SPIN: "dripping", SPRAY: "dripping"}


def test_dripping_shows_as_rare_pulses() -> None:
    bench = one_needle(0)
    bench.spin(5.0)
    assert bench.scene.modes(bench.timeline.now_ns) == {SPIN: "dripping"}
    readings = [bench.collector.mean_na(bench.to(60.0 + 0.02 * i), 20 * MS) for i in range(6000)]
    pulses = [r for r in readings if r > 5.0]
    assert 12 < len(pulses) < 60
    assert fmean(readings) < 1.0


# Each mode's own spectrum


def features(burst: list[float]) -> tuple[float, float]:
    """Relative deviation and correlation of neighbours."""
    mean = fmean(burst)
    rest = [x - mean for x in burst]
    power = sum(x * x for x in rest)
    neighbours = sum(a * b for a, b in pairwise(rest)) / power
    return pstdev(burst) / mean, neighbours


def told(burst: list[float]) -> str:
    """A mode told from a burst by two simple features."""
    deviation, neighbours = features(burst)
    if deviation < 0.025:
        return "cone-jet"
    if deviation > 0.2:
        return "pulsating" if neighbours > 0.3 else "corona"
    return "multi-jet"


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("mode", "kv"), [("pulsating", 0.85), ("cone-jet", 1.8), ("multi-jet", 3.4), ("corona", 0.0)]
)
def test_a_mode_can_be_told_from_its_current(which: int, mode: str, kv: float) -> None:
    bench = one_needle(which)
    name = (SPIN, SPRAY)[which]
    if mode == "corona":
        bench.voltage(20.0)
        bench.to(60.0)
    else:
        bench.spin(kv * bench.scene.electrodes[name].onset_kv)
    assert bench.scene.modes(bench.timeline.now_ns) == {name: mode}
    guesses = [told(bench.collector.burst(bench.to(60.0 + 2 * i), 100, MS)) for i in range(40)]
    assert guesses.count(mode) >= 38, guesses


def test_a_pulsating_cone_has_a_line_between_10_hz_and_a_kilohertz() -> None:
    bench = one_needle(1)
    electrode = bench.scene.electrodes[SPRAY]
    assert bench.scene.modes(bench.spin(0.85 * electrode.onset_kv)) == {SPRAY: "pulsating"}
    assert 10.0 < electrode.pulse_hz < 1000.0
    burst = bench.collector.burst(bench.timeline.now_ns, 1000, MS)
    mean = fmean(burst)
    power = {
        hz: abs(sum((x - mean) * cmath.exp(-2j * cmath.pi * hz * i / 1000) for i, x in enumerate(burst))) ** 2
        for hz in range(5, 400)
    }
    strongest = max(power, key=lambda hz: power[hz])
    assert strongest == pytest.approx(electrode.pulse_hz, rel=0.05)
    assert power[strongest] > 50 * sorted(power.values())[len(power) // 2]


def test_burst_and_single_readings_have_the_same_mean() -> None:
    for kv in (0.85, 1.8, 3.4):
        bench = one_needle(0)
        bench.spin(kv * bench.scene.electrodes[SPIN].onset_kv)
        single, bursts = [], []
        for i in range(300):
            now = bench.to(60.0 + i)
            single.append(bench.collector.mean_na(now, 100 * MS))
            bursts.append(fmean(bench.collector.burst(now, 100, MS)))
        assert fmean(bursts) == pytest.approx(fmean(single), rel=0.03)


def test_mains_pick_up_is_gone_in_an_aperture_of_one_period() -> None:
    bench = Founding()
    now = bench.to(1.0)
    short = [bench.collector.mean_na(now + i * MS, MS) for i in range(200)]
    whole = [bench.collector.mean_na(now + i * MS, 20 * MS) for i in range(200)]
    assert pstdev(short) > 0.3
    assert pstdev(whole) < 0.03


# Faults


def test_a_clog_gives_way_to_corona_and_not_to_zero() -> None:
    bench = one_needle(0)
    now = bench.spin()
    before = bench.mean_na(20.0, 60.0)
    bench.scene.fault(bench.timeline.now_ns, SPIN, "clog")
    falling = bench.mean_na(4.0, 130.0)
    now = bench.to(300.0)
    after = bench.mean_na(20.0, 300.0)
    assert bench.scene.modes(now) == {SPIN: "corona"}
    assert falling < 0.5 * before
    assert 50.0 < after < before
    bench.scene.fault(bench.timeline.now_ns, "hv.needle", "clog", active=False)
    assert bench.scene.modes(bench.to(400.0)) == {SPIN: "cone-jet"}


def test_a_clogged_needle_at_low_voltage_is_clogged() -> None:
    bench = one_needle(0)
    now = bench.spin(10.0)
    bench.scene.fault(now, "hv.needle", "clog")
    assert bench.scene.modes(bench.to(300.0)) == {SPIN: "clogged"}


def test_a_dry_needle_is_in_corona_at_20_kv() -> None:
    bench = one_needle(0)
    bench.voltage(20.0)
    assert bench.scene.modes(bench.to(10.0)) == {SPIN: "corona"}
    assert bench.mean_na(20.0, 10.0) > 50.0
    bench.voltage(9.0)
    assert bench.scene.modes(bench.to(40.0)) == {SPIN: "off"}


def test_a_bubble_interrupts_the_jet_which_comes_back() -> None:
    bench = one_needle(0)
    now = bench.spin()
    bench.scene.fault(now, "hv.needle", "bubble")
    modes = [bench.scene.modes(bench.to(60.0 + i))[SPIN] for i in range(300)]
    assert "corona" in modes and modes[-1] == "cone-jet"


def test_an_arc_reaches_the_collector_through_any_aperture() -> None:
    bench = Founding()
    now = bench.spin()
    bench.scene.fault(now, "hv.needle", "arc")
    assert bench.collector.mean_na(now, 20 * MS) > 100 * 600.0  # 20 uC in 20 ms, and 50 uA of limit
    burst = bench.collector.burst(now - 10 * MS, 100, MS)
    assert burst[10] > 1e6 and burst[9] < 1000.0
    assert burst[30] == pytest.approx(50e3, rel=0.05) and burst[90] < 1000.0


def test_an_open_cable_at_needle_or_meter_ends_the_current() -> None:
    bench = Founding()
    now = bench.spin()
    bench.scene.fault(now, "current.collector", "open-cable")
    assert abs(bench.mean_na(10.0, 61.0)) < 1.0
    bench.scene.fault(bench.timeline.now_ns, "current.collector", "open-cable", active=False)
    assert bench.mean_na(10.0, 75.0) > 400.0
    bench.scene.fault(bench.timeline.now_ns, "hv.needle", "open-cable")
    bench.to(120.0)
    assert abs(bench.mean_na(10.0, 120.0)) < 1.0
    assert bench.hv.output_kv(bench.timeline.now_ns) == pytest.approx(20.0)


def test_moist_air_leaks_and_a_wet_bridge_grows() -> None:
    bench = Founding()
    bench.spin()
    dry = bench.mean_na(30.0, 60.0)
    bench.scene.fault(bench.timeline.now_ns, "pumps.a", "bridge")
    bench.to(700.0)
    assert bench.mean_na(30.0, 700.0) - dry == pytest.approx(200.0, abs=30.0)
    bench.scene.electrodes[SPIN].bridge(bench.timeline.now_ns, False)
    bench.pump(0.0)
    bench.hv.program(bench.timeline.now_ns, 9.0, 0.05)
    bench.to(900.0)
    quiet = bench.mean_na(10.0, 900.0)
    bench.scene.fault(bench.timeline.now_ns, "chamber", "humid")
    bench.to(1500.0)
    assert bench.mean_na(10.0, 1500.0) > quiet + 3.0


def test_a_short_ends_the_jet() -> None:
    bench = Founding()
    bench.scene.fault(bench.spin(), "hv.needle", "short")
    assert "cone-jet" not in bench.scene.modes(bench.to(65.0)).values()
    assert abs(bench.mean_na(5.0, 65.0)) < 10.0


# Determinism


def trace(seed: int, asked: list[int]) -> list[float]:
    """What is seen at a few fixed moments of a run with a clog, an arc and a ramp, when also asked at others (ms)."""
    bench = Founding(seed)
    hv, scene = bench.hv, bench.scene

    def ramp_to(kv: float) -> Callable[[int], None]:
        def step(t_ns: int) -> None:
            hv.program(t_ns, kv, 0.05)
            hv.enable(t_ns, True)

        return step

    actions: dict[int, Callable[[int], None]] = {
        0: lambda t: bench.pump(40.0),
        15_000: lambda t: bench.pump(1.0),
        **{20_000 + 100 * i: ramp_to(i / 2.0) for i in range(41)},
        40_000: lambda t: scene.fault(t, "pumps.b", "siphon"),
        50_030: lambda t: scene.fault(t, "hv.needle", "arc"),
        60_000: lambda t: scene.fault(t, "pumps.a", "clog"),
        200_000: lambda t: scene.fault(t, "pumps.a", "clog", False),
        220_000: lambda t: hv.program(t, 10.0, 0.0005),
    }
    fixed = {30_000, 55_000, 150_000, 230_000, 900_000}
    seen: list[float] = []
    for at in sorted({*actions, *fixed, *asked}):
        now = bench.to(at / 1000.0)
        if at in actions:
            actions[at](now)
        if at in asked:
            scene.modes(now), bench.collector.mean_na(now, 20 * MS), bench.collector.burst(now, 20, MS)
            hv.output_ma(now), scene.chamber.humidity_pct(now), scene.chamber.lel_share(now)
        if at in fixed:
            seen += [bench.collector.mean_na(now, 20 * MS), hv.output_kv(now), hv.output_ma(now)]
            seen += [
                scene.chamber.humidity_pct(now),
                *scene.delivered_ml(now).values(),
                *scene.fibre_nm(now).values(),
            ]
            seen += bench.collector.burst(now, 10, MS)
            seen.append(scene.chamber.vapour_vol_pct(now, "methanol"))
    return seen


@hypothesis_settings(max_examples=25)
@given(asked=st.lists(st.integers(0, 900_000), max_size=60))
def test_asking_changes_nothing(asked: list[int]) -> None:
    assert trace(7, asked) == trace(7, [])


def test_asking_all_the_time_changes_nothing() -> None:
    assert trace(7, list(range(0, 260_000, 70))) == trace(7, [])


def test_seed_decides_and_nothing_else() -> None:
    assert trace(7, []) == trace(7, [])
    assert trace(8, []) != trace(7, [])


def test_the_hash_seed_of_python_does_not_matter() -> None:
    code = "from tests.emulators.test_physics_jets import trace; print(trace(7, []))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    assert outputs == {f"{trace(7, [])}\n"}


# Cost (measured 13, 40 and 3 us; the bounds allow for a slow, shared machine)


def test_a_run_of_readings_is_cheap() -> None:
    bench = Founding()
    bench.spin()
    began = perf_counter()
    for i in range(2000):
        bench.collector.mean_na(bench.to(60.0 + 0.2 * i), 20 * MS)
    single = (perf_counter() - began) / 2000
    began = perf_counter()
    for i in range(200):
        bench.collector.burst(bench.to(500.0 + 2 * i), 100, MS)
    burst = (perf_counter() - began) / 200
    began = perf_counter()
    for i in range(2000):
        now = bench.to(900.0 + 0.1 * i)
        bench.hv.output_kv(now), bench.hv.output_ma(now), bench.hv.current_limited(now)
    monitor = (perf_counter() - began) / 2000
    assert single < 100e-6 and burst < 500e-6 and monitor < 50e-6


def test_an_idle_day_costs_nothing() -> None:
    bench = Founding()
    began = perf_counter()
    assert bench.scene.modes(24 * 3600 * S) == {SPIN: "off", SPRAY: "off"}
    assert perf_counter() - began < 0.5


def test_readings_need_an_aperture() -> None:
    bench = Founding()
    with pytest.raises(ValueError, match="aperture 0 ns"):
        bench.collector.mean_na(0, 0)
    with pytest.raises(ValueError, match="period -1 ns"):
        bench.collector.burst(0, 10, -1)


def test_a_bench_without_needles_still_has_a_supply_and_a_quiet_collector() -> None:
    bench = Founding(streams=())
    bench.voltage(20.0)
    now = bench.to(5.0)
    assert bench.hv.output_kv(now) == pytest.approx(20.0) and bench.hv.output_ma(now) == 0.0
    assert abs(bench.collector.mean_na(now, 20 * MS)) < 0.2 and bench.scene.modes(now) == {}
