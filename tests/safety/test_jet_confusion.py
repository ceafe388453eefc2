"""The jet watch against the emulators' hidden truth, with bounds. docs/jet-watch.md has the table of 200 runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.safety.jet_traces import DriverMeter, Outcome, confusion, false_alarms, play, scenario


def runs(kind: str, jets: str | None, seeds: Sequence[int], on: str | None = None) -> list[Outcome]:
    made = [scenario(seed, kind, jets) for seed in seeds]
    return [play(run) for run in made if on is None or run.on == on]


def right(outcomes: list[Outcome], truth: str, *said: str) -> float:
    """Share of the settled seconds of that truth in which one of these was said."""
    table = confusion(outcomes, settled=True)
    total = sum(count for (true, _), count in table.items() if true == truth)
    assert total > 0, f"no run was ever {truth}"
    return sum(table[truth, mode] for mode in said) / total


def test_ten_good_hours_without_a_false_alarm() -> None:
    outcomes = [play(scenario(seed, "good", hours=0.5)) for seed in range(1000, 1020)]
    alarms, hours = false_alarms(outcomes)
    assert (alarms, hours) == (0, 10.0)
    assert right(outcomes, "stable", "stable") > 0.999


@pytest.mark.parametrize("jets", ["spin", "spray"])
def test_a_clog_of_the_only_jet_is_seen_within_20_s_and_told_within_30(jets: str) -> None:
    for outcome in runs("clog", jets, range(1100, 1108)):
        seen, told = outcome.clog_seen_s(), outcome.clog_alarm_s()
        assert seen is not None and told is not None, outcome.scenario
        assert 0.0 < seen < 20.0 and told < 30.0, outcome.scenario


def test_a_clog_of_the_larger_of_two_jets_is_seen_as_soon() -> None:
    outcomes = runs("clog", "both", range(1200, 1212), on="pumps.a")
    assert len(outcomes) >= 4
    for outcome in outcomes:
        seen = outcome.clog_seen_s()
        assert seen is not None and seen < 20.0, outcome.scenario


def test_a_clog_of_a_tenth_of_the_current_shows_only_when_the_dry_tip_ionises() -> None:
    outcomes = runs("clog", "both", range(1300, 1316), on="pumps.b")
    strong = [outcome for outcome in outcomes if outcome.scenario.kv > 14.0]
    assert len(strong) >= 2
    for outcome in strong:
        seen = outcome.clog_seen_s()
        assert seen is not None and 60.0 < seen < 140.0, outcome.scenario


@pytest.mark.parametrize("jets", ["spin", "spray"])
@pytest.mark.parametrize(
    ("kind", "least"), [("dripping", 0.99), ("pulsating", 0.95), ("multi-jet", 0.95), ("dry", 0.9)]
)
def test_each_mode_of_one_jet_is_told(jets: str, kind: str, least: float) -> None:
    outcomes = runs(kind, jets, range(1400, 1403))
    if kind == "dry":
        # A weak corona just above its onset is no more than the floor a clog leaves.
        assert right(outcomes, "corona", "corona", "dripping", "clogged") > least
    else:
        assert right(outcomes, kind, kind) > least


def test_a_bubble_is_a_gap_and_the_jet_comes_back() -> None:
    outcomes = runs("bubble", "spin", range(1500, 1506))
    for outcome in outcomes:
        modes = [mode for t_s, mode in outcome.modes if t_s > outcome.scenario.at_s]
        assert modes[0] == "bubble" and modes[-1] == "stable", (outcome.scenario, modes)


def test_through_driver_and_bytes_the_same_holds() -> None:
    run = scenario(1100, "clog", "spin")
    outcome = play(run, DriverMeter(run.scene_data, run.seed))
    seen = outcome.clog_seen_s()
    assert seen is not None and seen < 20.0
    before = [one.mode for one in outcome.seconds if one.t_s < run.at_s]
    assert set(before) == {"stable"}


def test_same_seed_same_verdicts() -> None:
    first, second = (play(scenario(1601, "clog", "both")) for _ in range(2))
    assert first.modes == second.modes and first.seconds == second.seconds
