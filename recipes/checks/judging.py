"""Applies the rules to a recipe and judges what they find: how bad it is, and whether its author has accepted it."""

from __future__ import annotations

from recipes.materials import Materials, builtin_materials
from recipes.model import Recipe
from recipes.paths import StepPlace
from recipes.problems import Problem, Problems, Severity
from recipes.steps import Accepted
from recipes.toml_text import attach_places, nearest

from .case import Case
from .findings import Finding
from .rule import Rule
from .table import RULES


def check(recipe: Recipe, materials: Materials | None = None) -> list[Problem]:
    """All findings about a recipe that was read without errors, placed and in the order of its text.

    materials: the built-in tables with a lab's own over them; None: the built-in ones.
    """
    problems = Problems()
    add_findings(recipe, problems, complete=True, materials=materials)
    attach_places(problems, recipe.text)
    return problems.by_place()


def add_findings(
    recipe: Recipe, problems: Problems, *, complete: bool, materials: Materials | None = None
) -> None:
    """Apply the rules; `complete` False (reading reported errors) leaves out those that need every value."""
    case = Case(recipe, materials or builtin_materials())
    places = {place.path: place for place in case.places()}
    for rule in RULES:
        if rule.needs_all and not complete:
            continue
        for finding in rule.find(case):
            problems.add(_judged(rule, finding, recipe, places))
    _unknown_accepts(case, problems)


def _judged(rule: Rule, finding: Finding, recipe: Recipe, places: dict[str, StepPlace]) -> Problem:
    accepted = [*recipe.accept]
    place = places.get(finding.step)
    if place is not None:
        accepted += place.step.accept
    for item in accepted:
        if item.code == rule.code and rule.severity is not Severity.ERROR:
            message = f"{finding.message}; accepted: {item.reason}"
            return Problem(Severity.NOTE, rule.code, finding.where, message, None)
    return Problem(rule.severity, rule.code, finding.where, finding.message, finding.hint)


def _unknown_accepts(case: Case, problems: Problems) -> None:
    codes = [rule.code for rule in RULES if rule.severity is not Severity.ERROR]
    lists: list[tuple[str, tuple[Accepted, ...]]] = [("accept", case.recipe.accept)]
    lists += [(f"{place.path}.accept", place.step.accept) for place in case.places()]
    for where, accepted in lists:
        for index, item in enumerate(accepted):
            if item.code and item.code not in codes:
                guess = nearest(item.code, codes)
                hint = f'did you mean "{guess}"?' if guess else "only warnings and notes can be accepted"
                message = f'"{item.code}" is not a rule that can be accepted'
                problems.warning("unknown-rule", f"{where}[{index}].code", message, hint)
