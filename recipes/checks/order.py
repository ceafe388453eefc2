"""Rules about the order of steps between chamber and furnace: who moves the mat, and what is opened when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recipes.problems import Severity
from recipes.steps import CoolStep, DryStep, HeatStep, PromptStep, PurgeStep, SpinStep

from .case import Case
from .examples import carbon, oxide, spin
from .findings import Finding
from .rule import Rule

HOT_DEGC: Final = 100.0
"""Too hot to be opened on any rig; below it the rig's own open_below decides."""


def _tube_degc(step: object, before: float) -> float:
    """The temperature at which a step leaves the tube, degC."""
    if isinstance(step, HeatStep):
        return step.segments[-1].to.to("degC") if step.segments else before
    if isinstance(step, DryStep):
        return step.to.to("degC")
    if isinstance(step, CoolStep):
        return min(before, step.below.to("degC"))
    return before


def same_collector(case: Case) -> Iterator[Finding]:
    """A second spin step on a collector that nobody has changed."""
    last: str | None = None
    for place in case.places():
        if isinstance(place.step, SpinStep):
            if last is not None:
                message = f'goes on the collector of "{last}": nobody is asked to change it'
                hint = 'meant as layers? accept it with a reason; else put a step do = "prompt" between'
                yield Finding(place.path, message, hint, place.path)
            last = place.step.id
        elif isinstance(place.step, PromptStep):
            last = None


def mat_not_moved(case: Case) -> Iterator[Finding]:
    """From the collector into the furnace a person carries it."""
    spun: str | None = None
    for place in case.places():
        step = place.step
        if isinstance(step, SpinStep):
            spun = step.id
        elif isinstance(step, PromptStep):
            spun = None
        elif isinstance(step, HeatStep | DryStep | PurgeStep) and spun is not None:
            message = (
                f'heats or purges right after "{spun}", and nobody is asked to lay the mat in the furnace'
            )
            yield Finding(place.path, message, 'put a step do = "prompt" between', place.path)
            spun = None


def opened_hot(case: Case) -> Iterator[Finding]:
    """A person is asked to do something while the recipe has left the tube hot."""
    degc = 0.0
    for place in case.places():
        if isinstance(place.step, PromptStep) and degc > HOT_DEGC:
            message = f"a person is asked while the tube is at {degc:g} °C"
            yield Finding(
                place.path, message, 'put a step do = "cool", below = "60 degC" before it', place.path
            )
        degc = _tube_degc(place.step, degc)


def ends_hot(case: Case) -> Iterator[Finding]:
    """The last furnace step leaves the tube hot."""
    degc, last = 0.0, ""
    for place in case.places():
        after = _tube_degc(place.step, degc)
        degc, last = after, place.path if after != degc else last
    if degc > HOT_DEGC:
        message = f"the recipe ends with the tube at {degc:g} °C: it cools unrecorded by any step, in what gas there is"
        yield Finding(last, message, 'end with a step do = "cool", below = "60 degC"', last)


_COOL_AIR: Final = """[[steps]]
id = "cool-in-air"
do = "cool"
atmosphere = "air"
below = "60 degC"

"""
_TRANSFER: Final = """[[steps]]
id = "transfer"
do = "prompt"
say = "Lay the mat in the furnace."

"""
_COOL: Final = """
[[steps]]
id = "cool"
do = "cool"
atmosphere = "air"
below = "60 degC"
"""
_AGAIN: Final = """rate = "1 ml/h"

[[steps]]
id = "again"
do = "spin"
duration = "1 h"
voltage = "15 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
collector = { kind = "plate" }
humidity = { min = "20 %RH", max = "45 %RH" }
[[steps.streams]]
solution = "pan"
mode = "electrospin"
rate = "1 ml/h"
"""
_CHANGE: Final = 'rate = "1 ml/h"\n\n[[steps]]\nid = "change"\ndo = "prompt"\nsay = "Put a new foil on."\n'

RULES: Final = (
    Rule(
        "same-collector",
        Severity.WARNING,
        "form",
        same_collector,
        "Two spin steps without a change of collector make one mat.",
        "the order of the recipe's steps",
        breaks=spin(('rate = "1 ml/h"\n', _AGAIN)),
        holds=spin(('rate = "1 ml/h"\n', _CHANGE + _AGAIN.removeprefix('rate = "1 ml/h"\n'))),
    ),
    Rule(
        "mat-not-moved",
        Severity.WARNING,
        "form",
        mat_not_moved,
        "Chamber and furnace are two stations with a person between them.",
        "the order of the recipe's steps",
        breaks=oxide((_TRANSFER, "")),
        holds=oxide(),
    ),
    Rule(
        "opened-hot",
        Severity.ERROR,
        "decision",
        opened_hot,
        "Nobody is sent to a tube above its open limit.",
        "docs/safety.md, leaving and opening",
        breaks=carbon((_COOL_AIR, _COOL_AIR.replace("60 degC", "101 degC"))),
        holds=carbon((_COOL_AIR, _COOL_AIR.replace("60 degC", "100 degC"))),
    ),
    Rule(
        "ends-hot",
        Severity.WARNING,
        "form",
        ends_hot,
        "How it cools, and in what, belongs to the recipe: carbon burns in air, glass and seals crack.",
        "practice of tube furnaces",
        breaks=oxide((_COOL, "")),
        holds=oxide((_COOL, _COOL.replace("60 degC", "100 degC"))),
    ),
)
