"""What has to be shown in numbers, measured at the emulated instruments' end of the wire.

The tests hold these figures against their limits; `python -m benchmarks.spine_proofs` prints them.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rig.emulators.wire import Wire
from rig.engine.host import Result
from rig.engine.states import State
from rig.readings import NS
from tests.end_to_end.real_lines import real_lines
from tests.end_to_end.spinning import Spinning, Station, fault, recipe_text

HV, PUMPS, CLIMATE, DOOR = "hv.needle", ("pumps.a", "pumps.b"), "climate.chamber", "door_closed"
HV_OFF = b"\x01S0000000000001C4\r"
"""XP Glassman manual: both programs zero, control 1 (HV off)."""

TRIES = 3
"""In real time other programs share the machine, and a scan or a reading may be late for their sake: what is measured
on pseudo-terminals may be measured again so often. What is built wrongly fails each time."""


class MachineBusy(Exception):
    """The step was ended before the fault came: the machine had stood still for too long."""


def _still_running(station: Station) -> None:
    if station.unit.state is not State.RUNNING:
        raise MachineBusy(f"{station.unit.state}: {station.unit.reason}")


Exchange = tuple[int, str, str]
"""Time in ns, direction, bytes in hex."""


# A climate line that is mute for 5 s


def exchanges(trace: Sequence[dict[str, object]]) -> dict[str, list[Exchange]]:
    """A trace by line."""
    found: dict[str, list[Exchange]] = {}
    for entry in trace:
        one = (int(str(entry["t_ns"])), str(entry["direction"]), str(entry["hex"]))
        found.setdefault(str(entry["line"]), []).append(one)
    return found


def virtual_exchanges(runs: Path, mute: bool) -> dict[str, list[Exchange]]:
    """Every exchange of a whole short run, with or without 5 s of silence from the climate transmitter."""
    faults = [fault(CLIMATE, "silent", step="co-deposit", after_s=50.0, duration_s=5.0)] if mute else []
    spun = Spinning(runs, recipe_text(duration="30 s"), faults=faults, trace=True)
    result = spun.run()
    assert result.ending.outcome == "completed", result.ending
    lines = (result.folder / "wire.jsonl").read_text(encoding="utf-8").splitlines()
    return exchanges([json.loads(line) for line in lines])


def durations_ms(lines: dict[str, list[Exchange]], since_ns: int) -> dict[str, list[float]]:
    """How long each exchange took, by line: from the request to the last byte of what came back for it."""
    found: dict[str, list[float]] = {}
    for line, entries in lines.items():
        asked_ns: int | None = None
        for t_ns, direction, _ in entries:
            if direction == "sent":
                asked_ns = t_ns
            elif asked_ns is not None:
                if asked_ns >= since_ns:
                    found.setdefault(line, []).append((t_ns - asked_ns) / 1e6)
                asked_ns = None
    return found


def p99(values: Sequence[float]) -> float:
    """The 99th percentile: the value that one in a hundred exceeds."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def real_p99_ms(runs: Path, mute: bool, watched_s: float = 5.5) -> dict[str, float]:
    """p99 of the exchange times of every line but the climate's over some seconds of spinning, on pseudo-terminals."""
    with real_lines(runs, trace=True) as lines:
        station = lines.station
        station.begin()
        settled_ns = station.now_ns() + NS
        station.until(lambda: station.now_ns() > settled_ns, 5.0, "settled")
        if mute:
            lines.in_(0.0, lambda: lines.lab.wire_of(CLIMATE).set_fault("silent", True))
            lines.in_(5.0, lambda: lines.lab.wire_of(CLIMATE).set_fault("silent", False))
        end_ns = station.now_ns() + round(watched_s * NS)
        station.until(lambda: station.now_ns() > end_ns, watched_s + 5, "watched")
        found = durations_ms(exchanges(lines.traced()), settled_ns)
        return {line: p99(values) for line, values in found.items() if line != CLIMATE}


# The door, opened at random moments


@dataclass
class Doors:
    """From the moment the contact opened to the supply's output off, and to the last pump's, in ms."""

    fit_ms: float
    supply_ms: list[float] = field(default_factory=list)
    pumps_ms: list[float] = field(default_factory=list)


