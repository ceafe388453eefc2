"""Recipes and benches that the tests of `rig.bench` share."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from recipes.model import Recipe
from recipes.reader import read_recipe
from rig.bench.model import Bench
from rig.bench.rigfile import DEMO_RIG, read_rig

LIBRARY = Path(__file__).parents[2] / "recipes" / "library"


@pytest.fixture(scope="session")
def demo_text() -> str:
    """The text of the built-in demonstration rig."""
    return files("rig.bench").joinpath(DEMO_RIG).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def spin_text() -> str:
    """The text of the founding recipe's spin part."""
    return (LIBRARY / "tio2-pcnf-spin.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def bench_of() -> Callable[..., Bench]:
    """A bench of a rig file's text, with replacements; every replaced text has to be there."""

    def make(text: str, *changes: tuple[str, str]) -> Bench:
        bench, problems = read_rig(_changed(text, changes), "test rig")
        assert bench is not None, [str(problem) for problem in problems]
        return bench

    return make


@pytest.fixture(scope="session")
def recipe_of() -> Callable[..., Recipe]:
    """A recipe of a text, with replacements; every replaced text has to be there."""

    def make(text: str, *changes: tuple[str, str]) -> Recipe:
        recipe, problems = read_recipe(_changed(text, changes), "test-recipe")
        assert recipe is not None, [str(problem) for problem in problems]
        return recipe

    return make


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text
