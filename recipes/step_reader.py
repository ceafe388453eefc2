"""One step of a recipe: a `Table` becomes a step object, its mistakes become problems."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypedDict

from .materials import gas_names
from .needles import NEEDLE_SIZES, needle_size
from .steps import (
    BAND,
    COLD,
    COLLECTOR_KINDS,
    DRAW_OFF,
    MODES,
    NEEDLE_KINDS,
    NO_SOAK,
    ON_LEAVE,
    PRIME_RATE,
    START_LAG,
    STEP_KINDS,
    Accepted,
    AnyStep,
    Collector,
    CoolStep,
    DryStep,
    HeatStep,
    Needle,
    PrimeStep,
    PrimeStream,
    PromptStep,
    PurgeStep,
    RecordField,
    Segment,
    SpinStep,
    Stream,
    WaitStep,
    Window,
)
from .tables import Table
from .toml_text import nearest
from .units import Quantity, UnitError, parse_any

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NO_NEEDLE: Final = Needle()
# Placeholders after an error; a recipe read with errors is dropped (see `tables`).
_NO_VOLTAGE: Final = Quantity(float("nan"), "kV", "voltage")
_NO_LENGTH: Final = Quantity(float("nan"), "cm", "length")


class _Common(TypedDict):
    """The keys that every step has."""

    id: str
    note: str | None
    attended: bool
    assumed: tuple[str, ...]
    accept: tuple[Accepted, ...]


def read_step(table: Table) -> AnyStep | None:
    """One element of [[steps]]; None only when its kind is missing or unknown. After errors it holds
    placeholders.
    """
    kind = table.choice("do", STEP_KINDS, required=True)
    if not kind:
        table.text("id", required=True)
        return None
    common: _Common = {
        "id": read_id(table, "id"),
        "note": table.text("note"),
        "attended": table.flag("attended", default=kind in ("prime", "spin")),
        "assumed": read_assumed(table),
        "accept": read_accept(table),
    }
    step = _READERS[kind](table, common)
    table.finish()
    return step


def read_id(table: Table, key: str) -> str:
    """A required id: letters, digits, - and _, since ids become parts of keys and file names."""
    found = table.text(key, required=True)
    check_id(table, key, found)
    return found


def check_id(table: Table, key: str | None, id: str) -> None:
    """Report an id that could not be part of a dotted key."""
    if id and not ID.fullmatch(id):
        table.error("bad-id", key, f'"{id}" cannot be an id', "use letters, digits, - and _, e.g. co-deposit")


def read_accept(table: Table) -> tuple[Accepted, ...]:
    """Silenced rules with their reasons."""
    found = []
    for item in table.tables("accept", names=()):
        found.append(Accepted(item.text("code", required=True), item.text("reason", required=True)))
        item.finish()
    return tuple(found)


def read_assumed(table: Table) -> tuple[str, ...]:
    """Names of keys that the source does not give; each must be a key that stands in this table (or "*")."""
    names = table.texts("assumed")
    written = [key for key in table.data if key != "assumed"]
    for name in names:
        if name != "*" and name not in written:
            guess = nearest(name, written)
            hint = f'did you mean "{guess}"?' if guess else "list keys that are written here"
            table.error(
                "unknown-assumed", "assumed", f'"{name}" is listed as assumed but not given here', hint
            )
    return names


# --- spin and prime ---


def _spin(table: Table, common: _Common) -> SpinStep:
    tables = table.tables("streams", required=True, names=("id", "solution"))
    voltage = _default(
        table, "voltage", tables, lambda holder, required: _potential(holder, required=required)
    )
    distance = _default(
        table, "distance", tables, lambda holder, required: _distance(holder, required=required)
    )
    needle = _needle(table) or _NO_NEEDLE
    streams = tuple(_stream(item, voltage, distance, needle) for item in tables)
    return SpinStep(
        **common,
        duration=table.quantity("duration", "time", required=True, exclusive_minimum="0 s"),
        voltage=voltage or (streams[0].voltage if streams else _NO_VOLTAGE),
        distance=distance or (streams[0].distance if streams else _NO_LENGTH),
        streams=streams,
        needle=needle,
        collector=_collector(table),
        humidity=_window(table, "humidity", "humidity"),
        temperature=_window(table, "temperature", "temperature"),
        start_lag=table.quantity("start_lag", "time", default=START_LAG, minimum="0 s"),
        draw_off=table.quantity("draw_off", "time", default=DRAW_OFF, minimum="0 s", maximum="10 s"),
        arc_retries=table.integer("arc_retries", default=0, minimum=0, maximum=3),
    )


def _default(
    table: Table, key: str, streams: list[Table], read: Callable[[Table, bool], Quantity | None]
) -> Quantity | None:
    """A step's default for its streams; it may be left out when every stream brings its own."""
    return read(table, not streams or not all(stream.has(key) for stream in streams))


