"""A campaign: N seeds over P processes, and what came of them in figures."""

from __future__ import annotations

import multiprocessing
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rig.proving.case import BadCase, Case
from rig.proving.draw import draw
from rig.proving.invariants.violation import Violation
from rig.proving.trial import BROKEN, Verdict, try_case


@dataclass(frozen=True, slots=True)
class Done:
    """One seed's run: what was done to it and what came of it. error: the campaign's own, with where it was."""

    seed: int
    verdict: Verdict | None
    mishaps: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    refused: int = 0
    error: str | None = None


@dataclass(slots=True)
class Figures:
    """All of a campaign."""

    runs: int = 0
    refused: int = 0
    scans: int = 0
    virtual_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    trips: Counter[str] = field(default_factory=Counter)
    stakes: Counter[str] = field(default_factory=Counter)
    """Runs in which a fault struck while that was so."""
    violations: list[tuple[int, Violation]] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)

    def add(self, done: Done) -> None:
        """One more run."""
        self.runs += 1
        self.refused += done.refused
        self.faults.update(done.mishaps)
        self.deeds.update(done.deeds)
        if done.error is not None:
            self.errors.append((done.seed, done.error))
        verdict = done.verdict
        if verdict is not None:
            self.scans += verdict.scans
            self.virtual_s += verdict.virtual_s
            self.outcomes[verdict.outcome] += 1
            self.stakes.update(verdict.stakes)
            self.stakes["any of them"] += bool(verdict.stakes)
            self.trips.update(tag.partition(":")[0] for tag in verdict.trips)
            self.violations += [(done.seed, one) for one in verdict.violations]

    @property
    def good(self) -> bool:
        """Nothing was violated and every run could be judged."""
        return not self.violations and not self.errors

    @property
    def failing(self) -> list[int]:
        """Seeds with a violation, or that broke the campaign itself."""
        return sorted({seed for seed, _ in self.violations} | {seed for seed, _ in self.errors})

    def as_data(self, wall_s: float) -> dict[str, Any]:
        """For `--json`."""
        return {
            "runs": self.runs,
            "drafts_refused": self.refused,
            "outcomes": dict(self.outcomes),
            "faults": dict(self.faults.most_common()),
            "deeds": dict(self.deeds.most_common()),
            "trips": dict(self.trips.most_common()),
            "struck_while": dict(self.stakes.most_common()),
            "scans": self.scans,
            "simulated_h": round(self.virtual_s / 3600, 3),
            "wall_s": round(wall_s, 1),
            "simulated_h_per_wall_s": round(self.virtual_s / 3600 / max(wall_s, 1e-9), 4),
            "violations": [
                {"seed": seed, "invariant": one.number, "t_s": one.t_s, "seen": one.seen}
                for seed, one in self.violations
            ],
            "errors": [{"seed": seed, "text": text} for seed, text in self.errors],
        }


def make(seed: int, brief: bool = False, rig_text: str | None = None) -> Done:
    """Draw one case and run it. What breaks in the campaign itself is kept, not raised."""
    try:
        drawn = draw(seed, brief, rig_text)
        return judged(drawn.case, drawn.refused)
    except BadCase as error:
        return Done(seed, None, error=str(error))
    except Exception:
        return Done(seed, None, error=traceback.format_exc(limit=-6))


def judged(case: Case, refused: int = 0, scratch: Path | None = None) -> Done:
    """Run one case."""
    return Done(
        case.seed,
        try_case(case, scratch),
        tuple(_kind(one.on, one.kind) for one in case.mishaps),
        tuple(one.what for one in case.deeds),
        refused,
    )


def _kind(on: str, kind: str) -> str:
    return f"{on.partition('.')[0]} {kind.partition(' ')[0]}"


def campaign(
    seeds: range,
    processes: int = 1,
    brief: bool = False,
    rig_text: str | None = None,
    told: Callable[[Done], None] | None = None,
) -> Figures:
    """Run all seeds. told: called with each run as it is done, in the order of the seeds."""
    figures = Figures()
    for done in _all(seeds, processes, partial(make, brief=brief, rig_text=rig_text)):
        figures.add(done)
        if told is not None:
            told(done)
    return figures


def _all(seeds: range, processes: int, one: Callable[[int], Done]) -> Iterator[Done]:
    if processes <= 1:
        yield from map(one, seeds)
        return
    # A fresh interpreter each: nothing of the parent's threads and greenlets comes along.
    method = "spawn" if sys.platform == "win32" else "forkserver"
    with multiprocessing.get_context(method).Pool(processes) as pool:
        yield from pool.imap(one, seeds, chunksize=1)


__all__ = ["BROKEN", "Done", "Figures", "campaign", "judged", "make"]
