"""The ADAM-4000 driver's outputs: byte pairs of the manual, read back, never believed by the acknowledgement alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.instruments.settings import InputsSettings, RelayChannel
from rig.lines.errors import BadReply, Refused
from rig.outputs import RelayOutput
from tests.instruments.test_adam import ASK, FENCE, SETTINGS, framed, scripted

RELAYS = (
    RelayChannel("contactor", "contactor", 0),
    RelayChannel("door_lock", "lock", 1, inverted=True),
    RelayChannel("beacon", "beacon", 2),
    RelayChannel("heartbeat", "heartbeat", 3),
)
WITH_RELAYS: InputsSettings = replace(SETTINGS, relays=RELAYS)
ACKNOWLEDGED = framed(b">")


VALVES: InputsSettings = replace(
    SETTINGS,
    relays=(
        *RELAYS,
        RelayChannel("argon_valve", "valve", 4, kept=True),
        RelayChannel("air_valve", "valve", 5),
    ),
)


def told(bits: int) -> bytes:
    """Advantech: #AABBDD, BB 00 for all outputs at once."""
    return framed(b"#0100%02X" % bits)


def reads(bits: int) -> bytes:
    """A 4050 answers $AA6 with !(out)(in)00."""
    return framed(b"!%02X0000" % bits)


def test_the_safe_side_is_contactor_open_lock_without_current_beacon_lit() -> None:
    assert WITH_RELAYS.safe_bits == 0b0100


@pytest.mark.parametrize("bits", [0x00, 0x05, 0xFF])
def test_outputs_are_set_at_once_and_read_back(bits: int) -> None:
    driver, port = scripted((told(bits), ACKNOWLEDGED), (ASK, reads(bits)), settings=WITH_RELAYS)
    driver.apply(RelayOutput(bits, 4))
    assert port.sent == [told(bits), ASK]


def test_off_is_the_safe_side() -> None:
    driver, port = scripted((told(4), ACKNOWLEDGED), (ASK, reads(4)), settings=WITH_RELAYS)
    driver.off()
    assert port.sent[0] == b"#01000408\r"[:7] + framed(b"#010004")[7:]


def test_what_reads_back_otherwise_is_told_again_and_then_said_to_have_failed() -> None:
    pairs = [(told(5), ACKNOWLEDGED), (ASK, reads(4))] * 2
    driver, _ = scripted(*pairs, settings=WITH_RELAYS)
    with pytest.raises(BadReply, match="told 05, read back 04"):
        driver.apply(RelayOutput(5, 4))


def test_a_lost_acknowledgement_does_not_matter_when_the_outputs_read_as_told() -> None:
    fence = (FENCE, framed(b"!014050"))
    driver, _ = scripted((told(5), b""), fence, (ASK, reads(5)), settings=WITH_RELAYS)
    driver.apply(RelayOutput(5, 4))


def test_a_module_without_outputs_refuses() -> None:
    driver, _ = scripted((told(5), framed(b"?01")), settings=WITH_RELAYS)
    with pytest.raises(Refused):
        driver.apply(RelayOutput(5, 4))


def test_at_the_end_the_contactor_opens_and_the_lock_stays_as_it_was() -> None:
    # Contactor closed, lock open (current), beacon dark, heartbeat up: only contactor and heartbeat fall.
    pairs = [(ASK, reads(0b1011)), (told(0b0010), ACKNOWLEDGED), (ASK, reads(0b0010))]
    driver, port = scripted(*pairs, settings=WITH_RELAYS)
    driver.release()
    assert len(port.sent) == 3


def test_a_module_that_only_reads_is_left_alone_at_the_end() -> None:
    driver, port = scripted()
    driver.release()
    assert port.sent == []


@pytest.mark.parametrize(("found", "sent"), [(0b010001, 0b010100), (0b100001, 0b000100)])
def test_off_leaves_the_valve_of_an_inert_gas_as_it_is_and_shuts_that_of_a_reactive_one(
    found: int, sent: int
) -> None:
    assert (VALVES.safe_bits, VALVES.kept_bits) == (0b000100, 0b010000)
    pairs = [(ASK, reads(found)), (told(sent), ACKNOWLEDGED), (ASK, reads(sent))]
    driver, port = scripted(*pairs, settings=VALVES)
    driver.off()
    assert port.sent == [ASK, told(sent), ASK]


def test_what_was_read_last_needs_no_question_before_off() -> None:
    pairs = [(ASK, reads(0b010001)), (told(0b010100), ACKNOWLEDGED), (ASK, reads(0b010100))]
    driver, port = scripted(*pairs, settings=VALVES)
    driver.read("inputs")
    driver.off()
    assert port.sent[1] == told(0b010100)


def test_what_is_kept_is_told_as_it_was_read() -> None:
    pairs = [(ASK, reads(0b110000)), (told(0b010101), ACKNOWLEDGED), (ASK, reads(0b010101))]
    driver, port = scripted(*pairs, settings=VALVES)
    driver.apply(RelayOutput(0b000101, 4, keep=0b010000))
    assert port.sent[1] == told(0b010101)


def test_at_the_end_a_reactive_gas_is_shut_and_an_inert_one_stays() -> None:
    pairs = [(ASK, reads(0b111011)), (told(0b010010), ACKNOWLEDGED), (ASK, reads(0b010010))]
    driver, port = scripted(*pairs, settings=VALVES)
    driver.release()
    assert port.sent[1] == told(0b010010)


def test_states_are_read_with_the_inputs_by_what_they_mean() -> None:
    driver, _ = scripted((ASK, reads(0b000011)), settings=VALVES)
    values = driver.read("inputs")
    states = {name: value for name, value in values.items() if name.startswith("outputs.")}
    assert states == {
        "outputs.contactor.state": 1.0,
        "outputs.door_lock.state": 0.0,  # it needs current to open, and has it
        "outputs.beacon.state": 0.0,
        "outputs.heartbeat.state": 0.0,
        "outputs.argon_valve.state": 0.0,
        "outputs.air_valve.state": 0.0,
    }
    assert {one.full for one in driver.channels if one.full is not None} == set(states)


def test_without_checksum_a_state_on_which_two_replies_differ_has_no_value() -> None:
    plain = replace(VALVES, checksum=False)
    first, second = b"!030000\r", b"!010000\r"
    driver, _ = scripted((b"$016\r", first), (b"$016\r", second), settings=plain)
    values = driver.read("inputs")
    assert values["outputs.contactor.state"] == 1.0 and values["outputs.door_lock.state"] is None
