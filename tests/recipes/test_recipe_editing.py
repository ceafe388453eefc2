"""Editing an author's text: what was asked for changes, every other byte stays."""

from __future__ import annotations

import tomllib
from difflib import ndiff
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.catalogue import library_folder
from recipes.editing import EditError, Value, edit

FOUNDING = (library_folder() / "tio2-pcnf.toml").read_text(encoding="utf-8")

TEXT = """\
# My recipe.  Spaces   matter.
format=1
name = 'single "quotes"'   # kept

[parameters]
u = {default="20 kV", min = "14 kV" }  # odd spaces

# about the solution
[solutions.a]
solvents = [
  { name = "DMF", parts = 0.70 },   # most
  { name = "acetone", parts = 3e-1 }, # rest
]
density = "0.95 g/ml"

# about the steps
[[steps]]
id = "spin"   # no. 1
do = "spin"
voltage = "$u"
  distance = "10 cm"  # indented
needle = { gauge = "21 G", kind = "single" }
say = \"\"\"
two
lines\"\"\"
[[steps.streams]]
solution = "a"
rate = "1 ml/h" # slow
# after the stream

[[steps.streams]]
id = "b"
solution = "a"
rate = "2 ml/h"

# about the prompt
[[steps]]
id = "ask"
record.width = { unit = "cm" }
count = 1_000
[steps.record.mass]
unit = "mg"
"""


