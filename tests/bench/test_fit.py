"""Can this rig make that recipe? Voltages, pumps, syringes, volumes, furnaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.model import Recipe, SpinStep
from recipes.reader import read_recipe
from rig.bench.assignment import need
from rig.bench.capabilities import capabilities, rate_limits_ml_h
from rig.bench.fit import RECIPE, RIG_FILE, RUN_SHEET, Fit, fit
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig, read_rig
from rig.bench.sheet import demo_sheet, read_sheet
from rig.instruments.new_era_rates import rate_limits_ml_h as new_era_limits

HERE = Path(__file__).parent
BAD = HERE / "bad"
LIBRARY = HERE.parents[1] / "recipes" / "library"
SECOND_SUPPLY = """
[hv.spray]
driver = "glassman"
port = "sim://hv.spray"
rating = { voltage = "30 kV", current = "1 mA" }
limits = { voltage = "15 kV", current = "50 uA" }
polarity = "negative"
"""
BD_10 = '"BD Plastipak 10 ml"'
SHEET = """
[streams.co-deposit.pan-pmma]
pump = "a"
syringe = "BD Plastipak 10 ml"
loaded = "6 ml"
needle = "left"
[streams.co-deposit.tio2]
pump = "b"
syringe = "BD Plastipak 10 ml"
loaded = "6 ml"
needle = "right"
"""


def found(answer: Fit, file: str) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in answer.by_file[file]]


def fit_sheet(recipe: Recipe, bench: Bench, text: str) -> Fit:
    sheet, problems = read_sheet(text)
    assert sheet is not None, [str(problem) for problem in problems]
    return fit(recipe, bench, sheet)


@pytest.mark.parametrize("name", ["tio2-pcnf-spin", "tio2-pcnf"])
def test_the_built_in_sheet_covers_the_founding_recipes(name: str) -> None:
    recipe, _ = read_recipe((LIBRARY / f"{name}.toml").read_bytes(), name)
    bench, _ = load_rig(None)
    assert recipe is not None
    sheet = demo_sheet(recipe)
    assert sheet is not None and sheet.sample == "DEMO-1"
    answer = fit(recipe, bench, sheet)
    assert answer.by_file[RIG_FILE].items == answer.by_file[RUN_SHEET].items == []
    spin = answer.assignment.get("co-deposit", "pan-pmma")
    assert spin is not None
    assert (spin.pump, spin.needle, spin.hv, spin.loaded_ml) == ("pumps.a", "left", "hv.needle", 6.0)
    assert spin.syringe.diameter_mm == 14.43
    assert len(answer.reaction_times) == 1
    assert answer.possible and len(answer.problems) == 0


def test_without_a_furnace_only_the_spin_part_fits(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    spinning, _, _ = demo_text.partition("[furnace.tube]")
    bench = bench_of(spinning)
    assert not bench.furnaces and not bench.gases and not bench.oxygen
    whole, _ = read_recipe((LIBRARY / "tio2-pcnf.toml").read_bytes(), "tio2-pcnf")
    part, _ = read_recipe((LIBRARY / "tio2-pcnf-spin.toml").read_bytes(), "tio2-pcnf-spin")
    assert whole is not None and part is not None
    answer = fit(whole, bench, demo_sheet(whole))
    assert not answer.possible
    (problem,) = answer.problems
    assert (problem.code, problem.where) == ("no-furnace", "steps.stabilise")
    assert "stabilise, cool-in-air, purge, carbonise, cool" in problem.message
    assert fit(part, bench, demo_sheet(part)).possible


def test_the_need_of_a_stream_by_hand(spin_text: str, recipe_of: Callable[..., Recipe]) -> None:
    recipe = recipe_of(spin_text)
    step = recipe.steps[0]
    assert isinstance(step, SpinStep)
    wanted = need(recipe, step, step.streams[0])
    assert wanted.clock_ml == pytest.approx(4.0)
    assert wanted.start_ml == pytest.approx(65 / 3600)  # 5 s start lag and 60 s jet check at 1 ml/h
    assert wanted.prime_ml == pytest.approx(0.0502, abs=1e-4)  # 21 G: 0.514 mm x 25 mm and a hub of 45 ul


def test_a_prime_step_counts_instead_of_the_needles_own(
    spin_text: str, recipe_of: Callable[..., Recipe]
) -> None:
    prime = '[[steps]]\nid = "fill"\ndo = "prime"\nvolume = "0.3 ml"\n\n[[steps]]\nid = "co-deposit"'
    recipe = recipe_of(spin_text, ('[[steps]]\nid = "co-deposit"', prime))
    step = recipe.step("co-deposit")
    assert isinstance(step, SpinStep)
    assert need(recipe, step, step.streams[0]).prime_ml == pytest.approx(0.3)


def test_a_proposal_is_a_sheet_that_reads_back(spin_text: str, recipe_of: Callable[..., Recipe]) -> None:
    recipe, (bench, _) = recipe_of(spin_text), load_rig(None)
    proposed = fit(recipe, bench)
    assert proposed.possible and proposed.assignment.proposed
    assert [(one.pump, one.needle, one.loaded_ml) for one in proposed.assignment.streams.values()] == [
        ("pumps.a", "left", 4.5),
        ("pumps.b", "right", 4.5),
    ]
    again = fit_sheet(recipe, bench, proposed.assignment.sheet_text("S-1"))
    assert again.possible and not again.assignment.proposed
    assert again.assignment.streams == proposed.assignment.streams


def test_lot_and_date_survive_in_a_written_sheet(spin_text: str, recipe_of: Callable[..., Recipe]) -> None:
    recipe, (bench, _) = recipe_of(spin_text), load_rig(None)
    said = 'lot = "T \\"12\\""\nprepared = 2026-11-19\n'
    measured = SHEET.replace(BD_10, '{ diameter = "14.512345 mm", volume = "10 ml" }', 1)
    first = fit_sheet(recipe, bench, measured.replace('needle = "right"\n', 'needle = "right"\n' + said))
    again = fit_sheet(recipe, bench, first.assignment.sheet_text('S "1"'))
    assert first.possible and again.assignment.streams == first.assignment.streams
    own = again.assignment.get("co-deposit", "tio2")
    assert own is not None and (own.lot, own.prepared) == ('T "12"', "2026-11-19")


@pytest.mark.parametrize(
    ("name", "duration", "code", "line", "column", "says"),
    [
        ("two-streams-one-pump.sheet.toml", "4 h", "two-streams-one-pump", 10, 8, "pumps.a already feeds"),
        ("too-little-loaded.sheet.toml", "30 h", "too-little-loaded", 13, 10, "30.07 ml"),
    ],
)
def test_bad_sheets(
    spin_text: str,
    recipe_of: Callable[..., Recipe],
    name: str,
    duration: str,
    code: str,
    line: int,
    column: int,
    says: str,
) -> None:
    recipe, (bench, _) = recipe_of(spin_text, ('"4 h"', f'"{duration}"')), load_rig(None)
    answer = fit_sheet(recipe, bench, (BAD / name).read_text(encoding="utf-8"))
    assert not answer.possible
    (problem,) = answer.by_file[RUN_SHEET]
    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert says in problem.message and problem.hint


def test_refilling_is_allowed_where_the_recipe_says_so(
    spin_text: str, recipe_of: Callable[..., Recipe]
) -> None:
    recipe = recipe_of(spin_text, ('"4 h"', '"30 h"'), ('rate = "1 ml/h"', 'rate = "1 ml/h"\nrefill = true'))
    bench, _ = load_rig(None)
    assert fit_sheet(recipe, bench, SHEET).possible
    little = SHEET.replace('"6 ml"', '"0.05 ml"')
    assert found(fit_sheet(recipe, bench, little), RUN_SHEET) == [
        ("too-little-loaded", "streams.co-deposit.pan-pmma.loaded"),
        ("too-little-loaded", "streams.co-deposit.tio2.loaded"),
    ]


def test_25_kv_on_a_20_kv_rig(
    demo_text: str, spin_text: str, bench_of: Callable[..., Bench], recipe_of: Callable[..., Recipe]
) -> None:
    bench = bench_of(demo_text, ('limits = { voltage = "25 kV"', 'limits = { voltage = "20 kV"'))
    answer = fit(recipe_of(spin_text, ('"20 kV"', '"25 kV"')), bench)
    first, second = answer.by_file[RECIPE]
    assert (first.code, first.where) == ("voltage-above-limit", "steps.co-deposit.voltage")
    assert first.line is not None and spin_text.splitlines()[first.line - 1].startswith("voltage")
    assert "25 kV from hv.needle, whose limit is 20 kV (rig limit)" in first.message
    assert second.code == first.code
    assert fit(recipe_of(spin_text), bench).possible


@pytest.mark.parametrize(
    ("draw_off", "ramp_down", "whole"),
    [
        ("5 s", "5 kV/s", None),
        ("5.5 s", "5 kV/s", None),
        ("5.6 s", "5 kV/s", "10.1"),
        ("3 s", "3 kV/s", "10.2"),
    ],
)
def test_high_voltage_has_to_be_off_ten_seconds_after_the_pumps(
    demo_text: str,
    spin_text: str,
    bench_of: Callable[..., Bench],
    recipe_of: Callable[..., Recipe],
    draw_off: str,
    ramp_down: str,
    whole: str | None,
) -> None:
    """20 kV at the rig's rate, the draw-off before it, and half a second to prove it (safety rule 6)."""
    bench = bench_of(demo_text, ('ramp_down = "5 kV/s"', f'ramp_down = "{ramp_down}"'))
    recipe = recipe_of(spin_text, ('voltage = "20 kV"\n', f'voltage = "20 kV"\ndraw_off = "{draw_off}"\n'))
    answer = fit(recipe, bench)
    if whole is None:
        assert answer.by_file[RECIPE].items == []
        return
    (problem,) = answer.by_file[RECIPE]
    assert (problem.code, problem.where) == ("off-too-late", "steps.co-deposit.draw_off")
    assert f"would be off {whole} s after the pumps" in problem.message
    assert not answer.possible


