"""What a verdict on one step is: sentences, deviations, figures, and the word for all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from rig.records.stretches import Stretch

AS_ASKED: Final = "as asked"

_NOT_ENDED: Final = {
    "stopped": "stopped",
    "aborted": "aborted",
    "failed": "failed by an internal error",
    None: "the record ends within it",
}


@dataclass(slots=True)
class Verdict:
    """One step's verdict.

    findings: sentences with figures and where they come from, the most important first; deviations: what is not as it
    was asked; figures: the numbers themselves, units in the names.
    """

    step: Stretch
    findings: list[str] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    unjudged: str | None = None

    @property
    def word(self) -> str:
        """ "as asked", "deviates: ...", "not finished: ...", "ended early ..." or "not judged: ..."."""
        outcome = self.step.outcome
        off = "; ".join(self.deviations)
        if outcome in _NOT_ENDED:
            return f"not finished: {_NOT_ENDED[outcome]}" + (f"; {off}" if off else "")
        if outcome == "skipped":
            return "skipped by a person"
        if outcome == "early":
            return "ended early by a person" + (f"; {off}" if off else "")
        if self.unjudged is not None:
            return f"not judged: {self.unjudged}"
        return f"deviates: {off}" if off else AS_ASKED
