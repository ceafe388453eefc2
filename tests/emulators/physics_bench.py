"""A timeline turned by hand and the founding scene on it, for the tests of the physics."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace

from rig.emulators.physics.collector import Collector
from rig.emulators.physics.scene import Scene, SceneData, founding_streams
from rig.emulators.physics.supply import Supply
from rig.emulators.physics.syringe import Plunger

S = 1_000_000_000
MS = 1_000_000


class PlannedCall:
    """A call planned on a Timeline."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Timeline:
    """Global time that stands until `to` moves it, running planned calls on the way."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._calls: list[tuple[int, int, PlannedCall, Callable[[], None]]] = []
        self._count = 0

    def call_at(self, t_ns: int, function: Callable[[], None]) -> PlannedCall:
        call = PlannedCall()
        self._count += 1
        heapq.heappush(self._calls, (max(t_ns, self.now_ns), self._count, call, function))
        return call

    def to(self, seconds: float) -> int:
        """Run to this moment; returns it in ns."""
        end_ns = round(seconds * S)
        while self._calls and self._calls[0][0] <= end_ns:
            self.now_ns, _, call, function = heapq.heappop(self._calls)
            if not call.cancelled:
                function()
        self.now_ns = end_ns
        return end_ns


def drive_ml_h(plunger: Plunger, now_ns: int, rate_ml_h: float) -> None:
    """Command the motor to the speed that gives this flow."""
    plunger.drive(now_ns, rate_ml_h / plunger.ml_per_mm)


class Founding:
    """The founding recipe's bench: two syringes, one supply, one collector."""

    def __init__(self, seed: int = 7, **changes: object) -> None:
        self.timeline = Timeline()
        data = replace(SceneData(founding_streams()), **changes)  # type: ignore[arg-type]
        self.scene = Scene(data, self.timeline, seed)
        self.hv: Supply = self.scene.supplies["hv.needle"]
        self.collector: Collector = self.scene.collectors["current.collector"]

    def to(self, seconds: float) -> int:
        return self.timeline.to(seconds)

    def pump(self, rate_ml_h: float, *names: str) -> None:
        """Drive these pumps (all without names) at this rate from now."""
        for name in names or tuple(self.scene.plungers):
            drive_ml_h(self.scene.plungers[name], self.timeline.now_ns, rate_ml_h)

    def voltage(self, kv: float, ma: float = 0.05) -> None:
        """High voltage on at kv from now."""
        self.hv.program(self.timeline.now_ns, kv, ma)
        self.hv.enable(self.timeline.now_ns, True)

    def spin(self, kv: float = 20.0, at_s: float = 60.0) -> int:
        """Prime, pump 1 ml/h each, voltage on at 30 s, and wait until at_s."""
        self.pump(40.0)
        self.to(15.0)
        self.pump(1.0)
        self.to(30.0)
        self.voltage(kv)
        return self.to(at_s)

    def mean_na(self, seconds: float, first_s: float) -> float:
        """Mean of readings of 20 ms, five a second, over some time."""
        readings = [
            self.collector.mean_na(self.to(first_s + 0.2 * i), 20 * MS) for i in range(round(seconds * 5))
        ]
        return sum(readings) / len(readings)
