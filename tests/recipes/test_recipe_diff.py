"""The difference of two recipes, line by line as a chemist reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipes.alignment import moved
from recipes.catalogue import library_folder
from recipes.changes import Change
from recipes.diff import diff
from recipes.editing import Value, edit
from recipes.model import Recipe
from recipes.reader import read_recipe
from recipes.units import quantity
from tests.recipes.recipe_strategies import recipes

FOUNDING = (library_folder() / "tio2-pcnf.toml").read_text(encoding="utf-8")
PARTS = FOUNDING.split("[[steps]]")


def read(text: str) -> Recipe:
    recipe, problems = read_recipe(text, "r", rules=False)
    assert recipe is not None, [str(problem) for problem in problems]
    return recipe


def words(old: str, new: str) -> list[str]:
    return [change.words for change in diff(read(old), read(new))]


def with_steps(*order: int) -> str:
    return "[[steps]]".join([PARTS[0], *(PARTS[index] for index in order)])


EDITS: list[tuple[dict[str, Value | None], list[str]]] = [
    ({"steps.co-deposit.voltage": "18 kV", "steps.co-deposit.streams.tio2.rate": "0.8 ml/h",
      "solutions.pan-pmma.concentration": "10 wt%"},
     ["solution pan-pmma: concentration 12 wt% -> 10 wt%", "co-deposit: voltage 20 kV -> 18 kV",
      "co-deposit: stream tio2: rate 1 ml/h -> 0.8 ml/h"]),
    ({"name": "other", "source.note": "by hand"},
     ['name "TiO2@PCNF interlayer" -> "other"', "source: note added: \"by hand\""]),
    ({"steps.co-deposit.streams.tio2.voltage": "18 kV"}, ["co-deposit: stream tio2: voltage 20 kV -> 18 kV"]),
    ({"steps.co-deposit.streams.tio2.needle": {"gauge": "27 G"}},
     ["co-deposit: stream tio2: needle: gauge 21 G -> 27 G"]),
    ({"steps.co-deposit.needle.gauge": "18 G"}, ["co-deposit: needle: gauge 21 G -> 18 G"]),
    ({"steps.co-deposit.collector": {"kind": "drum", "speed": "300 rpm"}},
     ["co-deposit: collector: kind plate -> drum", "co-deposit: collector: speed added: 300 rpm"]),
    ({"steps.co-deposit.humidity": None, "steps.co-deposit.assumed": ["duration", "needle", "collector"]},
     ["co-deposit: humidity removed (was min 30 %RH, max 55 %RH)"]),
    ({"steps.co-deposit.assumed": ["duration", "needle", "collector"]}, ["co-deposit: humidity no longer assumed"]),
    ({"steps.co-deposit.assumed": ["*"]}, ["co-deposit: everything now assumed"]),
    ({"steps.cool.assumed": ["flow"]}, ["cool: no longer everything assumed, only flow"]),
    ({"steps.cool.assumed": None}, ["cool: no longer everything assumed, nothing"]),
    ({"solutions.tio2.assumed": ["conductivity"]}, ["solution tio2: concentration no longer assumed"]),
    ({"steps.stabilise.assumed": ["soak"]}, ["stabilise: soak now assumed"]),
    ({"steps.purge.until": {"volumes": 12}}, ["purge: until 100 ppm O2 -> 12 tube volumes"]),
    ({"steps.purge.attended": True}, ["purge: attended no -> yes"]),
    ({"steps.co-deposit.start_lag": "8 s"}, ["co-deposit: start lag 5 s -> 8 s"]),
    ({"steps.stabilise.flow": "50 sccm"}, ["stabilise: flow added: 50 sccm"]),
    ({"steps.transfer.record.mat_mass.expect": "200 mg .. 700 mg"},
     ["transfer: record mat mass: expect 300 mg .. 700 mg -> 200 mg .. 700 mg"]),
    ({"steps.transfer.record.width": {"unit": "cm"}}, ["transfer: record width added: unit cm, dimension length"]),
    ({"steps.close-tube.say": "Close both flanges and check the seals and the bubbler."},
     ['close-tube: say "Close both flanges, check the seals and the bubbler." -> '
      '"Close both flanges and check the seals and the bubbler."']),
    ({"steps.close-tube.say": "Close both  flanges, check the seals\nand the bubbler."},
     ["close-tube: say: only blanks or line breaks changed"]),
    ({"steps.carbonise.accept": [{"code": "soak-short", "reason": "as published"}]},
     ['carbonise: accepts soak-short: "as published"']),
    ({"solutions.pan-pmma.solutes[1].parts": 4}, ["solution pan-pmma: solute PMMA: parts 3 -> 4"]),
    ({"solutions.pan-pmma.solvents": [{"name": "DMAc"}]}, ["solution pan-pmma: solvent DMF -> DMAc"]),
    ({"solutions.pan-pmma.solvents": [{"name": "DMF", "parts": 1}, {"name": "acetone", "parts": 1}]},
     ["solution pan-pmma: solvent acetone added", "solution pan-pmma: solvent DMF: parts added: 1"]),
    ({"steps.co-deposit.voltage": "20000 V"}, ["co-deposit: voltage written as 20000 V (was 20 kV)"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "lines"), EDITS)
def test_each_change_is_a_line(changes: dict[str, Value | None], lines: list[str]) -> None:
    assert words(FOUNDING, edit(FOUNDING, changes)) == lines


def test_a_change_has_path_and_both_values() -> None:
    (change,) = diff(read(FOUNDING), read(edit(FOUNDING, {"steps.co-deposit.streams.tio2.rate": "800 ul/h"})))
    assert change == Change(
        "changed",
        "steps.co-deposit.streams.tio2.rate",
        "co-deposit: stream tio2: rate 1 ml/h -> 800 ul/h",
        "1 ml/h",
        "800 ul/h",
    )
    assert change.matters


def test_what_does_not_matter_says_so() -> None:
    (unit,) = diff(read(FOUNDING), read(edit(FOUNDING, {"steps.cool.below": "333.15 K"})))
    assert (unit.kind, unit.words, unit.matters) == (
        "written",
        "cool: below written as 333.15 K (was 60 degC)",
        False,
    )
    (layout,) = diff(read(FOUNDING), read(FOUNDING.replace("\n\n", "\n\n# more\n")))
    assert (layout.kind, layout.words, layout.matters) == ("text", "only comments or layout changed", False)
    assert diff(read(FOUNDING), read(FOUNDING)) == ()


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (with_steps(1, 2, 3, 5, 6, 7, 8), FOUNDING, ['step "cool-in-air" added after stabilise']),
        (FOUNDING, with_steps(1, 2, 3, 5, 6, 7, 8), ['step "cool-in-air" removed']),
        (with_steps(2, 3), with_steps(1, 2, 3), ['step "co-deposit" added at the beginning']),
        (with_steps(1, 2, 3, 4), with_steps(1, 3, 4, 2),
         ['step "transfer" moved after cool-in-air (was after co-deposit)']),
        (with_steps(1, 2, 3), with_steps(3, 1, 2),
         ['step "stabilise" moved to the beginning (was after transfer)']),
        (with_steps(2, 5), with_steps(2, 5).replace('"close-tube"', '"shut"'), ['step "close-tube" renamed "shut"']),
    ],
)  # fmt: skip
def test_steps_that_come_go_and_move(old: str, new: str, lines: list[str]) -> None:
    assert words(old, new) == lines


def test_a_renamed_step_that_also_changed_is_not_taken_for_the_same() -> None:
    changed = FOUNDING.replace('"close-tube"', '"shut"').replace("Close both flanges", "Close it")
    assert words(FOUNDING, changed) == ['step "close-tube" removed', 'step "shut" added after cool-in-air']


def test_of_two_equal_steps_none_is_called_renamed() -> None:
    waits = [f'[[steps]]\nid = "{id}"\ndo = "wait"\nduration = "1 h"\n' for id in "abcd"]
    head = 'format = 1\nname = "x"\n'
    lines = words(head + waits[0] + waits[1], head + waits[2] + waits[3])
    assert sorted(lines) == [
        'step "a" removed', 'step "b" removed', 'step "c" added at the beginning', 'step "d" added after c',
    ]  # fmt: skip
    assert len(words(head + waits[0] + waits[1], head + waits[2])) == 3
    assert len(words(head + waits[0], head + waits[1] + waits[2])) == 3
    assert words(head + waits[0], head + waits[1]) == ['step "a" renamed "b"']


def test_a_renamed_solution_is_one_line() -> None:
    renamed = FOUNDING.replace('"tio2"', '"titania"').replace("solutions.tio2", "solutions.titania")
    assert words(FOUNDING, renamed) == ["solution tio2 renamed titania"]
    named = FOUNDING.replace('solution = "tio2"', 'id = "spray"\nsolution = "tio2"')
    assert words(FOUNDING, named) == ["co-deposit: stream tio2 renamed spray"]


def test_a_step_of_another_kind() -> None:
    new = with_steps(1, 2) + '[[steps]]\nid = "stabilise"\ndo = "wait"\nduration = "1 h"\n'
    assert words(with_steps(1, 2, 3), new) == ["stabilise: now a wait step (was heat)"]


STREAM = '[[steps.streams]]\nsolution = "{0}"\nmode = "electrospin"\nrate = "1 ml/h"\n'


def test_streams_that_come_go_and_move() -> None:
    one, two = STREAM.format("pan-pmma"), STREAM.format("tio2")
    spin = PARTS[1].partition("[[steps.streams]]")[0]
    both, turned, single = (
        "[[steps]]".join([PARTS[0], spin + streams]) for streams in (one + two, two + one, one)
    )
    assert words(both, turned) == ["co-deposit: stream tio2 moved"]
    assert words(both, single) == ["co-deposit: stream tio2 removed"]
    assert words(single, both) == ["co-deposit: stream tio2 added: electrospin tio2 at 1 ml/h"]


def test_voltages_where_streams_go_different_ways() -> None:
    own = edit(
        FOUNDING,
        {"steps.co-deposit.voltage": "18 kV", "steps.co-deposit.streams.tio2.voltage": "20 kV"},
    )
    assert words(FOUNDING, own) == ["co-deposit: stream pan-pmma: voltage 20 kV -> 18 kV"]
    overridden = edit(own, {"steps.co-deposit.streams.pan-pmma.voltage": "18 kV"})
    assert words(overridden, edit(overridden, {"steps.co-deposit.voltage": "15 kV"})) == [
        "co-deposit: streams' default: voltage 18 kV -> 15 kV"
    ]


HEAT = """[[steps]]
id = "burn"
do = "heat"
atmosphere = "air"
segments = [
  { ramp = "5 degC/min", to = "200 degC" },
  { ramp = "1 degC/min", to = "280 degC", soak = "1 h" },
]
"""


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('"1 degC/min"', '"2 degC/min"', ["burn: segment 2: ramp 1 degC/min -> 2 degC/min"]),
        ('atmosphere = "air"', 'atmosphere = "oxygen"', ["burn: atmosphere air -> oxygen"]),
        ('atmosphere = "air"', 'atmosphere = "air"\nflow = "1 slm"', ["burn: flow added: 1 slm"]),
        ('  { ramp = "5 degC/min", to = "200 degC" },\n', "",
         ["burn: segment 1 removed (was ramp 5 degC/min, to 200 degC, soak 0 min, atmosphere air)"]),
        ("segments = [\n", 'segments = [\n  { ramp = "9 degC/min", to = "99 degC" },\n',
         ["burn: segment 1 added: ramp 9 degC/min, to 99 degC, soak 0 min, atmosphere air"]),
        ('soak = "1 h" },\n', 'soak = "1 h" },\n  { ramp = "9 degC/min", to = "300 degC", soak = "1 s" },\n',
         ["burn: segment 3 added: ramp 9 degC/min, to 300 degC, soak 1 s, atmosphere air"]),
    ],
)  # fmt: skip
def test_segments(old: str, new: str, lines: list[str]) -> None:
    text = 'format = 1\nname = "x"\n' + HEAT
    assert words(text, text.replace(old, new)) == lines


PARAMETERS = 'format = 1\nname = "x"\n[parameters]\nlong = { default = "1 h", max = "9 h" }\n'
WAIT = '[[steps]]\nid = "w"\ndo = "wait"\nduration = "$long"\n'


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('"1 h"', '"2 h"', ["parameter long: default 1 h -> 2 h", "w: duration 1 h -> 2 h"]),
        ('"9 h"', '"8 h"', ["parameter long: max 9 h -> 8 h"]),
        ('"9 h"', '"540 min"', ["parameter long: max written as 540 min (was 9 h)"]),
        ('"$long"', '"1 h"', ["w: duration no longer given by parameter long"]),
        ("long = {", "more = { default = 3 }\nlong = {", ["parameter more added: default 3"]),
    ],
)
def test_parameters(old: str, new: str, lines: list[str]) -> None:
    text = PARAMETERS + WAIT
    assert words(text, text.replace(old, new)) == lines


@pytest.mark.parametrize("kind", ["spin", "heat", "prompt"])
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_difference_is_empty_exactly_for_equal_recipes(kind: str, data: st.DataObject) -> None:
    one, other = data.draw(recipes(kind)), data.draw(recipes(kind))
    assert diff(one, one) == ()
    lines = diff(one, other)
    assert all(line.words.isprintable() and line.words for line in lines)
    # names of steps and solutions are the same or one line each; so are their values
    if not any(line.matters for line in lines):
        assert (one.name, one.summary, one.source) == (other.name, other.summary, other.source)
        assert [step.id for step in one.steps] == [step.id for step in other.steps]
    louder = replace(one, steps=tuple(replace(step, attended=not step.attended) for step in one.steps))
    assert len([line for line in diff(one, louder) if line.matters]) == len(one.steps)


def test_the_fewest_moves_are_told() -> None:
    assert moved([(0, 0), (1, 1), (2, 2)]) == []
    assert moved([(1, 0), (2, 1), (3, 2), (0, 3)]) == [3]
    assert moved([(3, 0), (0, 1), (1, 2), (2, 3)]) == [0]
    assert len(moved([(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)])) == 4
    assert moved([]) == []


def test_steps_of_the_same_id_are_told_apart_by_their_order() -> None:
    recipe = read(FOUNDING)
    step = recipe.step("close-tube")
    twice = replace(recipe, steps=(step, replace(step, note="again")))
    other = replace(recipe, steps=(step, replace(step, note="once more")))
    assert [line.path for line in diff(twice, other)] == ["steps[1].note"]
    assert quantity(1, "h", "time") == quantity(60, "min", "time")
