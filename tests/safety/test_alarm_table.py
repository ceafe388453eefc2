"""The states of an alarm, A to I, cell by cell against the table of ISA-18.2 (IEC 62682)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rig.safety.alarms_list import MAINTAINER, AlarmRefused
from rig.safety.alarms_states import AlarmState, Input, after, refusal
from tests.safety.alarm_bench import Desk, definition

# State, then the next one for: active, clear, ack, reset, re-alarm. A dot: nothing changes.
PLAIN = """
A  B . . . .
B  . D C . .
C  . A . . B
D  B . A . .
"""
LATCHING = """
A  B . . . .
B  . E C . .
C  . F . . B
E  B . F . .
F  B . . A .
"""
INPUTS = (Input.ACTIVE, Input.CLEAR, Input.ACKNOWLEDGE, Input.RESET, Input.RE_ALARM)
CELLS = [
    (latching, row.split()[0], what, target)
    for latching, table in ((False, PLAIN), (True, LATCHING))
    for row in table.strip().splitlines()
    for what, target in zip(INPUTS, row.split()[1:], strict=True)
]


@pytest.mark.parametrize(("latching", "state", "what", "target"), CELLS)
def test_cell(latching: bool, state: str, what: Input, target: str) -> None:
    assert after(AlarmState(state), what, latching).value == (state if target == "." else target)


@pytest.mark.parametrize("state", list(AlarmState))
def test_what_a_person_is_refused(state: AlarmState) -> None:
    taken = {Input.ACKNOWLEDGE: "BDE", Input.RESET: "F"}
    for what, states in taken.items():
        why = refusal(state, what)
        assert (why is None) is (state.value in states), (state, what, why)
        assert why is None or "it" in why


def there(desk: Desk, state: str) -> None:
    """Bring the alarm "hot" into a state of the process by legal inputs only."""
    if state in "BCDEF":
        desk.signal(True)
    if state in "CF":
        desk.list.acknowledge("hot", "Ada", desk.now_ns)
    if state in "DEF":
        desk.signal(False)
    desk.settle()
    assert desk.state() == state


def shelve(desk: Desk) -> None:
    desk.list.shelve("hot", "Ada", "sensor at calibration", desk.now_ns)


def unshelve(desk: Desk) -> None:
    desk.list.unshelve("hot", "Ada", desk.now_ns)


def suppress(desk: Desk) -> None:
    desk.list.state_of_unit("spin", "Idle", desk.now_ns)


def show(desk: Desk) -> None:
    desk.list.state_of_unit("spin", "Running", desk.now_ns)


def take_out(desk: Desk) -> None:
    desk.list.out_of_service("hot", "Ada", MAINTAINER, "valve removed", desk.now_ns)


def bring_back(desk: Desk) -> None:
    desk.list.into_service("hot", "Ada", MAINTAINER, desk.now_ns)


OVERLAYS: list[tuple[str, Callable[[Desk], None], Callable[[Desk], None]]] = [
    ("G", shelve, unshelve),
    ("H", suppress, show),
    ("I", take_out, bring_back),
]
AFTERWARDS = {"A": "A", "B": "B", "C": "B", "D": "A", "E": "E", "F": "F"}
"""Computed from what is there when nothing covers it any more: an active alarm is announced anew."""


@pytest.mark.parametrize(("letter", "cover", "uncover"), OVERLAYS)
@pytest.mark.parametrize(
    ("latching", "state"), [*((False, s) for s in "ABCD"), *((True, s) for s in "ABCEF")]
)
def test_covered_and_uncovered(
    letter: str, cover: Callable[[Desk], None], uncover: Callable[[Desk], None], latching: bool, state: str
) -> None:
    desk = Desk(definition(latching=latching, shown_in=frozenset({"Running"})))
    there(desk, state)
    cover(desk)
    desk.settle()
    assert desk.state() == letter and not desk.list.sounding()
    for what in (desk.list.acknowledge, desk.list.reset):
        with pytest.raises(AlarmRefused):
            what("hot", "Ada", desk.now_ns)
    uncover(desk)
    desk.settle()
    assert desk.state() == AFTERWARDS[state]


@pytest.mark.parametrize(("letter", "cover", "uncover"), OVERLAYS)
def test_a_covered_alarm_goes_on_being_evaluated(
    letter: str, cover: Callable[[Desk], None], uncover: Callable[[Desk], None]
) -> None:
    desk = Desk(definition(latching=True, shown_in=frozenset({"Running"})))
    cover(desk)
    desk.signal(True)
    assert desk.state() == letter and desk.list.alarms["hot"].active
    assert not desk.list.sounding() and desk.list.alarms["hot"].announced == 0
    uncover(desk)
    assert desk.settle() == [f"hot:{letter}B"]
    cover(desk)
    desk.signal(False)
    uncover(desk)
    desk.settle()
    assert desk.state() == "E"


def test_silent_by_design_is_no_news_where_nothing_is_there() -> None:
    desk = Desk(definition(shown_in=frozenset({"Running"})))
    suppress(desk)
    assert desk.settle() == [] and desk.list.listed() == [] and desk.state() == "H"
    desk.signal(True)
    show(desk)
    assert desk.settle() == ["hot:HB"]
    suppress(desk)
    assert desk.settle() == ["hot:BH"]


def test_another_units_state_suppresses_nothing() -> None:
    desk = Desk(definition(shown_in=frozenset({"Running"})))
    desk.list.state_of_unit("furnace.tube", "Idle", desk.now_ns)
    assert desk.state() == "A"
