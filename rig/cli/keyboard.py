"""The terminal's keyboard, a line at a time, without ever blocking: the rig goes on while somebody thinks.

Raw, each key is taken at once and the line under way is shown by whoever draws the screen. Otherwise the terminal edits
and shows the line itself.
"""

from __future__ import annotations

import os
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO

LINE_ENDS = "\r\n"
BACKSPACES = "\x7f\b"
CLEAR_LINE = "\x15"
END_OF_INPUT = "\x04"
LONGEST = 500


def is_ours(stream: TextIO) -> bool:
    """Whether this is a terminal that we may read: a job in the background would be stopped for trying."""
    try:
        if not stream.isatty():
            return False
        if sys.platform == "win32":
            return True
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


class Keyboard:
    """Lines from a terminal. `typed` is the line under way (raw only); `ended` says that no more will come."""

    def __init__(self, stream: TextIO, raw: bool) -> None:
        self.typed = ""
        self.ended = False
        self._fd = stream.fileno()
        self._raw = raw
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._before: Any = None
        self._escaping = False
        self._lines: list[str] = []
        self._wait: Callable[[float], str] = (
            self._wait_windows if sys.platform == "win32" else self._wait_posix
        )

    def __enter__(self) -> Keyboard:
        if self._raw and sys.platform != "win32":
            import termios
            import tty

            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSADRAIN)  # Ctrl-C stays a signal
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None and sys.platform != "win32":
            import termios

            with suppress(OSError, termios.error):  # the terminal is gone
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
            self._before = None

    def line(self, timeout_s: float) -> str | None:
        """The next whole line without its end; None when there is none within the time."""
        if not self._lines:
            self._take(self._wait(timeout_s))
        return self._lines.pop(0) if self._lines else None

    def _wait_posix(self, timeout_s: float) -> str:
        import select

        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if not ready:
            return ""
        try:
            data = os.read(self._fd, 4096)
        except OSError:
            data = b""
        if not data:
            self.ended = True
        return self._decode(data)

    def _wait_windows(self, timeout_s: float) -> str:
        import msvcrt

        console: Any = msvcrt
        until_s = time.monotonic() + timeout_s
        while not console.kbhit():
            if time.monotonic() >= until_s:
                return ""
            time.sleep(0.02)
        char: str = console.getwch()
        if not self._raw:
            print(char, end="\n" if char in LINE_ENDS else "", file=sys.stderr, flush=True)
        return char

    def _take(self, text: str) -> None:
        for char in text:
            if self._escaping:
                # The rest of an arrow or function key: it ends with a letter or a tilde.
                self._escaping = not (char.isalpha() or char == "~")
            elif char in LINE_ENDS:
                self._lines.append(self.typed.strip())
                self.typed = ""
            elif char == "\x1b":
                self._escaping = True
            elif char in BACKSPACES:
                self.typed = self.typed[:-1]
            elif char == CLEAR_LINE:
                self.typed = ""
            elif char == END_OF_INPUT:
                self.ended = not self.typed
            elif char.isprintable() and len(self.typed) < LONGEST:
                self.typed += char
