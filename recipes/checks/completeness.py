"""Rules about what a recipe does not say, though the result depends on it: the question to its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recipes.paths import element_paths
from recipes.problems import Severity
from recipes.steps import ROTATING_COLLECTORS, HeatStep, PromptStep

from .case import Case
from .examples import carbon, spin, two
from .findings import Finding
from .rule import Rule


def needle_not_said(case: Case) -> Iterator[Finding]:
    """Without gauge the dead volume and the tip's field are not known."""
    for path, _, where, stream in case.streams():
        if stream.needle.gauge is None:
            hint = 'needle = { gauge = "21 G" }; add "needle" to assumed if the source does not say'
            yield Finding(where, f'no needle gauge is given for "{stream.id}"', hint, path)


def collector_not_said(case: Case) -> Iterator[Finding]:
    """Plate or drum decides alignment and how dry the fibres land."""
    for path, step in case.spins():
        if step.collector is None:
            hint = 'collector = { kind = "plate" }; add "collector" to assumed if the source does not say'
            yield Finding(path, "no collector is given", hint, path)


def speed_not_said(case: Case) -> Iterator[Finding]:
    """Surface speed aligns fibres: it takes a speed, and with one in rpm the diameter."""
    for path, step in case.spins():
        collector = step.collector
        if collector is None or collector.kind not in ROTATING_COLLECTORS:
            continue
        if collector.speed is None:
            yield Finding(
                f"{path}.collector", f"no speed of the {collector.kind} is given", 'speed = "300 rpm"', path
            )
        elif collector.speed.dimension == "rotation" and collector.diameter is None:
            message = f"the {collector.kind} turns at {collector.speed}, but no diameter is given"
            yield Finding(f"{path}.collector", message, 'diameter = "10 cm", or speed = "2 m/s"', path)


def solutes_not_said(case: Case) -> Iterator[Finding]:
    """A liquid with nothing in it leaves nothing."""
    used = {stream.solution for _, _, _, stream in case.streams()}
    for name, solution in case.recipe.solutions.items():
        if name in used and not solution.solutes:
            yield Finding(
                f"solutions.{name}",
                f'nothing is given as dissolved in "{name}"',
                'solutes = [{ name = "PAN" }]',
            )


def climate_not_said(case: Case) -> Iterator[Finding]:
    """The weather is the commonest reason why a published recipe does not spin elsewhere."""
    for path, step in case.spins():
        if step.humidity is None:
            hint = (
                'humidity = { min = "30 %RH", max = "50 %RH" }; add "humidity" to assumed if it is your own'
            )
            yield Finding(path, "no humidity is given", hint, path)


def concentration_not_said(case: Case) -> Iterator[Finding]:
    """The first number that decides between drops, beads and fibres."""
    for name, solution in case.recipe.solutions.items():
        if solution.solutes and solution.concentration is None:
            hint = 'concentration = "10 wt%"; add "concentration" to assumed if the source does not say'
            yield Finding(f"solutions.{name}", f'no concentration is given for "{name}"', hint)


def molar_mass_not_said(case: Case) -> Iterator[Finding]:
    """The same polymer of another chain length is another solution."""
    for name, solution in case.recipe.solutions.items():
        paths = element_paths(f"solutions.{name}.solutes", [one.name for one in solution.solutes])
        for where, one in zip(paths, solution.solutes, strict=True):
            known = case.known.polymer(one.name)
            if known is not None and known.kind == "polymer" and one.molar_mass is None:
                yield Finding(where, f"no molar mass is given for {one.name}", 'molar_mass = "150 kg/mol"')


def conductivity_not_said(case: Case) -> Iterator[Finding]:
    """Whether a cone-jet can stand at all is decided by the conductivity of what is sprayed."""
    for path, _, where, stream in case.streams():
        solution = case.recipe.solutions.get(stream.solution)
        if stream.mode == "electrospray" and solution is not None and solution.conductivity is None:
            message = f'no conductivity is given for "{stream.solution}", which is sprayed'
            hint = 'measure it and write conductivity = "100 uS/m" into the solution'
            yield Finding(where, message, hint, path)


