"""What a solution gives off: litres of flammable vapour over their explosive limits, from one millilitre of liquid."""

from __future__ import annotations

from .solutions import Solution
from .solvents import LITRES_PER_MOL, UNKNOWN_LEL_VOL_PCT, solvent_facts


def vapour_over_lel(solution: Solution) -> float:
    """Litres of vapour over the lower explosive limit (as a fraction), summed over the solvents, from one millilitre.

    All of the liquid counts as solvent, shared by mass as the recipe says (without parts: all of it as the solvent that
    gives most). A solvent that is not in the table, or of which nothing is known, counts as flammable with a limit of
    1 vol%, as light as methanol.
    """
    made = [(one.parts, _pure(one.name)) for one in solution.solvents]
    total = sum(parts for parts, _ in made if parts is not None)
    if any(parts is None for parts, _ in made) or total <= 0:
        return max((value for _, value in made), default=0.0)
    return sum(parts / total * value for parts, value in made if parts is not None)


def _pure(name: str) -> float:
    facts = solvent_facts(name)
    if facts is None:
        return 0.791 / 32.04 * LITRES_PER_MOL / (UNKNOWN_LEL_VOL_PCT / 100)
    if facts.flammable is False:
        return 0.0
    lel = facts.lel_vol_pct if facts.lel_vol_pct is not None else UNKNOWN_LEL_VOL_PCT
    return facts.vapour_litres_per_ml / (lel / 100)
