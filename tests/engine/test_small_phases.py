"""Priming, prompts, waiting, and the orderly end of two supplies."""

from __future__ import annotations

from itertools import pairwise

import pytest

from recipes.reader import read_recipe
from recipes.steps import PromptStep
from rig.engine.phases.orderly_end import OrderlyEnd
from rig.engine.phases.people import PromptPhase, WaitPhase
from rig.engine.phases.plans import SupplyPlan
from rig.engine.phases.prime import PrimePhase
from rig.outputs import HvOutput, PumpOutput
from tests.engine.hand import Hand, prime_plan


def prime() -> Hand:
    return Hand(PrimePhase(prime_plan()))


def test_each_pump_runs_until_its_own_counter_has_the_volume_and_high_voltage_stays_off() -> None:
    hand = prime()
    stopped: dict[str, float] = {}
    while len(stopped) < 2:
        hand.scan()
        assert hand.kv is None
        for name in ("pumps.a", "pumps.b"):
            if name not in hand.outputs:
                stopped.setdefault(name, hand.delivered_ml[name])
            else:
                assert hand.outputs[name] == PumpOutput(True, 20.0, 14.43, 2)
    assert stopped["pumps.a"] == pytest.approx(0.1, abs=0.0012)
    assert stopped["pumps.b"] == pytest.approx(0.05, abs=0.0012)
    assert hand.said("prime")[0]["volumes_ml"] == {"pumps.a": 0.1, "pumps.b": 0.05}


def test_a_person_is_asked_once_the_pumps_have_been_seen_standing() -> None:
    hand = prime()
    hand.answers_itself = False
    hand.until(lambda demand: not demand.outputs)
    assert hand.asked == []
    hand.until(lambda _: bool(hand.asked), limit_s=5)
    assert [question.key for _, question in hand.asked] == ["primed", "wiped"]
    assert "left (spun), right (sprayed)" in hand.asked[0][1].text
    hand.answer("primed")
    assert not hand.scan().done
    hand.answer("wiped")
    assert hand.scan().done


def test_priming_waits_for_the_proof_that_high_voltage_is_off() -> None:
    hand = prime()
    live = True
    hand.disturb = lambda: hand.values.update({"hv.needle.output": 1.0} if live else {})  # type: ignore[method-assign]
    hand._pass()
    for _ in range(20):
        assert hand.scan().outputs == {}
    assert hand.said("waiting") == [{"step": "co-deposit", "for": "high voltage is not proved off yet"}]
    live = False
    hand.until(lambda demand: bool(demand.outputs), limit_s=1)


@pytest.mark.parametrize("value", [0.0, None])
def test_priming_waits_for_the_door_but_not_for_ever(value: float | None) -> None:
    hand = prime()
    hand.values["inputs.bench.door_closed"] = value
    hand.until(lambda demand: bool(demand.outputs), limit_s=700)
    assert hand.failure is not None
    assert hand.failure.endswith("waited 600 s for it")


def test_a_pump_that_delivers_nothing_fails_the_priming() -> None:
    hand = prime()
    hand.disturb = lambda: hand.values.update({"pumps.b.delivered_ml": 0.0})  # type: ignore[method-assign]
    hand.until(lambda demand: demand.done)
    # 0.1 ml at 20 ml/h are 18 s, and 30 s of patience
    assert hand.failure == "priming pumps.b took longer than 48 s: look at syringe and needle"


def test_a_counter_from_before_the_start_says_nothing() -> None:
    hand = prime()
    hand.values["pumps.a.delivered_ml"] = 9.0
    assert set(hand.scan().outputs) == {"pumps.a", "pumps.b"}


def test_a_hold_while_priming_goes_on_where_the_counter_stands() -> None:
    hand = prime()
    for _ in range(80):
        hand.scan()
    assert hand.scan("holding").done
    hand.idle(100)
    before_ml = hand.delivered_ml["pumps.a"]
    assert hand.scan("restarting").done
    hand.done()
    assert hand.delivered_ml["pumps.a"] == pytest.approx(0.1, abs=0.0012)
    assert before_ml > 0.04


def test_wait_counts_only_while_it_runs() -> None:
    hand = Hand(WaitPhase("rest", 60.0), period_s=1.0)
    for _ in range(30):
        assert not hand.scan().done
    assert hand.phase.progress() == {"stage": "waiting", "elapsed_s": 29.0, "duration_s": 60.0}
    assert hand.scan("holding").done
    hand.idle(500)
    assert hand.scan("restarting").done
    began_s = hand.t_s
    hand.done()
    assert hand.t_s - began_s == pytest.approx(32.0)  # 31 s were left, and one scan to begin counting


