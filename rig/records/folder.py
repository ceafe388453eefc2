"""The run folder: its name, its files, and making it without leaving half of it behind."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from rig.records.errors import RecordError
from rig.records.journal import sync_folder
from rig.records.utc import parse_utc

JOURNAL = "journal.jsonl"
RUN_JSON = "run.json"
RECIPE = "recipe.toml"
RIG = "rig.toml"
SHEET = "sheet.toml"
MATERIALS = "materials.toml"
SAMPLES = "samples.sqlite"
PARQUET = "samples.parquet"
REPORT = "report.html"
WIRE = "wire.jsonl"

RECORDED = frozenset({JOURNAL, RUN_JSON, RECIPE, RIG, SHEET, MATERIALS, SAMPLES, PARQUET, REPORT, WIRE})
"""Names that belong to the record; nothing else may be written over them."""

MIN_FREE_BYTES = 64 * 1024 * 1024
"""Smallest free space at the start of a run: some thirty hours at 1 Hz and 30 channels take about half of
it."""

RUNS_VARIABLE = "SPINRIG_RUNS"
"""Environment variable that names the folder of all runs."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")

# The trace keeps the order of its keys: time, line, direction, bytes.
_encode = json.JSONEncoder(separators=(",", ":")).encode

FreeBytes = Callable[[Path], int]


def run_id(start_utc: str, recipe_id: str, suffix: str) -> str:
    """The run's name, "2026-11-20T143205Z_tio2-pcnf_k3f9". Raises RecordError where that is no folder's
    name."""
    parse_utc(start_utc)
    name = f"{start_utc[:19].replace(':', '')}Z_{recipe_id}_{suffix}"
    check_run_id(name)
    return name


def check_run_id(name: str) -> None:
    """Raise RecordError unless `name` is a plain folder name on every platform."""
    if not _RUN_ID.fullmatch(name) or name.endswith("."):
        raise RecordError(f'"{name}" cannot name a run: use letters, digits, dots, dashes and underscores')


def default_runs_dir() -> Path:
    """$SPINRIG_RUNS, else "runs" in the current folder."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def free_bytes(folder: Path) -> int:
    """Free space, in bytes, where `folder` is or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def create_folder(
    runs_dir: Path,
    name: str,
    frozen: dict[str, bytes],
    durable: bool,
    free: FreeBytes = free_bytes,
    need_bytes: int = MIN_FREE_BYTES,
) -> Path:
    """Make the folder `name` in `runs_dir` and write the frozen files into it, byte for byte.

    Raises RecordError, and leaves nothing behind, when the disk is full or too small, or the folder exists.
    """
    check_run_id(name)
    runs_dir = runs_dir.absolute()
    folder = runs_dir / name
    try:
        left = free(runs_dir)
        if left < need_bytes:
            raise RecordError(
                f"only {left / 1e6:.1f} MB are free for the record in {runs_dir}, a run needs "
                f"{need_bytes / 1e6:.0f} MB: make room, or choose another place with --runs"
            )
        made = [parent for parent in (runs_dir, *runs_dir.parents) if not parent.exists()]
        runs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"runs cannot be recorded in {runs_dir}: {error.strerror or error}") from None
    try:
        folder.mkdir()
    except FileExistsError:
        raise RecordError(f"{folder} exists already; a record is never written over") from None
    except OSError as error:
        remove_made(made)
        raise RecordError(f"{folder} cannot be made: {error.strerror or error}") from None
    try:
        for file_name, content in frozen.items():
            write_whole(folder / file_name, content, durable)
        if durable:
            sync_folder(folder)
            sync_folder(runs_dir)
    except (OSError, RecordError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        remove_made(made)
        raise RecordError(str(error)) from None
    return folder


def remove_made(made: list[Path]) -> None:
    """Take back folders made a moment ago, deepest first, as long as they are empty."""
    for folder in made:
        try:
            folder.rmdir()
        except OSError:
            return


def write_whole(path: Path, content: bytes, durable: bool) -> None:
    """Write a file in one go. Raises RecordError with the reason when it cannot be written whole."""
    try:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror or error}") from None


class WireLog:
    """`wire.jsonl`, the trace of every exchange: plain JSON lines, outside the hash chain.

    It goes to the disk with the once-a-second transaction, or when some hundred kilobytes have gathered.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, behind what a crashed run left in it. Raises RecordError."""
        try:
            self._file = path.open("ab", buffering=1 << 17)
        except OSError as error:
            raise RecordError(f"{path} cannot be written: {error.strerror or error}") from None
        self._path = path

    def write(self, line: dict[str, object]) -> None:
        """Add one line. Raises RecordError."""
        try:
            self._file.write(_encode(line).encode() + b"\n")
        except OSError as error:
            raise RecordError(f"{self._path} cannot be written: {error.strerror or error}") from None

    def flush(self) -> None:
        """Hand everything to the system. Raises RecordError."""
        try:
            self._file.flush()
        except OSError as error:
            raise RecordError(f"{self._path} cannot be written: {error.strerror or error}") from None

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        try:
            self._file.close()
        except OSError as error:
            raise RecordError(f"{self._path} cannot be written: {error.strerror or error}") from None
