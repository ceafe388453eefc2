"""Valves of gases and a heater's contactor on the emulated module: what they were told, and what flowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rig.bench.faults import Fault
from rig.emulators.adam import AdamEmulator
from rig.readings import NS
from tests.end_to_end.furnace_runs import ARGON, FURNACE, Heating
from tests.end_to_end.spinning import demo_text, fault

ARGON_OPEN, HEATS, AIR_OPEN = 1 << 4, 1 << 5, 1 << 6
OUTPUTS = """
[outputs.argon_valve]
of = "gas.argon"
module = "bench"
channel = 4
[outputs.heater_contactor]
of = "furnace.tube"
module = "bench"
channel = 5
"""
VALVE = demo_text() + OUTPUTS
AIR = "gas.air"
WITH_AIR = (
    demo_text(
        **{
            "passive = true": 'driver = "alicat"\nport = "sim://gas.air"\nfull_scale = "2000 sccm"\n'
            'on_power_loss = "stops"'
        }
    )
    + OUTPUTS
    + '[outputs.air_valve]\nof = "gas.air"\nmodule = "bench"\nchannel = 6\n'
)
SHORT = """
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
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "300 degC"
soak = "5 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""
IN_AIR = """
[[steps]]
id = "dry"
do = "heat"
atmosphere = "air"
flow = "300 sccm"
ramp = "10 degC/min"
to = "90 degC"
soak = "5 min"
[[steps]]
id = "cool-in-air"
do = "cool"
atmosphere = "air"
flow = "300 sccm"
below = "60 degC"
"""
HOT = f"""
[{FURNACE}]
temperature = "300 degC"
atmosphere = "argon"
[{ARGON}]
flow = "150 sccm"
"""


class Valved(Heating):
    """A run of the furnace; `bits`: the module's outputs at each change, with the tube's temperature."""

    def __init__(
        self, runs: Path, recipe: str = SHORT, *faults: Fault, start: str | None = None, rig: str = VALVE
    ) -> None:
        super().__init__(runs, recipe, faults, start, rig)
        module = self.spun.lab.devices["inputs.bench"]
        assert isinstance(module, AdamEmulator)
        self.module = module
        self.bits = [(0.0, module.outputs, self.hearth.furnace.tube_degc(0))]
        module.on_outputs.append(self._changed)
        self.module_wire = self.spun.hear("inputs.bench")[0]

    def _changed(self, bits: int) -> None:
        now_ns = self.now_ns()
        self.bits.append((now_ns / NS, bits, self.hearth.furnace.tube_degc(now_ns)))

    def told(self) -> list[tuple[float, int]]:
        """What reached the module as #AA00DD: (seconds, bits)."""
        heard = self.module_wire.heard or []
        return [(t_ns / NS, int(data[5:7], 16)) for t_ns, data in heard if data.startswith(b"#0100")]

    def step_s(self, step: str, phase: str = "started") -> float:
        return self.spun.first("step", id=step, phase=phase) / NS

    def flow_sccm(self, gas: str) -> float:
        return self.hearth.gases[gas].flow_sccm(self.now_ns())

    def later(self, step: str, after_s: float, action: Callable[[], object]) -> None:
        self.spun.after("step", after_s, action, id=step, phase="started")

    def leave(self, step: str, after_s: float) -> None:
        """What comes then is not looked at: as interrupted twice."""
        for _ in range(2):
            self.later(step, after_s, self.spun.session.host.interrupt)


def test_it_is_open_from_purge_to_cold_and_no_longer(tmp_runs: Path) -> None:
    run = Valved(tmp_runs)
    flows: list[float] = []
    run.later("purge", 60.0, lambda: flows.append(run.flow_sccm(ARGON)))
    run.run()
    assert run.result.ending.outcome == "completed"
    moved = [(t_s, bool(bits & ARGON_OPEN), degc) for t_s, bits, degc in run.bits]
    opened = next(one for one in moved if one[1])
    shut = next(one for one in moved if one[0] > opened[0] and not one[1])
    assert opened[0] == pytest.approx(run.step_s("purge"), abs=1.5)
    assert shut[2] < 60.0 and not any(on for t_s, on, _ in moved if t_s > shut[0])
    assert flows == [pytest.approx(2000.0, abs=2.0)]
    assert run.argon_at_end_sccm == pytest.approx(0.0, abs=0.1)
    heats = [t_s for t_s, bits, _ in run.bits if bits & HEATS]
    assert run.step_s("carbonise") <= heats[0] and heats[-1] <= run.step_s("carbonise", "ended") + 1.5
    assert not run.bits[-1][1] & HEATS


