"""The guard: what a unit's phase requests goes in, what may be done comes out. The only road to the instruments.

It moves an output only towards its safe side. It holds in every state of a unit, Idle, Complete and Aborted included,
and it does not trust anything above it: a request beyond a limit means a bug above, and takes all outputs of the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rig.outputs import HV_OFF, PUMP_OFF, HvOutput, Output, PumpOutput
from rig.safety.conditions import Interlocks, OutputView, Situation, Trip
from rig.safety.limits import HvLimits, Limit, widest_pair

MAY_ENERGISE = frozenset({"Running", "Restarting", "Pausing"})
"""States of a unit in which high voltage may be switched on or raised and pumps started."""

MAY_KEEP = frozenset({"Holding", "Stopping", "Completing"})
"""States of an orderly end: what is on may stay on while it is brought down, and may not be raised."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A request that must not exist: a bug above the guard. It takes every output of the unit and aborts it."""

    output: str
    text: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """What may be done, what has just tripped, and which outputs were taken away by which condition."""

    outputs: Mapping[str, Output]
    trips: tuple[Trip, ...]
    taken: Mapping[str, str]
    breaches: tuple[Breach, ...]


def safe_side(kind: str) -> Output:
    """The off state of an output of this kind."""
    return HV_OFF if kind == "hv" else PUMP_OFF


def guard(
    requested: Mapping[str, Output],
    situation: Situation,
    state: str,
    interlocks: Interlocks,
    supplies: Mapping[str, HvLimits],
    pair_limit: Limit,
    before: Mapping[str, Output],
) -> Permitted:
    """One scan's decision for one unit.

    requested: wanted states by output name; one that is missing is wanted off. before: what was permitted at the scan
    before. `interlocks` is advanced by this call and is the only thing changed.
    """
    trips = interlocks.evaluate(situation)
    taken = interlocks.taken(situation.outputs.values())
    permitted: dict[str, Output] = {}
    breaches: list[Breach] = []
    for name, view in situation.outputs.items():
        off = safe_side(view.kind)
        wanted = requested.get(name, off)
        if not wanted.energised:
            permitted[name] = off
            continue
        breach = _beyond(name, view, wanted, state, supplies, before.get(name))
        if breach is not None:
            breaches.append(Breach(name, breach))
        permitted[name] = off if name in taken or breach is not None else wanted
    for name, output in permitted.items():
        # What is not proved off counts at its full voltage: no supply is switched on beside one that is not.
        view = situation.outputs[name]
        fresh = isinstance(output, HvOutput) and output.on and not _was_on(before.get(name))
        if fresh and view.told is None and _beside_unproved(name, situation):
            permitted[name] = HV_OFF
    pair = widest_pair(
        {
            name: output.voltage_kv if output.on else 0.0
            for name, output in permitted.items()
            if isinstance(output, HvOutput)
        }
    )
    if pair is not None and pair.difference_kv > pair_limit.value:
        apart = f"{pair.first} and {pair.second} would be {pair.difference_kv:g} kV apart"
        breaches.append(Breach(pair.first, f"{apart}, limit {pair_limit}"))
    if breaches:
        permitted = {name: safe_side(view.kind) for name, view in situation.outputs.items()}
    elif any(situation.outputs[name].kind == "hv" for name in taken):
        # When one supply of a unit trips, all of them go.
        for name, view in situation.outputs.items():
            if view.kind == "hv":
                permitted[name] = HV_OFF
    return Permitted(permitted, tuple(trips), taken, tuple(breaches))


def _was_on(output: Output | None) -> bool:
    return isinstance(output, HvOutput) and output.on


def _beside_unproved(name: str, situation: Situation) -> bool:
    """Whether another supply of the unit is neither wanted on nor proved off."""
    return any(
        view.kind == "hv" and other != name and not view.wanted and not view.proved_off
        for other, view in situation.outputs.items()
    )


def _beyond(
    name: str,
    view: OutputView,
    wanted: Output,
    state: str,
    supplies: Mapping[str, HvLimits],
    before: Output | None,
) -> str | None:
    """Why this request must not exist, or None."""
    if isinstance(wanted, HvOutput):
        if view.kind != "hv":
            return f"a voltage was requested of {name}, which is a {view.kind}"
        limits = supplies[name]
        refused = limits.refuses(wanted.voltage_kv)
        if refused is not None:
            return f"{refused} was requested"
        if wanted.limit_ua > limits.current_ua.value:
            return f"{wanted.limit_ua:g} µA requested of {name}, limit {limits.current_ua}"
        if state in MAY_ENERGISE:
            return None
        if state in MAY_KEEP and isinstance(before, HvOutput) and before.on:
            if abs(wanted.voltage_kv) <= abs(before.voltage_kv):
                return None
            return f"{name} would be raised in state {state}"
        return f"{name} would be switched on in state {state}"
    if view.kind != "pump" or not isinstance(wanted, PumpOutput):
        return f"a flow was requested of {name}, which is a {view.kind}"
    if wanted.diameter_mm <= 0:
        return f"{name} would run without a syringe diameter"
    if state in MAY_ENERGISE:
        return None
    if state in MAY_KEEP and isinstance(before, PumpOutput) and before.running:
        if abs(wanted.rate_ml_h) <= abs(before.rate_ml_h) and wanted.diameter_mm == before.diameter_mm:
            return None
        return f"{name} would be changed in state {state}"
    return f"{name} would be started in state {state}"
