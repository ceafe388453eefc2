"""The sections of a rig file that hold instruments, one reader each: a strict table in, settings out.

A value that is missing or wrong has been reported to the table's problems and comes back as a placeholder;
the caller drops the bench then.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from recipes.tables import Table
from recipes.toml_text import nearest
from rig.bench.model import (
    Calibration,
    CollectorSettings,
    FurnaceSettings,
    GasSettings,
    OxygenSettings,
    Tube,
)
from rig.instruments.catalog import CATALOG, PLANNED, DriverInfo, drivers
from rig.instruments.settings import (
    ClimateSettings,
    CurrentSettings,
    HvSettings,
    InputChannel,
    InputsSettings,
    PumpSettings,
)
from rig.safety.limits import DISCHARGE_S, HOT_MINIMUM_SCCM, OPEN_BELOW_DEGC

_PORT = re.compile(
    r"/dev/\S+|COM\d+|usb:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}(:\S+)?|(socket|rfc2217)://\S+:\d+|sim://[A-Za-z0-9._-]+"
)
_PORT_FORMS = '"/dev/ttyUSB0", "COM5", "usb:0403:6001:A50285BI", "socket://host:port" or "sim://name"'
_VISA = re.compile(r"(sim:)?[A-Za-z]+[^:\s]*(::[^:\s]+)*::(INSTR|SOCKET|RAW)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Common:
    """The keys every instrument has; driver is None when it is not in the catalogue."""

    name: str
    driver_name: str
    info: DriverInfo | None
    where: str
    model: str | None
    address: int | None
    baud: int | None

    def keys(self) -> dict[str, Any]:
        """The arguments that every settings class takes."""
        return {
            "name": self.name,
            "driver": self.driver_name,
            "where": self.where,
            "model": self.model,
            "address": self.address,
            "baud": self.baud,
        }


def find_driver(table: Table, section: str) -> tuple[str, DriverInfo | None]:
    """The `driver` key; one that is not in the catalogue is an error `unknown-driver` with what there is."""
    name = table.text("driver", required=True)
    if not name:
        return name, None
    info = CATALOG.get(name)
    if info is not None and info.section == section:
        return name, info
    here = [other.name for other in drivers(section)]
    known = (
        f"drivers for [{section}.*]: {', '.join(here)}"
        if here
        else f"no driver for [{section}.*] is built yet"
    )
    if info is not None:
        table.error("unknown-driver", "driver", f'driver "{name}" belongs in [{info.section}.*]', known)
    elif name in PLANNED:
        table.error("unknown-driver", "driver", f'driver "{name}" is not built yet', known)
    else:
        guess = nearest(name, [*here, *(other for other, its in PLANNED.items() if its == section)])
        hint = f'did you mean "{guess}"? {known}' if guess else known
        table.error("unknown-driver", "driver", f'there is no driver "{name}"', hint)
    return name, None


def read_common(table: Table, section: str) -> Common:
    """Driver, where it is plugged in, model, address and baud rate."""
    name, info = find_driver(table, section)
    where = _read_where(table, info)
    model = table.text("model")
    if info is not None:
        model = _check_model(table, info, model)
    address = table.integer("address", minimum=0)
    if address is not None and info is not None:
        if info.addresses is None:
            table.error("no-address", "address", f"{info.title} have no address", "leave the key out")
        elif address not in info.addresses:
            highest = info.addresses[-1]
            table.error(
                "out-of-range", "address", f"address {address} does not exist; {name} knows 0 to {highest}"
            )
    baud = table.integer("baud", minimum=300, maximum=1_000_000)
    return Common(table.path, name, info, where, model, address, baud)


def _check_model(table: Table, info: DriverInfo, model: str | None) -> str | None:
    if model is None:
        if info.model_required:
            table.error(
                "missing-key",
                "model",
                '"model" is missing',
                f"models of {info.name}: {', '.join(info.models)}",
            )
        return info.models[0] if info.models and not info.model_required else None
    if model not in info.models:
        if not info.models:
            table.error(
                "unknown-model", "model", f"{info.name} makes no difference of models", "leave the key out"
            )
        else:
            guess = nearest(model, info.models)
            known = f"models of {info.name}: {', '.join(info.models)}"
            table.error(
                "unknown-model",
                "model",
                f'{info.name} does not know a model "{model}"',
                f'did you mean "{guess}"? {known}' if guess else known,
            )
    return model


def _read_where(table: Table, info: DriverInfo | None) -> str:
    """`resource` for what is opened through VISA, `port` for the rest; a driver that is not built may have
    either.
    """
    visa = info.visa if info is not None else table.has("resource")
    right, wrong = ("resource", "port") if visa else ("port", "resource")
    if info is not None and table.has(wrong):
        example = 'resource = "ASRL/dev/ttyUSB6::INSTR"' if visa else 'port = "/dev/ttyUSB0"'
        through = "through VISA" if visa else "at a serial port"
        table.error("wrong-key", wrong, f"{info.name} is opened {through}", f"write {example}")
        table.ignore(wrong, right)
        return table.text(right) or ""
    where = table.text(right, required=True)
    if where and visa and not _VISA.fullmatch(where):
        table.error("bad-port", right, f'"{where}" is not a VISA resource', 'e.g. "ASRL/dev/ttyUSB6::INSTR"')
    if where and not visa and not _PORT.fullmatch(where):
        table.error("bad-port", right, f'"{where}" is not a port', f"write {_PORT_FORMS}")
    return where


def read_calibration(table: Table) -> Calibration | None:
    """`calibration = { date, due, certificate, gain, offset }` of an instrument."""
    own = table.table("calibration")
    if own is None:
        return None
    date = read_date(own, "date")
    if date is None and not own.has("date"):
        own.error("missing-key", "date", '"date" is missing', 'add date = "2026-11-20"')
    found = Calibration(
        date=date or "",
        due=read_date(own, "due"),
        certificate=own.text("certificate"),
        gain=own.number("gain", default=1.0),
        offset=own.number("offset", default=0.0),
    )
    own.finish()
    return found


def read_date(table: Table, key: str) -> str | None:
    """A date or a time, as TOML's own or as text, in ISO 8601."""
    value = table.raw(key)
    if value is None:
        return None
    if isinstance(value, datetime.date):  # a datetime is one, too
        return value.isoformat()
    if isinstance(value, str):
        try:
            datetime.datetime.fromisoformat(value)
        except ValueError:
            table.error("not-a-date", key, f'"{value}" is not a date', "write year-month-day: 2026-11-20")
        return value
    table.error("not-a-date", key, f'"{key}" is not a date', "write year-month-day: 2026-11-20")
    return None


