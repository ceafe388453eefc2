"""Files that a command is given: each read once, with its text at hand for whoever shows what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from recipes.catalogue import find_recipe
from recipes.materials import FILE_NAME, Materials, builtin_materials, materials_in
from recipes.model import Recipe
from recipes.problems import InputError, Problem, Problems, Severity
from recipes.reader import read_recipe
from recipes.store.where import store_folder
from recipes.toml_text import attach_places, read_text_file
from rig.cli import output

if TYPE_CHECKING:
    from rig.bench.fit import Fit
    from rig.bench.model import Bench
    from rig.bench.reaction import Reaction
    from rig.bench.sheet import RunSheet

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Given:
    """One file: its name as the user knows it, its text where it could be read, and what is wrong with it."""

    name: str
    text: str | None
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many of the problems are errors."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def has_errors(self) -> bool:
        """Whether one of the problems is an error."""
        return self.errors > 0

    def more(self, problems: Iterable[Problem]) -> Given:
        """The same file with further problems, placed in its text."""
        placed = Problems(problems)
        if self.text is not None:
            attach_places(placed, self.text)
        return Given(self.name, self.text, [*self.problems, *placed.by_place()])

    def show(self, *, notes: bool = True) -> None:
        """Its problems, to standard error; without `notes` only what a person has to look at."""
        shown = [one for one in self.problems if notes or one.severity is not Severity.NOTE]
        output.show_problems(shown, self.name, self.text)

    def as_dicts(self) -> list[dict[str, Any]]:
        """Its problems as plain data, each with its file."""
        return [{**problem.as_dict(), "file": self.name} for problem in self.problems]


def read_given(
    path: Path, what: str, read: Callable[[bytes], tuple[Read | None, Iterable[Problem]]]
) -> tuple[Read | None, Given]:
    """A file read by `read`, and its problems; `what` it is called where it cannot be opened."""
    problems = Problems()
    content = read_text_file(path, problems, what)
    if content is None:
        return None, Given(str(path), None, problems.items)
    found, wrong = read(content)
    return found, Given(str(path), _text(content), Problems(wrong).by_place())


@dataclass(frozen=True, slots=True)
class Lab:
    """What is known of materials: the built-in tables, with the lab's own file over them where its store has one."""

    materials: Materials
    given: Given | None = None

    @classmethod
    def read(cls, store: Path | None = None) -> Lab:
        """Once for each command. store: as --store says. What is wrong with the file is kept, not raised."""
        path = store_folder(store) / FILE_NAME
        try:
            known, problems = materials_in(path.parent)
        except InputError as error:
            return cls(builtin_materials(), Given(str(path), _text_of(path), error.problems))
        return cls(
            known, None if known.content is None else Given(str(path), _text(known.content), problems.items)
        )

    @property
    def files(self) -> list[Given]:
        """The lab's own file, where there is one."""
        return [] if self.given is None else [self.given]

    @property
    def readable(self) -> bool:
        """Whether the materials are those of the lab."""
        return self.given is None or not self.given.has_errors


def read_given_recipe(ref: str, lab: Lab) -> tuple[Recipe | None, Given]:
    """The recipe that a word on the command line means, and its problems; None exactly when one is an error, or the
    lab's materials cannot be read: then no rule is applied either, since it would be by other values.
    """
    try:
        found = find_recipe(ref)
    except InputError as error:
        return None, Given(ref, None, error.problems)
    recipe, wrong = read_recipe(found.content, found.id, rules=lab.readable, materials=lab.materials)
    if recipe is not None:
        recipe = replace(recipe, revision=found.revision) if lab.readable else None
    return recipe, Given(found.name, found.text, [*found.problems, *wrong])


def good_recipe(ref: str, lab: Lab) -> Recipe | None:
    """The recipe for a command that does not say what might be better in it; None when it, or the lab's materials,
    cannot be used, which has been shown.
    """
    recipe, given = read_given_recipe(ref, lab)
    for one in [*lab.files, given] if recipe is None else ():
        one.show(notes=False)
    return recipe


@dataclass(slots=True)
class GivenRig:
    """The rig and run sheet that recipes are held against, as far as they could be read."""

    rig: Given
    demonstration: bool
    bench: Bench | None = None
    sheet: Given | None = None
    sheet_read: RunSheet | None = None
    reactions: tuple[Reaction, ...] = ()
    materials: Materials | None = None

    @classmethod
    def read(
        cls,
        rig_path: Path | None,
        sheet_path: Path | None = None,
        *,
        emulated: bool = False,
        materials: Materials | None = None,
    ) -> GivenRig:
        """Read a rig file (None: the demonstration rig) and a run sheet. What is wrong is kept, not raised.

        emulated: take the emulator of each instrument in its place. materials: by which recipes are held against it.
        """
        from rig.bench.reaction import reaction_times
        from rig.bench.rigfile import load_rig, simulate
        from rig.bench.sheet import read_sheet

        name = "the demonstration rig" if rig_path is None else str(rig_path)
        try:
            bench, problems = load_rig(rig_path)
            bench = simulate(bench) if emulated else bench
            found = cls(Given(name, bench.text, problems.by_place()), rig_path is None, bench)
            found.reactions = reaction_times(bench)
        except InputError as error:
            wrong = Problems(error.problems).by_place()
            found = cls(Given(name, _text_of(rig_path), wrong), rig_path is None)
        found.materials = materials
        if sheet_path is not None:
            own = found.bench.syringes if found.bench is not None else {}
            found.sheet_read, found.sheet = read_given(
                sheet_path, "run sheet", lambda content: read_sheet(content, own)
            )
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

    def fit(self, recipe: Recipe | None, given: Given) -> tuple[Fit | None, list[Given]]:
        """Hold recipe, rig and run sheet against each other: the fit, where all three could be read, and what is wrong
        with rig file and run sheet by themselves and with the three together: a list for each file. `given` is the
        recipe's file.
        """
        from rig.bench.fit import RECIPE, RIG_FILE, RUN_SHEET, fit

        sheet = self.sheet or Given("the run sheet", None)
        if self.bench is None:
            return None, [self.rig, sheet]
        if recipe is None or sheet.has_errors:
            return None, [self.by_itself(), sheet]
        fitted = fit(recipe, self.bench, self.sheet_for(recipe), self.materials)
        found = fitted.by_file
        own = Given(given.name, given.text)
        return fitted, [own.more(found[RECIPE]), self.rig.more(found[RIG_FILE]), sheet.more(found[RUN_SHEET])]

    def against(self, recipe: Recipe | None, given: Given) -> list[Given]:
        """What is wrong with them, held against each other, as `fit` says it."""
        return self.fit(recipe, given)[1]


def _text_of(path: Path | None) -> str | None:
    """A file's text for showing problems in it; None where it cannot be read."""
    if path is None:
        return None
    try:
        return _text(path.read_bytes())
    except OSError:
        return None


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def counts(problems: Sequence[Problem]) -> str:
    """ "1 error, 2 warnings"; "" when there is nothing."""
    words = []
    for severity in Severity:
        number = sum(problem.severity is severity for problem in problems)
        if number:
            words.append(output.counted(number, str(severity)))
    return ", ".join(words)
