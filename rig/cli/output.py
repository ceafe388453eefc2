"""How the command line speaks: results to standard output, problems and complaints to standard error.

Colours appear only on a terminal and not under NO_COLOR. Text that comes out of somebody's file is shown with its
control characters made visible: a recipe must not be able to write to the terminal as it likes.
"""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from recipes.problems import InputError, Problem, Severity

_CODES: Final = {"bold": "1", "red": "31", "yellow": "33", "green": "32", "cyan": "36", "dim": "2"}
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
WIDEST_LINE: Final = 160
"""Of a longer line of somebody's file only the part around the place is shown."""


class Refused(Exception):
    """A command cannot do what was asked, and nothing has moved. A sentence, and a hint what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


def speak_utf8() -> None:
    """Make both streams UTF-8, whatever the console's code page; what cannot be written is shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def close_broken_pipe() -> None:
    """Send what is still in standard output's buffer nowhere, so that the interpreter's end does not complain."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # standard output without a file descriptor
        return


def coloured(stream: TextIO) -> bool:
    """Whether a stream takes colours: a terminal that knows them, and NO_COLOR not set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    # The old Windows console prints escape sequences as they are; newer terminals name themselves.
    return sys.platform != "win32" or bool({"WT_SESSION", "TERM", "ANSICON"} & set(os.environ))


def styled(text: str, style: str, stream: TextIO) -> str:
    """The text in bold, red, yellow, green, cyan or dim where the stream shows it."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if coloured(stream) else text


def visible(text: str) -> str:
    """The text with control and other unprintable characters escaped; line ends stay."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def complain(message: str, hint: str | None = None) -> None:
    """One complaint to standard error."""
    print(f"{styled('spinrig:', 'red', sys.stderr)} {visible(message)}", file=sys.stderr)
    if hint:
        print(f"  {styled('hint:', 'bold', sys.stderr)} {visible(hint)}", file=sys.stderr)


def remark(message: str) -> None:
    """Something worth knowing, to standard error, where it disturbs no pipe."""
    print(visible(message), file=sys.stderr)


def show_problems(
    problems: Iterable[Problem], name: str, text: str | None = None, stream: TextIO | None = None
) -> None:
    """Each problem with its place, the line it stands in with a caret under it, and its hint.

    name: of the file, as the user knows it; text: its contents, where they are at hand.
    """
    stream = sys.stderr if stream is None else stream
    lines = None if text is None else _file_lines(text)
    for problem in problems:
        for line in problem_lines(problem, name, lines, stream):
            print(line, file=stream)


def problem_lines(problem: Problem, name: str, lines: Sequence[str] | None, stream: TextIO) -> Iterable[str]:
    """One problem, ready to print."""
    place = name
    if problem.line is not None:
        place += f":{problem.line}" + ("" if problem.column is None else f":{problem.column}")
    kind = styled(str(problem.severity), _COLOURS[problem.severity], stream)
    where = f"{problem.where}: " if problem.where else ""
    yield f"{styled(visible(place), 'bold', stream)}: {kind} {problem.code}: {visible(where + problem.message)}"
    if lines is not None and problem.line is not None and 1 <= problem.line <= len(lines):
        number = f"{problem.line:>5} | "
        shown, indent = _excerpt(lines[problem.line - 1], problem.column or 1)
        yield f"{number}{shown}"
        if problem.column is not None:
            yield f"{' ' * (len(number) - 2)}| {' ' * indent}{styled('^', 'green', stream)}"
    if problem.hint:
        yield f"  {styled('hint:', 'bold', stream)} {visible(problem.hint)}"


def _file_lines(text: str) -> list[str]:
    """Lines as TOML counts them: ended by a line feed, or by both."""
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def _excerpt(line: str, column: int) -> tuple[str, int]:
    """The line as it is shown, and how many cells stand before the column."""
    start = max(0, column - 1 - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    part = line[start : start + WIDEST_LINE]
    dots = ("…" if start else "", "…" if len(line) > start + WIDEST_LINE else "")
    before = dots[0] + _flat(part[: column - 1 - start])
    return before + _flat(part[column - 1 - start :]) + dots[1], cells(before)


def _flat(text: str) -> str:
    return visible(text.replace("\t", "    "))


def cells(text: str) -> int:
    """How many cells of a terminal the text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def show_input_error(error: Exception) -> None:
    """The problems of an InputError that nobody showed, with the text of its file where that can be read again."""
    if not isinstance(error, InputError):
        complain(str(error))
        return
    text = None
    path = Path(error.what)
    try:
        if path.is_file():
            text = path.read_bytes().decode("utf-8", errors="replace")
    except (OSError, ValueError):
        text = None  # the problems say enough
    show_problems(error.problems, error.what, text)


def table(
    rows: Iterable[Sequence[str]], header: Sequence[str] | None = None, stream: TextIO | None = None
) -> None:
    """Columns, aligned to the left; the last one runs on."""
    stream = sys.stdout if stream is None else stream
    every = [[visible(cell).replace("\n", " ") for cell in row] for row in rows]
    if header is not None:
        every.insert(0, list(header))
    if not every:
        return
    widths = [max(cells(row[index]) for row in every) for index in range(len(every[0]) - 1)]
    for number, row in enumerate(every):
        padded = [cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join([*padded, row[-1]]).rstrip()
        print(styled(line, "bold", stream) if header is not None and number == 0 else line, file=stream)


def json_line(data: Mapping[str, Any], stream: TextIO | None = None) -> None:
    """One JSON object on one line. Not-a-number has no place in JSON and raises ValueError."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    print(text, file=sys.stdout if stream is None else stream, flush=True)


def counted(count: int, noun: str) -> str:
    """ "1 error", "3 errors"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
