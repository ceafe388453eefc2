"""The Eurotherm driver's "off": what it proves, what it does where it is not obeyed, and with the wrong model."""

from __future__ import annotations

import pytest

from rig.instruments.modbus import word_request
from rig.lines.errors import BadReply, NoReply, Refused
from rig.outputs import FurnaceOutput, ProgramSegment
from tests.instruments.eurotherm_bench import MODELS, EurothermBench, driver_on, ready

H = bytes.fromhex


@pytest.mark.parametrize("model", MODELS)
def test_off_ends_last_weeks_set_points_and_a_program_under_way(model: str) -> None:
    bench = EurothermBench(model)
    bench.values[24] = bench.values[25] = 800.0
    bench.controller.found_running([(5.0, 700.0, 600.0)])
    bench.time.pass_s(600)
    assert bench.power() > 5.0
    bench.driver.off()
    assert bench.power() == 0.0
    assert (bench.values[24], bench.values[25], bench.values[26]) == (0.0, 0.0, 0.0)
    assert bench.poll()["program"] == 0.0
    bench.time.pass_s(3600)
    assert bench.power() == 0.0
    assert bench.poll()["setpoint_degc"] == 0.0


@pytest.mark.parametrize("model", MODELS)
def test_commands_of_off_go_out_within_a_fifth_of_a_second(model: str) -> None:
    bench = EurothermBench(model)
    bench.controller.found_running([(5.0, 700.0, 600.0)])
    bench.time.pass_s(600)
    begun_ns = bench.time.now_ns
    off_ns = []

    def listen(reply: bytes) -> bytes:
        if bench.controller.output_pct == 0.0:
            off_ns.append(bench.time.now_ns)
        return reply

    bench.port.on_reply = listen
    bench.driver.off()
    assert (off_ns[0] - begun_ns) / 1e9 < 0.3


def test_manual_with_power_gets_none_and_the_next_program_brings_it_back_to_auto() -> None:
    bench = ready()
    bench.values[24] = 500.0
    bench.controller.write_one(273, 1)
    bench.controller.write_one(3, 400)
    bench.time.pass_s(30)
    assert bench.power() == 40.0
    bench.driver.off()
    assert bench.power() == 0.0
    assert bench.controller.control.manual
    bench.driver.apply(FurnaceOutput("run", 1, (ProgramSegment(5.0, 300.0, 600.0),)))
    assert not bench.controller.control.manual
    bench.time.pass_s(50)
    bench.poll()
    bench.time.pass_s(50)
    assert bench.power() > 0.0


@pytest.mark.parametrize("model", MODELS)
def test_a_furnace_that_drives_at_a_set_point_of_zero_is_held_in_manual(model: str) -> None:
    """A reversed thermocouple reads below zero and falls as it heats: the loop gives 100 % for ever."""
    bench = ready(model)
    bench.controller.found_running([(5.0, 300.0, 600.0)])
    for half_minute in range(30):
        if half_minute == 10:
            bench.furnace.reversed(bench.time.now_ns, True)
        bench.time.pass_s(30)
        bench.poll()  # or the EPC3000's watchdog ends it
    assert bench.power() > 50.0
    bench.driver.off()
    assert bench.power() == 0.0
    hot = bench.furnace.tube_degc(bench.time.now_ns)
    for _ in range(10):
        bench.time.pass_s(30)
        assert bench.power() == 0.0
        bench.driver.off()  # told again and again while nobody believes it: it stays in manual
        assert bench.power() == 0.0 and bench.controller.control.manual
    assert bench.furnace.tube_degc(bench.time.now_ns) < hot + 30.0
    with pytest.raises(Refused, match=r"working output still is .* it stands in manual at 0 % instead"):
        bench.driver.apply(FurnaceOutput("run", 2, (ProgramSegment(5.0, 300.0, 600.0),)))
    assert bench.power() == 0.0


def test_a_remote_set_point_is_zeroed_too() -> None:
    bench = ready("3216")
    bench.values[26], bench.values[276] = 600.0, 1
    bench.controller.power(True)
    bench.time.pass_s(60)
    assert bench.power() > 50.0
    bench.driver.off()
    bench.time.pass_s(60)
    assert bench.power() == 0.0


