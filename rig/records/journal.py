"""The journal: an append-only file of events, one JSON object a line, each with the hash of the one before.

A line holds, in this order, `n` (1, 2, 3 ...), `t_s` (seconds since the run's start), `utc`, `kind`, `data`,
`outside`, `prev` and `hash`. `hash` is the SHA-256, in hex, of the canonical JSON of `data`, `kind`, `n`,
`prev`, `t_s` and `utc`: keys sorted, no spaces, UTF-8, non-ASCII characters as themselves, numbers as
Python's `repr` writes them, no NaN and no infinity. `prev` of the first line is 64 zeros. `outside` (host,
paths, versions, wall times) is written but *not covered by the hash*, so that two runs of one seed have one
head hash on any machine.

The chain shows damage and careless editing. It is not tamper-proof: whoever owns the disk can rewrite all of
it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

from rig.records.errors import RecordError

ZERO_HASH = "0" * 64
"""`prev` of the first line."""

_KEYS = ("n", "t_s", "utc", "kind", "data", "outside", "prev", "hash")
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


class Line(TypedDict):
    """One line of the journal, as read back."""

    n: int
    t_s: float
    utc: str
    kind: str
    data: dict[str, Any]
    outside: dict[str, Any]
    prev: str
    hash: str


def canonical(value: object) -> str:
    """Canonical JSON text of `value`.

    Raises RecordError for NaN, infinity, keys that are not text, and objects that JSON does not know.
    """
    try:
        _check_keys(value)
        text = _encode(value)
    except ValueError:
        raise RecordError(
            f"NaN or infinity cannot be recorded, found in {value!r}; a reading that failed is no number: "
            "leave it out and record its quality"
        ) from None
    except (TypeError, RecursionError) as error:
        raise RecordError(f"this cannot be recorded as JSON ({error}): {value!r}") from None
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            # Lone surrogates come from file names that are not UTF-8. JSON may carry them as \udcxx; reading
            # once more joins halves that happen to stand side by side, so that what is hashed is what will
            # be read.
            text = _encode(json.loads(text.encode("utf-8", "backslashreplace")))
            text = text.encode("utf-8", "backslashreplace").decode()
    return text


def _check_keys(value: object) -> None:
    """JSON turns a key 1 into "1" and so changes the sorted order; such a line would not verify."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is not str:
                raise RecordError(f"keys of a record are text, found {key!r} in {value!r}")
            if isinstance(inner, (dict, list, tuple)):
                _check_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            if isinstance(inner, (dict, list, tuple)):
                _check_keys(inner)


def encode_data(data: Mapping[str, object]) -> str:
    """Canonical text of an event's `data` or `outside`; a snapshot, whatever becomes of the mapping."""
    return canonical(data if type(data) is dict else dict(data))


def _seal(n: int, t_s: float, utc: str, kind: str, data: str, outside: str, prev: str) -> tuple[str, bytes]:
    """Hash and bytes of a line whose `data` and `outside` are canonical texts already."""
    if not math.isfinite(t_s):
        raise RecordError(f"the time of a {kind} event is {t_s!r}; it must be a finite number of seconds")
    time = repr(t_s)
    quoted_utc = encode_basestring(utc)
    quoted_kind = encode_basestring(kind)
    body = f'{{"data":{data},"kind":{quoted_kind},"n":{n},"prev":"{prev}","t_s":{time},"utc":{quoted_utc}}}'
    digest = hashlib.sha256(body.encode()).hexdigest()
    line = (
        f'{{"n":{n},"t_s":{time},"utc":{quoted_utc},"kind":{quoted_kind},"data":{data},'
        f'"outside":{outside},"prev":"{prev}","hash":"{digest}"}}\n'
    )
    return digest, line.encode()


@dataclass(frozen=True, slots=True)
class JournalRead:
    """What stands in a journal and how far it can be trusted.

    `status` is "good" (every line holds, the file ends with a whole line), "open" (every whole line holds,
    then a torn one: a crash while writing) or "damaged". `lines` are those up to `good_to`; `first_bad` says
    what is wrong with the line after them. `good_bytes` is the length of the good part, `torn_bytes` of the
    torn last line.
    """

    status: Literal["good", "open", "damaged"]
    lines: list[Line]
    first_bad: str | None
    good_bytes: int
    torn_bytes: int

    @property
    def good_to(self) -> int:
        """Number of the last line that holds; 0 when there is none."""
        return len(self.lines)

    @property
    def head(self) -> str:
        """Hash of the last line that holds; 64 zeros when there is none."""
        return self.lines[-1]["hash"] if self.lines else ZERO_HASH


