"""`spinrig alarms` as a shell runs it: what is wrong now, what can come, what it means, how often it came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rig.bench.rigfile import load_rig
from rig.cli.alarms import show
from rig.cli.alarms_table import COLUMNS, markdown
from rig.cli.main import main
from rig.cli.sentences import ALARM, sentence
from rig.engine.alarms_of import alarms_of, alarms_of_outputs
from rig.safety.alarms import SIGNS
from rig.safety.conditions import Priority
from tests.cli.making import LONG, Making, journal, own_environment
from tests.cli.terminal import ROOT, objects, spinrig

FULL = ROOT / "tests" / "bench" / "full_rig.toml"
PAGE = ROOT / "docs" / "alarms.md"


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = main(["alarms", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No rig is in use."""
    monkeypatch.setenv("SPINRIG_STATE", str(tmp_path / "state"))


# A run under way


def test_a_run_is_listed_acknowledged_and_shelved(tmp_path: Path) -> None:
    env = own_environment(tmp_path / "state")
    runs, faults = tmp_path / "runs", tmp_path / "faults.toml"
    faults.write_text(
        '[[fault]]\nstep = "co-deposit"\nafter = "2 min"\non = "current.collector"\nkind = "silent"\n',
        encoding="utf-8",
    )
    tag, other = "instrument-lost:current.collector", "instrument-lost:oxygen.tube"
    with Making(LONG, "--yes", "--speed", "30", "--faults", faults, "--runs", runs, env=env) as making:
        making.until_event("alarm-state", tag=tag, to="B")
        listed = spinrig("alarms", "list", env=env)
        as_json = spinrig("alarms", "list", "--json", env=env)
        acknowledged = spinrig("alarms", "ack", tag, env=env)
        again = spinrig("alarms", "ack", "--json", env=env)
        shelved = spinrig("alarms", "shelve", other, "--reason", "at calibration", "--for", "2 h", env=env)
        live = spinrig("alarms", "shelve", "door", "--reason", "flutters", env=env)
        long = spinrig("alarms", "shelve", tag, "--reason", "known", "--for", "9 h", env=env)
        role = spinrig("alarms", "out-of-service", tag, "--reason", "known", "--role", "operator", env=env)
        seen = spinrig("status", "--json", env=env)
        back = spinrig("alarms", "unshelve", other, env=env)
        spinrig("abort", env=env)
        _, result = making.end()
    assert listed.returncode == 0, listed.stderr
    assert f"▽ L LOW     FIRST {tag}: current.collector: " in listed.stdout
    assert "    B active, not acknowledged, since 0:0" in listed.stdout
    assert "    what to do: Look at the instrument's mains and cable." in listed.stdout
    (data,) = objects(as_json.stdout)
    assert (data["type"], data["run"], data["flood"]) == ("alarms", result["run"], False)
    assert [(one["tag"], one["state"]) for one in data["alarms"]] == [(tag, "B")]
    assert acknowledged.returncode == 0 and "C active, acknowledged" in acknowledged.stdout
    assert again.returncode == 1 and objects(again.stdout)[0]["error"] == "there is nothing to acknowledge"
    assert (
        shelved.returncode == 0
        and "G shelved, since" in shelved.stdout
        and ": at calibration" in shelved.stdout
    )
    assert (
        live.returncode == 1
        and "class safety and is not shelved now: hv.needle is not proved off" in live.stderr
    )
    assert long.returncode == 1 and "at most 8 h, not for 9 h" in long.stderr
    assert role.returncode == 1 and "by the role 'maintainer' only" in role.stderr
    states = {one["tag"]: one["state"] for one in objects(seen.stdout)[0]["alarm_list"]}
    assert states == {tag: "C", other: "G"}
    assert back.returncode == 0
    lines = journal(result["folder"])
    words = [line["data"] for line in lines if line["kind"] == "command" and line["data"].get("tags")]
    assert [(one["command"], one["tags"]) for one in words] == [
        ("ack", [tag]),
        ("shelve", [other]),
        ("unshelve", [other]),
    ]
    assert (
        all(one["by"] for one in words)
        and words[1]["reason"] == "at calibration"
        and words[1]["minutes"] == 120
    )


def test_without_a_run_it_says_so(nobody: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "list") == (0, "no run is under way on this computer, so no alarm is watched\n", "")
    code, out, _ = said(capsys, "list", "--json")
    assert (code, json.loads(out)) == (0, {"type": "alarms", "run": None, "flood": False, "alarms": []})
    assert said(capsys, "ack")[0] == 2
    assert said(capsys, "list", "--rig", FULL) == (0, "nobody owns Bench 1 now, so no alarm is watched\n", "")
    assert said(capsys, "list", "--rig", FULL, "--simulate")[0] == 2


@pytest.mark.parametrize("priority", list(Priority))
def test_priority_is_told_by_shape_letter_and_word(
    priority: Priority, capsys: pytest.CaptureFixture[str]
) -> None:
    alarm: dict[str, Any] = {
        "tag": "t", "title": "T", "text": "It is so.", "priority": priority.value, "first_out": True, "state": "B",
        "state_text": "active, not acknowledged", "since_s": 61.0, "what_to_do": "Do it.", "acknowledged_by": None,
    }  # fmt: skip
    show([alarm], flood=True)
    sign = SIGNS[priority]
    first, head, state, what = capsys.readouterr().out.splitlines()
    assert first.startswith("ALARM FLOOD")
    assert head == f"{sign.shape} {sign.letter} {sign.word:<7} FIRST t: It is so."
    assert (state, what) == ("    B active, not acknowledged, since 0:01:01", "    what to do: Do it.")
    assert "\x1b" not in head


