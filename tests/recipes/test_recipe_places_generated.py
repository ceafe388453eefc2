"""One mistake in a generated recipe file is reported where it was written.

The generator below lays a recipe out in the ways authors do (tables, braces, lists over several lines, comments,
indents, Windows line ends) and puts a mark before the mistake. The mark's line and column are what is expected; it
is taken out before the text is read.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipes.format_facts import sections
from recipes.problems import Severity
from recipes.reader import read_recipe
from recipes.units import UNITS

MARK = "\ue000"
SECTIONS = sections()


class Marked(str):
    """A text value that is the mistake."""


class Bare(str):
    """A mistake that stands without quotes."""


class Lacking(dict[str, Any]):
    """A table that lacks a key."""


def recipe() -> dict[str, Any]:
    """A recipe with every kind of table, as data."""
    return {
        "format": 1,
        "name": "generated",
        "source": {"doi": "10.1/x", "title": "µ-fibres"},
        "accept": [{"code": "field-high", "reason": "wanted"}],
        "parameters": {"u": {"default": "20 kV", "max": "24 kV"}},
        "solutions": {
            "pan": {
                "solvents": [{"name": "DMF", "parts": 4}, {"name": "acetone"}],
                "solutes": [{"name": "PAN", "molar_mass": "150 kg/mol"}],
                "concentration": "12 wt%",
                "viscosity": "900 mPa s",
            },
            "oxide": {
                "solvents": [{"name": "methanol"}],
                "density": "0.8 g/ml",
                "concentration": "80 mg/ml",
            },
        },
        "steps": [
            {"id": "rest", "do": "wait", "duration": "10 min"},
            {
                "id": "co-deposit",
                "do": "spin",
                "duration": "4 h",
                "voltage": "20 kV",
                "distance": "20 cm",
                "needle": {"gauge": "21 G"},
                "collector": {"kind": "drum", "speed": "300 rpm"},
                "humidity": {"min": "30 %RH", "max": "55 %RH"},
                "streams": [
                    {"solution": "pan", "mode": "electrospin", "rate": "1 ml/h"},
                    {"id": "spray", "solution": "oxide", "mode": "electrospray", "rate": "2 ml/h"},
                    {"solution": "oxide", "mode": "electrospray", "rate": "3 ml/h", "voltage": "-5 kV"},
                ],
            },
            {
                "id": "weigh",
                "do": "prompt",
                "say": 'Weigh it.\n[[steps]]\nvoltage = "no"',
                "record": {"mass": {"unit": "mg", "simulate": "470 mg"}, "width": {"unit": "cm"}},
            },
            {
                "id": "burn",
                "do": "heat",
                "atmosphere": "air",
                "band": "3 degC",
                "segments": [
                    {"ramp": "5 degC/min", "to": "200 degC"},
                    {"ramp": "1 degC/min", "to": "280 degC", "soak": "1 h"},
                ],
            },
            {"id": "purge", "do": "purge", "gas": "argon", "flow": "1 slm", "until": {"volumes": 12}},
            {"id": "cool", "do": "cool", "atmosphere": "argon", "below": "60 degC", "flow": "500 sccm"},
        ],
    }


# --- layout ---


class Layout:
    """Writes a recipe's data as TOML in a drawn layout."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.lines: list[str] = []

    def one_of(self, *options: str) -> str:
        return self.chance.choice(options)

    def maybe(self) -> bool:
        return self.chance.random() < 0.5

    def noise(self) -> None:
        for _ in range(self.chance.randrange(3)):
            self.lines.append(self.one_of("", "  ", "# voltage = 1", "\t# [[steps]] µ→", '# "quoted'))

    def text(self, value: str) -> str:
        mark = MARK if isinstance(value, Marked) else ""
        if "\n" in value:
            return f'{mark}"""\n{value}"""'
        return f"{mark}'{value}'" if "'" not in value and self.maybe() else f'{mark}"{value}"'

    def value(self, value: Any) -> str:
        if isinstance(value, Bare):
            return MARK + value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            mark, space = MARK if isinstance(value, Lacking) else "", self.one_of("", " ")
            pairs = [f"{key}{self.one_of('=', ' = ')}{self.value(item)}" for key, item in value.items()]
            return f"{mark}{{{space}{self.one_of(',', ', ').join(pairs)}{space}}}"
        if isinstance(value, list):
            items = [self.value(item) for item in value]
            if self.maybe():
                return "[" + self.one_of(", ", " ,").join(items) + "]"
            inner = "".join(f"{self.one_of('', '  ')}{item},{self.one_of('', ' # ] }')}\n" for item in items)
            return f"[ # one, two\n{inner}]"
        return repr(value)

    def pair(self, key: str, value: Any, indent: str) -> None:
        equals, end = self.one_of("=", " = ", "   ="), self.one_of("", "", " # note", "  ")
        self.lines.append(f"{indent}{key}{equals}{self.value(value)}{end}")

    def table(self, path: str, table: dict[str, Any], *, listed: bool = False) -> None:
        """A table under its header; those of its tables that get headers of their own come after its keys, or before
        its header.
        """
        alone = {key: item for key, item in table.items() if self._stands_alone(key, item)}
        early = bool(path) and not listed and "steps" not in path and self.maybe()
        if early:
            self.below(path, alone)
        if path:
            self.noise()
            indent = self.one_of("", "", "  ", "\t")
            mark = MARK if isinstance(table, Lacking) else ""
            self.lines.append(
                indent + mark + (f"[[{path}]]" if listed else f"[{path}]") + self.one_of("", " # x")
            )
        indent = self.one_of("", "", "  ", "\t")
        for key, item in table.items():
            if key not in alone:
                self.pair(key, item, indent)
                if self.maybe():
                    self.noise()
        if not early:
            self.below(path, alone)

    def below(self, path: str, tables: dict[str, Any]) -> None:
        for name, item in tables.items():
            below = f"{path}.{name}" if path else name
            if isinstance(item, list):
                for element in item:
                    self.table(below, element, listed=True)
            elif name in ("solutions", "parameters", "record"):
                for inner, element in item.items():
                    self.table(f"{below}.{inner}", element)
            else:
                self.table(below, item)

    def _stands_alone(self, name: str, item: Any) -> bool:
        if name in ("solutions", "steps"):
            return True
        tables = isinstance(item, dict) or (
            isinstance(item, list) and bool(item) and isinstance(item[0], dict)
        )
        return tables and self.maybe()


