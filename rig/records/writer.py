"""`RunRecord`: what the engine writes a run into.

Times come in as integer nanoseconds since the run's start. In virtual time it is used inline; in real time
behind `rig.records.threaded.ThreadedRecord`, which has the same methods, so that no scan ever waits for a
disk.

Two kinds of trouble are kept apart. What cannot be recorded at all (NaN, an unknown channel) is a mistake of
the caller and raises RecordError. A disk that fails is an event in the world: nothing is raised, `failed`
says what happened, what was lost is counted, and the journal names the number once it can be written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.journal import Journal, Line, encode_data, read_journal, sync_folder
from rig.records.record import Progress, Ticket
from rig.records.runjson import KINDS_USED, derive_info, info_text
from rig.records.samples import Channel, Checkpoint, Samples
from rig.records.utc import NS_PER_S, UtcFormatter, seconds

OUTCOMES = frozenset({"completed", "stopped", "aborted", "failed", "lost"})
"""The names by which a run may end."""

SAMPLES_EVENT_S = 60
"""A `samples` event is due each minute."""


class RunRecord:
    """One run's record, written inline. Made by `create` or, after a crash, by `reopen`."""

    def __init__(
        self, folder: Path, journal: Journal, samples: Samples, wire: folders.WireLog | None, origin: str
    ) -> None:
        self.folder = folder
        self.failed: str | None = None
        """Why something could not be written, the first reason; None while all is well."""
        self.lost = 0
        """Events, rows and changes of quality that are not in the record because a write failed."""
        self._lost_told = 0
        self._journal = journal
        self._samples = samples
        self._wire = wire
        self._utc = UtcFormatter(origin)
        self._kept: list[Line] = []
        self._second = -1
        self._minute = 0
        self._done = False

    @classmethod
    def create(
        cls,
        runs_dir: Path,
        run_id: str,
        recipe_bytes: bytes,
        rig_bytes: bytes,
        sheet_bytes: bytes | None,
        opened: Mapping[str, object],
        outside: Mapping[str, object],
        channels: Sequence[Channel],
        durable: bool,
        trace: bool,
        start_utc: str,
        *,
        materials_bytes: bytes | None = None,
        free_bytes: folders.FreeBytes = folders.free_bytes,
        need_bytes: int = folders.MIN_FREE_BYTES,
    ) -> RunRecord:
        """Make the run folder and write the `opened` line at t = 0.

        `opened` is completed by `format`, `durable` and the SHA-256 of recipe, rig file, sheet and materials (their
        tables are made where they are missing; a hash that is given must be right), `outside` by `run` and
        `folder`. `start_utc` is the run's origin, ISO-8601 with Z; `rig.records.utc.SIMULATED_ORIGIN` in
        simulation.

        Raises RecordError, and leaves nothing behind, when the folder cannot be made or the disk is too
        small.
        """
        frozen = {folders.RECIPE: recipe_bytes, folders.RIG: rig_bytes}
        if sheet_bytes is not None:
            frozen[folders.SHEET] = sheet_bytes
        if materials_bytes is not None:
            frozen[folders.MATERIALS] = materials_bytes
        data = _with_hashes(opened, recipe_bytes, rig_bytes, sheet_bytes, materials_bytes)
        data["durable"] = durable
        data.setdefault("format", 1)
        UtcFormatter(start_utc)
        runs_dir = Path(runs_dir).absolute()
        existed = runs_dir.exists()
        folder = folders.create_folder(runs_dir, run_id, frozen, durable, free_bytes, need_bytes)
        record: RunRecord | None = None
        try:
            journal = Journal(folder / folders.JOURNAL, durable)
            try:
                samples = Samples(folder / folders.SAMPLES, channels, durable)
                wire = folders.WireLog(folder / folders.WIRE) if trace else None
            except RecordError:
                journal.close()
                raise
            record = cls(folder, journal, samples, wire, start_utc)
            record.put_event(
                "opened", encode_data(data), 0, encode_data({**outside, "run": run_id, "folder": str(folder)})
            )
        except RecordError:
            if record is not None:
                record.abandon()
            shutil.rmtree(folder, ignore_errors=True)
            if not existed:
                folders.remove_made([runs_dir])
            raise
        return record

    @classmethod
    def reopen(cls, folder: Path, durable: bool, trace: bool = False) -> tuple[RunRecord, int]:
        """Continue the record of a run whose controller went away, on the same clock and origin.

        The second value is the number of bytes of a torn last line that were cut off: when it is not 0,
        write an event that says so. Raises RecordError when the run is closed, damaged, or never began.
        """
        folder = Path(folder).absolute()
        journal, found = Journal.reopen(folder / folders.JOURNAL, durable)
        try:
            if not found.lines or found.lines[0]["kind"] != "opened":
                raise RecordError(f"{folder} cannot be continued: its journal does not begin with a run")
            if found.lines[-1]["kind"] == "closed":
                raise RecordError(f"{folder} cannot be continued: the run is closed")
            samples = Samples.reopen(folder / folders.SAMPLES, durable)
            wire = folders.WireLog(folder / folders.WIRE) if trace else None
        except RecordError:
            journal.close()
            raise
        record = cls(folder, journal, samples, wire, found.lines[0]["utc"])
        record._kept = [line for line in found.lines if line["kind"] in KINDS_USED]
        return record, found.torn_bytes

    @property
    def head(self) -> str:
        """Hash of the journal's last line."""
        return self._journal.head

    @property
    def count(self) -> int:
        """Number of the journal's last line."""
        return self._journal.count

    @property
    def durable(self) -> bool:
        """True when each event is synced to the disk."""
        return self._journal.durable

    def event(
        self, kind: str, data: Mapping[str, object], t_ns: int, outside: Mapping[str, object] | None = None
    ) -> Ticket:
        """Write one event; the ticket is settled on return. Raises RecordError for what cannot be
        recorded."""
        ticket = Ticket()
        data_text = encode_data(data)
        outside_text = encode_data(outside) if outside else "{}"
        try:
            ticket.n, ticket.hash = self.put_event(kind, data_text, t_ns, outside_text)
        except RecordError as error:
            ticket.failed = str(error)
        return ticket

    def put_event(
        self, kind: str, data_text: str, t_ns: int, outside_text: str = "{}", sync: bool = True
    ) -> tuple[int, str]:
        """Write one event from texts made by `encode_data`; number and hash of its line.

        Raises RecordError when it cannot be written; `failed` and `lost` say so, too.
        """
        journal = self._journal
        try:
            if self.lost > self._lost_told:
                self._tell_loss(t_ns)
            digest, raw = journal.prepare(kind, data_text, seconds(t_ns), self._utc(t_ns), outside_text)
            journal.write(raw)
            if sync and journal.durable:
                journal.sync()
        except RecordError as error:
            self.lost += 1
            self.fail(str(error))
            raise
        if kind in KINDS_USED:
            self._keep(raw)
        return journal.count, digest

    def _tell_loss(self, t_ns: int) -> None:
        data = {"on": "record", "kind": "lost", "lost": self.lost - self._lost_told, "reason": self.failed}
        _, raw = self._journal.prepare("fault", encode_data(data), seconds(t_ns), self._utc(t_ns))
        self._journal.write(raw)
        self._lost_told = self.lost

    def _keep(self, raw: bytes) -> None:
        self._kept.append(json.loads(raw))

    def fail(self, reason: str) -> None:
        """Note the first reason why something could not be written."""
        if self.failed is None:
            self.failed = reason

    def sync(self) -> None:
        """Bring the journal to the disk, where the record is durable. Raises RecordError."""
        if self._journal.durable:
            try:
                self._journal.sync()
            except RecordError as error:
                self.fail(str(error))
                raise

    def sample(self, t_ns: int, values: Mapping[str, float | str | None]) -> None:
        """Take one row of readings, by channel. A channel without a reading since the last row is missing or
        None.

        Raises RecordError for an unknown channel, a value of the wrong type, NaN or infinity.
        """
        self._samples.add_row(seconds(t_ns), self._utc(t_ns), values)

    def quality(self, t_ns: int, channel: str, quality: str) -> None:
        """Take one change of quality. Raises RecordError for an unknown channel."""
        self._samples.add_quality(seconds(t_ns), channel, quality)

    def trace(self, line: dict[str, object]) -> None:
        """Add a line to wire.jsonl; nothing happens in a run without --trace."""
        if self._wire is not None:
            try:
                self._wire.write(line)
            except RecordError as error:
                self.fail(str(error))

    def tick(self, t_ns: int, progress: Progress | None = None) -> None:
        """Call in each scan, after its sample: makes the transaction when a new second has begun, and each
        minute the `samples` event. `progress` is asked, only then, for what the engine needs to be taken up
        again."""
        second = t_ns // NS_PER_S
        if second > self._second:
            self.put_tick(t_ns, encode_data(progress()) if progress is not None else None)

    def put_tick(self, t_ns: int, payload: str | None) -> None:
        """The transaction of the second that holds `t_ns`, and the `samples` event if it is due."""
        self._second = t_ns // NS_PER_S
        try:
            self._commit(payload)
            minute = self._second // SAMPLES_EVENT_S
            if minute > self._minute:
                self._minute = minute
                self._put_samples(t_ns)
        except RecordError as error:
            self.fail(str(error))

    def _commit(self, payload: str | None) -> None:
        if self._wire is not None:
            self._wire.flush()
        # The checkpoint names a line of the journal: that line must be on the disk before the checkpoint is.
        self.sync()
        self._samples.commit(Checkpoint(self._journal.count, self._journal.head, payload))

    def _put_samples(self, t_ns: int) -> None:
        samples = self._samples
        data = {"rows": samples.rows, "quality_rows": samples.quality_rows, "hash": samples.running_hash}
        self.put_event("samples", encode_data(data), t_ns)

    def close(self, t_ns: int, outcome: Mapping[str, object]) -> dict[str, Any] | None:
        """End the record: last rows and `samples` event, `closed` event, run.json and samples.parquet.

        `outcome` holds `outcome` (a name of OUTCOMES), `early`, `reason`, `steps` and `alarms`. Returns the
        content of run.json, or None when the journal could not be closed (`failed` says why). Raises
        RecordError for an outcome that has no such name, or a record that is closed.
        """
        if outcome.get("outcome") not in OUTCOMES:
            raise RecordError(f"a run ends {', '.join(sorted(OUTCOMES))}, not {outcome.get('outcome')!r}")
        if self._done:
            raise RecordError(f"the record {self.folder} is closed")
        encode_data(outcome)
        data = dict(outcome)
        try:
            self._commit(None)
            self._put_samples(t_ns)
            self._samples.close()
        except RecordError as error:
            self.fail(str(error))
        if self.failed is not None:
            data["record_failed"] = self.failed
        data["parquet"] = self._put_parquet(t_ns)
        info: dict[str, Any] | None = None
        try:
            info = self._put_closed(t_ns, encode_data(data))
        except (RecordError, OSError) as error:
            self.fail(str(error))
        self.abandon()
        return info

    def _put_parquet(self, t_ns: int) -> str | None:
        from rig.records.parquet import write_parquet
        from rig.records.tables import SampleReader

        try:
            with SampleReader(self.folder / folders.SAMPLES) as reader:
                write_parquet(reader, self.folder / folders.PARQUET)
        except (RecordError, ImportError) as error:
            note = f"samples.parquet was not written: {error}"
            self.fail(note)
            with contextlib.suppress(RecordError):
                self.put_event("note", encode_data({"text": note}), t_ns)
            return None
        return folders.PARQUET

    def _put_closed(self, t_ns: int, data_text: str) -> dict[str, Any]:
        """run.json is written under another name before the `closed` line and gets its own after it: at every
        moment the folder tells which of the two steps was the last."""
        if self.lost > self._lost_told:
            self._tell_loss(t_ns)
        _, raw = self._journal.prepare("closed", data_text, seconds(t_ns), self._utc(t_ns))
        self._keep(raw)
        info = derive_info(self._kept)
        part = self.folder / (folders.RUN_JSON + ".part")
        folders.write_whole(part, info_text(info), True)
        self._journal.write(raw)
        self._journal.sync()
        part.replace(self.folder / folders.RUN_JSON)
        sync_folder(self.folder)
        return info

    def abandon(self) -> None:
        """Let go of all files as they are, as a killed process would. Harmless when it is closed."""
        self._done = True
        self._samples.abandon()
        self._journal.close()
        if self._wire is not None:
            with contextlib.suppress(RecordError):
                self._wire.close()


