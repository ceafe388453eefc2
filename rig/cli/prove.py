"""`spinrig rig prove`: a person opens and closes each safety input, and the rig is seen to notice."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.cli import output
from rig.cli.main import DONE, STOPPED
from rig.user import user_name

if TYPE_CHECKING:
    from rig.bench.model import Bench
    from rig.bench.proofs import InputProof
    from rig.engine.host import Host
    from rig.engine.input_walk import Walked
    from rig.simulation.laboratory import Laboratory

DESCRIPTION = """\
Walks you through every safety input of a rig: door, emergency stop, exhaust, key. Everything is told off and proved off
first; then each input is to be opened and closed again, and has to be seen doing so. The date is kept beside the rig,
in your state folder: a run warns, or is refused, when it is older than the rig file allows.
"""


def add_words(words: Any) -> None:
    """Add the word `prove` behind `spinrig rig`."""
    prove = words.add_parser(
        "prove",
        help="walk through the safety inputs: is each seen to open and to close?",
        description=DESCRIPTION,
        epilog="examples:\n  spinrig rig prove --rig bench-1.toml\n"
        "  spinrig rig prove --yes     the emulated rig, by itself\n\nexit code 1 when an input was not seen to move",
    )
    prove.add_argument(
        "--rig", type=Path, metavar="RIG.toml", help="the rig file (default: the demonstration rig)"
    )
    prove.add_argument("--simulate", action="store_true", help="emulate every instrument of the rig file")
    prove.add_argument("--only", metavar="INPUT", help='only this one, e.g. "door_closed"')
    prove.add_argument("--yes", action="store_true", help="let the program move emulated contacts itself")
    prove.add_argument("--operator", metavar="NAME", help="who does it (default: the user)")
    prove.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    prove.set_defaults(run=run)


class AtTheTerminal:
    """A person who reads what is to be done, and may go (Ctrl-C)."""

    def __init__(self) -> None:
        self.gone = False

    def ask(self, channel: str, words: str, healthy: bool) -> None:
        """Say it."""
        output.remark(f"{channel}: {words} now")

    def nudge(self, channel: str, healthy: bool) -> None:
        """People are told once."""

    def given_up(self) -> bool:
        """Whether they interrupted."""
        return self.gone

    def interrupted(self, what: str) -> None:
        """In a signal handler."""
        self.gone = True


class ByItself(AtTheTerminal):
    """The emulated contacts, moved by the program."""

    def __init__(self, laboratory: Laboratory, bench: Bench) -> None:
        super().__init__()
        self._laboratory = laboratory
        self._closed_is_healthy = {
            f"{name}.{channel.name}": channel.healthy == "closed"
            for name, module in bench.inputs.items()
            for channel in module.channels
        }

    def ask(self, channel: str, words: str, healthy: bool) -> None:
        """Move it."""
        self.nudge(channel, healthy)

    def nudge(self, channel: str, healthy: bool) -> None:
        """Again, for the tube's pressure switch follows its pressure once a second."""
        contacts, now_ns = self._laboratory.scene.contacts, self._laboratory.scheduler.now_ns
        contacts.set(now_ns, channel.rpartition(".")[2], healthy == self._closed_is_healthy[channel])


def run(args: argparse.Namespace) -> int:
    """Refuse, or walk; the exit code."""
    from rig.bench.proofs import to_prove
    from rig.cli.inputs import GivenRig

    rig = GivenRig.read(args.rig, emulated=args.simulate)
    found = rig.by_itself()
    found.show(notes=False)
    if found.has_errors or rig.bench is None:
        raise output.Refused(f"{output.counted(found.errors, 'error')}: nothing was connected")
    bench = rig.bench
    channels = to_prove(bench)
    if args.only is not None:
        channels = tuple(one for one in channels if args.only in (one, one.rpartition(".")[2]))
    if not channels:
        there = ", ".join(to_prove(bench)) or "none"
        raise output.Refused(f"{bench.name} has no such safety input", f"there are: {there}")
    _check_person(args, bench)
    return _walk(args, bench, channels)


def _check_person(args: argparse.Namespace, bench: Bench) -> None:
    from rig.bench.model import CONSOLE
    from rig.engine.ownership import absent, where_from

    if bench.simulated and not args.yes:
        raise output.Refused(
            f"the contacts of {bench.name} are emulated: nobody can open them", "let the program do it: --yes"
        )
    if not bench.simulated and args.yes:
        raise output.Refused(
            f"--yes moves emulated contacts, and {bench.name} has real ones",
            "somebody has to open each by hand",
        )
    # With a key the walk itself begins by asking for it to be turned.
    why = absent(bench, where_from(os.environ), None) if bench.safety.presence == CONSOLE else None
    if why is not None:
        raise output.Refused(why, "do it at the rig's own computer")


