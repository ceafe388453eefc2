"""Every recipe of the library, cut short, on an emulated rig that fits it: the demonstration rig or the larger one.

At full length: `python -m benchmarks.library_runs`, docs/library.md.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from benchmarks.library_runs import RIGS, Made, fitted, run_recipe
from recipes.catalogue import library_path, recipe_ids
from recipes.model import Recipe, SpinStep
from recipes.problems import Severity
from recipes.reader import load_recipe, read_recipe
from rig.emulators.physics.furnace import DEMONSTRATION
from rig.simulation.hearth import furnace_for

DOES_NOT_FIT = {
    "pla-tfa-dcm-fast": {"voltage-above-limit"},
    "pvac-tio2-rice": {"voltage-above-limit"},
    "sic-polycarbosilane": {"no-gas", "temperature-above-limit"},
}
"""What the demonstration rig lacks."""

PULSATES = {"pvdf-534-random-21", "pvdf-nmp-acetone"}
"""At 7.5 kV the emulator's jets pulsate, see docs/library.md."""


CUTS = (
    (r'duration = "[^"]*"', 'duration = "1 min"'),
    (r'soak = "(?!0 min)[^"]*"', 'soak = "1 min"'),
    (r'ramp = "[^"]*"', 'ramp = "10 degC/min"'),
    (r'to = "\d+ degC"', 'to = "70 degC"'),
    (r'flow = "1000 sccm"', 'flow = "2000 sccm"'),
)
"""A minute on each clock and each soak, and no hotter than 70 degC, for it has to cool below 60 again."""


def shortened(id: str) -> Recipe:
    """A library recipe with everything that takes hours cut."""
    text = library_path(id).read_text(encoding="utf-8")
    for old, new in CUTS:
        text = re.sub(old, new, text)
    recipe, problems = read_recipe(text, id)
    assert recipe is not None, list(map(str, problems))
    return recipe


def test_the_large_rig_is_the_demonstration_rig_with_more_of_it() -> None:
    lines = [files("rig.bench").joinpath(rig).read_text(encoding="utf-8").splitlines() for rig in RIGS]
    own, large = ([one for one in text if one and not one.startswith("#")] for text in lines)
    assert [one for one in own if one not in large] == [
        'name = "Demonstration bench"',
        'limits = { voltage = "25 kV", current = "50 uA", ramp = "1 kV/s", ramp_down = "5 kV/s" }',
        'limits = { temperature = "1100 degC", ramp = "10 degC/min" }',
    ]
    assert [one for one in large if one not in own] == [
        'name = "Large demonstration bench"',
        'limits = { voltage = "40 kV", current = "50 uA", ramp = "1 kV/s", ramp_down = "5 kV/s" }',
        'limits = { temperature = "1300 degC", ramp = "10 degC/min" }',
        "[gas.nitrogen]",
        'port = "sim://gas.nitrogen"',
    ]


@pytest.mark.parametrize("id", recipe_ids())
def test_what_the_demonstration_rig_does_not_fit_says_why(id: str) -> None:
    recipe, _ = load_recipe(library_path(id))
    assert recipe is not None
    rig, _, found, against = fitted(recipe)
    assert {one.code for one in against} == DOES_NOT_FIT.get(id, set())
    assert rig == RIGS[id in DOES_NOT_FIT]
    assert not any(one.severity is Severity.ERROR for one in found.problems)


@pytest.mark.parametrize("id", recipe_ids())
def test_it_runs_to_its_end(id: str, tmp_path: Path) -> None:
    recipe = shortened(id)
    made: Made = run_recipe(recipe, (), tmp_path)
    info = made.run.info
    assert (info["outcome"], info["early"], info["reason"], info["record_failed"]) == (
        "completed",
        False,
        None,
        None,
    )
    assert [step["id"] for step in info["steps"] if step["do"] != "prime"] == [
        step.id for step in recipe.steps
    ]
    assert info["alarms"] == 0
    assert "jet" not in made.verdict
    assert len(made.spun_nm) == (0 if id in PULSATES else 1), "one look at the only spun jet"
    for step, (_, planned_s, took_s) in zip(recipe.steps, made.steps, strict=True):
        # So short a heat is mostly settling; at full length it is held by test_founding_furnace.py.
        if isinstance(step, SpinStep):
            assert took_s == pytest.approx(planned_s, rel=0.03, abs=30.0), step.id


def test_a_furnace_for_more_than_1100_degc_is_emulated_with_a_larger_heater() -> None:
    assert furnace_for(900.0) is furnace_for(1100.0) is DEMONSTRATION
    hot = furnace_for(1300.0)
    assert hot.limiter_degc == 1350.0
    assert DEMONSTRATION.steady(1300.0)[1] > 100.0, "3 kW do not hold it"
    assert hot.steady(1300.0)[1] < 80.0
