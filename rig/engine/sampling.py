"""Sampling: once a second one row of what was really read since the row before, and each change of quality."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from rig.engine.acting import Outlet
from rig.lines.line import Line
from rig.outputs import GasOutput, HvOutput, PumpOutput
from rig.readings import Readings
from rig.records.record import Record
from rig.records.samples import Channel
from rig.safety.relays import RelayWatch

STATE, STEP = "run.state", "run.step"


def jet_channel(meter: str) -> str:
    """The jet mode's channel of a current meter ("current.collector")."""
    return f"jet.{meter.partition('.')[2]}.mode"


def jet_channels(meters: Iterable[str]) -> list[str]:
    """One jet mode a current meter: the sum of the jets it sees."""
    return [jet_channel(meter) for meter in meters]


SET_CHANNELS = {
    "hv": ("voltage_set_kv", "kV", "voltage"),
    "pump": ("rate_set_ml_h", "ml/h", "flow rate"),
    "gas": ("flow_set_sccm", "sccm", "gas flow"),
}
"""What was asked for stands beside what was read; a furnace's set point is itself read."""


def set_channel(outlet: Outlet) -> str:
    """The channel of what was asked of an output."""
    return f"{outlet.name}.{SET_CHANNELS[outlet.kind][0]}"


def relay_set_channel(relay: str) -> str:
    """The channel of what a digital output ("outputs.beacon") was told: 1 closed, locked, lit, up, open, on."""
    return f"{relay}.state_set"


def recorded_channels(
    lines: Mapping[str, Line],
    outlets: Mapping[str, Outlet],
    meters: Iterable[str],
    left_out: Container[str] = (),
    relays: Iterable[str] = (),
) -> list[Channel]:
    """The columns of a run's table; instruments of units that the recipe does not visit are left out. relays: the
    digital outputs ("outputs.beacon"): what each is read to be stands among its module's channels, what it was told
    beside it."""
    channels = [Channel(STATE, "", "run", "text"), Channel(STEP, "", "run", "text")]
    channels += [Channel(name, "", name.rpartition(".")[0], "text") for name in jet_channels(meters)]
    for line in lines.values():
        for member in line.members.values():
            if member.name not in left_out:
                for info in member.spec.channels:
                    full = member.names[info.name]
                    owner = full.rpartition(".")[0]
                    channels.append(Channel(full, info.unit, owner, info.quantity))
    for outlet in outlets.values():
        if outlet.kind in SET_CHANNELS and outlet.name not in left_out:
            _, unit, quantity = SET_CHANNELS[outlet.kind]
            channels.append(Channel(set_channel(outlet), unit, outlet.name, quantity))
    channels += [Channel(relay_set_channel(name), "", name, "state") for name in relays]
    return channels


class Sampler:
    """Takes rows and qualities into the record. jets: jet channel to mode, as it is kept by the jet watch; relays: the
    digital outputs as they are decided."""

    def __init__(
        self,
        channels: Iterable[Channel],
        outlets: Mapping[str, Outlet],
        meters: Iterable[str],
        jets: Mapping[str, str] | None = None,
        relays: Mapping[str, RelayWatch] | None = None,
    ) -> None:
        names = {channel.name for channel in channels}
        self._outlets = [
            (outlet, set_channel(outlet))
            for outlet in outlets.values()
            if outlet.kind in SET_CHANNELS and set_channel(outlet) in names
        ]
        text = {STATE, STEP, *jet_channels(meters)}
        self._relays = [(watch, relay_set_channel(name)) for name, watch in (relays or {}).items()]
        sets = {name for _, name in (*self._outlets, *self._relays)}
        self._read = [channel.name for channel in channels if channel.name not in text | sets]
        self._jets = jet_channels(meters)
        self._modes = jets if jets is not None else {}
        self._row_ns = -1
        self._quality: dict[str, str] = {}

    def row(self, readings: Readings, state: str, step: str) -> dict[str, float | str | None]:
        """One row: a cell is there only if a reading was taken since the last row."""
        values: dict[str, float | str | None] = {STATE: state, STEP: step}
        for name in self._jets:
            values[name] = self._modes.get(name, "unknown")
        for name in self._read:
            reading = readings.get(name)
            if reading is not None and reading.t_ns > self._row_ns and reading.why is None:
                values[name] = reading.value
        for outlet, name in self._outlets:
            ordered = outlet.ordered
            if isinstance(ordered, HvOutput):
                values[name] = ordered.voltage_kv
            elif isinstance(ordered, PumpOutput):
                values[name] = ordered.rate_ml_h
            elif isinstance(ordered, GasOutput):
                values[name] = ordered.flow_sccm
            else:
                values[name] = 0.0
        for watch, name in self._relays:
            if watch.told is not None:
                values[name] = float(watch.told)
        self._row_ns = readings.now_ns
        return values

    def qualities(self, readings: Readings, record: Record) -> None:
        """Write each change of quality since the last look."""
        for name in self._read:
            quality = readings.quality(name)
            if self._quality.get(name) is not quality:
                self._quality[name] = quality
                record.quality(readings.now_ns, name, quality.value)
