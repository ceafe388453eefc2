"""A Eurotherm driver, an emulated controller with its furnace behind it, and a timeline moved by hand."""

from __future__ import annotations

from typing import Any

from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.physics.furnace import NOT_TUNED, Furnace, Tuning
from rig.instruments.eurotherm import LINK, Eurotherm
from rig.instruments.settings import FurnaceSettings
from rig.lines.port import Port
from rig.outputs import FurnaceOutput, ProgramSegment
from tests.instruments.loopback import HandTimeline, Loopback

MODELS = ("epc3000", "3216", "2416")
FOUNDING = (ProgramSegment(5.0, 280.0, 9000.0), ProgramSegment(2.0, 800.0, 7200.0))
"""The founding recipe's heat: 5 degC/min to 280 degC, 2.5 h; 2 degC/min to 800 degC, 2 h."""


def furnace_settings(model: str | None = "epc3000", **changes: Any) -> FurnaceSettings:
    """As a rig file says it."""
    return FurnaceSettings(
        name="furnace.tube", driver="eurotherm", where="sim://", model=model,
        **{"limit_degc": 1100.0, "limit_ramp_degc_min": 10.0, **changes},
    )  # fmt: skip


def driver_on(port: Port, model: str = "epc3000", **changes: Any) -> Eurotherm:
    """A driver on a given port."""
    return Eurotherm(furnace_settings(model, **changes), port)


class EurothermBench:
    """Everything of one furnace. `options` are the emulator's."""

    def __init__(
        self, model: str = "epc3000", tuning: Tuning = NOT_TUNED, limit_degc: float = 1100.0, **options: Any
    ) -> None:
        self.model = model
        self.time = HandTimeline()
        self.furnace = Furnace()
        self.controller = EurothermEmulator(
            "furnace.tube", self.time, furnace=self.furnace, model=model,
            tuning=(tuning.band_degc, tuning.integral_s, tuning.derivative_s), **options,
        )  # fmt: skip
        self.port = Loopback(self.time, self.controller, link=LINK)
        self.port.deadline_s = 1.0
        self.values = self.controller.registers.values
        self.driver = driver_on(self.port, model, limit_degc=limit_degc)

    def ready(self) -> Eurotherm:
        """The driver after what a line does at connect."""
        self.driver.off()
        self.driver.set_up()
        return self.driver

    def pass_polled(self, seconds: float, period_s: float = 10.0) -> None:
        """Let time go on, with a poll now and then that keeps a watchdog fed."""
        end_ns = self.time.now_ns + round(seconds * 1e9)
        while self.time.now_ns < end_ns:
            self.time.pass_s(min(period_s, (end_ns - self.time.now_ns) / 1e9))
            self.driver.read("status")

    def poll(self) -> dict[str, float | None]:
        """One status."""
        return self.driver.read("status")

    def temperature(self) -> float:
        """What the driver reads."""
        value = self.poll()["temperature_degc"]
        assert value is not None
        return value

    def power(self) -> float:
        """What reaches the element."""
        return self.furnace.power_pct(self.time.now_ns)


def ready(model: str = "epc3000", **options: Any) -> EurothermBench:
    """A bench whose driver is connected."""
    bench = EurothermBench(model, **options)
    bench.ready()
    bench.port.sent.clear()
    return bench


def run(*segments: ProgramSegment, number: int = 1, **changes: Any) -> FurnaceOutput:
    """A wanted program, the founding one by default."""
    return FurnaceOutput("run", number, segments or FOUNDING, **changes)
