"""The spinning station as a unit: which outputs, limits, conditions and proofs the bench gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rig.bench.capabilities import limits_of
from rig.bench.model import Bench
from rig.engine.arc_back_off import ArcBackOff
from rig.engine.clients import Clients
from rig.engine.connect import kind_of, monitor_steps_kv
from rig.engine.jet_watching import JetWatching
from rig.engine.phases.plans import SpinPlan
from rig.engine.phases.prime import PrimePhase
from rig.engine.phases.spin import SpinPhase
from rig.engine.planning import permissives
from rig.engine.states import State
from rig.engine.switching import relay_watches, watches_of
from rig.engine.unit import Unit, UnitSpec
from rig.lines.board import Board
from rig.lines.line import Line
from rig.outputs import Output
from rig.readings import Readings
from rig.safety.attendance import attendance_conditions
from rig.safety.climate import climate_conditions
from rig.safety.conditions import Interlocks, Situation
from rig.safety.guard import Permitted, guard
from rig.safety.jet_condition import jet_condition
from rig.safety.limits import Limit, pair_limit
from rig.safety.proof import HvProof
from rig.safety.relay_conditions import relay_conditions
from rig.safety.relays import RelayWatch
from rig.safety.spinning import spin_conditions
from rig.safety.station_facts import StationFacts, vapour_condition
from rig.safety.vapour import VapourEstimate

WORKING = frozenset({State.STARTING, State.RUNNING, State.PAUSING, State.RESTARTING})
"""States in which a step goes on, and is held when nobody has been connected for too long."""


def spin_unit(
    bench: Bench,
    lines: Mapping[str, Line],
    board: Board,
    write: Callable[[str, dict[str, Any]], Any],
    now: Callable[[], int],
    relays: Mapping[str, RelayWatch] | None = None,
    clients: Clients | None = None,
) -> Unit:
    """Unit "spin" of a bench: all its supplies and pumps, its interlock inputs, one proof a supply.

    relays: the rig's digital outputs, None where nobody switches them (they are then only declared); clients: who is
    connected, None where nobody has to be.
    """
    steps_kv = monitor_steps_kv(bench)
    limits = {name: limits_of(settings) for name, settings in bench.hv.items()}
    declared_kv = bench.chamber.electrode_limit_kv if bench.chamber is not None else None
    pair = (
        pair_limit({name: limit.voltage_kv.value for name, limit in limits.items()}, declared_kv)
        if limits
        else Limit(0.0, "kV", "no supply")
    )

    def spinning() -> SpinPlan | None:
        phase = unit.phase if unit.state in (State.RUNNING, State.PAUSING) else None
        return phase.spinning if isinstance(phase, SpinPhase) else None

    jets = JetWatching(bench.current, spinning, write)
    facts = StationFacts(
        vapour=VapourEstimate(bench.chamber.volume_l, bench.chamber.exhaust_m3_h * 1000)
        if bench.chamber is not None
        else None
    )
    back_off = ArcBackOff(facts, list(bench.hv), permissives(bench), write)
    exhaust = [channel for channel in permissives(bench) if channel.endswith(".exhaust_ok")]
    said: SpinPlan | None = None

    def feed(now_ns: int, readings: Readings, permitted: Mapping[str, Output]) -> None:
        nonlocal said
        jets.feed(now_ns, readings, permitted)
        phase = unit.phase
        spun = phase.plan if isinstance(phase, SpinPhase) else None
        facts.windows = spun.windows if spun is not None else ()
        facts.spinning = spinning() is not None
        if spun is not said:
            said = spun
            facts.arcs_left = spun.arc_retries if spun is not None else 0
        if facts.vapour is not None:
            known = phase.pumps if isinstance(phase, SpinPhase | PrimePhase) else ()
            facts.vapour.made = {one.pump: one.vapour_l_per_ml for one in known}
            proved = bool(exhaust) and all(readings.value(channel) == 1 for channel in exhaust)
            facts.vapour.update(now_ns, permitted, proved)
        back_off.look(unit, now_ns, readings)

    conditions = spin_conditions(
        {name: [channel.name for channel in module.channels] for name, module in bench.inputs.items()},
        {name: (limit, steps_kv[name]) for name, limit in limits.items()},
        list(bench.pumps),
        [
            (f"{name}.{channel.twin}", f"{name}.{channel.name}")
            for name, module in bench.inputs.items()
            for channel in module.channels
            if channel.twin is not None
        ],
    )
    outputs = {name: kind_of(name) for name in [*bench.hv, *bench.pumps]}
    needed = [
        *permissives(bench),
        *(f"{name}.running" for name in bench.pumps),
        *(f"{name}.output" for name in bench.hv),
    ]

    def ready() -> str | None:
        for line in lines.values():
            for member in line.members.values():
                if not member.connected:
                    return f"{member.name} is not connected"
        readings = board.snapshot(now())
        for channel in needed:
            if readings.value(channel) is None:
                return f"{channel}: {readings.explain(channel)}"
        return None

    def decide(
        requested: Mapping[str, Output],
        situation: Situation,
        state: str,
        interlocks: Interlocks,
        before: Mapping[str, Output],
    ) -> Permitted:
        return guard(requested, situation, state, interlocks, limits, pair, before)

    spec = UnitSpec(
        name="spin",
        outputs=outputs,
        interlocks=Interlocks(
            (
                *conditions,
                vapour_condition(),
                *climate_conditions(list(bench.climate)),
                *(jet_condition(name, partial(jets.verdict, name)) for name in bench.current),
                *attendance_conditions(
                    "spin",
                    lambda: unit.attended,
                    lambda: unit.state in WORKING,
                    clients.nobody_since_ns if clients is not None else lambda: None,
                    bench.safety.grace_s,
                ),
                *relay_conditions("spin", watches_of(bench, "spin", relays or relay_watches(bench))),
            )
        ),
        decide=decide,
        proofs={
            name: HvProof(name, steps_kv[name], settings.discharge_s) for name, settings in bench.hv.items()
        },
        ready=ready,
        members=frozenset((*bench.hv, *bench.pumps, *bench.current)),
        feed=feed,
        facts=facts,
        texts=jets.modes,
    )
    unit = Unit(spec, write)
    return unit
