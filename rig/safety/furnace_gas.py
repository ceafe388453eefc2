"""The gas of a tube as it really stands: found otherwise than it was told, kept over a hot tube, put on at a start.

The guard (`furnace_guard`) decides by what was permitted before. A flow controller that lost its mains, or was turned
at its panel, stands elsewhere: what is found higher over a hot tube is not lowered, what is found lower is told again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from rig.outputs import GasOutput, Output
from rig.readings import NS, Readings
from rig.safety.conditions import OutputView
from rig.safety.furnace_facts import Atmosphere, FurnaceFacts
from rig.safety.heating_exhaust import EXHAUST_ABOVE_DEGC

SILENT_NS: Final = 30 * NS
"""A flow controller, or a furnace, that has said nothing so long after the first look is not waited for."""


def flow_of(output: Output | None) -> float:
    """The flow that is wanted, sccm; nothing where none is."""
    return output.flow_sccm if isinstance(output, GasOutput) else 0.0


def cut_without_exhaust(facts: FurnaceFacts, reckoned_degc: float | None) -> bool:
    """Whether gas goes to its hot minimum with the exhaust lost: hot or of unknown temperature, or not flushed yet
    of what a hot inert step has left in it."""
    above_degc = min(facts.open_degc, EXHAUST_ABOVE_DEGC)
    return reckoned_degc is None or reckoned_degc > above_degc or facts.flush.owed


def in_air(facts: FurnaceFacts) -> bool:
    """Whether the present step is one of air or of a reactive gas."""
    return facts.atmosphere is not None and not facts.atmosphere.inert


def as_found(
    before: Mapping[str, Output],
    outputs: Mapping[str, OutputView],
    facts: FurnaceFacts,
    full_scale_sccm: Mapping[str, float],
    at_rest: bool,
    hot: bool,
) -> Mapping[str, Output]:
    """What was permitted before, put right by what flow controllers show (`OutputView.found`).

    An inert gas that is found flowing more is taken as it is, so that telling the controller again lowers nothing; one
    that somebody has turned down counts as turned down only where no step wants it and the tube is cold and flushed.
    """
    right: dict[str, Output] = {}
    for name, view in outputs.items():
        was = before.get(name)
        if view.found is None or not isinstance(was, GasOutput):
            continue
        shown_sccm = min(view.found.flow_sccm, full_scale_sccm[name])
        more = shown_sccm > was.flow_sccm and name in facts.inert_gases
        less = shown_sccm < was.flow_sccm and at_rest and not hot and not facts.flush.owed
        if more or less:
            right[name] = GasOutput(shown_sccm)
    return {**before, **right} if right else before


def kept_gas(facts: FurnaceFacts, reckoned_degc: float | None) -> Atmosphere | None:
    """The inert gas that is over the tube whatever the present step says: set, and the tube above its cold limit, of
    unknown temperature or not flushed yet. What guards an inert step guards it as well."""
    flowing = [name for name in facts.inert_gases if facts.permitted_sccm.get(name, 0.0) > 0.0]
    hot = reckoned_degc is None or reckoned_degc > facts.cold_degc
    if not flowing or not (hot or facts.flush.owed):
        return None
    step, kept = facts.atmosphere, facts.kept
    last = step.gas if step is not None and step.inert else kept.gas if kept is not None else None
    gas = last if last in flowing else flowing[0]
    if kept is not None and kept.gas == gas:
        return kept
    return Atmosphere(gas.partition(".")[2], True, gas, None)


def put_on(
    furnace: str,
    gases: Collection[str],
    facts: FurnaceFacts,
    readings: Readings,
    before: Mapping[str, Output],
) -> Mapping[str, Output]:
    """What was permitted before, with inert gas put on where a start finds a tube that is not proved cold and none set.

    Safety rule 8: inert gas on over a tube that is not proved cold; at its hot minimum, the one flow that is declared
    for a tube of which nothing is known and right with and without the exhaust. Looked at once, when the furnace and
    all its gases have been read, before any step of ours has begun; nothing is lowered by it.
    """
    if facts.looked:
        return before
    if facts.atmosphere is not None:
        facts.looked = True
        return before
    process = f"{furnace}.temperature_degc"
    heard = [process, *(f"{name}.setpoint_sccm" for name in gases)]
    if facts.first_look_ns is None:
        facts.first_look_ns = readings.now_ns
    waited = readings.now_ns - facts.first_look_ns > SILENT_NS
    known = [name for name in facts.inert_gases if isinstance(before.get(name), GasOutput)]
    if not known or not (waited or all(readings.get(channel) is not None for channel in heard)):
        return before
    facts.looked = True
    degc = facts.reckoned_degc(readings.value(process))
    if (degc is not None and degc < facts.open_degc) or any(flow_of(before[name]) > 0.0 for name in known):
        return before
    at = "at an unknown temperature" if degc is None else f"at {degc:.0f} °C"
    gas, sccm = known[0], facts.hot_minimum_sccm
    facts.put_on = f"No inert gas was set over {furnace}, found {at}: {gas} was put on, {sccm:g} sccm."
    return {**before, gas: GasOutput(sccm)}
