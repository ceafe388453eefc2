"""The alarm list in the scan: what feeds it, what it writes, who may silence what, and what it costs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from rig.bench.rigfile import load_rig
from rig.engine.alarming import COMMANDS, unit_definitions
from rig.engine.alarms_of import alarms_of
from rig.engine.host import Result
from rig.engine.phases.phase import NOTHING
from rig.engine.states import TABLE, Command, State
from rig.readings import NS, Reading, Readings
from rig.safety.alarms_metrics import measures, of_journal
from rig.safety.conditions import Situation, Then
from tests.end_to_end.quick import QUICK, events
from tests.end_to_end.spinning import Spinning, fault
from tests.engine.test_states import machine_at
from tests.engine.unit_bench import Bench, condition

HV, DOOR = "hv.needle", "door"
WATCHED_US = 3.0


class Told:
    """One quick run, and what was seen and said at each mark."""

    def __init__(self, runs: Path, *faults: Any) -> None:
        self.spun = Spinning(runs, QUICK, faults=faults)
        self.seen: dict[str, Any] = {}
        self.result: Result | None = None
        self.host = self.spun.session.host

    def alarm(self, mark: str, word: str, **request: Any) -> None:
        self.seen[mark] = self.host.orders.alarm(word, request, "Ada")

    def look(self, mark: str) -> None:
        self.seen[mark] = self.host.status()["alarm_list"]

    def on(self, delay_s: float, mark: str, word: str | None = None, **request: Any) -> None:
        """So long after the clock has begun to run, look, or say a word."""
        act = (lambda: self.look(mark)) if word is None else (lambda: self.alarm(mark, word, **request))
        self.spun.after("clock", delay_s, act, running=True)

    def steps(self, tag: str) -> list[str]:
        """The states an alarm went through."""
        found = [data for _, data in self.spun.found("alarm-state", tag=tag)]
        assert all(one["to"] == two["from"] for one, two in pairwise(found))
        return [found[0]["from"], *(data["to"] for data in found)] if found else []


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The door is opened 5 s after the clock has begun to run, and closed 10 s later; then somebody clears."""
    told = Told(tmp_path_factory.mktemp("door"))
    told.spun.after("clock", 5.0, lambda: open_door(told, True), running=True)
    told.spun.after("clock", 15.0, lambda: open_door(told, False), running=True)
    told.on(4.0, "shelved while live", "shelve", tag=DOOR, reason="known")
    told.on(4.1, "out while live", "out-of-service", tag=DOOR, reason="known", role="maintainer")
    told.on(
        4.2, "a warning shelved", "shelve", tag="instrument-lost:climate.chamber", reason="known", minutes=0.1
    )
    told.on(6.0, "open")
    told.on(7.0, "acknowledged", "ack", tag=DOOR)
    told.on(8.0, "not cleared")
    told.spun.after("clock", 9.0, lambda: told.host.command("clear", None, "Ada"), running=True)
    told.on(16.0, "closed")
    told.on(16.5, "nothing left", "ack")
    told.spun.after("clock", 20.0, lambda: told.host.command("clear", None, "Bob"), running=True)
    told.on(25.0, "cleared")
    told.result = told.spun.run()
    return told


class Record:
    """As much of a record as the list looks at."""

    failed: str | None = None


class Book:
    """An open record."""

    def __init__(self) -> None:
        self.record = Record()


def open_door(told: Told, is_open: bool) -> None:
    lab = told.spun.lab
    lab.scene.contacts.set(lab.scheduler.now_ns, "door_closed", not is_open)


def test_a_door_goes_through_its_states(door: Told) -> None:
    assert door.steps(DOOR) == ["A", "B", "C", "F", "A"]
    changes = [data for _, data in door.spun.found("alarm-state", tag=DOOR)]
    assert [data["trigger"] for data in changes] == ["active", "ack", "clear", "reset"]
    assert [data["by"] for data in changes] == ["system", "Ada", "system", "Bob"]
    assert {(data["priority"], data["unit"]) for data in changes} == {("medium", "spin")}
    assert all(data["first_out"] for data in changes[:3])
    # What was there before is as it was: one trip, counted once.
    assert len(door.spun.found("trip", tag=DOOR)) == 1
    assert door.spun.first("alarm-state", tag=DOOR) == door.spun.first("trip", tag=DOOR)


