"""The emulated Glassman held against the manual's bytes, its watchdog, faults and quantising monitors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.physics.supply import Supply
from tests.instruments.adamglass_loop import HandTimeline

Q = bytes.fromhex("01 51 35 31 0D")
ON_10KV = b"\x01S55519A0000002EF\r"
KEEP_10KV = b"\x01S55519A0000000ED\r"
OFF = b"\x01S0000000000001C4\r"
RESET = b"\x01S0000000000004C7\r"
A = bytes.fromhex("41 0D")
TURNAROUND_NS = 10_000_000


class Bench:
    """One emulated supply with its replies collected."""

    def __init__(self, supply: Supply | None = None, **options: int) -> None:
        self.timeline = HandTimeline()
        self.supply = supply or Supply(rating_kv=30.0, rating_ma=10.0)
        self.emulator = GlassmanEmulator("hv", self.timeline, supply=self.supply, **options)
        self.replies: list[tuple[int, bytes]] = []
        self.emulator.transmit = lambda data, t_ns: self.replies.append((t_ns, data))

    def ask(self, data: bytes) -> bytes:
        """The reply to bytes sent now, b"" if there is none."""
        self.replies.clear()
        self.emulator.receive(data)
        return b"".join(reply for _, reply in self.replies)

    def on(self) -> bool:
        """Whether the high voltage is on."""
        return self.supply.enabled

    def settle(self, seconds: float) -> None:
        """Let time pass with the watchdog fed."""
        end_ns = self.timeline.now_ns + round(seconds * 1e9)
        while self.timeline.now_ns < end_ns:
            self.timeline.advance_s(0.5)
            self.ask(Q)


def message(body: bytes) -> bytes:
    return b"\x01" + body + f"{sum(body) % 256:02X}".encode() + b"\r"


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Byte pairs of the manual


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        (Q, b"R00000000000040\r"),
        (bytes.fromhex("01 56 35 36 0D"), bytes.fromhex("42 32 35 36 37 0D")),
        (bytes.fromhex("01 53 38 43 43 33 46 46 30 30 30 30 30 30 31 32 31 0D"), A),
        (bytes.fromhex("01 43 30 37 33 0D"), A),
        (bytes.fromhex("01 43 31 37 34 0D"), A),
        (ON_10KV, A),
        (KEEP_10KV, A),
        (OFF, A),
        (RESET, A),
        (message(b"X"), bytes.fromhex("45 31 33 31 0D")),
        (message(b"q"), b"E131\r"),
        (b"\x01\r", b"E131\r"),
        (b"\x01Q50\r", b"E232\r"),
        (b"\x01q51\r", b"E131\r"),
        (b"\x01S0000000000001c4\r", b"E232\r"),
        (b"\x01Q5\r", b"E232\r"),
        (b"\x01Q511\r", b"E333\r"),
        (b"\x01" + b"S" * 200 + b"\r", b"E333\r"),
        (message(b"S0000000000003"), b"E434\r"),
        (message(b"S0000000000005"), b"E434\r"),
        (message(b"S0000000000006"), b"E434\r"),
        (message(b"S0000000000007"), b"E434\r"),
        (message(b"S0000000000008"), b"E434\r"),
        (message(b"C2"), b"E434\r"),
        (message(b"S5aa0000000001"), b"E636\r"),
        (message(b"S0000000000101"), b"E636\r"),
        (b"Q51\r", b""),
        (b"\r\r\n*IDN?\r", b""),
    ],
)
def test_pairs(bench: Bench, sent: bytes, reply: bytes) -> None:
    assert bench.ask(sent) == reply


def test_in_pieces_and_after_noise(bench: Bench) -> None:
    for byte in Q[:-1]:
        assert bench.ask(bytes((byte,))) == b""
    assert bench.ask(Q[-1:]) == b"R00000000000040\r"
    assert bench.ask(b"\xff\x00abc\x01V9" + Q) == b"R00000000000040\r"
    assert bench.ask(Q + Q) == b"R00000000000040\r" * 2


def test_reply_begins_after_the_turnaround(bench: Bench) -> None:
    bench.timeline.advance_s(1.0)
    bench.ask(Q)
    assert bench.replies == [(1_000_000_000 + TURNAROUND_NS, b"R00000000000040\r")]


def test_firmware_in_the_version() -> None:
    assert Bench(firmware=31).ask(message(b"V")) == b"B3164\r"


# Output and monitors


def test_on_at_10_kv(bench: Bench) -> None:
    assert bench.ask(ON_10KV) == A
    bench.settle(5.0)
    # 1365 of 4095 is 10 kV, which the monitor shows as 341 of 1023.
    assert bench.ask(Q)[:4] == b"R155"
    assert bench.ask(Q)[10:11] == b"4"
    bench.ask(message(b"S2AA19A0000000"))
    bench.settle(30.0)
    assert bench.ask(Q)[:4] == b"R0AA"


def test_a_value_without_on_does_not_switch_on(bench: Bench) -> None:
    assert bench.ask(KEEP_10KV) == A
    bench.settle(2.0)
    assert bench.ask(Q) == b"R00000000000040\r"
    assert not bench.on()


def test_off_keeps_off(bench: Bench) -> None:
    bench.ask(ON_10KV)
    bench.settle(2.0)
    assert bench.ask(OFF) == A
    assert bench.ask(Q)[10:11] == b"0"
    bench.ask(KEEP_10KV)
    assert bench.ask(Q)[10:11] == b"0"


@hypothesis_settings(max_examples=60)
@given(counts=st.integers(0, 0xFFF))
def test_monitors_quantise_to_10_bits(counts: int) -> None:
    bench = Bench()
    bench.ask(message(b"S%03XFFF0000002" % counts))
    bench.settle(8.0)
    shown = int(bench.ask(Q)[1:4], 16)
    assert 0 <= shown <= 0x3FF
    assert abs(shown * 30 / 1023 - counts * 30 / 4095) <= 30 / 1023 * 0.5 + 0.001


def test_a_short_puts_it_into_current_mode(bench: Bench) -> None:
    bench.ask(ON_10KV)
    bench.settle(3.0)
    bench.supply.short(bench.timeline.now_ns, True)
    bench.settle(1.0)
    reply = bench.ask(Q)
    assert int(reply[10:11], 16) & 1 == 1
    assert int(reply[4:7], 16) == pytest.approx(102, abs=1)


def test_frozen_and_shifted_readback(bench: Bench) -> None:
    bench.ask(ON_10KV)
    bench.settle(5.0)
    bench.emulator.freeze_readback(True)
    bench.ask(OFF)
    bench.settle(10.0)
    assert bench.ask(Q)[:4] == b"R155"
    bench.emulator.freeze_readback(False)
    assert int(bench.ask(Q)[1:4], 16) < 0x155
    bench.settle(60.0)
    bench.emulator.readback_offset_kv = 3.0
    assert int(bench.ask(Q)[1:4], 16) == pytest.approx(102, abs=1)
    bench.emulator.readback_offset_kv = -3.0
    assert bench.ask(Q)[1:4] == b"000"


# Faults


def test_an_open_interlock_is_a_fault_until_the_reset(bench: Bench) -> None:
    bench.ask(ON_10KV)
    bench.supply.set_interlock(bench.timeline.now_ns, False)
    bench.supply.set_interlock(bench.timeline.now_ns, True)
    assert bench.ask(Q)[10:11] == b"2"
    assert bench.ask(ON_10KV) == b"E535\r"
    assert bench.ask(OFF) == b"E535\r"
    assert not bench.on()
    assert bench.ask(RESET) == A
    assert bench.ask(Q)[10:11] == b"0"
    assert bench.ask(ON_10KV) == A
    assert bench.on()


def test_an_arc_is_a_fault_until_the_reset(bench: Bench) -> None:
    bench.ask(ON_10KV)
    bench.settle(1.0)
    bench.supply.arc(bench.timeline.now_ns, 0.001)
    assert bench.ask(Q)[10:11] == b"2"
    assert bench.ask(ON_10KV) == b"E535\r"
    assert bench.ask(RESET) == A
    assert bench.ask(ON_10KV) == A


def test_an_output_that_stays_shows_on_the_monitor_though_hv_is_off() -> None:
    class Stuck(Supply):
        def output_kv(self, now_ns: int) -> float:
            return 10.0

    bench = Bench(Stuck(rating_kv=30.0, rating_ma=10.0))
    bench.ask(ON_10KV)
    assert bench.ask(OFF) == A
    reply = bench.ask(Q)
    assert (reply[:4], reply[10:11]) == (b"R155", b"0")


def test_on_with_the_interlock_open_is_a_fault(bench: Bench) -> None:
    bench.supply.set_interlock(bench.timeline.now_ns, False)
    assert bench.ask(Q)[10:11] == b"0"
    assert bench.ask(ON_10KV) == b"E535\r"
    assert bench.ask(Q)[10:11] == b"2"
    assert not bench.on()


# Watchdog


def test_watchdog_after_exactly_1500_ms(bench: Bench) -> None:
    bench.timeline.advance_s(3.0)
    bench.ask(ON_10KV)
    bench.timeline.advance_s(0.7)
    bench.ask(Q)
    bench.timeline.advance_to(5_200_000_000 - 1)
    assert bench.on()
    bench.timeline.advance_to(5_200_000_000)
    assert not bench.on()
    bench.settle(60.0)
    assert bench.ask(Q) == b"R00000000000040\r"
    # Programs are zero too: on again without new values stays at zero.
    bench.ask(message(b"S0000000000002"))
    bench.settle(2.0)
    assert bench.ask(Q)[:4] == b"R000"


@pytest.mark.parametrize(
    "bad",
    [b"\x01Q50\r", message(b"X"), b"\x01Q511\r", b"Q51\r", message(b"S0000000000007"), b"\x01Q51", b"\r\r"],
)
def test_invalid_messages_do_not_feed_the_watchdog(bench: Bench, bad: bytes) -> None:
    bench.ask(ON_10KV)
    for _ in range(14):
        bench.timeline.advance_s(0.1)
        bench.ask(bad)
    assert bench.on()
    bench.timeline.advance_to(1_500_000_000)
    assert not bench.on()


@pytest.mark.parametrize("good", [Q, message(b"V"), message(b"C0"), KEEP_10KV])
def test_every_valid_message_feeds_the_watchdog(bench: Bench, good: bytes) -> None:
    bench.ask(ON_10KV)
    bench.timeline.advance_s(1.0)
    bench.ask(good[:3])
    bench.ask(good[3:])
    bench.timeline.advance_s(1.499)
    assert bench.on()
    bench.timeline.advance_s(0.001)
    assert not bench.supply.enabled


def test_values_without_output_are_zeroed_by_the_watchdog_too(bench: Bench) -> None:
    bench.ask(KEEP_10KV)
    bench.timeline.advance_s(1.6)
    bench.ask(message(b"S0000000000002"))
    bench.settle(2.0)
    assert bench.ask(Q)[:4] == b"R000"


def test_c1_switches_the_watchdog_off_and_is_remembered(bench: Bench) -> None:
    assert bench.ask(message(b"C1")) == A
    bench.emulator.power(False)
    bench.emulator.power(True)
    bench.ask(ON_10KV)
    bench.timeline.advance_s(100.0)
    assert bench.on()
    assert bench.ask(message(b"C0")) == A
    bench.timeline.advance_s(1.499)
    assert bench.on()
    bench.timeline.advance_s(0.001)
    assert not bench.on()


def test_the_watchdog_plans_one_call_not_one_a_message(bench: Bench) -> None:
    bench.ask(ON_10KV)
    for _ in range(200):
        bench.timeline.advance_s(0.1)
        bench.ask(Q)
    assert bench.timeline.planned == 1
    bench.ask(OFF)
    bench.timeline.advance_s(2.0)
    assert bench.timeline.planned == 0


# Power


def test_power_cycle(bench: Bench) -> None:
    bench.ask(ON_10KV)
    bench.supply.set_interlock(bench.timeline.now_ns, False)
    bench.supply.set_interlock(bench.timeline.now_ns, True)
    assert bench.ask(Q)[10:11] == b"2"
    bench.emulator.receive(b"\x01Q")
    bench.emulator.power(False)
    assert not bench.on()
    assert bench.ask(Q) == b""
    bench.emulator.power(True)
    assert bench.ask(b"51\r") == b""
    bench.timeline.advance_s(60.0)
    assert bench.ask(Q) == b"R00000000000040\r"


@hypothesis_settings(max_examples=300)
@given(
    chunks=st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([Q, ON_10KV, OFF, RESET])), max_size=8)
)
def test_any_bytes_are_survived_and_answers_are_well_formed(chunks: list[bytes]) -> None:
    bench = Bench()
    for chunk in chunks:
        bench.emulator.receive(chunk)
        bench.timeline.advance_s(0.05)
    for _, reply in bench.replies:
        assert reply.endswith(b"\r")
        assert reply == A or f"{sum(reply[1:-3]) % 256:02X}".encode() == reply[-3:-1]
