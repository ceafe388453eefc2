"""Prints what the jet watch makes of 200 random emulated runs, against the emulator's hidden truth.

    python -m benchmarks.jet_watch [runs [runs through the driver's bytes [first seed]]]

Method, limits and the last result: docs/jet-watch.md. Same numbers, same table: every run has its own seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from rig.safety.jet_watch import ARC, BUBBLE, CORONA, MODES
from tests.safety.jet_traces import (
    DriverMeter,
    Outcome,
    confusion,
    false_alarms,
    play,
    scenario,
)

TRUTHS = ("stable", "dripping", "pulsating", "multi-jet", "clogged", "bubble", "corona", "arc")


def table(outcomes: list[Outcome], settled: bool) -> None:
    """Truth down, said across, in seconds."""
    counts = confusion(outcomes, settled)
    print(f"{'truth':<12}" + "".join(f"{mode:>10}" for mode in MODES) + f"{'right':>9}")
    for truth in TRUTHS:
        row = [counts[truth, mode] for mode in MODES]
        if sum(row):
            right = counts[truth, truth] / sum(row)
            print(f"{truth:<12}" + "".join(f"{n or '.':>10}" for n in row) + f"{100 * right:>8.1f}%")
    print()


def spread(values: list[float]) -> str:
    """Median, nine tenths, worst."""
    if not values:
        return "none"
    found = sorted(values)
    at = [found[len(found) // 2], found[min(len(found) - 1, len(found) * 9 // 10)], found[-1]]
    return f"median {at[0]:.0f} s, 90 % {at[1]:.0f} s, longest {at[2]:.0f} s"


def times(what: str, outcomes: list[Outcome], measure: Callable[[Outcome], float | None]) -> None:
    """One line: how many were seen, and after what time."""
    found = [measure(outcome) for outcome in outcomes]
    seen = [value for value in found if value is not None]
    print(f"{what:<58} {len(seen):>3} of {len(found):<3} {spread(seen)}")


def clogs(outcomes: list[Outcome]) -> None:
    """Time to detect a clog, by what the meter sees of it."""
    for jets, on, what in (
        ("spin", "pumps.a", "the only jet, spun"),
        ("spray", "pumps.b", "the only jet, sprayed"),
        ("both", "pumps.a", "the spun one of two (nine tenths of the current)"),
        ("both", "pumps.b", "the sprayed one of two (a tenth of the current)"),
    ):
        some = [
            o for o in outcomes if (o.scenario.kind, o.scenario.jets, o.scenario.on) == ("clog", jets, on)
        ]
        if some:
            times(f"clog seen: {what}", some, Outcome.clog_seen_s)
            times("     alarm", some, Outcome.clog_alarm_s)


def report(outcomes: list[Outcome]) -> None:
    """Tables and figures of these runs."""
    for jets, what in (("one", "one jet at the meter"), ("both", "two jets at the meter")):
        some = [o for o in outcomes if (o.scenario.jets == "both") == (jets == "both")]
        if some:
            print(f"{what}: {len(some)} runs, seconds; truth settled for 10 s")
            table(some, True)
            print(f"{what}: every second from 15 s after the voltage on")
            table(some, False)
    alarms, hours = false_alarms(outcomes)
    rate = alarms / hours if hours else 0.0
    print(
        f"runs with every jet there, one or several: {hours:.1f} h, {alarms} false alarms, {rate:.3f} per hour"
    )
    clogs(outcomes)
    bubbles = [o for o in outcomes if o.scenario.kind == "bubble"]
    lost = frozenset({BUBBLE, CORONA})
    times("bubble seen", bubbles, lambda o: after(o, lost))
    arcs = [o for o in outcomes if o.scenario.kind == "arc"]
    times("arc of 50 ms seen", arcs, lambda o: after(o, frozenset({ARC})))


def after(outcome: Outcome, modes: frozenset[str]) -> float | None:
    """From the fault to the first of these modes."""
    found = outcome.first(modes, outcome.scenario.at_s)
    return None if found is None else found - outcome.scenario.at_s


def main(runs: int = 200, through_bytes: int = 20, first: int = 0) -> None:
    """Play and print."""
    by_driver = range(first, first + runs, max(1, runs // through_bytes)) if through_bytes else range(0)
    direct = [play(scenario(seed)) for seed in range(first, first + runs) if seed not in by_driver]
    through = []
    for seed in by_driver:
        run = scenario(seed, hours=0.2)
        through.append(play(run, DriverMeter(run.scene_data, run.seed)))
    readings = sum(outcome.scenario.length_s * 5 for outcome in direct + through)
    print(
        f"{len(direct)} runs at the collector, {len(through)} through driver and bytes; {readings:.0f} readings\n"
    )
    report(direct + through)
    if through:
        print(f"\nThe {len(through)} of these that went through driver and bytes, alone:\n")
        report(through)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
