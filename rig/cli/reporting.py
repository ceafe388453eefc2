"""What a run says while it goes on: JSON lines, plain lines, or nothing but its end; and who takes it from the engine.

Whatever breaks here (a closed pipe, a strange terminal) must not touch the run: it falls silent, the run goes on.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from rig.cli import output
from rig.cli.pace import Pace
from rig.cli.panel import one_line, phase_of
from rig.cli.sentences import ALARM, INFO, answer_command, clock_text, sentence
from rig.cli.teller import Teller
from rig.engine.questions import Question
from rig.engine.refusing import NOT_STARTED
from rig.running import Session

LOOK_EVERY_SCANS = 64
"""Unpaced, thousands of scans go by in a second: the wall clock is asked this seldom."""


class Reporter(Protocol):
    """How a run is told.

    every_s: wall time between two calls of `progress`; at_once: kinds of events that bring one.
    """

    every_s: float
    at_once: frozenset[str]

    def start(self) -> None:
        """The run begins."""

    def event(self, kind: str, data: Mapping[str, Any], t_s: float) -> None:
        """An event was written."""

    def progress(self, status: Mapping[str, Any]) -> None:
        """Where everything is."""

    def ask(self, question: Question, wanted: str) -> None:
        """A question is asked at this terminal now."""

    def refuse(self, text: str) -> None:
        """What was typed is not taken; empty: it was."""

    def asked(self) -> None:
        """Nothing is asked any more."""

    def finish(self) -> None:
        """The run is over."""


class _Asking:
    """Questions at a terminal whose lines it edits itself, on standard error."""

    def ask(self, question: Question, wanted: str) -> None:
        """Print it."""
        text = f"{output.styled('?', 'bold', sys.stderr)} [{question.step}] {question.key}: {question.text}"
        print(
            f"{output.visible(text) if not output.coloured(sys.stderr) else text}\n  ({wanted})",
            file=sys.stderr,
        )
        self._prompt()

    def refuse(self, text: str) -> None:
        """Say why, and wait for the next line."""
        if text:
            print(f"  {output.visible(text)}", file=sys.stderr)
            self._prompt()

    def asked(self) -> None:
        """Nothing to take back."""

    @staticmethod
    def _prompt() -> None:
        print("> ", end="", file=sys.stderr, flush=True)


class Quiet(_Asking):
    """Says nothing before the end, but asks what has to be asked."""

    every_s = 3600.0
    at_once: frozenset[str] = frozenset()

    def start(self) -> None:
        """Nothing."""

    def event(self, kind: str, data: Mapping[str, Any], t_s: float) -> None:
        """Nothing, but why a run is not started while a hot tube is watched: its end may be hours away."""
        said = sentence(kind, data) if kind == NOT_STARTED else None
        if said is not None:
            output.complain(said[1])

    def progress(self, status: Mapping[str, Any]) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class JsonLines(Quiet):
    """One JSON object a line on standard output: `event`, `progress`; the caller ends with `result`."""

    every_s = 2.0

    def event(self, kind: str, data: Mapping[str, Any], t_s: float) -> None:
        """The event as it stands in the journal."""
        output.json_line({"type": "event", "kind": kind, "t_s": round(t_s, 9), "data": dict(data)})

    def progress(self, status: Mapping[str, Any]) -> None:
        """Where everything is; a reading that is not good is null, its quality stands in `quality`."""
        readings: Mapping[str, Any] = status["readings"]
        keys = (
            "t_s",
            "state",
            "step",
            "do",
            "remaining_s",
            "step_elapsed_s",
            "alarms",
            "hv_unproved",
            "outputs",
        )
        line: dict[str, Any] = {"type": "progress", **{key: status.get(key) for key in keys}}
        line["questions"] = status["questions"]
        line["phase"] = dict(phase_of(status["progress"])) or None
        line["readings"] = {name: found["value"] for name, found in readings.items()}
        line["quality"] = {n: found["quality"] for n, found in readings.items() if found["quality"] != "good"}
        output.json_line(line)


class PlainLines(_Asking):
    """Lines for a pipe or a log: what happened, and now and then where everything is.

    answerable: questions can be answered by `spinrig answer`; rig: the rig file to name in that command.
    """

    at_once: frozenset[str] = frozenset()

    def __init__(self, every_s: float, answerable: bool, rig: str | None) -> None:
        self.every_s = every_s
        self._answerable = answerable
        self._rig = rig
        self._times = 0

    def start(self) -> None:
        """Nothing before the first event."""

    def event(self, kind: str, data: Mapping[str, Any], t_s: float) -> None:
        """One line, if it is for people."""
        said = sentence(kind, data)
        if said is None:
            return
        level, text = said
        line = f"[{clock_text(t_s)}] {output.visible(text)}"
        if level != INFO:
            line = output.styled(line, "red" if level == ALARM else "yellow", sys.stdout)
        print(line, flush=True)
        if kind == "question" and self._answerable:
            command = answer_command(str(data["step"]), str(data["key"]), str(data["answer"]), self._rig)
            print(f"    answer with: {command}", flush=True)

    def progress(self, status: Mapping[str, Any]) -> None:
        """One line; the first call comes too early to say anything."""
        self._times += 1
        if self._times > 1:
            print(one_line(status), flush=True)

    def finish(self) -> None:
        """Nothing to take back."""


class Monitor:
    """Takes events and scans of one run to its reporter. facts: added to each status, what does not change."""

    def __init__(
        self, session: Session, pace: Pace, reporter: Reporter, facts: Mapping[str, Any], hosted: bool
    ) -> None:
        self.silenced: str | None = None
        self._teller = Teller() if hosted else None
        self._session = session
        self._pace = pace
        self._reporter = reporter
        self._facts = dict(facts)
        self._each = 1 if hosted else LOOK_EVERY_SCANS
        self._scans = 0
        self._due_s = 0.0
        self._first_alarm: str | None = None
        session.watch(self.on_event)
        session.host.engine.on_scan = self.on_scan

    def on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """Each event, in the scan's thread."""
        self._pace.on_event(kind, data, t_ns)
        if self._first_alarm is None and kind in ("trip", "alarm", "breach", "error"):
            self._first_alarm = f"{data.get('tag') or kind}: {data.get('text')}"
        said = dict(data)
        self._say(lambda: self._reporter.event(kind, said, t_ns / 1e9))
        if kind in self._reporter.at_once:
            self._progress()

    def on_scan(self) -> None:
        """Each scan; cheap unless something is due."""
        self._scans += 1
        if (self._scans - 1) % self._each or self.silenced is not None:
            return
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + self._reporter.every_s
            if self._teller is None or not self._teller.waiting:
                self._progress()  # else what waits to be said is older, and this would be, too

    def times(self) -> dict[str, Any]:
        """What the host's own status does not know: plan, names, the first alarm."""
        host = self._session.host
        return {
            **self._facts,
            **self._pace.as_dict(host.drive.now(), host.engine.progress()),
            "first_alarm": self._first_alarm,
            "scan_period_s": host.engine.period_ns / 1e9,
        }

    def status(self) -> dict[str, Any]:
        """Everything, for display."""
        return {**self._session.host.status(), **self.times()}

    def remark(self, text: str) -> None:
        """Something for whoever sits there, to standard error; a dead terminal is no news."""

        def say() -> None:
            with suppress(OSError):
                output.remark(text)

        if self._teller is None:
            say()
        else:
            self._teller.say(say)

    def finish(self) -> None:
        """Everything said, as far as anybody takes it."""
        if self._teller is not None and not self._teller.finish() and self.silenced is None:
            self.silenced = "whoever was to read what it says did not take it"

    def _progress(self) -> None:
        status = self.status()
        self._say(lambda: self._reporter.progress(status))

    def _say(self, what: Callable[[], None]) -> None:
        """Here where nothing is kept waiting by it, else in the teller's thread."""
        if self._teller is None:
            self._safely(what)
        elif self.silenced is None and not self._teller.say(lambda: self._safely(what)):
            self.silenced = "whoever was to read what it says did not take it"

    def _safely(self, say: Callable[[], None]) -> None:
        """Say something, or fall silent for good."""
        if self.silenced is not None:
            return
        try:
            say()
        except BrokenPipeError:
            output.close_broken_pipe()
            self.silenced = "whoever read standard output has gone"
        except Exception as error:
            self.silenced = f"the display failed: {type(error).__name__}: {error}"
            if os.environ.get("SPINRIG_DEBUG") == "1":
                traceback.print_exception(error)
