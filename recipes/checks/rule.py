"""A rule of the linter: what it finds, how bad that is, why, and by which right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from recipes.problems import Severity

from .case import Case
from .examples import Example
from .findings import Finding

Basis = Literal["C", "D", "M", "decision", "form"]
"""C: read in the named source; D: derived from such values; M: general knowledge; decision: a safety limit of this
program; form: what the words of a recipe mean. Only a decision, C, D or form may refuse."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `needs_all`: only meaningful when the whole recipe could be read.

    breaks, holds: a recipe in which it finds something, and one that only just gives it nothing to find.
    """

    code: str
    severity: Severity
    basis: Basis
    find: Callable[[Case], Iterator[Finding]]
    reason: str
    source: str
    breaks: Example
    holds: Example
    needs_all: bool = False
