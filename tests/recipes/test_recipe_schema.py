"""The schema for editors: it takes what the reader takes, and refuses what is wrong by shape."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from recipes.catalogue import library_folder
from recipes.format_facts import sections
from recipes.key_meanings import MEANINGS, SECTIONS
from recipes.key_page import page
from recipes.model import FORMAT, Parameter, Recipe, Source
from recipes.reader import read_recipe
from recipes.schema import schema
from recipes.solutions import Solute, Solution, Solvent
from recipes.steps import (
    STEP_KINDS,
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
from recipes.unit_patterns import quantity_pattern, range_pattern
from recipes.units import SPELLINGS, UNITS, UnitError, parse_quantity, parse_range
from recipes.writer import write
from tests.recipes.recipe_strategies import recipes

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
BAD = Path(__file__).parent / "bad"
DOCS = Path(__file__).parents[2] / "docs"

# What no schema can see: it hangs on other parts of the file, or on a number inside a text.
BEYOND_A_SCHEMA = {
    "duplicate-id", "undefined-solution", "unknown-gauge", "bad-window",
    "malformed-toml",  # an editor's own parser says it
}  # fmt: skip


def mistakes(data: Any) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(data)
    ]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", sorted(library_folder().rglob("*.toml")), ids=lambda path: path.stem)
def test_the_library_is_valid_and_what_is_incomplete_lacks_something(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found, _ = read_recipe(text, path.stem, rules=False)
    assert (mistakes(tomllib.loads(text)) == []) == (found is not None)
    assert (found is None) == (path.parent.name == "incomplete")


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_what_is_bad_by_shape_is_refused(path: Path) -> None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError:
        assert path.stem == "malformed-toml"
        return
    assert bool(mistakes(data)) == (path.stem not in BEYOND_A_SCHEMA)


@pytest.mark.parametrize("kind", STEP_KINDS)
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_reader_takes_is_valid(kind: str, data: st.DataObject) -> None:
    assert mistakes(tomllib.loads(write(data.draw(recipes(kind))))) == []


STEP = {"id": "s", "do": "wait", "duration": "1 h"}
STREAM = {"solution": "a", "mode": "electrospin", "rate": "1 ml/h"}
SPIN = {
    "id": "s",
    "do": "spin",
    "duration": "1 h",
    "voltage": "1 kV",
    "distance": "1 cm",
    "streams": [STREAM],
}
HEAT = {"id": "h", "do": "heat", "atmosphere": "air", "ramp": "1 K/min", "to": "9 degC", "soak": "1 h"}
SEGMENT = {"ramp": "1 K/min", "to": "9 degC"}
PURGE = {"id": "p", "do": "purge", "gas": "argon", "flow": "1 slm"}


def without(step: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key not in keys}


STEPS: list[tuple[dict[str, Any], bool]] = [
    (STEP, True),
    (without(STEP, "id"), False),
    (without(STEP, "do"), False),
    (STEP | {"do": "pause"}, False),
    (STEP | {"voltage": "1 kV"}, False),
    (STEP | {"duration": "-1 h"}, False),
    (STEP | {"duration": "1 kV"}, False),
    (STEP | {"duration": "$any"}, True),
    (STEP | {"duration": "1,5 h"}, False),
    (STEP | {"duration": 3}, False),
    (STEP | {"attended": "yes"}, False),
    (STEP | {"attended": "$flag"}, True),
    (STEP | {"note": "  "}, False),
    (STEP | {"accept": [{"code": "x"}]}, False),
    (SPIN, True),
    (SPIN | {"voltage": "-1 kV"}, True),
    (SPIN | {"distance": "-1 cm"}, False),
    (SPIN | {"streams": []}, False),
    (SPIN | {"arc_retries": 4}, False),
    (SPIN | {"needle": {"kind": "double"}}, False),
    (SPIN | {"collector": {"kind": "drum", "speed": "5 m/s"}}, True),
    (SPIN | {"collector": {"speed": "5 m/s"}}, False),
    (SPIN | {"humidity": {"min": "5 degC"}}, False),
    (SPIN | {"temperature": {"min": "5 degC"}}, True),
    (without(SPIN, "voltage"), False),
    (without(SPIN, "voltage") | {"streams": [STREAM | {"voltage": "1 kV"}]}, True),
    (without(SPIN, "voltage") | {"streams": [STREAM | {"voltage": "1 kV"}, STREAM]}, False),
    (without(SPIN, "voltage", "distance") | {"streams": [STREAM | {"voltage": "1 kV"}]}, False),
    (HEAT, True),
    (without(HEAT, "atmosphere"), False),
    (HEAT | {"atmosphere": "water"}, False),
    (HEAT | {"segments": [SEGMENT]}, False),
    (without(HEAT, "ramp", "to", "soak") | {"segments": [SEGMENT]}, True),
    (without(HEAT, "ramp", "to", "soak"), False),
    (without(HEAT, "ramp", "to", "soak", "atmosphere") | {"segments": [SEGMENT]}, False),
    (
        without(HEAT, "ramp", "to", "soak", "atmosphere") | {"segments": [SEGMENT | {"atmosphere": "air"}]},
        True,
    ),
    (PURGE | {"until": "100 ppm O2"}, True),
    (PURGE | {"until": {"volumes": 12}}, True),
    (PURGE | {"until": {"volumes": 0}}, False),
    (PURGE | {"until": {"volume": 12}}, False),
    (PURGE, False),
    ({"id": "a", "do": "prompt", "say": "x", "record": {"m": {"unit": "mg", "expect": "1 .. 2 mg"}}}, True),
    ({"id": "a", "do": "prompt", "say": "x", "record": {"m": {"expect": "1 mg .. 2 mg"}}}, False),
    ({"id": "a", "do": "prompt", "say": "x", "record": {"m": {"unit": "mg", "simulate": 3}}}, False),
    ({"id": "a", "do": "prompt", "say": "x", "record": {"a b": {"unit": "mg"}}}, False),
]


@pytest.mark.parametrize(("step", "good"), STEPS)
def test_steps_are_judged_as_the_reader_does(step: dict[str, Any], good: bool) -> None:
    data = {"format": 1, "name": "x", "steps": [step]}
    assert (mistakes(data) == []) == good, mistakes(data)
    recipe, _ = read_recipe(_toml(data), "x", rules=False)
    if "$" not in str(step):
        assert (recipe is not None) == good


def _toml(data: dict[str, Any]) -> str:
    from recipes.writer import literal

    return "".join(f"{key} = {literal(value)}\n" for key, value in data.items())


def test_other_tables() -> None:
    base = {"format": 1, "name": "x", "steps": [STEP]}
    assert mistakes(base) == []
    for more, good in (
        ({"format": FORMAT + 1}, False),
        ({"format": "1"}, False),
        ({"extra": 1}, False),
        ({"source": {"doi": "10.1/x"}}, True),
        ({"source": "10.1/x"}, False),
        ({"parameters": {"u": {"default": "1 kV", "max": 3}}}, True),
        ({"parameters": {"u": {"max": 3}}}, False),
        ({"solutions": {"a": {"solvents": [{"name": "DMF"}], "concentration": "80 mg/ml"}}}, True),
        ({"solutions": {"a": {"solvents": [], "concentration": "80 mg/ml"}}}, False),
        ({"solutions": {"a": {"solvents": [{"name": "DMF"}], "concentration": "-80 mg/ml"}}}, False),
        ({"solutions": {"a": {"solvents": [{"name": "DMF"}], "concentration": "-8 wt%"}}}, False),
        ({"solutions": {"a b": {"solvents": [{"name": "DMF"}]}}}, False),
        ({"solutions": {"a": {"solvents": [{"name": "DMF", "parts": 0}]}}}, False),
    ):
        assert (mistakes(base | more) == []) == good, more


# --- every key, with unit and meaning ---

# What the model holds under another name, and what it adds to what is written.
RENAMED = {"minimum": "min", "maximum": "max", "oxygen": "until"}
ADDED = {
    ("recipe", "id"), ("recipe", "text"), ("recipe", "sha256"), ("recipe", "revision"),
    ("parameters", "name"), ("solutions", "id"), ("record", "dimension"), ("purge", "volumes"),
}  # fmt: skip
MODEL: dict[str, type] = {
    "recipe": Recipe, "source": Source, "parameters": Parameter, "solutions": Solution, "solvents": Solvent,
    "solutes": Solute, "accept": Accepted, "prime": PrimeStep, "prime.streams": PrimeStream, "spin": SpinStep,
    "spin.streams": Stream, "needle": Needle, "collector": Collector, "humidity": Window, "temperature": Window,
    "prompt": PromptStep, "record": RecordField, "dry": DryStep, "purge": PurgeStep, "heat": HeatStep,
    "segments": Segment, "cool": CoolStep, "wait": WaitStep,
}  # fmt: skip


@pytest.mark.parametrize("name", MODEL)
def test_every_key_of_the_model_is_in_the_schema(name: str) -> None:
    shape = SCHEMA if name == "recipe" else SCHEMA["$defs"][name]
    held = {RENAMED.get(field.name, field.name) for field in fields(MODEL[name])}
    held -= {key for section, key in ADDED if section == name}
    own = {"ramp", "to", "soak", "atmosphere", "flow"} if name == "heat" else set()
    kind = {"do"} if name in STEP_KINDS else set()
    assert set(shape["properties"]) == held | own | kind


def test_every_key_has_a_meaning_and_every_meaning_a_key() -> None:
    known = {name: set(section.keys) for name, section in sections().items()}
    assert {name: set(meanings) for name, meanings in MEANINGS.items()} == known
    assert set(SECTIONS) == set(known)
    assert all(text.endswith(".") for meanings in MEANINGS.values() for text in meanings.values())


def test_units_choices_and_defaults_are_the_readers() -> None:
    spin = SCHEMA["$defs"]["spin"]["properties"]
    assert spin["start_lag"]["default"] == "5 s"
    assert "a voltage (V, mV, kV)" in spin["voltage"]["description"].replace("A voltage", "a voltage")
    assert "At most 10 s" in spin["draw_off"]["description"].replace("at most", "At most")
    assert SCHEMA["$defs"]["needle"]["properties"]["kind"]["anyOf"][0]["enum"] == [
        "single",
        "coaxial",
        "manifold",
    ]
    assert SCHEMA["$defs"]["prime"]["properties"]["attended"]["default"] is True
    assert SCHEMA["$defs"]["heat"]["properties"]["attended"]["default"] is False


def test_the_page_of_keys_is_what_the_schema_says() -> None:
    written = (DOCS / "recipe-keys.md").read_text(encoding="utf-8")
    assert written == page(), "stale: python -m recipes.key_page > docs/recipe-keys.md"
    assert "| **rate** | A flow rate (ml/h, nl/min" in written


# --- patterns of quantities ---


@pytest.mark.parametrize("dimension", UNITS)
def test_every_spelling_of_a_unit_fits_its_pattern(dimension: str) -> None:
    pattern = re.compile(quantity_pattern([dimension]))
    for spelling in SPELLINGS[dimension]:
        for form in (spelling, spelling.replace("u", "µ").replace("3", "³").replace("-1", "⁻¹")):
            for number in ("1", "-2.5", "+.5", "3.", "1e-3", "−4"):
                tight = [] if form[0].isdigit() else [f" {number}{form} "]
                for text in (f"{number} {form}", *tight):
                    parse_quantity(text, dimension)
                    assert pattern.search(text), text
    for unit in UNITS[dimension].values():
        assert pattern.search(f"1 {unit.symbol}")


QUANTITIES = st.tuples(
    st.sampled_from(("", "-", "+", " ", "−")),
    st.sampled_from(("1", "\u0661", "0.5", ".5", "5.", "1,5", "1.5.2", "1e3", "e3", "", "1 0")),
    st.sampled_from(("", " ", "  ", "·")),
    st.sampled_from(
        ("ml/h", "mL/h", "µl/min", "ml h-1", "ml / h", "cm3/h", "kV", "mlh", "ML/H", "", "m^3/h", "ml/h x")
    ),
).map("".join)


@settings(max_examples=400)
@given(QUANTITIES)
def test_a_pattern_takes_what_the_reader_takes(text: str) -> None:
    try:
        amount = parse_quantity(text, "flow_rate")
    except UnitError:
        assert not re.search(quantity_pattern(["flow_rate"]), text)
        return
    assert re.search(quantity_pattern(["flow_rate"]), text)
    if amount.value != 0:
        assert bool(re.search(quantity_pattern(["flow_rate"], negative=False), text)) == (amount.value > 0)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("1 mg .. 2 mg", True), ("1 .. 2 mg", True), ("1mg..2mg", True), ("-1 mg .. 0 mg", True), ("1 mg", False),
        ("1 .. 2", False), ("1 mg - 2 mg", False), ("1 mg ... 2 mg", False), ("1 kV .. 2 kV", False),
    ],
)  # fmt: skip
def test_ranges(text: str, good: bool) -> None:
    assert bool(re.search(range_pattern(["mass"]), text)) == good
    try:
        parse_range(text, "mass")
    except UnitError:
        assert not good
    else:
        assert good
