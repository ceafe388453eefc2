"""A few of the trials that benchmarks/abort_trials.py and benchmarks/door_trials.py make by the hundred."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.abort_trials import OFF, AbortTrials, Told, run_trials
from benchmarks.door_trials import CASES, DoorTimes, real_times, virtual_times
from rig.engine.states import State
from tests.end_to_end.measures import TRIES, MachineBusy

FREE_MS, IN_FLIGHT_MS = 50.0, 250.0
"""By when the first byte is out: a free line at once, with a machine's usual delays; one in an exchange when that is
over, at the latest at a quick line's deadline (0.2 s). Both are far from the 5 s of the blocked call."""

SLOW_MS = 1050.0
"""A furnace's exchanges have a deadline of 1 s."""


def _tried(attempt: Callable[[int], None]) -> None:
    """In real time other programs share the machine: what is built wrongly fails each time."""
    for number in range(TRIES):
        try:
            attempt(number)
            return
        except (AssertionError, MachineBusy) as error:
            failure = error
    raise failure


def _limit_ms(told: Told) -> float:
    if not told.in_flight:
        return FREE_MS
    return SLOW_MS if told.line.startswith("furnace") else IN_FLIGHT_MS


@pytest.mark.timeout(240)
def test_an_abort_waits_for_no_driver_that_is_blocked(tmp_path: Path) -> None:
    """6 from Running, one of which lets the call block for its 5 s, and one from each other state."""

    def attempt(number: int) -> None:
        made: AbortTrials = run_trials(tmp_path / str(number), 6, 1, seed=number, whole_each=6)
        assert [trial.state for trial in made.trials].count(State.RUNNING) == 6
        assert {trial.state for trial in made.trials} == set(State)
        assert sum(trial.whole for trial in made.trials) == 1
        for trial in made.trials:
            assert {told.line for told in trial.told} == set(OFF) - {trial.blocked}
            assert all(told.delay_ms <= _limit_ms(told) for told in trial.told), trial

    _tried(attempt)


def _the_same(found: DoorTimes, count: int) -> None:
    for case in CASES:
        assert len(found.off_ms[case]) == count
        assert 0 < min(found.off_ms[case]) <= max(found.off_ms[case]) <= found.fit_ms
    differ = found.differences_ms()
    print(f"at most {max(differ):.3f} ms apart; an exchange of the supply is {found.exchange_ms:.1f} ms")
    assert max(differ) <= found.exchange_ms


def test_the_door_is_as_quick_with_other_lines_mute_in_virtual_time(tmp_path: Path) -> None:
    found = virtual_times(tmp_path, 12)
    _the_same(found, 12)
    # Not every door finds the same moment of the poll.
    assert max(found.off_ms["all"]) - min(found.off_ms["all"]) > 40


@pytest.mark.timeout(240)
def test_the_door_is_as_quick_with_other_lines_mute_on_real_lines(tmp_path: Path) -> None:
    _tried(lambda number: _the_same(real_times(tmp_path / str(number), 2, seed=number), 2))
