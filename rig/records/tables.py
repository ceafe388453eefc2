"""Reading `samples.sqlite`, of a closed run or of one that is being written this moment, without changing
it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rig.records.errors import RecordError
from rig.records.samples import Channel, quoted

Row = tuple[float | str | None, ...]

_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """The checkpoint as it stands in the file; see `rig.records.samples.Checkpoint`."""

    n: int
    head: str
    rows: int
    quality_rows: int
    hash: str
    payload: str | None


class SampleReader:
    """One consistent view of the tables: what was committed when the reader was opened, and nothing later.

    Every method raises RecordError when the file is no sample table any more.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise RecordError(f"{path} is missing")
        uri = path.resolve().as_uri() + "?mode=ro"
        if not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
            # In a folder that cannot be written SQLite may not make its lock files; nobody writes there
            # either.
            uri += "&immutable=1"
        self.path = path
        try:
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)
        except sqlite3.Error as error:
            raise RecordError(f"{path} cannot be read: {error}") from None
        try:
            self._db.execute("BEGIN")
            self.channels = tuple(
                Channel(*row)
                for row in self._all("SELECT name, unit, instrument, quantity FROM channels ORDER BY rowid")
            )
            columns = [row[1] for row in self._all("PRAGMA table_info(samples)")]
            if columns != ["t_s", "utc", *(c.name for c in self.channels)]:
                raise RecordError(f"{path}: the columns of table samples are not those of table channels")
        except RecordError:
            self._db.close()
            raise

    def __enter__(self) -> SampleReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _iter(self, sql: str) -> Iterator[tuple[Any, ...]]:
        try:
            cursor = self._db.execute(sql)
            while batch := cursor.fetchmany(_BATCH):
                yield from batch
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise RecordError(f"{self.path} cannot be read: {error}") from None

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self._iter(sql))

    def count(self) -> int:
        """Number of rows."""
        return int(self._all("SELECT count(*) FROM samples")[0][0])

    def rows(self) -> Iterator[Row]:
        """Every row in the order it was written: t_s, utc, cells."""
        return self._iter("SELECT * FROM samples ORDER BY rowid")

    def batches(self) -> Iterator[Sequence[Row]]:
        """The rows in portions of some ten thousand."""
        batch: list[Row] = []
        for row in self.rows():
            batch.append(row)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def quality(self) -> Iterator[tuple[float, str, str]]:
        """Every change of quality in the order it was written: t_s, channel, quality."""
        return self._iter("SELECT t_s, channel, quality FROM quality ORDER BY rowid")

    def checkpoint(self) -> StoredCheckpoint | None:
        """The checkpoint, or None before the first."""
        found = self._all("SELECT n, head, rows, quality_rows, hash, payload FROM checkpoint")
        return StoredCheckpoint(*found[0]) if found else None

    def series(self, channel: str) -> tuple[list[float], list[float]]:
        """Times in seconds and values of one channel of numbers, rows without a reading left out."""
        column = quoted(channel)
        found = self._all(f"SELECT t_s, {column} FROM samples WHERE {column} IS NOT NULL ORDER BY rowid")
        return [t for t, _ in found], [v for _, v in found]

    def last_row(self) -> dict[str, float | str | None]:
        """The newest row by column name, t_s and utc included; empty before the first."""
        found = self._all("SELECT * FROM samples ORDER BY rowid DESC LIMIT 1")
        names = ("t_s", "utc", *(c.name for c in self.channels))
        return dict(zip(names, found[0], strict=True)) if found else {}