def changed(text: str, changes: dict[str, Value | None]) -> list[str]:
    """The lines that differ, with - and +."""
    lines = ndiff(text.splitlines(keepends=True), edit(text, changes).splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


CASES: list[tuple[dict[str, Value | None], list[str]]] = [
    # a value: only it, the comment stays
    ({"steps.spin.streams[0].rate": "0.8 ml/h"}, ['- rate = "1 ml/h" # slow\n', '+ rate = "0.8 ml/h" # slow\n']),
    ({"steps.spin.streams.b.rate": "3 ml/h"}, ['- rate = "2 ml/h"\n', '+ rate = "3 ml/h"\n']),
    ({"steps[0].distance": "12 cm"}, ['-   distance = "10 cm"  # indented\n', '+   distance = "12 cm"  # indented\n']),
    ({"steps.spin.voltage": "18 kV"}, ['- voltage = "$u"\n', '+ voltage = "18 kV"\n']),
    ({"name": "x"}, ["- name = 'single \"quotes\"'   # kept\n", '+ name = "x"   # kept\n']),
    ({"parameters.u.default": "22 kV"},
     ['- u = {default="20 kV", min = "14 kV" }  # odd spaces\n',
      '+ u = {default="22 kV", min = "14 kV" }  # odd spaces\n']),
    ({"solutions.a.solvents[1].parts": 0.5},
     ['-   { name = "acetone", parts = 3e-1 }, # rest\n', '+   { name = "acetone", parts = 0.5 }, # rest\n']),
    ({"solutions.a.solvents.acetone.parts": 1},
     ['-   { name = "acetone", parts = 3e-1 }, # rest\n', '+   { name = "acetone", parts = 1 }, # rest\n']),
    ({"steps.ask.count": 2, "steps.ask.record.mass.unit": "g"},
     ["- count = 1_000\n", "+ count = 2\n", '- unit = "mg"\n', '+ unit = "g"\n']),
    ({"steps.ask.record.width.unit": "mm"},
     ['- record.width = { unit = "cm" }\n', '+ record.width = { unit = "mm" }\n']),
    # what is there already, however it is written, stays as it is
    ({"name": 'single "quotes"', "steps.ask.count": 1000, "solutions.a.solvents[0].parts": 0.7}, []),
    ({"steps.ask.count": 1000.0}, ["- count = 1_000\n", "+ count = 1000.0\n"]),
    ({"steps.ask.count": True}, ["- count = 1_000\n", "+ count = true\n"]),
    # keys that were not there: after the last of their table, before comments on what follows
    ({"steps.spin.streams[0].voltage": "9 kV"}, ['+ voltage = "9 kV"\n']),
    ({"solutions.a.density": None}, ['- density = "0.95 g/ml"\n']),
    ({"steps.ask.record.mass.simulate": "3 mg"}, ['+ simulate = "3 mg"\n']),
    ({"steps.spin.note": "two\nlines\n"}, ['+ note = """\n', "+ two\n", "+ lines\n", '+ """\n']),
    ({"source.doi": "10.1/x"}, ['+ source = { doi = "10.1/x" }\n']),
    ({"steps.spin.collector": {"kind": "plate"}}, ['+ collector = { kind = "plate" }\n']),
    ({"steps.spin.assumed": ["distance", "needle"]}, ['+ assumed = ["distance", "needle"]\n']),
    # tables in braces
    ({"steps.spin.needle.count": 3},
     ['- needle = { gauge = "21 G", kind = "single" }\n',
      '+ needle = { gauge = "21 G", kind = "single", count = 3 }\n']),
    ({"steps.spin.needle.kind": None},
     ['- needle = { gauge = "21 G", kind = "single" }\n', '+ needle = { gauge = "21 G" }\n']),
    ({"steps.spin.needle.gauge": None},
     ['- needle = { gauge = "21 G", kind = "single" }\n', '+ needle = { kind = "single" }\n']),
    ({"steps.spin.needle.gauge": None, "steps.spin.needle.kind": None},
     ['- needle = { gauge = "21 G", kind = "single" }\n', "+ needle = {}\n"]),
    ({"parameters.u.max": "24 kV"},
     ['- u = {default="20 kV", min = "14 kV" }  # odd spaces\n',
      '+ u = {default="20 kV", min = "14 kV", max = "24 kV" }  # odd spaces\n']),
    ({"parameters.u.default": None},
     ['- u = {default="20 kV", min = "14 kV" }  # odd spaces\n', '+ u = {min = "14 kV" }  # odd spaces\n']),
    ({"steps.spin.needle": None}, ['- needle = { gauge = "21 G", kind = "single" }\n']),
    ({"steps.ask.record.width": None}, ['- record.width = { unit = "cm" }\n']),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "lines"), CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_what_was_asked_for_changes(
    changes: dict[str, Value | None], lines: list[str], newline: str
) -> None:
    expected = [line.replace("\n", newline) for line in lines]
    assert changed(TEXT.replace("\n", newline), changes) == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_key_stands_where_a_person_would_write_it(newline: str) -> None:
    text = TEXT.replace("\n", newline)
    stream = edit(text, {"steps.spin.streams[0].voltage": "9 kV"}).split(newline)
    assert stream[stream.index('voltage = "9 kV"') - 1] == 'rate = "1 ml/h" # slow'
    step = edit(text, {"steps.spin.note": "x"}).split(newline)
    assert step[step.index('note = "x"') + 1] == "[[steps.streams]]"
    solution = edit(text, {"solutions.a.use_within": "7 d"}).split(newline)
    assert solution[solution.index('use_within = "7 d"') - 1] == 'density = "0.95 g/ml"'
    top = edit(text, {"summary": "s"}).split(newline)
    assert top[top.index('summary = "s"') + 1] == ""


@pytest.mark.parametrize(
    ("text", "changes", "result"),
    [
        ("[a]\nx = 1", {"a.y": 2}, "[a]\nx = 1\ny = 2"),
        ("[a]\n\n[b]\n", {"a.y": 2}, "[a]\ny = 2\n\n[b]\n"),
        ("[a] # c\r\n[b]\r\n", {"a.y": 2}, "[a] # c\r\ny = 2\r\n[b]\r\n"),
        ("\ufeffx = 1\r\n", {"x": 2}, "\ufeffx = 2\r\n"),
        ("a = {}\n", {"a.x": 1}, "a = { x = 1 }\n"),
        ("a={x=1}\n", {"a.y": 1}, "a={x=1, y = 1}\n"),
        ("a = { s = 'a,}', t = \"b,\\\"}\", u = [1, 2], v.w = 3 }\n", {"a.t": None},
         "a = { s = 'a,}', u = [1, 2], v.w = 3 }\n"),
        ("a = [{ x = 1 }, { y = 2 }]\n", {"a[1].y": None}, "a = [{ x = 1 }, {}]\n"),
        ("a = [1, 2, 3] # c\n", {"a[1]": 5}, "a = [1, 5, 3] # c\n"),
        ("x = 1\r\ny = 2\n", {"x": 3}, "x = 3\r\ny = 2\n"),
        ("[t]\r\nr.w.q = 5 # c\r\nz = 1\r\n", {"t.r.w.d": 3}, "[t]\r\nr.w.q = 5 # c\r\nr.w.d = 3\r\nz = 1\r\n"),
        ("[a.b]\r\nx = 1\r\n[c]\r\n", {"a.y": 2}, "[a]\r\ny = 2\r\n\r\n[a.b]\r\nx = 1\r\n[c]\r\n"),
        ("[a.b]\nx = 1\n[c]\n[a.d]\ny = 2", {"a.d.z": 3}, "[a.b]\nx = 1\n[c]\n[a.d]\ny = 2\nz = 3"),
        ("a.b = 1\r\nc = 2\r\n", {"a.d": 3}, "a.b = 1\r\na.d = 3\r\nc = 2\r\n"),
    ],
)  # fmt: skip
def test_small_texts(text: str, changes: dict[str, Value | None], result: str) -> None:
    assert edit(text, changes) == result


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps.spn.voltage": "1 kV"}, 'there is no "spn", only spin, ask'),
        ({"steps[7].voltage": "1 kV"}, "only 2"),
        ({"steps.spin.streams.nobody.rate": "1 ml/h"}, 'there is no "nobody"'),
        ({"steps.spin.voltage.deep": 1}, 'has no part "deep"'),
        ({"steps.spin.nothing": None}, "nothing to remove"),
        ({"steps.spin.no.thing": None}, "nothing to remove"),
        ({"steps[0]": None}, "by hand"),
        ({"solutions.a": None}, "header of its own"),
        ({"solutions.a": "x"}, "header of its own"),
        ({"steps": None}, "header of its own"),
        ({"": 1}, "empty"),
        ({"name.x[0]": 1}, "has no part"),
    ],
)
def test_what_cannot_be_changed_is_refused(changes: dict[str, Value | None], message: str) -> None:
    with pytest.raises(EditError) as caught:
        edit(TEXT, changes)
    assert message in str(caught.value)
    assert caught.value.path == next(iter(changes))


