"""Fit, vapour part: does the chamber's exhaust keep the solvents of a spin step well below their explosive limits?"""

from __future__ import annotations

from recipes.model import Recipe, SpinStep
from recipes.problems import Problems
from rig.bench.assignment import Assignment
from rig.bench.model import Bench
from rig.safety.vapour import REFUSED_ABOVE, settled_fraction

LITRES_PER_M3 = 1000.0


def fit_vapour(recipe: Recipe, bench: Bench, assignment: Assignment, problems: Problems) -> None:
    """An error where a step settles above a tenth of the limit; a warning where the rig file declares no chamber."""
    solutions = assignment.vapour_l_per_ml
    for step in recipe.steps:
        if not isinstance(step, SpinStep):
            continue
        made = {stream.id: solutions.get(stream.solution, 0.0) for stream in step.streams}
        if not any(made.values()):
            continue
        where = f"steps.{step.id}"
        if bench.chamber is None:
            problems.warning(
                "vapour-not-estimated",
                where,
                f"{bench.name} declares no chamber: how near the vapour comes to its explosive limit is not estimated",
                'write [chamber] volume = "..." and exhaust = "... m3/h" into the rig file',
            )
            continue
        rates = {stream.id: stream.rate.to("ml/h") for stream in step.streams}
        share = settled_fraction(rates, made, bench.chamber.exhaust_m3_h * LITRES_PER_M3)
        if share > REFUSED_ABOVE:
            problems.error(
                "vapour-above-limit",
                where,
                f"its solvents come to {share * 100:.0f} % of their lower explosive limit with the exhaust's "
                f"{bench.chamber.exhaust_m3_h:g} m3/h, and {REFUSED_ABOVE * 100:.0f} % is the most",
                "feed less, or exhaust more",
            )
