"""`spinrig recipes new | save | history | diff | approve | retire | import | export`: what a store keeps."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.catalogue import find_recipe
from recipes.problems import Severity
from recipes.reader import read_recipe
from rig.cli import output
from rig.cli.inputs import Given, Lab

if TYPE_CHECKING:
    from recipes.store import Store

EMPTY = """\
format = 1
name = "{name}"

[solutions.polymer]
solvents = [{{ name = "DMF" }}]
solutes = [{{ name = "PAN", molar_mass = "150 kg/mol" }}]
concentration = "10 wt%"

[[steps]]
id = "spin"
do = "spin"
duration = "1 h"
voltage = "15 kV"
distance = "15 cm"
needle = {{ gauge = "21 G" }}
collector = {{ kind = "plate" }}
humidity = {{ min = "30 %RH", max = "50 %RH" }}
[[steps.streams]]
solution = "polymer"
mode = "electrospin"
rate = "1 ml/h"
"""


def add_words(words: Any) -> None:
    """Add the words about revisions."""
    new = words.add_parser(
        "new", help="a new recipe in the store", description="A first revision, to be changed."
    )
    new.add_argument("id", metavar="ID", help="small letters, digits, - and _")
    new.add_argument(
        "--from", dest="source", metavar="RECIPE", help="a copy of this one (default: a small example)"
    )
    _store(new, author=True)
    new.add_argument("--reason", metavar="TEXT", help="why (default: what it was made from)")
    new.set_defaults(run=_new)

    save = words.add_parser(
        "save",
        help="keep a file as the next revision",
        description="Keeps a file as a revision of the recipe of its name, or takes in what was changed by hand in the "
        "store's folder. A revision that somebody else saved in between is told and never written over.",
    )
    save.add_argument("file", metavar="FILE", nargs="?", type=Path, help="none: what was changed by hand")
    save.add_argument("--as", dest="id", metavar="ID", help="the recipe (default: the file's name)")
    save.add_argument(
        "--base", type=int, metavar="N", help="the revision it was made from; needed unless it is new"
    )
    _store(save, author=True)
    save.add_argument("--reason", metavar="TEXT", required=True, help="why")
    save.set_defaults(run=_save)

    history = words.add_parser("history", help="every revision of a recipe", description="Oldest first.")
    history.add_argument("id", metavar="ID")
    _store(history)
    history.add_argument("--json", action="store_true", help="one JSON object a line")
    history.set_defaults(run=_history)

    diff = words.add_parser(
        "diff",
        help="what is different, in the words of the field",
        description="One line for each difference; recipes may be files, ids, revisions.",
        epilog="examples:\n  spinrig recipes diff pan-monday@1 pan-monday@2\n"
        "  spinrig recipes diff tio2-pcnf tio2-pcnf-gentle",
    )
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("--json", action="store_true", help="one JSON object a line")
    diff.set_defaults(run=_diff)

    for word, wanted in (("approve", "ID@N"), ("retire", "ID")):
        help_text = "say that a revision is good to be made" if word == "approve" else "no longer to be used"
        one = words.add_parser(
            word, help=help_text, description=f"{help_text.capitalize()}. Nothing is deleted."
        )
        one.add_argument("recipe", metavar=wanted)
        _store(one, author=True)
        one.add_argument("--reason", metavar="TEXT", required=True, help="why")
        if word == "retire":
            one.add_argument("--undo", action="store_true", help="take it back into use")
        one.set_defaults(run=_approve if word == "approve" else _retire)

    export = words.add_parser(
        "export",
        help="a file or bundle to give away",
        description="One recipe as a file, or several with history.",
    )
    export.add_argument("recipes", metavar="RECIPE", nargs="*", help="none: the whole store, as a bundle")
    export.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="NAME.toml, or NAME.zip"
    )
    _store(export)
    export.set_defaults(run=_export)

    taken = words.add_parser(
        "import", help="take in a file or bundle", description="Nothing that is here is written over."
    )
    taken.add_argument("file", metavar="FILE", type=Path, help="NAME.toml, or a bundle NAME.zip")
    taken.add_argument(
        "--as", dest="id", metavar="ID", help="under this id (a bundle of one recipe, or a file)"
    )
    _store(taken, author=True)
    taken.add_argument("--reason", metavar="TEXT", default="imported", help="why")
    taken.set_defaults(run=_import)


def _store(parser: argparse.ArgumentParser, *, author: bool = False) -> None:
    parser.add_argument("--store", type=Path, metavar="DIR", help="the recipe store (default: SPINRIG_STORE)")
    if author:
        parser.add_argument("--author", metavar="NAME", help="who says so (default: the user)")


def _open(args: argparse.Namespace) -> Store:
    from recipes.store import Store

    return Store(args.store)


def _author(args: argparse.Namespace) -> str:
    if args.author:
        return str(args.author)
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise output.Refused("nobody knows who you are here", "say so with --author") from None


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _new(args: argparse.Namespace) -> int:
    reason = args.reason or ("a small example" if args.source is None else f"from {args.source}")
    content: str | bytes = EMPTY.format(name=args.id)
    if args.source is not None:
        content = find_recipe(args.source).content
    store = _open(args)
    saved = store.save(args.id, content, _author(args), reason, None, _now())
    print(f"{args.id}@{saved.revision} (draft): {store.folder / f'{args.id}.toml'}")
    print(f"change the file, then: spinrig recipes save {args.id} --reason ...")
    return 0


def _save(args: argparse.Namespace) -> int:
    store, author, now = _open(args), _author(args), _now()
    in_store = args.file is not None and not args.file.is_file() and str(args.file) in store.ids()
    if args.file is None or in_store:
        ids = None if args.file is None else [str(args.file)]
        made = store.adopt(now, ids, author, args.reason)
        for one in made:
            print(f"{one.ref} ({one.state}) by {one.author}")
        if not made:
            print("nothing was changed by hand")
        return 0
    id = args.id or args.file.stem
    try:
        content = args.file.read_bytes()
    except OSError as error:
        raise output.Refused(f"{args.file} cannot be read: {error.strerror or error}") from None
    if args.base is None and id in store.ids():
        newest = store.history(id)[-1]
        raise output.Refused(
            f'"{id}" is in the store: {newest.ref}, saved {newest.utc} by {newest.author} ({newest.reason})',
            f"if your file was made from that revision, say --base {newest.number}",
        )
    saved = store.save(id, content, author, args.reason, args.base, now)
    print(f"{saved.id}@{saved.revision} ({saved.state}) by {saved.author}")
    lab = Lab.read(args.store)
    _, problems = read_recipe(content, id, rules=lab.readable, materials=lab.materials)
    wrong = [one for one in problems if one.severity is not Severity.NOTE]
    if wrong:
        output.remark(f'"spinrig check {id}" has {output.counted(len(wrong), "remark")}')
    return 0


def _history(args: argparse.Namespace) -> int:
    revisions = _open(args).history(args.id)
    for one in revisions if args.json else ():
        approval = one.approval
        output.json_line(
            {
                "id": one.id,
                "revision": one.number,
                "state": str(one.state),
                "author": one.author,
                "utc": one.utc,
                "reason": one.reason,
                "sha256": one.sha256,
                "approved_by": None if approval is None else approval.author,
            }
        )
    if not args.json:
        rows = [(one.ref, str(one.state), one.utc, one.author, one.reason) for one in revisions]
        output.table(rows, ("revision", "", "saved", "by", "why"))
    return 0


def _diff(args: argparse.Namespace) -> int:
    from recipes.diff import diff

    read = []
    for ref in (args.old, args.new):
        found = find_recipe(ref)
        # Without the rules of today: a revision that they would refuse can still be compared.
        recipe, problems = read_recipe(found.content, found.id, rules=False)
        if recipe is None:
            output.show_problems(problems, found.name, found.text)
            return 2
        read.append(recipe)
    changes = diff(*read)
    for change in changes:
        if args.json:
            output.json_line(
                {"path": change.path, "words": change.words, "before": change.before, "after": change.after}
            )
        else:
            print(output.visible(change.words))
    if not changes and not args.json:
        print("the same")
    return 0


def _approve(args: argparse.Namespace) -> int:
    id, sign, number = args.recipe.rpartition("@")
    if not sign or not number.isdecimal():
        raise output.Refused(
            f'"{args.recipe}" does not say which revision', f"write {args.recipe}@N; the history lists them"
        )
    store = _open(args)
    found, lab = store.get(id, int(number)), Lab.read(args.store)
    recipe, problems = read_recipe(found.content, id, rules=lab.readable, materials=lab.materials)
    if recipe is None or not lab.readable:
        for one in (*lab.files, Given(args.recipe, found.text, problems)):
            one.show(notes=False)
        return 2
    done = store.approve(id, int(number), _author(args), args.reason, _now(), recipe.sha256)
    print(f"{done.ref} is approved by {_author(args)}")
    return 0


def _retire(args: argparse.Namespace) -> int:
    store = _open(args)
    act = store.unretire if args.undo else store.retire
    done = act(args.recipe, _author(args), args.reason, _now())
    print(f"{done.id} is {'in use again' if args.undo else 'retired'}; its history stays")
    return 0


def _export(args: argparse.Namespace) -> int:
    from recipes.store.bundle import export_file

    store = _open(args)
    if args.output.suffix == ".toml":
        if len(args.recipes) != 1:
            raise output.Refused("a .toml file holds one recipe", "name one, or write to a .zip bundle")
        id, sign, number = args.recipes[0].rpartition("@")
        found = store.get(id, int(number)) if sign and number.isdecimal() else store.get(args.recipes[0])
        export_file(found, args.output)
        print(f"{args.output}: {found.id}@{found.revision}")
        return 0
    gone = store.export_bundle(args.output, args.recipes or None)
    print(f"{args.output}: {output.counted(len(gone), 'recipe')} with all revisions: {', '.join(gone)}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from recipes.store.bundle import import_file

    store, author, now = _open(args), _author(args), _now()
    if args.file.suffix == ".toml":
        saved = import_file(store, args.file, author, args.reason, now, args.id)
        print(f"{saved.id}@{saved.revision} ({saved.state})")
        return 0
    names = None
    if args.id is not None:
        from recipes.store.bundle import ids_in

        names = dict.fromkeys(ids_in(args.file), args.id)
        if len(names) != 1:
            raise output.Refused(
                f"{args.file} holds {len(names)} recipes, and --as names one", "import it without --as"
            )
    for one in store.import_bundle(args.file, now, author, names):
        added = ", ".join(f"{one.as_id}@{number}" for number in one.added)
        print(f"{one.as_id}: {added or 'nothing new'}")
    return 0
