"""What a bench offers to recipes, as the plain data that `recipes` knows."""

from __future__ import annotations

import math

from recipes.capabilities import (
    Capabilities,
    FurnaceCapability,
    GasCapability,
    HvCapability,
    PumpCapability,
)
from rig.bench.model import Bench, FurnaceSettings
from rig.instruments.catalog import CATALOG
from rig.instruments.settings import HvSettings, PumpSettings
from rig.safety.limits import HvLimits, hv_limits


def limits_of(supply: HvSettings) -> HvLimits:
    """The limits of one supply: the smaller of rating and rig limit."""
    return hv_limits(
        supply.name,
        rating_kv=supply.rating_kv,
        limit_kv=supply.limit_kv,
        rating_ma=supply.rating_ma,
        limit_ua=supply.limit_ua,
        polarity=supply.polarity,
    )


def pump_speeds(pump: PumpSettings) -> tuple[float, float] | None:
    """Least (cm/h) and greatest (cm/min) pusher speed; None where nobody knows them and the pump itself has
    to refuse.
    """
    info = CATALOG.get(pump.driver)
    if info is None:
        return None
    return next(((least, most) for model, least, most in info.speeds if model == pump.model), None)


def rate_limits_ml_h(pump: PumpSettings, diameter_mm: float) -> tuple[float, float] | None:
    """Least and greatest rate with a syringe of that inner diameter; None where nobody knows them."""
    speeds = pump_speeds(pump)
    if speeds is None:
        return None
    able = PumpCapability(pump.name, *speeds)
    return able.min_rate_ml_h(diameter_mm), able.max_rate_ml_h(diameter_mm)


def capabilities(bench: Bench) -> Capabilities:
    """Everything on the bench, with effective limits; names are those of the rig file with section
    ("pumps.a"), gases without.
    """
    return Capabilities(
        name=bench.name,
        hv=tuple(_hv(supply) for supply in bench.hv.values()),
        pumps=tuple(_pump(bench, pump) for pump in bench.pumps.values()),
        furnaces=tuple(_furnace(bench, furnace) for furnace in bench.furnaces.values()),
        gases=tuple(
            GasCapability(
                name=name.partition(".")[2],
                feeds=gas.feeds,
                full_scale_sccm=gas.full_scale_sccm,
                passive=gas.passive,
            )
            for name, gas in bench.gases.items()
        ),
        climate=bool(bench.climate),
        current=bool(bench.current),
        chamber_volume_l=None if bench.chamber is None else bench.chamber.volume_l,
        chamber_exhaust_m3_h=None if bench.chamber is None else bench.chamber.exhaust_m3_h,
    )


def _hv(supply: HvSettings) -> HvCapability:
    limits = limits_of(supply)
    info = CATALOG.get(supply.driver)
    steps = None if info is None else info.set_steps
    return HvCapability(
        name=supply.name,
        max_kv=limits.voltage_kv.value,
        polarity="+" if supply.polarity > 0 else "-",
        ramp_kv_s=supply.ramp_kv_s,
        ramp_down_kv_s=supply.ramp_down_kv_s,
        discharge_s=supply.discharge_s,
        step_v=None if steps is None else supply.rating_kv * 1000 / steps,
        current_limit_ua=limits.current_ua.value,
    )


def _pump(bench: Bench, pump: PumpSettings) -> PumpCapability:
    mount = next(((name, its) for name, its in bench.needles.items() if its.pump == pump.name), None)
    least, most = pump_speeds(pump) or (0.0, math.inf)
    return PumpCapability(
        name=pump.name,
        min_speed_cm_h=least,
        max_speed_cm_min=most,
        needle=None if mount is None else mount[0],
        hv=None if mount is None else mount[1].hv,
    )


def _furnace(bench: Bench, furnace: FurnaceSettings) -> FurnaceCapability:
    return FurnaceCapability(
        name=furnace.name,
        max_degc=furnace.limit_degc,
        max_ramp_degc_min=furnace.limit_ramp_degc_min,
        tube_volume_l=None if furnace.tube is None else furnace.tube.volume_l,
        cooling_s=furnace.cooling_s,
        lag_s=furnace.lag_s,
        open_below_degc=furnace.open_below_degc,
        gases=tuple(name.partition(".")[2] for name, gas in bench.gases.items() if gas.feeds == furnace.name),
        oxygen=any(
            analyser.watches == furnace.name or (analyser.watches is None and len(bench.furnaces) == 1)
            for analyser in bench.oxygen.values()
        ),
    )
