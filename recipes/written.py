"""A recipe as the tables and keys an author would write: the step between the model and TOML text.

The model holds resolved values; here the resolving is undone. Every `Key` says whether it may be left out
(it repeats a default, or what the step gives its streams). `Block.as_said` leaves those out that the author
did not write either: what the recipe's own text says, and what an `assumed` list names, stays. Where that text
refers to a parameter ("$spin_voltage") and the value is still the parameter's, the reference is kept.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .model import Parameter, Recipe, as_data
from .solutions import Solution
from .steps import (
    BAND,
    COLD,
    DRAW_OFF,
    NO_SOAK,
    PRIME_RATE,
    START_LAG,
    Accepted,
    AnyStep,
    Collector,
    CoolStep,
    DryStep,
    HeatStep,
    Needle,
    PrimeStep,
    PromptStep,
    PurgeStep,
    RecordField,
    SpinStep,
    Stream,
    WaitStep,
    Window,
)
from .units import Quantity, Range, UnitError, parse_any

REFERENCE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_-]*")
LABELS = ("id", "solution", "name", "code")
"""The keys by which an element of a list is known, as in `tables`."""


class Unwritable(ValueError):
    """The recipe holds something that no text can say; the message names it."""


@dataclass(slots=True)
class Block:
    """One table: its keys in the order in which they are written."""

    keys: dict[str, Key] = field(default_factory=dict)
    verbatim: bool = False  # [parameters] itself: there "$name" is a text like any other

    def put(self, key: str, value: Any, *, default: Any = None) -> None:
        """Add a key. None is not written; a value written just like `default` may be left out."""
        if value is not None:
            self.keys[key] = Key(_plain(value), same(value, default))

    def as_said(self, said: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Block:
        """Without the keys that may be left out and were not said. `said` is this table as the parser found
        it in the author's text (empty: there is none).
        """
        if self.verbatim:
            return self
        kept = Block()
        listed = self.keys["assumed"].value if "assumed" in self.keys else ()
        assumed = listed if isinstance(listed, list) else ()  # a solution may be called "assumed"
        for name, key in self.keys.items():
            if key.spare and name not in said and name not in assumed:
                continue
            kept.keys[name] = Key(_as_said(key.value, said.get(name), parameters), key.spare)
        for name in assumed:
            if name != "*" and name not in kept.keys:
                raise Unwritable(f'"{name}" is assumed, but the recipe holds no such key to write')
        return kept


@dataclass(slots=True)
class Key:
    """A value as TOML can hold it (text, number, list, `Block`); `spare`: it may be left out."""

    value: Any
    spare: bool = False


def recipe_block(recipe: Recipe) -> Block:
    """All that is to be written of a recipe.

    :raises Unwritable: when it holds what no text can say.
    """
    said = said_by(recipe.text)
    block = Block()
    block.put("format", recipe.format)
    block.put("name", recipe.name)
    block.put("summary", recipe.summary)
    if recipe.source is not None:
        block.put("source", _fields(recipe.source, ("doi", "url", "title", "note")))
    _accept(block, recipe.accept)
    parameters = _named({name: _parameter(item) for name, item in recipe.parameters.items()})
    parameters.verbatim = True
    block.put("parameters", parameters)
    block.put("solutions", _named({name: _solution(item) for name, item in recipe.solutions.items()}))
    steps = said.get("steps")
    block.put(
        "steps", [_step(step, _element(steps, index, step.id)) for index, step in enumerate(recipe.steps)]
    )
    for name in ("parameters", "solutions"):
        block.keys[name].spare = not block.keys[name].value.keys
    return block.as_said(said, recipe.parameters)


def said_by(text: str) -> dict[str, Any]:
    """What stands in an author's text, unresolved; nothing when it is not TOML (or there is none)."""
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        return {}


def same(one: Any, other: Any) -> bool:
    """Equal and written alike: 20 kV and 20000 V are equal, but not the same."""
    return bool(as_data(one) == as_data(other))


# --- parts of a recipe ---


def _fields(item: object, names: Iterable[str]) -> Block:
    block = Block()
    for name in names:
        value = getattr(item, name)
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        block.put(name, int(value) if whole else value)  # 7 parts, not 7.0
    return block


def _named(items: Mapping[str, Block]) -> Block:
    block = Block()
    for name, item in items.items():
        block.put(name, item)
    return block


def _accept(block: Block, accepted: Sequence[Accepted]) -> None:
    block.put("accept", [_fields(item, ("code", "reason")) for item in accepted], default=[])