def _walk(args: argparse.Namespace, bench: Bench, channels: tuple[str, ...]) -> int:
    from rig.bench.proofs import ProofsUnreadable
    from rig.cli.making import signals
    from rig.engine.input_walk import CannotProve, InputWalk
    from rig.engine.lock import RigLock, state_dir
    from rig.lines.clocks import RealClock

    clock = RealClock()
    by = args.operator or user_name()
    with ExitStack() as stack:
        if not bench.simulated:
            lock = RigLock(bench.name)
            lock.acquire({"user": by, "since": f"{clock.origin_utc:%Y-%m-%dT%H:%M:%SZ}", "does": "rig prove"})
            stack.callback(lock.release)
        host, laboratory = host_of(bench, stack)
        guide = ByItself(laboratory, bench) if laboratory is not None else AtTheTerminal()
        stack.enter_context(signals(guide.interrupted))
        if not args.json:
            output.remark(f"connecting to {bench.name}: every output is told off and proved off first")
        host.connect()
        stack.callback(host.release)
        walk = InputWalk(host, channels, guide)
        done: list[Walked] = []
        try:
            walk.ready()
            for channel in channels:
                done.append(walk.prove(channel))
                _say(args, done[-1])
                if guide.given_up():
                    break
        except CannotProve as error:
            output.complain(str(error))
        try:
            path = _keep(state_dir(), bench, done, by, clock.utc_now())
        except (OSError, ProofsUnreadable) as error:
            raise output.Refused(f"the proofs could not be kept: {error}") from None
    good = sum(one.why is None for one in done)
    if not args.json:
        print(f"{good} of {len(channels)} inputs proved" + (f", kept in {path}" if good else ""))
    return DONE if good == len(channels) else STOPPED


def host_of(bench: Bench, stack: ExitStack) -> tuple[Host, Laboratory | None]:
    """A host for the walk, on the real lines or on an emulated laboratory that `stack` closes."""
    from rig.engine.connect import Carrier
    from rig.engine.drive import RealDrive, VirtualDrive
    from rig.engine.host import Host
    from rig.lines.clocks import RealClock
    from rig.lines.runner import ThreadRunner
    from rig.running import FileAnswers, kept_on_file

    answers = FileAnswers(None, False)
    if not bench.simulated:
        clock = RealClock()
        marks = kept_on_file(bench, clock)
        return Host(bench, Carrier(lambda: ThreadRunner(clock)), RealDrive(clock), answers, marks=marks), None
    from rig.simulation.laboratory import Laboratory
    from rig.simulation.liquids import scene_data

    laboratory = Laboratory(bench, scene_data(bench), 0)
    stack.callback(laboratory.close)
    return Host(bench, laboratory.carrier(), VirtualDrive(laboratory.scheduler), answers), laboratory


def _say(args: argparse.Namespace, one: Walked) -> None:
    if args.json:
        output.json_line(
            {
                "type": "input",
                "channel": one.channel,
                "proved": one.why is None,
                "opened_s": one.opened_s,
                "closed_s": one.closed_s,
                "also": list(one.also),
                "why": one.why,
            }
        )
        return
    seen = [
        f"seen {word} after {seconds:.2f} s"
        for word, seconds in (("open", one.opened_s), ("closed", one.closed_s))
        if seconds is not None
    ]
    also = f" ({', '.join(one.also)} moved with it)" if one.also else ""
    text = "; ".join([*seen, *([f"NOT PROVED: {one.why}"] if one.why is not None else [])])
    line = f"{one.channel}: {text}{also}"
    print(line if one.why is None else output.styled(line, "red", sys.stdout), flush=True)


def _keep(folder: Path, bench: Bench, done: list[Walked], by: str, now: datetime) -> Path:
    from rig.bench.proofs import InputProof, path_of, write_proofs

    at = f"{now:%Y-%m-%dT%H:%M:%S}+00:00"
    proved = [
        InputProof(one.channel, at, by, round(one.opened_s, 3), round(one.closed_s, 3))
        for one in done
        if one.why is None and one.opened_s is not None and one.closed_s is not None
    ]
    return write_proofs(folder, bench, proved) if proved else path_of(folder, bench)


# For others: what is said of proofs


def proofs_text(bench: Bench, proofs: Mapping[str, InputProof], now: datetime) -> list[str]:
    """When each input was last proved, a line each, for `spinrig rig check`."""
    from rig.bench.proofs import overdue, to_prove

    late = {one.channel: str(one) for one in overdue(bench, proofs, now)}
    lines = []
    for channel in to_prove(bench):
        proof = proofs.get(channel)
        if channel in late or proof is None:
            lines.append(late.get(channel, channel))
        else:
            lines.append(
                f"{channel} was proved {proof.at[:10]} by {proof.by}: seen open after {proof.opened_s:.2f} s, closed "
                f"after {proof.closed_s:.2f} s"
            )
    return lines
