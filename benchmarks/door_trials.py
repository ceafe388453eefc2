"""Prints how soon the supply is off after the door opens, with none, one and all of the other lines mute.

    python -m benchmarks.door_trials [VIRTUAL [REAL]]

Lines fall mute shortly before the door opens: late enough that nothing has tripped for their sake, early enough that
their drivers wait for replies that do not come. Measured at the emulated supply. The doors open at the same moments in
each case (on pseudo-terminals: at the same distances from the inputs' last poll), so that the cases can be held against
one another door by door.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rig.instruments.catalog import POLL_PERIOD_S
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.simulation.laboratory import Laboratory
from tests.end_to_end.measures import DOOR, HV, PUMPS, MachineBusy
from tests.end_to_end.real_lines import RealLines, real_lines
from tests.end_to_end.spinning import Outputs, Spinning, Station, recipe_text

INPUTS = "inputs.bench"
CASES = ("none", "one", "all")
MUTE_S = 0.25
"""So long before the door. A driver's deadline is 0.2 s, and a pump may be mute for 1 s before it trips."""

GRID_S = 100
"""In virtual time each step begins on a multiple of this, so that polls stand in the same phase in every case."""


@dataclass
class DoorTimes:
    """Per case, from the contact to the supply's output off, in ms; exchange_ms: one of the supply's exchanges."""

    exchange_ms: float
    fit_ms: float
    off_ms: dict[str, list[float]] = field(default_factory=lambda: {case: [] for case in CASES})

    def differences_ms(self) -> list[float]:
        """By how much each door with other lines mute differs from the same door with none mute."""
        none = self.off_ms["none"]
        return [
            abs(off - undisturbed)
            for case in CASES[1:]
            for off, undisturbed in zip(self.off_ms[case], none, strict=True)
        ]


def mute_lines(lab: Laboratory, case: str) -> list[str]:
    """The wires that fall mute: none, the pumps', or all but the supply's and the inputs'."""
    spared = {HV, INPUTS}
    return {
        "none": [],
        "one": [PUMPS[0]],
        "all": sorted(name for name in lab.wires if not spared & {d.name for d in lab.wires[name].devices}),
    }[case]


def _mute(lab: Laboratory, names: Sequence[str], on: bool) -> None:
    for name in names:
        lab.wires[name].set_fault("silent", on)


def _by_door(station: Station) -> bool:
    return (station.unit.reason or "").startswith("door: ")


def _exchange_ms(fit_terms: dict[str, float]) -> float:
    """One whole exchange of the supply: what "the same" is allowed to differ by."""
    return 1000 * fit_terms["off command and turnaround"]


def virtual_times(runs: Path, count: int, seed: int = 0) -> DoorTimes:
    """In virtual time: the same doors in each case."""
    found: DoorTimes | None = None
    for case in CASES:
        spun = Spinning(runs / case, recipe_text(duration="10 s"), seed=seed)
        lab, rng = spun.lab, random.Random(f"mute doors {seed}")
        if found is None:
            (reaction,) = spun.fit.reaction_times
            found = DoorTimes(_exchange_ms(dict(reaction.terms)), spun.reaction_s * 1000)
        station = Station(spun.session, spun.session.recipe, spun.fit.assignment)
        for _ in range(count):
            found.off_ms[case].append(_virtual_door(lab, spun.outputs, station, mute_lines(lab, case), rng))
        station.close()
        lab.close()
    assert found is not None
    return found


