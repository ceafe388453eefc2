"""The status of a rig: a part that cannot be told is named and empty, and the rest is told."""

from __future__ import annotations

from typing import Any

import pytest

from rig.cli.panel import rows
from rig.engine.status import status
from tests.engine.test_breakdown import Planted, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


def told(rig: Rig) -> dict[str, Any]:
    return status(rig.engine, rig.first.unit, None, rig.now_ns)


def labelled(rig: Rig, label: str) -> list[str]:
    return [cell.text for row in rows(told(rig)) if row.label == label for cell in row.cells]


def boom(*_: Any) -> Any:
    raise Planted("as planted")


def test_a_sound_rig_names_nothing_that_fails(rig: Rig) -> None:
    rig.scan()
    found = told(rig)
    assert (found["error"], found["failing"], found["hv_unproved"]) == (None, [], False)
    assert labelled(rig, "error") == labelled(rig, "not known") == []


@pytest.mark.parametrize(
    ("name", "attribute", "empty"),
    [
        ("progress", "progress", {"units": {}, "visit": None, "step": None}),
        ("questions", "open_questions", []),
        ("outputs", "outlets", {}),
        ("readings", "readings", {}),
        ("hv_unproved", "units", True),
    ],
)
def test_each_part_that_breaks_is_named_and_the_panel_says_so(
    rig: Rig, name: str, attribute: str, empty: Any
) -> None:
    rig.scan()
    sound = told(rig)
    methods = ("progress", "open_questions")
    setattr(rig.engine, attribute, boom if attribute in methods else object())
    found = told(rig)
    assert found[name] == empty
    assert any(one.startswith(f"{name}: ") for one in found["failing"])
    failing = {one.partition(":")[0] for one in found["failing"]}
    assert {key: value for key, value in found.items() if key not in {*failing, "failing"}} == {
        key: value for key, value in sound.items() if key not in {*failing, "failing"}
    }
    assert labelled(rig, "not known") == found["failing"]


def test_an_internal_error_stands_in_the_status_and_on_the_panel(rig: Rig) -> None:
    rig.scan()
    rig.engine.break_down(Planted("posted"))
    rig.scan()
    assert told(rig)["error"] == "Planted: posted"
    assert labelled(rig, "error") == ["internal error, everything told off: Planted: posted"]
