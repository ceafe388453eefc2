"""A furnace paused at the end of a heat step stands as a held one does: what its controller was told, on each model.

Set point frozen, gas kept, time in band counted and said, half an hour in hot air and four hours in inert gas at the
most (safety rule 7).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.emulators.eurotherm_programmer import State
from rig.instruments.eurotherm import HOLD_S
from rig.readings import NS
from rig.records.run import open_run
from rig.records.verify import verify_run
from tests.end_to_end.furnace_runs import FURNACE, Heating
from tests.end_to_end.test_controller_crash import MODELS, rig
from tests.end_to_end.test_each_controller import loaded

pytestmark = pytest.mark.timeout(120)

PV = f"{FURNACE}.temperature_degc"
FIRST_DEGC, SECOND_DEGC = 200.0, 240.0

INERT = f"""
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "2000 sccm"
until = {{ volumes = 6 }}
[[steps]]
id = "first"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "{FIRST_DEGC:g} degC"
soak = "2 min"
[[steps]]
id = "second"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "{SECOND_DEGC:g} degC"
soak = "2 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""

AIR = f"""
[[steps]]
id = "first"
do = "heat"
atmosphere = "air"
ramp = "10 degC/min"
to = "{FIRST_DEGC:g} degC"
soak = "2 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "air"
below = "60 degC"
"""


class Pausing:
    """A run that is paused in the ramp of its first heat step, and so stands at that step's end."""

    def __init__(self, runs: Path, recipe: str, model: str) -> None:
        self.heating = Heating(runs, recipe, rig=rig(model))
        self.host = self.heating.spun.session.host
        self.seen: list[dict[str, Any]] = []
        self.heating.spun.after("stage", 300.0, partial(self.tell, "pause"), stage="ramping")

    def tell(self, command: str) -> None:
        assert self.host.command(command, "the bubbler", "somebody") is None

    def look(self) -> None:
        """What stands in the controller at this moment."""
        control = self.heating.controller.control
        self.seen.append(
            {
                "unit": self.host.unit.state.value,
                "state": control.programmer.state,
                "setpoint": control.target(),
                "pv": control.pv,
                "power": control.output_pct,
                "program": loaded(self.heating.controller),
                "gas": self.heating.hearth.gases["gas.argon"].flow_sccm(self.heating.now_ns()),
            }
        )

    def paused(self, delay_s: float, command: str | None = None) -> None:
        """Look, and then perhaps command, so long after it came to its pause."""

        def act() -> None:
            self.look()
            if command is not None:
                self.tell(command)

        self.heating.spun.after("state", delay_s, act, to="Paused")

    def states(self) -> list[str]:
        return [str(data["to"]) for _, data in self.heating.spun.found("state")]


@pytest.mark.parametrize("model", MODELS)
def test_the_set_point_is_frozen_the_gas_kept_and_the_soak_counted(tmp_path: Path, model: str) -> None:
    run = Pausing(tmp_path, INERT, model)
    for delay_s in (60.0, 600.0):
        run.paused(delay_s)
    run.paused(1800.0, "resume")
    result = run.heating.run().result
    assert (result.ending.outcome, result.ending.reason) == ("completed", None)
    assert run.heating.trips == [] and run.heating.spun.found("alarm") == []
    assert verify_run(result.folder).status == "good"
    assert run.states()[:5] == ["Starting", "Running", "Pausing", "Paused", "Running"]
    for seen in run.seen:
        assert seen["unit"] == "Paused"
        assert seen["setpoint"] == pytest.approx(FIRST_DEGC, abs=5.0) and seen["setpoint"] <= FIRST_DEGC
        assert seen["pv"] == pytest.approx(FIRST_DEGC, abs=5.0) and seen["power"] > 0.0
        assert seen["gas"] == pytest.approx(200.0, abs=1.0)
        if model == "epc3000":  # its watchdog ends a programmer's own hold
            assert seen["state"] is State.HOLD
        else:  # a program of its own, that ends in off
            assert seen["state"] is State.RUN
            assert seen["program"].segments[1].seconds == HOLD_S
    assert len({seen["setpoint"] for seen in run.seen}) == 1, "frozen"
    spun = run.heating.spun
    paused_ns, resumed_ns = spun.first("state", to="Paused"), spun.first("state", trigger="resume")
    ended = spun.found("step", id="first", phase="ended")
    assert [(data["outcome"], data["stage"]) for _, data in ended] == [("done", "soaking")]
    (t_ns, end), stood_s = ended[0], (resumed_ns - paused_ns) / NS
    assert t_ns >= resumed_ns and end["paused_s"] == pytest.approx(stood_s, abs=1.1)
    assert end["held_s"] == pytest.approx(stood_s, abs=1.1)
    assert end["elapsed_s"] == pytest.approx(120.0 + stood_s, abs=2.5)
    programs = [data for _, data in spun.found("energise", output=FURNACE)]
    assert len(programs) >= 1
    samples = open_run(result.folder).samples
    stood = samples[(samples.index > paused_ns / NS + 30) & (samples.index < resumed_ns / NS)]
    assert set(stood["run.step"]) == {"first"} and set(stood["run.state"]) == {"Paused"}
    assert stood[PV].min() > FIRST_DEGC - 5.0 and stood[PV].max() < FIRST_DEGC + 5.0
    assert samples[PV].max() > SECOND_DEGC - 5.0


@pytest.mark.parametrize("model", MODELS)
def test_in_hot_air_it_is_stopped_after_half_an_hour(tmp_path: Path, model: str) -> None:
    run = Pausing(tmp_path, AIR, model)
    for delay_s in (60.0, 1795.0):
        run.paused(delay_s)
    result = run.heating.run().result
    assert result.ending.outcome == "stopped"
    assert "30 min in air" in str(result.ending.reason)
    assert run.heating.tags == ["held-too-long"]
    assert [seen["unit"] for seen in run.seen] == ["Paused", "Paused"]
    assert all(seen["power"] > 0.0 for seen in run.seen)
    spun = run.heating.spun
    (stopping_ns,) = [t_ns for t_ns, _ in spun.found("state", to="Stopping")]
    assert (stopping_ns - spun.first("state", to="Paused")) / NS == pytest.approx(1801.0, abs=2.0)
    assert run.heating.output_pct[60.0] == 0.0 and result.left is None
    registers = run.heating.controller.registers.values
    assert registers[24] == registers[25] == 0.0
    assert [(step["id"], step["outcome"]) for step in result.steps] == [("first", "done")]


@pytest.mark.parametrize("command", ["hold", "stop", "abort"])
def test_from_a_pause_it_goes_every_way(tmp_path: Path, command: str) -> None:
    """Held from there the limit is not counted anew; stopped and aborted from there the heater goes off at once."""
    run = Pausing(tmp_path, AIR, "epc3000")
    run.paused(1200.0, command)
    result = run.heating.run().result
    spun = run.heating.spun
    paused_ns = spun.first("state", to="Paused")
    (ended,) = spun.found("off", output=FURNACE)[-1:]
    stood_s = (ended[0] - paused_ns) / NS
    if command == "hold":
        assert run.states()[4:7] == ["Holding", "Held", "Stopping"]
        assert stood_s == pytest.approx(1801.0, abs=2.0) and run.heating.tags == ["held-too-long"]
    else:
        assert stood_s == pytest.approx(1200.0, abs=1.1) and run.heating.trips == []
    assert result.ending.outcome == ("aborted" if command == "abort" else "stopped")
    assert run.seen[0]["power"] > 0.0
