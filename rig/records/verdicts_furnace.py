"""Verdicts on the furnace's steps: ramp, soak, overshoot, lag, purge proof, cooling.

All temperatures are those of the furnace's thermocouple. No instrument touches the mat, and every heat step says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recipes.materials import is_inert
from recipes.model import CoolStep, DryStep, HeatStep, PurgeStep
from recipes.timeline import duration_text
from rig.records.stretches import Course, Stretch, Window, integral, slope, time_where
from rig.records.verdict import Verdict

RAMP_FROM, RAMP_TO = 0.2, 0.9
"""A ramp is judged between these parts of its way: before and after, the furnace follows its own lag."""

RAMP_WITHIN: Final = 0.05
SOAK_SHORT_S: Final = 2.0
"""One sample at each end of a soak."""

BEYOND_S: Final = 10.0
"""So long outside the band, all told, is a deviation; a second of it is a reading's noise at the band's edge."""

SETTLE_S: Final = 30.0
"""A flow is judged from here on: a step may begin with that of the step before."""

WEAK, WEAK_S = 0.8, 30.0
"""A flow below this part of what was asked, for so long, is a gas that was lost (as the purge proof is)."""

AIR_PPM: Final = 209_500.0
MIXING: Final = 2.0
"""Dead ends wash out more slowly than a well-mixed tube: twice the well-mixed volume counts as needed."""

PROOF_S: Final = 60.0
"""A measured proof has held for so long."""

THERMOCOUPLE: Final = "by the furnace thermocouple"


@dataclass(frozen=True, slots=True)
class HeatAsked:
    """One segment of a heat step as the recipe has it; ramp None: not said (drying). band: half width, degC."""

    ramp_degc_min: float | None
    target_degc: float
    soak_s: float
    band_degc: float
    atmosphere: str
    flow_sccm: float | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as it was made: when it ramped, and when its soak was counted (None: never reached)."""

    asked: HeatAsked
    ramp: Window
    soak: Window | None


def furnace_of(course: Course) -> str | None:
    """The furnace of the record; None when there is none, or more than one."""
    found = course.named("furnace", "temperature_degc")
    return found[0].rpartition(".")[0] if len(found) == 1 else None


def heat_asked(step: HeatStep | DryStep) -> list[HeatAsked]:
    """The segments of a heat or dry step."""
    if isinstance(step, DryStep):
        flow = None if step.flow is None else step.flow.to("sccm")
        return [HeatAsked(None, step.to.to("degC"), step.duration.to("s"), 5.0, step.atmosphere, flow)]
    return [
        HeatAsked(
            one.ramp.to("degC/min"),
            one.to.to("degC"),
            one.soak.to("s"),
            step.band.to("degC"),
            one.atmosphere,
            None if one.flow is None else one.flow.to("sccm"),
        )
        for one in step.segments
    ]


def segments_of(step: HeatStep | DryStep, stretch: Stretch, course: Course) -> list[Segment]:
    """The segments that were begun, by the journal's stages."""
    asked = heat_asked(step)
    marks = [
        (t_s, str(data.get("stage")), int(data.get("segment") or 1))
        for t_s, data in course.events(stretch, "stage")
        if data.get("stage") in ("ramping", "soaking")
    ]
    end_s = course.window(stretch)[1]
    found = []
    for number, one in enumerate(asked, 1):
        begins = [t for t, stage, segment in marks if segment == number and stage == "ramping"]
        soaks = [t for t, stage, segment in marks if segment == number and stage == "soaking"]
        later = [t for t, stage, segment in marks if segment > number]
        over_s = later[0] if later else end_s
        if begins:
            soak = (soaks[0], over_s) if soaks else None
            found.append(Segment(one, (begins[0], soaks[0] if soaks else over_s), soak))
    return found


