"""The alarm list: delays, dead band, latching, first-out, shelving, flood. All of it on the run's clock."""

from __future__ import annotations

import math
import random

import pytest

from rig.readings import NS
from rig.safety.alarms_list import AlarmRefused
from rig.safety.alarms_one import NEVER
from rig.safety.conditions import (
    Condition,
    Finding,
    Interlocks,
    Situation,
    Then,
)
from rig.safety.priorities import AtRisk, Priority, Respond
from tests.safety.alarm_bench import Desk, definition
from tests.safety.station import Station

# Delays and dead band


def test_a_spike_shorter_than_the_on_delay_makes_no_alarm() -> None:
    desk = Desk(definition(on_delay_s=2.0))
    assert desk.signal(True) == []
    assert desk.wait(1.9) == []
    assert desk.signal(False) == []
    assert desk.wait(10.0) == [] and desk.state() == "A"
    desk.signal(True)
    assert desk.list.due_ns == desk.now_ns + 2 * NS
    assert desk.wait(2.0) == ["hot:AB"]


def test_a_gap_shorter_than_the_off_delay_ends_no_alarm() -> None:
    desk = Desk(definition(off_delay_s=3.0))
    desk.signal(True)
    desk.signal(False)
    assert desk.wait(2.9) == [] and desk.state() == "B"
    assert desk.signal(True) == []
    desk.signal(False)
    assert desk.wait(3.0) == ["hot:BD"]
    assert desk.list.alarms["hot"].announced == 1


def test_delays_know_only_the_time_they_are_given() -> None:
    """What the computer's clock says has no way in: the same signals at the same times of the run, twice."""
    first, second = (Desk(definition(on_delay_s=2.0)) for _ in range(2))
    second.now_s += 3600.0
    for desk in (first, second):
        assert (desk.signal(True), desk.wait(1.0), desk.wait(1.0)) == ([], [], ["hot:AB"])


def humid(now: list[float]) -> Condition:
    """A window with its edge at 55 %RH and a dead band of 2 %RH."""

    def test(_: Situation, band: float = 0.0) -> Finding | None:
        value = now[0]
        return Finding(f"{value:g} %RH", f"{value:g} %RH", "55 %RH") if value > 55.0 - band else None

    return Condition(
        "humid", "Humid", "spin", (), lambda _: True, test, Then.NONE,
        AtRisk.SAMPLE, Respond.WITHIN_THE_HOUR, "c", "q", "w", "s",
        latch=False, measured_in="%RH", dead_band=2.0, release=lambda situation: test(situation, 2.0),
    )  # fmt: skip


@pytest.mark.parametrize(("part_of_band", "trips"), [(0.4, 1), (1.6, 20)])
def test_a_sine_inside_the_dead_band_trips_once(part_of_band: float, trips: int) -> None:
    now = [50.0]
    interlocks, station = Interlocks((humid(now),)), Station()
    found = 0
    for tenth in range(200):
        now[0] = 55.0 + part_of_band * 2.0 * math.sin(2 * math.pi * (tenth / 10 + 0.05))
        station.now_ns += NS // 10
        found += len(interlocks.evaluate(station.situation))
    assert found == trips
    now[0] = 52.9
    interlocks.evaluate(station.situation)
    assert not interlocks.watches["humid"].tripped


def test_a_condition_keeps_its_off_delay() -> None:
    now = [60.0]
    condition = humid(now)
    interlocks = Interlocks(
        (
            Condition(
                **{name: getattr(condition, name) for name in condition.__slots__} | {"off_delay_s": 5.0}
            ),
        )
    )
    station = Station()
    assert len(interlocks.evaluate(station.situation)) == 1
    now[0] = 50.0
    for _ in range(2):
        interlocks.evaluate(station.situation)
        assert interlocks.watches["humid"].tripped
        station.now_ns += 4 * NS
    interlocks.evaluate(station.situation)
    watch = interlocks.watches["humid"]
    assert not watch.tripped and not watch.active and interlocks.changes == 2


