"""What befalls a generated run: faults of every kind that the laboratory can bring about, commands, answers."""

from __future__ import annotations

import random

from rig.bench.faults import KINDS, LINE
from rig.bench.model import Bench
from rig.proving.case import COMMANDS, SIGNAL, Deed, Mishap, Person

NOT_BUILT = {"controller": ("power-cut", "clock-step", "suspend", "disk-full"), "operator": ("wrong-answer",)}
"""Kinds of safety rule 10 that `rig.simulation.faults` cannot bring about. Wrong answers come from `Person` instead."""


def targets(bench: Bench) -> list[tuple[str, str]]:
    """Every fault that can strike this bench: (on, kind); an input's kind names its channel."""
    found: list[tuple[str, str]] = []
    for name in bench.instruments:
        section = name.partition(".")[0]
        found += [(name, kind) for kind in LINE]
        if section == "inputs":
            channels = [channel.name for channel in bench.inputs[name].channels]
            found += [(name, f"{kind} {channel}") for kind in KINDS["inputs"] for channel in channels]
        else:
            found += [(name, kind) for kind in KINDS[section]]
    found += [(f"needles.{name}", kind) for name in bench.needles for kind in KINDS["needles"]]
    found += [("controller", kind) for kind in KINDS["controller"] if kind not in NOT_BUILT["controller"]]
    if any(
        channel.name.startswith("door") for module in bench.inputs.values() for channel in module.channels
    ):
        found.append(("operator", "door-at-once"))
    return found


def generate_mishaps(
    rng: random.Random, bench: Bench, fed: frozenset[str], idle: frozenset[str], length_s: float
) -> tuple[Mishap, ...]:
    """None to five faults. fed: pumps and supplies that have a stream: the scene knows no others. idle: sections that
    the recipe has no work for; they are struck more seldom.
    """
    possible = [(on, kind) for on, kind in targets(bench) if _in_scene(bench, fed, on, kind)]
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for on, kind in possible:
        by_kind.setdefault(f"{on.partition('.')[0]} {kind}", []).append((on, kind))
    found: list[Mishap] = []
    for _ in range(rng.choices((0, 1, 2, 3, 4, 5), (1, 6, 6, 4, 2, 1))[0]):
        on, kind = rng.choice(by_kind[rng.choice(list(by_kind))])
        if on.partition(".")[0] in idle and rng.random() < 0.8:
            on, kind = rng.choice(by_kind[rng.choice([one for one in by_kind if one.split()[0] not in idle])])
        at_s = rng.uniform(0.0, 0.9 * length_s)
        if found and rng.random() < 0.3:
            at_s = found[-1].at_s + rng.choice((0.0, rng.uniform(0, 1), rng.uniform(0, 10)))
        duration_s = None if rng.random() < 0.25 else round(0.05 * 2000 ** rng.random(), 3)
        if (on, kind) == ("controller", "scan-stall"):
            duration_s = round(rng.uniform(0.2, 8.0), 2)
        elif on == "controller":
            duration_s = None
        found.append(Mishap(on, kind, round(at_s, 3), duration_s))
    # Two faults of one kind on one part would end each other: the last counts.
    return tuple({(one.on, one.kind): one for one in found}.values())


def _in_scene(bench: Bench, fed: frozenset[str], on: str, kind: str) -> bool:
    if kind in LINE:
        return True
    section, _, name = on.partition(".")
    if section == "needles":
        return bench.needles[name].pump in fed
    if section == "pumps":
        return on in fed
    if section == "hv" and kind in ("clog", "bubble"):
        return on in fed
    return True


def generate_deeds(rng: random.Random, length_s: float) -> tuple[Deed, ...]:
    """None to four commands and signals; a hold or pause is mostly followed by a resume."""
    found: list[Deed] = []
    for _ in range(rng.choices((0, 1, 2, 3), (8, 5, 3, 1))[0]):
        what = rng.choices((*COMMANDS, SIGNAL), (6, 2, 3, 2, 2, 2, 1, 1, 2))[0]
        at_s = round(rng.uniform(0.0, length_s), 3)
        found.append(Deed(at_s, what))
        if what in ("hold", "pause") and rng.random() < 0.8:
            found.append(Deed(round(at_s + 0.5 * 600 ** rng.random(), 3), "resume"))
        if what == SIGNAL and rng.random() < 0.4:
            found.append(Deed(round(at_s + rng.choice((0.0, 0.3, 5.0, 60.0)), 3), SIGNAL))
        if what == "abort" and rng.random() < 0.5:
            found += [Deed(round(at_s + rng.uniform(1, 60), 3), word) for word in ("clear", "reset")]
    return tuple(sorted(found, key=lambda deed: deed.at_s))


def generate_person(rng: random.Random) -> Person:
    """Prompt and right, mostly."""
    late_s = 0.0 if rng.random() < 0.6 else round(0.1 * 1000 ** rng.random(), 2)
    return Person(late_s, rng.choices((0, 1, 2), (7, 2, 1))[0], rng.random() < 0.7)
