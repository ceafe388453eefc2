"""Rules about what heat does to a mat: polyacrylonitrile's own heat, and what polymers give off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recipes.materials import is_inert
from recipes.paths import StepPlace
from recipes.problems import Severity
from recipes.steps import PromptStep, Segment

from .case import Case
from .examples import carbon, oxide
from .findings import Finding
from .gas import PROOF_NEEDED_DEGC
from .rule import Rule

AIR_STAGE_DEGC: Final = 180.0
"""PAN takes up oxygen from 160 to 180 degC on (J. Appl. Polym. Sci. 127 (2013) 3198)."""

REACTS_DEGC: Final = (180.0, 300.0)
FAST_DEGC_MIN: Final = 5.0
MUCH_G_DEGC_MIN: Final = 5.0
"""Mass times heating rate: a gram at 5 degC/min gives off up to 1.5 W of its own heat (own limit)."""

STABILISED_DEGC: Final = (200.0, 300.0)
HALOGENS: Final = ("HF", "HCl")


def _in_air(case: Case) -> Iterator[tuple[StepPlace, str, Segment, float]]:
    """Segments in air with the temperature at which each begins, degC."""
    degc, last = 0.0, None
    for place, where, segment in case.segments():
        begins = degc if last is place.step else 0.0
        if segment.atmosphere == "air":
            yield place, where, segment, begins
        degc, last = segment.to.to("degC"), place.step


def no_air_stage(case: Case) -> Iterator[Finding]:
    """Inert heat on polyacrylonitrile that has not been stabilised in air."""
    precursor = case.cyanide_precursor(read_only=True)
    if precursor is None:
        return
    for place, where, segment in case.segments():
        degc = segment.to.to("degC")
        if segment.atmosphere == "air" and degc >= AIR_STAGE_DEGC:
            return
        if is_inert(segment.atmosphere) and degc > PROOF_NEEDED_DEGC:
            message = f"{precursor.name} goes to {segment.to} in {segment.atmosphere} without having been in hot air"
            hint = "stabilise it first: heat in air to about 280 degC, cool, close the tube, purge"
            yield Finding(where, message, hint, place.path)
            return


def heats_fast(case: Case) -> Iterator[Finding]:
    """More than 5 degC/min where it reacts."""
    if case.cyanide_precursor() is None:
        return
    for place, where, segment, begins in _in_air(case):
        crosses = begins < REACTS_DEGC[1] and segment.to.to("degC") > REACTS_DEGC[0]
        if crosses and segment.ramp.to("degC/min") > FAST_DEGC_MIN:
            message = f"{segment.ramp} through 180 to 300 °C in air: it gives off its own heat at once"
            hint = "5 degC/min at most, 1 to 2 for a thick mat: it fuses, or burns"
            yield Finding(f"{where}.ramp", message, hint, place.path)


def fast_for_its_mass(case: Case) -> Iterator[Finding]:
    """The mass that a person is expected to weigh, times the heating rate."""
    if case.cyanide_precursor() is None:
        return
    grams = 0.0
    for place in case.places():
        if isinstance(place.step, PromptStep):
            for field in place.step.record.values():
                if field.dimension == "mass" and field.expect is not None:
                    grams = max(grams, field.expect.maximum.to("g"))
    for place, where, segment, begins in _in_air(case):
        crosses = begins < REACTS_DEGC[1] and segment.to.to("degC") > REACTS_DEGC[0]
        ramp = segment.ramp.to("degC/min")
        if crosses and ramp <= FAST_DEGC_MIN and grams * ramp > MUCH_G_DEGC_MIN:
            message = f"up to {grams:g} g at {segment.ramp}: a mat that thick gets hotter inside than the furnace knows"
            hint = f"heat at {MUCH_G_DEGC_MIN / grams:.1g} degC/min, or in several lots spread flat"
            yield Finding(f"{where}.ramp", message, hint, place.path)


def stabilised_where(case: Case) -> Iterator[Finding]:
    """The hottest air before the first inert heat."""
    if case.cyanide_precursor() is None:
        return
    hottest: tuple[float, str, StepPlace] | None = None
    for place, where, segment in case.segments():
        degc = segment.to.to("degC")
        if is_inert(segment.atmosphere):
            break
        if segment.atmosphere == "air" and (hottest is None or degc > hottest[0]):
            hottest = degc, where, place
    if hottest is None or not any(is_inert(segment.atmosphere) for _, _, segment in case.segments()):
        return
    degc, where, place = hottest
    if degc >= AIR_STAGE_DEGC and not STABILISED_DEGC[0] <= degc <= STABILISED_DEGC[1]:
        message = f"stabilised at {degc:g} °C; published work does it between 200 and 300 °C"
        yield Finding(f"{where}.to", message, "look at the source again", place.path)


def halogens(case: Case) -> Iterator[Finding]:
    """Fluorine or chlorine leaves as acid."""
    hottest = max((segment.to.to("degC") for _, _, segment in case.segments()), default=0.0)
    place = next((place for place, _, segment in case.segments() if segment.to.to("degC") == hottest), None)
    for _, solute in case.solutes():
        for acid in HALOGENS:
            release = solute.release(acid)
            if place is not None and release is not None and release.above and hottest > release.above.value:
                message = f"{solute.name} gives off {acid} above {release.above.text}, and is heated to {hottest:g} °C"
                yield Finding(
                    place.path,
                    message,
                    "scrub the exhaust; it eats quartz and lungs",
                    place.path,
                )


def cyanide(case: Case) -> Iterator[Finding]:
    """What the exhaust is there for."""
    precursor = case.cyanide_precursor()
    if precursor is None:
        return
    for place, _, segment in case.segments():
        if segment.to.to("degC") > AIR_STAGE_DEGC:
            message = f"{precursor.name} gives off hydrogen cyanide and ammonia from here on, 15 to 26 mg HCN a gram"
            yield Finding(
                place.path,
                message,
                "only with a ducted exhaust that is proved",
                place.path,
            )
            return


_STABILISE: Final = """[[steps]]
id = "stabilise"
do = "heat"
atmosphere = "air"
ramp = "2 degC/min"
to = "280 degC"
soak = "1 h"

