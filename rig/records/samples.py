"""The sample table: one row a second, one column a channel, in `samples.sqlite`.

Rows wait in memory and go to the file in one transaction a second (`Samples.commit`), together with a
checkpoint that names the journal's number and head hash at that moment, so that journal and table can be
held against each other after a crash. A cell is NULL unless a reading was taken since the last row; the
table `quality` holds each change of quality. Text channels (`run.state`, `run.step`, `jet.*.mode`) are
written in every row.

The running hash goes into the journal each minute and at close. It is the SHA-256, in hex, of the two
digests (32 bytes each) of rows and quality: the first over the channel list and then every row of `samples`,
the second over every row of `quality`, each as one canonical JSON array (see `rig.records.journal`) and a
newline.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.records.errors import RecordError
from rig.records.journal import canonical

TEXT = "text"
"""The quantity of a channel whose values are words."""

_BUSY_MS = 2000


@dataclass(frozen=True, slots=True)
class Channel:
    """One column: `name` as in "pumps.a.rate_ml_h", `unit` as people write it ("ml/h", "" for none), the
    `instrument` it comes from ("pumps.a"), and the `quantity` ("flow rate"; "text" for a channel of
    words)."""

    name: str
    unit: str
    instrument: str
    quantity: str

    @property
    def is_text(self) -> bool:
        """True for a channel of words."""
        return self.quantity == TEXT


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the journal stood when the rows were committed: line number, head hash, and the engine's
    progress as canonical JSON text (None leaves the last one standing)."""

    n: int
    head: str
    payload: str | None = None


