"""One run under way with everything around it: the owner's lock, signals, the display, answers, and how it ended."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

from recipes.model import SpinStep
from recipes.timeline import AMBIENT_DEGC, Timeline, duration_text, plan
from rig.bench.capabilities import capabilities
from rig.cli import output
from rig.cli.answering import Asker, TerminalAnswers
from rig.cli.attending import TerminalWatch
from rig.cli.keyboard import Keyboard
from rig.cli.loading import Inputs, labels
from rig.cli.main import DONE, INTERNAL, INTERRUPTED, STOPPED
from rig.cli.pace import Pace
from rig.cli.reporting import JsonLines, Monitor, PlainLines, Quiet, Reporter
from rig.cli.summary import outcome_text, summary_lines
from rig.engine.host import Host, Result
from rig.engine.ownership import ANSWERS_NEED_PRESENCE, Ownership, lock_name, where_from, witness
from rig.engine.questions import Question
from rig.records.run import open_run
from rig.records.runjson import result_line
from rig.running import FileAnswers, Options, Session
from rig.user import user_name

EXIT_CODES: Final = {
    "completed": DONE,
    "stopped": STOPPED,
    "aborted": STOPPED,
    "lost": STOPPED,
    "failed": INTERNAL,
}
PLAIN_EVERY_S: Final = 10.0
HOSTED_EVERY_S: Final = 60.0
"""A line in the log so often, unpaced and where a run takes as long as it takes."""

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
HUNG_UP: Final = "SIGHUP"


class Making:
    """One run under way with everything around it: owner's lock, signals, display, answers."""

    def __init__(
        self,
        args: argparse.Namespace,
        inputs: Inputs,
        speed: float | None,
        hosted: bool,
        terminal: bool,
        stack: ExitStack,
    ) -> None:
        self._args = args
        self._inputs = inputs
        self._hosted = hosted
        self._speed = speed
        self._around = stack
        self._interrupts = 0
        self._finished = False
        self._watch: TerminalWatch | None = None
        known = FileAnswers(inputs.answers, args.yes, elsewhere=hosted, real=not inputs.bench.simulated)
        options = Options(
            answers=known,
            seed=args.seed,
            speed=speed,
            trace=args.trace,
            operator=args.operator,
            faults=inputs.faults,
            start=inputs.start,
            beginning=inputs.beginning,
            manual=inputs.manual,
            came_from=where_from(os.environ),
            materials=inputs.materials,
        )
        if args.runs is not None:
            options.runs_dir = args.runs
        self.session: Session = Session(inputs.recipe, inputs.bench, inputs.sheet, inputs.assignment, options)
        self._reporter: Reporter = self._choose_reporter()
        pace = Pace(self._timeline())
        self._monitor: Monitor = Monitor(self.session, pace, self._reporter, self._facts(), hosted)
        if hosted:
            self._own()
            self._attend()
        stack.enter_context(signals(self._interrupted))
        if terminal:
            self._ask_here(known)
        self._reporter.start()
        stack.callback(self.finish)

    # Around the run

    def _timeline(self) -> Timeline:
        return plan(self._inputs.recipe, capabilities(self._inputs.bench))

    def _facts(self) -> dict[str, Any]:
        inputs = self._inputs
        people = not self._args.yes and (
            any(step.do in ("prompt", "spin", "prime") for step in inputs.recipe.steps)
            or (inputs.manual is not None and bool(inputs.manual.asks))
        )
        return {
            "recipe": inputs.recipe.name,
            "rig": inputs.bench.name,
            "simulated": inputs.bench.simulated,
            "speed": self._speed,
            "labels": dict(labels(inputs.assignment)),
            "asks_people": people,
        }

    def _rig_option(self) -> str | None:
        return str(self._args.rig) if self._args.rig is not None else None

    def _choose_reporter(self) -> Reporter:
        if self._args.json:
            return JsonLines()
        if self._args.quiet:
            return Quiet()
        rig = self._rig_option()
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            from rig.cli.progress import LiveDisplay

            engine = self.session.host.engine
            speed = self._speed if self.session.simulated else 1.0
            return LiveDisplay(self._title(), speed, self._hosted, rig, lambda: engine.releasing)
        return PlainLines(HOSTED_EVERY_S if self._hosted else PLAIN_EVERY_S, self._hosted, rig)

    def _title(self) -> str:
        how = "REAL INSTRUMENTS"
        if self.session.simulated:
            how = f"emulated, seed {self.session.seed}" + (
                f", {self._speed:g} x real time" if self._speed else ""
            )
        return f"{self._inputs.recipe.name} · {self._inputs.bench.name} · {how}"

    def _own(self) -> None:
        """Lock the rig and open its control socket. Raises RigBusy."""
        bench = self._inputs.bench
        owner = Ownership(lock_name(bench, self._args.simulate))
        owner.take(
            {
                "user": self._args.operator or user_name(),
                "since": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "run": self.session.run_id,
                "folder": str((self.session.options.runs_dir / self.session.run_id).absolute()),
                "rig": bench.name,
                "simulated": bench.simulated,
                "speed": self._speed if bench.simulated else 1.0,
            }
        )
        self._around.callback(owner.release)
        self.session.watch(owner.on_event)
        owner.serve(self.session.host, self._monitor.times)

    def _attend(self) -> None:
        """Count the terminal among the clients for as long as it is there."""
        host = self.session.host
        host.clients.begin((self._speed or 1.0) if self.session.simulated else 1.0)
        watch = self._watch = TerminalWatch(
            lambda client, why: host.drive.post(lambda: host.clients.go(client, why))
        )
        if watch.client is not None:
            host.clients.come(watch.client)
        watch.start()
        self._around.callback(watch.stop)

    def _ask_here(self, known: FileAnswers) -> None:
        """Ask what the answers file does not know at this terminal."""
        from rig.cli.progress import LiveDisplay

        live = self._reporter if isinstance(self._reporter, LiveDisplay) else None
        host = self.session.host
        keyboard = self._around.enter_context(Keyboard(sys.stdin, raw=live is not None))
        asker = Asker(keyboard, self._reporter)
        if live is not None:
            live.asker = asker
        answers = TerminalAnswers(
            known,
            asker,
            not self._hosted,
            lambda: self._interrupts > host.interrupts,
            self._no_more_input,
        )
        host.answers = self.session.options.answers = answers
        self.session.watch(answers.on_event)
        self._around.callback(answers.stop)
        user = user_name()

        def take(question: Question, value: Any) -> None:
            why = answered_here(host, question, value, user, where_from(os.environ))
            if why is not None:
                answers.again(question, why)

        answers.start(lambda question, value: host.drive.post(lambda: take(question, value)))

    # Interrupts

    def _no_more_input(self) -> None:
        """Unpaced, nobody else could answer, and virtual time would stand still."""
        if self._watch is None:
            self._interrupted("end of input")
        else:
            self._watch.gone("its input has ended")

    def _interrupted(self, what: str) -> None:
        """In a signal handler: only the scan's own thread may act and speak."""
        if what == HUNG_UP and self._watch is not None:
            self._watch.gone(
                what
            )  # a terminal that was closed stops nothing: a furnace would lose its sample
            return
        self._interrupts += 1
        self.session.host.drive.post(self._act_on_interrupt)

    def _act_on_interrupt(self) -> None:
        host = self.session.host
        host.interrupt()
        if host.interrupts == 1:
            self._monitor.remark(
                f"Stopping in order: {'; '.join(self._stopping()) or 'everything is off already'}. Interrupt again to "
                "abort and leave at once; then nobody is watching."
            )
        elif host.interrupts == 2:
            self._monitor.remark("Aborting and leaving at once.")

    def _stopping(self) -> list[str]:
        """What the orderly end has to do from here, and how long it takes."""
        host, bench = self.session.host, self._inputs.bench
        proofs = {name: proof for unit in host.engine.units.values() for name, proof in unit.proofs.items()}
        draw_off_s = max(
            (s.draw_off.to("s") for s in self._inputs.recipe.steps if isinstance(s, SpinStep)), default=0
        )
        longest_s: float | None = None
        for name, supply in bench.hv.items():
            if proofs[name].discharged(host.drive.now()):
                continue
            wanted = host.engine.outlets[name].ordered
            kv = abs(getattr(wanted, "voltage_kv", 0.0)) if wanted is not None else 0.0
            ramp_s = draw_off_s + kv / supply.ramp_down_kv_s if wanted is not None else 0.0
            longest_s = max(longest_s or 0.0, ramp_s + supply.discharge_s)
        words = []
        if longest_s is not None:
            words.append(
                "pumps off, high voltage down and proved off, then its discharge time; about "
                f"{longest_s + 2.0:.0f} s"
            )
        return words + [self._cooling(name) for name in bench.furnaces if self._hot(name)]

    def _hot(self, furnace: str) -> bool:
        unit, readings = self.session.host.engine.units[furnace], self.session.host.engine.readings
        return unit.spec.left is not None and unit.spec.left(readings) is not None

    def _cooling(self, furnace: str) -> str:
        """A tube that has to be watched until it may be opened; the time by the rig file's own time constant."""
        settings = self._inputs.bench.furnaces[furnace]
        reading = self.session.host.engine.readings.value(f"{furnace}.temperature_degc")
        open_degc = settings.open_below_degc
        text = f"heater off, {furnace} is watched under its gas until it is below {open_degc:g} °C"
        if reading is None or settings.cooling_s is None or not reading > open_degc > AMBIENT_DEGC:
            return text
        cooling_s = settings.cooling_s * math.log((reading - AMBIENT_DEGC) / (open_degc - AMBIENT_DEGC))
        return f"{text}, about {duration_text(cooling_s)} from {reading:.0f} °C"

    # The end

    def finish(self) -> None:
        """Give the terminal back."""
        if not self._finished:
            self._finished = True
            self._monitor.finish()
            with suppress(OSError):  # the terminal is gone
                self._reporter.finish()
            if self._monitor.silenced is not None:
                output.complain(f"{self._monitor.silenced}; the run itself went on")

    def tell(self, result: Result) -> int:
        """Say how it went; the exit code."""
        made = open_run(result.folder)
        info = dict(result.info if result.info is not None else made.info)
        if result.info is None:
            # The journal could not be closed: what is known here stands in for its last line.
            info |= {
                "outcome": result.ending.outcome,
                "reason": result.ending.reason,
                "early": result.ending.early,
            }
        if self._args.json:
            output.json_line(result_line(info))
        elif self._args.quiet:
            print(f"{outcome_text(info)}  {result.folder}")
        else:
            print("\n" + "\n".join(output.visible(line) for line in summary_lines(made)))
        if result.left is not None:
            output.complain(f"LEFT BEHIND: {result.left}")
        if result.record_failed is not None:
            output.complain(f"the record is not complete: {result.record_failed}")
        if result.error is not None:
            output.complain(
                f"internal error: {type(result.error).__name__}: {result.error}", "every output was told off"
            )
            if os.environ.get("SPINRIG_DEBUG") == "1":
                traceback.print_exception(result.error)
        return INTERRUPTED if result.interrupted_twice else EXIT_CODES[result.ending.outcome]


