"""A host that falls silent, comes back, or loses messages, beside a Eurotherm that runs a program."""

from __future__ import annotations

import pytest

from rig.lines.errors import InstrumentError, NoReply
from rig.outputs import FurnaceOutput, ProgramSegment
from tests.instruments.eurotherm_bench import FOUNDING, MODELS, driver_on, ready, run

ONE = ProgramSegment(10.0, 200.0, 600.0)


def hold(output: FurnaceOutput) -> FurnaceOutput:
    return FurnaceOutput("hold", output.number, output.segments, output.hold_back_degc)


def test_silence_trips_the_epcs_watchdog_within_a_minute() -> None:
    bench = ready("epc3000")
    bench.driver.apply(run())
    bench.pass_polled(1800)
    assert bench.power() > 20.0
    last_ns = bench.time.now_ns
    while bench.power() > 0.0:
        bench.time.pass_s(1)
        assert (bench.time.now_ns - last_ns) / 1e9 < 62
    assert (bench.time.now_ns - last_ns) / 1e9 > 55
    bench.time.pass_s(3600)
    assert bench.power() == 0.0
    # A new host: the program still stands there, the heater stays off until somebody starts something.
    assert bench.driver.read("program")["watchdog"] == 1.0
    bench.pass_polled(600)
    assert bench.power() == 0.0
    bench.driver.apply(run(number=2))
    assert bench.driver.read("program")["watchdog"] == 0.0
    bench.pass_polled(600)
    assert bench.power() > 5.0


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_left_alone_in_mid_program_it_ends_off_by_itself(model: str) -> None:
    bench = ready(model)
    bench.values[24] = bench.values[25] = 800.0
    bench.driver.apply(run(FOUNDING[0]))
    bench.pass_polled(1800)
    assert bench.power() > 10.0
    bench.time.pass_s(4 * 3600)  # nobody is there
    assert bench.power() == 0.0
    bench.time.pass_s(8 * 3600)
    assert bench.furnace.temperature_degc(bench.time.now_ns) < 30.0


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_left_alone_in_a_hold_it_ends_off_by_itself(model: str) -> None:
    """A programmer on hold stands for ever, and no watchdog ends it."""
    bench = ready(model)
    bench.driver.apply(run(FOUNDING[0]))
    bench.pass_polled(1800)
    before_degc, setpoint_degc = bench.temperature(), bench.poll()["setpoint_degc"]
    assert setpoint_degc is not None
    bench.driver.apply(hold(run(FOUNDING[0])))
    held_degc = bench.poll()["setpoint_degc"]
    assert held_degc is not None
    assert min(before_degc, setpoint_degc) - 5 < held_degc <= setpoint_degc
    began_ns = bench.time.now_ns
    bench.time.pass_s(4 * 3600)  # nobody is there
    assert bench.temperature() == pytest.approx(held_degc, abs=2.0), "the longest hold there is, held"
    bench.time.pass_s(3600)
    assert bench.power() == 0.0
    assert bench.poll()["program"] in (0.0, 4.0)
    print(f"{model}: off within {(bench.time.now_ns - began_ns) / 3.6e12:.1f} h of the hold")


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_a_hold_that_has_ended_or_was_reset_by_somebody_is_not_gone_on_from(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run(FOUNDING[0]))
    bench.pass_polled(1800)
    bench.driver.apply(hold(run(FOUNDING[0])))
    bench.controller.control.command("reset")
    sent = len(bench.port.sent)
    bench.driver.apply(hold(run(FOUNDING[0])))
    bench.driver.apply(run(FOUNDING[0]))
    assert {data[1] for data in bench.port.sent[sent:]} <= {3}, "only looked"
    bench.pass_polled(60)
    assert bench.power() == 0.0


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_a_hold_that_cannot_be_loaded_leaves_the_heater_off(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run(FOUNDING[0]))
    bench.pass_polled(1800)
    writes = 0

    def deaf_to_the_dwell(data: bytes) -> bytes:
        nonlocal writes
        writes += data[1] == 16
        return b"" if writes > 4 and data[1] == 16 else data

    bench.port.on_request = deaf_to_the_dwell
    with pytest.raises(InstrumentError):
        bench.driver.apply(hold(run(FOUNDING[0])))
    assert bench.power() == 0.0
    bench.port.on_request = bytes
    bench.pass_polled(300)
    assert bench.power() == 0.0


