"""Manual work: one instrument moved by hand, as a run of its own through the same scan, guard and record.

What is asked for is held against the rig's limits before anything is connected; `visit` is the run's one visit, on the
spinning station. It ends by itself after ten minutes (safety rule 8).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from recipes.model import FORMAT, Recipe
from recipes.steps import PRIME_RATE
from recipes.toml_text import nearest
from recipes.units import Quantity, UnitError, parse_quantity
from rig.bench.capabilities import limits_of, rate_limits_ml_h
from rig.bench.model import Bench
from rig.bench.sheet import RunSheet
from rig.bench.syringes import Syringe
from rig.engine.connect import monitor_steps_kv
from rig.engine.phases.hv_test import HvTestPhase
from rig.engine.phases.jog import JogPhase
from rig.engine.phases.phase import Phase
from rig.engine.phases.plans import HvTestPlan, JogPlan, PrimePlan, PumpPlan, SupplyPlan
from rig.engine.phases.prime import PrimePhase
from rig.engine.planning import Visit, permissives

KIND: Final = "manual"
LONGEST_S: Final = 600.0
"""It ends by itself after so long (safety rule 8)."""

MARGIN_S: Final = 60.0
"""What is planned leaves so much of it for waiting, proving and discharging."""

HOLD: Final = "10 s"
UNIT: Final = "spin"
BATCH: Final = 1


class ManualRefused(Exception):
    """What was asked for cannot be done on this rig; nothing was connected. `hint` says what would be."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ManualWork:
    """One piece of manual work, held against the rig already.

    do: "prime", "jog" or "hv-test"; asked: what a person asked for, as it goes into the record; asks: what the person
    at the rig will be asked; make: a fresh phase.
    """

    do: str
    instrument: str
    title: str
    asked: Mapping[str, str]
    asks: tuple[str, ...]
    make: Callable[[], Phase]

    def visit(self) -> Visit:
        """The run's one visit."""
        return Visit(UNIT, (self.do,), lambda: [self.make()], frozenset({self.do}))

    def recipe(self) -> Recipe:
        """What stands in the record in a recipe's place: it says what was asked for, and no recipe can be read from
        it."""
        lines = [
            "# Manual work: what was asked for by hand. This is no recipe.",
            f'kind = "{KIND}"',
            f"name = {_quoted(self.title)}",
            "",
            "[[steps]]",
            f"id = {_quoted(self.do)}",
            f"do = {_quoted(self.do)}",
            *(f"{key} = {_quoted(value)}" for key, value in self.asked.items()),
            "",
        ]
        text = "\n".join(lines)
        return Recipe(
            format=FORMAT,
            id=f"{self.do}-{self.instrument.rpartition('.')[2]}",
            name=self.title,
            summary=None,
            source=None,
            parameters={},
            solutions={},
            steps=(),
            accept=(),
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )

    def record(self) -> dict[str, Any]:
        """For the first line of the journal."""
        return {"do": self.do, "instrument": self.instrument, "asked": dict(self.asked)}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# The three kinds


def prime(
    bench: Bench, pump: str, volume: str, rate: str | None, syringe: Syringe, loaded_ml: float | None
) -> ManualWork:
    """Fill the needle of one pump, high voltage locked out; then a person looks and wipes. Raises ManualRefused."""
    name = pump_named(bench, pump)
    volume_ml, rate_ml_h = _volume(volume), _rate(rate if rate is not None else PRIME_RATE.text())
    _check_pump(bench, name, volume_ml, rate_ml_h, syringe, loaded_ml)
    needle = next((mount for mount, its in bench.needles.items() if its.pump == name), name)
    plan = PumpPlan("by hand", name, rate_ml_h, syringe.diameter_mm, volume_ml, needle)
    primed = PrimePlan("prime", "prime", (plan,), {name: volume_ml}, rate_ml_h, BATCH, permissives(bench))
    asked = {
        "pump": name,
        "volume": f"{volume_ml:g} ml",
        "rate": f"{rate_ml_h:g} ml/h",
        "syringe": syringe.name,
    }
    return ManualWork("prime", name, f"Prime {name}", asked, ("primed", "wiped"), partial(PrimePhase, primed))


def jog(
    bench: Bench,
    pump: str,
    volume: str,
    rate: str,
    syringe: Syringe,
    loaded_ml: float | None,
    withdraw: bool = False,
) -> ManualWork:
    """Move one pump so far in or out, high voltage locked out. Raises ManualRefused."""
    name = pump_named(bench, pump)
    volume_ml, rate_ml_h = _volume(volume), _rate(rate)
    _check_pump(bench, name, volume_ml, rate_ml_h, syringe, None if withdraw else loaded_ml)
    if withdraw and volume_ml + (loaded_ml or 0.0) > syringe.volume_ml:
        raise ManualRefused(
            f"{volume_ml:g} ml do not go into the {syringe.name}, which holds {syringe.volume_ml:g} ml"
            + (f" and has {loaded_ml:g} ml in it" if loaded_ml else ""),
            "withdraw less",
        )
    verb = "withdraws" if withdraw else "infuses"
    words = f"{verb} {volume_ml:g} ml at {rate_ml_h:g} ml/h"
    plan = JogPlan(
        "jog",
        name,
        volume_ml,
        -rate_ml_h if withdraw else rate_ml_h,
        syringe.diameter_mm,
        BATCH,
        permissives(bench),
        words,
    )
    asked = {
        "pump": name,
        "direction": "withdraw" if withdraw else "infuse",
        "volume": f"{volume_ml:g} ml",
        "rate": f"{rate_ml_h:g} ml/h",
        "syringe": syringe.name,
    }
    return ManualWork("jog", name, f"Jog {name}", asked, (), partial(JogPhase, plan))


