"""The entry: which command is meant, and what exit code its ending has.

Exit codes: 0 done; 1 stopped, aborted, lost, or a verification failed; 2 refused before anything moved; 3 internal
error; 130 interrupted. A person never sees a traceback, unless SPINRIG_DEBUG=1 asks for one.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from rig.cli import output
from rig.cli.parser import Parser, UsageError

DONE: Final = 0
STOPPED: Final = 1
REFUSED: Final = 2
INTERNAL: Final = 3
INTERRUPTED: Final = 130

COMMANDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "recipes": {
        "check": ("check", "is a recipe right, and can a rig make it?"),
        "plan": ("plan", "what will happen when, and how much of each solution it takes"),
        "recipes": ("recipes", "store and library: list | show | new | save | diff | search | sweep | ..."),
    },
    "runs": {
        "run": ("run", "make a recipe on a rig, real or emulated"),
        "status": ("control", "what a run is doing now"),
        "follow": ("control", "watch a run as it goes on"),
        "answer": ("control", "answer a question that a run asks"),
        "hold": ("control", "bring a run to rest: liquid and high voltage off"),
        "resume": ("control", "leave Paused or Held, whichever it is"),
        "pause": ("control", "let a run wait at the next place where that does no harm"),
        "complete": ("control", "end the present step as if it were done"),
        "stop": ("control", "end a run in order"),
        "abort": ("control", "everything off now"),
        "clear": ("control", "acknowledge an abort"),
        "reset": ("control", "make a unit ready after its end"),
        "alarms": ("alarms", "what is wrong now, and what each alarm means: list | explain"),
        "prime": ("manual", "by hand: fill the needle of one pump"),
        "jog": ("manual", "by hand: move one pump in or out"),
        "hv-test": ("manual", "by hand: bring one supply to a voltage and down again"),
        "runs": ("runs", "records of runs: list | show | verify | report | export"),
    },
    "rigs": {
        "rig": ("rig", "rig files: new | check | prove"),
        "instruments": ("instruments", "the drivers there are, what each fills in, what has proven it"),
        "ports": ("ports", "what is plugged in, and how a rig file names it"),
        "identify": ("identify", "ask every instrument of a rig who it is: queries only"),
        "emulate": ("emulate", "serve an emulated instrument or rig to any program"),
        "torture": ("torture", "generated runs with faults of every kind, against the safety invariants"),
    },
}
"""Every command by the heading it stands under in the help: its module in this package, and what it is for."""

_HEADINGS: Final = {"recipes": "Recipes", "runs": "Runs", "rigs": "Rigs and instruments"}

REFUSALS: Final = frozenset(
    {
        "recipes.problems.InputError",
        "recipes.units.DimensionError",
        "recipes.units.UnitError",
        "rig.cli.output.Refused",
        "rig.cli.parser.UsageError",
        "rig.engine.control.ControlError",
        "rig.engine.host.NotReady",
        "rig.engine.lock.RigBusy",
        "rig.engine.manual.ManualRefused",
        "rig.engine.planning.CannotDrive",
        "rig.records.errors.RecordError",
        "rig.simulation.faults.CannotFail",
        "rig.simulation.starting.CannotStart",
    }
)
"""Exceptions that say what is wrong with what was given, or that the rig cannot be used as it is. By name, so that
none of their modules is imported for it. Any other exception is a fault of the program: it might come after something
has moved, which exit code 2 would deny.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. `argv` without the program's name, None: what the shell gave."""
    words = list(sys.argv[1:] if argv is None else argv)
    output.speak_utf8()
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has had enough (`spinrig runs list | head -1`).
        output.close_broken_pipe()
        return STOPPED
    except KeyboardInterrupt:
        output.complain("interrupted")
        return INTERRUPTED
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else DONE if left.code is None else REFUSED
    except Exception as error:
        return _explain(error)
    except BaseException as error:
        # The fault that takes the controller away, by name like the refusals: the run is lost, nobody continued it.
        if type(error).__qualname__ != "ControllerCrashed":
            raise
        output.complain(str(error))
        return STOPPED
    return code


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(help_text())
        return DONE if words else REFUSED
    if words[0] == "--version":
        print(f"spinrig {_version()}")
        return DONE
    word = words[0]
    modules = {name: module for group in COMMANDS.values() for name, (module, _) in group.items()}
    if word not in modules:
        from recipes.toml_text import nearest

        guess = nearest(word, modules)
        hint = f'did you mean "spinrig {guess}"?' if guess else '"spinrig --help" lists the commands'
        what = "option" if word.startswith("-") else "command"
        raise UsageError(f'there is no {what} "{word}"', hint)
    parser = Parser(prog="spinrig", add_help=False)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    import_module(f"rig.cli.{modules[word]}").add_parser(subparsers)
    args = parser.parse(words)
    code: int = args.run(args)
    return code


def help_text() -> str:
    """What `spinrig --help` prints."""
    lines = [
        "usage: spinrig COMMAND ...",
        "",
        "Controls an electrospinning and electrospraying rig, from recipes that are checked before anything moves.",
    ]
    for key, group in COMMANDS.items():
        lines += ["", f"{_HEADINGS[key]}:"]
        lines += [f"  {name:<12} {text}" for name, (_, text) in group.items()]
    lines += [
        "",
        "spinrig COMMAND --help says more about each; spinrig --version which version this is.",
        "",
        "To begin with:",
        "  spinrig check my-recipe.toml      is it right?",
        "  spinrig plan tio2-pcnf            what will happen when",
        "  spinrig run tio2-pcnf-spin --yes  make it on the emulated demonstration rig",
    ]
    return "\n".join(lines)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("spinrig")
    except PackageNotFoundError:
        return "of unknown version (not installed)"


def _explain(error: Exception) -> int:
    """Say what went wrong; the exit code."""
    if os.environ.get("SPINRIG_DEBUG") == "1":
        traceback.print_exception(error)
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if "recipes.problems.InputError" in names:
        output.show_input_error(error)
        return REFUSED
    if names & REFUSALS:
        output.complain(str(error), getattr(error, "hint", None))
        return REFUSED
    if isinstance(error, OSError) and error.strerror is not None:
        # The machine's word, not ours: a full disk behind standard output, a file that is not to be read.
        where = f"{error.filename}: " if error.filename is not None else ""
        output.complain(f"{where}{error.strerror}", "with SPINRIG_DEBUG=1 it says what was being done")
        return INTERNAL
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    output.complain(
        f"internal error: {what} ({Path(frame.filename).name}, line {frame.lineno})",
        "this is a fault of the program, not of your files; with SPINRIG_DEBUG=1 it says where",
    )
    return INTERNAL


if __name__ == "__main__":
    sys.exit(main())
