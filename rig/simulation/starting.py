"""Start states: emulated instruments that are found in the middle of something, as a start file says."""

from __future__ import annotations

from rig.bench.start import ClimateStart, HvStart, InputsStart, PumpStart, StartState
from rig.readings import NS
from rig.simulation.laboratory import Laboratory


class CannotStart(Exception):
    """A start state that this version cannot emulate; the text names it."""


def apply_start(laboratory: Laboratory, start: StartState) -> None:
    """Put the laboratory into the start state at its present time. Raises CannotStart."""
    now_ns = laboratory.scheduler.now_ns
    scene = laboratory.scene
    for name, state in start.by_name.items():
        match state:
            case HvStart():
                supply = scene.supplies[name]
                supply.program(now_ns, abs(state.voltage_kv), supply.rating_ma)
                supply.enable(now_ns, True)
            case PumpStart():
                plunger = laboratory.plunger(name)
                if state.rate_ml_h is not None:
                    plunger.drive(now_ns, state.rate_ml_h / plunger.ml_per_mm)
            case InputsStart():
                for channel, contact in state.contacts.items():
                    scene.contacts.set(now_ns, channel, contact == "closed")
            case ClimateStart():
                if state.humidity_pct is not None and state.humidity_pct > 60:
                    scene.chamber.humid(now_ns, True)
            case _:
                raise CannotStart(
                    f"{name}: this version emulates no {name.partition('.')[0]} to be found in a state"
                )


def seconds(now_ns: int) -> float:
    """Seconds of an integer time."""
    return now_ns / NS
