"""The jet watch at work: fed by the scan while a spin step has its voltage up, heard in journal, samples and alarms.

What it concludes is `rig.safety.jet_watch`'s affair; here readings are handed over once each, and changes written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rig.engine.phases.plans import SpinPlan
from rig.engine.sampling import jet_channel
from rig.instruments.catalog import CATALOG
from rig.instruments.current_features import CHANNELS as BURST_CHANNELS
from rig.instruments.settings import CurrentSettings
from rig.outputs import Output
from rig.readings import NS, Reading, Readings
from rig.safety.jet_expected import Expectation, expect
from rig.safety.jet_watch import UNKNOWN, Ability, JetWatch, Verdict

SILENT_NS: Final = 3 * NS
"""Without a reading for so long nothing is known any more."""

DIGITS: Final = {"keithley-6485": (1e-5, 1000.0, 1e-4)}
"""By driver: resolution as a part of the range (5 1/2 digits, Keithley 6485 manual), samples a second of its
bursts, and their resolution: an aperture a hundred times shorter has ten times the noise (arithmetic for white noise).
A driver that is not named here is not judged."""

BURST: Final = tuple(channel.name for channel in BURST_CHANNELS)


def ability(settings: CurrentSettings) -> Ability:
    """What a current meter of the bench can do on its fixed range."""
    known = DIGITS.get(settings.driver)
    if known is None:
        return Ability(None, None)
    ranges = [range_a for range_a in CATALOG[settings.driver].ranges_a if settings.range_a <= range_a * 1.001]
    range_na = (min(ranges) if ranges else settings.range_a) * 1e9
    return Ability(range_na * known[0], range_na, known[1], range_na * known[2])


class _Meter:
    """One meter's channels, and its watch while there is one."""

    __slots__ = ("ability", "burst", "burst_ns", "channel", "current", "name", "overload", "read_ns", "watch")

    def __init__(self, name: str, settings: CurrentSettings) -> None:
        self.name = name
        self.channel = jet_channel(name)
        self.ability = ability(settings)
        self.current, self.overload = f"{name}.current_na", f"{name}.overload"
        self.burst = [f"{name}.{short}" for short in BURST]
        self.read_ns = self.burst_ns = 0
        self.watch: JetWatch | None = None


class JetWatching:
    """All meters of the spinning station. `feed` is called once a scan.

    spinning: the plan of the spin step whose voltage is up, None at other times. write: writes an event. `modes`: the
    text channels and what they say now.
    """

    def __init__(
        self,
        meters: Mapping[str, CurrentSettings],
        spinning: Callable[[], SpinPlan | None],
        write: Callable[[str, dict[str, Any]], Any],
    ) -> None:
        self._meters = [_Meter(name, settings) for name, settings in meters.items()]
        self._spinning = spinning
        self._write = write
        self._plan: SpinPlan | None = None
        self.modes: dict[str, str] = {meter.channel: UNKNOWN for meter in self._meters}

    def verdict(self, name: str) -> Verdict | None:
        """What is known of a meter's jets; None while nothing is spun."""
        for meter in self._meters:
            if meter.name == name and meter.watch is not None:
                return meter.watch.verdict
        return None

    def feed(self, now_ns: int, readings: Readings, outputs: Mapping[str, Output]) -> None:
        """Hand over what is new since the last scan."""
        plan = self._spinning()
        if plan is not self._plan:
            self._plan = plan
            self._begin(plan, now_ns) if plan is not None else self._end()
        if plan is not None:
            for meter in self._meters:
                self._read(meter, now_ns, readings)

    def _begin(self, plan: SpinPlan, now_ns: int) -> None:
        expected = expect(plan.jets)
        if len(self._meters) > 1:
            expected = Expectation(
                None, "no rig file says which of several meters a jet's collector is wired to"
            )
        for meter in self._meters:
            meter.read_ns = meter.burst_ns = now_ns  # what was read before this does not count
            meter.watch = JetWatch(meter.ability, expected)
            self._say(meter, meter.watch.verdict, expected.current_na)

    def _end(self) -> None:
        for meter in self._meters:
            meter.watch = None
            self._say(meter, Verdict(UNKNOWN, 0.0, "the step is not spinning any more", 0))

    def _read(self, meter: _Meter, now_ns: int, readings: Readings) -> None:
        watch = meter.watch
        assert watch is not None
        first = readings.get(meter.burst[0])
        if first is not None and first.t_ns > meter.burst_ns:
            meter.burst_ns = first.t_ns
            self._burst(meter, watch, readings)
        reading = readings.get(meter.current)
        changed = False
        if reading is not None and reading.t_ns > meter.read_ns:
            meter.read_ns = reading.t_ns
            over = readings.get(meter.overload)
            overload = over is not None and over.value == 1 and over.t_ns == reading.t_ns
            changed = watch.reading(reading.t_ns, reading.value, overload)
        elif now_ns - meter.read_ns > SILENT_NS and watch.verdict.mode != UNKNOWN:
            changed = watch.silent(now_ns, f"no reading: {readings.explain(meter.current)}")
        if changed:
            self._say(meter, watch.verdict)

    @staticmethod
    def _burst(meter: _Meter, watch: JetWatch, readings: Readings) -> None:
        found: dict[str, Reading | None] = {
            short: readings.get(full) for short, full in zip(BURST, meter.burst, strict=True)
        }
        value = {short: reading.value if reading is not None else None for short, reading in found.items()}
        spikes = value["spikes"]
        if spikes is not None:
            watch.burst(meter.burst_ns, value["noise_na"], spikes, value["line_hz"], value["line_fraction"])

    def _say(self, meter: _Meter, verdict: Verdict, expected_na: float | None = None) -> None:
        self.modes[meter.channel] = verdict.mode
        data: dict[str, Any] = {"meter": meter.name, **verdict.as_data()}
        if expected_na is not None:
            data["expected_na"] = round(expected_na, 1)
        self._write("jet", data)
