"""Steps in which a person does something, and steps in which nobody does: prompt and wait."""

from __future__ import annotations

from typing import Any

from recipes.steps import PromptStep
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand
from rig.engine.phases.quiet import Quiet
from rig.engine.questions import Question
from rig.readings import NS


class PromptPhase(Quiet):
    """Say what is to be done; go on when it is confirmed and every number asked for is there."""

    do = "prompt"

    def __init__(self, step: PromptStep) -> None:
        self.step_id = step.id
        self._questions = [
            Question(step.id, key, f"{step.say} ({key} in {field.unit})", "quantity", field)
            for key, field in step.record.items()
        ] or [Question(step.id, "done", step.say)]
        self._waited = False

    def running(self, context: Context) -> Demand:
        """Done when everything is answered. What keeps people away is said once."""
        why = None if self._waited else context.hands_off
        if why is not None:
            self._waited = True
            context.note("waiting", {"step": self.step_id, "for": why})
        answers = [context.ask(question) for question in self._questions]
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
