"""`spinrig check`: is a recipe right, and, with a rig, can that rig make it?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from recipes.problems import Severity
from rig.cli import output
from rig.cli.inputs import Given, GivenRig, Lab, counts, read_given_recipe

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


def run(args: argparse.Namespace) -> int:
    """Check each; 2 when one is refused."""
    lab, rig = Lab.read(), None
    if args.rig is not None or args.sheet is not None:
        rig = GivenRig.read(args.rig, args.sheet, materials=lab.materials)
    refused = False
    said: set[tuple[str, Any]] = set()
    for ref in args.recipes:
        recipe, given = read_given_recipe(ref, lab)
        files = [*lab.files, given, *([] if rig is None else rig.against(recipe, given))]
        bad = any(is_bad(one, args.strict) for one in files)
        refused = refused or bad
        if args.json:
            output.json_line(as_json(given, files, rig))
        else:
            _say(ref, files, bad, said)
    if rig is not None and not args.json:
        for reaction in rig.reactions:
            print(f"reaction time, {reaction.text()}", file=sys.stderr if refused else sys.stdout)
    return 2 if refused else 0


def is_bad(given: Given, strict: bool) -> bool:
    """Whether the file is refused."""
    return given.has_errors or (
        strict and any(problem.severity is Severity.WARNING for problem in given.problems)
    )


def as_json(given: Given, files: list[Given], rig: GivenRig | None) -> dict[str, Any]:
    """The object of one recipe; `file` says in which file a problem stands."""
    data: dict[str, Any] = {
        "recipe": given.name,
        "problems": [{**problem.as_dict(), "file": one.name} for one in files for problem in one.problems],
    }
    if rig is not None:
        data["rig"] = {
            "file": rig.rig.name,
            "name": None if rig.bench is None else rig.bench.name,
            "reaction": rig.reactions_as_data(),
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
