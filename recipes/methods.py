"""The experimental section that a paper would carry, written from a recipe; what is assumed is marked with a star."""

from __future__ import annotations

from collections.abc import Sequence

from .materials import Materials, builtin_materials, is_inert
from .model import Recipe
from .solutions import Solute, Solution, Solvent
from .steps import CoolStep, DryStep, HeatStep, PurgeStep, Segment, SpinStep, Step, Stream, Window
from .units import Quantity

MARK = "*"
CALCINED_DEGC = 350.0
"""Above it heat in air takes the polymer away."""


def methods(recipe: Recipe, materials: Materials | None = None) -> str:
    """One or two paragraphs of plain text, and a last line that says what the star means where there is one."""
    known = materials or builtin_materials()
    sentences = [_solution_made(solution) for solution in recipe.solutions.values()]
    spun = [step for step in recipe.steps if isinstance(step, SpinStep)]
    sentences += [_spun(recipe, step) for step in spun]
    heated = _heat(recipe, known)
    paragraphs = [" ".join(sentences)] if sentences else []
    if heated:
        paragraphs.append(" ".join(heated))
    text = "\n\n".join(paragraphs)
    if MARK in text:
        text += f"\n\n{MARK} Assumed: not given by the source{_source(recipe)}."
    return text


def _source(recipe: Recipe) -> str:
    source = recipe.source
    if source is None:
        return ""
    named = f"DOI {source.doi}" if source.doi else source.title or source.url
    return f" ({named})" if named else ""


def _said(value: object, holder: Step | Solution, key: str) -> str:
    """A value with a star where it is assumed."""
    assumed = key in holder.assumed or "*" in holder.assumed
    return f"{value}{MARK}" if assumed else str(value)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# --- solutions ---


def _solution_made(solution: Solution) -> str:
    """ "A 12 wt% solution of PAN (150 kg/mol) and PMMA (200 kg/mol) in a ratio of 7:3 by mass in DMF was stirred." """
    kind = _kind(solution)
    strength = (
        ""
        if solution.concentration is None
        else f"{_said(solution.concentration, solution, 'concentration')} "
    )
    article = "An" if strength[:1] == "8" or strength.startswith(("11 ", "18 ")) else "A"
    what = f" of {_solutes(solution)}" if solution.solutes else ""
    solvents = _solvents(solution)
    made = f"{article} {strength}{kind}{what} in {solvents} was prepared"
    if solution.preparation:
        made += f" ({_said(solution.preparation, solution, 'preparation')})"
    measured = [
        f"{words} {_said(value, solution, key)}"
        for key, words, value in (
            ("conductivity", "conductivity", solution.conductivity),
            ("viscosity", "viscosity", solution.viscosity),
            ("surface_tension", "surface tension", solution.surface_tension),
            ("density", "density", solution.density),
        )
        if value is not None
    ]
    return f"{made}{'; ' + ', '.join(measured) if measured else ''}."


def _solutes(solution: Solution) -> str:
    words = [_solute(one) for one in solution.solutes]
    ratio = _ratio(solution.solutes)
    return _listed(words) + (f", {ratio} by mass," if ratio else "")


def _solute(one: Solute) -> str:
    inside = [str(value) for value in (one.molar_mass, one.particle_size) if value is not None]
    return f"{one.name} ({', '.join(inside)})" if inside else one.name


def _solvents(solution: Solution) -> str:
    ratio = _ratio(solution.solvents)
    words = _said(_listed([one.name for one in solution.solvents]), solution, "solvents")
    return words + (f" ({ratio} by {solution.parts_by})" if ratio else "")


def _ratio(ones: Sequence[Solute] | Sequence[Solvent]) -> str:
    parts = [one.parts for one in ones]
    if len(parts) < 2 or any(part is None for part in parts):
        return ""
    return ":".join(f"{part:g}" for part in parts if part is not None)


# --- spinning ---

_DONE = {"electrospin": "electrospun", "electrospray": "electrosprayed"}