def virtual_doors(runs: Path, count: int, seed: int = 0) -> Doors:
    """Anywhere from the first voltage of a spin step to its last: starting, ramp, jet check, clock, end."""
    spun = Spinning(runs, recipe_text(duration="10 s"), seed=seed)
    lab, outputs = spun.lab, spun.outputs
    scheduler, supply = lab.scheduler, lab.scene.supplies[HV]
    station = Station(spun.session, spun.session.recipe, spun.fit.assignment)
    # One undisturbed step says from when to when its voltage is on.
    station.begin()
    station.until(lambda: supply.enabled, 10.0, "on")
    station.until(lambda: not supply.enabled, 200.0, "off")
    on_ns, off_ns = (t_ns for t_ns, name, _ in outputs.changes if name == HV)
    station.ready_again()
    rng = random.Random(f"doors {seed}")
    doors = Doors(spun.reaction_s * 1000)
    for _ in range(count):
        outputs.changes.clear()
        station.begin()
        station.until(lambda: supply.enabled, 10.0, "on")
        door_ns = scheduler.now_ns + rng.randrange(off_ns - on_ns)
        scheduler.call_at(door_ns, lambda: lab.scene.contacts.set(scheduler.now_ns, DOOR, False))
        station.until(lambda at=door_ns: scheduler.now_ns >= at and not supply.enabled, 200.0, "off")  # type: ignore[misc]
        scheduler.call_at(scheduler.now_ns + NS, lambda: lab.scene.contacts.set(scheduler.now_ns, DOOR, True))
        station.ready_again()
        _note_door(doors, spun.outputs.changes, door_ns)
    station.close()
    lab.close()
    return doors


def real_doors(runs: Path, count: int, seed: int = 0) -> Doors:
    """The same in real time, within the first second and a half of voltage."""
    rng = random.Random(f"doors {seed}")
    with real_lines(runs) as lines:
        lab, station = lines.lab, lines.station
        scheduler, supply = lab.scheduler, lab.scene.supplies[HV]
        doors = Doors(lines.reaction_s * 1000)
        disturbed = 0
        while len(doors.supply_ms) < count:
            lines.outputs.changes.clear()
            station.begin()
            station.until(lambda: supply.enabled, 5.0, "on")
            door_ns = lines.in_(
                rng.uniform(0.05, 1.5), lambda: lab.scene.contacts.set(scheduler.now_ns, DOOR, False)
            )
            station.until(lambda at=door_ns: scheduler.now_ns > at and not supply.enabled, 5.0, "off")  # type: ignore[misc]
            lines.in_(0.3, lambda: lab.scene.contacts.set(scheduler.now_ns, DOOR, True))
            trip = station.unit.first_trip
            station.ready_again()
            if trip is not None and trip.condition.tag == "door":
                _note_door(doors, list(lines.outputs.changes), door_ns)
                continue
            disturbed += 1
            if disturbed > count:
                raise MachineBusy(f"{disturbed} of {count} steps were ended by something else: {trip}")
    return doors


def _note_door(doors: Doors, changes: Sequence[tuple[int, str, bool]], door_ns: int) -> None:
    offs = {name: t_ns for t_ns, name, on in changes if t_ns >= door_ns and not on}
    assert not [name for t_ns, name, on in changes if t_ns > offs[HV] and on], changes
    doors.supply_ms.append((offs[HV] - door_ns) / 1e6)
    pumps = [offs[name] for name in PUMPS if name in offs]
    if pumps:  # in the step's end they have stopped before
        doors.pumps_ms.append((max(pumps) - door_ns) / 1e6)


# The scan stands still for 4 s


@dataclass
class Stopped:
    """What the lines did while nothing scanned; seconds since the scan stopped, or (`_valid`) since the last bytes
    that reached the instrument. Silence: between the last byte of a line's own off and the scan's coming back.
    """

    hv_told_s: float | None = None
    pumps_told_s: float | None = None
    hv_off_s: float = 0.0
    pumps_off_s: float = 0.0
    hv_off_after_valid_s: float = 0.0
    pumps_off_after_valid_s: float = 0.0
    last_byte_s: float = 0.0
    back_s: float = 0.0
    first_byte_again_s: float = 0.0
    reason: str | None = None


def _stopped(
    wires: tuple[Wire, Wire],
    changes: Sequence[tuple[int, str, bool]],
    stop_ns: int,
    back_ns: int,
    reason: str | None,
) -> Stopped:
    hv_wire, pump_wire = wires
    assert hv_wire.heard is not None and pump_wire.heard is not None
    found = Stopped(reason=reason, back_s=(back_ns - stop_ns) / NS)
    offs = {name: t_ns for t_ns, name, on in reversed(changes) if t_ns >= stop_ns and not on}
    found.hv_off_s = (offs[HV] - stop_ns) / NS
    pumps_ns = max(offs[name] for name in PUMPS)
    found.pumps_off_s = (pumps_ns - stop_ns) / NS
    told = [t_ns for t_ns, data in hv_wire.heard if stop_ns <= t_ns < back_ns and HV_OFF in data]
    found.hv_told_s = (told[0] - stop_ns) / NS if told else None
    told = [t_ns for t_ns, data in pump_wire.heard if stop_ns <= t_ns < back_ns and b"STP" in data]
    found.pumps_told_s = (told[0] - stop_ns) / NS if told else None
    found.hv_off_after_valid_s = (offs[HV] - max(t for t, _ in hv_wire.heard if t <= offs[HV])) / NS
    found.pumps_off_after_valid_s = (pumps_ns - max(t for t, _ in pump_wire.heard if t <= pumps_ns)) / NS
    every = sorted(t_ns for wire in wires for t_ns, _ in wire.heard or ())
    found.last_byte_s = (max(t_ns for t_ns in every if t_ns < back_ns) - stop_ns) / NS
    again = [t_ns for t_ns in every if t_ns >= back_ns]
    found.first_byte_again_s = (again[0] - stop_ns) / NS if again else float("inf")
    return found


