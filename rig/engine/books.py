"""The records of the runs under way, and which of them an event or a row goes into.

An event of a unit goes into the record of the run that holds the unit; what concerns no such unit (the door, the
climate, a furnace that is only cooling) goes into every open record. What happens before there is a record is kept
for the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rig.engine import periods
from rig.engine.run import Run
from rig.engine.sampling import Sampler
from rig.readings import Readings
from rig.records.record import Record, Ticket

Early = tuple[str, dict[str, Any], int]


class Book:
    """One run's record and what writes its rows."""

    __slots__ = ("due_ns", "record", "run", "sampler")

    def __init__(self, run: Run, record: Record, sampler: Sampler, now_ns: int) -> None:
        self.run = run
        self.record = record
        self.sampler = sampler
        self.due_ns = -(-now_ns // periods.SAMPLE_NS) * periods.SAMPLE_NS


class Books:
    """The open records of one rig."""

    def __init__(self) -> None:
        self.open: list[Book] = []
        self._early: list[Early] | None = []
        self._identities: dict[str, Early] = {}
        """Who answered on each line: a record that is opened later begins with it too."""

    @property
    def begun(self) -> bool:
        """Whether a record was ever opened."""
        return self._early is None

    def begin(self, run: Run, record: Record, sampler: Sampler, now_ns: int) -> Book:
        """From now on this run's events and samples go into this record."""
        book = Book(run, record, sampler, now_ns)
        first = self._early if self._early is not None else self._identities.values()
        for kind, data, t_ns in first:
            record.event(kind, data, t_ns if self._early is not None else now_ns)
        self._early = None
        self.open.append(book)
        return book

    def end(self, run: Run) -> Book | None:
        """Nothing goes into this run's record any more but its end."""
        for book in self.open:
            if book.run is run:
                self.open.remove(book)
                return book
        return None

    def write(self, kind: str, data: dict[str, Any], t_ns: int, unit: str | None) -> Ticket | None:
        """Write an event; the receipt is of the record that was written last, None while there is none yet."""
        if kind == "identity":
            self._identities[str(data["instrument"])] = (kind, data, t_ns)
        if self._early is not None:
            self._early.append((kind, data, t_ns))
            return None
        ticket = None
        for book in self._concerned(unit):
            ticket = book.record.event(kind, data, t_ns)
        return ticket

    def _concerned(self, unit: str | None) -> list[Book]:
        if unit is not None and len(self.open) > 1:
            holding = [book for book in self.open if unit in book.run.held]
            if holding:
                return holding
        return self.open

    def trace(self, line: dict[str, Any]) -> bool:
        """Write a line of the trace into every open record; False while there is none."""
        for book in self.open:
            book.record.trace(line)
        return bool(self.open)

    def sample(
        self, readings: Readings, changed: bool, progress: Callable[[Run], Mapping[str, object]]
    ) -> None:
        """A row each second into every record, and changes of quality at once."""
        now_ns = readings.now_ns
        for book in self.open:
            due = now_ns >= book.due_ns
            if due or changed:
                book.sampler.qualities(readings, book.record)
            if due:
                run = book.run
                book.record.sample(now_ns, book.sampler.row(readings, run.state.value, run.step_id))
                book.record.tick(now_ns, lambda run=run: progress(run))  # type: ignore[misc]
                book.due_ns = now_ns // periods.SAMPLE_NS * periods.SAMPLE_NS + periods.SAMPLE_NS
