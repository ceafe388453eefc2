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
