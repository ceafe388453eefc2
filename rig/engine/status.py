"""Where everything is, as plain data for `spinrig status` and the display."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rig.engine.acting import describe
from rig.engine.clearing import allowed_now
from rig.engine.engine import Engine
from rig.engine.run import Run
from rig.engine.unit import Unit
from rig.readings import NS


def status(engine: Engine, unit: Unit, run: Run | None, now_ns: int) -> dict[str, Any]:
    """The state as seen from one run and its unit, and of everything else on the rig.

    error: the internal error after which the program only switches off and guards. failing: what could not be told;
    such a part is empty, and HV counts as unproved.
    """
    parts: dict[str, tuple[Any, Callable[[], Any]]] = {
        "runs": ([], lambda: _runs(engine)),
        "step": (None, lambda: run.step_id if run is not None else None),
        "progress": (NO_PROGRESS, lambda: engine.progress(run)),
        "hv_unproved": (True, lambda: any(one.unproved for one in engine.units.values())),
        "alarms": (0, lambda: sum(one.alarms for one in engine.units.values())),
        "alarm_list": ([], lambda: engine.alarming.listed()),
        "alarm_flood": (False, lambda: engine.alarming.list.flood),
        "outputs": ({}, lambda: _outputs(engine, now_ns)),
        "questions": ([], lambda: _questions(engine)),
        "kept_away": ({}, lambda: _kept_away(engine)),
        "readings": ({}, lambda: _readings(engine)),
    }
    found: dict[str, Any] = {
        "run": run.run_id if run is not None else None,
        "state": unit.state.value,
        "allowed": allowed_now(unit),
        "t_s": now_ns / NS,
        "reason": unit.reason,
        "error": engine.error,
    }
    failing: list[str] = []
    for name, (empty, part) in parts.items():
        try:
            found[name] = part()
        except Exception as error:
            found[name] = empty
            failing.append(f"{name}: {type(error).__name__}: {error}")
    return {**found, "failing": failing}


NO_PROGRESS: Final[dict[str, Any]] = {"units": {}, "visit": None, "step": None}


def _runs(engine: Engine) -> list[dict[str, Any]]:
    return [
        {
            "run": one.run_id,
            "state": one.state.value,
            "step": one.step_id,
            "waits_for": one.waits_for or (one.unit.kept_away if one.under_way else None),
        }
        for one in engine.runs
    ]


def _kept_away(engine: Engine) -> dict[str, str]:
    """By unit: why a question of it is not put yet."""
    return {name: one.kept_away for name, one in engine.units.items() if one.kept_away is not None}


def _questions(engine: Engine) -> list[dict[str, Any]]:
    return [
        {"step": q.step, "key": q.key, "text": q.text, "kind": q.kind, "unit": name}
        for name, q in engine.open_questions()
    ]


def _readings(engine: Engine) -> dict[str, dict[str, Any]]:
    readings = engine.readings
    return {
        name: {"value": readings.value(name), "quality": readings.quality(name).value} for name in readings
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
