"""Rules about gas and heat: flows, purge, air over carbon, gases that burn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from recipes.materials import GasKind, gas_kind, is_inert
from recipes.problems import Severity
from recipes.steps import COLD, CoolStep, DryStep, HeatStep, PurgeStep
from recipes.units import Quantity

from .case import Case
from .examples import carbon, oxide
from .findings import Finding
from .rule import Rule

PROOF_NEEDED_DEGC: Final = 300.0
AMBIENT_DEGC: Final = 23.0
AIR_CAP_DEGC: Final = 320.0
"""What is to become carbon gets no hotter in air (docs/safety.md, furnace)."""


@dataclass(frozen=True, slots=True)
class GasPhase:
    """A stretch with one gas: the temperatures it starts and ends at, and the flow asked for (None:
    unchanged).
    """

    path: str
    where: str
    gas: str
    flow: Quantity | None
    start_degc: float
    end_degc: float
    cold_degc: float
    purge: bool = False


def gas_phases(case: Case) -> Iterator[GasPhase]:
    now, cold = AMBIENT_DEGC, COLD.to("degC")
    for place in case.places():
        step, path = place.step, place.path
        if isinstance(step, PurgeStep):
            yield GasPhase(path, f"{path}.flow", step.gas, step.flow, now, now, cold, purge=True)
        elif isinstance(step, DryStep):
            yield GasPhase(path, f"{path}.flow", step.atmosphere, step.flow, now, step.to.to("degC"), cold)
            now = step.to.to("degC")
        elif isinstance(step, HeatStep):
            for index, segment in enumerate(step.segments):
                to = segment.to.to("degC")
                where = f"{path}.flow" if len(step.segments) == 1 else f"{path}.segments[{index}].flow"
                yield GasPhase(path, where, segment.atmosphere, segment.flow, now, to, cold)
                now = to
        elif isinstance(step, CoolStep):
            below, cold = step.below.to("degC"), step.cold.to("degC")
            yield GasPhase(path, f"{path}.flow", step.atmosphere, step.flow, now, min(now, below), cold)
            now = min(now, below)


def missing_flow(case: Case) -> Iterator[Finding]:
    """Other gases than room air are fed: the step, or an earlier one with the same gas, says how much."""
    known: set[str] = {"air"}
    for phase in gas_phases(case):
        if phase.flow is not None:
            known.add(phase.gas)
        elif phase.gas not in known:
            yield Finding(
                phase.where, f"no flow is given for {phase.gas}", 'write e.g. flow = "200 sccm"', phase.path
            )
            known.add(phase.gas)


def inert_flow_falls(case: Case) -> Iterator[Finding]:
    """Over a tube above its cold limit the flow of an inert gas may only rise."""
    last: tuple[str, Quantity] | None = None
    for phase in gas_phases(case):
        if phase.flow is None:
            continue
        falls = last is not None and last[0] == phase.gas and phase.flow < last[1]
        if falls and last is not None and is_inert(phase.gas) and phase.start_degc > phase.cold_degc:
            at = f"while the tube is at {phase.start_degc:g} °C"
            message = f"{phase.gas} falls from {last[1]} to {phase.flow} {at}"
            yield Finding(phase.where, message, f"keep at least {last[1]} until the tube is cold", phase.path)
        last = phase.gas, phase.flow


def carbon_in_hot_air(case: Case) -> Iterator[Finding]:
    """Air above 320 degC on what is to become carbon, or has become it."""
    precursor = case.carbon_precursor(read_only=True)
    inert = any(
        is_inert(segment.atmosphere) and segment.to.to("degC") > PROOF_NEEDED_DEGC
        for _, _, segment in case.segments()
    )
    if precursor is None or not inert:
        return
    for phase in gas_phases(case):
        degc = max(phase.start_degc, phase.end_degc)
        if degc > AIR_CAP_DEGC and gas_kind(phase.gas) is GasKind.OXIDISING:
            message = f"{degc:g} °C in {phase.gas}: {precursor.name} that is to be carbon burns there"
            yield Finding(
                phase.path, message, f"{AIR_CAP_DEGC:g} degC is the most in {phase.gas}", phase.path
            )


def gas_that_burns(case: Case) -> Iterator[Finding]:
    """A gas whose train (burn-off, leak detection) this program neither drives nor knows."""
    told: set[str] = set()
    for phase in gas_phases(case):
        known = case.known.gas(phase.gas)
        if known is None or phase.gas in told:
            continue
        words = [
            word
            for word, fact in (
                ("flammable", known.flammable),
                ("toxic", known.toxic),
                ("oxidising", known.oxidising),
            )
            if fact is not None and fact.holds
        ]
        if words and phase.gas != "air":
            told.add(phase.gas)
            message = (
                f"{phase.gas} is {' and '.join(words)}: this program opens and closes it and does no more"
            )
            hint = "burn-off, leak detection and a flame arrester are the rig's own; have them looked at"
            yield Finding(phase.path, message, hint, phase.path)


def fuel_into_air(case: Case) -> Iterator[Finding]:
    """A flammable gas into a tube that holds air, or air into one that holds it."""
    last: str | None = "air"
    for phase in gas_phases(case):
        if last is not None and last != phase.gas:
            pair = (case.known.gas(last), case.known.gas(phase.gas))
            burns = [one is not None and one.flammable is not None and one.flammable.holds for one in pair]
            feeds = [gas_kind(name) is GasKind.OXIDISING for name in (last, phase.gas)]
            if (burns[0] and feeds[1]) or (burns[1] and feeds[0]):
                message = f"{phase.gas} follows {last} in the tube: the two make a mixture that explodes"
                yield Finding(
                    phase.path, message, 'put a step do = "purge" with an inert gas between', phase.path
                )
        last = phase.gas


_HYDROGEN: Final = """[[steps]]
id = "cool"
do = "cool"
atmosphere = "air"
below = "60 degC"

