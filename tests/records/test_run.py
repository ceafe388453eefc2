"""Opening runs: tables for analysis, of closed runs and of those being written."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recipes.reader import read_recipe
from rig.records import list_runs, open_run
from rig.records.errors import RecordError
from rig.records.utc import NS_PER_S
from rig.records.writer import RunRecord

Make = Callable[..., RunRecord]
ROOT = Path(__file__).parents[2]


def test_samples_as_a_table(closed: Path) -> None:
    samples = open_run(closed).samples
    assert samples.shape == (130, 17) and samples.index.name == "t_s"
    assert list(samples.index[:3]) == [0.0, 1.0, 2.0]
    assert samples["utc"].iloc[1] == pd.Timestamp("2000-01-01T00:00:01Z")
    assert samples.attrs["units"]["pumps.a.rate_ml_h"] == "ml/h"
    assert "run.step" not in samples.attrs["units"]
    assert samples["run.step"].dtype == "category" and set(samples["jet.collector.mode"]) == {
        "cone-jet",
        "dripping",
    }
    assert (
        samples["pumps.a.rate_ml_h"].dtype == "float64" and samples["inputs.bench.door_closed"].eq(1.0).all()
    )
    humidity = samples["climate.chamber.humidity_pct"]
    assert humidity.isna().sum() == 65 + 3, "every second row, and the stale stretch"
    assert humidity.dropna().between(35, 50).all()


def test_quality_and_events_as_tables(closed: Path) -> None:
    run = open_run(closed)
    assert run.quality.to_dict("records") == [
        {"t_s": 43.0, "channel": "climate.chamber.humidity_pct", "quality": "stale"},
        {"t_s": 49.0, "channel": "climate.chamber.humidity_pct", "quality": "good"},
    ]
    events = run.events
    assert events.index.name == "n" and list(events.index) == list(range(1, len(events) + 1))
    assert list(events["kind"].iloc[[0, -1]]) == ["opened", "closed"]
    (answer,) = events[events["kind"] == "answer"]["data"]
    assert answer["answers"] == {"mat_mass": "472 mg"}
    assert events["utc"].iloc[-1] == pd.Timestamp("2000-01-01T00:02:41Z")
    assert events["hash"].iloc[-1] == run.info["head"] and not run.is_open


def test_parquet_gives_the_same_table(closed: Path) -> None:
    samples = open_run(closed).samples
    again = pd.read_parquet(closed / "samples.parquet").set_index("t_s")
    assert again["run.step"].dtype == "category"
    for name in samples.columns.drop("utc"):
        left, right = samples[name].astype("object"), again[name].astype("object")
        assert left.where(left.notna(), None).tolist() == right.where(right.notna(), None).tolist(), name


def test_parquet_carries_units(closed: Path) -> None:
    import json

    import pyarrow.parquet as pq

    schema = pq.read_schema(closed / "samples.parquet")
    assert json.loads(schema.metadata[b"units"])["hv.needle.voltage_kv"] == "kV"
    field = schema.field("hv.needle.voltage_kv")
    assert field.metadata == {b"unit": b"kV", b"instrument": b"hv.needle", b"quantity": b"voltage"}


def test_an_open_run_is_read_while_it_is_written(new_record: Make, recorder: Any) -> None:
    record = new_record()
    assert open_run(record.folder).samples.shape == (0, 17)
    for second in range(5):
        record.sample(second * NS_PER_S, {"hv.needle.voltage_kv": float(second)})
        record.tick(second * NS_PER_S)
        run = open_run(record.folder)
        assert list(run.samples["hv.needle.voltage_kv"]) == [float(i) for i in range(second + 1)]
        assert run.is_open and run.info["outcome"] is None and run.info["run"] == recorder.RUN_ID
        assert len(run.events) == 1
    record.close(5 * NS_PER_S, {"outcome": "completed"})
    assert not open_run(record.folder).is_open


def test_a_reader_does_not_keep_the_writer_from_closing(new_record: Make) -> None:
    record = new_record()
    record.sample(0, {"hv.needle.voltage_kv": 1.0})
    record.tick(0)
    record._samples._db.execute("PRAGMA busy_timeout = 10")
    with open_run(record.folder).read_samples() as reader:
        assert reader.count() == 1
        assert record.close(NS_PER_S, {"outcome": "completed"}) is not None
        assert record.failed is None
    assert len(open_run(record.folder).samples) == 1


def test_the_frozen_recipe(closed: Path) -> None:
    recipe = open_run(closed).recipe
    assert recipe.name == "TiO2@PCNF <interlayer>"
    assert [step.id for step in recipe.steps] == ["co-deposit", "transfer"]


def test_a_frozen_recipe_that_is_none(tmp_path: Path, recorder: Any) -> None:
    folder = recorder.run(tmp_path, 2, recipe_bytes=b"format = 1\nname = 3\n")
    with pytest.raises(RecordError, match="holds no recipe"):
        _ = open_run(folder).recipe


def test_what_was_made_is_read_whatever_todays_rules_say_of_it(tmp_path: Path, recorder: Any) -> None:
    refused = recorder.RECIPE.replace(b'voltage = "20 kV"', b'voltage = "200 kV"')
    assert read_recipe(refused, "tio2-pcnf")[0] is None
    recipe = open_run(recorder.run(tmp_path, 3, recipe_bytes=refused)).recipe
    assert recipe.sha256 == hashlib.sha256(refused).hexdigest()


def test_by_folder_by_id_and_by_environment(
    closed: Path, recorder: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = closed.parent
    assert open_run(str(closed)).folder == closed
    assert open_run(recorder.RUN_ID, runs).folder == closed
    monkeypatch.chdir(runs.parent)
    assert open_run(recorder.RUN_ID).folder == closed
    monkeypatch.chdir("/")
    with pytest.raises(RecordError, match=f'there is no run "{recorder.RUN_ID}"'):
        open_run(recorder.RUN_ID)
    monkeypatch.setenv("SPINRIG_RUNS", str(runs))
    assert open_run(recorder.RUN_ID).folder == closed
    with pytest.raises(RecordError, match="there is no run"):
        open_run(tmp_path)


def test_list_of_runs(tmp_path: Path, recorder: Any) -> None:
    runs = tmp_path / "runs"
    assert list_runs(runs) == []
    recorder.run(runs, 3, run_id="first", start_utc="2026-01-01T00:00:00Z")
    recorder.create(runs, run_id="third", start_utc="2026-03-01T00:00:00Z").abandon()
    recorder.run(runs, 3, run_id="second", start_utc="2026-02-01T00:00:00Z")
    (runs / "notes").mkdir()
    (runs / "empty").mkdir()
    (runs / "empty" / "journal.jsonl").write_bytes(b"")
    found = list_runs(runs)
    assert [(r.run, r.outcome) for r in found] == [
        ("third", None),
        ("second", "completed"),
        ("first", "completed"),
        ("empty", None),
    ]
    assert (found[0].recipe, found[0].sample, found[0].started) == (
        "tio2-pcnf",
        "S-2026-117",
        "2026-03-01T00:00:00.000Z",
    )


def test_a_damaged_journal_opens_as_far_as_it_holds(closed: Path) -> None:
    path = closed / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert b'"unit":"spin"' in lines[3]
    lines[3] = lines[3].replace(b'"unit":"spin"', b'"unit":"spim"')
    path.write_bytes(b"".join(lines))
    run = open_run(closed)
    assert len(run.events) == 3 and run.journal.status == "damaged"


def test_importing_the_package_imports_no_pandas() -> None:
    program = (
        "import sys, rig.records, rig.records.writer, rig.records.threaded; "
        "rig.records.verify_run; rig.records.list_runs; rig.records.open_run; "
        "print([m for m in ('pandas', 'numpy', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_the_package_has_no_other_attribute() -> None:
    import rig.records

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rig.records.nothing