def test_a_run_tells_only_what_no_other_event_tells() -> None:
    lost = {"tag": "instrument-lost:a", "from": "A", "to": "B", "trigger": "active", "text": "a: no reply"}
    trip = {"tag": "door", "from": "A", "to": "B", "trigger": "active", "text": "The door is open."}
    assert sentence("alarm-state", lost) == (ALARM, "ALARM instrument-lost:a: a: no reply")
    assert sentence("alarm-state", {**lost, "to": "C", "trigger": "ack"}) is None
    assert sentence("alarm-state", trip) is None
    assert sentence("alarm-state", {**trip, "trigger": "re-alarm"}) == (
        ALARM,
        "ALARM door: The door is open.",
    )
    flood = sentence("alarm-flood", {"on": True})
    assert flood is not None and "ALARM FLOOD" in flood[1] and sentence("alarm-flood", {"on": False}) is None


# What can come


def test_every_alarm_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    found = alarms_of(load_rig(FULL)[0])
    code, out, _ = said(capsys, "list", "--all", "--rig", FULL)
    lines = out.splitlines()
    assert code == 0 and [line.split()[0] for line in lines[1:-1]] == [one.tag for one in found]
    assert lines[-1].startswith(f"{len(found)} alarms: ") and " highest (" in lines[-1]
    code, out, _ = said(capsys, "list", "--all", "--json", "--rig", FULL)
    data = {one["tag"]: one for one in objects(out)}
    assert code == 0 and len(data) == len(found)
    door = data["door"]
    assert (door["priority"], door["shape"], door["letter"], door["latching"]) == ("medium", "●", "M", True)
    assert (door["safety"], door["on_delay_s"], door["group"], door["response_s"]) == (
        True,
        0.0,
        "spin",
        None,
    )
    assert (door["at_risk"], door["respond"]) == ("person", "before the next start")


def test_an_alarm_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "explain", "chamber-exhaust")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0 and lines[0] == "chamber-exhaust: Chamber exhaust off"
    for wanted in (
        "priority ● M MEDIUM, class safety",
        "at risk person",
        "act within 1 h",
        "cause Fan off, duct blocked, or the flow switch is broken.",
        "does by itself high voltage and pumps off, abort of spin",
        "delays on 3 s, off 0 s",
        "latching yes, until cleared at the rig",
        "source safety rule 4",
    ):
        assert wanted in lines


def test_the_first_part_of_a_tag_explains_all_that_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "explain", "pump-stopped", "--json")
    assert (code, [one["tag"] for one in objects(out)]) == (
        0,
        ["pump-stopped:pumps.a", "pump-stopped:pumps.b"],
    )
    code, _, err = said(capsys, "explain", "pump-stoped")
    assert code == 2 and 'no alarm "pump-stoped"' in err and 'did you mean "pump-stopped"?' in err


def test_the_page_is_not_stale() -> None:
    """Make it anew with: spinrig alarms list --markdown > docs/alarms.md"""
    definitions = [alarms_of(load_rig(None)[0]), alarms_of_outputs()]
    page = markdown(*definitions)
    assert PAGE.read_text(encoding="utf-8") == page
    assert "spinrig alarms list --markdown > docs/alarms.md" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(map(len, definitions))
    # No cell but that of the class is empty.
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == len(COLUMNS) and [i for i, cell in enumerate(cells) if not cell] in ([], [2]), (
            row
        )


def test_the_command_writes_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    page = markdown(alarms_of(load_rig(None)[0]), alarms_of_outputs())
    assert said(capsys, "list", "--markdown") == (0, page, "")


# How often they came


def test_the_report_counts_what_the_journals_say(tmp_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults = tmp_runs.parent / "faults.toml"
    faults.write_text(
        '[[fault]]\nat = "60 s"\non = "climate.chamber"\nkind = "silent"\nduration = "40 s"\n',
        encoding="utf-8",
    )
    quick = ROOT / "tests" / "recipes_for_tests" / "quick-spin.toml"
    assert (
        main(["run", str(quick), "--yes", "--quiet", "--runs", str(tmp_runs), "--faults", str(faults)]) == 0
    )
    capsys.readouterr()
    code, out, _ = said(capsys, "report", "--days", "30", "--runs", tmp_runs)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0 and lines[0].startswith("1 run of the last 30 days (1 simulated), 0.")
    assert "announced alarms 1 told ISA-18.2" in lines
    assert "priority low 100 % about 80 % vendors' guides to ISA-18.2" in lines
    assert "an hour 1 about 6, at most 12 met ISA-18.2" in lines
    code, out, _ = said(capsys, "report", "--json", "--runs", tmp_runs)
    assert code == 0 and {one["name"]: one["value"] for one in objects(out)}["a day"] == 1
    assert said(capsys, "report", "--days", "0", "--runs", tmp_runs)[0] == 2
