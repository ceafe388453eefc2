"""A furnace as a unit: heater, gases, analyser and exhaust that the bench gives it, its guard, and what it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rig.bench.model import Bench
from rig.engine.unit import Unit, UnitSpec
from rig.lines.board import Board
from rig.lines.line import Line
from rig.outputs import GasOutput, Output
from rig.readings import Readings
from rig.safety.conditions import Interlocks, Situation
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.furnace_guard import furnace_guard
from rig.safety.guard import Permitted
from rig.safety.heating import DOUBTING, FurnaceConditions
from rig.safety.limits import FURNACE_INTERLOCKS
from rig.safety.purge import PurgeProof

DEFAULT_TUBE_L = 3.0
"""Where the rig file gives no tube: that of the usual 60 mm by 1000 mm."""

DEFAULT_COOLING_S = 7200.0
"""Where the rig file gives no cooling time constant: slower than a tube furnace is."""

OXYGEN_TRIP_FACTOR = 3.0
"""A hot inert step trips at so many times the limit its purge was proved with."""


def gases_of(bench: Bench, furnace: str) -> tuple[str, ...]:
    """The flow controllers that feed a furnace."""
    return tuple(name for name, gas in bench.gases.items() if gas.feeds == furnace and not gas.passive)


def analyser_of(bench: Bench, furnace: str) -> str | None:
    """The oxygen channel that sees a furnace's gas: that which names it, or the only one."""
    for name, settings in bench.oxygen.items():
        if settings.watches == furnace or (settings.watches is None and len(bench.furnaces) == 1):
            return f"{name}.oxygen_ppm"
    return None


def exhaust_channel(bench: Bench) -> str | None:
    """The input that proves the furnace's exhaust."""
    return _input(bench, *FURNACE_INTERLOCKS)


def _input(bench: Bench, *names: str) -> str | None:
    for module, settings in bench.inputs.items():
        for channel in settings.channels:
            if channel.name in names:
                return f"{module}.{channel.name}"
    return None


def furnace_unit(
    bench: Bench,
    furnace: str,
    lines: Mapping[str, Line],
    board: Board,
    write: Callable[[str, dict[str, Any]], Any],
    now: Callable[[], int],
) -> Unit:
    """The unit of one furnace ("furnace.tube") with its gases."""
    settings = bench.furnaces[furnace]
    gases = gases_of(bench, furnace)
    oxygen = analyser_of(bench, furnace)
    process = f"{furnace}.temperature_degc"
    facts = FurnaceFacts(
        purge=PurgeProof(settings.tube.volume_l if settings.tube else DEFAULT_TUBE_L, oxygen is not None),
        open_degc=settings.open_below_degc,
        hot_minimum_sccm=settings.hot_minimum_sccm,
        floor_degc=settings.limit_degc,
    )
    interlocks = Interlocks(
        FurnaceConditions(
            furnace, gases, oxygen, exhaust_channel(bench), _input(bench, "tube_pressure_ok")
        ).declare()
    )
    doubts = [interlocks.watches[f"{tag}:{furnace}"] for tag in DOUBTING]
    cooling_s = settings.cooling_s or DEFAULT_COOLING_S
    full_scale = {name: bench.gases[name].full_scale_sccm or float("inf") for name in gases}
    members = (furnace, *gases, *((oxygen.rpartition(".")[0],) if oxygen is not None else ()))

    known: set[str] = set()

    def decide(
        requested: Mapping[str, Output],
        situation: Situation,
        state: str,
        interlocks: Interlocks,
        before: Mapping[str, Output],
    ) -> Permitted:
        if not known.issuperset(gases):
            # Gas that is found flowing is not lowered, whoever set it; until it has been read it is left alone.
            read = {
                name: situation.readings.value(f"{name}.setpoint_sccm")
                for name in gases
                if name not in before
            }
            before = {**before, **{name: GasOutput(flow) for name, flow in read.items() if flow is not None}}
            known.update(name for name in gases if name in before)
        return furnace_guard(
            furnace,
            requested,
            situation,
            state,
            interlocks,
            settings.limit_degc,
            settings.limit_ramp_degc_min,
            full_scale,
            before,
        )

    def feed(now_ns: int, readings: Readings, permitted: Mapping[str, Output]) -> None:
        temperature = readings.value(process)
        facts.trend.update(now_ns, temperature, readings.value(f"{furnace}.setpoint_degc"))
        doubted = any(watch.tripped for watch in doubts)
        facts.cool(now_ns, temperature, doubted, cooling_s, settings.limit_degc, settings.limit_ramp_degc_min)
        facts.permitted_sccm = {
            name: output.flow_sccm for name, output in permitted.items() if isinstance(output, GasOutput)
        }
        atmosphere = facts.atmosphere
        purge = facts.purge
        if atmosphere is not None and not atmosphere.inert:
            purge.lose("set back to air")
        gas = atmosphere.gas if atmosphere is not None else None
        flow = permitted.get(gas) if gas is not None else None
        purge.update(
            now_ns,
            readings.value(f"{gas}.flow_sccm") if gas is not None else None,
            flow.flow_sccm if isinstance(flow, GasOutput) else 0.0,
            temperature,
            readings.value(oxygen) if oxygen is not None else None,
        )
        limit = purge.limit_ppm
        facts.oxygen_limit_ppm = OXYGEN_TRIP_FACTOR * limit if limit is not None and purge.proved else None

    def ready() -> str | None:
        for line in lines.values():
            for member in line.members.values():
                if member.name in members and not member.connected:
                    return f"{member.name} is not connected"
        readings = board.snapshot(now())
        if readings.value(process) is None:
            return f"{process}: {readings.explain(process)}"
        for name in gases:
            if readings.value(f"{name}.setpoint_sccm") is None:
                return f"{name}: {readings.explain(f'{name}.setpoint_sccm')}"
        return None

    def left(readings: Readings) -> str | None:
        reading = readings.value(process)
        # What cannot be read, or not be believed, is as hot as it can still be.
        temperature = facts.floor_degc if reading is None else facts.reckoned_degc(reading)
        if temperature is not None and temperature < facts.open_degc:
            return None
        if reading is None or facts.doubted:
            where = f"at an unknown temperature (up to {facts.floor_degc:.0f} °C)"
        else:
            where = f"at {reading:.0f} °C"
        flowing = [
            f"{name} {flow:.0f} sccm left on"
            for name in gases
            if (flow := readings.value(f"{name}.flow_sccm")) is not None and flow > 1
        ]
        return ", ".join([f"{furnace} {where}", *flowing])

    spec = UnitSpec(
        name=furnace,
        outputs={furnace: "furnace", **dict.fromkeys(gases, "gas")},
        interlocks=interlocks,
        decide=decide,
        proofs={},
        ready=ready,
        members=frozenset(members),
        facts=facts,
        feed=feed,
        left=left,
    )
    return Unit(spec, write)
