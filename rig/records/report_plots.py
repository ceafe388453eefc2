"""The report's plots: which channels share a panel, and the steps as bands behind them."""

from __future__ import annotations

from collections.abc import Sequence

from rig.records.page import Html
from rig.records.samples import Channel
from rig.records.svgplot import COLOURS, Band, Series, line_plot
from rig.records.tables import SampleReader

# Title, unit as printed, kind of instrument (first part of the name; "" any), last parts of the channel
# names.
_PANELS = (
    ("Voltage", "kV", "hv", ("voltage_kv", "voltage_set_kv")),
    ("Current returned to earth", "nA", "current", ("current_na",)),
    ("Current of the supply", "µA", "hv", ("current_ua",)),
    ("Flow rate", "ml/h", "pumps", ("rate_ml_h", "rate_set_ml_h")),
    ("Delivered in the step", "ml", "pumps", ("delivered_ml",)),
    ("Furnace temperature", "°C", "furnace", ("temperature_degc", "setpoint_degc")),
    ("Heater power", "%", "furnace", ("power_pct",)),
    ("Gas flow", "sccm", "gas", ("flow_sccm", "flow_set_sccm")),
    ("Oxygen", "ppm", "oxygen", ("oxygen_ppm",)),
    ("Humidity", "%RH", "climate", ("humidity_pct",)),
    ("Chamber temperature", "°C", "climate", ("temperature_degc",)),
)


def plots(reader: SampleReader, bands: Sequence[Band], end_s: float) -> Html:
    """All panels that have a reading. Inputs and other channels without a unit are not drawn: the journal
    has them."""
    left = {c.name: c for c in reader.channels if not c.is_text and c.unit}
    drawn: list[str] = []
    for title, unit, kind, endings in _PANELS:
        chosen = [
            name
            for ending in endings
            for name in left
            if name.rpartition(".")[2] == ending and name.partition(".")[0] == kind
        ]
        drawn.append(_panel(reader, title, unit, [left.pop(name) for name in chosen], bands, end_s))
    while left:
        first = next(iter(left.values()))
        same = [c for c in left.values() if (c.quantity, c.unit) == (first.quantity, first.unit)]
        for channel in same:
            del left[channel.name]
        title = first.quantity[:1].upper() + first.quantity[1:] or first.name
        drawn.append(_panel(reader, title, first.unit, same, bands, end_s))
    return Html("\n".join(panel for panel in drawn if panel))


def _panel(
    reader: SampleReader,
    title: str,
    unit: str,
    channels: Sequence[Channel],
    bands: Sequence[Band],
    end_s: float,
) -> str:
    """Each instrument has its colour; what was asked for is a thin dark dashed line above the readings."""
    colours: dict[str, str] = {}
    series: list[Series] = []
    for channel in channels:
        asked = "set" in channel.name.rpartition(".")[2]
        colour = colours.setdefault(channel.instrument, COLOURS[len(colours) % len(COLOURS)])
        times, values = reader.series(channel.name)
        label = f"{channel.instrument}, set" if asked else channel.instrument
        series.append(Series(label, times, values, asked, "#222222" if asked else colour))
    series.sort(key=lambda curve: curve.dashed)
    return line_plot(title, unit, series, bands, end_s)
