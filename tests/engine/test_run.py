"""A run as a cursor over visits: when the next begins, by which name it ends, and when it may be closed."""

from __future__ import annotations

from typing import Any

import pytest

from rig.engine.phases.phase import DONE, NOTHING
from rig.engine.planning import Visit
from rig.engine.run import UNATTESTED_NS, Run
from rig.engine.states import Command, State
from rig.readings import NS, Readings
from tests.engine.unit_bench import Bench, Scripted


class Driven:
    """A run on one scripted unit, advanced after each of its scans."""

    def __init__(self, *visits: list[Scripted], can_attest: bool = True) -> None:
        self.bench = Bench()
        self.unit = self.bench.unit
        made = [self._visit(phases) for phases in visits]
        self.run = Run("r", made, {"spin": self.unit}, can_attest, "Ada")

    @staticmethod
    def _visit(phases: list[Scripted]) -> Visit:
        return Visit("spin", tuple(phase.step_id for phase in phases), lambda: phases)

    def scan(self, times: int = 1, after_s: float = 0.1) -> None:
        for _ in range(times):
            now_ns = self.bench.now_ns
            self.bench.scan(after_s)
            self.run.advance(now_ns, Readings(now_ns, {}, {}))


def quick(step_id: str, **more: Any) -> Scripted:
    return Scripted(step_id, says={"running": DONE, "completing": DONE, "stopping": DONE}, **more)


def slow(step_id: str) -> Scripted:
    return Scripted(step_id, says={"running": NOTHING, "completing": DONE, "stopping": DONE, "holding": DONE})


def test_visit_after_visit_each_beginning_in_idle() -> None:
    driven = Driven([quick("one"), quick("two")], [quick("three")])
    driven.scan(20)
    assert (driven.run.ending and driven.run.ending.outcome, driven.run.closed) == ("completed", True)
    assert [result.id for result in driven.run.results] == ["one", "two", "three"]
    assert driven.bench.states() == [
        "Starting", "Running", "Completing", "Complete", "Idle",
        "Starting", "Running", "Completing", "Complete", "Idle",
    ]  # fmt: skip
    assert driven.run.ending is not None
    assert (driven.run.ending.early, driven.run.ending.reason) == (False, None)


def test_the_next_visit_waits_until_the_last_is_proved_and_discharged() -> None:
    driven = Driven([quick("one")], [slow("two")])
    driven.scan(3)
    driven.bench.set_proved(False)
    driven.scan(50)
    assert driven.run.index == 0
    driven.bench.set_proved(True, since_s=20.0)
    driven.scan(5)
    assert driven.run.index == 0
    driven.bench.set_proved(True, since_s=31.0)
    driven.scan(5)
    assert (driven.run.index, driven.run.step_id, driven.run.state) == (1, "two", State.RUNNING)


def test_early_completion_is_completed_and_marked() -> None:
    driven = Driven([slow("one"), quick("two")], [quick("three")])
    driven.scan(5)
    driven.bench.fire(Command.COMPLETE)
    driven.scan(20)
    assert driven.run.ending is not None
    assert (driven.run.ending.outcome, driven.run.ending.early) == ("completed", True)
    assert [(r.id, r.outcome) for r in driven.run.results] == [
        ("one", "early"),
        ("two", "skipped"),
        ("three", "done"),
    ]


@pytest.mark.parametrize(("command", "outcome"), [(Command.STOP, "stopped"), (Command.ABORT, "aborted")])
def test_an_early_end_names_its_reason_and_starts_nothing_more(command: Command, outcome: str) -> None:
    driven = Driven([slow("one")], [quick("two")])
    driven.scan(5)
    driven.bench.fire(command)
    driven.scan(20)
    assert driven.run.ending is not None
    assert (driven.run.ending.outcome, driven.run.ending.reason) == (outcome, f"{command} by Ada")
    assert driven.run.index == 0
    assert driven.run.closed
    assert len(driven.run.results) == 1


def test_a_unit_that_was_aborted_before_the_run_began_ends_it_by_that_reason() -> None:
    driven = Driven([slow("one")])
    driven.bench.fire(Command.ABORT)
    driven.scan(5)
    assert driven.run.ending is not None
    assert (driven.run.ending.outcome, driven.run.ending.reason) == ("aborted", "abort by Ada")
    assert driven.run.step_id == ""


def test_it_is_closed_only_when_proved_and_discharged() -> None:
    driven = Driven([slow("one")])
    driven.scan(5)
    driven.bench.set_proved(False)
    driven.bench.fire(Command.ABORT)
    driven.scan(20, after_s=100.0)
    assert driven.run.ending is not None
    assert [driven.run.closed] == [False]  # somebody can attest: it is waited for
    driven.bench.set_proved(True, since_s=1.0)
    driven.scan()
    assert [driven.run.closed] == [False]
    driven.scan(2, after_s=30.0)
    assert (driven.run.closed, driven.run.left_unproved) == (True, False)


def test_where_nobody_can_attest_it_is_left_loudly_after_its_time() -> None:
    driven = Driven([slow("one")], can_attest=False)
    driven.scan(5)
    driven.bench.set_proved(False)
    driven.bench.fire(Command.ABORT)
    driven.scan(3)
    began_ns = driven.bench.now_ns
    while not driven.run.closed:
        driven.scan(after_s=10.0)
        assert driven.bench.now_ns - began_ns < 700 * NS
    assert driven.bench.now_ns - began_ns > UNATTESTED_NS - NS
    assert driven.run.left_unproved


def test_an_internal_error_ends_it_as_failed_and_no_later_end_overrules_it() -> None:
    driven = Driven([slow("one")])
    driven.scan(5)
    driven.run.fail(driven.bench.now_ns, "internal error: KeyError: 'x'")
    driven.bench.fire(Command.ABORT)
    driven.scan(20)
    assert driven.run.ending is not None
    assert (driven.run.ending.outcome, driven.run.ending.reason) == (
        "failed",
        "internal error: KeyError: 'x'",
    )
    assert driven.run.closed


def test_leaving_at_once_is_aborted_even_where_a_stop_had_been_reached() -> None:
    for command, outcome in ((None, "aborted"), (Command.STOP, "aborted"), (Command.ABORT, "aborted")):
        driven = Driven([slow("one")])
        driven.scan(5)
        driven.bench.set_proved(True, since_s=1.0)
        if command is not None:
            driven.bench.fire(command)
            driven.scan(3)
        driven.run.leave(driven.bench.now_ns, "interrupted twice")
        assert driven.run.ending is not None
        assert driven.run.ending.outcome == outcome
        assert driven.run.closed


def test_a_held_run_waits_for_its_person() -> None:
    driven = Driven([slow("one")])
    driven.scan(5)
    driven.bench.fire(Command.HOLD)
    driven.scan(5, after_s=10_000.0)
    assert (driven.run.state, driven.run.ending) == (State.HELD, None)
