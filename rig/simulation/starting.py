"""Start states: emulated instruments that are found in the middle of something, as a start file says."""

from __future__ import annotations

from rig.bench.start import ClimateStart, HvStart, InputsStart, PumpStart, StartState
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.new_era import NewEraEmulator
from rig.simulation.laboratory import Laboratory


class CannotStart(Exception):
    """A start state that this version cannot emulate; the text names it."""


def apply_start(laboratory: Laboratory, start: StartState) -> None:
    """Put the laboratory into the start state at its present time. Raises CannotStart."""
    now_ns = laboratory.scheduler.now_ns
    scene = laboratory.scene
    for name, state in start.by_name.items():
        try:
            match state:
                case HvStart():
                    _supply(laboratory, name, state)
                case PumpStart():
                    _pump(laboratory, name, state)
                case InputsStart():
                    for channel, contact in state.contacts.items():
                        scene.contacts.set(now_ns, channel, contact == "closed")
                case ClimateStart():
                    scene.chamber.found_at(now_ns, state.temperature_degc, state.humidity_pct)
                case _:
                    raise CannotStart(
                        f"[{name}]: this version emulates no {name.partition('.')[0]} to be found in a state"
                    )
        except ValueError as error:
            raise CannotStart(f"[{name}]: {error}") from error


def _supply(laboratory: Laboratory, name: str, state: HvStart) -> None:
    device = laboratory.devices[name]
    if not isinstance(device, GlassmanEmulator):
        raise CannotStart(f"[{name}]: a {type(device).__name__} cannot be found switched on")
    device.found_on(abs(state.voltage_kv))


def _pump(laboratory: Laboratory, name: str, state: PumpStart) -> None:
    plunger, now_ns = laboratory.plunger(name), laboratory.scheduler.now_ns
    if state.solution is not None:
        held = [one.solution.name for one in laboratory.scene.data.streams if one.pump == name]
        if state.solution not in held:
            raise CannotStart(
                f"[{name}]: its syringe holds {held[0] if held else 'nothing that is known'}, and another solution is "
                f'put into it by recipe and run sheet, not by a start state (solution = "{state.solution}")'
            )
    if state.syringe is not None or state.loaded_ml is not None:
        syringe = state.syringe
        plunger.load(
            now_ns,
            plunger.content_ml(now_ns) if state.loaded_ml is None else state.loaded_ml,
            None if syringe is None else syringe.diameter_mm,
            None if syringe is None else syringe.volume_ml,
        )
    if state.rate_ml_h:
        device = laboratory.devices[name]
        if not isinstance(device, NewEraEmulator):
            raise CannotStart(f"[{name}]: a {type(device).__name__} cannot be found pumping")
        device.found_running(plunger.diameter_mm, state.rate_ml_h)
