"""`spinrig check`: is a recipe right, and, with a rig, can that rig make it?"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.model import Recipe
from recipes.problems import InputError, Severity
from rig.cli import output
from rig.cli.inputs import Given, counts, read_given_recipe, text_of

if TYPE_CHECKING:
    from rig.bench.fit import Fit
    from rig.bench.model import Bench
    from rig.bench.reaction import Reaction
    from rig.bench.sheet import RunSheet

DESCRIPTION = """\
Reads recipes and says everything that is wrong with them, each with its place and what to do. With --rig, also
whether that rig can make them: limits, voltage, syringes and pump speed, addresses, and how fast its door switch
takes the high voltage away. Nothing is opened and nothing moves.
"""
EXAMPLES = """\
examples:
  spinrig check my-recipe.toml
  spinrig check my-recipe.toml --rig bench-1.toml --sheet monday.toml
  spinrig check *.toml --strict --json

exit code 2 when there is an error (with --strict: or a warning), else 0
"""


def add_parser(subparsers: Any) -> None:
    """Add the word `check`."""
    parser = subparsers.add_parser(
        "check", help="is a recipe right?", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("recipes", nargs="+", metavar="RECIPE", help="a file, or the id of a library recipe")
    parser.add_argument("--rig", type=Path, metavar="RIG.toml", help="hold it against this rig, too")
    parser.add_argument("--sheet", type=Path, metavar="SHEET.toml", help="and against this run sheet")
    parser.add_argument("--json", action="store_true", help="one JSON object a recipe")
    parser.add_argument("--strict", action="store_true", help="a warning refuses, too")
    parser.set_defaults(run=run)


@dataclass(slots=True)
class Rig:
    """The rig that recipes are held against, as far as it could be read."""

    rig: Given
    sheet: Given | None = None
    bench: Bench | None = None
    read_sheet: RunSheet | None = None
    reactions: tuple[Reaction, ...] = ()
    files: list[Given] = field(default_factory=list)


def run(args: argparse.Namespace) -> int:
    """Check each; 2 when one is refused."""
    rig = None if args.rig is None and args.sheet is None else load(args.rig, args.sheet)
    refused = False
    said: set[tuple[str, Any]] = set()
    for ref in args.recipes:
        recipe, given = read_given_recipe(ref)
        files = [given] if rig is None else [given, *against(recipe, rig, given)]
        bad = any(is_bad(one, args.strict) for one in files)
        refused = refused or bad
        if args.json:
            output.json_line(as_json(given, files, rig))
        else:
            _say(ref, files, bad, said)
    if rig is not None and not args.json:
        for reaction in rig.reactions:
            print(f"reaction time, {reaction.text()}")
    return 2 if refused else 0


def is_bad(given: Given, strict: bool) -> bool:
    """Whether the file is refused."""
    return given.has_errors or (
        strict and any(problem.severity is Severity.WARNING for problem in given.problems)
    )


def load(rig_path: Path | None, sheet_path: Path | None) -> Rig:
    """Read rig file (None: the demonstration rig) and run sheet; their problems are kept, not raised."""
    from rig.bench.reaction import reaction_times
    from rig.bench.rigfile import load_rig
    from rig.bench.sheet import load_sheet

    name = "the demonstration rig" if rig_path is None else str(rig_path)
    try:
        bench, problems = load_rig(rig_path)
        rig = Rig(Given(name, bench.text, problems.by_place()), bench=bench)
        rig.reactions = reaction_times(bench)
    except InputError as error:
        rig = Rig(Given(name, text_of(rig_path), error.problems))
    if sheet_path is not None:
        try:
            rig.read_sheet, problems = load_sheet(sheet_path)
            rig.sheet = Given(str(sheet_path), rig.read_sheet.text, problems.by_place())
        except InputError as error:
            rig.sheet = Given(str(sheet_path), text_of(sheet_path), error.problems)
    return rig


def against(recipe: Recipe | None, rig: Rig, given: Given) -> list[Given]:
    """What rig file and run sheet, read and held against the recipe, have to say; fit's words about the recipe
    itself come as a further list of its file.
    """
    from rig.bench.fit import RECIPE, RIG_FILE, RUN_SHEET
    from rig.bench.rules import check_bench

    sheet = rig.sheet or Given("the run sheet", None)
    if rig.bench is None:
        return [rig.rig, sheet]
    if recipe is None or sheet.has_errors:
        own = check_bench(rig.bench, rig.reactions)
        return [_more(rig.rig, own.by_place()), sheet]
    found: Fit = fit_with(recipe, rig)
    return [
        Given(given.name, given.text, found.by_file[RECIPE].by_place()),
        _more(rig.rig, found.by_file[RIG_FILE].by_place()),
        _more(sheet, found.by_file[RUN_SHEET].by_place()),
    ]


def fit_with(recipe: Recipe, rig: Rig) -> Fit:
    """Fit with the sheet that was given; the demonstration rig brings its own."""
    from rig.bench.fit import fit
    from rig.bench.sheet import demo_sheet

    assert rig.bench is not None
    sheet = rig.read_sheet
    if sheet is None and rig.rig.name == "the demonstration rig":
        sheet = demo_sheet(recipe)
    return fit(recipe, rig.bench, sheet)


def _more(given: Given, problems: list[Any]) -> Given:
    return Given(given.name, given.text, [*given.problems, *problems])


def as_json(given: Given, files: list[Given], rig: Rig | None) -> dict[str, Any]:
    """The object of one recipe; `file` says in which file a problem stands."""
    data: dict[str, Any] = {
        "recipe": given.name,
        "problems": [{**problem.as_dict(), "file": one.name} for one in files for problem in one.problems],
    }
    if rig is not None:
        data["rig"] = {
            "file": rig.rig.name,
            "name": None if rig.bench is None else rig.bench.name,
            "reaction": [
                {
                    "inputs": one.inputs,
                    "hv": one.hv,
                    "total_s": one.total_s,
                    "normal_s": one.normal_s,
                    "terms": [{"name": name, "seconds": seconds} for name, seconds in one.terms],
                }
                for one in rig.reactions
            ],
        }
    return data


def _say(ref: str, files: list[Given], bad: bool, said: set[tuple[str, Any]]) -> None:
    """Problems to standard error, each once; one line of verdict."""
    for one in files:
        new = [problem for problem in one.problems if (one.name, problem) not in said]
        said.update((one.name, problem) for problem in new)
        Given(one.name, one.text, new).show()
    found = counts([problem for one in files for problem in one.problems])
    if bad:
        output.remark(f"{ref}: refused: {found}")
    else:
        print(output.visible(f"{ref}: good" + (f" ({found})" if found else "")))
