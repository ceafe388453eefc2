"""A small line plot as SVG text: what the report needs, without a plotting library, a script or a font
file."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
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

FOOT = 0.01
"""A logarithmic axis begins here at the lowest: what an instrument calls nothing would stretch it without end."""

CORRIDOR = "#f3d98c"

_TIME_UNITS = (
    ("s", 1.0, (1, 2, 5, 10, 20, 30)),
    ("min", 60.0, (0.5, 1, 2, 5, 10, 20, 30)),
    ("h", 3600.0, (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 6, 12, 24, 48)),
)


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


@dataclass(frozen=True, slots=True)
class Corridor:
    """Between which values a curve was to stay for a stretch of time."""

    start_s: float
    end_s: float
    low: float
    high: float
    label: str


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


def _time_axis(begin_s: float, end_s: float) -> tuple[str, float, list[float]]:
    """Unit, its length in seconds, and ticks in that unit: round numbers between begin and end."""
    span_s = end_s - begin_s
    unit, length, steps = next(
        (one for one in _TIME_UNITS if end_s < 180 * one[1]),
        _TIME_UNITS[-1],
    )
    days = max(24.0, math.ceil(span_s / length / 8 / 24) * 24.0)
    step = next((one for one in steps if span_s / length / one <= 8), days)
    first = math.ceil(begin_s / length / step - 1e-9)
    last = math.floor(end_s / length / step + 1e-9)
    return unit, length, [k * step for k in range(first, last + 1)]


def _y_range(series: Sequence[Series], limits: Sequence[float]) -> list[float]:
    low = min([min(s.values) for s in series] + list(limits))
    high = max([max(s.values) for s in series] + list(limits))
    if high > 0 and -0.02 * high < low < 0.6 * high:
        low = 0.0  # what lies below is the noise of an instrument that reads nothing
    elif high <= 0 and high > 0.6 * low:
        high = 0.0
    if high - low <= 1e-9 * max(1.0, abs(high)):
        pad = 0.05 * abs(high)
        low, high = (low - pad, high + pad) if pad else (0.0, 1.0)
    return nice_ticks(low, high)


def decades(series: Sequence[Series]) -> list[float]:
    """Powers of ten from at or below the least positive value, but not under `FOOT`, to at or above the greatest.

    Empty where nothing is positive.
    """
    positive = [value for one in series for value in one.values if value > 0]
    if not positive:
        return []
    first = math.floor(math.log10(max(min(positive), FOOT)) + 1e-9)
    last = max(math.ceil(math.log10(max(positive)) - 1e-9), first + 1)
    return [10.0**power for power in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where a time and a value lie on the picture."""

    begin_s: float
    end_s: float
    ticks: Sequence[float]
    log: bool
    bottom: float

    def x(self, t_s: float) -> float:
        part = (t_s - self.begin_s) / (self.end_s - self.begin_s)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(1.0, max(0.0, part))

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(max(value, low))
        top = _TOP + _STRIP
        return top + (self.bottom - top) * (high - value) / (high - low)


