"""From air to inert gas: the tube is cold and a person closes it (safety rule 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipes.reader import read_recipe
from rig.bench.fit import fit
from rig.bench.model import Bench
from rig.bench.sheet import demo_sheet

HEAD = """format = 1
name = "x"
source = { doi = "10.1039/d0ra01791d" }
"""
AIR = """
[[steps]]
id = "stabilise"
do = "heat"
atmosphere = "air"
ramp = "5 degC/min"
to = "280 degC"
soak = "1 h"
"""
COOL = """
[[steps]]
id = "cool-in-air"
do = "cool"
atmosphere = "air"
below = "{below}"
"""
CLOSE = """
[[steps]]
id = "close-tube"
do = "prompt"
say = "Close both flanges."
"""
PURGE = """
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "1000 sccm"
until = { volumes = 12 }
"""
HEAT = """
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "1000 sccm"
ramp = "2 degC/min"
to = "800 degC"
soak = "1 h"
"""
COLD = COOL.format(below="60 degC")


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        (AIR + COLD + CLOSE + PURGE + HEAT, []),
        (AIR + PURGE + HEAT, ["air-to-inert-hot"]),
        (AIR + COOL.format(below="100 degC") + CLOSE + PURGE + HEAT, ["air-to-inert-hot"]),
        (AIR + COLD + PURGE + HEAT, ["air-to-inert-unasked"]),
        (CLOSE + AIR + COLD + PURGE + HEAT, ["air-to-inert-unasked"]),
        (PURGE + HEAT, []),
        (HEAT.replace("carbonise", "first").replace("800", "250") + PURGE + HEAT, []),
    ],
)
@pytest.mark.parametrize("switch", ["by hand", "automatic"])
def test_from_air_to_inert_gas(
    demo_text: str, bench_of: Callable[..., Bench], steps: str, codes: list[str], switch: str
) -> None:
    recipe, problems = read_recipe(HEAD + steps, "x")
    assert recipe is not None, list(map(str, problems))
    assert 'atmosphere_switch = "by hand"' in demo_text
    bench = bench_of(demo_text.replace("by hand", switch))
    found = fit(recipe, bench, demo_sheet(recipe)).problems
    assert [one.code for one in found if one.code.startswith("air-to-inert")] == (
        codes if switch == "by hand" else []
    )


@pytest.mark.parametrize(
    ("after", "codes"),
    [
        ('atmosphere = "air"\nbelow = "60 degC"', ["inert-to-air-hot"]),
        ('atmosphere = "argon"\nflow = "1000 sccm"\nbelow = "60 degC"', []),
    ],
)
@pytest.mark.parametrize("switch", ["by hand", "automatic"])
def test_from_inert_gas_to_air(
    demo_text: str, bench_of: Callable[..., Bench], after: str, codes: list[str], switch: str
) -> None:
    recipe, problems = read_recipe(
        HEAD + PURGE + HEAT + f'\n[[steps]]\nid = "cool"\ndo = "cool"\n{after}\n', "x"
    )
    assert recipe is not None, list(map(str, problems))
    found = fit(recipe, bench_of(demo_text.replace("by hand", switch)), demo_sheet(recipe)).problems
    assert [one.code for one in found if one.code.startswith("inert-to-air")] == (
        codes if switch == "by hand" else []
    )
