"""Steps in which a person does something, and steps in which nobody does: prompt and wait."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from recipes.steps import PromptStep
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand
from rig.engine.phases.quiet import Quiet
from rig.engine.questions import Question
from rig.readings import NS

FURNACE_WORDS: Final = re.compile(r"\b(furnaces?|tubes?|ovens?|kilns?|flanges?)\b", re.IGNORECASE)
"""A prompt with one of these may send somebody to a furnace, whatever unit it stands at, whatever steps beside it."""


class PromptPhase(Quiet):
    """Say what is to be done; go on when it is confirmed and every number asked for is there.

    A furnace to which it sends nobody, and which has to stay shut, is named behind its words.
    """

    do = "prompt"

    def __init__(self, step: PromptStep, at_tube: bool = False, opens: tuple[str, ...] = ()) -> None:
        """at_tube: it may open a tube, by a step beside it or by its words; opens: furnaces that it may open though its
        run has not used them."""
        self.step_id = step.id
        self.opens = opens
        self._questions = [
            Question(step.id, key, f"{step.say} ({key} in {field.unit})", "quantity", field, at_tube)
            for key, field in step.record.items()
        ] or [Question(step.id, "done", step.say, at_tube=at_tube)]
        self._waited = False

    def running(self, context: Context) -> Demand:
        """Done when everything is answered. What keeps people away is said once."""
        why = None if self._waited else context.hands_off
        if why is not None:
            self._waited = True
            context.note("waiting", {"step": self.step_id, "for": why})
        shut = context.why_keep_shut()
        answers = [
            context.ask(question if shut is None else replace(question, text=f"{question.text} {shut}"))
            for question in self._questions
        ]
        return NOTHING if any(answer is None for answer in answers) else DONE

    def progress(self) -> dict[str, Any]:
        """What is asked."""
        return {"stage": "asking", "asks": [question.key for question in self._questions]}


class WaitPhase(Quiet):
    """Let time pass; a hold stops the count."""

    do = "wait"

    def __init__(self, step_id: str, duration_s: float) -> None:
        self.step_id = step_id
        self._duration_ns = round(duration_s * NS)
        self._elapsed_ns = 0
        self._counted_ns: int | None = None

    def running(self, context: Context) -> Demand:
        """Done when the time is over."""
        if self._counted_ns is not None:
            self._elapsed_ns += context.now_ns - self._counted_ns
        self._counted_ns = context.now_ns
        return DONE if self._elapsed_ns >= self._duration_ns else NOTHING

    def holding(self, context: Context) -> Demand:
        """Nothing is on; the count stands."""
        self._counted_ns = None
        return DONE

    def progress(self) -> dict[str, Any]:
        """Time waited."""
        return {"stage": "waiting", "elapsed_s": self._elapsed_ns / NS, "duration_s": self._duration_ns / NS}
