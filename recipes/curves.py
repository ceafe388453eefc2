"""Set points over time, as a plan has them: potentials of the electrodes, temperature of the furnace, flows of gas."""

from __future__ import annotations

import math
from typing import Final

from .model import Recipe
from .steps import AnyStep, CoolStep, DryStep, HeatStep, PurgeStep, SpinStep
from .timeline import AMBIENT_DEGC, Entry, Timeline
from .units import Quantity

COOLING_POINTS: Final = 40
HOLDING: Final = ("jet check", "clock", "draw off")

Curve = list[tuple[float, float]]
"""Corners (seconds since the start, value); straight lines between them."""


def voltage_curves(recipe: Recipe, timeline: Timeline) -> list[Curve]:
    """The potential of each electrode that is not earthed, kV over s; electrodes at one potential are one curve."""
    curves: list[Curve] = []
    for entry, step in zip(timeline.entries, recipe.steps, strict=True):
        if not isinstance(step, SpinStep):
            continue
        quantities = [stream.voltage for stream in step.streams]
        if step.collector is not None and step.collector.voltage is not None:
            quantities.append(step.collector.voltage)
        for number, potential_kv in enumerate(sorted({one.to("kV") for one in quantities}, reverse=True)):
            if number == len(curves):
                curves.append([(0.0, 0.0)])
            at_s = entry.start_s
            for phase in entry.phases:
                raised = phase.name in HOLDING
                end_kv = potential_kv if raised or phase.name == "ramp up" else 0.0
                if raised or phase.name == "ramp down":
                    curves[number].append((at_s, potential_kv))
                at_s += phase.duration_s
                curves[number].append((at_s, end_kv))
    return [[*curve, (timeline.total_s, 0.0)] for curve in curves]


def temperature_curve(recipe: Recipe, timeline: Timeline) -> Curve:
    """The furnace's planned temperature, °C over s; empty where the recipe has no furnace step."""
    curve: Curve = []
    now_degc = AMBIENT_DEGC
    for entry, step in zip(timeline.entries, recipe.steps, strict=True):
        targets = _targets(step)
        if targets and not curve:
            curve.append((0.0, now_degc))
        if targets:
            curve.append((entry.start_s, now_degc))
            curve += _heating(entry, step, now_degc, targets)
        elif curve:
            curve += _cooling(entry.start_s, entry.duration_s, now_degc, entry.furnace_degc)
        now_degc = entry.furnace_degc
    return [*curve, (timeline.total_s, now_degc)] if curve else []


def _heating(entry: Entry, step: AnyStep, from_degc: float, targets: list[float]) -> Curve:
    """Corners at the ends of a step's phases. A ramp without a soak ends where it comes into the band."""
    curve: Curve = []
    at_s, ramps = entry.start_s, 0
    for phase in entry.phases:
        at_s += phase.duration_s
        if phase.name == "ramp":
            to_degc = targets[ramps]
            if isinstance(step, HeatStep):
                rise_degc = step.segments[ramps].ramp.to("degC/s") * phase.duration_s
                rise_degc = min(rise_degc, abs(to_degc - from_degc))
                from_degc += math.copysign(rise_degc, to_degc - from_degc)
            else:
                from_degc = to_degc
            ramps += 1
        curve.append((at_s, from_degc))
    return curve


def flows(recipe: Recipe, timeline: Timeline) -> list[tuple[str, float, float, float]]:
    """Each stretch of a fed gas: its name, from and to (s), sccm. A step without flow keeps what flowed before of the
    same gas; room air has none.
    """
    found: list[tuple[str, float, float, float]] = []
    flowing: tuple[str, float] | None = None
    for entry, step in zip(timeline.entries, recipe.steps, strict=True):
        stretches: list[tuple[str, Quantity | None, float]]
        if isinstance(step, PurgeStep):
            stretches = [(step.gas, step.flow, entry.duration_s)]
        elif isinstance(step, HeatStep):
            seconds = _by_segment(entry, len(step.segments))
            stretches = [
                (one.atmosphere, one.flow, lasts_s)
                for one, lasts_s in zip(step.segments, seconds, strict=True)
            ]
        elif isinstance(step, CoolStep | DryStep):
            stretches = [(step.atmosphere, step.flow, entry.duration_s)]
        else:
            stretches = [(flowing[0], None, entry.duration_s)] if flowing is not None else []
        at_s = entry.start_s
        for gas, flow, lasts_s in stretches:
            if flow is not None:
                flowing = gas, flow.to("sccm")
            elif flowing is not None and flowing[0] != gas:
                flowing = None
            if flowing is not None and flowing[1] > 0:
                found.append((gas, at_s, at_s + lasts_s, flowing[1]))
            at_s += lasts_s
    return found


def flow_curves(recipe: Recipe, timeline: Timeline) -> dict[str, Curve]:
    """The set flow of each fed gas, sccm over s, with steps."""
    curves: dict[str, Curve] = {}
    for gas, from_s, to_s, sccm in flows(recipe, timeline):
        curve = curves.setdefault(gas, [(0.0, 0.0)])
        if from_s > curve[-1][0] or curve[-1][1] <= 0:
            curve += [(curve[-1][0], 0.0), (from_s, 0.0)]
        curve += [(from_s, sccm), (to_s, sccm)]
    return {gas: [*curve, (curve[-1][0], 0.0), (timeline.total_s, 0.0)] for gas, curve in curves.items()}


def _by_segment(entry: Entry, segments: int) -> list[float]:
    """Seconds of each segment: ramp, settle, soak."""
    seconds = [phase.duration_s for phase in entry.phases]
    each = len(seconds) // segments
    return [math.fsum(seconds[each * index : each * (index + 1)]) for index in range(segments)]


def _targets(step: AnyStep) -> list[float]:
    if isinstance(step, HeatStep):
        return [segment.to.to("degC") for segment in step.segments]
    return [step.to.to("degC")] if isinstance(step, DryStep) else []


def _cooling(start_s: float, duration_s: float, from_degc: float, end_degc: float) -> Curve:
    """Towards the room's temperature, as the plan has it."""
    if duration_s <= 0 or not AMBIENT_DEGC < end_degc < from_degc:
        return [(start_s + duration_s, end_degc)]
    decay = math.log((end_degc - AMBIENT_DEGC) / (from_degc - AMBIENT_DEGC))
    return [
        (
            start_s + duration_s * part / COOLING_POINTS,
            AMBIENT_DEGC + (from_degc - AMBIENT_DEGC) * math.exp(decay * part / COOLING_POINTS),
        )
        for part in range(1, COOLING_POINTS + 1)
    ]
