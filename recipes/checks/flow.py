"""Rules about flow: what a cone-jet takes, what a needle and a syringe carry, and what arrives dry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recipes.problems import Severity
from recipes.solutions import Solution
from recipes.units import Quantity

from .case import Case
from .examples import spin, two
from .field import EPSILON_0
from .findings import Finding
from .rule import Rule

FAST_ML_H: Final = 5.0
LARGEST_SYRINGE_ML: Final = 60.0
VOLATILE_DEGC: Final = 65.0
SLOW_DEGC: Final = 150.0
NEAR_CM: Final = 8.0


def least_spray_ml_h(case: Case, solution: Solution) -> float | None:
    """The smallest steady flow of a cone-jet, eps_r gamma eps0 / (rho K), ml/h; None where something is not known.

    An order of magnitude, for thin liquids: Scheideler and Chen, Appl. Phys. Lett. 104, 024103. The solvent that
    allows most counts; without a measured conductivity that of the best conducting pure solvent.
    """
    known = case.solvents(solution)
    if not known or len(known) < len(solution.solvents):
        return None
    if solution.conductivity is not None:
        conductivity = solution.conductivity.to("S/m")
    else:
        pure = [one.conductivity_s_m for one in known if one.conductivity_s_m is not None]
        if len(pure) < len(known):
            return None
        conductivity = max(pure)
    if conductivity <= 0:
        return None
    flows = []
    for one in known:
        tension = (
            solution.surface_tension.to("mN/m") if solution.surface_tension else one.surface_tension_mn_m
        )
        density = solution.density.to("g/ml") if solution.density else one.density_g_ml
        if tension is None or density is None or one.relative_permittivity is None:
            return None
        flow_m3_s = one.relative_permittivity * tension / 1e3 * EPSILON_0 / (density * 1e3 * conductivity)
        flows.append(flow_m3_s * 3600 * 1e6)
    return min(flows)


def spray_too_slow(case: Case) -> Iterator[Finding]:
    """Below the smallest steady flow a spray pulses or drips."""
    for path, _, where, stream in case.streams():
        solution = case.recipe.solutions.get(stream.solution)
        if stream.mode != "electrospray" or solution is None:
            continue
        least = least_spray_ml_h(case, solution)
        if least is not None and stream.rate.to("ml/h") < least:
            said = "its" if solution.conductivity is not None else "the pure solvent's"
            takes = f'a cone-jet of "{stream.solution}" takes {least:.2g} ml/h at least, not {stream.rate}'
            message = f"with {said} conductivity {takes}"
            hint = "raise the rate, or the conductivity by a little salt or acid; measure it"
            yield Finding(f"{where}.rate", message, hint, path)


def fast_for_one_needle(case: Case) -> Iterator[Finding]:
    """More than one jet draws away."""
    for path, _, where, stream in case.streams():
        each = stream.rate.to("ml/h") / stream.needle.count
        if stream.mode == "electrospin" and each > FAST_ML_H:
            message = f"{each:g} ml/h from one orifice is more than one jet usually draws: drops fall beside the fibres"
            yield Finding(f"{where}.rate", message, "lower the rate, or spread it over a manifold", path)


def shell_thinner_than_core(case: Case) -> Iterator[Finding]:
    """A core faster than its shell breaks through."""
    for path, step in case.spins():
        streams = {stream.id: stream for stream in step.streams}
        for _, _, where, stream in (found for found in case.streams() if found[0] == path):
            core = streams.get(stream.shell_of) if stream.shell_of is not None else None
            if core is not None and stream.rate < core.rate:
                message = (
                    f'the shell "{stream.id}" flows at {stream.rate}, slower than its core at {core.rate}'
                )
                yield Finding(
                    f"{where}.rate", message, "shells usually flow at once to three times the core", path
                )


def beyond_the_syringe(case: Case) -> Iterator[Finding]:
    """More than the largest usual syringe holds."""
    for path, step, where, stream in case.streams():
        needed = stream.rate.to("ml/h") * step.duration.to("h")
        if needed > LARGEST_SYRINGE_ML and not stream.refill:
            message = f'"{stream.id}" takes {needed:.0f} ml, a large syringe holds {LARGEST_SYRINGE_ML:g} ml'
            yield Finding(
                where, message, "write refill = true: the step holds, and goes on with a full syringe", path
            )


def outlives_its_solution(case: Case) -> Iterator[Finding]:
    """Spun for longer than the solution keeps."""
    hours: dict[str, float] = {}
    for _, step, where, stream in case.streams():
        hours[stream.solution] = hours.get(stream.solution, 0.0) + step.duration.to("h")
        solution = case.recipe.solutions.get(stream.solution)
        within: Quantity | None = None if solution is None else solution.use_within
        if within is not None and hours[stream.solution] > within.to("h"):
            message = f'"{stream.solution}" is used for {hours[stream.solution]:g} h and keeps for {within}'
            path = where.split(".streams", 1)[0]
            yield Finding(
                f"solutions.{stream.solution}.use_within", message, "split the run, or make it fresh", path
            )


def _boiling(case: Case, name: str) -> list[float]:
    solution = case.recipe.solutions.get(name)
    known = [] if solution is None else case.solvents(solution)
    return [one.boiling_degc for one in known if one.boiling_degc is not None]


def clogs(case: Case) -> Iterator[Finding]:
    """All solvents leave quickly: the drop dries on the needle."""
    for path, _, where, stream in case.streams():
        boiling = _boiling(case, stream.solution)
        solution = case.recipe.solutions.get(stream.solution)
        if solution is None or not boiling or len(boiling) < len(solution.solvents) or not solution.solutes:
            continue
        if stream.mode == "electrospin" and max(boiling) < VOLATILE_DEGC:
            message = (
                f'the solvents of "{stream.solution}" boil at {max(boiling):g} °C at the most: needles clog'
            )
            hint = "add a slower solvent (DMF), or plan to wipe the needle: hold, wipe, resume"
            yield Finding(where, message, hint, path)


def arrives_wet(case: Case) -> Iterator[Finding]:
    """A slow solvent over a short way."""
    for path, _, where, stream in case.streams():
        boiling = _boiling(case, stream.solution)
        near = stream.distance.to("cm") < NEAR_CM
        if stream.mode == "electrospin" and boiling and min(boiling) > SLOW_DEGC and near:
            message = f"a solvent that boils at {min(boiling):g} °C over {stream.distance}: fibres land wet and fuse"
            yield Finding(where, message, "move the collector away, or add a quicker solvent", path)


RULES: Final = (
    Rule(
        "spray-too-slow",
        Severity.WARNING,
        "M",
        spray_too_slow,
        "A steady cone-jet has a smallest flow that goes with permittivity and inversely with conductivity.",
        "Scheideler and Chen, Appl. Phys. Lett. 104, 024103; the factor in front is an order of magnitude",
        breaks=two(('conductivity = "100 uS/m"', 'conductivity = "29 uS/m"')),
        holds=two(('conductivity = "100 uS/m"', 'conductivity = "31 uS/m"')),
    ),
    Rule(
        "fast-for-one-needle",
        Severity.WARNING,
        "M",
        fast_for_one_needle,
        "One jet of a polymer solution draws some 0.1 to 5 ml/h.",
        "range of published recipes",
        breaks=spin(('rate = "1 ml/h"', 'rate = "5.1 ml/h"')),
        holds=spin(('rate = "1 ml/h"', 'rate = "5 ml/h"')),
    ),
    Rule(
        "shell-thinner-than-core",
        Severity.WARNING,
        "M",
        shell_thinner_than_core,
        "Coaxial jets have a narrow window; a core faster than its shell leaves it.",
        "practice of coaxial spinning",
        breaks=two(
            ('needle = { gauge = "21 G" }', 'needle = { gauge = "21 G", kind = "coaxial" }'),
            (
                'mode = "electrospray"\nrate = "1 ml/h"',
                'mode = "electrospin"\nshell_of = "pan"\nrate = "0.9 ml/h"',
            ),
        ),
        holds=two(
            ('needle = { gauge = "21 G" }', 'needle = { gauge = "21 G", kind = "coaxial" }'),
            (
                'mode = "electrospray"\nrate = "1 ml/h"',
                'mode = "electrospin"\nshell_of = "pan"\nrate = "1 ml/h"',
            ),
        ),
    ),
    Rule(
        "beyond-the-syringe",
        Severity.WARNING,
        "D",
        beyond_the_syringe,
        "A syringe that runs empty with the voltage on ends the step.",
        "syringe charts of New Era and Harvard Apparatus",
        breaks=spin(('duration = "2 h"', 'duration = "61 h"')),
        holds=spin(('duration = "2 h"', 'duration = "60 h"')),
    ),
    Rule(
        "outlives-its-solution",
        Severity.WARNING,
        "form",
        outlives_its_solution,
        "Solutions age: nylon 6 in formic acid thins while it stands.",
        "the recipe's own use_within",
        breaks=spin(('concentration = "10 wt%"', 'concentration = "10 wt%"\nuse_within = "1.9 h"')),
        holds=spin(('concentration = "10 wt%"', 'concentration = "10 wt%"\nuse_within = "2 h"')),
    ),
    Rule(
        "clogs",
        Severity.NOTE,
        "C",
        clogs,
        "Volatile solvents clog the needle, and a clogged needle at 20 kV is in corona.",
        "electrospintech.com; Applications of Polymer Nanofibers, 1.4.2",
        breaks=spin(
            ('"DMF"', '"chloroform"'),
            ('"PAN", molar_mass = "150 kg/mol"', '"PLLA", molar_mass = "150 kg/mol"'),
        ),
        holds=spin(
            ('{ name = "DMF" }', '{ name = "chloroform", parts = 4 }, { name = "DMF", parts = 1 }'),
            ('"PAN", molar_mass = "150 kg/mol"', '"PLLA", molar_mass = "150 kg/mol"'),
        ),
    ),
    Rule(
        "arrives-wet",
        Severity.WARNING,
        "M",
        arrives_wet,
        "Slow solvents leave wet, fused fibres.",
        "Applications of Polymer Nanofibers, 1.4.2; the distance is our own",
        breaks=spin(('distance = "15 cm"', 'distance = "7.9 cm"')),
        holds=spin(('distance = "15 cm"', 'distance = "8 cm"')),
    ),
)
