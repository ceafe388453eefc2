"""The report's plots: which channels share a panel, over which time, and the steps as bands behind them."""

from __future__ import annotations

from collections.abc import Sequence

from recipes.model import DryStep, HeatStep, PurgeStep, Recipe
from recipes.steps import FURNACE_KINDS, SPIN_UNIT_KINDS
from rig.records.page import Html
from rig.records.samples import Channel
from rig.records.stretches import Course, Window
from rig.records.svgplot import COLOURS, Band, Corridor, Series, line_plot
from rig.records.verdicts_furnace import Segment, furnace_of, segments_of

# Title, unit as printed, kind of instrument (first part of the name), last parts of the channel names.
_PANELS = (
    ("Voltage", "kV", "hv", ("voltage_kv", "voltage_set_kv")),
    ("Current returned to earth", "nA", "current", ("current_na",)),
    ("Noise and peak of that current", "nA", "current", ("peak_na", "noise_na")),
    ("Current of the supply", "µA", "hv", ("current_ua",)),
    ("Flow rate", "ml/h", "pumps", ("rate_ml_h", "rate_set_ml_h")),
    ("Delivered in the step", "ml", "pumps", ("delivered_ml",)),
    ("Furnace temperature", "°C", "furnace", ("temperature_degc", "setpoint_degc")),
    ("Heater power", "%", "furnace", ("power_pct",)),
    ("Gas flow", "sccm", "gas", ("flow_sccm", "flow_set_sccm")),
    ("Pressure at the flow controller", "kPa", "gas", ("pressure_kpa",)),
    ("Oxygen", "ppm", "oxygen", ("oxygen_ppm",)),
    ("Humidity", "%RH", "climate", ("humidity_pct",)),
    ("Chamber temperature", "°C", "climate", ("temperature_degc",)),
)
_NOT_DRAWN = frozenset({"line_hz", "setpoint_sccm"})
"""A frequency that is only there where the current has a line; a flow controller's echo of what it was asked."""

_NAMES = {"peak_na": "peak", "noise_na": "noise", "setpoint_degc": "set"}
_SPIN, _HEAT = frozenset({"hv", "current", "pumps"}), frozenset({"furnace", "gas", "oxygen"})
_WORTH = 0.9
"""A panel shows only the steps of its unit where these take less than this part of the run."""

_TALL = 320
_STARTS_S = 5.0
_BEFORE_S = 900.0
_ZOOM = 4.0
"""A soak's own panel shows so many half bands to either side of its target."""


def plots(
    channels: Sequence[Channel], course: Course, recipe: Recipe | None, bands: Sequence[Band], end_s: float
) -> Html:
    """All panels that have a reading. Inputs and other channels without a unit are not drawn: the journal has them.

    Raises RecordError when the samples cannot be read.
    """
    left = {c.name: c for c in channels if not c.is_text and c.unit}
    left = {name: c for name, c in left.items() if name.rpartition(".")[2] not in _NOT_DRAWN}
    heated = _heated(course, recipe)
    drawn: list[str] = []
    for title, unit, kind, endings in _PANELS:
        chosen = [
            name
            for ending in endings
            for name in left
            if name.rpartition(".")[2] == ending and name.partition(".")[0] == kind
        ]
        picked = [left.pop(name) for name in chosen]
        window = _window(kind, course, end_s)
        if kind == "furnace" and "temperature_degc" in endings:
            drawn += _temperature(title, unit, picked, course, heated, bands, window)
        else:
            drawn.append(_panel(title, unit, picked, course, bands, window, recipe))
    while left:
        first = next(iter(left.values()))
        same = [c for c in left.values() if (c.quantity, c.unit) == (first.quantity, first.unit)]
        for channel in same:
            del left[channel.name]
        title = first.quantity[:1].upper() + first.quantity[1:] or first.name
        drawn.append(_panel(title, first.unit, same, course, bands, (0.0, end_s), recipe))
    return Html("\n".join(panel for panel in drawn if panel))


def _window(kind: str, course: Course, end_s: float) -> Window:
    """The steps of the unit that the instruments belong to; the whole run where they are most of it."""
    kinds = SPIN_UNIT_KINDS if kind in _SPIN else FURNACE_KINDS if kind in _HEAT else ()
    own = [course.window(step) for step in course.steps if step.do in kinds]
    if not own:
        return 0.0, end_s
    begin, end = min(one[0] for one in own), max(one[1] for one in own)
    if kind in _HEAT and not any(step.do not in kinds and step.begin_s >= end for step in course.steps):
        end = end_s
    return (begin, end) if end - begin < _WORTH * end_s else (0.0, end_s)


def _heated(course: Course, recipe: Recipe | None) -> list[tuple[str, Segment]]:
    """Every segment that was heated, with its step's name."""
    steps = recipe.steps if recipe is not None else ()
    return [
        (made.id, segment)
        for made in course.steps
        for asked in steps
        if isinstance(asked, HeatStep | DryStep) and (asked.id, asked.do) == (made.id, made.do)
        for segment in segments_of(asked, made, course)
    ]


