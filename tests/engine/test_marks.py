"""The file of a rig's marks: written whole, read strictly, and nothing hidden or trusted by one that is damaged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from rig.engine import marks as module
from rig.engine.marks import Doubt, Hidden, Kept, Marks, MarksDamaged, Word, marks_path, read_kept, write_kept
from rig.readings import NS

RIG = "Bench 1"
ORIGIN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
AT, UNTIL = "2026-03-01T07:00:00+00:00", "2026-03-01T09:00:00+00:00"
WHOLE = Kept(
    {"door": Hidden("Ada", "switch removed", AT)},
    {"jet-lost:current.collector": Hidden("Bob", "known", AT, UNTIL)},
    {"furnace.tube": Doubt(AT, "sensor-break")},
    (Word("trust", "furnace.tube", "Ada", "new thermocouple", AT),),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "marks" / "bench-1.json"
    write_kept(path, RIG, WHOLE)
    assert read_kept(path, RIG) == WHOLE
    assert [one.name for one in path.parent.iterdir()] == ["bench-1.json"], "nothing half is left"


def test_no_file_is_no_mark(tmp_path: Path) -> None:
    assert read_kept(tmp_path / "none.json", RIG) == Kept()


def test_it_lies_beside_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path))
    assert marks_path("My Rig!") == tmp_path / "marks" / "my-rig.json"


def changed(**more: Any) -> str:
    path = Path(more.pop("path"))
    write_kept(path, RIG, WHOLE)
    return json.dumps(json.loads(path.read_text()) | more)


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 2},
        {"rig": "another"},
        {"doubted": None},
        {"doubted": {"furnace.tube": {"at": AT}}},
        {"out_of_service": {"door": {"user": "Ada", "reason": " ", "at": AT, "until": None}}},
        {"out_of_service": {"door": {"user": 3, "reason": "x", "at": AT, "until": None}}},
        {"out_of_service": {"door": {"user": "Ada", "reason": "x", "at": AT, "until": UNTIL}}},
        {"shelved": {"door": {"user": "Ada", "reason": "x", "at": AT, "until": None}}},
        {"shelved": {"door": {"user": "Ada", "reason": "x", "at": AT, "until": "2026-03-01T09:00:00"}}},
        {"said": [{"word": "trust"}]},
    ],
    ids=str,
)
def test_what_is_not_understood_is_damaged(tmp_path: Path, damage: dict[str, Any]) -> None:
    path = tmp_path / "bench-1.json"
    path.write_text(changed(path=path, **damage))
    with pytest.raises(MarksDamaged, match=r"bench-1\.json cannot be read"):
        read_kept(path, RIG)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_cut_file_hides_nothing_and_stands_until_a_whole_one_is_written(
    tmp_path: Path, part: float
) -> None:
    path = tmp_path / "bench-1.json"
    write_kept(path, RIG, WHOLE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    marks = Marks(path, RIG, ORIGIN)
    marks.load()
    assert marks.kept == Kept()
    assert marks.damaged is not None and str(path.with_suffix(".damaged")) in marks.damaged
    cut = whole[: int(part * len(whole))]
    assert path.read_bytes() == path.with_suffix(".damaged").read_bytes() == cut
    marks.change(said=())
    assert read_kept(path, RIG) == Kept(), "whole again, though nothing is kept"


def test_times_are_utc_on_the_programs_clock() -> None:
    marks = Marks(None, RIG, ORIGIN)
    assert marks.utc(90 * NS) == "2026-03-01T08:01:30.000+00:00"
    assert marks.ns(marks.utc(90 * NS)) == 90 * NS
    assert marks.ns(AT) == -3600 * NS
    assert marks.ns((ORIGIN + timedelta(seconds=5)).isoformat()) == 5 * NS


@pytest.mark.parametrize("beside", [False, True])
def test_a_change_is_on_the_disk(tmp_path: Path, beside: bool) -> None:
    path = tmp_path / "bench-1.json"
    marks = Marks(path, RIG, ORIGIN, beside)
    for number in range(20):
        marks.change(doubted={"furnace.tube": Doubt(AT, str(number))})
    marks.close()
    assert read_kept(path, RIG).doubted == {"furnace.tube": Doubt(AT, "19")}
    assert marks.failed is None


def test_a_disk_that_hangs_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scan goes on while it is written; what changed meanwhile is written after it."""
    path, go = tmp_path / "bench-1.json", Event()

    def slow(path: Path, rig: str, kept: Kept) -> None:
        assert go.wait(10.0)
        write_kept(path, rig, kept)

    monkeypatch.setattr(module, "write_kept", slow)
    marks = Marks(path, RIG, ORIGIN, beside=True)
    marks.change(doubted={"furnace.tube": Doubt(AT, "first")})
    marks.change(doubted={"furnace.tube": Doubt(AT, "second")})
    assert not path.exists()
    go.set()
    marks.close()
    assert read_kept(path, RIG).doubted["furnace.tube"].why == "second"


def test_what_cannot_be_written_is_said_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "marks").write_text("a file where the folder is to be")
    marks = Marks(tmp_path / "marks" / "bench-1.json", RIG, ORIGIN)
    marks.change(doubted={"furnace.tube": Doubt(AT, "x")})
    assert marks.failed is not None and "cannot be written" in marks.failed
    (tmp_path / "marks").unlink()
    marks.change(doubted={"furnace.tube": Doubt(AT, "x")})
    assert marks.failed is None and marks.path is not None
    assert read_kept(marks.path, RIG).doubted == {"furnace.tube": Doubt(AT, "x")}
