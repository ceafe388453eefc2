"""The faults of the furnace part, each brought about once in virtual time and followed until the tube is cold.

`CASES` says what happens and what is to come of it; `happen` makes the run and measures it at the emulated instruments.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rig.bench.faults import Fault
from rig.readings import NS
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, STABILISE, Heating
from tests.end_to_end.spinning import demo_text, fault

SET_POINTS_ZERO = bytes.fromhex("01108030 00060c 000000000000000000000000")
"""Modbus function 16: target set point, SP1 and SP2 of the float area, 0 °C (Eurotherm handbook HA026230)."""
PROGRAM_RESET = bytes.fromhex("0106294f0001")
"""Modbus function 6: program status of an EPC3000 to reset."""
MANUAL = bytes.fromhex("010601110001")
"""Modbus function 6: parameter 273, auto/manual select, to manual."""
NO_POWER = bytes.fromhex("01108006000204 00000000")
"""Modbus function 16: parameter 3 of the float area, working output power, 0 %."""

AHEAD_DEGC = 30.0
NITROGEN = "gas.nitrogen"
CARBONISING = 200.0
"""The argon of the step in which most of it happens, sccm."""

SECOND_SOURCE = demo_text(
    **{
        "[oxygen.tube]": """[gas.nitrogen]
driver = "alicat"
port = "sim://gas.nitrogen"
unit = "A"
feeds = "furnace.tube"
full_scale = "1000 sccm"
on_power_loss = "stops"

[oxygen.tube]"""
    }
)
"""The demonstration rig with a second inert gas."""

HEAVY = (
    """
