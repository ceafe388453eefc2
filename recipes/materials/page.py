"""docs/materials.md: every value of the built-in tables with its source and mark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from .kinds import Gas, Material, Solute
from .materials import Materials, builtin_materials, sources
from .values import MARKS, Fact, Value

COMMAND: Final = "python -m recipes.materials > docs/materials.md"
INTRODUCTION: Final = f"""\
# Materials

What the program knows of solvents, solutes and gases. Made by `{COMMAND}` from
the tables in `recipes/materials/`; a test holds this page against them.

{"".join(f"- **[{mark}]** {words}{chr(10)}" for mark, words in MARKS.items())}
What is not here was not found and is never taken for safe; a solvent that is not here at all counts as flammable with
a lower explosive limit of 1 vol%.
Where sources differ, all stand; of flash points, explosive limits and exposure limits the lowest counts. Exposure
limits are for orientation: confirm the ones that hold where you are. The conductivity is that of the pure solvent;
a solution's own has to be measured.

A laboratory adds its own in a file `materials.toml` in the folder of its recipe store, in the same form:

```toml
format = 1

[solvents.DMF]                  # known: what stands here takes the place of the built-in value
conductivity = {{ value = "60 uS/m", source = "own meter, lot 22, 2026-11-02" }}

[solvents."solvent blend 7"]    # new
flammable = {{ is = true, source = "supplier's safety sheet, 2026" }}
flash_point = {{ value = "12 degC", source = "supplier's safety sheet, 2026" }}
```

Every value needs its source; its mark is C (read there) unless it says otherwise. Gases cannot be added: what protects
carbon is decided in the program.
"""
WORDS: Final = {
    "lel": "lower explosive limit",
    "uel": "upper explosive limit",
    "idlh": "immediately dangerous (IDLH)",
    "density_to_air": "density, air = 1",
}
_ORDER: Final = (
    "flammable",
    "flash_point",
    "lel",
    "uel",
    "boiling_point",
    "vapour_pressure",
    "exposure_limit",
    "idlh",
)


def page(materials: Materials | None = None) -> str:
    """The page as Markdown."""
    tables = materials or builtin_materials()
    parts = [INTRODUCTION]
    headings = (
        ("Solvents", tables.solvents),
        ("Polymers and other solutes", tables.polymers),
        ("Gases", tables.gases),
    )
    for heading, group in headings:
        parts.append(f"## {heading}\n")
        parts += [_entry(one) for one in group]
    parts.append("## Sources\n\n| name | what it is |\n|---|---|")
    parts += [f"| {name} | {text} |" for name, text in sources().items()]
    return "\n".join(parts) + "\n"


def _entry(one: Material) -> str:
    head = f"### {one.name}" + (f": {one.full_name}" if one.full_name != one.name else "")
    lines = [head, ""]
    about = [f"CAS {one.cas}"] if one.cas else []
    about += [one.kind] if isinstance(one, Solute | Gas) else []
    about += [f"`{one.esd}` at electrospinning-data.org"] if one.esd else []
    about += [f"also: {', '.join(one.synonyms)}"] if one.synonyms else []
    if about:
        lines.append("; ".join(about) + ".\n")
    if one.note:
        lines.append(f"{one.note[0].upper()}{one.note[1:]}.\n")
    rows = list(_rows(one))
    if rows:
        lines += ["| what | value | mark | source |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def _rows(one: Material) -> Iterator[tuple[str, str, str, str]]:
    names = [field.name for field in fields(one)]
    for key in (*(key for key in _ORDER if key in names), *(key for key in names if key not in _ORDER)):
        found = getattr(one, key)
        words = WORDS.get(key, key.replace("_", " "))
        if isinstance(found, Value):
            yield words, _value(found), f"[{found.mark}]", found.source
            for other in found.other:
                yield "", f"or {_value(other)}", f"[{other.mark}]", other.source
        elif isinstance(found, Fact):
            yield words, _noted("yes" if found.holds else "no", found.note), f"[{found.mark}]", found.source
    if isinstance(one, Solute) and one.usual_solvents is not None:
        usual = one.usual_solvents
        yield "usual solvents", ", ".join(usual.words), f"[{usual.mark}]", usual.source
    if isinstance(one, Solute):
        for gone in one.gives_off:
            above = "" if gone.above is None else f" above {gone.above.text} [{gone.above.mark}]"
            yield f"gives off {gone.substance}{above}", gone.text, f"[{gone.mark}]", gone.source
    for hazard in one.hazards:
        yield f"hazard: {hazard.word}", hazard.text, f"[{hazard.mark}]", hazard.source


def _value(value: Value) -> str:
    return _noted(value.text, value.note)


def _noted(text: str, note: str | None) -> str:
    return f"{text} ({note})" if note else text
