"""The sample table: cells, running hash, transactions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rig.records.errors import RecordError
from rig.records.samples import Channel, Checkpoint, Samples
from rig.records.tables import SampleReader

X = Channel("a.x", "V", "a", "voltage")
STEP = Channel("run.step", "", "run", "text")
ROOT = Path(__file__).parents[2]


def utc(second: int) -> str:
    return f"2000-01-01T00:00:0{second}.000Z"


def test_running_hash_as_computed_by_hand(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "s.sqlite", [X, STEP], durable=False)
    samples.add_row(0.0, utc(0), {"a.x": 1.5, "run.step": "spin"})
    samples.add_quality(0.5, "a.x", "stale")
    samples.add_row(1.0, utc(1), {})
    # sha256 of the two digests of, line by line:
    # [["a.x","V","a","voltage"],["run.step","","run","text"]] [0.0,"2000-..",1.5,"spin"] [1.0,"2000-..",null,"spin"]
    # and [0.5,"a.x","stale"]
    assert samples.running_hash == "705dcc831b2cbeb37aee6a0210df55d78b8c70d2839223bf72578b5ebb0601ca"
    assert (samples.rows, samples.quality_rows) == (2, 1)
    samples.close()


def test_cells_come_back_as_they_were_given(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "s.sqlite", [X, STEP], durable=True)
    samples.add_row(0.0, utc(0), {"a.x": 0.1, "run.step": "spin"})
    samples.add_row(1.0, utc(1), {"a.x": None})
    samples.add_row(2.0, utc(2), {"a.x": True, "run.step": None})
    samples.add_row(3.0, utc(3), {"a.x": -0.0})
    samples.commit(Checkpoint(5, "f" * 64, '{"phase":"spin"}'))
    samples.add_row(4.0, utc(4), {"a.x": 7, "run.step": "heat"})
    samples.commit(Checkpoint(6, "e" * 64))
    before = samples.running_hash
    samples.close()
    samples.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.sqlite"]
    with SampleReader(tmp_path / "s.sqlite") as reader:
        assert reader.channels == (X, STEP)
        assert list(reader.rows()) == [
            (0.0, utc(0), 0.1, "spin"),
            (1.0, utc(1), None, "spin"),
            (2.0, utc(2), 1.0, None),
            (3.0, utc(3), 0.0, None),
            (4.0, utc(4), 7.0, "heat"),
        ]
        assert reader.series("a.x") == ([0.0, 2.0, 3.0, 4.0], [0.1, 1.0, 0.0, 7.0])
        assert reader.last_row() == {"t_s": 4.0, "utc": utc(4), "a.x": 7.0, "run.step": "heat"}
        mark = reader.checkpoint()
        assert mark is not None
        assert (mark.n, mark.head, mark.rows, mark.hash) == (6, "e" * 64, 5, before)
        assert mark.payload == '{"phase":"spin"}', "a checkpoint without progress keeps the last one"
    types = sqlite3.connect(tmp_path / "s.sqlite")
    kinds = types.execute('SELECT DISTINCT typeof("a.x"), typeof("run.step") FROM samples').fetchall()
    types.close()
    assert set(kinds) == {("real", "text"), ("null", "text"), ("real", "null")}


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "s.sqlite", [X], durable=False)
    samples.add_row(0.0, utc(0), {"a.x": 1.0})
    samples.commit()
    samples.add_row(1.0, utc(1), {"a.x": 2.0})
    with SampleReader(tmp_path / "s.sqlite") as reader:
        assert reader.count() == 1
        samples.commit()
        assert reader.count() == 1, "one view, whatever is written meanwhile"
    with SampleReader(tmp_path / "s.sqlite") as reader:
        assert reader.count() == 2
    samples.abandon()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"a.y": 1.0}, "no such channel"),
        ({"a.x": "high"}, "takes numbers, not 'high'"),
        ({"run.step": 1.0}, "takes words, not 1.0"),
        ({"a.x": float("nan")}, "NaN or infinity"),
        ({"a.x": float("inf")}, "NaN or infinity"),
    ],
)
def test_values_that_fit_no_cell_are_refused(
    tmp_path: Path, values: dict[str, float | str], words: str
) -> None:
    samples = Samples(tmp_path / "s.sqlite", [X, STEP], durable=False)
    before = samples.running_hash
    with pytest.raises(RecordError, match=words):
        samples.add_row(0.0, utc(0), values)
    assert samples.rows == 0 and samples.running_hash == before
    with pytest.raises(RecordError, match="no such channel"):
        samples.add_quality(0.0, "a.z", "bad")
    samples.close()


@pytest.mark.parametrize("names", [["a.x", "a.x"], ["a.x", "A.X"], ["t_s"], ['a"x'], [""], ["a\nx"]])
def test_names_that_cannot_be_columns_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(RecordError):
        Samples(tmp_path / "s.sqlite", [Channel(name, "V", "a", "voltage") for name in names], durable=False)
    assert not list(tmp_path.iterdir())


def test_hash_depends_on_every_cell_on_quality_and_on_units(tmp_path: Path) -> None:
    hashes = set()
    for i, (unit, cell, quality) in enumerate(
        [
            ("V", 1.0, "bad"),
            ("V", 1.0000000000000002, "bad"),
            ("V", None, "bad"),
            ("V", 1.0, "stale"),
            ("kV", 1.0, "bad"),
        ]
    ):
        samples = Samples(tmp_path / f"{i}.sqlite", [Channel("a.x", unit, "a", "voltage")], durable=False)
        samples.add_row(0.0, utc(0), {"a.x": cell})
        samples.add_quality(0.0, "a.x", quality)
        hashes.add(samples.running_hash)
        samples.close()
    assert len(hashes) == 5


def test_same_rows_same_hash_under_any_hash_seed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from rig.records.samples import Channel, Samples\n"
        "names = [f'hv.n{i}.voltage_kv' for i in range(40)]\n"
        "s = Samples(Path(sys.argv[1]), [Channel(n, 'kV', n[:5], 'voltage') for n in names], False)\n"
        "for k in range(50):\n"
        "    s.add_row(float(k), 'u', {n: k / 7 + len(n) for n in set(names)})\n"
        "print(s.running_hash); s.close()\n"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / f"{seed}.sqlite")],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(hashes) == 1 and len(hashes.pop().strip()) == 64


def test_a_failed_transaction_keeps_its_rows_for_the_next(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "s.sqlite", [X], durable=False)
    samples._db.execute("PRAGMA busy_timeout = 20")
    samples.add_row(0.0, utc(0), {"a.x": 1.0})
    other = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordError, match="locked"):
        samples.commit()
    other.execute("ROLLBACK")
    other.close()
    samples.add_row(1.0, utc(1), {"a.x": 2.0})
    samples.commit()
    with SampleReader(tmp_path / "s.sqlite") as reader:
        assert [row[2] for row in reader.rows()] == [1.0, 2.0]
    samples.close()


def test_reopening_goes_on_with_hash_counts_and_words(tmp_path: Path) -> None:
    whole = Samples(tmp_path / "whole.sqlite", [X, STEP], durable=False)
    broken = Samples(tmp_path / "broken.sqlite", [X, STEP], durable=False)
    for samples in (whole, broken):
        samples.add_row(0.0, utc(0), {"a.x": 1.0, "run.step": "spin"})
        samples.add_quality(0.0, "a.x", "stale")
        samples.commit(Checkpoint(1, "0" * 64))
    broken.add_row(0.5, utc(0), {"a.x": 9.0})
    broken.abandon()
    again = Samples.reopen(tmp_path / "broken.sqlite", durable=False)
    for samples in (whole, again):
        samples.add_row(1.0, utc(1), {})
    assert again.running_hash == whole.running_hash and again.rows == 2
    again.close()
    whole.close()
    with SampleReader(tmp_path / "broken.sqlite") as reader:
        assert reader.last_row()["run.step"] == "spin"


def test_a_table_that_belies_its_checkpoint_is_not_continued(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "s.sqlite", [X], durable=False)
    samples.add_row(0.0, utc(0), {"a.x": 1.0})
    samples.commit(Checkpoint(1, "0" * 64))
    samples.close()
    db = sqlite3.connect(tmp_path / "s.sqlite")
    db.execute('UPDATE samples SET "a.x" = 2.0')
    db.commit()
    db.close()
    with pytest.raises(RecordError, match="hash of its own checkpoint"):
        Samples.reopen(tmp_path / "s.sqlite", durable=False)


def test_a_file_that_is_no_table_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(RecordError, match="cannot be read"):
        SampleReader(tmp_path / "s.sqlite")
    with pytest.raises(RecordError, match="missing"):
        SampleReader(tmp_path / "none.sqlite")
