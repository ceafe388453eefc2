"""What the emulated syringes hold and where the needles stand: recipe and assignment as the scene's plain data."""

from __future__ import annotations

from recipes.materials import Material, Solute, polymer, solvent
from recipes.model import Recipe, Solution, SpinStep, Stream
from recipes.needles import needle_size
from recipes.steps import Window
from rig.bench.assignment import Assignment, StreamAssignment, dead_volume_ml
from rig.bench.model import Bench
from rig.emulators.physics import materials as physics
from rig.emulators.physics.materials import SolutePart, SolutionProps, props
from rig.emulators.physics.scene import SceneData, StreamData, SupplyData, founding_streams

USUAL_SYRINGE = (14.43, 10.0, 5.0)
"""Inner diameter in mm, capacity and content in ml of a syringe nobody said anything about."""

UNKNOWN_SOLVENT, UNKNOWN_POLYMER, UNKNOWN_PARTICLES = "DMF", "PMMA", "TiO2"
"""What a material that the emulator has no values for is emulated as."""

USUAL_AIR = (22.0, 40.0)
"""Temperature in degC and humidity in % of an emulated chamber that nobody asks anything of."""

AIR_WITHIN = (1.0, 5.0)
"""How far inside a window those have to lie: some three deviations of what the air of an emulated chamber wanders."""


def _solvent(written: str) -> physics.Solvent:
    """The emulator's values under any name that the tables of materials know: "deionised water" is water."""
    known = solvent(written)
    found = physics.solvent(written if known is None else known.name)
    return found if found is not None else physics.SOLVENTS[UNKNOWN_SOLVENT.lower()]


def _solute(written: str) -> physics.Solute:
    known: Material | None = polymer(written)
    found = physics.solute(written if known is None else known.name)
    if found is not None:
        return found
    chains = not isinstance(known, Solute) or known.kind in ("polymer", "biopolymer")
    return physics.SOLUTES[(UNKNOWN_POLYMER if chains else UNKNOWN_PARTICLES).lower()]


def _solvents(solution: Solution) -> list[tuple[physics.Solvent, float]]:
    """The solvents and their parts by mass."""
    by_volume = solution.parts_by == "volume"
    found = [(_solvent(one.name), one.parts or 1.0) for one in solution.solvents]
    return [(one, parts * one.density_kg_m3 if by_volume else parts) for one, parts in found]


def mass_fraction(solution: Solution) -> float:
    """Mass fraction of all solutes together; 0 where the recipe says nothing.

    A mass per volume is that of the solvents, which is how such solutions are weighed in, unless the recipe gives the
    density of the whole.
    """
    concentration = solution.concentration
    if concentration is None:
        return 0.0
    if concentration.dimension == "mass_fraction":
        return concentration.to("wt%") / 100
    grams = concentration.to("g/ml")
    if solution.density is not None:
        return min(grams / solution.density.to("g/ml"), 0.99)
    solvents = _solvents(solution)
    millilitres = sum(parts / one.density_kg_m3 for one, parts in solvents)
    density_g_ml = sum(parts for _, parts in solvents) / millilitres / 1000
    return grams / (grams + density_g_ml)


def solution_props(solution: Solution) -> SolutionProps:
    """Properties of a recipe's solution: what it gives, and for the rest the emulator's tables.

    A solvent that they do not have is emulated as DMF, a polymer as PMMA, anything else as particles: an emulation has
    to run, and the record says `simulated`.
    """
    solutes = [
        SolutePart(
            _solute(one.name).name, one.parts or 1.0, one.molar_mass.to("kg/mol") if one.molar_mass else None
        )
        for one in solution.solutes
    ]
    return props(
        solution.id,
        [(one.name, parts) for one, parts in _solvents(solution)],
        solutes,
        mass_fraction(solution),
        conductivity_s_m=solution.conductivity.to("S/m") if solution.conductivity else None,
        gamma_n_m=solution.surface_tension.to("N/m") if solution.surface_tension else None,
        viscosity_pa_s=solution.viscosity.to("Pa s") if solution.viscosity else None,
        density_kg_m3=solution.density.to("kg/m3") if solution.density else None,
    )


