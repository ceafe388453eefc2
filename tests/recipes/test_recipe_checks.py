"""The linter's rules: each finds what breaks it and not what just does not; the page is the present one."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from recipes.checks import RULES, Rule
from recipes.checks.examples import BASES, Example, carbon, spin, two
from recipes.checks.field import onset_kv
from recipes.checks.page import page
from recipes.problems import Problem, Severity
from recipes.reader import read_recipe

PAGE = Path(__file__).parents[2] / "docs" / "recipe-checks.md"


def problems_of(example: Example) -> list[Problem]:
    return read_recipe(example.text(), id="example")[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_finds_what_breaks_it_and_nothing_in_what_just_does_not(rule: Rule) -> None:
    found = [one for one in problems_of(rule.breaks) if one.code == rule.code]
    assert found, "its own example does not break it"
    assert {one.severity for one in found} == {rule.severity}
    assert all(one.line is not None and one.message for one in found)
    assert not [one for one in problems_of(rule.holds) if one.code == rule.code]
    others = [
        one
        for example in (rule.breaks, rule.holds)
        for one in problems_of(example)
        if one.severity is Severity.ERROR and one.code != rule.code
    ]
    assert others == [], "an example shows its own rule"


@pytest.mark.parametrize("name", BASES)
def test_the_base_recipes_are_read_without_warning(name: str) -> None:
    assert [one for one in problems_of(Example(name)) if one.severity is not Severity.NOTE] == []


def test_an_example_whose_line_is_gone_is_told() -> None:
    with pytest.raises(ValueError, match="stands 0 times"):
        spin(("no such line", "")).text()


def test_codes_are_unique_and_there_are_enough() -> None:
    assert [code for code, count in Counter(rule.code for rule in RULES).items() if count > 1] == []
    assert len(RULES) >= 30


def test_general_knowledge_never_refuses() -> None:
    assert [rule.code for rule in RULES if rule.basis == "M" and rule.severity is Severity.ERROR] == []


def test_a_solute_known_by_general_knowledge_only_is_not_refused() -> None:
    """Lignin makes carbon by general knowledge: hot air over it is the rig's to warn of, not the linter's to refuse."""
    lignin = (('"PAN", molar_mass = "150 kg/mol"', '"lignin"'), ('to = "280 degC"', 'to = "350 degC"'))
    assert "carbon-in-hot-air" not in {one.code for one in problems_of(carbon(*lignin))}
    assert "carbon-in-hot-air" in {one.code for one in problems_of(carbon(lignin[1]))}


def test_the_page_is_the_present_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m recipes.checks > docs/recipe-checks.md"


def test_a_warning_is_accepted_with_a_reason_and_an_error_is_not() -> None:
    low = ('distance = "15 cm"', 'distance = "38 cm"')
    accepted = ('id = "spin"', 'id = "spin"\naccept = [{ code = "field-low", reason = "as in the paper" }]')
    (found,) = [one for one in problems_of(spin(low, accepted)) if one.code == "field-low"]
    assert found.severity is Severity.NOTE and found.message.endswith("accepted: as in the paper")
    refused = ('voltage = "15 kV"', 'voltage = "0 kV"')
    told = ('id = "spin"', 'id = "spin"\naccept = [{ code = "no-voltage", reason = "because" }]')
    found_all = {one.code: one.severity for one in problems_of(spin(refused, told))}
    assert found_all["no-voltage"] is Severity.ERROR and found_all["unknown-rule"] is Severity.WARNING


@pytest.mark.parametrize(
    ("tension_mn_m", "kv"), [(35.2, 4.5), (22.5, 3.6), (72.8, 6.4)], ids=["DMF", "methanol", "water"]
)
def test_onset_by_smiths_formula(tension_mn_m: float, kv: float) -> None:
    """At a radius of 0.255 mm and 15 cm."""
    assert onset_kv(0.255, tension_mn_m, 15.0) == pytest.approx(kv, abs=0.06)


def test_the_smallest_spray_goes_inversely_with_conductivity() -> None:
    """Methanol with 1e-4 S/m takes about 0.30 ml/h, the pure one about 0.7 (and 1 ml/h is above both)."""

    def least(conductivity: str, rate: str) -> float:
        change = (('conductivity = "100 uS/m"\n', conductivity), ('"electrospray"\nrate = "1 ml/h"', rate))
        texts = [one.message for one in problems_of(two(*change)) if one.code == "spray-too-slow"]
        return float(texts[0].split("takes ")[1].split(" ml/h")[0]) if texts else math.nan

    slow = '"electrospray"\nrate = "0.1 ml/h"'
    assert least('conductivity = "100 uS/m"\n', slow) == pytest.approx(0.30, abs=0.02)
    assert least("", slow) == pytest.approx(0.69, abs=0.05)
    assert math.isnan(least("", '"electrospray"\nrate = "1 ml/h"'))
