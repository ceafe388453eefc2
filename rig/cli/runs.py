"""`spinrig runs`: the records that runs left, to be listed, shown, verified, reported and exported."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rig.cli import output
from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.export import FORMATS, export_run
from rig.records.run import Run, list_runs, open_run
from rig.records.verify import verify_run

DESCRIPTION = """\
Records of runs. RUN is a run's id, or its folder. Runs are looked for in the folder named by --runs, else by the
environment variable SPINRIG_RUNS, else in "runs" in the current folder.
"""
EXAMPLES = """\
examples:
  spinrig runs list
  spinrig runs show 2026-11-20T143205Z_tio2-pcnf_k3f9
  spinrig runs verify runs/*
  spinrig runs export 2026-11-20T143205Z_tio2-pcnf_k3f9 --format csv -o run.csv
"""
DAMAGED: Final = 1


def add_parser(subparsers: Any) -> None:
    """Add the word `runs` and those behind it."""
    parser = subparsers.add_parser("runs", help="records of runs", description=DESCRIPTION, epilog=EXAMPLES)
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)

    listed = words.add_parser(
        "list", help="all runs, the newest first", description="All runs, the newest first."
    )
    listed.set_defaults(run=_list)

    show = words.add_parser(
        "show",
        help="what a run did",
        description="What a run did, how it ended, and, with --events, its journal.",
    )
    show.add_argument("id", metavar="RUN", help="a run's id or folder")
    show.add_argument("--events", action="store_true", help="every event of the journal, too")
    show.set_defaults(run=_show)

    verify = words.add_parser(
        "verify",
        help="does the record hold?",
        description="Whether records hold: good, open (good to line N) or damaged.",
        epilog="exit code 1 when one is damaged, else 0",
    )
    verify.add_argument("ids", nargs="+", metavar="RUN", help="a run's id or folder")
    verify.set_defaults(run=_verify)

    report = words.add_parser(
        "report",
        help="write report.html anew",
        description="Writes report.html in the run's folder anew and says where it is.",
    )
    report.add_argument("id", metavar="RUN", help="a run's id or folder")
    report.set_defaults(run=_report)

    export = words.add_parser(
        "export",
        help="the samples for another program",
        description="Writes the samples of a run for another program.",
        epilog="example:\n  spinrig runs export RUN --format csv -o run.csv",
    )
    export.add_argument("id", metavar="RUN", help="a run's id or folder")
    export.add_argument(
        "--format", required=True, choices=FORMATS, metavar="FORMAT", help=" or ".join(FORMATS)
    )
    export.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="default: the run's id with the format's ending, here",
    )
    export.set_defaults(run=_export)

    for word in (listed, show, verify, report, export):
        word.add_argument("--runs", type=Path, metavar="DIR", help="the folder of all runs")
    for word in (listed, show, verify):
        word.add_argument("--json", action="store_true", help="one JSON object a line")


def _list(args: argparse.Namespace) -> int:
    runs = list_runs(args.runs)
    if args.json:
        for run in runs:
            output.json_line({**asdict(run), "folder": str(run.folder)})
        return 0
    if not runs:
        output.remark(f"there are no runs in {(args.runs or folders.default_runs_dir()).absolute()}")
        return 0
    output.table(
        [
            (
                run.run,
                run.outcome or "open",
                run.recipe or "",
                run.sample or "",
                "simulated" if run.simulated else "",
                run.started or "",
                _continues(run.continues, run.from_step),
            )
            for run in runs
        ],
        ("run", "outcome", "recipe", "sample", "", "started (UTC)", "continues"),
    )
    return 0


def _continues(run: str | None, step: str | None) -> str:
    """ "RUN from STEP"; "" for a run of a whole recipe."""
    return "" if step is None else f"{run or 'no earlier run'} from {step}"


def _show(args: argparse.Namespace) -> int:
    run = open_run(args.id, args.runs)
    if args.json:
        output.json_line({**run.info, "folder": str(run.folder)})
        if args.events:
            for line in run.journal.lines:
                output.json_line(dict(line))
        return 0
    output.table(_facts(run))
    steps = run.info["steps"]
    if steps:
        print()
        output.table(
            [
                (
                    str(step.get("id")),
                    str(step.get("do")),
                    str(step.get("outcome") or "not ended"),
                    "" if step.get("duration_s") is None else f"{step['duration_s']:.1f} s",
                )
                for step in steps
            ],
            ("step", "do", "outcome", "took"),
        )
    if args.events:
        from rig.records.page import event_words

        print()
        output.table(
            [
                (str(line["n"]), f"{line['t_s']:.3f}", str(line["kind"]), str(event_words(line["data"])))
                for line in run.journal.lines
            ],
            ("line", "t_s", "event", ""),
        )
    return 0


def _facts(run: Run) -> list[tuple[str, str]]:
    info = run.info
    recipe, rig = info["recipe"] or {}, info["rig"] or {}
    outcome = str(info["outcome"] or "open")
    duration = info["duration_s"]
    rows = [
        ("run", info["run"] or run.folder.name),
        ("outcome", outcome + (", ended early by a person" if info["early"] else "")),
        ("reason", info["reason"]),
        ("recipe", recipe.get("id")),
        ("recipe SHA-256", recipe.get("sha256")),
        ("rig", rig.get("name")),
        ("sample", info["sample"]),
        ("continues", _continues(info["continues"], info["from_step"]) or None),
        ("operator", info["operator"]),
        ("simulated", f"yes, seed {info['seed']}" if info["simulated"] else "no"),
        ("started", info["started"]),
        ("ended", info["ended"]),
        ("duration", None if duration is None else f"{duration:.1f} s"),
        ("alarms", info["alarms"]),
        ("record", info["record_failed"]),
        ("head", info["head"]),
        ("folder", run.folder),
    ]
    if run.journal.status == "damaged":
        rows.append(("DAMAGED", run.journal.first_bad))
    return [(name, str(value)) for name, value in rows if value is not None]


def _verify(args: argparse.Namespace) -> int:
    code = 0
    for ref in args.ids:
        verdict = verify_run(_folder(ref, args.runs))
        if args.json:
            output.json_line({"run": ref, **asdict(verdict)})
        else:
            print(output.visible(f"{ref}: {verdict.text}" if len(args.ids) > 1 else verdict.text))
        if verdict.status == "damaged":
            code = DAMAGED
    return code


def _folder(ref: str, runs_dir: Path | None) -> Path:
    """The folder of a run, of a damaged one, too: what holds any file of a record is one."""
    for path in (Path(ref), (runs_dir or folders.default_runs_dir()) / ref):
        if path.is_dir() and any((path / name).exists() for name in folders.RECORDED):
            return path
    raise RecordError(
        f'there is no run "{ref}", neither as a folder nor in {(runs_dir or folders.default_runs_dir()).absolute()}: '
        "`spinrig runs list` shows those there are, --runs names another place"
    )


def _report(args: argparse.Namespace) -> int:
    from rig.records.report import write_report

    print(write_report(open_run(args.id, args.runs)))
    return 0


def _export(args: argparse.Namespace) -> int:
    print(export_run(open_run(args.id, args.runs), args.format, args.output))
    return 0
