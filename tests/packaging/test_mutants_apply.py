"""The breakages of `make mutants` are breakages of the present source, and the page names each of them."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.mutant import ROOT, Mutant
from tests.mutants.page import HEAD
from tests.mutants.table import MUTANTS

PAGE = ROOT / "docs" / "mutants.md"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_applies_once_is_still_python_and_its_tests_are_there(mutant: Mutant) -> None:
    assert mutant.occurrences() == 1, "the source has changed: choose the text anew"
    before = (ROOT / mutant.file).read_text(encoding="utf-8")
    after = mutant.applied(ROOT)
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))
    for place in mutant.tests:
        path, _, name = place.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {name.partition('[')[0] or 'test_'}" in text, place


def test_there_are_many_of_them_each_with_a_name_of_its_own_and_with_a_rule() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 30
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        number, _, invariant = mutant.rule.partition(".")
        assert 1 <= int(number) <= 11 and (not invariant or (number == "11" and 1 <= int(invariant) <= 10))


def test_the_page_names_each_of_them_with_the_test_that_found_it() -> None:
    """`make mutants` writes it when all were found."""
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").removeprefix(HEAD).splitlines()]
    assert [row[0].removeprefix("| ") for row in rows] == [mutant.name for mutant in MUTANTS]
    for row, mutant in zip(rows, MUTANTS, strict=True):
        found_in = "tests/" + row[3].strip("`").partition("::")[0]
        assert found_in in {place.partition("::")[0] for place in mutant.tests}, row