RECIPE = """
format = 1
name = "weigh"
[[steps]]
id = "look"
do = "prompt"
say = "Look at it."
[[steps]]
id = "transfer"
do = "prompt"
say = "Weigh it."
record = { mass = { unit = "mg" }, left = { unit = "ml" } }
"""


def prompt(number: int) -> Hand:
    recipe, _ = read_recipe(RECIPE, "weigh")
    assert recipe is not None
    step = recipe.steps[number]
    assert isinstance(step, PromptStep)
    hand = Hand(PromptPhase(step), period_s=1.0)
    hand.answers_itself = False
    return hand


def test_a_prompt_without_numbers_is_confirmed() -> None:
    hand = prompt(0)
    assert not hand.scan().done
    assert [(q.key, q.kind, q.text) for _, q in hand.asked] == [("done", "yes", "Look at it.")]
    hand.answer("done")
    assert hand.scan().done


def test_a_prompt_goes_on_when_every_number_is_there() -> None:
    hand = prompt(1)
    hand.scan()
    assert [q.key for _, q in hand.asked] == ["mass", "left"]
    hand.questions.answer("transfer", "left", "1 ml", 0, "Ada")
    assert not hand.scan().done
    hand.questions.answer("transfer", "mass", "0.4 g", 0, "Ada")
    assert hand.scan().done


def test_nobody_is_sent_to_a_station_that_is_not_proved_off() -> None:
    hand = prompt(0)
    hand.scan()
    assert [q.key for _, q in hand.asked] == ["done"]
    dead = True
    hand.disturb = lambda: hand.values.update({"hv.needle.output": None} if dead else {})  # type: ignore[method-assign]
    hand._pass()
    for _ in range(100):
        assert not hand.scan().done
    assert hand.questions.open == {}  # withdrawn, and loudly
    assert [data["text"][:9] for data in hand.said("withdrawn")] == ["KEEP AWAY"]
    dead = False
    back_s = hand.t_s
    hand.until(lambda _: bool(hand.questions.open))
    assert hand.t_s - back_s >= 30.0  # a fresh proof and its discharge time


# The orderly end by itself


class Ending:
    """An orderly end as a phase, for the hand."""

    step_id = do = "end"

    def __init__(self, end: OrderlyEnd) -> None:
        self.running = end.step
        self.end = end

    def progress(self) -> dict[str, object]:
        return {"stage": self.end.stage}


def test_two_supplies_of_opposite_sign_come_down_together_each_at_its_own_rate() -> None:
    plans = (
        SupplyPlan("hv.needle", 20.0, 1.0, 5.0, 50.0, 0.04),
        SupplyPlan("hv.counter", -6.0, 1.0, 2.0, 40.0, 0.04),
    )
    end = OrderlyEnd(plans, {"hv.needle": 12.0, "hv.counter": -6.0}, 1.0)
    hand = Hand(Ending(end))  # type: ignore[arg-type]
    track: dict[str, list[float]] = {"hv.needle": [], "hv.counter": []}
    for _ in range(60):
        demand = hand.scan()
        for name, voltages in track.items():
            output = demand.outputs.get(name)
            assert output is None or isinstance(output, HvOutput)
            voltages.append(output.voltage_kv if output is not None else 0.0)
    needle, counter = track.values()
    assert needle[9] == 12.0
    assert needle[15] == pytest.approx(12.0 - 5 * 0.5)
    assert needle[34] == 0.0
    assert counter[9] == -6.0
    assert counter[15] == pytest.approx(-6.0 + 2 * 0.5)
    assert counter[39] == pytest.approx(-6.0 + 2 * 2.9)
    assert counter[40] == 0.0
    assert all(later <= earlier for earlier, later in pairwise(needle))
    assert all(later >= earlier for earlier, later in pairwise(counter))


def test_with_nothing_on_it_waits_for_the_proof_only() -> None:
    end = OrderlyEnd((SupplyPlan("hv.needle", 20.0, 1.0, 5.0, 50.0, 0.04),), {"hv.needle": 0.0}, 3.0)
    hand = Hand(Ending(end))  # type: ignore[arg-type]
    demand = hand.scan()
    assert demand.done
    assert demand.outputs == {}
