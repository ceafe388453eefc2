"""Prints how soon an abort is on the wires while one driver hangs in its call for 5 s.

    python -m benchmarks.abort_trials [TRIALS [FROM_EACH_OTHER_STATE]]

The emulated laboratory stands behind pseudo-terminals; host, lines and clock are the real ones. Each trial lets one
line's driver block, gives the command `abort` at a random moment as the control socket does, and notes for every other
line with an output when the first byte of its "off" was sent. "In flight": that line was in an exchange when the
command came, and finished it first.

The blocked call is let go as soon as the others have been told, so that the next trial can begin; each twentieth trial
lets it block for its whole 5 s.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.engine.phases.spin import SpinPhase
from rig.engine.planning import Visit
from rig.engine.run import Run
from rig.engine.states import Command, State
from rig.readings import NS
from tests.end_to_end.measures import HV_OFF, MachineBusy
from tests.end_to_end.real_lines import RealLines, real_lines

BLOCK_S = 5.0
WHOLE_EACH = 20
TOLD_WITHIN_S = 4.0
"""Well before the blocked call returns; what is not told by then is a failure."""

OFF: Mapping[str, Callable[[bytes], bool]] = {
    "hv.needle": lambda data: data == HV_OFF,
    "pumps.a": lambda data: b"STP" in data,
    "furnace.tube": lambda data: (
        data[1:2] in (b"\x06", b"\x10")
    ),  # Modbus: its first write zeroes the set points
}
"""How the first packet of an "off" looks on each line with an output."""

BLOCKED = ("hv.needle", "pumps.a", "inputs.bench", "current.collector", "climate.chamber", "furnace.tube")
"""Whose driver blocks, in turn."""

PATHS: Mapping[State, tuple[Command, ...]] = {
    State.IDLE: (),
    State.STARTING: (),
    State.RUNNING: (),
    State.PAUSING: (Command.PAUSE,),
    State.PAUSED: (Command.PAUSE, Command.DONE),
    State.HOLDING: (Command.HOLD,),
    State.HELD: (Command.HOLD, Command.DONE),
    State.RESTARTING: (Command.HOLD, Command.DONE, Command.RESTART),
    State.COMPLETING: (Command.COMPLETE,),
    State.COMPLETE: (Command.COMPLETE, Command.DONE),
    State.STOPPING: (Command.STOP,),
    State.STOPPED: (Command.STOP, Command.DONE),
    State.ABORTING: (Command.ABORT,),
    State.ABORTED: (Command.ABORT, Command.DONE),
    State.CLEARING: (Command.ABORT, Command.DONE, Command.CLEAR),
}
"""From Running to where the abort comes: the last command and the abort come between the same two scans."""


@dataclass
class Told:
    """One line in one trial: from the command to the first byte of its off."""

    line: str
    in_flight: bool
    delay_ms: float


@dataclass
class Trial:
    """One abort: from which state, whose driver was blocked, and when each of the others was told off."""

    state: State
    blocked: str
    whole: bool
    told: list[Told] = field(default_factory=list)


class Block:
    """The next call of a line's first driver does not return for so long, or until it is let go."""

    def __init__(self, lines: RealLines, name: str) -> None:
        line = lines.session.host.lines[name]
        member = next(iter(line.members.values()))
        driver: Any = member.driver
        self.entered = threading.Event()
        self._go = threading.Event()
        read = driver.read

        def blocking(poll: str) -> Any:
            driver.read = read
            self.entered.set()
            lines.session.host.drive.wake()
            self._go.wait(BLOCK_S)
            self.over = True
            return read(poll)

        self.over = False
        self._line, self._timer = line, member.timers[0]
        driver.read = blocking

    def begun(self) -> bool:
        """Whether the call is under way; it is made at once, whatever the poll's period."""
        if not self.entered.is_set():
            self._timer.due_ns = 0
            self._line._runner.notify()
        return self.entered.is_set()

    def let_go(self) -> None:
        """The call returns."""
        self._go.set()