def test_two_of_one_name_are_told_apart_by_number() -> None:
    text = TEXT.replace('id = "b"\n', "")
    with pytest.raises(EditError, match="2 times"):
        edit(text, {"steps.spin.streams.a.rate": "1 ml/h"})
    assert 'rate = "9 ml/h"' in edit(text, {"steps.spin.streams[1].rate": "9 ml/h"})


def test_a_text_that_is_not_toml_is_refused() -> None:
    with pytest.raises(EditError, match="not valid TOML"):
        edit("x = \n", {"x": 1})


def test_the_founding_recipe_edited_in_many_places_keeps_its_comment() -> None:
    lines = changed(FOUNDING, {"steps.co-deposit.voltage": "18 kV", "steps.purge.until": {"volumes": 12}})
    assert lines[1] == '+ voltage = "18 kV"\n'
    assert lines[3] == "+ until = { volumes = 12 }        # or { volumes = 12 } where no analyser stands\n"


def _leaves(data: Any, path: str = "") -> list[str]:
    if isinstance(data, dict):
        return [leaf for key, item in data.items() for leaf in _leaves(item, f"{path}.{key}".strip("."))]
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return [leaf for index, item in enumerate(data) for leaf in _leaves(item, f"{path}[{index}]")]
    return [path]


VALUES = st.text(st.characters(exclude_categories=("Cs",)), max_size=8) | st.integers() | st.booleans()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@given(data=st.data())
def test_any_value_can_be_changed_and_changed_back(newline: str, data: st.DataObject) -> None:
    text = TEXT.replace("\n", newline)
    path = data.draw(st.sampled_from(_leaves(tomllib.loads(TEXT))))
    value = data.draw(VALUES)
    once = edit(text, {path: value})
    again = edit(once, {path: "stand-in"})
    assert again == edit(text, {path: "stand-in"})
    before, after = text.split(newline), again.split(newline)
    if path != "steps[0].say":
        assert len(before) == len(after)
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
