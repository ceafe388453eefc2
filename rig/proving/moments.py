"""When something befalls a run: mostly while high voltage is live or the tube hot, for there the rules have to hold."""

from __future__ import annotations

import random
from dataclasses import dataclass

from recipes.model import Recipe
from recipes.steps import FURNACE_KINDS, CoolStep, HeatStep, SpinStep, Step

LATER_SHARE = 0.15
"""So many moments lie anywhere in their stage; the others near its beginning, and the run need not last long."""
NEAR_S = 12.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a step as the program's events name it. unit: "spin" or "furnace"; weight: how often it is taken."""

    step: str
    name: str
    unit: str
    length_s: float
    weight: float


@dataclass(frozen=True, slots=True)
class Moment:
    """at_s after the stage began (of the step, where there is no stage; of the run, where there is neither)."""

    at_s: float
    step: str = ""
    stage: str = ""
    unit: str = ""


def stages(recipe: Recipe, ramp_kv_s: float, discharge_s: float) -> list[Stage]:
    """Those in which something is at stake."""
    found: list[Stage] = []
    for step in recipe.steps:
        found += _of(step, ramp_kv_s, discharge_s)
    return found


def _of(step: Step, ramp_kv_s: float, discharge_s: float) -> list[Stage]:
    if isinstance(step, SpinStep):
        ramp_s = abs(step.voltage.to("kV")) / ramp_kv_s
        lengths = (
            ("starting", 0.5, 0.5), ("ramping", ramp_s, 2.0), ("checking", 60.0, 3.0),
            ("clock", step.duration.to("s"), 2.0), ("ending", 8.0, 1.0), ("discharging", discharge_s, 1.0),
        )  # fmt: skip
        return [Stage(step.id, name, "spin", length_s, weight) for name, length_s, weight in lengths]
    if isinstance(step, HeatStep):
        ramp_s = sum(60.0 for _ in step.segments)
        soak_s = sum(segment.soak.to("s") for segment in step.segments)
        return [
            Stage(step.id, "ramping", "furnace", ramp_s, 3.0),
            Stage(step.id, "soaking", "furnace", soak_s, 3.0),
        ]
    if isinstance(step, CoolStep):
        return [Stage(step.id, "cooling", "furnace", 60.0, 3.0)]
    if step.do == "prime":
        return [Stage(step.id, "", "spin", 20.0, 0.5)]
    if step.do in FURNACE_KINDS:
        return [Stage(step.id, "", "furnace", 60.0, 0.7)]
    return []


def pick(rng: random.Random, among: list[Stage], length_s: float, staged: float) -> Moment:
    """One moment. staged: the share that is placed by stage; the others lie anywhere in the run."""
    if not among or rng.random() >= staged:
        return Moment(round(rng.uniform(0.0, 0.9 * length_s), 3))
    stage = rng.choices(among, [one.weight for one in among])[0]
    most_s = stage.length_s if rng.random() < LATER_SHARE else min(stage.length_s, NEAR_S)
    return Moment(round(rng.uniform(0.0, most_s), 3), stage.step, stage.name, stage.unit)