def virtual_scan_stop(runs: Path, lost: bool) -> Stopped:
    """Scan stopped for 4 s under voltage; lost: what the lines then send does not arrive."""
    spun = Spinning(runs, recipe_text(duration="10 s"))
    lab = spun.lab
    wires = lab.wire_of(HV), lab.wire_of(PUMPS[0])
    spun.hear(HV, *PUMPS)
    station = Station(spun.session, spun.session.recipe, spun.fit.assignment)
    station.begin()
    stop_ns = lab.scheduler.now_ns + 30 * NS + 37_000_000
    station.until(lambda: lab.scheduler.now_ns >= stop_ns, 40.0, "spinning")
    stop_ns = lab.scheduler.now_ns
    spun.session.drive.stall(4.0)
    if lost:
        for wire in wires:
            wire.set_fault("deaf", True)
            lab.scheduler.call_at(stop_ns + 4 * NS, lambda w=wire: w.set_fault("deaf", False))  # type: ignore[misc]
    station.until(lambda: lab.scheduler.now_ns > stop_ns + 6 * NS, 10.0, "scan is back")
    reason = station.unit.reason
    station.ready_again()
    lab.close()
    return _stopped(wires, spun.outputs.changes, stop_ns, stop_ns + 4 * NS, reason)


def real_scan_stop(runs: Path, lost: bool) -> Stopped:
    """The same on pseudo-terminals: the scan's own thread sleeps for 4 s."""
    with real_lines(runs) as lines:
        lab, station = lines.lab, lines.station
        wires = lab.wire_of(HV), lab.wire_of(PUMPS[0])
        for wire in wires:
            wire.heard = []
        station.begin()
        settled_ns = station.now_ns() + 2 * NS
        station.until(lambda: station.now_ns() > settled_ns, 5.0, "spinning")
        _still_running(station)
        times: list[int] = []

        def stand_still() -> None:
            times.append(lines.now_ns())
            if lost:
                lines.in_(0.0, lambda: _deafen(wires, True))
            time.sleep(4.0)
            if lost:
                lines.in_(0.0, lambda: _deafen(wires, False))
            times.append(lines.now_ns())

        station.host.drive.post(stand_still)
        end_ns = station.now_ns() + 5 * NS
        station.until(lambda: station.now_ns() > end_ns, 10.0, "scan is back")
        reason = station.unit.reason
        station.ready_again()
        return _stopped(wires, list(lines.outputs.changes), times[0], times[1], reason)


def _deafen(wires: Sequence[Wire], on: bool) -> None:
    for wire in wires:
        wire.set_fault("deaf", on)


# The supply's cable is pulled


@dataclass
class Unplugged:
    """Seconds from the unplugging (`off_after_valid_s`: from the last message that reached the supply)."""

    result: Result
    events: list[tuple[int, str, dict[str, object]]]
    pumps_off_s: float
    off_after_valid_s: float
    off_s: float
    ended_s: float


def unplugged(runs: Path, at_s: float = 3600.0, answers: str | None = None) -> Unplugged:
    """The supply's cable pulled that long after the start of the founding recipe's spin part."""
    spun = Spinning(runs, faults=[fault(HV, "unplug", at_s)], answers=answers)
    wire = spun.hear(HV)[0]
    moments: list[int] = []
    set_fault = wire.set_fault

    def noted(kind: str, on: bool) -> None:
        moments.append(spun.lab.scheduler.now_ns)
        set_fault(kind, on)

    wire.set_fault = noted  # type: ignore[method-assign]
    result = spun.run()
    assert wire.heard is not None
    out_ns, valid_ns = moments[0], wire.heard[-1][0]
    assert valid_ns <= out_ns
    off_ns = spun.outputs.off_after(out_ns, HV)
    pumps_ns = max(spun.outputs.off_after(out_ns, name) for name in PUMPS)
    return Unplugged(
        result=result,
        events=spun.events,
        pumps_off_s=(pumps_ns - out_ns) / NS,
        off_after_valid_s=(off_ns - valid_ns) / NS,
        off_s=(off_ns - out_ns) / NS,
        ended_s=(spun.lab.scheduler.now_ns - out_ns) / NS,
    )