def judge_heat(verdict: Verdict, asked: HeatStep | DryStep, course: Course) -> None:
    """Soak, ramp, lag, overshoot and gas."""
    furnace = furnace_of(course)
    if furnace is None:
        verdict.unjudged = "the record does not say which furnace it was"
        return
    wanted = heat_asked(asked)
    made = segments_of(asked, verdict.step, course)
    for number, segment in enumerate(made, 1):
        label = f"segment {number}: " if len(wanted) > 1 else ""
        _soak(verdict, segment, furnace, course, label)
        _ramp(verdict, segment, furnace, course, label)
    if len(made) < len(wanted):
        verdict.deviations.append(f"{len(made)} of {len(wanted)} segments begun")
    verdict.findings.append("the temperature of the mat was not measured")
    for segment in made:
        end_s = segment.soak[1] if segment.soak is not None else segment.ramp[1]
        _gas(verdict, course, segment.asked.atmosphere, segment.asked.flow_sccm, (segment.ramp[0], end_s))


def _soak(verdict: Verdict, segment: Segment, furnace: str, course: Course, label: str) -> None:
    asked = segment.asked
    if segment.soak is None:
        verdict.findings.append(f"{label}{asked.target_degc:g} °C was not reached {THERMOCOUPLE}")
        verdict.deviations.append(f"{label}{asked.target_degc:g} °C not reached")
        return
    times, values = course.within(f"{furnace}.temperature_degc", segment.soak)
    end_s = segment.soak[1]
    off = [value - asked.target_degc for value in values]
    served_s = time_where(times, [abs(one) <= asked.band_degc for one in off], end_s)
    verdict.figures[f"{label}soak_min"] = served_s / 60
    if asked.soak_s > 0:
        soak = f"{label}soak {served_s / 60:.1f} of {asked.soak_s / 60:g} min"
        verdict.findings.append(f"{soak} within ± {asked.band_degc:g} °C {THERMOCOUPLE}")
        if served_s < asked.soak_s - SOAK_SHORT_S:
            verdict.deviations.append(f"{soak} in band")
    _overshoot(verdict, segment, times, off, label)
    unread_s = end_s - segment.soak[0] - time_where(times, [True] * len(times), end_s)
    if unread_s > SOAK_SHORT_S:
        verdict.findings.append(f"{label}{duration_text(unread_s)} of the soak without a reading")


def _overshoot(
    verdict: Verdict, segment: Segment, times: Sequence[float], off: Sequence[float], label: str
) -> None:
    """How far beyond the target, and for how long the furnace was outside the band since it was first in it."""
    if not off or segment.soak is None:
        return
    band, end_s = segment.asked.band_degc, segment.soak[1]
    highest = max(off)
    above_s = time_where(times, [one > band for one in off], end_s)
    below_s = time_where(times, [one < -band for one in off], end_s)
    verdict.figures[f"{label}overshoot_degc"] = highest
    if above_s > 0:
        beyond = f"overshoot {highest:.1f} °C, {duration_text(above_s)} above the band"
        verdict.findings.append(f"{label}{beyond}")
        if above_s >= BEYOND_S:
            verdict.deviations.append(f"{label}{beyond}")
    elif highest > 0:
        verdict.findings.append(f"{label}overshoot {highest:.1f} °C, inside the band")
    else:
        verdict.findings.append(f"{label}no overshoot")
    if below_s > 0:
        verdict.findings.append(f"{label}{duration_text(below_s)} below the band")
        if below_s >= BEYOND_S:
            verdict.deviations.append(f"{label}{duration_text(below_s)} below the band")


