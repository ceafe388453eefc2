"""The host dies during carbonisation, with its lines and mailboxes, beside each furnace controller; the world goes on.

Safety rules 7, 8 and 11.4: heater power 0 within the watchdog's time, or by the loaded program's own *off* end; argon
as it was; whoever comes next reads first, lowers no gas, has the heater off and proved, and watches until it is cold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.emulators.wire import Wire
from rig.engine.drive import VirtualDrive
from rig.engine.host import Host
from rig.instruments.eurotherm import HOLD_S
from rig.lines.simwire import register
from rig.readings import NS
from rig.running import FileAnswers
from rig.simulation.faults import ControllerCrashed
from tests.end_to_end.furnace_runs import ARGON, FURNACE, Heating
from tests.end_to_end.spinning import demo_text

pytestmark = pytest.mark.timeout(120)

MODELS = ("epc3000", "3216", "2416")
WATCHDOG_S = 60.0
"""The EPC3000's, and the longest time to heater off that is accepted of any."""

FLOW_SCCM = 200.0
OVERSHOOT_DEGC = 10.0
"""What this furnace overshoots by after 10 degC/min, host or no host."""

SOAK_S = 600.0
PROGRAM_S = SOAK_S + 1800.0
"""The controller dwells half an hour longer than the soak, which the scan counts; while the furnace overshoots by more
than its band the program is held back, some minutes."""

