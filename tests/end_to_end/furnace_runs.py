"""Runs of the furnace part in virtual time: shortened recipes, what heater and argon were told, and the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rig.bench.faults import Fault
from rig.emulators.eurotherm import EurothermEmulator
from rig.engine.host import Result
from rig.readings import NS
from rig.simulation.hearth import Hearth
from tests.end_to_end.spinning import Spinning

FURNACE, ARGON, OXYGEN = "furnace.tube", "gas.argon", "oxygen.tube"
FOUNDING = Path(__file__).with_name("founding-furnace.toml")
HEAD = """format = 1
name = "Furnace, shortened"
summary = "Parts of the founding recipe's heat treatment"
source = { doi = "10.1039/d0ra01791d" }
"""

STABILISE = """
[[steps]]
id = "stabilise"
do = "heat"
atmosphere = "air"
ramp = "5 degC/min"
to = "280 degC"
soak = "20 min"
[[steps]]
id = "cool-in-air"
do = "cool"
atmosphere = "air"
below = "60 degC"
"""

CARBONISE = """
[[steps]]
id = "close-tube"
do = "prompt"
say = "Close both flanges, check the seals and the bubbler."
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "2000 sccm"
until = { volumes = 6 }
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "800 degC"
soak = "20 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""


@dataclass
class Heating:
    """One virtual run of the furnace, from its start until nobody has to watch any more."""

    runs: Path
    recipe: str
    faults: Sequence[Fault] = ()
    start: str | None = None
    rig: str | None = None
    spun: Spinning = field(init=False)
    result: Result = field(init=False)
    trips: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    output_pct: dict[float, float] = field(default_factory=dict)
    """The emulated controller's output so many seconds after the first trip, or after what a test counts from."""
    power_pct: dict[float, float] = field(default_factory=dict)
    """And what really reached the element."""
    pv_at_trip_degc: float = 0.0
    tube_at_end_degc: float = 0.0
    argon_at_end_sccm: float = 0.0

    def __post_init__(self) -> None:
        self.spun = Spinning(
            self.runs, HEAD + self.recipe, self.rig, seed=7, faults=self.faults, start=self.start
        )
        self.argon_wire, self.furnace_wire = self.spun.hear(ARGON, FURNACE)
        self.spun.session.watch(self._on_event)

    @property
    def hearth(self) -> Hearth:
        """The emulated furnace, tube and gases."""
        return self.spun.lab.hearths[FURNACE]

    @property
    def controller(self) -> EurothermEmulator:
        """The emulated furnace controller."""
        device = self.spun.lab.devices[FURNACE]
        assert isinstance(device, EurothermEmulator)
        return device

    def now_ns(self) -> int:
        """The laboratory's clock."""
        return self.spun.lab.scheduler.now_ns

    def _on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        if kind != "trip":
            return
        if not self.trips:
            self.pv_at_trip_degc = self.hearth.furnace.temperature_degc(t_ns)
            for delay_s in (1.5, 60.0):
                self.at_ns(t_ns + round(delay_s * NS), partial(self.note_output, delay_s))
        self.trips.append((t_ns, data))

    def note_output(self, delay_s: float) -> None:
        """Keep the controller's output of this moment, and the element's power."""
        self.output_pct[delay_s] = self.controller.output_pct
        self.power_pct[delay_s] = self.hearth.furnace.power_pct(self.now_ns())

    def at_ns(self, t_ns: int, action: Callable[[], object]) -> None:
        """Have something done at a virtual time."""
        self.spun.at(t_ns / NS, action)

    def run(self) -> Heating:
        """Start to end, and the truth at that moment."""
        self.result = self.spun.run()
        now_ns = self.now_ns()
        self.tube_at_end_degc = self.hearth.furnace.tube_degc(now_ns)
        self.argon_at_end_sccm = self.hearth.gases[ARGON].flow_sccm(now_ns)
        return self

    def furnace_told(self, since_ns: int, until_ns: int) -> list[bytes]:
        """Requests that write, among those that reached the controller in this time (Modbus functions 6 and 16)."""
        assert self.furnace_wire.heard is not None
        return [
            data
            for t_ns, data in self.furnace_wire.heard
            if since_ns <= t_ns <= until_ns and data[1] in (0x06, 0x10)
        ]

    def argon_told(self, since_ns: int = 0) -> list[tuple[float, float]]:
        """Set points that reached the flow controller: (s, sccm)."""
        assert self.argon_wire.heard is not None
        found = []
        for t_ns, data in self.argon_wire.heard:
            if data.startswith(b"ALS ") and t_ns >= since_ns:
                found.append((t_ns / NS, float(data[4:])))
        return found

    @property
    def tags(self) -> list[str]:
        """Tags of the trips, without the furnace's name, in their order."""
        return [data["tag"].removesuffix(f":{FURNACE}") for _, data in self.trips]
