"""`spinrig prime`, `jog`, `hv-test`: one instrument by hand, as a run of its own with its own record.

The same lock, scan, guard, presence and orderly end as for a recipe; Ctrl-C stops in order.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.cli import output
from rig.cli.main import INTERRUPTED, STOPPED

if TYPE_CHECKING:
    from rig.bench.model import Bench
    from rig.bench.syringes import Syringe
    from rig.cli.inputs import GivenRig
    from rig.cli.loading import Inputs
    from rig.engine.manual import ManualWork

ABOUT = """\
Manual work is a run of its own: the same scan, guard and conditions as for a recipe, a record of its own, one
instrument at a time. It ends by itself after 10 min. Ctrl-C stops it in order.
"""
SYRINGE = "what is on the pump, by its catalogue name (default: what the run sheet says)"


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the three words."""
    prime = subparsers.add_parser(
        "prime",
        help="fill the needle of one pump",
        description="Fill the needle of one pump, high voltage locked out and proved off; then a person looks and\n"
        f"wipes.\n{ABOUT}",
        epilog='example:\n  spinrig prime a --volume "0.1 ml" --yes',
    )
    prime.add_argument("instrument", metavar="PUMP", help='of the rig file: "a" or "pumps.a"')
    prime.add_argument("--volume", required=True, metavar="V", help='e.g. "0.1 ml"')
    prime.add_argument("--rate", metavar="R", help='e.g. "10 ml/h" (the default)')
    _add_syringe(prime)
    _add_common(prime)
    jog = subparsers.add_parser(
        "jog",
        help="move one pump in or out",
        description=f"Move one pump so far in or out, high voltage locked out and proved off.\n{ABOUT}",
        epilog='example:\n  spinrig jog b --volume "0.05 ml" --rate "20 ml/h" --withdraw',
    )
    jog.add_argument("instrument", metavar="PUMP", help='of the rig file: "a" or "pumps.a"')
    jog.add_argument("--volume", required=True, metavar="V", help='e.g. "0.1 ml"')
    jog.add_argument("--rate", required=True, metavar="R", help='e.g. "20 ml/h"')
    jog.add_argument("--withdraw", action="store_true", help="draw back instead of pushing out")
    _add_syringe(jog)
    _add_common(jog)
    test = subparsers.add_parser(
        "hv-test",
        help="bring one supply to a voltage and down again",
        description="Ramp one supply to a voltage, hold it, ramp it down, prove it off, wait for its discharge time,\n"
        f"and ask for the earthing stick. No pump runs.\n{ABOUT}",
        epilog='example:\n  spinrig hv-test needle --voltage "5 kV" --for "20 s" --yes',
    )
    test.add_argument("instrument", metavar="SUPPLY", help='of the rig file: "needle" or "hv.needle"')
    test.add_argument("--voltage", required=True, metavar="V", help='signed: "5 kV"; --voltage=-5kV')
    test.add_argument(
        "--for", dest="hold", default="10 s", metavar="T", help="at that voltage (default: 10 s)"
    )
    _add_common(test)


def _add_syringe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--syringe", metavar="NAME", help=SYRINGE)
    parser.add_argument(
        "--sheet", type=Path, metavar="SHEET.toml", help="the run sheet: what is in which pump"
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    from rig.cli.run import speed_of

    parser.add_argument("--rig", type=Path, metavar="RIG.toml", help="the rig file")
    parser.add_argument("--simulate", action="store_true", help="emulate every instrument of the rig file")
    parser.add_argument("--speed", type=speed_of, metavar="max|N", help="of an emulated run (default: max)")
    parser.add_argument("--seed", type=int, metavar="N", help="of the emulated world (default: 0)")
    parser.add_argument("--yes", action="store_true", help="yes to every question (emulated rigs only)")
    parser.add_argument("--operator", metavar="NAME", help="who does it (default: the user)")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="where records are kept")
    parser.add_argument("--trace", action="store_true", help="keep every exchange in wire.jsonl")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="say nothing but the outcome")
    parser.set_defaults(run=run, faults=None, start=None)


def run(args: argparse.Namespace) -> int:
    """Hold what was asked for against the rig, then do it; the exit code."""
    from recipes.problems import InputError
    from rig.engine.host import NotReady
    from rig.engine.lock import RigBusy
    from rig.engine.manual import ManualRefused
    from rig.records.errors import RecordError

    try:
        return _run(args)
    except (output.Refused, InputError, ManualRefused, NotReady, RigBusy, RecordError) as error:
        if args.json:
            output.json_line({"type": "refused", "message": str(error), "problems": []})
        raise


