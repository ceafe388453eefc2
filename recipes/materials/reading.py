"""From a table of materials (TOML) to materials: strict, every problem at its place, the same for the built-in tables
and for a lab's own.

A value is `flash_point = { value = "58 degC", source = "IEC 60079-20-1:2010", mark = "C" }`, with `note` and `other` (a
list of the same) where there is more to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final, TypeVar, cast

from recipes.tables import Table
from recipes.units import UnitError, is_number, parse_quantity

from .kinds import Gas, GasKind, Solute, Solvent
from .values import MARKS, Fact, Hazard, Mark, Release, Value, Words

GENERAL: Final = "general knowledge"
"""The source that an [M] value names."""

UNITS: Final[dict[str, tuple[str, str | None]]] = {
    "lel": ("vol%", None),
    "uel": ("vol%", None),
    "exposure_limit": ("ppm", None),
    "idlh": ("ppm", None),
    "molar_mass": ("g/mol", "molar_mass"),
    "density": ("g/ml", "density"),
    "flash_point": ("degC", "temperature"),
    "boiling_point": ("degC", "temperature"),
    "surface_tension": ("mN/m", "surface_tension"),
    "permittivity": ("1", None),
    "vapour_pressure": ("mmHg", "pressure"),
    "conductivity": ("S/m", "conductivity"),
    "glass_transition": ("degC", "temperature"),
    "melting_point": ("degC", "temperature"),
    "decomposition": ("degC", "temperature"),
    "density_to_air": ("1", None),
    "above": ("degC", "temperature"),
}
"""The unit in which a value is kept, and the dimension whose other units may be written ("hPa", "uS/cm")."""

LOWEST: Final = frozenset({"flash_point", "lel", "exposure_limit", "idlh"})
"""Of these the lowest that any source prints is the one that counts."""

KINDS: Final = ("polymer", "biopolymer", "particles", "salt", "precursor", "additive")

_PA_PER_MMHG = 133.322
_T = TypeVar("_T")


def read_solvent(name: str, table: Table) -> Solvent:
    """One entry of [solvents]."""
    return _read(Solvent, name, table, {})


def read_solute(name: str, table: Table) -> Solute:
    """One entry of [polymers]."""
    more: dict[str, Any] = {"kind": table.choice("kind", KINDS, default="polymer")}
    usual = table.table("usual_solvents")
    if usual is not None:
        words = usual.texts("are")
        more["usual_solvents"] = Words(words, *_standing(usual))
        usual.finish()
    more["gives_off"] = tuple(_release(one) for one in table.tables("gives_off", names=("is",)))
    return _read(Solute, name, table, more)


def read_gas(name: str, table: Table) -> Gas:
    """One entry of [gases]."""
    kind = table.choice("kind", tuple(GasKind), required=True)
    return _read(Gas, name, table, {"kind": GasKind(kind) if kind else GasKind.REACTIVE})


def _read(of: Callable[..., _T], name: str, table: Table, more: dict[str, Any]) -> _T:
    """What all kinds share; which values and facts there are follows from the fields of the class."""
    found = dict(more)
    found["full_name"] = table.text("full_name", default=name)
    for key in ("cas", "esd", "note"):
        found[key] = table.text(key)
    found["synonyms"] = table.texts("synonyms")
    found["hazards"] = tuple(_hazard(one) for one in table.tables("hazards", names=("is",)))
    for field in fields(cast(Any, of)):
        kind = str(field.type)
        if kind.startswith("Value"):
            found[field.name] = read_value(table, field.name)
        elif kind.startswith("Fact"):
            found[field.name] = _fact(table, field.name)
    table.finish()
    return of(name=name, **found)


def read_value(table: Table, key: str) -> Value | None:
    """The value under a key, None where there is none."""
    own = table.table(key)
    if own is None:
        return None
    found = _value(own, key)
    others = tuple(_value(one, key) for one in own.tables("other", names=()))
    own.finish()
    if key in LOWEST and any(one.value < found.value for one in others):
        own.error(
            "not-the-lowest",
            "value",
            f"{found.text} is not the lowest {key} here",
            "write the lowest as the value and the rest under other",
        )
    return (
        found if not others else Value(found.value, found.unit, found.source, found.mark, found.note, others)
    )


def _value(own: Table, key: str) -> Value:
    number, unit = _number(own, key)
    source, mark = _standing(own)
    note = own.text("note")
    if own.path.endswith("]"):  # one of `other`: nobody else finishes it
        own.finish()
    return Value(number, unit, source, mark, note)


def _number(own: Table, key: str) -> tuple[float, str]:
    unit, dimension = UNITS[key]
    text = own.text("value", required=True)
    if not text:
        return float("nan"), unit
    number, _, written = text.strip().partition(" ")
    found: float | None = None
    try:
        if (written.strip() or "1") == unit and is_number(number):
            found = float(number)
        elif dimension is not None:
            quantity = parse_quantity(text, dimension)
            found = quantity.to("Pa") / _PA_PER_MMHG if key == "vapour_pressure" else quantity.to(unit)
    except UnitError as error:
        own.error(error.code, "value", error.message, error.hint)
        return float("nan"), unit
    if found is None:
        example = "35" if unit == "1" else f"35 {unit}"
        own.error("wrong-unit", "value", f'"{text}" is no {key} in {unit}', f'write value = "{example}"')
        return float("nan"), unit
    if dimension != "temperature" and found <= 0:
        own.error(
            "out-of-range", "value", f"{key} is {text}; it must be more than 0", "leave out what is not known"
        )
    elif unit == "vol%" and found > 100:
        own.error("out-of-range", "value", f"{key} is {text}; it must be at most 100 vol%", None)
    return found, unit


def _standing(own: Table) -> tuple[str, Mark]:
    """Source and mark. Who names a source and no mark has read it there; who marks M needs none."""
    mark = cast(Mark, own.choice("mark", tuple(MARKS), default="C"))
    if mark == "M":
        return own.text("source", default=GENERAL), mark
    source = own.text("source", required=True)
    if source == GENERAL:
        own.error(
            "mark-and-source",
            "source",
            f'the source "{source}" does not go with the mark {mark}',
            'write mark = "M", or name where it was read',
        )
    return source, mark


def _fact(table: Table, key: str) -> Fact | None:
    own = table.table(key)
    if own is None:
        return None
    found = Fact(own.flag("is", required=True), *_standing(own), own.text("note"))
    own.finish()
    return found


def _hazard(own: Table) -> Hazard:
    word, text = own.text("is", required=True), own.text("text", required=True)
    found = Hazard(word, text, *_standing(own))
    own.finish()
    return found


def _release(own: Table) -> Release:
    substance, text = own.text("is", required=True), own.text("text", required=True)
    source, mark = _standing(own)
    found = Release(substance, text, source, mark, read_value(own, "above"))
    own.finish()
    return found