def laid_out(data: dict[str, Any], chance: Random) -> tuple[str, tuple[int, int]]:
    """The text without its mark, and the mark's line and column."""
    layout = Layout(chance)
    layout.table("", data)
    text = "\n".join(layout.lines) + "\n"
    before, found, after = text.partition(MARK)
    assert found and MARK not in after
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    if layout.maybe():
        return (before + after).replace("\n", "\r\n"), (line, column)
    return before + after, (line, column)


# --- mistakes ---

Path = tuple[str | int, ...]


def tables(data: Any, path: Path = ()) -> list[Path]:
    """Every table and element of a list of tables."""
    found: list[Path] = []
    if isinstance(data, dict):
        found = [path] if path and path[-1] not in ("solutions", "parameters", "record") else []
        items: list[tuple[str | int, Any]] = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    else:
        return []
    return found + [inner for key, item in items for inner in tables(item, (*path, key))]


def at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def quantities(data: Any, path: Path = ()) -> list[Path]:
    """Every value with a unit, but for those of parameters, which have no dimension of their own."""
    if isinstance(data, dict | list):
        items: list[tuple[str | int, Any]] = list(data.items() if isinstance(data, dict) else enumerate(data))
        return [
            found for key, item in items if key != "parameters" for found in quantities(item, (*path, key))
        ]
    return [path] if isinstance(data, str) and data[:1] in "-0123456789" and " " in data else []


REQUIRED = {
    "wait": ("id", "do", "duration"),
    "spin": ("id", "do", "duration", "voltage", "distance", "streams"),
    "prompt": ("id", "do", "say"),
    "heat": ("id", "do", "atmosphere", "segments"),
    "purge": ("id", "do", "gas", "flow", "until"),
    "cool": ("id", "do", "atmosphere", "below"),
    "accept": ("code", "reason"),
    "solvents": ("name",),
    "solutes": ("name",),
    "solutions": ("solvents",),
    "streams": ("solution", "mode", "rate"),
    "segments": ("ramp", "to"),
    "record": ("unit",),
    "collector": ("kind",),
    "until": ("volumes",),
    "parameters": ("default",),
}


def missing(data: Any) -> list[tuple[Path, str]]:
    """Every required key with the table that holds it."""
    found = []
    for path in tables(data):
        table = at(data, path)
        name = next(str(part) for part in reversed(path) if isinstance(part, str))
        if len(path) > 1 and path[-2] in ("solutions", "parameters", "record"):
            name = str(path[-2])
        name = table["do"] if name == "steps" else name
        keys = [key for key in REQUIRED.get(name, ()) if key in table]
        if name == "heat":
            keys.remove("segments")  # without them it is a step of the other form
        found += [(path, key) for key in keys]
    return found


def put(data: Any, path: Path, value: Any) -> None:
    at(data, path[:-1])[path[-1]] = value


def lack(data: Any, path: Path, key: str) -> None:
    table = Lacking(at(data, path))
    del table[key]
    put(data, path, table)


def wrong_unit(data: dict[str, Any], chance: Random) -> set[str]:
    path = chance.choice(quantities(data))
    number = str(at(data, path)).partition(" ")[0]
    unit = chance.choice(("furlong", "ml/kV", "pF"))
    put(data, path, Marked(f"{number} {unit}"))
    return {"wrong-dimension", "unknown-unit"}


def decimal_comma(data: dict[str, Any], chance: Random) -> set[str]:
    path = chance.choice(quantities(data))
    number, _, unit = str(at(data, path)).partition(" ")
    put(data, path, Marked(f"{number.partition('.')[0]},5 {unit}"))
    return {"decimal-comma"}


