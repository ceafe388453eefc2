"""A lab's own materials: a TOML of the same form, laid over the built-in tables.

```toml
format = 1

[solvents.DMF]                  # known: what stands here takes the place of the built-in value
conductivity = { value = "60 uS/m", source = "own meter, lot 22, 2026-11-02" }

[solvents."solvent blend 7"]    # new
flammable = { is = true, source = "supplier's safety sheet, 2026" }
flash_point = { value = "12 degC", source = "supplier's safety sheet, 2026" }
```
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recipes.problems import InputError, Problems
from recipes.tables import Table, root_table
from recipes.toml_text import attach_places, load_toml, read_text_file

from .kinds import Liquid, Material
from .materials import FORMAT, SECTIONS, Materials, Shelf, builtin_materials, names_of
from .names import folded
from .reading import LOWEST, read_solute, read_solvent

FILE_NAME = "materials.toml"
"""The name of the lab's own file in the folder of its recipe store."""


def read_materials(source: str | bytes, name: str = FILE_NAME) -> tuple[Materials | None, Problems]:
    """The built-in tables with a lab's own over them, and all problems, placed; None when there is an error.

    Notes say which built-in values the file replaces; a warning, where the new one is less cautious.
    """
    content = source.encode("utf-8") if isinstance(source, str) else source
    problems = Problems()
    data = load_toml(content, problems, "materials file")
    if data is None:
        return None, problems
    root = root_table(data, problems)
    if root.integer("format", required=True, minimum=1) > FORMAT:
        message = f"the file is of format {data['format']}; this program reads up to {FORMAT}"
        root.error("newer-format", "format", message, "update the program")
    solvents, polymers, gases = builtin_materials().shelves
    found = Materials(
        _over(root, "solvents", solvents, read_solvent, problems),
        _over(root, "polymers", polymers, read_solute, problems),
        gases,
        own=name,
        content=content,
    )
    if root.has("gases"):
        root.ignore("gases")
        root.error(
            "not-here",
            "gases",
            "gases are the program's own: they decide what protects carbon and what may burn",
            f"leave them out; a lab's file has {' and '.join(f'[{one}]' for one in SECTIONS[:2])}",
        )
    root.finish()
    if not problems.has_errors:
        _compare(found.shelves[0], solvents, problems)
        _compare(found.shelves[1], polymers, problems)
    attach_places(problems, content.decode("utf-8"))
    return (None if problems.has_errors else found), problems


def load_materials(path: Path) -> tuple[Materials, Problems]:
    """The built-in tables with a lab's own file over them, and what else is to be said about it.

    :raises InputError: when the file cannot be read or holds an error.
    """
    problems = Problems()
    octets = read_text_file(path, problems, "materials")
    found = None
    if octets is not None:
        found, problems = read_materials(octets, str(path))
    if found is None:
        raise InputError(problems, str(path))
    return found, problems


def materials_in(folder: Path) -> tuple[Materials, Problems]:
    """What a lab knows: the built-in tables, with the file over them that its recipe store's folder may hold.

    :raises InputError: when there is such a file and it cannot be read or holds an error.
    """
    path = folder / FILE_NAME
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return builtin_materials(), Problems()
    except OSError:
        pass  # it may be there: the reading says why it cannot be read
    return load_materials(path)


def _over(root: Table, section: str, base: Shelf[Any], read: Any, problems: Problems) -> Shelf[Any]:
    """The table of one section with the file's entries in it."""
    merged: dict[str, dict[str, Any]] = dict(base.raw)
    own: dict[str, frozenset[str]] = {}
    taken = {folded(word): name for word, name in base.words().items()}
    for written, table in root.named(section).items():
        name = base.name(written) or written
        read(name, table)
        for word in names_of(written, table.data):
            other = taken.setdefault(folded(word), name)
            if other != name:
                key = next((key for key in ("synonyms", "cas", "esd", "full_name") if table.has(key)), None)
                table.error("name-taken", key, f'"{word}" already means {other}', "take another name")
        merged[name] = _merged(merged.get(name, {}), table.data)
        own[name] = own.get(name, frozenset()) | frozenset(table.data)
    return Shelf(section, lambda: merged, read, own)


def _merged(entry: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    """The file's keys over the table's; lists are added to, so that no hazard and no name is lost."""
    result = {**entry, **mine}
    if "synonyms" in entry and isinstance(mine.get("synonyms"), list):
        result["synonyms"] = [*entry["synonyms"], *mine["synonyms"]]
    for key in ("hazards", "gives_off"):
        new = mine.get(key)
        if key in entry and isinstance(new, list) and all(isinstance(one, dict) for one in new):
            said = {one.get("is") for one in new}
            result[key] = [*(one for one in entry[key] if one["is"] not in said), *new]
    return result


def _compare(shelf: Shelf[Any], base: Shelf[Any], problems: Problems) -> None:
    """Say what the file's own entries change of what was known."""
    for name, keys in shelf.own.items():
        if name not in base.raw:
            continue
        mine: Material = shelf.built(name)
        built_in: Material = base.built(name)
        for key in sorted(keys):
            new, old = getattr(mine, key, None), getattr(built_in, key, None)
            if key in ("synonyms", "full_name", "note", "hazards", "gives_off") or old is None or new == old:
                continue
            where = f"{shelf.section}.{name}.{key}"
            if _less_cautious(shelf.section, key, new, old):
                message = f"{_said(new)} takes the place of {_said(old)}, which is the more cautious"
                problems.warning(
                    "less-cautious", where, message, "make sure of it: rules refuse by this value"
                )
            else:
                problems.note("own-value", where, f"{_said(new)} takes the place of {_said(old)}")
        if (
            isinstance(mine, Liquid)
            and isinstance(built_in, Liquid)
            and built_in.burns
            and mine.burns is False
        ):
            message = f"{name} is said not to burn; by the built-in table it does"
            problems.warning("less-cautious", f"{shelf.section}.{name}", message, "make sure of it")


def _less_cautious(section: str, key: str, new: Any, old: Any) -> bool:
    """Whether what rules refuse by is taken for safer. Heavy molecules and a light liquid make less vapour."""
    if section == "solvents" and key == "density":
        return bool(new.value < old.value)
    return (key in LOWEST or (section == "solvents" and key == "molar_mass")) and new.value > old.value


def _said(one: Any) -> str:
    holds = getattr(one, "holds", None)
    return str(one) if holds is None else f"{'yes' if holds else 'no'} ({one.source})"
