"""A stranger's client, nesp-lib, drives the emulated New Era pump over a pseudo-terminal in real time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import nesp_lib
import pytest

from rig.bench.rigfile import load_rig
from rig.emulators.new_era import NewEraEmulator
from rig.simulation.laboratory import Laboratory
from rig.simulation.liquids import scene_data
from rig.simulation.serve import Server
from tests.simulation.serve_bench import emulate

# nesp-lib has no time-out of its own: a lost reply would block it for ever.
pytestmark = pytest.mark.timeout(30)

MM = 14.43


class Served:
    """The pumps behind the port, for looking behind the scenes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        devices = server.laboratory.devices
        self.pumps = [device for device in devices.values() if isinstance(device, NewEraEmulator)]
        for pump in self.pumps:
            # As nesp-lib expects them: a volume ends the program.
            pump.memory.phases[2].function = "STP"


@pytest.fixture
def served() -> Iterator[Served]:
    """The demonstration rig's two pumps on their chain."""
    bench, _ = load_rig(None)
    laboratory = Laboratory(bench, scene_data(bench), 0)
    server = Server(laboratory, wires=["pumps.a"])
    made = Served(server)
    with server:
        yield made
    laboratory.close()


@pytest.fixture
def port(served: Served) -> Iterator[nesp_lib.Port]:
    with nesp_lib.Port(served.server.urls["pumps.a"], 19200) as port:
        yield port


@pytest.mark.parametrize("safe_mode_timeout_s", [0, 1])
def test_everything_nesp_lib_can_do(served: Served, port: nesp_lib.Port, safe_mode_timeout_s: int) -> None:
    """Basic mode, and Safe mode with its heartbeat."""
    # nesp-lib reads the reply to SAF in the mode it asks for, the pump tells its reset alarm in the mode it is in:
    # after power-on in Basic mode it has to be met in Basic mode.
    nesp_lib.Pump(port, 0)
    pump = nesp_lib.Pump(port, 0, 1000, safe_mode_timeout_s)
    try:
        assert (pump.model_number, pump.firmware_version, pump.firmware_upgrade) == (1000, (3, 928), 0)
        assert pump.safe_mode_timeout_s == safe_mode_timeout_s == served.pumps[0].memory.safe_s
        assert pump.status == nesp_lib.Status.STOPPED
        pump.syringe_diameter_mm = MM
        pump.pumping_direction = nesp_lib.PumpingDirection.INFUSE
        pump.pumping_rate_ml_per_min = 8.0
        pump.pumping_volume_ml = 0.05
        assert pump.syringe_diameter_mm == MM
        assert pump.pumping_rate_ml_per_min == pytest.approx(8.0)
        assert pump.pumping_volume_ml == pytest.approx(0.05)
        pump.run()
        assert pump.volume_infused_ml == pytest.approx(0.05)
        pump.pumping_direction = nesp_lib.PumpingDirection.WITHDRAW
        assert pump.pumping_direction == nesp_lib.PumpingDirection.WITHDRAW
        pump.run(False)
        assert pump.status == nesp_lib.Status.WITHDRAWING and pump.running
        pump.stop()
        assert pump.status == nesp_lib.Status.PAUSED
        pump.stop()
        assert pump.status == nesp_lib.Status.STOPPED
        assert 0 < pump.volume_withdrawn_ml < 0.05
        pump.volume_infused_clear()
        pump.volume_withdrawn_clear()
        assert pump.volume_infused_ml == pump.volume_withdrawn_ml == 0
        pump.run_purge()
        assert pump.status == nesp_lib.Status.PURGING
        pump.stop()
        with pytest.raises(ValueError, match="rate"):
            pump.pumping_rate_ml_per_min = 100.0
        if safe_mode_timeout_s:
            time.sleep(2.5)  # the heartbeat keeps the pump out of its time-out
            assert served.pumps[0].alarm == ""
    finally:
        pump.safe_mode_timeout_s = 0
    assert served.pumps[0].memory.safe_s == 0


def test_two_pumps_on_one_chain(served: Served, port: nesp_lib.Port) -> None:
    first, second = nesp_lib.Pump(port, 0), nesp_lib.Pump(port, 1)
    first.syringe_diameter_mm = 10.0
    second.syringe_diameter_mm = 20.0
    assert (first.syringe_diameter_mm, second.syringe_diameter_mm) == (10.0, 20.0)
    assert [pump.memory.diameter_mm for pump in served.pumps] == [10.0, 20.0]


def test_alarms_reach_nesp_lib(served: Served, port: nesp_lib.Port) -> None:
    pump = nesp_lib.Pump(port, 0)
    served.server.do(lambda: served.pumps[0].power(False))
    served.server.do(lambda: served.pumps[0].power(True))
    with pytest.raises(nesp_lib.StatusAlarmException) as caught:
        pump.run(False)
    assert caught.value.alarm_status == nesp_lib.AlarmStatus.RESET
    assert pump.status == nesp_lib.Status.STOPPED


@pytest.mark.parametrize("safe_mode_timeout_s", [0, 2])
def test_the_pump_that_the_command_serves(safe_mode_timeout_s: int) -> None:
    """`spinrig emulate new-era --pty`, Basic and Safe mode."""
    with emulate("new-era", "--pty") as process:
        assert process.stdout is not None
        name, driver, url = process.stdout.readline().split()
        assert (name, driver) == ("pumps.a", "new-era")
        with nesp_lib.Port(url, 19200) as port:
            nesp_lib.Pump(port, 0)  # acknowledges the power-on alarm, in Basic mode
            pump = nesp_lib.Pump(port, 0, 1000, safe_mode_timeout_s)
            try:
                pump.syringe_diameter_mm = MM
                pump.pumping_direction = nesp_lib.PumpingDirection.INFUSE
                pump.pumping_rate_ml_per_min = 5.0
                pump.pumping_volume_ml = 1.0
                pump.run(False)
                assert pump.status == nesp_lib.Status.INFUSING
                time.sleep(0.6)
                pump.stop()
                pump.stop()
                assert pump.status == nesp_lib.Status.STOPPED
                assert 0.05 <= pump.volume_infused_ml < 0.25
            finally:
                pump.safe_mode_timeout_s = 0
