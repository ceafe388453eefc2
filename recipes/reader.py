"""From TOML text to a `Recipe`, or to everything that is wrong with it, each with its place, what was
expected, and a hint.

Reading goes on after a mistake. A recipe is returned only when there is no error; warnings and notes come
with it.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

from .checks import add_findings
from .materials import Materials
from .model import FORMAT, Parameter, Recipe, Source
from .plain_values import kind_of
from .problems import Problem, Problems
from .solutions import PARTS_BY, Solute, Solution, Solvent
from .step_reader import check_id, read_accept, read_assumed, read_step
from .tables import Table, root_table
from .toml_text import attach_places, load_toml, read_text_file
from .units import Quantity, UnitError, parse_any


def load_recipe(path: str | Path) -> tuple[Recipe | None, list[Problem]]:
    """Read a recipe file; its id is the file's stem. A file that cannot be read is a problem, too."""
    path = Path(path)
    problems = Problems()
    content = read_text_file(path, problems)
    if content is None:
        return None, problems.items
    return read_recipe(content, path.stem)


def read_recipe(
    text: str | bytes, id: str, *, rules: bool = True, materials: Materials | None = None
) -> tuple[Recipe | None, list[Problem]]:
    """Read a recipe's text; `id` is the file's stem or the id in the store.

    The problems are in the order of the text. The recipe is None exactly when one of them is an error. Without
    `rules` it is only read, for old revisions, comparing and listing: what the linter says of it today is left out.
    materials: what the linter knows of them; None: the built-in tables.
    """
    content = text.encode("utf-8") if isinstance(text, str) else text
    problems = Problems()
    data = load_toml(content, problems)
    if data is None:
        return None, problems.items
    written = content.decode("utf-8")
    recipe = read_root(root_table(data, problems), id, written, hashlib.sha256(content).hexdigest())
    if recipe is not None and rules:
        add_findings(recipe, problems, complete=not problems.has_errors, materials=materials)
    attach_places(problems, written)
    return None if problems.has_errors else recipe, problems.by_place()


def read_root(root: Table, id: str, text: str, sha256: str) -> Recipe | None:
    """The recipe, with placeholders where something was wrong; None when its format is not known."""
    format = _format(root)
    if format is None:
        return None
    parameters = _parameters(root)
    root.use_parameters({name: parameter.default for name, parameter in parameters.items()})
    solutions = {}
    for name, table in root.named("solutions").items():
        check_id(table, None, name)
        solutions[name] = _solution(name, table, format)
    recipe = Recipe(
        format=format,
        id=id,
        name=root.text("name", required=True),
        summary=root.text("summary"),
        source=_source(root),
        parameters=parameters,
        solutions=solutions,
        steps=tuple(
            step for table in root.tables("steps", required=True) if (step := read_step(table)) is not None
        ),
        accept=read_accept(root),
        text=text,
        sha256=sha256,
    )
    root.finish()
    for name in parameters:
        if name not in root.used_parameters:
            root.problems.warning("unused-parameter", f"parameters.{name}", f'nothing refers to "${name}"')
    return recipe


def _format(root: Table) -> int | None:
    format = root.raw("format")
    if format is None:
        root.error(
            "missing-key", "format", '"format" is missing', f"write format = {FORMAT} as the first line"
        )
    elif not isinstance(format, int) or isinstance(format, bool) or format < 1:
        root.error(
            "wrong-type",
            "format",
            f'"format" is {format}; a whole number is wanted',
            f"write format = {FORMAT}",
        )
    elif format > FORMAT:
        root.error(
            "newer-format",
            "format",
            f"this recipe is written in format {format}; this program reads formats up to {FORMAT}",
            "read it with a newer spinrig",
        )
        return None
    else:
        return format
    return FORMAT  # go on, so that the author sees the other mistakes, too


def _source(root: Table) -> Source | None:
    table = root.table("source")
    if table is None:
        return None
    source = Source(table.text("doi"), table.text("url"), table.text("title"), table.text("note"))
    if source.doi is not None and not source.doi.startswith("10."):
        table.error(
            "bad-doi",
            "doi",
            f'"{source.doi}" is not a DOI',
            'write it without resolver: "10.1039/d0ra01791d"',
        )
    table.finish()
    return source


