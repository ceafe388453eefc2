"""One spin step, scan by scan, on a station that obeys."""

from __future__ import annotations

import random

import pytest

from rig.engine.phases.spin import SpinPhase
from rig.outputs import HvOutput, PumpOutput
from rig.readings import NS
from tests.engine.hand import SUPPLY, Hand, prime_plan, spin_plan

PUMPS = {"pumps.a", "pumps.b"}


def spin(**changes: object) -> Hand:
    return Hand(SpinPhase(spin_plan(**changes), prime_plan()))


def clock_s(hand: Hand) -> float:
    elapsed: float = hand.phase.progress()["elapsed_s"]
    return elapsed


def until_clock(hand: Hand, elapsed_s: float) -> None:
    hand.until(lambda _: clock_s(hand) >= elapsed_s)


# Starting


def test_nothing_starts_onto_an_open_door_and_closing_it_is_enough() -> None:
    hand = spin()
    hand.values["inputs.bench.door_closed"] = 0.0
    for _ in range(50):
        assert hand.scan().outputs == {}
    assert hand.said("waiting") == [{"step": "co-deposit", "for": "inputs.bench.door_closed is not healthy"}]
    hand.values["inputs.bench.exhaust_ok"] = None
    hand.values["inputs.bench.door_closed"] = 1.0
    assert hand.scan().outputs == {}
    assert hand.said("waiting")[-1]["for"] == "inputs.bench.exhaust_ok cannot be read (no reply)"
    hand.values["inputs.bench.exhaust_ok"] = 1.0
    assert set(hand.scan().outputs) == PUMPS


def test_a_door_that_stays_open_is_not_waited_for_for_ever() -> None:
    hand = spin()
    hand.values["inputs.bench.door_closed"] = 0.0
    hand.until(lambda _: False, limit_s=700)
    assert hand.failure == "inputs.bench.door_closed is not healthy: waited 600 s for it"
    assert hand.t_s == pytest.approx(600, abs=1)


def test_an_input_read_long_ago_is_not_started_on() -> None:
    hand = spin()
    hand.input_age_s = 0.9  # it was polled at its idle period until now
    assert hand.scan().outputs == {}
    hand.input_age_s = 0.1
    assert set(hand.scan().outputs) == PUMPS


def test_high_voltage_is_on_last_and_begins_at_zero() -> None:
    hand = spin()
    hand.scan()
    pumps = {"pumps.a": PumpOutput(True, 1.0, 14.43, 3), "pumps.b": PumpOutput(True, 2.0, 14.43, 3)}
    assert hand.outputs == pumps
    hand.scan()
    assert hand.outputs == {"hv.needle": HvOutput(True, 0.0, 50.0), **pumps}


@pytest.mark.parametrize(("lazy", "named"), [("pumps.b", "pumps.b"), ("hv.needle", "hv.needle")])
def test_what_is_not_seen_running_within_start_lag_fails_the_step(lazy: str, named: str) -> None:
    hand = spin()
    hand.obeys.discard(lazy)
    hand.until(lambda _: False, limit_s=10)
    assert hand.failure is not None
    assert hand.failure.startswith(f"{named} not seen running 2.1 s after the start (start_lag 2 s)")


def test_a_reading_from_before_the_order_confirms_nothing() -> None:
    hand = spin()
    hand.disturb = lambda: hand.values.update({"pumps.a.running": 1.0})  # type: ignore[method-assign]
    hand.obeys.discard("pumps.a")
    hand.until(lambda _: False, limit_s=10)
    assert hand.failure is not None
    assert hand.failure.startswith("pumps.a not seen running")


# Ramping


def test_the_ramp_is_a_straight_line_at_its_rate_and_ends_at_the_target() -> None:
    hand = spin()
    seen: list[tuple[float, float]] = []
    hand.until(lambda _: hand.kv is not None)
    began = hand.told_ns["hv.needle"] / NS - hand.began_ns / NS  # the ramp begins when it has been told on
    while hand.phase.progress()["stage"] != "checking":
        hand.scan()
        assert hand.kv is not None
        seen.append((hand.t_s - 0.1 - began, hand.kv))
    for t_s, kv in seen:
        assert kv == pytest.approx(min(20.0, t_s), abs=1e-6)
    assert seen[-1][1] == 20.0
    assert seen[-1][0] == pytest.approx(20.1, abs=0.15)


