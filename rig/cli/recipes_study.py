"""`spinrig recipes sweep | methods | schema | upgrade`: texts that are made from a recipe, or about recipes."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from recipes.problems import Severity
from rig.cli import output
from rig.cli.inputs import Lab, good_recipe, read_given_recipe


def add_words(words: Any) -> None:
    """Add the words about texts."""
    sweep = words.add_parser(
        "sweep",
        help="variants of a recipe for a study",
        description="Makes a recipe for every combination of the factors' values, with a table of them. A value "
        "without unit has that of the recipe.",
        epilog="examples:\n  spinrig recipes sweep tio2-pcnf spin_voltage=16:24:2 co-deposit.rate=0.8,1.0 --out study\n"
        "  spinrig recipes sweep tio2-pcnf stabilise.ramp=1,2,5 --out slow",
    )
    sweep.add_argument("recipe", metavar="RECIPE", help="a file, or an id")
    sweep.add_argument("factors", metavar="NAME=VALUES", nargs="+", help="FROM:TO:STEP, or VALUE,VALUE,...")
    sweep.add_argument("--out", type=Path, metavar="DIR", help="write them here (default: ./RECIPE-sweep)")
    sweep.add_argument(
        "--json", action="store_true", help="one JSON object a line; writes no file without --out"
    )
    sweep.set_defaults(run=_sweep)

    methods = words.add_parser(
        "methods",
        help="the experimental section a paper would carry",
        description="The recipe in sentences; what its source does not say has a star.",
    )
    methods.add_argument("recipe", metavar="RECIPE", help="a file, or an id, or id@revision")
    methods.set_defaults(run=_methods)

    schema = words.add_parser(
        "schema",
        help="JSON Schema of the recipe format, for editors",
        description="To standard output; an editor that knows TOML and JSON Schema completes and checks with it.",
    )
    schema.set_defaults(run=_schema)

    upgrade = words.add_parser(
        "upgrade",
        help="a recipe in the newest format",
        description="The text with the newest format number, to standard output. Older formats are read for ever; this "
        "is for adding keys that came later.",
    )
    upgrade.add_argument("recipe", metavar="RECIPE", help="a file, or an id")
    upgrade.set_defaults(run=_upgrade)


def _sweep(args: argparse.Namespace) -> int:
    from recipes.reader import read_recipe
    from recipes.study import read_factor, variants

    lab = Lab.read()
    recipe, given = read_given_recipe(args.recipe, lab)
    if recipe is None:
        for file in (*lab.files, given):
            file.show(notes=False)
        return 2
    factors = [read_factor(recipe, said) for said in args.factors]
    made = variants(recipe, factors)
    wrong = 0
    for one in made:
        read, problems = read_recipe(one.text, one.id, materials=lab.materials)
        told = [
            item for item in problems if item.severity is not Severity.NOTE and item not in given.problems
        ]
        if read is None:
            wrong += 1
            output.show_problems(told, f"{one.id} ({one.name})", one.text)
    if wrong:
        output.complain(f"{wrong} of {len(made)} variants would be refused; nothing was written")
        return 2
    folder: Path | None = args.out
    if folder is None and not args.json:
        folder = Path(f"{recipe.id}-sweep")
    if folder is not None:
        _write(folder, made, [factor.name for factor in factors])
    for one in made:
        if args.json:
            output.json_line({"id": one.id, "name": one.name, "values": one.values})
    if not args.json:
        rows = [(one.id, *(str(value) for value in one.values.values())) for one in made]
        output.table(rows, ("variant", *(factor.name for factor in factors)))
        print(f"{folder}: {output.counted(len(made), 'recipe')} and sweep.csv")
    return 0


def _write(folder: Path, made: Any, names: list[str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [one.id for one in made if (folder / f"{one.id}.toml").exists()]
        if taken or (folder / "sweep.csv").exists():
            what = f"{taken[0]}.toml" if taken else "sweep.csv"
            raise output.Refused(f"{folder} holds {what} already", "give another folder with --out")
        for one in made:
            (folder / f"{one.id}.toml").write_bytes(one.text.encode())
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["recipe", *names])
        writer.writerows([one.id, *one.values.values()] for one in made)
        (folder / "sweep.csv").write_text(table.getvalue(), encoding="utf-8")
    except OSError as error:
        raise output.Refused(f"{folder} cannot be written: {error.strerror or error}") from None


def _methods(args: argparse.Namespace) -> int:
    from recipes.methods import methods

    lab = Lab.read()
    recipe = good_recipe(args.recipe, lab)
    if recipe is None:
        return 2
    print(output.visible(methods(recipe, lab.materials)))
    return 0


def _schema(args: argparse.Namespace) -> int:
    from recipes.schema import schema

    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0


def _upgrade(args: argparse.Namespace) -> int:
    from recipes.editing import edit
    from recipes.model import FORMAT

    recipe = good_recipe(args.recipe, Lab.read())
    if recipe is None:
        return 2
    if recipe.format == FORMAT:
        output.remark(f"{args.recipe} is in the newest format, {FORMAT}")
    sys.stdout.write(edit(recipe.text, {"format": FORMAT}))
    return 0
