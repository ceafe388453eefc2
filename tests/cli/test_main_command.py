"""The entry: exit codes, complaints without a traceback, streams that nothing breaks."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from recipes.problems import InputError, Problem, Severity
from recipes.units import UnitError
from rig.cli import main as entry
from rig.cli import output
from rig.cli.parser import Parser
from rig.engine.host import NotReady
from rig.engine.lock import RigBusy
from rig.records.errors import RecordError
from tests.cli.terminal import ROOT, environment, spinrig


def test_help_stands_under_headings_and_names_every_command() -> None:
    done = spinrig("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for heading in ("Recipes:", "Runs:", "Rigs and instruments:"):
        assert f"\n{heading}\n" in done.stdout
    words = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    for group in entry.COMMANDS.values():
        for name in group:
            assert name in words


LOOKING = ("check", "plan", "recipes", "runs", "rig", "instruments", "ports", "identify", "emulate")


@pytest.mark.parametrize("command", [name for group in entry.COMMANDS.values() for name in group])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: spinrig {command}")
    if command in LOOKING:
        # The usage does not count: somewhere the command is shown as it would be typed.
        assert f"  spinrig {command}" in text.partition("\n\n")[2]


@pytest.mark.parametrize(
    "module", sorted({m for group in entry.COMMANDS.values() for m, _ in group.values()})
)
def test_a_command_module_offers_what_the_table_says(module: str) -> None:
    subparsers = Parser(prog="spinrig").add_subparsers()
    import_module(f"rig.cli.{module}").add_parser(subparsers)
    listed = {
        name for group in entry.COMMANDS.values() for name, (where, _) in group.items() if where == module
    }
    assert set(subparsers.choices) == listed


def test_no_words_at_all_are_refused_with_the_help() -> None:
    done = spinrig()
    assert done.returncode == 2
    assert done.stdout.startswith("usage: spinrig COMMAND")


def test_the_version_is_told() -> None:
    done = spinrig("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("spinrig ")


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["chek"], 'no command "chek"', 'did you mean "spinrig check"?'),
        (["zzz"], 'no command "zzz"', '"spinrig --help" lists the commands'),
        (["--quiet"], 'no option "--quiet"', "spinrig --help"),
        (["check"], "required: RECIPE", '"spinrig check --help"'),
        (["check", "tio2-pcnf", "--jsno"], 'nothing is known of "--jsno"', "did you mean --json?"),
        (["check", "tio2-pcnf", "--js"], 'nothing is known of "--js"', "--json"),
        (["runs", "verfy", "x"], 'WORD cannot be "verfy"', 'did you mean "verify"?'),
        (["runs", "export", "x", "--format", "xlsx"], 'FORMAT cannot be "xlsx"', "csv"),
        (["plan"], "required: RECIPE", '"spinrig plan --help"'),
    ],
)
def test_what_is_mistyped_is_refused_with_its_nearest_neighbour(
    words: list[str], said: str, hint: str
) -> None:
    done = spinrig(*words)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert said in first
    assert second.startswith("  hint: ") and hint in second


def raising(error: BaseException) -> Callable[[Any], None]:
    def add_parser(subparsers: Any) -> None:
        def run(args: argparse.Namespace) -> int:
            raise error

        subparsers.add_parser("ports").set_defaults(run=run)

    return add_parser


WRONG = Problem(Severity.ERROR, "missing-unit", "steps.spin.voltage", "15 has no unit", "write 15 kV", 3, 7)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            InputError([WRONG], "my.toml"),
            2,
            "my.toml:3:7: error missing-unit: steps.spin.voltage: 15 has no unit",
        ),
        (RecordError("the disk is full"), 2, "spinrig: the disk is full"),
        (NotReady("hv.needle: no reply"), 2, "spinrig: hv.needle: no reply"),
        (RigBusy("the rig is in use"), 2, "spinrig: the rig is in use"),
        (output.Refused("no", "do this"), 2, "spinrig: no\n  hint: do this"),
        (UnitError("missing-unit", "5 has no unit", None), 2, "5 has no unit"),
        (ValueError("a slip of ours"), 3, "spinrig: internal error: ValueError: a slip of ours"),
        (OSError(28, "No space left on device"), 3, "spinrig: No space left on device"),
        (RuntimeError(), 3, "spinrig: internal error: RuntimeError"),
        (KeyboardInterrupt(), 130, "spinrig: interrupted"),
    ],
)
def test_each_ending_has_its_exit_code_and_sentence(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("rig.cli.ports.add_parser", raising(error))
    assert entry.main(["ports"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert "Traceback" not in shown.err


def test_a_traceback_is_shown_to_whoever_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPINRIG_DEBUG", "1")
    monkeypatch.setattr("rig.cli.ports.add_parser", raising(RuntimeError("a slip of ours")))
    assert entry.main(["ports"]) == 3
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert "internal error: RuntimeError: a slip of ours" in shown


@pytest.mark.parametrize("name", sorted(entry.REFUSALS))
def test_each_refusal_names_an_exception_that_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)


def test_nobody_reading_the_output_is_no_error_to_be_told() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "rig.cli.main", "instruments"],
            cwd=ROOT,
            env=environment(),
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_output_is_utf_8_on_a_console_that_is_not(tmp_path: Path) -> None:
    recipe = tmp_path / "umlaut.toml"
    recipe.write_text('format = 1\nname = "Nanofaser nach Müller"\nsummry = "µm"\n', encoding="utf-8")
    env = environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C", PYTHONCOERCECLOCALE="0")
    done = spinrig("check", recipe, env=env)
    assert done.returncode == 2
    assert 'summry = "µm"' in done.stderr


def test_a_file_cannot_write_to_the_terminal_as_it_likes(tmp_path: Path) -> None:
    recipe = tmp_path / "escape.toml"
    recipe.write_text('format = 1\nname = "a"\n"\\u001b[2Jx" = 1\n[[steps]]\n', encoding="utf-8")
    done = spinrig("check", recipe)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert r"\x1b[2Jx" in done.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("no_colour", "term", "wanted"), [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False)]
)
def test_colours_are_for_terminals_that_want_them(
    no_colour: str, term: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setenv("TERM", term)
    assert ("\x1b[" in output.styled("text", "red", Terminal())) is wanted
    assert output.styled("text", "red", io.StringIO()) == "text"


@pytest.mark.parametrize(
    ("line", "column", "pointed"),
    [
        ('voltage = "15"', 11, '"15"'),
        ('\tvoltage = "15"', 12, '"15"'),
        ('name = "静電紡糸" # x', 15, "# x"),
        ('name = "e\N{COMBINING ACUTE ACCENT}" # x', 13, "# x"),
        ("x" * 400 + '"15"' + "y" * 400, 401, '"15"'),
    ],
)
def test_the_caret_stands_under_the_place(line: str, column: int, pointed: str) -> None:
    problem = Problem(Severity.ERROR, "code", "", "message", None, 2, column)
    stream = io.StringIO()
    output.show_problems([problem], "file.toml", f"\ufefffirst\r\n{line}\r\nlast", stream)
    head, shown, caret = stream.getvalue().splitlines()
    assert head == f"file.toml:2:{column}: error code: message"
    number, _, excerpt = shown.partition(" | ")
    assert number.strip() == "2"
    assert output.cells(shown[: shown.index(pointed)]) == caret.index("^")
    assert len(excerpt) <= output.WIDEST_LINE + 10


def test_a_table_is_aligned_by_the_cells_of_a_terminal() -> None:
    stream = io.StringIO()
    output.table([("静電", "x"), ("abcd", "y")], ("a", "b"), stream)
    assert stream.getvalue() == "a     b\n静電  x\nabcd  y\n"