def test_polarity_and_two_voltages_from_one_supply(
    demo_text: str, spin_text: str, bench_of: Callable[..., Bench], recipe_of: Callable[..., Recipe]
) -> None:
    bench = bench_of(demo_text)
    negative = fit(recipe_of(spin_text, ('"20 kV"', '"-20 kV"')), bench)
    assert {code for code, _ in found(negative, RECIPE)} == {"wrong-polarity"}
    two = recipe_of(spin_text, ('solution = "tio2"\n', 'solution = "tio2"\nvoltage = "12 kV"\n'))
    assert found(fit(two, bench), RECIPE) == [
        ("voltage-conflict", "steps.co-deposit.streams.tio2.voltage"),
    ]


def test_electrode_pairs_across_two_supplies(
    demo_text: str, spin_text: str, bench_of: Callable[..., Bench], recipe_of: Callable[..., Recipe]
) -> None:
    wired = ('[needles.right]\npump = "b"\nhv = "needle"', '[needles.right]\npump = "b"\nhv = "spray"')
    bench = bench_of(demo_text + SECOND_SUPPLY, wired)
    apart = recipe_of(spin_text, ('solution = "tio2"\n', 'solution = "tio2"\nvoltage = "-12 kV"\n'))
    answer = fit(apart, bench)
    (problem,) = answer.by_file[RECIPE]
    assert problem.code == "electrode-pair"
    assert "32 kV stand between the needle left and the needle right; the limit is 25 kV" in problem.message
    near = recipe_of(spin_text, ('solution = "tio2"\n', 'solution = "tio2"\nvoltage = "-5 kV"\n'))
    assert fit(near, bench).possible
    declared = bench_of(
        demo_text + SECOND_SUPPLY, wired, ('volume = "200 l"', 'volume = "200 l"\nelectrode_limit = "35 kV"')
    )
    assert fit(apart, declared).possible


