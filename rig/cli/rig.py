"""`spinrig rig`: a rig file to begin with, and whether a rig file is right."""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.cli import output, prove
from rig.cli.inputs import GivenRig, counts

if TYPE_CHECKING:
    from rig.bench.model import Bench

DESCRIPTION = """\
Rig files say what stands on a bench: instruments and their ports, needles, limits, and what hardware stands behind
the software.
"""
EXAMPLES = """\
examples:
  spinrig rig new bench-1.toml
  spinrig rig check bench-1.toml
  spinrig rig prove --rig bench-1.toml
"""


def add_parser(subparsers: Any) -> None:
    """Add the word `rig` and those behind it."""
    parser = subparsers.add_parser("rig", help="rig files", description=DESCRIPTION, epilog=EXAMPLES)
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    new = words.add_parser(
        "new",
        help="a commented rig file to begin with",
        description="Writes a commented rig file to begin with. It declares nothing about your safety hardware: that "
        "is yours to say,\nand until then `spinrig rig check` refuses it.",
        epilog="example:\n  spinrig rig new bench-1.toml",
    )
    new.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: standard output")
    new.set_defaults(run=_new)
    check = words.add_parser(
        "check",
        help="is a rig file right?",
        description="Reads a rig file and holds it against what must be true of any rig; prints the reaction time\n"
        "from the door to high voltage off. No port is opened.",
        epilog="example:\n  spinrig rig check bench-1.toml\n\nexit code 2 when there is an error, else 0",
    )
    check.add_argument("file", type=Path, metavar="RIG.toml", help="the rig file")
    check.add_argument("--json", action="store_true", help="one JSON object")
    check.set_defaults(run=_check)
    prove.add_words(words)


def _new(args: argparse.Namespace) -> int:
    text = files("rig.cli").joinpath("new_rig.toml").read_text(encoding="utf-8")
    if args.file is None:
        print(text, end="")
        return 0
    try:
        with args.file.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise output.Refused(f"{args.file} is there already", "name another file") from None
    except OSError as error:
        raise output.Refused(
            f"{args.file} cannot be written: {error.strerror or error}", "name another file"
        ) from None
    print(f"{args.file} written: say in it what stands on your bench, then: spinrig rig check {args.file}")
    return 0


def _proved(bench: Bench) -> list[str]:
    """When each safety input was last walked through."""
    from rig.bench.proofs import ProofsUnreadable, read_proofs
    from rig.engine.lock import state_dir
    from rig.lines.clocks import RealClock

    try:
        proofs = read_proofs(state_dir(), bench)
    except ProofsUnreadable as error:
        return [str(error)]
    return prove.proofs_text(bench, proofs, RealClock().origin_utc)


def _check(args: argparse.Namespace) -> int:
    rig = GivenRig.read(args.file)
    found = rig.by_itself()
    if args.json:
        output.json_line(
            {
                "rig": found.name,
                "name": None if rig.bench is None else rig.bench.name,
                "problems": [problem.as_dict() for problem in found.problems],
                "reaction": rig.reactions_as_data(),
            }
        )
        return 2 if found.has_errors else 0
    found.show()
    said = counts(found.problems)
    if found.has_errors:
        output.remark(f"{found.name}: refused: {said}")
        return 2
    assert rig.bench is not None
    print(output.visible(f"{found.name}: good" + (f" ({said})" if said else "")))
    output.table(
        [(name, settings.driver, settings.where) for name, settings in rig.bench.instruments.items()],
        ("instrument", "driver", "at"),
    )
    for reaction in rig.reactions:
        print(f"reaction time, {reaction.text()}")
    if not rig.bench.simulated:
        for line in _proved(rig.bench):
            print(output.visible(line))
    return 0
