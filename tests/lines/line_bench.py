"""A line with small instruments that take their time and write down what is asked of them, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rig.lines.board import Board
from rig.lines.driven import Identity, Poll
from rig.lines.errors import InstrumentError, NoReply, PortLost, Preempted
from rig.lines.line import Line
from rig.lines.member import MemberSpec
from rig.lines.port import Port
from rig.lines.runner import Runner, VirtualRunner
from rig.lines.scheduler import Rank, Scheduler
from rig.outputs import HvOutput, Output, PumpOutput
from rig.readings import ChannelInfo

MS = 1_000_000
S = 1_000_000_000


class SlowPort:
    """A port without a wire: only its clock counts. `lost` makes every use of it fail."""

    def __init__(self, runner: Runner) -> None:
        self.deadline_s = 0.2
        self.attempts = 2
        self.off_waiting: Callable[[], bool] = lambda: False
        self.lost = False
        self.closed = False
        self._runner = runner

    def now_ns(self) -> int:
        return self._runner.now_ns

    def sleep(self, seconds: float) -> None:
        self._runner.sleep(seconds)
        if self.lost:
            raise PortLost("the cable is out")

    def write(self, data: bytes) -> None:
        self.sleep(0.001 * len(data))

    def read(self, count: int) -> bytes:
        return b""

    def read_until(self, end: bytes, limit: int = 4096) -> bytes:
        return b""

    def discard_input(self) -> bytes:
        return b""

    def close(self) -> None:
        self.closed = True


@dataclass
class Script:
    """How one instrument behaves, and what it was asked: (time in ms, what)."""

    name: str
    exchange_s: float = 0.02
    mute: bool = False
    raises: Exception | None = None
    log: list[tuple[int, str]] = field(default_factory=list)
    values: dict[str, float | None] = field(default_factory=lambda: {"value": 1.0})

    def said(self, what: str) -> list[int]:
        """The times in ms at which it was asked that."""
        return [t for t, entry in self.log if entry == what]

    def words(self) -> list[str]:
        """What it was asked, in order."""
        return [entry for _, entry in self.log]


class Instrument:
    """A driver of one exchange a call; each attempt at a mute instrument costs the deadline."""

    polls: tuple[Poll, ...] = (Poll("value", 0.1, 1.0),)
    channels: tuple[ChannelInfo, ...] = (ChannelInfo("value", "", "state"),)

    def __init__(self, script: Script, port: Port) -> None:
        self.name = script.name
        self._script = script
        self._port = port

    def _exchange(self, what: str, preemptable: bool = True) -> None:
        script, port = self._script, self._port
        for attempt in range(port.attempts):
            if attempt and preemptable and port.off_waiting():
                raise Preempted(f"{self.name}: {what}: given up")
            script.log.append((port.now_ns() // MS, what))
            if script.raises is not None:
                raise script.raises
            port.sleep(port.deadline_s if script.mute else script.exchange_s)
            if not script.mute:
                return
        raise NoReply(f"{self.name}: {what}: no reply, {port.attempts} attempts")

    def set_up(self) -> None:
        self._exchange("set-up")

    def identify(self) -> Identity:
        self._exchange("identify")
        return Identity("slow")

    def read(self, poll: str) -> Mapping[str, float | None]:
        self._exchange(f"poll {poll}")
        return self._script.values

    def off(self) -> None:
        self._exchange("off", preemptable=False)

    def apply(self, output: Output) -> None:
        self._exchange(describe(output))

    def release(self) -> None:
        self._exchange("release", preemptable=False)


def describe(output: Output) -> str:
    """An output in a word or two."""
    if isinstance(output, HvOutput):
        return f"{output.voltage_kv:g} kV"
    assert isinstance(output, PumpOutput)
    return f"{output.rate_ml_h:g} ml/h"


class LineBench:
    """One line on a scheduler of its own (or a given one), with its board."""

    def __init__(
        self, *members: tuple[Script, str], scheduler: Scheduler | None = None, name: str = "one"
    ) -> None:
        self.scheduler = scheduler or Scheduler()
        self.board = Board()
        self.scripts = {script.name: script for script, _ in members}
        self.ports: list[SlowPort] = []
        self.unplugged = False
        runner = VirtualRunner(self.scheduler)

        def opener(runner: Runner) -> SlowPort:
            if self.unplugged:
                raise PortLost("nothing is plugged in")
            self.ports.append(SlowPort(runner))
            return self.ports[-1]

        self.line = Line(name, [spec(script, kind) for script, kind in members], opener, runner, self.board)
        for member in self.line.members.values():
            self.line.declare_channels(member)

    def start(self) -> LineBench:
        """Start the line and let it connect; leases are renewed for ever unless a test says otherwise."""
        self.line.start()
        return self

    def at(self, t_ms: float, action: Callable[[], object]) -> None:
        """Have something done at a time."""

        def act() -> None:
            action()

        self.scheduler.call_at(round(t_ms * MS), act, Rank.COMMAND)

    def until(self, t_ms: float) -> None:
        """Let virtual time pass."""
        done: list[None] = []
        self.scheduler.call_at(round(t_ms * MS), lambda: done.append(None), Rank.RECORD)
        self.scheduler.run(lambda: bool(done))

    def unplug(self) -> None:
        """Pull the cable."""
        self.unplugged = True
        for port in self.ports:
            port.lost = True

    def plug(self) -> None:
        """Put it in again."""
        self.unplugged = False

    def reports(self, what: str) -> list[tuple[int, str | None]]:
        """(time in ms, instrument) of the reports of this kind so far."""
        return [(report.t_ns // MS, report.member) for report in self.line.reports if report.what == what]


def spec(script: Script, kind: str, watched: bool = False) -> MemberSpec:
    """A member of that kind behaving as the script says."""

    def make(port: Port) -> Instrument:
        return Instrument(script, port)

    return MemberSpec(
        name=script.name,
        kind=kind,
        make=make,
        channels=Instrument.channels,
        polls=Instrument.polls,
        deadline_s=0.2,
        attempts=2,
        watched=watched,
    )


__all__ = ["MS", "InstrumentError", "LineBench", "S", "Script", "describe", "spec"]
