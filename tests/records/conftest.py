"""A small recorded run, as the engine would write it, for every test here."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.records.samples import Channel
from rig.records.utc import NS_PER_S, SIMULATED_ORIGIN
from rig.records.writer import RunRecord

RECIPE = b"""format = 1
name = "TiO2@PCNF <interlayer>"
summary = "TiO2-decorated nanofibres & more"
source = { doi = "10.1039/d0ra01791d" }

[solutions.pan-pmma]
solvents = [{ name = "DMF" }]
concentration = "12 wt%"
[[solutions.pan-pmma.solutes]]
name = "PAN"
molar_mass = "150 kg/mol"
parts = 7

[solutions.tio2]
solvents = [{ name = "methanol" }]
solutes = [{ name = "TiO2", particle_size = "30 nm" }]
concentration = "1 wt%"
conductivity = "100 uS/m"
assumed = ["concentration", "conductivity"]

[[steps]]
id = "co-deposit"
do = "spin"
duration = "4 h"
voltage = "20 kV"
distance = "20 cm"
needle = { gauge = "21 G" }
collector = { kind = "plate" }
humidity = { min = "30 %RH", max = "55 %RH", on_leave = "warn" }
assumed = ["duration", "needle", "collector", "humidity"]
[[steps.streams]]
solution = "pan-pmma"
mode = "electrospin"
rate = "1 ml/h"
[[steps.streams]]
solution = "tio2"
mode = "electrospray"
rate = "1 ml/h"