def _parameters(root: Table) -> dict[str, Parameter]:
    found = {}
    for name, table in root.named("parameters").items():
        check_id(table, None, name)
        default = table.raw("default")
        if default is None or isinstance(default, list | dict):
            table.error("missing-key", "default", f'parameter "{name}" has no default', 'default = "20 kV"')
            default = ""
        low, high = table.raw("min"), table.raw("max")
        before = len(table.problems)
        values = {
            key: _amount(table, key, value)
            for key, value in (("default", default), ("min", low), ("max", high))
        }
        if values["default"] is None and len(table.problems) == before:
            _no_limits(table, default, values)
        _ordered(table, values, "min", "default")
        _ordered(table, values, "default", "max")
        _ordered(table, values, "min", "max")
        table.finish()
        found[name] = Parameter(name, default, low, high)
    return found


def _amount(table: Table, key: str, value: Any) -> Quantity | float | None:
    """A quantity or number to compare. None where there is none, for what is reported here, and for a word or flag,
    which only a default may be.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        if key == "default":
            return None
    elif isinstance(value, int | float):
        if math.isfinite(value):
            return float(value)
        message = f'"{key}" is {value}; a finite number is wanted'
        table.error("not-a-number", key, message, f'write a number or a quantity: {key} = "20 kV"')
        return None
    elif isinstance(value, str):
        try:
            return parse_any(value)
        except UnitError as error:
            if key != "default" or error.code == "decimal-comma":
                table.error(error.code, key, error.message, error.hint)
            return None
    wanted = "a quantity in quotes or a number" + (", or a word" if key == "default" else "")
    table.error("wrong-type", key, f'"{key}" is {kind_of(value)}; {wanted} is wanted', f'{key} = "20 kV"')
    return None


def _no_limits(table: Table, default: Any, values: dict[str, Quantity | float | None]) -> None:
    """A word or a flag has no least and no greatest."""
    for key in ("min", "max"):
        if default != "" and values[key] is not None:
            message = f"{key} ({values[key]}) and default ({kind_of(default)}) cannot be compared"
            table.error("wrong-dimension", key, message, f"leave {key} out")


def _ordered(table: Table, values: dict[str, Quantity | float | None], low: str, high: str) -> None:
    smaller, larger = values[low], values[high]
    if smaller is None or larger is None:
        return
    if isinstance(smaller, Quantity) and isinstance(larger, Quantity):
        comparable = smaller.dimension == larger.dimension
        wrong = comparable and smaller > larger
    elif isinstance(smaller, float) and isinstance(larger, float):
        comparable, wrong = True, smaller > larger
    else:
        comparable, wrong = False, False
    if not comparable:
        message = f"{low} ({smaller}) and {high} ({larger}) cannot be compared"
        table.error("wrong-dimension", high, message)
    elif wrong:
        table.error("out-of-range", high, f"{high} ({larger}) is below {low} ({smaller})")


def _solution(id: str, table: Table, format: int) -> Solution:
    if format < 2 and table.has("parts_by"):
        table.error(
            "newer-key", "parts_by", "parts_by came with format 2", "write format = 2 as the first line"
        )
    solution = Solution(
        id=id,
        solvents=tuple(_solvent(item) for item in table.tables("solvents", required=True, names=())),
        solutes=tuple(_solute(item) for item in table.tables("solutes", names=())),
        parts_by=table.choice("parts_by", PARTS_BY, default="mass"),
        concentration=table.quantity(
            "concentration", ("mass_fraction", "density"), exclusive_minimum="0 wt%", maximum="100 wt%"
        ),
        conductivity=table.quantity("conductivity", "conductivity", minimum="0 S/m"),
        viscosity=table.quantity("viscosity", "viscosity", exclusive_minimum="0 Pa s"),
        surface_tension=table.quantity("surface_tension", "surface_tension", exclusive_minimum="0 N/m"),
        density=table.quantity("density", "density", exclusive_minimum="0 g/ml"),
        preparation=table.text("preparation"),
        use_within=table.quantity("use_within", "time", exclusive_minimum="0 s"),
        assumed=read_assumed(table),
    )
    table.finish()
    return solution


def _solvent(table: Table) -> Solvent:
    solvent = Solvent(table.text("name", required=True), table.number("parts", exclusive_minimum=0))
    table.finish()
    return solvent


def _solute(table: Table) -> Solute:
    solute = Solute(
        table.text("name", required=True),
        table.number("parts", exclusive_minimum=0),
        table.quantity("molar_mass", "molar_mass", exclusive_minimum="0 g/mol"),
        table.quantity("particle_size", "length", exclusive_minimum="0 nm"),
    )
    table.finish()
    return solute
