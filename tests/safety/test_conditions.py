"""Conditions: delays, latch, clearing, when they look at all, and what each of them finds on a spinning station."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.readings import NS
from rig.safety.conditions import Condition, Finding, Interlocks, Situation, Then
from rig.safety.priorities import AtRisk, Respond
from rig.safety.spinning import EXHAUST_DELAY_S, contact_conditions, spin_conditions
from tests.safety.station import FULL, LIMITS, OUTPUTS, STEP_KV, Station, conditions

PLAIN = Condition(
    tag="hot",
    title="Too hot",
    unit="spin",
    takes=("hv",),
    armed=lambda situation: situation.live,
    test=lambda situation: _above(situation),
    then=Then.ABORT,
    at_risk=AtRisk.RIG,
    respond=Respond.AT_ONCE,
    cause="",
    consequence="",
    what_to_do="",
    source="",
)


def _above(situation: Situation) -> Finding | None:
    value = situation.readings.value("x")
    return Finding("x is high", f"{value:g}", "1") if value is not None and value > 1 else None


def station(condition: Condition) -> Station:
    made = Station(interlocks=Interlocks((condition,)))
    made.values["x"] = 0.0
    return made


def step(s: Station, x: float, after_s: float = 0.1) -> list[str]:
    s.values["x"] = x
    tags = s.tags()
    s.now_ns += round(after_s * NS)
    return tags


def test_it_trips_once_and_not_at_every_scan() -> None:
    s = station(PLAIN)
    assert [step(s, x) for x in (0, 2, 2, 3)] == [[], ["hot"], [], []]


def test_an_on_delay_has_to_be_lasted_without_a_gap() -> None:
    s = station(replace(PLAIN, on_delay_s=0.25))
    assert [step(s, x) for x in (2, 2, 0, 2, 2, 2, 2, 2)] == [[], [], [], [], [], [], ["hot"], []]


def test_a_latched_trip_stays_until_it_is_cleared_and_its_cause_is_gone() -> None:
    s = station(PLAIN)
    step(s, 2)
    assert [c.tag for c in s.interlocks.clear(s.situation)] == ["hot"]  # the cause is still there
    assert [c.tag for c in s.interlocks.latched()] == ["hot"]
    step(s, 0)
    assert [c.tag for c in s.interlocks.latched()] == ["hot"]  # closing the door again starts nothing
    assert s.interlocks.taken(s.views.values()) == {"hv.needle": "hot", "hv.counter": "hot"}
    assert s.interlocks.clear(s.situation) == []
    assert s.interlocks.taken(s.views.values()) == {}
    assert step(s, 2) == ["hot"]  # and it can trip anew


def test_a_cause_that_is_still_there_is_not_cleared_because_everything_is_off() -> None:
    s = Station()
    s.values["inputs.bench.emergency_stop_ok"] = 0.0
    assert s.tags() == ["emergency-stop"]
    for name in s.views:
        s.view(name, wanted=False, told=None, told_on=False, proved_off=True)
    assert s.tags() == []  # not armed any more
    assert [c.tag for c in s.interlocks.clear(s.situation)] == ["emergency-stop"]
    s.values["inputs.bench.emergency_stop_ok"] = 1.0
    assert s.interlocks.clear(s.situation) == []


def test_an_unlatched_trip_ends_with_its_cause() -> None:
    s = station(replace(PLAIN, latch=False))
    assert step(s, 2) == ["hot"]
    assert set(s.interlocks.taken(s.views.values())) == {"hv.needle", "hv.counter"}
    assert step(s, 0) == []
    assert s.interlocks.taken(s.views.values()) == {}
    assert step(s, 2) == ["hot"]


def test_it_takes_the_kinds_it_says_or_the_outputs_it_names() -> None:
    s = station(replace(PLAIN, takes=("hv", "pump"), outputs=frozenset({"pumps.b"})))
    step(s, 2)
    assert s.interlocks.taken(s.views.values()) == {"pumps.b": "hot"}


def test_one_tag_is_declared_once() -> None:
    with pytest.raises(ValueError, match="'hot'"):
        Interlocks((PLAIN, PLAIN))


def test_it_looks_only_while_it_is_armed_and_the_delay_begins_then() -> None:
    s = Station(on=False, interlocks=Interlocks((replace(PLAIN, on_delay_s=0.15),)))
    assert [step(s, 2) for _ in range(5)] == [[]] * 5
    s.view("pumps.a", wanted=True)
    assert [step(s, 2) for _ in range(3)] == [[], [], ["hot"]]


# The spinning station's own


def test_all_is_well_means_no_trip_on_or_off() -> None:
    assert Station().tags() == []
    assert Station(on=False).tags() == []


@pytest.mark.parametrize(
    ("channel", "open_tag"), [("door_closed", "door"), ("emergency_stop_ok", "emergency-stop")]
)
def test_an_open_contact_and_a_dead_line_have_different_tags_and_texts(channel: str, open_tag: str) -> None:
    opened, dead = Station(), Station()
    opened.values[f"inputs.bench.{channel}"] = 0.0
    dead.values[f"inputs.bench.{channel}"] = None
    (trip,) = opened.interlocks.evaluate(opened.situation)
    (other,) = dead.interlocks.evaluate(dead.situation)
    assert trip.condition.tag == open_tag
    assert other.condition.tag == f"{open_tag}-unread"
    assert "cannot be read: no reply within 0.2 s" in other.finding.text
    assert trip.finding.text != other.finding.text
    assert trip.condition.cause != other.condition.cause
    assert trip.condition.then is Then.ABORT
    assert set(trip.condition.takes) == {"hv", "pump"}


def test_a_stale_contact_is_a_tripped_contact() -> None:
    s = Station()
    old = s.situation
    late = replace(
        old,
        readings=type(old.readings)(s.now_ns + NS, old.readings._newest, dict.fromkeys(s.values, NS // 4)),
    )
    tags = [trip.condition.tag for trip in s.interlocks.evaluate(late)]
    assert {"door-unread", "emergency-stop-unread", "chamber-exhaust-unread"} <= set(tags)
    assert "door" not in tags


def test_the_exhaust_may_flutter_for_less_than_its_delay() -> None:
    assert EXHAUST_DELAY_S <= 5.0  # safety rule 4
    s = Station()
    tags: list[str] = []
    for scan in range(700):
        # 2.0 s away, 3.0 s back, and so on; then gone for good from 60.0 s on
        s.values["inputs.bench.exhaust_ok"] = 1.0 if scan < 600 and scan % 50 >= 20 else 0.0
        for tag in s.tags():
            tags.append(f"{tag} at {scan / 10}")
        s.now_ns += NS // 10
    assert tags == ["chamber-exhaust at 63.0"]


@pytest.mark.parametrize(
    ("bad", "good", "trips_at"),
    [(29, 1, "5.1"), (10, 10, "10.0"), (1, 1, "10.0"), (24, 26, None), (1, 9, None)],
)
def test_an_exhaust_that_is_bad_for_5_s_of_any_10_s_trips(bad: int, good: int, trips_at: str | None) -> None:
    """Scans of 100 ms; nothing is bad for its delay without a break."""
    s = Station()
    tags: list[str] = []
    for scan in range(1200):
        s.values["inputs.bench.exhaust_ok"] = 0.0 if scan % (bad + good) < bad else 1.0
        for tag in s.tags():
            tags.append(f"{tag} at {scan / 10}")
        s.now_ns += NS // 10
    assert tags == ([] if trips_at is None else [f"chamber-exhaust at {trips_at}"])


def test_what_was_bad_before_everything_was_off_or_before_it_was_cleared_does_not_count() -> None:
    def bad(s: Station, *scans: bool) -> list[str]:
        found: list[str] = []
        for one in scans:
            s.values["inputs.bench.exhaust_ok"] = 0.0 if one else 1.0
            found += s.tags()
            s.now_ns += NS
        return found

    bits = (True, True, False) * 2
    off = Station()
    assert bad(off, *bits) == []
    live = dict(off.views)
    for name in live:
        off.view(name, wanted=False, told_on=False, proved_off=True)
    for name in ("hv.needle", "hv.counter"):
        off.values |= {f"{name}.output": 0.0, f"{name}.voltage_kv": 0.0}
    assert bad(off, False) == []
    off.views = live
    off.values |= {"hv.needle.output": 1.0, "hv.counter.output": 1.0}
    off.values |= {"hv.needle.voltage_kv": 20.0, "hv.counter.voltage_kv": -5.0}
    assert bad(off, True, True, False) == []
    cleared = Station()
    assert bad(cleared, *bits, True, True) == ["chamber-exhaust"]
    assert bad(cleared, False) == [] and cleared.interlocks.clear(cleared.situation) == []
    assert bad(cleared, True, True, False) == []


@pytest.mark.parametrize("value", [0.0, None])
@pytest.mark.parametrize("channel", ["emergency_stop_ok", "door_closed", "exhaust_ok"])
def test_an_emergency_stop_counts_at_work_with_nothing_on_and_latches(
    channel: str, value: float | None
) -> None:
    s = Station(on=False)
    s.values[f"inputs.bench.{channel}"] = value

    def scan(at_work: bool) -> list[str]:
        s.now_ns += 5 * NS
        return [trip.condition.tag for trip in s.interlocks.evaluate(replace(s.situation, at_work=at_work))]

    assert scan(False) == [], "at rest it is nobody's business"
    first = [*scan(True), *scan(True)]
    if channel != "emergency_stop_ok":
        assert first == [], "the door is opened to prime"
        return
    tag = "emergency-stop" if value == 0.0 else "emergency-stop-unread"
    assert first == [tag]
    s.values[f"inputs.bench.{channel}"] = 1.0
    assert scan(False) == [] and s.interlocks.tripped(tag), "released is not cleared"


@pytest.mark.parametrize("channel", ["door_closed", "exhaust_ok"])
def test_door_and_exhaust_are_armed_only_while_something_is_on_wanted_or_unproved(channel: str) -> None:
    s = Station(on=False)
    s.values[f"inputs.bench.{channel}"] = 0.0
    for _ in range(100):
        assert s.tags() == []
        s.now_ns += NS // 10
    tag = "door" if channel == "door_closed" else "chamber-exhaust"
    for change in ({"wanted": True}, {"told_on": True}, {"proved_off": False}):
        for output in ("hv.counter", "pumps.b"):
            armed = Station(on=False)
            armed.view(output, **change)
            armed.values[f"inputs.bench.{channel}"] = 0.0
            first = armed.tags()
            armed.now_ns += 4 * NS
            assert tag in [*first, *armed.tags()], (change, output)


def test_a_request_arms_the_door_in_the_very_scan_in_which_it_is_made() -> None:
    s = Station(on=False)
    s.values["inputs.bench.door_closed"] = 0.0
    wanting = s.situation.wanting(["pumps.a"])
    assert [trip.condition.tag for trip in s.interlocks.evaluate(wanting)] == ["door"]
    assert s.situation.wanting([]).live is False
    assert s.situation.wanting(["nobody"]).live is False


@pytest.mark.parametrize(
    ("channel", "value", "tag"),
    [
        ("hv.needle.fault", 1.0, "supply-fault:hv.needle"),
        ("hv.needle.current_mode", 1.0, "supply-current-limit:hv.needle"),
        ("hv.needle.voltage_kv", 25.0 + 3 * STEP_KV, "supply-over-limit:hv.needle"),
        ("hv.counter.voltage_kv", -10.0 - 3 * STEP_KV, "supply-over-limit:hv.counter"),
        ("hv.needle.output", None, "supply-unread:hv.needle"),
        ("pumps.b.running", 0.0, "pump-stopped:pumps.b"),
        ("pumps.b.running", None, "pump-unread:pumps.b"),
    ],
)
def test_what_supplies_and_pumps_say_trips_at_once(channel: str, value: float | None, tag: str) -> None:
    s = Station()
    s.values[channel] = value
    (trip,) = s.interlocks.evaluate(s.situation)
    assert trip.condition.tag == tag
    assert trip.condition.then is Then.ABORT
    assert trip.condition.outputs is None
    assert set(trip.condition.takes) == {"hv", "pump"}


def test_at_its_limit_a_supply_is_not_yet_over_it_but_over_it_counts_even_when_told_off() -> None:
    s = Station()
    s.values["hv.needle.voltage_kv"] = 25.0 + 2 * STEP_KV
    assert s.tags() == []
    off = Station(on=False)
    off.view("hv.needle", proved_off=False)
    off.values["hv.needle.voltage_kv"] = 26.0
    assert off.tags() == ["supply-over-limit:hv.needle"]


def test_a_supply_that_drops_out_trips_after_half_a_second_but_not_by_an_older_reading() -> None:
    s = Station()
    s.values["hv.needle.output"] = 0.0
    found: list[tuple[float, str]] = []
    for scan in range(8):
        found += [(scan / 10, tag) for tag in s.tags()]
        s.now_ns += NS // 10
    assert found == [(0.5, "supply-dropped:hv.needle")]
    young = Station()
    young.values["hv.needle.output"] = 0.0
    young.view("hv.needle", told_ns=young.now_ns + NS)
    assert [young.tags() for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize(
    ("reads", "tag", "after_s"),
    [
        ({"output": 1.0}, "supply-live", 1.0),
        ({"voltage_kv": 0.09}, "supply-charged", 60.0),
        ({"output": None}, "supply-dark", 2.0),
    ],
)
def test_a_supply_that_nobody_wants_on_and_that_is_not_off_is_loud(
    reads: dict[str, float | None], tag: str, after_s: float
) -> None:
    s = Station(on=False)
    s.values |= {f"hv.needle.{channel}": value for channel, value in reads.items()}
    assert s.tags() == []
    s.now_ns += round((after_s - 0.1) * NS)
    assert s.tags() == []
    s.now_ns += NS // 10
    assert s.tags() == [f"{tag}:hv.needle"]
    assert set(s.interlocks.taken(s.situation.outputs.values())) == set(OUTPUTS)


def test_a_pump_just_told_to_run_is_not_yet_a_stopped_one() -> None:
    s = Station()
    s.values["pumps.a.running"] = 0.0
    s.view("pumps.a", told_ns=s.now_ns)
    assert s.tags() == []


@pytest.mark.parametrize(
    ("name", "change", "tag"),
    [
        ("hv.needle", {"failed": "error 5"}, "supply-order-failed:hv.needle"),
        ("pumps.a", {"failed": "?OOR"}, "pump-order-failed:pumps.a"),
        ("hv.needle", {"lapsed": True}, "lease-lapsed:hv.needle"),
        ("pumps.a", {"lapsed": True}, "pump-lease-lapsed:pumps.a"),
    ],
)
def test_an_order_not_taken_or_a_lapsed_lease_aborts(name: str, change: dict[str, object], tag: str) -> None:
    s = Station()
    s.view(name, **change)
    assert s.tags() == [tag]


def test_a_supply_never_told_on_is_not_asked_for_its_read_back() -> None:
    s = Station(on=False)
    for name in ("hv.needle.output", "pumps.a.running"):
        s.values[name] = None
    assert s.tags() == []


def test_every_condition_says_what_a_person_needs_to_know_and_is_quick_enough() -> None:
    for condition in conditions().conditions:
        for text in (
            condition.title,
            condition.cause,
            condition.consequence,
            condition.what_to_do,
            condition.source,
        ):
            assert text.strip(), condition.tag
        if not condition.takes:
            assert condition.then is Then.NONE, f"{condition.tag} only tells"
            continue
        # After an arc the recipe may allow to ramp up again: everything off, and held.
        expected = Then.HOLD if condition.tag.startswith("arc:") else Then.ABORT
        assert condition.then is expected, condition.tag
        assert condition.latch, condition.tag
        assert condition.within_s <= 1.0, condition.tag


def test_two_doors_and_two_modules_get_conditions_of_their_own() -> None:
    tags = [c.tag for c in contact_conditions("inputs.bench", ("door_closed", "door_back", "key"))]
    assert tags == ["door", "door-unread", "door:door_back", "door:door_back-unread"]
    both = spin_conditions(
        {"inputs.bench": ("door_closed",), "inputs.wall": ("door_closed",)},
        {"hv.needle": (LIMITS, STEP_KV)},
        [],
    )
    found = [c.tag for c in Interlocks(both).conditions if c.tag.startswith("door")]
    assert found == ["door", "door-unread", "door:inputs.wall", "door-unread:inputs.wall"]


def test_what_remains_is_found_though_nothing_arms_it_any_more() -> None:
    s = Station()
    s.values["inputs.bench.emergency_stop_ok"] = 0.0
    assert s.tags() == ["emergency-stop"]
    for name in s.views:
        s.view(name, wanted=False, told=None, told_on=False, proved_off=True)
    assert not s.situation.live
    ((condition, finding),) = s.interlocks.remaining(s.situation)
    assert (condition.tag, finding.text) == ("emergency-stop", "The emergency stop is pressed.")
    assert [one.tag for one in s.interlocks.clear(s.situation)] == ["emergency-stop"]
    s.values["inputs.bench.emergency_stop_ok"] = 1.0
    assert s.interlocks.remaining(s.situation) == []
    assert [one.tag for one in s.interlocks.latched()] == ["emergency-stop"]  # to look changes nothing
    assert s.interlocks.clear(s.situation) == []
    assert s.interlocks.latched() == []


def test_the_emergency_stop_is_every_units() -> None:
    units = {c.tag: c.unit for c in conditions().conditions}
    assert units["emergency-stop"] == units["emergency-stop-unread"] == "*"
    assert units["door"] == "spin"
    assert FULL
