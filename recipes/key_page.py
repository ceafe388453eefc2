"""`docs/recipe-keys.md`: every key of the format with unit, default and meaning."""

from __future__ import annotations

from typing import Any

from .format_facts import Section, sections
from .key_meanings import MEANINGS, SECTIONS
from .model import FORMAT
from .schema import RAW_REQUIRED, takes
from .steps import STEP_KINDS

__all__ = ["page"]


def page() -> str:
    """The whole page as Markdown."""
    lines = [
        "# Keys of a recipe",
        "",
        "Made by `python -m recipes.key_page`; not edited by hand.",
        "",
        f"Format {FORMAT}. Keys in bold are required. Quantities stand in quotes, with a decimal point and a unit; "
        "all units listed are read, and so are the usual other spellings (`mL/h`, `µl`, `cm³`, `°C`). A key that is "
        "not here is an error. What the source does not give is named in `assumed`.",
    ]
    for name, section in sections().items():
        lines += ["", f"## {_title(name)}", "", SECTIONS[name], ""]
        lines += ["| key | takes | default | meaning |", "|---|---|---|---|"]
        lines += [_row(section, key) for key in section.keys]
    return "\n".join(lines) + "\n"


def _title(name: str) -> str:
    if name in STEP_KINDS:
        return f"Step: {name}"
    kind, _, key = name.partition(".")
    return f"{kind}: {key}" if key else name


def _row(section: Section, key: str) -> str:
    facts = section.facts(key)
    required = (section.name, key) in RAW_REQUIRED or all(fact.required for fact in facts)
    default = next((fact.default for fact in facts if fact.default is not None), None)
    cells = [
        f"**{key}**" if required else key,
        takes(section, key).removesuffix(".") or _form(facts[0].kind),
        _toml(default),
        MEANINGS[section.name][key],
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _form(kind: str) -> str:
    """What a key takes that has neither unit nor choices."""
    return {
        "text": "a text",
        "choice": "a text",
        "texts": "a list of texts",
        "flag": "true or false",
        "table": "a table",
        "tables": "a list of tables",
        "named": "tables by name",
        "raw": "a value",
    }[kind]


def _toml(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f'`"{default}"`' if isinstance(default, str) else f"`{default}`"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