def read_pump(table: Table) -> PumpSettings:
    """[pumps.*]"""
    return PumpSettings(**read_common(table, "pumps").keys())


def read_hv(table: Table) -> HvSettings:
    """[hv.*]; units of the settings: kV, mA (rating), uA (limit), kV/s, s, Ohm, F."""
    common = read_common(table, "hv")
    rating = table.table("rating", required=True)
    limits = table.table("limits", required=True)
    polarity = table.choice("polarity", ("positive", "negative"), required=True)
    bleed = table.quantity("bleed", "resistance", exclusive_minimum="0 Ohm")
    capacitance = table.quantity("capacitance", "capacitance", exclusive_minimum="0 F")
    settings = HvSettings(
        **common.keys(),
        rating_kv=rating.quantity("voltage", "voltage", required=True, exclusive_minimum="0 V").to("kV"),
        rating_ma=rating.quantity("current", "current", required=True, exclusive_minimum="0 A").to("mA"),
        limit_kv=limits.quantity("voltage", "voltage", required=True, exclusive_minimum="0 V").to("kV"),
        limit_ua=limits.quantity("current", "current", required=True, exclusive_minimum="0 A").to("uA"),
        ramp_kv_s=limits.quantity("ramp", "voltage_ramp", default="1 kV/s", exclusive_minimum="0 V/s").to(
            "kV/s"
        ),
        ramp_down_kv_s=limits.quantity(
            "ramp_down", "voltage_ramp", default="5 kV/s", exclusive_minimum="0 V/s"
        ).to("kV/s"),
        polarity=-1 if polarity == "negative" else 1,
        discharge_s=table.quantity("discharge_time", "time", default=f"{DISCHARGE_S:g} s").to("s"),
        bleed_ohm=None if bleed is None else bleed.to("Ohm"),
        capacitance_f=None if capacitance is None else capacitance.to("F"),
    )
    rating.finish()
    limits.finish()
    return settings


def read_current(table: Table) -> CurrentSettings:
    """[current.*]; the range is a fixed one of the instrument, since searching for it costs readings."""
    common = read_common(table, "current")
    range_a = table.quantity("range", "current", required=True).to("A")
    info = common.info
    if info is not None and info.ranges_a and range_a == range_a:
        fitting = [value for value in info.ranges_a if abs(range_a - value) <= 1e-6 * value]
        if not fitting:
            least, most = info.ranges_a[0], info.ranges_a[-1]
            table.error(
                "out-of-range",
                "range",
                f"{info.name} has no range of {range_a:g} A",
                f'its ranges are the decades from {least:g} A to {most:g} A: write e.g. range = "2 uA"',
            )
        else:
            range_a = fitting[0]
    mains = table.quantity("mains", "frequency", default="50 Hz").to("Hz")
    if mains not in (50.0, 60.0):
        table.error("out-of-range", "mains", f"the mains frequency is 50 Hz or 60 Hz, not {mains:g} Hz")
    return CurrentSettings(**common.keys(), range_a=range_a, mains_hz=60 if mains == 60.0 else 50)


