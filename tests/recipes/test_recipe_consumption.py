"""Gas, solvent and energy of a plan, against figures worked out by hand."""

from __future__ import annotations

import pytest

from recipes.catalogue import library_path
from recipes.consumption import consumption
from recipes.reader import load_recipe, read_recipe
from recipes.timeline import plan


def test_the_founding_recipe_without_a_rig() -> None:
    recipe, _ = load_recipe(library_path("tio2-pcnf"))
    assert recipe is not None
    timeline = plan(recipe)
    used = consumption(recipe, timeline)
    by_id = {entry.step_id: entry.duration_s / 60 for entry in timeline.entries}
    expected_l = by_id["purge"] * 1.0 + by_id["carbonise"] * 0.2 + by_id["cool"] * 0.5
    assert used.gas_l == {"argon": pytest.approx(expected_l)}
    millilitres = timeline.solution_ml()
    assert used.solvent_g == {
        "DMF": pytest.approx(millilitres["pan-pmma"] * 0.945 * 0.88, rel=0.01),
        "methanol": pytest.approx(millilitres["tio2"] * 0.791 * 0.99, rel=0.01),
    }
    # 1.39 W/K of loss: 2 h at 800 °C alone are 2.2 kWh, 2.5 h at 280 °C 0.9, and 4.2 kJ/K are heated by 257 and 720 K.
    assert 6.0 < used.energy_kwh < 9.0
    assert "evaporate" in used.sentence() and "l of argon" in used.sentence()


def test_a_gas_without_flow_goes_on_as_before_and_room_air_is_not_counted() -> None:
    text = (
        library_path("tio2-pcnf")
        .read_text(encoding="utf-8")
        .replace('flow = "200 sccm"\n', "")
        .replace('assumed = ["flow"]\n', "")
    )
    recipe, problems = read_recipe(text.replace('flow = "500 sccm"', 'flow = "1500 sccm"'), "x")
    assert recipe is not None, problems
    timeline = plan(recipe)
    minutes = {entry.step_id: entry.duration_s / 60 for entry in timeline.entries}
    litres = minutes["purge"] + minutes["carbonise"] + minutes["cool"] * 1.5
    assert consumption(recipe, timeline).gas_l == {"argon": pytest.approx(litres)}


def test_a_spin_recipe_takes_no_gas_and_no_energy() -> None:
    recipe, _ = load_recipe(library_path("pva-14"))
    assert recipe is not None
    used = consumption(recipe, plan(recipe))
    assert used.gas_l == {} and used.energy_kwh == 0 and used.notes == ()
    assert list(used.solvent_g) == ["water"]