def finish_closing(folder: Path) -> bool:
    """Put run.json in place in a run whose controller died between its `closed` line and that last step.

    True when there was something to do. Raises RecordError when the journal is not good and closed.
    """
    folder = Path(folder)
    found = read_journal(folder / folders.JOURNAL)
    if found.status != "good" or not found.lines or found.lines[-1]["kind"] != "closed":
        raise RecordError(f"{folder} is not a closed run with a good journal")
    if (folder / folders.RUN_JSON).exists():
        return False
    part = folder / (folders.RUN_JSON + ".part")
    folders.write_whole(part, info_text(derive_info(found.lines)), True)
    part.replace(folder / folders.RUN_JSON)
    return True


def _with_hashes(
    opened: Mapping[str, object], recipe: bytes, rig: bytes, sheet: bytes | None, materials: bytes | None
) -> dict[str, object]:
    data = dict(opened)
    files = [("recipe", recipe), ("rig", rig), ("sheet", sheet)]
    if materials is not None or "materials" in data:  # only a run with a lab's own speaks of them
        files.append(("materials", materials))
    for key, content in files:
        given = data.get(key)
        if content is None:
            if given is not None:
                raise RecordError(f"the opened event describes a {key}, but there is none to freeze")
            data[key] = None
            continue
        table = dict(given) if isinstance(given, Mapping) else {}
        digest = hashlib.sha256(content).hexdigest()
        if table.setdefault("sha256", digest) != digest:
            raise RecordError(f"the {key}'s SHA-256 in the opened event is not that of the bytes to freeze")
        data[key] = table
    return data