def hv_test(bench: Bench, supply: str, voltage: str, hold: str = HOLD) -> ManualWork:
    """Bring one supply to a voltage, hold it, bring it down, prove it off. Raises ManualRefused."""
    name = _named(supply, "hv", bench.hv, "supply")
    settings, limits = bench.hv[name], limits_of(bench.hv[name])
    target_kv, hold_s = _read(voltage, "voltage", "--voltage").to("kV"), _read(hold, "time", "--for").to("s")
    if target_kv == 0:
        raise ManualRefused(f"--voltage {voltage} tests nothing", 'give a voltage, e.g. --voltage "5 kV"')
    refused = limits.refuses(target_kv)
    if refused is not None:
        sign = " (write --voltage=-5kV, with the equals sign)" if limits.polarity < 0 < target_kv else ""
        raise ManualRefused(f"{refused} was asked for", f"at most {limits.voltage_kv}{sign}")
    if hold_s <= 0:
        raise ManualRefused(f"--for {hold} is no time", f'give a time, e.g. --for "{HOLD}"')
    lasts_s = (
        hold_s
        + abs(target_kv) / settings.ramp_kv_s
        + abs(target_kv) / settings.ramp_down_kv_s
        + settings.discharge_s
    )
    _check_time(lasts_s, "ramps, --for and discharge time", "hold it for a shorter time")
    plan = SupplyPlan(
        name,
        target_kv,
        settings.ramp_kv_s,
        settings.ramp_down_kv_s,
        settings.limit_ua,
        monitor_steps_kv(bench)[name],
    )
    asked = {"supply": name, "voltage": f"{target_kv:g} kV", "for": f"{hold_s:g} s"}
    make = partial(HvTestPhase, HvTestPlan("hv-test", plan, hold_s, permissives(bench)))
    return ManualWork("hv-test", name, f"Test of {name}", asked, ("earthed",), make)


# What is held against the rig


def pump_named(bench: Bench, given: str) -> str:
    """The full name of a pump, "pumps.a" for "a". Raises ManualRefused with those there are."""
    return _named(given, "pumps", bench.pumps, "pump")


def loaded_in(sheet: RunSheet, pump: str) -> tuple[Syringe, float] | None:
    """The syringe on a pump and its content in ml by a run sheet; None where it does not name the pump.

    Raises ManualRefused where it names different syringes for different steps.
    """
    found = [one for one in sheet.streams.values() if one.pump == pump]
    if not found:
        return None
    if len({one.syringe.diameter_mm for one in found}) > 1:
        names = " and ".join(sorted({one.syringe.name for one in found}))
        raise ManualRefused(
            f"the run sheet puts {names} on {pump}, in different steps", "say which it is now with --syringe"
        )
    return found[0].syringe, found[0].loaded_ml


def _named(given: str, section: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    full = given if given.startswith(f"{section}.") else f"{section}.{given}"
    if full in names:
        return full
    guess = nearest(full, names)
    there = ", ".join(name.partition(".")[2] for name in names) or "none"
    hint = f'did you mean "{guess.partition(".")[2]}"? ' if guess else ""
    raise ManualRefused(f'this rig has no {what} "{given}"', f"{hint}there are: {there}")


def _read(text: str, dimension: str, option: str) -> Quantity:
    try:
        return parse_quantity(text, dimension)
    except UnitError as error:
        raise ManualRefused(f"{option}: {error.message}", error.hint) from None


def _volume(text: str) -> float:
    volume_ml = _read(text, "volume", "--volume").to("ml")
    if volume_ml <= 0:
        raise ManualRefused(
            f"--volume {text} moves nothing", "give a volume above 0; jog --withdraw goes back"
        )
    return volume_ml


def _rate(text: str) -> float:
    rate_ml_h = _read(text, "flow_rate", "--rate").to("ml/h")
    if rate_ml_h <= 0:
        raise ManualRefused(f"--rate {text} moves nothing", "give a rate above 0; jog --withdraw goes back")
    return rate_ml_h


def _check_pump(
    bench: Bench, name: str, volume_ml: float, rate_ml_h: float, syringe: Syringe, loaded_ml: float | None
) -> None:
    if volume_ml > syringe.volume_ml:
        raise ManualRefused(
            f"{volume_ml:g} ml are more than the {syringe.name} holds ({syringe.volume_ml:g} ml)", "move less"
        )
    if loaded_ml is not None and volume_ml > loaded_ml:
        raise ManualRefused(
            f"{volume_ml:g} ml are more than is loaded in {name} ({loaded_ml:g} ml by the run sheet)",
            "move less",
        )
    limits = rate_limits_ml_h(bench.pumps[name], syringe.diameter_mm)
    if limits is not None and not limits[0] <= rate_ml_h <= limits[1]:
        raise ManualRefused(
            f"{rate_ml_h:g} ml/h is outside what {name} can do with a syringe of {syringe.diameter_mm:g} mm: "
            f"{limits[0]:.3g} to {limits[1]:.3g} ml/h",
            "change --rate",
        )
    _check_time(
        volume_ml / rate_ml_h * 3600, f"{volume_ml:g} ml at {rate_ml_h:g} ml/h", "move less, or faster"
    )


def _check_time(lasts_s: float, what: str, hint: str) -> None:
    if lasts_s > LONGEST_S - MARGIN_S:
        raise ManualRefused(
            f"{what} take {lasts_s / 60:.1f} min, and manual work ends by itself after {LONGEST_S / 60:.0f} min "
            f"({MARGIN_S / 60:.0f} min of it for waiting and proving)",
            hint,
        )
