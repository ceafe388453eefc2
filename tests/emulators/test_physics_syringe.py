"""Pump and syringe: travel, delivery, stall, gas, siphon, clog; the same however often one asks."""

from __future__ import annotations

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.emulators.physics.syringe import STALL_ML, Plunger
from tests.emulators.physics_bench import S, Timeline, drive_ml_h


def syringe(**changes: float) -> tuple[Plunger, Timeline]:
    timeline = Timeline()
    made = {"diameter_mm": 14.43, "capacity_ml": 10.0, "content_ml": 5.0} | changes
    return Plunger(timeline=timeline, **made), timeline


def test_travel_and_volume_agree_with_geometry() -> None:
    plunger, time = syringe()
    plunger.drive(0, 6.115)
    now = time.to(3600.0)
    assert plunger.travel_mm(now) == pytest.approx(6.115)
    assert plunger.delivered_ml(now) == pytest.approx(6.115 * pi / 4 * 14.43**2 / 1000, rel=1e-9)
    assert plunger.delivered_ml(now) == pytest.approx(1.0, rel=1e-3)
    assert plunger.flow_ml_h(now) == pytest.approx(1.0, rel=1e-3)
    assert plunger.content_ml(now) == pytest.approx(4.0, rel=1e-3)


def test_each_direction_is_counted() -> None:
    plunger, time = syringe()
    plunger.drive(0, 10.0)
    plunger.drive(time.to(1800.0), -4.0)
    now = time.to(2700.0)
    plunger.drive(now, 0.0)
    now = time.to(3000.0)
    assert plunger.infused_mm(now) == pytest.approx(5.0)
    assert plunger.withdrawn_mm(now) == pytest.approx(1.0)
    assert plunger.travel_mm(now) == pytest.approx(4.0)
    assert plunger.delivered_ml(now) == pytest.approx(4.0 * plunger.ml_per_mm)


def test_drawn_back_liquid_gives_no_feed_until_it_is_out_again() -> None:
    plunger, time = syringe()
    drive_ml_h(plunger, 0, 1.0)
    drive_ml_h(plunger, time.to(360.0), -1.0)
    drive_ml_h(plunger, time.to(396.0), 1.0)
    assert plunger.feed_ml_h(time.to(400.0)) == 0.0
    assert plunger.feed_ml_h(time.to(440.0)) == pytest.approx(1.0)


def test_dead_volume_fills_before_liquid_comes() -> None:
    plunger, time = syringe(dead_volume_ml=0.1)
    drive_ml_h(plunger, 0, 1.0)
    now = time.to(359.0)
    assert plunger.flow_ml_h(now) == 0.0
    assert plunger.delivered_ml(now) == 0.0
    now = time.to(720.0)
    assert plunger.flow_ml_h(now) == pytest.approx(1.0)
    assert plunger.delivered_ml(now) == pytest.approx(0.1)


def test_stalls_at_the_bottom_exactly_once_and_says_so() -> None:
    plunger, time = syringe(content_ml=0.5)
    seen: list[int] = []
    plunger.on_stall = lambda: seen.append(time.now_ns)
    drive_ml_h(plunger, 0, 1.0)
    now = time.to(3600.0)
    assert seen == [pytest.approx(1800 * S, abs=10)]
    assert plunger.stalled(now)
    assert plunger.flow_ml_h(now) == 0.0
    assert plunger.delivered_ml(now) == pytest.approx(0.5)
    assert plunger.content_ml(now) == pytest.approx(0.0, abs=1e-9)
    drive_ml_h(plunger, now, -1.0)
    now = time.to(3700.0)
    assert not plunger.stalled(now)
    assert plunger.withdrawn_mm(now) > 0.0


def test_stalls_when_drawn_to_the_top() -> None:
    plunger, time = syringe(content_ml=9.5)
    drive_ml_h(plunger, 0, -1.0)
    assert not plunger.stalled(time.to(1799.0))
    assert plunger.stalled(time.to(1801.0))


def test_a_jam_stops_a_running_motor_at_once_and_a_free_one_when_started() -> None:
    plunger, time = syringe()
    seen: list[int] = []
    plunger.on_stall = lambda: seen.append(time.now_ns)
    drive_ml_h(plunger, 0, 1.0)
    plunger.stall(time.to(100.0), True)
    now = time.to(200.0)
    assert seen == [100 * S]
    assert plunger.stalled(now) and plunger.flow_ml_h(now) == 0.0
    travel = plunger.travel_mm(now)
    drive_ml_h(plunger, now, 0.0)
    assert not plunger.stalled(time.to(210.0))
    drive_ml_h(plunger, time.now_ns, 1.0)
    time.to(211.0)
    assert seen == [100 * S, 210 * S]
    plunger.stall(time.now_ns, False)
    drive_ml_h(plunger, time.now_ns, 1.0)
    now = time.to(250.0)
    assert not plunger.stalled(now)
    assert plunger.travel_mm(now) > travel


