"""What an answers file and `--yes` may answer on an emulated rig, and what nobody can know beforehand on a real one."""

from __future__ import annotations

import pytest

from recipes.model import Recipe
from rig.bench.answers import Answers, read_answers
from rig.engine.ownership import ANSWERS_NEED_PRESENCE
from rig.engine.questions import Question
from rig.running import FileAnswers
from tests.end_to_end.quick import QUICK
from tests.end_to_end.spinning import read

TEXT = """
[co-deposit]
primed = true
wiped = true
earthed = true
attested = { name = "Ada", reason = "mains off" }
[transfer]
mat_mass = "470 mg"
flushed = { name = "Ada", reason = "flushed by hand" }
"""
ASKED = {
    "begin": (Question("co-deposit", "begin", "?"), None),
    "present": (Question("co-deposit", "present", "?"), None),
    "primed": (Question("co-deposit", "primed", "?"), True),
    "wiped": (Question("co-deposit", "wiped", "?"), True),
    "earthed": (Question("co-deposit", "earthed", "?"), True),
    "attested": (
        Question("co-deposit", "attested", "?", "attest"),
        {"name": "Ada", "reason": "mains off"},
    ),
    "flushed": (
        Question("transfer", "flushed", "?", "attest"),
        {"name": "Ada", "reason": "flushed by hand"},
    ),
}
OF_NEED = Question("transfer", "mat_mass", "?", "quantity")


def known() -> Answers:
    recipe: Recipe = read(QUICK)
    answers, problems = read_answers(TEXT, recipe)
    assert answers is not None, list(map(str, problems))
    return answers


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("key", sorted(ASKED))
def test_on_a_real_rig_no_file_knows_what_a_person_has_to_look_at(key: str, yes: bool) -> None:
    question, value = ASKED[key]
    # "present" is only ever asked on a real rig: no file has it, and `--yes` is for emulated ones.
    assert FileAnswers(known(), yes).provide(question) == (value if value is not None else yes or None)
    assert FileAnswers(known(), yes, real=True).provide(question) is None
    assert FileAnswers(None, yes, real=True).provide(question) is None


def test_what_is_asked_of_hands_is_all_of_it() -> None:
    assert frozenset(ASKED) == ANSWERS_NEED_PRESENCE


def test_a_number_is_taken_from_a_file_on_every_rig() -> None:
    assert FileAnswers(known(), False, real=True).provide(OF_NEED) == "470 mg"
    assert FileAnswers(known(), False).provide(OF_NEED) == "470 mg"


def test_yes_is_never_an_attestation() -> None:
    question, _ = ASKED["attested"]
    assert FileAnswers(None, True).provide(question) is None
    assert not FileAnswers(None, True).can_attest
    assert FileAnswers(known(), True).can_attest