def test_where_zero_is_not_taken_the_heater_is_held_in_manual_and_it_is_raised() -> None:
    bench = ready()
    bench.values[112], bench.values[24], bench.values[25] = 20.0, 800.0, 800.0
    bench.controller.found_running([(5.0, 700.0, 600.0)])
    bench.time.pass_s(600)
    with pytest.raises(Refused, match=r"illegal value \(03\); it stands in manual at 0 % instead"):
        bench.driver.off()
    assert bench.power() == 0.0
    bench.time.pass_s(600)
    assert bench.power() == 0.0
    # Mended by a person: off stays as it is, and the next program brings it back to auto.
    bench.values[112] = 0.0
    bench.driver.off()
    assert bench.power() == 0.0
    bench.driver.apply(FurnaceOutput("run", 3, (ProgramSegment(5.0, 100.0, 600.0),)))
    assert not bench.controller.control.manual


@pytest.mark.parametrize("register", [24, 25])
def test_a_set_point_that_stays_though_zero_was_confirmed_is_found(
    monkeypatch: pytest.MonkeyPatch, register: int
) -> None:
    """A write that is confirmed and thrown away: reset would hand control to last week's 800 degC."""
    bench = ready()
    bench.values[24] = bench.values[25] = 800.0
    bench.controller.found_running([(5.0, 700.0, 600.0)])
    bench.time.pass_s(600)
    kept = bench.controller.registers.write

    def write(number: int, kind: str, value: float) -> None:
        if number != register:
            kept(number, kind, value)

    monkeypatch.setattr(bench.controller.registers, "write", write)
    with pytest.raises(Refused, match=r"after zero was written.*it stands in manual at 0 % instead"):
        bench.driver.off()
    bench.time.pass_s(600)
    assert bench.power() == 0.0


def test_power_that_stays_in_manual_too_is_raised() -> None:
    """The emulated controller gives its sensor-break power whatever its mode."""
    bench = ready()
    bench.furnace.sensor_break(bench.time.now_ns, True)
    bench.values[34] = 20.0
    bench.time.pass_s(2)
    with pytest.raises(Refused, match=r"still is 20 %, 1 s after .* could not be put to manual"):
        bench.driver.off()
    assert bench.controller.control.manual


def test_both_commands_go_out_when_only_replies_are_lost() -> None:
    """A mute line: what was sent may have arrived."""
    bench = ready("2416")
    bench.controller.found_running([(5.0, 700.0, 600.0)])
    bench.time.pass_s(600)
    assert bench.power() > 5.0
    bench.port.on_reply = lambda reply: b""
    with pytest.raises(NoReply):
        bench.driver.off()
    assert bench.power() == 0.0
    bench.port.on_reply = lambda reply: reply[:-1] + bytes((reply[-1] ^ 1,))
    bench.controller.found_running([(5.0, 700.0, 600.0)])
    bench.time.pass_s(600)
    with pytest.raises(BadReply):
        bench.driver.off()
    assert bench.power() == 0.0


def test_the_first_reset_is_not_sent_to_a_controller_that_would_take_it_for_run() -> None:
    """Declared as 2416, it is a 3216: writing 1 to register 23 would start what it holds."""
    bench = EurothermBench("3216")
    bench.controller.registers.triples.cells.update({0: 600.0, 1: 900.0, 2: 10.0})  # type: ignore[union-attr]
    bench.values[24] = 800.0
    driver = driver_on(bench.port, "2416")
    with pytest.raises(
        BadReply, match=r"declared as Eurotherm 2416, but its model word is 3216.*manual at 0 %"
    ):
        driver.off()
    bench.time.pass_s(600)
    assert bench.power() == 0.0
    assert bench.controller.control.programmer.state.value == "reset"
    assert bench.values[24] == 0.0


@pytest.mark.parametrize(
    ("real", "declared"), [("2416", "3216"), ("2416", "epc3000"), ("3216", "2416"), ("epc3000", "2416")]
)
def test_identify_finds_another_model(real: str, declared: str) -> None:
    bench = EurothermBench(real)
    with pytest.raises(BadReply, match="correct `model` in the rig file"):
        driver_on(bench.port, declared).identify()


def test_a_3216_declared_as_epc3000_is_never_started_by_off() -> None:
    bench = EurothermBench("3216")
    bench.controller.registers.triples.cells.update({0: 600.0, 1: 900.0, 2: 10.0})  # type: ignore[union-attr]
    with pytest.raises(Refused):
        driver_on(bench.port, "epc3000").off()
    bench.time.pass_s(600)
    assert bench.power() == 0.0


def test_word_request_is_what_back_to_auto_sends() -> None:
    bench = ready()
    bench.controller.write_one(273, 1)
    bench.driver.apply(FurnaceOutput("run", 1, (ProgramSegment(5.0, 100.0, 600.0),)))
    assert H("01 06 01 11 00 00 D8 33") == word_request(1, 273, 0)
    assert H("01 06 01 11 00 00 D8 33") in bench.port.sent
