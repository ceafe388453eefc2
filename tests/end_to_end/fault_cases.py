"""Each fault of safety rule 10 alone: where and when it strikes, and what is to come of it.

`CASES` are the cases, `strike` makes the run and measures it at the emulated instruments; `python -m
benchmarks.fault_table` prints what came of them. The faults of furnace_cases.py are among them and are made there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.bench.faults import Fault
from rig.engine.host import Result
from rig.readings import NS
from rig.simulation.faults import ControllerCrashed
from tests.end_to_end import furnace_cases
from tests.end_to_end.furnace_runs import ARGON, FURNACE, OXYGEN, Heating
from tests.end_to_end.quick import HV, HV_OFF, HV_RESET, PUMPS, STOPS, heard
from tests.end_to_end.spinning import Spinning, fault, recipe_text

INPUTS, CLIMATE, CURRENT = "inputs.bench", "climate.chamber", "current.collector"
DOOR, EXHAUST = "door_closed", "exhaust_ok"

AFTER_S = 120.0
"""After the beginning of the spin step: 20 kV are up, and the clock has run for a few seconds."""
SPUN = "3 min"
LOOK_S, LOOKS = 0.02, 600
"""The supply is looked at so often, and so many times, from the fault on."""
ALONE_S = 15.0
"""So long the world is watched after its controller has gone."""

MEASURED_PURGE = """
[[steps]]
id = "close-tube"
do = "prompt"
say = "Close both flanges, check the seals and the bubbler."
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "1000 sccm"
until = "100 ppm O2"
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "400 degC"
soak = "10 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""
"""The founding recipe's purge, and its heating in argon as far as it takes to see what comes of a fault."""
QUICK_PURGE = MEASURED_PURGE.replace("1000 sccm", "2000 sccm").replace('"100 ppm O2"', "{ volumes = 6 }")
"""The same with a purge of ten minutes, for what has nothing to do with oxygen."""
AIR = """
[[steps]]
id = "stabilise"
do = "heat"
atmosphere = "air"
ramp = "5 degC/min"
to = "200 degC"
soak = "10 min"
[[steps]]
id = "cool-in-air"
do = "cool"
atmosphere = "air"
below = "60 degC"
"""


@dataclass(frozen=True)
class Case:
    """One fault and what is to come of it.

    recipe: of the furnace, None: the spin part. tag: of the first alarm, "" where there is none to come; then `why`.
    within_s: from fault to alarm, at the most. off_s: from fault until no output of the supply, or none of the
    controller, is left (0: it stays as it was). live: it is on at its end whatever it was told. shown_by: the test that
    holds it where it is not test_each_fault.py. trip: of the condition that ends the run, where another alarm comes
    before.
    """

    strikes: Fault
    tag: str = ""
    within_s: float = 0.0
    off_s: float = 0.0
    outcome: str = "aborted"
    why: str = ""
    recipe: str | None = None
    live: bool = False
    made: furnace_cases.Case | None = None
    shown_by: str | None = None
    trip: str = ""

    @property
    def name(self) -> str:
        """ "hv.needle arc"."""
        one = self.strikes
        return f"{one.on} {one.kind}" + (f" {one.channel}" if one.channel else "")


@dataclass
class Seen:
    """What came of it. Times in s from the fault.

    told: (when, instrument, bytes) of the first "off" that each output heard; off_s: when supply or controller was off;
    pumps_s: when the last pump stood; on_again: what was energised after that.
    """

    case: Case
    fault_ns: int
    outcome: str
    reason: str | None
    left: str | None
    detected_s: float | None = None
    tag: str = ""
    priority: str = ""
    text: str = ""
    told: list[tuple[float, str, bytes]] = field(default_factory=list)
    off_s: float | None = None
    pumps_s: float | None = None
    live_kv: float = 0.0
    on_again: list[str] = field(default_factory=list)
    gas: list[tuple[float, float]] = field(default_factory=list)
    output_pct: float = 0.0
    power_pct: float = 0.0
    record_failed: str | None = None


def _first(seen: Seen, events: Iterable[tuple[int, str, dict[str, Any]]]) -> None:
    """The first alarm, trip or refusal from the fault on."""
    for t_ns, kind, data in events:
        if t_ns < seen.fault_ns:
            continue
        if kind == "trip" or (kind == "alarm-state" and data["to"] == "B") or kind == "refused":
            seen.detected_s = (t_ns - seen.fault_ns) / NS
            seen.tag = data.get("tag") or "answer refused"
            seen.priority = data.get("priority", "")
            # Neither the number of this world nor the folder of this run is of interest.
            seen.text = re.sub(r"\?world=\d+|(?<= )/\S+/", "", str(data.get("text") or data.get("why")))
            return


