"""The plan as a picture: a bar for each step, and below it the set voltage, the planned temperature and the gas flows.

Plain SVG text without script, style sheet or font file, so that it can go into a notebook as it is.
"""

from __future__ import annotations

from html import escape
from typing import Final

from recipes.curves import Curve, flow_curves, temperature_curve, voltage_curves
from recipes.model import Recipe
from recipes.timeline import Entry, Timeline, duration_text
from rig.records.svgplot import COLOURS, nice_ticks

WIDTH, LEFT, RIGHT, TOP, ROW, PANEL, GAP = 900, 150, 20, 44, 22, 110, 22
MIN_SPAN_S = 60.0
"""A recipe of prompts alone takes no time; its picture still needs an axis."""
LETTER = 6.2
"""Width of a letter of the small type, px: what is said beside a bar has to fit."""
NAME_LETTERS = 22
TITLE_LETTERS = 115
MOST_TICKS = 12
MINUTES: Final = (1, 2, 5, 10, 15, 30)
HOURS: Final = (0.5, 1, 2, 4, 6, 12, 24, 48)

_FILLS = {"spin": COLOURS[0], "prime": COLOURS[5], "heat": COLOURS[1], "dry": COLOURS[1], "cool": COLOURS[4],
          "purge": COLOURS[2], "wait": "#999999", "prompt": "#000000"}  # fmt: skip

Named = list[tuple[str, Curve]]
"""Curves of one panel, each with what is written on it ("" for nothing)."""


def draw_plan(recipe: Recipe, timeline: Timeline) -> str:
    """The picture of a plan; `timeline` is that of `recipe`."""
    span_s = max(timeline.total_s, MIN_SPAN_S)
    panels = _panels(recipe, timeline)
    bars_end = TOP + ROW * len(timeline.entries)
    bottom = bars_end + len(panels) * (PANEL + GAP)
    height = bottom + 40
    where = "" if timeline.rig is None else f", planned for {timeline.rig}"
    title = _short(f"{recipe.name}{where}, {duration_text(timeline.total_s)}", TITLE_LETTERS)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11" fill="#222222">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(10, 20, title, "font-size='14'"),
    ]
    out += _time_axis(span_s, bottom)
    for row, entry in enumerate(timeline.entries):
        out += _bar(entry, TOP + ROW * row, span_s)
    for number, (names, curves) in enumerate(panels):
        out += _panel(names, curves, bars_end + number * (PANEL + GAP) + GAP, span_s)
    out.append("</svg>\n")
    return "\n".join(out)


def _panels(recipe: Recipe, timeline: Timeline) -> list[tuple[tuple[str, str], Named]]:
    """What is drawn below the bars: title and unit, and the curves."""
    panels: list[tuple[tuple[str, str], Named]] = []
    voltages = voltage_curves(recipe, timeline)
    if voltages:
        panels.append((("set voltage", "kV"), [("", curve) for curve in voltages]))
    temperature = temperature_curve(recipe, timeline)
    if temperature:
        panels.append((("temperature", "°C, planned"), [("", temperature)]))
    gases = flow_curves(recipe, timeline)
    if gases:
        panels.append((("gas", "sccm"), list(gases.items())))
    return panels


def _x(t_s: float, span_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * t_s / span_s


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(_clean(words))}</text>'


def _clean(words: str) -> str:
    """Characters that XML cannot hold are shown as what they are: not printable."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)


def _short(words: str, letters: int) -> str:
    return words if len(words) <= letters else words[: letters - 1] + "…"


def _bar(entry: Entry, y: float, span_s: float) -> list[str]:
    """A step: its name, a bar (of a person's work, which takes nobody knows how long, a diamond) and what it is."""
    left = _x(entry.start_s, span_s)
    fill = _FILLS.get(entry.do, "#999999")
    title = f"<title>{escape(_clean(f'{entry.step_id}: {entry.detail}'))}</title>"
    out = [_text(10, y + 14, _short(entry.step_id, NAME_LETTERS))]
    if entry.do == "prompt":
        right = left + 6
        points = f"{left:.1f},{y + 4} {right:.1f},{y + 10} {left:.1f},{y + 16} {left - 6:.1f},{y + 10}"
        out.append(f'<polygon points="{points}" fill="{fill}">{title}</polygon>')
        words = "a person"
    else:
        right = left + max(_x(entry.start_s + entry.duration_s, span_s) - left, 1.0)
        out.append(
            f'<rect x="{left:.1f}" y="{y + 3}" width="{right - left:.1f}" height="14" fill="{fill}">{title}</rect>'
        )
        about = "about " if entry.estimate else ""
        words = f"{entry.do}, {about}{duration_text(entry.duration_s)}"
    if right + 5 + LETTER * len(words) <= WIDTH - RIGHT:
        out.append(_text(right + 5, y + 14, words))
    elif left - 11 - LETTER * len(words) >= LEFT:
        out.append(_text(left - 11, y + 14, words, 'text-anchor="end"'))
    else:
        # On the bar, on a ground of its own: dark and light bars are read alike.
        out.append(
            f'<rect x="{left + 3:.1f}" y="{y + 4}" width="{LETTER * len(words) + 4:.1f}" height="12" fill="#ffffff"/>'
        )
        out.append(_text(left + 6, y + 14, words))
    return out


def _time_axis(span_s: float, bottom: float) -> list[str]:
    unit, length_s, steps = ("h", 3600.0, HOURS) if span_s > 2 * 3600 else ("min", 60.0, MINUTES)
    span = span_s / length_s
    step = next((one for one in steps if span / one < MOST_TICKS), steps[-1] * max(1, round(span / 480)))
    out = []
    for number in range(int(span / step + 1e-6) + 1):
        x = _x(number * step * length_s, span_s)
        out.append(f'<path d="M{x:.1f} {TOP - 8}V{bottom:.1f}" stroke="#dddddd"/>')
        out.append(_text(x, bottom + 16, f"{number * step:g}", 'text-anchor="middle"'))
    out.append(_text(WIDTH - RIGHT, bottom + 32, f"time since the start, {unit}", 'text-anchor="end"'))
    return out


def _panel(names: tuple[str, str], curves: Named, top: float, span_s: float) -> list[str]:
    values = [value for _, curve in curves for _, value in curve]
    ticks = nice_ticks(min(0.0, *values), max(1.0, *values), 5)
    low, high = ticks[0], ticks[-1]

    def y(value: float) -> float:
        return top + PANEL * (high - value) / (high - low)

    out = [_text(10, top + 10 + 14 * line, words) for line, words in enumerate(names)]
    for tick in ticks:
        out.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        out.append(_text(LEFT - 6, y(tick) + 4, f"{tick:g}", 'text-anchor="end"'))
    out.append(f'<path d="M{LEFT} {y(low):.1f}H{WIDTH - RIGHT}" stroke="#888888"/>')
    for number, (name, curve) in enumerate(curves):
        points = " ".join(f"{_x(t_s, span_s):.1f},{y(value):.1f}" for t_s, value in curve)
        colour = COLOURS[number % len(COLOURS)]
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        if name:
            # Written before the curve's first rise, on the level it rises to; at the panel's left end within it.
            first_s, level = next((t_s, value) for t_s, value in curve if value > 0)
            x = max(_x(first_s, span_s) - 5, LEFT + 3 + LETTER * len(name))
            out.append(_text(x, y(level) + 12, name, f'text-anchor="end" fill="{colour}"'))
    return out
