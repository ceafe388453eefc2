"""The one list of the linter's rules; each module adds those of its subject."""

from __future__ import annotations

from typing import Final

from . import completeness, field, flow, gas, hazards, heat, naming, order, purge, windows
from .rule import Rule

GROUPS: Final[dict[str, tuple[Rule, ...]]] = {
    "Names": naming.RULES,
    "What is not said": completeness.RULES,
    "Voltage and distance": field.RULES,
    "Flow": flow.RULES,
    "What is in the syringe": hazards.RULES,
    "Climate of the chamber": windows.RULES,
    "Between chamber and furnace": order.RULES,
    "Gas": gas.RULES,
    "Purge": purge.RULES,
    "Heat": heat.RULES,
}
"""Subject to rules, in the order of the page."""

RULES: Final[tuple[Rule, ...]] = tuple(rule for rules in GROUPS.values() for rule in rules)