CARBONISE = """
[[steps]]
id = "close-tube"
do = "prompt"
say = "Close both flanges, check the seals and the bubbler."
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "2000 sccm"
until = { volumes = 6 }
[[steps]]
id = "carbonise"
do = "heat"
[[steps.segments]]
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "400 degC"
soak = "10 min"
[[steps.segments]]
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "600 degC"
soak = "10 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""


def rig(model: str) -> str:
    """The demonstration rig with this controller, and without its spinning station."""
    text = demo_text(**{'model = "epc3000"': f'model = "{model}"'})
    before, _, rest = text.partition("[pumps.a]")
    return before + "[inputs.bench]" + rest.partition("[inputs.bench]")[2]


RUN = {
    "epc3000": bytes.fromhex("06 29 4D 00 01"),
    "3216": bytes.fromhex("10 00 17 00 01 02 00 01"),
    "2416": bytes.fromhex("10 00 17 00 01 02 00 02"),
}
"""The run command of each, without address and CRC."""


# The moment of the crash: how it is arranged, and how long the program that is then loaded may still go on


@dataclass(frozen=True)
class Moment:
    """arrange: have `crash` called at it. target_degc: of the program then loaded; left_s: how long after the crash it
    ends by itself, at the least and at the most.
    """

    arrange: Callable[[Heating, Callable[[], None]], None]
    target_degc: float
    left_s: tuple[float, float]


def in_ramp(heating: Heating, crash: Callable[[], None]) -> None:
    """At about 500 degC, on the way to 600."""
    heating.spun.after("stage", 600.0, crash, stage="ramping", segment=2)


def in_soak(heating: Heating, crash: Callable[[], None]) -> None:
    """After half of the soak at 600 degC."""
    heating.spun.after("stage", SOAK_S / 2, crash, stage="soaking", segment=2)


def in_hold(heating: Heating, crash: Callable[[], None]) -> None:
    """Five minutes after a person held the ramp at about 500 degC."""
    host = heating.spun.session.host

    def hold() -> None:
        assert host.command("hold", "look at the bubbler", "somebody") is None

    heating.spun.after("stage", 600.0, hold, stage="ramping", segment=2)
    heating.spun.after("stage", 900.0, crash, stage="ramping", segment=2)


def in_loading(write: int | None) -> Callable[[Heating, Callable[[], None]], None]:
    """After this write of what loads the second segment's program; None: when all is loaded, and the run command is
    lost with its host."""

    def arrange(heating: Heating, crash: Callable[[], None]) -> None:
        device = heating.controller
        receive = device.receive
        running = RUN[device.model]
        writes = 0

        def received(data: bytes) -> None:
            nonlocal writes
            last = data[1:-2] == running
            if not last:
                receive(data)
                writes += data[1] in (6, 16)
            if last or writes == write:
                heating.at_ns(heating.now_ns(), crash)

        def listen() -> None:
            device.receive = received  # type: ignore[method-assign]

        heating.spun.after("stage", 0.0, listen, stage="ramping", segment=2)

    return arrange


MOMENTS = {
    "ramp": Moment(in_ramp, 600.0, (PROGRAM_S + 540, PROGRAM_S + 960)),
    "soak": Moment(in_soak, 600.0, (PROGRAM_S - SOAK_S / 2 - 60, PROGRAM_S - SOAK_S / 2 + 300)),
    "hold": Moment(in_hold, 600.0, (HOLD_S - 330, HOLD_S)),
    # Set points are zero, the segment before still dwells: its own half an hour.
    "set points zeroed": Moment(in_loading(1), 400.0, (PROGRAM_S - SOAK_S - 60, PROGRAM_S - SOAK_S + 60)),
    "half loaded": Moment(in_loading(7), 400.0, (0.0, 0.0)),
    "loaded": Moment(in_loading(None), 400.0, (0.0, 0.0)),
}


# The crash, the world after it, and who comes next


@dataclass
class Crashed:
    """A world without its host. Seconds count from the crash."""

    heating: Heating
    crash_ns: int
    power_pct: float
    pv_degc: float
    argon_wire: Wire
    heater_wire: Wire
    off_s: float = 0.0
    """When the heater was on for the last time."""
    highest_degc: float = 0.0
    least_sccm: float = float("inf")

    def __post_init__(self) -> None:
        furnace = self.heating.hearth.furnace
        heat, on = furnace.heat, self.power_pct > 0.0

        def heats(now_ns: int, power_pct: float) -> None:
            nonlocal on
            heat(now_ns, power_pct)
            if on or power_pct > 0.0:
                self.off_s = (now_ns - self.crash_ns) / NS
            on = power_pct > 0.0

        furnace.heat = heats  # type: ignore[method-assign]

    def look(self) -> None:
        """Take notice of what the emulated furnace and flow controller are doing now."""
        now_ns, hearth = self.heating.now_ns(), self.heating.hearth
        self.highest_degc = max(self.highest_degc, hearth.furnace.temperature_degc(now_ns))
        self.least_sccm = min(self.least_sccm, hearth.gases[ARGON].flow_sccm(now_ns))

    def goes_on(self, seconds: float) -> None:
        """The world alone; looked at every ten seconds."""
        scheduler = self.heating.spun.lab.scheduler
        for _ in range(round(seconds / 10)):
            end_ns = scheduler.now_ns + 10 * NS
            scheduler.call_at(end_ns, lambda: None)
            scheduler.run(lambda end=end_ns: scheduler.now_ns >= end)  # type: ignore[misc]
            self.look()


def crashed(tmp_path: Path, model: str, moment: Moment) -> Crashed:
    """The run to its crash."""
    heating = Heating(tmp_path, CARBONISE, rig=rig(model))
    drive, lab = heating.spun.session.drive, heating.spun.lab
    assert isinstance(drive, VirtualDrive)

    def crash() -> None:
        lab.crash_controller()
        drive.detach()
        raise ControllerCrashed("gone")

    moment.arrange(heating, crash)
    (heater_wire,) = heating.spun.hear(FURNACE)
    with pytest.raises(ControllerCrashed):
        heating.run()
    now_ns = heating.now_ns()
    found = Crashed(
        heating,
        now_ns,
        heating.controller.output_pct,
        heating.hearth.furnace.temperature_degc(now_ns),
        heating.argon_wire,
        heater_wire,
    )
    assert heating.trips == [], "nothing was wrong before"
    found.look()
    return found


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("model", MODELS)
def test_left_alone_the_heater_ends_off_and_the_argon_stays(tmp_path: Path, model: str, name: str) -> None:
    moment = MOMENTS[name]
    world = crashed(tmp_path, model, moment)
    at_least_s, at_most_s = moment.left_s
    if at_most_s > 0.0:
        assert world.power_pct > 10.0
        if model == "epc3000":
            at_least_s, at_most_s = WATCHDOG_S - 10.0, WATCHDOG_S
    assert world.pv_degc > 390.0
    world.goes_on(at_most_s + 1800.0)
    assert world.heating.controller.output_pct == 0.0
    assert world.heating.hearth.furnace.power_pct(world.heating.now_ns()) == 0.0
    print(
        f"{model}, {name}: at {world.pv_degc:.0f} degC and {world.power_pct:.0f} %, off after {world.off_s:.1f} s, "
        f"highest {world.highest_degc:.1f} degC, argon at least {world.least_sccm:.1f} sccm"
    )
    assert at_least_s <= world.off_s <= at_most_s
    assert world.highest_degc <= moment.target_degc + OVERSHOOT_DEGC
    assert world.least_sccm == pytest.approx(FLOW_SCCM, abs=2.0)
    for wire in (world.argon_wire, world.heater_wire):
        assert wire.heard is not None and wire.heard[-1][0] <= world.crash_ns, (
            "nobody has said anything since"
        )
    if name == "ramp":
        _comes_back(world)
    else:
        world.heating.spun.lab.close()


@pytest.mark.parametrize("model", MODELS)
def test_who_comes_to_a_program_that_still_runs_ends_it_and_watches_until_it_is_cold(
    tmp_path: Path, model: str
) -> None:
    world = crashed(tmp_path, model, MOMENTS["ramp"])
    world.goes_on(30)
    assert world.heating.controller.output_pct > 10.0
    _comes_back(world)


def _comes_back(world: Crashed) -> None:
    """A new host on the same world: it reads first, has the heater off, lowers no gas, and stays until it is cold."""
    heating, session = world.heating, world.heating.spun.session
    came_ns = heating.now_ns()
    lab = heating.spun.lab
    register(lab.key, lab)  # the session that died has taken it out of reach
    drive = VirtualDrive(lab.scheduler)
    host = Host(session.bench, lab.carrier(), drive, FileAnswers(None, yes=True))
    said: list[tuple[str, dict[str, Any]]] = []
    host.engine.on_event = lambda kind, data, t_ns: said.append((kind, data))
    host.connect()
    connected_ns = heating.now_ns()
    readings = host.board.snapshot(connected_ns)
    assert readings.value(f"{FURNACE}.temperature_degc") is not None
    assert readings.value(f"{ARGON}.setpoint_sccm") == pytest.approx(FLOW_SCCM, abs=1.0)
    heard = [data for t_ns, data in world.heater_wire.heard or () if came_ns < t_ns <= connected_ns]
    assert heard and {data[1] for data in heard} == {3}, (
        "read first: nothing is written before it is connected"
    )

    def scans_for(seconds: float) -> None:
        end_ns = heating.now_ns() + round(seconds * NS)
        drive.run(host.engine, lambda: heating.now_ns() > end_ns)

    scans_for(10)
    unit = host.engine.units[FURNACE]
    assert heating.controller.output_pct == 0.0
    assert host.engine.readings.value(f"{FURNACE}.power_pct") == 0.0
    outlet = host.engine.outlets[FURNACE]
    assert not outlet.told_on, "off was acknowledged, and that takes its read-back"
    assert heating.controller.registers.values[24] == heating.controller.registers.values[25] == 0.0
    assert unit.spec.left is not None
    watched_s = 0.0
    while heating.hearth.furnace.tube_degc(heating.now_ns()) > 62.0:
        world.look()
        assert unit.spec.left(host.engine.readings) is not None, "it is still hot, and somebody has to watch"
        assert world.least_sccm == pytest.approx(FLOW_SCCM, abs=2.0)
        assert heating.controller.output_pct == 0.0
        watched_s = (heating.now_ns() - connected_ns) / NS
        assert watched_s < 6 * 3600.0, "it does cool"
        scans_for(60)
    told = heating.argon_told(world.crash_ns)
    assert {sccm for _, sccm in told} <= {FLOW_SCCM}, "the gas was never lowered over the hot tube"
    scans_for(900)
    assert heating.hearth.furnace.tube_degc(heating.now_ns()) < 60.0
    assert host.engine.error is None
    assert [data for kind, data in said if kind == "energise" and data["output"] == FURNACE] == []
    print(f"taken over at {world.pv_degc:.0f} degC, watched for {watched_s / 60:.0f} min, argon told {told}")
    host.release()
    lab.close()
