"""Questions to a person, and their answers. A phase asks once and looks at each scan whether the answer is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from recipes.steps import RecordField
from recipes.units import UnitError, parse_quantity

BEGIN = "begin"
"""The key of the question that a run which waited for a unit asks before it begins there."""

FLUSHED = "flushed"
"""The key under which a person at the rig says that a tube is free of what pyrolysis gave off, though no gas has flowed
for it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing a person is asked.

    step and key say where the answer stands in an answers file; kind is "yes" (to be confirmed), "quantity" (a number
    with a unit, held to `field`) or "attest" (name and reason of a person at the rig). at_tube: it may send somebody
    to open a furnace's tube, and what is done there nobody can know beforehand.
    """

    step: str
    key: str
    text: str
    kind: str = "yes"
    field: RecordField | None = None
    at_tube: bool = False

    @property
    def place(self) -> str:
        """The key in an answers file, for messages."""
        return f"[{self.step}] {self.key}"

    def default(self) -> Any:
        """What `--yes` answers on an emulated rig: yes, the declared `simulate` value, never an attestation."""
        if self.kind == "yes":
            return True
        if self.kind == "quantity" and self.field is not None and self.field.simulate is not None:
            return self.field.simulate.text()
        return None


class BadAnswer(Exception):
    """An answer that is not taken; the text says why and what is expected."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered. value: True, a number in the field's unit, or {"name", "reason"}."""

    question: Question
    value: Any
    t_ns: int
    by: str
    outside_expectation: bool = False


@dataclass(slots=True)
class QuestionBoard:
    """Questions that are open and answers that were given, by (step, key)."""

    open: dict[tuple[str, str], Question] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def ask(self, question: Question) -> tuple[Answer | None, bool]:
        """(the answer if it is there, whether the question is new)."""
        place = (question.step, question.key)
        answer = self.answers.get(place)
        if answer is not None:
            return answer, False
        new = place not in self.open
        if new:
            self.open[place] = question
        return None, new

    def given(self, question: Question) -> Answer | None:
        """The answer that was given already, if there is one."""
        return self.answers.get((question.step, question.key))

    def begin(self) -> None:
        """A new visit: what was answered in an earlier one, of this run or of another, says nothing about now."""
        self.answers.clear()
        self.open = {place: one for place, one in self.open.items() if one.kind == "attest"}

    def withdraw(self, question: Question) -> bool:
        """Take an open question back; whether it was open."""
        return self.open.pop((question.step, question.key), None) is not None

    def forget(self, step: str, key: str) -> None:
        """Ask again: what was answered before a hold says nothing about now."""
        self.answers.pop((step, key), None)
        self.open.pop((step, key), None)

    def answer(self, step: str, key: str, value: Any, now_ns: int, by: str) -> Answer:
        """Take an answer. Raises BadAnswer when nothing asks for it, or the value is refused."""
        question = self.open.get((step, key))
        if question is None:
            asked = ", ".join(item.place for item in self.open.values()) or "nothing"
            raise BadAnswer(f"[{step}] {key} is not asked now (asked: {asked})")
        taken, odd = check_answer(question, value)
        answer = Answer(question, taken, now_ns, by, odd)
        del self.open[(step, key)]
        self.answers[(step, key)] = answer
        return answer


def check_answer(question: Question, value: Any) -> tuple[Any, bool]:
    """(the value as it is recorded, whether it lies outside what was expected). Raises BadAnswer."""
    if question.kind == "yes":
        if value is not True:
            raise BadAnswer(
                f"{question.place} is confirmed with true, not with {value!r}; nothing goes on until it is"
            )
        return True, False
    if question.kind == "attest":
        if not isinstance(value, dict) or not value.get("name") or not value.get("reason"):
            raise BadAnswer(
                f'{question.place} needs {{ name = "...", reason = "..." }} of a person at the rig'
            )
        return {"name": str(value["name"]), "reason": str(value["reason"])}, False
    record = question.field
    assert record is not None
    if not isinstance(value, str):
        raise BadAnswer(
            f'{question.place} is a quantity with its unit, for example "470 {record.unit}", not {value!r}'
        )
    try:
        quantity = parse_quantity(value, record.dimension)
    except UnitError as error:
        raise BadAnswer(f"{question.place}: {error}") from error
    number = quantity.to(record.unit)
    if record.refuse_below is not None and number < record.refuse_below.to(record.unit):
        raise BadAnswer(f"{question.place}: {value} is refused, it must be at least {record.refuse_below}")
    if record.refuse_above is not None and number > record.refuse_above.to(record.unit):
        raise BadAnswer(f"{question.place}: {value} is refused, it must be at most {record.refuse_above}")
    odd = record.expect is not None and quantity not in record.expect
    return number, odd