def read_journal(path: Path) -> JournalRead:
    """Read and verify a journal. Raises RecordError only when the file cannot be read at all."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from None
    lines: list[Line] = []
    start = 0
    head = ZERO_HASH
    while start < len(raw):
        end = raw.find(b"\n", start)
        number = len(lines) + 1
        if end < 0:
            fragment = raw[start:]
            if _is_torn(fragment):
                return JournalRead("open", lines, None, start, len(fragment))
            return JournalRead("damaged", lines, f"line {number} is not a line of a journal", start, 0)
        found = check_line(raw[start : end + 1], number, head)
        if isinstance(found, str):
            return JournalRead("damaged", lines, f"line {number} {found}", start, 0)
        lines.append(found)
        head = found["hash"]
        start = end + 1
    return JournalRead("good", lines, None, start, 0)


def check_line(raw: bytes, n: int, prev: str) -> Line | str:
    """The line `raw`, which must be number `n` after the hash `prev`; or what is wrong with it.

    The line is written anew from what was read and must come out byte for byte, so that no change of spelling
    (`1E5` for `1e5`, a doubled key) can hide.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return "is not a line of a journal"
    if not isinstance(found, dict) or tuple(found) != _KEYS:
        return "has not the keys of a journal line"
    if found["n"] != n:
        return f"says that it is number {found['n']!r}: a line is missing, doubled or out of order"
    if found["prev"] != prev:
        return "does not follow the line before: its prev is another hash"
    types = [type(found[key]) for key in ("t_s", "utc", "kind", "data", "outside", "hash")]
    if types != [float, str, str, dict, dict, str]:
        return "has values of the wrong type"
    line = cast(Line, found)
    try:
        digest, again = _seal(
            n,
            line["t_s"],
            line["utc"],
            line["kind"],
            canonical(line["data"]),
            canonical(line["outside"]),
            prev,
        )
    except (RecordError, UnicodeEncodeError):
        return "holds a value that no journal holds"
    if digest != line["hash"]:
        return "was changed: its hash does not match"
    if again != raw:
        return "is not written as the journal writes it"
    return line


def _is_torn(fragment: bytes) -> bool:
    """True when `fragment` may be the beginning of a line. A whole object with more behind it is not."""
    text = fragment.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return text.startswith('{"n":'[: len(text)])
    return end == len(text)


class Journal:
    """The writing end. One writer at a time (the rig's lock sees to that); not for several threads.

    `durable` syncs each line to the disk before `append` returns. A write that fails is cut off again, so
    that the file always ends with a whole line; after a failed sync nothing more is accepted, because the
    system may have thrown the pages away.
    """

    __slots__ = ("_broken", "_fd", "_head", "_n", "_size", "durable", "path")

    def __init__(self, path: Path, durable: bool) -> None:
        """Create an empty journal. Raises RecordError when the file exists or cannot be made."""
        self._open(path, durable, os.O_CREAT | os.O_EXCL)
        self._n = 0
        self._head = ZERO_HASH
        self._size = 0
        if durable:
            sync_folder(path.parent)

    def _open(self, path: Path, durable: bool, flags: int) -> None:
        flags |= os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._fd = os.open(path, flags, 0o644)
        except OSError as error:
            raise RecordError(f"the journal {path} cannot be written: {error.strerror or error}") from None
        self.path = path
        self.durable = durable
        self._broken: str | None = None

    @classmethod
    def reopen(cls, path: Path, durable: bool) -> tuple[Journal, JournalRead]:
        """Continue a journal after a crash. A torn last line is cut off, nothing else is ever touched.

        The caller writes an event that says so when the second value's `torn_bytes` is not 0.
        Raises RecordError when the journal is damaged.
        """
        found = read_journal(path)
        if found.status == "damaged":
            raise RecordError(
                f"{path} cannot be continued: {found.first_bad}; keep it as it is and start a new run"
            )
        journal = cls.__new__(cls)
        journal._open(path, durable, 0)
        journal._n = found.good_to
        journal._head = found.head
        journal._size = found.good_bytes
        if found.torn_bytes:
            os.ftruncate(journal._fd, found.good_bytes)
            os.fsync(journal._fd)
        return journal, found

    @property
    def head(self) -> str:
        """Hash of the last line; 64 zeros before the first."""
        return self._head

    @property
    def count(self) -> int:
        """Number of lines."""
        return self._n

    def append(
        self,
        kind: str,
        data: Mapping[str, object],
        t_s: float,
        utc: str,
        outside: Mapping[str, object] | None = None,
    ) -> Line:
        """Write one event and return its line. `t_s` in seconds since the start, `utc` as ISO-8601 text.

        Raises RecordError when `data` cannot be recorded or the file not be written.
        """
        data_text = encode_data(data)
        outside_text = encode_data(outside) if outside else "{}"
        _, raw = self.prepare(kind, data_text, t_s, utc, outside_text)
        self.write(raw)
        if self.durable:
            self.sync()
        return cast(Line, json.loads(raw))

    def prepare(
        self, kind: str, data_text: str, t_s: float, utc: str, outside_text: str = "{}"
    ) -> tuple[str, bytes]:
        """Hash and bytes of the next line, from texts made by `encode_data`; nothing is written yet."""
        return _seal(self._n + 1, t_s, utc, kind, data_text, outside_text, self._head)

    def write(self, raw: bytes) -> None:
        """Write a line from `prepare`, without syncing. Raises RecordError."""
        if self._broken is not None:
            raise RecordError(self._broken)
        done = 0
        try:
            while done < len(raw):
                done += os.write(self._fd, raw[done:] if done else raw)
        except OSError as error:
            self._cut_back()
            raise RecordError(
                f"the journal {self.path} cannot be written: {error.strerror or error}"
            ) from None
        self._size += len(raw)
        self._n += 1
        self._head = raw[-67:-3].decode()

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            self._broken = f"the journal {self.path} ends in a torn line that could not be cut off: {error}"

    def sync(self) -> None:
        """Bring everything written to the disk. Raises RecordError, and from then on nothing is accepted."""
        if self._broken is not None:
            raise RecordError(self._broken)
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._broken = (
                f"the journal {self.path} could not be synced to the disk: {error.strerror or error}"
            )
            raise RecordError(self._broken) from None

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._broken = f"the journal {self.path} is closed"


def sync_folder(folder: Path) -> None:
    """Make a new file's name durable too. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
