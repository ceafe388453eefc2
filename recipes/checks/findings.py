"""What a rule of the linter found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `step` is the path of the step whose `accept` list may silence it."""

    where: str
    message: str
    hint: str | None = None
    step: str = ""
