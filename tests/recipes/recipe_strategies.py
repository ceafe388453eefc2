"""Any recipe the model can hold, as a hypothesis strategy: what a reader could have made of some text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from recipes.materials import gas_names
from recipes.model import FORMAT, Parameter, Recipe, Source
from recipes.needles import NEEDLE_SIZES
from recipes.solutions import PARTS_BY, Solute, Solution, Solvent
from recipes.steps import (
    COLLECTOR_KINDS,
    MODES,
    NEEDLE_KINDS,
    ON_LEAVE,
    Accepted,
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
from recipes.units import DIMENSIONS, UNITS, Quantity, Range, UnitError, parse_any, quantity
from recipes.written import REFERENCE

ODD_TEXTS = (
    "µ°→₂Ω", 'said "no"', "a\nb", "a\r\nb\n", '""\n"""', "\\", "tab\there", "# no comment", "[x]", "a = 1",
    "$", "$5", "{ }", "\x7f\x00\x1b", "1 ml/h", '\\"', "'''", " lead and trail ", "好的", "\u2028x",
)  # fmt: skip
ODD_IDS = ("assumed", "id", "steps", "true", "inf", "1", "1e5", "0x1F", "A-", "a_-", "solution", "streams")

GASES = gas_names()
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(
    st.characters(exclude_categories=("Cs",)), min_size=1, max_size=10
).filter(lambda text: bool(text.strip()) and not REFERENCE.fullmatch(text))
IDS = st.sampled_from(ODD_IDS) | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,7}", fullmatch=True)
NUMBERS = (
    st.sampled_from((1.0, 0.1, 20.0, 0.8, 2.5, 1e-5, 1e16, 0.30000000000000004))
    | st.decimals("0.001", "9999", places=3).map(float)
    | st.floats(1e-9, 1e9)
)


def amounts(*dimensions: str, signed: bool = False) -> st.SearchStrategy[Quantity]:
    """Quantities above zero (or of any sign) in every unit."""
    units = [(unit, name) for name in dimensions for unit in UNITS[name]]
    values = NUMBERS | NUMBERS.map(lambda value: -value) | st.just(0.0) if signed else NUMBERS
    return st.builds(lambda value, unit: Quantity(value, *unit), values, st.sampled_from(units))