def _begin_ns(events: Iterable[tuple[int, str, dict[str, Any]]], one: Fault) -> int:
    for t_ns, kind, data in events:
        if kind == "step" and data["phase"] == "started" and data["id"] == one.step:
            return t_ns + round(one.after_s * NS)
    raise AssertionError(f"step {one.step} never began")


BRIEF_S = {True: 20.0, False: 150.0}
QUIET_S = 60.0
"""So long after the alarm, or after a fault without one, a run that need not be followed to its end is left."""


def _leave(spun: Spinning, case: Case, spins: bool) -> None:
    """Interrupt it twice once what is to be seen has been."""

    def leave() -> None:
        spun.session.host.interrupt()
        spun.session.host.interrupt()

    if case.tag == "answer refused":
        return
    if case.tag:
        spun.after("alarm-state", BRIEF_S[spins], leave, to="B")
    else:
        spun.after("step", case.strikes.after_s + QUIET_S, leave, id=case.strikes.step, phase="started")


def strike(case: Case, runs: Path, brief: bool = False) -> Seen:
    """Make the run. brief: leave it soon after the alarm, with all outputs off."""
    if case.recipe is None and case.made is None:
        return _spin(case, runs, brief)
    if case.made is not None:
        happened = furnace_cases.happen(case.made, runs)
        return _furnace(case, happened.heating, happened.fault_ns)
    assert case.recipe is not None
    heating = Heating(runs, case.recipe, [case.strikes])
    if brief:
        _leave(heating.spun, case, spins=False)
    heating.run()
    return _furnace(case, heating, _begin_ns(heating.spun.events, case.strikes))


def _furnace(case: Case, heating: Heating, fault_ns: int) -> Seen:
    ending = heating.result.ending
    seen = Seen(case, fault_ns, ending.outcome, ending.reason, heating.result.left)
    _first(seen, heating.spun.events)
    for t_ns, data in heating.furnace_wire.heard or ():
        if t_ns >= fault_ns and data[:-2].hex() == furnace_cases.SET_POINTS_ZERO.hex():
            seen.told.append(((t_ns - fault_ns) / NS, FURNACE, data))
            break
    seen.gas = [(t_s - fault_ns / NS, sccm) for t_s, sccm in heating.argon_told(fault_ns)]
    seen.output_pct, seen.power_pct = heating.output_pct.get(60.0, 0.0), heating.power_pct.get(60.0, 0.0)
    return seen


def _spin(case: Case, runs: Path, brief: bool) -> Seen:
    spun = Spinning(runs, recipe_text(duration=SPUN), seed=7, faults=[case.strikes])
    if brief:
        _leave(spun, case, spins=True)
    spun.hear(HV, PUMPS[0])
    supply, scheduler = spun.lab.scene.supplies[HV], spun.lab.scheduler
    off_ns: list[int] = []
    left = LOOKS

    def look() -> None:
        nonlocal left
        left -= 1
        if supply.enabled:
            off_ns.clear()
        elif not off_ns:
            off_ns.append(scheduler.now_ns)
        if left and not (off_ns and scheduler.now_ns - off_ns[0] > NS):
            spun.at(scheduler.now_ns / NS + LOOK_S, look)

    spun.after("step", case.strikes.after_s + LOOK_S, look, id=case.strikes.step, phase="started")
    result: Result | None = None
    try:
        result = spun.run()
    except ControllerCrashed:
        gone_ns = scheduler.now_ns
        scheduler.run(lambda: scheduler.now_ns > gone_ns + ALONE_S * NS)
        for book in spun.session.host.engine.books.open:
            book.record.abandon()
    fault_ns = _begin_ns(spun.events, case.strikes)
    seen = Seen(case, fault_ns, "the controller is gone", None, None)
    if result is not None:
        seen.outcome, seen.reason, seen.left = result.ending.outcome, result.ending.reason, result.left
        seen.record_failed = result.record_failed
    _first(seen, spun.events)
    if off_ns:
        seen.off_s = (off_ns[0] - fault_ns) / NS
    seen.live_kv = supply.output_kv(scheduler.now_ns)
    stood = [max((t for t, name, on in spun.outputs.changes if name == pump and not on)) for pump in PUMPS]
    seen.pumps_s = (max(stood) - fault_ns) / NS
    seen.on_again = [
        name for t, name, on in spun.outputs.changes if on and t > (off_ns[0] if off_ns else fault_ns)
    ]
    for instrument, offs in ((HV, (HV_OFF, HV_RESET)), (PUMPS[0], STOPS)):
        for t_ns, data in heard(spun, instrument):
            if t_ns >= fault_ns and data in offs:
                seen.told.append(((t_ns - fault_ns) / NS, instrument, data))
                break
    return seen