def test_a_biased_collector_counts(
    demo_text: str, spin_text: str, bench_of: Callable[..., Bench], recipe_of: Callable[..., Recipe]
) -> None:
    biased = recipe_of(spin_text, ('{ kind = "plate" }', '{ kind = "plate", voltage = "-6 kV" }'))
    bench = bench_of(demo_text)
    assert found(fit(biased, bench), RECIPE) == [
        ("no-collector-supply", "steps.co-deposit.collector.voltage")
    ]
    with_supply = bench_of(demo_text + SECOND_SUPPLY + '[collector.plate]\nkind = "plate"\nhv = "spray"\n')
    assert found(fit(biased, with_supply), RECIPE) == [("electrode-pair", "steps.co-deposit.voltage")]
    less = recipe_of(spin_text, ('{ kind = "plate" }', '{ kind = "plate", voltage = "-5 kV" }'))
    assert fit(less, with_supply).possible


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ('pump = "b"', 'pump = "c"', "unknown-name", "streams.co-deposit.tio2.pump"),
        ('needle = "right"', 'needle = "middle"', "unknown-name", "streams.co-deposit.tio2.needle"),
        ('needle = "right"', 'needle = "left"', "needle-of-other-pump", "streams.co-deposit.tio2.needle"),
        ("co-deposit.tio2", "co-deposit.tio", "no-pump", "streams.co-deposit.tio2"),
        ("co-deposit.tio2", "co-deposit.tio", "unknown-stream", "streams.co-deposit.tio"),
        (BD_10, '{ diameter = "300 um", volume = "10 ml" }', "too-fast", "streams.co-deposit.tio2.syringe"),
        (BD_10, '{ diameter = "7.9 cm", volume = "1 l" }', "too-slow", "streams.co-deposit.pan-pmma.syringe"),
    ],
)
def test_sheets_that_do_not_match(
    spin_text: str, recipe_of: Callable[..., Recipe], old: str, new: str, code: str, where: str
) -> None:
    bench, _ = load_rig(None)
    recipe = recipe_of(spin_text, ('rate = "1 ml/h"', 'rate = "200 ul/h"'))
    if code == "too-fast":
        recipe = recipe_of(spin_text, ('rate = "1 ml/h"', 'rate = "0.5 ml/h"'))
    assert old in SHEET
    answer = fit_sheet(recipe, bench, SHEET.replace(old, new))
    assert (code, where) in found(answer, RUN_SHEET)