def test_the_ramp_begins_with_the_acknowledged_on_however_late_it_comes() -> None:
    hand = spin()
    hand.obeys.discard("hv.needle")  # its order waits: for its event to be on the disk, or for the line
    hand.until(lambda _: hand.kv is not None)
    for _ in range(12):
        hand.scan()
        assert hand.kv == 0.0
    hand.obeys.add("hv.needle")
    hand.scan()
    told_s = hand.told_ns["hv.needle"] / NS - hand.began_ns / NS
    assert told_s > 1.2
    for _ in range(30):
        hand.scan()
        assert hand.kv == pytest.approx(max(0.0, hand.t_s - 0.1 - told_s), abs=1e-6)


def test_a_negative_target_is_ramped_on_its_own_side() -> None:
    from dataclasses import replace

    hand = spin(supplies=(replace(SUPPLY, target_kv=-10.0),))
    hand.run_to("checking")
    assert hand.kv == -10.0
    hand.scan("stopping")
    assert hand.kv == -10.0
    assert hand.pumping == set()


def test_a_voltage_that_is_not_reached_fails_with_both_values() -> None:
    hand = spin()
    hand.disturb = lambda: hand.values.update(  # type: ignore[method-assign]
        {"hv.needle.voltage_kv": min(hand.values["hv.needle.voltage_kv"] or 0.0, 19.7)}
    )
    hand.until(lambda _: False, limit_s=60)
    assert hand.failure == "hv.needle reads 19.70 kV instead of 20 kV, 15 s after its ramp"
    assert hand.t_s == pytest.approx(35.5, abs=0.5)


def test_within_one_per_cent_is_reached() -> None:
    hand = spin()
    hand.disturb = lambda: hand.values.update(  # type: ignore[method-assign]
        {"hv.needle.voltage_kv": min(hand.values["hv.needle.voltage_kv"] or 0.0, 19.81)}
    )
    hand.run_to("checking", limit_s=30)


def test_a_voltage_that_cannot_be_read_is_not_reached() -> None:
    hand = spin()
    hand.disturb = lambda: hand.values.update({"hv.needle.voltage_kv": None})  # type: ignore[method-assign]
    hand.until(lambda _: False, limit_s=60)
    assert hand.failure == "hv.needle reads nothing instead of 20 kV, 15 s after its ramp"


# The clock


def test_the_jet_is_watched_for_a_minute_before_the_clock_starts() -> None:
    hand = spin()
    hand.run_to("checking")
    began = hand.t_s
    hand.run_to("clock")
    assert hand.t_s - began == pytest.approx(60, abs=0.11)
    assert hand.said("clock") == [{"step": "co-deposit", "running": True, "elapsed_s": 0.0}]


def test_the_clock_runs_for_exactly_its_time() -> None:
    hand = spin()
    hand.run_to("ending")
    start, end = (t for t, kind, _ in hand.notes if kind == "clock")
    assert end - start == pytest.approx(600.0, abs=1e-9)
    assert hand.said("clock")[-1] == {"step": "co-deposit", "running": False, "elapsed_s": 600.0}
    assert clock_s(hand) == 600.0


def test_irregular_scans_lose_nothing_of_the_clock() -> None:
    rng = random.Random(5)
    hand = spin(duration_s=60.0)
    hand.run_to("clock")
    start_s = hand.t_s - hand.period_s
    while hand.phase.progress()["stage"] == "clock":
        hand.period_s = rng.choice((0.001, 0.05, 0.1, 0.3))
        before_s = hand.t_s
        hand.scan()
    assert clock_s(hand) == pytest.approx(before_s - start_s, abs=1e-6)
    assert 60.0 <= clock_s(hand) < 60.3


def test_a_hold_stops_the_clock_and_the_total_is_exact() -> None:
    hand = spin(duration_s=100.0)
    spans: list[float] = []
    for hold_at_s in (30.0, 70.0):
        hand.run_to("clock")
        until_clock(hand, hold_at_s)
        hand.done("holding")
        held_s = clock_s(hand)
        hand.idle(60.0)
        assert clock_s(hand) == held_s
        hand.done("restarting")
    hand.run_to("ending")
    starts = [t for t, kind, data in hand.notes if kind == "clock" and data["running"]]
    stops = [t for t, kind, data in hand.notes if kind == "clock" and not data["running"]]
    spans = [stop - start for start, stop in zip(starts, stops, strict=True)]
    assert len(spans) == 3
    assert sum(spans) == pytest.approx(100.0, abs=1e-6)
    assert clock_s(hand) == pytest.approx(100.0, abs=1e-9)


