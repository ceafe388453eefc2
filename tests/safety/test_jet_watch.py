"""The jet watch on currents made by hand: each mode, its reason, and where it holds its tongue."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest

from rig.safety.conditions import Priority, Situation, Then
from rig.safety.jet_condition import ALARM_AFTER_S, jet_condition
from rig.safety.jet_expected import Expectation
from rig.safety.jet_watch import LOST, MODES, Ability, JetWatch, Verdict
from tests.safety.jet_traces import METER

S = 1_000_000_000
MEAN = 500.0
CALM = (6.0, 0.0, 0.0, 0.2)
"""A steady jet's burst: noise, spikes, line, its share."""
Burst = tuple[float | None, float, float | None, float | None]


class Trace:
    """A watch fed five readings a second and a burst each two, as the Keithley driver gives them."""

    def __init__(
        self, ability: Ability = METER, expected_na: float | None = 560.0, least_na: float | None = None
    ) -> None:
        self.watch = JetWatch(ability, Expectation(expected_na, "nothing is known", least_na=least_na))
        self.chance = Random(1)
        self.tick = 0
        self.said: list[tuple[float, str]] = []
        self.steady = 0

    @property
    def t_s(self) -> float:
        return self.tick * 0.2

    def feed(
        self,
        seconds: float,
        current_na: Callable[[float], float | None] | float | None = MEAN,
        burst: Burst | None = CALM,
        noise: float = 0.013,
        overload: bool = False,
    ) -> Trace:
        for i in range(round(seconds * 5)):
            self.tick += 1
            t_ns = round(self.t_s * S)
            if burst is not None and self.tick % 10 == 0:
                self.watch.burst(t_ns, *burst)
            value = current_na(i * 0.2) if callable(current_na) else current_na
            if value is not None:
                value *= 1.0 + self.chance.gauss(0.0, noise)
            if self.watch.reading(t_ns, value, overload):
                self.said.append((self.t_s, self.watch.verdict.mode))
        return self

    @property
    def mode(self) -> str:
        return self.watch.verdict.mode

    @property
    def why(self) -> str:
        return self.watch.verdict.why


def steady() -> Trace:
    """A jet whose own current is known."""
    trace = Trace().feed(60.0)
    assert trace.mode == "stable" and trace.watch.own_na == pytest.approx(MEAN, rel=0.01)
    return trace


def test_a_steady_current_is_a_stable_jet_and_stays_one() -> None:
    trace = Trace().feed(3600.0)
    assert [mode for _, mode in trace.said] == ["stable"]
    assert trace.watch.verdict.confidence > 0.8
    assert trace.why == "noise 1.2 % of the mean, no line"


@pytest.mark.parametrize("expected_na", [560.0 / 3, 560.0 * 3])
def test_an_expectation_that_is_three_times_off_does_no_harm(expected_na: float) -> None:
    trace = Trace(expected_na=expected_na).feed(60.0)
    assert [mode for _, mode in trace.said] == ["stable"]
    trace.feed(60.0, lambda t: MEAN * math.exp(-t / 40.0))
    assert trace.mode == "clogged"


def test_nothing_is_said_in_the_first_seconds() -> None:
    trace = Trace().feed(7.0)
    assert (trace.mode, trace.watch.verdict.confidence) == ("unknown", 0.0)


@pytest.mark.parametrize(
    ("burst", "mode"),
    [
        ((500.0, 20.0, 24.0, 0.8), "pulsating"),
        ((480.0, 22.0, 0.0, 0.7), "pulsating"),  # less than two periods in the record
        ((360.0, 2.0, 0.0, 0.15), "corona"),
        ((40.0, 0.0, 0.0, 0.5), "multi-jet"),
        ((12.0, 0.0, 203.0, 0.6), "pulsating"),  # one of several jets
        ((CALM), "stable"),
        ((4.0, 0.0, 50.0, 0.9), "stable"),  # the mains
    ],
)
def test_a_fast_record_tells_the_mode(burst: Burst, mode: str) -> None:
    trace = Trace().feed(30.0, burst=burst, noise=0.03)
    assert trace.mode == mode
    assert trace.watch.verdict.confidence >= 0.6


def test_several_jets_carry_more_than_one() -> None:
    trace = steady().feed(9.0, 1.41 * MEAN, (50.0, 0.0, 0.0, 0.5), noise=0.12)
    assert trace.mode == "multi-jet" and trace.watch.verdict.confidence == 0.9
    assert "times the current before" in trace.why


