"""Verdicts from records made by hand: what is short, late, unproved or unread is said so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rig.records import open_run
from rig.records.samples import Channel
from rig.records.stretches import Course, slope, still_flowing, stretches, time_where
from rig.records.utc import NS_PER_S
from rig.records.verdict import Verdict
from rig.records.verdicts import verdicts
from rig.records.writer import RunRecord

RECIPE = b"""format = 1
name = "Furnace"
source = { doi = "10.1039/d0ra01791d" }
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "1000 sccm"
until = "100 ppm O2"
[[steps]]
id = "stabilise"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "60 degC/min"
to = "280 degC"
soak = "10 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""
CHANNELS = (
    Channel("furnace.tube.temperature_degc", "degC", "furnace.tube", "temperature"),
    Channel("furnace.tube.setpoint_degc", "degC", "furnace.tube", "temperature"),
    Channel("furnace.tube.power_pct", "%", "furnace.tube", "power"),
    Channel("gas.argon.flow_sccm", "sccm", "gas.argon", "gas flow"),
    Channel("oxygen.tube.oxygen_ppm", "ppm", "oxygen.tube", "oxygen"),
)
PV, SP, POWER, ARGON, OXYGEN = (channel.name for channel in CHANNELS)
Values = Mapping[str, float | None]
Sample = Callable[[int], Values]


class Hand:
    """A record of one step, a sample each second."""

    def __init__(self, tmp_path: Path, recorder: Any) -> None:
        self.record: RunRecord = recorder.create(
            tmp_path / "runs",
            recipe_bytes=RECIPE,
            channels=CHANNELS,
            opened={"simulated": True, "recipe": {"id": "f"}},
        )

    def event(self, t_s: int, kind: str, **data: Any) -> None:
        self.record.event(kind, data, t_s * NS_PER_S)

    def step(
        self,
        step: str,
        do: str,
        seconds: int,
        sample: Sample,
        events: Mapping[int, tuple[str, dict[str, Any]]],
        outcome: str | None = "done",
    ) -> Verdict:
        self.event(0, "step", id=step, do=do, phase="started")
        for t_s in range(seconds + 1):
            if t_s in events:
                kind, data = events[t_s]
                self.event(t_s, kind, step=step, **data)
            values = {name: value for name, value in sample(t_s).items() if value is not None}
            self.record.sample(t_s * NS_PER_S, values)
        if outcome is not None:
            self.event(
                seconds, "step", id=step, do=do, phase="ended", outcome=outcome, duration_s=float(seconds)
            )
        self.record.close(seconds * NS_PER_S, {"outcome": "completed"})
        run = open_run(self.record.folder)
        with run.read_samples() as reader:
            (verdict,) = verdicts(run, reader)
        return verdict


@pytest.fixture
def hand(tmp_path: Path, recorder: Any) -> Hand:
    return Hand(tmp_path, recorder)


RAMPED = {
    1: ("stage", {"stage": "ramping", "segment": 1}),
    257: ("stage", {"stage": "soaking", "segment": 1}),
}


def heated(t_s: int, over_degc: float = 0.0, flow_sccm: float = 200.0) -> Values:
    """1 °C/s from 20 °C; at 280 °C from 260 s on, for a minute by over_degc more; set point 2 K ahead."""
    degc = min(280.0, 20.0 + t_s)
    set_degc = min(280.0, degc + 2.0)
    if 300 <= t_s < 360:
        degc += over_degc
    return {PV: degc, SP: set_degc, POWER: 20.0, ARGON: flow_sccm}


def test_a_heat_step_as_it_was_asked(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 857, heated, RAMPED)
    assert verdict.word == "as asked"
    assert verdict.findings == [
        "soak 10.0 of 10 min within ± 5 °C by the furnace thermocouple",
        "no overshoot",
        "process value ramped 60.00 °C/min (asked 60), mean lag 2.0 K (0.0 min)",
        "the temperature of the mat was not measured",
        "argon 200 sccm (asked 200, least 200)",
    ]


