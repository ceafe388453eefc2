"""What the emulated syringes hold and where the needles stand: recipe and assignment as the scene's plain data."""

from __future__ import annotations

from recipes.model import Recipe, Solution, SpinStep, Stream
from recipes.needles import needle_size
from rig.bench.assignment import Assignment, StreamAssignment, dead_volume_ml
from rig.bench.model import Bench
from rig.emulators.physics.materials import SolutePart, SolutionProps, UnknownMaterial, props
from rig.emulators.physics.scene import SceneData, StreamData, SupplyData, founding_streams

USUAL_SYRINGE = (14.43, 10.0, 5.0)
"""Inner diameter in mm, capacity and content in ml of a syringe nobody said anything about."""


WATERY_KG_L = 1.0
"""Density by which a mass per volume is turned into a mass fraction where the recipe gives none."""


def _mass_fraction(solution: Solution) -> float:
    """Mass fraction of all solutes together; 0 where the recipe says nothing."""
    concentration = solution.concentration
    if concentration is None:
        return 0.0
    if concentration.dimension == "mass_fraction":
        return concentration.to("wt%") / 100
    density_kg_l = solution.density.to("g/ml") if solution.density is not None else WATERY_KG_L
    return concentration.to("g/ml") / density_kg_l


def solution_props(solution: Solution) -> SolutionProps:
    """Properties of a recipe's solution: what it gives, and for the rest the materials table.

    A material the table does not know is emulated as its solvent family's nearest relative, DMF: an emulation has to
    run, and the record says `simulated`.
    """
    fraction = _mass_fraction(solution)
    solvents = [(one.name, one.parts or 1.0) for one in solution.solvents]
    solutes = [
        SolutePart(one.name, one.parts or 1.0, one.molar_mass.to("kg/mol"))
        if one.molar_mass is not None
        else SolutePart(one.name, one.parts or 1.0)
        for one in solution.solutes
    ]
    known = {
        "conductivity_s_m": solution.conductivity.to("S/m") if solution.conductivity else None,
        "gamma_n_m": solution.surface_tension.to("N/m") if solution.surface_tension else None,
        "viscosity_pa_s": solution.viscosity.to("Pa s") if solution.viscosity else None,
        "density_kg_m3": solution.density.to("kg/m3") if solution.density else None,
    }
    try:
        return props(solution.id, solvents, solutes, fraction, **known)
    except UnknownMaterial:
        return props(solution.id, [("DMF", 1.0)], [], 0.0, **known)


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
        contacts=contacts,
    )