def quoted(name: str) -> str:
    """A channel's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class RunningHash:
    """The running hash of rows and quality, the same on every platform."""

    __slots__ = ("_quality", "_rows")

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._rows = hashlib.sha256()
        self._quality = hashlib.sha256()
        listed = [[c.name, c.unit, c.instrument, c.quantity] for c in channels]
        self._rows.update(canonical(listed).encode() + b"\n")

    def add_row(self, row: Sequence[float | str | None]) -> None:
        """Take in one row: t_s, utc and the cells in column order."""
        self._rows.update(canonical(row).encode() + b"\n")

    def add_quality(self, row: Sequence[float | str]) -> None:
        """Take in one change of quality: t_s, channel, quality."""
        self._quality.update(canonical(row).encode() + b"\n")

    def hexdigest(self) -> str:
        """The hash of everything so far."""
        return hashlib.sha256(self._rows.digest() + self._quality.digest()).hexdigest()


def check_channels(channels: Sequence[Channel]) -> None:
    """Raise RecordError where names cannot be columns of one table (SQLite takes A and a for the same)."""
    seen = {"t_s": "t_s", "utc": "utc", "rowid": "rowid"}
    for channel in channels:
        name = channel.name
        if not name or not name.isprintable() or any(mark in name for mark in "\"'[]`"):
            raise RecordError(
                f"{name!r} cannot name a channel: use letters, digits, dots, dashes and underscores"
            )
        if name.lower() in seen:
            raise RecordError(f'channel "{name}" stands beside "{seen[name.lower()]}": two columns, one name')
        seen[name.lower()] = name


class Samples:
    """The writing end of `samples.sqlite`. One writer at a time; not for several threads at once."""

    def __init__(self, path: Path, channels: Sequence[Channel], durable: bool) -> None:
        """Make the file and its tables. Raises RecordError when it exists or cannot be made."""
        check_channels(channels)
        if path.exists():
            raise RecordError(f"{path} exists already; a sample table is never written over")
        self._set_up(path, channels)
        columns = ", ".join(f"{quoted(c.name)} {'TEXT' if c.is_text else 'REAL'}" for c in channels)
        comma = ", " if columns else ""
        try:
            self._connect(durable)
            self._db.execute("BEGIN")
            self._db.execute(f"CREATE TABLE samples (t_s REAL NOT NULL, utc TEXT NOT NULL{comma}{columns})")
            self._db.execute(
                "CREATE TABLE channels (name TEXT NOT NULL, unit TEXT NOT NULL, instrument TEXT NOT NULL, "
                "quantity TEXT NOT NULL)"
            )
            self._db.execute(
                "CREATE TABLE quality (t_s REAL NOT NULL, channel TEXT NOT NULL, quality TEXT NOT NULL)"
            )
            self._db.execute(
                "CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER NOT NULL, "
                "head TEXT NOT NULL, rows INTEGER NOT NULL, quality_rows INTEGER NOT NULL, hash TEXT NOT NULL, "
                "payload TEXT)"
            )
            self._db.executemany(
                "INSERT INTO channels VALUES (?, ?, ?, ?)",
                [(c.name, c.unit, c.instrument, c.quantity) for c in channels],
            )
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self.abandon()
            raise RecordError(f"the sample table {path} cannot be made: {error}") from None

    def _set_up(self, path: Path, channels: Sequence[Channel]) -> None:
        self.path = path
        self.channels = tuple(channels)
        self._known = frozenset(c.name for c in channels)
        self._reals = tuple(c.name for c in channels if not c.is_text)
        # Text cells are put in from left to right, each at its place in the finished row.
        self._texts = tuple((i + 2, c.name) for i, c in enumerate(channels) if c.is_text)
        self._last_text: dict[str, str | None] = {name: None for _, name in self._texts}
        self._insert = f"INSERT INTO samples VALUES ({', '.join('?' * (len(channels) + 2))})"
        self._hash = RunningHash(channels)
        self._pending: list[list[float | str | None]] = []
        self._pending_quality: list[list[float | str]] = []
        self.rows = 0
        self.quality_rows = 0
        self._closed = False

    def _connect(self, durable: bool) -> None:
        # The record's thread is not the one that made the folder, hence check_same_thread; one of them uses
        # it.
        self._db = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")

    @classmethod
    def reopen(cls, path: Path, durable: bool) -> Samples:
        """Continue a table after a crash, with counts, hash and text cells as they stood.

        Raises RecordError when the file cannot be read or does not agree with its own checkpoint.
        """
        from rig.records.tables import SampleReader

        samples = cls.__new__(cls)
        with SampleReader(path) as reader:
            samples._set_up(path, reader.channels)
            for row in reader.rows():
                samples._hash.add_row(row)
                samples.rows += 1
                for place, name in samples._texts:
                    cell = row[place]
                    samples._last_text[name] = cell if isinstance(cell, str) else None
            for change in reader.quality():
                samples._hash.add_quality(change)
                samples.quality_rows += 1
            mark = reader.checkpoint()
        if mark is not None and mark.hash != samples.running_hash:
            raise RecordError(
                f"{path} cannot be continued: its rows do not give the hash of its own checkpoint"
            )
        try:
            samples._connect(durable)
        except sqlite3.Error as error:
            raise RecordError(f"the sample table {path} cannot be written: {error}") from None
        return samples

    @property
    def running_hash(self) -> str:
        """Hash over every row and every change of quality taken so far."""
        return self._hash.hexdigest()

    def add_row(self, t_s: float, utc: str, values: Mapping[str, float | str | None]) -> None:
        """Take one row. A channel that is missing or None is NULL; a text channel that is missing keeps its
        word, one that is None becomes NULL.

        Raises RecordError for an unknown channel, a word in a number's column, NaN or infinity.
        """
        if not values.keys() <= self._known:
            unknown = ", ".join(sorted(values.keys() - self._known))
            raise RecordError(f"no such channel in this run's table: {unknown}")
        get = values.get
        row: list[float | str | None]
        try:
            # + 0.0 makes a float of 0, 1 and True, and 0.0 of -0.0, which SQLite does not keep.
            row = [t_s + 0.0, utc, *[None if (v := get(name)) is None else v + 0.0 for name in self._reals]]  # type: ignore[operator]
        except TypeError:
            bad = next(name for name in self._reals if isinstance(get(name), str))
            raise RecordError(f'channel "{bad}" takes numbers, not {get(bad)!r}') from None
        for place, name in self._texts:
            if name in values:
                word = values[name]
                if word is not None and not isinstance(word, str):
                    raise RecordError(f'channel "{name}" takes words, not {word!r}')
                self._last_text[name] = word
            row.insert(place, self._last_text[name])
        self._hash.add_row(row)
        self._pending.append(row)
        self.rows += 1

    def add_quality(self, t_s: float, channel: str, quality: str) -> None:
        """Take one change of quality ("good", "stale", "bad" ...). Raises RecordError for an unknown
        channel."""
        if channel not in self._known:
            raise RecordError(f"no such channel in this run's table: {channel}")
        row: list[float | str] = [t_s + 0.0, channel, quality]
        self._hash.add_quality(row)
        self._pending_quality.append(row)
        self.quality_rows += 1

    def commit(self, checkpoint: Checkpoint | None = None) -> None:
        """Write all that waits, and the checkpoint, in one transaction.

        Raises RecordError when it cannot be written; the rows go on waiting for the next attempt.
        """
        if self._closed:
            raise RecordError(f"the sample table {self.path} is closed")
        if checkpoint is None and not self._pending and not self._pending_quality:
            return
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            if self._pending:
                db.executemany(self._insert, self._pending)
            if self._pending_quality:
                db.executemany("INSERT INTO quality VALUES (?, ?, ?)", self._pending_quality)
            if checkpoint is not None:
                db.execute(
                    "INSERT INTO checkpoint VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                    "n = excluded.n, head = excluded.head, rows = excluded.rows, "
                    "quality_rows = excluded.quality_rows, hash = excluded.hash, "
                    "payload = coalesce(excluded.payload, payload)",
                    (
                        checkpoint.n,
                        checkpoint.head,
                        self.rows,
                        self.quality_rows,
                        self.running_hash,
                        checkpoint.payload,
                    ),
                )
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise RecordError(f"the sample table {self.path} cannot be written: {error}") from None
        self._pending.clear()
        self._pending_quality.clear()

    def close(self) -> None:
        """Fold the write-ahead log in, sync, and leave one plain file. Harmless when it is closed.

        A reader who has the file open keeps the log alive; the table is complete and readable all the same.
        Raises RecordError when rows that wait cannot be written.
        """
        if self._closed:
            return
        try:
            self.commit()
            self._db.execute("PRAGMA synchronous = FULL")
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise RecordError(f"the sample table {self.path} cannot be closed: {error}") from None
        except sqlite3.Error as error:
            raise RecordError(f"the sample table {self.path} cannot be closed: {error}") from None
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        self._closed = True
        db: sqlite3.Connection | None = getattr(self, "_db", None)
        if db is not None:
            db.close()
