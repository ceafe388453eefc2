"""Where a latched trip may be cleared, what a clear changes, and what stands against going on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.bench.rigfile import load_rig
from rig.engine.clearing import STANDS, against_going_on, allowed_now, clear_in_place, clears_in_place
from rig.engine.furnace_unit import furnace_unit
from rig.engine.phases.phase import DONE, NOTHING
from rig.engine.spin_unit import spin_unit
from rig.engine.states import Command, State, allowed
from rig.lines.board import Board
from rig.readings import Reading, Readings
from rig.safety.conditions import Situation, Then
from tests.engine.test_cells import at
from tests.engine.unit_bench import Bench, Scripted, condition, running

TAKES = condition(Then.NONE)
TELLS = replace(condition(Then.NONE), takes=())
HOLDS = replace(condition(Then.HOLD), takes=())


def situation(bench: Bench) -> Situation:
    newest = {name: Reading(value, bench.now_ns) for name, value in bench.values.items()}
    return Situation(Readings(bench.now_ns, newest, {}), {}, False, False)


def tripped_at(state: State, one: object) -> Bench:
    """A unit in that state in which the trip has come and its cause has gone."""
    bench = at(state, Bench(one))  # type: ignore[arg-type]
    bench.values["hot"] = 1.0
    bench.unit.guarded(NOTHING, situation(bench))
    assert [c.tag for c in bench.unit.spec.interlocks.latched()] == ["hot"]
    bench.values["hot"] = 0.0
    return bench


@pytest.mark.parametrize("state", list(State))
def test_what_takes_an_output_is_cleared_where_the_unit_stands(state: State) -> None:
    bench = tripped_at(state, TAKES)
    assert clears_in_place(bench.unit) is (state in STANDS)
    assert ("clear" in allowed_now(bench.unit)) is (state in STANDS or state is State.ABORTED)


@pytest.mark.parametrize("state", list(State))
def test_what_only_tells_is_cleared_everywhere(state: State) -> None:
    bench = tripped_at(state, TELLS)
    assert clears_in_place(bench.unit) is (state is not State.ABORTED)  # there the table's own clear does it


@pytest.mark.parametrize("state", sorted(STANDS))
def test_clearing_in_place_changes_no_state_and_starts_nothing(state: State) -> None:
    bench = tripped_at(state, TAKES)
    written: list[tuple[str, dict[str, object], str]] = []
    before = bench.states()
    clear_in_place(bench.unit, situation(bench), "Ada", lambda *event: written.append(event))
    assert written == [("cleared", {"unit": "spin", "tags": ["hot"], "by": "Ada"}, "spin")]
    assert bench.unit.spec.interlocks.latched() == [] and bench.states() == before
    assert not any(output.energised for output in bench.scan().outputs.values())
    assert bench.state() is state and not clears_in_place(bench.unit)


@pytest.mark.parametrize("state", list(State))
def test_with_nothing_latched_the_table_is_as_it_is(state: State) -> None:
    bench = at(state, Bench(TAKES))
    assert not clears_in_place(bench.unit) and allowed_now(bench.unit) == allowed(state)


def test_a_trip_that_held_stands_against_going_on_until_it_is_cleared() -> None:
    bench = running(Scripted(says={"holding": DONE}), conditions=(HOLDS,))
    bench.values["hot"] = 1.0
    bench.scan()
    bench.scan()
    assert bench.state() is State.HELD
    unit = bench.unit
    assert (
        against_going_on(unit, situation(bench)) == "hot is tripped and its cause is still there: It is hot."
    )
    bench.values["hot"] = 0.0
    bench.scan()
    assert against_going_on(unit, situation(bench)) == "hot is latched and its cause is gone: clear it first"
    clear_in_place(unit, situation(bench), "Ada", lambda *event: None)
    assert against_going_on(unit, situation(bench)) is None
    bench.fire(Command.RESTART)


def test_what_only_tells_stands_against_nothing() -> None:
    bench = tripped_at(State.HELD, TELLS)
    assert against_going_on(bench.unit, situation(bench)) is None


def test_after_a_stop_that_a_trip_raised_it_is_cleared_and_put_back() -> None:
    bench = running(Scripted(says={"stopping": DONE}), conditions=(condition(Then.STOP),))
    bench.values["hot"] = 1.0
    for _ in range(3):
        bench.scan()
    bench.values["hot"] = 0.0
    bench.scan()
    unit = bench.unit
    readings = situation(bench).readings
    assert bench.state() is State.STOPPED and unit.unclean(bench.now_ns, readings) == "hot is tripped"
    assert clears_in_place(unit)
    clear_in_place(unit, situation(bench), "Ada", lambda *event: None)
    assert bench.state() is State.STOPPED and unit.unclean(bench.now_ns, readings) is None


def test_clearing_a_hold_never_heats() -> None:
    """What is held on (a heater, a gas) no trip with a hold may take: cleared, it would be back without a resume."""
    bench, _ = load_rig(None)
    board = Board()
    units = [spin_unit(bench, {}, board, _nothing, _never)]
    units += [furnace_unit(bench, name, {}, board, _nothing, _never) for name in bench.furnaces]
    holding = [c for unit in units for c in unit.spec.interlocks.conditions if c.then is Then.HOLD]
    assert {c.tag.partition(":")[0] for c in holding} >= {"arc", "humidity-hold", "temperature-hold"}
    assert [c.tag for c in holding if {"furnace", "gas"} & set(c.takes)] == []


def _nothing(kind: str, data: dict[str, object]) -> None:
    """These units never run."""


def _never() -> int:
    """These units never run."""
    return 0
