"""Reading recipes: every key of every step kind, and every mistake with its code, place and hint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.checks import RULES
from recipes.model import (
    CoolStep,
    DryStep,
    HeatStep,
    PrimeStep,
    PromptStep,
    PurgeStep,
    Recipe,
    SpinStep,
    WaitStep,
    as_data,
)
from recipes.problems import InputError, Problem, Problems, Severity
from recipes.reader import load_recipe, read_recipe
from recipes.units import Quantity, parse_quantity

BAD = Path(__file__).parent / "bad"


CHEMISTRY = {
    rule.code
    for rule in RULES
    if rule.severity is Severity.NOTE or (rule.basis != "form" and rule.severity is not Severity.ERROR)
}


def remarkable(problems: Iterable[Problem]) -> list[Problem]:
    """All but notes and warnings of the chemistry, which have tests of their own."""
    return [problem for problem in problems if problem.code not in CHEMISTRY]


# file: code, where, line, column, part of the message, part of the hint
BAD_RECIPES: dict[str, tuple[str, str, int, int, str, str]] = {
    "unknown-key": ("unknown-key", "steps.spin.voltag", 14, 1, '"voltag"', 'did you mean "voltage"?'),
    "missing-unit": ("missing-unit", "steps.spin.voltage", 13, 11, "15 without a unit", 'voltage = "15 kV"'),
    "wrong-dimension": ("wrong-dimension", "steps.spin.voltage", 13, 11, "a length; a voltage is wanted", "20 kV"),
    "negative-flow": ("out-of-range", "steps.spin.streams.pan.rate", 20, 8, "more than 0 ml/h", "above 0 ml/h"),
    "undefined-solution": (
        "undefined-solution", "steps.spin.streams.pna.solution", 18, 12, 'no solution "pna"', 'did you mean "pan"?',
    ),
    "decimal-comma": ("decimal-comma", "steps.spin.streams.pan.rate", 20, 8, "has a comma", "write 1.5"),
    "malformed-toml": ("malformed-toml", "", 13, 14, "not valid TOML", 'stands in quotes: "15 kV"'),
    "newer-format": ("newer-format", "format", 1, 10, "format 3; this program reads formats up to 2", "newer"),
    "missing-key": ("missing-key", "steps.spin.duration", 9, 1, '"duration" is missing', "add duration = "),
    "bad-window": ("bad-window", "steps.spin.humidity.max", 16, 36, "not above min", "exchange"),
    "unknown-gauge": ("unknown-gauge", "steps.spin.needle.gauge", 15, 20, "no needle of 21.5 G", "10 to 34"),
    "duplicate-id": ("duplicate-id", "steps[1].id", 22, 6, '"spin" is used twice', "own id"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_RECIPES)
def test_each_bad_recipe_is_refused_with_place_and_hint(name: str) -> None:
    code, where, line, column, message, hint = BAD_RECIPES[name]
    recipe, problems = load_recipe(BAD / f"{name}.toml")
    assert recipe is None
    (problem,) = remarkable(problems)
    assert problem.code == code
    assert (problem.where, problem.line, problem.column) == (where, line, column)
    assert problem.severity is Severity.ERROR
    assert message in problem.message
    assert hint in (problem.hint or "")


def test_every_bad_file_is_in_the_table() -> None:
    assert {path.stem for path in BAD.glob("*.toml")} == set(BAD_RECIPES)


HEAD = 'format = 1\nname = "test"\n'
SOLUTIONS = '[solutions.a]\nsolvents = [{ name = "DMF" }]\n[solutions.b]\nsolvents = [{ name = "water" }]\n'
SPIN = """[[steps]]
id = "s"
do = "spin"
duration = "1 h"
voltage = "15 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
"""
STREAMS = """[[steps.streams]]
solution = "a"
mode = "electrospin"
rate = "1 ml/h"
[[steps.streams]]
solution = "b"
mode = "electrospray"
rate = "2 ml/h"
"""
GOOD = HEAD + SOLUTIONS + SPIN + STREAMS


def good(text: str) -> Recipe:
    recipe, problems = read_recipe(text, "test")
    assert recipe is not None, [str(problem) for problem in problems]
    return recipe


def only(text: str) -> Problem:
    _, problems = read_recipe(text, "test")
    found = remarkable(problems)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def q(text: str, dimension: str) -> Quantity:
    return parse_quantity(text, dimension)


EVERY_KEY = """format = 1
name = "everything"
summary = "all keys"
source = { doi = "10.1/x", url = "https://example.org", title = "T", note = "N" }
accept = [{ code = "unused-solution", reason = "kept for later" }]

