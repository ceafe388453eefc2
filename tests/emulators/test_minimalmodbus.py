"""A stranger's client, minimalmodbus, reads and writes the emulated Eurotherms over a pseudo-terminal in real time."""

from __future__ import annotations

from collections.abc import Iterator

import minimalmodbus
import pytest

from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.physics.furnace import Furnace
from rig.lines.scheduler import Scheduler
from tests.emulators.modbus_pty import served

# One lost reply costs its time-out, not the whole run.
pytestmark = pytest.mark.timeout(30)


class Behind:
    """The client, and what stands behind the port."""

    def __init__(self, client: minimalmodbus.Instrument, unit: EurothermEmulator, furnace: Furnace) -> None:
        self.client = client
        self.unit = unit
        self.furnace = furnace


@pytest.fixture(params=["epc3000", "3216", "2416"])
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    furnace = Furnace()
    built: list[EurothermEmulator] = []

    def build(scheduler: Scheduler) -> EurothermEmulator:
        built.append(
            EurothermEmulator("furnace.tube", scheduler, furnace=furnace, model=request.param, address=5)
        )
        return built[0]

    with served(build) as path:
        client = minimalmodbus.Instrument(path, 5)
        client.serial.baudrate = 9600
        client.serial.timeout = 1.0
        try:
            yield Behind(client, built[0], furnace)
        finally:
            client.serial.close()


def test_both_areas_are_read_and_written(behind: Behind) -> None:
    client, unit = behind.client, behind.unit
    assert client.read_register(1, 1) == pytest.approx(23.0, abs=0.2)
    assert client.read_float(0x8002) == pytest.approx(23.0, abs=0.2)
    assert client.read_register(1, 1, functioncode=4) == pytest.approx(23.0, abs=0.2)
    assert client.read_registers(111, 2) == [12000, 0]
    client.write_register(24, 150.5, 1)  # function 16
    assert unit.registers.values[24] == 150.5
    client.write_register(24, 90.0, 1, functioncode=6)
    assert client.read_float(0x8030) == 90.0
    client.write_float(0x8030, 280.0)
    client.write_float(0x8032, 120.0)
    assert client.read_registers(24, 2) == [2800, 1200]
    assert client.read_float(0x8000 + 2 * 5) == 280.0
    assert client.read_register(75) & 1 << 5 == 0
    assert client.read_float(0x8008) == unit.output_pct == 100.0
    assert behind.furnace.power_pct(0) == 100.0
    client.write_registers(24, [0, 0])
    assert client.read_float(0x8008) == 0.0


def test_times_are_signed_longs_of_milliseconds(behind: Behind) -> None:
    client, unit = behind.client, behind.unit
    if unit.model == "3216":
        client.write_long(0x8000 + 2 * 1280, 9_000_000, signed=True)
        assert client.read_long(0x8000 + 2 * 1280, signed=True) == 9_000_000
        assert client.read_register(1280) == 1500
    else:
        client.write_registers(8344, [3])
        client.write_long(0x8000 + 2 * 8346, 9_000_000, signed=True)
        assert client.read_long(0x8000 + 2 * 8346, signed=True) == 9_000_000
        assert client.read_register(8346) == (9000 if unit.model == "epc3000" else 1500)


def test_a_program_is_written_run_and_reset(behind: Behind) -> None:
    client, unit = behind.client, behind.unit
    if unit.model == "3216":
        client.write_float(0x8000 + 2 * 1281, 280.0)
        client.write_float(0x8000 + 2 * 1282, 5.0)
        client.write_register(23, 1)
        assert client.read_register(23) == 1
        assert client.read_register(330) == 1
        client.write_register(23, 0)
        assert client.read_register(23) == 0
        return
    client.write_register(8336, 1)
    client.write_float(0x8000 + 2 * 8337, 280.0)
    client.write_float(0x8000 + 2 * 8338, 5.0)
    assert client.read_registers(8336, 3) == [1, 2800, 50]
    if unit.model == "epc3000":
        client.write_register(10573, 1, functioncode=6)
    else:
        client.write_register(23, 2)
    assert client.read_register(23) == 2
    assert client.read_register(56) == 1
    client.write_register(23, 1)
    assert client.read_register(23) == 1


