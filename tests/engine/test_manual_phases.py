"""One pump or one supply by hand: what the phases ask for, scan by scan."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rig.engine.phases.hv_test import HvTestPhase
from rig.engine.phases.jog import JogPhase
from rig.engine.phases.plans import HvTestPlan, JogPlan
from rig.outputs import HvOutput, PumpOutput
from tests.engine.hand import INPUTS, SUPPLY, Hand


def jog(rate_ml_h: float = 36.0, volume_ml: float = 0.1) -> Hand:
    return Hand(JogPhase(JogPlan("jog", "pumps.a", volume_ml, rate_ml_h, 14.43, 1, INPUTS, "is moved")))


def hv_test(hold_s: float = 20.0) -> Hand:
    return Hand(HvTestPhase(HvTestPlan("hv-test", SUPPLY, hold_s, INPUTS)))


@pytest.mark.parametrize("rate_ml_h", [36.0, -36.0])
def test_a_jog_ends_by_the_pumps_own_counter_in_either_direction(rate_ml_h: float) -> None:
    hand = jog(rate_ml_h)
    hand.scan()
    assert hand.outputs == {"pumps.a": PumpOutput(True, rate_ml_h, 14.43, 1)}
    hand.until(lambda demand: not demand.outputs)
    assert abs(hand.delivered_ml["pumps.a"]) == pytest.approx(0.1, abs=0.0012)
    assert hand.delivered_ml["pumps.a"] * rate_ml_h > 0
    hand.done(limit_s=1)
    assert hand.asked == []


def test_a_jog_does_not_begin_with_high_voltage_unproved_and_stops_when_the_proof_is_lost() -> None:
    hand = jog()
    live = True
    hand.disturb = lambda: hand.values.update({"hv.needle.output": 1.0} if live else {})  # type: ignore[method-assign]
    hand._pass()
    for _ in range(20):
        assert hand.scan().outputs == {}
    assert hand.said("waiting") == [{"step": "jog", "for": "high voltage is not proved off"}]
    live = False
    hand.until(lambda demand: bool(demand.outputs), limit_s=1)
    live = True
    hand.scan()
    hand.until(lambda demand: not demand.outputs, limit_s=0.5)
    assert hand.delivered_ml["pumps.a"] < 0.02


def test_a_jogged_pump_that_delivers_nothing_fails() -> None:
    hand = jog()
    hand.disturb = lambda: hand.values.update({"pumps.a.delivered_ml": 0.0})  # type: ignore[method-assign]
    hand.until(lambda demand: demand.done)
    assert hand.failure == "pumps.a took longer than 40 s: look at syringe and needle"


@pytest.mark.parametrize("make", [jog, hv_test])
def test_nothing_begins_before_the_door_is_shut(make: type) -> None:
    hand = make()
    hand.values["inputs.bench.door_closed"] = 0.0
    for _ in range(50):
        assert hand.scan().outputs == {}
    assert hand.said("waiting")[0]["for"] == "inputs.bench.door_closed is not healthy"
    hand.values["inputs.bench.door_closed"] = 1.0
    hand.scan()
    assert set(hand.outputs) == ({"pumps.a"} if make is jog else {"hv.needle"})


def test_a_supply_is_ramped_held_lowered_proved_discharged_and_earthed_in_this_order() -> None:
    hand = hv_test()
    risen: list[tuple[float, float]] = []
    while hand.phase.progress()["stage"] != "live":
        hand.scan()
        assert hand.pumping == set()
        if hand.kv is not None:
            risen.append((hand.t_s, hand.kv))
    steps = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(risen)]
    assert max(steps) <= SUPPLY.ramp_kv_s * 1.001 and risen[-1][1] == SUPPLY.target_kv
    live_s = hand.t_s
    hand.run_to("lowering")
    assert hand.t_s - live_s == pytest.approx(20.0, abs=0.3)
    lowering_s = hand.t_s
    hand.run_to("discharging")
    assert hand.kv is None and hand.t_s - lowering_s == pytest.approx(20 / 5.0, abs=1.0)
    assert hand.asked == []
    proved_s = hand.t_s
    hand.done()
    assert [(question.step, question.key) for _, question in hand.asked] == [("hv-test", "earthed")]
    assert hand.asked[0][0] - proved_s == pytest.approx(30.0, abs=0.5)
    assert hand.said("hv-test")[0]["text"].startswith("hv.needle read 20.00 to 20.00 kV for 20 s")


def test_a_test_that_is_stopped_comes_down_by_its_ramp_and_is_done_when_proved_off() -> None:
    hand = hv_test()
    hand.run_to("live")
    hand.scan("stopping")
    assert hand.outputs == {"hv.needle": HvOutput(True, pytest.approx(20.0, abs=0.6), 50.0)}
    hand.done("stopping", limit_s=10)
    assert hand.kv is None and hand.proof.proved


def test_a_test_that_was_held_begins_anew_from_nought() -> None:
    hand = hv_test()
    hand.run_to("live")
    hand.done("holding", limit_s=10)
    assert hand.scan("held").outputs == {}
    assert hand.scan("restarting").done
    hand.scan()
    assert hand.kv == 0.0
    hand.run_to("live")
    hand.done()


def test_a_supply_that_does_not_come_up_fails() -> None:
    hand = hv_test()
    hand.disturb = lambda: hand.values.update({"hv.needle.voltage_kv": 3.0} if hand.kv else {})  # type: ignore[method-assign]
    hand.until(lambda demand: demand.done)
    assert hand.failure == "hv.needle reads 3.00 kV instead of 20 kV, 15 s after its ramp"
