"""The start state of emulated instruments: a table per instrument, under the names of the rig file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from recipes.problems import Problems
from recipes.tables import Table, root_table
from recipes.toml_text import attach_places, load_toml, nearest
from recipes.units import Quantity
from rig.bench.model import Bench
from rig.bench.sheet import read_syringe
from rig.bench.syringes import Syringe

PROGRAMS: Final = ("off", "running", "held")


@dataclass(frozen=True, slots=True)
class PumpStart:
    """What is in a pump; None: as the run sheet or the emulator has it. rate_ml_h: pumping already (negative:
    withdrawing).
    """

    syringe: Syringe | None = None
    loaded_ml: float | None = None
    solution: str | None = None
    rate_ml_h: float | None = None


@dataclass(frozen=True, slots=True)
class HvStart:
    """A supply that is on already, at a signed voltage in kV."""

    voltage_kv: float


@dataclass(frozen=True, slots=True)
class FurnaceStart:
    """A furnace: temperature in degC, the gas in its tube, and what its program does; tuning: what somebody has set on
    its controller as proportional band in degC, integral and derivative time in s (None: as the emulator has it).
    """

    temperature_degc: float | None = None
    atmosphere: str | None = None
    program: str | None = None
    tuning: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class GasStart:
    """A gas that flows already, sccm."""

    flow_sccm: float


@dataclass(frozen=True, slots=True)
class OxygenStart:
    """What an analyser reads, ppm."""

    oxygen_ppm: float


@dataclass(frozen=True, slots=True)
class ClimateStart:
    """The chamber: degC and % RH."""

    temperature_degc: float | None = None
    humidity_pct: float | None = None


@dataclass(frozen=True, slots=True)
class InputsStart:
    """Contacts by channel: "closed" or "open"."""

    contacts: Mapping[str, str]


AnyStart = PumpStart | HvStart | FurnaceStart | GasStart | OxygenStart | ClimateStart | InputsStart


@dataclass(frozen=True, slots=True)
class StartState:
    """Start states by instrument; what is not named starts as its maker ships it."""

    by_name: Mapping[str, AnyStart] = field(default_factory=dict)

    def get(self, name: str) -> AnyStart | None:
        """The start state of one instrument."""
        return self.by_name.get(name)


def read_start(source: str | bytes, bench: Bench) -> tuple[StartState | None, Problems]:
    """The start state and all problems, placed; None when there is an error."""
    problems = Problems()
    data = load_toml(source, problems, "start state")
    if data is None:
        return None, problems
    root = root_table(data, problems)
    instruments = bench.instruments
    found: dict[str, AnyStart] = {}
    for section in root.keys():  # noqa: SIM118
        reader = _READERS.get(section)
        if reader is None:
            guess = nearest(section, _READERS)
            hint = f'did you mean "{guess}"?' if guess else f"possible: {', '.join(_READERS)}"
            root.error("unknown-key", section, f'there is no start state for "{section}"', hint)
            root.ignore(section)
            continue
        for table in root.named(section).values():
            if table.path not in instruments:
                guess = nearest(table.path, instruments)
                hint = f"did you mean [{guess}]?" if guess else f"its instruments: {', '.join(instruments)}"
                table.error("unknown-name", None, f"there is no {table.path} on {bench.name}", hint)
                continue
            found[table.path] = reader(table, bench)
            table.finish()
    attach_places(problems, source.decode() if isinstance(source, bytes) else source)
    return (None if problems.has_errors else StartState(found)), problems


def _number(quantity: Quantity | None, unit: str) -> float | None:
    return None if quantity is None else quantity.to(unit)


def _pump(table: Table, bench: Bench) -> PumpStart:
    syringe = read_syringe(table, bench.syringes)
    loaded_ml = _number(table.quantity("loaded", "volume", minimum="0 ml"), "ml")
    if syringe is not None and loaded_ml is not None and loaded_ml > syringe.volume_ml:
        table.error(
            "above-capacity",
            "loaded",
            f"{loaded_ml:g} ml do not go into a syringe of {syringe.volume_ml:g} ml",
            "load less, or name a larger syringe",
        )
    rate = _number(table.quantity("rate", "flow_rate"), "ml/h")
    return PumpStart(syringe, loaded_ml, table.text("solution"), rate)


def _hv(table: Table, bench: Bench) -> HvStart:
    supply = bench.hv[table.path]
    voltage_kv = table.quantity("voltage", "voltage", required=True).to("kV")
    if abs(voltage_kv) > supply.rating_kv or (voltage_kv != 0 and (voltage_kv > 0) != (supply.polarity > 0)):
        ends = sorted((0.0, supply.polarity * supply.rating_kv))
        table.error(
            "out-of-range",
            "voltage",
            f"{voltage_kv:g} kV cannot come from {table.path}: {ends[0]:g} to {ends[1]:g} kV",
        )
    return HvStart(voltage_kv)


def _furnace(table: Table, bench: Bench) -> FurnaceStart:
    return FurnaceStart(
        _number(table.quantity("temperature", "temperature"), "degC"),
        table.text("atmosphere"),
        table.choice("program", PROGRAMS),
        _tuning(table),
    )


def _tuning(table: Table) -> tuple[float, float, float] | None:
    """`tuning = { band = "100 degC", integral = "600 s", derivative = "0 s" }`; a time of 0 s switches its term off."""
    own = table.table("tuning")
    if own is None:
        return None
    band = own.quantity("band", "temperature_difference", required=True, exclusive_minimum="0 degC")
    integral = own.quantity("integral", "time", required=True, minimum="0 s")
    derivative = own.quantity("derivative", "time", required=True, minimum="0 s")
    own.finish()
    return band.to("degC"), integral.to("s"), derivative.to("s")


def _gas(table: Table, bench: Bench) -> GasStart:
    return GasStart(table.quantity("flow", "gas_flow", required=True, minimum="0 sccm").to("sccm"))


def _oxygen(table: Table, bench: Bench) -> OxygenStart:
    return OxygenStart(table.quantity("oxygen", "oxygen", required=True, minimum="0 ppm O2").to("ppm O2"))


def _climate(table: Table, bench: Bench) -> ClimateStart:
    return ClimateStart(
        _number(table.quantity("temperature", "temperature"), "degC"),
        _number(table.quantity("humidity", "humidity", minimum="0 %RH", maximum="100 %RH"), "%RH"),
    )


def _inputs(table: Table, bench: Bench) -> InputsStart:
    contacts = {
        channel.name: said
        for channel in bench.inputs[table.path].channels
        if (said := table.choice(channel.name, ("closed", "open"))) is not None
    }
    return InputsStart(contacts)


_READERS: Final[dict[str, Callable[[Table, Bench], AnyStart]]] = {
    "pumps": _pump,
    "hv": _hv,
    "furnace": _furnace,
    "gas": _gas,
    "oxygen": _oxygen,
    "climate": _climate,
    "inputs": _inputs,
}
