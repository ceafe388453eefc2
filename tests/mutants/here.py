"""A plugin of pytest's: the packages under test are those of the copy, and not those that are installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import recipes
import rig
from tests.mutants.tree import PLACE


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test anything else."""
    place = Path(os.environ[PLACE])
    for package in (recipes, rig):
        where = Path(str(package.__file__)).resolve()
        if not where.is_relative_to(place.resolve()):
            raise pytest.UsageError(f"{package.__name__} comes from {where}, not from {place}")