def test_a_latched_trip_says_whether_its_cause_is_still_there() -> None:
    station = Station()
    station.values["inputs.bench.door_closed"] = 0.0
    assert station.tags() == ["door"]
    watch = station.interlocks.watches["door"]
    # Everything is off now, so the door is not armed any more; it is open all the same.
    for name in station.views:
        station.view(name, wanted=False, told=None, told_on=False, proved_off=True)
    assert station.tags() == [] and (watch.tripped, watch.active) == (True, True)
    station.values["inputs.bench.door_closed"] = 1.0
    assert station.tags() == [] and (watch.tripped, watch.active) == (True, False)
    changes = station.interlocks.changes
    station.values["inputs.bench.door_closed"] = 0.0
    # Opened again: the alarm is active again, the trip is still the same one.
    assert station.tags() == [] and watch.active and station.interlocks.changes == changes + 1
    assert station.interlocks.clear(station.situation)
    station.values["inputs.bench.door_closed"] = 1.0
    assert not station.interlocks.clear(station.situation)
    assert (watch.tripped, watch.active) == (False, False)


# Acknowledge and reset


def test_acknowledging_clears_no_latched_trip() -> None:
    desk = Desk(definition(latching=True))
    desk.signal(True)
    desk.list.acknowledge("hot", "Ada", desk.now_ns)
    assert desk.state() == "C"
    with pytest.raises(AlarmRefused, match="its cause is still there"):
        desk.list.reset("hot", "Ada", desk.now_ns)
    desk.signal(False)
    assert desk.state() == "F"
    with pytest.raises(AlarmRefused, match="nothing to acknowledge"):
        desk.list.acknowledge("hot", "Ada", desk.now_ns)
    desk.list.reset("hot", "Ada", desk.now_ns)
    assert desk.state() == "A"


def test_a_latched_alarm_is_acknowledged_before_it_is_reset() -> None:
    desk = Desk(definition(latching=True))
    desk.signal(True)
    desk.signal(False)
    with pytest.raises(AlarmRefused, match="acknowledged first"):
        desk.list.reset("hot", "Ada", desk.now_ns)
    desk.list.acknowledge("hot", "Ada", desk.now_ns)
    desk.list.reset("hot", "Ada", desk.now_ns)
    assert desk.state() == "A"


@pytest.mark.parametrize("acknowledged", [True, False])
def test_clearing_a_trip_acknowledges_and_resets_it(acknowledged: bool) -> None:
    desk = Desk(definition(latching=True))
    desk.list.observe("hot", True, desk.now_ns, "It is hot.")
    if acknowledged:
        desk.list.acknowledge("hot", "Ada", desk.now_ns)
    desk.list.observe("hot", False, desk.now_ns)
    desk.settle()
    desk.list.cleared("hot", "Ada", desk.now_ns)
    desk.settle()
    assert desk.state() == "A" and (desk.changes[-1].by, desk.changes[-1].trigger) == ("Ada", "reset")


def test_an_acknowledged_alarm_is_announced_again() -> None:
    desk = Desk(definition(priority=Priority.HIGHEST))
    desk.signal(True)
    desk.list.acknowledge("hot", "Ada", desk.now_ns)
    assert desk.wait(0) == ["hot:BC"]
    assert desk.list.due_ns == desk.now_ns + 1800 * NS
    assert desk.wait(1799.9) == []
    assert desk.wait(0.1) == ["hot:CB"]
    assert desk.list.alarms["hot"].announced == 2 and desk.list.due_ns == NEVER


def test_an_unknown_tag_is_refused() -> None:
    with pytest.raises(AlarmRefused, match="there is no alarm 'cold'"):
        Desk(definition()).list.acknowledge("cold", "Ada", 0)
    with pytest.raises(ValueError, match="two alarms"):
        Desk(definition(), definition())


# Shelving and out of service


