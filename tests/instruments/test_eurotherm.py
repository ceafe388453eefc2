"""The Eurotherm driver: what it reads, how it switches off, and what it refuses. Traps of the handbook one by one."""

from __future__ import annotations

import math
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.instruments import eurotherm
from rig.instruments.modbus import frame, read_request, words_request
from rig.lines.errors import BadReply, InstrumentError, Preempted, Refused
from rig.outputs import FurnaceOutput, ProgramSegment
from tests.instruments.eurotherm_bench import (
    FOUNDING,
    MODELS,
    EurothermBench,
    driver_on,
    furnace_settings,
    ready,
    run,
)
from tests.instruments.loopback import Script

H = bytes.fromhex


def word_reply(value: int) -> bytes:
    return frame(b"\x01\x03\x02" + pack(">h", value))


def float_reply(*values: float) -> bytes:
    return frame(bytes((1, 3, 4 * len(values))) + pack(f">{len(values)}f", *values))


def ask(register: int) -> bytes:
    return read_request(1, register, 1)


VALUES = read_request(1, 0x8002, 10)
ZERO = words_request(1, 0x8030, bytes(12))
ZEROED = frame(H("01 10 80 30 00 06"))
SETPOINTS = read_request(1, 0x8030, 6)


# Bytes


def test_a_poll_byte_for_byte() -> None:
    port = Script(
        (VALUES, float_reply(250.0, 280.0, 0.0, 40.0, 260.0)),
        (H("01 03 00 4B 00 01 F4 1C"), H("01 03 02 02 00 B9 24")),
        (ask(23), word_reply(2)),
    )
    assert driver_on(port).read("status") == {
        "temperature_degc": 250.0, "setpoint_degc": 260.0, "power_pct": 40.0, "program": 1.0,
        "sensor_break": 0.0, "loop_break": 0.0,
    }  # fmt: skip
    assert port.finished()
    sent = [VALUES, ask(75), ask(23)]
    got = [float_reply(0, 0, 0, 0, 0), word_reply(0), word_reply(1)]
    assert (sum(map(len, sent)), sum(map(len, got))) == eurotherm.POLL_BYTES


def test_sensor_and_loop_break_of_the_status_word() -> None:
    port = Script(
        (VALUES, float_reply(3276.7, 0.0, 0.0, 0.0, 0.0)),
        (ask(75), H("01 03 02 02 20 B8 FC")),
        (ask(23), word_reply(1)),
        (VALUES, float_reply(20.0, 0.0, 0.0, 0.0, 0.0)),
        (ask(75), word_reply(0x40)),
        (ask(23), word_reply(1)),
    )
    driver = driver_on(port)
    values = driver.read("status")
    assert (values["temperature_degc"], values["sensor_break"], values["loop_break"]) == (None, 1.0, 0.0)
    values = driver.read("status")
    assert (values["temperature_degc"], values["sensor_break"], values["loop_break"]) == (20.0, 0.0, 1.0)


def test_program_and_segment_by_model() -> None:
    for model, register, more in (
        ("epc3000", 56, [(ask(1236), word_reply(1))]),
        ("3216", 330, []),
        ("2416", 56, []),
    ):
        port = Script((ask(register), word_reply(3)), *more)
        driver = driver_on(port, model)
        values = driver.read("program")
        assert values.pop("segment") == 3.0
        assert values == ({"watchdog": 1.0} if model == "epc3000" else {})
        assert port.finished()
        names = {channel.name for channel in driver.channels}
        assert names == {name for shorts in driver.poll_channels.values() for name in shorts}
        assert set(driver.poll_channels) == {poll.name for poll in driver.polls}


@pytest.mark.parametrize(
    ("model", "code", "state"),
    [
        ("epc3000", 1, 0), ("epc3000", 2, 1), ("epc3000", 4, 2), ("epc3000", 8, 3), ("epc3000", 16, 4),
        ("2416", 1, 0), ("2416", 2, 1), ("2416", 4, 2), ("2416", 8, 3), ("2416", 16, 4),
        ("3216", 0, 0), ("3216", 1, 1), ("3216", 2, 2), ("3216", 3, 4),
    ],
)  # fmt: skip
def test_status_codes_by_model(model: str, code: int, state: float) -> None:
    port = Script(
        (VALUES, float_reply(20.0, 0.0, 0.0, 0.0, 0.0)), (ask(75), word_reply(0)), (ask(23), word_reply(code))
    )
    assert driver_on(port, model).read("status")["program"] == state


