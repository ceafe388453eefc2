"""Every alarm that can come has every field: a gap is a fault of the declaration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rig.bench.rigfile import load_rig
from rig.engine.alarms_of import alarms_of, alarms_of_outputs
from rig.safety.alarms import RANK, SIGNS, AlarmDefinition, action_text, gaps
from rig.safety.alarms_other import LOST_DELAY_S
from rig.safety.conditions import Then
from rig.safety.priorities import Priority
from tests.safety.alarm_bench import definition

FULL = Path(__file__).parents[1] / "bench" / "full_rig.toml"
ALARMS = alarms_of(load_rig(None)[0])


@pytest.mark.parametrize("alarm", [*ALARMS, *alarms_of_outputs()], ids=lambda alarm: alarm.tag)
def test_no_field_is_empty(alarm: AlarmDefinition) -> None:
    assert gaps(alarm) == []


def test_another_rig_has_no_gaps_either() -> None:
    found = alarms_of(load_rig(FULL)[0])
    assert {one.tag: gaps(one) for one in found if gaps(one)} == {}
    assert {one.tag for one in found} < {one.tag for one in ALARMS}  # no pressure switch at this tube


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        *(({name: " "}, f"{name} is empty") for name in ("tag", "title", "group", "cause", "consequence")),
        *(({name: ""}, f"{name} is empty") for name in ("what_to_do", "action", "source", "limit")),
        ({"measured_in": "", "dead_band": 1.0}, "measured_in is empty"),
        ({"on_delay_s": -1.0}, "on_delay_s is negative"),
        ({"off_delay_s": -1.0}, "off_delay_s is negative"),
        ({"dead_band": 1.0}, "a dead band on what has two values only"),
        ({"measured_in": "%RH"}, "it does not latch and has no dead band: it would chatter at its limit"),
        (
            {"safety": True, "shown_in": frozenset({"Running"})},
            "an alarm of class safety is silent in some states of its unit",
        ),
    ],
)
def test_a_gap_is_found(change: dict[str, object], gap: str) -> None:
    assert gaps(definition()) == []
    assert gaps(replace(definition(), **change)) == [gap]  # type: ignore[arg-type]


def test_what_takes_an_output_is_of_class_safety() -> None:
    for alarm in ALARMS:
        assert alarm.safety is any(
            word in alarm.action for word in (" off", "stop of", "abort of")
        ) or alarm.tag.startswith(
            ("hv-unproved", "not-off", "tube-shut", "record-failed", "instrument-lost")
        ), alarm.tag


def test_each_priority_has_a_shape_and_a_letter_of_its_own() -> None:
    assert set(SIGNS) == set(RANK) == set(Priority)
    for field in ("shape", "letter", "word"):
        assert len({getattr(sign, field) for sign in SIGNS.values()}) == len(Priority)
    assert sorted(RANK, key=lambda priority: RANK[priority]) == ["highest", "high", "medium", "low"]


def test_an_instrument_that_is_lost_is_an_alarm_whichever_it_is() -> None:
    bench, _ = load_rig(None)
    lost = {one.tag.partition(":")[2]: one for one in ALARMS if one.tag.startswith("instrument-lost:")}
    assert set(lost) == set(bench.instruments)
    assert all(one.on_delay_s == LOST_DELAY_S and "bad at once" in one.action for one in lost.values())


def test_what_it_does_by_itself_in_words() -> None:
    assert action_text(Then.ABORT, ("hv", "pump"), "spin") == "high voltage and pumps off, abort of spin"
    assert action_text(Then.HOLD, (), "spin") == "hold of spin"
    assert action_text(Then.NONE, (), "spin") == "none, it is announced only"
