"""What is kept of a rig that nobody owns: listed, and ended by a person at its console."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rig.cli.main import main
from rig.cli.sentences import WARN, sentence
from rig.engine.lock import RigLock
from rig.engine.marks import Doubt, Hidden, Kept, marks_path, read_kept, write_kept
from tests.cli.terminal import ROOT

FULL = ROOT / "tests" / "bench" / "full_rig.toml"
RIG = "Bench 1"
AT, UNTIL = "2026-03-01T07:00:00.000+00:00", "2026-03-01T09:00:00.000+00:00"
KEPT = Kept(
    {"door": Hidden("Ada", "switch removed", AT)},
    {"jet-lost:current.collector": Hidden("Bob", "known", AT, UNTIL)},
    {"furnace.tube": Doubt(AT, "sensor-break")},
)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Something of each, and nobody who owns the rig; this process is at its console."""
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    write_kept(marks_path(RIG), RIG, KEPT)
    return marks_path(RIG)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["alarms", *words, "--rig", str(FULL)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_is_listed(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "list")
    assert code == 0 and out.startswith("nobody owns Bench 1 now")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert f"out of service door {AT} Ada: switch removed" in rows
    assert f"shelved until {UNTIL} jet-lost:current.collector {AT} Bob: known" in rows
    assert f"thermocouple in doubt furnace.tube {AT} sensor-break" in rows
    code, out, _ = said(capsys, "list", "--json")
    data: dict[str, Any] = json.loads(out)
    assert code == 0 and [one["tag"] for one in data["kept"]] == [
        "door", "jet-lost:current.collector", "furnace.tube",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["furnace.tube", "thermocouple-doubted:furnace.tube"])
def test_a_person_at_the_console_vouches(kept: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = said(capsys, "trust", name, "--reason", "replaced")
    assert code == 0 and "the next run on Bench 1 journals it" in out
    now = read_kept(kept, RIG)
    assert now.doubted == {} and now.out_of_service == KEPT.out_of_service and now.shelved == KEPT.shelved
    (word,) = now.said
    assert (word.word, word.what, word.reason) == ("trust", "furnace.tube", "replaced")
    assert word.user.strip()
    told = sentence(
        "said-before", {"word": word.word, "what": word.what, "by": "Ada", "at": AT, "reason": "replaced"}
    )
    assert told is not None and told[0] == WARN and "trust furnace.tube was said by Ada" in told[1]


def test_nobody_vouches_over_the_network(
    kept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 1 10.0.0.1 22")
    code, _, err = said(capsys, "trust", "furnace.tube", "--reason", "replaced")
    assert code == 2 and "this came over SSH" in err
    assert read_kept(kept, RIG) == KEPT


def test_a_maintainer_brings_an_alarm_back(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "into-service", "door", "--role", "operator")
    assert code == 2 and "by the role 'maintainer' only" in err
    code, _, _ = said(capsys, "into-service", "door", "--role", "maintainer")
    assert code == 0 and read_kept(kept, RIG).out_of_service == {}
    code, _, err = said(capsys, "into-service", "door", "--role", "maintainer")
    assert code == 2 and "door is not out of service" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("trust", "furnace.two", "--reason", "x"), "is not in doubt"),
        (("trust", "furnace.tube", "--reason", " "), "needs a reason"),
    ],
)
def test_what_is_refused_changes_nothing(
    kept: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    code, _, err = said(capsys, *words)
    assert code == 2 and says in err
    assert read_kept(kept, RIG) == KEPT


def test_a_damaged_file_is_said_and_left_for_the_next_run(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.write_text("{")
    for words in (("list",), ("trust", "furnace.tube", "--reason", "x")):
        code, _, err = said(capsys, *words)
        assert code == 2 and "cannot be read" in err and "every thermocouple as in doubt" in err
    assert kept.read_text() == "{"


def test_a_rig_that_is_owned_is_not_written_behind_its_back(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = RigLock(RIG)
    lock.acquire({"user": "Bob", "run": "r1", "rig": str(FULL)})
    try:
        code, _, err = said(capsys, "trust", "furnace.tube", "--reason", "x")
    finally:
        lock.release()
    assert code != 0 and "takes no commands" in err
    assert read_kept(kept, RIG) == KEPT