def test_nothing_flows_through_a_valve_that_stays_shut(tmp_runs: Path) -> None:
    run = Valved(tmp_runs)
    run.module.stick(4, True)
    seen: list[float] = []
    run.later("purge", 120.0, lambda: seen.append(run.flow_sccm(ARGON)))
    run.later("purge", 200.0, lambda: run.spun.session.host.command("abort", None, "ada"))
    run.run()
    assert seen == [0.0]
    (alarm,) = [
        about for _, about in run.spun.found("alarm-state", tag="valve-closed:outputs.argon_valve", to="B")
    ]
    assert alarm["text"] == (
        "outputs.argon_valve was told open and reads closed: gas.argon does not flow, or may not."
    )


def test_a_host_that_comes_to_a_hot_tube_leaves_its_open_valve_alone(tmp_runs: Path) -> None:
    run = Valved(tmp_runs, start=HOT)
    assert run.module.outputs & ARGON_OPEN
    run.spun.at(30.0, lambda: run.spun.session.host.command("abort", None, "ada"))
    run.run()
    hot = [(t_s, bits) for t_s, bits in run.told() if run_degc(run, t_s) > 65.0]
    assert hot and all(bits & ARGON_OPEN for _, bits in hot)
    assert all(bits & ARGON_OPEN or degc < 65.0 for _, bits, degc in run.bits)
    assert not run.bits[-1][1] & ARGON_OPEN and run.bits[-1][2] < 60.0


def run_degc(run: Valved, t_s: float) -> float:
    """The tube's temperature at the last change before."""
    return [degc for when_s, _, degc in run.bits if when_s <= t_s + 1e-6][-1]


def test_over_pressure_shuts_it_over_a_hot_tube(tmp_runs: Path) -> None:
    run = Valved(tmp_runs, SHORT, fault(ARGON, "blocked-outlet", step="carbonise", after_s=1500.0))
    run.run()
    t_ns, trip = run.trips[0]
    assert trip["tag"] == f"over-pressure:{FURNACE}"
    shut = next(one for one in run.bits if one[0] >= t_ns / NS and not one[1] & ARGON_OPEN)
    assert shut[0] - t_ns / NS < 0.5 and shut[2] > 200.0
    assert not shut[1] & HEATS


def test_without_its_exhaust_it_stays_open(tmp_runs: Path) -> None:
    lost = fault("inputs.bench", "open", step="carbonise", after_s=1500.0, channel="furnace_exhaust_ok")
    run = Valved(tmp_runs, SHORT, lost)
    run.leave("carbonise", 2100.0)
    run.run()
    t_s = run.trips[0][0] / NS
    assert run.tags[0] == "furnace-exhaust"
    after = [(bits, degc) for when_s, bits, degc in run.bits if when_s > t_s]
    assert all(bits & ARGON_OPEN or degc < 60.0 for bits, degc in after)
    assert not after[0][0] & HEATS


def test_a_module_that_has_lost_its_outputs_over_a_hot_tube_is_told_again(tmp_runs: Path) -> None:
    run = Valved(tmp_runs)

    def reset() -> None:
        run.module.outputs = 0

    run.later("carbonise", 1500.0, reset)
    run.leave("carbonise", 1600.0)
    run.run()
    reset_s = run.step_s("carbonise") + 1500.0
    back_s = next(t_s for t_s, bits, _ in run.bits if t_s > reset_s and bits & ARGON_OPEN)
    assert back_s - reset_s < 3.0
    # The heater's contactor is not closed again by itself: the heater is told off instead.
    assert run.tags == ["contactor-open:outputs.heater_contactor"]
    assert not any(bits & HEATS for t_s, bits in run.told() if t_s > back_s + 1.0)
    assert run.trips[0][0] / NS - reset_s < 4.0 and run.trips[0][1]["then"] == "abort"


