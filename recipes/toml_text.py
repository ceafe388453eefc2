"""From bytes to TOML, and from a problem back to its place in the author's text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .places import PlaceIndex, syntax_place
from .problems import Problems

_UNQUOTED = re.compile(r"=\s*([-+]?\d[\d.,]*\s*[A-Za-zµμ%°][^\s,\]}#]*)")
_PLACED_AT_KEY = frozenset({"unknown-key"})


def load_toml(source: str | bytes, problems: Problems, what: str = "recipe") -> dict[str, Any] | None:
    """Parse TOML; text that is not UTF-8 or not TOML becomes a problem with line and column, and None is
    returned.

    A byte order mark (Windows Notepad) is accepted.
    """
    if isinstance(source, bytes):
        octets = source
        try:
            source = octets.decode("utf-8")
        except UnicodeDecodeError as error:
            before = octets[: error.start].replace(b"\r\n", b"\n")
            line = before.count(b"\n") + 1
            column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
            byte = octets[error.start]
            problems.error(
                "not-utf8", "", f"the {what} is not UTF-8 text: byte 0x{byte:02x}", "save the file as UTF-8"
            )
            problems.items[-1] = problems.items[-1].placed(line, column)
            return None
    source = source.removeprefix("\ufeff")
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        line, column = syntax_place(source, str(error))
        message = str(error).partition(" (at ")[0]
        problems.error(
            "malformed-toml", "", f"the {what} is not valid TOML: {message}", _syntax_hint(source, line)
        )
        problems.items[-1] = problems.items[-1].placed(line, column)
        return None


def _syntax_hint(text: str, line: int) -> str | None:
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    unquoted = _UNQUOTED.search(written)
    if unquoted is not None:
        return f'a quantity stands in quotes: "{unquoted[1].strip()}"'
    if written.count('"') % 2:
        return "a quotation mark is missing in this line"
    if written.count("{") > written.count("}"):
        return "a table in braces stands on one line"
    return None


def read_text_file(path: Path, problems: Problems, what: str = "recipe") -> bytes | None:
    """The bytes of a file; a file that cannot be read becomes a problem."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problems.error("no-such-file", "", f'there is no {what} file "{path}"', "check the path")
    except OSError as error:
        problems.error(
            "unreadable-file", "", f'the {what} file "{path}" cannot be read: {error.strerror}', None
        )
    return None


def attach_places(problems: Problems, text: str) -> None:
    """Fill in line and column of every problem that has none yet; does nothing when there is no problem to
    place.
    """
    if all(problem.line is not None for problem in problems):
        return
    index = PlaceIndex(text.removeprefix("\ufeff"))
    for number, problem in enumerate(problems.items):
        if problem.line is None:
            place = index.locate(problem.where, key=problem.code in _PLACED_AT_KEY)
            if place is not None:
                problems.items[number] = problem.placed(*place)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    known = list(known)
    folded = {name.casefold().replace("-", "_"): name for name in known}
    close = get_close_matches(word.casefold().replace("-", "_"), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None