def read_climate(table: Table) -> ClimateSettings:
    """[climate.*]"""
    return ClimateSettings(**read_common(table, "climate").keys())


def read_inputs(table: Table) -> InputsSettings:
    """[inputs.*] with its channels; each says what healthy means, so that a cut wire is unhealthy (safety
    rule 9).
    """
    common = read_common(table, "inputs")
    checksum = table.flag("checksum", default=False)
    channels = []
    taken: dict[int, str] = {}
    contacts = dict(common.info.inputs).get(common.model or "") if common.info is not None else None
    for name, own in table.named("channels", required=True).items():
        number = own.integer("channel", required=True, minimum=0)
        healthy = own.choice("healthy", ("closed", "open"), required=True)
        if contacts is not None and number >= contacts:
            own.error(
                "out-of-range",
                "channel",
                f"channel {number} does not exist: a {common.model} has {contacts} inputs, counted from 0",
            )
        if number in taken and own.has("channel"):
            own.error("duplicate-channel", "channel", f'channel {number} is already "{taken[number]}"')
        taken.setdefault(number, name)
        twin = own.text("twin")
        others = [other for other in table.data.get("channels", {}) if other != name]
        if twin is not None and twin not in others:
            own.error(
                "unknown-name",
                "twin",
                f'there is no other channel "{twin}" on this module',
                f"there are: {', '.join(others) or 'none'}",
            )
        own.finish()
        channels.append(InputChannel(name, number, healthy, twin))
    return InputsSettings(**common.keys(), channels=tuple(channels), checksum=checksum)


def read_furnace(table: Table) -> FurnaceSettings:
    """[furnace.*]"""
    common = read_common(table, "furnace")
    limits = table.table("limits", required=True)
    tube = table.table("tube")
    thermal = table.table("thermal")
    cooling = lag = None
    if thermal is not None:
        cooling = thermal.quantity("cooling", "time", exclusive_minimum="0 s")
        lag = thermal.quantity("lag", "time", minimum="0 s")
        thermal.finish()
    settings = FurnaceSettings(
        **common.keys(),
        limit_degc=limits.quantity("temperature", "temperature", required=True).to("degC"),
        limit_ramp_degc_min=limits.quantity(
            "ramp", "heating_rate", required=True, exclusive_minimum="0 degC/min"
        ).to("degC/min"),
        tube=None if tube is None else _read_tube(tube),
        cooling_s=None if cooling is None else cooling.to("s"),
        lag_s=None if lag is None else lag.to("s"),
        open_below_degc=table.quantity(
            "open_below",
            "temperature",
            default=f"{OPEN_BELOW_DEGC:g} degC",
            maximum=f"{OPEN_BELOW_DEGC:g} degC",
        ).to("degC"),
        hot_minimum_sccm=table.quantity(
            "hot_minimum", "gas_flow", default=f"{HOT_MINIMUM_SCCM:g} sccm", exclusive_minimum="0 sccm"
        ).to("sccm"),
        atmosphere_switch=table.choice("atmosphere_switch", ("by hand", "automatic"), default="by hand"),
    )
    limits.finish()
    return settings


def _read_tube(table: Table) -> Tube:
    tube = Tube(
        bore_mm=table.quantity("bore", "length", required=True, exclusive_minimum="0 mm").to("mm"),
        length_mm=table.quantity("length", "length", required=True, exclusive_minimum="0 mm").to("mm"),
    )
    table.finish()
    return tube


def read_gas(table: Table) -> GasSettings:
    """[gas.*]; a passive line (room air) has no driver."""
    feeds = table.text("feeds", required=True)
    if table.flag("passive", default=False):
        return GasSettings(name=table.path, driver="", where="", feeds=feeds, passive=True)
    common = read_common(table, "gas")
    return GasSettings(
        **common.keys(),
        feeds=feeds,
        unit=table.text("unit"),
        full_scale_sccm=table.quantity(
            "full_scale", "gas_flow", required=True, exclusive_minimum="0 sccm"
        ).to("sccm"),
        on_power_loss=table.choice("on_power_loss", ("stops", "flows"), required=True),
    )


def read_oxygen(table: Table) -> OxygenSettings:
    """[oxygen.*]"""
    return OxygenSettings(**read_common(table, "oxygen").keys(), watches=table.text("watches"))


def read_collector(table: Table) -> CollectorSettings:
    """[collector.*]: kind and bias are read, what else stands there is kept for the driver that will want it."""
    kind, hv = table.text("kind"), table.text("hv")
    rest = {key: table.raw(key) for key in table.keys() if key not in ("kind", "hv")}  # noqa: SIM118
    return CollectorSettings(table.path, kind, None if hv is None else f"hv.{hv}", rest)
