"""Rules about names: ids that are used twice, and names that mean nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from recipes.paths import element_paths, stream_places
from recipes.problems import Severity
from recipes.steps import PrimeStep, SpinStep
from recipes.toml_text import nearest
from recipes.units import Quantity

from .case import Case
from .examples import spin, two
from .findings import Finding
from .rule import Rule


def duplicate_ids(case: Case) -> Iterator[Finding]:
    """Step ids name keys, answers and channels; a stream's id names its column in run sheet and record."""
    seen: set[str] = set()
    for place in case.places():
        if place.step.id and place.step.id in seen:
            message = f'the step id "{place.step.id}" is used twice'
            yield Finding(f"{place.path}.id", message, "give each step its own id", place.path)
        seen.add(place.step.id)
    for path, step in case.spins():
        taken: set[str] = set()
        for where, stream in stream_places(path, step.streams):
            if stream.id and stream.id in taken:
                hint = "give each its own id; without one it is called after its solution"
                yield Finding(where, f'two streams of this step have the id "{stream.id}"', hint, path)
            taken.add(stream.id)


def undefined_solutions(case: Case) -> Iterator[Finding]:
    """Streams refer to solutions of this recipe."""
    known = ", ".join(case.recipe.solutions) or "none"
    for place in case.places():
        if not isinstance(place.step, SpinStep | PrimeStep):
            continue
        ids = [stream.id for stream in place.step.streams]
        solutions = [stream.solution for stream in place.step.streams]
        for where, solution in zip(element_paths(f"{place.path}.streams", ids), solutions, strict=True):
            if solution and solution not in case.recipe.solutions:
                guess = nearest(solution, case.recipe.solutions)
                hint = f'did you mean "{guess}"?' if guess else f"defined solutions: {known}"
                yield Finding(f"{where}.solution", f'there is no solution "{solution}"', hint, place.path)


def unused_solutions(case: Case) -> Iterator[Finding]:
    """A solution nobody spins is usually a misspelt one."""
    used = {stream.solution for place in case.places() for stream in getattr(place.step, "streams", ())}
    if not used.issubset(case.recipe.solutions):
        return  # a stream's name is misspelt: that is reported, and the solution it means is not unused
    for name in case.recipe.solutions:
        if name not in used:
            yield Finding(f"solutions.{name}", f'no step uses the solution "{name}"')


def _differ(one: Quantity, other: Quantity) -> bool:
    """Whether two values that could both be read differ."""
    return one != other and not math.isnan(one.value) and not math.isnan(other.value)


def coaxial_shells(case: Case) -> Iterator[Finding]:
    """`shell_of` names another stream, in the same coaxial needle: one metal, one potential, one distance."""
    for path, step in case.spins():
        streams = {stream.id: stream for stream in step.streams}
        for where, stream in stream_places(path, step.streams):
            if stream.shell_of is None:
                continue
            key = f"{where}.shell_of"
            core = streams.get(stream.shell_of)
            if core is None or core is stream:
                guess = nearest(stream.shell_of, set(streams) - {stream.id})
                hint = f'did you mean "{guess}"?' if guess else "name another stream of this step"
                yield Finding(key, f'there is no other stream "{stream.shell_of}" in this step', hint, path)
            elif stream.needle.kind != "coaxial" or core.needle.kind != "coaxial":
                yield Finding(
                    key, "shell and core leave one coaxial needle", 'needle = { kind = "coaxial" }', path
                )
            elif _differ(stream.voltage, core.voltage) or _differ(stream.distance, core.distance):
                yield Finding(
                    key, "shell and core of one needle differ in voltage or distance", "say it once", path
                )


def prime_streams(case: Case) -> Iterator[Finding]:
    """A prime step fills needles that the next spin step uses."""
    places = case.places()
    for number, place in enumerate(places):
        if not isinstance(place.step, PrimeStep):
            continue
        following = next((later.step for later in places[number:] if isinstance(later.step, SpinStep)), None)
        if following is None:
            yield Finding(
                place.path,
                "no spin step follows this prime step",
                "remove it, or put it before a spin step",
                place.path,
            )
            continue
        solutions = {stream.id: stream.solution for stream in following.streams}
        paths = element_paths(f"{place.path}.streams", [stream.id for stream in place.step.streams])
        for where, stream in zip(paths, place.step.streams, strict=True):
            if solutions.get(stream.id) != stream.solution:
                message = f'"{following.id}" has no stream "{stream.id}" of "{stream.solution}"'
                yield Finding(where, message, f"its streams: {', '.join(solutions)}", place.path)


_PRIME = """[[steps]]
id = "prime"
do = "prime"
[[steps.streams]]
solution = "pan"

[[steps]]
id = "spin"
"""
_SPARE = """[[steps]]
id = "spin"
"""

RULES: Final = (
    Rule(
        "duplicate-id",
        Severity.ERROR,
        "form",
        duplicate_ids,
        "Ids name answers, run sheet and record: two of the same could not be told apart.",
        "recipe format",
        breaks=two(('solution = "particles"\n', 'solution = "particles"\nid = "pan"\n')),
        holds=two(('solution = "particles"\n', 'solution = "particles"\nid = "spray"\n')),
    ),
    Rule(
        "undefined-solution",
        Severity.ERROR,
        "form",
        undefined_solutions,
        "What is spun must be described.",
        "recipe format",
        breaks=spin(('solution = "pan"', 'solution = "pann"')),
        holds=spin(),
    ),
    Rule(
        "unused-solution",
        Severity.WARNING,
        "form",
        unused_solutions,
        "Usually a name that changed in one place only.",
        "recipe format",
        breaks=spin(("[[steps]]", '[solutions.rest]\nsolvents = [{ name = "DMF" }]\n\n[[steps]]')),
        holds=spin(),
        needs_all=True,
    ),
    Rule(
        "unknown-stream",
        Severity.ERROR,
        "form",
        coaxial_shells,
        "A shell surrounds another stream of its step in one coaxial needle: one metal, one potential.",
        "recipe format",
        breaks=two(
            ('needle = { gauge = "21 G" }', 'needle = { gauge = "21 G", kind = "coaxial" }'),
            ('mode = "electrospray"', 'mode = "electrospin"\nshell_of = "core"'),
        ),
        holds=two(
            ('needle = { gauge = "21 G" }', 'needle = { gauge = "21 G", kind = "coaxial" }'),
            ('mode = "electrospray"', 'mode = "electrospin"\nshell_of = "pan"'),
        ),
    ),
    Rule(
        "prime-streams",
        Severity.ERROR,
        "form",
        prime_streams,
        "Priming fills the needles of the spin step that follows, with high voltage locked out.",
        "docs/safety.md, order of a spin step",
        breaks=two((_SPARE, _PRIME.replace('"pan"', '"particles"\nid = "pan"'))),
        holds=two((_SPARE, _PRIME)),
    ),
)
