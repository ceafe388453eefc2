"""The plan as a picture: a bar for each step, and below it the set voltage and the temperature that is planned.

Plain SVG text without script, style sheet or font file, so that it can go into a notebook as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from recipes.model import CoolStep, DryStep, HeatStep, Recipe, SpinStep
from recipes.steps import AnyStep
from recipes.timeline import AMBIENT_DEGC, Entry, Timeline, duration_text
from rig.records.svgplot import COLOURS, nice_ticks

WIDTH, LEFT, RIGHT, TOP, ROW, PANEL, GAP = 900, 150, 20, 40, 22, 130, 34
MIN_SPAN_S = 60.0
"""A recipe of prompts alone takes no time; its picture still needs an axis."""
COOLING_POINTS = 40
HOLDING = ("jet check", "clock", "draw off")

Curve = list[tuple[float, float]]

_FILLS = {"spin": COLOURS[0], "prime": COLOURS[5], "heat": COLOURS[1], "dry": COLOURS[1], "cool": COLOURS[4],
          "purge": COLOURS[2], "wait": "#999999", "prompt": "#000000"}  # fmt: skip


def draw_plan(recipe: Recipe, timeline: Timeline) -> str:
    """The picture of a plan; `timeline` is that of `recipe`."""
    span_s = max(timeline.total_s, MIN_SPAN_S)
    voltages = voltage_curves(recipe, timeline)
    temperature = temperature_curve(recipe, timeline)
    panels = [("set voltage, kV", voltages)] if voltages else []
    if temperature:
        panels.append(("planned temperature, °C", [temperature]))
    bars_end = TOP + ROW * len(timeline.entries)
    height = bars_end + len(panels) * (PANEL + GAP) + 36
    where = "" if timeline.rig is None else f", planned for {timeline.rig}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11" fill="#222222">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(10, 20, f"{recipe.name}{where}, {duration_text(timeline.total_s)}", "font-size='14'"),
    ]
    bottom = bars_end + len(panels) * (PANEL + GAP)
    out += _time_axis(span_s, bottom)
    for row, entry in enumerate(timeline.entries):
        out += _bar(entry, TOP + ROW * row, span_s)
    for number, (title, curves) in enumerate(panels):
        out += _panel(title, curves, bars_end + number * (PANEL + GAP) + GAP, span_s)
    out.append("</svg>\n")
    return "\n".join(out)


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
        if not targets and not isinstance(step, CoolStep):
            continue
        curve = curve or [(0.0, now_degc)]
        at_s = entry.start_s
        curve.append((at_s, now_degc))
        if isinstance(step, CoolStep):
            curve += _cooling(at_s, entry.duration_s, now_degc, step.below.to("degC"))
            now_degc = curve[-1][1]
            continue
        ramps = 0
        for phase in entry.phases:
            at_s += phase.duration_s
            if phase.name == "ramp":
                now_degc = targets[ramps]
                ramps += 1
            curve.append((at_s, now_degc))
    return [*curve, (timeline.total_s, now_degc)] if curve else []


def _targets(step: AnyStep) -> list[float]:
    if isinstance(step, HeatStep):
        return [segment.to.to("degC") for segment in step.segments]
    return [step.to.to("degC")] if isinstance(step, DryStep) else []


def _cooling(start_s: float, duration_s: float, from_degc: float, below_degc: float) -> Curve:
    """Towards the room's temperature, as the plan has it."""
    end_degc = min(from_degc, max(below_degc, AMBIENT_DEGC + 1))
    if duration_s <= 0 or from_degc <= AMBIENT_DEGC + 1:
        return [(start_s + duration_s, end_degc)]
    decay = math.log((end_degc - AMBIENT_DEGC) / (from_degc - AMBIENT_DEGC))
    return [
        (
            start_s + duration_s * part / COOLING_POINTS,
            AMBIENT_DEGC + (from_degc - AMBIENT_DEGC) * math.exp(decay * part / COOLING_POINTS),
        )
        for part in range(1, COOLING_POINTS + 1)
    ]


def _x(t_s: float, span_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * t_s / span_s


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(_clean(words))}</text>'


def _clean(words: str) -> str:
    """Characters that XML cannot hold are shown as what they are: not printable."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)


def _bar(entry: Entry, y: float, span_s: float) -> list[str]:
    left = _x(entry.start_s, span_s)
    fill = _FILLS.get(entry.do, "#999999")
    out = [_text(10, y + 14, entry.step_id)]
    if entry.do == "prompt":
        points = f"{left:.1f},{y + 4} {left + 6:.1f},{y + 10} {left:.1f},{y + 16} {left - 6:.1f},{y + 10}"
        out.append(
            f'<polygon points="{points}" fill="{fill}"><title>{escape(_clean(entry.detail))}</title></polygon>'
        )
        return out
    width = max(_x(entry.start_s + entry.duration_s, span_s) - left, 1.0)
    out.append(
        f'<rect x="{left:.1f}" y="{y + 3}" width="{width:.1f}" height="14" fill="{fill}">'
        f"<title>{escape(_clean(entry.detail))}</title></rect>"
    )
    words = ("about " if entry.estimate else "") + duration_text(entry.duration_s)
    beside = left + width + 5
    if beside + 6 * len(words) > WIDTH - RIGHT:
        out.append(_text(left - 5, y + 14, words, 'text-anchor="end"'))
    else:
        out.append(_text(beside, y + 14, words))
    return out


def _time_axis(span_s: float, bottom: float) -> list[str]:
    unit, length_s = ("h", 3600.0) if span_s > 2 * 3600 else ("min", 60.0)
    out = []
    for tick in nice_ticks(0.0, span_s / length_s, 10):
        if tick * length_s > span_s * 1.0001:
            break
        x = _x(tick * length_s, span_s)
        out.append(f'<path d="M{x:.1f} {TOP - 6}V{bottom:.1f}" stroke="#dddddd"/>')
        out.append(_text(x, bottom + 16, f"{tick:g}", 'text-anchor="middle"'))
    out.append(_text(WIDTH - RIGHT, bottom + 32, f"time since start, {unit}", 'text-anchor="end"'))
    return out


def _panel(title: str, curves: Sequence[Curve], top: float, span_s: float) -> list[str]:
    values = [value for curve in curves for _, value in curve]
    ticks = nice_ticks(min(0.0, *values), max(1.0, *values), 5)
    low, high = ticks[0], ticks[-1]

    def y(value: float) -> float:
        return top + PANEL * (high - value) / (high - low)

    out = [_text(10, top - 6, title)]
    for tick in ticks:
        out.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        out.append(_text(LEFT - 6, y(tick) + 4, f"{tick:g}", 'text-anchor="end"'))
    for number, curve in enumerate(curves):
        points = " ".join(f"{_x(t_s, span_s):.1f},{y(value):.1f}" for t_s, value in curve)
        colour = COLOURS[number % len(COLOURS)]
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return out
