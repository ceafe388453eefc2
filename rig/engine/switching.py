"""The rig's digital outputs, once a scan: decided by a pure function, journalled as they change, sent like any order.

A contactor is closed only after its event is in the record; what opens or locks never waits for that. A contactor that
has opened stays open until the program is started again.
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
from rig.records.record import Ticket
from rig.safety.conditions import Priority
from rig.safety.relays import HvKnown, relay_state

_CUT: Final = frozenset({State.ABORTING, State.ABORTED, State.CLEARING})


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
            or any(
                one.priority is Priority.HIGHEST and "hv" in one.takes
                for one in unit.spec.interlocks.latched()
            )
            for unit in found
        ),
    )


class Switching:
    """All outputs of a bench; `scan` is called at the end of each scan that was completed."""

    def __init__(
        self,
        bench: Bench,
        outlets: Mapping[str, Outlet],
        write: Callable[[str, dict[str, Any]], Ticket | None],
    ) -> None:
        self._outputs = bench.outputs
        self._safe = {
            name: bench.inputs[name].safe_bits for name in {one.module for one in bench.outputs.values()}
        }
        self._outlets = outlets
        self._write = write
        self._tickets: dict[str, Ticket | None] = {}
        self.states: dict[str, bool] = {}
        """What each output is to be, by name."""
        self._opened: set[str] = set()
        self._ordered_ns: dict[str, int] = {}

    def scan(self, units: Iterable[Unit], now_ns: int, requested: bool = False) -> None:
        """Decide, journal, and order what differs or is not acknowledged. requested: high voltage is permitted at this
        scan, though perhaps not ordered yet."""
        if not self._outputs:
            return
        known = hv_known(units, self._outlets, now_ns, requested)
        bits = dict.fromkeys(self._safe, 0)
        for name, one in self._outputs.items():
            wanted = relay_state(one.relay.kind, known, now_ns, one.opens_on)
            if one.relay.kind == "contactor":
                # Whoever attests that the mains are off stands at that output: they never come back by themselves.
                self._opened |= {name} if not wanted else set()
                wanted = name not in self._opened
            state = self._settle(name, one, wanted)
            bits[one.module] |= one.relay.bit(state)
        for module, sent in bits.items():
            self._order(self._outlets[module], RelayOutput(sent, self._safe[module]), now_ns)

    def locked(self) -> bool:
        """Whether every lock there is has been told to lock, and read back so: before that no supply is switched on."""
        for name, one in self._outputs.items():
            if one.relay.kind != "lock":
                continue
            member = self._outlets[one.module].member
            told = member.told if member.told_state is Told.TOLD else None
            mask = 1 << one.relay.channel
            if not self.states.get(name) or not isinstance(told, RelayOutput):
                return False
            if told.bits & mask != one.relay.bit(True):
                return False
        return True

    def _settle(self, name: str, one: OutputSettings, wanted: bool) -> bool:
        """The state to be ordered now: a contactor that is to close waits for its event."""
        kind = one.relay.kind
        before = self.states.get(name)
        closing = kind == "contactor" and wanted
        if before == wanted and not (closing and name in self._tickets):
            return wanted
        if before != wanted:
            self.states[name] = wanted
            self._tickets.pop(name, None)
            if kind == "heartbeat":
                return wanted
            ticket = self._write("switch", {"output": name, "kind": kind, "on": wanted})
            if closing:
                self._tickets[name] = ticket
        if closing:
            waited = self._tickets.get(name)
            if waited is not None and not waited.done:
                return False
            del self._tickets[name]
        return wanted

    def _order(self, outlet: Outlet, wanted: RelayOutput, now_ns: int) -> None:
        unknown = outlet.member.told_state is Told.UNKNOWN
        late = now_ns - self._ordered_ns.get(outlet.name, -OFF_RETRY_NS) >= OFF_RETRY_NS
        if outlet.ordered == wanted and not outlet.lapsed and not (unknown and late):
            return
        outlet.lapsed = False
        outlet.ordered = wanted
        self._ordered_ns[outlet.name] = now_ns
        outlet.line.order(outlet.name, wanted)
