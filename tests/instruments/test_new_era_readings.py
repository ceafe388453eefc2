"""The New Era driver against literal bytes: readings, alarms, late and damaged replies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.instruments.new_era import (
    NewEra,
    PumpAlarm,
)
from rig.instruments.new_era_packets import number, unasked
from rig.instruments.settings import PumpSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.outputs import PumpOutput
from tests.instruments.loopback import Script
from tests.instruments.new_era_bytes import (
    ONE,
    RESET,
    SET_UP,
    START,
    STOPPED,
    STP,
    VERSION,
    frame,
    ok,
    pump,
    running,
)

# Polls


@pytest.mark.parametrize(
    ("reply", "values"),
    [
        ("00II1.234W0.000ML", {"delivered_ml": 1.234, "running": 1.0}),
        ("00WI1.234W0.234ML", {"delivered_ml": 1.0, "running": 1.0}),
        ("00SI500.0W1000.UL", {"delivered_ml": -0.5, "running": 0.0, "rate_ml_h": 0.0}),
        ("00XI0.000W0.000ML", {"delivered_ml": 0.0, "running": 1.0}),
        ("00PI0.000W0.000ML", {"delivered_ml": 0.0, "running": 0.0, "rate_ml_h": 0.0}),
    ],
)
def test_delivered(reply: str, values: dict[str, float]) -> None:
    driver, _ = pump(ok("DIS", reply))
    assert driver.read("delivered") == pytest.approx(values)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("00I5.000MH", 5.0),
        ("00W5.000MH", -5.0),
        ("00S5.000MH", 0.0),
        ("00P5.000MH", 0.0),
        ("00I300.0UH", 0.3),
        ("00I2.000MM", 120.0),
        ("00I50.00UM", 3.0),
        ("00X5.000MH", None),
    ],
)
def test_rate_read_back(reply: str, value: float | None) -> None:
    driver, _ = pump(ok("RAT", reply))
    assert driver.read("rate") == {"rate_ml_h": pytest.approx(value)}


@pytest.mark.parametrize(
    "reply", ["00I", "00II1.2W3ML", "00II1.234ML", "00I1.234W0.000ML", "00II1.234W0.000XX", "00I5.000MH"]
)
def test_delivered_out_of_grammar(reply: str) -> None:
    pair = ok("DIS", reply)
    driver, port = pump(pair, pair)
    if reply == "00II1.2W3ML":
        assert driver.read("delivered") == {"delivered_ml": pytest.approx(-1.8), "running": 1.0}
        return
    with pytest.raises(BadReply, match=r"pumps\.a: DIS: not the volumes delivered"):
        driver.read("delivered")
    assert port.finished()


def test_a_second_attempt_after_damage_has_a_fence() -> None:
    damaged = bytearray(frame("00II1.234W0.000ML"))
    damaged[6] ^= 0x01
    driver, port = pump((frame("0DIS"), bytes(damaged)), VERSION, ok("DIS", "00II1.235W0.000ML"))
    assert driver.read("delivered")["delivered_ml"] == 1.235
    assert port.finished()
    assert port.slept_s == pytest.approx(48 * 10 / 19200, rel=1e-3)


def test_a_late_reply_is_not_taken() -> None:
    """The reply of the poll that timed out comes after the next one was asked; the fence swallows it."""
    driver, port = pump(
        (frame("0DIS"), b""),
        (frame("0VER"), b""),
        (frame("0VER"), frame("00II1.000W0.000ML") + VERSION[1]),
        ok("DIS", "00II2.000W0.000ML"),
    )
    with pytest.raises(NoReply, match=r"pumps\.a: DIS: no reply within 0\.2 s, 2 attempts"):
        driver.read("delivered")
    assert driver.read("delivered")["delivered_ml"] == 2.0
    assert port.finished()


def test_stale_input_is_thrown_away() -> None:
    driver, port = pump((None, frame("00II9.000W0.000ML")), ok("DIS", "00II2.000W0.000ML"))
    assert driver.read("delivered")["delivered_ml"] == 2.0
    assert port.finished()


def test_the_neighbours_alarm_comes_in_between() -> None:
    driver, port = pump((frame("0DIS"), frame("01A?S") + frame("00II2.000W0.000ML")))
    assert driver.read("delivered")["delivered_ml"] == 2.0
    assert port.finished()


def test_only_the_neighbour_answers() -> None:
    driver, port = pump((frame("0DIS"), frame("01SI0.000W0.000ML")))
    port.attempts = 1
    with pytest.raises(BadReply, match="only a reply of address 1"):
        driver.read("delivered")


def test_a_reply_without_checksum_is_no_reading() -> None:
    driver, port = pump((frame("0DIS"), b"\x0200II2.000W0.000ML\x03"))
    port.attempts = 1
    with pytest.raises(BadReply, match="without checksum"):
        driver.read("delivered")


def test_the_pump_got_a_damaged_packet() -> None:
    driver, port = pump(ok("DIS", "00I?COM"), ok("DIS", "00II2.000W0.000ML"))
    assert driver.read("delivered")["delivered_ml"] == 2.0
    driver, port = pump(ok("DIS", "00I?IGN"), ok("DIS", "00I?IGN"))
    with pytest.raises(Refused, match=r"ignored.*, 2 attempts"):
        driver.read("delivered")
    assert port.finished()


def test_no_second_attempt_when_an_off_waits() -> None:
    driver, port = pump((frame("0DIS"), b""))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("delivered")
    assert port.finished()


def test_an_off_that_waits_keeps_the_pump_from_starting() -> None:
    driver, port = pump((STP, STOPPED), *SET_UP)
    driver.off()
    driver.set_up()
    port.off = True
    with pytest.raises(Preempted):
        driver.apply(ONE)
    assert port.finished()


# Alarms


@pytest.mark.parametrize(
    ("letter", "words"),
    [
        ("R", "pump was reset"),
        ("S", "motor stalled"),
        ("T", "communication time-out"),
        ("E", "pumping program error"),
        ("O", "phase out of range"),
    ],
)
def test_an_alarm_is_kept_until_off(letter: str, words: str) -> None:
    driver, port = running(
        (frame("0DIS"), frame(f"00A?{letter}")),
        VERSION,
        ok("DIS", "00SI1.000W0.000ML"),
        (STP, frame("00S?NA")),
    )
    with pytest.raises(PumpAlarm, match=rf"pumps\.a: DIS: .*{words}") as caught:
        driver.read("delivered")
    assert caught.value.letter == letter
    assert driver.read("delivered") == {"delivered_ml": 1.0, "running": 0.0, "rate_ml_h": 0.0}
    with pytest.raises(PumpAlarm, match=rf"not started: .*{words}"):
        driver.apply(ONE)
    driver.off()
    assert port.finished()


def test_a_reset_makes_the_driver_tell_everything_again() -> None:
    driver, port = running(
        (frame("0DIS"), RESET),
        (STP, STOPPED),
        (STP, STOPPED),
        VERSION,
        *SET_UP,
        *START,
    )
    with pytest.raises(PumpAlarm):
        driver.read("delivered")
    driver.off()
    driver.apply(ONE)
    assert port.finished()


def test_after_a_stall_what_was_told_still_holds() -> None:
    driver, port = running(
        (frame("0DIS"), frame("00A?S")), (STP, STOPPED), (STP, STOPPED), VERSION, ok("RUN", "00I")
    )
    with pytest.raises(PumpAlarm):
        driver.read("delivered")
    driver.off()
    driver.apply(ONE)
    assert port.finished()


def test_an_alarm_that_came_between_two_polls() -> None:
    """Nothing is asked before it is reported; the pump itself still waits for its alarm to be acknowledged."""
    driver, port = running((None, frame("00A?S")), (frame("0VER"), frame("00A?S")))
    with pytest.raises(PumpAlarm, match="motor stalled"):
        driver.read("delivered")
    with pytest.raises(PumpAlarm, match="motor stalled"):
        driver.read("delivered")
    assert port.finished()


def test_an_alarm_instead_of_the_reply_to_run() -> None:
    driver, port = pump((STP, STOPPED), *SET_UP, *START[:4], ok("RUN", "00A?E"))
    driver.off()
    driver.set_up()
    with pytest.raises(PumpAlarm, match="RUN: pumping program error"):
        driver.apply(ONE)
    with pytest.raises(PumpAlarm, match="not started"):
        driver.apply(ONE)
    assert port.finished()


def test_a_pump_that_stopped_without_being_told() -> None:
    driver, port = running(ok("RAT", "00S1.000MH"), (STP, frame("00S?NA")), ok("RUN", "00I"))
    assert driver.read("rate") == {"rate_ml_h": 0.0}
    with pytest.raises(PumpAlarm, match=r"not started: the pump stopped without being told to \(status S"):
        driver.apply(ONE)
    driver.off()
    driver.apply(ONE)
    assert port.finished()


def test_a_trim_that_meets_a_stopped_pump() -> None:
    driver, port = running(ok("RAT2.000MH", "00S"))
    with pytest.raises(PumpAlarm, match="without being told"):
        driver.apply(PumpOutput(True, 2.0, 14.43, 1))
    assert port.finished()


# Noise


class Noise(Script):
    """Answers everything with the same bytes."""

    def __init__(self, reply: bytes) -> None:
        super().__init__()
        self._reply = reply

    def write(self, data: bytes) -> None:
        self._input += self._reply


FRAGMENTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([STOPPED, RESET, b"\x0200S\x03", frame("00II1.234W0.000ML"), frame("01S"), VERSION[1]]),
    st.text("0123456789IWSPTUXA?.MLUHNEV", max_size=20).map(frame),
    st.text("0123456789IWSPTUXA?.MLUHNEV", max_size=20).map(lambda text: b"\x02" + text.encode() + b"\x03"),
)


@given(st.lists(FRAGMENTS, max_size=4).map(b"".join), st.booleans())
@settings(max_examples=400)
def test_any_noise_gives_a_reading_or_an_instrument_error(noise: bytes, basic: bool) -> None:
    driver = NewEra(PumpSettings("pumps.a", "new-era", "x"), Noise(noise))
    whole = [reply for reply in unasked(noise) if reply.data.startswith("I")]
    for act in (driver.off, driver.set_up, driver.identify, driver.release, lambda: driver.apply(ONE)):
        try:
            act()
        except InstrumentError as error:
            assert str(error).startswith("pumps.a: ")
    try:
        values = NewEra(PumpSettings("pumps.a", "new-era", "x"), Noise(noise)).read("delivered")
    except InstrumentError:
        return
    assert whole and values["delivered_ml"] == pytest.approx(
        number(whole[0].data[1:6]) - number(whole[0].data[7:12])
    )


@given(st.integers(0, 21), st.integers(0, 7))
@settings(max_examples=300)
def test_no_value_out_of_a_frame_with_one_bit_flipped(place: int, bit: int) -> None:
    damaged = bytearray(frame("00II1.234W0.567ML"))
    damaged[place] ^= 1 << bit
    driver = NewEra(PumpSettings("pumps.a", "new-era", "x"), Noise(bytes(damaged)))
    with pytest.raises((BadReply, NoReply)):
        driver.read("delivered")
