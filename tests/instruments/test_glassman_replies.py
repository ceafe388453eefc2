"""The Glassman driver against damaged, late and missing replies, and against the emulated supply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.physics.supply import Supply
from rig.instruments.glassman import Glassman
from rig.instruments.settings import HvSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.outputs import HV_OFF as OUTPUT_OFF
from rig.outputs import HvOutput
from tests.instruments.adamglass_loop import HandTimeline, LoopPort, ScriptPort

SETTINGS = HvSettings(
    name="hv.needle", driver="glassman", where="/dev/ttyUSB1",
    rating_kv=30.0, rating_ma=10.0, limit_kv=25.0, limit_ua=5000.0,
)  # fmt: skip

Q = bytes.fromhex("01 51 35 31 0D")
A = bytes.fromhex("41 0D")
V = bytes.fromhex("01 56 35 36 0D")
FENCE = (V, b"B2567\r")
E5 = b"E535\r"
R_OFF = b"R00000000000040\r"
R_OFF_FAULT = b"R00000000020042\r"
R_10KV = b"R15500500040054\r"
R_ON = b"R00000000040044\r"


def framed(data: bytes) -> bytes:
    """A reply with its checksum, computed the long way."""
    total = 0
    for byte in data[1:]:
        total = (total + byte) % 256
    return data + f"{total:02X}".encode() + b"\r"


def scripted(*pairs: tuple[bytes, bytes], attempts: int = 2) -> tuple[Glassman, ScriptPort]:
    port = ScriptPort(pairs, attempts=attempts)
    return Glassman(SETTINGS, port), port


def looped() -> tuple[Glassman, LoopPort, GlassmanEmulator]:
    timeline = HandTimeline()
    emulator = GlassmanEmulator("hv", timeline, supply=Supply(rating_kv=30.0, rating_ma=10.0))
    port = LoopPort(timeline, emulator)
    return Glassman(SETTINGS, port), port, emulator


# Damaged, late and missing replies


DAMAGED = [
    R_10KV[:-1],
    R_10KV[:8] + b"\r",
    b"R155005000400" + b"55\r",
    b"r15500500040054\r",
    framed(b"R400005000400"),
    framed(b"R155FFF000400"),
    framed(b"R155005001400"),
    framed(b"R155005000800"),
    framed(b"R1550050004 0"),
    framed(b"R15a005000400"),
    b"A\r",
]


@pytest.mark.parametrize("reply", DAMAGED)
def test_a_damaged_status_gives_no_value(reply: bytes) -> None:
    driver, port = scripted((Q, reply), FENCE, (Q, reply))
    with pytest.raises((BadReply, NoReply), match=r"2 attempts|damaged|expected"):
        driver.read("status")
    assert port.done()


def test_a_second_attempt_is_made_and_stale_input_dropped() -> None:
    driver, port = scripted(FENCE, (Q, R_10KV[:-3]), FENCE, (Q, R_ON + R_10KV), FENCE, (Q, R_ON))
    port.input = R_OFF
    assert driver.read("status")["output"] == 1.0
    assert driver.read("status")["voltage_kv"] == 0.0
    assert driver.channels[0].name == "voltage_kv"
    assert port.done()


def test_silence_says_how_long_and_how_often() -> None:
    driver, _ = scripted((Q, b""), (V, b""))
    with pytest.raises(NoReply, match=r"hv\.needle: status: no reply within 0\.2 s, 2 attempts"):
        driver.read("status")


def test_no_further_attempt_while_an_off_waits() -> None:
    driver, port = scripted((Q, b""))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("status")
    assert port.done()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "unknown command"),
        (2, "checksum"),
        (3, "extra bytes"),
        (4, "control"),
        (5, "faulted"),
        (6, "processing"),
    ],
)
def test_errors_in_words(number: int, words: str) -> None:
    reply = framed(b"E%d" % number)
    driver, _ = scripted(
        (bytes.fromhex("01 43 30 37 33 0D"), reply), (bytes.fromhex("01 43 30 37 33 0D"), reply)
    )
    with pytest.raises(Refused, match=f"error {number}, .*{words}"):
        driver.set_up()


def test_another_poll_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no poll 'inputs'"):
        scripted()[0].read("inputs")


class AnyReplyPort(ScriptPort):
    """Answers anything with the bytes of a list, one entry a request."""

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self.input += self.pairs.popleft()[1] if self.pairs else b""


noise = st.one_of(
    st.binary(max_size=24),
    st.sampled_from([R_10KV, R_OFF, R_ON, R_OFF_FAULT, A, E5, b"B2567\r", b"E232\r"]),
    st.builds(
        lambda reply, at, bit: reply[: at % len(reply)] + bytes((reply[at % len(reply)] ^ 1 << bit,))
        + reply[at % len(reply) + 1 :],
        st.sampled_from([R_10KV, R_OFF, A, E5, b"B2567\r"]), st.integers(0, 20), st.integers(0, 7),
    ),
)  # fmt: skip


@hypothesis_settings(max_examples=300)
@given(replies=st.lists(noise, max_size=8), calls=st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_whatever_comes_back_only_instrument_errors_escape(replies: list[bytes], calls: list[int]) -> None:
    port = AnyReplyPort([(b"", reply) for reply in replies])
    driver = Glassman(SETTINGS, port)
    for call in calls:
        try:
            if call == 0:
                values = driver.read("status")
                assert all(value is not None for value in values.values())
            elif call == 1:
                driver.apply(HvOutput(True, 10.0, 1000.0))
            elif call == 2:
                driver.apply(OUTPUT_OFF)
            elif call == 3:
                driver.off()
            elif call == 4:
                driver.set_up()
            else:
                driver.identify()
        except InstrumentError as error:
            assert str(error).startswith("hv.needle: ")
    assert b"\x01C174\r" not in port.sent


@hypothesis_settings(max_examples=300)
@given(at=st.integers(0, 14), bit=st.integers(0, 7), counts=st.integers(0, 1023))
def test_a_flipped_bit_never_becomes_a_value(at: int, bit: int, counts: int) -> None:
    good = framed(b"R%03X000000400" % counts)
    bad = good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :]
    driver, _ = scripted((Q, bad), FENCE, (Q, bad))
    with pytest.raises((BadReply, NoReply)):
        driver.read("status")


# Against the emulated supply


def test_ramp_and_off_on_the_emulated_supply() -> None:
    driver, port, emulator = looped()
    driver.off()
    driver.set_up()
    assert driver.identify().firmware == "25"
    for kv in (0.0, 5.0, 10.0, 20.0):
        driver.apply(HvOutput(True, kv, 4000.0))
        for _ in range(10):
            port.timeline.advance_s(0.1)
            values = driver.read("status")
    assert values["voltage_kv"] == pytest.approx(20.0, abs=30 / 1023)
    assert (values["output"], values["fault"]) == (1.0, 0.0)
    driver.off()
    assert not emulator.supply.enabled
    assert driver.read("status")["output"] == 0.0


def test_interlock_trips_and_reset_needs_off() -> None:
    driver, port, emulator = looped()
    driver.off()
    driver.apply(HvOutput(True, 10.0, 1000.0))
    emulator.supply.set_interlock(port.timeline.now_ns, False)
    values = driver.read("status")
    assert (values["output"], values["fault"]) == (0.0, 1.0)
    emulator.supply.set_interlock(port.timeline.now_ns, True)
    with pytest.raises(Refused, match="told off first"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert not emulator.supply.enabled
    driver.off()
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert emulator.supply.enabled


def test_after_the_watchdog_the_driver_does_not_switch_on_again() -> None:
    driver, port, emulator = looped()
    driver.apply(HvOutput(True, 10.0, 1000.0))
    port.timeline.advance_s(1.6)
    assert not emulator.supply.enabled
    with pytest.raises(Refused, match="watchdog"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert not emulator.supply.enabled


def test_a_late_reply_is_not_taken_for_the_next() -> None:
    driver, port, _ = looped()
    driver.off()
    port.deadline_s = 0.005
    with pytest.raises(NoReply):
        driver.read("status")
    port.deadline_s = 0.2
    port.timeline.advance_s(0.1)
    driver.apply(HvOutput(True, 0.0, 1000.0))
    assert driver.read("status")["output"] == 1.0