def test_a_bubble_is_a_gap_and_an_empty_syringe_gives_none() -> None:
    plunger, time = syringe()
    drive_ml_h(plunger, 0, 1.0)
    plunger.bubble(time.to(100.0), 0.05)
    assert plunger.flow_ml_h(time.to(101.0)) == 0.0
    assert plunger.flow_ml_h(time.to(279.0)) == 0.0
    assert plunger.flow_ml_h(time.to(281.0)) == pytest.approx(1.0)
    assert plunger.delivered_ml(time.to(3600.0)) == pytest.approx(0.95)
    plunger.empty(time.now_ns)
    now = time.to(4000.0)
    assert plunger.flow_ml_h(now) == 0.0 and not plunger.stalled(now)
    assert plunger.delivered_ml(now) == pytest.approx(0.95)


def test_a_siphon_runs_while_the_motor_stands_and_ends_with_the_syringe() -> None:
    plunger, time = syringe(content_ml=1.0)
    plunger.siphon(0, True, 2.0)
    now = time.to(900.0)
    assert plunger.flow_ml_h(now) == pytest.approx(2.0)
    assert plunger.delivered_ml(now) == pytest.approx(0.5)
    assert plunger.travel_mm(now) == 0.0
    now = time.to(2000.0)
    assert plunger.flow_ml_h(now) == 0.0
    assert plunger.delivered_ml(now) == pytest.approx(1.0)


def test_a_clog_closes_the_needle_and_later_stalls_the_motor() -> None:
    plunger, time = syringe()
    drive_ml_h(plunger, 0, 1.0)
    plunger.clog(time.to(1000.0), True)
    assert 0.2 < plunger.flow_ml_h(time.to(1020.0)) < 0.6
    assert plunger.flow_ml_h(time.to(1200.0)) < 0.001
    assert not plunger.stalled(time.now_ns)
    now = time.to(1500.0)
    assert plunger.stalled(now)
    pressed = plunger.travel_mm(now) * plunger.ml_per_mm - plunger.delivered_ml(now)
    assert pressed == pytest.approx(STALL_ML, rel=1e-6)
    plunger.clog(now, False)
    assert plunger.flow_ml_h(now) > 100.0, "what was pressed in spurts out"
    assert plunger.delivered_ml(time.to(1520.0)) == pytest.approx(plunger.travel_mm(now) * plunger.ml_per_mm)


def test_liquid_lags_by_the_compliance_and_nothing_is_lost() -> None:
    plunger, time = syringe(compliance_s=2.0)
    drive_ml_h(plunger, 0, 1.0)
    assert plunger.flow_ml_h(time.to(2.0)) == pytest.approx(1.0 - 0.3679, abs=1e-3)
    drive_ml_h(plunger, time.to(3600.0), 0.0)
    assert plunger.flow_ml_h(time.to(3602.0)) == pytest.approx(0.3679, abs=1e-3)
    assert plunger.delivered_ml(time.to(3660.0)) == pytest.approx(1.0)


def test_a_new_syringe_keeps_the_counters_and_the_primed_needle() -> None:
    plunger, time = syringe(content_ml=0.5, dead_volume_ml=0.1)
    drive_ml_h(plunger, 0, 1.0)
    now = time.to(2000.0)
    assert plunger.stalled(now)
    plunger.load(now, 5.0)
    drive_ml_h(plunger, now, 1.0)
    now = time.to(3800.0)
    assert plunger.flow_ml_h(now) == pytest.approx(1.0)
    assert plunger.delivered_ml(now) == pytest.approx(0.4 + 0.5)
    assert plunger.content_ml(now) == pytest.approx(4.5)


@given(
    asked=st.lists(st.floats(0.0, 700.0), max_size=40),
    compliance=st.sampled_from([0.0, 2.0]),
    clog=st.booleans(),
)
def test_asking_changes_nothing(asked: list[float], compliance: float, clog: bool) -> None:
    def run(questions: list[float]) -> tuple[float, ...]:
        plunger, time = syringe(compliance_s=compliance, dead_volume_ml=0.02)
        drive_ml_h(plunger, 0, 3.0)
        commands = {100.0: 1.0, 200.0: 0.0, 250.0: -1.0, 300.0: 2.0}
        for at in sorted({*questions, *commands, 400.0}):
            now = time.to(at)
            if at in commands:
                drive_ml_h(plunger, now, commands[at])
            elif at == 400.0 and clog:
                plunger.clog(now, True)
            plunger.delivered_ml(now), plunger.feed_ml_h(now), plunger.stalled(now)
        now = time.to(800.0)
        return (
            plunger.travel_mm(now),
            plunger.delivered_ml(now),
            plunger.flow_ml_h(now),
            plunger.infused_mm(now),
        )

    assert run(asked) == run([])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"diameter_mm": 0.0}, "diameter 0.0 mm"),
        ({"content_ml": 11.0}, "content 11.0 ml"),
        ({"dead_volume_ml": -1.0}, "dead volume -1.0 ml"),
    ],
)
def test_no_such_syringe(changes: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        syringe(**changes)
