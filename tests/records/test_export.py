"""Exports: the same rows, times and units on the other side."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from rig.records import open_run
from rig.records.errors import RecordError
from rig.records.export import export_run


def test_csv_round_trip(closed: Path, tmp_path: Path) -> None:
    run = open_run(closed)
    output = export_run(run, "csv", tmp_path / "out.csv")
    with run.read_samples() as reader, output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
        channels = reader.channels
        assert rows[0] == ["t_s", "utc", *(c.name for c in channels)]
        back = []
        for row in rows[1:]:
            cells = [
                (cell or None) if c.is_text else (float(cell) if cell else None)
                for c, cell in zip(channels, row[2:], strict=True)
            ]
            back.append((float(row[0]), row[1], *cells))
        assert back == list(reader.rows()), "to the last digit"
    about = json.loads((tmp_path / "out.channels.json").read_text())
    assert about[0] == {"name": "t_s", "unit": "s", "instrument": "run", "quantity": "time since start"}
    assert [a["unit"] for a in about[1:]] == [c.unit for c in channels]
    frame = pd.read_csv(output, index_col="t_s")
    assert len(frame) == 130 and frame.index[-1] == run.samples.index[-1]


def test_parquet_round_trip(closed: Path, tmp_path: Path) -> None:
    output = export_run(open_run(closed), "parquet", tmp_path / "out.parquet")
    left, right = pd.read_parquet(output), pd.read_parquet(closed / "samples.parquet")
    pd.testing.assert_frame_equal(left, right)


def test_default_output_and_replacing(closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert export_run(open_run(closed), "csv") == Path(f"{closed.name}.csv")
    first = Path(f"{closed.name}.csv").read_bytes()
    export_run(open_run(closed), "csv")
    assert Path(f"{closed.name}.csv").read_bytes() == first
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("format", ["eln", "electrospinning-data", "xlsx", ""])
def test_other_formats_are_refused_with_those_there_are(closed: Path, format: str) -> None:
    with pytest.raises(RecordError, match="the formats are csv and parquet"):
        export_run(open_run(closed), format)


def test_a_record_is_never_written_over(closed: Path) -> None:
    before = (closed / "samples.parquet").read_bytes()
    for name in ("samples.parquet", "journal.jsonl", "samples.sqlite"):
        with pytest.raises(RecordError, match="belongs to the record"):
            export_run(open_run(closed), "parquet", closed / name)
    assert (closed / "samples.parquet").read_bytes() == before


def test_places_that_cannot_be_written(closed: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="is a folder"):
        export_run(open_run(closed), "csv", tmp_path)
    for format in ("csv", "parquet"):
        with pytest.raises(RecordError, match="cannot be written"):
            export_run(open_run(closed), format, tmp_path / "none" / f"out.{format}")