@pytest.mark.parametrize("model", MODELS)
def test_a_host_that_comes_back_recognises_its_own_program(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run())
    bench.pass_polled(1800)
    driver = driver_on(bench.port, model)
    assert not driver.recognise(run())  # not set up yet
    driver.set_up()
    sent = len(bench.port.sent)
    assert driver.recognise(run())
    assert {data[1] for data in bench.port.sent[sent:]} == {3}
    driver.apply(run())
    assert bench.poll()["setpoint_degc"] == pytest.approx(23 + 150, abs=2)
    driver.apply(hold(run()))
    # Without a watchdog a hold is another program: what is held like that is not recognised, its host is gone.
    assert bench.poll()["program"] == (2.0 if model == "epc3000" else 1.0)
    assert driver.recognise(run()) is (model == "epc3000")
    assert not driver.recognise(run(FOUNDING[0]))
    assert not driver.recognise(run(ProgramSegment(5.0, 280.0, 9001.0), FOUNDING[1]))
    assert not driver.recognise(run(*FOUNDING, hold_back_degc=6.0))
    assert not driver.recognise(run(*FOUNDING * 6))
    driver.off()
    assert not driver.recognise(run())


def test_a_run_command_whose_echo_was_lost_is_not_given_twice() -> None:
    bench = ready("2416")
    run_command = bytes.fromhex("01 10 00 17 00 01 02 00 02 24 B6")
    last = b""

    def listen(data: bytes) -> bytes:
        nonlocal last
        last = data
        return data

    bench.port.on_request = listen
    bench.port.on_reply = lambda reply: b"" if last == run_command else reply
    with pytest.raises(NoReply):
        bench.driver.apply(run(ONE))
    bench.port.on_reply = bytes
    bench.pass_polled(60)
    bench.driver.apply(run(ONE))
    assert bench.port.sent.count(run_command) == 2  # both attempts of the first
    assert bench.poll()["program"] == 1.0


@pytest.mark.parametrize("model", MODELS)
def test_loading_goes_on_through_single_lost_messages(model: str) -> None:
    bench = ready(model)
    count = 0

    def lossy(data: bytes) -> bytes:
        nonlocal count
        count += 1
        return b"" if count % 7 == 0 else data

    bench.port.on_request = lossy
    bench.driver.apply(run(ONE))
    bench.port.on_request = bytes
    bench.pass_polled(600)
    bench.driver.apply(run(ONE))
    assert bench.poll()["setpoint_degc"] == pytest.approx(115, abs=8)


@pytest.mark.parametrize("model", MODELS)
def test_loading_takes_seconds_and_no_more(model: str) -> None:
    bench = ready(model)
    begun_ns = bench.time.now_ns
    bench.driver.apply(run())
    assert (bench.time.now_ns - begun_ns) / 1e9 < 3.0
    full = tuple(ProgramSegment(5.0, 100.0 + number, 60.0) for number in range(bench.driver.max_segments))
    begun_ns = bench.time.now_ns
    bench.driver.apply(run(*full, number=2))
    assert (bench.time.now_ns - begun_ns) / 1e9 < 7.0


def test_a_dead_line_is_an_error_and_leaves_the_program_to_end_by_itself() -> None:
    bench = ready("2416")
    bench.driver.apply(run(ONE))
    bench.port.on_request = lambda data: b""
    with pytest.raises(InstrumentError):
        bench.driver.off()
    bench.port.on_request = bytes
    bench.time.pass_s(3600)
    assert bench.power() == 0.0
