"""Looking at a run that another process makes, and telling it what to do.

The owner of a rig is found by its lock, and asked through its control socket. Exit codes: 0 accepted, 1 refused by the
run as it stands, 2 there is nobody to ask.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rig.cli import output
from rig.cli.main import DONE, STOPPED

if TYPE_CHECKING:
    from rig.cli.reporting import PlainLines

COMMANDS: Final = {
    "hold": "bring a run to rest: liquid and high voltage off",
    "resume": "leave Paused or Held, whichever it is",
    "pause": "let a run wait at the end of its present step",
    "complete": "end the present step as if it were done",
    "stop": "end a run in order",
    "abort": "everything off now",
    "clear": "acknowledge an abort once its cause is gone (needs a person at the rig)",
    "reset": "make a unit ready after its end (needs a person at the rig)",
}
FOLLOW_S: Final = 0.5
Owner = dict[str, Any]


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the words that speak to a run under way."""
    _add(subparsers, "status", "what a run is doing now", _status)
    follow = _add(subparsers, "follow", "watch a run as it goes on, until it ends", _follow)
    follow.add_argument(
        "--every", type=float, default=10.0, metavar="S", help="seconds between two lines of values"
    )
    answer = subparsers.add_parser("answer", help="answer a question that a run asks")
    answer.add_argument(
        "question", nargs="?", metavar="STEP.KEY", help="which question; none: show those that are open"
    )
    answer.add_argument("value", nargs="?", metavar="VALUE", help='yes, or a quantity: "472 mg"')
    answer.add_argument("--name", help="of the person who attests")
    answer.add_argument("--reason", help="why it has to be attested")
    answer.add_argument(
        "--run-id", dest="run_id", metavar="RUN", help="the run, to be sure that it is this one"
    )
    _add_common(answer, _answer)
    for word, text in COMMANDS.items():
        parser = _add(subparsers, word, text, _command)
        parser.add_argument("--reason", metavar="TEXT", help="why, for the record")


def _add(
    subparsers: argparse._SubParsersAction[Any],
    word: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(word, help=text, description=text)
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="the run, to be sure that it is this one")
    _add_common(parser, run)
    return parser