def test_the_list_shows_what_came_first_on_top(door: Told) -> None:
    top = door.seen["open"][0]
    assert {key: top[key] for key in ("tag", "state", "priority", "first_out", "active", "text")} == {
        "tag": DOOR,
        "state": "B",
        "priority": "medium",
        "first_out": True,
        "active": True,
        "text": "The chamber door is open.",
    }
    assert top["since_s"] == door.spun.first("trip", tag=DOOR) / NS
    assert top["what_to_do"].startswith("Earth needle and collector")
    states = {mark: door.seen[mark][0]["state"] for mark in ("not cleared", "closed")}
    assert states == {"not cleared": "C", "closed": "F"}
    assert door.seen["not cleared"][0]["acknowledged_by"] == "Ada"
    assert [one["tag"] for one in door.seen["cleared"]] == []


def test_acknowledging_leaves_the_trip_and_clearing_waits_for_the_cause(door: Told) -> None:
    assert door.seen["acknowledged"] is None
    refused = [data for _, data in door.spun.found("refused", command="clear")]
    assert len(refused) == 1 and "door: The chamber door is open." in refused[0]["why"]
    assert door.seen["nothing left"] == "there is nothing to acknowledge"


def test_safety_is_not_silenced_with_the_voltage_on(door: Told) -> None:
    assert (
        door.seen["shelved while live"]
        == f"{DOOR} is of class safety and is not shelved now: {HV} is not proved off"
    )
    assert str(door.seen["out while live"]).endswith(f"taken out of service now: {HV} is not proved off")
    assert door.seen["a warning shelved"] is None
    refused = [data for _, data in door.spun.found("refused", command="shelve")]
    assert [(data["tag"], data["by"], data["reason"]) for data in refused] == [(DOOR, "Ada", "known")]


def test_each_change_is_in_the_journal_and_can_be_counted(door: Told) -> None:
    assert door.result is not None
    lines = events(door.result.folder)
    changes = [(t_ns, data) for t_ns, data in door.spun.found("alarm-state")]
    assert [one["data"] for one in lines if one["kind"] == "alarm-state"] == [data for _, data in changes]
    counted = {one.name: one.value for one in measures([of_journal(lines, 0.0)])}
    assert counted["announced alarms"] == sum(data["to"] == "B" for _, data in changes) == 1
    assert counted["hidden without name or reason, or too long"] == 0


def test_a_shelf_is_in_the_list_and_ends_by_itself(tmp_path: Path) -> None:
    told = Told(tmp_path)
    tag = "instrument-lost:climate.chamber"
    told.on(1.0, "shelved", "shelve", tag=tag, reason="at calibration", minutes=0.1)
    told.on(2.0, "seen")
    told.on(2.5, "unshelved by nobody", "unshelve", tag=DOOR)
    told.on(2.6, "no tag", "unshelve")
    told.on(2.7, "no number", "shelve", tag=tag, reason="x", minutes="many")
    result = told.spun.run()
    assert told.seen["shelved"] is None
    (shelved,) = told.seen["seen"]
    assert (shelved["state"], shelved["by"], shelved["reason"]) == ("G", "Ada", "at calibration")
    assert shelved["until_s"] == pytest.approx(told.spun.first("clock", running=True) / NS + 7.0)
    assert told.steps(tag) == ["A", "G", "A"]
    assert told.seen["unshelved by nobody"] == "door is not shelved"
    assert told.seen["no tag"] == "unshelve needs the tag of an alarm"
    assert told.seen["no number"] == "'many' is no number of minutes"
    assert result.info is not None and (result.info["outcome"], result.info["alarms"]) == ("completed", 0)