def test_a_shelf_ends_by_itself() -> None:
    desk = Desk(definition())
    desk.signal(True)
    desk.list.shelve("hot", "Ada", "known", desk.now_ns)
    assert desk.wait(0) == ["hot:BG"]
    change = desk.changes[-1]
    assert (change.by, change.reason, change.until_ns) == ("Ada", "known", desk.now_ns + 1800 * NS)
    assert desk.wait(1799.0) == [] and [alarm.state.value for alarm in desk.list.listed()] == ["G"]
    assert desk.wait(1.0) == ["hot:GB"] and desk.changes[-1].by == "system"


def test_a_shelf_is_made_longer_by_shelving_again() -> None:
    desk = Desk(definition())
    for _ in range(2):
        desk.list.shelve("hot", "Ada", "known", desk.now_ns, 600.0)
        desk.wait(500.0)
        assert desk.state() == "G"
    assert desk.wait(100.0) == ["hot:GA"]


@pytest.mark.parametrize(
    ("user", "reason", "hours", "why"),
    [
        ("", "known", 0.5, "name of a person and a reason"),
        ("Ada", " ", 0.5, "name of a person and a reason"),
        ("Ada", "known", 8.01, "at most 8 h"),
        ("Ada", "known", 0.0, "more than nought"),
        ("Ada", "known", -1.0, "more than nought"),
        ("Ada", "known", math.nan, "more than nought"),
    ],
)
def test_shelving_that_is_refused(user: str, reason: str, hours: float, why: str) -> None:
    desk = Desk(definition())
    with pytest.raises(AlarmRefused, match=why):
        desk.list.shelve("hot", user, reason, desk.now_ns, hours * 3600.0)
    assert desk.state() == "A" and desk.settle() == []


def test_eight_hours_are_allowed() -> None:
    desk = Desk(definition())
    desk.list.shelve("hot", "Ada", "known", desk.now_ns, 8 * 3600.0)
    assert desk.state() == "G"


def test_safety_is_not_hidden_while_something_is_live() -> None:
    desk = Desk(definition("door", safety=True), definition("humid"))
    live = "hv.needle is not proved off"
    with pytest.raises(AlarmRefused, match=f"class safety and is not shelved now: {live}"):
        desk.list.shelve("door", "Ada", "known", desk.now_ns, hazard=live)
    with pytest.raises(AlarmRefused, match="class safety and is not taken out of service"):
        desk.list.out_of_service("door", "Ada", "maintainer", "known", desk.now_ns, hazard=live)
    desk.list.shelve("humid", "Ada", "known", desk.now_ns, hazard=live)
    desk.list.shelve("door", "Ada", "known", desk.now_ns)
    assert (desk.state("door"), desk.state("humid"), desk.list.hides_safety) == ("G", "G", True)
    desk.signal(True, "door")
    desk.list.reveal_safety(live, desk.now_ns)
    assert desk.settle() == ["door:GB"]
    assert (desk.state("humid"), desk.list.hides_safety) == ("G", False)


def test_out_of_service_is_for_the_maintainer() -> None:
    desk = Desk(definition())
    with pytest.raises(AlarmRefused, match="by the role 'maintainer' only, not 'operator'"):
        desk.list.out_of_service("hot", "Ada", "operator", "known", desk.now_ns)
    desk.list.out_of_service("hot", "Ada", "maintainer", "sensor removed", desk.now_ns)
    assert desk.wait(100 * 3600.0) == ["hot:AI"] and desk.state() == "I"
    with pytest.raises(AlarmRefused, match="out of service already"):
        desk.list.out_of_service("hot", "Ada", "maintainer", "again", desk.now_ns)
    with pytest.raises(AlarmRefused, match="hot is out of service"):
        desk.list.shelve("hot", "Ada", "known", desk.now_ns)
    with pytest.raises(AlarmRefused, match="by the role"):
        desk.list.into_service("hot", "Ada", "", desk.now_ns)
    desk.list.into_service("hot", "Ada", "maintainer", desk.now_ns)
    assert desk.state() == "A"
    with pytest.raises(AlarmRefused, match="not out of service"):
        desk.list.into_service("hot", "Ada", "maintainer", desk.now_ns)
    with pytest.raises(AlarmRefused, match="not shelved"):
        desk.list.unshelve("hot", "Ada", desk.now_ns)