class AbortTrials:
    """Trials on one connected host."""

    def __init__(self, lines: RealLines, seed: int = 0) -> None:
        self.lines = lines
        self.station = lines.station
        self.host = lines.session.host
        self.trials: list[Trial] = []
        self.disturbed = 0
        self._rng = random.Random(f"aborts {seed}")

    def trial(self, state: State, blocked: str, whole: bool = False) -> Trial | None:
        """One; None where something else had ended the step before the command (a busy machine)."""
        if state not in (State.IDLE, State.STARTING):
            self._begin()
            self._let_pass(self._rng.uniform(0.1, 0.5))
        path = PATHS[state]
        for command in path[:-1]:
            if self.station.unit.machine.may(command):
                self._fire(command)
            self._let_pass(0.02)
        block = Block(self.lines, blocked)
        self.station.until(block.begun, 10.0, f"{blocked} blocked")
        self.host._traced.clear()
        given = self._abort_from(state, path[-1:])
        self.station.until(lambda: bool(given), 5.0, f"abort from {state}")
        found, now_ns = given[0]
        others = [line for line in OFF if line != blocked]

        def told() -> bool:
            return all(self._first_off(line, now_ns) is not None for line in others) or (
                self.station.now_ns() - now_ns > TOLD_WITHIN_S * NS
            )

        self.station.until(told, BLOCK_S, "told off")
        still = not block.over
        if found is not state:
            block.let_go()
            self._again()
            return None
        trial = Trial(state, blocked, whole)
        for line in others:
            sent_ns = self._first_off(line, now_ns)
            if sent_ns is None or not still:
                raise AssertionError(
                    f"abort from {state} with {blocked} blocked: {line} was not told meanwhile"
                )
            trial.told.append(Told(line, self._in_flight(line, now_ns, sent_ns), (sent_ns - now_ns) / 1e6))
        if whole:
            self.station.until(lambda: block.over, BLOCK_S + 2.0, "its call returned")
        block.let_go()
        self._prepare()
        self.trials.append(trial)
        return trial

    # Getting there

    def _begin(self) -> None:
        self.station.begin()

    def _begin_only(self) -> None:
        """A run is handed over; its unit begins at the next scan."""
        station, engine = self.station, self.host.engine
        phases = [phase for phase in station._visit.phases() if isinstance(phase, SpinPhase)]
        visit = Visit(station._visit.unit, (phases[0].step_id,), lambda: phases)
        engine.runs[:] = [Run("station", [visit], engine.units, someone_can_attest=False)]

    def _fire(self, command: Command) -> None:
        self.station.unit.fire(command, self.station.now_ns(), "trial")
        self.host.drive.wake()

    def _let_pass(self, seconds: float) -> None:
        end_ns = self.station.now_ns() + round(seconds * NS)
        timer = threading.Timer(seconds, self.host.drive.wake)
        timer.start()
        self.station.until(lambda: self.station.now_ns() >= end_ns, seconds + 5.0, "waiting")
        timer.join()

    def _abort_from(self, state: State, last: Sequence[Command]) -> list[tuple[State, int]]:
        """Have it given from another thread; (state then, when), once it has been."""
        given: list[tuple[State, int]] = []
        unit = self.station.unit

        def post() -> None:
            asked_ns = self.station.now_ns()

            def act() -> None:
                for command in last:
                    if unit.state is not state:  # its own work may have ended by now
                        unit.fire(command, self.station.now_ns(), "trial")
                found = unit.state
                why = self.host.command("abort", None, "trial")
                assert why is None, why
                given.append((found, asked_ns))

            self.host.drive.post(act)

        if state is State.STARTING:
            engine = self.host.engine
            before = engine.on_event

            def listen(kind: str, data: dict[str, Any], t_ns: int) -> None:
                if kind == "state" and data["to"] == State.STARTING:
                    engine.on_event = before
                    post()

            engine.on_event = listen
            self._begin_only()
            self.host.drive.wake()
        else:
            timer = threading.Timer(self._rng.uniform(0.0, 0.1), post)
            timer.start()
        return given

    def _again(self) -> None:
        self.disturbed += 1
        self._prepare()

    def _prepare(self) -> None:
        """Everything proved off, cleared and Idle."""
        over = threading.Event()

        def hurry() -> None:  # before anything is on a scan comes each second only
            while not over.wait(0.02):
                self.host.drive.wake()

        thread = threading.Thread(target=hurry, daemon=True)
        thread.start()
        try:
            self._clear()
        finally:
            over.set()
            thread.join()

    def _clear(self) -> None:
        host, station = self.host, self.station
        units = list(host.engine.units.values())
        ended = (State.ABORTED, State.STOPPED, State.COMPLETE, State.IDLE)
        if station.unit.state not in (*ended, State.ABORTING):
            self._fire(Command.ABORT)
        for unit in units:
            station.until(lambda unit=unit: unit.state in ended, 30.0, f"{unit.name} ended")  # type: ignore[misc]
        host.engine.runs.clear()
        proofs = [proof for unit in units for proof in unit.proofs.values()]
        station.until(lambda: all(proof.proved for proof in proofs), 30.0, "high voltage proved off")
        for unit in units:
            if unit.state is State.ABORTED:
                unit.fire(Command.CLEAR, station.now_ns(), "trial")
                host.drive.wake()
                station.until(lambda unit=unit: unit.state is State.STOPPED, 30.0, f"{unit.name} cleared")  # type: ignore[misc]
            if unit.state is not State.IDLE:
                unit.fire(Command.RESET, station.now_ns(), "trial")

    # What was on the wires

    def _exchanges(self, line: str) -> list[dict[str, Any]]:
        return [entry for entry in list(self.host._traced) if entry["line"] == line]

    def _first_off(self, line: str, since_ns: int) -> int | None:
        for entry in self._exchanges(line):
            sent = entry["direction"] == "sent" and entry["t_ns"] >= since_ns
            if sent and OFF[line](bytes.fromhex(entry["hex"])):
                return int(entry["t_ns"])
        return None

    def _in_flight(self, line: str, since_ns: int, until_ns: int) -> bool:
        """Whether anything was being exchanged between the command and the off."""
        return any(since_ns <= entry["t_ns"] < until_ns for entry in self._exchanges(line))