def _parameter(parameter: Parameter) -> Block:
    block = Block()
    block.put("default", parameter.default)
    block.put("min", parameter.minimum)
    block.put("max", parameter.maximum)
    return block


def _solution(solution: Solution) -> Block:
    block = Block()
    block.put("solvents", [_fields(item, ("name", "parts")) for item in solution.solvents])
    solutes = [_fields(item, ("name", "molar_mass", "particle_size", "parts")) for item in solution.solutes]
    block.put("solutes", solutes, default=[])
    block.put("parts_by", solution.parts_by, default="mass")
    for name in ("concentration", "conductivity", "viscosity", "surface_tension", "density"):
        block.put(name, getattr(solution, name))
    block.put("preparation", solution.preparation)
    block.put("use_within", solution.use_within)
    block.put("assumed", list(solution.assumed), default=[])
    return block


def _step(step: AnyStep, said: Mapping[str, Any]) -> Block:
    block = Block()
    block.put("id", step.id)
    block.put("do", step.do)
    block.put("note", step.note)
    block.put("attended", step.attended, default=step.do in ("prime", "spin"))
    match step:
        case PrimeStep():
            block.put("volume", step.volume)
            block.put("rate", step.rate, default=PRIME_RATE)
            block.put("streams", [_ids(item.id, item.solution) for item in step.streams], default=[])
        case SpinStep():
            _spin(block, step, said)
        case PromptStep():
            block.put("say", step.say)
            record = _named({name: _record_field(item) for name, item in step.record.items()})
            block.put("record", record, default=Block())
        case DryStep():
            block.put("to", step.to)
            block.put("duration", step.duration)
            block.put("atmosphere", step.atmosphere, default="air")
            block.put("flow", step.flow)
        case PurgeStep():
            block.put("gas", step.gas)
            block.put("flow", step.flow)
            block.put("until", step.oxygen if step.volumes is None else _fields(step, ("volumes",)))
        case HeatStep():
            _heat(block, step, said)
        case CoolStep():
            block.put("atmosphere", step.atmosphere)
            block.put("flow", step.flow)
            block.put("below", step.below)
            block.put("cold", step.cold, default=COLD)
        case WaitStep():
            block.put("duration", step.duration)
    block.put("assumed", list(step.assumed), default=[])
    _accept(block, step.accept)
    streams = block.keys.pop("streams", None)  # tables below the step's own keys
    if streams is not None:
        block.keys["streams"] = streams
    return block


def _spin(block: Block, step: SpinStep, said: Mapping[str, Any]) -> None:
    block.put("duration", step.duration)
    by_streams = []
    for name in ("voltage", "distance"):
        mine, first = getattr(step, name), getattr(step.streams[0], name) if step.streams else None
        if said and name not in said and name not in step.assumed and same(mine, first):
            by_streams.append(name)  # the author left it to the streams
        else:
            block.put(name, mine)
    block.put("needle", _needle(step.needle), default=Block())
    block.keys["needle"].spare = same(step.needle, Needle())
    if step.collector is not None:
        block.put("collector", _collector(step.collector))
    for name, window in (("humidity", step.humidity), ("temperature", step.temperature)):
        if window is not None:
            block.put(name, _window(window))
    block.put("start_lag", step.start_lag, default=START_LAG)
    block.put("draw_off", step.draw_off, default=DRAW_OFF)
    block.put("arc_retries", step.arc_retries, default=0)
    block.put("streams", [_stream(item, step, by_streams) for item in step.streams])


def _stream(stream: Stream, step: SpinStep, by_streams: Sequence[str]) -> Block:
    block = _ids(stream.id, stream.solution)
    block.put("mode", stream.mode)
    block.put("rate", stream.rate)
    for name in ("voltage", "distance"):
        block.put(name, getattr(stream, name), default=None if name in by_streams else getattr(step, name))
    block.put("needle", _needle(stream.needle))
    block.keys["needle"].spare = same(stream.needle, step.needle)
    block.put("refill", stream.refill, default=False)
    block.put("shell_of", stream.shell_of)
    return block


def _ids(id: str, solution: str) -> Block:
    """Id and solution of a stream; without an id it is called after its solution."""
    block = Block()
    block.put("id", id, default=solution)
    block.put("solution", solution)
    return block


def _needle(needle: Needle) -> Block:
    block = Block()
    block.put("gauge", needle.gauge)
    block.put("kind", needle.kind, default="single")
    block.put("count", needle.count, default=1)
    return block


def _collector(collector: Collector) -> Block:
    return _fields(collector, ("kind", "speed", "diameter", "voltage"))


