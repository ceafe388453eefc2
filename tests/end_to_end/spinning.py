"""Runs in virtual time, start to end, with every emulated instrument at hand: what it was told, when, and what it did.

`Spinning` makes one run through `rig.running.Session`; `Station` starts its spin step again and again on one connected
host. `Outputs` notes what the emulated supply and pumps really did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from recipes.model import Recipe
from recipes.reader import read_recipe
from rig.bench.answers import read_answers
from rig.bench.assignment import Assignment
from rig.bench.faults import Fault
from rig.bench.fit import Fit, fit
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig, read_rig
from rig.bench.sheet import demo_sheet
from rig.bench.start import read_start
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.new_era import NewEraEmulator
from rig.emulators.wire import Wire
from rig.engine.host import Host, Result
from rig.engine.phases.spin import SpinPhase
from rig.engine.planning import Visit, plan_visits
from rig.engine.run import Run
from rig.engine.states import Command, State
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.running import FileAnswers, Options, Session
from rig.simulation.laboratory import Laboratory

FOUNDING = "tio2-pcnf-spin"


def recipe_text(name: str = FOUNDING, **changes: str) -> str:
    """A library recipe's text; `duration="30 s"` exchanges that value in its spin step."""
    text = files("recipes.library").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    for key, value in changes.items():
        lines = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        assert lines, f"{name} says nothing of {key}"
        text = text.replace(lines[0], f'{key} = "{value}"', 1)
    return text


def read(text: str) -> Recipe:
    """A recipe that is right."""
    recipe, problems = read_recipe(text, FOUNDING)
    assert recipe is not None, list(map(str, problems))
    return recipe


