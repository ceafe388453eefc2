"""One supply by hand: ramp it up, look for a while, and end in order: ramp down, disable, proof, discharge, earthing.

No pump runs. Door, exhaust and emergency stop come first, as before every spin step (safety rule 6).
"""

from __future__ import annotations

from typing import Any

from rig.engine.phases.orderly_end import OrderlyEnd
from rig.engine.phases.permissives import Waiting, missing
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand
from rig.engine.phases.plans import HvTestPlan
from rig.engine.phases.spin import REACH_S, TOLERANCE
from rig.engine.questions import Question
from rig.outputs import HvOutput
from rig.readings import NS

START_S = 5.0
"""So long after its order a supply may take to be seen on."""


class HvTestPhase:
    """Stages: permissives, switching-on, ramping, live, lowering, discharging, earthing."""

    do = "hv-test"

    def __init__(self, plan: HvTestPlan) -> None:
        self.step_id = plan.step_id
        self.stage = "permissives"
        self._plan = plan
        self._stage_ns = 0
        self._ramp_ns = 0
        self._waiting = Waiting(plan.step_id)
        self._live_ns = 0
        self._read_kv: tuple[float, float] | None = None
        self._highest_ua: float | None = None
        self._end: OrderlyEnd | None = None

    def running(self, context: Context) -> Demand:
        """From closed door to "earthing stick applied"."""
        match self.stage:
            case "permissives":
                return self._await_permissives(context)
            case "switching-on":
                return self._start(context)
            case "ramping":
                return self._ramp(context)
            case "live":
                return self._look(context)
            case _:
                return self._finish(context)

    def _enter(self, stage: str, context: Context) -> None:
        self.stage = stage
        self._stage_ns = context.now_ns
        context.note("stage", {"step": self.step_id, "stage": stage})

    def _await_permissives(self, context: Context) -> Demand:
        why = missing(context, self._plan.permissives)
        if why is None and not context.hv_proved_off():
            why = "high voltage is not proved off"
        if why is None:
            self._waiting.over()
            context.questions.forget(self.step_id, "earthed")
            self._enter("switching-on", context)
            return self._start(context)
        return self._waiting.go_on(context, why)

    def _start(self, context: Context) -> Demand:
        """On at nought, until the supply itself says that it is on."""
        supply = self._plan.supply.supply
        view, reading = context.outputs[supply], context.readings.get(f"{supply}.output")
        seen = view.told is not None and reading is not None and reading.t_ns > view.told_ns
        if seen and context.readings.value(f"{supply}.output") == 1:
            self._enter("ramping", context)
            self._ramp_ns = context.now_ns
        elif context.now_ns - self._stage_ns > START_S * NS:
            context.fail(f"{supply} not seen on {START_S:g} s after its order")
        return self._at(0.0)

    def _at(self, magnitude_kv: float) -> Demand:
        plan = self._plan.supply
        signed_kv = magnitude_kv if plan.target_kv > 0 else -magnitude_kv
        return Demand({plan.supply: HvOutput(True, signed_kv, plan.limit_ua)})

    def _ramp(self, context: Context) -> Demand:
        plan = self._plan.supply
        elapsed_s = (context.now_ns - self._ramp_ns) / NS
        needed_s = abs(plan.target_kv) / plan.ramp_kv_s
        if elapsed_s >= needed_s:
            read = context.readings.value(f"{plan.supply}.voltage_kv")
            allowed = max(TOLERANCE * abs(plan.target_kv), 2 * plan.monitor_step_kv)
            if read is not None and abs(read - plan.target_kv) <= allowed:
                self._enter("live", context)
                self._live_ns = context.now_ns
            elif elapsed_s > needed_s + REACH_S:
                shown = "nothing" if read is None else f"{read:.2f} kV"
                context.fail(
                    f"{plan.supply} reads {shown} instead of {plan.target_kv:g} kV, {REACH_S:.0f} s after its ramp"
                )
        return self._at(min(abs(plan.target_kv), elapsed_s * plan.ramp_kv_s))

    def _look(self, context: Context) -> Demand:
        plan = self._plan.supply
        read_kv = context.readings.value(f"{plan.supply}.voltage_kv")
        current_ua = context.readings.value(f"{plan.supply}.current_ua")
        if read_kv is not None:
            low_kv, high_kv = self._read_kv or (read_kv, read_kv)
            self._read_kv = (min(low_kv, read_kv), max(high_kv, read_kv))
        if current_ua is not None:
            self._highest_ua = max(current_ua, self._highest_ua or 0.0)
        if context.now_ns - self._live_ns >= self._plan.hold_s * NS:
            self._begin_end(context)
            return self._finish(context)
        return self._at(abs(plan.target_kv))

    def _begin_end(self, context: Context) -> None:
        """From wherever the voltage is now."""
        plan = self._plan.supply
        told = context.outputs[plan.supply].told
        now_kv = told.voltage_kv if isinstance(told, HvOutput) and told.on else 0.0
        if self._read_kv is not None:
            low, high = self._read_kv
            at_s = (context.now_ns - self._live_ns) / NS
            text = f"{plan.supply} read {low:.2f} to {high:.2f} kV for {at_s:.0f} s"
            if self._highest_ua is not None:
                text += f", at most {self._highest_ua:.1f} µA by its own monitor"
            context.note("hv-test", {"step": self.step_id, "text": text})
        # No liquid, no pendant drop: nothing to draw off.
        self._end = OrderlyEnd((plan,), {plan.supply: now_kv}, 0.0)
        self._enter("lowering", context)

    def _finish(self, context: Context) -> Demand:
        if self.stage in ("discharging", "earthing") and not context.hv_proved_off():
            # Nobody is asked to open on an older proof.
            context.questions.forget(self.step_id, "earthed")
            self._enter("lowering", context)
        if self.stage == "lowering":
            assert self._end is not None
            demand = self._end.step(context)
            if not demand.done:
                return demand
            read_back = sorted(name for name, proof in context.proofs.items() if proof.proved_ns is not None)
            context.note("proof", {"step": self.step_id, "hv_off": True, "read_back": read_back})
            self._enter("discharging", context)
        if self.stage == "discharging":
            if not context.hv_discharged():
                return NOTHING
            self._enter("earthing", context)
        return NOTHING if context.ask(self._earthing()) is None else DONE

    def _earthing(self) -> Question:
        return Question(
            self.step_id,
            "earthed",
            "High voltage is read back as off and the discharge time is over. Is the earthing stick applied to "
            f"the output of {self._plan.supply.supply} and whatever is wired to it?",
        )

    def holding(self, context: Context) -> Demand:
        """Down in order; a restart ramps up again and looks anew."""
        if self.stage in ("permissives", "discharging", "earthing"):
            return DONE
        demand = self._down(context)
        if demand.done:
            self.stage = "permissives"
            self._read_kv, self._highest_ua = None, None
        return demand

    def _down(self, context: Context) -> Demand:
        if self.stage != "lowering":
            self._begin_end(context)
        assert self._end is not None
        return self._end.step(context)

    def held(self, context: Context) -> Demand:
        """Everything is off while held."""
        return NOTHING

    def paused(self, context: Context) -> Demand:
        """It ends with everything off and earthed, and so it stays."""
        return NOTHING

    def restarting(self, context: Context) -> Demand:
        """Nothing is brought back here: `running` begins with the permissives again."""
        return DONE

    def stopping(self, context: Context) -> Demand:
        """Orderly early end: done when high voltage is proved off."""
        if self.stage in ("permissives", "discharging", "earthing"):
            return DONE if context.hv_proved_off() else NOTHING
        return self._down(context)

    def aborting(self, context: Context) -> None:
        """The outputs are cut; there is nothing to close."""

    def completing(self, context: Context) -> Demand:
        """A person has seen enough: the whole orderly end, earthing included."""
        if self.stage == "permissives":
            return DONE
        if self.stage not in ("lowering", "discharging", "earthing"):
            self._begin_end(context)
        return self._finish(context)

    def progress(self) -> dict[str, Any]:
        """Stage, and how long it is to be live."""
        return {"stage": self.stage, "duration_s": self._plan.hold_s}