def _virtual_door(
    lab: Laboratory, outputs: Outputs, station: Station, mute: Sequence[str], rng: random.Random
) -> float:
    scheduler, supply = lab.scheduler, lab.scene.supplies[HV]
    begin_ns = (scheduler.now_ns // (GRID_S * NS) + 1) * GRID_S * NS
    station.until(lambda: scheduler.now_ns >= begin_ns, GRID_S + 1.0, "the grid")
    station.begin()
    station.until(lambda: supply.enabled, 10.0, "on")
    door_ns = begin_ns + round(rng.uniform(5.0, 60.0) * NS)

    def call(t_ns: int, on: bool) -> None:
        scheduler.call_at(t_ns, lambda: _mute(lab, mute, on), Rank.COMMAND)

    call(door_ns - round(MUTE_S * NS), True)
    scheduler.call_at(door_ns, lambda: lab.scene.contacts.set(scheduler.now_ns, DOOR, False), Rank.COMMAND)
    station.until(lambda: scheduler.now_ns >= door_ns and not supply.enabled, 80.0, "off")
    assert _by_door(station), station.unit.reason
    _mute(lab, mute, False)
    lab.scene.contacts.set(scheduler.now_ns, DOOR, True)
    station.ready_again()
    return (outputs.off_after(door_ns, HV) - door_ns) / 1e6


def real_times(runs: Path, count: int, seed: int = 0) -> DoorTimes:
    """On pseudo-terminals, the cases in turn."""
    rng = random.Random(f"mute doors {seed}")
    with real_lines(runs) as lines:
        (reaction,) = lines.fit.reaction_times
        found = DoorTimes(_exchange_ms(dict(reaction.terms)), lines.reaction_s * 1000)
        disturbed = 0
        while len(found.off_ms["all"]) < count:
            case = min(CASES, key=lambda one: len(found.off_ms[one]))
            phase = (len(found.off_ms[case]) + 0.5) / count
            off_ms = _real_door(lines, case, phase, rng.randrange(3, 12))
            if off_ms is not None:
                found.off_ms[case].append(off_ms)
                continue
            disturbed += 1
            if disturbed > 5 + count:
                raise MachineBusy(f"{disturbed} steps were ended by something else")
        return found


def _real_door(lines: RealLines, case: str, phase: float, polls: int) -> float | None:
    """phase: at which part of the inputs' poll period, so many polls from now; None where the step ended otherwise."""
    lab, station = lines.lab, lines.station
    scheduler, supply, wire = lab.scheduler, lab.scene.supplies[HV], lab.wire_of(INPUTS)
    mute = mute_lines(lab, case)
    lines.outputs.changes.clear()
    wire.heard = []
    station.begin()
    station.until(lambda: supply.enabled, 5.0, "on")

    def plan() -> int:
        assert wire.heard
        door_ns = wire.heard[-1][0] + round((polls + phase) * POLL_PERIOD_S[INPUTS.partition(".")[0]] * NS)

        def open_door() -> None:
            lab.scene.contacts.set(scheduler.now_ns, DOOR, False)

        scheduler.call_at(door_ns - round(MUTE_S * NS), lambda: _mute(lab, mute, True), Rank.COMMAND)
        scheduler.call_at(door_ns, open_door, Rank.COMMAND)
        return door_ns

    door_ns = lines.server.do(plan)
    station.until(lambda: scheduler.now_ns > door_ns and not supply.enabled, 5.0, "off")
    by_door = _by_door(station)
    lines.in_(0.0, lambda: _mute(lab, mute, False))
    lines.in_(0.2, lambda: lab.scene.contacts.set(scheduler.now_ns, DOOR, True))
    station.ready_again()
    return (lines.outputs.off_after(door_ns, HV) - door_ns) / 1e6 if by_door else None


def rows(found: DoorTimes) -> list[str]:
    """A table."""
    lines = [f"  {'mute':<8}{'n':>5}{'min ms':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}"]
    for case, values in found.off_ms.items():
        p99 = sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]
        lines.append(
            f"  {case:<8}{len(values):>5}{min(values):>9.1f}{statistics.median(values):>9.1f}{p99:>9.1f}"
            f"{max(values):>9.1f}"
        )
    return lines


def main(words: Sequence[str]) -> None:
    """Both worlds."""
    virtual, real = (int(word) for word in (*words, *("100", "30")[len(words) :]))
    with tempfile.TemporaryDirectory() as folder:
        found = virtual_times(Path(folder) / "virtual", virtual)
        print(
            f"door to supply off with other lines mute; fit allows {found.fit_ms:.1f} ms, "
            f"one exchange of the supply is {found.exchange_ms:.1f} ms"
        )
        print("\nvirtual:", *rows(found), sep="\n")
        print(
            f"  door by door, a case differs from none mute by at most {max(found.differences_ms()):.3f} ms"
        )
        found = real_times(Path(folder) / "real", real)
        print("\non ptys:", *rows(found), sep="\n")
        differ = sorted(found.differences_ms())
        beyond = sum(one > found.exchange_ms for one in differ)
        print(
            f"  door by door, a case differs from none mute by p50 {statistics.median(differ):.1f} ms, "
            f"at most {differ[-1]:.1f} ms; {beyond} of {len(differ)} by more than one exchange"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
