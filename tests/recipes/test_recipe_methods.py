"""The experimental section: as a paper carries it, with a star on everything that is assumed."""

from __future__ import annotations

import pytest

from recipes.catalogue import library_path, recipe_ids
from recipes.methods import MARK, methods
from recipes.reader import load_recipe

FOUNDING = (
    "A 12 wt% solution of PAN (150 kg/mol) and PMMA (200 kg/mol), 7:3 by mass, in DMF was prepared (stirred 24 h at "
    "ambient temperature). A 1 wt%* dispersion of TiO2 (30 nm) in methanol was prepared; conductivity 100 µS/m*. "
    "The PAN/PMMA solution was electrospun at 1 ml/h while the TiO2 dispersion was electrosprayed at 1 ml/h, through "
    "21 G needles*, at 20 kV, over 20 cm, onto a plate*, for 4 h*, at 30 to 55 % RH*.\n\n"
    "The mat was stabilised in air at 280 °C for 2.5 h (5 °C/min). It cooled in air to 60 °C*. The tube was purged "
    "with argon (1000 sccm*) to 100 ppm O₂*. The mat was carbonised in argon (200 sccm*) at 800 °C for 2 h "
    "(2 °C/min). It cooled in argon to 60 °C*.\n\n"
    "* Assumed: not given by the source (DOI 10.1039/d0ra01791d)."
)


def said(id: str) -> str:
    recipe, _ = load_recipe(library_path(id))
    assert recipe is not None
    return methods(recipe)


def test_the_founding_process_as_its_paper_has_it() -> None:
    assert said("tio2-pcnf") == FOUNDING


def test_parts_by_volume_and_calcination() -> None:
    text = said("pvac-tio2-rice")
    assert "in DMF and acetic acid (10:2 by volume)" in text
    assert "calcined in air at 500 °C for 1 h (5 °C/min)" in text
    assert "through a 27 G needle*" in text


def test_segments_that_are_assumed_have_stars() -> None:
    assert (
        "heated in air to 180 °C* at 5 °C/min*. The mat was stabilised in air at 280 °C* for 2.5 h* (1 °C/min*)"
        in (said("tio2-pcnf-gentle"))
    )


@pytest.mark.parametrize("id", recipe_ids())
def test_every_assumption_of_a_spin_step_is_marked(id: str) -> None:
    recipe, _ = load_recipe(library_path(id))
    assert recipe is not None
    text = methods(recipe)
    made, _, _ = text.partition("\n\n")
    spun = next(sentence for sentence in made.split(". ") if " was electrospun at " in sentence)
    step = next(step for step in recipe.steps if step.do == "spin")
    assert spun.count(MARK) == len(step.assumed)
    assert text.endswith(".")
