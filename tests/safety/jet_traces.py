"""Random emulated jets in front of a picoammeter, and what a jet watch makes of them against the hidden truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple, Protocol

from rig.emulators.keithley import KeithleyEmulator
from rig.emulators.physics.jet_truth import JetTruth
from rig.emulators.physics.scene import Scene, SceneData, StreamData, SupplyData, founding_streams
from rig.instruments.current_features import features
from rig.instruments.keithley import LINK, Keithley6485
from rig.instruments.settings import CurrentSettings
from rig.lines.simvisa import library_for
from rig.lines.visaport import open_visa
from rig.safety.jet_condition import ALARM_AFTER_S
from rig.safety.jet_expected import JetData, expect
from rig.safety.jet_watch import CLOGGED, CORONA, LOST, Ability, JetWatch
from tests.emulators.physics_bench import MS, S, Timeline, drive_ml_h
from tests.instruments.keithvais_loop import Laboratory

RANGE_NA = 2000.0
METER = Ability(RANGE_NA * 1e-5, RANGE_NA, 1000.0, RANGE_NA * 1e-4)
READING_S, BURST_S, BURST_SAMPLES = 0.2, 2.0, 80
PRIMED_S, LIVE_S = 15.0, 35.0
ARC_HELD_S = 3.0
"""So long after an arc the truth of these tables is "arc": it is over in 50 ms."""
WARM_S = 15.0
"""From high voltage on to the first second that is counted."""
SETTLED_S = 10.0
"""Seconds after a change of the true mode that the settled table leaves out: a window is ten seconds."""
KINDS = ("good", "clog", "bubble", "dripping", "pulsating", "multi-jet", "dry", "arc")
SHARE = (0.40, 0.20, 0.10, 0.05, 0.08, 0.08, 0.04, 0.05)


@dataclass(frozen=True)
class Scenario:
    """One run: its streams, the voltage, what goes wrong, and when (seconds after high voltage)."""

    seed: int
    kind: str
    streams: tuple[StreamData, ...]
    rates_ml_h: tuple[float, ...]
    kv: float
    humidity_pct: float
    length_s: float
    at_s: float
    on: str
    bubble_ml: float

    @property
    def jets(self) -> str:
        """Which jets the meter sees, for tables."""
        return "both" if len(self.streams) == 2 else self.streams[0].mode.removeprefix("electro")

    @property
    def scene_data(self) -> SceneData:
        """The emulated laboratory."""
        return SceneData(
            self.streams, supplies={"hv.needle": SupplyData(rating_kv=60.0)}, humidity_pct=self.humidity_pct
        )

    def watch(self) -> JetWatch:
        """A watch that knows what a recipe says: the spray's conductivity, not the spun solution's."""
        jets = [
            JetData(
                name=stream.pump,
                spun=stream.mode == "electrospin",
                voltage_kv=self.kv,
                distance_cm=stream.distance_m * 100.0,
                rate_ml_h=rate,
                conductivity_s_m=None if stream.mode == "electrospin" else stream.solution.conductivity_s_m,
            )
            for stream, rate in zip(self.streams, self.rates_ml_h, strict=True)
        ]
        return JetWatch(METER, expect(jets))


def scenario(seed: int, kind: str | None = None, jets: str | None = None, hours: float = 0.5) -> Scenario:
    """A random run; good ones last `hours`, others ten minutes. kind, jets ("spin", "spray", "both"): not at random."""
    chance = Random(f"jet trace {seed}")
    drawn = chance.choices(KINDS, SHARE)[0]
    kind = kind or drawn
    jets = chance.choice(("spin", "spray", "both")) if jets is None else jets
    distance_m = chance.uniform(0.12, 0.20)
    spun, sprayed = (replace(stream, distance_m=distance_m) for stream in founding_streams())
    streams = {"spin": (spun,), "spray": (sprayed,), "both": (spun, sprayed)}[jets]
    rates = tuple(chance.uniform(0.6, 1.5) for _ in streams)
    probe = Scene(SceneData(streams, supplies={"hv.needle": SupplyData(rating_kv=60.0)}), Timeline(), seed)
    onsets = [electrode.onset_kv for electrode in probe.electrodes.values()]
    low, high = min(onsets), max(onsets)
    kv = {
        "dripping": chance.uniform(0.45, 0.67) * low,
        "pulsating": chance.uniform(0.74, 0.96) * low,
        "multi-jet": chance.uniform(3.1, 3.7) * high,
    }.get(kind, chance.uniform(1.25 * high, 2.7 * low))
    return Scenario(
        seed=seed,
        kind=kind,
        streams=streams,
        rates_ml_h=rates,
        kv=kv,
        humidity_pct=chance.uniform(30.0, 55.0),
        length_s=hours * 3600.0 if kind == "good" else 600.0,
        at_s=chance.uniform(90.0, 240.0),
        on=chance.choice([stream.pump for stream in streams]),
        bubble_ml=chance.uniform(0.003, 0.02),
    )


class Meter(Protocol):
    """Where readings come from; `to` goes to a moment, in seconds."""

    scene: Scene

    def to(self, seconds: float) -> int: ...
    def reading(self) -> tuple[float | None, bool]: ...
    def burst(self) -> tuple[float | None, float, float | None, float | None]: ...


class DirectMeter:
    """The collector's own current, limited to the meter's range: cheap, for many hours."""

    def __init__(self, data: SceneData, seed: int) -> None:
        self.timeline = Timeline()
        self.scene = Scene(data, self.timeline, seed)
        self._collector = self.scene.collectors["current.collector"]

    def to(self, seconds: float) -> int:
        return self.timeline.to(seconds)

    def reading(self) -> tuple[float | None, bool]:
        value = self._collector.mean_na(self.timeline.now_ns, 20 * MS)
        over = abs(value) > 1.05 * RANGE_NA
        return (None if over else value), over

    def burst(self) -> tuple[float | None, float, float | None, float | None]:
        raw = self._collector.burst(self.timeline.now_ns, BURST_SAMPLES, MS)
        found = features(
            [value if abs(value) <= 1.05 * RANGE_NA else None for value in raw], 1e-3, RANGE_NA * 1e-5
        )
        return found.noise_na, found.spikes, found.line_hz, found.line_fraction


class DriverMeter:
    """The same through the emulated Keithley 6485, PyVISA and the real driver: every reading is bytes on a wire."""

    def __init__(self, data: SceneData, seed: int) -> None:
        self.laboratory = Laboratory()
        scheduler = self.laboratory.scheduler
        self.scene = Scene(data, scheduler, seed)
        collector = self.scene.collectors["current.collector"]
        self.laboratory.plug(
            "usb6", KeithleyEmulator("current.collector", scheduler, collector=collector, seed=seed)
        )
        where = "ASRL/dev/ttyUSB6::INSTR"
        library = library_for(self.laboratory, {where: "usb6"})
        port = open_visa(where, LINK, library=library, runner=self.laboratory.runner, trace=None)
        settings = CurrentSettings("current.collector", "keithley-6485", where, range_a=RANGE_NA * 1e-9)
        self.driver = Keithley6485(settings, port)
        self.laboratory.run(self.driver.set_up)

    def to(self, seconds: float) -> int:
        left_s = seconds - self.laboratory.scheduler.now_ns / S
        if left_s > 0.0:
            self.laboratory.wait(left_s)
        return self.laboratory.scheduler.now_ns

    def reading(self) -> tuple[float | None, bool]:
        found = self.laboratory.run(lambda: self.driver.read("current"))
        return found["current_na"], found["overload"] == 1.0

    def burst(self) -> tuple[float | None, float, float | None, float | None]:
        found = self.laboratory.run(lambda: self.driver.read("burst"))
        return found["noise_na"], found["spikes"] or 0.0, found["line_hz"], found["line_fraction"]


class Second(NamedTuple):
    """One second of a run: time since high voltage, truth, since when it holds, and what the watch says."""

    t_s: float
    truth: str
    truth_s: float
    mode: str
    confidence: float


@dataclass
class Outcome:
    """A whole run as the watch saw it. Times in seconds since high voltage; arcs: when there were any."""

    scenario: Scenario
    seconds: list[Second] = field(default_factory=list)
    arcs: list[float] = field(default_factory=list)
    modes: list[tuple[float, str]] = field(default_factory=list)

    def alarms(self) -> list[float]:
        """When a lost jet had lasted long enough for its alarm."""
        return [
            t_s + ALARM_AFTER_S
            for (t_s, mode), end_s in self._stretches()
            if mode == "lost" and end_s - t_s >= ALARM_AFTER_S
        ]

    def _stretches(self) -> Iterator[tuple[tuple[float, str], float]]:
        found: list[tuple[float, str]] = []
        for t_s, mode in self.modes:
            word = "lost" if mode in LOST else "other"
            if not found or found[-1][1] != word:
                found.append((t_s, word))
        ends = [t_s for t_s, _ in found[1:]] + [self.scenario.length_s]
        return zip(found, ends, strict=True)

    def first(self, modes: frozenset[str], since_s: float) -> float | None:
        """When one of these modes was first said after that moment; None if never."""
        return next((t_s for t_s, mode in self.modes if t_s >= since_s and mode in modes), None)

    def clog_seen_s(self) -> float | None:
        """From the clog to the first word of it; None if it was missed."""
        found = self.first(frozenset({CLOGGED, CORONA}), self.scenario.at_s)
        return None if found is None else found - self.scenario.at_s

    def clog_alarm_s(self) -> float | None:
        """From the clog to its alarm."""
        found = next((t_s for t_s in self.alarms() if t_s >= self.scenario.at_s), None)
        return None if found is None else found - self.scenario.at_s


def play(run: Scenario, meter: Meter | None = None) -> Outcome:
    """Make a run and watch it."""
    meter = meter or DirectMeter(run.scene_data, run.seed)
    scene, watch, outcome = meter.scene, run.watch(), Outcome(run)
    truth = JetTruth(scene)
    supply = scene.supplies["hv.needle"]
    supply.on_arc.append(lambda t_ns, *_: outcome.arcs.append(t_ns / S - LIVE_S))
    now_ns = meter.to(0.0)
    dry = run.on if run.kind == "dry" else None
    for stream in run.streams:
        if stream.pump != dry:
            drive_ml_h(scene.plungers[stream.pump], now_ns, 40.0)
    now_ns = meter.to(PRIMED_S)
    for stream, rate in zip(run.streams, run.rates_ml_h, strict=True):
        drive_ml_h(scene.plungers[stream.pump], now_ns, 0.0 if stream.pump == dry else rate)
    now_ns = meter.to(LIVE_S)
    supply.program(now_ns, run.kv, 0.05)
    supply.enable(now_ns, True)
    struck = run.kind not in ("clog", "bubble", "arc")
    true, true_s, second = "", 0.0, 0
    for step in range(1, round(run.length_s / READING_S)):
        t_s = step * READING_S
        if not struck and t_s >= run.at_s:
            struck = True
            strike(scene, run, meter.to(LIVE_S + run.at_s))
        now_ns = meter.to(LIVE_S + t_s)
        if step % round(BURST_S / READING_S) == 0:
            watch.burst(now_ns, *meter.burst())
        value, over = meter.reading()
        if watch.reading(now_ns, value, over):
            outcome.modes.append((t_s, watch.verdict.mode))
        if t_s >= second + 1:
            second += 1
            word = truth.meter(now_ns)
            if outcome.arcs and t_s - outcome.arcs[-1] <= ARC_HELD_S:
                word = "arc"
            if word != true:
                true, true_s = word, t_s
            if t_s >= WARM_S:
                verdict = watch.verdict
                outcome.seconds.append(Second(t_s, word, t_s - true_s, verdict.mode, verdict.confidence))
    return outcome


def strike(scene: Scene, run: Scenario, now_ns: int) -> None:
    """What goes wrong in this run, now."""
    if run.kind == "bubble":
        scene.electrodes[run.on].bubble(now_ns, run.bubble_ml)
    elif run.kind == "clog":
        scene.fault(now_ns, run.on, "clog")
    else:
        scene.fault(now_ns, "hv.needle", "arc")


def confusion(outcomes: list[Outcome], settled: bool) -> Counter[tuple[str, str]]:
    """(truth, said) -> seconds; settled: only those whose truth has held for a window."""
    table: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        for one in outcome.seconds:
            if not settled or one.truth_s >= SETTLED_S:
                table[one.truth, one.mode] += 1
    return table


def false_alarms(outcomes: list[Outcome]) -> tuple[int, float]:
    """Alarms in runs in which every needle has its jet all the time, and their hours."""
    good = [outcome for outcome in outcomes if outcome.scenario.kind in ("good", "multi-jet")]
    return sum(len(outcome.alarms()) for outcome in good), sum(
        outcome.scenario.length_s for outcome in good
    ) / 3600.0
