"""One mutant: a place in the source, what stands there, and the wrong thing that is put in its stead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deliberate breakage.

    old stands exactly once in the file; rule: of docs/safety.md (11.n is an invariant); tests: for pytest, those that
    should find it, all of which pass on the sound tree.
    """

    name: str
    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def occurrences(self, root: Path = ROOT) -> int:
        """How often the old text stands in the file: once, or the mutant is no mutant of this source."""
        return (root / self.file).read_text(encoding="utf-8").count(self.old)

    def applied(self, root: Path) -> str:
        """The file's text with the breakage."""
        return (root / self.file).read_text(encoding="utf-8").replace(self.old, self.new)
