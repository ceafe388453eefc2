"""The record behind its thread: never in the scan's way, never silent about a failure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.records.errors import RecordError
from rig.records.journal import Journal, read_journal
from rig.records.tables import SampleReader
from rig.records.threaded import ThreadedRecord
from rig.records.utc import NS_PER_S
from rig.records.verify import verify_run
from rig.records.writer import RunRecord

Make = Callable[..., RunRecord]


def test_the_same_calls_give_the_same_record(tmp_path: Path, recorder: Any) -> None:
    inline = recorder.run(tmp_path / "inline", 125)
    threaded = ThreadedRecord(recorder.create(tmp_path / "threaded"))
    recorder.course(threaded, 125)
    info = threaded.close((125 + 31) * NS_PER_S, recorder.outcome(125))
    assert threaded.failed is None and info is not None
    assert info["head"] == read_journal(inline / "journal.jsonl").head
    assert verify_run(threaded.folder).status == "good"
    tables = []
    for folder in (inline, threaded.folder):
        with SampleReader(folder / "samples.sqlite") as reader:
            tables.append((list(reader.rows()), list(reader.quality())))
    assert tables[0] == tables[1]


def test_a_ticket_is_settled_once_its_line_is_on_the_disk(new_record: Make) -> None:
    record = ThreadedRecord(new_record(durable=True))
    tickets = [record.event("told", {"i": i}, i) for i in range(200)]
    assert tickets[-1].wait(20)
    lines = read_journal(record.folder / "journal.jsonl").lines
    assert all(ticket.done and lines[ticket.n - 1]["hash"] == ticket.hash for ticket in tickets)
    assert [lines[ticket.n - 1]["data"]["i"] for ticket in tickets] == list(range(200))
    record.close(NS_PER_S, {"outcome": "completed"})


def test_the_data_is_that_of_the_call(new_record: Make) -> None:
    inner = new_record()
    gate = hold(inner, "sample")
    record = ThreadedRecord(inner)
    record.sample(0, {})
    data: dict[str, object] = {"limit": [1]}
    values: dict[str, float | str | None] = {"hv.needle.voltage_kv": 1.0}
    ticket = record.event("told", data, 0)
    record.sample(NS_PER_S, values)
    data["limit"] = [2]
    values["hv.needle.voltage_kv"] = 2.0
    gate.set()
    assert ticket.wait(10)
    record.close(2 * NS_PER_S, {"outcome": "completed"})
    assert read_journal(record.folder / "journal.jsonl").lines[1]["data"] == {"limit": [1]}
    with SampleReader(record.folder / "samples.sqlite") as reader:
        assert reader.series("hv.needle.voltage_kv") == ([1.0], [1.0])


def hold(record: RunRecord, method: str) -> threading.Event:
    """Let the first call of a method wait for the event: a disk that does not answer."""
    gate = threading.Event()
    real = getattr(record, method)

    def slow(*args: Any, **more: Any) -> Any:
        gate.wait(20)
        return real(*args, **more)

    setattr(record, method, slow)
    return gate


def test_a_disk_that_does_not_answer_never_blocks_the_scan(new_record: Make) -> None:
    inner = new_record()
    gate = hold(inner, "put_event")
    record = ThreadedRecord(inner, queue_length=20)
    first = record.event("told", {"i": 0}, 0)
    assert first.wait(0.05) is False and not first.done, "nothing may be energised on this"
    tickets = [record.event("told", {"i": i}, i) for i in range(1, 60)]
    for second in range(3):
        record.sample(second * NS_PER_S, {})
        record.tick(second * NS_PER_S)
    refused = [ticket for ticket in tickets if ticket.done]
    assert len(refused) >= 30 and all(ticket.wait(0) is False for ticket in refused)
    assert record.failed is not None and "cannot keep up" in record.failed
    gate.set()
    assert first.wait(10), "what was in the queue is written when the disk comes back"
    last = record.event("note", {"text": "back"}, 4 * NS_PER_S)
    assert last.wait(10)
    info = record.close(5 * NS_PER_S, {"outcome": "failed", "reason": "record"})
    assert info is not None and "cannot keep up" in info["record_failed"]
    lines = read_journal(record.folder / "journal.jsonl").lines
    (fault,) = [line for line in lines if line["kind"] == "fault"]
    assert fault["data"]["lost"] == record.lost >= len(refused)
    written = sum(line["kind"] == "told" for line in lines)
    assert written + len(refused) == 60
    assert verify_run(record.folder).status == "good"


def test_a_writer_that_fails_shows_in_failed_and_in_the_ticket(
    new_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = new_record()

    def full(journal: Journal, raw: bytes) -> None:
        raise RecordError("the journal cannot be written: No space left on device")

    monkeypatch.setattr(Journal, "write", full)
    record = ThreadedRecord(inner)
    ticket = record.event("told", {"hv": 1}, 0)
    assert ticket.wait(10) is False
    assert ticket.failed is not None and "No space left" in ticket.failed
    assert record.failed is not None and "No space left" in record.failed
    record.sample(0, {})
    record.tick(NS_PER_S)
    assert record.close(2 * NS_PER_S, {"outcome": "failed"}) is None
    assert verify_run(record.folder).text.startswith("open, good to line 1")


def test_a_failed_sync_fails_every_ticket_that_waits_for_it(
    new_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = new_record(durable=True)

    def broken(journal: Journal) -> None:
        raise RecordError("the journal could not be synced to the disk: Input/output error")

    monkeypatch.setattr(Journal, "sync", broken)
    record = ThreadedRecord(inner)
    assert record.event("told", {}, 0).wait(10) is False
    assert record.failed is not None and "Input/output error" in record.failed
    record.abandon()


@pytest.mark.parametrize("where", ["event", "sample", "quality", "tick"])
def test_what_cannot_be_recorded_raises_nothing_into_the_scan(new_record: Make, where: str) -> None:
    record = ThreadedRecord(new_record())
    if where == "event":
        assert record.event("told", {"v": float("nan")}, 0).wait(5) is False
    elif where == "sample":
        record.sample(0, {"no.such.channel": 1.0})
    elif where == "quality":
        record.quality(0, "no.such.channel", "bad")
    else:
        record.tick(0, lambda: {"v": float("inf")})
    assert record.event("note", {}, 1).wait(10), "the thread lives on"
    assert record.failed is not None
    assert record.close(NS_PER_S, {"outcome": "failed"}) is not None


def test_a_mistake_in_the_record_itself_is_reported(
    new_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(RunRecord, "sample", bug)
    record = ThreadedRecord(new_record())
    record.sample(0, {})
    assert record.event("note", {}, 1).wait(10)
    assert record.failed is not None and "ZeroDivisionError" in record.failed
    record.abandon()


def test_close_with_a_bad_outcome_ends_the_thread_and_says_so(new_record: Make) -> None:
    record = ThreadedRecord(new_record())
    assert record.close(NS_PER_S, {"outcome": "fine"}) is None
    assert record.failed is not None and "'fine'" in record.failed
    assert not record._thread.is_alive()


def test_close_does_not_wait_for_ever(new_record: Make) -> None:
    inner = new_record()
    gate = hold(inner, "put_event")
    record = ThreadedRecord(inner)
    record.event("told", {}, 0)
    assert record.close(NS_PER_S, {"outcome": "completed"}, timeout_s=0.1) is None
    assert record.failed is not None and "does not answer" in record.failed
    gate.set()
    record._thread.join(10)
    assert not record._thread.is_alive()


def test_abandoned_the_folder_is_that_of_a_killed_process(new_record: Make) -> None:
    record = ThreadedRecord(new_record())
    assert record.event("note", {}, 1).wait(10)
    record.sample(0, {"hv.needle.voltage_kv": 1.0})
    record.abandon()
    assert verify_run(record.folder).text.startswith("open, good to line 2")
