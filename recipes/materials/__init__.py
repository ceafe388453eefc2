"""What the program knows of solvents, polymers and other solutes, and gases: each value with unit, source and mark.

The tables are TOML files in this package, read when first asked; `docs/materials.md` is made from them. A value marked
[M] is general knowledge: a rule may warn on it and never refuses (`value.may_refuse`, or `value.mark in CD`). What is
None was not found and is never "safe"; a solvent that is not here at all counts as flammable. A lab lays a file of its
own over the tables (`materials.toml` in the folder of its recipe store, `materials_in`); `Materials` is the two
together, and the functions here ask the built-in ones.
"""

from __future__ import annotations

from .kinds import LITRES_PER_MOL, UNKNOWN_LEL_VOL_PCT, AnyMaterial, Gas, GasKind, Material, Solute, Solvent
from .materials import Materials, builtin_materials, gas_kind, gas_names, is_inert, sources
from .own import FILE_NAME, load_materials, materials_in, read_materials
from .values import CD, Fact, Hazard, Mark, Release, Value, Words

__all__ = [
    "CD",
    "FILE_NAME",
    "LITRES_PER_MOL",
    "UNKNOWN_LEL_VOL_PCT",
    "AnyMaterial",
    "Fact",
    "Gas",
    "GasKind",
    "Hazard",
    "Mark",
    "Material",
    "Materials",
    "Release",
    "Solute",
    "Solvent",
    "Value",
    "Words",
    "builtin_materials",
    "gas",
    "gas_kind",
    "gas_names",
    "is_inert",
    "load_materials",
    "materials_in",
    "nearest_material",
    "polymer",
    "read_materials",
    "solvent",
    "sources",
]


def solvent(name: str) -> Solvent | None:
    """The built-in solvent of that name, synonym or CAS number; None when it is not known."""
    return builtin_materials().solvent(name)


def polymer(name: str) -> Solute | None:
    """The built-in solute of that name: polymer, particles, salt, precursor, additive."""
    return builtin_materials().polymer(name)


def gas(name: str) -> Gas | None:
    """The built-in gas of that name or formula ("argon", "Ar")."""
    return builtin_materials().gas(name)


def nearest_material(name: str) -> str | None:
    """The built-in material that was probably meant by an unknown name; None where nothing comes near."""
    return builtin_materials().nearest(name)
