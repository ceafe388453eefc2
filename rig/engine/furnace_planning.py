"""The furnace's steps as phases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from recipes.materials import is_inert
from recipes.model import AnyStep, CoolStep, DryStep, HeatStep, PurgeStep, Segment
from recipes.units import Quantity
from rig.bench.model import Bench
from rig.engine.furnace_unit import exhaust_channel, gases_of
from rig.engine.phases.gas_and_cold import CoolPhase, PurgePhase
from rig.engine.phases.heat import HeatPhase, HeatSegment
from rig.engine.phases.phase import Phase
from rig.safety.furnace_facts import AIR_CAP_DEGC, Atmosphere

DRY_RAMP_DEGC_MIN: Final = 2.0
"""Drying has no ramp in a recipe: slowly, and never beyond the rig's limit."""

PROGRAMS_A_STEP: Final = 100
"""Program numbers of step n begin at n times this."""

FurnaceStep = HeatStep | DryStep | PurgeStep | CoolStep


def atmosphere_of(name: str, flow: Quantity | None, furnace: str, bench: Bench) -> Atmosphere:
    """A step's gas: its flow controller, or still air where the rig has none for it."""
    controllers = gases_of(bench, furnace)
    own = f"gas.{name}"
    gas = own if own in controllers else None
    return Atmosphere(
        name=name,
        inert=is_inert(name),
        gas=gas,
        flow_sccm=flow.to("sccm") if flow is not None and gas is not None else None,
        others=tuple(other for other in controllers if other != gas),
    )


def furnace_phase(
    step: FurnaceStep, number: int, furnace: str, bench: Bench, later: Sequence[AnyStep] = ()
) -> Phase:
    """The phase of one furnace step; `number` is the step's place in the recipe, `later` are the steps after it."""
    phase = _phase(step, number, furnace, bench, later)
    phase.ends_gas = _ends_gas(step, later)
    return phase


def becomes_carbon(segment: Segment, then: Iterable[Segment]) -> bool:
    """Whether an air segment stabilises a precursor of carbon: hotter inert heat comes after it. One that is itself
    above 320 °C is a calcination, whatever follows (`fit` warns)."""
    return (
        not is_inert(segment.atmosphere)
        and segment.to.to("degC") <= AIR_CAP_DEGC
        and any(is_inert(other.atmosphere) and other.to > segment.to for other in then)
    )


def _heat_segments(steps: Iterable[AnyStep]) -> list[Segment]:
    return [segment for step in steps if isinstance(step, HeatStep) for segment in step.segments]


def _gases(step: AnyStep) -> list[str]:
    match step:
        case HeatStep():
            return [segment.atmosphere for segment in step.segments]
        case DryStep() | CoolStep():
            return [step.atmosphere]
        case PurgeStep():
            return [step.gas]
    return []


def _ends_gas(step: FurnaceStep, later: Sequence[AnyStep]) -> bool:
    """Whether the next furnace step, if there is one, begins with another gas."""
    following = next((gases for gases in map(_gases, later) if gases), None)
    return following is None or following[0] != _gases(step)[-1]


def _phase(
    step: FurnaceStep, number: int, furnace: str, bench: Bench, later: Sequence[AnyStep]
) -> HeatPhase | PurgePhase | CoolPhase:
    exhaust = exhaust_channel(bench)
    permissives = (exhaust,) if exhaust is not None else ()
    programs = (number + 1) * PROGRAMS_A_STEP
    match step:
        case HeatStep():
            then = _heat_segments(later)
            segments = [
                HeatSegment(
                    segment.ramp.to("degC/min"),
                    segment.to.to("degC"),
                    segment.soak.to("s"),
                    atmosphere_of(segment.atmosphere, segment.flow, furnace, bench),
                    AIR_CAP_DEGC if becomes_carbon(segment, (*step.segments[index + 1 :], *then)) else None,
                )
                for index, segment in enumerate(step.segments)
            ]
            return HeatPhase(step.id, furnace, segments, step.band.to("degC"), programs, permissives)
        case DryStep():
            ramp = min(DRY_RAMP_DEGC_MIN, bench.furnaces[furnace].limit_ramp_degc_min)
            dry = HeatSegment(
                ramp,
                step.to.to("degC"),
                step.duration.to("s"),
                atmosphere_of(step.atmosphere, step.flow, furnace, bench),
            )
            return HeatPhase(step.id, furnace, [dry], 5.0, programs, permissives, do="dry")
        case PurgeStep():
            return PurgePhase(
                step.id,
                furnace,
                atmosphere_of(step.gas, step.flow, furnace, bench),
                step.oxygen.to("ppm O2") if step.oxygen is not None else None,
                step.volumes,
            )
        case CoolStep():
            return CoolPhase(
                step.id,
                furnace,
                atmosphere_of(step.atmosphere, step.flow, furnace, bench),
                step.below.to("degC"),
                step.cold.to("degC"),
            )
