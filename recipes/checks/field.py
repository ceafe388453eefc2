"""Rules about voltage and distance: the mean field, the onset of the jet, the signs of the electrodes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from recipes.needles import needle_size
from recipes.problems import Severity
from recipes.solutions import Solution
from recipes.steps import ROTATING_COLLECTORS, SpinStep, Stream

from .case import Case
from .examples import spin, two
from .findings import Finding
from .rule import Rule

LOW_KV_CM: Final = 0.4
HIGH_KV_CM: Final = 2.0
REFUSED_KV_CM: Final = 4.0
EPSILON_0: Final = 8.854e-12
TAYLOR_COS: Final = math.cos(math.radians(49.3))


def _bias_kv(step: SpinStep) -> float:
    collector = step.collector
    return collector.voltage.to("kV") if collector is not None and collector.voltage is not None else 0.0


def mean_field_kv_cm(step: SpinStep, stream: Stream) -> float:
    """Potential difference from needle to collector over the distance, kV/cm."""
    return abs(stream.voltage.to("kV") - _bias_kv(step)) / stream.distance.to("cm")


def onset_kv(radius_mm: float, surface_tension_mn_m: float, distance_cm: float) -> float:
    """Smith's onset voltage of a cone on a needle of that radius over a plate, kV.

    sqrt(r gamma cos 49.3 deg / (2 eps0)) ln(4 d / r), DOI 10.1109/TIA.1986.4504754.
    """
    r, d = radius_mm / 1e3, distance_cm / 1e2
    return (
        math.sqrt(r * surface_tension_mn_m / 1e3 * TAYLOR_COS / (2 * EPSILON_0)) * math.log(4 * d / r) / 1e3
    )


def no_voltage(case: Case) -> Iterator[Finding]:
    """At least one electrode must have a potential."""
    for path, step in case.spins():
        if step.streams and _bias_kv(step) == 0 and all(stream.voltage.value == 0 for stream in step.streams):
            message = "all potentials of this step are 0"
            yield Finding(f"{path}.voltage", message, 'write e.g. voltage = "20 kV"', path)


def opposite_polarity(case: Case) -> Iterator[Finding]:
    """Needles of opposite sign stand at the sum of their voltages."""
    for path, step in case.spins():
        volts = [stream.voltage.to("kV") for stream in step.streams]
        if volts and min(volts) < 0 < max(volts):
            message = f"needles of opposite polarity: {max(volts) - min(volts):g} kV between them"
            yield Finding(f"{path}.streams", message, "rig limits are applied to that difference", path)


def collector_repels(case: Case) -> Iterator[Finding]:
    """A collector of the needle's sign takes the field away and sends the fibres to the chamber's walls."""
    for path, step in case.spins():
        for stream in step.streams:
            if stream.voltage.to("kV") * _bias_kv(step) > 0:
                message = f'the collector\'s {_bias_kv(step):g} kV has the sign of "{stream.id}"'
                yield Finding(
                    f"{path}.collector.voltage", message, "bias it with the other sign, or earth it", path
                )
                break


def collector_turns(case: Case) -> Iterator[Finding]:
    """A plate has no speed."""
    for path, step in case.spins():
        collector = step.collector
        if collector is None or collector.speed is None or collector.kind in ROTATING_COLLECTORS:
            continue
        hint = f"these do: {', '.join(ROTATING_COLLECTORS)}"
        yield Finding(f"{path}.collector.speed", f"a {collector.kind} does not turn", hint, path)


def _fields(case: Case) -> Iterator[tuple[str, str, Stream, float]]:
    for path, step, _, stream in case.streams():
        if stream.distance.value > 0:
            yield path, f"{path}.distance", stream, mean_field_kv_cm(step, stream)


def field_refused(case: Case) -> Iterator[Finding]:
    """Near the field at which it sparks."""
    for path, where, stream, field in _fields(case):
        if field > REFUSED_KV_CM:
            message = f'{field:.2g} kV/cm from needle to collector at "{stream.id}", and {REFUSED_KV_CM:g} is the most'
            yield Finding(where, message, "lower the voltage, or move the collector away", path)


def field_high(case: Case) -> Iterator[Finding]:
    """Above the usual."""
    for path, where, stream, field in _fields(case):
        if HIGH_KV_CM < field <= REFUSED_KV_CM:
            message = f'{field:.2g} kV/cm at "{stream.id}" is more than the usual 0.5 to 2: multi-jets, corona, sparks'
            yield Finding(where, message, "lower the voltage, or move the collector away", path)


def field_low(case: Case) -> Iterator[Finding]:
    """Below the usual."""
    for path, where, stream, field in _fields(case):
        if 0 < field < LOW_KV_CM:
            message = f'{field:.2g} kV/cm at "{stream.id}" is less than the usual 0.5 to 2: it may drip'
            yield Finding(where, message, "raise the voltage, or bring the collector nearer", path)


def _surface_tension(case: Case, solution: Solution) -> float | None:
    if solution.surface_tension is not None:
        return solution.surface_tension.to("mN/m")
    known = [one.surface_tension_mn_m for one in case.solvents(solution)]
    if len(known) < len(solution.solvents) or not known:
        return None
    return min((value for value in known if value is not None), default=None)


def below_onset(case: Case) -> Iterator[Finding]:
    """Less voltage than a cone of this liquid on this needle takes at the least."""
    for path, step, where, stream in case.streams():
        solution = case.recipe.solutions.get(stream.solution)
        gauge = stream.needle.gauge
        size = None if gauge is None else needle_size(gauge.to("G"))
        if solution is None or size is None or stream.voltage.value == 0:
            continue
        tension = _surface_tension(case, solution)
        if tension is None or not stream.distance.to("mm") > size.radius_mm:
            continue
        least = onset_kv(size.radius_mm, tension, stream.distance.to("cm"))
        has = abs(stream.voltage.to("kV") - _bias_kv(step))
        if has < least:
            message = (
                f"{has:g} kV is below the onset of a cone on this needle, about {least:.1f} kV ({tension:g} mN/m, "
                f"radius {size.radius_mm:.3g} mm, {stream.distance})"
            )
            yield Finding(
                where, message, "raise the voltage; polymer solutions take 1.2 to 2 times the onset", path
            )


RULES: Final = (
    Rule(
        "no-voltage",
        Severity.ERROR,
        "form",
        no_voltage,
        "Without a field nothing is drawn.",
        "definition of electrospinning",
        breaks=spin(('voltage = "15 kV"', 'voltage = "0 kV"')),
        holds=spin(('voltage = "15 kV"', 'voltage = "8 kV"')),
    ),
    Rule(
        "opposite-polarity",
        Severity.WARNING,
        "decision",
        opposite_polarity,
        "The difference is the working voltage between the needles: limits and distances refer to it.",
        "docs/safety.md, voltage: every electrode pair counts",
        breaks=two(('mode = "electrospray"\n', 'mode = "electrospray"\nvoltage = "-10 kV"\n')),
        holds=two(('mode = "electrospray"\n', 'mode = "electrospray"\nvoltage = "10 kV"\n')),
    ),
    Rule(
        "collector-repels",
        Severity.WARNING,
        "D",
        collector_repels,
        "The field is that of the difference; like charges go to the earthed walls instead.",
        "electrostatics",
        breaks=spin(('kind = "plate" }', 'kind = "plate", voltage = "2 kV" }')),
        holds=spin(('kind = "plate" }', 'kind = "plate", voltage = "-2 kV" }')),
    ),
    Rule(
        "collector-turns",
        Severity.WARNING,
        "form",
        collector_turns,
        "A speed needs a collector that turns.",
        "recipe format",
        breaks=spin(('kind = "plate" }', 'kind = "plate", speed = "300 rpm" }')),
        holds=spin(('kind = "plate" }', 'kind = "drum", speed = "300 rpm" }')),
    ),
    Rule(
        "field-refused",
        Severity.ERROR,
        "decision",
        field_refused,
        "Above it the gap sparks over solvent vapour: a lab's rule is never above 6.2 kV/cm, ours stays a third below.",
        "own limit, under the 0.62 kV/mm of a vendor's lab",
        breaks=spin(
            ('voltage = "15 kV"', 'voltage = "35 kV"'), ('distance = "15 cm"', 'distance = "8.7 cm"')
        ),
        holds=spin(('voltage = "15 kV"', 'voltage = "35 kV"'), ('distance = "15 cm"', 'distance = "8.8 cm"')),
    ),
    Rule(
        "field-high",
        Severity.WARNING,
        "M",
        field_high,
        "Practice spins at 0.5 to 2 kV/cm; above, jets split and corona takes the current.",
        "range of published recipes",
        breaks=spin(('voltage = "15 kV"', 'voltage = "30.5 kV"')),
        holds=spin(('voltage = "15 kV"', 'voltage = "30 kV"')),
    ),
    Rule(
        "field-low",
        Severity.WARNING,
        "M",
        field_low,
        "Practice spins at 0.5 to 2 kV/cm; below, the needle drips.",
        "range of published recipes",
        breaks=spin(('distance = "15 cm"', 'distance = "38 cm"')),
        holds=spin(('distance = "15 cm"', 'distance = "37.5 cm"')),
    ),
    Rule(
        "below-onset",
        Severity.WARNING,
        "D",
        below_onset,
        "Under the onset voltage surface tension holds the drop; what is taken is the lowest of its solvents.",
        "Smith 1986, DOI 10.1109/TIA.1986.4504754, with the tip field of a hyperboloid",
        breaks=spin(
            ('voltage = "15 kV"', 'voltage = "4.2 kV"'), ('distance = "15 cm"', 'distance = "10 cm"')
        ),
        holds=spin(('voltage = "15 kV"', 'voltage = "4.3 kV"'), ('distance = "15 cm"', 'distance = "10 cm"')),
    ),
)
