"""The emergency stop takes the furnace too, and its gas goes on (safety rule 4, invariant 10)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from rig.readings import NS
from tests.end_to_end.furnace_runs import CARBONISE, Heating

pytestmark = pytest.mark.timeout(120)

MILD = CARBONISE.replace("800 degC", "300 degC").replace("20 min", "1 min")


def test_an_emergency_stop_during_carbonisation_takes_the_heater_and_leaves_the_gas(tmp_path: Path) -> None:
    heating = Heating(tmp_path, MILD)
    contacts = heating.spun.lab.scene.contacts
    pressed_ns: list[int] = []

    def press() -> None:
        pressed_ns.append(heating.now_ns())
        contacts.set(heating.now_ns(), "emergency_stop_ok", False)

    heating.spun.after("step", 1200.0, press, id="carbonise", phase="started")
    heating.run()
    assert heating.tags[0] == "furnace-emergency-stop"
    trip_ns = heating.trips[0][0]
    assert 0 <= trip_ns - pressed_ns[0] <= 0.5 * NS
    assert heating.output_pct[60.0] == 0.0
    assert heating.result.ending.outcome == "aborted"
    assert heating.pv_at_trip_degc > 100.0
    early = [sccm for t_s, sccm in heating.argon_told(trip_ns) if t_s * NS < trip_ns + 60 * NS]
    assert all(sccm >= 200.0 for sccm in early)


def test_one_that_cannot_be_read_counts_as_pressed(tmp_path: Path) -> None:
    heating = Heating(tmp_path, MILD)
    wire = heating.spun.lab.wire_of("inputs.bench")
    for delay_s, silent in ((1200.0, True), (1300.0, False)):
        heating.spun.after(
            "step", delay_s, partial(wire.set_fault, "silent", silent), id="carbonise", phase="started"
        )
    heating.run()
    assert {"furnace-emergency-stop-unread", "furnace-exhaust-unread"} <= set(heating.tags)
    assert heating.output_pct[60.0] == 0.0
    assert heating.result.ending.outcome == "aborted"
