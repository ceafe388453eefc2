"""`spinrig run`: make a recipe on a rig, real or emulated."""

from __future__ import annotations

import argparse
import math
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.cli import output
from rig.cli.main import INTERRUPTED, STOPPED

if TYPE_CHECKING:
    from rig.cli.loading import Inputs


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the word `run`."""
    parser = subparsers.add_parser(
        "run",
        help="make a recipe on a rig, real or emulated",
        description="Make a recipe. Without --rig on the built-in demonstration rig, all of it emulated.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a file, or the id of a recipe of the library")
    parser.add_argument("--rig", type=Path, metavar="RIG.toml", help="the rig file")
    parser.add_argument(
        "--sheet", type=Path, metavar="SHEET.toml", help="the run sheet: what is in which pump"
    )
    parser.add_argument("--simulate", action="store_true", help="emulate every instrument of the rig file")
    parser.add_argument(
        "--speed", type=speed_of, metavar="max|N", help="of an emulated run: N times real time (default: max)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the emulated world (default: 0)")
    parser.add_argument(
        "--faults", type=Path, metavar="FAULTS.toml", help="what goes wrong in the emulated world"
    )
    parser.add_argument(
        "--start", type=Path, metavar="START.toml", help="how the emulated instruments are found"
    )
    parser.add_argument(
        "--from-step", metavar="ID", help="begin with this step; the run sheet names the sample"
    )
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--answers", type=Path, metavar="ANSWERS.toml", help="answers given beforehand")
    given.add_argument("--yes", action="store_true", help="declared defaults as answers (emulated rigs only)")
    parser.add_argument("--operator", metavar="NAME", help="who makes it (default: the user)")
    parser.add_argument(
        "--runs", type=Path, metavar="DIR", help="where records are kept (default: $SPINRIG_RUNS, runs)"
    )
    parser.add_argument(
        "--trace", action="store_true", help="keep every exchange with the instruments in wire.jsonl"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="say nothing but the outcome")
    parser.set_defaults(run=run)


def speed_of(text: str) -> float | str:
    if text == "max":
        return text
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError(
            f'"{text}" is no speed: write max, or how many times real time, e.g. 60'
        )
    return speed


def run(args: argparse.Namespace) -> int:
    """Load, refuse or make the run; the exit code."""
    from recipes.problems import InputError
    from rig.cli.loading import Refusal
    from rig.engine.host import NotReady
    from rig.engine.lock import RigBusy
    from rig.engine.planning import CannotDrive
    from rig.records.errors import RecordError
    from rig.simulation.faults import CannotFail
    from rig.simulation.starting import CannotStart

    refusals = (
        output.Refused,
        InputError,
        NotReady,
        RigBusy,
        CannotDrive,
        RecordError,
        CannotFail,
        CannotStart,
    )
    try:
        return _run(args)
    except refusals as error:
        if args.json:
            problems = error.problems if isinstance(error, Refusal) else []
            output.json_line({"type": "refused", "message": str(error), "problems": problems})
        raise


def _run(args: argparse.Namespace) -> int:
    from rig.cli.loading import load, missing_answers
    from rig.cli.making import Making
    from rig.engine.host import CalledOff
    from rig.engine.planning import plan_visits

    inputs = load(args, show=not args.quiet)
    speed = None if args.speed in (None, "max") else float(args.speed)
    real = not inputs.bench.simulated
    hosted = real or speed is not None
    check_real(args, inputs)
    plan_visits(
        inputs.recipe, inputs.assignment, inputs.bench
    )  # raises CannotDrive for what this version cannot do
    terminal = at_a_terminal()
    if not terminal and not hosted:
        missing_answers(inputs, args.yes)
    with ExitStack() as stack:
        making = Making(args, inputs, speed, hosted, terminal, stack)
        try:
            result = making.session.run()
        except CalledOff as error:
            making.finish()
            output.complain(str(error))
            if args.json:
                output.json_line({"type": "refused", "message": str(error), "problems": []})
            return INTERRUPTED if making.session.host.interrupts > 1 else STOPPED
        making.finish()
        return making.tell(result)


def check_real(args: argparse.Namespace, inputs: Inputs) -> None:
    """What is refused on a rig with real instruments. Raises Refused."""
    from rig.bench.model import is_simulated
    from rig.engine.ownership import absent, where_from

    bench = inputs.bench
    if bench.simulated:
        return
    emulated = [name for where, names in bench.lines.items() if is_simulated(where) for name in names]
    if emulated:
        raise output.Refused(
            f"{bench.name} mixes emulated and real instruments ({', '.join(emulated)} emulated)",
            "give every instrument its real port, or emulate all with --simulate",
        )
    if args.speed not in (None, 1.0):
        raise output.Refused("with real instruments the speed is 1", "leave --speed out, or add --simulate")
    for option, given in (("--seed", args.seed), ("--faults", args.faults), ("--start", args.start)):
        if given is not None:
            raise output.Refused(
                f"{option} is for emulated instruments, and {bench.name} has real ones", "add --simulate"
            )
    if args.yes:
        raise output.Refused(
            f"--yes answers for a person, and {bench.name} has real instruments",
            "answer at the terminal, with `spinrig answer`, or with --answers",
        )
    beforehand = done_beforehand(inputs)
    if beforehand:
        raise output.Refused(
            f"{' and '.join(beforehand)}: what is done at a furnace's tube is answered at the time, and {bench.name} "
            "has real instruments: nobody knows beforehand that the tube is closed",
            "take it out of the answers file; it is asked at the terminal, and by `spinrig answer`",
        )
    if inputs.assignment.proposed and inputs.assignment.streams:
        raise output.Refused(
            "on a real rig the run sheet says what is in which pump, and none is given; this would fit:\n\n"
            + inputs.assignment.sheet_text(),
            "look at it, change it to what is true, and give it with --sheet",
        )
    if bench.safety.presence == "console":
        why = absent(bench, where_from(os.environ), None)
        if why is not None:
            raise output.Refused(why, "start it at the rig's own computer")
    if not bench.safety.prove_refuses:  # else the session refuses
        from rig.lines.clocks import RealClock
        from rig.running import overdue_inputs

        for late in overdue_inputs(bench, RealClock().origin_utc):
            output.remark(f"warning: {late}; walk through the inputs with `spinrig rig prove`")


def done_beforehand(inputs: Inputs) -> list[str]:
    """Answers of the file that say what was done at a furnace's tube, as they stand there."""
    from rig.engine.planning import asks_at_tube

    steps, answers = inputs.recipe.steps, inputs.answers
    return [
        f"[{step.id}] done"
        for number, step in enumerate(steps)
        if step.do == "prompt" and answers.get(step.id, "done") is not None and asks_at_tube(steps, number)
    ]


def at_a_terminal() -> bool:
    """Whether somebody can be asked here."""
    from rig.cli.keyboard import is_ours

    return is_ours(sys.stdin) and sys.stderr.isatty()
