"""What is true of a recipe on every rig and follows from the file alone: the linter.

A `Rule` has a code, a severity, its basis, the reason it exists, its source, and two example recipes: one that breaks
it and one that just does not. `table.RULES` is the only list of them; `docs/recipe-checks.md` is made from it (`python
-m recipes.checks`). Add a rule by writing a generator of `Finding`s over a `Case` and an entry in its module's `RULES`.

General knowledge warns and never refuses; what refuses is a safety limit of this program, the meaning of the format,
or a fact with a source. An author who knows better silences a warning or note with `accept = [{ code, reason }]`, in
the step or at the top; it is then shown as an accepted note, and the report of the run prints it. Errors cannot be
silenced.
"""

from __future__ import annotations

from .judging import add_findings, check
from .rule import Rule
from .table import RULES

__all__ = ["RULES", "Rule", "add_findings", "check"]
