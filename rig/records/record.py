"""What the engine sees of a record, inline or behind a thread: `Record`, and `Ticket`, the receipt of an event.

An event's data is free, but for the keys that run.json and the report read:

- opened: recipe {id, name, revision}, rig {name}, sheet {sample}, seed, simulated, and where they apply operator,
  continues, from_step, carried (answers of an earlier run); in its `outside`: operator of a simulation and what it
  continues, versions, host (run and folder are added);
- identity: instrument, and whatever it said of itself;
- step: id, do, phase ("started", "ended"), and with the end outcome, duration_s;
- alarm, trip, question, answer, proof, command, refused, fault, note: `text` (or `say`) is the sentence for people,
  everything else is shown behind it in brackets;
- samples (written here): rows, quality_rows, hash;
- closed (written by `close`): outcome, early, reason, steps, alarms, and from here parquet, record_failed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[], Mapping[str, object]]


class Ticket:
    """The receipt of one event. `n` and `hash` name its line once it is settled."""

    __slots__ = ("_settled", "failed", "hash", "n")

    def __init__(self, settled: threading.Event | None = None) -> None:
        self._settled = settled
        self.n = 0
        self.hash = ""
        self.failed: str | None = None
        """Why the event is not in the journal, or None."""

    @property
    def done(self) -> bool:
        """True once the event is where it will stay, or has failed."""
        return self._settled is None or self._settled.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the event is safe: on the disk in a durable record, else handed to the system.

        False when it failed or the time ran out: then nothing may be energised on its strength.
        """
        if self._settled is not None and not self._settled.wait(timeout_s):
            return False
        return self.failed is None

    def settle(self, failed: str | None = None) -> None:
        """Used by the record: the event is safe, or is lost for the reason given."""
        self.failed = failed
        if self._settled is not None:
            self._settled.set()


class Record(Protocol):
    """What the engine sees: RunRecord inline, ThreadedRecord in real time."""

    @property
    def folder(self) -> Path: ...
    @property
    def failed(self) -> str | None: ...
    def event(
        self, kind: str, data: Mapping[str, object], t_ns: int, outside: Mapping[str, object] | None = None
    ) -> Ticket: ...
    def sample(self, t_ns: int, values: Mapping[str, float | str | None]) -> None: ...
    def quality(self, t_ns: int, channel: str, quality: str) -> None: ...
    def trace(self, line: dict[str, object]) -> None: ...
    def tick(self, t_ns: int, progress: Progress | None = None) -> None: ...
    def close(self, t_ns: int, outcome: Mapping[str, object]) -> dict[str, Any] | None: ...
    def abandon(self) -> None: ...
