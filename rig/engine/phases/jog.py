"""Moving one pump by hand: so much in or out at a rate, high voltage locked out, ended by the pump's own counter."""

from __future__ import annotations

from typing import Any

from rig.engine.phases.permissives import Waiting, missing
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand
from rig.engine.phases.plans import JogPlan
from rig.engine.phases.prime import SLACK_S
from rig.engine.phases.quiet import Quiet
from rig.outputs import PumpOutput
from rig.readings import NS


class JogPhase(Quiet):
    """The pump runs until its counter has the volume, infused or withdrawn; then it stops and is seen standing."""

    do = "jog"

    def __init__(self, plan: JogPlan) -> None:
        self.step_id = plan.step_id
        self._plan = plan
        self._began_ns: int | None = None
        self._moved_ml = 0.0
        self._there = False
        self._waiting = Waiting(plan.step_id)

    @property
    def stage(self) -> str:
        """Where it is: permissives, moving or standing."""
        if self._there:
            return "standing"
        return "permissives" if self._began_ns is None else "moving"

    def running(self, context: Context) -> Demand:
        """Wait for door and proof, move, stop."""
        if self._there:
            return DONE if context.outputs[self._plan.pump].proved_off else NOTHING
        why = missing(context, self._plan.permissives) if self._began_ns is None else None
        if not context.hv_proved_off():
            why = "high voltage is not proved off"
        if why is not None:
            return self._waiting.go_on(context, why)
        plan = self._plan
        if self._began_ns is None:
            self._began_ns = context.now_ns
            self._waiting.over()
            text = f"{plan.pump} {plan.words}, high voltage off"
            context.note("jog", {"step": self.step_id, "text": text, "rate_ml_h": plan.rate_ml_h})
        view = context.outputs[plan.pump]
        channel = f"{plan.pump}.delivered_ml"
        reading, counted_ml = context.readings.get(channel), context.readings.value(channel)
        fresh = view.told is not None and reading is not None and reading.t_ns > view.told_ns
        if fresh and counted_ml is not None:
            self._moved_ml = counted_ml
            if (counted_ml if plan.rate_ml_h > 0 else -counted_ml) >= plan.volume_ml:
                self._there = True
                return NOTHING
        longest_s = plan.volume_ml / abs(plan.rate_ml_h) * 3600 + SLACK_S
        if context.now_ns - self._began_ns > longest_s * NS:
            context.fail(f"{plan.pump} took longer than {longest_s:.0f} s: look at syringe and needle")
        return Demand({plan.pump: PumpOutput(True, plan.rate_ml_h, plan.diameter_mm, plan.batch)})

    def holding(self, context: Context) -> Demand:
        """The pump off is all there is to hold."""
        self._began_ns = None
        return DONE

    def progress(self) -> dict[str, Any]:
        """How much has been moved by the pump's counter, ml."""
        return {"stage": self.stage, "moved_ml": self._moved_ml, "of_ml": self._plan.volume_ml}
