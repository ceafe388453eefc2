"""`spinrig torture`: many generated runs with faults, commands and late answers, against the invariants."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.cli import output

if TYPE_CHECKING:
    from rig.proving.campaign import Done, Figures
    from rig.proving.case import Case

DESCRIPTION = """\
Makes runs with generated recipes on generated rigs, all emulated, strikes them with faults of every kind, commands,
signals and late or wrong answers, and holds every scan of each against the invariants of the safety rules. One seed
determines one run. A run that violates something is made smaller and written to a file that --replay takes.
"""
EXAMPLES = """\
examples:
  spinrig torture
  spinrig torture --runs 2000 --processes 2
  spinrig torture --rig bench-1.toml --runs 200
  spinrig torture --replay torture-1234.json

exit code 1 when an invariant was violated, else 0
"""
RUNS = 100
KEEP = 5
"""So many failing seeds are shrunk and written."""


def add_parser(subparsers: Any) -> None:
    """Add the word `torture`."""
    parser = subparsers.add_parser(
        "torture", help="generated runs against the invariants", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("--runs", type=_count, default=RUNS, metavar="N", help=f"how many (default: {RUNS})")
    parser.add_argument("--seed", type=_count, default=0, metavar="N", help="the first seed (default: 0)")
    parser.add_argument("--processes", type=_count, default=1, metavar="P", help="so many at a time")
    parser.add_argument("--rig", type=Path, metavar="RIG.toml", help="this rig and no generated one")
    parser.add_argument("--brief", action="store_true", help="recipes of a few minutes only")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where replay files go")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="make the run of a replay file again")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def run(args: argparse.Namespace) -> int:
    """A campaign, or one replay; 1 when anything was violated."""
    return _replay(args) if args.replay is not None else _campaign(args)


def _campaign(args: argparse.Namespace) -> int:
    from rig.proving.campaign import campaign

    rig_text = None
    if args.rig is not None:
        rig_text = _emulated(args.rig)
    began_s = time.monotonic()

    def told(done: Done) -> None:
        verdict = done.verdict
        if done.error is not None:
            output.remark(f"seed {done.seed}: {done.error}")
        elif verdict is not None and verdict.violations:
            output.remark(f"seed {done.seed}: {verdict.violations[0]}")

    seeds = range(args.seed, args.seed + args.runs)
    figures = campaign(seeds, max(args.processes, 1), args.brief, rig_text, told)
    wall_s = time.monotonic() - began_s
    files = _keep(figures, args, rig_text)
    if args.json:
        output.json_line({**figures.as_data(wall_s), "replay": [str(file) for file in files]})
    else:
        _say(figures, wall_s, files)
    return 0 if figures.good else 1


def _emulated(path: Path) -> str:
    """The rig file's text; only an emulated rig is tortured."""
    from rig.bench.rigfile import load_rig

    bench, _ = load_rig(path)
    if not bench.simulated:
        raise output.Refused(
            f"{path}: torture is for emulated rigs only, and this one has real ports",
            'give every instrument a port of the kind "sim://NAME"',
        )
    return bench.text


def _say(figures: Figures, wall_s: float, files: list[Path]) -> None:
    simulated_h = figures.virtual_s / 3600
    print(f"runs         {figures.runs} ({figures.refused} drafts were refused by the readers or by fit)")
    print(f"outcomes     {_counts(figures.outcomes)}")
    print(f"faults       {_counts(figures.faults) or 'none'}")
    print(f"struck while {_counts(figures.stakes) or 'nothing at stake'} (runs)")
    print(f"commands     {_counts(figures.deeds) or 'none'}")
    print(f"trips        {_counts(figures.trips) or 'none'}")
    print(f"scans        {figures.scans}")
    print(
        f"simulated    {simulated_h:.1f} h in {wall_s:.0f} s: {simulated_h / max(wall_s, 1e-9):.3f} h a second"
    )
    by_number: dict[int, int] = {}
    for _, one in figures.violations:
        by_number[one.number] = by_number.get(one.number, 0) + 1
    numbers = ", ".join(f"invariant {number}: {count}" for number, count in sorted(by_number.items()))
    print(f"violations   {len(figures.violations)}" + (f" ({numbers})" if numbers else ""))
    if figures.errors:
        print(f"errors       {len(figures.errors)} of the campaign itself")
    for file in files:
        print(f"replay       spinrig torture --replay {file}")


def _counts(counter: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def _keep(figures: Figures, args: argparse.Namespace, rig_text: str | None) -> list[Path]:
    """Shrink the first failing seeds and write them down."""
    from rig.proving.draw import draw
    from rig.proving.shrink import shrink
    from rig.proving.trial import try_case

    files = []
    for seed in sorted({seed for seed, _ in figures.violations})[:KEEP]:
        number = next(one.number for at, one in figures.violations if at == seed)

        def fails(case: Case, number: int = number) -> bool:
            return any(one.number == number for one in try_case(case).violations)

        small = shrink(draw(seed, args.brief, rig_text).case, fails)
        path = args.out / f"torture-{seed}.json"
        args.out.mkdir(parents=True, exist_ok=True)
        small.write(path, [str(one) for one in try_case(small).violations])
        files.append(path)
    return files


def _replay(args: argparse.Namespace) -> int:
    from rig.proving.case import BadCase, read_case
    from rig.proving.draw import read_parts
    from rig.proving.trial import try_case

    try:
        case = read_case(args.replay)
        read_parts(case)
    except BadCase as error:
        raise output.Refused(str(error)) from error
    verdict = try_case(case)
    if args.json:
        data = {
            "seed": verdict.seed,
            "outcome": verdict.outcome,
            "reason": verdict.reason,
            "scans": verdict.scans,
            "simulated_s": verdict.virtual_s,
            "violations": [
                {"invariant": one.number, "t_s": one.t_s, "seen": one.seen} for one in verdict.violations
            ],
        }
        print(json.dumps(data))
    else:
        why = f": {verdict.reason}" if verdict.reason else ""
        print(f"seed {verdict.seed}: {verdict.outcome}{why}; {verdict.scans} scans")
        for one in verdict.violations:
            print(one, file=sys.stdout)
        if not verdict.violations:
            print("no invariant was violated")
    return 1 if verdict.violations else 0