def _ramp(verdict: Verdict, segment: Segment, furnace: str, course: Course, label: str) -> None:
    asked = segment.asked
    window = ramp_window(segment, furnace, course)
    if window is None:
        if asked.ramp_degc_min is not None:
            verdict.findings.append(f"{label}ramp not judged: too few readings on its way")
        return
    times, values = course.within(f"{furnace}.temperature_degc", window)
    fitted = slope(times, values)
    if fitted is None:
        verdict.findings.append(f"{label}ramp not judged: too few readings on its way")
        return
    made = abs(fitted) * 60
    verdict.figures[f"{label}ramp_degc_min"] = made
    text = f"{label}process value ramped {made:.2f} °C/min"
    if asked.ramp_degc_min is not None:
        text += f" (asked {asked.ramp_degc_min:g})"
        if abs(made - asked.ramp_degc_min) > RAMP_WITHIN * asked.ramp_degc_min:
            verdict.deviations.append(f"{label}ramp {made:.2f} instead of {asked.ramp_degc_min:g} °C/min")
    set_points = dict(zip(*course.within(f"{furnace}.setpoint_degc", window), strict=True))
    behind = [set_points[t] - value for t, value in zip(times, values, strict=True) if t in set_points]
    if behind and made > 0:
        lag_k = sum(behind) / len(behind) * (1 if fitted > 0 else -1)
        verdict.figures[f"{label}lag_k"] = lag_k
        verdict.figures[f"{label}lag_min"] = lag_k / made
        word = "lag" if lag_k >= 0 else "lead"
        text += f", mean {word} {abs(lag_k):.1f} K ({abs(lag_k) / made:.1f} min)"
    verdict.findings.append(text)


def ramp_window(segment: Segment, furnace: str, course: Course) -> Window | None:
    """From 20 % to 90 % of the way by the process value; None when it was not gone."""
    times, values = course.within(f"{furnace}.temperature_degc", segment.ramp)
    if not values:
        return None
    way = segment.asked.target_degc - values[0]
    if abs(way) <= 2 * segment.asked.band_degc:
        return None
    parts = [(value - values[0]) / way for value in values]
    begin = next((t for t, part in zip(times, parts, strict=True) if part >= RAMP_FROM), None)
    end = next((t for t, part in zip(times, parts, strict=True) if part >= RAMP_TO), None)
    return None if begin is None or end is None else (begin, end)


def _gas(verdict: Verdict, course: Course, gas: str, asked_sccm: float | None, window: Window) -> None:
    """Mean and least flow, and how long it was too weak; nothing where the rig has no controller for it."""
    channel = f"gas.{gas}.flow_sccm"
    if channel not in course.channels or asked_sccm is None:
        return
    window = (window[0] + SETTLE_S, window[1])
    times, values = course.within(channel, window)
    if not values:
        verdict.findings.append(f"{gas} not judged: its flow was not read")
        return
    mean, least = sum(values) / len(values), min(values)
    verdict.figures[f"{gas}_least_sccm"] = least
    verdict.findings.append(f"{gas} {mean:.0f} sccm (asked {asked_sccm:g}, least {least:.0f})")
    weak_s = time_where(times, [value < WEAK * asked_sccm for value in values], window[1])
    if weak_s >= WEAK_S:
        verdict.deviations.append(
            f"{gas} below {WEAK:.0%} of {asked_sccm:g} sccm for {duration_text(weak_s)}"
        )


def judge_purge(verdict: Verdict, asked: PurgeStep, course: Course) -> None:
    """Whether it was proved, whether by measurement or by calculation, and with which oxygen."""
    began = [(t_s, data) for t_s, data in course.events(verdict.step, "stage") if data.get("needed_l")]
    proof = next(course.events(verdict.step, "purge-proof"), None)
    if proof is None or not began:
        verdict.findings.append("the purge was not proved")
        verdict.deviations.append("not proved")
        return
    (began_s, stage), (proof_s, said) = began[0], proof
    flow = course.within(f"gas.{asked.gas}.flow_sccm", (began_s, proof_s))
    litres = integral(*flow, proof_s) / 60_000 if flow[0] else 0.0
    verdict.figures["litres"] = litres
    limit_ppm = None if asked.oxygen is None else asked.oxygen.to("ppm O2")
    if said.get("method") == "measured":
        _measured(verdict, course, proof_s, limit_ppm)
    else:
        _calculated(verdict, asked, float(stage["needed_l"]), litres, limit_ppm)
    needed = "" if asked.volumes is not None else f", {float(stage['needed_l']):.1f} l needed by calculation"
    lasted = duration_text(proof_s - began_s)
    verdict.findings.append(f"{litres:.1f} l of {asked.gas} until the proof after {lasted}{needed}")
    _gas(verdict, course, asked.gas, asked.flow.to("sccm"), course.window(verdict.step))


