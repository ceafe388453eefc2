"""What outlasts the program, one file a rig: alarms out of service or shelved, and thermocouples in doubt.

The file lies beside the rig's lock, in the user's state folder. It is written whole or not at all. One that cannot be
read hides nothing and trusts nothing: every alarm is in service, and every thermocouple in doubt, until a person at the
rig has said otherwise. Times are UTC; on a rig whose clock was put back a shelf ends rather than last too long.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from shutil import copyfile
from threading import Lock, Thread
from typing import Any, Final

from rig.engine.lock import lock_path
from rig.lines.clocks import NS, utc_at

FORMAT: Final = 1
JOIN_S: Final = 2.0
"""So long a leaving program waits for the last writing."""


class MarksDamaged(Exception):
    """The file is there and cannot be understood; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """An alarm out of service or, with `until`, shelved: by whose word, why, since when (ISO 8601, UTC)."""

    user: str
    reason: str
    at: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A thermocouple in doubt: since when, and what spoke against it."""

    at: str
    why: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said while no program watched the rig: the next one to start journals it. word: "trust" or
    "into-service"; what: a furnace or an alarm."""

    word: str
    what: str
    user: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The file's contents: alarms by tag, doubts by furnace, words to be journalled."""

    out_of_service: Mapping[str, Hidden] = field(default_factory=dict)
    shelved: Mapping[str, Hidden] = field(default_factory=dict)
    doubted: Mapping[str, Doubt] = field(default_factory=dict)
    said: tuple[Word, ...] = ()


def marks_path(rig_name: str) -> Path:
    """The rig's file, by its name in the rig file."""
    lock = lock_path(rig_name)
    return lock.parent / "marks" / f"{lock.stem}.json"


def read_kept(path: Path, rig_name: str) -> Kept:
    """What is kept of a rig; nothing where there is no file. Raises MarksDamaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT or data["rig"] != rig_name:
            raise ValueError(f"it is of format {data['format']} and the rig {data['rig']!r}")
        kept = Kept(
            {tag: Hidden(**one) for tag, one in data["out_of_service"].items()},
            {tag: Hidden(**one) for tag, one in data["shelved"].items()},
            {name: Doubt(**one) for name, one in data["doubted"].items()},
            tuple(Word(**one) for one in data["said"]),
        )
        _check(kept)
    except FileNotFoundError:
        return Kept()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"
        raise MarksDamaged(f"{path} cannot be read ({why})") from None
    return kept


def _check(kept: Kept) -> None:
    """Raises ValueError for what is no text, no name or no time with its zone."""
    ends = [(one.until, one) for one in kept.shelved.values()]
    if any(one.until is not None for one in kept.out_of_service.values()):
        raise ValueError("something is out of service with an end")
    times = [one.at for group in (kept.out_of_service, kept.shelved, kept.doubted) for one in group.values()]
    for text in (*times, *(until for until, _ in ends), *(word.at for word in kept.said)):
        if text is None or datetime.fromisoformat(text).utcoffset() is None:
            raise ValueError(f"{text!r} is no time with its zone")
    hidden = [one for group in (kept.out_of_service, kept.shelved) for one in group.values()]
    words: list[object] = [text for one in hidden for text in (one.user, one.reason)]
    if not all(isinstance(text, str) and text.strip() for text in words):
        raise ValueError("something is hidden without a name or a reason")


def write_kept(path: Path, rig_name: str, kept: Kept) -> None:
    """Write the file whole or not at all, and have it on the disk. Raises OSError."""
    data = {"format": FORMAT, "rig": rig_name, **asdict(kept)}
    _replace(path, json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_suffix(".half")
    with half.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Marks:
    """A rig's marks while a program owns it.

    path: None keeps them in memory only (each simulation begins with a world of its own). origin: UTC at the clock's
    nought. beside: written by a thread of its own, for no scan waits for a disk. damaged: why the file could not be
    understood; failed: why it could not be written.
    """

    def __init__(self, path: Path | None, rig_name: str, origin: datetime, beside: bool = False) -> None:
        self.path = path
        self.damaged: str | None = None
        self.failed: str | None = None
        self.kept = Kept()
        self._rig = rig_name
        self._origin = origin
        self._beside = beside
        self._lock = Lock()
        self._pending: Kept | None = None
        self._writer: Thread | None = None
        self._stale = False
        """What is on file is not what is kept, though nothing has changed."""

    def load(self) -> None:
        """Read the file; only once the rig is owned, for its owner before may have changed it. Of a damaged one a copy
        is laid aside; it stands until a whole one takes its place."""
        path = self.path
        if path is None:
            return
        try:
            self.kept = read_kept(path, self._rig)
        except MarksDamaged as error:
            self.kept, self.damaged, self._stale = Kept(), str(error), True
            with suppress(OSError):
                copyfile(path, path.with_suffix(".damaged"))
                self.damaged += f"; a copy lies in {path.with_suffix('.damaged')}"

    def utc(self, t_ns: int) -> str:
        """A moment on the program's clock as it is kept."""
        return utc_at(self._origin, t_ns).isoformat(timespec="milliseconds")

    def ns(self, text: str) -> int:
        """A kept moment on the program's clock; negative before its nought."""
        return round((datetime.fromisoformat(text) - self._origin).total_seconds() * NS)

    def change(self, **parts: Any) -> None:
        """Keep these parts of `Kept` anew. What cannot be written stands in `failed` and is tried with the next."""
        kept = replace(self.kept, **parts)
        if kept == self.kept and self.failed is None and not self._stale:
            return
        self._stale = False
        self.kept = kept
        if self.path is None:
            return
        with self._lock:
            self._pending = kept
            if self._beside and self._writer is None:
                self._writer = Thread(target=self._write, name="marks", daemon=True)
                self._writer.start()
        if not self._beside:
            self._write()

    def close(self) -> None:
        """Wait for the last writing, but not for a disk that hangs."""
        writer = self._writer
        if writer is not None:
            writer.join(JOIN_S)

    def _write(self) -> None:
        assert self.path is not None
        while True:
            with self._lock:
                kept, self._pending = self._pending, None
                if kept is None:
                    self._writer = None
                    return
            try:
                write_kept(self.path, self._rig, kept)
                self.failed = None
            except OSError as error:
                self.failed = f"{self.path} cannot be written: {error}"
