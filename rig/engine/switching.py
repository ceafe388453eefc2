"""The rig's digital outputs, once a scan: decided by pure functions, journalled as they change, sent like any order.

What energises (a contactor, the valve of a reactive gas) is closed or opened only after its event is in the record;
what opens a contactor, locks, or keeps an inert gas never waits for that. A contactor of the supplies that has opened
stays open until the program is started again; a heater's, or a reactive valve, that has let go by itself until nobody
wants it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from rig.bench.model import Bench, OutputSettings
from rig.engine.acting import Outlet
from rig.engine.periods import OFF_RETRY_NS
from rig.engine.states import State
from rig.engine.unit import Unit
from rig.lines.member import Told
from rig.outputs import RelayOutput
from rig.readings import Readings
from rig.records.record import Ticket
from rig.safety.conditions import Then
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.relays import GasKnown, HvKnown, RelayWatch, relay_state, valve_state

_CUT: Final = frozenset({State.ABORTING, State.ABORTED, State.CLEARING})


def relay_watches(bench: Bench) -> dict[str, RelayWatch]:
    """Each output of the bench by name: shared by who decides it and the conditions that look at it."""
    supplies = " and ".join(bench.hv)
    return {
        name: RelayWatch(
            name,
            one.relay.kind,
            one.relay.state_channel,
            one.of or supplies,
            inert=one.relay.kept,
        )
        for name, one in bench.outputs.items()
    }


def watches_of(bench: Bench, unit: str, watches: Mapping[str, RelayWatch]) -> list[RelayWatch]:
    """The outputs whose conditions belong to a unit: a furnace's valves and contactor to it, all others to the spinning
    station, or to the first furnace of a rig that has none."""
    first = "spin" if bench.hv or bench.pumps else next(iter(bench.furnaces), "spin")

    def owner(one: OutputSettings) -> str:
        gas = bench.gases.get(one.of or "")
        return gas.feeds if gas is not None else one.of or first

    return [watch for name, watch in watches.items() if owner(bench.outputs[name]) == unit]


def hv_known(
    units: Iterable[Unit], outlets: Mapping[str, Outlet], now_ns: int, requested: bool = False
) -> HvKnown:
    """What is known of all supplies at the end of this scan."""
    found = [unit for unit in units if unit.proofs]
    proofs = [(outlets[name], proof) for unit in found for name, proof in unit.proofs.items()]
    return HvKnown(
        proved=all(proof.proved for _, proof in proofs),
        discharged=all(proof.proved and proof.discharged(now_ns) for _, proof in proofs),
        wanted=requested or any(outlet.ordered is not None for outlet, _ in proofs),
        unproved=any(unit.unproved for unit in found),
        cut=any(
            unit.state in _CUT
            or any(one.then is Then.ABORT and "hv" in one.takes for one in unit.spec.interlocks.latched())
            for unit in found
        ),
    )


def gas_known(unit: Unit, gas: str, inert: bool, readings: Readings) -> GasKnown:
    """What is known of one gas of a furnace's unit after its guard has decided."""
    facts = unit.spec.facts
    assert isinstance(facts, FurnaceFacts)
    degc = facts.reckoned_degc(readings.value(f"{unit.name}.temperature_degc"))
    return GasKnown(
        inert=inert,
        permitted_sccm=facts.permitted_sccm.get(gas),
        asked=facts.atmosphere is not None,
        hot=degc is None or degc > facts.open_degc,
        cut=any(
            "gas" in one.takes and (one.outputs is None or gas in one.outputs)
            for one in unit.spec.interlocks.latched()
        ),
    )