# The cases


def _at(
    on: str,
    kind: str,
    tag: str = "",
    within_s: float = 0.0,
    off_s: float = 0.0,
    *,
    channel: str | None = None,
    duration_s: float | None = None,
    **more: Any,
) -> Case:
    """While it spins."""
    more.setdefault("outcome", "aborted" if off_s else "completed")
    one = fault(on, kind, step="co-deposit", after_s=AFTER_S, channel=channel, duration_s=duration_s)
    return Case(one, tag, within_s, off_s, **more)


def _line(on: str, tag: str, within_s: float, off_s: float, **more: Any) -> list[Case]:
    """The faults of a line while it spins."""
    return [
        _at(on, kind, tag, within_s, off_s, **more)
        for kind in ("silent", "garble", "truncate", "late", "unplug")
    ]


def _hot_line(
    on: str, tag: str, within_s: float, off_s: float, recipe: str, *, slow: str = "", **more: Any
) -> list[Case]:
    """And of one at the furnace. slow: the kind of fault through which good replies come now and then."""
    at_degc = 150.0 if recipe is AIR else 310.0
    begin = furnace_cases.stabilising if recipe is AIR else furnace_cases.carbonising
    return [
        Case(
            begin(on, kind, at_degc),
            tag,
            within_s,
            off_s * (2.0 if kind == slow else 1.0),
            recipe=recipe,
            **more,
        )
        for kind in ("silent", "garble", "truncate", "late", "unplug")
    ]


def _made(name: str, on: str, kind: str) -> Case:
    """One of furnace_cases.py."""
    made = furnace_cases.CASES[name]
    strikes = made.fault if made.fault is not None else fault(on, kind)
    return Case(
        strikes, made.tag, made.within_s[1], 2.0, made=made,
        live=made.mains_s is not None,
        shown_by="tests/end_to_end/test_furnace_faults.py::"
        "test_a_fault_takes_the_heater_and_treats_the_gas_by_the_rules",
    )  # fmt: skip


FAULTS = "tests/simulation/test_faults.py::"
_ARGON = furnace_cases.carbonising

