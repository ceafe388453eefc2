"""`spinrig recipes`: the recipes that come with the program."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from recipes.catalogue import library_folder, recipe_ids
from recipes.reader import load_recipe
from rig.cli import output
from rig.cli.inputs import read_given_recipe

DESCRIPTION = "The recipes that come with the program. Each follows a published paper, whose DOI it gives."
EXAMPLES = """\
examples:
  spinrig recipes list
  spinrig recipes show tio2-pcnf > mine.toml      a copy to be changed
"""


def add_parser(subparsers: Any) -> None:
    """Add the word `recipes` and those behind it."""
    parser = subparsers.add_parser(
        "recipes", help="the recipes there are", description=DESCRIPTION, epilog=EXAMPLES
    )
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    listed = words.add_parser(
        "list", help="id, name and source of each", description="Id, name and source of each recipe."
    )
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.set_defaults(run=_list)
    show = words.add_parser(
        "show",
        help="a recipe's text",
        description="A recipe's text as it was written, to standard output.",
        epilog="example:\n  spinrig recipes show tio2-pcnf > mine.toml",
    )
    show.add_argument("recipe", metavar="RECIPE", help="a file, or the id of a library recipe")
    show.add_argument(
        "--json", action="store_true", help="all its values as they will be used, as one JSON object"
    )
    show.set_defaults(run=_show)


def _list(args: argparse.Namespace) -> int:
    rows = []
    for recipe_id in recipe_ids():
        recipe, _ = load_recipe(library_folder() / f"{recipe_id}.toml")
        if recipe is None:  # a library whose files somebody has changed
            output.complain(f"{recipe_id} cannot be read", f'"spinrig check {recipe_id}" says why')
            continue
        doi = None if recipe.source is None else recipe.source.doi
        if args.json:
            output.json_line(
                {
                    "id": recipe.id,
                    "name": recipe.name,
                    "summary": recipe.summary,
                    "doi": doi,
                    "sha256": recipe.sha256,
                }
            )
        rows.append((recipe.id, recipe.name, doi or ""))
    if not args.json:
        output.table(rows, ("id", "name", "doi"))
    return 0


def _show(args: argparse.Namespace) -> int:
    recipe, given = read_given_recipe(args.recipe)
    if args.json and recipe is not None:
        output.json_line(recipe.resolved())
        return 0
    if given.text is None or args.json:
        given.show()
        return 2
    # A copy must be the same text; for a terminal its control characters are made visible.
    sys.stdout.write(output.visible(given.text) if sys.stdout.isatty() else given.text)
    return 0
