"""What is left on, hot or unproved as a host goes, in sentences for the person who stands there."""

from __future__ import annotations

from collections.abc import Iterable

from rig.engine.engine import Engine
from rig.engine.furnace_leaving import CLOSED_SCCM
from rig.engine.unit import Unit


def what_is_left(engine: Engine, units: Iterable[Unit], now_ns: int) -> str | None:
    """What of these units is on, hot or not proved off, in a sentence; None when there is nothing."""
    left: list[str] = []
    for unit in units:
        left += _supplies(engine, unit, now_ns)
        left += [
            f"{name} did not acknowledge its stop"
            for name, kind in unit.spec.outputs.items()
            if kind == "pump" and engine.outlets[name].told_on
        ]
    for unit in units:
        hot = _hot(engine, unit)
        if hot is not None:
            left.append(hot)
        left += _unguarded_gas(engine, unit, hot or "")
    return "; ".join(left) + "; nobody is watching" if left else None


def _hot(engine: Engine, unit: Unit) -> str | None:
    """What a unit itself says; after an internal error also that it cannot say it."""
    if unit.spec.left is None:
        return None
    try:
        return unit.spec.left(engine.readings)
    except Exception as error:
        if engine.error is None:
            raise
        return f"{unit.name} in an unknown state ({type(error).__name__}: {error})"


def _unguarded_gas(engine: Engine, unit: Unit, said: str) -> Iterable[str]:
    """After an internal error nobody may have closed a gas, whatever the unit knew of it: each that flows is named."""
    if engine.error is None:
        return
    for name, kind in unit.spec.outputs.items():
        if kind != "gas" or f"{name} " in said:
            continue
        flow = engine.readings.value(f"{name}.flow_sccm")
        if flow is None:
            yield f"{name} at an unknown flow"
        elif flow > CLOSED_SCCM:
            yield f"{name} {flow:.0f} sccm left on"


def _supplies(engine: Engine, unit: Unit, now_ns: int) -> Iterable[str]:
    for name, proof in unit.proofs.items():
        if not proof.proved:
            yield f"{name} is NOT PROVED OFF ({proof.explain(engine.readings).partition(': ')[2]})"
        elif not proof.discharged(now_ns):
            yield f"{name} is off, its discharge time is not over"
        elif proof.attested_ns is not None and proof.proved_ns is None:
            yield f"{name} is off by attestation, not by read-back"


def release_failures(engine: Engine) -> str:
    """Outputs that did not take their last "off" as the ports were closed, and those on a line that hangs."""
    failed = [
        f"{report.member} did not acknowledge its last off ({report.text})"
        for line in engine.lines.values()
        for report in line.reports
        if report.what == "failed" and report.member in engine.outlets
    ]
    failed += [
        f"{name} did not acknowledge its last off (line {line.name} hangs)"
        for line in engine.lines.values()
        if not line.let_go
        for name in line.members
        if name in engine.outlets and engine.outlets[name].kind != "gas"
    ]
    return "; ".join(failed)