def _number(value: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{value:.{min(digits, 9)}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _decade(value: float) -> str:
    """0.01, 1, 1 000, 100 000, with thin spaces."""
    return f"{value:g}" if value < 1 else f"{value:,.0f}".replace(",", "\u2009")


def line_plot(
    title: str,
    unit: str,
    series: Sequence[Series],
    bands: Sequence[Band],
    end_s: float,
    *,
    begin_s: float = 0.0,
    log: bool = False,
    corridors: Sequence[Corridor] = (),
    height: int = _HEIGHT,
) -> str:
    """One panel over the time from `begin_s` to `end_s` seconds, as an <svg> element that scales with the page.

    log: a logarithmic axis; what is not positive, or under its lowest decade, is drawn at its foot. Curves without a
    point are left out of the picture and named as such; with none at all the text is empty.
    """
    drawn = [s for s in series if len(s.times)]
    if not drawn:
        return ""
    end_s = max(end_s, begin_s + 1.0, *(s.times[-1] for s in drawn))
    powers = decades(drawn) if log else []
    limits = [end for one in corridors for end in (one.low, one.high)]
    axes = _Axes(begin_s, end_s, powers or _y_range(drawn, limits), bool(powers), height - _BOTTOM)
    name = escape(f"{title}, {unit}" + (" (logarithmic)" if axes.log else ""))
    out = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{name} over time">',
        f'<text x="{_LEFT}" y="15" class="title">{name}</text>',
    ]
    out += _draw_bands(bands, axes)
    out += _draw_corridors(corridors, axes)
    out += _draw_axes(axes)
    out += _draw_legend(series, corridors)
    for i, curve in enumerate(drawn):
        colour = curve.colour or COLOURS[i % len(COLOURS)]
        # Equal curves lie on each other: the lower ones are wider, so that an edge of them shows.
        wide = 1.2 + 1.1 * sum(not other.dashed for other in drawn[i + 1 :]) if not curve.dashed else 1.2
        dash = f' stroke-dasharray="{_DASH}"' if curve.dashed else ""
        for times, values in pieces(curve.times, curve.values):
            few = decimate(times, values, max(4, POINTS * len(times) // len(curve.times)))
            points = " ".join(f"{axes.x(t):.1f},{axes.y(v):.1f}" for t, v in zip(*few, strict=True))
            if len(times) == 1:
                points = f"{points} {axes.x(times[0]) + 1:.1f},{axes.y(values[0]):.1f}"
            out.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide:.1f}"{dash}/>'
            )
    out.append("</svg>")
    return "\n".join(out)


def _draw_bands(bands: Sequence[Band], axes: _Axes) -> list[str]:
    out = []
    for i, band in enumerate(bands):
        if band.end_s < axes.begin_s or band.start_s > axes.end_s:
            continue
        left, right = axes.x(band.start_s), axes.x(band.end_s)
        shade = ("#f0f0f0", "#e4e4e4")[i % 2]
        out.append(
            f'<rect x="{left:.1f}" y="{_TOP}" width="{max(right - left, 0.5):.1f}" height="{axes.bottom - _TOP:.0f}" '
            f'fill="{shade}"><title>{escape(band.long)}</title></rect>'
        )
        room = (right - left) / 6.2  # letters of 11 px
        label = band.long if len(band.long) <= room else band.short if len(band.short) <= room else ""
        if label:
            out.append(
                f'<text x="{(left + right) / 2:.1f}" y="{_TOP + 12}" class="band">{escape(label)}</text>'
            )
    return out


def _draw_corridors(corridors: Sequence[Corridor], axes: _Axes) -> list[str]:
    out = []
    for one in corridors:
        left, right, top, bottom = axes.x(one.start_s), axes.x(one.end_s), axes.y(one.high), axes.y(one.low)
        out.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.5):.1f}" height="{bottom - top:.1f}" '
            f'fill="{CORRIDOR}"/>'
        )
    return out


def _draw_axes(axes: _Axes) -> list[str]:
    bottom, right = axes.bottom, _WIDTH - _RIGHT
    out = []
    for tick in axes.ticks:
        at = axes.y(tick)
        out.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" class="grid"/>')
        label = _decade(tick) if axes.log else _number(tick, axes.ticks[1] - axes.ticks[0])
        out.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" class="y">{label}</text>')
    unit, length, times = _time_axis(axes.begin_s, axes.end_s)
    step = times[1] - times[0] if len(times) > 1 else 1.0
    for tick in times:
        at = axes.x(tick * length)
        out.append(
            f'<line x1="{at:.1f}" y1="{bottom:.0f}" x2="{at:.1f}" y2="{bottom + 4:.0f}" class="axis"/>'
        )
        out.append(f'<text x="{at:.1f}" y="{bottom + 16:.0f}" class="x">{_number(tick, step)}</text>')
    out.append(f'<path d="M{_LEFT} {_TOP}V{bottom:.0f}H{right}" class="axis"/>')
    out.append(f'<text x="{right}" y="{bottom + 31:.0f}" class="y">time since start, {unit}</text>')
    return out


def _draw_legend(series: Sequence[Series], corridors: Sequence[Corridor]) -> list[str]:
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
    for label in dict.fromkeys(one.label for one in corridors):
        out.append(f'<rect x="{at:.0f}" y="24" width="20" height="12" fill="{CORRIDOR}"/>')
        out.append(f'<text x="{at + 25:.0f}" y="34" class="legend">{escape(label)}</text>')
        at += 25 + 6.6 * len(label) + 18
    return out
