"""Fit, furnace part: is there a furnace, with the gases and the limits that the recipe's furnace steps need?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recipes.materials import is_inert
from recipes.model import AnyStep, CoolStep, DryStep, HeatStep, PromptStep, PurgeStep, Recipe
from recipes.problems import Problems
from rig.bench.capabilities import capabilities
from rig.bench.model import Bench
from rig.safety.furnace_facts import AIR_CAP_DEGC

Finding = tuple[str, str, str, str]
"""Code, place, message, hint."""


def fit_furnaces(recipe: Recipe, bench: Bench, problems: Problems) -> None:
    """One error where there is no furnace; else what speaks against the furnace that comes nearest."""
    steps = [step for step in recipe.steps if isinstance(step, HeatStep | CoolStep | DryStep | PurgeStep)]
    if not steps:
        return
    if not bench.furnaces:
        problems.error(
            "no-furnace",
            f"steps.{steps[0].id}",
            f"{bench.name} has no furnace, and the recipe needs one in {', '.join(step.id for step in steps)}",
            "use a rig with a furnace, or run a recipe without these steps",
        )
        return
    _calcined(steps, problems)
    _air_to_inert(recipe, bench, problems)
    _inert_to_air(recipe, bench, problems)
    _short_soaks(steps, bench, problems)
    against = [
        [finding for step in steps for finding in _against(bench, furnace, step)]
        for furnace in bench.furnaces
    ]
    for code, where, message, hint in min(against, key=len):
        problems.error(code, where, message, hint)


def _calcined(steps: Sequence[AnyStep], problems: Problems) -> None:
    """What is to become carbon gets no hotter than 320 °C in air; hotter air is taken for a calcination, and said."""
    segments = [(step, segment) for step in steps if isinstance(step, HeatStep) for segment in step.segments]
    for index, (step, segment) in enumerate(segments):
        hotter = [
            then for _, then in segments[index + 1 :] if is_inert(then.atmosphere) and then.to > segment.to
        ]
        if hotter and not is_inert(segment.atmosphere) and segment.to.to("degC") > AIR_CAP_DEGC:
            problems.warning(
                "hot-air-before-inert",
                f"steps.{step.id}",
                f"{segment.to} in {segment.atmosphere} before {hotter[0].to} in {hotter[0].atmosphere}: taken for a "
                f"calcination, so that the limit of {AIR_CAP_DEGC:g} °C for precursors of carbon is not watched",
                "a precursor that is to become carbon (PAN) burns there: stay below 300 degC",
            )


def _short_soaks(steps: Sequence[AnyStep], bench: Bench, problems: Problems) -> None:
    """A soak shorter than the furnace's own lag is over before the sample has the temperature that is read."""
    lags_s = [one.lag_s for one in bench.furnaces.values() if one.lag_s is not None]
    for step in steps:
        if not isinstance(step, HeatStep):
            continue
        for index, segment in enumerate(step.segments):
            soak_s = segment.soak.to("s")
            if lags_s and 0 < soak_s < min(lags_s):
                place = (
                    f"steps.{step.id}" if len(step.segments) == 1 else f"steps.{step.id}.segments[{index}]"
                )
                problems.warning(
                    "soak-shorter-than-lag",
                    f"{place}.soak",
                    f"{segment.soak} is shorter than the furnace's lag of {min(lags_s):g} s: the sample "
                    "follows what is read by about that",
                    "soak longer, or say that the sample need not come to rest",
                )


def _air_to_inert(recipe: Recipe, bench: Bench, problems: Problems) -> None:
    """From air to inert gas the tube is cold and a person closes it, unless the furnace switches by itself."""
    settings = next(iter(bench.furnaces.values()))
    if settings.atmosphere_switch == "automatic":
        return
    aired: str | None = None
    hot = asked = False
    for step in recipe.steps:
        if isinstance(step, PromptStep):
            asked = True
        for gas, to in _stretches(step):
            if not is_inert(gas):
                aired, asked = step.id, False
                hot = to >= settings.open_below_degc if to is not None else hot
            elif aired is not None:
                _say_what_is_missing(step.id, aired, gas, hot, asked, settings.open_below_degc, problems)
                aired = None


def _inert_to_air(recipe: Recipe, bench: Bench, problems: Problems) -> None:
    """Back to air the tube is cold as well: what pyrolysis left in it burns, and so does carbon."""
    settings = next(iter(bench.furnaces.values()))
    if settings.atmosphere_switch == "automatic":
        return
    before: str | None = None
    hot = False
    for step in recipe.steps:
        for gas, to in _stretches(step):
            if before is not None and is_inert(before) and not is_inert(gas) and hot:
                problems.error(
                    "inert-to-air-hot",
                    f"steps.{step.id}",
                    f"goes from {before} to {gas} while the tube is above {settings.open_below_degc:g} °C",
                    f'let it cool in {before} first: a step do = "cool", atmosphere = "{before}", '
                    f'below = "{settings.open_below_degc:g} degC"',
                )
            before = gas
            hot = to >= settings.open_below_degc if to is not None else hot


