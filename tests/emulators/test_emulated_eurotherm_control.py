"""What the emulated Eurotherm does with a furnace: loop, programmer, watchdog, alarms, mains."""

from __future__ import annotations

from math import nan

import pytest

from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.physics.furnace import BADLY_TUNED, NOT_TUNED, Furnace, Tuning
from tests.emulators.eurotherm_desk import Desk, program
from tests.instruments.loopback import HandTimeline

MODELS = ("epc3000", "3216", "2416")


# The loop


def heated(tuning: Tuning, model: str = "2416") -> tuple[EurothermEmulator, Furnace, HandTimeline]:
    timeline, furnace = HandTimeline(), Furnace()
    unit = EurothermEmulator(
        "furnace.tube", timeline, furnace=furnace, model=model,
        tuning=(tuning.band_degc, tuning.integral_s, tuning.derivative_s),
    )  # fmt: skip
    return unit, furnace, timeline


@pytest.mark.parametrize(("tuning", "least", "most"), [(NOT_TUNED, 2.5, 5.0), (BADLY_TUNED, 10.0, 14.0)])
def test_overshoot_after_a_ramp(tuning: Tuning, least: float, most: float) -> None:
    unit, furnace, timeline = heated(tuning)
    unit.found_running([(5.0, 280.0, 9000.0)], hold_back_degc=0.0)
    peak = 0.0
    for _ in range(18000 // 5):
        timeline.pass_s(5)
        peak = max(peak, furnace.temperature_degc(timeline.now_ns))
    assert least < peak - 280.0 < most


def test_the_ramp_follows_its_rate_while_it_runs() -> None:
    unit, furnace, timeline = heated(NOT_TUNED)
    unit.found_running([(2.0, 800.0, 600.0)])
    timeline.pass_s(1800)
    first = furnace.temperature_degc(timeline.now_ns)
    timeline.pass_s(6000)
    assert furnace.temperature_degc(timeline.now_ns) - first == pytest.approx(200.0, abs=1.0)


def test_output_limits_and_manual() -> None:
    desk = Desk("2416")
    desk.put(30, 350)
    desk.put(24, 3000)
    desk.time.pass_s(3)
    assert desk.zone.power_pct == 35.0
    assert desk.word(4) == 350
    desk.put(273, 1)  # bumpless
    assert desk.word(3) == 350
    desk.put(3, 200)
    desk.time.pass_s(2)
    assert desk.zone.power_pct == 20.0
    assert desk.pdu(7)[1] & 0x10
    desk.put(273, 0)
    assert not desk.pdu(7)[1] & 0x10


def test_second_set_point_remote_set_point_and_rate_limit() -> None:
    desk = Desk("3216", degc=20.0)
    desk.put(25, 1000)
    desk.put(15, 1)
    assert desk.word(2) == 1000
    desk.put(26, 1500)
    desk.put(276, 1)
    assert desk.word(5) == 1500
    desk.put(2, 1200)
    assert desk.values[26] == 120.0
    desk.put(276, 0)
    desk.put(15, 0)
    desk.put(35, 50)  # 5 degC/min: on a 3216 register 531 is 0 for a minute
    desk.put(24, 3000)
    at = desk.word(5)
    desk.time.pass_s(60)
    assert desk.word(5) == pytest.approx(at + 50, abs=2)


@pytest.mark.parametrize("model", MODELS)
def test_sensor_break_takes_the_safe_output(model: str) -> None:
    desk = Desk(model, degc=100.0)
    desk.put(24, 3000)
    desk.time.pass_s(2)
    assert desk.zone.power_pct == 100.0
    desk.zone.degc = nan
    desk.time.pass_s(2)
    assert desk.zone.power_pct == 0.0
    assert desk.word(75) & 1 << 5
    assert desk.word(75) & 1 << 10
    assert desk.word(1) == 32767
    desk.put(34, 150)
    desk.time.pass_s(2)
    assert desk.zone.power_pct == 15.0
    if model != "epc3000":
        assert desk.word(258) == 1


def test_loop_break_after_its_time_at_full_output() -> None:
    desk = Desk("2416")
    desk.put(83, 120)
    desk.put(24, 3000)
    desk.time.pass_s(115)
    assert desk.word(263) == 0
    desk.time.pass_s(10)
    assert desk.word(263) == 1
    assert desk.word(75) & 1 << 6
    desk.zone.degc = 40.0
    desk.time.pass_s(2)
    assert desk.word(263) == 0


def test_alarms_latch_and_are_acknowledged() -> None:
    desk = Desk("3216", degc=300.0)
    desk.unit.registers.values.update({536: 2, 540: 1, 537: 16, 541: 0, 538: 2, 542: 3, 539: 1, 547: 1})
    desk.put(13, 2500)
    desk.put(14, 100)
    desk.put(81, 2900)
    desk.put(82, 4000)
    desk.put(24, 3000)
    desk.time.pass_s(2)
    assert desk.word(75) & 0xF == 0b1101  # full scale high twice, low once; no deviation
    desk.put(24, 0)
    desk.time.pass_s(2)
    assert desk.word(75) & 0xF == 0b1111
    assert desk.word(260) == 1
    desk.put(274, 1)  # the causes are still there
    desk.time.pass_s(2)
    assert desk.word(75) & 0xF == 0b1111
    assert desk.word(260) == 0
    desk.zone.degc = 0.0
    desk.time.pass_s(2)
    assert desk.word(75) & 0xF == 0b1101
    desk.put(274, 1)
    desk.time.pass_s(2)
    assert desk.word(75) & 0xF == 0b1000


def test_standby_of_an_epc() -> None:
    desk = Desk("epc3000")
    desk.put(24, 3000)
    desk.time.pass_s(2)
    assert desk.zone.power_pct == 100.0
    desk.put(1085, 1)
    assert desk.zone.power_pct == 0.0


def test_an_idle_controller_costs_nothing_and_wakes_when_asked() -> None:
    desk = Desk("epc3000")
    desk.word(1)
    desk.time.pass_s(100)  # the watchdog's own look is over
    assert desk.time.next_ns() is None
    desk.zone.degc = 33.0
    assert desk.word(1) == 330


# The programmer


@pytest.mark.parametrize(("model", "end", "after"), [("2416", 0, "reset"), ("epc3000", 1, "reset")])
def test_a_program_runs_and_ends_in_reset_which_is_sp1(model: str, end: int, after: str) -> None:
    desk = Desk(model, degc=90.0)
    desk.values[1234] = 0
    program(desk, end=end)
    desk.put(24, 950)
    desk.put(23, 2)
    desk.time.pass_s(30)
    assert desk.word(5) == pytest.approx(950, abs=2)  # from the process value, 10 degC/min
    assert (desk.word(23), desk.word(56)) == (2, 1)
    assert desk.ms(63) == pytest.approx(30_000, abs=1500)
    desk.time.pass_s(60)
    assert (desk.word(5), desk.word(56), desk.word(29)) == (1000, 2, 3)
    desk.time.pass_s(40)
    assert desk.word(23) == 1
    assert desk.word(75) & 1 << 9
    assert desk.word(5) == 950  # last week's set point
    assert desk.zone.power_pct > 0.0


def test_other_ends_stay_hot() -> None:
    for model, end in (("2416", 1), ("epc3000", 0), ("epc3000", 2)):
        desk = Desk(model, degc=90.0)
        desk.values[1234] = 0
        program(desk, end=end)
        desk.put(23, 2)
        desk.time.pass_s(600)
        assert desk.word(23) == 16
        assert desk.word(5) == 1000
        assert desk.zone.power_pct > 0.0
    desk = Desk("2416", degc=90.0)
    program(desk, end=2)
    desk.values[24] = 95.0
    desk.put(23, 2)
    desk.time.pass_s(600)
    assert desk.zone.power_pct == 0.0  # end power, register 64
    desk.put(64, 100)
    desk.time.pass_s(2)
    desk.word(1)
    assert desk.zone.power_pct == 10.0


@pytest.mark.parametrize(
    ("end", "code", "setpoint", "heats"),
    [(0, 3, 0, False), (1, 3, 1000, True), (2, 0, 950, True), (3, 0, 0, False)],
)
def test_ends_of_a_3216(end: int, code: int, setpoint: int, heats: bool) -> None:
    desk = Desk("3216", degc=90.0)
    desk.put_ms(1280, 60_000)
    desk.put_real(1281, 100.0)
    desk.put_real(1282, 10.0)
    for index in range(1, 8):
        desk.put_real(1281 + 3 * index, 100.0)
        desk.put_real(1282 + 3 * index, 10.0)
    desk.put(328, end)
    desk.put(25, 950)
    desk.put(23, 1)
    desk.time.pass_s(30)
    assert (desk.word(23), desk.word(330)) == (1, 1)
    assert desk.word(5) == pytest.approx(950, abs=2)
    desk.put(23, 2)
    desk.time.pass_s(30)
    assert desk.word(23) == 2
    assert desk.word(5) == pytest.approx(950, abs=2)
    desk.put(23, 1)
    desk.time.pass_s(200)
    assert desk.word(23) == code
    assert desk.word(5) == setpoint
    assert (desk.zone.power_pct > 0.0) is heats
    assert desk.put(23, 4) == b"\x86\x03"


def test_run_on_one_family_is_hold_on_the_other() -> None:
    desk = Desk("3216", degc=90.0)
    desk.put_real(1281, 100.0)
    desk.put_real(1282, 10.0)
    desk.put(23, 2)
    assert desk.word(23) == 0  # hold in reset: nothing
    desk.put(23, 1)
    desk.put(23, 2)
    assert desk.word(23) == 2


def test_hold_back_types() -> None:
    for kind, degc, held in (
        (1, 80.0, True),
        (1, 110.0, False),
        (2, 80.0, False),
        (2, 110.0, True),
        (3, 80.0, True),
        (3, 110.0, True),
        (0, 20.0, False),
    ):
        desk = Desk("2416", degc=90.0)
        program(desk)
        desk.puts(8328, kind)
        desk.put_real(8329, 5.0)
        desk.put(23, 2)
        desk.zone.degc = degc
        desk.time.pass_s(5)
        assert (desk.word(23) == 8) is held


def test_time_to_target_steps_and_cycles() -> None:
    desk = Desk("2416", degc=90.0)
    desk.puts(8328, 0, 0, 1, 1, 2)
    desk.puts(8336, 2)
    desk.put_real(8337, 110.0)
    desk.put_ms(8338, 120_000)
    desk.puts(8344, 4)
    desk.put_real(8345, 50.0)
    desk.puts(8352, 3)
    desk.put_ms(8354, 30_000)
    desk.put(23, 2)
    assert desk.word(59) == 1
    desk.time.pass_s(60)
    assert desk.word(5) == pytest.approx(1000, abs=3)
    desk.time.pass_s(75)
    assert (desk.word(5), desk.word(56)) == (500, 3)
    desk.time.pass_s(30)
    assert (desk.word(56), desk.word(59)) == (1, 0)
    desk.time.pass_s(160)
    assert desk.word(23) == 1


def test_servo_to_the_set_point() -> None:
    desk = Desk("2416", degc=90.0)
    program(desk)
    desk.put(520, 1)
    desk.put(23, 2)
    desk.time.pass_s(60)
    assert desk.word(5) == pytest.approx(100, abs=4)  # from 0


# Watchdog


def test_the_watchdog_falls_back_after_its_time_and_stays() -> None:
    desk = Desk("epc3000")
    desk.put(24, 3000)
    desk.time.pass_s(59)
    assert desk.zone.power_pct == 100.0
    desk.time.pass_s(2)
    assert desk.zone.power_pct == 0.0
    assert desk.word(1236) == 1
    desk.time.pass_s(5)
    assert desk.zone.power_pct == 0.0
    desk.put(1236, 0)
    assert desk.zone.power_pct == 100.0


def test_any_valid_message_feeds_it_and_a_damaged_one_does_not() -> None:
    desk = Desk("epc3000")
    desk.put(24, 3000)
    for _ in range(10):
        desk.time.pass_s(30)
        desk.word(1)
    assert desk.zone.power_pct == 100.0
    for _ in range(3):
        desk.time.pass_s(30)
        desk.send("01 03 00 01 00 05 D4 08")
    assert desk.zone.power_pct == 0.0


def test_watchdog_with_automatic_recovery_other_output_and_none() -> None:
    desk = Desk("epc3000")
    desk.put(24, 3000)
    desk.put(1235, 1)
    desk.put(34, 120)
    desk.time.pass_s(61)
    assert desk.zone.power_pct == 12.0
    desk.word(1)
    desk.time.pass_s(1)
    assert desk.zone.power_pct == 100.0
    desk.put(1234, 0)
    desk.time.pass_s(61)
    assert desk.zone.power_pct == 100.0
    desk.put(1236, 0)
    desk.put(1234, 1)
    desk.put(1233, 0)
    desk.time.pass_s(600)
    assert desk.zone.power_pct == 100.0


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_the_others_have_none(model: str) -> None:
    desk = Desk(model)
    desk.put(24, 3000)
    desk.time.pass_s(3600)
    assert desk.zone.power_pct == 100.0


# Mains


@pytest.mark.parametrize(("recovery", "code", "setpoint"), [(0, 2, 850), (1, 1, 0), (2, 2, 1000)])
def test_power_failure_in_a_program(recovery: int, code: int, setpoint: int) -> None:
    desk = Desk("2416", degc=90.0)
    program(desk, dwell_ms=3_600_000)
    desk.put(518, recovery)
    desk.put(23, 2)
    desk.time.pass_s(300)
    assert desk.word(5) == 1000
    desk.unit.power(False)
    assert desk.zone.power_pct == 0.0
    assert desk.pdu(3, 0, 1, 0, 1) == b""
    desk.zone.degc = 85.0
    desk.time.pass_s(100)
    assert desk.zone.power_pct == 0.0
    desk.unit.power(True)
    assert desk.word(23) == code
    assert desk.word(5) == pytest.approx(setpoint, abs=2)
    assert desk.word(259) == 1
    desk.put(274, 1)
    assert desk.word(259) == 0
    assert desk.real(8337) == 100.0  # the program memory is kept


def test_resets_are_counted_and_a_3216_resets() -> None:
    desk = Desk("epc3000")
    before = desk.word(1089)
    desk.unit.power(False)
    desk.unit.power(True)
    assert desk.word(1089) == before + 1
    desk = Desk("3216", degc=90.0)
    desk.unit.found_running([(10.0, 100.0, 600.0)])
    assert desk.word(23) == 1
    desk.unit.power(False)
    desk.unit.power(True)
    assert desk.word(23) == 0


@pytest.mark.parametrize("model", MODELS)
def test_found_running(model: str) -> None:
    unit, furnace, timeline = heated(NOT_TUNED, model)
    furnace.found_at(0, 780.0)
    unit.found_running([(2.0, 800.0, 600.0)], power_pct=furnace.power_pct(0))
    timeline.pass_s(300)
    assert furnace.temperature_degc(timeline.now_ns) > 780.0
    assert unit.output_pct > 20.0
    timeline.pass_s(1200)
    assert unit.output_pct == 0.0


def test_an_unknown_model() -> None:
    with pytest.raises(ValueError, match="no emulated Eurotherm '3508'; there are 2416, 3216, epc3000"):
        Desk("3508")
