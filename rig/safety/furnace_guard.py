"""The guard of a furnace: the heater only downwards, inert gas over a hot tube only upwards (safety rules 3 and 4).

No command lowers inert gas over a tube that is not proved cold, except over-pressure (to zero) and the loss of the
furnace exhaust (to the hot minimum, never below; also while a colder tube is still to be flushed). In a step of air an
inert gas stays until the tube is flushed. Air and reactive gases are closed by a trip of the heater and by an
abort, and a step that does not want them closes them, however hot the tube is. When the furnace is at rest, no step
wants its gas any more and the tube is proved cold, the gas is closed. Where the inert gas of a hot tube is lost,
another one is opened.
"""

from __future__ import annotations

from collections.abc import Mapping

from rig.outputs import FURNACE_OFF, FurnaceOutput, GasOutput, Output
from rig.readings import NS
from rig.safety.conditions import Interlocks, Situation
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.furnace_gas import as_found, cut_without_exhaust, flow_of, in_air
from rig.safety.guard import MAY_ENERGISE, Breach, Permitted
from rig.safety.heating_gas import gas_lost_tag

MAY_HOLD_HEAT = frozenset({"Holding", "Held", "Paused", "Completing"})
"""States in which a program may stay held, but none may be started."""

AT_REST = frozenset({"Idle", "Complete", "Stopped", "Aborted"})
"""States in which no step is under way."""

CUT = frozenset({"Aborting", "Aborted", "Clearing"})
"""States in which air and reactive gases are closed; trips of the heater close them as well."""

COLD_FOR_NS = 60 * NS
"""So long the tube has to be proved cold before the gas is closed."""


def furnace_guard(
    furnace: str,
    requested: Mapping[str, Output],
    situation: Situation,
    state: str,
    interlocks: Interlocks,
    limit_degc: float,
    limit_ramp_degc_min: float,
    full_scale_sccm: Mapping[str, float],
    before: Mapping[str, Output],
) -> Permitted:
    """One scan's decision for one furnace with its gases. See `rig.safety.guard.guard`.

    A gas that is missing in the answer is left as it is: nobody knows yet what flows.
    """
    facts = situation.facts
    assert isinstance(facts, FurnaceFacts)
    trips = interlocks.evaluate(situation)
    taken = interlocks.taken(situation.outputs.values())
    temperature = facts.reckoned_degc(situation.readings.value(f"{furnace}.temperature_degc"))
    hot = temperature is None or temperature > facts.open_degc
    before = as_found(before, situation.outputs, facts, full_scale_sccm, state in AT_REST, hot)
    breaches: list[Breach] = []
    permitted: dict[str, Output] = {}
    for name, view in situation.outputs.items():
        if view.kind == "furnace":
            output, breach = _heat(
                name, requested.get(name), state, limit_degc, limit_ramp_degc_min, before.get(name)
            )
        else:
            gas, breach = _gas(name, requested.get(name), full_scale_sccm[name], before.get(name))
            if breach is not None:
                breaches.append(Breach(name, breach))
            if gas is not None:
                permitted[name] = gas
            continue
        if breach is not None:
            breaches.append(Breach(name, breach))
        permitted[name] = output
    lowering = temperature is not None and temperature < facts.cold_degc and state in MAY_ENERGISE
    # Whatever else has tripped before it: of several that take the heater `taken` names the first only.
    exhaust_lost = any(condition.tag.startswith("furnace-exhaust") for condition in interlocks.latched())
    exhaust_lost = exhaust_lost and cut_without_exhaust(facts, temperature)
    held_up = (hot and not lowering) or (in_air(facts) and facts.flush.owed)
    for name, view in situation.outputs.items():
        if name in taken and view.kind == "furnace":
            permitted[name] = FURNACE_OFF
    if breaches:
        permitted[furnace] = FURNACE_OFF
    closing = state in AT_REST and gas_may_end(facts, situation.readings.now_ns)
    cut = furnace in taken or bool(breaches) or state in CUT
    for name, view in situation.outputs.items():
        reactive = name not in facts.inert_gases
        taken_away = name in taken or (reactive and cut)
        if view.kind == "gas" and (name in permitted or taken_away):
            permitted[name] = _kept(
                permitted.get(name),
                before.get(name),
                taken_away or closing,
                held_up and not reactive,
                exhaust_lost,
                facts,
            )
    if hot and not any(situation.outputs[name].kind == "gas" for name in taken):
        _stand_in(furnace, permitted, interlocks, full_scale_sccm, exhaust_lost, facts)
    return Permitted(permitted, tuple(trips), taken, tuple(breaches))


