"""The mat: when it reacts, what it gives off, when it runs away; and how thin its fibres become."""

from __future__ import annotations

import pytest

from rig.emulators.physics.carbon import carbon_nm, diameter_ratio
from rig.emulators.physics.mat import CARBON_YIELD, Conversions, Mat
from tests.emulators.furnace_bench import Bench

AIR = 0.2095


def second(mat: Mat, degc: float, oxygen: float = 0.0) -> None:
    mat.oxygen_demand()
    mat.react(degc, oxygen)


def flat(mass_g: float = 0.005, pan: float = 1.0, pmma: float = 0.0, solvent: float = 0.0) -> Mat:
    """So little on so much that it is as warm as the tube."""
    return Mat(mass_g, pan=pan, pmma=pmma, solvent=solvent, area_cm2=1e4)


@pytest.mark.parametrize(("ramp", "peak"), [(1.0, 243.0), (2.0, 251.0), (5.0, 262.0), (10.0, 270.0)])
def test_the_dsc_peak_lies_where_the_sheet_has_it(ramp: float, peak: float) -> None:
    mat, degc, last = flat(), 100.0, 0.0
    rates: dict[float, float] = {}
    while degc < 320.0:
        degc += ramp / 60.0
        second(mat, degc)
        now = mat.conversions().cyclised
        rates[degc], last = now - last, now
    assert max(rates, key=rates.__getitem__) == pytest.approx(peak, abs=0.6)
    assert last == pytest.approx(1.0, abs=1e-6)
    if ramp == 5.0:
        assert max(rates.values()) == pytest.approx(0.0025, rel=0.05)


def test_cyclisation_gives_600_joules_a_gram() -> None:
    mat = Mat(0.1, pan=1.0, pmma=0.0, solvent=0.0)
    degc, joules = 23.0, 0.0
    while degc < 310.0:
        degc += 2.0 / 60.0
        second(mat, degc)
        joules += mat.to_tube_w
    warming = 0.1 * 1.5 * (310.0 - 23.0)
    assert (joules + warming) / 0.1 == pytest.approx(600.0, abs=15.0)


def test_oxidation_goes_with_the_oxygen_there_is() -> None:
    done = {}
    for oxygen in (AIR, AIR / 4.0, 0.0):
        mat = flat()
        for _ in range(2 * 3600):
            second(mat, 280.0, oxygen)
        done[oxygen] = mat.conversions().oxidised
    assert done[AIR] > 0.9 and 0.3 < done[AIR / 4.0] < 0.6 and done[0.0] == 0.0
    cold = flat()
    for _ in range(3600):
        second(cold, 160.0, AIR)
    assert 0.001 < cold.conversions().oxidised < 0.02, "seen from 160 degC, no more"


def test_pmma_leaves_partly_in_air_and_wholly_in_inert_gas_between_350_and_400_degc() -> None:
    air, inert = flat(pan=0.7, pmma=0.3), flat(pan=0.7, pmma=0.3)
    for _ in range(9000):
        second(air, 280.0, AIR)
        second(inert, 280.0, 0.0)
    assert air.conversions().pmma_left == pytest.approx(0.6, abs=0.03)
    assert inert.conversions().pmma_left > 0.95
    degc, last, rates = 280.0, inert.conversions().pmma_left, {}
    while degc < 450.0:
        degc += 2.0 / 60.0
        second(inert, degc)
        rates[degc], last = last - inert.conversions().pmma_left, inert.conversions().pmma_left
    assert 350.0 < max(rates, key=rates.__getitem__) < 400.0
    assert last < 1e-3


def test_solvent_dries_below_100_degc() -> None:
    mat = Mat(0.47)
    wet = mat.mass_g
    for _ in range(4 * 3600):
        second(mat, 80.0, AIR)
    assert mat.conversions().solvent_left < 0.1
    assert wet - mat.mass_g == pytest.approx(0.0094 * (1.0 - mat.conversions().solvent_left))
    assert mat.evolved_mg["DMF"] == pytest.approx(1e3 * (wet - mat.mass_g))


def test_carbon_is_half_of_pan_and_the_gas_is_the_rest() -> None:
    assert pytest.approx(0.5, abs=0.005) == CARBON_YIELD
    mat = Mat(1.0, pan=1.0, pmma=0.0, solvent=0.0, area_cm2=1e4)
    mat.found("stabilised")
    degc = 280.0
    while degc < 800.0:
        degc += 2.0 / 60.0
        second(mat, degc)
    assert mat.mass_g == pytest.approx(CARBON_YIELD, abs=0.002)
    assert sum(mat.evolved_mg.values()) == pytest.approx(547.0, abs=2.0)
    assert mat.conversions().carbonised == pytest.approx(1.0, abs=0.01)