def mat_spun(recipe: Recipe) -> tuple[float, float, float] | None:
    """What a recipe's spin steps lay on the collector: mass in g, and the mass fractions of PAN and of PMMA in it.

    None where it spins nothing. Everything else, other polymers too, is emulated as a load that nothing changes.
    """
    grams: dict[str, float] = {}
    for step in recipe.steps:
        if not isinstance(step, SpinStep):
            continue
        for stream in step.streams:
            solution = recipe.solutions[stream.solution]
            made = solution_props(solution)
            solids_g = (
                stream.rate.to("ml/h")
                * step.duration.to("h")
                * made.density_kg_m3
                / 1000
                * made.solids_fraction
            )
            parts = sum(one.parts or 1.0 for one in solution.solutes)
            for one in solution.solutes:
                known = polymer(one.name)
                name = one.name if known is None else known.name
                grams[name] = grams.get(name, 0.0) + solids_g * (one.parts or 1.0) / parts
    total_g = sum(grams.values())
    if total_g <= 0:
        return None
    return total_g, grams.get("PAN", 0.0) / total_g, grams.get("PMMA", 0.0) / total_g


def _wanted(window: Window | None, unit: str, usual: float, within: float) -> float:
    """The usual value where it lies well inside the window; else its middle, or so far inside its only end."""
    low = None if window is None or window.minimum is None else window.minimum.to(unit)
    high = None if window is None or window.maximum is None else window.maximum.to(unit)
    if (low is None or usual >= low + within) and (high is None or usual <= high - within):
        return usual
    if low is not None and high is not None:
        return (low + high) / 2
    return low + within if low is not None else (high or 0.0) - within


def air_for(recipe: Recipe | None) -> tuple[float, float]:
    """Temperature in degC and humidity in % of the emulated chamber: as the first spin step wants them.

    No instrument here makes the air; a person sees to it before the run, so it is done when an emulated one begins.
    What it is found at by a start state comes after.
    """
    degc, percent = USUAL_AIR
    step = None if recipe is None else next((one for one in recipe.steps if isinstance(one, SpinStep)), None)
    if step is None:
        return degc, percent
    return (
        _wanted(step.temperature, "degC", degc, AIR_WITHIN[0]),
        min(100.0, max(0.0, _wanted(step.humidity, "%RH", percent, AIR_WITHIN[1]))),
    )


def _stream(recipe: Recipe, stream: Stream, one: StreamAssignment, bench: Bench) -> StreamData:
    size = needle_size(stream.needle.gauge.value) if stream.needle.gauge is not None else None
    return StreamData(
        pump=one.pump,
        syringe_diameter_mm=one.syringe.diameter_mm,
        capacity_ml=one.syringe.volume_ml,
        loaded_ml=one.loaded_ml,
        solution=solution_props(recipe.solutions[stream.solution]),
        needle_outer_mm=size.outer_mm if size else 0.819,
        needle_inner_mm=size.inner_mm if size else 0.514,
        dead_volume_ml=dead_volume_ml(stream),
        distance_m=stream.distance.to("m"),
        hv=one.hv or next(iter(bench.hv)),
        mode=stream.mode,
        collector=next(iter(bench.current), "current.collector"),
    )


def scene_data(bench: Bench, recipe: Recipe | None = None, assignment: Assignment | None = None) -> SceneData:
    """The scene in front of the bench's instruments. Without a recipe the founding solutions are in the syringes."""
    streams: dict[str, StreamData] = {}
    if recipe is not None and assignment is not None:
        for step in recipe.steps:
            if isinstance(step, SpinStep):
                for stream in step.streams:
                    one = assignment.get(step.id, stream.id)
                    if one is not None and one.pump not in streams:
                        streams[one.pump] = _stream(recipe, stream, one, bench)
    elif bench.hv:
        for name, founding in zip(bench.pumps, founding_streams(), strict=False):
            mount = next((mount for mount in bench.needles.values() if mount.pump == name), None)
            streams[name] = StreamData(
                pump=name,
                syringe_diameter_mm=founding.syringe_diameter_mm,
                capacity_ml=founding.capacity_ml,
                loaded_ml=founding.loaded_ml,
                solution=founding.solution,
                hv=mount.hv if mount is not None else next(iter(bench.hv)),
                mode=founding.mode,
                collector=next(iter(bench.current), "current.collector"),
            )
    chamber = bench.chamber
    temperature_degc, humidity_pct = air_for(recipe)
    contacts = tuple(channel.name for module in bench.inputs.values() for channel in module.channels)
    return SceneData(
        streams=tuple(streams.values()),
        supplies={
            name: SupplyData(
                rating_kv=hv.rating_kv,
                rating_ma=hv.rating_ma,
                polarity=hv.polarity,
                capacitance_f=hv.capacitance_f or 1e-9,
                bleed_ohm=hv.bleed_ohm or 2e8,
            )
            for name, hv in bench.hv.items()
        },
        collectors=tuple(bench.current) or ("current.collector",),
        chamber_volume_l=chamber.volume_l if chamber else 200.0,
        exhaust_m3_h=chamber.exhaust_m3_h if chamber else 60.0,
        temperature_degc=temperature_degc,
        humidity_pct=humidity_pct,
        contacts=contacts,
    )
