"""What a rig file and a recipe promise, as numbers: read from the rig file's text on its own, and from the recipe."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recipes.materials import is_inert
from recipes.model import CoolStep, DryStep, HeatStep, PrimeStep, PurgeStep, Recipe, SpinStep
from recipes.reader import read_recipe
from recipes.units import parse_any

NS: Final = 1_000_000_000

REACTION_S: Final = 0.5
"""Safety rule 2: no rig is taken whose door needs longer to the supply's disable."""
INPUTS_DARK_S: Final = 0.4
"""A safety input that is not answered any more is stale after 250 ms; a scan and a merge later it counts as open."""
UNREAD_S: Final = 0.42
"""The same with a scan of 100 ms, and the exchange in flight with the off behind it: no more high voltage then."""
HV_WATCHDOG_S: Final = 1.6
"""Safety rule 4: an unplugged Glassman is off so long after its last valid message."""
PUMP_WATCHDOG_S: Final = 2.1
"""New Era SAF2: 2 s."""
HV_LEASE_S: Final = 0.8 + 0.3
"""Design 3: the lease, and the exchange in flight with the off behind it."""
HV_EXCHANGE_S: Final = 0.5
"""Where replies are lost, spoiled or late the off still gets through, behind the exchange in flight."""
PUMP_LEASE_S: Final = 2.5 + 0.5
EXHAUST_S: Final = 5.0
EXHAUST_WINDOW_S: Final = 10.0
"""An exhaust that comes and goes has failed when it was bad for `EXHAUST_S` and a scan of so long."""
SCAN_S: Final = 1.0
PUMP_EXCHANGE_S: Final = 0.6
"""Two attempts of 0.2 s in flight, then the STP."""
HEATER_TRIP_S: Final = 1.5
FURNACE_WATCHDOG_S: Final = 60.0
COLD_DEGC: Final = 200.0
PROOF_DEGC: Final = 300.0
PROOF_V: Final = 0.06
"""kV: max(60 V, two resolution steps) is what counts as off."""
MONITOR_STEPS: Final = 1023
SET_STEPS: Final = 4095


@dataclass(frozen=True, slots=True)
class SupplyPromise:
    """One supply: rating and limits in kV and uA, discharge time in s, and what the recipe asks of it in kV."""

    rating_kv: float
    rating_ma: float
    limit_kv: float
    limit_ua: float
    discharge_s: float
    recipe_kv: float

    @property
    def step_kv(self) -> float:
        """Its own set step."""
        return self.rating_kv / SET_STEPS

    @property
    def proved_kv(self) -> float:
        """At or below it, it reads as off."""
        return max(PROOF_V, 2 * self.rating_kv / MONITOR_STEPS)


@dataclass(frozen=True, slots=True)
class Promises:
    """All of them. rates_ml_h: what any pump may be told; heat_degc: the recipe's highest; flows_sccm of argon."""

    supplies: Mapping[str, SupplyPromise]
    rates_ml_h: tuple[float, ...]
    heat_degc: float | None
    furnace_limit_degc: float
    furnace_model: str
    flows_sccm: tuple[float, ...]
    full_scale_sccm: float
    hot_minimum_sccm: float
    cold_degc: Mapping[str, float]
    """By cool step: the temperature under which inert gas may be lowered, from that step on."""
    healthy_closed: Mapping[str, bool]
    """By channel: whether closed is its healthy side."""
    inputs: Mapping[str, str]
    """By channel: its module."""
    inert_steps: frozenset[str]
    """Steps that heat in inert gas."""
    tube_l: float
    open_degc: float
    """The tube may be opened below it."""
    purge_l: float
    oxygen_ppm: float | None

    @classmethod
    def read(cls, rig: str, recipe: str, pumps: frozenset[str] = frozenset()) -> Promises:
        """From the two texts. Raises what tomllib and the recipe's reader raise for texts that are none."""
        found, _ = read_recipe(recipe, "promised")
        if found is None:
            raise ValueError("the recipe cannot be read")
        return _promises(tomllib.loads(rig), found)