def demo_text(**changes: str) -> str:
    """The demonstration rig's file; each old text is exchanged for a new one."""
    text = files("rig.bench").joinpath("demo/rig.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def bench_of(text: str | None) -> Bench:
    """A bench that is right; None: the demonstration rig."""
    if text is None:
        return load_rig(None)[0]
    bench, problems = read_rig(text, "test rig")
    assert bench is not None and not problems.has_errors, list(map(str, problems))
    return bench


class Outputs:
    """What supply and pumps really did: (time in ns, name, on) at each change, on the laboratory's own clock."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.changes: list[tuple[int, str, bool]] = []
        for name, device in laboratory.devices.items():
            if isinstance(device, GlassmanEmulator):
                self._watch_supply(name, device)
            elif isinstance(device, NewEraEmulator):
                self._watch_pump(name, laboratory)

    def _watch_supply(self, name: str, device: GlassmanEmulator) -> None:
        supply = device.supply
        enable = supply.enable

        def watched(now_ns: int, on: bool) -> None:
            before = supply.enabled
            enable(now_ns, on)
            if supply.enabled != before:
                self.changes.append((now_ns, name, supply.enabled))

        supply.enable = watched  # type: ignore[method-assign]

    def _watch_pump(self, name: str, laboratory: Laboratory) -> None:
        plunger = laboratory.plunger(name)
        drive = plunger.drive
        running = False

        def watched(now_ns: int, speed_mm_h: float) -> None:
            nonlocal running
            drive(now_ns, speed_mm_h)
            if (speed_mm_h != 0.0) != running:
                running = speed_mm_h != 0.0
                self.changes.append((now_ns, name, running))

        plunger.drive = watched  # type: ignore[method-assign]

    def off_after(self, t_ns: int, name: str) -> int:
        """When that output went off for the first time since t_ns; it must have been on then."""
        on = False
        for when_ns, which, state in self.changes:
            if which == name:
                if when_ns >= t_ns and not state:
                    assert on, f"{name} was off already at {t_ns / NS} s"
                    return when_ns
                on = state
        raise AssertionError(f"{name} did not go off after {t_ns / NS} s: {self.changes}")

    def on(self, name: str) -> bool:
        """Whether it is on by now."""
        states = [state for _, which, state in self.changes if which == name]
        return bool(states) and states[-1]


@dataclass
class Spinning:
    """One virtual run. Fields are what it is made of; hooks are added before `run`.

    answers: text of an answers file, on top of which every other question gets its default.
    """

    runs: Path
    recipe: str = FOUNDING
    rig: str | None = None
    seed: int = 0
    faults: Sequence[Fault] = ()
    start: str | None = None
    answers: str | None = None
    trace: bool = False
    events: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    session: Session = field(init=False)
    fit: Fit = field(init=False)
    outputs: Outputs = field(init=False)

    def __post_init__(self) -> None:
        recipe = read(self.recipe if "\n" in self.recipe else recipe_text(self.recipe))
        bench = bench_of(self.rig)
        sheet = demo_sheet(recipe)
        self.fit = fit(recipe, bench, sheet)
        assert self.fit.possible, list(map(str, self.fit.problems))
        start = answers = None
        if self.start is not None:
            start, problems = read_start(self.start, bench)
            assert start is not None, list(map(str, problems))
        if self.answers is not None:
            answers, problems = read_answers(self.answers, recipe)
            assert answers is not None, list(map(str, problems))
        options = Options(
            FileAnswers(answers, yes=True),
            runs_dir=self.runs,
            seed=self.seed,
            trace=self.trace,
            faults=tuple(self.faults),
            start=start,
        )
        self.session = Session(recipe, bench, sheet, self.fit.assignment, options)
        self.session.watch(lambda kind, data, t_ns: self.events.append((t_ns, kind, data)))
        self.outputs = Outputs(self.lab)

    # What there is

    @property
    def lab(self) -> Laboratory:
        """The emulated world."""
        assert self.session.laboratory is not None
        return self.session.laboratory

    @property
    def reaction_s(self) -> float:
        """What fit computed from door to disable."""
        return max(one.total_s for one in self.fit.reaction_times)

    def hear(self, *instruments: str) -> list[Wire]:
        """Keep what reaches these instruments (all: no name), in `Wire.heard`."""
        names = instruments or tuple(self.lab.devices)
        wires = list({id(wire): wire for wire in map(self.lab.wire_of, names)}.values())
        for wire in wires:
            wire.heard = []
        return wires

    # Hooks

    def at(self, t_s: float, action: Callable[[], object]) -> Spinning:
        """Have something done at a virtual time, before anything else of that moment."""
        self._call(round(t_s * NS), action)
        return self

    def after(self, kind: str, delay_s: float, action: Callable[[], object], **data: Any) -> Spinning:
        """Have something done so long after the first event of that kind with that data."""
        waiting = True

        def listen(said: str, about: dict[str, Any], t_ns: int) -> None:
            nonlocal waiting
            if waiting and said == kind and all(about.get(key) == value for key, value in data.items()):
                waiting = False
                self._call(t_ns + round(delay_s * NS), action)

        self.session.watch(listen)
        return self

    def _call(self, t_ns: int, action: Callable[[], object]) -> None:
        def act() -> None:
            action()

        self.lab.scheduler.call_at(t_ns, act, Rank.COMMAND)

    # Making it

    def run(self) -> Result:
        """Start to end."""
        return self.session.run()

    def found(self, kind: str, **data: Any) -> list[tuple[int, dict[str, Any]]]:
        """Events of that kind with that data: (time in ns, data)."""
        return [
            (t_ns, about)
            for t_ns, said, about in self.events
            if said == kind and all(about.get(key) == value for key, value in data.items())
        ]

    def first(self, kind: str, **data: Any) -> int:
        """When the first of them was, in ns."""
        found = self.found(kind, **data)
        assert found, f"no {kind} {data}"
        return found[0][0]


class Station:
    """A connected host whose station spins again and again, without priming and record: for what is shown many times.

    Works with virtual and with real lines; `lab` is what stands at their other end.
    """

    def __init__(self, session: Session, recipe: Recipe, assignment: Assignment) -> None:
        self.host: Host = session.host
        self.unit = session.host.unit
        self._visit = plan_visits(recipe, assignment, session.bench)[0]
        self.host.connect()

    def now_ns(self) -> int:
        """The controller's clock."""
        return self.host.drive.now()

    def until(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """Let it scan until then."""
        end_ns = self.now_ns() + round(limit_s * NS)
        self.host.drive.run(self.host.engine, lambda: condition() or self.now_ns() > end_ns)
        assert condition(), f"not within {limit_s} s: {what}; unit {self.unit.state}, {self.unit.reason}"

    def begin(self) -> SpinPhase:
        """Start the spin step; what it is doing can be read from the phase."""
        phases = [phase for phase in self._visit.phases() if isinstance(phase, SpinPhase)]
        engine = self.host.engine
        visit = Visit(self._visit.unit, (phases[0].step_id,), lambda: phases)
        engine.runs[:] = [Run("station", [visit], engine.units, someone_can_attest=False)]

        def started() -> bool:
            self.host.drive.wake()  # before anything is on a scan comes each second only
            return self.unit.state is State.RUNNING

        self.until(started, 20.0, "started")
        return phases[0]

    def ready_again(self) -> None:
        """After an abort or an end: proved off, cleared, Idle."""
        self.until(lambda: self.unit.state in (State.ABORTED, State.IDLE), 60.0, "ended")
        self.host.engine.runs.clear()
        if self.unit.state is State.ABORTED:
            proofs = self.unit.proofs.values()
            self.until(lambda: all(proof.proved for proof in proofs), 20.0, "high voltage proved off")
            self.unit.fire(Command.CLEAR, self.now_ns(), "test")
            self.host.drive.wake()
            self.until(lambda: self.unit.state is State.STOPPED, 20.0, "cleared")
            self.unit.fire(Command.RESET, self.now_ns(), "test")

    def close(self) -> None:
        """Leave everything as its front panel expects it."""
        self.host.release()


def fault(
    on: str, kind: str, at_s: float | None = None, *, step: str | None = None, after_s: float = 0.0,
    duration_s: float | None = None, channel: str | None = None,
) -> Fault:  # fmt: skip
    """A fault as a faults file says it."""
    return Fault(on, kind, at_s, step, after_s, duration_s, channel)
