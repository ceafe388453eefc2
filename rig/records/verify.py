"""Does the record hold? Chain, frozen files, sample rows, run.json and samples.parquet, each against the
journal.

What this finds: any changed byte of the journal's chain, of recipe.toml, rig.toml, sheet.toml and materials.toml, any
changed, removed or added row of the tables, any edit of run.json or of the values in samples.parquet. What
it cannot find: a change inside `outside` of a journal line, which the hash leaves out by design (what
run.json repeats of it is compared all the same); changes in wire.jsonl and report.html; the events lost with
a journal cut off at the end of a line in a run that is still open, as far as no checkpoint names them; and a
record rewritten as a whole by somebody who owns the disk, unless its head hash was written down elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.journal import JournalRead, Line, read_journal
from rig.records.runjson import derive_info, info_text
from rig.records.samples import RunningHash
from rig.records.tables import SampleReader


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` is "good" (closed and whole), "open" (not closed; all that stands there holds) or "damaged".

    `good_to` is the number of the last journal line that holds and `head` its hash; `first_bad` names the
    first line, file or table that does not hold, `note` what else a reader should know.
    """

    status: Literal["good", "open", "damaged"]
    good_to: int
    first_bad: str | None
    head: str
    note: str | None = None

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.status == "damaged":
            words = f"damaged: {self.first_bad}; journal good to line {self.good_to}"
        elif self.status == "open":
            words = f"open, good to line {self.good_to}"
        else:
            words = f"good, {self.good_to} lines"
        return f"{words}, head {self.head}" + (f" ({self.note})" if self.note else "")


class _BadError(Exception):
    """The first thing that does not hold."""


