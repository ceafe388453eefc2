"""Making a run folder, and leaving nothing behind when that cannot be."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.utc import NS_PER_S, UtcFormatter, parse_utc, seconds
from rig.records.writer import RunRecord

Make = Callable[..., RunRecord]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB; where one cannot be mounted, a folder whose free space is said to be that."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        hasattr(os, "geteuid")
        and os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
        ).returncode
        == 0
    )
    yield disk
    if mounted:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_run_id() -> None:
    assert (
        folders.run_id("2026-11-20T14:32:05.123Z", "tio2-pcnf", "k3f9") == "2026-11-20T143205Z_tio2-pcnf_k3f9"
    )


@pytest.mark.parametrize("name", ["../x", "", "a/b", "a\\b", "a:b", ".hidden", "a b", "dot."])
def test_names_that_are_no_folder_are_refused(new_record: Make, name: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot name a run"):
        new_record(run_id=name)
    assert not list(tmp_path.iterdir())


def test_frozen_files_are_byte_for_byte(new_record: Make, recorder: Any) -> None:
    odd = b"# \xff caf\xe9\r\nformat = 1\r\n"
    record = new_record(rig_bytes=odd)
    assert (record.folder / "rig.toml").read_bytes() == odd
    assert (record.folder / "recipe.toml").read_bytes() == recorder.RECIPE
    assert (record.folder / "sheet.toml").read_bytes() == recorder.SHEET
    record.abandon()


def test_a_run_without_sheet_has_none(new_record: Make, recorder: Any) -> None:
    opened = {k: v for k, v in recorder.OPENED.items() if k != "sheet"}
    record = new_record(sheet_bytes=None, opened=opened)
    assert not (record.folder / "sheet.toml").exists()
    record.abandon()


def test_a_full_disk_is_refused_before_anything_is_made(new_record: Make, tmp_path: Path) -> None:
    asked: list[Path] = []

    def free(folder: Path) -> int:
        asked.append(folder)
        return 1_000_000

    with pytest.raises(RecordError, match=r"only 1\.0 MB are free .* make room"):
        new_record(free_bytes=free)
    assert asked == [tmp_path / "runs"]
    assert not list(tmp_path.iterdir())


def test_a_disk_of_one_megabyte_is_refused(small_disk: Path, recorder: Any) -> None:
    given: dict[str, Any] = {} if os.path.ismount(small_disk) else {"free_bytes": lambda _: 1_048_576}
    with pytest.raises(RecordError, match="are free"):
        recorder.create(small_disk / "runs", **given)
    assert not list(small_disk.iterdir())


def test_a_disk_that_fills_up_while_the_folder_is_made_leaves_nothing(
    small_disk: Path, recorder: Any
) -> None:
    recipe = b"#" * 3_000_000
    if not os.path.ismount(small_disk):
        # Without a small disk a folder that lets nothing be made is the nearest failure there is.
        (small_disk / "runs").write_bytes(b"a file where the folder should be")
    with pytest.raises(RecordError):
        recorder.create(small_disk / "runs", recipe_bytes=recipe, free_bytes=lambda _: 10**9)
    assert [p for p in small_disk.rglob("*") if p.is_dir()] == []


def test_a_hash_that_is_not_that_of_the_file_is_refused(
    new_record: Make, recorder: Any, tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match="recipe's SHA-256"):
        new_record(opened=recorder.OPENED | {"recipe": {"id": "x", "sha256": "0" * 64}})
    assert not list(tmp_path.iterdir())


def test_bad_channels_leave_nothing(new_record: Make, recorder: Any, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="two columns, one name"):
        new_record(channels=[*recorder.CHANNELS, recorder.CHANNELS[0]])
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_never_written_over(new_record: Make, tmp_path: Path, recorder: Any) -> None:
    new_record().abandon()
    before = {p.name: p.read_bytes() for p in (tmp_path / "runs" / recorder.RUN_ID).iterdir()}
    with pytest.raises(RecordError, match="exists already"):
        new_record()
    assert {p.name: p.read_bytes() for p in (tmp_path / "runs" / recorder.RUN_ID).iterdir()} == before


def test_utc_is_cut_to_the_millisecond() -> None:
    utc = UtcFormatter("2000-01-01T00:00:00.000Z")
    assert utc(0) == "2000-01-01T00:00:00.000Z"
    assert utc(1_500_000_000) == "2000-01-01T00:00:01.500Z"
    assert utc(1_999_999_999) == "2000-01-01T00:00:01.999Z"
    assert utc(366 * 86400 * NS_PER_S) == "2001-01-01T00:00:00.000Z"
    assert UtcFormatter("2026-11-20T14:32:05.250Z")(750_000_000) == "2026-11-20T14:32:06.000Z"


def test_seconds_keep_the_nanosecond() -> None:
    assert seconds(0) == 0.0 and isinstance(seconds(0), float)
    assert repr(seconds(100_000_001)) == "0.100000001"
    assert repr(seconds(50_400 * NS_PER_S + 1)) == "50400.000000001"


@pytest.mark.parametrize("text", ["2026-11-20T14:32:05", "2026-11-20T14:32:05+01:00", "yesterday", "Z"])
def test_a_time_that_is_not_utc_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="is no UTC time"):
        parse_utc(text)