def test_a_clog_sinks_over_tens_of_seconds() -> None:
    trace = steady()
    began_s = trace.t_s
    trace.feed(60.0, lambda t: MEAN * math.exp(-t / 40.0))
    (_, (seen_s, mode)) = trace.said
    assert mode == "clogged" and 5.0 < seen_s - began_s < 20.0
    trace.feed(30.0, 300.0, (220.0, 2.0, 0.0, 0.13), noise=0.13)
    assert trace.mode == "corona"
    trace.feed(30.0)
    assert trace.mode == "stable"


def test_a_slow_clog_of_many_minutes_is_not_learned_away() -> None:
    trace = steady().feed(1500.0, lambda t: MEAN * math.exp(-t / 1800.0))
    assert trace.mode == "clogged"


def test_a_gap_is_a_bubble_until_the_jet_is_back() -> None:
    trace = steady().feed(20.0, lambda t: max(2.0, MEAN * math.exp(-t / 2.0)), (1.0, 0.0, 0.0, 0.2))
    assert trace.mode == "bubble"
    trace.feed(15.0)
    assert [mode for _, mode in trace.said] == ["stable", "bubble", "stable"]


def test_a_gap_that_does_not_end_is_named_by_what_flows() -> None:
    trace = steady().feed(90.0, lambda t: max(2.0, MEAN * math.exp(-t / 2.0)), (1.0, 0.0, 0.0, 0.2))
    assert trace.mode == "clogged"
    trace = steady().feed(3.0, 20.0).feed(90.0, 320.0, (230.0, 3.0, 0.0, 0.12), noise=0.13)
    assert trace.mode == "corona"


def test_a_sudden_fall_to_another_steady_current_cannot_be_told() -> None:
    trace = steady().feed(40.0, 0.5 * MEAN)
    assert trace.mode == "unknown"
    assert "its cause cannot be told" in trace.why


def test_without_a_jet_there_are_drops() -> None:
    def drops(t: float) -> float:
        return 4.0 if round(t * 5) % 45 == 0 else 0.3

    trace = Trace().feed(120.0, drops, (0.4, 0.0, 50.0, 0.98))
    assert trace.mode == "dripping" and trace.watch.verdict.confidence == 0.9
    silent = Trace().feed(120.0, 0.3, (0.4, 0.0, 50.0, 0.98))
    assert silent.mode == "dripping" and silent.watch.verdict.confidence == 0.5


def test_one_overload_is_an_arc_and_a_lasting_one_is_a_small_range() -> None:
    trace = steady().feed(0.2, None, overload=True).feed(2.0)
    assert trace.mode == "arc"
    trace.feed(10.0)
    assert trace.mode == "stable"
    trace.feed(20.0, None, overload=True)
    assert (trace.mode, trace.why) == ("unknown", "the current is beyond the meter's range")


def test_a_spike_of_ten_times_the_current_is_an_arc() -> None:
    wide = Ability(0.2, 2e6, 1000.0, 2.0)
    trace = Trace(wide).feed(60.0).feed(0.2, 30 * MEAN).feed(1.2)
    assert trace.mode == "arc"


def test_a_current_near_the_end_of_the_range_is_not_judged() -> None:
    trace = Trace().feed(60.0, 1500.0, (None, 3.0, None, None), noise=0.1)
    assert trace.mode == "unknown" and "too near to the end" in trace.why


def test_a_negative_jet_is_a_jet() -> None:
    trace = Trace(expected_na=-560.0).feed(30.0, -MEAN)
    assert trace.mode == "stable"
    assert Trace(expected_na=560.0).feed(30.0, -MEAN).mode == "dripping"


# Where it cannot tell


@pytest.mark.parametrize(
    ("ability", "expected_na", "why"),
    [
        (Ability(57.0, 2e6), 560.0, "resolution 57 nA, more than a tenth of the 560 nA expected"),
        (Ability(None, None), 560.0, "nothing is known of the meter's resolution"),
        (METER, None, "nothing is known of the current to be expected: nothing is known"),
    ],
)
def test_an_unfit_meter_says_why_and_never_more(
    ability: Ability, expected_na: float | None, why: str
) -> None:
    trace = Trace(ability, expected_na).feed(60.0).feed(60.0, 0.0).feed(10.0, None, overload=True)
    assert trace.said == []
    assert (trace.mode, trace.why, trace.watch.verdict.confidence) == ("unknown", why, 0.0)


def test_a_resolution_of_just_a_tenth_is_fine_enough() -> None:
    assert Trace(Ability(56.0, 5.6e6)).feed(30.0).mode == "stable"


