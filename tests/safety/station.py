"""A spinning station as conditions and guard see it, built from a few words a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rig.outputs import HV_OFF, HvOutput, Output, PumpOutput
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import Interlocks, OutputView, Situation
from rig.safety.guard import Permitted, guard
from rig.safety.limits import HvLimits, Limit, hv_limits
from rig.safety.spinning import spin_conditions

INPUTS = ("door_closed", "emergency_stop_ok", "exhaust_ok")
STEP_KV = 40 / 1023
LIMITS = hv_limits("hv.needle", rating_kv=40.0, limit_kv=25.0, rating_ma=3.0, limit_ua=50.0, polarity=1)
COUNTER = hv_limits("hv.counter", rating_kv=20.0, limit_kv=10.0, rating_ma=1.0, limit_ua=50.0, polarity=-1)
PAIR = Limit(30.0, "kV", "declared limit between electrodes")
SUPPLIES: Mapping[str, HvLimits] = {"hv.needle": LIMITS, "hv.counter": COUNTER}
OUTPUTS = {"hv.needle": "hv", "hv.counter": "hv", "pumps.a": "pump", "pumps.b": "pump"}

ON = HvOutput(True, 20.0, 40.0)
MINUS = HvOutput(True, -5.0, 40.0)
FLOW = PumpOutput(True, 1.0, 14.43, 1)
FULL: dict[str, Output] = {"hv.needle": ON, "hv.counter": MINUS, "pumps.a": FLOW, "pumps.b": FLOW}


def conditions() -> Interlocks:
    """The station's conditions, none of them tripped."""
    return Interlocks(
        spin_conditions(
            {"inputs.bench": INPUTS},
            {"hv.needle": (LIMITS, STEP_KV), "hv.counter": (COUNTER, STEP_KV)},
            ["pumps.a", "pumps.b"],
        )
    )


def good_values(on: bool = True) -> dict[str, float | None]:
    """What everything reads when all is well; None stands for a reading that failed."""
    values: dict[str, float | None] = {f"inputs.bench.{name}": 1.0 for name in INPUTS}
    for name, kv in (("hv.needle", 20.0), ("hv.counter", -5.0)):
        values |= {
            f"{name}.voltage_kv": kv if on else 0.0,
            f"{name}.current_ua": 1.0,
            f"{name}.output": 1.0 if on else 0.0,
            f"{name}.fault": 0.0,
            f"{name}.current_mode": 0.0,
        }
    for name in ("pumps.a", "pumps.b"):
        values[f"{name}.running"] = 1.0 if on else 0.0
    return values


@dataclass
class Station:
    """One scan after the other. `values` and `views` are changed by the test in between."""

    on: bool = True
    now_ns: int = 100 * NS
    interlocks: Interlocks = field(default_factory=conditions)
    before: Mapping[str, Output] = field(default_factory=dict)
    values: dict[str, float | None] = field(default_factory=dict)
    views: dict[str, OutputView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = good_values(self.on)
        if self.on:
            self.before = dict(FULL)
        for name, kind in OUTPUTS.items():
            self.views[name] = OutputView(
                name,
                kind,
                wanted=self.on,
                told=FULL[name] if self.on else None,
                told_on=self.on,
                told_ns=self.now_ns - 60 * NS,
                proved_off=not self.on,
            )

    def view(self, name: str, **changes: object) -> None:
        """Change what is known of one output."""
        self.views[name] = replace(self.views[name], **changes)  # type: ignore[arg-type]

    @property
    def situation(self) -> Situation:
        """Everything as of now; all readings are fresh."""
        newest = {
            name: Reading(value, self.now_ns, None if value is not None else "no reply within 0.2 s")
            for name, value in self.values.items()
        }
        live = {kind: any(v.live for v in self.views.values() if v.kind == kind) for kind in ("hv", "pump")}
        readings = Readings(self.now_ns, newest, dict.fromkeys(newest, NS // 4))
        return Situation(readings, dict(self.views), live["hv"], live["pump"])

    def tags(self) -> list[str]:
        """The tags that trip at this scan."""
        return [trip.condition.tag for trip in self.interlocks.evaluate(self.situation)]

    def guard(
        self, requested: Mapping[str, Output] | None = None, state: str = "Running", after_s: float = 0.1
    ) -> Permitted:
        """One scan of the guard, and time goes on."""
        permitted = guard(
            FULL if requested is None else requested,
            self.situation,
            state,
            self.interlocks,
            SUPPLIES,
            PAIR,
            self.before,
        )
        self.before = permitted.outputs
        self.now_ns += round(after_s * NS)
        return permitted


def energised(permitted: Permitted) -> set[str]:
    """The names of the outputs that may be on."""
    return {name for name, output in permitted.outputs.items() if output.energised}


__all__ = ["FLOW", "FULL", "HV_OFF", "LIMITS", "MINUS", "ON", "OUTPUTS", "PAIR", "Station", "energised"]
