"""A furnace as a unit: heater, gases, analyser and exhaust that the bench gives it, its guard, and what it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recipes.materials import is_inert
from rig.bench.model import Bench
from rig.bench.outputs import gas_of
from rig.engine.clients import Clients
from rig.engine.furnace_leaving import Leaving
from rig.engine.switching import relay_watches, watches_of
from rig.engine.unit import Unit, UnitSpec
from rig.lines.board import Board
from rig.lines.line import Line
from rig.outputs import FurnaceOutput, GasOutput, Output
from rig.readings import Readings
from rig.safety.attendance import attendance_conditions
from rig.safety.conditions import Interlocks, Situation
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.furnace_gas import in_air, kept_gas, put_on
from rig.safety.furnace_guard import furnace_guard
from rig.safety.guard import Permitted
from rig.safety.heating import DOUBTING, furnace_conditions
from rig.safety.limits import FURNACE_INTERLOCKS, TUBE_PRESSURE
from rig.safety.purge import FLUSHED_BELOW_DEGC, Flush, PurgeProof
from rig.safety.relay_conditions import relay_conditions
from rig.safety.relays import RelayWatch

DEFAULT_TUBE_L = 3.0
"""Where the rig file gives no tube: that of the usual 60 mm by 1000 mm."""

DEFAULT_COOLING_S = 7200.0
"""Where the rig file gives no cooling time constant: slower than a tube furnace is."""

RESTS_AFTER_WORK = frozenset({"Stopped", "Aborted"})
"""States in which no step of a run will come any more."""

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


def emergency_stops(bench: Bench) -> tuple[str, ...]:
    """The channels of all emergency stops of the bench."""
    return tuple(
        f"{module}.{channel.name}"
        for module, settings in bench.inputs.items()
        for channel in settings.channels
        if channel.name.startswith("emergency_stop")
    )


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
    relays: Mapping[str, RelayWatch] | None = None,
    clients: Clients | None = None,
) -> Unit:
    """The unit of one furnace ("furnace.tube") with its gases. relays, clients: as for `spin_unit`."""
    settings = bench.furnaces[furnace]
    gases = gases_of(bench, furnace)
    oxygen = analyser_of(bench, furnace)
    process = f"{furnace}.temperature_degc"
    exhaust = exhaust_channel(bench)
    volume_l = settings.tube.volume_l if settings.tube else DEFAULT_TUBE_L
    inert_gases = tuple(name for name in gases if is_inert(gas_of(name)))
    facts = FurnaceFacts(
        purge=PurgeProof(volume_l, oxygen is not None),
        flush=Flush(volume_l),
        inert_gases=inert_gases,
        open_degc=settings.open_below_degc,
        hot_minimum_sccm=settings.hot_minimum_sccm,
        floor_degc=settings.limit_degc,
    )
    interlocks = Interlocks(
        (
            *furnace_conditions(
                furnace,
                gases,
                oxygen,
                exhaust,
                _input(bench, TUBE_PRESSURE),
                emergency_stops(bench),
                tuple(name for name in gases if name not in inert_gases),
            ),
            *attendance_conditions(
                furnace,
                lambda: unit.attended,
                lambda: True,
                clients.nobody_since_ns if clients is not None else lambda: None,
                None,
            ),
            *relay_conditions(furnace, watches_of(bench, furnace, relays or relay_watches(bench))),
        )
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
        before = put_on(furnace, gases, facts, situation.readings, before)
        if state in RESTS_AFTER_WORK:
            over()
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

    def over() -> None:
        """No step comes any more that wants the gas: it is closed when the tube is cold."""
        if facts.atmosphere is not None:
            facts.gas_ends = True

    def feed(now_ns: int, readings: Readings, permitted: Mapping[str, Output]) -> None:
        temperature = readings.value(process)
        heater = permitted.get(furnace)
        if not isinstance(heater, FurnaceOutput) or heater.mode != "hold":
            facts.held_since_ns = None
        elif facts.held_since_ns is None:
            facts.held_since_ns = now_ns
        facts.trend.update(now_ns, temperature, readings.value(f"{furnace}.setpoint_degc"))
        facts.leap.update(readings.get(process))
        doubted = any(watch.tripped for watch in doubts)
        facts.cool(
            now_ns,
            temperature,
            doubted,
            cooling_s,
            settings.limit_degc,
            settings.limit_ramp_degc_min,
            settings.cooling_s is not None,
        )
        feed_cold(now_ns, facts.reckoned_degc(temperature))
        feed_gas(now_ns, readings, permitted, temperature)

    def feed_cold(now_ns: int, reckoned: float | None) -> None:
        if reckoned is None or reckoned >= facts.open_degc or facts.doubted:
            facts.cold_since_ns = None
        elif facts.cold_since_ns is None:
            facts.cold_since_ns = now_ns
        if facts.atmosphere is None and (reckoned is None or reckoned > facts.open_degc):
            facts.gas_ends = True  # found hot, and no step of ours: its gas ends when it is cold

    def feed_gas(
        now_ns: int, readings: Readings, permitted: Mapping[str, Output], temperature: float | None
    ) -> None:
        facts.permitted_sccm = {
            name: output.flow_sccm for name, output in permitted.items() if isinstance(output, GasOutput)
        }
        atmosphere = facts.atmosphere
        purge = facts.purge
        reckoned = facts.reckoned_degc(temperature)
        facts.kept = kept_gas(facts, reckoned)
        if in_air(facts):
            purge.lose("set back to air")
            cold = reckoned is not None and reckoned < facts.open_degc and not facts.doubted
            if cold and facts.kept is None:
                facts.flush.opened()
        gas = atmosphere.gas if atmosphere is not None else None
        flow = permitted.get(gas) if gas is not None else None
        purge.update(
            now_ns,
            readings.value(f"{gas}.flow_sccm") if gas is not None else None,
            flow.flow_sccm if isinstance(flow, GasOutput) else 0.0,
            temperature,
            readings.value(oxygen) if oxygen is not None else None,
        )
        proved = exhaust is None or readings.value(exhaust) == 1
        if not proved:
            facts.exhaust_since_ns = None
        elif facts.exhaust_since_ns is None:
            facts.exhaust_since_ns = now_ns
        flows = [readings.value(f"{name}.flow_sccm") for name in inert_gases]
        flow_sccm = sum(flow for flow in flows if flow is not None)
        # A tube that is found hot was at an inert step if inert gas flows through it.
        inert = atmosphere.inert if atmosphere is not None else flow_sccm > 1.0
        if facts.doubted and reckoned is not None and reckoned < FLUSHED_BELOW_DEGC:
            reckoned = None  # what flows through a tube whose temperature nobody believes has flushed nothing
        facts.flush.update(now_ns, reckoned, inert, flow_sccm, proved)
        limit = purge.stands_for_ppm
        if limit is not None and purge.proved:
            facts.oxygen_limit_ppm = OXYGEN_TRIP_FACTOR * limit
        elif not in_air(facts) or facts.kept is None:
            facts.oxygen_limit_ppm = (
                None  # but while a step of air goes on under the inert gas before it, it stands
            )

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

    leaving = Leaving(furnace, gases, facts, process)
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
        left=leaving.left,
        stay=leaving.stay,
        over=over,
    )
    unit = Unit(spec, write)
    return unit