"""

RULES: Final = (
    Rule(
        "no-air-stage",
        Severity.ERROR,
        "decision",
        no_air_stage,
        "Polyacrylonitrile that has not been stabilised melts and gives off its heat and its cyanide at once.",
        "docs/safety.md, furnace; J. Appl. Polym. Sci. 127 (2013) 3198",
        breaks=carbon((_STABILISE, "")),
        holds=carbon((_STABILISE, _STABILISE.replace("280 degC", "200 degC"))),
        needs_all=True,
    ),
    Rule(
        "heats-fast",
        Severity.WARNING,
        "C",
        heats_fast,
        "Most work stabilises at 1 to 2 degC/min; the exotherm peaks near 270 degC.",
        "J. Appl. Polym. Sci. 130 (2013) 1158; RSC Adv. 2017, c6ra28129j",
        breaks=carbon(('ramp = "2 degC/min"', 'ramp = "5.1 degC/min"')),
        holds=carbon(('ramp = "2 degC/min"', 'ramp = "5 degC/min"')),
    ),
    Rule(
        "fast-for-its-mass",
        Severity.WARNING,
        "D",
        fast_for_its_mass,
        "At 600 J/g a gram gives off 0.3, 0.6 and 1.5 W at 1, 2 and 5 degC/min, and a stack keeps it.",
        "first-order cyclisation with 190 kJ/mol; the heat itself is not confirmed",
        breaks=carbon(('expect = "100 mg .. 500 mg"', 'expect = "100 mg .. 2.6 g"')),
        holds=carbon(('expect = "100 mg .. 500 mg"', 'expect = "100 mg .. 2.5 g"')),
    ),
    Rule(
        "stabilised-where",
        Severity.WARNING,
        "C",
        stabilised_where,
        "Electrospun optimum 283 degC; some work at 240 degC and slower.",
        "J. Appl. Polym. Sci. 130 (2013) 1158; C 2021, 7, 12",
        breaks=carbon(('to = "280 degC"', 'to = "301 degC"')),
        holds=carbon(('to = "280 degC"', 'to = "300 degC"')),
        needs_all=True,
    ),
    Rule(
        "gives-off-acid",
        Severity.WARNING,
        "M",
        halogens,
        "Fluoropolymers give off hydrogen fluoride, chlorinated ones hydrogen chloride.",
        "docs/materials.md",
        breaks=oxide(('"PVP"', '"PVDF"')),
        holds=oxide(('"PVP"', '"PVDF"'), ('to = "500 degC"', 'to = "150 degC"')),
    ),
    Rule(
        "gives-off-cyanide",
        Severity.NOTE,
        "C",
        cyanide,
        "HCN and NH3 leave in air and in inert gas; ten grams in a closed room come to the limit.",
        "webwiser.nlm.nih.gov; Forensic Sci. Int. 22, 111",
        breaks=carbon(),
        holds=oxide(),
    ),
)