def test_hcn_lies_between_15_and_26_mg_per_gram_and_ammonia_comes_from_188_degc() -> None:
    mat = Mat(1.0, pan=1.0, pmma=0.0, solvent=0.0, area_cm2=1e4)
    degc = 100.0
    ammonia_at_188 = -1.0
    while degc < 800.0:
        degc += 2.0 / 60.0
        second(mat, degc)
        if degc > 188.0 and ammonia_at_188 < 0.0:
            ammonia_at_188 = mat.evolved_mg["NH3"]
    assert 0.001 < ammonia_at_188 < 0.2
    assert 15.0 < mat.evolved_mg["HCN"] < 26.0


def test_a_thin_mat_follows_the_tube_and_a_stack_of_12_g_runs_away() -> None:
    excess: dict[tuple[float, float], float] = {}
    seen: dict[tuple[float, float], int] = {}
    for mass_g, ramp in ((0.47, 5.0), (3.0, 5.0), (12.0, 5.0), (12.0, 1.0)):
        bench = Bench()
        mat = bench.lay(mass_g)
        most, above = 0.0, 0
        for setpoint, value in bench.control(ramp, 280.0, 900.0):
            most = max(most, mat.degc - bench.furnace.tube_degc(bench.now_ns))
            above += value - setpoint > 15.0
        excess[mass_g, ramp], seen[mass_g, ramp] = most, above
    assert excess[0.47, 5.0] < 2.0
    assert excess[3.0, 5.0] < 20.0
    assert excess[12.0, 5.0] > 150.0 and seen[12.0, 5.0] > 60
    assert excess[12.0, 1.0] < 40.0
    assert seen[0.47, 5.0] == seen[3.0, 5.0] == seen[12.0, 1.0] == 0


def test_the_runaway_uses_up_oxygen() -> None:
    bench = Bench()
    bench.lay(12.0)
    least = min(bench.tube.oxygen_ppm(bench.now_ns) for _ in bench.control(5.0, 280.0, 300.0))
    assert least < 150_000.0


def test_carbon_burns_in_air_and_hardly_in_100_ppm() -> None:
    burnt = {}
    for oxygen in (AIR, 100e-6):
        mat = Mat(0.3)
        mat.found("carbon")
        mat.degc = 700.0
        for _ in range(1800):
            second(mat, 700.0, oxygen)
        burnt[oxygen] = mat.conversions().burnt
    assert burnt[AIR] > 0.95 and burnt[100e-6] < 0.01


def test_a_cold_mat_stays_as_it_is() -> None:
    mat = Mat(0.47)
    before = mat.conversions()
    for _ in range(3600):
        second(mat, 23.0, AIR)
    assert mat.conversions() == before and mat.to_tube_w == 0.0


def test_mats_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="mat of 0 g"):
        Mat(0)
    with pytest.raises(ValueError, match=r"PAN 0\.8, PMMA 0\.3"):
        Mat(1.0, pan=0.8, pmma=0.3)
    with pytest.raises(ValueError, match="'burnt'"):
        Mat(1.0).found("burnt")


def test_fibres_of_250_to_350_nm_become_130_to_190_nm_of_carbon() -> None:
    assert 130.0 < carbon_nm(250.0) < carbon_nm(350.0) < 190.0
    assert carbon_nm(300.0) == pytest.approx(161.0, abs=1.0)


def test_the_way_to_carbon_is_thinner_at_each_stage() -> None:
    spun = Conversions(0.0, 0.0, 1.0, 0.0, 0.0, 1.0)
    stabilised = Conversions(1.0, 1.0, 0.6, 0.0, 0.0, 0.0)
    unzipped = Conversions(1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    carbon = Conversions(1.0, 1.0, 0.0, 1.0, 0.0, 0.0)
    ratios = [diameter_ratio(stage) for stage in (spun, stabilised, unzipped, carbon)]
    assert ratios[0] == pytest.approx(1.0)
    assert ratios == sorted(ratios, reverse=True)
    assert diameter_ratio(carbon, 1.0) > ratios[-1], "without PMMA more is left"
    with pytest.raises(ValueError, match="PAN fraction 0"):
        diameter_ratio(carbon, 0.0)


def test_the_founding_mat_becomes_carbon_in_the_founding_furnace() -> None:
    bench = Bench()
    mat = bench.lay()
    bench.heat(5.0, 280.0, 9000.0)
    stabilised = bench.furnace.conversions(bench.now_ns)
    assert stabilised is not None
    assert stabilised.cyclised > 0.999 and stabilised.oxidised > 0.9 and stabilised.carbonised < 0.02
    bench.cool(60.0)
    bench.tube.open(bench.now_ns, False)
    bench.argon.set(bench.now_ns, 1000.0)
    bench.wait(1800)
    bench.argon.set(bench.now_ns, 200.0)
    bench.heat(2.0, 800.0, 7200.0)
    carbon = bench.furnace.conversions(bench.now_ns)
    assert carbon is not None
    assert carbon.carbonised > 0.999 and carbon.pmma_left < 0.001 and carbon.burnt < 0.01
    assert 0.16 < mat.mass_g < 0.21
    assert carbon_nm(300.0, conversions=carbon) == pytest.approx(161.0, abs=2.0)
