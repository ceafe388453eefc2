"""The run sheet: what is true of this one run. Which solution is in which pump and syringe, how much, behind
which needle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from recipes.model import Recipe, SpinStep
from recipes.problems import InputError, Problems
from recipes.tables import Table, root_table
from recipes.toml_text import attach_places, load_toml, read_text_file
from recipes.units import Quantity
from rig.bench.rigfile import DEMO_SHEET
from rig.bench.sections import read_date
from rig.bench.syringes import (
    NO_SYRINGES,
    Syringe,
    find_syringe,
    measured_syringe,
    nearest_syringe,
    read_size,
)

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class SheetStream:
    """What feeds one stream. pump: "pumps.a"; needle: a mount of the rig file, None: the pump's only one;
    prepared: ISO 8601.
    """

    pump: str
    syringe: Syringe
    loaded_ml: float
    needle: str | None = None
    lot: str | None = None
    prepared: str | None = None


@dataclass(frozen=True, slots=True)
class RunSheet:
    """A run sheet. `streams` is keyed by step id and stream id; `masses` by what was weighed."""

    text: str
    sha256: str
    sample: str | None
    collector: str | None
    note: str | None
    masses: Mapping[str, Quantity]
    streams: Mapping[tuple[str, str], SheetStream]


def read_sheet(
    source: str | bytes, syringes: Mapping[str, Syringe] = NO_SYRINGES
) -> tuple[RunSheet | None, Problems]:
    """The run sheet and all problems, placed; None when there is an error. `syringes`: the rig file's own."""
    problems = Problems()
    octets = source if isinstance(source, bytes) else source.encode()
    data = load_toml(source, problems, "run sheet")
    if data is None:
        return None, problems
    text = octets.decode("utf-8")
    sheet = _read(root_table(data, problems), text, hashlib.sha256(octets).hexdigest(), syringes)
    attach_places(problems, text)
    return (None if problems.has_errors else sheet), problems


def load_sheet(path: Path, syringes: Mapping[str, Syringe] = NO_SYRINGES) -> tuple[RunSheet, Problems]:
    """The run sheet of a file. `syringes`: the rig file's own.

    :raises InputError: when it cannot be read or holds an error.
    """
    problems = Problems()
    octets = read_text_file(path, problems, "run sheet")
    sheet = None
    if octets is not None:
        sheet, problems = read_sheet(octets, syringes)
    if sheet is None:
        raise InputError(problems, str(path))
    return sheet, problems


def built_in_sheet() -> RunSheet:
    """The demonstration rig's own run sheet, whatever is made on it."""
    sheet, problems = read_sheet(files("rig.bench").joinpath(DEMO_SHEET).read_bytes())
    if sheet is None:
        raise InputError(problems, "the built-in run sheet")
    return sheet


def demo_sheet(recipe: Recipe) -> RunSheet | None:
    """The demonstration rig's own run sheet where it covers every stream of the recipe; else None, and `fit`
    proposes.
    """
    sheet = built_in_sheet()
    wanted = {
        (step.id, stream.id) for step in recipe.steps if isinstance(step, SpinStep) for stream in step.streams
    }
    return sheet if wanted and wanted <= sheet.streams.keys() else None


def _read(root: Table, text: str, sha256: str, syringes: Mapping[str, Syringe]) -> RunSheet:
    root.integer("format", minimum=1, maximum=FORMAT)
    masses: dict[str, Quantity] = {}
    own = root.table("masses")
    if own is not None:
        for name in own.keys():  # noqa: SIM118
            mass = own.quantity(name, "mass", minimum="0 g")
            if mass is not None:
                masses[name] = mass
    streams: dict[tuple[str, str], SheetStream] = {}
    for step, by_step in root.named("streams").items():
        for stream, value in by_step.data.items():
            table = by_step.table(stream) if isinstance(value, dict) else None
            if table is None:
                by_step.error(
                    "wrong-type",
                    stream,
                    f'"{stream}" stands in a step; a stream of the step is wanted',
                    f"write [streams.{step}.STREAM] above it",
                )
                by_step.ignore(stream)
                continue
            streams[step, stream] = _read_stream(table, syringes)
        by_step.finish()
    sheet = RunSheet(
        text=text,
        sha256=sha256,
        sample=root.text("sample"),
        collector=root.text("collector"),
        note=root.text("note"),
        masses=masses,
        streams=streams,
    )
    root.finish()
    return sheet


def _read_stream(table: Table, syringes: Mapping[str, Syringe]) -> SheetStream:
    syringe = read_syringe(table, syringes, required=True)
    loaded_ml = table.quantity("loaded", "volume", required=True, exclusive_minimum="0 ml").to("ml")
    if syringe is not None and loaded_ml > syringe.volume_ml:
        table.error(
            "above-capacity",
            "loaded",
            f"{loaded_ml:g} ml do not go into a syringe of {syringe.volume_ml:g} ml",
            "load less, or name a larger syringe",
        )
    found = SheetStream(
        pump=f"pumps.{table.text('pump', required=True)}",
        syringe=syringe or measured_syringe(float("nan"), float("nan")),
        loaded_ml=loaded_ml,
        needle=table.text("needle"),
        lot=table.text("lot"),
        prepared=read_date(table, "prepared"),
    )
    table.finish()
    return found


def read_syringe(
    table: Table, syringes: Mapping[str, Syringe] = NO_SYRINGES, *, required: bool = False
) -> Syringe | None:
    """`syringe`: a name of the lab's own (`syringes`) or of the catalogue, or { diameter, volume }."""
    if isinstance(table.data.get("syringe"), dict):
        own = table.table("syringe", required=True)
        measured = measured_syringe(*read_size(own))
        own.finish()
        return measured
    name = table.text("syringe", required=True) if required else table.text("syringe")
    if not name:
        return None
    syringe = find_syringe(name, syringes)
    if syringe is None:
        guess = nearest_syringe(name, syringes)
        own_words = 'write what it is: syringe = { diameter = "14.43 mm", volume = "10 ml" }'
        table.error(
            "unknown-syringe",
            "syringe",
            f'there is no syringe "{name}" in the catalogue or the rig file',
            f'did you mean "{guess}"? Else {own_words}' if guess else own_words,
        )
    return syringe
