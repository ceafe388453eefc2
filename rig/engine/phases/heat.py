"""Heating: ramp to a temperature, then a soak that counts only while the furnace is inside the band.

Each segment is loaded into the controller as a program of its own that ends in *off*, with a dwell longer than the
soak; the scan counts the soak by the process value and goes on when it is served. A controller that loses its computer
finishes a segment and switches off by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rig.engine.phases.furnace import FurnacePhase
from rig.engine.phases.permissives import Waiting, missing
from rig.engine.phases.phase import Context, Demand
from rig.outputs import FurnaceOutput, Output, ProgramSegment
from rig.readings import NS
from rig.safety.furnace_facts import Atmosphere

DWELL_MARGIN_S: Final = 30 * 60.0
"""So much longer than the soak the controller dwells: the soak is counted in band by the scan, not by its clock."""

RAMP_SLACK: Final = 1.5
RAMP_SLACK_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class HeatSegment:
    """One segment as the recipe has it. cap_degc: what the furnace may reach in it at most, beside its target."""

    ramp_degc_min: float
    target_degc: float
    soak_s: float
    atmosphere: Atmosphere
    cap_degc: float | None = None


class HeatPhase(FurnacePhase):
    """One heat (or dry) step."""

    def __init__(
        self,
        step_id: str,
        furnace: str,
        segments: Sequence[HeatSegment],
        band_degc: float,
        number: int,
        permissives: Sequence[str],
        do: str = "heat",
    ) -> None:
        super().__init__(step_id, furnace, segments[0].atmosphere)
        self.do = do
        self.stage = "permissives"
        self.soaked_ns = 0
        self.held_ns = 0
        """Of it, while the segment was held or paused: the chemistry went on, the step did not."""
        self.index = 0
        self._segments = tuple(segments)
        self._band_degc = band_degc
        self._number = number
        self._permissives = tuple(permissives)
        self._stage_ns = 0
        self._from_degc = 0.0
        self._last_ns: int | None = None
        self._waiting = Waiting(step_id)

    def running(self, context: Context) -> Demand:
        """Ramp, soak, next segment; done when the last soak is served."""
        facts = self.facts(context)
        facts.highest_degc = max(segment.target_degc for segment in self._segments[: self.index + 1])
        facts.cap_degc = self._segments[self.index].cap_degc
        if self.stage == "permissives" and not self._may_begin(context):
            return Demand(self.atmosphere.demand())
        segment = self._segments[self.index]
        self.atmosphere = segment.atmosphere
        temperature = self.temperature(context)
        if self.stage == "ramping":
            self._watch_ramp(context, segment, temperature)
        if self.stage == "soaking" and self._served(context, segment, temperature):
            if self.index + 1 == len(self._segments):
                return Demand(self._wanted(segment), done=True)
            self.index += 1
            segment = self._segments[self.index]
            self._begin_segment(context, temperature)
        return Demand(self._wanted(segment))

    def _may_begin(self, context: Context) -> bool:
        why = missing(context, self._permissives, fresh_ns=None)  # heat is slow: no younger than its own poll
        temperature = self.temperature(context)
        if temperature is None:
            why = f"{self.furnace}: {context.readings.explain(f'{self.furnace}.temperature_degc')}"
        if why is None:
            self._waiting.over()
            self._begin_segment(context, temperature)
            return True
        self._waiting.go_on(context, why)
        return False

    def _begin_segment(self, context: Context, temperature: float | None) -> None:
        segment = self._segments[self.index]
        self._from_degc = temperature if temperature is not None else 20.0
        self.soaked_ns = self.held_ns = 0
        self._last_ns = None
        program = ProgramSegment(segment.ramp_degc_min, segment.target_degc, segment.soak_s + DWELL_MARGIN_S)
        self._heat = FurnaceOutput("run", self._number + self.index, (program,), self._band_degc)
        self._enter("ramping", context)

    def _enter(self, stage: str, context: Context) -> None:
        self.stage = stage
        self._stage_ns = context.now_ns
        context.note("stage", {"step": self.step_id, "stage": stage, "segment": self.index + 1})

    def _wanted(self, segment: HeatSegment) -> dict[str, Output]:
        wanted = segment.atmosphere.demand()
        assert self._heat is not None
        wanted[self.furnace] = self._heat
        return wanted

    def _watch_ramp(self, context: Context, segment: HeatSegment, temperature: float | None) -> None:
        if temperature is not None and abs(temperature - segment.target_degc) <= self._band_degc:
            self._enter("soaking", context)
            self._last_ns = context.now_ns
            return
        planned_s = abs(segment.target_degc - self._from_degc) / segment.ramp_degc_min * 60
        if context.now_ns - self._stage_ns > (RAMP_SLACK * planned_s + RAMP_SLACK_S) * NS:
            read = "nothing" if temperature is None else f"{temperature:.0f} °C"
            context.fail(
                f"{self.furnace} reads {read} instead of {segment.target_degc:g} °C, long after its ramp's end"
            )

    def _served(self, context: Context, segment: HeatSegment, temperature: float | None) -> bool:
        """Count the time in band since the last scan; whether the soak is served."""
        self._count(context, segment, temperature)
        if self.soaked_ns < segment.soak_s * NS:
            return False
        soak = {"step": self.step_id, "segment": self.index + 1, "in_band_s": self.soaked_ns / NS}
        context.note("soak", soak | self._of_it_held())
        return True

    def _count(self, context: Context, segment: HeatSegment, temperature: float | None) -> int:
        """Time in band since the last scan counts as soak, whatever the unit is doing."""
        assert self._last_ns is not None
        passed_ns = 0
        if temperature is not None and abs(temperature - segment.target_degc) <= self._band_degc:
            passed_ns = context.now_ns - self._last_ns
        self.soaked_ns += passed_ns
        self._last_ns = context.now_ns
        return passed_ns

    def _of_it_held(self) -> dict[str, float]:
        return {"held_s": self.held_ns / NS} if self.held_ns else {}

    def _stand(self, context: Context) -> None:
        """The step does not advance while held or paused, but the chemistry does."""
        if self.stage == "soaking":
            self.held_ns += self._count(context, self._segments[self.index], self.temperature(context))

    def holding(self, context: Context) -> Demand:
        """Time in band counts as soak from the first scan of a hold on."""
        self._stand(context)
        return super().holding(context)

    def held(self, context: Context) -> Demand:
        """Time in band counts as soak also while held."""
        self._stand(context)
        return super().held(context)

    def paused(self, context: Context) -> Demand:
        """At the end of its last soak it stands like a held one: set point frozen, gas kept, time in band counted."""
        return self.held(context)

    def progress(self) -> dict[str, Any]:
        """Segment, stage and soak served."""
        return {
            "stage": self.stage,
            "segment": self.index + 1,
            "of": len(self._segments),
            "elapsed_s": self.soaked_ns / NS,
            "duration_s": self._segments[self.index].soak_s,
            **self._of_it_held(),
        }
