"""How faults look in the current (docs/physics.md D.8), and the truth that tests may know of it."""

from __future__ import annotations

from statistics import fmean, median

from rig.emulators.physics.jet_truth import JetTruth
from rig.emulators.physics.scene import SupplyData, founding_streams
from tests.emulators.physics_bench import MS, Founding

SPIN = "pumps.a"


def one_needle(which: int = 0, seed: int = 7) -> Founding:
    stream = founding_streams()[which]
    return Founding(seed, streams=(stream,), supplies={"hv.needle": SupplyData(rating_kv=60.0)})


def readings(bench: Founding, first_s: float, seconds: float) -> list[float]:
    return [bench.collector.mean_na(bench.to(first_s + 0.2 * i), 20 * MS) for i in range(round(5 * seconds))]


def test_truth_before_during_and_after_a_clog() -> None:
    bench = one_needle()
    truth = JetTruth(bench.scene)
    assert truth.needles(bench.spin()) == {SPIN: "stable"}
    bench.scene.fault(bench.timeline.now_ns, SPIN, "clog")
    assert truth.meter(bench.to(80.0)) == "clogged"
    assert truth.meter(bench.to(200.0)) == "corona"
    bench.scene.fault(bench.timeline.now_ns, SPIN, "clog", active=False)
    assert truth.meter(bench.to(260.0)) == "stable"


def test_a_clog_decays_over_tens_of_seconds() -> None:
    bench = one_needle()
    bench.spin()
    before = fmean(readings(bench, 60.0, 5.0))
    bench.scene.fault(bench.timeline.now_ns, SPIN, "clog")
    means = [fmean(readings(bench, 65.0 + t, 2.0)) / before for t in (5.0, 15.0, 30.0, 45.0)]
    assert means == sorted(means, reverse=True)
    assert means[0] > 0.8 and 0.3 < means[2] < 0.6


def test_a_bubble_is_a_sudden_gap_and_a_restart() -> None:
    bench = one_needle()
    truth = JetTruth(bench.scene)
    bench.spin()
    truth.meter(bench.timeline.now_ns)
    before = fmean(readings(bench, 60.0, 5.0))
    bench.scene.electrodes[SPIN].bubble(bench.timeline.now_ns, 0.01)
    said = []
    shares = []
    for second in range(65, 140):
        said.append(truth.meter(bench.to(float(second))))
        shares.append(bench.collector.mean_na(bench.timeline.now_ns, 20 * MS) / before)
    assert said[0] == "bubble" or said[1] == "bubble"
    gap_s = said.count("bubble")
    assert 34 <= gap_s <= 45  # 0.01 ml at 1 ml/h is 36 s; then the jet has to start again
    assert said[-1] == "stable"
    assert min(shares[:8]) < 0.4 and shares[-1] > 0.9


def test_several_jets_step_up_by_about_the_root_of_two() -> None:
    bench = one_needle()
    onset_kv = bench.scene.electrodes[SPIN].onset_kv
    truth = JetTruth(bench.scene)
    bench.spin(2.95 * onset_kv)
    assert truth.meter(bench.timeline.now_ns) == "stable"
    single = fmean(readings(bench, 60.0, 20.0)) / 2.95
    bench.voltage(3.05 * onset_kv)
    assert truth.meter(bench.to(90.0)) == "multi-jet"
    several = fmean(readings(bench, 90.0, 20.0)) / 3.05
    assert 1.3 < several / single < 1.5


def test_dripping_is_a_low_mean_with_rare_large_pulses() -> None:
    bench = one_needle()
    bench.spin(0.65 * bench.scene.electrodes[SPIN].onset_kv)
    assert JetTruth(bench.scene).meter(bench.timeline.now_ns) == "dripping"
    found = [bench.collector.mean_na(bench.to(60.0 + 0.02 * i), 20 * MS) for i in range(6000)]
    assert fmean(found) < 2.0 and max(found) > 10 * median(found)
    assert sum(1 for value in found if value > 5 * median(found)) < 300


def test_of_two_needles_the_worst_counts() -> None:
    bench = Founding()
    truth = JetTruth(bench.scene)
    bench.spin()
    bench.scene.fault(bench.timeline.now_ns, "pumps.b", "clog")
    assert truth.needles(bench.to(80.0)) == {SPIN: "stable", "pumps.b": "clogged"}
    assert truth.meter(bench.timeline.now_ns) == "clogged"


def test_nothing_on_is_off() -> None:
    bench = Founding()
    assert JetTruth(bench.scene).meter(bench.to(5.0)) == "off"