def _promises(rig: Mapping[str, Any], recipe: Recipe) -> Promises:
    furnace: Mapping[str, Any] = next(iter(rig.get("furnace", {}).values()), {})
    argon = rig.get("gas", {}).get("argon", {})
    heats = [step for step in recipe.steps if isinstance(step, HeatStep)]
    tops = [segment.to.to("degC") for step in heats for segment in step.segments]
    tops += [step.to.to("degC") for step in recipe.steps if isinstance(step, DryStep)]
    flows = [
        segment.flow.to("sccm") for step in heats for segment in step.segments if segment.flow is not None
    ]
    flows += [
        step.flow.to("sccm")
        for step in recipe.steps
        if isinstance(step, PurgeStep | CoolStep | DryStep) and step.flow is not None
    ]
    purges = [step for step in recipe.steps if isinstance(step, PurgeStep)]
    tube_l = _tube_l(furnace)
    channels = {
        channel: (module, settings.get("healthy", "closed") == "closed")
        for module, table in rig.get("inputs", {}).items()
        for channel, settings in table.get("channels", {}).items()
    }
    return Promises(
        supplies=_supplies(rig, recipe),
        rates_ml_h=_rates(recipe),
        heat_degc=max(tops, default=None),
        furnace_limit_degc=_quantity(furnace, "limits", "temperature", "degC") if furnace else 0.0,
        furnace_model=furnace.get("model", "epc3000"),
        flows_sccm=tuple(flows),
        full_scale_sccm=parse_any(argon.get("full_scale", "2000 sccm")).to("sccm"),
        hot_minimum_sccm=parse_any(furnace.get("hot_minimum", "80 sccm")).to("sccm"),
        cold_degc={
            step.id: min(COLD_DEGC, step.cold.to("degC"))
            for step in recipe.steps
            if isinstance(step, CoolStep)
        },
        healthy_closed={channel: closed for channel, (_, closed) in channels.items()},
        inputs={channel: f"inputs.{module}" for channel, (module, _) in channels.items()},
        inert_steps=frozenset(
            step.id for step in heats if any(is_inert(segment.atmosphere) for segment in step.segments)
        ),
        tube_l=tube_l,
        open_degc=parse_any(furnace.get("open_below", "60 degC")).to("degC"),
        purge_l=min((_purge_l(step, tube_l) for step in purges), default=0.0),
        oxygen_ppm=max(
            (step.oxygen.to("ppm O2") for step in purges if step.oxygen is not None), default=None
        ),
    )


def _supplies(rig: Mapping[str, Any], recipe: Recipe) -> dict[str, SupplyPromise]:
    spins = [step for step in recipe.steps if isinstance(step, SpinStep)]
    asked = [abs(stream.voltage.to("kV")) for step in spins for stream in step.streams]
    return {
        f"hv.{name}": SupplyPromise(
            rating_kv=_quantity(table, "rating", "voltage", "kV"),
            rating_ma=_quantity(table, "rating", "current", "mA"),
            limit_kv=_quantity(table, "limits", "voltage", "kV"),
            limit_ua=_quantity(table, "limits", "current", "uA"),
            discharge_s=parse_any(table.get("discharge_time", "30 s")).to("s"),
            recipe_kv=max(asked, default=0.0),
        )
        for name, table in rig.get("hv", {}).items()
    }


def _rates(recipe: Recipe) -> tuple[float, ...]:
    """Of all streams and prime steps; a spin step that primes by itself does so at 10 ml/h."""
    rates = {10.0}
    for step in recipe.steps:
        if isinstance(step, SpinStep):
            rates |= {stream.rate.to("ml/h") for stream in step.streams}
        elif isinstance(step, PrimeStep):
            rates.add(step.rate.to("ml/h"))
    return tuple(sorted(rates))


def _tube_l(furnace: Mapping[str, Any]) -> float:
    tube = furnace.get("tube")
    if not tube:
        return 0.0
    bore, length = parse_any(tube["bore"]).to("mm"), parse_any(tube["length"]).to("mm")
    return 3.141592653589793 / 4 * bore**2 * length / 1e6


def _purge_l(step: PurgeStep, tube_l: float) -> float:
    """Safety rule 4: the recipe's tube volumes, or 2 V ln(209500/limit)."""
    from math import log

    if step.volumes is not None:
        return step.volumes * tube_l
    assert step.oxygen is not None
    return 2 * tube_l * log(209_500 / step.oxygen.to("ppm O2"))


def _quantity(table: Mapping[str, Any], section: str, key: str, unit: str) -> float:
    return parse_any(str(table[section][key])).to(unit)
