"""RunRecord: what stands in the folder after what was told to it."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.records.errors import RecordError
from rig.records.journal import read_journal
from rig.records.record import Progress
from rig.records.runjson import result_line
from rig.records.tables import SampleReader
from rig.records.utc import NS_PER_S
from rig.records.verify import verify_run
from rig.records.writer import RunRecord, finish_closing

Make = Callable[..., RunRecord]


def test_opened_names_hashes_and_keeps_the_rest_outside(new_record: Make, recorder: Any) -> None:
    record = new_record()
    record.abandon()
    (line,) = read_journal(record.folder / "journal.jsonl").lines
    assert (line["kind"], line["t_s"], line["utc"]) == ("opened", 0.0, "2000-01-01T00:00:00.000Z")
    data = line["data"]
    assert data["recipe"]["sha256"] == hashlib.sha256(recorder.RECIPE).hexdigest()
    assert data["rig"] == {"name": "Bench <1>", "sha256": hashlib.sha256(recorder.RIG).hexdigest()}
    assert data["sheet"]["sha256"] == hashlib.sha256(recorder.SHEET).hexdigest()
    assert (data["format"], data["durable"], data["seed"]) == (1, False, 7)
    assert line["outside"]["run"] == recorder.RUN_ID and line["outside"]["folder"] == str(record.folder)
    assert "recipe" in recorder.OPENED and "sha256" not in recorder.OPENED["recipe"], (
        "the caller's dict is its own"
    )


def test_event_is_in_the_file_when_the_ticket_is_there(new_record: Make) -> None:
    record = new_record()
    ticket = record.event("told", {"instrument": "hv.needle", "voltage_kv": 20.0}, 1_500_000_000, {"pid": 1})
    assert ticket.done and ticket.wait(0) and ticket.failed is None
    last = read_journal(record.folder / "journal.jsonl").lines[-1]
    assert (last["n"], last["hash"]) == (ticket.n, ticket.hash) == (2, record.head)
    assert (last["t_s"], last["utc"]) == (1.5, "2000-01-01T00:00:01.500Z")
    with pytest.raises(RecordError):
        record.event("told", {"voltage_kv": float("nan")}, 2_000_000_000)
    assert record.failed is None and record.count == 2
    record.abandon()


def test_one_transaction_a_second_and_a_samples_event_a_minute(new_record: Make) -> None:
    record = new_record()
    asked: list[int] = []

    def progress_of(tenth: int) -> Progress:
        def progress() -> dict[str, object]:
            asked.append(tenth)
            return {"tenth": tenth}

        return progress

    def rows() -> int:
        with SampleReader(record.folder / "samples.sqlite") as reader:
            return reader.count()

    for tenth in range(1300):
        t_ns = tenth * NS_PER_S // 10
        if tenth % 10 == 5:
            record.sample(t_ns, {"hv.needle.voltage_kv": tenth / 10})
        record.tick(t_ns, progress_of(tenth))
        if tenth == 15:
            assert rows() == 1, "the row of 1.5 s waits for the tick of 2 s"
        if tenth == 20:
            assert rows() == 2
    assert asked == list(range(0, 1300, 10)), "progress is asked for once a second only"
    found = read_journal(record.folder / "journal.jsonl").lines
    events = [line for line in found if line["kind"] == "samples"]
    assert [(e["t_s"], e["data"]["rows"]) for e in events] == [(60.0, 60), (120.0, 120)]
    with SampleReader(record.folder / "samples.sqlite") as reader:
        mark = reader.checkpoint()
    assert mark is not None and json.loads(mark.payload or "") == {"tenth": 1290}
    assert (mark.n, mark.head) == (len(found), record.head)
    record.abandon()


def test_close_leaves_a_complete_folder(closed: Path, recorder: Any) -> None:
    assert sorted(p.name for p in closed.iterdir()) == [
        "journal.jsonl",
        "recipe.toml",
        "rig.toml",
        "run.json",
        "samples.parquet",
        "samples.sqlite",
        "sheet.toml",
    ]
    found = read_journal(closed / "journal.jsonl")
    assert [line["kind"] for line in found.lines[-2:]] == ["samples", "closed"]
    info = json.loads((closed / "run.json").read_text())
    assert info["format"] == 1 and info["head"] == found.head
    assert info["run"] == recorder.RUN_ID and info["sample"] == "S-2026-117" and info["seed"] == 7
    assert (info["outcome"], info["early"], info["reason"], info["alarms"]) == ("completed", False, None, 1)
    assert (info["started"], info["ended"]) == ("2000-01-01T00:00:00.000Z", "2000-01-01T00:02:41.000Z")
    assert info["duration_s"] == 161.0 and info["durable"] is False and info["continues"] is None
    assert info["operator"] == recorder.OUTSIDE["operator"] and info["versions"]["spinrig"] == "0.1.0"
    assert info["instruments"]["pumps.a"] == {"driver": "new-era", "says": "NE1000V3.926"}
    assert info["steps"] == recorder.outcome(130)["steps"]


def test_result_line_has_the_promised_keys(closed: Path) -> None:
    line = result_line(json.loads((closed / "run.json").read_text()))
    assert list(line) == [
        *("type", "run", "outcome", "early", "reason", "folder", "recipe", "seed", "simulated", "started"),
        *("ended", "duration_s", "head", "steps", "alarms"),
    ]
    assert line["type"] == "result" and line["folder"] == str(closed)
    assert list(line["recipe"]) == ["id", "name", "revision", "sha256"]
    assert list(line["steps"][0]) == ["id", "do", "outcome", "duration_s"]


def test_two_runs_of_one_seed_have_one_head_and_equal_tables(tmp_path: Path, recorder: Any) -> None:
    folders = [
        recorder.run(tmp_path / "a", 70),
        recorder.run(tmp_path / "b", 70, outside={"host": "another", "operator": "x"}),
    ]
    heads = {read_journal(folder / "journal.jsonl").head for folder in folders}
    tables = []
    for folder in folders:
        with SampleReader(folder / "samples.sqlite") as reader:
            tables.append((list(reader.rows()), list(reader.quality()), reader.checkpoint()))
    assert len(heads) == 1 and tables[0] == tables[1]


def test_an_operator_of_a_real_rig_stands_in_the_chain(tmp_path: Path, recorder: Any) -> None:
    opened = recorder.OPENED | {"operator": "A. Weber", "simulated": False, "continues": "older-run"}
    folder = recorder.run(tmp_path, 3, opened=opened, start_utc="2026-11-20T14:32:05Z", durable=True)
    info = json.loads((folder / "run.json").read_text())
    assert (info["operator"], info["continues"], info["durable"]) == ("A. Weber", "older-run", True)
    assert info["started"] == "2026-11-20T14:32:05.000Z"


def test_an_outcome_without_a_name_is_refused(new_record: Make) -> None:
    record = new_record()
    with pytest.raises(RecordError, match="not 'fine'"):
        record.close(NS_PER_S, {"outcome": "fine"})
    assert record.close(NS_PER_S, {"outcome": "stopped"}) is not None
    with pytest.raises(RecordError, match="is closed"):
        record.close(NS_PER_S, {"outcome": "stopped"})


def test_steps_and_alarms_come_from_events_where_the_outcome_has_none(new_record: Make) -> None:
    record = new_record()
    record.event("step", {"id": "a", "do": "spin", "phase": "started"}, 0)
    record.event("alarm", {"tag": "x"}, 1)
    record.event("step", {"id": "a", "phase": "ended", "outcome": "completed", "duration_s": 4.0}, 2)
    record.event("step", {"id": "b", "do": "wait", "phase": "started"}, 3)
    info = record.close(NS_PER_S, {"outcome": "aborted", "reason": "door open"})
    assert info is not None
    assert info["steps"] == [
        {"id": "a", "do": "spin", "outcome": "completed", "duration_s": 4.0},
        {"id": "b", "do": "wait", "outcome": None, "duration_s": None},
    ]
    assert info["alarms"] == 1 and verify_run(record.folder).status == "good"


def test_reopened_after_a_crash_a_run_can_be_closed_as_lost(new_record: Make, recorder: Any) -> None:
    record = new_record()
    recorder.course(record, 65)
    record.abandon()
    with (record.folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":99,"t_s":')
    again, torn = RunRecord.reopen(record.folder, durable=False)
    assert torn == 14
    again.event("note", {"text": "taken up again", "torn_bytes": torn}, 100 * NS_PER_S)
    again.sample(100 * NS_PER_S, {"hv.needle.voltage_kv": 0.0})
    again.tick(100 * NS_PER_S)
    info = again.close(101 * NS_PER_S, {"outcome": "lost", "reason": "controller gone"})
    assert (
        info is not None
        and info["outcome"] == "lost"
        and info["instruments"]["pumps.a"]["driver"] == "new-era"
    )
    assert info["ended"] == "2000-01-01T00:01:41.000Z", "the origin is that of the first part"
    verdict = verify_run(record.folder)
    assert verdict.status == "good", verdict.text
    with SampleReader(record.folder / "samples.sqlite") as reader:
        assert reader.last_row()["run.step"] == "co-deposit"
    with pytest.raises(RecordError, match="the run is closed"):
        RunRecord.reopen(record.folder, durable=False)


def test_death_between_the_closed_line_and_run_json_is_mended(closed: Path) -> None:
    content = (closed / "run.json").read_bytes()
    (closed / "run.json").rename(closed / "run.json.part")
    verdict = verify_run(closed)
    assert verdict.status == "open" and verdict.note is not None and "run.json" in verdict.note
    assert finish_closing(closed) is True
    assert (closed / "run.json").read_bytes() == content and not (closed / "run.json.part").exists()
    assert verify_run(closed).status == "good"
    assert finish_closing(closed) is False


def test_a_run_that_is_not_closed_cannot_be_finished(new_record: Make) -> None:
    record = new_record()
    record.abandon()
    with pytest.raises(RecordError, match="not a closed run"):
        finish_closing(record.folder)


def test_trace_goes_to_wire_jsonl_only_when_asked_for(tmp_path: Path, recorder: Any) -> None:
    line = {"t_ns": 1, "line": "hv", "direction": "sent", "hex": "01 51", "text": "\\x01Q"}
    silent = recorder.create(tmp_path / "a")
    silent.trace(line)
    silent.abandon()
    assert not (silent.folder / "wire.jsonl").exists()
    loud = recorder.create(tmp_path / "b", trace=True)
    loud.trace(line)
    loud.tick(NS_PER_S)
    text = (loud.folder / "wire.jsonl").read_text()
    assert text == '{"t_ns":1,"line":"hv","direction":"sent","hex":"01 51","text":"\\\\x01Q"}\n'
    loud.trace(line)
    loud.close(2 * NS_PER_S, {"outcome": "completed"})
    assert (loud.folder / "wire.jsonl").read_text() == text * 2


def test_a_disk_that_fills_up_is_told_and_what_was_lost_is_counted(new_record: Make) -> None:
    """The limit on file size is the nearest thing to a full disk that every test machine has."""
    record = new_record()
    size = (record.folder / "journal.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
    try:
        tickets = [record.event("note", {"i": i}, i) for i in range(3)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(ticket.done and not ticket.wait(0) for ticket in tickets)
    assert record.failed is not None and "journal" in record.failed and record.lost == 3
    assert (record.folder / "journal.jsonl").stat().st_size == size, "the torn line was cut off"
    assert record.event("note", {"i": 3}, 3).wait(0)
    kinds = [(line["kind"], line["data"]) for line in read_journal(record.folder / "journal.jsonl").lines[1:]]
    assert kinds[0][0] == "fault" and kinds[0][1]["lost"] == 3
    assert kinds[1] == ("note", {"i": 3})
    info = record.close(NS_PER_S, {"outcome": "failed", "reason": "disk full"})
    assert info is not None and info["record_failed"] == record.failed
    assert verify_run(record.folder).status == "good"


def test_a_sample_table_that_fails_does_not_stop_the_journal(new_record: Make) -> None:
    record = new_record()
    record.sample(0, {"hv.needle.voltage_kv": 1.0})
    record.tick(0)
    record._samples._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(record.folder / "samples.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    record.sample(NS_PER_S, {"hv.needle.voltage_kv": 2.0})
    record.tick(NS_PER_S)
    assert record.failed is not None and "locked" in record.failed
    assert record.event("trip", {"tag": "DISK"}, NS_PER_S).wait(0)
    assert record.close(2 * NS_PER_S, {"outcome": "failed"}) is not None
    other.execute("ROLLBACK")
    other.close()
    verdict = verify_run(record.folder)
    assert verdict.status == "good", verdict.text
    with SampleReader(record.folder / "samples.sqlite") as reader:
        assert reader.count() == 1


def test_a_durable_event_is_synced_before_it_is_acknowledged(
    new_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = new_record(durable=True)
    synced: list[int] = []
    real = os.fsync

    def spy(fd: int) -> None:
        synced.append(fd)
        real(fd)

    monkeypatch.setattr(os, "fsync", spy)
    record.event("told", {}, 0)
    assert len(synced) == 1
    record.abandon()
    slack = new_record(run_id="other")
    synced.clear()
    slack.event("told", {}, 0)
    slack.tick(NS_PER_S)
    assert synced == []
    slack.abandon()
