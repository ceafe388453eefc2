"""What to make: recipes of electrospinning, electrospraying and heat treatment, as data.

A recipe is a TOML text written by a scientist. `reader` turns it into the frozen objects of `model` or into a
complete list of `Problem`s, each with line, column and hint; `checks` holds what is true on every rig;
`timeline` says what will happen when; `store` keeps recipes with their history. This package knows no instrument,
imports neither rig nor gui, and asks nobody for the time; reading a recipe takes the standard library only.
"""

from .model import Recipe
from .problems import InputError, Problem, Problems, Severity
from .reader import load_recipe, read_recipe

__all__ = ["InputError", "Problem", "Problems", "Recipe", "Severity", "load_recipe", "read_recipe"]
