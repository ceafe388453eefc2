"""Shrinking: of a case that violates something, the least that still violates the same invariant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from rig.proving.case import BadCase, Case, Person
from rig.proving.draw import read_parts

MOST_TRIALS = 60

Fails = Callable[[Case], bool]
"""Whether a case still violates what is looked for."""


def shrink(case: Case, fails: Fails, trials: int = MOST_TRIALS) -> Case:
    """The smallest case found that still fails: fewer faults, deeds and steps, a plain person, nothing found on."""
    left = trials
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in _smaller(case):
            if left <= 0:
                break
            if not _readable(candidate):
                continue
            left -= 1
            if fails(candidate):
                case, smaller = candidate, True
                break
    return case


def _readable(case: Case) -> bool:
    try:
        read_parts(case)
    except BadCase:
        return False
    return True


def _smaller(case: Case) -> Iterator[Case]:
    """Cases with one thing less, the largest pieces first."""
    mishaps, deeds = case.mishaps, case.deeds
    if len(mishaps) > 1:
        half = len(mishaps) // 2
        yield replace(case, mishaps=mishaps[:half])
        yield replace(case, mishaps=mishaps[half:])
    for index in range(len(mishaps)):
        yield replace(case, mishaps=mishaps[:index] + mishaps[index + 1 :])
    if len(deeds) > 1:
        yield replace(case, deeds=())
    for index in range(len(deeds)):
        yield replace(case, deeds=deeds[:index] + deeds[index + 1 :])
    if case.person != Person():
        yield replace(case, person=Person())
    for recipe in _shorter(case.recipe):
        yield replace(case, recipe=recipe)
    if case.start:
        yield from (replace(case, start=start) for start in _less_found(case.start))


def _shorter(recipe: str) -> Iterator[str]:
    """The recipe without one of its steps, last first."""
    head, *steps = recipe.split("[[steps]]\n")
    if len(steps) < 2:
        return
    for index in reversed(range(len(steps))):
        kept = steps[:index] + steps[index + 1 :]
        yield head + "".join(f"[[steps]]\n{step}" for step in kept)


def _less_found(start: str) -> Iterator[str]:
    """The start state without one of its tables."""
    tables = ["[" + table for table in start.split("[") if table.strip()]
    for index in range(len(tables)):
        yield "".join(tables[:index] + tables[index + 1 :])
