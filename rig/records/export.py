"""Exporting the samples of a run for other programs: CSV or Parquet."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.run import Run
from rig.records.tables import SampleReader

FORMATS = ("csv", "parquet")
"""The formats there are."""


def export_run(run: Run, format: str, output: Path | None = None) -> Path:
    """Write the samples of `run` to `output` (default: the run's name with the format's ending, in the
    current folder) and return where they are. A file that is there is replaced, unless it belongs to a
    record.

    CSV: one header line (t_s, utc, channels), an empty cell where there was no reading, numbers to the last
    digit; beside it `NAME.channels.json` with unit, instrument and quantity of each column. Parquet as in
    the run folder.

    Raises RecordError for another format or a file that cannot be written.
    """
    if format not in FORMATS:
        raise RecordError(f'runs cannot be exported as "{format}"; the formats are {" and ".join(FORMATS)}')
    output = Path(output) if output is not None else Path(f"{run.folder.name}.{format}")
    if output.name in folders.RECORDED and (output.absolute().parent / folders.JOURNAL).exists():
        raise RecordError(f"{output} belongs to the record of a run; choose another name or place")
    if output.is_dir():
        raise RecordError(f"{output} is a folder; name a file in it")
    with run.read_samples() as reader:
        if format == "parquet":
            from rig.records.parquet import write_parquet

            write_parquet(reader, output)
        else:
            _write_csv(reader, output)
    return output


def _write_csv(reader: SampleReader, output: Path) -> None:
    about = [{"name": "t_s", "unit": "s", "instrument": "run", "quantity": "time since start"}]
    about += [
        {"name": c.name, "unit": c.unit, "instrument": c.instrument, "quantity": c.quantity}
        for c in reader.channels
    ]
    part = output.with_name(output.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["t_s", "utc", *(c.name for c in reader.channels)])
            for batch in reader.batches():
                writer.writerows(batch)
        side = output.with_suffix(".channels.json")
        side.write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordError(f"{output} cannot be written: {error.strerror or error}") from None
