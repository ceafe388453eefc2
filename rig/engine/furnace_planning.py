"""The furnace's steps as phases."""

from __future__ import annotations

from typing import Final

from recipes.gases import is_inert
from recipes.model import CoolStep, DryStep, HeatStep, PurgeStep
from recipes.units import Quantity
from rig.bench.model import Bench
from rig.engine.furnace_unit import exhaust_channel, gases_of
from rig.engine.phases.gas_and_cold import CoolPhase, PurgePhase
from rig.engine.phases.heat import HeatPhase, HeatSegment
from rig.engine.phases.phase import Phase
from rig.safety.furnace_facts import Atmosphere

DRY_RAMP_DEGC_MIN: Final = 2.0
"""Drying has no ramp in a recipe: slowly, and never beyond the rig's limit."""

PROGRAMS_A_STEP: Final = 100
"""Program numbers of step n begin at n times this."""


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
    step: HeatStep | DryStep | PurgeStep | CoolStep, number: int, furnace: str, bench: Bench
) -> Phase:
    """The phase of one furnace step; `number` is the step's place in the recipe."""
    exhaust = exhaust_channel(bench)
    permissives = (exhaust,) if exhaust is not None else ()
    programs = (number + 1) * PROGRAMS_A_STEP
    match step:
        case HeatStep():
            segments = [
                HeatSegment(
                    segment.ramp.to("degC/min"),
                    segment.to.to("degC"),
                    segment.soak.to("s"),
                    atmosphere_of(segment.atmosphere, segment.flow, furnace, bench),
                )
                for segment in step.segments
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
            )