[parameters]
spin_voltage = { default = "20 kV", min = "14 kV", max = "24 kV" }
tip_count = { default = 3 }

[solutions.core]
solvents = [{ name = "DMF", parts = 4 }, { name = "acetone", parts = 1.5 }]
solutes = [{ name = "PAN", parts = 7, molar_mass = "150 kg/mol" },
  { name = "TiO2", parts = 3, particle_size = "30 nm" }]
concentration = "80 mg/ml"
conductivity = "10 uS/cm"
viscosity = "900 mPa s"
surface_tension = "36 mN/m"
density = "0.95 g/ml"
preparation = "stirred"
use_within = "7 d"
assumed = ["density"]
[solutions.shell]
solvents = [{ name = "water" }]
[solutions.spare]
solvents = [{ name = "water" }]

[[steps]]
id = "fill"
do = "prime"
volume = "0.2 ml"
rate = "20 ml/h"
streams = [{ id = "inner", solution = "core" }]

[[steps]]
id = "spin"
do = "spin"
note = "look at the drop"
attended = false
duration = "90 min"
voltage = "$spin_voltage"
distance = "18 cm"
needle = { gauge = "18 G", kind = "coaxial" }
collector = { kind = "drum", speed = "300 rpm", diameter = "10 cm", voltage = "-1 kV" }
humidity = { min = "30 %RH", max = "50 %RH", on_leave = "hold" }
temperature = { max = "28 degC", on_leave = "note" }
start_lag = "2 s"
draw_off = "0 s"
arc_retries = 2
assumed = ["distance"]
accept = [{ code = "opposite-polarity", reason = "wanted" }]
[[steps.streams]]
id = "inner"
solution = "core"
mode = "electrospin"
rate = "0.5 ml/h"
refill = true
[[steps.streams]]
id = "outer"
solution = "shell"
mode = "electrospin"
rate = "1 ml/h"
shell_of = "inner"
[[steps.streams]]
solution = "core"
mode = "electrospray"
rate = "30 ul/min"
voltage = "-5 kV"
distance = "10 cm"
needle = { gauge = "27 G", kind = "manifold", count = "$tip_count" }

[[steps]]
id = "rest"
do = "wait"
duration = "10 min"

[[steps]]
id = "weigh"
do = "prompt"
say = "Weigh."
record.width = { unit = "cm" }
[steps.record.mat_mass]
unit = "mg"
expect = "300 mg .. 700 mg"
refuse_below = "1 mg"
refuse_above = "5 g"
simulate = "470 mg"

[[steps]]
id = "dry"
do = "dry"
to = "80 degC"
duration = "12 h"
atmosphere = "nitrogen"
flow = "50 sccm"

