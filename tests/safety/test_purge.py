"""How the purge proof of a tube is taken and lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rig.readings import NS
from rig.safety.purge import PurgeProof, volumes_needed

TUBE_L, FLOW_SCCM = 1.0, 1000.0


@dataclass
class Purging:
    """A scan a second."""

    proof: PurgeProof = field(default_factory=lambda: PurgeProof(TUBE_L, False))
    t_s: int = 0
    degc: float | None = 25.0
    sccm: float | None = FLOW_SCCM
    ppm: float | None = None

    def on(self, seconds: int) -> bool:
        """So much later: whether it is proved."""
        for _ in range(seconds):
            self.t_s += 1
            self.proof.update(self.t_s * NS, self.sccm, FLOW_SCCM, self.degc, self.ppm)
        return self.proof.proved


def begun(limit_ppm: float | None = 100.0, volumes: float | None = None, analyser: bool = False) -> Purging:
    purging = Purging(PurgeProof(TUBE_L, analyser))
    purging.proof.begin(limit_ppm, volumes)
    purging.on(1)
    return purging


def proved() -> Purging:
    purging = begun(volumes=1.0)
    assert purging.on(125)
    return purging


def test_twice_the_volumes_of_a_well_mixed_tube_are_needed() -> None:
    assert volumes_needed(100.0) == pytest.approx(15.29, abs=0.01)  # 2 ln(209500 / 100)
    assert volumes_needed(1000.0) == pytest.approx(10.69, abs=0.01)


@pytest.mark.parametrize(("limit_ppm", "volumes", "flow_s"), [(100.0, None, 918), (None, 3.0, 180)])
def test_by_flow_it_is_taken_when_the_gas_has_flowed_and_a_minute_has_passed(
    limit_ppm: float | None, volumes: float | None, flow_s: int
) -> None:
    purging = begun(limit_ppm, volumes)
    assert not purging.on(flow_s + 59)
    assert purging.on(3)
    assert purging.proof.method == "calculated"


def test_where_an_analyser_stands_its_reading_counts_too() -> None:
    purging = begun(volumes=1.0, analyser=True)
    assert not purging.on(300), "no reading"
    purging.ppm = 101.0
    assert not purging.on(300)
    purging.ppm = 99.0
    assert not purging.on(60)
    purging.ppm = 101.0
    purging.on(1)
    purging.ppm = 99.0
    assert not purging.on(60), "held for a minute without a break"
    assert purging.on(1)
    assert purging.proof.method == "measured"


@pytest.mark.parametrize("degc", [250.0, 640.0, None])
def test_it_is_taken_below_250_degc_only(degc: float | None) -> None:
    purging = begun(volumes=1.0)
    purging.degc = degc
    assert not purging.on(600)
    purging.degc = 249.0
    assert purging.on(62)


def test_gas_that_does_not_flow_does_not_count() -> None:
    purging = begun(volumes=1.0)
    purging.sccm = 700.0
    assert not purging.on(600) and purging.proof.flowed_l == 0.0
    purging.sccm = None
    assert not purging.on(600) and purging.proof.flowed_l == 0.0


@pytest.mark.parametrize("sccm", [0.0, 799.0, None])
def test_it_is_lost_by_half_a_minute_of_too_little_gas(sccm: float | None) -> None:
    purging = proved()
    purging.sccm = sccm
    assert purging.on(30)
    purging.sccm = FLOW_SCCM
    assert purging.on(1)
    purging.sccm = sccm
    assert purging.on(30), "counted anew"
    assert not purging.on(1)
    assert purging.proof.lost_because is not None and "of 1000 sccm for 30 s" in purging.proof.lost_because
    purging.sccm = FLOW_SCCM
    assert not purging.on(119), "what flowed before counts no more"


def test_it_stays_over_a_hot_tube_and_is_lost_by_air() -> None:
    purging = proved()
    purging.degc = 800.0
    assert purging.on(600)
    purging.proof.lose("set back to air")
    assert not purging.on(600)
    assert purging.proof.lost_because == "set back to air"


def test_a_new_purge_counts_from_nothing() -> None:
    purging = proved()
    purging.proof.begin(None, 1.0)
    assert not purging.proof.proved
    assert not purging.on(115)
    assert purging.on(10)
