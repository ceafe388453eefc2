"""`samples.parquet`: the sample table once more, by column, for quick analysis. Derived from
`samples.sqlite`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rig.records.errors import RecordError
from rig.records.samples import Channel
from rig.records.tables import SampleReader


def write_parquet(reader: SampleReader, path: Path) -> None:
    """Write all rows of `reader` to `path`. Text columns are dictionary-encoded (`category` in pandas); each
    column carries unit, instrument and quantity in its metadata, the schema all units as JSON under "units".

    Raises RecordError when it cannot be written; nothing is left behind then.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(pa, reader.channels)
    part = path.with_name(path.name + ".part")
    try:
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for batch in reader.batches():
                columns = [
                    pa.array(values, type=field.type)
                    for values, field in zip(zip(*batch, strict=True), schema, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
        part.replace(path)
    except (OSError, pa.ArrowException) as error:
        part.unlink(missing_ok=True)
        raise RecordError(f"{path} cannot be written: {error}") from None


def _schema(pa: Any, channels: tuple[Channel, ...]) -> Any:
    words = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field("t_s", pa.float64(), False, {"unit": "s"}), pa.field("utc", pa.string(), False)]
    for channel in channels:
        about = {"unit": channel.unit, "instrument": channel.instrument, "quantity": channel.quantity}
        fields.append(pa.field(channel.name, words if channel.is_text else pa.float64(), True, about))
    units = {"t_s": "s"} | {c.name: c.unit for c in channels if not c.is_text}
    return pa.schema(fields, {"units": json.dumps(units, ensure_ascii=False)})


def compare_parquet(reader: SampleReader, path: Path) -> str | None:
    """What differs between the rows of `reader` and the file, or None when every cell is the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ["t_s", "utc", *(c.name for c in reader.channels)]
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.remove_metadata().equals(_schema(pa, reader.channels).remove_metadata()):
                return "its columns are not those of samples.sqlite"
            table = file.read()
        if table.num_rows != reader.count():
            return f"it has {table.num_rows} rows, samples.sqlite has {reader.count()}"
        for batch in reader.batches():
            part = table.slice(row, len(batch))
            for name, ours in zip(names, zip(*batch, strict=True), strict=True):
                theirs = part.column(name).to_pylist()
                if list(ours) != theirs:
                    at = next(
                        i for i, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]
                    )
                    return f'row {row + at + 1}, column "{name}" is not as in samples.sqlite'
            row += len(batch)
    except (OSError, ValueError, pa.ArrowException) as error:
        return f"it cannot be read: {error}"
    return None
