"""What a solution gives off: litres of flammable vapour over their explosive limits, from one millilitre of liquid."""

from __future__ import annotations

from .materials import CD, LITRES_PER_MOL, UNKNOWN_LEL_VOL_PCT, Materials, builtin_materials
from .solutions import Solution

METHANOL_L_PER_ML = 0.791 / 32.04 * LITRES_PER_MOL


def vapour_over_lel(solution: Solution, materials: Materials | None = None) -> float:
    """Litres of vapour over the lower explosive limit (as a fraction), summed over the solvents, from one millilitre.

    All of the liquid counts as solvent, shared by mass as the recipe says (without parts: all of it as the solvent that
    gives most). A solvent that is not in the tables, or of which nothing is known, counts as flammable with a limit of
    1 vol%, as light as methanol; so does a limit that is general knowledge only. `materials`: the built-in tables, or a
    lab's.
    """
    tables = materials or builtin_materials()
    made = [(one.parts, _pure(one.name, tables)) for one in solution.solvents]
    total = sum(parts for parts, _ in made if parts is not None)
    if any(parts is None for parts, _ in made) or total <= 0:
        return max((value for _, value in made), default=0.0)
    return sum(parts / total * value for parts, value in made if parts is not None)


def _pure(name: str, tables: Materials) -> float:
    facts = tables.solvent(name)
    if facts is None:
        return METHANOL_L_PER_ML / (UNKNOWN_LEL_VOL_PCT / 100)
    if facts.burns is False:
        return 0.0
    read = facts.lel is not None and facts.lel.mark in CD
    lel = facts.lel.value if facts.lel is not None and read else UNKNOWN_LEL_VOL_PCT
    litres = facts.vapour_litres_per_ml
    return (METHANOL_L_PER_ML if litres is None else litres) / (lel / 100)
