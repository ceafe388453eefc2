"""The spinning station as a unit: which outputs, limits, conditions and proofs the bench gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rig.bench.capabilities import limits_of
from rig.bench.model import Bench
from rig.engine.connect import kind_of, monitor_steps_kv
from rig.engine.planning import permissives
from rig.engine.unit import Unit, UnitSpec
from rig.lines.board import Board
from rig.lines.line import Line
from rig.outputs import Output
from rig.safety.conditions import Interlocks, Situation
from rig.safety.guard import Permitted, guard
from rig.safety.limits import Limit, pair_limit
from rig.safety.proof import HvProof
from rig.safety.spinning import spin_conditions


def spin_unit(
    bench: Bench,
    lines: Mapping[str, Line],
    board: Board,
    write: Callable[[str, dict[str, Any]], Any],
    now: Callable[[], int],
) -> Unit:
    """Unit "spin" of a bench: all its supplies and pumps, its interlock inputs, one proof a supply."""
    steps_kv = monitor_steps_kv(bench)
    limits = {name: limits_of(settings) for name, settings in bench.hv.items()}
    declared_kv = bench.chamber.electrode_limit_kv if bench.chamber is not None else None
    pair = (
        pair_limit({name: limit.voltage_kv.value for name, limit in limits.items()}, declared_kv)
        if limits
        else Limit(0.0, "kV", "no supply")
    )
    conditions = spin_conditions(
        {name: [channel.name for channel in module.channels] for name, module in bench.inputs.items()},
        {name: (limit, steps_kv[name]) for name, limit in limits.items()},
        list(bench.pumps),
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
        interlocks=Interlocks(conditions),
        decide=decide,
        proofs={
            name: HvProof(name, steps_kv[name], settings.discharge_s) for name, settings in bench.hv.items()
        },
        ready=ready,
        members=frozenset((*bench.hv, *bench.pumps, *bench.current)),
    )
    return Unit(spec, write)
