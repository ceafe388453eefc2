"""A change of the store: commits are prepared, then the branch moves over all of them at once.

Order on the disk: texts, trees and commits; a note of what is to be done; the branch (from here on it counts); the
files in the folder; cache and git's index; the note goes. A writer killed in between is finished by the next one
(`recover`): before the branch moved nothing has happened, after it the files are put in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from recipes.problems import InputError

from .files import read_file, write_whole
from .repository import Repository, file_name
from .revisions import Entry, Kind, Line, fold, sha256_of

CACHE: Final = "history.json"
PENDING: Final = "pending.json"
_FORMAT: Final = 1


@dataclass(slots=True)
class History:
    """Every entry up to a commit, and what they amount to."""

    head: str | None
    entries: list[Entry] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)

    @classmethod
    def of(cls, head: str | None, entries: list[Entry]) -> History:
        """The history that these entries make."""
        return cls(head, entries, fold(entries))

    @classmethod
    def load(cls, repository: Repository, *, cached: bool = True) -> History:
        """The history up to the newest commit; of what the cache holds only the commits after it are read."""
        head = repository.head()
        known = _read_cache(repository) if cached else None
        if known is not None and known.head == head:
            return known
        commits, goes_on = repository.commits(head, None if known is None else known.head)
        entries = list(known.entries) if known is not None and goes_on else []
        entries.extend(entry for commit in commits if (entry := repository.entry(commit)) is not None)
        return cls.of(head, entries)

    def line(self, id: str) -> Line:
        """The history of one recipe; an empty one where there is none."""
        return self.lines.get(id) or Line(id)

    def newest(self, id: str) -> Entry | None:
        """The newest text of a recipe."""
        line = self.line(id)
        return line.texts.get(line.newest)


class Change:
    """Commits being prepared on top of a history. The caller holds the store's lock."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.history = History.load(repository)
        self._start = self.history.head
        self._files: dict[str, bytes] = {}

    def working(self, id: str) -> bytes | None:
        """The bytes of a recipe's file in the folder."""
        return read_file(self.repository.folder / file_name(id))

    def text(self, entry: Entry) -> bytes:
        """The bytes of a revision."""
        return self.repository.blob(entry.blob)

    def add_text(self, kind: Kind, id: str, content: bytes, author: str, utc_s: int, reason: str) -> Entry:
        """Prepare the next revision of a recipe."""
        number = self.history.line(id).newest + 1
        made = Entry(kind, id, number, sha256_of(content), author, utc_s, reason)
        return self._add(replace(made, blob=self.repository.add_blob(content)), {file_name(id): content})

    def add_mark(self, kind: Kind, of: Entry, author: str, utc_s: int, reason: str) -> Entry:
        """Prepare an approval, a retirement or its end; `of`: the revision that it speaks of."""
        return self._add(Entry(kind, of.id, of.revision, of.sha256, author, utc_s, reason), {})

    def _add(self, made: Entry, files: Mapping[str, bytes]) -> Entry:
        blobs = dict.fromkeys(files, made.blob)
        entry = replace(made, commit=self.repository.add_commit(self.history.head, blobs, made))
        self.history.head = entry.commit
        self.history.entries.append(entry)
        self.history.lines.setdefault(entry.id, Line(entry.id)).add(entry)
        self._files.update(files)
        return entry

    def publish(self) -> None:
        """Make what was prepared count. When this returns, it outlives a power cut.

        :raises InputError: when git has changed the history meanwhile; then nothing has happened.
        """
        repository, head = self.repository, self.history.head
        if head is None or head == self._start:
            return
        files = {name: (self._hash(name), sha256_of(content)) for name, content in self._files.items()}
        note = json.dumps({"format": _FORMAT, "head": head, "files": files}).encode()
        write_whole(repository.ours / PENDING, note, repository.tmp / PENDING)
        try:
            repository.move_head(self._start, head)
        except InputError:
            (repository.ours / PENDING).unlink()
            raise
        self._start = head
        # It counts already: a full disk or a file that an editor holds is for the next writer's `recover` to mend.
        with suppress(OSError, InputError):
            for name, content in self._files.items():
                if self._hash(name) != sha256_of(content):
                    write_whole(repository.folder / name, content, repository.tmp / "text")
            _write_cache(repository, self.history)
            repository.write_git_index(list(self._files))
            (repository.ours / PENDING).unlink()
        self._files = {}

    def _hash(self, name: str) -> str | None:
        content = read_file(self.repository.folder / name)
        return None if content is None else sha256_of(content)


def recover(repository: Repository) -> None:
    """Finish what a killed writer had begun, or sweep away what of it does not count. The caller holds the lock.

    A file is only written when it still is what that writer found; if a person has changed it since, it stays.
    """
    head, files = pending(repository.ours)
    if head is not None and head == repository.head():
        names = repository.tree_of(head)
        for name, (before, after) in files.items():
            found = read_file(repository.folder / name)
            if (None if found is None else sha256_of(found)) == before != after:
                write_whole(
                    repository.folder / name, repository.blob(names[name][1]), repository.tmp / "text"
                )
        _write_cache(repository, History.load(repository))
        repository.write_git_index(list(files))
    repository.remove_leftovers()
    with suppress(FileNotFoundError):
        (repository.ours / PENDING).unlink()


def pending(ours: Path) -> tuple[str | None, dict[str, tuple[str | None, str]]]:
    """What a writer is doing, or was doing when it was killed: the new commit, and for each file its hash before and
    after.
    """
    note = _read_json(ours / PENDING)
    if not isinstance(note, dict) or note.get("format") != _FORMAT:
        return None, {}
    return note["head"], {name: (before, after) for name, (before, after) in note["files"].items()}


def _read_cache(repository: Repository) -> History | None:
    """The cached history; None when there is none, or it was written half or by another version."""
    data = _read_json(repository.ours / CACHE)
    try:
        if data["format"] != _FORMAT or data["sha256"] != _sum(data["head"], data["entries"]):
            return None
        return History.of(data["head"], [Entry(Kind(kind), *rest) for kind, *rest in data["entries"]])
    except (KeyError, TypeError, ValueError):
        return None


def _write_cache(repository: Repository, history: History) -> None:
    rows = list(_rows(history.entries))
    data = {"format": _FORMAT, "head": history.head, "sha256": _sum(history.head, rows), "entries": rows}
    write_whole(
        repository.ours / CACHE, json.dumps(data).encode(), repository.tmp / CACHE, durable=False
    )  # after a power cut its sum does not fit, and it is made anew


def _rows(entries: list[Entry]) -> Iterator[list[Any]]:
    for one in entries:
        yield [
            str(one.kind), one.id, one.revision, one.sha256, one.author, one.utc_s, one.reason, one.commit, one.blob
        ]  # fmt: skip


def _sum(head: object, rows: object) -> str:
    return sha256_of(json.dumps([head, rows]).encode())


def _read_json(path: Path) -> Any:
    content = read_file(path)
    try:
        return None if content is None else json.loads(content)
    except ValueError:
        return None
