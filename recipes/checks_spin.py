"""Rules about spin and prime steps."""

from __future__ import annotations

from collections.abc import Iterator

from .findings import Finding, element_paths, spin_places, step_places, stream_places
from .model import Recipe
from .steps import ROTATING_COLLECTORS, PrimeStep, SpinStep
from .tables import nearest


def duplicate_streams(recipe: Recipe) -> Iterator[Finding]:
    """Two streams of the same id could not be told apart in run sheet and record."""
    for path, step in spin_places(recipe):
        seen: set[str] = set()
        for where, stream in stream_places(path, step.streams):
            if stream.id and stream.id in seen:
                yield Finding(
                    where,
                    f'two streams of this step have the id "{stream.id}"',
                    "give each its own id; without one it is called after its solution",
                    path,
                )
            seen.add(stream.id)


def undefined_solutions(recipe: Recipe) -> Iterator[Finding]:
    """Streams refer to solutions of this recipe."""
    known = ", ".join(recipe.solutions) or "none"
    for place in step_places(recipe):
        if not isinstance(place.step, SpinStep | PrimeStep):
            continue
        ids = [stream.id for stream in place.step.streams]
        solutions = [stream.solution for stream in place.step.streams]
        for where, solution in zip(element_paths(f"{place.path}.streams", ids), solutions, strict=True):
            if solution and solution not in recipe.solutions:
                guess = nearest(solution, recipe.solutions)
                hint = f'did you mean "{guess}"?' if guess else f"defined solutions: {known}"
                yield Finding(f"{where}.solution", f'there is no solution "{solution}"', hint, place.path)


def no_voltage(recipe: Recipe) -> Iterator[Finding]:
    """At least one electrode must have a potential."""
    for path, step in spin_places(recipe):
        biased = (
            step.collector is not None
            and step.collector.voltage is not None
            and step.collector.voltage.value != 0
        )
        if step.streams and not biased and all(stream.voltage.value == 0 for stream in step.streams):
            yield Finding(
                f"{path}.voltage", "all potentials of this step are 0", 'write e.g. voltage = "20 kV"', path
            )


def opposite_polarity(recipe: Recipe) -> Iterator[Finding]:
    """Needles of opposite sign stand at the sum of their voltages."""
    for path, step in spin_places(recipe):
        volts = [stream.voltage.to("kV") for stream in step.streams]
        if volts and min(volts) < 0 < max(volts):
            yield Finding(
                f"{path}.streams",
                f"needles of opposite polarity: {max(volts) - min(volts):g} kV between them",
                "rig limits are applied to that difference",
                path,
            )


def coaxial_shells(recipe: Recipe) -> Iterator[Finding]:
    """`shell_of` names another stream, in the same coaxial needle: one metal, one potential, one distance."""
    for path, step in spin_places(recipe):
        streams = {stream.id: stream for stream in step.streams}
        for where, stream in stream_places(path, step.streams):
            if stream.shell_of is None:
                continue
            key = f"{where}.shell_of"
            core = streams.get(stream.shell_of)
            if core is None or core is stream:
                guess = nearest(stream.shell_of, set(streams) - {stream.id})
                hint = f'did you mean "{guess}"?' if guess else "name another stream of this step"
                yield Finding(key, f'there is no other stream "{stream.shell_of}" in this step', hint, path)
            elif stream.needle.kind != "coaxial" or core.needle.kind != "coaxial":
                yield Finding(
                    key, "shell and core leave one coaxial needle", 'needle = { kind = "coaxial" }', path
                )
            elif stream.voltage != core.voltage or stream.distance != core.distance:
                yield Finding(
                    key, "shell and core of one needle differ in voltage or distance", "say it once", path
                )


def hold_on_assumed(recipe: Recipe) -> Iterator[Finding]:
    """A limit that the source does not give may warn, not hold."""
    for path, step in spin_places(recipe):
        for key, window in (("humidity", step.humidity), ("temperature", step.temperature)):
            if window is not None and window.on_leave == "hold" and step.is_assumed(key):
                message = f'the {key} window is assumed, so on_leave = "hold" is not allowed'
                yield Finding(f"{path}.{key}.on_leave", message, 'write on_leave = "warn"', path)


def collector_does_not_turn(recipe: Recipe) -> Iterator[Finding]:
    """A plate has no speed."""
    for path, step in spin_places(recipe):
        collector = step.collector
        if (
            collector is not None
            and collector.speed is not None
            and collector.kind not in ROTATING_COLLECTORS
        ):
            turning = ", ".join(ROTATING_COLLECTORS)
            yield Finding(
                f"{path}.collector.speed", f"a {collector.kind} does not turn", f"these do: {turning}", path
            )


def needle_not_said(recipe: Recipe) -> Iterator[Finding]:
    """Without gauge the dead volume and the tip's field are not known."""
    for path, step in spin_places(recipe):
        for where, stream in stream_places(path, step.streams):
            if stream.needle.gauge is None:
                hint = 'needle = { gauge = "21 G" }; add "needle" to assumed if the source does not say'
                yield Finding(where, f'no needle gauge is given for "{stream.id}"', hint, path)


def prime_streams(recipe: Recipe) -> Iterator[Finding]:
    """A prime step fills needles that the next spin step uses."""
    places = step_places(recipe)
    for number, place in enumerate(places):
        if not isinstance(place.step, PrimeStep):
            continue
        following = next((later.step for later in places[number:] if isinstance(later.step, SpinStep)), None)
        if following is None:
            yield Finding(
                place.path,
                "no spin step follows this prime step",
                "remove it, or put it before a spin step",
                place.path,
            )
            continue
        solutions = {stream.id: stream.solution for stream in following.streams}
        paths = element_paths(f"{place.path}.streams", [stream.id for stream in place.step.streams])
        for where, stream in zip(paths, place.step.streams, strict=True):
            if solutions.get(stream.id) != stream.solution:
                message = f'"{following.id}" has no stream "{stream.id}" of "{stream.solution}"'
                yield Finding(where, message, f"its streams: {', '.join(solutions)}", place.path)
