"""From a recipe that fits the bench to visits: stretches of steps on one unit, each step a phase."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from recipes.materials import solvent
from recipes.model import (
    CoolStep,
    DryStep,
    HeatStep,
    PrimeStep,
    PromptStep,
    PurgeStep,
    Recipe,
    SpinStep,
    WaitStep,
)
from recipes.steps import FURNACE_KINDS, PRIME_RATE, SPIN_UNIT_KINDS, AnyStep
from rig.bench.assignment import Assignment, dead_volume_ml, prime_steps
from rig.bench.model import CONSOLE, Bench
from rig.engine.connect import monitor_steps_kv
from rig.engine.furnace_planning import furnace_phase
from rig.engine.furnace_unit import analyser_of, gases_of
from rig.engine.phases.people import FURNACE_WORDS, PromptPhase, WaitPhase
from rig.engine.phases.phase import Phase
from rig.engine.phases.plans import PrimePlan, PumpPlan, SpinPlan, SupplyPlan
from rig.engine.phases.prime import PrimePhase
from rig.engine.phases.spin import SpinPhase
from rig.safety.climate import ClimateWindow
from rig.safety.jet_expected import IONS_FROM, JetData
from rig.safety.limits import SPIN_INTERLOCKS


class CannotDrive(Exception):
    """A step that this version has no phase for; the text names it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The longest stretch of a recipe's steps on one unit. `phases` makes fresh phase objects; `attended` names the
    steps that want somebody connected."""

    unit: str
    step_ids: tuple[str, ...]
    phases: Callable[[], Sequence[Phase]]
    attended: frozenset[str] = frozenset()


def unit_of(step: AnyStep, bench: Bench) -> str | None:
    """The unit a step belongs to; None for prompt and wait, which go with their neighbours."""
    if step.do in SPIN_UNIT_KINDS:
        return "spin"
    if step.do in FURNACE_KINDS and bench.furnaces:
        return next(iter(bench.furnaces))
    if step.do in ("prompt", "wait"):
        return None
    raise CannotDrive(f"step {step.id!r} is a {step.do!r} step, and {bench.name} has no furnace")


def plan_visits(recipe: Recipe, assignment: Assignment, bench: Bench) -> tuple[Visit, ...]:
    """The visits of a recipe. `prompt` and `wait` belong to the next step's unit, at the end to the previous one's.

    Raises CannotDrive for a step kind without a phase.
    """
    units = [unit_of(step, bench) for step in recipe.steps]
    for index in range(len(units) - 2, -1, -1):
        units[index] = units[index] or units[index + 1]
    for index in range(1, len(units)):
        units[index] = units[index] or units[index - 1]
    visits: list[Visit] = []
    start = 0
    for index in range(1, len(units) + 1):
        if index == len(units) or units[index] != units[start]:
            steps = recipe.steps[start:index]
            visits.append(_visit(units[start] or "spin", recipe, steps, start, assignment, bench))
            start = index
    return tuple(visits)


def instruments_left_out(bench: Bench, visited: Container[str]) -> set[str]:
    """Instruments whose channels do not belong into a run's table: those of units that it does not visit."""
    out: set[str] = set()
    if "spin" not in visited:
        out |= {*bench.hv, *bench.pumps, *bench.current}
    for furnace in bench.furnaces:
        if furnace not in visited:
            analyser = analyser_of(bench, furnace)
            out |= {furnace, *gases_of(bench, furnace)}
            out |= {analyser.rpartition(".")[0]} if analyser is not None else set()
    return out


def _visit(
    unit: str, recipe: Recipe, steps: Sequence[AnyStep], first: int, assignment: Assignment, bench: Bench
) -> Visit:
    def phases() -> Sequence[Phase]:
        made: list[Phase] = []
        for offset, step in enumerate(steps):
            made += _phases(recipe, step, first + offset, assignment, bench)
        return made

    attended = frozenset(step.id for step in steps if step.attended)
    return Visit(unit, tuple(step.id for step in steps), phases, attended)


def asks_at_tube(steps: Sequence[AnyStep], number: int) -> bool:
    """Whether what prompt `number` asks for may be done at a furnace's tube: work before or after it is one's, or its
    words name one."""
    prompt = steps[number]
    if isinstance(prompt, PromptStep) and FURNACE_WORDS.search(prompt.say):
        return True
    kinds = [step.do for step in steps]
    before = next((do for do in reversed(kinds[:number]) if do not in ("prompt", "wait")), None)
    after = next((do for do in kinds[number + 1 :] if do not in ("prompt", "wait")), None)
    return before in FURNACE_KINDS or after in FURNACE_KINDS


def _phases(recipe: Recipe, step: AnyStep, number: int, assignment: Assignment, bench: Bench) -> list[Phase]:
    match step:
        case SpinStep():
            prime = _own_prime(recipe, step, number, assignment, bench)
            spin = SpinPhase(_spin_plan(recipe, step, number, assignment, bench), prime)
            return [spin] if prime_steps(recipe, step) else [PrimePhase(prime), spin]
        case PrimeStep():
            return [PrimePhase(_prime_step_plan(recipe, step, number, assignment, bench))]
        case PromptStep():
            named = tuple(bench.furnaces) if FURNACE_WORDS.search(step.say) else ()
            return [PromptPhase(step, asks_at_tube(recipe.steps, number), named)]
        case WaitStep():
            return [WaitPhase(step.id, step.duration.to("s"))]
        case HeatStep() | DryStep() | PurgeStep() | CoolStep():
            return [
                furnace_phase(step, number, next(iter(bench.furnaces)), bench, recipe.steps[number + 1 :])
            ]
        case _:
            raise CannotDrive(f"step {step.id!r}: {step.do!r} steps are not driven by this version")