def test_the_needle_may_be_left_out_where_the_pump_has_one(
    spin_text: str, recipe_of: Callable[..., Recipe]
) -> None:
    bench, _ = load_rig(None)
    answer = fit_sheet(recipe_of(spin_text), bench, SHEET.replace('needle = "right"\n', ""))
    own = answer.assignment.get("co-deposit", "tio2")
    assert answer.possible and own is not None and own.needle == "right"


def test_too_few_pumps(
    demo_text: str, spin_text: str, bench_of: Callable[..., Bench], recipe_of: Callable[..., Recipe]
) -> None:
    one = bench_of(demo_text, ('[needles.right]\npump = "b"\nhv = "needle"\n', ""))
    (problem,) = fit(recipe_of(spin_text), one).by_file[RECIPE]
    assert (problem.code, problem.where) == ("no-pump", "steps.co-deposit.streams.tio2")
    assert "2 streams, and Demonstration bench has 1 needle mount" in problem.message


@pytest.mark.parametrize(("on_leave", "severity"), [("warn", "warning"), ("hold", "error")])
def test_a_window_without_a_sensor(
    demo_text: str,
    spin_text: str,
    bench_of: Callable[..., Bench],
    recipe_of: Callable[..., Recipe],
    on_leave: str,
    severity: str,
) -> None:
    blind = bench_of(
        demo_text, ('[climate.chamber]\ndriver = "vaisala"\nport = "sim://climate.chamber"\n', "")
    )
    recipe = recipe_of(
        spin_text,
        ('on_leave = "warn"', f'on_leave = "{on_leave}"'),
        ('"collector", "humidity"]', '"collector"]'),
    )
    (problem,) = fit(recipe, blind).by_file[RECIPE]
    assert (problem.code, problem.where, str(problem.severity)) == (
        "no-climate",
        "steps.co-deposit.humidity",
        severity,
    )


def test_the_whole_founding_recipe_fits_the_full_rig() -> None:
    recipe, _ = read_recipe((LIBRARY / "tio2-pcnf.toml").read_bytes(), "tio2-pcnf")
    bench, _ = read_rig((HERE / "full_rig.toml").read_bytes(), "full_rig.toml")
    assert recipe is not None and bench is not None
    assert fit(recipe, bench).problems.items == []


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ('temperature = "1100 degC"', 'temperature = "700 degC"', ["temperature-above-limit"]),
        ('ramp = "10 degC/min"', 'ramp = "4 degC/min"', ["ramp-above-limit"]),
        ('full_scale = "2000 sccm"', 'full_scale = "800 sccm"', ["flow-above-limit"]),
        ("[gas.argon]", "[gas.nitrogen]", ["no-gas", "no-gas", "no-gas"]),
        ('[oxygen.tube]\ndriver = "rapidox"\nport = "/dev/ttyUSB7"\n', "", ["no-analyser"]),
    ],
)
def test_furnace_limits(old: str, new: str, codes: list[str]) -> None:
    recipe, _ = read_recipe((LIBRARY / "tio2-pcnf.toml").read_bytes(), "tio2-pcnf")
    text = (HERE / "full_rig.toml").read_text(encoding="utf-8")
    assert old in text
    bench, _ = read_rig(text.replace(old, new), "full_rig.toml")
    assert recipe is not None and bench is not None
    answer = fit(recipe, bench)
    assert [problem.code for problem in answer.by_file[RECIPE]] == codes
    assert all(problem.line is not None for problem in answer.problems)