def test_a_status_code_of_another_model_is_no_state() -> None:
    for model, code in (("epc3000", 0), ("epc3000", 3), ("3216", 4), ("2416", 5)):
        port = Script(
            (VALUES, float_reply(20.0, 0.0, 0.0, 0.0, 0.0)),
            (ask(75), word_reply(0)),
            (ask(23), word_reply(code)),
        )
        with pytest.raises(BadReply, match=f"program status reads {code}.*another model"):
            driver_on(port, model).read("status")


def off_script(model: str, first: bool = True) -> list[tuple[bytes, bytes]]:
    commands = {
        "epc3000": (H("01 06 29 4F 00 01 71 81"), H("01 06 29 4F 00 01 71 81"), 1),
        "3216": (words_request(1, 23, b"\0\0"), H("01 10 00 17 00 01 B1 CD"), 0),
        "2416": (words_request(1, 23, b"\0\1"), H("01 10 00 17 00 01 B1 CD"), 1),
    }
    command, confirmed, reset = commands[model]
    family = [(ask(122), word_reply({"3216": 0x3216, "2416": 0x2461}.get(model, 0)))]
    return [
        (ZERO, ZEROED),
        (SETPOINTS, float_reply(0.0, 0.0, 300.0)),
        *(family if first and model != "epc3000" else []),
        (command, confirmed),
        (ask(23), word_reply(reset)),
        (ask(273), word_reply(0)),
        (ask(276), word_reply(0)),
        (read_request(1, 0x8008, 2), float_reply(0.0)),
    ]


@pytest.mark.parametrize("model", MODELS)
def test_off_byte_for_byte(model: str) -> None:
    """The remote set point reads 300: it is not used, and on a 2416 may be anything."""
    port = Script(*off_script(model), *off_script(model, first=False))
    driver = driver_on(port, model)
    driver.off()
    driver.off()
    assert port.finished()


def test_the_bytes_of_off_as_the_catalogue_has_them() -> None:
    script = off_script("3216")
    assert (sum(len(sent) for sent, _ in script), sum(len(got) for _, got in script)) == eurotherm.OFF_BYTES


def test_settings_that_no_controller_has() -> None:
    with pytest.raises(ValueError, match="model '3508' is not known; known are epc3000, 3216, 2416"):
        driver_on(Script(), "3508")
    with pytest.raises(ValueError, match="address 255 is outside 1 to 254"):
        driver_on(Script(), address=255)
    with pytest.raises(ValueError, match="no poll 'speed'"):
        driver_on(Script()).read("speed")
    assert eurotherm.Eurotherm(furnace_settings(None), Script()).model.name == "epc3000"


# Identity


def test_identity() -> None:
    identity = ready("2416").driver.identify()
    assert (identity.model, identity.firmware) == ("Eurotherm 2416", "3.04")
    assert identity.text == "maker 0000, model 2461, firmware 0304"


# What is set in the controller


@pytest.mark.parametrize("model", MODELS)
def test_set_up_only_reads(model: str) -> None:
    bench = EurothermBench(model)
    before = dict(bench.values)
    bench.driver.set_up()
    bench.driver.identify()
    assert {data[1] for data in bench.port.sent} == {3}
    assert bench.values == before
    assert bench.driver.problems == ()
    assert bench.driver.warnings == ()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"units": 1}, "counts in Fahrenheit; set .* units degC"),
        ({"units": 2}, "counts in Kelvin"),
        ({"units": 7}, "counts in code 7"),
        (
            {"low_word_first": True},
            "high limit reads 12000 with 1 decimals in the plain area and .* in the float",
        ),
    ],
)
def test_numbers_that_cannot_be_trusted(options: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=text):
        EurothermBench("epc3000", **options).driver.set_up()


def test_wrong_decimals_are_found_against_the_float_area() -> None:
    bench = EurothermBench()
    bench.values[525] = 0  # says none, has one
    with pytest.raises(Refused, match="scale of its numbers is not known"):
        bench.driver.set_up()
    bench.values[525] = 5
    with pytest.raises(BadReply, match="5 decimal places"):
        bench.driver.set_up()