def test_a_soak_that_left_its_band_is_short(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 857, lambda t: heated(t, over_degc=9.0), RAMPED)
    assert verdict.word == "deviates: soak 9.0 of 10 min in band; overshoot 9.0 °C, 1 min above the band"
    assert verdict.figures["soak_min"] == pytest.approx(9.0)


def test_the_band_includes_its_ends(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 857, lambda t: heated(t, over_degc=5.0), RAMPED)
    assert verdict.word == "as asked"
    assert "overshoot 5.0 °C, inside the band" in verdict.findings


def test_a_second_beyond_the_band_is_said_but_no_deviation(hand: Hand) -> None:
    def touched(t_s: int) -> Values:
        return heated(t_s) | ({PV: 285.1} if t_s in (300, 310) else {})

    verdict = hand.step("stabilise", "heat", 859, touched, RAMPED)
    assert verdict.word == "as asked"
    assert "overshoot 5.1 °C, 2 s above the band" in verdict.findings


def test_below_the_band_is_said(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 917, lambda t: heated(t, over_degc=-20.0), RAMPED)
    assert verdict.word == "deviates: 1 min below the band"


def test_time_without_a_reading_is_no_soak(hand: Hand) -> None:
    def unread(t_s: int) -> Values:
        return {name: None if 400 <= t_s < 460 else value for name, value in heated(t_s).items()}

    verdict = hand.step("stabilise", "heat", 857, unread, RAMPED)
    assert verdict.word == "deviates: soak 9.0 of 10 min in band"
    assert "58 s of the soak without a reading" in verdict.findings


def test_a_ramp_of_another_slope(hand: Hand) -> None:
    def slow(t_s: int) -> Values:
        return heated(t_s) | {PV: min(280.0, 20.0 + 0.9 * t_s)}

    events = {1: RAMPED[1], 284: RAMPED[257]}
    verdict = hand.step("stabilise", "heat", 884, slow, events)
    assert verdict.word == "deviates: ramp 54.00 instead of 60 °C/min"


def test_gas_that_was_too_weak(hand: Hand) -> None:
    def weak(t_s: int) -> Values:
        return heated(t_s, flow_sccm=150.0 if 500 <= t_s < 560 else 200.0)

    verdict = hand.step("stabilise", "heat", 857, weak, RAMPED)
    assert verdict.word == "deviates: argon below 80% of 200 sccm for 1 min"


def test_a_step_that_was_aborted_on_its_ramp(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 100, heated, {1: RAMPED[1]}, outcome="aborted")
    assert verdict.word == "not finished: aborted; 280 °C not reached"
    assert "ramp not judged: too few readings on its way" in verdict.findings


def test_a_record_that_ends_within_a_step(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 100, heated, {1: RAMPED[1]}, outcome=None)
    assert verdict.word.startswith("not finished: the record ends within it")


def test_one_word_of_a_person(hand: Hand) -> None:
    verdict = hand.step("stabilise", "heat", 557, heated, RAMPED, outcome="early")
    assert verdict.word == "ended early by a person; soak 5.0 of 10 min in band"


NEEDED = {1: ("stage", {"stage": "purging", "needed_l": 43.24})}


def purged(ppm: float | None) -> Sample:
    return lambda t_s: {ARGON: 1000.0, OXYGEN: ppm, PV: 25.0}


def test_a_purge_that_was_measured(hand: Hand) -> None:
    proof = {2641: ("purge-proof", {"method": "measured", "flowed_l": 44.0})}
    verdict = hand.step("purge", "purge", 2641, purged(12.3), NEEDED | proof)
    assert verdict.word == "as asked"
    assert verdict.findings[:2] == [
        "measured: at most 12.3 ppm O₂ in the minute before the proof (asked 100 ppm)",
        "44.0 l of argon until the proof after 44 min, 43.2 l needed by calculation",
    ]


def test_a_proof_that_the_samples_contradict(hand: Hand) -> None:
    proof = {2641: ("purge-proof", {"method": "measured", "flowed_l": 44.0})}
    verdict = hand.step("purge", "purge", 2641, purged(180.0), NEEDED | proof)
    assert verdict.word == "deviates: 180 ppm O₂ before the proof"


