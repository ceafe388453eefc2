"""Where keys stand in the author's text."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.places import PlaceIndex, join_key, locate, split_key, syntax_place

TEXT = '''# comment = "no"
format = 1
name = "a # no comment"
  "odd key.x" = 3   # yes
text = """
one
steps = "no"
""\\""""
literal = \'\'\'
[nothing]
\'\'\'
a.b.c = 5

[[steps]]
id = "co-deposit"
humidity = { min = "30 %RH", max = [1,
  2], "on leave" = { deep = true } }
[[steps.streams]]
solution = "pan"
rate = "1 ml/h"
[[steps.streams]]
id = \'second\'
solution = "tio2"
  rate = "2 ml/h"

[[steps]]
id = "transfer"

[solutions.pan-pmma.inner]
x = 1
[solutions.pan-pmma]
solutes = [{ name = "PAN", molar_mass = "150 kg/mol" }, { name = "PMMA", molar_mass = 3 }]
'''


@pytest.mark.parametrize(
    ("dotted", "place"),
    [
        ("format", (2, 10)),
        ("name", (3, 8)),
        ('"odd key.x"', (4, 17)),
        ("text", (5, 8)),
        ("literal", (9, 11)),
        ("a.b.c", (12, 9)),
        ("a.b", (12, 3)),
        ("steps.co-deposit", (14, 1)),
        ("steps[0]", (14, 1)),
        ("steps.co-deposit.id", (15, 6)),
        ("steps.co-deposit.humidity", (16, 12)),
        ("steps.co-deposit.humidity.min", (16, 20)),
        ("steps.co-deposit.humidity.max[1]", (17, 3)),
        ('steps.co-deposit.humidity."on leave".deep', (17, 29)),
        ("steps.co-deposit.streams.pan.rate", (20, 8)),
        ("steps.co-deposit.streams.second.rate", (24, 10)),
        ("steps.co-deposit.streams[1].solution", (23, 12)),
        ("steps.transfer", (26, 1)),
        ("steps[1].id", (27, 6)),
        ("solutions.pan-pmma", (31, 1)),
        ("solutions.pan-pmma.inner.x", (30, 5)),
        ("solutions.pan-pmma.solutes[1].molar_mass", (32, 87)),
    ],
)
def test_place_of_a_value(dotted: str, place: tuple[int, int]) -> None:
    assert tomllib.loads(TEXT)
    assert locate(TEXT, dotted) == place
    assert locate(TEXT.replace("\n", "\r\n"), dotted) == place


@pytest.mark.parametrize(
    ("dotted", "place"),
    [
        ("steps.co-deposit.voltage", (14, 1)),
        ("steps.co-deposit.streams.pan.mode", (18, 1)),
        ("steps.co-deposit.streams.nobody.mode", (18, 1)),
        ("steps.co-deposit.humidity.on_leave", (16, 12)),
        ("steps[7].voltage", (14, 1)),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_missing_key_is_placed_at_its_table(dotted: str, place: tuple[int, int] | None) -> None:
    assert locate(TEXT, dotted) == place


def test_place_of_the_key_itself() -> None:
    assert locate(TEXT, "steps.co-deposit.streams.second.rate", key=True) == (24, 3)
    assert locate(TEXT, "steps.co-deposit.humidity.max", key=True) == (16, 30)


def test_a_stream_called_after_its_solution_is_not_one_with_an_id() -> None:
    text = '[[streams]]\nid = "x"\nsolution = "a"\n[[streams]]\nsolution = "a"\nrate = 1\n'
    assert locate(text, "streams.a.rate") == (6, 8)


def test_keys_are_joined_and_split() -> None:
    dotted = join_key(join_key(join_key("solutions", 'a "b".c'), "solutes"), 2)
    assert dotted == 'solutions."a \\"b\\".c".solutes[2]'
    assert split_key(dotted) == ["solutions", 'a "b".c', "solutes", 2]


@pytest.mark.parametrize(
    ("text", "place"),
    [("a = 1\nb = 20 kV\n", (2, 8)), ('a = "x', (1, 7)), ("a = [1,\n2", (2, 2)), ("a = 1\na = 2\n", (2, 6))],
)
def test_place_of_a_syntax_error(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert syntax_place(text, str(caught.value)) == place


# --- generated documents: every key is found at the line and column where the generator wrote its value ---

KEYS = st.text("abcxyz-_0", min_size=1, max_size=5) | st.text('a. #[]="\\é', min_size=1, max_size=5)
SCALARS: st.SearchStrategy[Any] = st.integers(-9, 99) | st.booleans() | st.text("ab #]}=,'\n\"\\", max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=3)


class _Writer:
    """Writes TOML and remembers where each value began."""

    def __init__(self) -> None:
        self.text = ""
        self.places: dict[str, tuple[int, int]] = {}

    def here(self) -> tuple[int, int]:
        return self.text.count("\n") + 1, len(self.text.rpartition("\n")[2]) + 1

    def key(self, key: str) -> str:
        return join_key("", key) if key else '""'

    def value(self, path: str, value: Any) -> None:
        self.places[path] = self.here()
        if isinstance(value, bool):
            self.text += str(value).lower()
        elif isinstance(value, int):
            self.text += str(value)
        elif isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            self.text += (
                f'"""{escaped}"""' if "\n" in value and not value.startswith("\n") else self.plain(escaped)
            )
        elif isinstance(value, list):
            self.text += "[ # list\n"
            for index, item in enumerate(value):
                self.text += "  "
                self.value(join_key(path, index), item)
                self.text += ",\n"
            self.text += "]"
        else:
            self.text += "{ "
            for number, (key, item) in enumerate(value.items()):
                self.text += (", " if number else "") + self.key(key) + " = "
                self.value(join_key(path, key), item)
            self.text += " }"

    def plain(self, escaped: str) -> str:
        return '"' + escaped.replace("\n", "\\n") + '"'

    def table(self, path: str, table: dict[str, Any]) -> None:
        for key, value in table.items():
            self.text += f"{self.key(key)} ="
            self.text += "  "
            self.value(join_key(path, key), value)
            self.text += " # end\n"


@given(TABLES, st.dictionaries(KEYS, TABLES, max_size=3), st.lists(TABLES, max_size=3))
def test_generated_documents(
    top: dict[str, Any], named: dict[str, Any], listed: list[dict[str, Any]]
) -> None:
    writer = _Writer()
    writer.table("", {f"t{key}": value for key, value in top.items()})
    for name, table in named.items():
        writer.text += f"\n[named.{join_key('', name)}]\n"
        writer.table(join_key("named", name), table)
    for index, table in enumerate(listed):
        writer.text += "[[listed]]\n"
        writer.table(f"listed[{index}]", table)
    assert isinstance(tomllib.loads(writer.text), dict)
    index_of_places = PlaceIndex(writer.text)
    for dotted, place in writer.places.items():
        assert index_of_places.locate(dotted) == place, dotted


@given(st.text("a=[]{}\"'#\n .,\\1", max_size=60))
def test_a_place_in_text_that_is_not_toml_is_still_in_the_text(text: str) -> None:
    place = locate(text, "a.a")
    if place is not None:
        line, column = place
        assert 1 <= column <= len(text.split("\n")[line - 1]) + 1
