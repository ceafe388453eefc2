"""docs/mutants.md, made by a campaign in which every mutant was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutants.mutant import Mutant
from tests.mutants.tree import Found

HEAD = """\
# Deliberate breakages, and the tests that find them

Made by `make mutants`: each row is one wrong line put into the program. The tests named in `tests/mutants/` fail on it
within a minute and pass on the sound program. Rules are those of [safety.md](safety.md); 11.n is an invariant. The test
is the first that failed; seconds are those of two processes on two cores, the start of pytest included.

| breakage | rule | in | found by | s |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and what came of it."""

    mutant: Mutant
    found: Found

    def line(self) -> str:
        """For the terminal."""
        word = "found" if self.found.failed else "SURVIVED"
        return f"{word:9}{self.found.seconds:5.1f} s  {self.mutant.name}: {self.found.by}"

    def row(self) -> str:
        """For the page."""
        by = self.found.by.removeprefix("tests/").replace("|", "/")
        where = self.mutant.file.removeprefix("rig/")
        return f"| {self.mutant.name} | {self.mutant.rule} | `{where}` | `{by}` | {self.found.seconds:.0f} |"


def page(verdicts: Sequence[Verdict]) -> str:
    """The whole page."""
    return HEAD + "".join(f"{verdict.row()}\n" for verdict in verdicts)