def _spun(recipe: Recipe, step: SpinStep) -> str:
    """ "The PAN solution was electrospun at 1 ml/h while the TiO2 dispersion was electrosprayed at 1 ml/h, at 20 kV
    over 20 cm onto a plate*, for 4 h*."
    """
    streams = step.streams
    same_needle = len({one.needle for one in streams}) == 1
    words = [_stream(recipe, step, one, own_needle=not same_needle) for one in streams]
    text = words[0] + "".join(f" while {word}" for word in words[1:])
    where = []
    if same_needle and streams[0].needle.gauge is not None:
        kind = "" if streams[0].needle.kind == "single" else f"{streams[0].needle.kind} "
        words_of = f"{streams[0].needle.gauge} {kind}needle{'s' if len(streams) > 1 else ''}"
        where.append(f"through {'' if len(streams) > 1 else 'a '}{_said(words_of, step, 'needle')}")
    if len({one.voltage for one in streams}) == 1:
        where.append(f"at {_said(streams[0].voltage, step, 'voltage')}")
    if len({one.distance for one in streams}) == 1:
        where.append(f"over {_said(streams[0].distance, step, 'distance')}")
    if step.collector is not None:
        speed = f" ({step.collector.speed})" if step.collector.speed is not None else ""
        where.append(f"onto a {_said(step.collector.kind.replace('-', ' '), step, 'collector')}{speed}")
    where.append(f"for {_said(step.duration, step, 'duration')}")
    where += [
        f"at {_said(_window(window), step, key)}"
        for key, window in (("humidity", step.humidity), ("temperature", step.temperature))
        if window is not None
    ]
    return f"{text[0].upper()}{text[1:]}, {', '.join(where)}."


def _stream(recipe: Recipe, step: SpinStep, stream: Stream, *, own_needle: bool) -> str:
    solution = recipe.solutions.get(stream.solution)
    name, kind = stream.solution, "solution"
    if solution is not None and solution.solutes:
        name = "/".join(one.name for one in solution.solutes)
        kind = _kind(solution)
    text = f"the {name} {kind} was {_DONE[stream.mode]} at {stream.rate}"
    if own_needle:
        if stream.needle.gauge is not None:
            text += f" through a {_said(stream.needle.gauge, step, 'needle')} needle"
        text += f" at {stream.voltage} over {stream.distance}"
    return text


def _kind(solution: Solution) -> str:
    particles = bool(solution.solutes) and all(one.particle_size is not None for one in solution.solutes)
    return "dispersion" if particles else "solution"


def _window(window: Window) -> str:
    low, high = window.minimum, window.maximum
    if low is not None and high is not None:
        same = str(low).removeprefix(f"{low.value:g}") == str(high).removeprefix(f"{high.value:g}")
        return f"{low.value:g} to {high}" if same else f"{low} to {high}"
    return f"{low} or more" if low is not None else f"{high} or less"


# --- heat ---


def _heat(recipe: Recipe, known: Materials) -> list[str]:
    solutes = [known.polymer(one.name) for solution in recipe.solutions.values() for one in solution.solutes]
    carbon = any(one is not None and one.makes_carbon for one in solutes)
    inert_later = [
        any(is_inert(segment.atmosphere) for later in recipe.steps[at:] for segment in _segments(later))
        for at in range(len(recipe.steps))
    ]
    sentences = []
    for at, step in enumerate(recipe.steps):
        if isinstance(step, DryStep):
            sentences.append(
                f"It was dried at {_said(step.to, step, 'to')} for {step.duration} in {step.atmosphere}."
            )
        elif isinstance(step, PurgeStep):
            until = f"to {step.oxygen}" if step.oxygen is not None else f"with {step.volumes:g} tube volumes"
            flow = _said(step.flow, step, "flow")
            sentences.append(f"The tube was purged with {step.gas} ({flow}) {_said(until, step, 'until')}.")
        elif isinstance(step, HeatStep):
            sentences += [
                _segment(step, segment, _verb(segment, carbon, inert_later[at])) for segment in step.segments
            ]
        elif isinstance(step, CoolStep):
            sentences.append(f"It cooled in {step.atmosphere} to {_said(step.below, step, 'below')}.")
    return sentences


def _segments(step: Step) -> tuple[Segment, ...]:
    return step.segments if isinstance(step, HeatStep) else ()


def _verb(segment: Segment, carbon: bool, inert_later: bool) -> str:
    if not carbon:
        calcined = not is_inert(segment.atmosphere) and segment.to.to("degC") > CALCINED_DEGC
        return "calcined" if calcined else "heated"
    if is_inert(segment.atmosphere):
        return "carbonised"
    return "stabilised" if inert_later else "heated"


def _segment(step: HeatStep, segment: Segment, verb: str) -> str:
    flow: Quantity | None = segment.flow
    gas = segment.atmosphere + (f" ({_said(flow, step, 'flow')})" if flow is not None else "")
    ramp, to, soak = (
        _said(value, step, key if key in step.assumed else "segments")
        for key, value in (("ramp", segment.ramp), ("to", segment.to), ("soak", segment.soak))
    )
    if segment.soak.value == 0:
        return f"The mat was heated in {gas} to {to} at {ramp}."
    return f"The mat was {verb} in {gas} at {to} for {soak} ({ramp})."
