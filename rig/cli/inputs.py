"""Files that a command is given, read once, with their text at hand for whoever shows problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recipes.catalogue import find_recipe
from recipes.model import Recipe
from recipes.problems import InputError, Problem, Problems, Severity
from recipes.reader import read_recipe
from recipes.tables import read_text_file
from rig.cli import output


@dataclass(frozen=True, slots=True)
class Given:
    """One file: its name as the user knows it, its text where it could be read, and what is wrong with it."""

    name: str
    text: str | None
    problems: list[Problem] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether one of the problems is an error."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def show(self) -> None:
        """Its problems, to standard error."""
        output.show_problems(self.problems, self.name, self.text)


def read_given_recipe(ref: str) -> tuple[Recipe | None, Given]:
    """The recipe that a word on the command line means, and its problems; None exactly when one is an error."""
    try:
        path = find_recipe(ref)
    except InputError as error:
        return None, Given(ref, None, error.problems)
    problems = Problems()
    content = read_text_file(path, problems)
    if content is None:
        return None, Given(str(path), None, problems.items)
    octets = content if isinstance(content, bytes) else content.encode()
    recipe, found = read_recipe(octets, path.stem)
    return recipe, Given(str(path), octets.decode("utf-8", errors="replace"), found)


def text_of(path: Path | None) -> str | None:
    """A file's text for showing problems in it; None where it cannot be read."""
    if path is None:
        return None
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return None


def counts(problems: Sequence[Problem]) -> str:
    """ "1 error, 2 warnings"; "" when there is nothing."""
    words = []
    for severity in Severity:
        number = sum(problem.severity is severity for problem in problems)
        if number:
            words.append(output.counted(number, str(severity)))
    return ", ".join(words)