def verify_run(folder: Path) -> Verdict:
    """Verify a run folder; nothing in it is changed. Raises RecordError when there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise RecordError(f"there is no run folder {folder}")
    verdict = _verify(folder)
    for _ in range(3):
        # The files are read one after the other while a run may be going on: damage must still be there when
        # the journal has not grown in between.
        if verdict.status != "damaged" or verdict.good_to == _lines_now(folder):
            break
        verdict = _verify(folder)
    return verdict


def _lines_now(folder: Path) -> int:
    try:
        return read_journal(folder / folders.JOURNAL).good_to
    except RecordError:
        return 0


def _verify(folder: Path) -> Verdict:
    try:
        found = read_journal(folder / folders.JOURNAL)
    except RecordError as error:
        return Verdict("damaged", 0, f"{folders.JOURNAL}: {error}", "0" * 64)
    if found.status == "damaged":
        return Verdict("damaged", found.good_to, f"{folders.JOURNAL}: {found.first_bad}", found.head)
    note = "a torn last line, as a crash leaves it" if found.torn_bytes else None
    try:
        closed = _check_order(found)
        _check_frozen(folder, found.lines)
        _check_samples(folder, found, closed)
        if closed:
            waiting = _check_run_json(folder, found.lines)
            _check_parquet(folder, found.lines)
            if waiting:
                note = "closed, but run.json was not put in its place any more"
                return Verdict("open", found.good_to, None, found.head, note)
            return Verdict("good", found.good_to, None, found.head)
        if (folder / folders.RUN_JSON).exists():
            raise _BadError("run.json: stands beside a journal that is not closed")
    except _BadError as error:
        return Verdict("damaged", found.good_to, str(error), found.head)
    return Verdict("open", found.good_to, None, found.head, note)


def _check_order(found: JournalRead) -> bool:
    """`opened` first and once, `closed` last; True when the run is closed."""
    for line in found.lines:
        if (line["kind"] == "opened") != (line["n"] == 1):
            raise _BadError(
                f"{folders.JOURNAL}: line {line['n']} is {line['kind']}; opened is the first and only the first"
            )
        if line["kind"] == "closed" and (line["n"] != found.good_to or found.torn_bytes):
            raise _BadError(
                f"{folders.JOURNAL}: line {line['n'] + 1} stands behind the line that closed the run"
            )
    return bool(found.lines) and found.lines[-1]["kind"] == "closed"


def _check_frozen(folder: Path, lines: list[Line]) -> None:
    if not lines:
        return
    for key, name in (
        ("recipe", folders.RECIPE),
        ("rig", folders.RIG),
        ("sheet", folders.SHEET),
        ("materials", folders.MATERIALS),
    ):
        table = lines[0]["data"].get(key)
        path = folder / name
        if table is None:
            if path.exists():
                raise _BadError(f"{name}: the run was opened without it")
            continue
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise _BadError(f"{name}: cannot be read: {error.strerror or error}") from None
        if not isinstance(table, dict) or digest != table.get("sha256"):
            raise _BadError(f"{name}: is not the file the run was opened with, its SHA-256 is another")


def _check_samples(folder: Path, found: JournalRead, closed: bool) -> None:
    lines = found.lines
    path = folder / folders.SAMPLES
    if not lines and not path.exists():
        return  # killed while the folder was being made
    try:
        with SampleReader(path) as reader:
            _check_rows(reader, lines, closed)
            mark = reader.checkpoint()
    except (RecordError, KeyError, TypeError, ValueError) as error:
        raise _BadError(f"{folders.SAMPLES}: {error}") from None
    if mark is None:
        return
    if mark.n > len(lines):
        # A run being written may have gone on between the two readings; a journal cut short has not.
        lines = read_journal(folder / folders.JOURNAL).lines
    if mark.n > len(lines):
        raise _BadError(
            f"{folders.JOURNAL}: line {len(lines) + 1} is missing, the journal ends at line {len(lines)} "
            f"and table checkpoint names line {mark.n}"
        )
    if mark.n < 1 or lines[mark.n - 1]["hash"] != mark.head:
        raise _BadError(
            f"{folders.SAMPLES}: table checkpoint names another hash for line {mark.n} than the journal"
        )


def _check_rows(reader: SampleReader, lines: list[Line], closed: bool) -> None:
    """The rows up to each `samples` event give that event's hash; in a closed run nothing stands after the
    last, in an open one the rest gives the hash of the checkpoint."""
    running = RunningHash(reader.channels)
    rows, changes = reader.rows(), reader.quality()
    n_rows = n_changes = 0
    last: Line | None = None
    for line in lines:
        if line["kind"] != "samples":
            continue
        before = n_rows
        while n_rows < line["data"]["rows"]:
            row = next(rows, None)
            if row is None:
                raise _BadError(
                    f"table samples: has {n_rows} rows, journal line {line['n']} names {line['data']['rows']}"
                )
            running.add_row(row)
            n_rows += 1
        while n_changes < line["data"]["quality_rows"]:
            change = next(changes, None)
            if change is None:
                raise _BadError(
                    f"table quality: has {n_changes} rows, journal line {line['n']} names "
                    f"{line['data']['quality_rows']}"
                )
            running.add_quality(change)
            n_changes += 1
        if running.hexdigest() != line["data"]["hash"]:
            raise _BadError(
                f"table samples, quality or channels: rows {before + 1} to {n_rows} do not give the hash of journal "
                f"line {line['n']}"
            )
        last = line
    rest, rest_changes = list(rows), list(changes)
    mark = reader.checkpoint()
    if closed and "record_failed" not in lines[-1]["data"]:
        if last is None:
            raise _BadError(f"{folders.JOURNAL}: closed without a samples event")
        if rest or rest_changes:
            where = "samples" if rest else "quality"
            raise _BadError(
                f"table {where}: holds {len(rest or rest_changes)} rows more than journal line {last['n']} names"
            )
    for row in rest:
        running.add_row(row)
    for change in rest_changes:
        running.add_quality(change)
    if mark is None:
        if n_rows or rest or n_changes or rest_changes:
            raise _BadError("table checkpoint: is empty beside a table of samples that is not")
    elif (mark.rows, mark.quality_rows) != (n_rows + len(rest), n_changes + len(rest_changes)):
        raise _BadError(
            f"table samples: has {n_rows + len(rest)} rows and {n_changes + len(rest_changes)} of quality, "
            f"table checkpoint names {mark.rows} and {mark.quality_rows}"
        )
    elif mark.hash != running.hexdigest():
        raise _BadError(
            f"table samples, quality or channels: rows after {n_rows} do not give the checkpoint's hash"
        )


def _check_run_json(folder: Path, lines: list[Line]) -> bool:
    """True when run.json still waits under the name it was written by."""
    path = folder / folders.RUN_JSON
    waiting = not path.exists()
    if waiting:
        path = folder / (folders.RUN_JSON + ".part")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _BadError(f"{folders.RUN_JSON}: cannot be read: {error.strerror or error}") from None
    if content != info_text(derive_info(lines)):
        raise _BadError(f"{folders.RUN_JSON}: is not what the journal gives")
    return waiting


def _check_parquet(folder: Path, lines: list[Line]) -> None:
    from rig.records.parquet import compare_parquet

    path = folder / folders.PARQUET
    if lines[-1]["data"].get("parquet") is None:
        if path.exists():
            raise _BadError(f"{folders.PARQUET}: the run was closed without it")
        return
    if not path.is_file():
        raise _BadError(f"{folders.PARQUET}: is missing")
    try:
        with SampleReader(folder / folders.SAMPLES) as reader:
            different = compare_parquet(reader, path)
    except RecordError as error:
        raise _BadError(f"{folders.SAMPLES}: {error}") from None
    if different is not None:
        raise _BadError(f"{folders.PARQUET}: {different}")
