"""Chamber, contacts, and the scene's wiring: climate, vapour, interlock chain, exhaust, faults by name."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, pstdev

import pytest

from rig.emulators.physics.chamber import Chamber, Contacts
from rig.emulators.physics.scene import Scene, SceneData, StreamData, founding_streams
from tests.emulators.physics_bench import Founding, S, Timeline


def test_climate_wanders_slowly_about_its_means() -> None:
    chamber = Chamber(temperature_degc=23.0, humidity_pct=42.0, seed=3)
    hours = range(0, 100 * 3600, 600)
    degc = [chamber.temperature_degc(t * S) for t in hours]
    humidity = [chamber.humidity_pct(t * S) for t in hours]
    assert fmean(degc) == pytest.approx(23.0, abs=0.15) and 0.15 < pstdev(degc) < 0.5
    assert fmean(humidity) == pytest.approx(42.0, abs=0.6) and 0.8 < pstdev(humidity) < 2.5
    steps = [abs(chamber.humidity_pct((t + 2) * S) - chamber.humidity_pct(t * S)) for t in range(0, 3600, 2)]
    assert 0.0 < max(steps) < 1.0, "two seconds apart it has hardly moved"


def test_the_founding_window_of_humidity_is_kept_for_days() -> None:
    for seed in (1, 7, 8):
        chamber = Chamber(seed=seed)
        assert all(30.0 < chamber.humidity_pct(t * S) < 55.0 for t in range(0, 48 * 3600, 60))


def test_climate_does_not_depend_on_the_order_of_questions() -> None:
    moments = [5 * S + 123, 3600 * S, 17 * S, 0, 7200 * S + 5]
    one, other = Chamber(seed=9), Chamber(seed=9)
    forwards = {t: (one.temperature_degc(t), one.humidity_pct(t)) for t in sorted(moments)}
    assert {t: (other.temperature_degc(t), other.humidity_pct(t)) for t in moments} == forwards
    assert Chamber(seed=10).humidity_pct(3600 * S) != forwards[3600 * S][1]


def test_moist_air_comes_and_goes() -> None:
    chamber = Chamber(seed=1)
    chamber.humid(100 * S, True)
    assert chamber.humidity_pct(100 * S) < 50.0
    assert chamber.humidity_pct(500 * S) > 75.0
    chamber.humid(600 * S, False)
    assert chamber.humidity_pct(1200 * S) < 50.0
    chamber.humid(1300 * S, True, humidity_pct=200.0)
    assert chamber.humidity_pct(3000 * S) == 100.0


def test_a_sealed_box_gains_0_3_percent_of_methanol_an_hour() -> None:
    bench = Founding()
    bench.scene.chamber.set_exhaust(bench.spin(), False)
    first = bench.scene.chamber.vapour_vol_pct(bench.to(100.0), "methanol")
    last = bench.scene.chamber.vapour_vol_pct(bench.to(3700.0), "methanol")
    assert last - first == pytest.approx(0.30, abs=0.01)
    now = bench.to(60.0 + 5 * 3600)
    methanol = bench.scene.chamber.vapour_vol_pct(now, "methanol") / 6.0
    assert methanol == pytest.approx(0.245, abs=0.02), "the syringe holds 4.9 ml; the sheet's 25 % after 5 ml"
    assert bench.scene.chamber.lel_share(now) == pytest.approx(methanol + 0.342 / 1.8, abs=0.01)


def test_dmf_stops_at_its_saturation() -> None:
    stream = replace(founding_streams()[0], capacity_ml=60.0, loaded_ml=50.0, syringe_diameter_mm=26.59)
    bench = Founding(streams=(stream,))
    bench.scene.chamber.set_exhaust(bench.spin(), False)
    bench.pump(10.0)
    now = bench.to(4 * 3600.0)
    assert bench.scene.chamber.vapour_vol_pct(now, "DMF") == pytest.approx(0.342, abs=0.002)


def test_the_exhaust_keeps_vapour_at_evaporation_over_air() -> None:
    bench = Founding(exhaust_m3_h=0.6)
    bench.spin()
    now = bench.to(4 * 3600.0)
    litres_per_h = 0.594 * 0.998
    assert bench.scene.chamber.vapour_vol_pct(now, "methanol") == pytest.approx(
        litres_per_h / 600.0 * 100, rel=0.02
    )
    assert bench.scene.chamber.vapour_vol_pct(now, "acetone") == 0.0


def test_contacts_tell_each_change_once() -> None:
    contacts = Contacts()
    seen: list[tuple[int, str, bool]] = []
    contacts.on_change.append(lambda *change: seen.append(change))
    assert contacts.closed("door_closed")
    contacts.set(5, "door_closed", False)
    contacts.set(6, "door_closed", False)
    contacts.set(7, "door_closed", True)
    assert seen == [(5, "door_closed", False), (7, "door_closed", True)]
    with pytest.raises(KeyError, match=r"window.*door_closed"):
        contacts.set(8, "window", True)


def test_the_exhaust_moves_its_contact() -> None:
    bench = Founding()
    bench.scene.chamber.set_exhaust(bench.to(1.0), False)
    assert not bench.scene.contacts.closed("exhaust_ok")
    bench.scene.fault(bench.to(2.0), "chamber", "exhaust-off", active=False)
    assert bench.scene.contacts.closed("exhaust_ok") and bench.scene.chamber.exhaust_on


def test_a_door_in_the_chain_opens_the_supplys_interlock_and_one_outside_does_not() -> None:
    wired = Founding(interlock_chain=("door_closed", "emergency_stop_ok"))
    hv, contacts = wired.hv, wired.scene.contacts
    seen = []
    for t, name, closed in (
        (60.0, "door_closed", False),
        (61.0, "emergency_stop_ok", False),
        (62.0, "door_closed", True),
        (63.0, "emergency_stop_ok", True),
    ):
        contacts.set(wired.spin() if t == 60.0 else wired.to(t), name, closed)
        seen.append((hv.enabled, hv.interlock_closed))
    assert seen == [(False, False), (False, False), (False, False), (False, True)]

    loose = Founding()
    loose.scene.contacts.set(loose.spin(), "door_closed", False)
    assert loose.hv.enabled


def test_faults_are_reached_by_name() -> None:
    bench = Founding()
    now = bench.spin()
    bench.scene.fault(now, "pumps.a", "stall")
    assert bench.scene.plungers["pumps.a"].stalled(bench.to(60.1))
    bench.scene.fault(bench.timeline.now_ns, "pumps.b", "empty")
    assert bench.scene.plungers["pumps.b"].flow_ml_h(bench.to(61.0)) == 0.0
    bench.scene.fault(bench.timeline.now_ns, "hv.needle", "stuck-on")
    bench.hv.enable(bench.to(62.0), False)
    assert bench.hv.output_kv(bench.to(70.0)) == pytest.approx(20.0)
    bench.scene.fault(bench.timeline.now_ns, "hv.needle", "interlock")
    assert bench.hv.output_kv(bench.to(75.0)) < 0.01
    bench.scene.fault(bench.timeline.now_ns, "climate.chamber", "humid")
    assert bench.scene.chamber.humidity_pct(bench.to(700.0)) > 70.0


def test_unknown_faults_and_parts_are_named_with_what_there_is() -> None:
    scene = Founding().scene
    with pytest.raises(ValueError, match=r"'leak' on 'pumps.a'.*siphon"):
        scene.fault(0, "pumps.a", "leak")
    with pytest.raises(ValueError, match=r"'pumps.z'.*pumps.a"):
        scene.fault(0, "pumps.z", "stall")


def test_scenes_that_cannot_be_are_refused() -> None:
    spun, sprayed = founding_streams()
    with pytest.raises(ValueError, match=r"two streams on pumps\.a"):
        Scene(SceneData((spun, replace(sprayed, pump="pumps.a"))), Timeline(), 1)
    with pytest.raises(ValueError, match=r"no supply 'hv\.other'; there are hv\.needle"):
        Scene(SceneData((replace(spun, hv="hv.other"),)), Timeline(), 1)
    with pytest.raises(ValueError, match=r"no collector 'current\.drum'"):
        Scene(SceneData((replace(spun, collector="current.drum"),)), Timeline(), 1)
    with pytest.raises(ValueError, match="no contact 'hatch'"):
        Scene(SceneData((spun,), interlock_chain=("hatch",)), Timeline(), 1)
    with pytest.raises(ValueError, match=r"needle of 1 mm inside"):
        StreamData("pumps.a", 14.43, 10.0, 5.0, spun.solution, needle_inner_mm=1)
    with pytest.raises(ValueError, match="mode 'melt'"):
        replace(spun, mode="melt")
    with pytest.raises(ValueError, match="distance 0 m"):
        Scene(SceneData((replace(spun, distance_m=0),)), Timeline(), 1)