def _run(args: argparse.Namespace) -> int:
    from rig.cli.making import Making
    from rig.cli.run import at_a_terminal, check_real
    from rig.engine.host import CalledOff

    inputs = _load(args)
    work = inputs.manual
    assert work is not None
    check_real(args, inputs)
    speed = None if args.speed in (None, "max") else float(args.speed)
    hosted = not inputs.bench.simulated or speed is not None
    terminal = at_a_terminal()
    if not terminal and not hosted and not args.yes and work.asks:
        raise output.Refused(
            f"nobody is there to answer, and these answers are needed: [{work.do}] {', '.join(work.asks)}",
            "say yes to all with --yes, or do it at a terminal",
        )
    with ExitStack() as stack:
        making = Making(args, inputs, speed, hosted, terminal, stack)
        try:
            result = making.session.run()
        except CalledOff as error:
            making.finish()
            output.complain(str(error))
            return INTERRUPTED if making.session.host.interrupts > 1 else STOPPED
        making.finish()
        return making.tell(result)


def _load(args: argparse.Namespace) -> Inputs:
    """Rig file, run sheet and what was asked for. Raises Refused, Refusal and ManualRefused."""
    from rig.bench.answers import Answers
    from rig.bench.assignment import Assignment
    from rig.cli.inputs import GivenRig
    from rig.cli.loading import Inputs, Refusal

    rig = GivenRig.read(args.rig, getattr(args, "sheet", None), emulated=args.simulate)
    files = [rig.by_itself(), *([rig.sheet] if rig.sheet is not None else [])]
    errors = sum(one.errors for one in files)
    if errors or not args.quiet:
        for one in files:
            one.show(notes=False)
    if errors or rig.bench is None:
        raise Refusal(
            f"{output.counted(errors, 'error')}: nothing was started",
            [data for one in files for data in one.as_dicts()],
        )
    work = _work(args, rig.bench, rig)
    return Inputs(
        recipe=work.recipe(),
        bench=rig.bench,
        sheet=None,
        assignment=Assignment({}, proposed=False),
        answers=Answers(),
        faults=(),
        start=None,
        beginning=None,
        manual=work,
    )


def _work(args: argparse.Namespace, bench: Bench, rig: GivenRig) -> ManualWork:
    from rig.engine.manual import hv_test, jog, prime

    if args.command == "hv-test":
        return hv_test(bench, args.instrument, args.voltage, args.hold)
    syringe, loaded_ml = _syringe(args, bench, rig)
    if args.command == "prime":
        return prime(bench, args.instrument, args.volume, args.rate, syringe, loaded_ml)
    return jog(bench, args.instrument, args.volume, args.rate, syringe, loaded_ml, args.withdraw)


def _syringe(args: argparse.Namespace, bench: Bench, rig: GivenRig) -> tuple[Syringe, float | None]:
    """What is on the pump, and its content in ml where somebody said: flow goes with the square of its diameter."""
    from rig.bench.sheet import built_in_sheet
    from rig.bench.syringes import diameter_doubt, find_syringe, nearest_syringe
    from rig.engine.manual import loaded_in, pump_named

    pump = pump_named(bench, args.instrument)
    if args.syringe is not None:
        named = find_syringe(args.syringe, bench.syringes)
        if named is None:
            guess = nearest_syringe(args.syringe, bench.syringes)
            raise output.Refused(
                f'there is no syringe "{args.syringe}" in the catalogue or the rig file',
                f'did you mean "{guess}"?' if guess else "describe it in a run sheet: { diameter, volume }",
            )
        doubt = diameter_doubt(named)
        if doubt is not None:
            output.remark(doubt)
        return named, None
    sheet = rig.sheet_read if rig.sheet is not None else built_in_sheet() if rig.demonstration else None
    found = loaded_in(sheet, pump) if sheet is not None else None
    if found is None:
        raise output.Refused(
            f"nobody said which syringe is on {pump}, and a wrong diameter is a wrong flow",
            'say it with --syringe "BD Plastipak 10 ml", or with --sheet SHEET.toml',
        )
    return found
