"""The emulated laboratory behind pseudo-terminals, and the real host with its threads and the machine's clock on them.

A rig file whose ports are those pseudo-terminals is a real rig to everything above the lines. Times are told on the
laboratory's own clock, where the emulated instruments are reached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from recipes.model import Recipe
from rig.bench.fit import Fit, fit
from rig.bench.sheet import demo_sheet
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.running import FileAnswers, Options, Session
from rig.simulation.laboratory import Laboratory
from rig.simulation.liquids import scene_data
from rig.simulation.serve import Server
from tests.end_to_end.spinning import Outputs, Station, bench_of, read, recipe_text


class RealLines:
    """A laboratory that is served, and a session on it that takes it for real. `station` is connected."""

    def __init__(self, runs: Path, recipe: str | None = None, seed: int = 0, trace: bool = False) -> None:
        self.recipe: Recipe = read(recipe if recipe is not None else recipe_text(duration="1 h"))
        text = files("rig.bench").joinpath("demo/rig.toml").read_text(encoding="utf-8")
        emulated = bench_of(text)
        sheet = demo_sheet(self.recipe)
        scene = scene_data(emulated, self.recipe, fit(self.recipe, emulated, sheet).assignment)
        self.lab = Laboratory(emulated, scene, seed)
        self.outputs = Outputs(self.lab)
        self.server = Server(self.lab)
        for name, settings in emulated.instruments.items():
            text = text.replace(f'"{settings.where}"', f'"{self.server.urls[name]}"')
        bench = bench_of(text)
        assert not bench.simulated
        self.fit: Fit = fit(self.recipe, bench, sheet)
        assert self.fit.possible, list(map(str, self.fit.problems))
        options = Options(FileAnswers(None, True), runs_dir=runs, trace=trace, came_from="console")
        self.session = Session(self.recipe, bench, sheet, self.fit.assignment, options)
        self.server.start()
        self.station = Station(self.session, self.recipe, self.fit.assignment)

    @property
    def reaction_s(self) -> float:
        """What fit computed from door to disable."""
        return max(one.total_s for one in self.fit.reaction_times)

    def now_ns(self) -> int:
        """The laboratory's clock."""
        return self.server.do(lambda: self.lab.scheduler.now_ns)

    def traced(self) -> list[dict[str, Any]]:
        """Every exchange so far, as lines of wire.jsonl, on the controller's clock."""
        return list(self.session.host._traced)

    def in_(self, delay_s: float, action: Callable[[], object]) -> int:
        """Have something happen in the laboratory so long from now; when, on its clock."""
        scheduler = self.lab.scheduler

        def act() -> None:
            action()

        def plan() -> int:
            t_ns = scheduler.now_ns + round(delay_s * NS)
            scheduler.call_at(t_ns, act, Rank.COMMAND)
            return t_ns

        return self.server.do(plan)

    def close(self) -> None:
        """The host leaves in order, then the laboratory is taken down."""
        try:
            self.station.close()
        finally:
            self.server.close()
            self.lab.close()


@contextmanager
def real_lines(runs: Path, recipe: str | None = None, trace: bool = False) -> Iterator[RealLines]:
    """For a `with` statement. Threads of one process take turns more often than usual: it plays several machines."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    made = RealLines(runs, recipe, trace=trace)
    try:
        yield made
    finally:
        made.close()
        sys.setswitchinterval(interval_s)
