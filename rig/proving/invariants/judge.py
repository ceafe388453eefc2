"""All invariants over one run: hung on the laboratory before it begins, told of scans, events, stalls and crashes."""

from __future__ import annotations

from typing import Any

from rig.proving.invariants.electrical import Electrical
from rig.proving.invariants.heat import Heat
from rig.proving.invariants.opening import Opening
from rig.proving.invariants.order import Order
from rig.proving.invariants.promises import NS, Promises
from rig.proving.invariants.senses import Senses, World
from rig.proving.invariants.setpoints import Setpoints
from rig.proving.invariants.story import Story
from rig.proving.invariants.violation import Violation

MOST = 50
"""So many violations of one run are kept."""


class Judge:
    """Takes down what must not be. `violations` in the order in which they were seen."""

    def __init__(self, world: World, promises: Promises) -> None:
        self.promises = promises
        self.senses = Senses(world)
        self.story = Story()
        self.violations: list[Violation] = []
        self.host_ns: int | None = None
        self.gone_ns = 0
        self.stalled_until_ns = -1
        self.asleep_ns = -1
        self.asleep_until_ns = -1
        self.electrical = Electrical(self)
        self.setpoints = Setpoints(self)
        self.heat = Heat(self)
        self.opening = Opening(self)
        self.order = Order(self)

    def violated(self, number: int, seen: str) -> None:
        """Take one down."""
        if len(self.violations) < MOST:
            self.violations.append(Violation(number, self.senses.now_ns / NS, seen))

    # What happens to the controller

    def begin(self) -> None:
        """The first controller comes."""
        self.host_ns = self.senses.now_ns

    def stalled(self, duration_s: float) -> None:
        """Its scan stands still from now on for so long."""
        self.stalled_until_ns = self.senses.now_ns + round(duration_s * NS)

    def slept(self, duration_s: float) -> None:
        """Its computer sleeps from now on for so long: no line sends anything, instruments are on their own."""
        self.asleep_ns = self.senses.now_ns
        self.asleep_until_ns = self.asleep_ns + round(duration_s * NS)

    def crashed(self) -> None:
        """It is gone, with its lines and mailboxes."""
        self.gone_ns = self.senses.now_ns
        self.host_ns = None
        for name in self.story.units:
            said = self.story.unit(name)
            said.state, said.since_ns, said.aborted = "Crashed", self.gone_ns, True
        self.story.step = self.story.do = ""
        self.heat.crashed()

    def wait_after_crash_s(self) -> float:
        """How long the world has to be watched alone until heaters must be off."""
        return self.heat.wait_after_crash_s()

    def came_back(self) -> None:
        """The next controller comes."""
        self.heat.came_back()
        self.opening.came_back()
        self.host_ns = self.senses.now_ns
        for name in ("spin", *self.senses.heaters):
            said = self.story.unit(name)
            said.state, said.since_ns, said.aborted = "Idle", self.host_ns, False

    def left_alone(self) -> None:
        """It has left in order, or was refused: nobody is there any more."""
        if self.host_ns is not None:
            self.gone_ns = self.senses.now_ns
            self.host_ns = None
            said = self.story.unit("spin")
            said.state, said.since_ns = "left", self.gone_ns

    def finish(self) -> None:
        """The last look."""
        self.scan()

    # What it says and does

    def event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """One of its events."""
        self.story.event(kind, data, t_ns)
        self.opening.told(kind, data)
        if kind == "question":
            self.electrical.asked(data)
        elif kind == "breach":
            self.violated(
                9, f"the guard was asked for what must not be: {data.get('output')}: {data.get('text')}"
            )
        elif kind == "trip":
            self.order.tripped(data, t_ns)
            self.heat.tripped(data, t_ns)

    def scan(self) -> None:
        """At the end of each scan, and in between while there is no controller."""
        self.electrical.look()
        self.setpoints.look()
        self.heat.look()
        self.opening.look()
        self.order.look()

    def ended(self, outcome: str, reason: str | None, record_failed: str | None, error: object) -> None:
        """The run has ended by itself."""
        self.order.ended(outcome, reason, record_failed, error)

    def broken(self, text: str) -> None:
        """An exception came out of it."""
        self.order.broken(text)

    # What others ask

    def heater_wanted(self, furnace: str) -> bool:
        """Whether a controller is told to heat."""
        return self.senses.heating(furnace)

    def cooling(self, furnace: str) -> bool:
        """Whether nothing but the hours is between now and a cold tube."""
        return not self.senses.heating(furnace)
