"""What recipes put into the emulated world: solutions, the chamber's air, the mat."""

from __future__ import annotations

import pytest

from recipes.model import Recipe
from recipes.reader import read_recipe
from rig.simulation.hearth import USUAL_MAT
from rig.simulation.liquids import USUAL_AIR, air_for, mass_fraction, mat_spun, solution_props
from tests.end_to_end.spinning import read, recipe_text

SOLUTION = """solvents = [{ name = "DCM", parts = 1 }, { name = "DMF", parts = 1 }]
parts_by = "volume"
solutes = [{ name = "PCL" }]
concentration = "20 w/v%"
"""
STEP = """
[[steps]]
id = "spin"
do = "spin"
duration = "2 h"
voltage = "15 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
"""
STREAM = """
[[steps.streams]]
solution = "own"
mode = "electrospin"
rate = "1 ml/h"
"""


def recipe(solution: str = SOLUTION, step: str = "") -> Recipe:
    found, problems = read_recipe(
        f'format = 2\nname = "t"\n[solutions.own]\n{solution}{STEP}{step}{STREAM}', "t"
    )
    assert found is not None, list(map(str, problems))
    return found


def test_parts_by_volume_are_weighed_with_the_solvents_densities() -> None:
    own = recipe().solutions["own"]
    by_mass = recipe(SOLUTION.replace('"volume"', '"mass"')).solutions["own"]
    # Half and half by volume: 8.93 and 36.7; by mass there is less of the heavier DCM in it.
    assert solution_props(own).eps_r == pytest.approx((8.93 + 36.7) / 2, abs=0.01)
    assert solution_props(by_mass).eps_r > 24.0


def test_a_mass_per_volume_is_that_of_the_solvents() -> None:
    density_g_ml = (1.327 + 0.945) / 2
    assert mass_fraction(recipe().solutions["own"]) == pytest.approx(0.2 / (0.2 + density_g_ml), rel=1e-6)
    heavy = recipe(SOLUTION.replace("20 w/v%", "1 g/ml")).solutions["own"]
    assert mass_fraction(heavy) == pytest.approx(1 / (1 + density_g_ml), rel=1e-6)
    said = recipe(SOLUTION + 'density = "1.25 g/ml"\n').solutions["own"]
    assert mass_fraction(said) == pytest.approx(0.2 / 1.25)


@pytest.mark.parametrize(
    ("solute", "like"),
    [("polysulfone", "PMMA"), ("something new", "PMMA"), ("ZrO2", "TiO2"), ("gelatine", "gelatin")],
)
def test_what_the_emulator_has_no_values_for_is_emulated_as_its_nearest_relative(
    solute: str, like: str
) -> None:
    one, other = (
        solution_props(recipe(SOLUTION.replace('"PCL"', f'"{name}"')).solutions["own"])
        for name in (solute, like)
    )
    assert (one.conductivity_s_m, one.viscosity_pa_s, one.polymer) == (
        other.conductivity_s_m,
        other.viscosity_pa_s,
        like != "TiO2",
    )
    assert one.solids_fraction == other.solids_fraction > 0.0


@pytest.mark.parametrize(
    ("windows", "air"),
    [
        ("", USUAL_AIR),
        ('humidity = { min = "30 %RH", max = "55 %RH" }', USUAL_AIR),
        ('humidity = { min = "10 %RH", max = "15 %RH" }', (22.0, 12.5)),
        ('humidity = { min = "70 %RH" }', (22.0, 75.0)),
        ('humidity = { max = "20 %RH" }', (22.0, 15.0)),
        ('temperature = { min = "30 degC", max = "34 degC" }', (32.0, 40.0)),
    ],
)
def test_the_emulated_air_is_as_the_first_spin_step_asks(windows: str, air: tuple[float, float]) -> None:
    assert air_for(recipe(step=windows + "\n")) == pytest.approx(air)


def test_without_a_recipe_the_air_is_the_usual() -> None:
    assert air_for(None) == USUAL_AIR


def test_the_mat_is_what_was_spun() -> None:
    founding = mat_spun(read(recipe_text()))
    assert founding is not None
    assert founding == pytest.approx(USUAL_MAT, rel=0.06)  # 0.47 g: 65 % PAN, 28 % PMMA, the rest titania
    own = mat_spun(recipe())
    assert own is not None and own[1:] == (0.0, 0.0)
    made = solution_props(recipe().solutions["own"])
    assert own[0] == pytest.approx(2 * made.density_kg_m3 / 1000 * made.solids_fraction)