def gas_may_end(facts: FurnaceFacts, now_ns: int) -> bool:
    """Whether gas that no step wants any more may be closed: cold, proved, believed, and not being flushed."""
    cold = facts.cold_since_ns is not None and now_ns - facts.cold_since_ns >= COLD_FOR_NS
    return facts.gas_ends and cold and not facts.doubted and not facts.flush.under_way(now_ns)


def _stand_in(
    furnace: str,
    permitted: dict[str, Output],
    interlocks: Interlocks,
    full_scale_sccm: Mapping[str, float],
    exhaust_lost: bool,
    facts: FurnaceFacts,
) -> None:
    """Another inert gas for one that is lost over a hot tube: the first there is, with the flow that was wanted."""
    lost = [name for name in facts.inert_gases if interlocks.tripped(gas_lost_tag(name, furnace))]
    others = [name for name in facts.inert_gases if name not in lost and name in permitted]
    if not lost or not others:
        return
    wanted = max(flow_of(permitted.get(name)) for name in lost)
    wanted = min(wanted, full_scale_sccm[others[0]])
    if exhaust_lost:
        wanted = min(wanted, facts.hot_minimum_sccm)
    permitted[others[0]] = GasOutput(max(wanted, flow_of(permitted[others[0]])))


def _heat(
    name: str, wanted: Output | None, state: str, limit_degc: float, limit_ramp: float, before: Output | None
) -> tuple[Output, str | None]:
    if wanted is None or not wanted.energised:
        return FURNACE_OFF, None
    if not isinstance(wanted, FurnaceOutput):
        return FURNACE_OFF, f"{wanted} was requested of {name}"
    for segment in wanted.segments:
        if segment.target_degc > limit_degc:
            return FURNACE_OFF, f"{segment.target_degc:g} °C requested of {name}, limit {limit_degc:g} °C"
        if segment.ramp_degc_min > limit_ramp:
            return (
                FURNACE_OFF,
                f"{segment.ramp_degc_min:g} °C/min requested of {name}, limit {limit_ramp:g} °C/min",
            )
    if state in MAY_ENERGISE:
        return wanted, None
    if (
        state in MAY_HOLD_HEAT
        and wanted.mode == "hold"
        and isinstance(before, FurnaceOutput)
        and before.energised
    ):
        return wanted, None
    return FURNACE_OFF, f"{name} would be heated in state {state}"


def _gas(
    name: str, wanted: Output | None, full_scale: float, before: Output | None
) -> tuple[Output | None, str | None]:
    kept = before if isinstance(before, GasOutput) else None
    if wanted is None:
        return kept, None
    if not isinstance(wanted, GasOutput):
        return kept, f"{wanted} was requested of {name}"
    if wanted.flow_sccm > full_scale:
        return kept, f"{wanted.flow_sccm:g} sccm requested of {name}, full scale {full_scale:g} sccm"
    return wanted, None


def _kept(
    output: Output | None,
    before: Output | None,
    closed: bool,
    hold_up: bool,
    exhaust_lost: bool,
    facts: FurnaceFacts,
) -> Output:
    """exhaust_lost: and the gas is to be cut for it.

    closed: by over-pressure, the one exception over a hot tube, as a reactive gas, or because it is at its end.
    """
    if closed:
        return GasOutput(0.0)
    assert isinstance(output, GasOutput)
    flowed = flow_of(before)
    if exhaust_lost:
        return GasOutput(min(flowed if flowed > 0 else output.flow_sccm, facts.hot_minimum_sccm))
    if hold_up and output.flow_sccm < flowed:
        return GasOutput(flowed)
    return output