CASES: tuple[Case, ...] = (
    *_line(HV, f"supply-unread:{HV}", 0.6, 1.6),
    *_line(PUMPS[0], f"pump-unread:{PUMPS[0]}", 1.0, 1.2),
    *_line(INPUTS, "door-unread", 0.5, 0.6),
    *_line(CLIMATE, "instrument-lost:climate.chamber", 40.0, 0.0),
    *_line(CURRENT, f"instrument-lost:{CURRENT}", 20.0, 0.0),
    *_hot_line(FURNACE, f"instrument-lost:{FURNACE}", 20.0, 65.0, AIR, trip=f"furnace-stale:{FURNACE}"),
    *_hot_line(ARGON, f"instrument-lost:{ARGON}", 20.0, 35.0, QUICK_PURGE, slow="garble",
               trip=f"gas-lost:{ARGON}:{FURNACE}"),
    *_hot_line(OXYGEN, f"instrument-lost:{OXYGEN}", 80.0, 0.0, QUICK_PURGE, outcome="completed"),
    _at(PUMPS[0], "stall", f"pump-unread:{PUMPS[0]}", 0.6, 0.8),
    _at(PUMPS[0], "empty", f"jet-lost:{CURRENT}", 60.0),
    _at(PUMPS[0], "siphon", why="the pump counts its own steps, and more liquid makes the jet no other one; the mat is "
        "heavier than planned"),
    _at(HV, "arc", f"supply-fault:{HV}", 0.4, 0.4),
    _at(HV, "short", f"supply-current-limit:{HV}", 0.4, 0.6),
    _at(HV, "clog", f"jet-lost:{CURRENT}", 60.0),
    _at(HV, "bubble", f"jet-lost:{CURRENT}", 60.0, duration_s=30.0),
    _at(HV, "interlock", f"supply-fault:{HV}", 0.4, 0.4),
    _at(HV, "stuck-on", "hv-unproved:spin", 240.0, live=True, outcome="aborted"),
    _at(HV, "readback-frozen", "hv-unproved:spin", 240.0, outcome="aborted"),
    _at(HV, "readback-offset", f"supply-off-target:{HV}", 20.0, outcome="aborted"),
    _at(HV, "open-cable", f"jet-lost:{CURRENT}", 60.0),
    _at(CLIMATE, "humid", f"humidity-left:{CLIMATE}", 150.0),
    _at(INPUTS, "open", "door", 0.3, 0.5, channel=DOOR),
    _at(INPUTS, "open", "chamber-exhaust", 3.5, 3.6, channel=EXHAUST),
    _at(INPUTS, "open", "emergency-stop", 0.3, 0.5, channel="emergency_stop_ok"),
    _at(INPUTS, "stuck", channel=DOOR, why="a contact that never moves looks like a door that nobody opens; a second "
        "contact (twin), `rig prove` and the supply's own interlock chain are what there is against it"),
    _at(INPUTS, "flutter", "door", 0.6, 0.8, channel=DOOR),
    _at(INPUTS, "flutter", channel=EXHAUST, duration_s=8.0, why="each flutter is shorter than the 3 s that a vane "
        "switch is allowed; that is meant", shown_by=FAULTS + "test_a_fluttering_exhaust_does_not_end_a_run"),
    _at("controller", "crash", off_s=1.6, outcome="the controller is gone", why="nobody is left; the supply's own "
        "watchdog and the pumps' time-out act"),
    _at("controller", "power-cut", off_s=0.1, outcome="the controller is gone", duration_s=5.0, why="nobody is left; "
        "the mains take every output, and what comes back comes back off"),
    _at("controller", "scan-stall", f"lease-lapsed:{HV}", 5.0, 0.8),
    _at("controller", "suspend", f"lease-lapsed:{HV}", 35.0, 1.6),
    _at("controller", "disk-full", "record-failed", 1.5),
    _at("operator", "wrong-answer", "answer refused", 300.0),
    _at("operator", "door-at-once", "door", 300.0, outcome="aborted",
        shown_by=FAULTS + "test_an_operator_who_opens_the_door_as_soon_as_spinning_ends"),
    _made("sensor break", FURNACE, "sensor-break"),
    _made("thermocouple out", FURNACE, "thermocouple-out"),
    Case(_ARGON(FURNACE, "reversed", 310.0), f"furnace-stale:{FURNACE}", 150.0, 155.0, recipe=QUICK_PURGE),
    _made("stuck relay", FURNACE, "stuck-on"),
    Case(_ARGON(FURNACE, "no-heat", 310.0), f"reversed:{FURNACE}", 660.0, 665.0, recipe=QUICK_PURGE),
    _made("exotherm of 500 W", FURNACE, "exotherm"),
    _made("exotherm of a 12 g mat", FURNACE, "exotherm"),
    _made("furnace exhaust lost", INPUTS, "open"),
    _made("argon lost", ARGON, "loss"),
    _made("argon lost, nitrogen there", ARGON, "loss"),
    _made("outlet blocked", ARGON, "blocked-outlet"),
    Case(_ARGON(ARGON, "wrong-gas", 310.0), f"oxygen-high:{FURNACE}", 300.0, 305.0, recipe=MEASURED_PURGE),
    Case(_ARGON(ARGON, "air-leak", 310.0), f"oxygen-high:{FURNACE}", 2400.0, 2405.0, recipe=MEASURED_PURGE),
    Case(_ARGON(OXYGEN, "reads-low", 310.0), outcome="completed", recipe=MEASURED_PURGE, why="a low reading is what a "
         "good tube gives: it never counts as a proof while hot, and a purge needs its volume of gas as well"),
    Case(_ARGON(OXYGEN, "slow", 310.0), outcome="completed", recipe=MEASURED_PURGE, why="it shows only when the oxygen "
         "changes; a purge needs its volume of gas as well, and waits for the slower of both"),
)  # fmt: skip
"""All kinds but `clock-step`, which an emulated run has no clock for."""
