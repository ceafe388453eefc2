"""Purging the tube and letting it cool: steps in which the heater is off and the gas matters."""

from __future__ import annotations

from typing import Any, Final

from rig.engine.phases.furnace import FurnacePhase
from rig.engine.phases.phase import Context, Demand
from rig.outputs import GasOutput
from rig.readings import NS
from rig.safety.furnace_facts import COLD_DEGC, Atmosphere, FurnaceFacts
from rig.safety.furnace_guard import gas_may_end
from rig.safety.purge import FLUSHED_BELOW_DEGC

PURGE_AT_MOST: Final = 6.0
"""So many times the calculated time a purge may take before it has failed: a leak, or no gas."""

PURGE_SLACK_S: Final = 3600.0
COLD_FOR_NS: Final = 10 * NS
CLOSING_NS: Final = 60 * NS
CLOSED_SCCM: Final = 1.0


class PurgePhase(FurnacePhase):
    """Replace the tube's air; done when the proof is latched."""

    do = "purge"

    def __init__(
        self,
        step_id: str,
        furnace: str,
        atmosphere: Atmosphere,
        limit_ppm: float | None,
        volumes: float | None,
    ) -> None:
        super().__init__(step_id, furnace, atmosphere)
        self._limit_ppm = limit_ppm
        self._volumes = volumes
        self._began_ns: int | None = None
        self._flowed_l = 0.0
        self._needed_l = 0.0

    def running(self, context: Context) -> Demand:
        """Gas flows, the proof counts."""
        before = context.facts.atmosphere
        facts = self.facts(context)
        proof = facts.purge
        if self._began_ns is None:
            self._began_ns = context.now_ns
            if before is not None and not before.inert and self.atmosphere.inert:
                self._refuse_hot(context, facts)
            proof.begin(self._limit_ppm, self._volumes)
            context.note("stage", {"step": self.step_id, "stage": "purging", "needed_l": proof.needed_l})
        self._flowed_l, self._needed_l = proof.flowed_l, proof.needed_l
        if proof.proved:
            context.note(
                "purge-proof", {"step": self.step_id, "method": proof.method, "flowed_l": proof.flowed_l}
            )
            return Demand(self.atmosphere.demand(), done=True)
        flow = self.atmosphere.flow_sccm or 1.0
        expected_s = proof.needed_l * 1000 / flow * 60
        if context.now_ns - self._began_ns > (PURGE_AT_MOST * expected_s + PURGE_SLACK_S) * NS:
            context.fail(
                f"the purge of {self.furnace} was not proved within {expected_s * PURGE_AT_MOST / 60:.0f} min: "
                "look for a leak, an empty bottle, an analyser that does not answer"
            )
        return Demand(self.atmosphere.demand())

    def _refuse_hot(self, context: Context, facts: FurnaceFacts) -> None:
        """Air to inert: a tube is closed and purged cold, or a hot mat burns in what air is left (safety rule 4)."""
        degc = facts.reckoned_degc(self.temperature(context))
        if degc is None or degc >= facts.open_degc:
            at = "at an unknown temperature" if degc is None else f"at {degc:.0f} °C"
            context.fail(
                f"{self.furnace} is {at}: from air to {self.atmosphere.name} only below {facts.open_degc:g} °C"
            )

    def progress(self) -> dict[str, Any]:
        """Gas that has flowed."""
        return {"stage": "purging", "flowed_l": self._flowed_l, "needed_l": self._needed_l}


class CoolPhase(FurnacePhase):
    """Heater off until the tube is below a temperature; cooling is no time-out.

    cold_degc: from here on inert gas is not lowered above it. After a hot inert step the tube is flushed, too, before
    it counts as cooled; and where no later step wants its gas and the tube may be opened, the gas is closed and read
    back as closed.
    """

    do = "cool"

    def __init__(
        self,
        step_id: str,
        furnace: str,
        atmosphere: Atmosphere,
        below_degc: float,
        cold_degc: float = COLD_DEGC,
    ) -> None:
        super().__init__(step_id, furnace, atmosphere)
        self._below_degc = below_degc
        self._cold_degc = min(cold_degc, COLD_DEGC)
        self._cold_since_ns: int | None = None
        self._closing_ns: int | None = None
        self._stage = ""

    def running(self, context: Context) -> Demand:
        """Done when the process value has been below for some seconds; an unknown temperature is not cold."""
        facts = self.facts(context)
        facts.highest_degc = None
        facts.cold_degc = self._cold_degc
        if not self._stage:
            self._enter(context, "cooling", {"below_degc": self._below_degc})
        temperature = self.temperature(context)
        if temperature is None or temperature >= self._below_degc or facts.doubted:
            self._cold_since_ns = self._closing_ns = None
        elif self._cold_since_ns is None:
            self._cold_since_ns = context.now_ns
        since_ns = self._cold_since_ns
        if since_ns is None or context.now_ns - since_ns < COLD_FOR_NS:
            return Demand(self.atmosphere.demand())
        if self._flushing(context, facts):
            return Demand(self.atmosphere.demand())
        return self._closing(context, facts, temperature)

    def _enter(self, context: Context, stage: str, more: dict[str, Any]) -> None:
        if self._stage != stage:
            self._stage = stage
            context.note("stage", {"step": self.step_id, "stage": stage, **more})

    def _flushing(self, context: Context, facts: FurnaceFacts) -> bool:
        flush = facts.flush
        if self._below_degc > FLUSHED_BELOW_DEGC or not flush.under_way(context.now_ns):
            return False
        self._enter(context, "flushing", {"flowed_l": flush.flowed_l, "needed_l": flush.needed_l})
        return True

    def _closing(self, context: Context, facts: FurnaceFacts, temperature: float | None) -> Demand:
        """The gas closed where that is the end of it; one that cannot be closed is left to the unit, and said."""
        gas = self.atmosphere.gas
        wanted = self.atmosphere.demand()
        if gas is None or not self.ends_gas or temperature is None or temperature >= facts.open_degc:
            return Demand(wanted, done=True)
        if facts.flush.owed:
            return Demand(wanted, done=True)  # no gas flows for it: whatever comes again is to flush the tube
        if not gas_may_end(facts, context.now_ns):
            return Demand(wanted)  # a minute more: the tube is a little behind its thermocouple
        wanted[gas] = GasOutput(0.0)
        if self._closing_ns is None:
            self._closing_ns = context.now_ns
            self._enter(context, "closing gas", {"gas": gas})
        value = context.readings.value
        flow, setpoint = value(f"{gas}.flow_sccm"), value(f"{gas}.setpoint_sccm")
        closed = setpoint == 0 and flow is not None and flow <= CLOSED_SCCM
        late = context.now_ns - self._closing_ns > CLOSING_NS
        return Demand(wanted, done=closed or late)

    def progress(self) -> dict[str, Any]:
        """What it waits for."""
        return {"stage": self._stage or "cooling", "below_degc": self._below_degc}
