"""A shortened furnace run on each controller, to its end: ramps, soaks, and what stands in the program memory.

A 3216 has eight segments and one program, a 2416 sixteen blocks: whatever the recipe is, one segment at a time is
loaded, and each ends in *off* (safety rule 7).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.eurotherm_programmer import End, Program
from rig.emulators.eurotherm_registers import RATE_UNITS_S
from rig.records.run import open_run
from rig.records.verify import verify_run
from tests.end_to_end.furnace_runs import ARGON, FURNACE, Heating
from tests.end_to_end.test_controller_crash import MODELS, rig

pytestmark = pytest.mark.timeout(120)

PV = f"{FURNACE}.temperature_degc"

SEGMENTS = (*((5.0, 60.0 + 10.0 * number) for number in range(9)), (10.0, 300.0))
"""degC/min and degC of ten segments, more than the smaller two hold at once."""


def recipe(*segments: tuple[float, float]) -> str:
    """Purge, these segments in argon, cool."""
    heat = "".join(
        f"""[[steps.segments]]
atmosphere = "argon"
flow = "200 sccm"
ramp = "{rate:g} degC/min"
to = "{target:g} degC"
soak = "2 min"
"""
        for rate, target in segments
    )
    return f"""
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "2000 sccm"
until = {{ volumes = 6 }}
[[steps]]
id = "carbonise"
do = "heat"
{heat}
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""


def loaded(controller: EurothermEmulator) -> Program:
    """The program in the controller's memory as it would run."""
    registers = controller.registers
    if registers.blocks is not None:
        return registers.blocks.compiled(1)
    assert registers.triples is not None
    return registers.triples.compiled(RATE_UNITS_S[controller.model][int(registers.values[531])])


@pytest.mark.parametrize("model", MODELS)
def test_ten_segments_are_loaded_one_at_a_time_and_each_would_end_in_off(tmp_path: Path, model: str) -> None:
    heating = Heating(tmp_path, recipe(*SEGMENTS), rig=rig(model))
    programs: list[Program] = []
    run = heating.controller.control.run

    def runs() -> None:
        programs.append(loaded(heating.controller))
        run()

    heating.controller.control.run = runs  # type: ignore[method-assign]
    result = heating.run().result
    assert (result.ending.outcome, result.ending.reason) == ("completed", None)
    assert heating.trips == [] and heating.spun.found("alarm") == [] and result.left is None
    assert verify_run(result.folder).status == "good"
    assert len(programs) == len(SEGMENTS)
    for program, (rate, target) in zip(programs, SEGMENTS, strict=True):
        first, dwell, *rest = program.segments
        assert first.kind == "rate" and first.target == pytest.approx(target)
        assert first.rate_s * 60.0 == pytest.approx(rate)
        assert (dwell.kind, dwell.seconds) == ("dwell", 120.0 + 1800.0)
        assert {one.kind for one in rest} <= {"rate"}, "what is left over is passed in no time"
        assert [one.target for one in rest] == pytest.approx([target] * len(rest))
        assert program.end is (End.OFF if model == "3216" else End.RESET)
    samples = open_run(result.folder).samples
    heat = samples[samples["run.step"] == "carbonise"]
    soaks = [data["in_band_s"] for _, data in heating.spun.found("soak")]
    assert soaks == pytest.approx([120.0] * len(SEGMENTS), abs=1.5)
    rising = heat[(heat[PV] > 172.0) & (heat[PV] < 270.0)]
    slope = np.polyfit(rising.index, rising[PV], 1)[0] * 60.0
    print(
        f"{model}: last ramp {slope:.2f} degC/min, highest {heat[PV].max():.1f} degC, {len(heat)} s in the step"
    )
    assert slope == pytest.approx(10.0, abs=0.5)
    assert 300.0 - 5.0 < heat[PV].max() < 310.0
    warm = samples[samples[PV] >= 60.0]
    assert warm[f"{ARGON}.flow_sccm"].min() >= 199.0
    assert heating.controller.registers.values[24] == heating.controller.registers.values[25] == 0.0


@pytest.mark.parametrize("model", MODELS)
def test_a_ramp_that_is_held_for_ten_minutes_goes_on_to_its_end(tmp_path: Path, model: str) -> None:
    """Without a watchdog the hold is a program of its own, for which the heater is off for some seconds."""
    heating = Heating(tmp_path, recipe((10.0, 300.0)), rig=rig(model))
    host = heating.spun.session.host
    seen: list[float] = []

    def look() -> None:
        seen.append(heating.hearth.furnace.temperature_degc(heating.now_ns()))

    def told(command: str) -> None:
        look()
        assert host.command(command, "the bubbler", "somebody") is None

    moments: dict[float, Callable[[], object]] = {
        1200.0: partial(told, "hold"),
        1230.0: look,
        1500.0: look,
        1800.0: partial(told, "resume"),
        1830.0: look,
    }
    for delay_s, action in moments.items():
        heating.spun.after("stage", delay_s, action, stage="ramping")
    result = heating.run().result
    assert (result.ending.outcome, result.ending.reason) == ("completed", None)
    assert heating.trips == [] and result.left is None
    print(f"{model}: {', '.join(f'{degc:.1f}' for degc in seen)} degC")
    assert seen[0] > 190.0 and max(seen) - min(seen) < 10.0, "it stands while it is held"
    (soak,) = [data["in_band_s"] for _, data in heating.spun.found("soak")]
    assert soak == pytest.approx(120.0, abs=1.5)
