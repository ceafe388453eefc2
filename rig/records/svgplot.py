"""A small line plot as SVG text: what the report needs, without a plotting library, a script or a font
file."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

# Colours that stay apart for colour-blind readers and in print (Okabe and Ito, 2008, "Color Universal
# Design").
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

POINTS = 1000
"""A curve is drawn with about this many points; a pixel column cannot show more."""

_DASH = "6 4"
_WIDTH, _HEIGHT = 900, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 42, 34
_STRIP = 18
"""Height at the top of the plot kept free of curves for the names of the bands."""


Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: times in seconds and values. `dashed` marks what was asked for beside what was read."""

    label: str
    times: Sequence[float]
    values: Sequence[float]
    dashed: bool = False
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time behind the curves, with a short name and a long one."""

    start_s: float
    end_s: float
    short: str
    long: str


def decimate(
    times: Sequence[float], values: Sequence[float], points: int = POINTS
) -> tuple[list[float], list[float]]:
    """At most about `points` points that keep each bucket's lowest and highest, so that no spike is lost."""
    n = len(times)
    if n <= points:
        return list(times), list(values)
    out_t, out_v = [times[0]], [values[0]]
    buckets = max(1, points // 2 - 1)
    for bucket in range(buckets):
        start, end = 1 + bucket * (n - 2) // buckets, 1 + (bucket + 1) * (n - 2) // buckets
        if start == end:
            continue
        low = min(range(start, end), key=values.__getitem__)
        high = max(range(start, end), key=values.__getitem__)
        for at in sorted({low, high}):
            out_t.append(times[at])
            out_v.append(values[at])
    out_t.append(times[-1])
    out_v.append(values[-1])
    return out_t, out_v


def pieces(times: Sequence[float], values: Sequence[float]) -> list[tuple[Sequence[float], Sequence[float]]]:
    """Cut a curve where readings are missing: at gaps over three times the usual distance (where a reading is stale
    by default) and over 5 s."""
    if len(times) < 3:
        return [(times, values)] if times else []
    steps = [after - before for before, after in pairwise(times)]
    limit = max(5.0, 3 * statistics.median(steps))
    cuts = [0, *(i + 1 for i, step in enumerate(steps) if step > limit), len(times)]
    return [(times[a:b], values[a:b]) for a, b in pairwise(cuts)]


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers (steps of 1, 2 or 5) from at or below `low` to at or above `high`."""
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


def _time_axis(end_s: float) -> tuple[str, float, list[float]]:
    """Unit, its length in seconds, and ticks in that unit."""
    for unit, length, steps in (
        ("s", 1.0, (1, 2, 5, 10, 20, 30)),
        ("min", 60.0, (0.5, 1, 2, 5, 10, 20, 30)),
        ("h", 3600.0, (0.25, 0.5, 1, 2, 4, 6, 12, 24, 48)),
    ):
        step = next((s for s in steps if end_s / length / s <= 8), None)
        if step is not None and (end_s < 180 * length or unit == "h"):
            return unit, length, [k * step for k in range(int(end_s / length / step) + 1)]
    step = max(1.0, math.ceil(end_s / 3600 / 8 / 24) * 24.0)
    return "h", 3600.0, [k * step for k in range(int(end_s / 3600 / step) + 1)]


def _y_range(series: Sequence[Series]) -> list[float]:
    low = min(min(s.values) for s in series)
    high = max(max(s.values) for s in series)
    if low >= 0 and low < 0.6 * high:
        low = 0.0
    elif high <= 0 and high > 0.6 * low:
        high = 0.0
    if high - low <= 1e-9 * max(1.0, abs(high)):
        pad = 0.05 * abs(high)
        low, high = (low - pad, high + pad) if pad else (0.0, 1.0)
    return nice_ticks(low, high)


def _number(value: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{value:.{min(digits, 9)}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def line_plot(title: str, unit: str, series: Sequence[Series], bands: Sequence[Band], end_s: float) -> str:
    """One panel over the time from 0 to `end_s` seconds, as an <svg> element that scales with the page.

    Curves without a point are left out of the picture and named as such; with none at all the text is empty.
    """
    drawn = [s for s in series if len(s.times)]
    if not drawn:
        return ""
    end_s = max(end_s, 1.0, *(s.times[-1] for s in drawn))
    ticks = _y_range(drawn)
    low, high = ticks[0], ticks[-1]
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(t: float) -> float:
        return _LEFT + width * t / end_s

    def y(v: float) -> float:
        return _TOP + _STRIP + (height - _STRIP) * (high - v) / (high - low)

    name = escape(f"{title}, {unit}")
    out = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name} over time">',
        f'<text x="{_LEFT}" y="15" class="title">{name}</text>',
    ]
    out += _draw_bands(bands, x, height, end_s)
    out += _draw_axes(ticks, x, y, end_s)
    out += _draw_legend(series)
    for i, curve in enumerate(drawn):
        colour = curve.colour or COLOURS[i % len(COLOURS)]
        # Equal curves lie on each other: the lower ones are wider, so that an edge of them shows.
        wide = 1.2 + 1.1 * sum(not other.dashed for other in drawn[i + 1 :]) if not curve.dashed else 1.2
        dash = f' stroke-dasharray="{_DASH}"' if curve.dashed else ""
        for times, values in pieces(curve.times, curve.values):
            few = decimate(times, values, max(4, POINTS * len(times) // len(curve.times)))
            points = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in zip(*few, strict=True))
            if len(times) == 1:
                points = f"{points} {x(times[0]) + 1:.1f},{y(values[0]):.1f}"
            out.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide:.1f}"{dash}/>'
            )
    out.append("</svg>")
    return "\n".join(out)


def _draw_bands(bands: Sequence[Band], x: Scale, height: float, end_s: float) -> list[str]:
    out = []
    for i, band in enumerate(bands):
        left, right = x(max(0.0, band.start_s)), x(min(end_s, band.end_s))
        shade = ("#f0f0f0", "#e4e4e4")[i % 2]
        out.append(
            f'<rect x="{left:.1f}" y="{_TOP}" width="{max(right - left, 0.5):.1f}" height="{height}" fill="{shade}">'
            f"<title>{escape(band.long)}</title></rect>"
        )
        room = (right - left) / 6.2  # letters of 11 px
        label = band.long if len(band.long) <= room else band.short if len(band.short) <= room else ""
        if label:
            out.append(
                f'<text x="{(left + right) / 2:.1f}" y="{_TOP + 12}" class="band">{escape(label)}</text>'
            )
    return out


def _draw_axes(ticks: list[float], x: Scale, y: Scale, end_s: float) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    out = []
    for tick in ticks:
        at = y(tick)
        out.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" class="grid"/>')
        label = _number(tick, ticks[1] - ticks[0])
        out.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" class="y">{label}</text>')
    unit, length, times = _time_axis(end_s)
    step = times[1] - times[0] if len(times) > 1 else 1.0
    for tick in times:
        at = x(tick * length)
        out.append(f'<line x1="{at:.1f}" y1="{bottom}" x2="{at:.1f}" y2="{bottom + 4}" class="axis"/>')
        out.append(f'<text x="{at:.1f}" y="{bottom + 16}" class="x">{_number(tick, step)}</text>')
    out.append(f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" class="axis"/>')
    out.append(f'<text x="{right}" y="{_HEIGHT - 3}" class="y">time since start, {unit}</text>')
    return out


def _draw_legend(series: Sequence[Series]) -> list[str]:
    out = []
    at, drawn = float(_LEFT), 0
    for curve in series:
        label = curve.label if len(curve.times) else f"{curve.label} (no reading)"
        colour = curve.colour or COLOURS[drawn % len(COLOURS)]
        if len(curve.times):
            drawn += 1
            dash = f' stroke-dasharray="{_DASH}"' if curve.dashed else ""
            out.append(
                f'<line x1="{at:.0f}" y1="30" x2="{at + 20:.0f}" y2="30" stroke="{colour}" stroke-width="2"{dash}/>'
            )
        out.append(f'<text x="{at + 25:.0f}" y="34" class="legend">{escape(label)}</text>')
        at += 25 + 6.6 * len(label) + 18
    return out
