"""The New Era driver against literal bytes: stopping, starting, setting. Without any emulator."""

from __future__ import annotations

import pytest

from rig.instruments.new_era import (
    LINK,
    OFF_BYTES,
    POLL_BYTES,
)
from rig.instruments.roles import Identity, Pump
from rig.lines.errors import BadReply, NoReply, Refused
from rig.lines.port import LinkSpec
from rig.outputs import PumpOutput
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

# Stopping


def test_the_first_bytes_are_stp_and_they_are_repeated_until_s() -> None:
    driver, port = pump((STP, frame("00P")), (STP, STOPPED))
    driver.off()
    assert port.finished()


def test_stp_after_power_on_is_sent_again() -> None:
    """00A?R: not executed. The alarm could have come unasked, so S has to be said twice."""
    driver, port = pump((STP, RESET), (STP, STOPPED), (STP, STOPPED))
    driver.off()
    assert port.finished()


def test_stp_in_basic_mode_has_to_be_confirmed() -> None:
    basic = bytes.fromhex("02 30 30 53 03")
    driver, port = pump((STP, basic), (STP, basic))
    driver.off()
    assert port.finished()


def test_stp_while_stopped_may_be_not_applicable() -> None:
    driver, port = pump((STP, frame("00S?NA")))
    driver.off()
    assert port.finished()


def test_stp_gives_up_and_says_what_the_pump_said() -> None:
    driver, port = pump(*[(STP, frame("00I"))] * 8)
    with pytest.raises(Refused, match=r"pumps\.a: not stopped by 8 STP; the pump said: I \(infusing\), I "):
        driver.off()
    assert port.finished()


def test_stp_to_a_silent_pump() -> None:
    driver, port = pump((STP, b""), (STP, b""))
    with pytest.raises(NoReply, match=r"pumps\.a: STP: no reply within 0\.2 s, 2 attempts"):
        driver.off()
    assert port.finished()


def test_stp_survives_damage_and_an_off_waiting() -> None:
    driver, port = pump((STP, STOPPED[:-1]), (STP, frame("00P")), (STP, STOPPED), (STP, STOPPED))
    port.off = True
    driver.off()
    assert port.finished()


# The role


def test_it_is_a_pump() -> None:
    driver, _ = pump()
    role: Pump = driver
    assert [channel.name for channel in role.channels] == ["rate_ml_h", "delivered_ml", "running"]
    assert all(poll.period_s <= 1.0 and poll.idle_period_s <= 1.0 for poll in role.polls)
    assert LinkSpec(19200) == LINK
    assert (POLL_BYTES, OFF_BYTES) == ((10, 22), (10, 11))


def test_set_up_start_trim_stop_release() -> None:
    driver, port = running(
        ok("RAT1.500MH", "00I"),
        (STP, frame("00P")),
        (STP, STOPPED),
        (STP, frame("00S?NA")),
        (frame("0SAF0"), bytes.fromhex("02 30 30 53 03")),
    )
    driver.apply(ONE)
    driver.apply(PumpOutput(True, 1.5, 14.43, 1))
    driver.apply(PumpOutput())
    driver.apply(PumpOutput())
    driver.release()
    assert port.finished()


def test_set_up_of_a_pump_in_basic_mode() -> None:
    """SAF may be answered in either mode; from then on only replies with a checksum count."""
    basic = bytes.fromhex("02 30 30 53 03")
    driver, port = pump((STP, basic), (STP, basic), (frame("0SAF2"), basic), *SET_UP[1:])
    driver.off()
    driver.set_up()
    assert port.finished()
    driver, port = pump((STP, STOPPED), (frame("0SAF2"), basic), (frame("0PF0"), basic))
    port.attempts = 1
    with pytest.raises(BadReply, match="PF0: a reply without checksum"):
        driver.set_up()
    assert port.finished()


def test_settings_are_sent_only_if_they_differ() -> None:
    driver, port = running(
        (STP, frame("00P")),
        (STP, STOPPED),
        ok("RUN", "00I"),
        (STP, frame("00P")),
        (STP, STOPPED),
        ok("CLDINF"),
        ok("CLDWDR"),
        ok("RAT500.0UH"),
        ok("DIRWDR"),
        ok("RUN", "00W"),
    )
    driver.off()
    driver.apply(ONE)
    driver.off()
    driver.apply(PumpOutput(True, -0.5, 14.43, 2))
    assert port.finished()


