"""verify_run: everything that does not hold is found and named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.records import verify_run
from rig.records.errors import RecordError
from rig.records.journal import Journal, read_journal
from rig.records.utc import NS_PER_S
from rig.records.writer import RunRecord

Make = Callable[..., RunRecord]


def sql(folder: Path, *statements: str) -> None:
    db = sqlite3.connect(folder / "samples.sqlite", isolation_level=None)
    for statement in statements:
        assert db.execute(statement).rowcount != 0
    db.close()


def bad(folder: Path) -> str:
    verdict = verify_run(folder)
    assert verdict.status == "damaged", verdict.text
    assert verdict.first_bad is not None and verdict.text.startswith("damaged: ")
    return verdict.first_bad


def test_a_good_run(closed: Path) -> None:
    before = {path.name: path.read_bytes() for path in closed.iterdir()}
    verdict = verify_run(closed)
    found = read_journal(closed / "journal.jsonl")
    assert (verdict.status, verdict.first_bad) == ("good", None)
    assert (verdict.good_to, verdict.head) == (found.good_to, found.head)
    assert verdict.text == f"good, {found.good_to} lines, head {found.head}"
    assert {path.name: path.read_bytes() for path in closed.iterdir()} == before, "verifying changes nothing"


def test_an_open_run_is_open_while_it_is_written(new_record: Make) -> None:
    record = new_record()
    for second in range(150):
        record.sample(second * NS_PER_S, {"hv.needle.voltage_kv": float(second)})
        record.tick(second * NS_PER_S)
        if second % 10 == 0:
            verdict = verify_run(record.folder)
            assert (verdict.status, verdict.good_to) == ("open", record.count), verdict.text
            assert verdict.text == f"open, good to line {record.count}, head {record.head}"
    record.abandon()


def test_flipped_bytes_of_the_journal(closed: Path) -> None:
    path = closed / "journal.jsonl"
    raw = path.read_bytes()
    starts = [0, *(i + 1 for i, byte in enumerate(raw) if byte == 10)]
    chance = random.Random(3)
    outside = range(raw.index(b'"outside"'), raw.index(b'"prev"'))
    for at in chance.sample(range(len(raw)), 60):
        if at in outside:
            continue
        line = sum(start <= at for start in starts)
        path.write_bytes(raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :])
        assert bad(closed).startswith(f"journal.jsonl: line {line} "), at


@pytest.mark.parametrize("name", ["recipe.toml", "rig.toml", "sheet.toml"])
def test_flipped_bytes_of_frozen_files(closed: Path, name: str) -> None:
    path = closed / name
    raw = path.read_bytes()
    for at in range(0, len(raw), max(1, len(raw) // 20)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert bad(closed).startswith(f"{name}: ")
    path.unlink()
    assert bad(closed).startswith(f"{name}: cannot be read")


def test_flipped_bytes_of_the_labs_materials(tmp_path: Path, recorder: Any) -> None:
    folder = recorder.run(tmp_path, 3, materials_bytes=b"format = 1\n")
    assert verify_run(folder).status == "good"
    (folder / "materials.toml").write_bytes(b"format = 2\n")
    assert bad(folder).startswith("materials.toml: is not the file")
    (folder / "materials.toml").unlink()
    assert bad(folder).startswith("materials.toml: cannot be read")
    (other := recorder.run(tmp_path / "other", 3) / "materials.toml").write_bytes(b"")
    assert bad(other.parent).startswith("materials.toml: the run was opened without it")


def test_a_sheet_put_beside_a_run_that_had_none(tmp_path: Path, recorder: Any) -> None:
    opened = {k: v for k, v in recorder.OPENED.items() if k != "sheet"}
    folder = recorder.run(tmp_path, 3, sheet_bytes=None, opened=opened)
    assert verify_run(folder).status == "good"
    (folder / "sheet.toml").write_bytes(b"")
    assert "sheet.toml" in bad(folder)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ('UPDATE samples SET "hv.needle.voltage_kv" = 20.0000001 WHERE rowid = 100', "rows 62 to 121"),
        ('UPDATE samples SET "hv.needle.voltage_kv" = NULL WHERE rowid = 2', "rows 1 to 61"),
        ("UPDATE samples SET \"run.step\" = 'x' WHERE rowid = 130", "rows 122 to 130"),
        ("UPDATE samples SET utc = '2000-01-01T00:00:00.001Z' WHERE rowid = 1", "rows 1 to 61"),
        ("DELETE FROM samples WHERE rowid = 70", "rows 62 to 121"),
        ("DELETE FROM samples WHERE rowid = 130", "has 129 rows, journal line"),
        ("INSERT INTO samples SELECT * FROM samples WHERE rowid = 130", "1 rows more than journal line"),
        ("INSERT INTO quality VALUES (1.0, 'pumps.a.rate_ml_h', 'bad')", "table quality: holds 1 rows more"),
        ("DELETE FROM quality WHERE rowid = 2", "table quality: has 1 rows"),
        ("UPDATE quality SET quality = 'good' WHERE rowid = 1", "rows 1 to 61"),
        ("UPDATE channels SET unit = 'V' WHERE name = 'hv.needle.voltage_kv'", "rows 1 to 61"),
        ("UPDATE checkpoint SET head = 'f'", "checkpoint names another hash"),
        ("UPDATE checkpoint SET n = 9999", "journal ends at line"),
        ("UPDATE checkpoint SET rows = 3", "checkpoint names 3"),
        ("DELETE FROM checkpoint", "table checkpoint: is empty"),
        ("UPDATE samples SET \"hv.needle.voltage_kv\" = x'00' WHERE rowid = 1", "samples.sqlite"),
    ],
)
def test_changed_tables(closed: Path, statement: str, named: str) -> None:
    sql(closed, statement)
    assert named in bad(closed)


def test_swapped_rows(closed: Path) -> None:
    sql(
        closed,
        *(f"UPDATE samples SET rowid = {b} WHERE rowid = {a}" for a, b in ((5, 999), (6, 5), (999, 6))),
    )
    assert "rows 1 to" in bad(closed)


def test_missing_or_broken_sample_file(closed: Path) -> None:
    raw = (closed / "samples.sqlite").read_bytes()
    (closed / "samples.sqlite").write_bytes(raw[: len(raw) // 2])
    assert bad(closed).startswith("samples.sqlite: ")
    (closed / "samples.sqlite").unlink()
    assert "is missing" in bad(closed)
    assert not (closed / "samples.sqlite").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [('"completed"', '"stopped"'), ('"seed": 7', '"seed": 8'), ("\n", "\n\n"), ("Röhr", "Rohr")],
)
def test_edited_run_json(closed: Path, old: str, new: str) -> None:
    text = (closed / "run.json").read_text()
    assert old in text
    (closed / "run.json").write_text(text.replace(old, new, 1))
    assert bad(closed) == "run.json: is not what the journal gives"


def test_missing_run_json(closed: Path) -> None:
    (closed / "run.json").unlink()
    assert bad(closed).startswith("run.json: cannot be read")


def test_changed_parquet(closed: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = closed / "samples.parquet"
    table = pq.read_table(path)
    at = table.schema.get_field_index("hv.needle.voltage_kv")
    cells = table.column(at).to_pylist()
    cells[40] += 1e-9
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array(cells)), path)
    assert bad(closed) == 'samples.parquet: row 41, column "hv.needle.voltage_kv" is not as in samples.sqlite'
    pq.write_table(table.slice(0, 100), path)
    assert bad(closed) == "samples.parquet: it has 100 rows, samples.sqlite has 130"
    pq.write_table(table.drop_columns(["run.step"]), path)
    assert bad(closed) == "samples.parquet: its columns are not those of samples.sqlite"
    path.write_bytes(b"PAR1 nonsense PAR1")
    assert bad(closed).startswith("samples.parquet: it cannot be read")
    path.unlink()
    assert bad(closed) == "samples.parquet: is missing"


def test_a_journal_cut_at_the_end_of_a_line(closed: Path, new_record: Make) -> None:
    path = closed / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert "run.json: stands beside a journal that is not closed" in bad(closed)
    path.write_bytes(b"".join(lines[:5]))
    assert bad(closed).startswith("journal.jsonl: line 6 is missing, the journal ends at line 5")
    path.write_bytes(b"")
    assert bad(closed).startswith("journal.jsonl: line 1 is missing")
    path.unlink()
    assert bad(closed).startswith("journal.jsonl: ")


def test_a_torn_last_line_is_open(new_record: Make) -> None:
    record = new_record()
    record.event("note", {}, 0)
    record.abandon()
    path = record.folder / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    verdict = verify_run(record.folder)
    assert (verdict.status, verdict.good_to) == ("open", 1)
    assert verdict.note == "a torn last line, as a crash leaves it"


def test_lines_behind_the_end_and_a_second_beginning(closed: Path, new_record: Make) -> None:
    good_to = read_journal(closed / "journal.jsonl").good_to
    journal, _ = Journal.reopen(closed / "journal.jsonl", durable=False)
    journal.append("note", {"text": "added"}, 999.0, "2000-01-01T00:16:39.000Z")
    journal.close()
    assert bad(closed) == f"journal.jsonl: line {good_to + 1} stands behind the line that closed the run"
    record = new_record(run_id="other")
    record.event("opened", {}, 0)
    record.abandon()
    assert "line 2 is opened" in bad(record.folder)


def test_a_forged_journal_with_a_chain_of_its_own(closed: Path) -> None:
    """Somebody who writes the chain anew must still make everything else agree with it."""
    lines = read_journal(closed / "journal.jsonl").lines
    (closed / "journal.jsonl").unlink()
    journal = Journal(closed / "journal.jsonl", durable=False)
    for line in lines:
        data = line["data"] | ({"seed": 8} if line["kind"] == "opened" else {})
        journal.append(line["kind"], data, line["t_s"], line["utc"], line["outside"])
    journal.close()
    assert "checkpoint names another hash" in bad(closed)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no run folder"):
        verify_run(tmp_path / "none")
