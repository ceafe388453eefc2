"""The thin recipes: the linter names exactly what each source does not give, and nothing else refuses them."""

from __future__ import annotations

import pytest

from recipes.catalogue import library_folder, recipe_ids
from recipes.problems import Problem, Severity
from recipes.reader import load_recipe

FOLDER = library_folder() / "incomplete"

# What each source lacks, read from the source itself; keys of the spin step without its name.
LACKING = {
    "coaxial-drug-carrier": (
        "climate, collector, conductivity of core, conductivity of shell, distance, duration, "
        "needle of core, needle of shell, solutes of core, solutes of shell, "
        "solutions.core.solvents, solutions.shell.solvents"
    ),
    "coaxial-microspheres": (
        "climate, collector, conductivity of core, conductivity of shell, duration, needle of core, "
        "needle of shell, solutes of core, solutes of shell, solutions.core.solvents, "
        "solutions.shell.solvents, streams.shell.rate"
    ),
    "gelatin-tfa": (
        "climate, collector, concentration of gelatin, distance, duration, needle of gelatin, "
        "streams.gelatin.rate, voltage"
    ),
    "nylon-6-formic": (
        "climate, collector, distance, duration, molar-mass of nylon 6, needle of nylon, "
        "streams.nylon.rate, voltage"
    ),
    "pa66-acids": (
        "climate, collector, concentration of pa66, distance, duration, molar-mass of polyamide 6.6, "
        "needle of pa66, streams.pa66.rate, voltage"
    ),
    "pan-b-pmma": "climate, distance, duration, molar-mass of PAN-b-PMMA, needle of copolymer, speed",
    "pan-flexible-mats": (
        "carbonise.atmosphere, carbonise.ramp, carbonise.soak, climate, collector, distance, "
        "duration, molar-mass of PAN, needle of pan, stabilise.atmosphere, stabilise.ramp, "
        "stabilise.soak, streams.pan.rate, voltage"
    ),
    "pan-on-metal": (
        "carbonise.atmosphere, carbonise.ramp, carbonise.soak, climate, collector, "
        "concentration of pan, distance, duration, molar-mass of PAN, needle of pan, "
        "solutions.pan.solvents, stabilise.soak, streams.pan.rate, voltage"
    ),
    "peo-water": (
        "climate, collector, concentration of peo, distance, duration, molar-mass of PEO, "
        "needle of peo, streams.peo.rate, voltage"
    ),
    "plga-fibres": (
        "climate, collector, concentration of plga, distance, duration, molar-mass of PLGA, "
        "needle of plga, streams.plga.rate"
    ),
    "plga-microspheres": (
        "climate, collector, concentration of plga, conductivity of plga, distance, duration, "
        "molar-mass of PLGA, needle of plga, solutions.plga.solvents, streams.plga.rate"
    ),
    "pva-pla-coaxial": (
        "climate, collector, concentration of core, concentration of shell, distance, duration, "
        "molar-mass of PLA, molar-mass of PVA, needle of core, needle of shell, "
        "solutions.core.solvents, solutions.shell.solvents, streams.core.rate, streams.shell.rate, "
        "voltage"
    ),
    "pvdf-beta": "climate, distance, duration, molar-mass of PVDF, needle of pvdf, speed",
    "pvp-tio2-propanol": "climate, collector, distance, duration, needle of sol, streams.sol.rate",
    "pvp-tio2-solgel": "calcine.ramp, climate, distance, duration, voltage",
    "pvp-tio2-study": (
        "climate, collector, concentration of sol, distance, duration, molar-mass of PVP, "
        "needle of sol, solutions.sol.solvents, streams.sol.rate, voltage"
    ),
    "sioc-polycarbosilane": (
        "climate, collector, cure.ramp, distance, duration, needle of pcs, pyrolyse.atmosphere, "
        "pyrolyse.ramp, streams.pcs.rate"
    ),
    "sno2-pvp": (
        "calcine.atmosphere, calcine.ramp, calcine.soak, calcine.to, climate, collector, "
        "concentration of sol, distance, duration, molar-mass of PVP, needle of sol, "
        "streams.sol.rate, voltage"
    ),
}


def lacking(problems: list[Problem]) -> str:
    """What is said to be missing, in the words of the table."""
    said = []
    for one in problems:
        if one.code == "missing-key":
            said.append(one.where.removeprefix("steps.").removeprefix("spin."))
        elif one.code.endswith("-not-said"):
            of = one.where.split(".solutes.")[-1].split(".")[-1] if one.where.count(".") != 1 else ""
            named = one.where.partition("solutions.")[2].split(".")[0]
            solute = one.where.partition(".solutes.")[2]
            holder = solute or named or of
            said.append(
                one.code.removesuffix("-not-said")
                + (f" of {holder}" if holder not in ("", "collector") else "")
            )
    return ", ".join(sorted(said))


def test_every_thin_recipe_is_in_the_table() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(LACKING)
    assert not set(LACKING) & set(recipe_ids()), "they are not offered as recipes"


@pytest.mark.parametrize("id", LACKING)
def test_exactly_what_the_source_lacks_is_named(id: str) -> None:
    recipe, problems = load_recipe(FOLDER / f"{id}.toml")
    assert recipe is None
    assert lacking(problems) == LACKING[id]
    assert {one.code for one in problems if one.severity is Severity.ERROR} == {"missing-key"}
    assert all(one.line is not None for one in problems)
