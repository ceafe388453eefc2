"""All mutants, in the order of the page."""

from __future__ import annotations

from tests.mutants.mutant import Mutant
from tests.mutants.of_drivers import DRIVERS
from tests.mutants.of_engine import ENGINE
from tests.mutants.of_furnace import FURNACE
from tests.mutants.of_safety import SAFETY

MUTANTS: tuple[Mutant, ...] = (*SAFETY, *ENGINE, *FURNACE, *DRIVERS)
