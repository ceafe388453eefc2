"""`docs/recipe-checks.md`: every rule with its reason, source and examples."""

from __future__ import annotations

from typing import Final

from .rule import Rule
from .table import GROUPS, RULES

BASES: Final = {
    "C": "read in the source",
    "D": "derived",
    "M": "general knowledge",
    "decision": "own safety limit",
    "form": "meaning of the format",
}


def page() -> str:
    """The whole page as Markdown."""
    counted = {
        word: sum(str(rule.severity) == word for rule in RULES) for word in ("error", "warning", "note")
    }
    lines = [
        "# What the linter looks for",
        "",
        "Made by `python -m recipes.checks`; not edited by hand.",
        "",
        f"{len(RULES)} rules: {counted['error']} refuse, {counted['warning']} warn, {counted['note']} inform. "
        "`spinrig check` applies them to the recipe alone; what depends on the rig is found by `spinrig check --rig`. "
        "General knowledge never refuses. A warning or note is silenced in the recipe, with a reason that the "
        "report of each run prints:",
        "",
        "```toml",
        'accept = [{ code = "field-high", reason = "short gap wanted, as in the paper" }]',
        "```",
    ]
    for subject, rules in GROUPS.items():
        lines += ["", f"## {subject}", "", "| code | | why | basis and source | found in | not found in |"]
        lines.append("|---|---|---|---|---|---|")
        lines += [_row(rule) for rule in rules]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    cells = (
        f"`{rule.code}`",
        str(rule.severity),
        rule.reason,
        f"{BASES[rule.basis]}: {rule.source}",
        rule.breaks.shown(),
        rule.holds.shown(),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
