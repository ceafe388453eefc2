"""A unit: its states end by their own work or by a time-out, refused commands change nothing, trips climb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rig.engine.phases.phase import DONE, NOTHING, Demand
from rig.engine.questions import Question
from rig.engine.states import TIMEOUT_S, Command, IllegalCommand, State
from rig.outputs import HV_OFF, HvOutput
from rig.readings import Readings
from rig.safety.conditions import Then
from rig.safety.proof import HvProof
from tests.engine.unit_bench import ON, Bench, Scripted, condition, running


def _start(bench: Bench) -> None:
    bench.ready = "not yet"
    bench.begin(Scripted())


def _run(bench: Bench, *commands: Command) -> None:
    """Running, then these commands with a scan between them."""
    bench.begin(Scripted(says={"holding": DONE} if len(commands) > 1 else {}))
    bench.scan()
    for number, command in enumerate(commands):
        if number:
            bench.scan()
        bench.fire(command)


def _clear(bench: Bench) -> None:
    bench.fire(Command.ABORT)
    bench.scan()
    bench.set_proved(False)
    bench.fire(Command.CLEAR)


TO: dict[State, Callable[[Bench], None]] = {
    State.IDLE: lambda bench: None,
    State.STARTING: _start,
    State.HOLDING: lambda bench: _run(bench, Command.HOLD),
    State.RESTARTING: lambda bench: _run(bench, Command.HOLD, Command.RESTART),
    State.STOPPING: lambda bench: _run(bench, Command.STOP),
    State.COMPLETING: lambda bench: _run(bench, Command.COMPLETE),
    State.CLEARING: _clear,
}


def at(state: State) -> Bench:
    bench = Bench()
    TO[state](bench)
    assert bench.state() is state
    return bench


# A visit


def test_a_visit_goes_through_its_steps_and_is_complete_when_proved_and_discharged() -> None:
    first, second = Scripted("one"), Scripted("two")
    bench = running(first, second)
    assert bench.scan().outputs == ON
    first.says["running"] = Demand(ON, done=True)
    assert bench.scan().outputs == ON
    assert [bench.unit.phase] == [second]
    assert bench.scan().outputs == ON  # between steps outputs keep their value
    second.says["running"] = Demand({}, done=True)
    bench.scan()
    assert [bench.unit.phase] == [None]
    bench.set_proved(False)
    for _ in range(5):
        bench.scan()
    assert bench.state() is State.COMPLETING
    bench.set_proved(True, since_s=29.0)
    bench.scan(after_s=1.0)
    assert bench.state() is State.COMPLETING
    bench.scan()
    assert bench.state() is State.COMPLETE
    assert [(r.id, r.outcome) for r in bench.unit.results] == [("one", "done"), ("two", "done")]
    assert [data["id"] for data in bench.said("step") if data["phase"] == "started"] == ["one", "two"]
    bench.fire(Command.RESET)
    assert bench.state() is State.IDLE
    assert bench.unit.phase is None


def test_starting_waits_for_the_instruments_and_for_the_proof() -> None:
    bench = Bench().begin(Scripted())
    bench.ready = "pumps.a is not connected"
    bench.set_proved(False)
    bench.scan()
    bench.ready = None
    bench.scan()
    assert bench.state() is State.STARTING
    bench.set_proved(True)
    bench.scan()
    assert bench.state() is State.RUNNING


def test_every_change_is_journalled_with_its_cause_and_user() -> None:
    bench = running()
    bench.fire(Command.HOLD)
    assert bench.said("state")[-1] == {
        "unit": "spin", "from": "Running", "to": "Holding", "trigger": "hold", "cause": "hold by Ada", "user": "Ada",
    }  # fmt: skip
    assert bench.said("state")[1]["user"] == "system"


def test_a_hold_asks_the_phase_and_holds_with_everything_off() -> None:
    phase = Scripted(says={"holding": Demand({"hv.needle": ON["hv.needle"]})})
    bench = running(phase)
    bench.scan()
    bench.fire(Command.HOLD)
    assert bench.scan().outputs["hv.needle"] == ON["hv.needle"]  # an orderly end may keep what is on
    phase.says["holding"] = DONE
    assert bench.scan().outputs["hv.needle"] == HV_OFF
    assert bench.state() is State.HELD
    bench.scan(after_s=10_000)
    bench.scan()
    assert bench.state() is State.HELD  # held is a state for people
    bench.fire(Command.RESTART)
    bench.scan()
    phase.says["restarting"] = Demand(ON, done=True)
    bench.scan()
    assert bench.state() is State.RUNNING
    assert phase.calls[-1] == "restarting"


def test_a_pause_takes_effect_at_the_end_of_the_step() -> None:
    first, second = Scripted("one"), Scripted("two")
    bench = running(first, second)
    bench.fire(Command.PAUSE)
    assert bench.scan().outputs == ON
    assert bench.state() is State.PAUSING
    first.says["running"] = DONE
    bench.scan()
    assert bench.state() is State.PAUSED
    assert bench.scan().outputs["hv.needle"] == HV_OFF
    assert second.calls == []
    bench.fire(Command.RESUME)
    bench.scan()
    assert second.calls == ["running"]


def test_a_stop_ends_the_step_and_skips_what_is_left() -> None:
    first, second = Scripted("one", says={"stopping": DONE}), Scripted("two")
    bench = running(first, second)
    bench.fire(Command.STOP)
    bench.scan()
    assert bench.state() is State.STOPPED
    assert [(r.id, r.outcome) for r in bench.unit.results] == [("one", "stopped")]
    assert second.calls == []
    assert bench.unit.reason == "stop by Ada"


def test_completed_early_the_rest_is_skipped_but_what_a_person_is_to_do() -> None:
    first, second = Scripted("one", says={"completing": DONE}), Scripted("two")
    weigh = Scripted("weigh", do="prompt", says={"running": NOTHING})
    bench = running(first, second, weigh)
    bench.fire(Command.COMPLETE)
    for _ in range(4):
        bench.scan()
    assert bench.state() is State.COMPLETING
    assert second.calls == []
    weigh.says["running"] = DONE
    bench.scan()
    bench.scan()
    assert bench.state() is State.COMPLETE
    assert bench.unit.early
    assert [(r.id, r.outcome) for r in bench.unit.results] == [
        ("one", "early"),
        ("two", "skipped"),
        ("weigh", "done"),
    ]


# What goes wrong


def test_a_phase_that_fails_aborts_with_everything_off_in_the_same_scan() -> None:
    phase = Scripted()
    bench = running(phase)
    bench.scan()
    phase.fails = "hv.needle reads 3 kV instead of 20 kV"
    permitted = bench.scan()
    assert not any(output.energised for output in permitted.outputs.values())
    assert bench.state() is State.ABORTING
    assert bench.unit.reason == "hv.needle reads 3 kV instead of 20 kV"
    (alarm,) = bench.said("alarm")
    assert (alarm["tag"], alarm["text"]) == ("step-failed", phase.fails)
    assert bench.unit.alarms == 1


def test_an_error_in_a_phase_is_not_swallowed_here() -> None:
    phase = Scripted()
    bench = running(phase)
    phase.raises = KeyError("lost")
    with pytest.raises(KeyError):
        bench.scan()


@pytest.mark.parametrize("state", [state for state in TIMEOUT_S if state is not State.ABORTING])
def test_a_state_that_takes_too_long_aborts(state: State) -> None:
    bench = at(state)
    limit_s = TIMEOUT_S[state]
    bench.scan(after_s=limit_s)
    bench.scan()
    assert bench.state() is state
    bench.scan()
    assert bench.state() is State.ABORTING
    assert bench.unit.reason is not None
    assert f"{state} took longer than {limit_s:.0f} s" in bench.said("state")[-1]["cause"]


@pytest.mark.parametrize("state", [State.COMPLETING, State.RESTARTING])
def test_a_person_who_is_asked_may_take_the_time_it_takes(state: State) -> None:
    bench = at(state)
    bench.questions.ask(Question("spin-it", "earthed", "Earthed?"))
    for _ in range(10):
        bench.scan(after_s=TIMEOUT_S[state] / 2)
    assert bench.state() is state
    bench.questions.answer("spin-it", "earthed", True, 0, "Ada")
    bench.scan(after_s=TIMEOUT_S[state] + 1)
    bench.scan()
    assert bench.state() is State.ABORTING


def test_aborting_ends_when_all_outputs_are_read_back_off_or_loudly_after_five_seconds() -> None:
    bench = running()
    bench.told_on = True
    bench.fire(Command.ABORT)
    bench.scan()
    assert bench.state() is State.ABORTING
    bench.told_on = False
    bench.scan()
    assert (bench.unit.state, bench.said("state")[-1]["cause"]) == (
        State.ABORTED,
        "all outputs read back off",
    )
    assert [(r.id, r.outcome) for r in bench.unit.results] == [("spin-it", "aborted")]
    mute = running()
    mute.told_on = True
    mute.fire(Command.ABORT)
    for _ in range(50):
        mute.scan()
    assert mute.state() is State.ABORTING and mute.said("alarm") == []
    for _ in range(2):
        mute.scan()
    assert (mute.unit.state, mute.said("state")[-1]["cause"]) == (State.ABORTED, "pumps.a not proved off")
    (alarm,) = mute.said("alarm")
    assert alarm["tag"] == "not-off" and alarm["text"].endswith("pumps.a (no off was acknowledged).")
    assert mute.unit.alarms == 1


@pytest.mark.parametrize(
    ("command", "asked", "passing", "left"),
    [
        (Command.STOP, "stopping", State.STOPPING, State.STOPPED),
        (Command.HOLD, "holding", State.HOLDING, State.HELD),
        (Command.PAUSE, "running", State.PAUSING, State.PAUSED),
        (Command.COMPLETE, "completing", State.COMPLETING, State.COMPLETE),
    ],
)
def test_a_unit_stays_until_a_pump_is_read_back_as_standing_or_is_loudly_not(
    command: Command, asked: str, passing: State, left: State
) -> None:
    """Its phase has nothing to wait for: the pump was told on a moment ago, and its off is not acknowledged yet."""

    def told_off() -> Bench:
        bench = running(Scripted(says={asked: DONE}))
        bench.told_on = True
        bench.fire(command)
        return bench

    bench = told_off()
    for _ in range(20):
        bench.scan()
    assert bench.state() is passing
    bench.told_on = False
    for _ in range(2):
        bench.scan()
    assert bench.state() is left and bench.said("alarm") == []
    mute = told_off()
    for _ in range(54):
        mute.scan()
    assert mute.state() is left
    assert [alarm["tag"] for alarm in mute.said("alarm")] == ["not-off"]
    assert mute.unit.settling.overdue()
    readings = Readings(mute.now_ns, {}, {})
    assert mute.unit.unclean(mute.now_ns, readings) == "pumps.a not read back as off", "it is not put to Idle"
    mute.told_on = False
    mute.scan()
    assert not mute.unit.settling.overdue(), "the alarm ends with the proof"
    assert mute.unit.unclean(mute.now_ns, readings) is None


def test_a_pause_keeps_the_step_at_its_end_and_what_it_wants_there() -> None:
    """Resumed, held and restarted, stopped or completed from there: the step was done, and is not done again."""

    def paused() -> tuple[Bench, Scripted, Scripted]:
        first, second = Scripted("one", says={"running": DONE}), Scripted("two")
        bench = running(first, second)
        bench.fire(Command.PAUSE)
        bench.scan()
        assert bench.state() is State.PAUSED
        bench.scan()
        assert first.calls == ["running", "paused", "paused"]
        assert [data["phase"] for data in bench.said("step")] == ["started"]
        return bench, first, second

    bench, first, second = paused()
    bench.scan(after_s=100.0)
    bench.fire(Command.HOLD)
    bench.scan()
    bench.scan()
    assert bench.state() is State.HELD
    bench.fire(Command.RESTART)
    bench.scan()
    assert bench.state() is State.RUNNING and "holding" not in first.calls and second.calls == []
    bench.scan()
    assert second.calls == ["running"]
    ended = bench.said("step")[1]
    assert (ended["id"], ended["outcome"], ended["stage"]) == ("one", "done", "scripted")
    assert ended["paused_s"] > 100.0
    bench, first, second = paused()
    first.says["stopping"] = DONE
    bench.fire(Command.STOP)
    bench.scan()
    assert bench.state() is State.STOPPED and second.calls == []
    assert [(r.id, r.outcome) for r in bench.unit.results] == [("one", "done")]
    bench, first, second = paused()
    bench.fire(Command.RESUME)
    bench.fire(Command.COMPLETE)
    for _ in range(4):
        bench.scan()
    assert bench.state() is State.COMPLETE and second.calls == []
    assert [(r.id, r.outcome) for r in bench.unit.results] == [("one", "done"), ("two", "skipped")]


@pytest.mark.parametrize("state", list(TO))
def test_a_refused_command_changes_nothing(state: State) -> None:
    bench = at(state)
    for command in Command:
        if bench.unit.machine.may(command):
            continue
        before = (
            bench.unit.state,
            len(bench.journal),
            bench.unit.reason,
            bench.unit.early,
            bench.unit._since_ns,
        )
        with pytest.raises(IllegalCommand, match=f"spin is {state}"):
            bench.fire(command)
        assert before == (
            bench.unit.state, len(bench.journal), bench.unit.reason, bench.unit.early, bench.unit._since_ns,
        )  # fmt: skip


def test_a_visit_cannot_begin_over_another() -> None:
    bench = running()
    phase = bench.unit.phase
    with pytest.raises(IllegalCommand):
        bench.begin(Scripted("other"))
    assert bench.unit.phase is phase


def test_clearing_needs_the_cause_gone_and_the_proof() -> None:
    bench = running(conditions=(condition(),))
    bench.values["hot"] = 1.0
    bench.scan()
    bench.scan()
    assert bench.state() is State.ABORTED
    bench.fire(Command.CLEAR)
    for _ in range(5):
        bench.scan()
    assert bench.state() is State.CLEARING  # still hot
    bench.values["hot"] = 0.0
    bench.set_proved(False)
    for _ in range(5):
        bench.scan()
    assert bench.state() is State.CLEARING  # not proved
    bench.set_proved(True)
    bench.scan()
    bench.scan()
    assert bench.state() is State.STOPPED


# Trips


@pytest.mark.parametrize(
    ("then", "state", "expected"),
    [
        (Then.HOLD, State.HOLDING, State.HOLDING),
        (Then.HOLD, State.STARTING, State.STOPPING),
        (Then.HOLD, State.IDLE, State.ABORTING),
        (Then.STOP, State.HOLDING, State.STOPPING),
        (Then.ABORT, State.HOLDING, State.ABORTING),
        (Then.NONE, State.HOLDING, State.HOLDING),
    ],
)
def test_a_trips_action_climbs_to_the_next_legal_one(then: Then, state: State, expected: State) -> None:
    bench = Bench(condition(then))
    TO[state](bench)
    if then is Then.HOLD and state is State.HOLDING:
        bench.fire(Command.STOP)  # hold is refused in Stopping, and so is stop: only abort is left
        expected = State.ABORTING
    bench.values["hot"] = 1.0
    permitted = bench.scan()
    assert bench.state() is expected
    assert not any(output.energised for output in permitted.outputs.values())


def test_a_trip_is_journalled_with_all_a_person_needs() -> None:
    bench = running(conditions=(condition(),))
    bench.values["hot"] = 1.0
    bench.scan()
    (trip,) = bench.said("trip")
    assert trip == {
        "tag": "hot", "unit": "spin", "title": "Hot", "text": "It is hot.", "value": "2", "limit": "1",
        "takes": ["hv", "pump"], "then": "abort", "priority": "high", "consequence": "d", "cause": "c",
        "what_to_do": "e",
    }  # fmt: skip
    assert bench.unit.reason == "hot: It is hot."
    assert bench.unit.first_trip is not None


def test_the_first_of_several_reasons_stays_the_reason() -> None:
    bench = running(conditions=(condition(), condition(tag="cold")))
    bench.values |= {"hot": 1.0}
    bench.scan()
    bench.values |= {"cold": 1.0}
    bench.scan()
    bench.fire(Command.ABORT)
    assert bench.unit.reason == "hot: It is hot."
    assert len(bench.said("trip")) == 2
    assert bench.states()[-3:] == ["Aborting", "Aborted", "Aborted"]


def test_a_trip_in_aborted_is_recorded_and_fires_nothing_more() -> None:
    bench = Bench(condition())
    bench.fire(Command.ABORT)
    bench.scan()
    states = bench.states()
    bench.values["hot"] = 1.0
    bench.scan()
    assert len(bench.said("trip")) == 1
    assert bench.states() == states


def test_what_is_asked_for_is_looked_at_as_wanted_in_the_same_scan() -> None:
    """A condition that is armed by what is wanted: nothing is permitted first and taken away a scan later."""
    armed = replace(condition(), armed=lambda situation: situation.live)
    bench = running(Scripted(says={"running": NOTHING}), conditions=(armed,))
    bench.values["hot"] = 1.0
    assert bench.scan().trips == ()
    phase = bench.unit.phase
    assert isinstance(phase, Scripted)
    phase.says["running"] = Demand(ON)
    permitted = bench.scan()
    assert [trip.condition.tag for trip in permitted.trips] == ["hot"]
    assert not any(output.energised for output in permitted.outputs.values())


def test_a_request_beyond_a_limit_is_an_internal_error_that_aborts() -> None:
    phase = Scripted(says={"running": Demand({**ON, "hv.needle": HvOutput(True, 26.0, 50.0)})})
    bench = running(phase)
    permitted = bench.scan()
    assert not any(output.energised for output in permitted.outputs.values())
    assert bench.state() is State.ABORTING
    assert bench.unit.reason is not None
    assert bench.unit.reason.startswith("internal error: 26 kV from hv.needle, whose limit is 25 kV")
    assert bench.said("breach")[0]["output"] == "hv.needle"


# Attestation


def test_a_person_is_asked_to_attest_what_stays_unproved_and_their_word_ends_it() -> None:
    bench = running()
    bench.set_proved(False)
    bench.fire(Command.ABORT)
    for _ in range(40):
        bench.scan()
    assert bench.unit.unproved
    assert bench.questions.open == {}
    for _ in range(20):
        bench.scan()
    assert list(bench.questions.open) == [("spin-it", "attested")]
    (alarm,) = bench.said("alarm")
    assert (alarm["tag"], alarm["priority"]) == ("hv-unproved", "highest")
    bench.questions.answer("spin-it", "attested", {"name": "Ada", "reason": "mains off"}, bench.now_ns, "Ada")
    bench.scan()
    bench.scan()
    assert (bench.proof.proved, bench.unit.unproved) == (True, False)
    (proof,) = bench.said("proof")
    assert (proof["attested"], proof["by"]) == (["hv.needle"], {"name": "Ada", "reason": "mains off"})


def test_a_word_that_a_reading_outweighs_has_to_be_given_anew() -> None:
    bench = running()
    bench.set_proved(False)
    bench.fire(Command.ABORT)
    for _ in range(70):
        bench.scan()
    bench.questions.answer("spin-it", "attested", {"name": "Ada", "reason": "mains off"}, bench.now_ns, "Ada")
    bench.scan()
    bench.set_proved(False)  # a reading has said that it is on
    for _ in range(100):
        bench.scan()
    assert bench.proof.attested_ns is None
    assert list(bench.questions.open) == [("spin-it", "attested")]
    assert len(bench.said("proof")) == 1
    assert len(bench.said("alarm")) == 2


def test_a_word_counts_for_the_supplies_that_were_asked_about_and_for_no_other() -> None:
    bench = running()
    counter = HvProof("hv.counter", 0.04, 30.0, proved_ns=0)
    bench.unit.proofs["hv.counter"] = counter
    bench.set_proved(False)
    bench.fire(Command.ABORT)
    for _ in range(60):
        bench.scan()
    (question,) = bench.questions.open.values()
    assert "hv.needle" in question.text and "hv.counter" not in question.text
    counter.proved_ns = None  # after the person was asked
    bench.questions.answer("spin-it", "attested", {"name": "Ada", "reason": "mains off"}, bench.now_ns, "Ada")
    bench.scan()
    assert (bench.proof.proved, counter.proved) == (True, False)
    assert [proof["attested"] for proof in bench.said("proof")] == [["hv.needle"]]
    for _ in range(60):
        bench.scan()
    (question,) = bench.questions.open.values()
    assert "hv.counter" in question.text and "hv.needle" not in question.text


def test_an_abort_tells_all_outputs_off_once_more_each_time() -> None:
    bench = Bench()
    for _ in range(2):
        bench.unit.off_again = False
        bench.fire(Command.ABORT)
        assert [bench.unit.off_again] == [True]
        bench.scan()
    assert bench.state() is State.ABORTED