@pytest.mark.parametrize("resolution", ["full", "integer"])
@pytest.mark.parametrize("decimals", [0, 1])
@pytest.mark.parametrize("model", MODELS)
def test_decimals_and_resolution_as_configured(model: str, decimals: int, resolution: str) -> None:
    bench = ready(model, decimals=decimals, resolution=resolution)
    bench.driver.apply(run())
    bench.pass_polled(1800)
    assert bench.temperature() == pytest.approx(bench.furnace.temperature_degc(bench.time.now_ns), abs=0.5)
    assert bench.temperature() == pytest.approx(170, abs=6)


def test_unknown_rate_unit_of_a_3216() -> None:
    bench = EurothermBench("3216", rate_unit=3)
    with pytest.raises(BadReply, match="rate unit reads 3"):
        bench.driver.set_up()


@pytest.mark.parametrize(
    ("register", "value", "text"),
    [
        (1233, 0.0, "its watchdog is off; set"),
        (1233, 120.0, "its watchdog is 120 s long"),
        (1233, 2.0, "its watchdog is 2 s long"),
        (1234, 0, r"set to action 0, not to fall back \(1\)"),
        (34, 15.0, "set to fall back to 15 % output"),
    ],
)
def test_a_watchdog_that_guards_nothing(register: int, value: float, text: str) -> None:
    bench = EurothermBench()
    bench.values[register] = value
    bench.ready()
    assert len(bench.driver.problems) == 1
    with pytest.raises(Refused, match=text):
        bench.driver.check_watchdog()
    with pytest.raises(
        Refused, match=r"watchdog time-out 60 s, watchdog action fall back; .* fallback value 0.0 %"
    ):
        bench.driver.check_settings()
    with pytest.raises(Refused, match=f"program 1: not loaded: furnace.tube: .*{text}"):
        bench.driver.apply(run())
    bench.time.pass_s(50)
    assert bench.power() == 0.0


def test_a_watchdog_switched_off_after_connect_is_found_before_the_next_program() -> None:
    bench = ready()
    assert bench.driver.problems == ()
    bench.values[1234] = 0
    with pytest.raises(Refused, match="action 0"):
        bench.driver.apply(run())
    assert bench.driver.problems


@pytest.mark.parametrize("model", ["3216", "2416"])
def test_power_at_sensor_break_has_to_be_nothing(model: str) -> None:
    bench = EurothermBench(model)
    bench.values[34] = 25.0
    bench.ready()
    with pytest.raises(Refused, match=r"output at sensor break is 25 %; set .*sensor break power 0.0 %"):
        bench.driver.apply(run())
    bench.driver.check_watchdog()  # it has none
    bench.values[34] = 0.0
    bench.driver.check_settings()
    bench.driver.apply(run())
    assert bench.poll()["program"] == 1.0


def test_a_low_limit_above_zero_and_a_2416_without_programmer_are_problems() -> None:
    bench = EurothermBench("2416")
    bench.values[112] = 5.0
    bench.values[517] = 0
    bench.driver.set_up()
    low, programmer = bench.driver.problems
    assert "low limit is 5 degC; set" in low
    assert "without a programmer" in programmer


def test_warnings() -> None:
    bench = EurothermBench("2416")
    bench.values.update({518: 2, 520: 1, 83: 0.0})
    bench.driver.set_up()
    assert len(bench.driver.warnings) == 3
    assert bench.driver.problems == ()


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        (ProgramSegment(5, 1100.5, 0), "target of 1100.5 degC, the limit is 1100 degC"),
        (ProgramSegment(5, -1, 0), "target of -1 degC"),
        (ProgramSegment(5, math.nan, 0), "target of nan degC"),
        (ProgramSegment(0, 100, 0), "ramp of 0 degC/min"),
        (ProgramSegment(10.5, 100, 0), "ramp of 10.5 degC/min, more than 0 and at most 10 degC/min"),
        (ProgramSegment(math.nan, 100, 0), "ramp of nan"),
        (ProgramSegment(5, 100, -1), "dwell of -1 s"),
        (ProgramSegment(5, 100, math.inf), "dwell of inf s"),
        (ProgramSegment(5, 100, 3e6), "dwell of 3e\\+06 s"),
    ],
)
def test_impossible_programs(segment: ProgramSegment, text: str) -> None:
    bench = ready()
    with pytest.raises(Refused, match=f"program 1: not loaded: segment 2: a {text}"):
        bench.driver.apply(run(FOUNDING[0], segment))
    assert bench.port.sent == []


