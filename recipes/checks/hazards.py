"""Rules about what is in the syringe: names nobody knows, vapour that burns, vapour that harms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from recipes.materials import Solvent
from recipes.paths import element_paths
from recipes.problems import Severity
from recipes.solutions import Solution
from recipes.vapour import vapour_over_lel

from .case import Case
from .examples import spin, two
from .findings import Finding
from .rule import Rule

TOXIC_PPM: Final = 10.0
ALLOWED_OF_LEL: Final = 0.1
MUCH_AIR_M3_H: Final = 5.0
"""Of exhaust needed for a tenth of the explosive limit: more than a bench-top chamber moves as a matter of course."""


def _named(case: Case, key: str) -> Iterator[tuple[str, str]]:
    for name, solution in case.recipe.solutions.items():
        names = [one.name for one in getattr(solution, key)]
        yield from zip(element_paths(f"solutions.{name}.{key}", names), names, strict=True)


def unknown_solvent(case: Case) -> Iterator[Finding]:
    """Counts as flammable with a low limit, and has no onset, no flash point, no exposure limit here."""
    for where, name in _named(case, "solvents"):
        if name and case.known.solvent(name) is None:
            guess = case.known.nearest(name)
            hint = (
                f'did you mean "{guess}"?' if guess else "add it with its sources to the lab's materials.toml"
            )
            message = f'the solvent "{name}" is not known: it counts as flammable, with an explosive limit of 1 vol%'
            yield Finding(f"{where}.name", message, hint)


def unknown_solute(case: Case) -> Iterator[Finding]:
    """What it does when it is heated is not known."""
    for where, name in _named(case, "solutes"):
        if name and case.known.polymer(name) is None:
            guess = case.known.nearest(name)
            hint = (
                f'did you mean "{guess}"?' if guess else "add it with its sources to the lab's materials.toml"
            )
            message = f'"{name}" is not known: what it gives off when it is heated is not checked'
            yield Finding(f"{where}.name", message, hint)


def _shares(case: Case, solution: Solution) -> Iterator[tuple[Solvent, float]]:
    """Known solvents with the share of the liquid that each has, by mass (without parts: all of it)."""
    total = sum(one.parts or 0.0 for one in solution.solvents)
    for one in solution.solvents:
        known = case.known.solvent(one.name)
        if known is not None:
            yield known, one.parts / total if one.parts and total else 1.0


def toxic_vapour(case: Case) -> Iterator[Finding]:
    """The exhaust that keeps the room at the limit, where the limit is low."""
    needed: dict[tuple[str, str], float] = {}
    limits: dict[str, float] = {}
    for path, step in case.spins():
        for stream in step.streams:
            solution = case.recipe.solutions.get(stream.solution)
            for solvent, share in [] if solution is None else _shares(case, solution):
                limit, litres = solvent.exposure_ppm, solvent.vapour_litres_per_ml
                read = not math.isnan(stream.rate.value)
                if read and limit is not None and limit <= TOXIC_PPM and litres is not None:
                    m3_h = stream.rate.to("ml/h") * share * litres / 1e3 / (limit / 1e6)
                    needed[path, solvent.name] = needed.get((path, solvent.name), 0.0) + m3_h
                    limits[solvent.name] = limit
    for (path, name), m3_h in needed.items():
        message = (
            f"{name} has a limit of {limits[name]:g} ppm: diluting it to that takes about {m3_h:.0f} m3/h"
        )
        yield Finding(
            path, message, "exhaust the chamber to the outside, and confirm the limit locally", path
        )


def harms(case: Case) -> Iterator[Finding]:
    """May damage fertility or the unborn child, or cause cancer."""
    told: set[str] = set()
    for where, name in _named(case, "solvents"):
        known = case.known.solvent(name)
        if known is None or known.name in told:
            continue
        for word in ("H350", "H360"):
            hazard = known.hazard(word)
            if hazard is not None:
                told.add(known.name)
                yield Finding(
                    where,
                    f"{known.name}: {hazard.text} ({hazard.word})",
                    "gloves and exhaust; tell who works there",
                )
                break


def much_vapour(case: Case) -> Iterator[Finding]:
    """Many needles or much flow of what burns."""
    for path, step in case.spins():
        litres_h = 0.0
        for stream in step.streams:
            solution = case.recipe.solutions.get(stream.solution)
            if solution is not None:
                litres_h += stream.rate.to("ml/h") * vapour_over_lel(solution, case.known)
        m3_h = litres_h / ALLOWED_OF_LEL / 1e3
        if m3_h > MUCH_AIR_M3_H:
            message = (
                f"its solvents take {m3_h:.1f} m3/h of exhaust to stay at a tenth of their explosive limit"
            )
            yield Finding(
                path,
                message,
                "make sure of the exhaust; the rig file's figure decides at the rig",
                path,
            )


def arcs_retried(case: Case) -> Iterator[Finding]:
    """The only automatic re-energising there is, over a vapour that an arc can light."""
    for path, step in case.spins():
        for stream in step.streams:
            solution = case.recipe.solutions.get(stream.solution)
            known = [] if solution is None else case.solvents(solution)
            light = [one.name for one in known if one.flash_degc is not None and one.flash_degc < 25.0]
            if step.arc_retries and light:
                message = (
                    f"voltage comes back by itself after an arc, over {light[0]}, which an arc can light"
                )
                yield Finding(f"{path}.arc_retries", message, "leave arc_retries at 0 and look first", path)
                break


RULES: Final = (
    Rule(
        "unknown-solvent",
        Severity.WARNING,
        "decision",
        unknown_solvent,
        "An unknown solvent counts as flammable; a misspelt one loses its limits.",
        "docs/safety.md, vapour",
        breaks=spin(('"DMF"', '"DMFA"')),
        holds=spin(('"DMF"', '"dimethylformamide"')),
    ),
    Rule(
        "unknown-solute",
        Severity.NOTE,
        "form",
        unknown_solute,
        "Rules about heat ask what a solute gives off.",
        "docs/materials.md",
        breaks=spin(('"PAN", molar', '"PNA", molar')),
        holds=spin(('"PAN", molar', '"polyacrylonitrile", molar')),
    ),
    Rule(
        "toxic-vapour",
        Severity.NOTE,
        "C",
        toxic_vapour,
        "In the founding process methanol is the fire hazard and DMF the exposure hazard.",
        "NIOSH, OSHA, SCOEL and EPA limits as in docs/materials.md; the lowest counts",
        breaks=spin(),
        holds=spin(('"DMF"', '"ethanol"'), ('"PAN", molar', '"PVP", molar')),
    ),
    Rule(
        "harms",
        Severity.NOTE,
        "C",
        harms,
        "Some solvents harm the unborn or cause cancer below what anybody smells.",
        "GHS classes as in docs/materials.md",
        breaks=spin(('"DMF"', '"NMP"')),
        holds=spin(('"DMF"', '"ethanol"')),
    ),
    Rule(
        "much-vapour",
        Severity.WARNING,
        "D",
        much_vapour,
        "A tenth of the lower explosive limit is the most under voltage.",
        "docs/safety.md, vapour",
        breaks=two(('mode = "electrospray"\nrate = "1 ml/h"', 'mode = "electrospray"\nrate = "60 ml/h"')),
        holds=two(('mode = "electrospray"\nrate = "1 ml/h"', 'mode = "electrospray"\nrate = "40 ml/h"')),
    ),
    Rule(
        "arcs-retried",
        Severity.WARNING,
        "decision",
        arcs_retried,
        "An arc carries 60 to 400 mJ at 20 kV, and vapours light at less than one.",
        "docs/safety.md, arc",
        breaks=two(('duration = "2 h"', 'duration = "2 h"\narc_retries = 1')),
        holds=two(('duration = "2 h"', 'duration = "2 h"\narc_retries = 0')),
    ),
)
