"""The table of docs/fuzz.md is what the drivers do today; what must not pass, does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fuzz_replies import page
from tests.instruments.fuzz.single import FORGED_GROUP, Count, counts

PAGE = Path(__file__).parents[3] / "docs" / "fuzz.md"


@pytest.fixture(scope="module")
def found() -> dict[str, Count]:
    return {each.name: each for each in counts()}


def test_the_page_is_the_present_one(found: dict[str, Count]) -> None:
    """Make it anew with: python -m benchmarks.fuzz_replies > docs/fuzz.md"""
    assert page(found.values()) == PAGE.read_text(encoding="utf-8")


def test_no_impossible_value_and_nothing_cut_short_is_taken(found: dict[str, Count]) -> None:
    for each in found.values():
        assert each.unseen[FORGED_GROUP] == 0, each.name
        assert each.unseen["cut short"] == 0, each.name


@pytest.mark.parametrize(
    "name", ["new-era", "glassman", "eurotherm epc3000", "eurotherm 3216", "eurotherm 2416", "adam"]
)
def test_with_a_checksum_no_single_bit_passes(found: dict[str, Count], name: str) -> None:
    assert found[name].tried["one bit"] > 50
    assert found[name].unseen["one bit"] == 0