@pytest.mark.parametrize("ability", [Ability(0.02, 2000.0), Ability(0.02, 2000.0, 100.0, 0.2)])
def test_without_fast_records_noise_has_no_name_but_a_loss_has(ability: Ability) -> None:
    trace = Trace(ability).feed(60.0, burst=(500.0, 20.0, 24.0, 0.8))
    assert trace.mode == "stable" and trace.watch.verdict.confidence <= 0.6
    assert "nothing is known above 2.5 Hz" in trace.why
    trace.feed(60.0, lambda t: MEAN * math.exp(-t / 40.0))
    assert trace.mode == "clogged"
    restless = Trace(ability).feed(30.0, noise=0.13)
    assert restless.mode == "unknown" and "takes a fast record" in restless.why


def test_bursts_coarser_than_a_tenth_are_not_used() -> None:
    trace = Trace(Ability(20.0, 2e6, 1000.0, 200.0)).feed(30.0, burst=(100.0, 0.0, 0.0, 0.2))
    assert trace.mode == "stable" and "nothing is known above" in trace.why


def test_readings_that_fail_or_stop_are_no_jet_lost() -> None:
    trace = steady().feed(30.0, None)
    assert (trace.mode, trace.why) == ("unknown", "readings fail")
    trace = steady()
    assert trace.watch.silent(trace.tick * S, "no reply within 1 s")
    assert (trace.mode, trace.why) == ("unknown", "no reply within 1 s")
    trace.feed(30.0)
    assert trace.mode == "stable"


def test_a_hole_in_time_is_no_loss_either() -> None:
    trace = steady()
    trace.tick += 300
    trace.feed(30.0)
    assert {mode for _, mode in trace.said} <= {"stable", "unknown"}


# The condition


def situation() -> Situation:
    from rig.readings import Readings

    return Situation(Readings(0, {}, {}), {}, hv_live=True, pumps_live=True)


def test_the_condition_takes_nothing_and_asks_for_nothing() -> None:
    condition = jet_condition("current.collector", lambda: None)
    assert (condition.takes, condition.then, condition.priority) == ((), Then.NONE, Priority.MEDIUM)
    assert not condition.latch and condition.on_delay_s == ALARM_AFTER_S
    assert condition.test(situation()) is None


@pytest.mark.parametrize("mode", MODES)
def test_only_a_lost_jet_is_found(mode: str) -> None:
    verdict = Verdict(mode, 0.8, "the current has sunk", 0)
    finding = jet_condition("current.collector", lambda: verdict).test(situation())
    assert (finding is not None) == (mode in LOST)
    if finding is not None:
        assert "the current has sunk" in finding.text and finding.value == f"{mode}, confidence 0.80"
    assert "unknown" not in LOST and "stable" not in LOST


def test_a_small_current_of_an_assumed_conductivity_is_a_jet_with_little_confidence_until_it_is_known() -> (
    None
):
    small = Trace(least_na=5.6).feed(11, 25.0, burst=(0.3, 0.0, 0.0, 0.2))
    assert small.mode == "stable" and small.watch.verdict.confidence == 0.5
    assert small.watch.verdict.why.endswith("nA of 560 nA, but the recipe gives no conductivity")
    small.feed(30, 25.0, burst=(0.3, 0.0, 0.0, 0.2))
    assert small.watch.own_na == pytest.approx(25.0, rel=0.02)
    assert small.watch.verdict.confidence > 0.5
    small.feed(20, 1.0, burst=None)
    assert small.mode in LOST, "once its own current is known a tenth of it is no jet"


def test_hardly_any_current_is_no_jet_whatever_the_conductivity() -> None:
    assert Trace(least_na=5.6).feed(20, 2.0, burst=None).mode == "dripping"
    assert Trace().feed(20, 25.0, burst=None).mode == "dripping", "of a known conductivity"


def test_a_cone_that_comes_and_goes_a_few_times_a_second_pulsates_whatever_the_records_catch() -> None:
    def pulses(t_s: float) -> float:
        return 300.0 if round(t_s * 5) % 5 == 0 else 15.0

    trace = Trace()
    for number in range(20):
        # A record of 80 ms catches a pulse, its edge, or the quiet between two.
        trace.feed(
            6, pulses, burst=((90.0, 14.0, 0.0, 0.8), (2.0, 0.0, 0.0, 0.2), (8.0, 3.0, 0.0, 0.3))[number % 3]
        )
    assert [mode for _, mode in trace.said] == ["pulsating"]
    assert trace.watch.own_na is None, "nothing steady to be learned, so nothing to be lost"
