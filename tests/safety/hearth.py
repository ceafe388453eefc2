"""A furnace as its conditions and its guard see it, built from a few words a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rig.outputs import FurnaceOutput, GasOutput, Output, ProgramSegment
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import Interlocks, OutputView, Situation
from rig.safety.furnace_facts import Atmosphere, FurnaceFacts
from rig.safety.furnace_guard import furnace_guard
from rig.safety.guard import Permitted
from rig.safety.heating import furnace_conditions
from rig.safety.purge import PurgeProof

FURNACE, ARGON, NITROGEN = "furnace.tube", "gas.argon", "gas.nitrogen"
STOP, EXHAUST = "inputs.bench.emergency_stop_ok", "inputs.bench.furnace_exhaust_ok"
PRESSURE, OXYGEN = "inputs.bench.tube_pressure_ok", "oxygen.tube.oxygen_ppm"
LIMIT_DEGC, LIMIT_RAMP, FULL_SCCM = 900.0, 10.0, 2000.0

INERT = Atmosphere("argon", True, ARGON, 200.0)
RUN = FurnaceOutput("run", 1, (ProgramSegment(5.0, 800.0, 3600.0),))
HOLD = replace(RUN, mode="hold")
FLOWING: Mapping[str, Output] = {FURNACE: RUN, ARGON: GasOutput(200.0), NITROGEN: GasOutput(0.0)}


def heated() -> dict[str, float | None]:
    """What everything reads at 600 degC in argon when all is well."""
    return {
        f"{FURNACE}.temperature_degc": 600.0,
        f"{FURNACE}.setpoint_degc": 601.0,
        f"{FURNACE}.power_pct": 30.0,
        f"{FURNACE}.sensor_break": 0.0,
        f"{ARGON}.flow_sccm": 200.0,
        f"{NITROGEN}.flow_sccm": 0.0,
        OXYGEN: 20.0,
        STOP: 1.0,
        EXHAUST: 1.0,
        PRESSURE: 1.0,
    }


@dataclass
class Hearth:
    """One scan after the other; values and facts are changed by the test in between."""

    now_ns: int = 1000 * NS
    heating: bool = True
    values: dict[str, float | None] = field(default_factory=heated)
    before: Mapping[str, Output] = field(default_factory=lambda: dict(FLOWING))
    told: dict[str, float] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)
    facts: FurnaceFacts = field(
        default_factory=lambda: FurnaceFacts(
            purge=PurgeProof(3.0, True, proved_ns=1),
            inert_gases=(ARGON, NITROGEN),
            atmosphere=INERT,
            highest_degc=800.0,
            oxygen_limit_ppm=300.0,
            permitted_sccm={ARGON: 200.0},
        )
    )
    interlocks: Interlocks = field(
        default_factory=lambda: Interlocks(
            furnace_conditions(FURNACE, (ARGON, NITROGEN), OXYGEN, EXHAUST, PRESSURE, (STOP,))
        )
    )

    @property
    def situation(self) -> Situation:
        """Everything as of now; a reading of None is one that failed."""
        newest = {
            name: Reading(value, self.now_ns, None if value is not None else "no reply within 0.2 s")
            for name, value in self.values.items()
        }
        told = RUN if self.heating else None
        views = {
            FURNACE: OutputView(FURNACE, "furnace", self.heating, told, self.heating),
            **{
                name: OutputView(
                    name,
                    "gas",
                    told=GasOutput(self.told[name]) if name in self.told else None,
                    proved_off=True,
                    found=GasOutput(self.found[name]) if name in self.found else None,
                )
                for name in (ARGON, NITROGEN)
            },
        }
        return Situation(Readings(self.now_ns, newest, {}), views, False, False, self.facts)

    def degc(self, degc: float | None) -> None:
        """The process value from now on."""
        self.values[f"{FURNACE}.temperature_degc"] = degc

    def tags(self, after_s: float = 0.0) -> set[str]:
        """What trips at this scan and at another one so long after it, without the furnace's name."""
        found = [trip.condition.tag for trip in self.interlocks.evaluate(self.situation)]
        self.now_ns += round(after_s * NS)
        found += [trip.condition.tag for trip in self.interlocks.evaluate(self.situation)]
        return {tag.removesuffix(f":{FURNACE}") for tag in found}

    def guard(self, requested: Mapping[str, Output] | None = None, state: str = "Running") -> Permitted:
        """One scan of the guard."""
        scales = {ARGON: FULL_SCCM, NITROGEN: 1000.0}
        permitted = furnace_guard(
            FURNACE,
            FLOWING if requested is None else requested,
            self.situation,
            state,
            self.interlocks,
            LIMIT_DEGC,
            LIMIT_RAMP,
            scales,
            self.before,
        )
        self.before = permitted.outputs
        self.now_ns += NS
        return permitted

    def gas(self, permitted: Permitted, name: str = ARGON) -> float | None:
        """The flow that is permitted; None: it is left as it is."""
        output = permitted.outputs.get(name)
        return output.flow_sccm if isinstance(output, GasOutput) else None