def test_the_controllers_own_limit_counts_too() -> None:
    bench = EurothermBench()
    bench.values[111] = 700.0
    bench.ready()
    with pytest.raises(Refused, match="the limit is 700 degC"):
        bench.driver.apply(run())


def test_no_segments_bad_hold_back_and_no_set_up() -> None:
    bench = ready()
    with pytest.raises(Refused, match="without segments"):
        bench.driver.apply(FurnaceOutput("run", 1))
    for hold_back_degc in (-1.0, math.nan, 101.0):
        with pytest.raises(Refused, match="hold-back"):
            bench.driver.apply(run(hold_back_degc=hold_back_degc))
    with pytest.raises(ValueError, match="there are off, run and hold"):
        bench.driver.apply(FurnaceOutput("bake", 1, FOUNDING))
    assert bench.port.sent == []
    with pytest.raises(Refused, match="not set up yet"):
        EurothermBench().driver.apply(run())


@pytest.mark.parametrize(("model", "fit"), [("epc3000", 7), ("2416", 7), ("3216", 8)])
def test_a_profile_that_does_not_fit(model: str, fit: int) -> None:
    bench = ready(model)
    assert bench.driver.max_segments == fit
    many = tuple(ProgramSegment(5.0, 100.0 + 50 * number, 60.0) for number in range(12))
    with pytest.raises(Refused, match=f"12 segments, and a Eurotherm .* holds the first {fit} of them"):
        bench.driver.apply(run(*many))
    assert bench.port.sent == []
    bench.driver.apply(run(*many[:fit]))
    assert bench.poll()["program"] == 1.0


def test_dwells_of_nothing_take_no_memory_of_a_2416() -> None:
    bench = ready("2416")
    ramps = tuple(ProgramSegment(5.0, 50.0 * (number + 1), 0.0) for number in range(15))
    bench.driver.apply(run(*ramps))
    with pytest.raises(Refused, match="holds the first 15 of them"):
        bench.driver.apply(run(*ramps, ramps[0], number=2))


def test_an_off_that_waits_stops_the_loading() -> None:
    bench = ready()

    def late_off(reply: bytes) -> bytes:
        bench.port.off = len(bench.port.got) > 30
        return reply

    bench.port.on_reply = late_off
    with pytest.raises(Preempted):
        bench.driver.apply(run())
    bench.time.pass_s(60)
    assert bench.power() == 0.0
    bench.port.off = False
    bench.port.on_reply = bytes
    bench.driver.apply(run())
    assert bench.poll()["program"] == 1.0


# Fuzz


@given(st.lists(st.binary(max_size=30), max_size=60), st.sampled_from(MODELS), st.integers(0, 5))
def test_no_replies_break_it(replies: list[bytes], model: str, what: int) -> None:
    bench = ready(model)
    answers = iter(replies)
    bench.port.on_reply = lambda reply: next(answers, reply)
    driver = bench.driver
    calls = (
        lambda: driver.read("status"), lambda: driver.read("program"), driver.off, driver.set_up,
        driver.identify, lambda: driver.apply(run(ProgramSegment(5, 100, 60))),
    )  # fmt: skip
    try:
        calls[what]()
    except InstrumentError as error:
        assert str(error).startswith(("furnace.tube", "program 1"))
    assert bench.controller.forbidden == []


@given(st.integers(0, 2**31), st.sampled_from(MODELS))
def test_one_flipped_bit_never_becomes_a_value(seed: int, model: str) -> None:
    import random

    rng = random.Random(seed)
    bench = ready(model)
    true = bench.poll()

    def garble(reply: bytes) -> bytes:
        place = rng.randrange(len(reply))
        return reply[:place] + bytes((reply[place] ^ 1 << rng.randrange(8),)) + reply[place + 1 :]

    bench.port.on_reply = garble
    with pytest.raises(BadReply):
        bench.poll()
    bench.port.on_reply = bytes
    values = bench.poll()
    for name in ("sensor_break", "program", "setpoint_degc", "power_pct"):
        assert values[name] == true[name]