def test_a_purge_that_was_calculated(hand: Hand) -> None:
    # 2 V ln(209500/100) = 43.24 l: V = 2.828 l; 44 l are 15.558 volumes, and leave 209500 exp(-15.558/2) = 87.6 ppm.
    proof = {2641: ("purge-proof", {"method": "calculated", "flowed_l": 44.0})}
    verdict = hand.step("purge", "purge", 2641, purged(None), NEEDED | proof)
    assert verdict.word == "as asked"
    assert verdict.findings[0].startswith(
        "calculated, oxygen not measured: 15.6 tube volumes, which leave 87.4 ppm O₂"
    )


def test_a_purge_without_a_proof(hand: Hand) -> None:
    verdict = hand.step("purge", "purge", 100, purged(500.0), NEEDED)
    assert verdict.word == "deviates: not proved"


def cooled(last_degc: float, power_pct: float = 0.0) -> Sample:
    return lambda t_s: {PV: last_degc + (300 - t_s), POWER: power_pct, ARGON: 500.0, SP: 0.0}


def test_cold(hand: Hand) -> None:
    verdict = hand.step("cool", "cool", 300, cooled(59.5), {})
    assert verdict.word == "as asked"
    assert verdict.findings[0] == "below 60 °C by the furnace thermocouple after 4 min 59 s"


@pytest.mark.parametrize(
    ("sample", "word"),
    [
        (cooled(61.0), "deviates: 61 °C, not below 60 °C"),
        (cooled(50.0, power_pct=3.0), "deviates: heater power up to 3 %"),
        (lambda t_s: {ARGON: 500.0}, "not judged: the furnace thermocouple was not read"),
    ],
)
def test_not_as_cold_as_asked(hand: Hand, sample: Sample, word: str) -> None:
    assert hand.step("cool", "cool", 300, sample, {}).word == word


def test_what_flows_when_the_record_ends_is_named(hand: Hand) -> None:
    hand.step("cool", "cool", 300, cooled(59.5), {})
    run = open_run(hand.record.folder)
    with run.read_samples() as reader:
        (left,) = still_flowing(Course(run.journal.lines, reader))
    assert (left.gas, left.flow_sccm, left.read_s) == ("gas.argon", 500.0, 300.0)


def test_a_closed_gas_is_not_named(hand: Hand) -> None:
    hand.step("cool", "cool", 300, lambda t: {ARGON: 500.0 if t < 290 else 0.4, PV: 50.0}, {})
    run = open_run(hand.record.folder)
    with run.read_samples() as reader:
        assert still_flowing(Course(run.journal.lines, reader)) == []


def test_steps_are_matched_by_id_kind_and_occurrence(hand: Hand) -> None:
    for t_s, do, phase in (
        (3, "prime", "started"), (31, "prime", "ended"), (31, "spin", "started"), (90, "spin", "ended"),
        (95, "prime", "started"), (99, "prime", "ended"),
    ):  # fmt: skip
        hand.event(t_s, "step", id="co-deposit", do=do, phase=phase, outcome="done")
    hand.record.close(100 * NS_PER_S, {"outcome": "completed"})
    found = stretches(open_run(hand.record.folder).journal.lines)
    assert [(one.do, one.occurrence, one.begin_s, one.end_s) for one in found] == [
        ("prime", 1, 3.0, 31.0),
        ("spin", 1, 31.0, 90.0),
        ("prime", 2, 95.0, 99.0),
    ]


def test_a_reading_stands_for_three_seconds_at_most() -> None:
    assert time_where([0.0, 1.0, 2.0], [True, False, True], 3.0) == 2.0
    assert time_where([0.0, 60.0], [True, True], 61.0) == 4.0
    assert time_where([], [], 10.0) == 0.0


def test_a_least_squares_slope() -> None:
    assert slope([0.0, 1.0, 2.0, 3.0], [1.0, 3.1, 4.9, 7.0]) == pytest.approx(1.98)
    assert slope([0.0, 1.0], [1.0, 2.0]) is None