def _add_common(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument(
        "--rig", type=Path, metavar="RIG.toml", help="the rig (default: the only one that is in use)"
    )
    parser.add_argument("--simulate", action="store_true", help="the simulation of that rig, not the rig")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


# Who is asked


def owners() -> list[Owner]:
    """Every rig that somebody owns now on this computer."""
    from rig.engine.lock import owner_of, state_dir

    found = []
    folder = state_dir()
    for path in sorted(folder.glob("*.lock")) if folder.is_dir() else []:
        owner = owner_of(path)
        if owner is not None:
            found.append(owner)
    return found


def find_owner(args: argparse.Namespace) -> Owner:
    """The owner that is meant. Raises Refused when there is none, or more than one."""
    from rig.engine.lock import read_owner
    from rig.engine.ownership import lock_name

    if args.rig is not None:
        from rig.bench.rigfile import load_rig

        bench, _ = load_rig(args.rig)
        owner = read_owner(lock_name(bench, args.simulate))
        if owner is None:
            raise output.Refused(f"nobody makes a run on {lock_name(bench, args.simulate)} now")
        return owner
    found = owners()
    run_id = args.run_id
    if run_id is not None:
        found = [owner for owner in found if owner.get("run") == run_id]
    if not found:
        what = f"the run {run_id} is not under way" if run_id else "no run is under way"
        raise output.Refused(
            f"{what} on this computer",
            "unpaced simulations take no commands; `spinrig runs list` shows what was made",
        )
    if len(found) > 1:
        names = ", ".join(f"{owner.get('rig')} ({owner.get('run')})" for owner in found)
        raise output.Refused(f"several rigs are in use: {names}", "say which one: --rig RIG.toml, or the run")
    return found[0]


def ask_owner(owner: Owner, args: argparse.Namespace, request: Mapping[str, Any]) -> dict[str, Any]:
    """The owner's answer to one request, made in the name of this process's user. Raises ControlError."""
    from rig.engine.control import ask
    from rig.engine.ownership import where_from

    return ask(owner, {**request, "run": args.run_id, "user": _user(), "from": where_from(os.environ)})


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


# Commands


def _command(args: argparse.Namespace) -> int:
    """hold, stop, abort and the rest; abort without a run and without a rig reaches every one there is."""
    word: str = args.command
    request = {"do": word, "reason": args.reason}
    if word == "abort" and args.rig is None and args.run_id is None:
        found = owners()
        if len(found) > 1:
            return max(_tell(owner, args, word, request) for owner in found)
    return _tell(find_owner(args), args, word, request)


def _tell(owner: Owner, args: argparse.Namespace, word: str, request: Mapping[str, Any]) -> int:
    answer = ask_owner(owner, args, request)
    accepted = bool(answer["ok"])
    if args.json:
        output.json_line(
            {
                "type": "accepted" if accepted else "refused",
                "command": word,
                "run": owner.get("run"),
                **answer,
            }
        )
    elif accepted:
        print(f"{word}: accepted by {owner.get('run')} on {owner.get('rig')}; it is {answer['state']} now")
    else:
        output.complain(f"{word}: refused by {owner.get('run')}: {answer['error']}")
    return DONE if accepted else STOPPED


def _status(args: argparse.Namespace) -> int:
    from rig.cli.panel import plain

    owner = find_owner(args)
    answer = ask_owner(owner, args, {"do": "status"})
    if not answer["ok"]:
        output.complain(answer["error"])
        return STOPPED
    status = answer["status"]
    if args.json:
        output.json_line({"type": "status", **status})
        return DONE
    how = "emulated" if status.get("simulated") else "REAL INSTRUMENTS"
    print(f"{status.get('recipe')} on {status.get('rig')} ({how}), run {status.get('run')}")
    print(f"made by {status.get('user')} (process {owner.get('pid')}) since {status.get('since')}")
    for line in plain(status):
        print(output.visible(line))
    _show_questions(status, args)
    return DONE


def _show_questions(status: Mapping[str, Any], args: argparse.Namespace) -> None:
    from rig.cli.sentences import answer_command

    rig = str(args.rig) if args.rig is not None else None
    for one in status["questions"]:
        print(
            f"answer {one['step']}.{one['key']} with: {answer_command(one['step'], one['key'], one['kind'], rig)}"
        )


def _answer(args: argparse.Namespace) -> int:
    from rig.cli.answering import read_value
    from rig.engine.questions import BadAnswer, Question

    owner = find_owner(args)
    answer = ask_owner(owner, args, {"do": "status"})
    if not answer["ok"]:
        output.complain(answer["error"])
        return STOPPED
    questions: list[dict[str, Any]] = answer["status"]["questions"]
    if args.question is None:
        if args.json:
            output.json_line({"type": "questions", "questions": questions})
        elif not questions:
            print("nothing is asked now")
        else:
            for one in questions:
                print(f"{one['step']}.{one['key']}: {output.visible(one['text'])}")
            _show_questions(answer["status"], args)
        return DONE
    step, _, key = args.question.rpartition(".")
    asked = next((one for one in questions if (one["step"], one["key"]) == (step, key)), None)
    if asked is None:
        listed = ", ".join(f"{one['step']}.{one['key']}" for one in questions) or "nothing"
        output.complain(f"{args.question} is not asked now (asked: {listed})")
        return STOPPED
    text = f"{args.name or ''}: {args.reason or ''}" if asked["kind"] == "attest" else args.value
    if text is None:
        raise output.Refused(f"no answer is given to {args.question}", f"{asked['text']}")
    try:
        value = read_value(Question(step, key, asked["text"], asked["kind"]), text)
    except BadAnswer as error:
        hint = 'with --name "NAME" --reason "WHY"' if asked["kind"] == "attest" else None
        raise output.Refused(str(error), hint) from error
    return _tell_answer(owner, args, {"do": "answer", "step": step, "key": key, "value": value})


def _tell_answer(owner: Owner, args: argparse.Namespace, request: Mapping[str, Any]) -> int:
    answer = ask_owner(owner, args, request)
    accepted = bool(answer["ok"])
    place = f"{request['step']}.{request['key']}"
    if args.json:
        output.json_line(
            {
                "type": "accepted" if accepted else "refused",
                "answer": place,
                "run": owner.get("run"),
                **answer,
            }
        )
    elif accepted:
        print(f"{place}: taken by {owner.get('run')}")
    else:
        output.complain(f"{place}: not taken: {answer['error']}")
    return DONE if accepted else STOPPED


def _follow(args: argparse.Namespace) -> int:
    """Events as they come, values now and then, until the owner lets the rig go. Ctrl-C ends the watching only."""
    from rig.cli.panel import one_line
    from rig.cli.reporting import PlainLines
    from rig.engine.control import ControlError

    owner = find_owner(args)
    lines = PlainLines(args.every, True, str(args.rig) if args.rig is not None else None)
    after: int | None = None
    seen_s: float | None = None
    due_s = time.monotonic()
    try:
        while True:
            events = ask_owner(owner, args, {"do": "events", "after": after})
            if not events["ok"]:
                output.complain(events["error"])
                return STOPPED
            after, seen_s = events["last"], events["t_s"]
            for event in events["events"]:
                _show_event(event, args, lines)
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + args.every
                status = ask_owner(owner, args, {"do": "status"})
                if status["ok"]:
                    if args.json:
                        output.json_line({"type": "status", **status["status"]})
                    else:
                        print(one_line(status["status"]), flush=True)
            time.sleep(FOLLOW_S)
    except KeyboardInterrupt:
        return DONE
    except ControlError:
        for event in _written_since(owner, seen_s):
            _show_event(event, args, lines)
        return _ended(owner, args)


def _show_event(event: Mapping[str, Any], args: argparse.Namespace, lines: PlainLines) -> None:
    t_s = float(event["t_s"])
    if args.json:
        output.json_line({"type": "event", "kind": event["kind"], "t_s": t_s, "data": event["data"]})
    else:
        lines.event(event["kind"], event["data"], t_s)


def _written_since(owner: Owner, t_s: float | None) -> list[Mapping[str, Any]]:
    """What the journal has that was not asked for in time, the owner having gone between two looks."""
    from rig.records.errors import RecordError
    from rig.records.run import open_run

    if t_s is None:
        return []
    try:
        found = open_run(Path(str(owner.get("folder")))).journal.lines
    except RecordError:
        return []
    return [line for line in found if line["t_s"] > t_s]


def _ended(owner: Owner, args: argparse.Namespace) -> int:
    """The owner answers no more: say how the run ended, if it has."""
    outcome = None
    try:
        info = json.loads((Path(str(owner.get("folder"))) / "run.json").read_bytes())
        outcome = info.get("outcome")
    except (OSError, ValueError):
        info = None
    if outcome is None:
        raise output.Refused(
            f"the run {owner.get('run')} does not answer any more, and its record is not closed"
        )
    if args.json:
        from rig.records.runjson import result_line

        output.json_line(result_line(info))
    else:
        print(
            f"{owner.get('run')} has ended: {outcome}" + (f": {info['reason']}" if info.get("reason") else "")
        )
    return DONE
