"""`spinrig alarms`: what is wrong now, every alarm that can come, what each means, and how often they came.

Priority is shown by shape, letter and word; colour only repeats it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rig.cli import output
from rig.cli.alarms_kept import SAID_HERE, say, show_kept, unowned
from rig.cli.control import ask_owner, find_owner, owners
from rig.cli.main import DONE, STOPPED

if TYPE_CHECKING:
    from rig.safety.alarms import AlarmDefinition

DESCRIPTION = """\
An alarm needs somebody to do something; what needs nobody is an event of the record. States after ISA-18.2:
A normal, B active, C acknowledged, D gone but not acknowledged, E and F latched until the unit is cleared,
G shelved, H silent by design in this state of the unit, I out of service (kept from run to run on a real rig).
"""
EXAMPLES = """\
examples:
  spinrig alarms list                     what is wrong in the run under way, the first of each group on top
  spinrig alarms list --all               every alarm that the demonstration rig can have
  spinrig alarms explain door             cause, consequence, what to do
  spinrig alarms ack                      acknowledge all that is listed; it clears no trip (that is "spinrig clear")
  spinrig alarms shelve instrument-lost:climate.chamber --reason "sensor at calibration" --for "2 h"
  spinrig alarms trust furnace.tube --reason "thermocouple replaced, read against a second one"
  spinrig alarms report --days 30         how often alarms came, against the usual limits
"""
WORDS: Final = {
    "unshelve": "announce a shelved alarm again",
    "into-service": "bring an alarm back into service (role: maintainer)",
}


def add_parser(subparsers: Any) -> None:
    """Add the word `alarms` and those behind it."""
    parser = subparsers.add_parser(
        "alarms", help="alarms: list | explain", description=DESCRIPTION, epilog=EXAMPLES
    )
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    listing = _add(words, "list", "what is wrong in the run under way, or every alarm that can come", _list)
    _owner(listing)
    listing.add_argument("--all", action="store_true", help="every alarm that the rig can have, as a table")
    listing.add_argument("--markdown", action="store_true", help="the table as it stands in docs/alarms.md")
    explain = _add(words, "explain", "cause, consequence and what to do", _explain)
    explain.add_argument(
        "tag", metavar="TAG", help='the alarm, or the first part of its tag ("supply-fault")'
    )
    explain.add_argument("--rig", type=Path, metavar="RIG.toml", help="default: the demonstration rig")
    ack = _add(words, "ack", "acknowledge: you have seen it. It clears no trip", _tell)
    ack.add_argument("tag", nargs="?", metavar="TAG", help="default: every alarm that is listed")
    _owner(ack)
    shelve = _add(words, "shelve", "do not announce an alarm for a while (at the rig)", _tell)
    shelve.add_argument("tag", metavar="TAG")
    shelve.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")
    shelve.add_argument(
        "--for", dest="time", default="30 min", metavar="TIME", help="default 30 min, at most 8 h"
    )
    _owner(shelve)
    out = _add(
        words, "out-of-service", "do not announce it until it is brought back (role: maintainer)", _tell
    )
    out.add_argument("tag", metavar="TAG")
    out.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")
    out.add_argument("--role", required=True, metavar="ROLE", help="yours; it has to be maintainer")
    _owner(out)
    trust = _add(
        words, "trust", "vouch for a thermocouple that was in doubt: it is checked (at the rig)", _tell
    )
    trust.add_argument("tag", metavar="FURNACE", help='"furnace.tube"')
    trust.add_argument(
        "--reason", required=True, metavar="TEXT", help="what was found and done, for the record"
    )
    _owner(trust)
    for word, text in WORDS.items():
        back = _add(words, word, text, _tell)
        back.add_argument("tag", metavar="TAG")
        if word == "into-service":
            back.add_argument("--role", required=True, metavar="ROLE", help="yours; it has to be maintainer")
        _owner(back)
    report = _add(
        words, "report", "how often alarms came in the last days, against the usual limits", _report
    )
    report.add_argument("--days", type=float, default=30.0, metavar="N", help="default 30")
    report.add_argument("--runs", type=Path, metavar="DIR", help="where the runs are")


def _add(words: Any, word: str, text: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = words.add_parser(word, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)
    return parser


def _owner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rig", type=Path, metavar="RIG.toml", help="the rig (default: the only one that is in use)"
    )
    parser.add_argument("--simulate", action="store_true", help="the simulation of that rig, not the rig")
    parser.add_argument("--run", dest="run_id", metavar="RUN", help="the run, to be sure that it is this one")


# What is wrong now


def _list(args: argparse.Namespace) -> int:
    if args.all or args.markdown:
        return _all(args)
    if args.rig is None and args.run_id is None and not owners():
        if args.json:
            output.json_line({"type": "alarms", "run": None, "flood": False, "alarms": []})
        else:
            print("no run is under way on this computer, so no alarm is watched")
        return DONE
    bench = unowned(args)
    if bench is not None:
        return show_kept(bench, args.json)
    owner = find_owner(args)
    answer = ask_owner(owner, args, {"do": "alarms"})
    if not answer["ok"]:
        output.complain(answer["error"])
        return STOPPED
    if args.json:
        output.json_line({"type": "alarms", **{key: answer[key] for key in ("run", "flood", "alarms")}})
        return DONE
    print(f"{owner.get('run')} on {owner.get('rig')}")
    show(answer["alarms"], answer["flood"])
    return DONE


def show(alarms: list[dict[str, Any]], flood: bool) -> None:
    """The list as a person reads it: what came first on top, each with its state and what to do."""
    from rig.cli.sentences import clock_text
    from rig.safety.alarms import SIGNS
    from rig.safety.priorities import Priority

    if flood:
        print("ALARM FLOOD: more than ten in ten minutes; begin with those marked FIRST")
    if not alarms:
        print("no alarm")
    for alarm in alarms:
        sign = SIGNS[Priority(alarm["priority"])]
        first = "FIRST " if alarm["first_out"] else ""
        head = f"{sign.shape} {sign.letter} {sign.word:<7} {first}{alarm['tag']}: {alarm['text'] or alarm['title']}"
        print(output.styled(output.visible(head), sign.colour, sys.stdout))
        print(
            output.visible(
                f"    {alarm['state']} {alarm['state_text']}, since {clock_text(alarm['since_s'])}{_who(alarm)}"
            )
        )
        if alarm["state"] in "BCEF":
            print(output.visible(f"    what to do: {alarm['what_to_do']}"))


def _who(alarm: dict[str, Any]) -> str:
    from rig.cli.sentences import clock_text

    if alarm.get("by"):
        until = f" until {clock_text(alarm['until_s'])}" if alarm.get("until_s") is not None else ""
        return f"{until} by {alarm['by']}: {alarm['reason']}"
    return (
        f" by {alarm['acknowledged_by']}" if alarm.get("acknowledged_by") and alarm["state"] in "CF" else ""
    )


def _tell(args: argparse.Namespace) -> int:
    """ack, shelve and the rest: accepted or refused, as the run's other commands are."""
    word: str = args.word
    request: dict[str, Any] = {"do": word, "tag": args.tag}
    request |= {key: getattr(args, key) for key in ("reason", "role") if getattr(args, key, None) is not None}
    if word == "shelve":
        request["minutes"] = _minutes(args.time)
    bench = unowned(args) if word in SAID_HERE else None
    if bench is not None:
        return say(bench, args)
    owner = find_owner(args)
    answer = ask_owner(owner, args, request)
    accepted = bool(answer["ok"])
    if args.json:
        kind = "accepted" if accepted else "refused"
        output.json_line({"type": kind, "command": word, "run": owner.get("run"), **answer})
    elif accepted:
        print(f"{word}: accepted by {owner.get('run')} on {owner.get('rig')}")
        show(answer["alarms"], False)
    else:
        output.complain(f"{word}: refused by {owner.get('run')}: {answer['error']}")
    return DONE if accepted else STOPPED