def _measured(verdict: Verdict, course: Course, proof_s: float, limit_ppm: float | None) -> None:
    channels = course.named("oxygen", "oxygen_ppm")
    read = [value for name in channels[:1] for value in course.within(name, (proof_s - PROOF_S, proof_s))[1]]
    if not read:
        verdict.findings.append("oxygen not judged: the record holds no reading before the proof")
        verdict.deviations.append("no oxygen reading before the proof")
        return
    highest = max(read)
    verdict.figures["oxygen_ppm"] = highest
    asked = "" if limit_ppm is None else f" (asked {limit_ppm:g} ppm)"
    verdict.findings.append(f"measured: at most {highest:.3g} ppm O₂ in the minute before the proof{asked}")
    if limit_ppm is not None and highest > limit_ppm:
        verdict.deviations.append(f"{highest:.3g} ppm O₂ before the proof")


def _calculated(
    verdict: Verdict, asked: PurgeStep, needed_l: float, litres: float, limit_ppm: float | None
) -> None:
    """C = 209 500 ppm * exp(-V / (2 V_tube)); the tube's volume is in what the journal says was needed."""
    if asked.volumes is not None:
        tube_l = needed_l / asked.volumes
    else:
        tube_l = needed_l / (MIXING * math.log(AIR_PPM / (limit_ppm if limit_ppm is not None else 100.0)))
    volumes = litres / tube_l
    ppm = AIR_PPM * math.exp(-volumes / MIXING)
    verdict.figures["oxygen_ppm"] = ppm
    verdict.figures["volumes"] = volumes
    wanted = f" of {asked.volumes:g}" if asked.volumes is not None else ""
    verdict.findings.append(
        f"calculated, oxygen not measured: {volumes:.1f}{wanted} tube volumes, which leave {ppm:.3g} ppm O₂ "
        "where dead ends take twice the gas of a well-mixed tube"
    )
    if asked.volumes is not None and volumes < 0.99 * asked.volumes:
        verdict.deviations.append(f"{volumes:.1f} of {asked.volumes:g} tube volumes")


def judge_cool(verdict: Verdict, asked: CoolStep, course: Course) -> None:
    """Whether it is cold by the furnace's thermocouple, with the gas flowing until then."""
    furnace = furnace_of(course)
    if furnace is None:
        verdict.unjudged = "the record does not say which furnace it was"
        return
    window = course.window(verdict.step)
    times, values = course.within(f"{furnace}.temperature_degc", window)
    below = asked.below.to("degC")
    if not values:
        verdict.unjudged = "the furnace thermocouple was not read"
        return
    verdict.figures["last_degc"] = values[-1]
    if values[-1] < below:
        warm = [t for t, value in zip(times, values, strict=True) if value >= below]
        took = duration_text((warm[-1] if warm else window[0]) - window[0])
        verdict.findings.append(f"below {below:g} °C {THERMOCOUPLE} after {took}")
    else:
        verdict.findings.append(f"{values[-1]:.0f} °C {THERMOCOUPLE} at its end, asked below {below:g} °C")
        verdict.deviations.append(f"{values[-1]:.0f} °C, not below {below:g} °C")
    power = course.within(f"{furnace}.power_pct", (window[0] + SETTLE_S, window[1]))[1]
    if power and max(power) > 0:
        verdict.deviations.append(f"heater power up to {max(power):.0f} %")
    if is_inert(asked.atmosphere):
        flow = None if asked.flow is None else asked.flow.to("sccm")
        _gas(verdict, course, asked.atmosphere, flow, window)