# The end


def test_the_orderly_end_draw_off_ramp_down_off_within_ten_seconds_after_the_pumps() -> None:
    hand = spin()
    hand.run_to("clock")
    hand.until(lambda _: not hand.pumping)
    stopped_s = hand.t_s - 0.1
    track: list[tuple[float, float]] = []
    while hand.kv is not None:
        track.append((hand.t_s - 0.1 - stopped_s, hand.kv))
        assert hand.pumping == set()
        hand.scan()
    off_s = hand.t_s - 0.1 - stopped_s
    for t_s, kv in track:
        assert kv == pytest.approx(20.0 if t_s < 3.0 else 20.0 - 5.0 * (t_s - 3.0), abs=1e-6)
    assert off_s == pytest.approx(7.0, abs=0.15)
    assert off_s <= 10.0
    assert hand.failure is None


def test_without_draw_off_the_ramp_begins_at_once() -> None:
    hand = spin(draw_off_s=0.0)
    hand.run_to("clock")
    hand.until(lambda _: not hand.pumping)
    hand.scan()
    assert hand.kv == pytest.approx(19.5)


def test_earthing_is_asked_only_after_proof_and_discharge_time() -> None:
    hand = spin()
    hand.answers_itself = False
    hand.run_to("ending")
    hand.run_to("discharging")
    proved_s = hand.t_s
    assert hand.said("proof") == [{"step": "co-deposit", "hv_off": True, "read_back": ["hv.needle"]}]
    assert hand.asked == []
    hand.until(lambda _: bool(hand.asked), limit_s=60)
    assert hand.asked[0][1].key == "earthed"
    assert hand.asked[0][0] - proved_s == pytest.approx(30, abs=0.3)
    assert not any(hand.scan().done for _ in range(100))
    hand.answer("earthed")
    assert hand.scan().done


def test_a_supply_that_does_not_go_off_fails_the_step_after_a_minute() -> None:
    hand = spin()
    hand.run_to("clock")
    hand.disturb = lambda: hand.values.update({"hv.needle.output": 1.0})  # type: ignore[method-assign]
    hand.until(lambda _: hand.kv is None)
    off_s = hand.t_s
    hand.until(lambda _: False, limit_s=100)
    assert hand.failure == (
        "high voltage is not proved off 60 s after it was switched off: hv.needle: says its output is on"
    )
    assert hand.t_s - off_s == pytest.approx(60, abs=0.5)
    assert hand.asked == []


def test_a_proof_that_is_lost_withdraws_the_question_and_is_made_anew() -> None:
    hand = spin()
    hand.answers_itself = False
    hand.run_to("earthing")
    assert [place[1] for place in hand.questions.open] == ["earthed"]
    dead = True
    hand.disturb = lambda: hand.values.update({"hv.needle.output": None} if dead else {})  # type: ignore[method-assign]
    hand.scan()
    hand.scan()
    assert hand.questions.open == {}
    assert hand.phase.progress()["stage"] == "ending"
    for _ in range(100):
        assert not hand.scan().done
    assert hand.questions.open == {}
    dead = False
    lost_s = hand.t_s
    hand.run_to("earthing")
    assert hand.t_s - lost_s == pytest.approx(30.4, abs=0.4)
    assert [place[1] for place in hand.questions.open] == ["earthed"]


# Hold, restart, stop, complete


@pytest.mark.parametrize("stage", ["starting", "ramping", "checking", "clock"])
def test_a_hold_brings_the_voltage_down_in_order_from_wherever_it_is(stage: str) -> None:
    hand = spin()
    hand.run_to(stage)
    hand.until(lambda _: hand.kv is not None)
    for _ in range(5):
        if hand.phase.progress()["stage"] == stage:
            hand.scan()
    before_kv = hand.kv
    assert before_kv is not None
    began_s, last_kv = hand.t_s, before_kv
    while not (demand := hand.scan("holding")).done:
        assert hand.pumping == set()
        if hand.kv is not None:
            assert hand.kv <= last_kv
            last_kv = hand.kv
    assert demand.outputs == {}
    assert hand.context().hv_proved_off()
    assert hand.t_s - began_s < 10.0
    assert hand.failure is None