def test_a_trimmed_rate_is_told_again_at_the_next_start() -> None:
    """What is told while pumping is not stored by the pump."""
    driver, port = running(
        ok("RAT2.000MH", "00I"), (STP, frame("00P")), (STP, STOPPED), ok("RAT2.000MH"), ok("RUN", "00I")
    )
    two = PumpOutput(True, 2.0, 14.43, 1)
    driver.apply(two)
    driver.off()
    driver.apply(two)
    assert port.finished()


def test_what_cannot_be_changed_while_pumping_is_changed_by_a_stop() -> None:
    stop = [(STP, frame("00P")), (STP, STOPPED)]
    driver, port = running(
        *stop,
        ok("DIRWDR"),
        ok("RUN", "00W"),
        *stop,
        ok("RAT10.30UH"),
        ok("RUN", "00W"),
        *stop,
        ok("DIA11.99"),
        ok("CLDINF"),
        ok("CLDWDR"),
        ok("RUN", "00W"),
    )
    driver.apply(PumpOutput(True, -1.0, 14.43, 1))
    driver.apply(PumpOutput(True, -0.0103, 14.43, 1))
    driver.apply(PumpOutput(True, -0.0103, 11.99, 1))
    assert port.finished()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (PumpOutput(True, 0.0, 14.43, 1), "0 ml/h cannot be pumped"),
        (PumpOutput(True, float("nan"), 14.43, 1), "nan ml/h"),
        (PumpOutput(True, 1.0, 0.0, 1), "which syringe"),
        (PumpOutput(True, 1e-7, 14.43, 1), "4 digits"),
    ],
)
def test_what_cannot_be_told_sends_nothing(output: PumpOutput, words: str) -> None:
    driver, port = pump((STP, STOPPED))
    driver.off()
    with pytest.raises(Refused, match=rf"pumps\.a: .*{words}"):
        driver.apply(output)
    assert port.finished()


def test_the_pump_refuses() -> None:
    driver, port = pump((STP, STOPPED), *SET_UP, *START[:3], ok("RAT9000MH", "00S?OOR"))
    driver.off()
    driver.set_up()
    with pytest.raises(Refused, match=r"pumps\.a: RAT9000MH: out of range"):
        driver.apply(PumpOutput(True, 9000.0, 14.43, 1))
    assert port.finished()


def test_run_has_to_be_confirmed_by_the_status() -> None:
    driver, port = pump(
        (STP, STOPPED), *SET_UP, *START[:4], ok("RUN", "00S"), (STP, STOPPED), ok("RUN", "00I")
    )
    driver.off()
    driver.set_up()
    with pytest.raises(Refused, match="did not start: status S, stopped"):
        driver.apply(ONE)
    driver.apply(ONE)  # not known to be stopped: stopped first
    assert port.finished()


def test_a_lost_reply_to_run() -> None:
    """The second RUN is not applicable to a pump that runs; between them the fence."""
    driver, port = pump(
        (STP, STOPPED),
        *SET_UP,
        *START[:4],
        (frame("0RUN"), b""),
        ok("VER", "00INE1000V3.928"),
        ok("RUN", "00I?NA"),
    )
    driver.off()
    driver.set_up()
    driver.apply(ONE)
    assert port.finished()


def test_models_without_power_failure_setting() -> None:
    driver, port = pump((STP, STOPPED), SET_UP[0], ok("PF0", "00S?"), *SET_UP[2:])
    driver.set_up()
    assert port.finished()


def test_identify() -> None:
    driver, _ = pump(VERSION, ok("VER", "00SNE1000X2V3.74"), model="ne1000")
    assert driver.identify() == Identity("New Era NE-1000", "3.928", None, "NE1000V3.928")
    assert driver.identify() == Identity("New Era NE-1000X2", "3.74", None, "NE1000X2V3.74")


@pytest.mark.parametrize("text", ["AL1000V3.9", "NE1000", "NEV3.1", "NE10A0V3.9", "NE1000V3", "HELLO", ""])
def test_another_instrument_answers(text: str) -> None:
    driver, port = pump(ok("VER", "00S" + text))
    port.attempts = 1
    with pytest.raises(BadReply, match=rf"pumps\.a: VER: no New Era pump we know: '{text}'"):
        driver.identify()


def test_another_model_answers() -> None:
    driver, _ = pump(VERSION, model="NE-300")
    with pytest.raises(BadReply, match=r"the rig file says NE-300, the pump says NE1000V3\.928"):
        driver.identify()


def test_addresses() -> None:
    driver, port = pump((frame("42STP"), frame("42S")), address=42)
    driver.off()
    assert port.finished()
    with pytest.raises(ValueError, match="address 100"):
        pump(address=100)
