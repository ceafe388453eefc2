"""What every phase is, and what it sees of the world at one scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rig.engine.questions import Answer, Question, QuestionBoard
from rig.outputs import Output
from rig.readings import Readings
from rig.safety.conditions import OutputView, Situation
from rig.safety.proof import HvProof


@dataclass(frozen=True, slots=True)
class Demand:
    """What a phase wants at this scan: outputs by name (one that is missing is wanted off), and whether it is done."""

    outputs: Mapping[str, Output] = field(default_factory=dict)
    done: bool = False


NOTHING = Demand()
DONE = Demand(done=True)


@dataclass(slots=True)
class Context:
    """One scan as a phase sees it. `note` writes an event; `fail` asks the unit to abort with a reason.

    why_hands_off: looks up why nobody may be sent to the rig now (a supply not proved off, its discharge time not
    over, a tube that is hot or not flushed); asked only when somebody is to be sent there. withheld: told of a
    question that is not put for that. why_keep_shut: looks up what whoever is sent there leaves shut all the same.
    """

    now_ns: int
    readings: Readings
    outputs: Mapping[str, OutputView]
    proofs: Mapping[str, HvProof]
    questions: QuestionBoard
    note: Callable[[str, dict[str, Any]], object]
    failure: str | None = None
    facts: Any = None
    why_hands_off: Callable[[], str | None] = lambda: None
    why_keep_shut: Callable[[], str | None] = lambda: None
    withheld: Callable[[Question], None] = lambda question: None
    situation: Situation | None = None

    @property
    def hands_off(self) -> str | None:
        """Why nobody may be sent to the rig now, or None."""
        return self.why_hands_off()

    def fail(self, reason: str) -> None:
        """This step cannot go on safely or usefully: the unit aborts, and the reason is the run's."""
        if self.failure is None:
            self.failure = reason

    def ask(self, question: Question) -> Answer | None:
        """The answer, or None while it is open; a new question is written to the journal.

        While high voltage is not proved off and discharged nobody is asked anything that sends hands to the rig: an
        open question is withdrawn and asked again after a fresh proof and its discharge time (invariant 8).
        """
        if question.kind != "attest" and self.hands_off is not None:
            self.keep_away()
            given = self.questions.given(question)
            if given is None:
                self.withheld(question)
            return given
        answer, new = self.questions.ask(question)
        if new:
            self.note(
                "question",
                {"step": question.step, "key": question.key, "text": question.text, "answer": question.kind},
            )
        return answer

    def keep_away(self) -> None:
        """Withdraw every open question that sends hands to the rig while nobody may go there.

        Called at each scan, for a phase that is held or aborted looks after its questions no more.
        """
        if not self.questions.open:
            return
        hands_off = self.hands_off
        if hands_off is None:
            return
        for question in [one for one in self.questions.open.values() if one.kind != "attest"]:
            self.questions.withdraw(question)
            self.note(
                "withdrawn",
                {"step": question.step, "key": question.key, "text": f"KEEP AWAY: {hands_off}"},
            )

    def hv_proved_off(self) -> bool:
        """Whether every supply of the unit is proved off."""
        return all(proof.proved for proof in self.proofs.values())

    def hv_discharged(self) -> bool:
        """Whether every supply of the unit is proved off and its discharge time is over."""
        return all(proof.proved and proof.discharged(self.now_ns) for proof in self.proofs.values())


class Phase(Protocol):
    """One step of a visit, or the part of it that the program adds (priming before a spin step)."""

    step_id: str
    do: str

    def running(self, context: Context) -> Demand:
        """The step's own work."""

    def holding(self, context: Context) -> Demand:
        """Bring the unit to a known state, from where `restarting` can go on."""

    def held(self, context: Context) -> Demand:
        """What stays on while the unit is held."""

    def paused(self, context: Context) -> Demand:
        """What stays on while the visit is paused at this step's end. Only `outputs` counts."""

    def restarting(self, context: Context) -> Demand:
        """Bring the unit back to where `running` goes on."""

    def stopping(self, context: Context) -> Demand:
        """Orderly early end."""

    def aborting(self, context: Context) -> None:
        """The outputs are cut, and not by this phase: close what the record would else count on. Each scan."""

    def completing(self, context: Context) -> Demand:
        """Orderly end that a person asked for early, the product being good."""

    def progress(self) -> dict[str, Any]:
        """How far it has come, as plain data for the checkpoint and the display."""
