"""The emulated New Era pump at work: counters, pumping program, alarms, time-out, power."""

from __future__ import annotations

import pytest

from tests.emulators.new_era_bench import Bench, ready, safe

# Running


def test_pause_resume_cancel() -> None:
    bench = ready()
    assert bench.all("RAT60MH", "RUN") == ["00S", "00I"]
    bench.time.pass_s(30)
    assert bench.all("STP", "DIS") == ["00P", "00PI0.500W0.000ML"]
    bench.time.pass_s(30)
    assert bench.all("DIS", "RUN") == ["00PI0.500W0.000ML", "00I"]
    bench.time.pass_s(30)
    assert bench.all("STP", "DIA14.43", "STP", "DIS", "STP") == [
        "00P",
        "00P?NA",
        "00S",
        "00SI1.000W0.000ML",
        "00S?NA",
    ]


def test_changes_during_a_pause_hold_after_it() -> None:
    bench = ready()
    bench.all("RAT60MH", "RUN", "STP", "RAT30MH", "DIRWDR")
    assert bench.basic("RUN") == "00W"
    bench.time.pass_s(60)
    assert bench.basic("DIS") == "00WI0.000W0.500ML"


def test_the_counters() -> None:
    bench = ready()
    bench.all("RAT60MH", "RUN")
    bench.time.pass_s(60)
    bench.all("STP", "STP", "DIRWDR", "RUN")
    bench.time.pass_s(30)
    assert bench.all("STP", "DIS") == ["00P", "00PI1.000W0.500ML"]
    assert bench.all("CLDINF", "DIS", "CLDWDR", "DIS") == [
        "00P",
        "00PI0.000W0.500ML",
        "00P",
        "00PI0.000W0.000ML",
    ]
    bench.all("RUN")
    bench.time.pass_s(30)
    bench.all("STP", "STP")
    assert bench.basic("DIS") == "00SI0.000W0.500ML"
    assert bench.all("DIA14.43", "DIS") == ["00S", "00SI0.000W0.000ML"]


def test_a_wrong_diameter_moves_the_wrong_volume() -> None:
    """The pump only knows what it was told; what leaves the syringe is another matter."""
    bench = ready()
    bench.all("DIA28.86", "RAT60MH", "RUN")
    bench.time.pass_s(60)
    assert bench.basic("DIS") == "00II1.000W0.000ML"
    assert bench.plunger.delivered_ml(bench.time.now_ns) == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize(("unit", "ml_h"), [("MH", 30.0), ("UH", 0.03), ("MM", 1800.0), ("UM", 1.8)])
def test_rate_units_drive_the_motor(unit: str, ml_h: float) -> None:
    bench = ready()
    if ml_h > 500:
        assert bench.basic("RAT30" + unit) == "00S?OOR"
        return
    assert bench.all("RAT30" + unit, "RUN") == ["00S", "00I"]
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == pytest.approx(ml_h, rel=1e-9)
    assert bench.basic("DIRREV") == "00W"
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == pytest.approx(-ml_h, rel=1e-9)


def test_purge_runs_at_top_speed_until_stopped() -> None:
    bench = ready()
    assert bench.all("PUR", "PUR", "RUN", "RAT5MH") == ["00X", "00X?NA", "00X?NA", "00X?NA"]
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == pytest.approx(500, rel=2e-3)
    assert bench.basic("STP") == "00S"
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == 0


# The pumping program


def test_a_volume_stops_the_pump_if_phase_2_is_a_stop() -> None:
    bench = ready()
    bench.all("PHN2", "FUNSTP", "PHN1", "VOL0.5", "RAT60MH")
    assert bench.all("RUN", "DIRREV") == ["00I", "00I?NA"]
    bench.time.pass_s(29.9)
    assert bench.basic("") == "00I"
    bench.time.pass_s(0.2)
    assert bench.basic("DIS") == "00SI0.500W0.000ML"


def test_the_trap_of_the_second_phase() -> None:
    bench = ready()
    bench.all("VOL0.5", "RAT60MH", "RUN")
    bench.time.pass_s(60)
    assert bench.basic("DIS") == "00II1.000W0.000ML"


def test_a_volume_in_spite_of_pause_and_trim() -> None:
    bench = ready(second_phase="STP")
    bench.all("VOL0.5", "RAT60MH", "RUN")
    bench.time.pass_s(15)
    bench.basic("RAT120")
    bench.time.pass_s(2)
    bench.basic("STP")
    bench.time.pass_s(100)
    assert bench.basic("RUN") == "00I"
    bench.time.pass_s(5.4)
    assert bench.basic("") == "00I"
    bench.time.pass_s(0.2)
    assert bench.basic("DIS") == "00SI0.500W0.000ML"


def test_pauses_jumps_and_beeps() -> None:
    bench = ready()
    bench.all(
        "RAT60MH", "VOL0.1", "PHN2", "FUNPAS10", "PHN3", "FUNBEP", "PHN4", "FUNPAS0", "PHN5", "FUNJMP01"
    )
    assert bench.all("FUN", "RUN") == ["00SJMP01", "00I"]
    bench.time.pass_s(7)
    assert bench.all("", "RUN") == ["00T", "00T?NA"]
    bench.time.pass_s(10)
    assert bench.all("", "RUN") == ["00U", "00I"]
    bench.time.pass_s(7)
    assert bench.all("STP", "STP") == ["00P", "00S"]
    assert bench.basic("RUN4") == "00U"