def answered_here(host: Host, question: Question, value: Any, user: str, came_from: str) -> str | None:
    """An answer typed at this terminal, in the scan's thread; why it has to be asked again, or None.

    What only a person at the rig can say needs one at this moment, not only when the run was started.
    """
    if question.key in ANSWERS_NEED_PRESENCE:
        why = witness(host, question.place, user, came_from)
        if why is not None:
            host.engine.write(
                "refused", {"answer": question.key, "step": question.step, "by": user, "why": why}
            )
            return why
    host.answer(question.step, question.key, value, user)  # answered elsewhere meanwhile: the journal says so
    return None


@contextmanager
def signals(interrupted: Callable[[str], None]) -> Iterator[None]:
    """Every signal that asks us to go is told by its name; nobody may suspend a run from the keyboard."""
    before: dict[int, Any] = {}
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None or (name != "SIGTERM" and signal.getsignal(number) is signal.SIG_IGN):
            continue  # nohup, or a job in the background: whoever started us wants it ignored
        before[number] = signal.signal(number, lambda got, frame: interrupted(signal.Signals(got).name))
    stop = getattr(signal, "SIGTSTP", None)
    if stop is not None:
        # A stopped process renews no lease: Ctrl-Z would cost the run.
        before[stop] = signal.signal(stop, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