def test_one_that_will_not_open_again_over_a_hot_tube_costs_the_heater_by_its_flow(tmp_runs: Path) -> None:
    run = Valved(tmp_runs)

    def shut() -> None:
        run.module.outputs &= ~ARGON_OPEN
        run.module.stick(4, True)

    run.later("carbonise", 1500.0, shut)
    run.leave("carbonise", 1800.0)
    run.run()
    assert [tag for tag in run.tags if not tag.startswith("flush-lost")] == [
        "valve-closed:outputs.argon_valve",
        f"gas-lost:{ARGON}",
    ]
    lost_s = run.trips[1][0] / NS
    assert lost_s - run.step_s("carbonise") - 1500.0 == pytest.approx(31.0, abs=3.0)
    assert not any(bits & HEATS for t_s, bits in run.told() if t_s > lost_s + 0.5)
    left_s = run.step_s("carbonise") + 1800.0
    orders = [bits & ARGON_OPEN for t_s, bits in run.told() if lost_s - 25.0 < t_s < left_s]
    assert len(orders) > 100 and all(orders), "it is told open again each second"


def test_a_scan_that_stalls_leaves_the_valve_as_it_is(tmp_runs: Path) -> None:
    run = Valved(
        tmp_runs, SHORT, fault("controller", "scan-stall", step="carbonise", after_s=1500.0, duration_s=20.0)
    )
    run.leave("carbonise", 1600.0)
    run.run()
    stalled_s = run.step_s("carbonise") + 1500.0
    during = [bits for t_s, bits in run.told() if stalled_s < t_s < stalled_s + 19.0]
    assert during and all(bits & ARGON_OPEN and not bits & HEATS for bits in during), (
        "its line let go of the heater"
    )
    assert all(
        bits & ARGON_OPEN or degc < 60.0 for t_s, bits, degc in run.bits if t_s > run.step_s("carbonise")
    )


def test_a_heaters_contactor_that_stays_closed_is_loud(tmp_runs: Path) -> None:
    run = Valved(tmp_runs)
    run.later("carbonise", 600.0, lambda: run.module.stick(5, True))
    run.leave("cool", 30.0)
    run.run()
    (trip,) = [data for _, data in run.trips if data["tag"] == "contactor-closed:outputs.heater_contactor"]
    assert trip["text"] == (
        "outputs.heater_contactor was told open and reads closed: the contactor of furnace.tube is still closed, or "
        "may be: switch the mains off by hand."
    )
    ended_s = run.step_s("carbonise", "ended")
    assert run.trips[0][0] / NS - ended_s < 5.0
    assert run.argon_at_end_sccm == pytest.approx(500.0, abs=1.0) and run.bits[-1][1] & ARGON_OPEN


def test_air_is_shut_by_an_abort_however_hot_the_tube_is(tmp_runs: Path) -> None:
    run = Valved(tmp_runs, IN_AIR, rig=WITH_AIR)
    seen: list[float] = []
    run.later("dry", 500.0, lambda: seen.append(run.flow_sccm(AIR)))
    run.later("dry", 501.0, lambda: run.spun.session.host.command("abort", None, "ada"))
    run.later("dry", 530.0, lambda: seen.append(run.flow_sccm(AIR)))
    run.leave("dry", 560.0)
    run.run()
    aborted_s = run.step_s("dry") + 501.0
    assert seen == [pytest.approx(300.0, abs=1.0), pytest.approx(0.0, abs=0.1)]
    shut = next(one for one in run.bits if one[0] >= aborted_s and not one[1] & AIR_OPEN)
    assert shut[0] - aborted_s < 1.5 and shut[2] > 65.0
    assert not any(bits & AIR_OPEN for t_s, bits in run.told() if t_s > aborted_s + 1.0)


def test_air_is_never_let_into_an_inert_step_and_opens_after_its_event(tmp_runs: Path) -> None:
    run = Valved(tmp_runs, IN_AIR + SHORT, rig=WITH_AIR)
    run.leave("carbonise", 300.0)
    run.run()
    purge_s = run.step_s("purge")
    opened_s = next(t_s for t_s, bits, _ in run.bits if bits & AIR_OPEN)
    event_s = run.spun.first("switch", output="outputs.air_valve", on=True) / NS
    assert event_s <= opened_s
    assert not any(bits & AIR_OPEN for t_s, bits, _ in run.bits if t_s > purge_s + 1.5)
    assert run.tags == []


def test_a_valve_of_air_that_does_not_shut_ends_the_inert_step(tmp_runs: Path) -> None:
    run = Valved(tmp_runs, IN_AIR + SHORT, rig=WITH_AIR)
    run.later("dry", 60.0, lambda: run.module.stick(6, True))
    run.run()
    assert run.tags[0] == "valve-open:outputs.air_valve"
    assert run.trips[0][1]["then"] == "abort"
    assert not run.spun.found("step", id="carbonise")
