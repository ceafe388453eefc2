"""The New Era driver and the emulated pump, written apart from one sheet, on one wire."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.instruments.new_era import LINK, NewEra, PumpAlarm
from rig.instruments.settings import PumpSettings
from rig.lines.errors import InstrumentError, NoReply, Refused
from rig.outputs import PumpOutput
from tests.emulators.new_era_bench import MM, Bench, ready, safe
from tests.instruments.loopback import Loopback


def driven(bench: Bench) -> tuple[list[NewEra], Loopback]:
    port = Loopback(bench.time, *bench.pumps, link=LINK)
    drivers = [
        NewEra(PumpSettings(f"pumps.{chr(97 + n)}", "new-era", "x", address=pump.memory.address), port)
        for n, pump in enumerate(bench.pumps)
    ]
    return drivers, port


ONE = PumpOutput(running=True, rate_ml_h=1.0, diameter_mm=MM, batch=1)


def connected(bench: Bench) -> tuple[list[NewEra], Loopback]:
    drivers, port = driven(bench)
    for driver in drivers:
        driver.off()
        driver.set_up()
        assert driver.identify().model == "New Era NE-1000"
    return drivers, port


def test_two_pumps_on_one_chain_for_an_hour() -> None:
    bench = Bench(0, 1)
    (a, b), port = connected(bench)
    assert port.sent[0] == safe("0STP")
    a.apply(ONE)
    b.apply(PumpOutput(True, 0.5, MM, 1))
    start_ns = bench.time.now_ns
    while bench.time.now_ns - start_ns < 3600e9:
        bench.time.pass_s(0.95)
        assert a.read("delivered")["running"] == b.read("delivered")["running"] == 1
    hours = (bench.time.now_ns - start_ns) / 3.6e12
    assert a.read("rate") == {"rate_ml_h": 1.0}
    assert b.read("rate") == {"rate_ml_h": 0.5}
    assert a.read("delivered")["delivered_ml"] == pytest.approx(hours, abs=2e-3)
    assert b.read("delivered")["delivered_ml"] == pytest.approx(hours / 2, abs=2e-3)
    a.apply(PumpOutput(True, 1.2, MM, 1))
    assert a.read("rate") == {"rate_ml_h": 1.2}
    for driver in (a, b):
        driver.release()
    assert [pump.memory.safe_s for pump in bench.pumps] == [0, 0]
    assert [pump.program.status for pump in bench.pumps] == ["S", "S"]


def test_a_new_batch_counts_from_zero() -> None:
    bench = Bench()
    (pump,), _ = connected(bench)
    for batch, ml_h in ((1, 60.0), (2, -30.0)):
        pump.apply(PumpOutput(True, ml_h, MM, batch))
        for _ in range(60):
            bench.time.pass_s(1)
            pump.read("rate")
        pump.off()
        assert pump.read("delivered") == {
            "delivered_ml": pytest.approx(ml_h / 60, rel=0.03),
            "running": 0,
            "rate_ml_h": 0,
        }


def test_a_pump_found_running_is_stopped_first() -> None:
    bench = ready()
    bench.all("RAT60MH", "RUN")
    (pump,), port = driven(bench)
    pump.off()
    assert port.sent[0] == safe("0STP") and set(port.sent) == {safe("0STP")}
    assert bench.pump.program.status == "S"


def test_silence_stops_the_pump_by_itself() -> None:
    bench = Bench()
    (pump,), _ = connected(bench)
    pump.apply(ONE)
    heard_ns = bench.time.now_ns
    bench.time.pass_s(1.9)
    assert bench.plunger.flow_ml_h(bench.time.now_ns) > 0
    bench.time.pass_s(0.2)
    assert bench.plunger.flow_ml_h(bench.time.now_ns) == 0
    assert bench.time.now_ns - heard_ns < 2.2e9
    with pytest.raises(PumpAlarm, match="time-out"):
        pump.read("delivered")
    with pytest.raises(PumpAlarm):
        pump.read("delivered")  # what came unasked had acknowledged nothing
    assert pump.read("delivered")["running"] == 0
    with pytest.raises(PumpAlarm, match="not started"):
        pump.apply(ONE)
    assert bench.pump.program.status == "S"
    pump.off()
    pump.apply(ONE)
    assert pump.read("rate") == {"rate_ml_h": 1.0}


def test_power_cut_in_the_middle() -> None:
    bench = Bench()
    (pump,), port = connected(bench)
    pump.apply(ONE)
    bench.pump.power(False)
    with pytest.raises(NoReply):
        pump.read("delivered")
    bench.pump.power(True)
    bench.time.pass_s(1)
    with pytest.raises(PumpAlarm, match="reset"):
        pump.read("delivered")
    port.sent.clear()
    pump.off()
    pump.apply(ONE)
    assert safe("0DIA14.43") in port.sent and safe("0SAF2") in port.sent
    assert bench.pump.program.status == "I"


def test_stall_is_seen_by_the_next_poll() -> None:
    bench = Bench(0, 1)
    (a, b), _ = connected(bench)
    a.apply(ONE)
    b.apply(ONE)
    bench.plungers[0].stall(bench.time.now_ns, True)
    bench.time.pass_s(0.3)
    assert b.read("delivered")["running"] == 1, "the neighbour's alarm in its input does not matter"
    with pytest.raises(PumpAlarm, match="motor stalled"):
        a.read("delivered")


def test_the_pumps_refusal_reaches_the_user() -> None:
    bench = Bench()
    (pump,), _ = connected(bench)
    with pytest.raises(Refused, match=r"pumps\.a: RAT501.0MH: out of range"):
        pump.apply(PumpOutput(True, 501.0, MM, 1))
    assert bench.pump.program.status == "S"


@given(st.integers(0, 2**32), st.integers(1, 4))
@settings(max_examples=60)
def test_garbled_replies_never_give_a_wrong_value(seed: int, every: int) -> None:
    """One random bit in every n-th reply: readings are right or errors, and off ends at S or raises."""
    bench = Bench()
    (pump,), port = connected(bench)
    pump.apply(ONE)
    chance = random.Random(seed)
    count = 0

    def garble(data: bytes) -> bytes:
        nonlocal count
        count += 1
        if count % every:
            return data
        garbled = bytearray(data)
        garbled[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(garbled)

    port.on_reply = garble
    for _ in range(20):
        bench.time.pass_s(0.5)
        try:
            values = pump.read("delivered")
        except InstrumentError:
            continue
        assert values == {
            "delivered_ml": pytest.approx(bench.plunger.delivered_ml(bench.time.now_ns), abs=1e-3),
            "running": 1,
        }
    try:
        pump.off()
    except InstrumentError:
        pass
    else:
        assert bench.pump.program.status == "S"
    assert bench.pump.program.status in "PS", "the first STP that is heard ends the flow"
