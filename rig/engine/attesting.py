"""High voltage that nobody can read back as off is loud, and ended by a person's word given at the rig (safety rule 5).

It holds in every state of a unit: what nobody wants on and nobody has proved off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rig.engine.phases.phase import Context
from rig.engine.questions import Answer, Question
from rig.readings import NS
from rig.safety import alarms_other
from rig.safety.proof import HvProof

LOUD_AFTER_NS: Final = 1_500_000_000
"""So long a supply that was told off may take to be proved before the unit says that it is not."""

ATTEST_AFTER_NS: Final = 5 * NS
"""So long an output may stay unproved after an abort before a person is asked to attest."""


class Attesting:
    """The supplies of one unit. unproved: high voltage is wanted off and not proved off; step: the spin step that had
    the voltage on last, under whose name an answers file attests."""

    def __init__(
        self,
        unit: str,
        proofs: Mapping[str, HvProof],
        write: Callable[[str, dict[str, Any]], object],
        step: Callable[[], str],
    ) -> None:
        self.unproved = False
        self._unit = unit
        self._proofs = proofs
        self._write = write
        self._step = step
        self._asked: Question | None = None
        self._asked_for: tuple[str, ...] = ()
        self._wanted_off_ns = 0

    def not_judged_yet(self, now_ns: int) -> None:
        """While instruments are still connecting: a supply that has just answered gets its time to be proved off."""
        self._wanted_off_ns = now_ns

    def look(self, context: Context, wanted: bool) -> bool:
        """Once a scan. wanted: any high voltage is (an orderly end that still ramps down leaves nothing unproved).
        Returns whether the alarm was raised at this scan."""
        unproved = {name: proof for name, proof in self._proofs.items() if not proof.proved}
        if not unproved:
            self._wanted_off_ns = context.now_ns
            self.unproved = False
            self._withdraw(context)
            return False
        if wanted:
            self._wanted_off_ns = context.now_ns
        since_ns = context.now_ns - self._wanted_off_ns
        self.unproved = not wanted and since_ns > LOUD_AFTER_NS
        if not self.unproved or since_ns < ATTEST_AFTER_NS:
            return False
        new = self._asked is None
        question = self._asked if self._asked is not None else self._begin(context, unproved)
        answer = context.ask(question)
        if answer is not None:
            self._take(context, answer)
        return new

    def _begin(self, context: Context, unproved: Mapping[str, HvProof]) -> Question:
        step = self._step()
        context.questions.forget(step, "attested")  # a word given earlier says nothing about now
        text = "; ".join(proof.explain(context.readings) for proof in unproved.values())
        priority = alarms_other.hv_unproved(self._unit).priority
        self._write(
            "alarm", {"tag": alarms_other.UNPROVED, "unit": self._unit, "text": text, "priority": priority}
        )
        self._asked_for = tuple(unproved)
        self._asked = Question(
            step,
            "attested",
            f"HV UNPROVED. {text}. Keep the door shut. Switch the mains of {' and '.join(unproved)} off, earth the "
            "output, then attest both with name and reason.",
            "attest",
        )
        return self._asked

    def _withdraw(self, context: Context) -> None:
        """It has been read back as off after all: nobody is asked any more."""
        question = self._asked
        if question is not None:
            self._asked = None
            context.questions.forget(question.step, question.key)
            self._write(
                "withdrawn",
                {"step": question.step, "key": question.key, "text": "read back as off after all"},
            )

    def _take(self, context: Context, answer: Answer) -> None:
        """The word counts for the supplies it was asked for, and for none that a reading says is on."""
        believed = [
            name
            for name in self._asked_for
            if not self._proofs[name].proved and self._proofs[name].attest(context.now_ns, context.readings)
        ]
        refused = [name for name in self._asked_for if not self._proofs[name].proved]
        if believed:
            self._write(
                "proof", {"unit": self._unit, "hv_off": True, "attested": believed, "by": answer.value}
            )
        if refused:
            why = "; ".join(self._proofs[name].explain(context.readings) for name in refused)
            self._write(
                "refused", {"answer": "attested", "step": answer.question.step, "by": answer.by, "why": why}
            )
        self._asked = None
        # Should a reading outweigh this word, it is asked for again, but not at every scan.
        self._wanted_off_ns = context.now_ns