def test_a_whole_profile_through_the_float_area_is_kept_and_followed(behind: Behind) -> None:
    """The founding one: 5 degC/min to 280 degC, 2.5 h, 2 degC/min to 800 degC, 2 h; what is written reads back."""
    client, unit = behind.client, behind.unit
    profile = ((5.0, 280.0, 9_000_000), (2.0, 800.0, 7_200_000))
    triples = unit.model == "3216"
    if not triples:
        client.write_registers(8330, [1, 1, 1])  # per minute, minutes, once
    for index, (rate, target, dwell_ms) in enumerate(profile):
        ramp = 1281 + 3 * index if triples else 8337 + 16 * index
        dwell = 1280 + 3 * index if triples else 8346 + 16 * index
        if not triples:
            client.write_register(ramp - 1, 1)
            client.write_register(dwell - 2, 3)
        client.write_float(0x8000 + 2 * ramp, target)
        client.write_float(0x8000 + 2 * (ramp + 1), rate)
        client.write_long(0x8000 + 2 * dwell, dwell_ms, signed=True)
        assert client.read_float(0x8000 + 2 * ramp) == target
        assert client.read_float(0x8000 + 2 * (ramp + 1)) == rate
        assert client.read_long(0x8000 + 2 * dwell, signed=True) == dwell_ms
        assert client.read_registers(ramp, 2) == [round(10 * target), round(10 * rate)]
    client.write_register(328 if triples else 8368, 0)  # ends in off
    if unit.model == "epc3000":
        client.write_register(8334, 1)
        client.write_register(10573, 1, functioncode=6)
    else:
        client.write_register(23, 1 if triples else 2)
    # Running, in both areas; in the float area a status stands in the first word.
    assert client.read_registers(0x8000 + 2 * 23, 2) == [1 if triples else 2, 0x8000]
    assert client.read_register(0x8000 + 2 * 23) == client.read_register(23)
    sp_degc = client.read_float(0x8000 + 2 * 5)
    assert 22.0 < sp_degc < 24.0 and client.read_float(0x8000 + 2 * 2) == pytest.approx(sp_degc, abs=0.5)
    client.write_register(23, 0 if triples else 1)
    assert client.read_float(0x8008) == 0.0


def test_what_discards_a_write_is_seen_by_reading_back(behind: Behind) -> None:
    client, unit = behind.client, behind.unit
    client.write_registers(0x3F00, [7, 7])  # nothing is there, and nothing is said
    client.write_float(0x8000 + 2 * 0x3F00, 7.0)
    client.serial.timeout = 0.3
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.write_float(0x8002, 500.0)  # the process value
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.write_float(0x8031, 500.0)  # an odd address
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.write_float(0x8030, 1300.0)  # above the set point's high limit
    client.serial.timeout = 1.0
    assert client.read_float(0x8030) == 0.0 and unit.output_pct == 0.0


def test_the_watchdog_of_an_epc_is_read_and_set(behind: Behind) -> None:
    """Time-out, action, recovery, flag (1233 to 1236); the others have none."""
    client, unit = behind.client, behind.unit
    if unit.model != "epc3000":
        assert 1233 not in unit.registers.table
        return
    assert client.read_long(0x8000 + 2 * 1233, signed=True) == 60_000
    assert client.read_registers(1233, 4) == [60, 1, 0, 0]
    assert client.read_float(0x8000 + 2 * 34) == 0.0
    client.write_long(0x8000 + 2 * 1233, 30_000, signed=True)
    assert unit.control.watchdog.timeout_s == 30.0


def test_refusals_arrive_as_such(behind: Behind) -> None:
    client = behind.client
    client.serial.timeout = 0.3  # it waits for as many bytes as the answer would have
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.write_register(0x8030, 1, functioncode=6)
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.read_register(0x7000)
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.write_register(1, 100, functioncode=6)
    with pytest.raises(minimalmodbus.NoResponseError):
        client.read_bit(1)  # function 02: no reply at all
    assert client.read_register(525) == 1
