"""Rules about purging: what proves that a tube is free of oxygen, and what takes the proof away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recipes.materials import is_inert
from recipes.problems import Severity
from recipes.steps import CoolStep, DryStep, HeatStep, PromptStep, PurgeStep

from .case import Case
from .examples import carbon
from .findings import Finding
from .gas import PROOF_NEEDED_DEGC, gas_phases
from .rule import Rule

LOOSE_PPM: Final = 1000.0
LOOSE_VOLUMES: Final = 5.3
"""Changes of a well-mixed tube down to 1000 ppm of oxygen: ln(209500 / 1000)."""

NO_PROOF_PPM: Final = 10_000.0
NO_PROOF_VOLUMES: Final = 3.0
"""A purge that stops there has not been one: 1 % of oxygen (own limit)."""


def purge_by_oxygen(case: Case) -> Iterator[Finding]:
    """Only an inert gas can be purged down to an oxygen content."""
    for place in case.places():
        step = place.step
        if isinstance(step, PurgeStep) and step.oxygen is not None and step.gas in ("air", "oxygen"):
            message = f"purging with {step.gas} never comes below {step.oxygen}"
            yield Finding(
                f"{place.path}.until", message, "write until = { volumes = 12 }, or another gas", place.path
            )


def _after_prompts(case: Case) -> set[str]:
    """Paths of the furnace steps before which a person was asked, and may have opened the tube."""
    found: set[str] = set()
    asked = False
    for place in case.places():
        if isinstance(place.step, PromptStep):
            asked = True
        elif asked and isinstance(place.step, CoolStep | DryStep | HeatStep | PurgeStep):
            found.add(place.path)
            asked = False
    return found


def inert_without_purge(case: Case) -> Iterator[Finding]:
    """An inert step that gets hot needs a purge after the last gas of another kind, and after the last time that a
    person was sent to the tube.
    """
    purged: str | None = None
    told: set[str] = set()
    asked = _after_prompts(case)
    for phase in gas_phases(case):
        if phase.path in asked:
            purged = None
            asked.discard(phase.path)
        if phase.purge:
            purged = phase.gas
        elif phase.gas != purged:
            purged = None
        hot = max(phase.start_degc, phase.end_degc) > PROOF_NEEDED_DEGC
        if is_inert(phase.gas) and purged is None and hot and phase.path not in told:
            told.add(phase.path)
            message = f"above 300 °C in {phase.gas}, but no purge with {phase.gas} stands right before it"
            hint = 'put a step do = "purge" before it, while the tube is cold, and nobody between the two'
            yield Finding(phase.path, message, hint, phase.path)


def no_proof(case: Case) -> Iterator[Finding]:
    """A limit so loose that reaching it says nothing."""
    for place in case.places():
        step = place.step
        if not isinstance(step, PurgeStep) or not is_inert(step.gas):
            continue
        if step.oxygen is not None and step.oxygen.to("ppm O2") > NO_PROOF_PPM:
            message = f"{step.oxygen} of oxygen is no purge: {NO_PROOF_PPM:g} ppm is the most"
        elif step.volumes is not None and step.volumes < NO_PROOF_VOLUMES:
            message = f"{step.volumes:g} tube volumes are no purge: {NO_PROOF_VOLUMES:g} are the least"
        else:
            continue
        yield Finding(f"{place.path}.until", message, '"100 ppm O2", or { volumes = 12 }', place.path)


def loose_purge(case: Case) -> Iterator[Finding]:
    """So much oxygen left that carbon burns off from it."""
    if case.carbon_precursor() is None:
        return
    for place in case.places():
        step = place.step
        if not isinstance(step, PurgeStep) or not is_inert(step.gas):
            continue
        if step.oxygen is not None and step.oxygen.to("ppm O2") > LOOSE_PPM:
            message = f"purging down to {step.oxygen} leaves oxygen that takes carbon away"
        elif step.volumes is not None and step.volumes < LOOSE_VOLUMES:
            message = f"{step.volumes:g} tube volumes leave more than {LOOSE_PPM:g} ppm of oxygen in a well-mixed tube"
        else:
            continue
        yield Finding(f"{place.path}.until", message, '"100 ppm O2", or { volumes = 12 }', place.path)


_PURGE: Final = """[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "1000 sccm"
until = "100 ppm O2"

"""
_FLUSH: Final = """[[steps]]
id = "flush"
do = "purge"
gas = "nitrogen"
flow = "500 sccm"
until = { volumes = 12 }

"""
RULES: Final = (
    Rule(
        "purge-by-oxygen",
        Severity.ERROR,
        "form",
        purge_by_oxygen,
        "Air and oxygen never come below an oxygen limit.",
        "docs/safety.md, purge proof",
        breaks=carbon(
            (_PURGE, _PURGE.replace('"purge"\ndo', '"flush"\ndo').replace("argon", "air") + _PURGE)
        ),
        holds=carbon((_PURGE, _FLUSH.replace("nitrogen", "air") + _PURGE)),
    ),
    Rule(
        "inert-without-purge",
        Severity.ERROR,
        "decision",
        inert_without_purge,
        "Above 300 degC in an inert step the purge must have been proved, cold and in clean gas.",
        "docs/safety.md, purge proof",
        breaks=carbon((_PURGE, "")),
        holds=carbon((_PURGE, ""), ('to = "800 degC"', 'to = "300 degC"')),
        needs_all=True,
    ),
    Rule(
        "loose-purge",
        Severity.WARNING,
        "D",
        loose_purge,
        "A well-mixed tube takes ln(209500 / limit) changes: 5.3 to 1000 ppm, 7.6 to 100 ppm.",
        "dilution of a well-mixed volume",
        breaks=carbon(('until = "100 ppm O2"', "until = { volumes = 5 }")),
        holds=carbon(('until = "100 ppm O2"', "until = { volumes = 5.3 }")),
    ),
    Rule(
        "no-proof",
        Severity.ERROR,
        "decision",
        no_proof,
        "A purge that is to be proved leaves less than 1 % of oxygen.",
        "own limit; docs/safety.md, purge proof",
        breaks=carbon(('until = "100 ppm O2"', 'until = "10100 ppm O2"')),
        holds=carbon(('until = "100 ppm O2"', 'until = "10000 ppm O2"')),
    ),
)