def _temperature(
    title: str,
    unit: str,
    channels: Sequence[Channel],
    course: Course,
    heated: Sequence[tuple[str, Segment]],
    bands: Sequence[Band],
    window: Window,
) -> list[str]:
    """The whole course, and each soak by itself with its band: on a scale of 800 °C ± 5 °C are a line's width.

    The set point is drawn while a program runs; at other times it is a number in a controller that does not heat.
    """
    if not channels:
        return []
    # In the first seconds the controller still shows the set point of its rest.
    programmed = [(one.ramp[0] + _STARTS_S, (one.soak or one.ramp)[1]) for _, one in heated]
    furnace = furnace_of(course)
    series = []
    for curve in _curves(channels, course, window):
        if curve.dashed and programmed:
            kept = [(t, v) for t, v in zip(curve.times, curve.values, strict=True) if _in(t, programmed)]
            curve = Series(curve.label, [t for t, _ in kept], [v for _, v in kept], True, curve.colour)
        series.append(curve)
    corridors = [corridor for _, one in heated for corridor in _corridor(one)]
    drawn = [
        line_plot(title, unit, series, bands, window[1], begin_s=window[0], corridors=corridors, height=_TALL)
    ]
    for name, one in heated:
        if one.soak is None or furnace is None or one.soak[1] - one.soak[0] < 60:
            continue
        around = (max(one.ramp[0], one.soak[0] - _BEFORE_S), one.soak[1] + _BEFORE_S / 3)
        reach = _ZOOM * one.asked.band_degc
        near = [
            _near(curve, around, one.asked.target_degc - reach, one.asked.target_degc + reach)
            for curve in series
        ]
        soak = f"Soak of {name}"
        near = [curve for curve in near if len(curve.times)]
        begins = min((curve.times[0] for curve in near), default=around[0])
        drawn.append(line_plot(soak, unit, near, bands, around[1], begin_s=begins, corridors=_corridor(one)))
    return drawn


def _in(t_s: float, windows: Sequence[Window]) -> bool:
    return any(begin <= t_s <= end for begin, end in windows)


def _corridor(segment: Segment) -> list[Corridor]:
    asked = segment.asked
    if segment.soak is None:
        return []
    low, high = asked.target_degc - asked.band_degc, asked.target_degc + asked.band_degc
    return [Corridor(*segment.soak, low, high, f"band ± {asked.band_degc:g} °C of the soak")]


def _near(curve: Series, window: Window, low: float, high: float) -> Series:
    """The part of a curve within a window of time and of values."""
    kept = [
        (t, v)
        for t, v in zip(curve.times, curve.values, strict=True)
        if window[0] <= t <= window[1] and low <= v <= high
    ]
    return Series(curve.label, [t for t, _ in kept], [v for _, v in kept], curve.dashed, curve.colour)


def _curves(channels: Sequence[Channel], course: Course, window: Window) -> list[Series]:
    """Each instrument has its colour; what was asked for is a thin dark dashed line above the readings."""
    colours: dict[str, str] = {}
    series: list[Series] = []
    several = len({c.name.rpartition(".")[2] for c in channels if "set" not in c.name.rpartition(".")[2]}) > 1
    for channel in channels:
        ending = channel.name.rpartition(".")[2]
        asked = "set" in ending
        key = channel.name if several else channel.instrument
        colour = colours.setdefault(key, COLOURS[len(colours) % len(COLOURS)])
        times, values = course.within(channel.name, window)
        label = f"{channel.instrument}, set" if asked else channel.instrument
        if several and not asked:
            label += f", {_NAMES.get(ending, ending)}"
        series.append(Series(label, times, values, asked, "#222222" if asked else colour))
    series.sort(key=lambda curve: curve.dashed)
    return series


def _panel(
    title: str,
    unit: str,
    channels: Sequence[Channel],
    course: Course,
    bands: Sequence[Band],
    window: Window,
    recipe: Recipe | None,
) -> str:
    series = _curves(channels, course, window)
    oxygen = unit == "ppm"
    if oxygen and series:
        series += _limits(course, recipe)
    return line_plot(title, unit, series, bands, window[1], begin_s=window[0], log=oxygen)


def _limits(course: Course, recipe: Recipe | None) -> list[Series]:
    """What a purge was to reach, over the purge."""
    found = []
    for made in course.steps:
        for asked in recipe.steps if recipe is not None else ():
            if isinstance(asked, PurgeStep) and asked.id == made.id and asked.oxygen is not None:
                ppm = asked.oxygen.to("ppm O2")
                found.append(
                    Series(
                        f"{made.id}: at most {ppm:g} ppm", course.window(made), (ppm, ppm), True, "#b3261e"
                    )
                )
    return found
