"""Where everything is, as plain data for `spinrig status` and the display."""

from __future__ import annotations

from typing import Any

from rig.engine.acting import describe
from rig.engine.engine import Engine
from rig.engine.run import Run
from rig.engine.states import allowed
from rig.engine.unit import Unit
from rig.readings import NS


def status(engine: Engine, unit: Unit, run: Run | None, now_ns: int) -> dict[str, Any]:
    """The state as seen from one run and its unit, and of everything else on the rig."""
    readings = engine.readings
    return {
        "run": run.run_id if run is not None else None,
        "runs": [
            {"run": one.run_id, "state": one.state.value, "step": one.step_id, "waits_for": one.waits_for}
            for one in engine.runs
        ],
        "state": unit.state.value,
        "allowed": allowed(unit.state),
        "step": run.step_id if run is not None else None,
        "progress": engine.progress(run),
        "t_s": now_ns / NS,
        "hv_unproved": any(one.unproved for one in engine.units.values()),
        "alarms": sum(one.alarms for one in engine.units.values()),
        "alarm_list": engine.alarming.listed(),
        "alarm_flood": engine.alarming.list.flood,
        "reason": unit.reason,
        "outputs": _outputs(engine, now_ns),
        "questions": [
            {"step": q.step, "key": q.key, "text": q.text, "kind": q.kind, "unit": name}
            for name, q in engine.open_questions()
        ],
        "readings": {
            name: {"value": readings.value(name), "quality": readings.quality(name).value}
            for name in readings
        },
    }


def _outputs(engine: Engine, now_ns: int) -> dict[str, dict[str, Any]]:
    """What each output was asked for, and what is known of it."""
    proofs = {name: proof for unit in engine.units.values() for name, proof in unit.proofs.items()}
    found: dict[str, dict[str, Any]] = {}
    for name, outlet in engine.outlets.items():
        found[name] = {"kind": outlet.kind, "wanted": describe(outlet.ordered), "told_on": outlet.told_on}
        proof = proofs.get(name)
        if proof is not None:
            found[name]["proved_off"] = proof.proved
            found[name]["discharged"] = proof.proved and proof.discharged(now_ns)
    return found