# First-out


@pytest.mark.parametrize("seed", range(5))
def test_of_twenty_alarms_in_one_scan_the_interlock_is_first(seed: int) -> None:
    tags = [f"consequence-{number}" for number in range(20)]
    desk = Desk(
        *(definition(tag, priority=Priority.HIGHEST) for tag in tags),
        definition("interlock", priority=Priority.LOW),
    )
    order = ["interlock", *tags]
    random.Random(seed).shuffle(order)
    for tag in order:
        since_ns = desk.now_ns - (NS // 20 if tag == "interlock" else 0)
        desk.list.observe(tag, True, desk.now_ns, tag, since_ns)
    desk.settle()
    listed = desk.list.listed()
    assert [alarm.definition.tag for alarm in listed if alarm.first_out] == ["interlock"]
    assert listed[0].definition.tag == "interlock" and len(listed) == 21
    assert [change.tag for change in desk.changes if change.first_out] == ["interlock"]


def test_at_the_same_instant_the_order_of_declaration_decides() -> None:
    desk = Desk(definition("door"), definition("fault"))
    for tag in ("fault", "door"):
        desk.list.signal(tag, True, desk.now_ns)
    desk.settle()
    assert [alarm.definition.tag for alarm in desk.list.listed()] == ["door", "fault"]
    assert [alarm.first_out for alarm in desk.list.listed()] == [True, False]


def test_a_group_that_was_normal_has_a_new_first() -> None:
    desk = Desk(definition("door"), definition("fault"), definition("other", group="furnace.tube"))
    desk.signal(True, "door")
    desk.signal(True, "fault")
    desk.signal(True, "other")
    assert {tag: alarm.first_out for tag, alarm in desk.list.alarms.items()} == {
        "door": True,
        "fault": False,
        "other": True,
    }
    for tag in ("door", "fault"):
        desk.list.acknowledge(tag, "Ada", desk.now_ns)
    desk.signal(False, "door")
    desk.signal(True, "door")
    assert desk.list.alarms["door"].first_out  # the group was not normal in between
    desk.list.acknowledge("door", "Ada", desk.now_ns)
    desk.signal(False, "door")
    desk.signal(False, "fault")
    assert not any(desk.list.alarms[tag].first_out for tag in ("door", "fault"))
    desk.signal(True, "fault")
    desk.signal(True, "door")
    assert [desk.list.alarms[tag].first_out for tag in ("door", "fault")] == [False, True]


# Flood


def test_the_eleventh_alarm_in_ten_minutes_is_a_flood() -> None:
    priorities = [Priority.HIGHEST, Priority.HIGH, *(Priority.LOW,) * 10]
    desk = Desk(*(definition(f"a{number}", priority=priority) for number, priority in enumerate(priorities)))
    for number in range(11):
        assert not desk.list.flood and len(desk.list.sounding()) == number
        desk.signal(True, f"a{number}")
        desk.wait(30.0)
    assert desk.list.flood
    assert {alarm.definition.tag for alarm in desk.list.sounding()} == {"a0", "a1"}
    # They came at 0, 30, 60 ... 300 s; fewer than five are in the window once that of 180 s has left it.
    assert desk.now_s == 100.0 + 330.0
    desk.now_s = 100.0 + 180.0 + 599.9
    desk.settle()
    assert desk.list.flood and desk.list.due_ns == round((100.0 + 180.0 + 600.0) * NS)
    desk.wait(0.1)
    assert not desk.list.flood and len(desk.list.sounding()) == 11


def test_ten_in_ten_minutes_are_none() -> None:
    desk = Desk(*(definition(f"a{number}") for number in range(11)))
    for number in range(11):
        desk.signal(True, f"a{number}")
        desk.wait(60.0)
        assert not desk.list.flood
