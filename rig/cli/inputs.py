"""Files that a command is given, read once, with their text at hand for whoever shows problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.catalogue import find_recipe
from recipes.model import Recipe
from recipes.problems import InputError, Problem, Problems, Severity
from recipes.reader import read_recipe
from recipes.tables import read_text_file
from rig.cli import output

if TYPE_CHECKING:
    from rig.bench.model import Bench
    from rig.bench.reaction import Reaction
    from rig.bench.sheet import RunSheet


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

    def more(self, problems: Problems) -> Given:
        """The same file with further problems."""
        return Given(self.name, self.text, [*self.problems, *problems.by_place()])

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
    recipe, found = read_recipe(content, path.stem)
    return recipe, Given(str(path), content.decode("utf-8", errors="replace"), found)


@dataclass(slots=True)
class GivenRig:
    """The rig and run sheet that recipes are held against, as far as they could be read."""

    rig: Given
    demonstration: bool
    bench: Bench | None = None
    sheet: Given | None = None
    sheet_read: RunSheet | None = None
    reactions: tuple[Reaction, ...] = ()

    @classmethod
    def read(cls, rig_path: Path | None, sheet_path: Path | None = None) -> GivenRig:
        """Read a rig file (None: the demonstration rig) and a run sheet. What is wrong is kept, not raised."""
        from rig.bench.reaction import reaction_times
        from rig.bench.rigfile import load_rig
        from rig.bench.sheet import load_sheet

        name = "the demonstration rig" if rig_path is None else str(rig_path)
        try:
            bench, problems = load_rig(rig_path)
            found = cls(Given(name, bench.text, problems.by_place()), rig_path is None, bench)
            found.reactions = reaction_times(bench)
        except InputError as error:
            found = cls(
                Given(name, _text_of(rig_path), Problems(error.problems).by_place()), rig_path is None
            )
        if sheet_path is not None:
            try:
                found.sheet_read, problems = load_sheet(sheet_path)
                found.sheet = Given(str(sheet_path), found.sheet_read.text, problems.by_place())
            except InputError as error:
                wrong = Problems(error.problems).by_place()
                found.sheet = Given(str(sheet_path), _text_of(sheet_path), wrong)
        return found

    def sheet_for(self, recipe: Recipe) -> RunSheet | None:
        """The run sheet that was given; the demonstration rig brings its own where that fits the recipe."""
        from rig.bench.sheet import demo_sheet

        if self.sheet_read is None and self.sheet is None and self.demonstration:
            return demo_sheet(recipe)
        return self.sheet_read

    def by_itself(self) -> Given:
        """The rig file with everything that is wrong with it whatever is made on it."""
        from rig.bench.rules import check_bench

        return self.rig if self.bench is None else self.rig.more(check_bench(self.bench, self.reactions))

    def reactions_as_data(self) -> list[dict[str, Any]]:
        """The reaction times for a program."""
        return [
            {
                "inputs": one.inputs,
                "hv": one.hv,
                "total_s": one.total_s,
                "normal_s": one.normal_s,
                "terms": [{"name": name, "seconds": seconds} for name, seconds in one.terms],
            }
            for one in self.reactions
        ]

    def against(self, recipe: Recipe | None, given: Given) -> list[Given]:
        """What is wrong with rig file and run sheet by themselves and, where all can be read, with the three
        together: a list for each file. `given` is the recipe's file.
        """
        from rig.bench.fit import RECIPE, RIG_FILE, RUN_SHEET, fit

        sheet = self.sheet or Given("the run sheet", None)
        if self.bench is None:
            return [self.rig, sheet]
        if recipe is None or sheet.has_errors:
            return [self.by_itself(), sheet]
        found = fit(recipe, self.bench, self.sheet_for(recipe)).by_file
        own = Given(given.name, given.text)
        return [own.more(found[RECIPE]), self.rig.more(found[RIG_FILE]), sheet.more(found[RUN_SHEET])]


def _text_of(path: Path | None) -> str | None:
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