def permissives(bench: Bench) -> tuple[str, ...]:
    """Input channels that must read healthy before the spinning station starts anything."""
    return tuple(
        f"{name}.{channel.name}"
        for name, settings in bench.inputs.items()
        for channel in settings.channels
        if channel.name in SPIN_INTERLOCKS or channel.twin in SPIN_INTERLOCKS
    ) + presence_key(bench)


def presence_key(bench: Bench) -> tuple[str, ...]:
    """The key that says that a person is at the rig: spinning and priming start with it turned.

    None on an emulated rig, where presence holds, and where the console stands for it.
    """
    key = bench.safety.presence
    return () if bench.simulated or key == CONSOLE else (key,)


def _asks_present(recipe: Recipe, number: int, bench: Bench) -> bool:
    """Whether somebody has to say that they are there before step `number` primes: where nobody turns a key, and what
    went before needed nobody."""
    if bench.simulated or bench.safety.presence != CONSOLE or number == 0:
        return False
    return recipe.steps[number - 1].do not in SPIN_UNIT_KINDS


def _pumps(step: SpinStep, assignment: Assignment) -> tuple[PumpPlan, ...]:
    plans = []
    for stream in step.streams:
        one = assignment.streams[step.id, stream.id]
        plans.append(
            PumpPlan(
                stream=stream.id,
                pump=one.pump,
                rate_ml_h=stream.rate.to("ml/h"),
                diameter_mm=one.syringe.diameter_mm,
                dead_volume_ml=dead_volume_ml(stream),
                needle=one.needle or one.pump,
                vapour_l_per_ml=assignment.vapour_l_per_ml[stream.solution],
            )
        )
    return tuple(plans)


def _windows(step: SpinStep) -> tuple[ClimateWindow, ...]:
    """The chamber's windows. That an assumed one never holds is the recipe's own check (`hold-on-assumed`)."""
    return tuple(
        ClimateWindow(
            quantity,
            window.minimum.to(unit) if window.minimum is not None else None,
            window.maximum.to(unit) if window.maximum is not None else None,
            window.on_leave,
        )
        for quantity, window, unit in (
            ("humidity", step.humidity, "%RH"),
            ("temperature", step.temperature, "degC"),
        )
        if window is not None
    )


def _jets(recipe: Recipe, step: SpinStep) -> tuple[JetData, ...]:
    jets = []
    for stream in step.streams:
        solution = recipe.solutions[stream.solution]
        conductivity, tension = solution.conductivity, solution.surface_tension
        jets.append(
            JetData(
                name=stream.id,
                spun=stream.mode == "electrospin",
                voltage_kv=stream.voltage.to("kV"),
                distance_cm=stream.distance.to("cm"),
                rate_ml_h=stream.rate.to("ml/h"),
                conductivity_s_m=conductivity.to("S/m") if conductivity is not None else None,
                surface_tension_n_m=tension.to("N/m") if tension is not None else None,
                ions=all((_permittivity(one.name) or 0.0) >= IONS_FROM for one in solution.solvents),
            )
        )
    return tuple(jets)


def _permittivity(name: str) -> float | None:
    known = solvent(name)
    return None if known is None else known.relative_permittivity


def _spin_plan(recipe: Recipe, step: SpinStep, number: int, assignment: Assignment, bench: Bench) -> SpinPlan:
    steps_kv = monitor_steps_kv(bench)
    supplies: dict[str, SupplyPlan] = {}
    for stream in step.streams:
        name = assignment.streams[step.id, stream.id].hv
        if name is None or name in supplies:
            continue
        settings = bench.hv[name]
        supplies[name] = SupplyPlan(
            supply=name,
            target_kv=stream.voltage.to("kV"),
            ramp_kv_s=settings.ramp_kv_s,
            ramp_down_kv_s=settings.ramp_down_kv_s,
            limit_ua=settings.limit_ua,
            monitor_step_kv=steps_kv[name],
        )
    return SpinPlan(
        step_id=step.id,
        pumps=_pumps(step, assignment),
        supplies=tuple(supplies.values()),
        duration_s=step.duration.to("s"),
        start_lag_s=step.start_lag.to("s"),
        draw_off_s=step.draw_off.to("s"),
        batch=2 * number + 1,
        permissives=permissives(bench),
        jets=_jets(recipe, step),
        windows=_windows(step),
        arc_retries=step.arc_retries,
    )


def _own_prime(
    recipe: Recipe, step: SpinStep, number: int, assignment: Assignment, bench: Bench
) -> PrimePlan:
    pumps = _pumps(step, assignment)
    return PrimePlan(
        step_id=step.id,
        do="prime",
        pumps=pumps,
        volumes_ml={plan.pump: plan.dead_volume_ml for plan in pumps},
        rate_ml_h=PRIME_RATE.to("ml/h"),
        batch=2 * number,
        permissives=permissives(bench),
        ask_present=_asks_present(recipe, number, bench),
    )


def _prime_step_plan(
    recipe: Recipe, step: PrimeStep, number: int, assignment: Assignment, bench: Bench
) -> PrimePlan:
    spin = next(later for later in recipe.steps[number + 1 :] if isinstance(later, SpinStep))
    wanted = {one.id for one in step.streams}
    pumps = tuple(plan for plan in _pumps(spin, assignment) if not wanted or plan.stream in wanted)
    return PrimePlan(
        step_id=step.id,
        do="prime",
        pumps=pumps,
        volumes_ml={
            plan.pump: plan.dead_volume_ml if step.volume is None else step.volume.to("ml") for plan in pumps
        },
        rate_ml_h=step.rate.to("ml/h"),
        batch=2 * number,
        permissives=permissives(bench),
        ask_present=_asks_present(recipe, number, bench),
    )
