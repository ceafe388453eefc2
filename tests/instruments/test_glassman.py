"""The Glassman driver against byte pairs of the manual: what it sends when, and what it refuses to send."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.instruments import glassman
from rig.instruments.glassman import Glassman, counts_for, set_request
from rig.instruments.roles import HighVoltage
from rig.instruments.settings import HvSettings
from rig.lines.errors import InstrumentError, NoReply, PortLost, Preempted, Refused
from rig.outputs import HV_OFF as OUTPUT_OFF
from rig.outputs import HvOutput
from tests.instruments.adamglass_loop import ScriptPort

SETTINGS = HvSettings(
    name="hv.needle", driver="glassman", where="/dev/ttyUSB1",
    rating_kv=30.0, rating_ma=10.0, limit_kv=25.0, limit_ua=5000.0,
)  # fmt: skip

Q = bytes.fromhex("01 51 35 31 0D")
OFF = b"\x01S0000000000001C4\r"
RESET = b"\x01S0000000000004C7\r"
A = bytes.fromhex("41 0D")
FENCE = (bytes.fromhex("01 56 35 36 0D"), b"B2567\r")
E5 = b"E535\r"
R_OFF = b"R00000000000040\r"
R_OFF_FAULT = b"R00000000020042\r"
R_10KV = b"R15500500040054\r"
R_ON = b"R00000000040044\r"
ON_10KV = b"\x01S55519A0000002EF\r"
ON_0KV = b"\x01S00019A0000002E0\r"


def scripted(*pairs: tuple[bytes, bytes], attempts: int = 2) -> tuple[Glassman, ScriptPort]:
    port = ScriptPort(pairs, attempts=attempts)
    return Glassman(SETTINGS, port), port


def test_fits_the_role() -> None:
    driver: HighVoltage = scripted()[0]
    assert driver.monitor_step_kv == pytest.approx(30 / 1023)
    assert driver.set_step_kv == pytest.approx(30 / 4095)
    assert str(glassman.LINK) == "9600 8N1"


# Byte pairs of the manual


def test_off_is_the_first_thing_sent_and_no_query() -> None:
    driver, port = scripted((OFF, A))
    driver.off()
    assert port.sent == [OFF]


def test_set_example_of_the_manual() -> None:
    expected = bytes.fromhex("01 53 38 43 43 33 46 46 30 30 30 30 30 30 31 32 31 0D")
    assert set_request(0x8CC, 0x3FF, glassman.HV_OFF) == expected


def test_time_out_is_switched_on_at_set_up() -> None:
    driver, port = scripted((bytes.fromhex("01 43 30 37 33 0D"), A))
    driver.set_up()
    assert port.done()


def test_identify() -> None:
    driver, _ = scripted((bytes.fromhex("01 56 35 36 0D"), bytes.fromhex("42 32 35 36 37 0D")))
    identity = driver.identify()
    assert (identity.firmware, identity.text) == ("25", "B2567")


def test_status_at_10_kv() -> None:
    driver, _ = scripted((Q, R_10KV))
    values = driver.read("status")
    assert values == {
        "voltage_kv": pytest.approx(341 * 30 / 1023),
        "current_ua": pytest.approx(5 * 10_000 / 1023),
        "output": 1.0,
        "fault": 0.0,
        "current_mode": 0.0,
    }


def test_status_at_full_scale_with_fault() -> None:
    driver, _ = scripted((Q, b"R3FF3FF000600A4\r"))
    values = driver.read("status")
    assert values["voltage_kv"] == pytest.approx(30.0)
    assert values["current_ua"] == pytest.approx(10_000.0)
    assert (values["output"], values["fault"]) == (1.0, 1.0)


def test_on_then_new_value_then_off() -> None:
    driver, port = scripted(
        (Q, R_OFF),
        (ON_0KV, A),
        (Q, R_ON),
        (b"\x01S55519A0000000ED\r", A),
        (OFF, A),
    )
    driver.apply(HvOutput(True, 0.0, 1000.0))
    driver.apply(HvOutput(True, 10.0, 1000.0))
    driver.apply(OUTPUT_OFF)
    assert port.done()


def test_on_at_once() -> None:
    driver, port = scripted((Q, R_OFF), (ON_10KV, A))
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_counts_of_bytes_are_what_is_sent() -> None:
    assert (len(Q), len(R_10KV)) == glassman.POLL_BYTES
    assert (len(OFF), len(A)) == glassman.OFF_BYTES


# Off


def test_off_resets_a_faulted_supply() -> None:
    driver, port = scripted((OFF, E5), (RESET, A))
    driver.off()
    assert port.done()


@pytest.mark.parametrize("bad", [b"", b"E232\r", b"\x00\r", b"A", b"E636\r", b"E500\r"])
def test_off_tries_once_more_and_no_more(bad: bytes) -> None:
    driver, port = scripted((OFF, bad), (OFF, A), attempts=1)
    driver.off()
    assert port.done()
    driver, port = scripted((OFF, bad), (OFF, bad))
    with pytest.raises(InstrumentError, match=r"hv\.needle: off"):
        driver.off()
    assert port.done()


def test_off_raises_when_the_reset_is_not_acknowledged() -> None:
    driver, port = scripted((OFF, E5), (RESET, b""), (OFF, E5), (RESET, b""))
    with pytest.raises(NoReply):
        driver.off()
    assert port.done()


def test_off_does_not_wait_for_another_off() -> None:
    driver, port = scripted((OFF, b""), (OFF, A))
    port.off = True
    driver.off()
    assert port.done()


def test_off_passes_on_a_lost_port() -> None:
    class Gone(ScriptPort):
        def write(self, data: bytes) -> None:
            raise PortLost("/dev/ttyUSB1: unplugged")

    with pytest.raises(PortLost, match="unplugged"):
        Glassman(SETTINGS, Gone([])).off()


def test_release_switches_off() -> None:
    driver, port = scripted((OFF, A))
    driver.release()
    assert port.done()


# Never by itself on again


def switched_on(*more: tuple[bytes, bytes]) -> tuple[Glassman, ScriptPort]:
    driver, port = scripted((Q, R_OFF), (ON_10KV, A), *more)
    driver.apply(HvOutput(True, 10.0, 1000.0))
    return driver, port


@pytest.mark.parametrize(("status", "why"), [(R_OFF_FAULT, "fault"), (R_OFF, "although it was told on")])
@pytest.mark.parametrize("seen_by_poll", [True, False])
def test_a_supply_that_let_go_is_not_switched_on_without_an_off(
    status: bytes, why: str, seen_by_poll: bool
) -> None:
    first = [(Q, status)] if seen_by_poll else []
    driver, port = switched_on(
        *first, (Q, status), (Q, R_OFF), (OFF, E5), (RESET, A), (Q, R_OFF), (ON_10KV, A)
    )
    if seen_by_poll:
        driver.read("status")
    with pytest.raises(Refused, match=why):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    # Even when the fault has gone by itself.
    with pytest.raises(Refused, match=why):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    driver.off()
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_a_fault_while_off_is_remembered_until_off() -> None:
    driver, port = scripted((Q, R_OFF_FAULT), (Q, R_OFF), (OFF, A), (Q, R_OFF), (ON_10KV, A))
    assert driver.read("status")["fault"] == 1.0
    with pytest.raises(Refused, match="fault"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    driver.off()
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_an_off_that_failed_does_not_clear_the_trip() -> None:
    driver, port = scripted((Q, R_OFF_FAULT), (OFF, b""), (OFF, b""), FENCE, (Q, R_OFF))
    driver.read("status")
    with pytest.raises(NoReply):
        driver.off()
    with pytest.raises(Refused, match="fault"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_error_5_to_a_set_is_a_trip() -> None:
    driver, port = scripted((Q, R_OFF), (ON_10KV, E5), (Q, R_OFF))
    with pytest.raises(Refused, match="faulted"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    with pytest.raises(Refused, match="told off first"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_after_a_processing_error_nobody_knows_so_it_is_not_repeated() -> None:
    driver, port = scripted((Q, R_OFF), (ON_10KV, b"E636\r"), (Q, R_OFF))
    with pytest.raises(Refused, match="processing"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    with pytest.raises(Refused, match="although it was told on"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_an_output_that_is_on_untold_is_refused() -> None:
    driver, port = scripted((Q, R_ON))
    with pytest.raises(Refused, match="not told"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_a_lost_acknowledgement_is_cleared_up_by_the_query() -> None:
    driver, port = scripted((Q, R_OFF), (ON_10KV, b""), FENCE, (Q, R_ON), (b"\x01S55519A0000000ED\r", A))
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_a_lost_order_to_switch_on_is_not_repeated() -> None:
    driver, port = scripted((Q, R_OFF), (ON_10KV, b""), FENCE, (Q, R_OFF))
    with pytest.raises(Refused, match="order lost"):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_an_order_that_arrived_damaged_is_repeated() -> None:
    driver, port = scripted((Q, R_OFF), (ON_10KV, b"E232\r"), (Q, R_OFF), (ON_10KV, A))
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_an_off_that_came_in_goes_before_the_set() -> None:
    driver, port = scripted((Q, R_OFF))
    port.off = True
    with pytest.raises(Preempted):
        driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.sent == [Q]


# Nothing is sent that need not be


def test_nothing_is_sent_when_the_status_confirms() -> None:
    driver, port = switched_on((Q, R_10KV))
    driver.read("status")
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_an_unconfirmed_state_is_asked_for_and_not_sent_again() -> None:
    driver, port = switched_on((Q, R_10KV))
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_a_status_from_before_the_set_confirms_nothing() -> None:
    driver, port = switched_on((Q, R_10KV), (b"\x01S00019A0000000DE\r", A), (Q, R_10KV))
    driver.apply(HvOutput(True, 0.0, 1000.0))
    driver.apply(HvOutput(True, 0.0, 1000.0))
    assert port.done()


def test_a_status_older_than_the_watchdog_confirms_nothing() -> None:
    driver, port = switched_on((Q, R_10KV), (Q, R_10KV))
    driver.read("status")
    port.time_ns += 1_500_000_001
    driver.apply(HvOutput(True, 10.0, 1000.0))
    assert port.done()


def test_off_is_not_repeated_once_confirmed() -> None:
    driver, port = scripted((OFF, A), (OFF, A), (Q, R_OFF), (Q, R_OFF_FAULT), (OFF, E5), (RESET, A))
    driver.off()
    driver.apply(OUTPUT_OFF)
    driver.read("status")
    driver.apply(OUTPUT_OFF)
    driver.read("status")
    driver.apply(OUTPUT_OFF)
    assert port.done()


def test_not_on_is_off_whatever_voltage_stands_beside() -> None:
    driver, port = scripted((OFF, A))
    driver.apply(HvOutput(False, 10.0, 1000.0))
    assert port.done()


# What may be asked


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (HvOutput(True, 25.01, 100.0), "rig's limit is 25 kV"),
        (HvOutput(True, 31.0, 100.0), "rating is 30 kV"),
        (HvOutput(True, -1.0, 100.0), "positive"),
        (HvOutput(True, float("nan"), 100.0), "nan kV"),
        (HvOutput(True, 1.0, 5000.1), "rig's limit is 5000 uA"),
        (HvOutput(True, 1.0, 10_001.0), "takes 0 to 10000 uA"),
        (HvOutput(True, 1.0, -1.0), "takes 0 to 10000 uA"),
        (HvOutput(True, 1.0, float("nan")), "nan uA"),
    ],
)
def test_what_is_refused_and_never_clamped(output: HvOutput, why: str) -> None:
    driver, port = scripted()
    with pytest.raises(Refused, match=why):
        driver.apply(output)
    assert port.sent == []


def test_a_negative_supply() -> None:
    port = ScriptPort([(Q, R_OFF), (ON_10KV, A), (Q, R_10KV), (Q, R_OFF)])
    driver = Glassman(replace(SETTINGS, polarity=-1), port)
    driver.apply(HvOutput(True, -10.0, 1000.0))
    assert driver.read("status")["voltage_kv"] == pytest.approx(-10.0, abs=0.03)
    assert str(driver.read("status")["voltage_kv"]) == "0.0"
    with pytest.raises(Refused, match="negative"):
        driver.apply(HvOutput(True, 10.0, 1000.0))


@given(
    full=st.floats(0.001, 1e5),
    share=st.floats(0.0, 1.0),
    limit_share=st.floats(0.0, 1.0),
)
def test_counts_are_nearest_and_never_above_the_limit(full: float, share: float, limit_share: float) -> None:
    limit = full * limit_share
    wanted = limit * share
    counts = counts_for(wanted, full, limit)
    step = full / 4095
    assert 0 <= counts <= 4095
    assert counts * step <= limit * (1 + 1e-12)
    assert counts * step <= wanted + step / 2 * (1 + 1e-9)
    assert counts * step > wanted - step * (1 + 1e-9)
    if (counts + 1) * step <= limit * (1 - 1e-12):
        assert abs(counts * step - wanted) <= step / 2 * (1 + 1e-9)


def test_full_scale_is_reached_and_a_limit_between_steps_rounds_down() -> None:
    assert counts_for(30.0, 30.0, 30.0) == 4095
    assert counts_for(1000.0, 10_000.0, 1000.0) == 409
    assert counts_for(1000.0, 10_000.0, 2000.0) == 410