class Switching:
    """All outputs of a bench; `scan` is called at the end of each scan that was completed."""

    def __init__(
        self,
        bench: Bench,
        outlets: Mapping[str, Outlet],
        write: Callable[[str, dict[str, Any]], Ticket | None],
        watches: Mapping[str, RelayWatch] | None = None,
    ) -> None:
        self._outputs = bench.outputs
        self._feeds = {name: gas.feeds for name, gas in bench.gases.items()}
        self._safe = {
            name: bench.inputs[name].safe_bits for name in {one.module for one in bench.outputs.values()}
        }
        self._outlets = outlets
        self._write = write
        self.watches = relay_watches(bench) if watches is None else watches
        self._tickets: dict[str, Ticket | None] = {}
        self._opened: set[str] = set()
        self._ordered_ns: dict[str, int] = {}

    @property
    def states(self) -> dict[str, bool | None]:
        """What each output is to be, by name; None where that is not decided and it stays as it is."""
        return {name: watch.told for name, watch in self.watches.items()}

    def scan(
        self, units: Mapping[str, Unit], readings: Readings, now_ns: int, requested: bool = False
    ) -> None:
        """Decide, journal, and order what differs or is not acknowledged. requested: high voltage is permitted at this
        scan, though perhaps not ordered yet."""
        if not self._outputs:
            return
        known = hv_known(units.values(), self._outlets, now_ns, requested)
        orders = {module: RelayOutput(0, safe) for module, safe in self._safe.items()}
        wrong: set[str] = set()
        for name, one in self._outputs.items():
            watch, outlet = self.watches[name], self._outlets[one.module]
            if outlet.lapsed:
                watch.seen = False  # its line let it go: that is no contactor that has opened by itself
            watch.look(readings)
            state = self._settle(one, watch, self._wanted(one, watch, known, units, readings, now_ns), now_ns)
            order = orders[one.module]
            if state is None:
                orders[one.module] = RelayOutput(order.bits, order.safe, order.keep | 1 << one.relay.channel)
            else:
                orders[one.module] = RelayOutput(order.bits | one.relay.bit(state), order.safe, order.keep)
            if watch.differs(readings) and watch.kind != "heartbeat":
                wrong.add(one.module)
        for module, order in orders.items():
            self._order(self._outlets[module], order, now_ns, module in wrong)

    def locked(self, readings: Readings) -> bool:
        """Whether every lock there is has been told to lock, and reads so: before that no supply is switched on."""
        return all(
            watch.told is True and watch.found(readings) is True
            for watch in self.watches.values()
            if watch.kind == "lock"
        )

    # Each output

    def _wanted(
        self,
        one: OutputSettings,
        watch: RelayWatch,
        known: HvKnown,
        units: Mapping[str, Unit],
        readings: Readings,
        now_ns: int,
    ) -> bool | None:
        if one.relay.kind == "valve":
            gas = one.of or ""
            before = watch.told if watch.told is not None else watch.found(readings)
            open_it = valve_state(gas_known(units[self._feeds[gas]], gas, watch.inert, readings), before)
            return open_it if watch.inert else self._unless_dropped(watch, open_it)
        if one.relay.kind != "contactor":
            return relay_state(one.relay.kind, known, now_ns)
        if one.of is not None:
            return self._unless_dropped(watch, self._outlets[one.of].ordered is not None)
        if watch.dropped or not relay_state("contactor", known, now_ns, one.opens_on):
            # Whoever attests that the mains are off stands at that output: they never come back by themselves.
            self._opened.add(one.name)
        return one.name not in self._opened

    @staticmethod
    def _unless_dropped(watch: RelayWatch, wanted: bool | None) -> bool | None:
        """What let go by itself is let go until it is not wanted any more."""
        if not wanted:
            watch.dropped = False
        return False if watch.dropped else wanted

    def _settle(
        self, one: OutputSettings, watch: RelayWatch, wanted: bool | None, now_ns: int
    ) -> bool | None:
        """The state to be ordered now: what energises waits for its event."""
        name, before = one.name, watch.told
        energising = bool(wanted) and watch.energises
        if before == wanted and not (energising and name in self._tickets):
            return wanted
        if before != wanted:
            watch.tell(wanted, now_ns)
            self._tickets.pop(name, None)
            if watch.kind == "heartbeat" or wanted is None:
                return wanted
            event = {"output": name, "kind": watch.kind, "on": wanted}
            ticket = self._write("switch", event | ({"of": one.of} if one.of is not None else {}))
            if energising:
                self._tickets[name] = ticket
        if energising:
            waited = self._tickets.get(name)
            if waited is not None and not waited.done:
                return False
            del self._tickets[name]
        return wanted

    def _order(self, outlet: Outlet, wanted: RelayOutput, now_ns: int, wrong: bool) -> None:
        """wrong: one of them reads otherwise than it was told."""
        unknown = outlet.member.told_state is Told.UNKNOWN or wrong
        late = now_ns - self._ordered_ns.get(outlet.name, -OFF_RETRY_NS) >= OFF_RETRY_NS
        if outlet.ordered == wanted and not outlet.lapsed and not (unknown and late):
            return
        outlet.lapsed = False
        outlet.ordered = wanted
        self._ordered_ns[outlet.name] = now_ns
        outlet.line.order(outlet.name, wanted)