def _stretches(step: AnyStep) -> Iterator[tuple[str, float | None]]:
    """Gas, and the temperature in degC at which the tube is left; a purge changes no temperature."""
    if isinstance(step, HeatStep):
        for segment in step.segments:
            yield segment.atmosphere, segment.to.to("degC")
    elif isinstance(step, DryStep):
        yield step.atmosphere, step.to.to("degC")
    elif isinstance(step, CoolStep):
        # "Below 60 degC" is cold where the tube may be opened below 60 degC.
        yield step.atmosphere, step.below.to("degC") - 0.01
    elif isinstance(step, PurgeStep):
        yield step.gas, None


def _say_what_is_missing(
    step: str, aired: str, gas: str, hot: bool, asked: bool, open_degc: float, problems: Problems
) -> None:
    if hot:
        problems.error(
            "air-to-inert-hot",
            f"steps.{step}",
            f"goes from air to {gas} while the tube is above {open_degc:g} °C after {aired!r}",
            f'let it cool first: a step do = "cool", atmosphere = "air", below = "{open_degc:g} degC"',
        )
    elif not asked:
        problems.error(
            "air-to-inert-unasked",
            f"steps.{step}",
            f"goes from air to {gas} after {aired!r}, and nobody is asked to close the tube",
            'put a step do = "prompt" between: close both flanges, check the seals; or declare '
            'atmosphere_switch = "automatic" where the furnace does it by itself',
        )


def _against(bench: Bench, furnace: str, step: AnyStep) -> Iterator[Finding]:
    settings = bench.furnaces[furnace]
    able = next(one for one in capabilities(bench).furnaces if one.name == furnace)
    where = f"steps.{step.id}"
    if isinstance(step, HeatStep):
        for index, segment in enumerate(step.segments):
            place = where if len(step.segments) == 1 else f"{where}.segments[{index}]"
            if segment.to.to("degC") > settings.limit_degc:
                yield (
                    "temperature-above-limit",
                    f"{place}.to",
                    f"{segment.to} is above the limit of {furnace}, {settings.limit_degc:g} °C",
                    "use another furnace",
                )
            if segment.ramp.to("degC/min") > settings.limit_ramp_degc_min:
                yield (
                    "ramp-above-limit",
                    f"{place}.ramp",
                    f"{segment.ramp} is above the limit of {furnace}, {settings.limit_ramp_degc_min:g} °C/min",
                    "heat more slowly",
                )
            flow = None if segment.flow is None else segment.flow.to("sccm")
            yield from _gas(bench, furnace, able.gases, place, "atmosphere", segment.atmosphere, flow)
    elif isinstance(step, DryStep):
        if step.to.to("degC") > settings.limit_degc:
            yield (
                "temperature-above-limit",
                f"{where}.to",
                f"{step.to} is above the limit of {furnace}, {settings.limit_degc:g} °C",
                "use another furnace",
            )
        flow = None if step.flow is None else step.flow.to("sccm")
        yield from _gas(bench, furnace, able.gases, where, "atmosphere", step.atmosphere, flow)
    elif isinstance(step, CoolStep):
        flow = None if step.flow is None else step.flow.to("sccm")
        yield from _gas(bench, furnace, able.gases, where, "atmosphere", step.atmosphere, flow)
    elif isinstance(step, PurgeStep):
        yield from _gas(bench, furnace, able.gases, where, "gas", step.gas, step.flow.to("sccm"))
        if step.oxygen is not None and not able.oxygen:
            yield (
                "no-analyser",
                f"{where}.until",
                f"{bench.name} has no oxygen analyser at {furnace}",
                "purge by volume: until = { volumes = 12 }",
            )
        if settings.tube is None:
            yield (
                "no-tube",
                where,
                f"the tube of {furnace} is not described; purging is counted in its volumes",
                "add tube = { bore, length } to the rig file",
            )


def _gas(
    bench: Bench,
    furnace: str,
    gases: tuple[str, ...],
    where: str,
    key: str,
    gas: str,
    flow_sccm: float | None,
) -> Iterator[Finding]:
    if gas not in gases:
        yield (
            "no-gas",
            f"{where}.{key}",
            f"no line of {gas} feeds {furnace}",
            f"its gases: {', '.join(gases) or 'none'}",
        )
        return
    full_scale = bench.gases[f"gas.{gas}"].full_scale_sccm
    if flow_sccm is not None and full_scale is not None and flow_sccm > full_scale:
        yield (
            "flow-above-limit",
            f"{where}.flow",
            f"{flow_sccm:g} sccm of {gas} is above the full scale of its controller, {full_scale:g} sccm",
            "ask for less",
        )
