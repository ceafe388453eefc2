"""A broken invariant: which, when, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """`number` of the invariant in safety rule 11, virtual time in s, what was seen."""

    number: int
    t_s: float
    seen: str

    def __str__(self) -> str:
        return f"invariant {self.number} at {self.t_s:.3f} s: {self.seen}"
