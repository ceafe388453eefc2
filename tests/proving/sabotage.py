"""Cases in which nothing is wrong, to break something in; and what the judge sees of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.glassman import GlassmanEmulator
from rig.lines.scheduler import Rank
from rig.proving.case import Case, Mishap
from rig.proving.recipes import SOLUTIONS, TUNING
from rig.proving.rigs import demo_text
from rig.proving.trial import Trial, Verdict
from rig.readings import NS

HV, PUMP, FURNACE, ARGON = "hv.needle", "pumps.a", "furnace.tube", "gas.argon"
HEAD = 'format = 1\nname = "Sabotage"\n\n'

SPIN = (
    HEAD
    + SOLUTIONS["pan-pmma"]
    + """
[[steps]]
id = "spin"
do = "spin"
duration = "20 s"
voltage = "12 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
collector = { kind = "plate" }
[[steps.streams]]
solution = "pan-pmma"
mode = "electrospin"
rate = "1 ml/h"
"""
)
INERT = (
    HEAD
    + """
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "2000 sccm"
until = { volumes = 3 }
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "500 sccm"
ramp = "20 degC/min"
to = "360 degC"
soak = "2 min"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""
)
WARM = f'[furnace.tube]\n{TUNING}temperature = "230 degC"\natmosphere = "argon"\n'
HOT_S = 1020.0
"""By then `INERT` heats above 310 degC."""


def rig_text() -> str:
    """The demonstration rig, quicker: 3 kV/s, 2 s to discharge, a furnace that is light."""
    text = demo_text()
    for old, new in (
        ('ramp = "1 kV/s"', 'ramp = "3 kV/s"'),
        ('discharge_time = "30 s"', 'discharge_time = "2 s"\nbleed = "200 MOhm"\ncapacitance = "1 nF"'),
        ('ramp = "10 degC/min"', 'ramp = "20 degC/min"'),
        ('cooling = "50 min"', 'cooling = "9 min"'),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


class Sabotage(Trial):
    """A run in which something is broken by hand."""

    def __init__(
        self, folder: Path, recipe: str = SPIN, *, mishaps: tuple[Mishap, ...] = (), model: str = "epc3000"
    ) -> None:
        heats = recipe is INERT
        rig = rig_text().replace('"epc3000"', f'"{model}"')
        super().__init__(Case(5, rig, recipe, WARM if heats else "", 2800.0, mishaps=mishaps), folder)

    def at(self, t_s: float, action: Callable[[], object]) -> Sabotage:
        """Do something at that time."""

        def act() -> None:
            action()

        self.laboratory.scheduler.call_at(round(t_s * NS), act, Rank.COMMAND, "sabotage")
        return self

    def after(self, kind: str, delay_s: float, action: Callable[[], object], **about: Any) -> Sabotage:
        """Do something so long after the first such event."""
        waiting = True

        def listen(said: str, data: dict[str, Any], t_ns: int) -> None:
            nonlocal waiting
            if waiting and said == kind and all(data.get(key) == value for key, value in about.items()):
                waiting = False
                self.at(t_ns / NS + delay_s, action)

        self.session.watch(listen)
        return self

    @property
    def now_ns(self) -> int:
        """The laboratory's time."""
        return self.laboratory.scheduler.now_ns

    @property
    def supply(self) -> GlassmanEmulator:
        """The emulated supply."""
        device = self.laboratory.devices[HV]
        assert isinstance(device, GlassmanEmulator)
        return device

    @property
    def controller(self) -> EurothermEmulator:
        """The emulated furnace controller."""
        device = self.laboratory.devices[FURNACE]
        assert isinstance(device, EurothermEmulator)
        return device

    def contact(self, name: str, closed: bool) -> None:
        """Move a contact."""
        self.laboratory.scene.contacts.set(self.now_ns, name, closed)

    def blind(self, channel: str) -> None:
        """The input module shows this contact as healthy, whatever it is."""
        module: Any = self.laboratory.devices["inputs.bench"]
        real = self.laboratory.scene.contacts

        class Blinded:
            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            def closed(self, name: str) -> bool:
                return name == channel or real.closed(name)

        for slot, value in list(vars(module).items()):
            if value is real:
                setattr(module, slot, Blinded())


def numbers(verdict: Verdict) -> set[int]:
    """Which invariants were violated."""
    return {one.number for one in verdict.violations}
