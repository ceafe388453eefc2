"""Questions of a run at a terminal: what is typed, what is taken, and what Ctrl-C and Ctrl-Z do there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from recipes.reader import load_recipe
from rig.cli.answering import Asker, read_value
from rig.cli.keyboard import Keyboard
from rig.engine.questions import BadAnswer, Question
from tests.cli.making import LONG, QUICK, own_environment
from tests.cli.terminal import ROOT


class Spoken:
    """A screen that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def ask(self, question: Question, wanted: str) -> None:
        self.said.append(f"ask {question.key}: {wanted}")

    def refuse(self, text: str) -> None:
        self.said.append(f"refuse {text}")

    def asked(self) -> None:
        self.said.append("asked")


def test_what_is_typed_is_held_against_the_question() -> None:
    recipe, _ = load_recipe(QUICK)
    assert recipe is not None
    field = recipe.steps[1].record["mat_mass"]  # type: ignore[union-attr]
    question = Question("transfer", "mat_mass", "Weigh it.", "quantity", field)
    reader, writer = os.pipe()
    screen = Spoken()
    with os.fdopen(reader) as stream:
        asker = Asker(Keyboard(stream, raw=False), screen)
        asker.add(question)

        def type_line(text: str) -> tuple[Question, Any] | None:
            os.write(writer, text.encode() + b"\n")
            return asker.turn(5.0)

        assert type_line("4.2") is None
        assert type_line("6 g") is None
        assert type_line("40 mg") is None
        assert type_line("4.2 kV") is None
        assert type_line("40 mg") is None
        assert type_line("40 mg") == (question, "40 mg")
        asker.settle("transfer", "mat_mass")
    os.close(writer)
    refused = [text for text in screen.said if text.startswith("refuse ") and text != "refuse "]
    assert screen.said[0].startswith(
        "ask mat_mass: a value with its unit, e.g. 4 mg (expected 1 mg .. 10 mg)"
    )
    assert "at most 5 g" in refused[1]
    assert "Type it once more if it is right" in refused[2]
    assert screen.said[-1] == "asked"


def test_yes_and_attestation() -> None:
    yes, attest = Question("s", "done", "?"), Question("s", "attested", "?", "attest")
    assert read_value(yes, "Yes") is True
    with pytest.raises(BadAnswer, match="nothing goes on"):
        read_value(yes, "no")
    assert read_value(attest, "A. Person: supply is dead") == {
        "name": "A. Person",
        "reason": "supply is dead",
    }
    with pytest.raises(BadAnswer, match="a colon"):
        read_value(attest, "A. Person")


class Terminal:
    """The program on a terminal of its own, typed at and read like a person would."""

    def __init__(self, *words: str | Path, env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rig.cli.main", "run", *map(str, words)],
            cwd=ROOT, env=env | {"TERM": "xterm-256color"}, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.text = ""

    def until(self, wanted: Callable[[str], bool], what: str) -> None:
        """Read on until the new text has it."""
        end_s = time.monotonic() + 60
        while not wanted(self.text):
            assert time.monotonic() < end_s, f"no {what} in {self.text[-2000:]!r}"
            ready, _, _ = select.select([self._master], [], [], 0.5)
            if ready:
                self.text += re.sub(
                    r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(self._master, 65536).decode(errors="replace")
                )
            elif self.process.poll() is not None:
                raise AssertionError(f"it ended before {what}: {self.text[-2000:]!r}")

    def see(self, words: str) -> None:
        """Wait for words, and forget what came before them."""
        self.until(lambda text: words in text, words)
        self.text = self.text[self.text.index(words) + len(words) :]

    def asked(self, words: str) -> None:
        """Wait for a question, and for the place where its answer is typed: what is typed earlier is no answer."""
        self.see(words)
        self.see(" > ▏")

    def press(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self._master)

    def end(self) -> int:
        """Wait for its end; the exit code."""
        code: int | None = None
        end_s = time.monotonic() + 60
        while code is None and time.monotonic() < end_s:
            ready, _, _ = select.select([self._master], [], [], 0.2)
            if ready:
                self.text += os.read(self._master, 65536).decode(errors="replace")
            code = self.process.poll()
        assert code is not None
        self.after = termios.tcgetattr(self.slave)
        return code


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return own_environment(tmp_path / "state")


@pytest.mark.parametrize("speed", ["max", "60"])
def test_a_whole_run_answered_at_the_terminal(speed: str, tmp_runs: Path, env: dict[str, str]) -> None:
    with Terminal(QUICK, "--speed", speed, "--runs", tmp_runs, env=env) as terminal:
        terminal.asked("? co-deposit.primed")
        terminal.press("no\r")
        terminal.see("nothing goes on")
        terminal.press("yees\x7f\x7fs\r")
        terminal.asked("? co-deposit.wiped")
        terminal.press("yes\r")
        terminal.see("answered co-deposit.wiped: yes")
        terminal.asked("? co-deposit.earthed")
        terminal.press("yes\r")
        terminal.asked("? transfer.mat_mass")
        terminal.press("4.5 mg\r")
        terminal.see("Outcome      completed")
        terminal.see("mat_mass 4.5 mg")
        assert terminal.end() == 0
        assert terminal.after == terminal.before


def test_ctrl_c_at_a_question_stops_and_gives_the_terminal_back(tmp_runs: Path, env: dict[str, str]) -> None:
    with Terminal(QUICK, "--runs", tmp_runs, env=env) as terminal:
        terminal.asked("? co-deposit.primed")
        terminal.press("\x03")
        terminal.see("Stopping in order")
        terminal.see("STOPPED before its end")
        assert terminal.end() == 1
        assert terminal.after == terminal.before


def test_ctrl_z_does_not_suspend_a_run(tmp_runs: Path, env: dict[str, str]) -> None:
    with Terminal(LONG, "--yes", "--speed", "30", "--runs", tmp_runs, env=env) as terminal:
        terminal.see("the clock runs")
        terminal.press("\x1a")
        terminal.see("ON")
        terminal.see("ON")
        os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.see("STOPPED before its end")
        assert terminal.end() == 1