[[steps]]
id = "burn"
do = "heat"
atmosphere = "air"
band = "3 degC"
segments = [
  { ramp = "5 degC/min", to = "200 degC", soak = "30 min" },
  { ramp = "1 degC/min", to = "280 degC", soak = "1 h", atmosphere = "oxygen", flow = "100 sccm" },
]
[[steps]]
id = "cool-1"
do = "cool"
atmosphere = "air"
below = "60 degC"
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "1 slm"
until = { volumes = 12 }
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "2 degC/min"
to = "800 degC"
soak = "2 h"
[[steps]]
id = "cool-2"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
cold = "60 degC"
"""


def test_every_key_of_the_contract_is_read() -> None:
    recipe = good(EVERY_KEY)
    assert recipe.source is not None and recipe.source.doi == "10.1/x"
    assert recipe.accept[0].code == "unused-solution"
    core = recipe.solutions["core"]
    assert [(item.name, item.parts) for item in core.solvents] == [("DMF", 4.0), ("acetone", 1.5)]
    assert core.solutes[0].molar_mass == q("150 kg/mol", "molar_mass")
    assert core.solutes[1].particle_size == q("30 nm", "length")
    assert (core.concentration, core.conductivity) == (
        q("0.08 g/ml", "density"),
        q("0.001 S/m", "conductivity"),
    )
    assert (core.viscosity, core.surface_tension) == (
        q("0.9 Pa s", "viscosity"),
        q("36 mN/m", "surface_tension"),
    )
    assert (core.density, core.use_within) == (q("0.95 g/ml", "density"), q("168 h", "time"))
    assert (core.preparation, core.assumed) == ("stirred", ("density",))

    fill, spin, rest, weigh, dry, burn, cool, purge, carbonise, cool_2 = recipe.steps
    assert isinstance(fill, PrimeStep) and fill.attended
    assert (fill.volume, fill.rate) == (q("0.2 ml", "volume"), q("20 ml/h", "flow_rate"))
    assert [(item.id, item.solution) for item in fill.streams] == [("inner", "core")]

    assert isinstance(spin, SpinStep) and not spin.attended and spin.note == "look at the drop"
    assert spin.duration == q("1.5 h", "time")
    assert (spin.start_lag, spin.draw_off, spin.arc_retries) == (q("2 s", "time"), q("0 s", "time"), 2)
    assert spin.collector is not None and spin.collector.kind == "drum"
    assert (spin.collector.speed, spin.collector.diameter) == (q("300 rpm", "rotation"), q("10 cm", "length"))
    assert spin.collector.voltage == q("-1 kV", "voltage")
    assert spin.humidity is not None and spin.humidity.on_leave == "hold"
    assert spin.temperature is not None and spin.temperature.minimum is None
    assert spin.temperature.maximum == q("28 degC", "temperature")
    assert spin.is_assumed("distance") and not spin.is_assumed("voltage")
    inner, outer, spray = spin.streams
    assert (inner.id, inner.solution, inner.refill, outer.shell_of) == ("inner", "core", True, "inner")
    assert (inner.voltage, inner.distance) == (q("20 kV", "voltage"), q("18 cm", "length"))
    assert (inner.needle.kind, inner.needle.gauge) == ("coaxial", q("18 G", "gauge"))
    assert (spray.id, spray.mode, spray.rate) == ("core", "electrospray", q("1.8 ml/h", "flow_rate"))
    assert (spray.voltage, spray.distance) == (q("-5 kV", "voltage"), q("10 cm", "length"))
    assert (spray.needle.kind, spray.needle.count) == ("manifold", 3)

    assert isinstance(rest, WaitStep) and rest.duration == q("10 min", "time")
    assert isinstance(weigh, PromptStep) and weigh.say == "Weigh."
    mass = weigh.record["mat_mass"]
    assert (mass.unit, mass.dimension, mass.simulate) == ("mg", "mass", q("470 mg", "mass"))
    assert mass.expect is not None and mass.expect.maximum == q("0.7 g", "mass")
    assert (mass.refuse_below, mass.refuse_above) == (q("1 mg", "mass"), q("5 g", "mass"))
    assert (weigh.record["width"].dimension, weigh.record["width"].simulate) == ("length", None)

    assert isinstance(dry, DryStep) and (dry.atmosphere, dry.flow) == ("nitrogen", q("50 sccm", "gas_flow"))
    assert (dry.to, dry.duration) == (q("80 degC", "temperature"), q("12 h", "time"))
    assert (
        isinstance(burn, HeatStep)
        and burn.band == q("3 degC", "temperature_difference")
        and not burn.attended
    )
    first, second = burn.segments
    assert (first.ramp, first.to) == (q("5 degC/min", "heating_rate"), q("200 degC", "temperature"))
    assert (first.soak, first.atmosphere, first.flow) == (q("30 min", "time"), "air", None)
    assert (second.atmosphere, second.flow) == ("oxygen", q("100 sccm", "gas_flow"))
    assert isinstance(cool, CoolStep) and cool.cold == q("200 degC", "temperature")
    assert isinstance(purge, PurgeStep) and (purge.volumes, purge.oxygen) == (12.0, None)
    assert (purge.gas, purge.flow) == ("argon", q("1000 sccm", "gas_flow"))
    assert isinstance(carbonise, HeatStep) and len(carbonise.segments) == 1
    assert carbonise.segments[0].flow == q("200 sccm", "gas_flow")
    assert isinstance(cool_2, CoolStep) and cool_2.cold == q("60 degC", "temperature")


def test_accepted_findings_become_notes() -> None:
    _, problems = read_recipe(EVERY_KEY, "test")
    found = {problem.code: problem for problem in problems}
    for code in ("unused-solution", "opposite-polarity"):
        assert found[code].severity is Severity.NOTE and "accepted: " in found[code].message


def test_defaults_are_those_of_the_contract() -> None:
    spin = good(GOOD).step("s")
    assert isinstance(spin, SpinStep)
    assert (spin.start_lag, spin.draw_off, spin.arc_retries) == (q("5 s", "time"), q("3 s", "time"), 0)
    assert spin.attended and (spin.collector, spin.humidity, spin.temperature) == (None, None, None)
    assert [stream.id for stream in spin.streams] == ["a", "b"]
    with pytest.raises(KeyError):
        good(GOOD).step("nobody")


def test_voltage_may_be_left_to_the_streams() -> None:
    text = GOOD.replace('voltage = "15 kV"\n', "").replace('rate = "', 'voltage = "9 kV"\nrate = "')
    spin = good(text).step("s")
    assert isinstance(spin, SpinStep) and spin.voltage == q("9 kV", "voltage")
    problem = only(text.replace('voltage = "9 kV"\n', "", 1))
    assert (problem.code, problem.where) == ("missing-key", "steps.s.voltage")


def test_text_and_hash_are_the_authors() -> None:
    recipe = good(GOOD)
    assert (recipe.text, recipe.id) == (GOOD, "test")
    assert recipe.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    windows = good("\ufeff" + GOOD.replace("\n", "\r\n"))
    assert windows.sha256 != recipe.sha256 and windows.steps == recipe.steps


def test_resolved_values_are_plain_data() -> None:
    data = good(EVERY_KEY).resolved()
    assert json.loads(json.dumps(data)) == data
    assert "text" not in data
    assert data["steps"][1]["do"] == "spin"
    assert data["steps"][1]["streams"][0]["voltage"] == "20 kV"
    assert as_data(good(EVERY_KEY).steps[3])["record"]["mat_mass"]["expect"] == "300 mg .. 700 mg"


def heat(text: str) -> str:
    return f'{GOOD}[[steps]]\nid = "h"\n{text}'


ARGON = (
    'do = "heat"\natmosphere = "argon"\nflow = "500 sccm"\nramp = "5 degC/min"\nto = "{to}"\nsoak = "1 h"\n'
)
PURGE = 'do = "purge"\ngas = "argon"\nflow = "500 sccm"\nuntil = "100 ppm O2"\n'

MISTAKES = [
    # text, code, where, part of message, part of hint
    (GOOD.replace("format = 1\n", ""), "missing-key", "format", '"format" is missing', "format = 2"),
    (GOOD.replace("format = 1", 'format = "1"'), "wrong-type", "format", "whole number", ""),
    (GOOD.replace("format = 1", "format = 0"), "wrong-type", "format", "whole number", ""),
    (GOOD.replace('name = "test"\n', ""), "missing-key", "name", '"name" is missing', ""),
    (GOOD.replace('name = "test"', "name = 3"), "wrong-type", "name", "is the number 3", ""),
    (GOOD.replace('name = "test"', 'name = " "'), "empty-text", "name", "is empty", ""),
    (HEAD, "missing-key", "steps", '"steps" is missing', ""),
    (HEAD + "steps = []\n", "missing-key", "steps", "is empty", ""),
    (HEAD + "steps = 3\n", "wrong-type", "steps", "a list of tables is wanted", ""),
    (GOOD + "extra = 1\n", "unknown-key", "steps.s.streams.b.extra", '"extra"', "known keys here"),
    (GOOD.replace('id = "s"', 'id = "s t"'), "bad-id", 'steps."s t".id', "cannot be an id", "co-deposit"),
    (GOOD.replace('id = "s"\n', ""), "missing-key", "steps[0].id", '"id" is missing', ""),
    (GOOD.replace('do = "spin"\n', ""), "missing-key", "steps.s.do", '"do" is missing', 'do = "prime"'),
    (GOOD.replace('do = "spin"', 'do = "spinn"'), "unknown-choice", "steps.s.do", '"spinn"', 'did you mean "spin"?'),
    (GOOD.replace('"electrospray"', '"spray"'), "unknown-choice", "steps.s.streams.b.mode", '"spray"', "electrospray"),
    (GOOD.replace('"1 h"', '"0 h"'), "out-of-range", "steps.s.duration", "more than 0 s", "above 0 s"),
    (GOOD.replace('"1 h"', "true"), "wrong-type", "steps.s.duration", "true or false", '"1 min"'),
    (GOOD.replace('"15 cm"', '"-15 cm"'), "out-of-range", "steps.s.distance", "more than 0 cm", ""),
    (GOOD.replace('"15 kV"', '"0 kV"'), "no-voltage", "steps.s.voltage", "are 0", "20 kV"),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\ndraw_off = "11 s"'), "out-of-range", "steps.s.draw_off",
     "at most 10 s", "from 0 s up to 10 s"),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\narc_retries = 4'), "out-of-range", "steps.s.arc_retries",
     "at most 3", "from 0 up to 3"),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\narc_retries = 1.5'), "wrong-type", "steps.s.arc_retries",
     "whole number", ""),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\nhumidity = {}'), "bad-window", "steps.s.humidity",
     "neither min nor max", ""),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\nhumidity = 40'), "wrong-type", "steps.s.humidity",
     "a table is wanted", ""),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\nassumed = ["humidity"]\n'
                  'humidity = { max = "50 %RH", on_leave = "hold" }'), "hold-on-assumed", "steps.s.humidity.on_leave",
     "is assumed", "warn"),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\nassumed = ["volt"]'), "unknown-assumed", "steps.s.assumed",
     '"volt"', 'did you mean "voltage"?'),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\ncollector = { kind = "plat" }'), "unknown-choice",
     "steps.s.collector.kind", '"plat"', 'did you mean "plate"?'),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\ncollector = { kind = "plate", speed = "3 rpm" }'),
     "collector-turns", "steps.s.collector.speed", "does not turn", "drum"),
    (GOOD.replace('gauge = "21 G"', 'gauge = "21 G", count = 2'), "needle-count", "steps.s.needle.count", "one tip",
     "manifold"),
    (GOOD.replace('gauge = "21 G"', 'count = 1'), "needle-not-said", "steps.s.streams.b", "no needle gauge", "21 G"),
    (GOOD.replace('solution = "b"', 'solution = "a"'), "duplicate-id", "steps.s.streams[1]", 'id "a"', "own id"),
    (GOOD + 'voltage = "-5 kV"\n', "opposite-polarity", "steps.s.streams", "20 kV between them", ""),
    (GOOD + 'shell_of = "c"\n', "unknown-stream", "steps.s.streams.b.shell_of", '"c"', ""),
    (GOOD + 'shell_of = "b"\n', "unknown-stream", "steps.s.streams.b.shell_of", '"b"', ""),
    (GOOD + 'shell_of = "a"\n', "unknown-stream", "steps.s.streams.b.shell_of", "one coaxial needle", "coaxial"),
    (GOOD.replace('gauge = "21 G"', 'gauge = "21 G", kind = "coaxial"') + 'shell_of = "a"\nvoltage = "9 kV"\n',
     "unknown-stream", "steps.s.streams.b.shell_of", "differ in voltage", ""),
    (GOOD + "refill = 1\n", "wrong-type", "steps.s.streams.b.refill", "true or false", ""),
    (GOOD + "[solutions.c]\nsolvents = [{ name = 'x' }]\n", "unused-solution", "solutions.c", '"c"', ""),
    (GOOD.replace('[{ name = "DMF" }]', "[]"), "missing-key", "solutions.a.solvents", "is empty", ""),
    (GOOD.replace('{ name = "DMF" }', "{ name = 'DMF', parts = -1 }"), "out-of-range", "solutions.a.solvents[0].parts",
     "more than 0", ""),
    (GOOD.replace('{ name = "DMF" }', "{ name = 'DMF', parts = nan }"), "not-a-number", "solutions.a.solvents[0].parts",
     "finite", ""),
    (GOOD.replace("[solutions.b]", 'concentration = "120 wt%"\n[solutions.b]'), "out-of-range",
     "solutions.a.concentration", "at most 100 wt%", ""),
    (GOOD.replace("[solutions.b]", 'concentration = "-80 mg/ml"\n[solutions.b]'), "out-of-range",
     "solutions.a.concentration", "more than 0 mg/ml", "above 0 mg/ml"),
    (GOOD.replace("[solutions.b]", 'concentration = "0 g/l"\n[solutions.b]'), "out-of-range",
     "solutions.a.concentration", "more than 0 g/l", ""),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\ncollector = { kind = "drum", speed = "-5 m/s" }'),
     "out-of-range", "steps.s.collector.speed", "at least 0 m/s", "from 0 m/s"),
    (GOOD.replace('voltage = "15 kV"', 'voltage = "15 kV"\ncollector = { kind = "drum", speed = "-5 rpm" }'),
     "out-of-range", "steps.s.collector.speed", "at least 0 rpm", "from 0 rpm"),
    (GOOD.replace("[solutions.a]", "[solutions.'a b']\nsolvents=[{ name = 'x' }]\n[solutions.a]"), "bad-id",
     'solutions."a b"', "cannot be an id", ""),
    (GOOD.replace("[solutions.a]", "solutions.x = 3\n[solutions.a]"), "wrong-type", "solutions.x",
     "is the number 3", ""),
    ("source = { doi = 'https://doi.org/10.1/x' }\n" + GOOD, "bad-doi", "source.doi", "not a DOI", "10.1039"),
    ("accept = [{ code = 'needle-not-sad', reason = 'x' }]\n" + GOOD, "unknown-rule", "accept[0].code", "not a rule",
     "needle-not-said"),
    ("accept = [{ code = 'no-voltage' , reason = 'x' }]\n" + GOOD, "unknown-rule", "accept[0].code", "not a rule", ""),
    ("accept = [{ code = 'needle-not-said' }]\n" + GOOD, "missing-key", "accept[0].reason", "missing", ""),
    (GOOD.replace('"15 kV"', '"$u"'), "unknown-parameter", "steps.s.voltage", 'no parameter "u"', "[parameters]"),
    (GOOD + "[parameters]\nu = { default = '1 kV' }\n", "unused-parameter", "parameters.u", '"$u"', ""),
    (GOOD.replace('"15 kV"', '"$u"') + "[parameters]\nu = { default = '1 kV', min = '2 kV' }\n", "out-of-range",
     "parameters.u.default", "below min", ""),
    (GOOD.replace('"15 kV"', '"$u"') + "[parameters]\nu = { default = '1 kV', max = '2 cm' }\n", "wrong-dimension",
     "parameters.u.max", "cannot be compared", ""),
    (GOOD.replace('"15 kV"', '"$u"') + "[parameters]\nu = { default = '1 kV', max = 'big' }\n", "not-a-number",
     "parameters.u.max", "does not begin with a number", ""),
    *((GOOD.replace('"15 kV"', '"$u"') + f"[parameters]\nu = {{ default = '1 kV', {key} = {value} }}\n", code,
       f"parameters.u.{key}", message, f'{key} = "20 kV"')
      for key in ("min", "max")
      for value, code, message in (
          ("2026-11-20", "wrong-type", "a date or time"), ("10:30:00", "wrong-type", "a date or time"),
          ("nan", "not-a-number", "is nan"), ("-inf", "not-a-number", "is -inf"), ("true", "wrong-type", "is true"),
          ("[1]", "wrong-type", "a list"), ("{ kV = 1 }", "wrong-type", "a table"))),
    (GOOD.replace('"15 kV"', '"$u"') + "[parameters]\nu = { default = 2026-11-20T14:32:05Z }\n", "wrong-type",
     "parameters.u.default", "a date or time", "20 kV"),
    (GOOD.replace('"15 kV"', '"$u"') + "[parameters]\nu = { default = inf }\n", "not-a-number",
     "parameters.u.default", "is inf", "20 kV"),
    (GOOD.replace("'DMF'", "'$u'").replace('"DMF"', '"$u"') + "[parameters]\nu = { default = 'DMF', max = 3 }\n",
     "wrong-dimension", "parameters.u.max", 'default (the text "DMF") cannot be compared', "leave max out"),
    (GOOD.replace('"15 kV"', '"\u0661\u0662 kV"'), "not-a-number", "steps.s.voltage", "not 0 to 9", 'write "12 kV"'),
    (GOOD.replace('"15 kV"', '"$u"') + "[parameters]\nu = { default = '1 cm' }\n", "wrong-dimension", "steps.s.voltage",
     "a voltage is wanted", ""),
    (heat('do = "wait"\nduration = "-1 s"\n'), "out-of-range", "steps.h.duration", "more than 0 s", ""),
    (heat('do = "prompt"\n'), "missing-key", "steps.h.say", "missing", ""),
    (heat('do = "prompt"\nsay = "x"\nrecord = { m = { unit = "blob" } }\n'), "unknown-unit", "steps.h.record.m.unit",
     '"blob" is not a unit', ""),
    (heat('do = "prompt"\nsay = "x"\nrecord = { m = { unit = "mg", refuse_above = "1 mg", simulate = "2 mg" } }\n'),
     "answer-refused", "steps.h.record.m.simulate", "above 1 mg", ""),
    (heat('do = "prompt"\nsay = "x"\nrecord = { m = { unit = "mg", refuse_below = "3 mg", simulate = "2 mg" } }\n'),
     "answer-refused", "steps.h.record.m.simulate", "below 3 mg", ""),
    (heat('do = "prompt"\nsay = "x"\nrecord = { m = { unit = "mg", refuse_below = "3 mg", refuse_above = "2 mg" } }\n'),
     "bad-range", "steps.h.record.m.refuse_above", "not above", ""),
    (heat('do = "prompt"\nsay = "x"\nrecord = { m = { unit = "mg", expect = "5" } }\n'), "bad-range",
     "steps.h.record.m.expect", "not a range", '"1 mg .. 2 mg"'),
    (heat('do = "prime"\n'), "prime-streams", "steps.h", "no spin step follows", ""),
    (heat(PURGE.replace("argon", "air")), "purge-by-oxygen", "steps.h.until", "never comes below", "volumes"),
    (heat(PURGE.replace('"100 ppm O2"', "{ volume = 12 }")), "missing-key", "steps.h.until.volumes", "missing", ""),
    (heat(PURGE.replace("argon", "argno")), "unknown-choice", "steps.h.gas", '"argno"', 'did you mean "argon"?'),
    (heat(ARGON.format(to="400 degC")), "inert-without-purge", "steps.h", "no purge with argon", "purge"),
    (heat(ARGON.format(to="250 degC").replace('flow = "500 sccm"\n', "")), "missing-flow", "steps.h.flow",
     "argon", "200 sccm"),
    (heat(PURGE + '[[steps]]\nid = "i"\n' + ARGON.format(to="800 degC")
          + '[[steps]]\nid = "j"\ndo = "cool"\natmosphere = "argon"\nflow = "100 sccm"\nbelow = "60 degC"\n'),
     "inert-flow-falls", "steps.j.flow", "from 500 sccm to 100 sccm while the tube is at 800 °C", "at least 500 sccm"),
    (heat('do = "heat"\natmosphere = "argon"\nflow = "500 sccm"\nsegments = [{ ramp = "5 degC/min", to = "250 degC" }, '
          '{ ramp = "5 degC/min", to = "280 degC", flow = "9 sccm" }]\n'), "inert-flow-falls",
     "steps.h.segments[1].flow", "while the tube is at 250 °C", "500 sccm"),
    (heat(ARGON.format(to="250 degC") + "segments = []\n"), "heat-form", "steps.h.ramp", "beside", ""),
    (heat('do = "cool"\natmosphere = "air"\nbelow = "60 degC"\ncold = "201 degC"\n'), "out-of-range", "steps.h.cold",
     "at most 200 °C", "up to 200 degC"),
    (heat('do = "heat"\natmosphere = "air"\nramp = "5 K"\nto = "250 degC"\nsoak = "1 h"\n'), "wrong-dimension",
     "steps.h.ramp", "a heating rate is wanted", "5 degC/min"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "where", "message", "hint"), MISTAKES)
def test_each_mistake_is_named(text: str, code: str, where: str, message: str, hint: str) -> None:
    recipe, problems = read_recipe(text, "test")
    found = {(problem.code, problem.where): problem for problem in problems}
    assert (code, where) in found, [str(problem) for problem in problems]
    problem = found[code, where]
    assert message in problem.message
    assert hint in (problem.hint or "")
    assert (recipe is None) == any(item.severity is Severity.ERROR for item in problems)
    assert problem.line is not None or where in ("format", "name", "steps")


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_text() -> None:
    text = GOOD.replace('"15 kV"', "15").replace('"15 cm"', '"15 kg"').replace('"2 ml/h"', '"2,5 ml/h"')
    text = text.replace('"electrospin"', '"electrospn"').replace('solution = "b"', 'solution = "c"')
    recipe, problems = read_recipe(text + "odd = 1\n", "test")
    assert recipe is None
    assert [problem.code for problem in remarkable(problems)] == [
        "missing-unit",
        "wrong-dimension",
        "unknown-choice",
        "undefined-solution",
        "decimal-comma",
        "unknown-key",
    ]
    lines = [problem.line or 0 for problem in problems]
    assert lines == sorted(lines) and lines[0] > 0


def test_a_newer_format_is_refused_without_further_complaints() -> None:
    problem = only(GOOD.replace("format = 1", "format = 7") + "new_key = 1\n")
    assert (problem.code, problem.line, problem.column) == ("newer-format", 1, 10)
    assert "format 7" in problem.message


def test_bytes_that_are_not_utf8_have_a_place() -> None:
    recipe, (problem,) = read_recipe(GOOD.encode().replace(b"DMF", b"DM\xb5"), "test")
    assert recipe is None
    assert (problem.code, problem.line, problem.column) == ("not-utf8", 4, 25)
    assert "0xb5" in problem.message


def test_hints_for_common_slips_in_toml() -> None:
    for text, hint in (
        ("a = 20 kV\n", 'a quantity stands in quotes: "20 kV"'),
        ('a = "x\n', "a quotation mark is missing in this line"),
        ("a = { b = 1,\n  c = 2 }\n", "a table in braces stands on one line"),
    ):
        problem = only(text)
        assert (problem.code, problem.line, problem.hint) == ("malformed-toml", 1, hint)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.toml", "no-such-file"), (tmp_path, "unreadable-file")):
        recipe, problems = load_recipe(path)
        assert (recipe, [problem.code for problem in problems]) == (None, [code])


def test_problem_as_data_and_as_a_sentence() -> None:
    (problem,) = remarkable(load_recipe(BAD / "decimal-comma.toml")[1])
    assert list(problem.as_dict()) == ["severity", "code", "where", "line", "column", "message", "hint"]
    assert problem.as_dict()["severity"] == "error"
    assert str(problem) == (
        'error: line 20, column 8: steps.spin.streams.pan.rate: "1,5 ml/h" has a comma; '
        "numbers take a decimal point (write 1.5) [decimal-comma]"
    )
    assert "decimal-comma" in str(InputError([problem]))


def test_collected_problems_know_whether_there_is_an_error() -> None:
    problems = Problems()
    problems.warning("a", "x", "look")
    problems.note("b", "x", "read")
    before = problems.has_errors
    problems.error("c", "x", "stop", "go")
    assert (before, problems.has_errors) == (False, True)
    assert (len(problems), problems[2].hint) == (3, "go")


@given(st.data())
def test_a_damaged_recipe_is_read_or_refused_never_crashed(data: st.DataObject) -> None:
    lines = EVERY_KEY.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "value", "cut"]))
        key, equals, _ = lines[number].partition("=")
        if kind == "drop":
            lines[number] = ""
        elif kind == "double":
            lines.insert(number, lines[number])
        elif kind == "cut":
            lines[number] = lines[number][: data.draw(st.integers(0, len(lines[number])))]
        elif equals:
            value = data.draw(
                st.sampled_from(
                    ["3", "-1.5", "true", "[]", "{}", '""', '"x"', '"1 kV"', "[1]", "nan", '"$u"']
                )
            )
            lines[number] = f"{key}= {value}"
    recipe, problems = read_recipe("\n".join(lines), "test")
    assert (recipe is None) == any(problem.severity is Severity.ERROR for problem in problems)
    for problem in problems:
        assert problem.message and problem.code == problem.code.lower()
