"""`spinrig recipes`: the store, the library, and what can be done with a recipe on paper."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from recipes.problems import InputError
from rig.cli import output, recipes_history, recipes_study
from rig.cli.inputs import Lab, good_recipe, read_given_recipe

DESCRIPTION = """\
The recipe store is a folder of TOML files that is also their history: every save is a revision with author, time and
reason, and nothing is ever deleted. The library comes with the program, is read-only, and each of its recipes follows
a published paper. Where the store is: --store, else SPINRIG_STORE, else a folder of the user's.
"""
EXAMPLES = """\
examples:
  spinrig recipes list
  spinrig recipes new pan-monday --from tio2-pcnf        a copy in the store, to be changed
  spinrig recipes save pan-monday.toml --reason "18 kV, less spraying"
  spinrig recipes diff pan-monday@1 pan-monday@2
  spinrig recipes search "PAN and voltage >= 18 kV"
  spinrig recipes sweep tio2-pcnf spin_voltage=16:24:2 co-deposit.rate=0.8,1.0 --out study
"""


def add_parser(subparsers: Any) -> None:
    """Add the word `recipes` and those behind it."""
    parser = subparsers.add_parser(
        "recipes", help="store, library, and recipes on paper", description=DESCRIPTION, epilog=EXAMPLES
    )
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    _add_list(words)
    _add_show(words)
    _add_search(words)
    recipes_history.add_words(words)
    recipes_study.add_words(words)


def store_argument(parser: argparse.ArgumentParser) -> None:
    """Where the store is."""
    parser.add_argument("--store", type=Path, metavar="DIR", help="the recipe store (default: SPINRIG_STORE)")


def _add_list(words: Any) -> None:
    listed = words.add_parser(
        "list",
        help="id, name and source of each",
        description="Every recipe of the store and of the library.",
    )
    store_argument(listed)
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.set_defaults(run=_list)


def _add_show(words: Any) -> None:
    show = words.add_parser(
        "show",
        help="a recipe's text",
        description="A recipe's text as it was written, to standard output.",
        epilog="example:\n  spinrig recipes show tio2-pcnf > mine.toml",
    )
    show.add_argument("recipe", metavar="RECIPE", help="a file, or an id, or id@revision")
    show.add_argument(
        "--json", action="store_true", help="all its values as they will be used, as one JSON object"
    )
    show.set_defaults(run=_show)


def _add_search(words: Any) -> None:
    search = words.add_parser(
        "search",
        help="find recipes by what is in them",
        description="Recipes of store and library by polymer, solvent, author, DOI, kind of step, and quantities.",
        epilog='examples:\n  spinrig recipes search "PAN and voltage >= 18 kV"\n'
        '  spinrig recipes search "step:heat and temperature > 500 degC"\n'
        "  spinrig recipes search 'methanol and not author:\"A. Person\"'",
    )
    search.add_argument("query", metavar="QUERY", nargs="+", help="words, fields, comparisons; and, or, not")
    store_argument(search)
    search.add_argument("--json", action="store_true", help="one JSON object a line")
    search.set_defaults(run=_search)


def _list(args: argparse.Namespace) -> int:
    return _show_found("", args)


def _search(args: argparse.Namespace) -> int:
    return _show_found(" ".join(args.query), args)


def _show_found(query: str, args: argparse.Namespace) -> int:
    from recipes.search import candidates, parse_query
    from recipes.store import Store

    try:
        asked = parse_query(query) if query else None
    except InputError as error:
        output.show_problems(error.problems, "the query", query)
        return 2
    lab = Lab.read(args.store)
    if not lab.readable:
        for one in lab.files:
            one.show(notes=False)
        return 2
    found, unreadable = candidates(Store(args.store))
    rows = []
    for recipe, about in found:
        if asked is not None and not asked.matches(recipe, about, lab.materials):
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
                    "origin": about.origin,
                    "revision": about.revision,
                    "state": about.state,
                }
            )
        revision = "" if about.revision is None else f"@{about.revision}"
        rows.append((recipe.id + revision, about.state or about.origin, recipe.name, doi or ""))
    if not args.json and rows:
        output.table(rows, ("id", "", "name", "doi"))
    elif not args.json:
        print("no recipe is like that")
    for recipe_id in unreadable:
        output.complain(f"{recipe_id} cannot be read as a recipe", f'"spinrig check {recipe_id}" says why')
    return 0


def _show(args: argparse.Namespace) -> int:
    lab = Lab.read()
    if args.json:
        recipe = good_recipe(args.recipe, lab)
        if recipe is None:
            return 2
        output.json_line(recipe.resolved())
        return 0
    _, given = read_given_recipe(args.recipe, lab)
    if given.text is None:
        given.show()
        return 2
    # A copy must be the same text; for a terminal its control characters are made visible.
    sys.stdout.write(output.visible(given.text) if sys.stdout.isatty() else given.text)
    return 0
