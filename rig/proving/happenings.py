"""What befalls a generated run: faults of every kind that the laboratory can bring about, commands, answers."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from rig.bench.faults import KINDS, LINE
from rig.bench.model import Bench
from rig.proving.case import COMMANDS, SIGNAL, Deed, Mishap, Person
from rig.proving.moments import Moment, Stage, pick

NOT_BUILT = {"controller": ("clock-step",)}
"""Kinds of safety rule 10 that cannot be brought about: nothing in an emulated run reads the clock of the day."""

STAGED_SHARE, OWN_SHARE, TOGETHER_SHARE, FAVOURED_SHARE = 0.9, 0.85, 0.3, 0.55
"""Of the faults: placed at a stage in which something is at stake; on a part of the unit at work there; close to the
one before; and such as take away an interlock, its line or the controller."""

PARTS = {
    "spin": ("hv", "pumps", "needles", "inputs", "controller", "operator", "climate", "current"),
    "furnace": ("furnace", "gas", "oxygen", "inputs", "controller"),
}
CHANNELS = {"spin": ("door", "exhaust", "emergency_stop"), "furnace": ("furnace", "tube", "emergency_stop")}


FAVOURITES = (("contact", 6), ("line", 2), ("controller", 3), ("output", 2))
"""What the favoured faults take away, and how often each."""


def favourite(on: str, kind: str, unit: str) -> str:
    """ "contact": an interlock of that unit opens; "line": that of interlocks, of a supply or of the heater goes dead;
    "controller": it stands still or dies; "output": one that cannot be switched off; "" for all else.
    """
    section = on.partition(".")[0]
    if section == "inputs" and kind.startswith("open"):
        return "contact" if kind.partition(" ")[2].startswith(CHANNELS.get(unit, "")) else ""
    if section in ("inputs", "hv", "furnace") and kind in ("silent", "unplug"):
        return "line"
    if kind == "stuck-on":
        return "output"
    return "controller" if on == "controller" and kind in ("crash", "scan-stall", "suspend") else ""


@dataclass(frozen=True, slots=True)
class Stakes:
    """Where in a recipe something is at stake, and how long it is."""

    among: list[Stage]
    length_s: float

    def pick(self, rng: random.Random, staged: float) -> Moment:
        """One moment, with this chance at one of the stages."""
        return pick(rng, self.among, self.length_s, staged)


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
    found.append(("operator", "wrong-answer"))
    if any(
        channel.name.startswith("door") for module in bench.inputs.values() for channel in module.channels
    ):
        found.append(("operator", "door-at-once"))
    return found


def generate_mishaps(
    rng: random.Random, bench: Bench, fed: frozenset[str], idle: frozenset[str], at_stake: Stakes
) -> tuple[Mishap, ...]:
    """None to five faults. fed: pumps and supplies that have a stream: the scene knows no others. idle: sections that
    the recipe has no work for; they are struck more seldom.
    """
    possible = [(on, kind) for on, kind in targets(bench) if _in_scene(bench, fed, on, kind)]
    found: list[Mishap] = []
    for _ in range(rng.choices((0, 1, 2, 3, 4, 5), (1, 6, 6, 4, 2, 1))[0]):
        moment = at_stake.pick(rng, STAGED_SHARE)
        if found and rng.random() < TOGETHER_SHARE:
            last = found[-1]
            near_s = rng.choice((0.0, rng.uniform(0, 1), rng.uniform(0, 10)))
            moment = replace(moment, at_s=round(last.at_s + near_s, 3), step=last.step, stage=last.stage)
        on, kind = _strike(rng, possible, idle, moment.unit)
        found.append(Mishap(on, kind, moment.at_s, _duration_s(rng, on, kind), moment.step, moment.stage))
    # Two faults of one kind on one part would end each other: the last counts.
    return tuple({(one.on, one.kind): one for one in found}.values())


def _strike(
    rng: random.Random, possible: list[tuple[str, str]], idle: frozenset[str], unit: str
) -> tuple[str, str]:
    """What is struck: kind by kind with equal chances, but those that the rules hang on more often."""
    if unit and rng.random() < OWN_SHARE:
        possible = [one for one in possible if one[0].partition(".")[0] in PARTS[unit]] or possible
    if rng.random() < FAVOURED_SHARE:
        takes = rng.choices([word for word, _ in FAVOURITES], [share for _, share in FAVOURITES])[0]
        chosen = [one for one in possible if favourite(*one, unit) == takes]
        if chosen:
            return rng.choice(chosen)
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for on, kind in possible:
        by_kind.setdefault(f"{on.partition('.')[0]} {kind.partition(' ')[0]}", []).append((on, kind))
    busy = [words for words in by_kind if words.split()[0] not in idle]
    return rng.choice(by_kind[rng.choice(busy if busy and rng.random() < 0.8 else list(by_kind))])


def _duration_s(rng: random.Random, on: str, kind: str) -> float | None:
    duration_s: float | None = None if rng.random() < 0.25 else round(0.05 * 2000 ** rng.random(), 3)
    match on, kind:
        case "controller", "scan-stall":
            return round(rng.uniform(0.2, 8.0), 2)
        case "controller", "suspend" | "power-cut":
            return round(rng.choice((0.2, 2.0, 20.0)) * rng.uniform(1, 5), 2)
        case "controller", "crash":
            return None
        case _, "stuck-on" if duration_s is not None and rng.random() < 0.7:
            return max(duration_s, 60.0)
        case _ if kind.startswith("open ") and duration_s is not None and rng.random() < 0.7:
            return max(duration_s, 1.0)  # shorter ones may not be seen, and need not be
    return duration_s


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


def generate_deeds(rng: random.Random, at_stake: Stakes) -> tuple[Deed, ...]:
    """None to four commands and signals; a hold or pause is mostly followed by a resume."""
    found: list[Deed] = []
    for _ in range(rng.choices((0, 1, 2, 3), (8, 5, 3, 1))[0]):
        what = rng.choices((*COMMANDS, SIGNAL), (6, 2, 3, 2, 2, 2, 1, 1, 2))[0]
        moment = at_stake.pick(rng, 0.6)
        found.append(Deed(moment.at_s, what, moment.step, moment.stage))

        def then(delay_s: float, word: str, moment: Moment = moment) -> None:
            found.append(Deed(round(moment.at_s + delay_s, 3), word, moment.step, moment.stage))

        if what in ("hold", "pause") and rng.random() < 0.8:
            then(0.5 * 600 ** rng.random(), "resume")
        if what == SIGNAL and rng.random() < 0.4:
            then(rng.choice((0.0, 0.3, 5.0, 60.0)), SIGNAL)
        if what == "abort" and rng.random() < 0.5:
            for word in ("clear", "reset"):
                then(rng.uniform(1, 60), word)
    return tuple(sorted(found, key=lambda deed: deed.at_s))


def generate_person(rng: random.Random) -> Person:
    """Prompt and right, mostly."""
    late_s = 0.0 if rng.random() < 0.6 else round(0.1 * 1000 ** rng.random(), 2)
    return Person(late_s, rng.choices((0, 1, 2), (7, 2, 1))[0], rng.random() < 0.7)