@pytest.mark.parametrize(
    ("pause_s", "asks"), [(60.0, []), (115.0, []), (125.0, ["earthed", "primed", "wiped"])]
)
def test_after_more_than_two_minutes_the_needles_are_wiped_and_primed_again(
    pause_s: float, asks: list[str]
) -> None:
    hand = spin()
    hand.run_to("clock")
    hand.done("holding")
    hand.asked.clear()
    hand.idle(pause_s)
    for _ in range(3):
        hand.scan("restarting")
    if asks:
        assert hand.kv is None  # high voltage is locked out while somebody wipes
        assert hand.outputs["pumps.a"] == PumpOutput(True, 20.0, 14.43, 2)
    hand.done("restarting")
    assert [question.key for _, question in hand.asked] == asks
    assert hand.phase.progress()["stage"] == "checking"
    assert hand.kv == 20.0
    assert hand.pumping == PUMPS


def test_the_second_long_hold_asks_once_more() -> None:
    hand = spin()
    for _ in range(2):
        hand.run_to("clock")
        hand.done("holding")
        hand.idle(200.0)
        hand.asked.clear()
        hand.done("restarting")
        assert [question.key for _, question in hand.asked] == ["earthed", "primed", "wiped"]


def test_a_hold_while_wiping_stops_the_pumps_and_starts_its_time_anew() -> None:
    hand = spin()
    hand.run_to("clock")
    hand.done("holding")
    hand.idle(200.0)
    for _ in range(20):
        hand.scan("restarting")
    assert hand.pumping == PUMPS
    hand.asked.clear()
    assert hand.scan("holding").done
    assert hand.pumping == set()
    hand.idle(3000.0)
    hand.done("restarting")
    assert hand.failure is None
    assert [question.key for _, question in hand.asked] == ["earthed", "primed", "wiped"]


def test_needles_that_stood_held_before_a_start_are_wiped_too() -> None:
    hand = spin()
    hand.values["inputs.bench.door_closed"] = 0.0
    hand.scan()
    assert hand.scan("holding").done
    hand.values["inputs.bench.door_closed"] = 1.0
    hand.idle(300.0)
    hand.done("restarting")
    assert [question.key for _, question in hand.asked] == ["earthed", "primed", "wiped"]


def test_a_hold_at_the_end_goes_on_with_the_end_and_spins_no_more() -> None:
    hand = spin(duration_s=10.0)
    hand.run_to("ending")
    hand.done("holding")
    hand.idle(300.0)
    assert hand.scan("restarting").done
    assert hand.outputs == {}
    hand.done()
    assert [question.key for _, question in hand.asked] == ["earthed"]
    assert clock_s(hand) == 10.0


@pytest.mark.parametrize("stage", ["permissives", "starting", "ramping", "checking", "clock", "ending"])
def test_a_stop_ends_with_everything_proved_off_and_asks_nobody_to_open(stage: str) -> None:
    hand = spin()
    if stage == "permissives":
        hand.values["inputs.bench.door_closed"] = 0.0
        hand.scan()
    else:
        hand.run_to(stage)
    hand.done("stopping", limit_s=20)
    assert hand.outputs == {}
    assert hand.context().hv_proved_off()
    assert hand.asked == []


@pytest.mark.parametrize("stage", ["ramping", "clock", "ending"])
def test_a_step_completed_early_has_its_whole_end_earthing_included(stage: str) -> None:
    hand = spin()
    hand.run_to(stage)
    hand.done("completing", limit_s=60)
    assert [question.key for _, question in hand.asked] == ["earthed"]
    assert hand.context().hv_discharged()
    assert clock_s(hand) < 600.1


def test_what_it_has_done_can_be_written_down() -> None:
    hand = spin()
    hand.run_to("clock")
    hand.until(lambda _: clock_s(hand) >= 5.0)
    progress = hand.phase.progress()
    assert (progress["stage"], progress["duration_s"]) == ("clock", 600.0)
    assert progress["elapsed_s"] == pytest.approx(5.0, abs=0.11)