def test_program_errors() -> None:
    bench = ready()
    assert bench.all("RUN", "") == ["00A?E", "00S"], "no rate"
    assert bench.all("FUNJMP01", "RUN", "") == ["00S", "00A?E", "00S"], "jumps for ever"
    assert bench.all("RUN41", "") == ["00S", "00S"]
    assert bench.all("PHN41", "FUNBEP", "RUN41", "") == ["00S", "00S", "00A?O", "00S"]
    bench.all("PHN1", "FUNRAT", "RAT500MH", "DIA10")
    assert bench.all("RUN", "") == ["00A?O", "00S"], "the rate is too fast for the thinner syringe"


def test_data_are_ignored_while_a_phase_starts() -> None:
    bench = ready()
    bench.all("VOL0.5", "RAT60MH", "RUN")
    bench.time.pass_s(30)
    assert bench.all("DIRWDR", "DIS") == ["00I?IGN", "00II0.500W0.000ML"]
    bench.time.pass_s(0.002)
    assert bench.basic("DIRWDR") == "00W"


# Alarms, Safe mode, power


def test_an_alarm_is_acknowledged_by_a_reply_and_executes_nothing() -> None:
    bench = Bench()
    assert bench.all("RAT5MH", "RAT") == ["00A?R", "00S0.000MH"]
    bench = Bench()
    assert bench.all("XYZ", "RAT5MH", "RAT") == ["00A?R", "00A?R", "00S0.000MH"]


def test_stall_at_the_end_of_the_syringe() -> None:
    bench = ready(content_ml=0.5)
    bench.all("RAT60MH", "RUN")
    bench.time.pass_s(29.9)
    assert bench.pump.alarm == ""
    bench.time.pass_s(0.2)
    assert bench.pump.alarm == "S"
    assert bench.said[-1][1] == b"\x0200I\x03", "in Basic mode it says nothing unasked"
    assert bench.all("DIS", "DIS") == ["00A?S", "00SI0.500W0.000ML"]


def test_the_stall_packet_comes_unasked_and_does_not_acknowledge() -> None:
    bench = ready()
    bench.basic("RAT60MH")
    bench.send(safe("0SAF60"))
    assert bench.safe("0RUN") == "00I"
    bench.said.clear()
    bench.time.pass_s(3)
    bench.plunger.stall(bench.time.now_ns, True)
    bench.time.pass_s(0.1)
    assert [data for _, data in bench.said] == [safe("00A?S")]
    assert bench.safe("0RUN") == "00A?S"
    assert bench.safe("0") == "00S"
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == 0


def test_the_time_out_begins_with_the_first_packet_after_saf() -> None:
    bench = ready()
    bench.basic("RAT60MH")
    bench.send(safe("0SAF2"))
    bench.said.clear()
    bench.time.pass_s(10)
    assert bench.said == []
    bench.safe("0RUN")
    for _ in range(4):
        bench.time.pass_s(1.9)
        assert bench.safe("0")[2] == "I"
    last_ns = bench.time.now_ns
    bench.said.clear()
    bench.time.pass_s(1.999)
    assert bench.said == [] and bench.plunger.flow_ml_h(bench.time.now_ns) > 0
    bench.time.pass_s(0.001)
    assert [data for _, data in bench.said] == [safe("00A?T")]
    assert bench.time.now_ns - last_ns == 2_000_000_000
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == 0
    bench.said.clear()
    bench.time.pass_s(60)
    assert bench.said == [], "the timer waits for the next valid packet"
    assert bench.safe("0RUN") == "00A?T"
    assert bench.safe("0") == "00S"


def test_only_its_own_valid_packets_feed_the_time_out() -> None:
    bench = Bench(0, 1)
    bench.send(safe("0SAF2"))
    bench.send(safe("0SAF2"))
    bench.send(safe("0"))
    damaged = bytearray(safe("0"))
    damaged[-2] ^= 1
    for _ in range(2):
        bench.time.pass_s(0.99)
        bench.send(safe("1"))
        bench.send(bytes(damaged))
    bench.said.clear()
    bench.time.pass_s(0.02)
    assert [data for _, data in bench.said] == [safe("00A?T")]


def test_safe_mode_outlives_a_power_cut() -> None:
    bench = ready()
    bench.basic("RAT60MH")
    bench.send(safe("0SAF2"))
    bench.safe("0RUN")
    bench.time.pass_s(1)
    bench.pump.power(False)
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == 0
    assert bench.send(safe("0")) == b""
    bench.time.pass_s(5)
    assert bench.said == []
    bench.pump.power(True)
    bench.time.pass_s(5)
    assert [data for _, data in bench.said] == [safe("00A?R")], (
        "unasked, and no time-out before a valid packet"
    )
    assert bench.safe("0RUN") == "00A?R"
    assert bench.safe("0DIS") == "00SI0.000W0.000ML"
    assert bench.safe("0RAT") == "00S60.00MH"


def test_power_failure_setting_restarts_the_program() -> None:
    for restart, status in ((0, "S"), (1, "I")):
        bench = ready()
        bench.all("RAT60MH", f"PF{restart}", "RUN")
        bench.pump.power(False)
        bench.time.pass_s(1)
        bench.pump.power(True)
        assert bench.all("", "") == ["00A?R", "00" + status]


def test_what_is_stored_and_what_is_not() -> None:
    bench = ready()
    bench.all("RAT60MH", "RUN")
    writes = bench.pump.memory.writes
    assert bench.all("RAT120", "RAT") == ["00I", "00I120.0MH"]
    assert bench.pump.memory.writes == writes
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == pytest.approx(120)
    assert bench.all("STP", "STP", "RAT") == ["00P", "00S", "00S60.00MH"]
    bench.basic("RAT30MH")
    assert bench.pump.memory.writes == writes + 1
    bench.pump.power(False)
    bench.pump.power(True)
    assert bench.all("", "RAT", "DIA") == ["00A?R", "00S30.00MH", "00S14.43"]
