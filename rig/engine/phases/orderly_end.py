"""The orderly end of spinning (safety rule 6): pumps stop, the jet takes the pendant drop, HV ramps down, off, proof.

High voltage is off at most 10 s after the pumps; the draw-off is what keeps the last drop from falling on the mat.
"""

from __future__ import annotations

from collections.abc import Sequence

from rig.engine.phases.phase import DONE, Context, Demand
from rig.engine.phases.plans import SupplyPlan
from rig.outputs import HvOutput, Output
from rig.readings import NS

PROVE_S = 60.0
"""So long after its disable a supply may stay unproved; then the unit aborts and a person is asked to attest."""


class OrderlyEnd:
    """From "running at these voltages" to "proved off". Feed it each scan until it is done."""

    def __init__(
        self, supplies: Sequence[SupplyPlan], voltages_kv: dict[str, float], draw_off_s: float
    ) -> None:
        self._supplies = tuple(supplies)
        self._from_kv = {name: kv for name, kv in voltages_kv.items() if kv != 0.0}
        self._draw_off_ns = round(draw_off_s * NS)
        self._began_ns: int | None = None
        self._ramp_ns: int | None = None
        self._proving_ns: int | None = None

    @property
    def stage(self) -> str:
        """Where it is: draw-off, ramp-down, proving."""
        if self._ramp_ns is None:
            return "draw-off"
        return "proving" if not self._from_kv else "ramp-down"

    def step(self, context: Context) -> Demand:
        """What to want at this scan. Pumps are missing from the demand: they are wanted off from the first."""
        now_ns = context.now_ns
        if self._began_ns is None:
            self._began_ns = now_ns
            first = "pumps stop; draw-off, then " if self._draw_off_ns else ""
            context.note("note", {"text": f"{first}high voltage ramps down"})
        if not self._from_kv:
            return self._prove(context)
        if self._ramp_ns is None:
            if now_ns - self._began_ns < self._draw_off_ns:
                return Demand(self._at(0.0))
            self._ramp_ns = now_ns
        elapsed_s = (now_ns - self._ramp_ns) / NS
        wanted = self._at(elapsed_s)
        if not wanted:
            self._from_kv = {}
        return Demand(wanted)

    def _prove(self, context: Context) -> Demand:
        if context.hv_proved_off():
            self._proving_ns = None
            return DONE
        if self._proving_ns is None:
            self._proving_ns = context.now_ns
        elif context.now_ns - self._proving_ns > PROVE_S * NS:
            why = "; ".join(p.explain(context.readings) for p in context.proofs.values() if not p.proved)
            context.fail(f"high voltage is not proved off {PROVE_S:.0f} s after it was switched off: {why}")
        return Demand()

    def _at(self, ramped_s: float) -> dict[str, Output]:
        wanted: dict[str, Output] = {}
        for plan in self._supplies:
            start_kv = self._from_kv.get(plan.supply, 0.0)
            left_kv = abs(start_kv) - ramped_s * plan.ramp_down_kv_s
            if left_kv > 0:
                signed_kv = left_kv if start_kv > 0 else -left_kv
                wanted[plan.supply] = HvOutput(True, signed_kv, plan.limit_ua)
        return wanted