def _potential(table: Table, *, required: bool) -> Quantity | None:
    if required:
        return table.quantity("voltage", "voltage", required=True)
    return table.quantity("voltage", "voltage")


def _distance(table: Table, *, required: bool) -> Quantity | None:
    if required:
        return table.quantity("distance", "length", required=True, exclusive_minimum="0 cm")
    return table.quantity("distance", "length", exclusive_minimum="0 cm")


def _stream(table: Table, voltage: Quantity | None, distance: Quantity | None, needle: Needle) -> Stream:
    solution = table.text("solution", required=True)
    id = table.text("id", default=solution)
    check_id(table, "id", id)
    stream = Stream(
        id=id,
        solution=solution,
        mode=table.choice("mode", MODES, required=True),
        rate=table.quantity("rate", "flow_rate", required=True, exclusive_minimum="0 ml/h"),
        voltage=_potential(table, required=False) or voltage or _NO_VOLTAGE,
        distance=_distance(table, required=False) or distance or _NO_LENGTH,
        needle=_needle(table) or needle,
        refill=table.flag("refill", default=False),
        shell_of=table.text("shell_of"),
    )
    table.finish()
    return stream


def _needle(holder: Table) -> Needle | None:
    table = holder.table("needle")
    if table is None:
        return None
    gauge = table.quantity("gauge", "gauge")
    if gauge is not None and needle_size(gauge.value) is None:
        sizes = f"{min(NEEDLE_SIZES)} to {max(NEEDLE_SIZES)}"
        table.error(
            "unknown-gauge", "gauge", f"there is no needle of {gauge}", f"whole gauges from {sizes} are known"
        )
    needle = Needle(
        gauge=gauge,
        kind=table.choice("kind", NEEDLE_KINDS, default="single"),
        count=table.integer("count", default=1, minimum=1),
    )
    if needle.count > 1 and needle.kind != "manifold":
        table.error(
            "needle-count",
            "count",
            f"a {needle.kind} needle has one tip, not {needle.count}",
            'kind = "manifold"',
        )
    table.finish()
    return needle


def _collector(step: Table) -> Collector | None:
    table = step.table("collector")
    if table is None:
        return None
    collector = Collector(
        kind=table.choice("kind", COLLECTOR_KINDS, required=True),
        speed=table.quantity("speed", ("rotation", "speed"), minimum="0 rpm"),
        diameter=table.quantity("diameter", "length", exclusive_minimum="0 mm"),
        voltage=table.quantity("voltage", "voltage"),
    )
    table.finish()
    return collector


def _window(step: Table, key: str, dimension: str) -> Window | None:
    table = step.table(key)
    if table is None:
        return None
    window = Window(
        table.quantity("min", dimension),
        table.quantity("max", dimension),
        table.choice("on_leave", ON_LEAVE, default="warn"),
    )
    low, high = window.minimum, window.maximum
    if not table.has("min") and not table.has("max"):
        table.error(
            "bad-window", None, f"the {key} window has neither min nor max", "give one of them, or both"
        )
    elif low is not None and high is not None and low >= high:
        table.error("bad-window", "max", f"max ({high}) is not above min ({low})", "exchange them?")
    table.finish()
    return window


def _prime(table: Table, common: _Common) -> PrimeStep:
    streams = []
    for item in table.tables("streams", names=("id", "solution")):
        solution = item.text("solution", required=True)
        streams.append(PrimeStream(item.text("id", default=solution), solution))
        item.finish()
    return PrimeStep(
        **common,
        volume=table.quantity("volume", "volume", exclusive_minimum="0 ml"),
        rate=table.quantity("rate", "flow_rate", default=PRIME_RATE, exclusive_minimum="0 ml/h"),
        streams=tuple(streams),
    )


# --- a person, and waiting ---


def _prompt(table: Table, common: _Common) -> PromptStep:
    fields = {}
    for name, item in table.named("record").items():
        check_id(item, None, name)
        fields[name] = _record_field(item)
    return PromptStep(**common, say=table.text("say", required=True), record=fields)


