"""Rules about gas and heat that follow from the order of the steps alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .findings import Finding, step_places
from .gases import is_inert
from .model import Recipe
from .steps import COLD, CoolStep, DryStep, HeatStep, PurgeStep
from .units import Quantity

PROOF_NEEDED_DEGC = 300.0
AMBIENT_DEGC = 23.0


@dataclass(frozen=True, slots=True)
class _GasPhase:
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


def _phases(recipe: Recipe) -> Iterator[_GasPhase]:
    now, cold = AMBIENT_DEGC, COLD.to("degC")
    for place in step_places(recipe):
        step, path = place.step, place.path
        if isinstance(step, PurgeStep):
            yield _GasPhase(path, f"{path}.flow", step.gas, step.flow, now, now, cold, purge=True)
        elif isinstance(step, DryStep):
            yield _GasPhase(path, f"{path}.flow", step.atmosphere, step.flow, now, step.to.to("degC"), cold)
            now = step.to.to("degC")
        elif isinstance(step, HeatStep):
            for index, segment in enumerate(step.segments):
                to = segment.to.to("degC")
                where = f"{path}.flow" if len(step.segments) == 1 else f"{path}.segments[{index}].flow"
                yield _GasPhase(path, where, segment.atmosphere, segment.flow, now, to, cold)
                now = to
        elif isinstance(step, CoolStep):
            below, cold = step.below.to("degC"), step.cold.to("degC")
            yield _GasPhase(path, f"{path}.flow", step.atmosphere, step.flow, now, min(now, below), cold)
            now = min(now, below)


def purge_by_oxygen(recipe: Recipe) -> Iterator[Finding]:
    """Only an inert gas can be purged down to an oxygen content."""
    for place in step_places(recipe):
        step = place.step
        if isinstance(step, PurgeStep) and step.oxygen is not None and step.gas in ("air", "oxygen"):
            message = f"purging with {step.gas} never comes below {step.oxygen}"
            yield Finding(
                f"{place.path}.until", message, "write until = { volumes = 12 }, or another gas", place.path
            )


def missing_flow(recipe: Recipe) -> Iterator[Finding]:
    """Other gases than room air are fed: the step, or an earlier one with the same gas, says how much."""
    known: set[str] = {"air"}
    for phase in _phases(recipe):
        if phase.flow is not None:
            known.add(phase.gas)
        elif phase.gas not in known:
            yield Finding(
                phase.where, f"no flow is given for {phase.gas}", 'write e.g. flow = "200 sccm"', phase.path
            )
            known.add(phase.gas)


def inert_without_purge(recipe: Recipe) -> Iterator[Finding]:
    """An inert step that gets hot needs a purge after the last gas of another kind."""
    purged: str | None = None
    told: set[str] = set()
    for phase in _phases(recipe):
        if phase.purge:
            purged = phase.gas
        elif phase.gas != purged:
            purged = None
        hot = max(phase.start_degc, phase.end_degc) > PROOF_NEEDED_DEGC
        if is_inert(phase.gas) and purged is None and hot and phase.path not in told:
            told.add(phase.path)
            message = f"heats above 300 °C in {phase.gas}, but no purge with {phase.gas} stands before it"
            yield Finding(
                phase.path, message, 'put a step do = "purge" before it, while the tube is cold', phase.path
            )


def inert_flow_falls(recipe: Recipe) -> Iterator[Finding]:
    """Over a tube above its cold limit the flow of an inert gas may only rise."""
    last: tuple[str, Quantity] | None = None
    for phase in _phases(recipe):
        if phase.flow is None:
            continue
        falls = last is not None and last[0] == phase.gas and phase.flow < last[1]
        if falls and last is not None and is_inert(phase.gas) and phase.start_degc > phase.cold_degc:
            at = f"while the tube is at {phase.start_degc:g} °C"
            message = f"{phase.gas} falls from {last[1]} to {phase.flow} {at}"
            yield Finding(phase.where, message, f"keep at least {last[1]} until the tube is cold", phase.path)
        last = phase.gas, phase.flow
