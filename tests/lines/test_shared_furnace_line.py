"""Why a furnace has its line to itself: how long its "off" waits for a neighbour that does not answer, and for nobody.

The real driver and the emulated controllers, in virtual time. Safety rule 11.4: the heater is commanded off within
1.5 s of a trip's detection.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.physics.furnace import Furnace
from rig.emulators.wire import Wire
from rig.instruments.catalog import ATTEMPTS, DEADLINE_S
from rig.instruments.eurotherm import LINK, Eurotherm
from rig.instruments.settings import FurnaceSettings
from rig.lines.board import Board
from rig.lines.driven import Driver
from rig.lines.line import Line
from rig.lines.member import MemberSpec
from rig.lines.opening import serial_opener
from rig.lines.port import Port
from rig.lines.runner import VirtualRunner
from rig.lines.scheduler import Rank, Scheduler
from rig.lines.simwire import forget, register
from rig.outputs import FurnaceOutput, ProgramSegment

S = 1_000_000_000
WITHIN_S = 1.5
ON = FurnaceOutput("run", 1, (ProgramSegment(10.0, 700.0, 3600.0),))
MOMENTS_S = [20.0 + 0.1 * number for number in range(40)]
"""Offs at all kinds of moments of the polls, and of a mute neighbour's own "off"."""


class Shared:
    """Controllers at addresses 1, 2 ... of one RS-485 wire, as a line polls them; the first heats."""

    key = "shared-furnace-line"

    def __init__(self, count: int) -> None:
        self.scheduler = Scheduler()
        self.board = Board()
        self.wire = Wire("f", self.scheduler, random.Random(1))
        self.names = tuple(f"furnace.{letter}" for letter in "abc"[:count])
        self.devices: dict[str, EurothermEmulator] = {}
        for number, name in enumerate(self.names, 1):
            device = EurothermEmulator(
                name, self.scheduler, furnace=Furnace(), address=number, model="epc3000"
            )
            self.devices[name] = device
            self.wire.attach(device)
        register(self.key, self)
        specs = [self._spec(name, number) for number, name in enumerate(self.names, 1)]
        opener = serial_opener(f"sim://f?world={self.key}", LINK, None)
        self.line = Line("f", specs, opener, VirtualRunner(self.scheduler), self.board)
        for member in self.line.members.values():
            self.line.declare_channels(member)
        self.line.start()
        self.until(5.0)
        for name in self.names:
            assert self.line.members[name].connected
            self.line.set_active(name, True)
        self.line.order(self.names[0], ON)
        self.until(15.0)
        assert self.devices[self.names[0]].output_pct > 0.0
        self.wire.heard = []

    def peer(self, name: str) -> Wire:
        return self.wire

    @staticmethod
    def _spec(name: str, address: int) -> MemberSpec:
        settings = FurnaceSettings(
            name=name, driver="eurotherm", where="sim://f", model="epc3000", address=address,
            limit_degc=1100.0, limit_ramp_degc_min=10.0,
        )  # fmt: skip

        def make(port: Port) -> Driver:
            return Eurotherm(settings, port)

        probe = make(cast(Port, None))
        return MemberSpec(name, "furnace", make, probe.channels, probe.polls, DEADLINE_S["furnace"], ATTEMPTS)

    def at(self, t_s: float, action: object) -> None:
        assert callable(action)
        self.scheduler.call_at(round(t_s * S), action, Rank.COMMAND)

    def until(self, t_s: float) -> None:
        done: list[None] = []
        self.scheduler.call_at(round(t_s * S), lambda: done.append(None), Rank.RECORD)
        self.scheduler.run(lambda: bool(done))

    def mute(self, name: str) -> None:
        """It hears nothing and says nothing any more; its heater is another matter."""
        self.wire.devices.remove(self.devices[name])

    def commanded_s(self, since_s: float) -> float:
        """From then to the last byte of the first two writes to the first controller (set points, programmer)."""
        assert self.wire.heard is not None
        writes = [
            t_ns
            for t_ns, data in self.wire.heard
            if data[0] == 1 and data[1] in (0x06, 0x10) and t_ns >= since_s * S
        ]
        return (writes[1] - since_s * S) / S


@contextmanager
def shared(count: int) -> Iterator[Shared]:
    try:
        yield Shared(count)
    finally:
        forget(Shared.key)


def worst_s(count: int, mute: str | None, both: bool) -> float:
    """The longest of all moments from "off" being ordered to its being commanded."""
    found = []
    for at_s in MOMENTS_S:
        with shared(count) as bench:
            if mute is not None:
                bench.at(18.0, lambda bench=bench: bench.mute(mute))
            if both:  # the mute neighbour trips too, and is told off again each second
                for again_s in range(19, 30):
                    bench.at(again_s, lambda bench=bench: bench.line.off(bench.names[1]))
            bench.at(at_s, lambda bench=bench: bench.line.off(bench.names[0]))
            bench.until(at_s + 20.0)
            found.append(bench.commanded_s(at_s))
    return max(found)


def test_alone_on_its_line_a_furnace_is_commanded_off_in_time() -> None:
    assert worst_s(1, None, False) < 0.5


def test_a_neighbour_whose_polls_are_not_answered_takes_most_of_that_time() -> None:
    """One attempt in flight is waited for (1 s); the second is given up for the off."""
    waited_s = worst_s(2, "furnace.b", False)
    assert 0.9 < waited_s < WITHIN_S


def test_a_mute_neighbour_that_is_told_off_itself_delays_it_far_beyond() -> None:
    """Which is why the rig file's rules refuse to have furnaces share a line (furnace-line-shared)."""
    assert worst_s(2, "furnace.b", True) > 2 * WITHIN_S


def test_alone_with_its_replies_lost_it_is_commanded_behind_one_attempt_at_most() -> None:
    """Also behind the wait for late replies, which takes the time of all attempts: no question is asked after it."""
    for at_s in MOMENTS_S:
        with shared(1) as bench:
            bench.at(18.0, lambda bench=bench: bench.wire.set_fault("silent", True))
            bench.at(at_s, lambda bench=bench: bench.line.off(bench.names[0]))
            bench.until(at_s + 3.0)
            first_ns = min(
                t_ns for t_ns, data in bench.wire.heard or () if data[1] == 0x10 and t_ns >= at_s * S
            )
            assert (first_ns - at_s * S) / S < 1.1, at_s