def other_digits(data: dict[str, Any], chance: Random) -> set[str]:
    path = chance.choice(quantities(data))
    number, _, unit = str(at(data, path)).partition(" ")
    zero = chance.choice((0x660, 0x966, 0xFF10))  # Arabic, Devanagari, full width
    index = chance.choice([index for index, one in enumerate(number) if one.isdigit()])
    put(data, path, Marked(f"{number[:index]}{chr(zero + int(number[index]))}{number[index + 1 :]} {unit}"))
    return {"not-a-number"}


def below_zero(data: dict[str, Any], chance: Random) -> set[str]:
    """A limit of zero holds in every dimension that a key may have."""
    path, dimensions = chance.choice(not_negative(data))
    units = [unit for name in dimensions for unit in UNITS[name]]
    put(data, path, Marked(f"-{chance.choice(('1', '0.5', '1e-9'))} {chance.choice(units)}"))
    return {"out-of-range"}


def not_negative(data: Any) -> list[tuple[Path, tuple[str, ...]]]:
    """Every value with a unit that may not be below zero, as the reader says, and its key's dimensions."""
    found = []
    for path in quantities(data):
        if len(path) < 3:
            continue
        names = [str(part) for part in path[:-1] if isinstance(part, str)]
        name = names[0] if names[0] == "solutions" else names[-1]
        name = {"steps": at(data, path[:2]).get("do", ""), "streams": "spin.streams"}.get(name, name)
        facts = SECTIONS[name].facts(str(path[-1])) if name in SECTIONS else []
        limits = [limit for fact in facts for limit in (fact.minimum, fact.exclusive_minimum) if limit]
        if any(str(limit).startswith("0 ") for limit in limits):
            found.append((path, facts[0].dimensions))
    return found


def no_amount(data: dict[str, Any], chance: Random) -> set[str]:
    word = chance.choice(("2026-11-20", "07:32:00", "2026-11-20T07:32:00Z", "nan", "-inf", "+inf"))
    data["parameters"]["u"][chance.choice(("default", "min", "max"))] = Bare(word)
    return {"wrong-type", "not-a-number"}


def unknown_key(data: dict[str, Any], chance: Random) -> set[str]:
    table = at(data, chance.choice(tables(data)))
    before = list(table.items())
    where = chance.randrange(len(before) + 1)
    table.clear()
    key = chance.choice(("voltag", "x1", "per-cent"))
    table.update([*before[:where], (MARK + key, chance.choice((3, "20 kV"))), *before[where:]])
    return {"unknown-key"}


def missing_key(data: dict[str, Any], chance: Random) -> set[str]:
    lack(data, *chance.choice(missing(data)))
    return {"missing-key"}


MISTAKES: tuple[Callable[[dict[str, Any], Random], set[str]], ...] = (
    wrong_unit,
    decimal_comma,
    other_digits,
    below_zero,
    no_amount,
    unknown_key,
    missing_key,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
@settings(max_examples=250)
@given(seed=st.integers(0, 2**63))
def test_the_mistake_is_reported_where_it_stands(
    mistake: Callable[[dict[str, Any], Random], set[str]], seed: int
) -> None:
    data, chance = recipe(), Random(seed)
    _reported(data, mistake(data, chance), chance)


def _reported(data: dict[str, Any], codes: set[str], chance: Random) -> None:
    """Exactly one error, of that kind, where the mark was."""
    text, place = laid_out(data, chance)
    found, problems = read_recipe(text, "generated", rules=False)
    assert found is None
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert [(error.line, error.column) for error in errors] == [place], text
    assert errors[0].code in codes


@settings(max_examples=60)
@given(seed=st.integers(0, 2**63))
def test_without_a_mistake_every_layout_is_read_alike(seed: int) -> None:
    data, chance = recipe(), Random(seed)
    data["name"] = Marked("generated")
    text, _ = laid_out(data, chance)
    found, problems = read_recipe(text, "generated", rules=False)
    assert found is not None, [str(problem) for problem in problems]
    plain, _ = read_recipe(laid_out(data, Random(1))[0], "generated", rules=False)
    assert plain is not None and (found.steps, found.solutions) == (plain.steps, plain.solutions)


def test_every_quantity_and_every_required_key_is_hit_once() -> None:
    for path in quantities(recipe()):
        data = recipe()
        put(data, path, Marked("1 furlong"))
        _reported(data, {"unknown-unit"}, Random(str(path)))
    limited = not_negative(recipe())
    assert {len(dimensions) for _, dimensions in limited} == {1, 2} and len(limited) > 15
    for path, dimensions in limited:
        for unit in (next(iter(UNITS[name])) for name in dimensions):
            data = recipe()
            put(data, path, Marked(f"-3 {unit}"))
            _reported(data, {"out-of-range"}, Random(f"{path} {unit}"))
    for path, key in missing(recipe()):
        data = recipe()
        lack(data, path, key)
        _reported(data, {"missing-key"}, Random(f"{path} {key}"))