[[steps]]
id = "weigh"
do = "prompt"
say = "Weigh the mat."
record = { mat_mass = { unit = "g", expect = "0.1 g .. 20 g", simulate = "12 g" } }
"""
    + STABILISE
)
"""A stack of 12 g instead of half a gram."""


def carbonising(on: str, kind: str, at_degc: float, channel: str | None = None) -> Fault:
    """At this temperature of the ramp in argon, 10 degC/min; 7 degC behind the line for its beginning."""
    return fault(on, kind, step="carbonise", after_s=(at_degc - 23.0 + 11.5) * 6.0, channel=channel)


def stabilising(on: str, kind: str, at_degc: float, channel: str | None = None) -> Fault:
    """At this temperature of the ramp in air, 5 degC/min."""
    return fault(on, kind, step="stabilise", after_s=(at_degc - 23.0) * 12.0 + 10.0, channel=channel)


@dataclass(frozen=True)
class Case:
    """A fault and what is to come of it.

    fault: None where the mat itself does it, counted from when it is AHEAD_DEGC hotter than the thermocouple. at_degc:
    where it happens; within_s: from fault to trip; argon: set points told from the fault on; argon_hot_sccm: what flows
    ten minutes after the trip; left: how the sentence of what is left begins, or None; mains_s: so long after the trip
    a person switches the furnace's mains off; also: what other trips may follow; nitrogen: set points told to the
    second source.
    """

    recipe: str
    fault: Fault | None
    at_degc: float
    within_s: tuple[float, float]
    tag: str
    argon: tuple[float, ...] = (0.0,)
    argon_hot_sccm: float = CARBONISING
    priority: str = "medium"
    left: str | None = None
    rig: str | None = None
    mains_s: float | None = None
    also: frozenset[str] = frozenset()
    nitrogen: tuple[float, ...] = ()


NOT_FLUSHED = f"{FURNACE} was not flushed after its hot inert step"
DOUBTED = f"{FURNACE} cold by calculation, its thermocouple is not believed, {ARGON} 200 sccm left on"

CASES = {
    "furnace exhaust lost": Case(
        CARBONISE,
        carbonising("inputs.bench", "open", 650.0, "furnace_exhaust_ok"),
        650.0, (0.0, 1.5), "furnace-exhaust", argon=(80.0, 0.0), argon_hot_sccm=80.0, left=NOT_FLUSHED,
        priority="highest",
    ),
    "argon lost": Case(
        CARBONISE, carbonising(ARGON, "loss", 700.0), 700.0, (30.0, 60.0), f"gas-lost:{ARGON}", argon_hot_sccm=0.0,
        left=NOT_FLUSHED, also=frozenset({f"flush-lost:{ARGON}"}),
    ),
    "argon lost, nitrogen there": Case(
        CARBONISE, carbonising(ARGON, "loss", 700.0), 700.0, (30.0, 60.0), f"gas-lost:{ARGON}", argon_hot_sccm=0.0,
        rig=SECOND_SOURCE, nitrogen=(200.0, 0.0),
    ),
    "outlet blocked": Case(
        CARBONISE, carbonising(ARGON, "blocked-outlet", 500.0), 500.0, (2.0, 75.0), "over-pressure",
        argon_hot_sccm=0.0, left=NOT_FLUSHED,
    ),
    "thermocouple out": Case(
        CARBONISE, carbonising(FURNACE, "thermocouple-out", 400.0), 400.0, (2.0, 10.0), "fell",
        argon=(), priority="low", left=DOUBTED,
    ),
    "sensor break": Case(
        CARBONISE, carbonising(FURNACE, "sensor-break", 400.0), 400.0, (2.0, 5.0), "sensor-break",
        argon=(), priority="low", left=DOUBTED,
    ),
    "stuck relay": Case(
        STABILISE, fault(FURNACE, "stuck-on", step="stabilise", after_s=3300.0), 280.0, (30.0, 75.0), "undriven",
        argon=(), argon_hot_sccm=0.0, priority="high", mains_s=600.0,
        also=frozenset({"stuck-relay", "over-temperature", "runaway"}),
    ),
    "exotherm of 500 W": Case(
        STABILISE, stabilising(FURNACE, "exotherm", 270.0), 270.0, (45.0, 90.0), "undriven",
        argon=(), argon_hot_sccm=0.0, priority="high", also=frozenset({"stuck-relay"}),
    ),
    "exotherm of a 12 g mat": Case(
        HEAVY, None, 247.0, (15.0, 150.0), "undriven", argon=(), argon_hot_sccm=0.0, priority="high",
        also=frozenset({"stuck-relay", "runaway"}),
    ),
}  # fmt: skip


@dataclass
class Happened:
    """What came of it. heater, gas: what controller and flow controllers were told, as they heard it."""

    heating: Heating
    fault_ns: int
    fault_degc: float
    argon_after_sccm: float
    heater: list[bytes]
    gas: list[tuple[float, str, bytes]]
    nitrogen_after_sccm: float
    oxygen_peak_ppm: float
    tube_peak_degc: float
    mat_peak_degc: float

    @property
    def nitrogen_told(self) -> tuple[float, ...]:
        """Set points that reached the second flow controller."""
        return tuple(float(data.split()[-1]) for _, name, data in self.gas if name == NITROGEN)

    @property
    def trip_ns(self) -> int:
        """The first trip."""
        return self.heating.trips[0][0]

    @property
    def detected_s(self) -> float:
        """From fault to trip."""
        return (self.trip_ns - self.fault_ns) / NS

    @property
    def watched_s(self) -> float:
        """From trip to the end."""
        return (self.heating.now_ns() - self.trip_ns) / NS


def happen(case: Case, runs: Path) -> Happened:
    """Make the run, and follow it to its end."""
    heating = Heating(runs, case.recipe, [case.fault] if case.fault is not None else [], rig=case.rig)
    nitrogen = NITROGEN if case.rig is not None else None
    wires = [(ARGON, heating.argon_wire)]
    if nitrogen is not None:
        (wire,) = heating.spun.hear(nitrogen)
        wires.append((nitrogen, wire))
    hearth = heating.hearth
    began: list[tuple[int, float]] = []
    after: dict[str, float] = {}
    peaks = {"oxygen": 0.0, "tube": 0.0, "mat": 0.0}

    def look() -> None:
        now_ns = heating.now_ns()
        tube_degc = hearth.furnace.tube_degc(now_ns)
        peaks["tube"] = max(peaks["tube"], tube_degc)
        peaks["mat"] = max(peaks["mat"], hearth.furnace.mat_degc(now_ns))
        if tube_degc > 300.0:
            peaks["oxygen"] = max(peaks["oxygen"], hearth.tube.oxygen_ppm(now_ns))

    def note() -> None:
        began.append((heating.now_ns(), heating.controller.control.pv))  # of its last look, before the fault

    def scanned() -> None:
        if began or (case.fault is None and ahead()):
            if not began:
                note()
            look()

    def ahead() -> bool:
        now_ns, furnace = heating.now_ns(), hearth.furnace
        if furnace.mat is None:
            return False
        return furnace.mat_degc(now_ns) - furnace.temperature_degc(now_ns) > AHEAD_DEGC

    def note_gas() -> None:
        for name, _ in wires:
            after[name] = hearth.gases[name].flow_sccm(heating.now_ns())

    if case.fault is not None:
        heating.spun.after("step", case.fault.after_s, note, id=case.fault.step, phase="started")
    heating.spun.session.host.engine.on_scan = scanned
    heating.spun.after("trip", 600.0, note_gas)
    if case.mains_s is not None:
        # It heats until somebody switches the mains off.
        contactor = hearth.furnace.contactor
        heating.spun.after("trip", case.mains_s, lambda: contactor(heating.now_ns(), False))
    heating.run()
    fault_ns, fault_degc = began[0]
    gas = [
        (t_ns / NS, name, data)
        for name, wire in wires
        for t_ns, data in wire.heard or ()
        if t_ns >= fault_ns and b"LS " in data
    ]
    trip_ns = heating.trips[0][0]
    return Happened(
        heating,
        fault_ns,
        fault_degc,
        after[ARGON],
        heating.furnace_told(trip_ns, trip_ns + round(1.5 * NS)),
        sorted(gas),
        after.get(NITROGEN, 0.0),
        peaks["oxygen"],
        peaks["tube"],
        peaks["mat"],
    )