def test_capabilities_hold_the_smaller_limit() -> None:
    bench, _ = read_rig((HERE / "full_rig.toml").read_bytes(), "full_rig.toml")
    assert bench is not None
    able = capabilities(bench)
    assert (able.hv[0].max_kv, able.hv[0].current_limit_ua, able.hv[0].polarity) == (25.0, 50.0, "+")
    assert able.hv[0].step_v == pytest.approx(40000 / 4095)
    assert (able.pumps[1].needle, able.pumps[1].hv) == ("right", "hv.needle")
    assert able.furnaces[0].gases == ("air", "argon") and able.furnaces[0].oxygen
    assert able.furnaces[0].tube_volume_l == pytest.approx(2.827, abs=1e-3)
    assert [(gas.name, gas.full_scale_sccm, gas.passive) for gas in able.gases] == [
        ("air", None, True),
        ("argon", 2000.0, False),
    ]
    assert able.climate and able.current
    pump = bench.pumps["pumps.a"]
    assert rate_limits_ml_h(pump, 14.43) == pytest.approx(new_era_limits(14.43, "NE-1000"))


_SPIN = (LIBRARY / "tio2-pcnf-spin.toml").read_text(encoding="utf-8")


@given(
    rate_ul_h=st.integers(10, 20_000),
    minutes=st.integers(1, 3000),
    loaded_ul=st.integers(1, 60_000),
)
def test_no_recipe_passes_that_draws_more_than_is_loaded(
    rate_ul_h: int, minutes: int, loaded_ul: int
) -> None:
    recipe, _ = read_recipe(
        _SPIN.replace('"4 h"', f'"{minutes} min"').replace('"1 ml/h"', f'"{rate_ul_h} ul/h"'), "generated"
    )
    bench, _ = load_rig(None)
    assert recipe is not None
    sheet = SHEET.replace("10 ml", "60 ml").replace('"6 ml"', f'"{loaded_ul} ul"')
    answer = fit_sheet(recipe, bench, sheet)
    drawn_ml = rate_ul_h / 1000 * (minutes / 60 + 65 / 3600) + 0.0501  # and the needle's dead volume
    if answer.possible:
        assert drawn_ml <= loaded_ul / 1000
    elif drawn_ml + 0.001 < loaded_ul / 1000:
        assert "too-little-loaded" not in [code for code, _ in found(answer, RUN_SHEET)]
    proposal = fit(recipe, bench)
    for own in proposal.assignment.streams.values():
        assert own.loaded_ml <= own.syringe.volume_ml
        assert not proposal.possible or drawn_ml <= own.loaded_ml


def test_hot_air_before_hotter_inert_gas_is_taken_for_a_calcination_and_said(
    demo_text: str, bench_of: Callable[..., Bench]
) -> None:
    text = (LIBRARY / "tio2-pcnf.toml").read_text(encoding="utf-8")
    for degc, codes in (("320 degC", []), ("321 degC", ["hot-air-before-inert"])):
        other = text.replace('"280 degC"', f'"{degc}"').replace(
            'name = "PAN"', 'name = "lignin"'
        )  # not a fact that refuses
        recipe, _ = read_recipe(other, "calcined")
        assert recipe is not None
        found = fit(recipe, bench_of(demo_text), demo_sheet(recipe)).problems
        assert [problem.code for problem in found if problem.where == "steps.stabilise"] == codes


def test_a_soak_shorter_than_the_furnaces_lag_is_warned_of(
    demo_text: str, bench_of: Callable[..., Bench]
) -> None:
    """The demonstration furnace lags by 4 s."""
    text = (LIBRARY / "tio2-pcnf.toml").read_text(encoding="utf-8")
    for soak, codes in (("4 s", []), ("3.9 s", ["soak-shorter-than-lag"])):
        recipe, _ = read_recipe(text.replace('soak = "2 h"', f'soak = "{soak}"'), "short")
        assert recipe is not None
        found = fit(recipe, bench_of(demo_text), demo_sheet(recipe)).problems
        assert [problem.code for problem in found if problem.where == "steps.carbonise.soak"] == codes