[[steps]]
id = "transfer"
do = "prompt"
say = "Peel the mat off the collector, weigh it."
record = { mat_mass = { unit = "mg", expect = "300 mg .. 700 mg", simulate = "470 mg" } }
"""

RIG = b"""format = 1
name = "Bench <1>"
[safety]
furnace_limiter = true
exhaust_ducted = true
presence = "console"
"""

SHEET = b'sample = "S-2026-117"\n'

CHANNELS = (
    Channel("pumps.a.rate_ml_h", "ml/h", "pumps.a", "flow rate"),
    Channel("pumps.a.rate_set_ml_h", "ml/h", "pumps.a", "flow rate"),
    Channel("pumps.a.delivered_ml", "ml", "pumps.a", "volume"),
    Channel("pumps.b.rate_ml_h", "ml/h", "pumps.b", "flow rate"),
    Channel("pumps.b.delivered_ml", "ml", "pumps.b", "volume"),
    Channel("hv.needle.voltage_kv", "kV", "hv.needle", "voltage"),
    Channel("hv.needle.voltage_set_kv", "kV", "hv.needle", "voltage"),
    Channel("hv.needle.current_ua", "uA", "hv.needle", "current"),
    Channel("hv.needle.output", "", "hv.needle", "switch"),
    Channel("current.collector.current_na", "nA", "current.collector", "current"),
    Channel("climate.chamber.humidity_pct", "%RH", "climate.chamber", "relative humidity"),
    Channel("climate.chamber.temperature_degc", "degC", "climate.chamber", "temperature"),
    Channel("inputs.bench.door_closed", "", "inputs.bench", "contact"),
    Channel("run.state", "", "run", "text"),
    Channel("run.step", "", "run", "text"),
    Channel("jet.collector.mode", "", "current.collector", "text"),
)

OPENED: dict[str, object] = {
    "recipe": {"id": "tio2-pcnf", "name": "TiO2@PCNF <interlayer>", "revision": 1},
    "rig": {"name": "Bench <1>"},
    "sheet": {"sample": "S-2026-117"},
    "seed": 7,
    "simulated": True,
}

OUTSIDE: dict[str, object] = {
    "operator": "M. Röhr <script>alert(1)</script>",
    "host": "bench-pc",
    "versions": {"spinrig": "0.1.0", "python": "3.11.7"},
}

RUN_ID = "2000-01-01T000000Z_tio2-pcnf_k3f9"


def create(runs_dir: Path, **changes: Any) -> RunRecord:
    """An open record; `changes` replace arguments of RunRecord.create."""
    given: dict[str, Any] = {
        "run_id": RUN_ID,
        "recipe_bytes": RECIPE,
        "rig_bytes": RIG,
        "sheet_bytes": SHEET,
        "opened": OPENED,
        "outside": OUTSIDE,
        "channels": CHANNELS,
        "durable": False,
        "trace": False,
        "start_utc": SIMULATED_ORIGIN,
    }
    return RunRecord.create(runs_dir, **(given | changes))


def write_course(record: RunRecord, seconds: int, seed: int = 7) -> None:
    """A spin step of `seconds` with ramp, noise, a stale minute of the climate line, and a prompt behind it."""
    chance = random.Random(f"{seed} course")
    record.event(
        "identity", {"instrument": "hv.needle", "driver": "glassman", "says": "FJ40P03, v2 & <b>"}, 0
    )
    record.event("identity", {"instrument": "pumps.a", "driver": "new-era", "says": "NE1000V3.926"}, 0)
    record.event("state", {"unit": "spin", "from": "idle", "to": "execute", "trigger": "start"}, NS_PER_S)
    record.event("step", {"id": "co-deposit", "do": "spin", "phase": "started"}, NS_PER_S)
    stale = range(seconds // 3, seconds // 3 + max(2, seconds // 20))
    for second in range(seconds):
        t_ns = second * NS_PER_S
        ramp = min(1.0, second / 20)
        delivered = max(0, second - 5) / 3600
        values: dict[str, float | str | None] = {
            "pumps.a.rate_ml_h": 1.0 if second > 5 else 0.0,
            "pumps.a.rate_set_ml_h": 1.0,
            "pumps.a.delivered_ml": round(delivered, 3),
            "pumps.b.rate_ml_h": 1.0 if second > 5 else 0.0,
            "pumps.b.delivered_ml": round(delivered * 1.004, 3),
            "hv.needle.voltage_kv": round(20 * ramp / 0.0391) * 0.0391,
            "hv.needle.voltage_set_kv": 20 * ramp,
            "hv.needle.current_ua": 0.0,
            "hv.needle.output": 1.0,
            "current.collector.current_na": 590 * ramp + 25 * chance.gauss(0, 1),
            "inputs.bench.door_closed": True,
            "run.state": "execute",
            "run.step": "co-deposit",
            "jet.collector.mode": "cone-jet" if ramp == 1 else "dripping",
        }
        if second % 2 == 0 and second not in stale:
            values["climate.chamber.humidity_pct"] = round(
                42 + 3 * math.sin(second / 900) + chance.gauss(0, 0.2), 1
            )
            values["climate.chamber.temperature_degc"] = round(23 + chance.gauss(0, 0.05), 2)
        if second == stale.start:
            record.quality(t_ns, "climate.chamber.humidity_pct", "stale")
        if second == stale.stop:
            record.quality(t_ns, "climate.chamber.humidity_pct", "good")
        record.sample(t_ns, values)
        record.tick(t_ns)
    end = seconds * NS_PER_S
    record.event(
        "alarm", {"tag": "CLIMATE", "text": "humidity stale for 12 min", "priority": "low"}, end // 2
    )
    record.event(
        "trip", {"tag": "DOOR", "text": "door open", "took": "hv.needle", "value": 0, "limit": 1}, end // 2
    )
    record.event("proof", {"what": "HV off", "unit": "spin", "monitor_v": 0.0, "readings": 3}, end)
    record.event(
        "step",
        {"id": "co-deposit", "phase": "ended", "outcome": "completed", "duration_s": seconds - 1.0},
        end,
    )
    record.event("step", {"id": "transfer", "do": "prompt", "phase": "started"}, end)
    record.event("question", {"step": "transfer", "say": "Peel the mat off the collector, weigh it."}, end)
    record.event("answer", {"step": "transfer", "answers": {"mat_mass": "472 mg"}, "user": "<i>mr</i>"}, end)
    record.event(
        "step",
        {"id": "transfer", "phase": "ended", "outcome": "completed", "duration_s": 30.0},
        end + 30 * NS_PER_S,
    )


def outcome(seconds: int) -> dict[str, object]:
    """How that course ends."""
    return {
        "outcome": "completed",
        "early": False,
        "reason": None,
        "steps": [
            {"id": "co-deposit", "do": "spin", "outcome": "completed", "duration_s": seconds - 1.0},
            {"id": "transfer", "do": "prompt", "outcome": "completed", "duration_s": 30.0},
        ],
        "alarms": 1,
    }


def record_run(runs_dir: Path, seconds: int = 130, **changes: Any) -> Path:
    """A closed run; its folder."""
    record = create(runs_dir, **changes)
    write_course(record, seconds)
    assert record.close((seconds + 31) * NS_PER_S, outcome(seconds)) is not None
    assert record.failed is None
    return record.folder


class Recorder:
    """What the tests get of this file: with importlib's import mode they cannot import it."""

    RECIPE, RIG, SHEET, CHANNELS, OPENED, OUTSIDE, RUN_ID = (
        RECIPE,
        RIG,
        SHEET,
        CHANNELS,
        OPENED,
        OUTSIDE,
        RUN_ID,
    )
    create = staticmethod(create)
    course = staticmethod(write_course)
    outcome = staticmethod(outcome)
    run = staticmethod(record_run)


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """The folder of a closed run of 130 s."""
    return record_run(tmp_path / "runs")


@pytest.fixture
def new_record(tmp_path: Path) -> Callable[..., RunRecord]:
    """Make an open record in tmp_path/runs."""

    def make(**changes: Any) -> RunRecord:
        return create(tmp_path / "runs", **changes)

    return make