def mass_not_asked(case: Case) -> Iterator[Finding]:
    """What a mat of polyacrylonitrile gives off and how hot it gets in itself goes with its mass."""
    if case.cyanide_precursor() is None:
        return
    asked = False
    for place in case.places():
        step = place.step
        if isinstance(step, PromptStep) and any(field.dimension == "mass" for field in step.record.values()):
            asked = True
        if isinstance(step, HeatStep) and not asked:
            message = "a mat that gives off hydrogen cyanide is heated, and no step before asks for its mass"
            hint = (
                'in the prompt before: record = { mat_mass = { unit = "mg", expect = "300 mg .. 700 mg" } }'
            )
            yield Finding(place.path, message, hint, place.path)
            return


RULES: Final = (
    Rule(
        "needle-not-said",
        Severity.NOTE,
        "D",
        needle_not_said,
        "Dead volume and the field at the tip follow from the gauge.",
        "nominal diameters within ISO 9626:2016",
        breaks=spin(('needle = { gauge = "21 G" }\n', "")),
        holds=spin(),
    ),
    Rule(
        "collector-not-said",
        Severity.NOTE,
        "M",
        collector_not_said,
        "Plate, drum and bath give other mats of the same jet.",
        "field set of electrospinning-data.org",
        breaks=spin(('collector = { kind = "plate" }\n', "")),
        holds=spin(),
    ),
    Rule(
        "speed-not-said",
        Severity.NOTE,
        "C",
        speed_not_said,
        "The speed of the surface decides on alignment; above it fibres break.",
        "PCL chloroform/THF study, 2015; field set of electrospinning-data.org",
        breaks=spin(('kind = "plate" }', 'kind = "drum", speed = "300 rpm" }')),
        holds=spin(('kind = "plate" }', 'kind = "drum", speed = "300 rpm", diameter = "10 cm" }')),
    ),
    Rule(
        "solutes-not-said",
        Severity.NOTE,
        "form",
        solutes_not_said,
        "What stays when the solvent is gone is what the recipe is about.",
        "recipe format",
        breaks=spin(('solutes = [{ name = "PAN", molar_mass = "150 kg/mol" }]\n', "")),
        holds=spin(),
    ),
    Rule(
        "climate-not-said",
        Severity.NOTE,
        "C",
        climate_not_said,
        "Humidity decides on pores and often on whether it spins at all; no one window holds for all recipes.",
        "PMC7608675 (pores by condensing water)",
        breaks=spin(('humidity = { min = "20 %RH", max = "45 %RH" }\n', "")),
        holds=spin(),
    ),
    Rule(
        "concentration-not-said",
        Severity.NOTE,
        "C",
        concentration_not_said,
        "Concentration is the main factor of the fibre diameter in 68 538 published measurements.",
        "FibreCastML, PMC12957282",
        breaks=spin(('concentration = "10 wt%"\n', "")),
        holds=spin(),
    ),
    Rule(
        "molar-mass-not-said",
        Severity.NOTE,
        "C",
        molar_mass_not_said,
        "Entanglement, and with it fibre or bead, goes with chain length.",
        "Chin. J. Polym. Sci. 32, 793 (entanglement onset)",
        breaks=spin((', molar_mass = "150 kg/mol"', "")),
        holds=spin(),
    ),
    Rule(
        "conductivity-not-said",
        Severity.NOTE,
        "C",
        conductivity_not_said,
        "The smallest steady flow of a cone-jet goes inversely with the conductivity, which has to be measured.",
        "Scheideler and Chen, Appl. Phys. Lett. 104, 024103",
        breaks=two(('conductivity = "100 uS/m"\n', "")),
        holds=two(),
    ),
    Rule(
        "mass-not-asked",
        Severity.WARNING,
        "C",
        mass_not_asked,
        "A gram of polyacrylonitrile gives off 15 to 26 mg of hydrogen cyanide; its own heat goes with its mass.",
        "webwiser.nlm.nih.gov; Forensic Sci. Int. 22, 111",
        breaks=carbon(
            (
                'record = { mat_mass = { unit = "mg", expect = "100 mg .. 500 mg", simulate = "200 mg" } }\n',
                "",
            )
        ),
        holds=carbon(),
        needs_all=True,
    ),
)
