"""Variants of a recipe: what a factor's name and values mean, and the texts that come out."""

from __future__ import annotations

import pytest

from recipes.catalogue import library_path
from recipes.model import Recipe
from recipes.problems import InputError
from recipes.reader import load_recipe, read_recipe
from recipes.steps import SpinStep
from recipes.study import read_factor, variants


@pytest.fixture
def founding() -> Recipe:
    recipe, _ = load_recipe(library_path("tio2-pcnf"))
    assert recipe is not None
    return recipe


def test_a_sweep_of_voltage_and_rate_makes_every_combination(founding: Recipe) -> None:
    made = variants(
        founding,
        [read_factor(founding, "spin_voltage=16:24:2"), read_factor(founding, "co-deposit.rate=0.8,1.0")],
    )
    assert [one.id for one in made] == [f"tio2-pcnf-{number:02d}" for number in range(1, 11)]
    seen = []
    for one in made:
        recipe, problems = read_recipe(one.text, one.id)
        assert recipe is not None, problems
        assert recipe.name == one.name and len(one.text.splitlines()) == len(founding.text.splitlines())
        step = recipe.step("co-deposit")
        assert isinstance(step, SpinStep)
        assert {stream.voltage.to("kV") for stream in step.streams} == {step.voltage.to("kV")}
        (rate,) = {stream.rate.to("ml/h") for stream in step.streams}
        seen.append((step.voltage.to("kV"), rate))
    assert seen == [(kv, rate) for kv in (16, 18, 20, 22, 24) for rate in (0.8, 1.0)]
    assert made[0].name == "TiO2@PCNF interlayer (spin_voltage 16 kV, co-deposit.rate 0.8 ml/h)"


def test_only_the_lines_that_are_varied_change(founding: Recipe) -> None:
    (one,) = variants(founding, [read_factor(founding, "stabilise.ramp=1")])
    before, after = founding.text.splitlines(), one.text.splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed[1:] == [('ramp = "5 degC/min"', 'ramp = "1 degC/min"')] and changed[0][1].startswith(
        "name"
    )


def test_a_parameter_is_varied_within_its_limits() -> None:
    recipe, _ = load_recipe(library_path("pla-tfa-dcm"))
    assert recipe is not None
    made = variants(recipe, [read_factor(recipe, "spin_voltage=16:18:1")])
    assert [read_recipe(one.text, one.id)[0] is not None for one in made] == [True] * 3
    assert [one.values["spin_voltage"] for one in made] == ["16 kV", "17 kV", "18 kV"]
    with pytest.raises(InputError, match=r"19 kV is above what .* allows, 18 kV"):
        read_factor(recipe, "spin_voltage=19")


@pytest.mark.parametrize(
    ("said", "values", "paths"),
    [
        (
            "co-deposit.tio2.rate=0.5 ml/h,600 ul/h",
            ("0.5 ml/h", "600 µl/h"),
            ("steps.co-deposit.streams.tio2.rate",),
        ),
        ("co-deposit.distance=10:20:5", ("10 cm", "15 cm", "20 cm"), ("steps.co-deposit.distance",)),
        ("co-deposit.arc_retries=0,1", (0, 1), ("steps.co-deposit.arc_retries",)),
        ("carbonise.to=700:900:100", ("700 degC", "800 degC", "900 degC"), ("steps.carbonise.to",)),
        ("purge.until=100,50", ("100 ppm O2", "50 ppm O2"), ("steps.purge.until",)),
        ("co-deposit.distance=0.1:0.3:0.1", ("0.1 cm", "0.2 cm", "0.3 cm"), ("steps.co-deposit.distance",)),
    ],
)
def test_what_names_and_values_mean(
    founding: Recipe, said: str, values: tuple[object, ...], paths: tuple[str, ...]
) -> None:
    factor = read_factor(founding, said)
    assert factor.paths == paths
    assert [str(value).replace("µ", "u") for value in factor.values] == [
        str(value).replace("µ", "u") for value in values
    ]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("spin_voltage", "is no factor"),
        ("x=1", "nothing that can be varied"),
        ("heat_ramp=1", "nothing that can be varied"),
        ("co-deposit.ratee=1", "nothing that can be varied"),
        ("spin_voltage=a", "does not begin with a number"),
        ("spin_voltage=1,5 bar", "cannot stand for 20 kV"),
        ("spin_voltage=16:10:2", "leads nowhere"),
        ("spin_voltage=16:24:0", "leads nowhere"),
        ("spin_voltage=0:20:0.001", "more than 500"),
        ("co-deposit.tio2.rate=1 kV", "cannot stand for 1 ml/h"),
    ],
)
def test_what_cannot_be_varied_is_said(founding: Recipe, said: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_factor(founding, said)


def test_too_many_combinations_are_refused(founding: Recipe) -> None:
    factor = read_factor(founding, "co-deposit.distance=1:30:1")
    with pytest.raises(InputError, match="900 variants are more than 500"):
        variants(founding, [factor, factor])
