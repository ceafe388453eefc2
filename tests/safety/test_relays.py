"""Contactor, lock, beacon, heartbeat, valves: what each is to be, for all that can be known; and whether it is."""

from __future__ import annotations

from itertools import product

import pytest

from rig.readings import NS, Reading, Readings
from rig.safety.relays import BEATS_MISSED, GasKnown, HvKnown, RelayWatch, relay_state, valve_state

EVERY = [
    HvKnown(proved, discharged, wanted, unproved, cut)
    for proved, discharged, wanted, unproved, cut in product((False, True), repeat=5)
    if not (discharged and not proved) and not (unproved and proved)
]


@pytest.mark.parametrize("known", EVERY)
def test_the_lock_opens_only_with_everything_proved_discharged_and_nothing_wanted(known: HvKnown) -> None:
    assert relay_state("lock", known, 0) is not (known.proved and known.discharged and not known.wanted)


@pytest.mark.parametrize("known", EVERY)
def test_the_beacon_is_dark_only_when_nothing_is_live_or_unproved(known: HvKnown) -> None:
    assert relay_state("beacon", known, 0) is not (known.proved and not known.wanted)


@pytest.mark.parametrize("known", EVERY)
@pytest.mark.parametrize("opens_on", ["unproved", "abort"])
def test_the_contactor_is_open_while_what_should_be_off_is_not_proved_off(
    known: HvKnown, opens_on: str
) -> None:
    closed = relay_state("contactor", known, 0, opens_on)
    if known.unproved or (opens_on == "abort" and known.cut and not known.proved):
        assert not closed
    else:
        # Closed otherwise: a supply without mains can never be read back as off.
        assert closed


def test_the_heartbeat_changes_each_second() -> None:
    known = EVERY[0]
    assert [relay_state("heartbeat", known, t * NS // 2) for t in range(6)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


GASES = [
    GasKnown(inert, sccm, asked, hot, cut)
    for inert, sccm, asked, hot, cut in product(
        (False, True), (None, 0.0, 200.0), (False, True), (False, True), (False, True)
    )
]
BEFORE = (None, False, True)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("known", GASES)
def test_an_inert_valve_is_closed_over_a_hot_tube_by_over_pressure_only(
    known: GasKnown, before: bool | None
) -> None:
    if known.inert and known.hot and before is not False and not known.cut:
        assert valve_state(known, before) is not False
    if known.cut:
        assert valve_state(known, before) is False


@pytest.mark.parametrize("before", [None, False])
@pytest.mark.parametrize("known", GASES)
def test_a_valve_opens_only_for_a_flow_that_a_step_wants_or_a_hot_tube_needs(
    known: GasKnown, before: bool | None
) -> None:
    opens = valve_state(known, before) is True
    needed = known.asked or (known.inert and known.hot)
    assert opens is (not known.cut and bool(known.permitted_sccm) and needed)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("known", GASES)
def test_what_nobody_has_read_stays_as_it_is(known: GasKnown, before: bool | None) -> None:
    if known.permitted_sccm is None and not known.cut:
        assert valve_state(known, before) is before


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("known", [one for one in GASES if not one.inert and one.permitted_sccm == 0.0])
def test_a_reactive_valve_without_a_flow_is_closed_however_hot_the_tube_is(
    known: GasKnown, before: bool | None
) -> None:
    assert valve_state(known, before) is False


def watched(kind: str, inert: bool = False) -> RelayWatch:
    return RelayWatch("outputs.one", kind, "outputs.one.state", "gas.argon", inert)


def read(value: float | None, t_ns: int, now_ns: int | None = None) -> Readings:
    reading = Reading(value, t_ns, None if value is not None else "no reply")
    return Readings(
        t_ns if now_ns is None else now_ns, {"outputs.one.state": reading}, {"outputs.one.state": NS}
    )


def test_only_what_was_read_after_it_was_told_counts() -> None:
    watch = watched("lock")
    watch.tell(True, 10 * NS)
    assert watch.found(read(0.0, 10 * NS)) is None and not watch.differs(read(0.0, 10 * NS))
    assert watch.found(read(0.0, 10 * NS + 1)) is False and watch.differs(read(0.0, 10 * NS + 1))
    assert watch.found(read(1.0, 11 * NS)) is True and not watch.differs(read(1.0, 11 * NS))
    assert watch.found(read(1.0, 11 * NS, 13 * NS)) is None, "old"
    assert watch.found(read(None, 11 * NS)) is None


@pytest.mark.parametrize(
    ("kind", "inert", "drops"),
    [("contactor", False, True), ("valve", False, True), ("valve", True, False), ("lock", False, False)],
)
def test_what_energises_and_has_let_go_by_itself_is_noticed(kind: str, inert: bool, drops: bool) -> None:
    watch = watched(kind, inert)
    watch.tell(True, 10 * NS)
    watch.look(read(0.0, 11 * NS))
    assert not watch.dropped, "it has not been seen to obey yet"
    watch.look(read(1.0, 12 * NS))
    watch.look(read(0.0, 13 * NS))
    assert watch.dropped is drops


@pytest.mark.parametrize(("stands", "missed"), [(False, 1), (True, 20)])
def test_beats_that_are_not_read_back_are_counted(stands: bool, missed: int) -> None:
    watch = watched("heartbeat")
    for second in range(40):
        watch.tell(second % 2 == 1, second * NS)
        watch.look(read(0.0 if stands else float(second % 2), second * NS + NS // 2))
    assert (watch.missed >= BEATS_MISSED) is stands
    assert watch.missed <= 1 if not stands else watch.missed >= missed
