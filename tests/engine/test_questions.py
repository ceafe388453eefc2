"""Questions and answers: what is taken, and what is refused in which words."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.reader import read_recipe
from recipes.steps import PromptStep, RecordField
from rig.engine.questions import BadAnswer, Question, QuestionBoard, check_answer

RECIPE = """
format = 1
name = "weigh"
[[steps]]
id = "transfer"
do = "prompt"
say = "Weigh it."
[steps.record.left]
unit = "ml"
[steps.record.mass]
unit = "mg"
expect = "300 mg .. 700 mg"
refuse_below = "1 mg"
refuse_above = "5 g"
simulate = "470 mg"
"""


def field(key: str) -> RecordField:
    recipe, problems = read_recipe(RECIPE, "weigh")
    assert recipe is not None, list(map(str, problems))
    step = recipe.steps[0]
    assert isinstance(step, PromptStep)
    return step.record[key]


MASS = Question("transfer", "mass", "Weigh it.", "quantity", field("mass"))
LEFT = Question("transfer", "left", "How much is left?", "quantity", field("left"))
WIPED = Question("co-deposit", "wiped", "Wiped?")
ATTEST = Question("co-deposit", "attested", "HV UNPROVED", "attest")


@pytest.mark.parametrize(
    ("question", "value", "taken", "odd"),
    [
        (WIPED, True, True, False),
        (MASS, "470 mg", 470.0, False),
        (MASS, "0.47 g", 470.0, False),
        (MASS, "200 mg", 200.0, True),
        (MASS, "4.9 g", 4900.0, True),
        (LEFT, "1.5 ml", 1.5, False),
        (
            ATTEST,
            {"name": "Ada", "reason": "mains off", "more": 1},
            {"name": "Ada", "reason": "mains off"},
            False,
        ),
    ],
)
def test_what_is_taken(question: Question, value: Any, taken: Any, odd: bool) -> None:
    number, outside = check_answer(question, value)
    assert number == (pytest.approx(taken) if isinstance(taken, float) else taken)
    assert outside is odd


@pytest.mark.parametrize(
    ("question", "value", "says"),
    [
        (WIPED, False, r"\[co-deposit\] wiped is confirmed with true, not with False"),
        (WIPED, "yes", "not with 'yes'"),
        (WIPED, 1, "not with 1"),
        (MASS, 470, r'\[transfer\] mass is a quantity with its unit, for example "470 mg", not 470'),
        (MASS, True, "is a quantity"),
        (MASS, "470", r"\[transfer\] mass: "),
        (MASS, "1,5 mg", r"\[transfer\] mass: .*1\.5"),
        (MASS, "470 ml", r"\[transfer\] mass: "),
        (MASS, "0.5 mg", "0.5 mg is refused, it must be at least 1 mg"),
        (MASS, "6 g", "6 g is refused, it must be at most 5 g"),
        (ATTEST, True, "needs .* of a person at the rig"),
        (ATTEST, {"name": "Ada"}, "needs"),
        (ATTEST, {"name": "", "reason": "x"}, "needs"),
    ],
)
def test_what_is_refused(question: Question, value: Any, says: str) -> None:
    with pytest.raises(BadAnswer, match=says):
        check_answer(question, value)


def test_a_question_is_new_once_and_answered_once() -> None:
    board = QuestionBoard()
    assert board.ask(WIPED) == (None, True)
    assert board.ask(WIPED) == (None, False)
    with pytest.raises(BadAnswer, match="is confirmed with true"):
        board.answer("co-deposit", "wiped", False, 5, "Ada")
    assert list(board.open) == [("co-deposit", "wiped")]  # a refused answer changes nothing
    taken = board.answer("co-deposit", "wiped", True, 7, "Ada")
    assert (taken.value, taken.t_ns, taken.by, taken.outside_expectation) == (True, 7, "Ada", False)
    assert board.open == {}
    assert board.ask(WIPED) == (taken, False)
    with pytest.raises(BadAnswer, match=r"\[co-deposit\] wiped is not asked now \(asked: nothing\)"):
        board.answer("co-deposit", "wiped", True, 8, "Ada")


def test_an_answer_to_what_nobody_asks_names_what_is_asked() -> None:
    board = QuestionBoard()
    board.ask(WIPED)
    board.ask(MASS)
    with pytest.raises(BadAnswer, match=r"asked: \[co-deposit\] wiped, \[transfer\] mass"):
        board.answer("transfer", "left", "1 ml", 0, "Ada")


def test_forgotten_it_is_asked_anew() -> None:
    board = QuestionBoard()
    board.ask(WIPED)
    board.answer("co-deposit", "wiped", True, 7, "Ada")
    board.forget("co-deposit", "wiped")
    assert board.ask(WIPED) == (None, True)
    board.forget("co-deposit", "wiped")
    assert board.open == {}


def test_the_default_answers_of_yes_hold_everything_but_an_attestation() -> None:
    assert WIPED.default() is True
    assert MASS.default() == "470 mg"
    assert LEFT.default() is None
    assert ATTEST.default() is None
