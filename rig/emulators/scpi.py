"""The grammar SCPI instruments share: headers in the manuals' notation, parameters, the error queue, message units.

Sources: SCPI-1999 volume 1 (command trees, chapter 6; errors, chapter 21) and IEEE 488.2. Manuals write a header as
`[:SENSe[1]][:CURRent[:DC]]:RANGe[:UPPer]`: capitals are the short form, brackets may be left out, case is free.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TypeVar

T = TypeVar("T")

ERRORS = {
    0: "No error",
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -213: "Init ignored",
    -221: "Settings conflict",
    -222: "Parameter data out of range",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    -410: "Query INTERRUPTED",
}


class ScpiError(Exception):
    """A command that is not executed; `code` goes into the error queue."""

    def __init__(self, code: int) -> None:
        super().__init__(f'{code},"{ERRORS[code]}"')
        self.code = code


class ErrorQueue:
    """First in, first out; the last place says that more were lost."""

    def __init__(self, length: int = 10) -> None:
        self._codes: deque[int] = deque()
        self._length = length

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, code: int) -> None:
        """Keep an error, or the word that the queue is full."""
        if len(self._codes) < self._length:
            self._codes.append(code)
        else:
            self._codes[-1] = -350

    def next(self) -> str:
        """The oldest error as SYST:ERR? gives it, taken out; 0 when there is none."""
        code = self._codes.popleft() if self._codes else 0
        return f'{code},"{ERRORS[code]}"'

    def clear(self) -> None:
        """Forget all."""
        self._codes.clear()


@cache
def spellings(header: str) -> tuple[str, ...]:
    """All spellings of a header in the manuals' notation, in capitals, without a leading colon."""
    return tuple(dict.fromkeys(text.lstrip(":") for text in _expand(header)))


def _expand(notation: str) -> list[str]:
    found = [""]
    place = 0
    while place < len(notation):
        if notation[place] == "[":
            depth, end = 1, place + 1
            while depth:
                depth += {"[": 1, "]": -1}.get(notation[end], 0)
                end += 1
            options = ["", *_expand(notation[place + 1 : end - 1])]
        else:
            end = place + 1
            while end < len(notation) and notation[end] not in "[:":
                end += 1
            word = notation[place:end]
            short = "".join(character for character in word if not character.islower())
            options = list(dict.fromkeys((short, word.upper())))
        found = [before + option for before in found for option in options]
        place = end
    return found


def table(commands: Mapping[str, T]) -> dict[str, T]:
    """A look-up from every spelling to what stands beside its header."""
    return {text: what for header, what in commands.items() for text in spellings(header)}


@lru_cache(maxsize=256)
def units(message: str) -> tuple[tuple[str, str], ...]:
    """(header, parameters) of each unit of a message; headers in capitals without a leading colon.

    A unit that begins with neither ":" nor "*" continues at the level of the one before (SCPI-1999, 6.2.4).
    """
    found = []
    path = ""
    for text in message.split(";"):
        unit = text.strip()
        if not unit:
            continue
        header, _, parameters = unit.partition(" ")
        header = header.upper()
        if header.startswith("*"):
            found.append((header, parameters.strip()))
            continue
        header = header.lstrip(":") if header.startswith(":") else path + header
        found.append((header, parameters.strip()))
        path = header.rpartition(":")[0]
        path = path + ":" if path else ""
    return tuple(found)


def number(text: str, low: float, high: float, default: float | None = None) -> float:
    """A numeric parameter within its limits. Raises ScpiError -109, -104 or -222."""
    word = text.upper()
    if not word:
        raise ScpiError(-109)
    if word in ("MIN", "MINIMUM"):
        return low
    if word in ("MAX", "MAXIMUM"):
        return high
    if word in ("DEF", "DEFAULT") and default is not None:
        return default
    try:
        value = float(word)
    except ValueError:
        raise ScpiError(-104) from None
    if not low <= value <= high:
        raise ScpiError(-222)
    return value


def flag(text: str) -> bool:
    """ON, OFF, 1 or 0. Raises ScpiError -109 or -224."""
    word = text.upper()
    if not word:
        raise ScpiError(-109)
    if word in ("ON", "1"):
        return True
    if word in ("OFF", "0"):
        return False
    raise ScpiError(-224)


def choice(text: str, words: tuple[str, ...]) -> str:
    """The short form of one of `words` in the manuals' notation. Raises ScpiError -109 or -224."""
    word = text.upper()
    if not word:
        raise ScpiError(-109)
    for known in words:
        accepted = spellings(known)
        if word in accepted:
            return accepted[0]
    raise ScpiError(-224)
