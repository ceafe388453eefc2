"""The record in real time: a thread of its own and a bounded queue, so that no scan ever waits for a disk.

Nothing here raises into the caller's scan. A full queue, a full disk or a value that cannot be recorded
shows in `failed`; what was lost is counted and the journal names the number as soon as it can be written
again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rig.records.errors import RecordError
from rig.records.journal import encode_data
from rig.records.record import Progress, Ticket
from rig.records.utc import NS_PER_S
from rig.records.writer import RunRecord

QUEUE_LENGTH = 10_000
"""Items that may wait: at ten scans a second some minutes of a disk that does not answer."""

_MOST_UNSYNCED = 64


class ThreadedRecord:
    """A RunRecord behind a thread. The methods are for one calling thread and return at once; `close`
    waits."""

    def __init__(self, record: RunRecord, queue_length: int = QUEUE_LENGTH) -> None:
        """Take over `record`, which nobody else may use from now on, and start the thread."""
        self._record = record
        self._queue: queue.Queue[Callable[[], None]] = queue.Queue(queue_length)
        self._waiting: list[Ticket] = []
        self._failed: str | None = None
        self._dropped = 0
        self._dropped_seen = 0
        self._second = -1
        self._stop = False
        self._info: dict[str, Any] | None = None
        self._thread = threading.Thread(target=self._work, name="record", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._record.folder

    @property
    def failed(self) -> str | None:
        """Why something is not, or will not be, in the record; None while all is well."""
        return self._failed or self._record.failed

    @property
    def lost(self) -> int:
        """Items that are not in the record."""
        return self._dropped + self._record.lost - self._dropped_seen

    def event(
        self, kind: str, data: Mapping[str, object], t_ns: int, outside: Mapping[str, object] | None = None
    ) -> Ticket:
        """Queue one event, as it is now. Before something is energised on its strength, `wait` on the
        ticket."""
        ticket = Ticket(threading.Event())
        try:
            data_text = encode_data(data)
            outside_text = encode_data(outside) if outside else "{}"
        except RecordError as error:
            self._fail(str(error))
            ticket.settle(str(error))
            return ticket

        def write() -> None:
            try:
                ticket.n, ticket.hash = self._record.put_event(
                    kind, data_text, t_ns, outside_text, sync=False
                )
            except RecordError as error:
                ticket.settle(str(error))
            else:
                self._waiting.append(ticket)

        if not self._put(write):
            ticket.settle(self.failed)
        return ticket

    def sample(self, t_ns: int, values: Mapping[str, float | str | None]) -> None:
        """Queue one row of readings, as they are now."""
        kept = dict(values)
        self._put(lambda: self._record.sample(t_ns, kept))

    def quality(self, t_ns: int, channel: str, quality: str) -> None:
        """Queue one change of quality."""
        self._put(lambda: self._record.quality(t_ns, channel, quality))

    def trace(self, line: dict[str, object]) -> None:
        """Queue one line of the trace."""
        self._put(lambda: self._record.trace(line))

    def tick(self, t_ns: int, progress: Progress | None = None) -> None:
        """Queue the transaction when a new second has begun; see RunRecord.tick."""
        second = t_ns // NS_PER_S
        if second <= self._second:
            return
        self._second = second
        try:
            payload = encode_data(progress()) if progress is not None else None
        except RecordError as error:
            self._fail(str(error))
            payload = None

        def write() -> None:
            self._settle()
            self._record.put_tick(t_ns, payload)

        self._put(write)

    def close(
        self, t_ns: int, outcome: Mapping[str, object], timeout_s: float = 60.0
    ) -> dict[str, Any] | None:
        """Write all that waits, end the record and the thread; see RunRecord.close.

        Waits at most `timeout_s`. None when the journal could not be closed; `failed` says why.
        """
        kept = dict(outcome)

        def write() -> None:
            self._stop = True
            self._settle()
            self._info = self._record.close(t_ns, kept)

        try:
            self._queue.put(write, timeout=timeout_s)
        except queue.Full:
            self._fail(f"the record could not be closed: {self._queue.qsize()} items still wait for the disk")
            return None
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._fail(f"the record was not closed within {timeout_s:g} s: the disk does not answer")
        return self._info

    def abandon(self) -> None:
        """Let go of the files as they are, what waits in the queue included, as a killed process would."""
        self._stop = True
        self._put(lambda: None)
        self._thread.join(5.0)

    def _put(self, write: Callable[[], None]) -> bool:
        try:
            self._queue.put_nowait(write)
        except queue.Full:
            self._dropped += 1
            self._fail(f"the record cannot keep up: {self._queue.maxsize} items wait for the disk")
            return False
        return True

    def _fail(self, reason: str) -> None:
        if self._failed is None:
            self._failed = reason

    def _work(self) -> None:
        while not self._stop:
            write = self._queue.get()
            dropped = self._dropped
            if dropped > self._dropped_seen:
                # The journal's next event will be preceded by one that names this number.
                self._record.fail(self._failed or "the record could not keep up")
                self._record.lost += dropped - self._dropped_seen
                self._dropped_seen = dropped
            try:
                write()
                if self._queue.empty() or len(self._waiting) >= _MOST_UNSYNCED:
                    self._settle()
            except RecordError as error:
                self._record.fail(str(error))
            except Exception as error:
                # A mistake in this package must not leave the rig with a thread that died in silence.
                self._record.fail(f"internal error of the record: {error!r}")
        self._record.abandon()
        for ticket in self._waiting:
            ticket.settle("the record was abandoned")

    def _settle(self) -> None:
        """One sync for all events that wait for it."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        reason: str | None = None
        try:
            self._record.sync()
        except RecordError as error:
            reason = str(error)
        for ticket in waiting:
            ticket.settle(reason)
