"""Rules about humidity and temperature windows of the chamber."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recipes.problems import Severity
from recipes.steps import SpinStep, Window

from .case import Case
from .examples import spin
from .findings import Finding
from .rule import Rule

NARROWEST: Final = {"humidity": ("%RH", 4.0), "temperature": ("degC", 1.0)}
HUMID_PCT: Final = 60.0
VOLATILE_DEGC: Final = 70.0


def _windows(step: SpinStep) -> Iterator[tuple[str, Window]]:
    for key, window in (("humidity", step.humidity), ("temperature", step.temperature)):
        if window is not None:
            yield key, window


def hold_on_assumed(case: Case) -> Iterator[Finding]:
    """A limit that the source does not give may warn, not hold."""
    for path, step in case.spins():
        for key, window in _windows(step):
            if window.on_leave == "hold" and step.is_assumed(key):
                message = f'the {key} window is assumed, so on_leave = "hold" is not allowed'
                yield Finding(f"{path}.{key}.on_leave", message, 'write on_leave = "warn"', path)


def narrow_window(case: Case) -> Iterator[Finding]:
    """Narrower than what a sensor tells."""
    for path, step in case.spins():
        for key, window in _windows(step):
            unit, least = NARROWEST[key]
            if window.minimum is None or window.maximum is None:
                continue
            width = window.maximum.to(unit) - window.minimum.to(unit)
            if 0 < width < least:
                message = (
                    f"a {key} window of {width:g} {unit.replace('degC', '°C')} is within what a sensor is off"
                )
                yield Finding(
                    f"{path}.{key}", message, f"leave at least {least:g} {unit.replace('degC', '°C')}", path
                )


def humid_for_water(case: Case) -> Iterator[Finding]:
    """Water leaves a jet slowly in moist air."""
    for path, step in case.spins():
        high = (
            None
            if step.humidity is None or step.humidity.maximum is None
            else step.humidity.maximum.to("%RH")
        )
        for stream in step.streams:
            solution = case.recipe.solutions.get(stream.solution)
            if high is None or solution is None or high <= HUMID_PCT or stream.mode != "electrospin":
                continue
            known = case.solvents(solution)
            if known and all(one.name == "water" for one in known):
                message = f'"{stream.solution}" is spun from water at up to {high:g} %RH: its fibres land wet'
                yield Finding(f"{path}.humidity.max", message, "stay below 60 %RH", path)


def water_condenses(case: Case) -> Iterator[Finding]:
    """A jet that cools by a volatile solvent takes water from moist air: pores."""
    for path, step in case.spins():
        high = (
            None
            if step.humidity is None or step.humidity.maximum is None
            else step.humidity.maximum.to("%RH")
        )
        for stream in step.streams:
            solution = case.recipe.solutions.get(stream.solution)
            if high is None or solution is None or high <= HUMID_PCT or stream.mode != "electrospin":
                continue
            boiling = [one.boiling_degc for one in case.solvents(solution) if one.boiling_degc is not None]
            if boiling and max(boiling) < VOLATILE_DEGC:
                message = (
                    f'at up to {high:g} %RH water condenses on the jet of "{stream.solution}": porous fibres'
                )
                yield Finding(f"{path}.humidity.max", message, "meant so? else stay below 60 %RH", path)


RULES: Final = (
    Rule(
        "hold-on-assumed",
        Severity.ERROR,
        "decision",
        hold_on_assumed,
        "An assumed limit must not stop a run.",
        "docs/safety.md, humidity and temperature",
        breaks=spin(('max = "45 %RH" }', 'max = "45 %RH", on_leave = "hold" }\nassumed = ["humidity"]')),
        holds=spin(('max = "45 %RH" }', 'max = "45 %RH", on_leave = "warn" }\nassumed = ["humidity"]')),
    ),
    Rule(
        "narrow-window",
        Severity.WARNING,
        "M",
        narrow_window,
        "Capacitive sensors are good for 1.5 to 2 %RH and some tenths of a degree.",
        "data sheets of chamber sensors",
        breaks=spin(('min = "20 %RH", max = "45 %RH"', 'min = "40 %RH", max = "43 %RH"')),
        holds=spin(('min = "20 %RH", max = "45 %RH"', 'min = "40 %RH", max = "44 %RH"')),
    ),
    Rule(
        "humid-for-water",
        Severity.WARNING,
        "M",
        humid_for_water,
        "Aqueous jets need dry air.",
        "practice with PEO and PVA",
        breaks=spin(
            ('"DMF"', '"water"'), ('"PAN", molar', '"PVA", molar'), ('max = "45 %RH"', 'max = "61 %RH"')
        ),
        holds=spin(
            ('"DMF"', '"water"'), ('"PAN", molar', '"PVA", molar'), ('max = "45 %RH"', 'max = "60 %RH"')
        ),
    ),
    Rule(
        "water-condenses",
        Severity.NOTE,
        "C",
        water_condenses,
        "Relative humidity sets whether water condenses on the evaporating jet and makes pores.",
        "PMC7608675",
        breaks=spin(
            ('"DMF"', '"chloroform"'), ('"PAN", molar', '"PLLA", molar'), ('max = "45 %RH"', 'max = "61 %RH"')
        ),
        holds=spin(
            ('"DMF"', '"chloroform"'), ('"PAN", molar', '"PLLA", molar'), ('max = "45 %RH"', 'max = "60 %RH"')
        ),
    ),
)
