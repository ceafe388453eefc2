"""What is wrong with a file, said in one form to command line, API and window.

Every gate of the program (reader, checks, fit, preflight) reports `Problem`s. A problem says how bad it is,
what kind it is (a stable kebab-case code that scripts may test), where it stands in the author's file, what
was found, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is: an error refuses the file, a warning asks for a look, a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one place of a file.

    `where` is a dotted key such as `steps.co-deposit.streams.tio2.rate` (empty for the file as a whole);
    `line` and `column` are 1-based and None as long as nobody has looked the place up
    (`tables.attach_places`).
    """

    severity: Severity
    code: str
    where: str
    message: str
    hint: str | None = None
    line: int | None = None
    column: int | None = None

    def as_dict(self) -> dict[str, str | int | None]:
        """The object that `spinrig check --json` prints; the order of the keys is a promise."""
        return {
            "severity": str(self.severity),
            "code": self.code,
            "where": self.where,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
        }

    def placed(self, line: int, column: int) -> Problem:
        """The same problem with its place in the text."""
        return replace(self, line=line, column=column)

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        where = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.severity}: {place}{where}{self.message}{hint} [{self.code}]"


class Problems:
    """Collects problems in the order in which they are found."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Problem] = ()) -> None:
        self.items: list[Problem] = list(items)

    def add(self, problem: Problem) -> None:
        """Append a problem made elsewhere."""
        self.items.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Append the problems of another gate."""
        self.items.extend(problems)

    def error(self, code: str, where: str, message: str, hint: str | None = None) -> None:
        """Report something that makes the file unusable."""
        self.items.append(Problem(Severity.ERROR, code, where, message, hint))

    def warning(self, code: str, where: str, message: str, hint: str | None = None) -> None:
        """Report something a person should look at before the run."""
        self.items.append(Problem(Severity.WARNING, code, where, message, hint))

    def note(self, code: str, where: str, message: str, hint: str | None = None) -> None:
        """Report something worth knowing."""
        self.items.append(Problem(Severity.NOTE, code, where, message, hint))

    @property
    def has_errors(self) -> bool:
        """True when at least one problem is an error."""
        return any(problem.severity is Severity.ERROR for problem in self.items)

    def by_place(self) -> list[Problem]:
        """The problems in the order of the text; those without a place come first."""
        return sorted(self.items, key=lambda problem: (problem.line or 0, problem.column or 0))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Problem:
        return self.items[index]


class InputError(Exception):
    """A file could not be turned into an object; `problems` says why, completely."""

    def __init__(self, problems: Iterable[Problem], what: str = "input") -> None:
        self.problems: list[Problem] = list(problems)
        self.what = what
        super().__init__("; ".join(str(problem) for problem in self.problems) or f"{what} could not be read")