def test_a_safety_alarm_comes_off_its_shelf_when_the_voltage_goes_on(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.spun.after(
        "state", 0.5, lambda: told.alarm("shelved", "shelve", tag=DOOR, reason="known"), to="Running"
    )
    told.spun.run()
    assert told.seen["shelved"] is None and told.steps(DOOR) == ["A", "G", "A"]
    back_ns, back = told.spun.found("alarm-state", tag=DOOR)[-1]
    assert back["trigger"] == f"{HV} is not proved off"
    # With the scan that wanted it on at the latest with the next one: nothing is silent while it rises.
    on_ns = told.spun.first("energise", output=HV)
    assert 0 <= back_ns - on_ns <= NS // 5


def test_an_instrument_without_a_condition_is_an_alarm_when_it_falls_silent(tmp_path: Path) -> None:
    """The climate's probe stops no run; that nothing comes from it any more is said all the same."""
    told = Told(tmp_path, fault("climate.chamber", "silent", 60.0, duration_s=60.0))
    told.spun.at(110.0, lambda: told.look("silent"))
    told.spun.run()
    tag = "instrument-lost:climate.chamber"
    assert told.steps(tag) == ["A", "B", "D"]
    came_s = told.spun.first("alarm-state", tag=tag) / NS
    assert 65.0 <= came_s <= 85.0
    (alarm,) = told.seen["silent"]
    assert (alarm["tag"], alarm["priority"], alarm["unit"]) == (tag, "low", "rig")
    assert alarm["text"].startswith("climate.chamber: SEND: no whole line")


def test_an_unplugged_supply_is_unproved_and_consequences_are_marked_as_such(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.spun.after("clock", 5.0, lambda: told.spun.lab.wire_of(HV).set_fault("unplug", True), running=True)
    told.spun.after("trip", 20.0, lambda: told.look("unproved"))
    told.spun.run()
    seen = {one["tag"]: one for one in told.seen["unproved"]}
    assert told.seen["unproved"][0]["tag"] == f"supply-unread:{HV}"
    assert [tag for tag, one in seen.items() if one["first_out"]] == [f"supply-unread:{HV}"]
    assert {"hv-unproved:spin", f"instrument-lost:{HV}", f"supply-dark:{HV}"} <= set(seen)
    assert seen["hv-unproved:spin"]["state"] == "B"
    assert told.spun.first("alarm", tag="hv-unproved") == told.spun.first(
        "alarm-state", tag="hv-unproved:spin"
    )


def test_an_exception_in_the_scan_is_an_alarm_of_its_own(tmp_path: Path) -> None:
    told = Told(tmp_path)

    def boom(*_: object) -> None:
        raise ZeroDivisionError("a fault above the guard")

    told.spun.after("clock", 3.0, lambda: setattr(told.host.unit, "guarded", boom), running=True)
    result = told.spun.run()
    assert result.ending.outcome == "failed"
    assert told.steps("internal-error") == ["A", "B"]


def test_a_flood_is_written_down_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    told = Told(tmp_path)
    alarming, empty = told.host.engine.alarming, Readings(0, {}, {})
    tags = [tag for tag, alarm in alarming.list.alarms.items() if alarm.definition.group == "spin"][:11]
    for tag in tags:
        assert told.spun.found("alarm-flood") == []
        alarming.list.observe(tag, True, 0, "It is so.")
        alarming.list.due_ns = 0
        alarming.scan(0, empty, False)
    assert [data for _, data in told.spun.found("alarm-flood")] == [{"on": True}]
    assert told.host.status()["alarm_flood"] is True
    alarming.scan(599 * NS, empty, False)
    alarming.scan(600 * NS, empty, False)
    assert [data for _, data in told.spun.found("alarm-flood")] == [{"on": True}, {"on": False}]


def test_a_run_in_which_nothing_happens_says_nothing_of_alarms(tmp_path: Path) -> None:
    told = Told(tmp_path)
    result = told.spun.run()
    assert result.info is not None and result.info["outcome"] == "completed"
    assert told.spun.found("alarm-state") == told.spun.found("alarm-flood") == []
    assert told.host.status()["alarm_list"] == [] and told.host.status()["alarm_flood"] is False


def test_a_record_that_fails_is_an_alarm(tmp_path: Path) -> None:
    told = Told(tmp_path)
    alarming = told.host.engine.alarming

    book = Book()
    told.host.engine.books.open.append(book)  # type: ignore[arg-type]
    empty = Readings(0, {}, {})
    alarming.scan(0, empty, False)
    assert alarming.listed() == []
    book.record.failed = "disk full"
    alarming.scan(1, empty, False)
    assert [(one["tag"], one["text"]) for one in alarming.listed()] == [("record-failed", "disk full")]


def test_the_list_is_the_one_that_is_explained(tmp_path: Path) -> None:
    bench, _ = load_rig(None)
    watched = Told(tmp_path).host.engine.alarming.list.alarms
    assert set(watched) == {one.tag for one in alarms_of(bench)}
    assert {one.tag: one.limit for one in alarms_of(bench)} == {
        tag: alarm.definition.limit for tag, alarm in watched.items()
    }


def test_a_unit_without_supplies_has_no_unproved_voltage(tmp_path: Path) -> None:
    units = Told(tmp_path).host.engine.units
    tags = {name: {one.tag for one in unit_definitions(unit)} for name, unit in units.items()}
    assert "hv-unproved:spin" in tags["spin"]
    assert not any(tag.startswith("hv-unproved") for tag in tags["furnace.tube"])


def test_an_unknown_word_is_refused(tmp_path: Path) -> None:
    orders = Told(tmp_path).host.orders
    assert str(orders.alarm("silence", {"tag": DOOR}, "Ada")).startswith("nothing is known of 'silence'")
    assert str(orders.alarm("ack", {"tag": "dore"}, "Ada")) == "there is no alarm 'dore' on this rig"
    assert set(COMMANDS) == {"ack", "shelve", "unshelve", "out-of-service", "into-service", "trust"}


# Automatic actions

EXPECTED = """
Idle        Aborting Aborting Aborting
Starting    Stopping Stopping Aborting
Running     Holding  Stopping Aborting
Pausing     Holding  Stopping Aborting
Paused      Holding  Stopping Aborting
Holding     Stopping Stopping Aborting
Held        Stopping Stopping Aborting
Restarting  Holding  Stopping Aborting
Completing  Stopping Stopping Aborting
Complete    Aborting Aborting Aborting
Stopping    Aborting Aborting Aborting
Stopped     Aborting Aborting Aborting
Aborting    .        .        .
Aborted     .        .        .
Clearing    Aborting Aborting Aborting
"""
ACTIONS = [
    (row.split()[0], then, target)
    for row in EXPECTED.strip().splitlines()
    for then, target in zip(
        (Then.NONE, Then.HOLD, Then.STOP, Then.ABORT), [".", *row.split()[1:]], strict=True
    )
]


@pytest.mark.parametrize(("state", "then", "target"), ACTIONS)
def test_an_automatic_action_takes_the_next_legal_one(state: str, then: Then, target: str) -> None:
    bench = Bench(condition(then))
    bench.unit.machine = machine_at(state)
    readings = Readings(0, {"hot": Reading(1.0, 0)}, {})
    bench.unit.guarded(NOTHING, Situation(readings, {}, False, False))
    assert len(bench.said("trip")) == 1
    assert bench.unit.state.value == (state if target == "." else target)
    fired = bench.said("state")
    assert len(fired) == (target != ".")
    if fired:
        # Not only a legal end: the table itself leads there.
        assert TABLE[State(state)][Command(fired[0]["trigger"])].value == target


def test_all_pairs_of_state_and_action_are_there() -> None:
    assert {(state, then) for state, then, _ in ACTIONS} == {(s.value, t) for s in State for t in Then}
    assert len(ACTIONS) == 60


# Cost


def test_a_scan_in_which_nothing_happens_costs_next_to_nothing(tmp_path: Path) -> None:
    told = Told(tmp_path)
    alarming, readings = told.host.engine.alarming, told.host.engine.readings
    told.host.engine.books.open.append(Book())  # type: ignore[arg-type]
    alarming.scan(0, readings, False)
    best_s = 1.0
    for _ in range(20):
        began_s = perf_counter()
        for _ in range(1000):
            alarming.scan(0, readings, False)
        best_s = min(best_s, (perf_counter() - began_s) / 1000)
    print(f"{best_s * 1e6:.2f} µs a scan")
    assert best_s * 1e6 < WATCHED_US