def _record_field(table: Table) -> RecordField:
    unit = table.text("unit", required=True)
    canonical, dimension = unit, ""
    if unit:
        try:
            one = parse_any(f"1 {unit}")
            canonical, dimension = one.unit, one.dimension
        except UnitError as error:
            table.error(error.code, "unit", f'"{unit}" is not a unit that is known', error.hint)
    if not dimension:
        table.ignore("expect", "refuse_below", "refuse_above", "simulate")
        table.finish()
        return RecordField(canonical, dimension)
    field = RecordField(
        unit=canonical,
        dimension=dimension,
        expect=table.range("expect", dimension),
        refuse_below=table.quantity("refuse_below", dimension),
        refuse_above=table.quantity("refuse_above", dimension),
        simulate=table.quantity("simulate", dimension),
    )
    low, high = field.refuse_below, field.refuse_above
    if low is not None and high is not None and low >= high:
        table.error("bad-range", "refuse_above", f"refuse_above ({high}) is not above refuse_below ({low})")
    for key, value in _answers(field):
        if low is not None and value < low:
            table.error("answer-refused", key, f"{value} would be refused: below {low}")
        if high is not None and value > high:
            table.error("answer-refused", key, f"{value} would be refused: above {high}")
    table.finish()
    return field


def _answers(field: RecordField) -> list[tuple[str, Quantity]]:
    found = [] if field.simulate is None else [("simulate", field.simulate)]
    return (
        found
        if field.expect is None
        else [*found, ("expect", field.expect.minimum), ("expect", field.expect.maximum)]
    )


def _wait(table: Table, common: _Common) -> WaitStep:
    return WaitStep(
        **common, duration=table.quantity("duration", "time", required=True, exclusive_minimum="0 s")
    )


# --- furnace ---


def _flow(table: Table) -> Quantity | None:
    return table.quantity("flow", "gas_flow", exclusive_minimum="0 sccm")


def _dry(table: Table, common: _Common) -> DryStep:
    return DryStep(
        **common,
        to=table.quantity("to", "temperature", required=True),
        duration=table.quantity("duration", "time", required=True, exclusive_minimum="0 s"),
        atmosphere=table.choice("atmosphere", gas_names(), default="air"),
        flow=_flow(table),
    )


def _purge(table: Table, common: _Common) -> PurgeStep:
    gas = table.choice("gas", gas_names(), required=True)
    flow = table.quantity("flow", "gas_flow", required=True, exclusive_minimum="0 sccm")
    oxygen: Quantity | None = None
    volumes: float | None = None
    if isinstance(table.data.get("until"), dict):
        until = table.table("until", required=True)
        volumes = until.number("volumes", required=True, exclusive_minimum=0)
        until.finish()
    else:
        oxygen = table.quantity("until", "oxygen", required=True, exclusive_minimum="0 ppm O2")
    return PurgeStep(**common, gas=gas, flow=flow, oxygen=oxygen, volumes=volumes)


def _heat(table: Table, common: _Common) -> HeatStep:
    band = table.quantity("band", "temperature_difference", default=BAND, exclusive_minimum="0 degC")
    flow = _flow(table)
    if not table.has("segments"):
        atmosphere = table.choice("atmosphere", gas_names(), required=True)
        segment = Segment(
            *_ramp(table), table.quantity("soak", "time", required=True, minimum="0 s"), atmosphere, flow
        )
        return HeatStep(**common, segments=(segment,), band=band)
    for key in ("ramp", "to", "soak"):
        if table.has(key):
            table.error(
                "heat-form", key, f'"{key}" stands beside "segments"', "give ramp, to, soak, or segments"
            )
            table.ignore(key)
    items = table.tables("segments", required=True)
    default: str | None
    if items and all(item.has("atmosphere") for item in items):
        default = table.choice("atmosphere", gas_names())
    else:
        default = table.choice("atmosphere", gas_names(), required=True)
    return HeatStep(**common, segments=tuple(_segment(item, default, flow) for item in items), band=band)


def _segment(table: Table, atmosphere: str | None, flow: Quantity | None) -> Segment:
    segment = Segment(
        *_ramp(table),
        soak=table.quantity("soak", "time", default=NO_SOAK, minimum="0 s"),
        atmosphere=table.choice("atmosphere", gas_names(), default=atmosphere or ""),
        flow=_flow(table) or flow,
    )
    table.finish()
    return segment


def _ramp(table: Table) -> tuple[Quantity, Quantity]:
    return (
        table.quantity("ramp", "heating_rate", required=True, exclusive_minimum="0 degC/min"),
        table.quantity("to", "temperature", required=True),
    )


def _cool(table: Table, common: _Common) -> CoolStep:
    return CoolStep(
        **common,
        atmosphere=table.choice("atmosphere", gas_names(), required=True),
        below=table.quantity("below", "temperature", required=True),
        flow=_flow(table),
        cold=table.quantity("cold", "temperature", default=COLD, maximum="200 degC"),
    )


_READERS: Final[dict[str, Callable[[Table, _Common], AnyStep]]] = {
    "prime": _prime,
    "spin": _spin,
    "prompt": _prompt,
    "dry": _dry,
    "purge": _purge,
    "heat": _heat,
    "cool": _cool,
    "wait": _wait,
}