def run_trials(
    runs: Path, count: int, each_other: int, seed: int = 0, whole_each: int = WHOLE_EACH
) -> AbortTrials:
    """So many from Running, and so many from each other state. Raises AssertionError where one was not told."""
    with real_lines(runs, trace=True) as lines:
        made = AbortTrials(lines, seed)
        wanted = [(State.RUNNING, number) for number in range(count)]
        wanted += [
            (state, number) for state in State if state is not State.RUNNING for number in range(each_other)
        ]
        for place, (state, number) in enumerate(wanted):
            blocked = BLOCKED[place % len(BLOCKED)]
            whole = state is State.RUNNING and number % whole_each == whole_each - 1
            while made.trial(state, blocked, whole) is None:
                if made.disturbed > 10 + len(wanted) // 4:
                    raise MachineBusy(f"{made.disturbed} trials were ended by something else")
        return made


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rows(trials: Sequence[Trial]) -> list[str]:
    """A table: by line, and by whether it was free."""
    lines = []
    for line in OFF:
        for in_flight in (False, True):
            found = [
                told.delay_ms
                for trial in trials
                for told in trial.told
                if told.line == line and told.in_flight is in_flight
            ]
            if found:
                lines.append(
                    f"  {line:<14}{'in flight' if in_flight else 'free':<11}{len(found):>5}"
                    f"{statistics.median(found):>9.1f}{percentile(found, 0.99):>9.1f}{max(found):>9.1f}"
                )
    return lines


def main(words: Sequence[str]) -> None:
    """All of them."""
    count, each_other = (
        (int(word) for word in (*words, "200", "5")[:2]) if len(words) != 1 else (int(words[0]), 5)
    )
    with tempfile.TemporaryDirectory() as folder:
        made = run_trials(Path(folder), count, each_other)
    head = f"  {'line':<14}{'it was':<11}{'n':>5}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}"
    running = [trial for trial in made.trials if trial.state is State.RUNNING]
    print("abort with one driver blocked for 5 s: from the command to the first byte of off, on ptys")
    print(f"\n{len(running)} from Running:\n{head}", *rows(running), sep="\n")
    others = [trial for trial in made.trials if trial.state is not State.RUNNING]
    states = sorted({trial.state for trial in others})
    print(f"\n{len(others)} from {len(states)} other states:\n{head}", *rows(others), sep="\n")
    for state in states:
        found = [told.delay_ms for trial in others if trial.state is state for told in trial.told]
        print(f"  from {state:<12} n {len(found):>3}   at most {max(found):.1f} ms")
    print("\nby whose driver was blocked, the latest of the others:")
    for blocked in BLOCKED:
        found = [told.delay_ms for trial in made.trials if trial.blocked == blocked for told in trial.told]
        if found:
            print(
                f"  {blocked:<18} n {len(found):>4}   p50 {statistics.median(found):.1f}   max {max(found):.1f} ms"
            )
    print(f"\n{made.disturbed} trials were ended by something else before the command, and repeated")


if __name__ == "__main__":
    main(sys.argv[1:])
