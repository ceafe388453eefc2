"""Fit, electrical part: can the supplies hold what a spin step asks of its electrodes (safety rule 4)?"""

from __future__ import annotations

from recipes.model import Collector, SpinStep, Stream
from recipes.problems import Problems
from rig.bench.assignment import Assignment
from rig.bench.capabilities import limits_of
from rig.bench.model import Bench
from rig.safety.limits import pair_limit, widest_pair


def fit_voltages(bench: Bench, assignment: Assignment, step: SpinStep, problems: Problems) -> None:
    """Each supply's polarity and limit, one voltage a supply, and every electrode pair max |Vi - Vj| with the
    collector.
    """
    before = len(problems)
    wanted: dict[str, tuple[float, str]] = {}
    electrodes: dict[str, float] = {}
    for stream in step.streams:
        own = assignment.get(step.id, stream.id)
        if own is None or own.hv is None or own.hv not in bench.hv:
            continue
        voltage_kv = stream.voltage.to("kV")
        _ask(bench, wanted, own.hv, voltage_kv, f'the stream "{stream.id}"', _place(step, stream), problems)
        electrodes[f"the needle {own.needle}"] = voltage_kv
    collector_kv = 0.0
    collector, where = step.collector, f"steps.{step.id}.collector.voltage"
    if collector is not None and collector.voltage is not None and collector.voltage.to("kV") != 0:
        collector_kv = collector.voltage.to("kV")
        supply = _collector_supply(bench, collector)
        if supply is None:
            problems.error(
                "no-collector-supply",
                where,
                f"the collector is to stand at {collector.voltage}, and {bench.name} has no supply for it",
                'name the supply in the rig file: [collector.NAME] kind = "..." and hv = "..."',
            )
        else:
            _ask(bench, wanted, supply, collector_kv, "the collector", where, problems)
    electrodes["the collector"] = collector_kv
    electrodes.setdefault("earth", 0.0)
    if len(problems) > before or not wanted:
        return
    _in_time(bench, step, wanted, problems)
    pair = widest_pair(electrodes)
    limit = pair_limit(
        {name: limits_of(bench.hv[name]).voltage_kv.value for name in wanted},
        None if bench.chamber is None else bench.chamber.electrode_limit_kv,
    )
    if pair is not None and pair.difference_kv > limit.value * (1 + 1e-12):
        problems.error(
            "electrode-pair",
            f"steps.{step.id}.voltage",
            f"{pair.difference_kv:g} kV stand between {pair.first} and {pair.second}; the limit is {limit}",
            "lower one of the two, or declare electrode_limit under [chamber] where gaps and insulation allow it",
        )


OFF_AFTER_PUMPS_S = 10.0
"""High voltage is off at most so long after the pumps (safety rule 6)."""

PROVE_MARGIN_S = 0.5


def _in_time(bench: Bench, step: SpinStep, wanted: dict[str, tuple[float, str]], problems: Problems) -> None:
    """Draw-off and ramp-down together must leave high voltage off in time."""
    for name, (voltage_kv, _) in wanted.items():
        down_s = abs(voltage_kv) / bench.hv[name].ramp_down_kv_s
        whole_s = step.draw_off.to("s") + down_s + PROVE_MARGIN_S
        if whole_s > OFF_AFTER_PUMPS_S:
            problems.error(
                "off-too-late",
                f"steps.{step.id}.draw_off",
                f"high voltage would be off {whole_s:.1f} s after the pumps (draw-off {step.draw_off}, then "
                f"{abs(voltage_kv):g} kV at {bench.hv[name].ramp_down_kv_s:g} kV/s from {name}); the limit is "
                f"{OFF_AFTER_PUMPS_S:g} s",
                "shorten draw_off, or let the rig file's ramp_down be faster",
            )


def _ask(
    bench: Bench,
    wanted: dict[str, tuple[float, str]],
    supply: str,
    voltage_kv: float,
    who: str,
    where: str,
    problems: Problems,
) -> None:
    """One electrode's wish of a supply."""
    settings = bench.hv[supply]
    limits = limits_of(settings)
    if supply in wanted and wanted[supply][0] != voltage_kv:
        other_kv, other = wanted[supply]
        problems.error(
            "voltage-conflict",
            where,
            f"{who} wants {voltage_kv:g} kV and {other} {other_kv:g} kV, both from {supply}",
            "wire them to two supplies, or give both the same voltage",
        )
        return
    wanted.setdefault(supply, (voltage_kv, who))
    why = limits.refuses(voltage_kv)
    if why is None:
        return
    if voltage_kv != 0 and (voltage_kv > 0) != (settings.polarity > 0):
        problems.error("wrong-polarity", where, f"{who} wants {why}", "use a supply of the other polarity")
        return
    problems.error(
        "voltage-above-limit",
        where,
        f"{who} wants {why}",
        f"at most {limits.voltage_kv.value:g} kV on {bench.name}",
    )


def _place(step: SpinStep, stream: Stream) -> str:
    """The stream's own voltage where it has one, else the step's."""
    if stream.voltage == step.voltage:
        return f"steps.{step.id}.voltage"
    return f"steps.{step.id}.streams.{stream.id}.voltage"


def _collector_supply(bench: Bench, collector: Collector) -> str | None:
    """The supply of the collector of that kind; of a collector whose kind the rig file does not say where
    there is but one.
    """
    biased = {
        name: own.hv for name, own in bench.collectors.items() if own.hv is not None and own.hv in bench.hv
    }
    fitting = [hv for name, hv in biased.items() if bench.collectors[name].kind in (collector.kind, None)]
    return fitting[0] if len(fitting) == 1 else None