[[steps]]
id = "reduce"
do = "heat"
atmosphere = "hydrogen"
flow = "50 sccm"
ramp = "3 degC/min"
to = "250 degC"
soak = "1 h"
"""
_FLUSH: Final = """[[steps]]
id = "flush"
do = "purge"
gas = "nitrogen"
flow = "500 sccm"
until = { volumes = 12 }

"""
_COOL: Final = '[[steps]]\nid = "cool"\ndo = "cool"\natmosphere = "air"\nbelow = "60 degC"\n'

RULES: Final = (
    Rule(
        "missing-flow",
        Severity.ERROR,
        "form",
        missing_flow,
        "A gas that is fed needs a flow; one that flowed before keeps its own.",
        "recipe format",
        breaks=oxide(
            ('atmosphere = "air"\nramp', 'atmosphere = "argon"\nramp'), ('"500 degC"', '"300 degC"')
        ),
        holds=oxide(
            ('atmosphere = "air"\nramp', 'atmosphere = "argon"\nflow = "200 sccm"\nramp'),
            ('"500 degC"', '"300 degC"'),
        ),
        needs_all=True,
    ),
    Rule(
        "inert-flow-falls",
        Severity.ERROR,
        "decision",
        inert_flow_falls,
        "Inert gas is never lowered over a hot tube: gas that cools draws air in.",
        "docs/safety.md, gas",
        breaks=carbon(('flow = "500 sccm"', 'flow = "199 sccm"')),
        holds=carbon(('flow = "500 sccm"', 'flow = "200 sccm"')),
        needs_all=True,
    ),
    Rule(
        "carbon-in-hot-air",
        Severity.ERROR,
        "decision",
        carbon_in_hot_air,
        "A precursor burns in air above some 320 degC, and a mat that burns in a closed tube gives off its worst.",
        "docs/safety.md, furnace: the cap in air for what is to become carbon",
        breaks=carbon(('to = "280 degC"', 'to = "321 degC"')),
        holds=carbon(('to = "280 degC"', 'to = "320 degC"')),
        needs_all=True,
    ),
    Rule(
        "hazardous-gas",
        Severity.WARNING,
        "decision",
        gas_that_burns,
        "Hydrogen, methane and ammonia need a gas train with safety functions of its own.",
        "docs/materials.md",
        breaks=oxide(
            (_COOL, _HYDROGEN.replace('[[steps]]\nid = "reduce"', _FLUSH + '[[steps]]\nid = "reduce"'))
        ),
        holds=oxide(),
        needs_all=True,
    ),
    Rule(
        "fuel-into-air",
        Severity.ERROR,
        "decision",
        fuel_into_air,
        "A flammable gas and air are never let into one tube after another.",
        "docs/materials.md, explosive limits",
        breaks=oxide((_COOL, _HYDROGEN)),
        holds=oxide(
            (_COOL, _HYDROGEN.replace('[[steps]]\nid = "reduce"', _FLUSH + '[[steps]]\nid = "reduce"'))
        ),
        needs_all=True,
    ),
)
