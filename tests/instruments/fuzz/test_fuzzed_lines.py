"""Damaged replies on a whole line in virtual time, with its mailbox and polls: nothing is energised because of one, an
"off" is an off, and what the line says it has told is so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rig.lines.board import Board
from rig.lines.line import Line
from rig.lines.member import MemberSpec, Told
from rig.lines.runner import VirtualRunner
from rig.lines.scheduler import Call, Rank, Scheduler
from rig.outputs import GasOutput
from tests.instruments.fuzz.bench import Bench
from tests.instruments.fuzz.campaign import watch
from tests.instruments.fuzz.damage import EXAMPLES, Example
from tests.instruments.fuzz.output_benches import (
    AlicatBench,
    E2416Bench,
    E3216Bench,
    Epc3000Bench,
    GlassmanBench,
    NewEraBench,
)

KINDS = {
    GlassmanBench: "hv", NewEraBench: "pump", Epc3000Bench: "furnace", E3216Bench: "furnace", E2416Bench: "furnace",
    AlicatBench: "gas",
}  # fmt: skip
NS = 1_000_000_000
EVENTS = ("", "off", "low", "high")


class LineTime:
    """The scheduler's time for a wire: waiting suspends the line's task."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    @property
    def now_ns(self) -> int:
        return self._scheduler.now_ns

    def call_at(self, t_ns: int, function: Callable[[], None]) -> Call:
        return self._scheduler.call_at(t_ns, function)

    def next_ns(self) -> int | None:
        return None

    def until(self, t_ns: int) -> None:
        if t_ns > self._scheduler.now_ns:
            self._scheduler.current().wait_until(t_ns)

    def pass_s(self, seconds: float) -> None:
        self.until(self.now_ns + round(seconds * 1e9))


class LineBench:
    """A driver's bench with a line before it."""

    def __init__(self, make: type[Bench]) -> None:
        self.scheduler = Scheduler()
        self.bench = bench = make(LineTime(self.scheduler))
        port: Any = bench.port
        driver = bench.driver
        connect: Any = bench.connect
        spec = MemberSpec(
            "it", KINDS[make], connect, driver.channels, driver.polls, port.deadline_s, port.attempts,
        )  # fmt: skip
        runner = VirtualRunner(self.scheduler)
        self.line = Line("one", [spec], lambda _: port, runner, Board())
        self.line.start()
        self.seen = 0

    def run(self, seconds: float) -> None:
        """Let virtual time pass, the lease renewed, then look at what was sent meanwhile."""
        scheduler = self.scheduler
        began_ns = scheduler.now_ns
        end_ns = began_ns + round(seconds * NS)
        reached: list[bool] = []
        scheduler.call_at(end_ns, lambda: reached.append(True), Rank.RECORD)
        self.line.renew(end_ns + 60 * NS)
        scheduler.run(lambda: bool(reached))
        watch(self.bench, self.seen, began_ns)
        self.seen = len(self.bench.port.exchanges)
        member = self.line.members["it"]
        ordered = self.bench.ordered
        if ordered is None and member.told_state is Told.TOLD and member.told is None:
            assert self.bench.stands_off(), "the line says off, and it is not"

    def want(self, event: str) -> None:
        """An order from outside."""
        bench = self.bench
        if isinstance(bench.low, GasOutput):
            # Gas has no safe side: an order under way is brought to its end before the newest.
            flow = {"": None, "off": 0.0, "low": 100.0, "high": 200.0}[event]
            if flow is not None:
                before = bench.ordered.flow_sccm if isinstance(bench.ordered, GasOutput) else 0.0
                bench.ordered = GasOutput(max(flow, before))
                self.line.order("it", GasOutput(flow))
        elif event == "off":
            bench.ordered = None
            self.line.off("it")
        elif event:
            output = bench.low if event == "low" else bench.high
            assert output is not None
            bench.ordered = output
            self.line.order("it", output)


@pytest.mark.parametrize("make", KINDS, ids=[bench.name for bench in KINDS])
@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(example=EXAMPLES)
def test_damaged_replies_on_a_line(make: type[Bench], example: Example) -> None:
    one = LineBench(make)
    one.run(2.5)
    member = one.line.members["it"]
    assert member.connected
    if example.on:
        one.want("low")
        one.run(4.0)
        assert member.told == one.bench.low
    one.bench.port.plan.extend(example.plan)
    for number, _ in example.calls:
        one.want(EVENTS[number % len(EVENTS)])
        one.run(0.7)
    one.run(6.0)
    one.bench.port.plan.clear()
    one.run(5.0)
    one.want("off")
    one.run(30.0)
    assert one.bench.stands_off() and member.told_state is Told.TOLD
    if isinstance(one.bench, AlicatBench):
        assert member.told == GasOutput(0.0) and one.bench.unit.loop.setpoint_sccm == 0.0
    else:
        assert member.told is None
    assert not any(report.what == "lost" for report in one.line.reports)