def _window(window: Window) -> Block:
    block = Block()
    block.put("min", window.minimum)
    block.put("max", window.maximum)
    block.put("on_leave", window.on_leave, default="warn")
    return block


def _record_field(item: RecordField) -> Block:
    return _fields(item, ("unit", "expect", "refuse_below", "refuse_above", "simulate"))


def _heat(block: Block, step: HeatStep, said: Mapping[str, Any]) -> None:
    """One segment stands in the step itself, several in a list; what they share stands once, in the step."""
    first = step.segments[0] if step.segments else None
    listed = len(step.segments) != 1 or "segments" in step.assumed
    if not listed and "segments" in said and not {"ramp", "to", "soak"}.intersection(step.assumed):
        listed = True
    if first is not None and not listed:
        for name in ("atmosphere", "flow", "ramp", "to", "soak"):
            block.put(name, getattr(first, name))
        block.put("band", step.band, default=BAND)
        return
    atmosphere = said.get("atmosphere") or (first.atmosphere if first else None)
    if not any(segment.atmosphere == atmosphere for segment in step.segments):
        atmosphere = first.atmosphere if first else None
    if not said or "atmosphere" in said or "atmosphere" in step.assumed:
        block.put("atmosphere", atmosphere)
    else:
        atmosphere = None
    flow = _shared_flow(step, said)
    block.put("flow", flow)
    block.put("band", step.band, default=BAND)
    segments = []
    for segment in step.segments:
        item = _fields(segment, ("ramp", "to"))
        item.put("soak", segment.soak, default=NO_SOAK)
        item.put("atmosphere", segment.atmosphere, default=atmosphere)
        item.put("flow", segment.flow, default=flow)
        segments.append(item)
    block.put("segments", segments)


def _shared_flow(step: HeatStep, said: Mapping[str, Any]) -> Quantity | None:
    """The flow to give in the step. A segment without a flow would take it over, so all must have one."""
    flows = [segment.flow for segment in step.segments if segment.flow is not None]
    if not flows or len(flows) < len(step.segments):
        return None
    written = said.get("flow")
    if isinstance(written, str):
        for flow in flows:
            if _means(written, flow.text()):
                return flow
    alike = len(flows) > 1 and all(same(flow, flows[0]) for flow in flows)
    return flows[0] if "flow" in said or "flow" in step.assumed or (alike and not said) else None


# --- values ---


def _plain(value: Any) -> Any:
    if isinstance(value, Quantity):
        if not math.isfinite(value.value):
            raise Unwritable(f"{value.text()} is not a finite quantity")
        return value.text()
    return f"{_plain(value.minimum)} .. {_plain(value.maximum)}" if isinstance(value, Range) else value


def _as_said(value: Any, said: Any, parameters: Mapping[str, Parameter]) -> Any:
    if isinstance(value, Block):
        return value.as_said(said if isinstance(said, dict) else {}, parameters)
    if isinstance(value, list):
        return [
            item.as_said(_element(said, index, _label(item)), parameters) if isinstance(item, Block) else item
            for index, item in enumerate(value)
        ]
    if isinstance(said, str) and said.startswith("$") and said[1:] in parameters:
        default = parameters[said[1:]].default
        if _means(default, value):
            return said
    if isinstance(value, str) and REFERENCE.fullmatch(value):  # the reader would look for such a parameter
        for name, parameter in parameters.items():
            if parameter.default == value:
                return f"${name}"
        raise Unwritable(
            f'the text "{value}" would be read as a parameter, and no parameter has it as its value'
        )
    return value


def _means(default: Any, value: Any) -> bool:
    """Whether a parameter's default is what is to be written."""
    if isinstance(default, str) and isinstance(value, str) and default != value:
        try:
            return parse_any(default).text() == value
        except UnitError:
            return False
    if isinstance(default, bool) or isinstance(value, bool):
        return default is value
    return bool(default == value)


def _label(block: Block) -> str | None:
    return next((block.keys[name].value for name in LABELS if name in block.keys), None)


def _element(said: Any, index: int, label: str | None) -> dict[str, Any]:
    """The element of a list in the author's text: the one so called, else the one at that place."""
    if not isinstance(said, list) or not all(isinstance(item, dict) for item in said):
        return {}
    labels = [next((item[name] for name in LABELS if name in item), None) for item in said]
    if label is not None and labels.count(label) == 1:
        found: dict[str, Any] = said[labels.index(label)]
        return found
    if index < len(said) and labels[index] == label:
        at_index: dict[str, Any] = said[index]
        return at_index
    return {}
