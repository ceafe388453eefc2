"""Spinning and spraying from all streams at once: start together, watch the jet, run the clock, end in order."""

from __future__ import annotations

from typing import Any

from rig.engine.phases.orderly_end import OrderlyEnd
from rig.engine.phases.permissives import Waiting, missing
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand
from rig.engine.phases.plans import PrimePlan, PumpPlan, SpinPlan, SupplyPlan
from rig.engine.phases.prime import PrimePhase
from rig.engine.questions import Question
from rig.outputs import HvOutput, Output, PumpOutput
from rig.readings import NS
from rig.safety.limits import JET_CHECK_S

WIPE_AFTER_NS = 120 * NS
"""A needle that stood longer than this has a skin on its drop: wipe and prime before restart (safety rule 6)."""

REACH_S = 15.0
"""How long after the ramp's end the read-back may take to come within tolerance."""

TOLERANCE = 0.01


class SpinPhase:
    """One spin step. Stages: permissives, starting, ramping, checking, clock, ending, discharging, earthing."""

    do = "spin"

    def __init__(self, plan: SpinPlan, prime_again: PrimePlan) -> None:
        self.step_id = plan.step_id
        self.stage = "permissives"
        self.elapsed_ns = 0
        self._plan = plan
        self._prime_again = prime_again
        self._stage_ns = 0
        self._seen: dict[str, int] = {}
        self._hv_ns: int | None = None
        self._counted_ns: int | None = None
        self._end: OrderlyEnd | None = None
        self._held_ns: int | None = None
        self._wipe: PrimePhase | None = None
        self._waiting = Waiting(plan.step_id)
        self._full_outputs: dict[str, Output] = dict(self._pumps())
        for supply in plan.supplies:
            self._full_outputs[supply.supply] = HvOutput(True, supply.target_kv, supply.limit_ua)

    @property
    def spinning(self) -> SpinPlan | None:
        """Its plan while the voltage is up and the jets are to be there (jet check and clock), else None."""
        return self._plan if self.stage in ("checking", "clock") else None

    @property
    def plan(self) -> SpinPlan:
        """What it was given."""
        return self._plan

    @property
    def pumps(self) -> tuple[PumpPlan, ...]:
        """What feeds the chamber while it is under way."""
        return self._plan.pumps

    # Running

    def running(self, context: Context) -> Demand:
        """From closed door to "earthing stick applied"."""
        match self.stage:
            case "permissives":
                return self._await_permissives(context)
            case "starting":
                return self._start(context)
            case "ramping":
                return self._ramp(context)
            case "checking":
                if context.now_ns - self._stage_ns >= JET_CHECK_S * NS:
                    self._enter("clock", context)
                    context.note(
                        "clock", {"step": self.step_id, "running": True, "elapsed_s": self.elapsed_ns / NS}
                    )
                    self._counted_ns = context.now_ns
                return Demand(self._full())
            case "clock":
                return self._count(context)
            case _:
                return self._finish(context)

    def _await_permissives(self, context: Context) -> Demand:
        why = missing(context, self._plan.permissives)
        if why is None and not context.hv_proved_off():
            why = "high voltage is not proved off"
        if why is None:
            self._waiting.over()
            context.questions.forget(self.step_id, "earthed")  # what was earthed before is about to be live
            self._enter("starting", context)
            return self._start(context)
        return self._waiting.go_on(context, why)

    def _enter(self, stage: str, context: Context) -> None:
        self.stage = stage
        self._stage_ns = context.now_ns
        context.note("stage", {"step": self.step_id, "stage": stage})

    def _start(self, context: Context) -> Demand:
        """Pumps, then high voltage, within `start_lag`, each confirmed by its own reading. High voltage is on last:
        a needle whose pump does not start is never live."""
        names = [plan.pump for plan in self._plan.pumps] + [plan.supply for plan in self._plan.supplies]
        for name in names:
            view = context.outputs[name]
            channel = f"{name}.output" if view.kind == "hv" else f"{name}.running"
            reading = context.readings.get(channel)
            confirmed = view.told is not None and reading is not None and reading.t_ns > view.told_ns
            if confirmed and context.readings.value(channel) == 1:
                self._seen.setdefault(name, context.now_ns)
        if self._hv_ns is None and all(plan.pump in self._seen for plan in self._plan.pumps):
            self._hv_ns = context.now_ns
        lag_s = (context.now_ns - self._stage_ns) / NS
        if len(self._seen) == len(names):
            self._enter("ramping", context)
        elif lag_s > self._plan.start_lag_s:
            asked = names if self._hv_ns is not None else [plan.pump for plan in self._plan.pumps]
            late = ", ".join(name for name in asked if name not in self._seen)
            context.fail(
                f"{late} not seen running {lag_s:.1f} s after the start (start_lag {self._plan.start_lag_s:g} s)"
            )
        return Demand(self._rising(context))

    def _ramp(self, context: Context) -> Demand:
        wanted = self._rising(context)
        slowest_s = max(abs(plan.target_kv) / plan.ramp_kv_s for plan in self._plan.supplies)
        elapsed_s = self._ramped_s(context)
        if elapsed_s >= slowest_s:
            off = [plan for plan in self._plan.supplies if not self._reached(context, plan)]
            if not off:
                self._enter("checking", context)
            elif elapsed_s > slowest_s + REACH_S:
                read = context.readings.value(f"{off[0].supply}.voltage_kv")
                context.fail(
                    f"{off[0].supply} reads {'nothing' if read is None else f'{read:.2f} kV'} instead of "
                    f"{off[0].target_kv:g} kV, {REACH_S:.0f} s after its ramp"
                )
        return Demand(wanted)

    def _reached(self, context: Context, plan: SupplyPlan) -> bool:
        read = context.readings.value(f"{plan.supply}.voltage_kv")
        # The monitor's own steps can be coarser than one per cent of the target.
        allowed = max(TOLERANCE * abs(plan.target_kv), 2 * plan.monitor_step_kv)
        return read is not None and abs(read - plan.target_kv) <= allowed

    def _rising(self, context: Context) -> dict[str, Output]:
        wanted = self._pumps()
        if self._hv_ns is None:
            return wanted
        elapsed_s = self._ramped_s(context)
        for plan in self._plan.supplies:
            magnitude_kv = min(abs(plan.target_kv), elapsed_s * plan.ramp_kv_s)
            signed_kv = magnitude_kv if plan.target_kv > 0 else -magnitude_kv
            wanted[plan.supply] = HvOutput(True, signed_kv, plan.limit_ua)
        return wanted

    def _ramped_s(self, context: Context) -> float:
        """How long every supply has been told on; the ramp begins with that, at zero, and not with the wish: the order
        may have waited for its event to be on the disk."""
        if self._hv_ns is None:
            return 0.0
        views = [context.outputs[plan.supply] for plan in self._plan.supplies]
        if any(view.told is None for view in views):
            return 0.0
        return (context.now_ns - max(self._hv_ns, *(view.told_ns for view in views))) / NS

    def _pumps(self) -> dict[str, Output]:
        return {
            plan.pump: PumpOutput(True, plan.rate_ml_h, plan.diameter_mm, self._plan.batch)
            for plan in self._plan.pumps
        }

    def _full(self) -> dict[str, Output]:
        return self._full_outputs

    def _count(self, context: Context) -> Demand:
        self._bank(context)
        if self.elapsed_ns >= self._plan.duration_s * NS:
            self._stop_clock(context)
            self._begin_end(context)
            return self._finish(context)
        return Demand(self._full())

    def _bank(self, context: Context) -> None:
        if self._counted_ns is not None:
            self.elapsed_ns += context.now_ns - self._counted_ns
            self._counted_ns = context.now_ns

    def _stop_clock(self, context: Context) -> None:
        if self._counted_ns is not None:
            self._bank(context)
            self._counted_ns = None
            context.note("clock", {"step": self.step_id, "running": False, "elapsed_s": self.elapsed_ns / NS})

    def _begin_end(self, context: Context) -> None:
        """From wherever the voltages are now."""
        now_kv = {}
        for plan in self._plan.supplies:
            told = context.outputs[plan.supply].told
            now_kv[plan.supply] = told.voltage_kv if isinstance(told, HvOutput) and told.on else 0.0
        self._end = OrderlyEnd(self._plan.supplies, now_kv, self._plan.draw_off_s)
        self._enter("ending", context)

    def _finish(self, context: Context) -> Demand:
        if self.stage in ("discharging", "earthing") and not context.hv_proved_off():
            # A line that has died since, or a reading that says on: nobody is asked to open on an older proof.
            context.questions.forget(self.step_id, "earthed")
            self._enter("ending", context)
        if self.stage == "ending":
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
            "needle and collector?",
        )

    # Holding, restarting, stopping, completing

    def holding(self, context: Context) -> Demand:
        """Orderly end without losing what has been spun; the clock stands."""
        self._stop_clock(context)
        if self.stage in ("permissives", "discharging", "earthing"):
            if self._wipe is not None:
                self._wipe.holding(context)
            if self._held_ns is None:
                self._held_ns = context.now_ns
            return DONE
        if self.stage != "ending":
            self._begin_end(context)
        assert self._end is not None
        demand = self._end.step(context)
        if demand.done:
            self.stage = "permissives" if self.elapsed_ns < self._plan.duration_s * NS else "discharging"
            self._held_ns = context.now_ns
            self._seen.clear()
            self._hv_ns = None
        return demand

    def held(self, context: Context) -> Demand:
        """Everything is off while held."""
        return NOTHING

    def paused(self, context: Context) -> Demand:
        """It ends with everything off and earthed, and so it stays."""
        return NOTHING

    def restarting(self, context: Context) -> Demand:
        """Wipe and prime after a long hold, then start and ramp as at first."""
        if self._held_ns is not None:
            if context.now_ns - self._held_ns > WIPE_AFTER_NS and self.stage == "permissives":
                for key in ("primed", "wiped", "earthed"):
                    context.questions.forget(self.step_id, key)
                self._wipe = PrimePhase(self._prime_again)
            self._held_ns = None
        if self._wipe is not None:
            if not context.hv_discharged() or context.ask(self._earthing()) is None:
                return NOTHING  # hands go to the needle: proved off, discharged and earthed first
            demand = self._wipe.running(context)
            if not demand.done:
                return demand
            self._wipe = None
        if self.stage in ("checking", "clock", "ending", "discharging", "earthing"):
            return Demand(self._full() if self.stage in ("checking", "clock") else {}, done=True)
        demand = self.running(context)
        return Demand(demand.outputs, done=self.stage == "checking")

    def stopping(self, context: Context) -> Demand:
        """Orderly early end: done when high voltage is proved off."""
        self._stop_clock(context)
        if self.stage in ("permissives", "discharging", "earthing"):
            return DONE if context.hv_proved_off() else NOTHING
        if self.stage != "ending":
            self._begin_end(context)
        assert self._end is not None
        return self._end.step(context)

    def aborting(self, context: Context) -> None:
        """The clock stands: nothing is spun any more."""
        self._stop_clock(context)

    def completing(self, context: Context) -> Demand:
        """A person ends the step early and the product is good: the whole orderly end, earthing included."""
        self._stop_clock(context)
        if self.stage == "permissives":
            return DONE
        if self.stage not in ("ending", "discharging", "earthing"):
            self._begin_end(context)
        return self._finish(context)

    def progress(self) -> dict[str, Any]:
        """Stage and time on the clock."""
        return {"stage": self.stage, "elapsed_s": self.elapsed_ns / NS, "duration_s": self._plan.duration_s}
