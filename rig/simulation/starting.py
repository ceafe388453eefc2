"""Start states: emulated instruments that are found in the middle of something, as a start file says."""

from __future__ import annotations

from rig.bench.start import ClimateStart, FurnaceStart, GasStart, HvStart, InputsStart, PumpStart, StartState
from rig.emulators.alicat import AlicatEmulator
from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.new_era import NewEraEmulator
from rig.simulation.laboratory import Laboratory

LEFT_PROGRAM = (5.0, 2 * 3600.0)
"""A furnace that is found running, or held, is in the dwell of a program that somebody left: ramp in degC/min, and s.
"""


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
                case FurnaceStart():
                    _furnace(laboratory, name, state)
                case GasStart():
                    _gas(laboratory, name, state)
                case ClimateStart():
                    scene.chamber.found_at(now_ns, state.temperature_degc, state.humidity_pct)
                case _:
                    raise CannotStart(
                        f"[{name}]: this version emulates no {name.partition('.')[0]} to be found in a state"
                        + ("; an analyser reads what is in its tube" if name.startswith("oxygen.") else "")
                    )
        except ValueError as error:
            raise CannotStart(f"[{name}]: {error}") from error
    for hearth in laboratory.hearths.values():
        hearth.settle()


def _supply(laboratory: Laboratory, name: str, state: HvStart) -> None:
    device = laboratory.devices[name]
    if not isinstance(device, GlassmanEmulator):
        raise CannotStart(f"[{name}]: a {type(device).__name__} cannot be found switched on")
    laboratory.relays.found_on(name)
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


def _furnace(laboratory: Laboratory, name: str, state: FurnaceStart) -> None:
    """Temperature and gas first; the controller is then found off, running or held at that temperature."""
    hearth, device = laboratory.hearths[name], laboratory.devices[name]
    hearth.found(state)
    if isinstance(device, EurothermEmulator):
        device.control.step(laboratory.scheduler.now_ns)  # it has been looking at this thermocouple all along
    if state.tuning is not None:
        if not isinstance(device, EurothermEmulator):
            raise CannotStart(f"[{name}]: a {type(device).__name__} cannot be found tuned")
        device.found_tuned(*state.tuning)
    if state.program in (None, "off"):
        return
    if not isinstance(device, EurothermEmulator):
        raise CannotStart(f"[{name}]: a {type(device).__name__} cannot be found with a program")
    laboratory.relays.found_on(name)
    now_ns = laboratory.scheduler.now_ns
    furnace = hearth.furnace
    temperature_degc = furnace.temperature_degc(now_ns)
    ramp_degc_min, dwell_s = LEFT_PROGRAM
    _, power_pct = furnace.params.steady(temperature_degc)
    device.found_running([(ramp_degc_min, temperature_degc, dwell_s)], power_pct=power_pct)
    if state.program == "held":
        device.control.command("hold")


def _gas(laboratory: Laboratory, name: str, state: GasStart) -> None:
    device = laboratory.devices[name]
    if not isinstance(device, AlicatEmulator):
        raise CannotStart(f"[{name}]: a {type(device).__name__} cannot be found flowing")
    if state.flow_sccm:
        laboratory.relays.found_on(name)
    device.found_at(state.flow_sccm)