def _minutes(text: str) -> float:
    from recipes.units import parse_quantity

    return parse_quantity(text, "time").to("min")


# What can come


def _definitions(rig: Path | None) -> list[AlarmDefinition]:
    from rig.bench.rigfile import load_rig
    from rig.engine.alarms_of import alarms_of

    return alarms_of(load_rig(rig)[0])


def _all(args: argparse.Namespace) -> int:
    from rig.cli.alarms_table import HEADER, as_data, counted, markdown, row

    found = _definitions(args.rig)
    if args.json:
        for definition in found:
            output.json_line({"type": "alarm", **as_data(definition)})
    elif args.markdown:
        from rig.engine.alarms_of import alarms_of_outputs

        print(markdown(found, alarms_of_outputs()), end="")
    else:
        output.table((row(definition) for definition in found), HEADER)
        print(counted(found))
    return DONE


def _explain(args: argparse.Namespace) -> int:
    from recipes.toml_text import nearest
    from rig.cli.alarms_table import as_data, rows

    found = _definitions(args.rig)
    meant = [one for one in found if one.tag == args.tag] or [
        one for one in found if one.tag.partition(":")[0] == args.tag
    ]
    if not meant:
        every = {one.tag for one in found} | {one.tag.partition(":")[0] for one in found}
        guess = nearest(args.tag, sorted(every))
        raise output.Refused(
            f'this rig has no alarm "{args.tag}"',
            f'did you mean "{guess}"?' if guess else "spinrig alarms list --all shows them",
        )
    for number, definition in enumerate(meant):
        if args.json:
            output.json_line({"type": "alarm", **as_data(definition)})
            continue
        if number:
            print()
        print(output.styled(f"{definition.tag}: {definition.title}", "bold", sys.stdout))
        output.table(rows(definition))
    return DONE


# How often they came


def _report(args: argparse.Namespace) -> int:
    from datetime import datetime

    from rig.records.errors import RecordError
    from rig.records.run import list_runs, open_run
    from rig.safety.alarms_metrics import measures, of_journal

    if not args.days > 0:
        raise output.Refused(f"--days {args.days:g}: a number of days above nought is wanted")
    since = datetime.now().astimezone().timestamp() - args.days * 86400.0
    watched, simulated, unread = [], 0, 0
    for summary in list_runs(args.runs):
        began = None if summary.started is None else datetime.fromisoformat(summary.started).timestamp()
        if began is None or (began < since and not summary.simulated):
            continue
        try:
            lines = open_run(summary.folder).journal.lines
        except RecordError:
            unread += 1
            continue
        # The clock of a simulation has a date of its own: its runs count, whenever they were made.
        simulated += bool(summary.simulated)
        watched.append(of_journal(lines, began))
    found = measures(watched)
    hours = sum(run.end_s - run.start_s for run in watched) / 3600.0
    if args.json:
        for one in found:
            output.json_line({"type": "measure", **{key: getattr(one, key) for key in one.__slots__}})
        return DONE
    print(
        f"{output.counted(len(watched), 'run')} of the last {args.days:g} days ({simulated} simulated), "
        f"{hours:.1f} h watched" + (f"; {unread} cannot be read" if unread else "")
    )
    verdict = {True: "met", False: "NOT MET", None: ""}
    output.table(
        (
            (one.name, f"{one.value:.4g} {one.unit}".strip(), one.target, verdict[one.met], one.source)
            for one in found
        ),
        ("measure", "found", "target", "", "source"),
    )
    return DONE
