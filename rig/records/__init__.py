"""The run folder: the journal and the sample table that a run leaves behind, and how to read and check them.

Every run has one folder that is readable without this program. `journal` is the authority: events, each with
the hash of the one before. `samples` holds one row a second, one column a channel. `writer` (`threaded` in
real time) is what the engine writes both through; `folder` makes the folder, `runjson` derives run.json,
`parquet` writes the table once more by column. For the reader's side, `run` opens a folder, closed or still
being written, `verify` says whether it holds, `report` writes the page for people and `export` the files for
other programs. `tables` reads the sample file, `utc` turns nanoseconds into times, `svgplot` draws. Nothing
here knows an instrument or the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rig.records.run import list_runs as list_runs
    from rig.records.run import open_run as open_run
    from rig.records.verify import verify_run as verify_run

__all__ = ["list_runs", "open_run", "verify_run"]


def __getattr__(name: str) -> Any:
    """Import on first use: the command line starts without what only reading a record needs."""
    if name in ("open_run", "list_runs"):
        from rig.records import run

        return getattr(run, name)
    if name == "verify_run":
        from rig.records.verify import verify_run

        return verify_run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