def limited(dimension: str, low: float, high: float) -> st.SearchStrategy[Quantity]:
    """Quantities between two values in the base unit."""
    base = DIMENSIONS[dimension].base

    def made(value: float, unit: str) -> Quantity:
        return quantity(round(quantity(value, base, dimension).to(unit), 6), unit, dimension)

    return st.builds(made, st.floats(low, high), st.sampled_from(list(UNITS[dimension]))).filter(
        lambda made: low <= made.to(base) <= high
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value, or not said."""
    return st.none() | strategy


ACCEPTED = st.lists(st.builds(Accepted, TEXTS, TEXTS), max_size=2).map(tuple)
NEEDLES = st.builds(
    Needle,
    maybe(st.sampled_from(sorted(NEEDLE_SIZES)).map(lambda gauge: quantity(gauge, "G", "gauge"))),
    st.sampled_from(NEEDLE_KINDS),
    st.integers(1, 40),
).filter(lambda needle: needle.count == 1 or needle.kind == "manifold")
COLLECTORS = st.builds(
    Collector,
    st.sampled_from(COLLECTOR_KINDS),
    maybe(amounts("rotation", "speed")),
    maybe(amounts("length")),
    maybe(amounts("voltage", signed=True)),
)


@st.composite
def windows(draw: st.DrawFn, dimension: str) -> Window:
    low, high = draw(maybe(amounts(dimension))), draw(maybe(amounts(dimension)))
    if low is None and high is None:
        low = draw(amounts(dimension))
    if low is not None and high is not None:
        low, high = (low, None) if low == high else sorted((low, high))
    return Window(low, high, draw(st.sampled_from(ON_LEAVE)))


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Parameter:
    kind = draw(st.sampled_from(("quantity", "int", "float", "text", "flag")))
    if kind == "text":
        return Parameter(name, draw((TEXTS | st.just("") | st.just("$other")).filter(_no_comma)))
    if kind == "flag":
        return Parameter(name, draw(st.booleans()))
    three: list[Any]
    if kind == "quantity":
        three = [item.text() for item in sorted(draw(st.lists(amounts("voltage"), min_size=3, max_size=3)))]
    else:
        numbers: st.SearchStrategy[Any] = (
            st.integers(-5, 10**20) if kind == "int" else st.floats(allow_nan=False)
        )
        three = sorted(draw(st.lists(numbers, min_size=3, max_size=3)))
    low, default, high = three
    return Parameter(name, default, draw(maybe(st.just(low))), draw(maybe(st.just(high))))


def _no_comma(text: str) -> bool:
    try:
        parse_any(text)
    except UnitError as error:
        return error.code != "decimal-comma"
    return True


@st.composite
def solutions(draw: st.DrawFn, id: str) -> Solution:
    solvents = st.builds(Solvent, TEXTS, maybe(NUMBERS))
    solutes = st.builds(Solute, TEXTS, maybe(NUMBERS), maybe(amounts("molar_mass")), maybe(amounts("length")))
    values: dict[str, Any] = {
        "solvents": tuple(draw(st.lists(solvents, min_size=1, max_size=2))),
        "solutes": tuple(draw(st.lists(solutes, max_size=2))),
        "parts_by": draw(st.sampled_from(PARTS_BY)),
        "concentration": draw(maybe(limited("mass_fraction", 0.01, 100) | amounts("density"))),
        "conductivity": draw(maybe(amounts("conductivity"))),
        "viscosity": draw(maybe(amounts("viscosity"))),
        "surface_tension": draw(maybe(amounts("surface_tension"))),
        "density": draw(maybe(amounts("density"))),
        "preparation": draw(maybe(TEXTS)),
        "use_within": draw(maybe(amounts("time"))),
    }
    return Solution(id, **values, assumed=draw(assumed([*values], values)))


def assumed(keys: list[str], values: dict[str, Any]) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of the keys that have a value, each once, or all by a star."""
    possible = ["*", *(key for key in keys if values.get(key, "") is not None)]
    return st.just(()) | st.lists(st.sampled_from(possible), max_size=3).map(tuple)


@st.composite
def steps(draw: st.DrawFn, id: str, known: list[str], do: str) -> Any:
    kind = KINDS[do]
    common: dict[str, Any] = {
        "id": id,
        "note": draw(maybe(TEXTS)),
        "attended": draw(st.booleans()),
        "accept": draw(ACCEPTED),
    }
    made, keys = draw(kind(known))
    values = common | made
    keys = ["id", "do", "note", "attended", "accept", *keys]
    maker = MAKERS[kind]
    return maker(**values, assumed=draw(assumed(keys, values)))


@st.composite
def _prime(draw: st.DrawFn, known: list[str]) -> Any:
    streams = st.builds(PrimeStream, TEXTS, st.sampled_from(known)) | st.sampled_from(known).map(
        lambda name: PrimeStream(name, name)
    )
    values = {
        "volume": draw(maybe(amounts("volume"))),
        "rate": draw(st.just(quantity(10, "ml/h", "flow_rate")) | amounts("flow_rate")),
        "streams": tuple(draw(st.lists(streams, max_size=2))),
    }
    return values, [*values]


@st.composite
def _spin(draw: st.DrawFn, known: list[str]) -> Any:
    values: dict[str, Any] = {
        "duration": draw(amounts("time")),
        "voltage": draw(amounts("voltage", signed=True)),
        "distance": draw(amounts("length")),
        "needle": draw(st.just(Needle()) | NEEDLES),
        "collector": draw(maybe(COLLECTORS)),
        "humidity": draw(maybe(windows("humidity"))),
        "temperature": draw(maybe(windows("temperature"))),
        "start_lag": draw(st.just(quantity(5, "s", "time")) | amounts("time")),
        "draw_off": draw(st.just(quantity(3, "s", "time")) | limited("time", 0, 10)),
        "arc_retries": draw(st.integers(0, 3)),
    }
    streams = []
    for _ in range(draw(st.integers(1, 3))):
        solution = draw(st.sampled_from(known))
        streams.append(
            Stream(
                draw(st.just(solution) | IDS),
                solution,
                draw(st.sampled_from(MODES)),
                draw(amounts("flow_rate")),
                draw(st.just(values["voltage"]) | amounts("voltage", signed=True)),
                draw(st.just(values["distance"]) | amounts("length")),
                draw(st.just(values["needle"]) | st.just(Needle()) | NEEDLES),
                draw(st.booleans()),
                draw(maybe(TEXTS)),
            )
        )
    values["streams"] = tuple(streams)
    return values, [*values]


@st.composite
def _prompt(draw: st.DrawFn, known: list[str]) -> Any:
    record = {}
    for name in draw(st.lists(IDS, max_size=2, unique=True)):
        unit = draw(st.sampled_from([(unit, name) for name in UNITS for unit in UNITS[name]]))
        dimension = parse_any(f"1 {unit[0]}").dimension
        three = sorted(draw(st.lists(amounts(dimension), min_size=5, max_size=5)))
        low, least, usual, most, high = three
        said = draw(st.lists(st.booleans(), min_size=4, max_size=4))
        record[name] = RecordField(
            unit[0],
            dimension,
            Range(least, most) if said[0] else None,
            low if said[1] and low < high else None,
            high if said[2] else None,
            usual if said[3] else None,
        )
    values = {"say": draw(TEXTS), "record": record}
    return values, [*values]


@st.composite
def _dry(draw: st.DrawFn, known: list[str]) -> Any:
    values = {
        "to": draw(amounts("temperature", signed=True)),
        "duration": draw(amounts("time")),
        "atmosphere": draw(st.sampled_from(GASES)),
        "flow": draw(maybe(amounts("gas_flow"))),
    }
    return values, [*values]


@st.composite
def _purge(draw: st.DrawFn, known: list[str]) -> Any:
    values: dict[str, Any] = {"gas": draw(st.sampled_from(GASES)), "flow": draw(amounts("gas_flow"))}
    end = draw(st.sampled_from(("oxygen", "volumes")))
    values[end] = draw(amounts("oxygen") if end == "oxygen" else NUMBERS)
    return values, ["gas", "flow", "until"]


@st.composite
def _heat(draw: st.DrawFn, known: list[str]) -> Any:
    shared = draw(maybe(amounts("gas_flow")))
    segments = tuple(
        Segment(
            draw(amounts("heating_rate")),
            draw(amounts("temperature", signed=True)),
            draw(st.just(quantity(0, "min", "time")) | amounts("time")),
            draw(st.sampled_from(GASES)),
            draw(st.just(shared) | maybe(amounts("gas_flow"))),
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    keys = ["band", "atmosphere"]
    if all(segment.flow is not None for segment in segments):
        keys.append("flow")
    single = len(segments) == 1 and draw(st.booleans())
    keys += ["ramp", "to", "soak"] if single else ["segments"]
    band = draw(st.just(quantity(5, "degC", "temperature_difference")) | amounts("temperature_difference"))
    return {"segments": segments, "band": band}, keys


@st.composite
def _cool(draw: st.DrawFn, known: list[str]) -> Any:
    values = {
        "atmosphere": draw(st.sampled_from(GASES)),
        "below": draw(amounts("temperature", signed=True)),
        "flow": draw(maybe(amounts("gas_flow"))),
        "cold": draw(st.just(quantity(200, "degC", "temperature")) | limited("temperature", -200, 200)),
    }
    return values, [*values]


@st.composite
def _wait(draw: st.DrawFn, known: list[str]) -> Any:
    values = {"duration": draw(amounts("time"))}
    return values, [*values]


KINDS: dict[str, Any] = {
    "prime": _prime,
    "spin": _spin,
    "prompt": _prompt,
    "dry": _dry,
    "purge": _purge,
    "heat": _heat,
    "cool": _cool,
    "wait": _wait,
}
MAKERS: dict[Any, Any] = {
    _prime: PrimeStep,
    _spin: SpinStep,
    _prompt: PromptStep,
    _dry: DryStep,
    _purge: PurgeStep,
    _heat: HeatStep,
    _cool: CoolStep,
    _wait: WaitStep,
}


@st.composite
def recipes(draw: st.DrawFn, do: str) -> Recipe:
    """A recipe as the reader makes it, without text: a step of one kind, and perhaps of another. (Recipes with many
    steps are larger than hypothesis likes to draw.)
    """
    known = draw(st.lists(IDS, min_size=1, max_size=2, unique=True))
    source = st.builds(
        Source, maybe(TEXTS.map(lambda text: f"10.{text}")), maybe(TEXTS), maybe(TEXTS), maybe(TEXTS)
    )
    names = draw(st.lists(IDS, max_size=2, unique=True))
    kinds = [do, *draw(st.lists(st.sampled_from(("wait", "cool")), max_size=1))]
    return Recipe(
        format=FORMAT,
        id="generated",
        name=draw(TEXTS),
        summary=draw(maybe(TEXTS)),
        source=draw(maybe(source)),
        parameters={name: draw(parameters(name)) for name in names},
        solutions={name: draw(solutions(name)) for name in known},
        steps=tuple(draw(steps(draw(IDS), known, kind)) for kind in kinds),
        accept=draw(ACCEPTED),
        text="",
        sha256="",
    )


def keys_in(data: dict[str, Any], section: str = "recipe") -> Iterator[tuple[str, str]]:
    """Every key of a recipe's TOML data with the section it stands in ("spin.streams", "rate")."""
    for key, value in data.items():
        yield section, key
        below = f"{section}.streams" if key == "streams" else key
        if key in ("parameters", "solutions", "record"):
            items = list(value.values())
        elif isinstance(value, dict):
            items = [value]
        else:
            items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
        for item in items:
            yield from keys_in(item, item["do"] if key == "steps" and section == "recipe" else below)
