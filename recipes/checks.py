"""What is true of a recipe on every rig and follows from the file alone.

A `Rule` has a code, a severity, the reason it exists and its source; the table `RULES` is the only list of
them. Add a rule by writing a generator of `Finding`s and a line in the table. An author who knows better
silences a warning or note with `accept = [{ code, reason }]`, in the step or at the top; it is then shown as
an accepted note. Errors cannot be silenced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .checks_furnace import inert_flow_falls, inert_without_purge, missing_flow, purge_by_oxygen
from .checks_spin import (
    coaxial_shells,
    collector_does_not_turn,
    duplicate_streams,
    hold_on_assumed,
    needle_not_said,
    no_voltage,
    opposite_polarity,
    prime_streams,
    undefined_solutions,
)
from .findings import Finding, StepPlace, step_places
from .model import Recipe
from .problems import Problem, Problems, Severity
from .steps import Accepted
from .tables import attach_places, nearest


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the linter. `needs_all`: only meaningful when the whole recipe could be read."""

    code: str
    severity: Severity
    find: Callable[[Recipe], Iterator[Finding]]
    reason: str
    source: str
    needs_all: bool = False


def check(recipe: Recipe) -> list[Problem]:
    """All findings about a recipe that was read without errors, placed and in the order of its text."""
    problems = Problems()
    add_findings(recipe, problems, complete=True)
    attach_places(problems, recipe.text)
    return problems.by_place()


def add_findings(recipe: Recipe, problems: Problems, *, complete: bool) -> None:
    """Apply the rules; `complete` False (reading reported errors) leaves out those that need every value."""
    places = {place.path: place for place in step_places(recipe)}
    for rule in RULES:
        if rule.needs_all and not complete:
            continue
        for finding in rule.find(recipe):
            problems.add(_judged(rule, finding, recipe, places))
    _unknown_accepts(recipe, problems)


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


def _unknown_accepts(recipe: Recipe, problems: Problems) -> None:
    codes = [rule.code for rule in RULES if rule.severity is not Severity.ERROR]
    lists: list[tuple[str, tuple[Accepted, ...]]] = [("accept", recipe.accept)]
    lists += [(f"{place.path}.accept", place.step.accept) for place in step_places(recipe)]
    for where, accepted in lists:
        for index, item in enumerate(accepted):
            if item.code and item.code not in codes:
                guess = nearest(item.code, codes)
                hint = f'did you mean "{guess}"?' if guess else "only warnings and notes can be accepted"
                message = f'"{item.code}" is not a rule that can be accepted'
                problems.warning("unknown-rule", f"{where}[{index}].code", message, hint)


def duplicate_steps(recipe: Recipe) -> Iterator[Finding]:
    """Step ids name keys, answers and channels."""
    seen: set[str] = set()
    for place in step_places(recipe):
        if place.step.id and place.step.id in seen:
            yield Finding(
                f"{place.path}.id",
                f'the step id "{place.step.id}" is used twice',
                "give each step its own id",
                place.path,
            )
        seen.add(place.step.id)


def unused_solutions(recipe: Recipe) -> Iterator[Finding]:
    """A solution nobody spins is usually a misspelt one."""
    used = {stream.solution for place in step_places(recipe) for stream in getattr(place.step, "streams", ())}
    if not used.issubset(recipe.solutions):
        return  # a stream's name is misspelt: that is reported, and the solution it means is not unused
    for name in recipe.solutions:
        if name not in used:
            yield Finding(f"solutions.{name}", f'no step uses the solution "{name}"')


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
RULES: tuple[Rule, ...] = (
    Rule("duplicate-id", _E, duplicate_steps, "Ids name keys, answers and records.", "contract: recipe"),
    Rule(
        "duplicate-id", _E, duplicate_streams, "A stream's id is unique in its step.", "contract: run sheet"
    ),
    Rule(
        "undefined-solution", _E, undefined_solutions, "What is spun must be described.", "contract: recipe"
    ),
    Rule(
        "unused-solution",
        _W,
        unused_solutions,
        "Usually a misspelt name.",
        "contract: recipe",
        needs_all=True,
    ),
    Rule("no-voltage", _E, no_voltage, "Without a field nothing is drawn.", "definition of electrospinning"),
    Rule(
        "opposite-polarity",
        _W,
        opposite_polarity,
        "The difference is the working voltage between the needles: limits and distances refer to it.",
        "safety 4, voltage",
    ),
    Rule(
        "unknown-stream", _E, coaxial_shells, "A shell surrounds another stream's needle.", "contract: recipe"
    ),
    Rule(
        "hold-on-assumed", _E, hold_on_assumed, "An assumed limit must not stop a run.", "safety 4, humidity"
    ),
    Rule(
        "collector-turns",
        _W,
        collector_does_not_turn,
        "A speed needs a collector that turns.",
        "contract: recipe",
    ),
    Rule(
        "needle-not-said",
        _N,
        needle_not_said,
        "Dead volume and tip field follow from the gauge.",
        "contract: spin",
    ),
    Rule(
        "prime-streams",
        _E,
        prime_streams,
        "Priming fills the needles of the spin step that follows.",
        "safety 6",
    ),
    Rule(
        "purge-by-oxygen",
        _E,
        purge_by_oxygen,
        "Air and oxygen never come below an O2 limit.",
        "safety 4, purge proof",
    ),
    Rule("missing-flow", _E, missing_flow, "A gas that is fed needs a flow.", "safety 3", needs_all=True),
    Rule(
        "inert-without-purge",
        _E,
        inert_without_purge,
        "Above 300 degC in an inert step the purge must have been proved.",
        "safety 11, invariant 5",
        needs_all=True,
    ),
    Rule(
        "inert-flow-falls",
        _E,
        inert_flow_falls,
        "Inert gas is never lowered over a hot tube: cooling gas draws air in.",
        "safety 11, invariant 6",
        needs_all=True,
    ),
)
