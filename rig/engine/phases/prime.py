"""Priming: fill the needles with high voltage locked out, then a person looks and wipes (safety rule 6)."""

from __future__ import annotations

from typing import Any

from rig.engine.phases.permissives import Waiting, missing
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand
from rig.engine.phases.plans import PrimePlan, PumpPlan
from rig.engine.phases.quiet import Quiet
from rig.engine.questions import Question
from rig.outputs import PumpOutput
from rig.readings import NS

SLACK_S = 30.0
"""A pump that has not delivered the volume this long after it should have is not delivering at all."""


class PrimePhase(Quiet):
    """Pumps run at the priming rate until each has delivered its volume by its own counter; then they stop."""

    def __init__(self, plan: PrimePlan) -> None:
        self.step_id = plan.step_id
        self.do = plan.do
        self._plan = plan
        self._began_ns: int | None = None
        self._filled: set[str] = set()
        self._waiting = Waiting(plan.step_id)

    @property
    def stage(self) -> str:
        """Where it is: priming or asking."""
        return "priming" if len(self._filled) < len(self._plan.pumps) else "asking"

    @property
    def pumps(self) -> tuple[PumpPlan, ...]:
        """What feeds the chamber while it is under way."""
        return self._plan.pumps

    def running(self, context: Context) -> Demand:
        """Fill, stop, ask for the drop on every needle and for its wiping."""
        if len(self._filled) < len(self._plan.pumps):
            return self._fill(context)
        moving = [name for plan in self._plan.pumps if not context.outputs[name := plan.pump].proved_off]
        if moving:
            return NOTHING
        needles = ", ".join(f"{plan.needle} ({plan.stream})" for plan in self._plan.pumps)
        primed = context.ask(
            Question(
                self.step_id, "primed", f"Is there a drop on every needle: {needles}? Answer when there is."
            )
        )
        wiped = context.ask(
            Question(
                self.step_id, "wiped", "Have all needles been wiped, and is the chamber door closed again?"
            )
        )
        return DONE if primed is not None and wiped is not None else NOTHING

    def _fill(self, context: Context) -> Demand:
        plan = self._plan
        if self._began_ns is None:
            if plan.ask_present and context.ask(self._presence()) is None:
                return NOTHING
            why = missing(context, plan.permissives)
            if not context.hv_proved_off():
                why = "high voltage is not proved off yet"
            if why is not None:
                return self._waiting.go_on(context, why)
            self._waiting.over()
            self._began_ns = context.now_ns
            volumes = {pump.pump: plan.volumes_ml[pump.pump] for pump in plan.pumps}
            context.note("prime", {"step": self.step_id, "rate_ml_h": plan.rate_ml_h, "volumes_ml": volumes})
        wanted: dict[str, Any] = {}
        for pump in plan.pumps:
            if pump.pump in self._filled:
                continue
            view = context.outputs[pump.pump]
            reading = context.readings.get(f"{pump.pump}.delivered_ml")
            fresh = view.told is not None and reading is not None and reading.t_ns > view.told_ns
            delivered_ml = context.readings.value(f"{pump.pump}.delivered_ml")
            if fresh and delivered_ml is not None and delivered_ml >= plan.volumes_ml[pump.pump]:
                self._filled.add(pump.pump)
                continue
            wanted[pump.pump] = PumpOutput(True, plan.rate_ml_h, pump.diameter_mm, plan.batch)
        longest_s = max(plan.volumes_ml.values()) / plan.rate_ml_h * 3600 + SLACK_S
        if wanted and context.now_ns - self._began_ns > longest_s * NS:
            context.fail(
                f"priming {', '.join(wanted)} took longer than {longest_s:.0f} s: look at syringe and needle"
            )
        return Demand(wanted)

    def _presence(self) -> Question:
        text = "Priming is about to begin: is a person at the rig, and is the chamber door closed?"
        return Question(self.step_id, "present", text)

    def holding(self, context: Context) -> Demand:
        """Pumps off is all there is to hold."""
        self._began_ns = None
        return DONE

    def progress(self) -> dict[str, Any]:
        """Which pumps are filled."""
        return {"stage": self.stage, "filled": sorted(self._filled)}
