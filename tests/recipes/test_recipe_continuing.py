"""What speaks against beginning a recipe at a later step: what the tube lacks, what the sample lacks."""

from __future__ import annotations

import pytest

from recipes.catalogue import library_path
from recipes.continuing import Past, begin_at, check_beginning
from recipes.model import Recipe
from recipes.reader import load_recipe, read_recipe

SPUN = {("co-deposit", "spin"): "run-1"}
STABILISED = SPUN | {("stabilise", "heat"): "run-2"}


@pytest.fixture(scope="module")
def founding() -> Recipe:
    recipe, problems = load_recipe(library_path("tio2-pcnf"))
    assert recipe is not None, problems
    return recipe


def said(recipe: Recipe, step: str, past: Past | None) -> list[tuple[str, str]]:
    """(code, last word of the hint) of each problem."""
    return [
        (problem.code, (problem.hint or "").rpartition(" ")[2])
        for problem in check_beginning(recipe, step, past)
    ]


def changed(recipe: Recipe, old: str, new: str) -> Recipe:
    assert old in recipe.text
    found, problems = read_recipe(recipe.text.replace(old, new), recipe.id)
    assert found is not None, problems
    return found


def test_prompts_that_record_are_asked_again_and_nothing_else_comes_before(founding: Recipe) -> None:
    assert [step.id for step in begin_at(founding, "close-tube").steps] == [
        "transfer", "close-tube", "purge", "carbonise", "cool",
    ]  # fmt: skip
    assert begin_at(founding, "co-deposit").steps == founding.steps


@pytest.mark.parametrize(
    ("step", "past", "expected"),
    [
        ("co-deposit", None, []),
        ("stabilise", None, []),
        ("stabilise", Past(SPUN), []),
        ("transfer", Past(SPUN), []),
        ("cool-in-air", Past(STABILISED, air_stage="run-2"), []),
        ("close-tube", Past(STABILISED, air_stage="run-2"), []),
        # The air stage of a mat from elsewhere is not taken on trust.
        ("close-tube", None, [("no-air-stage", "stabilise")]),
        ("close-tube", Past(SPUN), [("no-air-stage", "stabilise")]),
        ("purge", Past(STABILISED, air_stage="run-2"), [("skipped-step-needed", "close-tube")]),
        ("carbonise", Past(STABILISED, air_stage="run-2"), [("skipped-step-needed", "close-tube")]),
        (
            "carbonise",
            None,
            [("skipped-step-needed", "close-tube"), ("no-air-stage", "stabilise")],
        ),
        (
            "cool",
            Past(STABILISED, air_stage="run-2"),
            [("skipped-step-needed", "close-tube"), ("not-done", "carbonise")],
        ),
        ("stabilise", Past(), [("not-done", "co-deposit")]),
    ],
)
def test_what_a_step_of_the_founding_recipe_needs(
    founding: Recipe, step: str, past: Past | None, expected: list[tuple[str, str]]
) -> None:
    assert said(founding, step, past) == expected


def test_the_missing_step_is_named_with_the_run_that_did_not_finish_it(founding: Recipe) -> None:
    (problem,) = check_beginning(
        founding, "stabilise", Past(ended={("co-deposit", "spin"): ("run-1", "stopped")})
    )
    assert problem.message.endswith('has done "co-deposit" (in run-1 it was stopped), which is skipped')
    assert problem.where == "steps.stabilise"


def test_a_step_that_does_not_exist_is_answered_with_those_that_do(founding: Recipe) -> None:
    (problem,) = check_beginning(founding, "carbonize", None)
    assert problem.code == "unknown-step"
    assert problem.hint is not None
    assert problem.hint.startswith('did you mean "carbonise"? Its steps: co-deposit, transfer, stabilise, ')


def test_a_prompt_right_before_is_said_to_be_skipped(founding: Recipe) -> None:
    recipe = changed(
        founding,
        '[[steps]]\nid = "stabilise"',
        '[[steps]]\nid = "lay"\ndo = "prompt"\nsay = "Lay it flat."\n\n[[steps]]\nid = "stabilise"',
    )
    (problem,) = check_beginning(recipe, "stabilise", Past(SPUN))
    assert (problem.severity, problem.code) == ("warning", "skipped-prompt")
    assert "Lay it flat." in problem.message
    assert said(recipe, "lay", Past(SPUN)) == []


def test_what_was_done_already_is_done_once_more_with_a_warning(founding: Recipe) -> None:
    past = Past(STABILISED, air_stage="run-2")
    (problem,) = check_beginning(founding, "stabilise", past)
    assert (problem.severity, problem.code, problem.where) == ("warning", "done-before", "steps.stabilise")


def test_an_air_stage_under_another_name_counts(founding: Recipe) -> None:
    past = Past(SPUN | {("oxidise", "heat"): "run-2"}, air_stage="run-2")
    assert said(founding, "close-tube", past) == []


def test_a_polymer_that_is_not_pan_needs_no_air_stage(founding: Recipe) -> None:
    recipe = changed(founding, 'name = "PAN"', 'name = "PVP"')
    assert said(recipe, "close-tube", Past(STABILISED)) == []
    # What it was spun from is on record, whatever the second day's recipe says.
    spun_of_pan = Past(STABILISED, solutes=frozenset({"pan"}))
    assert said(recipe, "close-tube", spun_of_pan) == [("no-air-stage", "stabilise")]


def test_needles_that_a_step_of_its_own_fills(founding: Recipe) -> None:
    recipe = changed(
        founding,
        '[[steps]]\nid = "co-deposit"',
        '[[steps]]\nid = "fill"\ndo = "prime"\n\n[[steps]]\nid = "co-deposit"',
    )
    assert said(recipe, "co-deposit", None) == [("skipped-step-needed", "fill")]
    assert said(recipe, "fill", None) == []


def test_a_purge_in_the_same_stage_is_needed_from_a_prompt_inside_it_too(founding: Recipe) -> None:
    mild = changed(founding, 'to = "800 degC"', 'to = "300 degC"')  # hotter needs a purge right before it
    recipe = changed(
        mild,
        '[[steps]]\nid = "carbonise"',
        '[[steps]]\nid = "look"\ndo = "prompt"\nsay = "Does it bubble?"\n\n[[steps]]\nid = "carbonise"',
    )
    past = Past(STABILISED, air_stage="run-2")
    assert said(recipe, "look", past) == [("skipped-step-needed", "close-tube")]
