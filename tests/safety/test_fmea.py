"""The page of failures: enough rows, no empty cell, and each test that it names is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLUMNS = ["failure", "effect", "detection", "action", "hardware barrier", "test"]
LEAST_ROWS = 40


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows() -> list[list[str]]:
    """Every row below a head of these columns."""
    lines = (ROOT / "docs" / "fmea.md").read_text(encoding="utf-8").splitlines()
    tables = [cells(line) for line in lines if line.startswith("|") and not line.startswith("|---")]
    assert tables[0] == COLUMNS
    return [row for row in tables if row != COLUMNS]


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the tests in a file, without running it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_there_are_enough_rows_and_no_cell_is_empty() -> None:
    found = rows()
    assert len(found) >= LEAST_ROWS
    assert [row for row in found if len(row) != len(COLUMNS) or not all(row)] == []


def test_no_failure_stands_there_twice() -> None:
    failures = [row[0] for row in rows()]
    assert len(set(failures)) == len(failures)


@pytest.mark.parametrize("place", sorted({row[-1] for row in rows()}))
def test_each_test_that_is_named_is_there(place: str) -> None:
    path, _, name = place.strip("`").partition("::")
    assert (ROOT / path).is_file(), path
    assert name in names_in(path)
