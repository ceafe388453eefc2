"""What a meter should see, from what a recipe says."""

from __future__ import annotations

import pytest

from rig.safety.jet_expected import JetData, expect, jet_current_na

SPUN = JetData("pan", True, 20.0, 20.0, 1.0)
SPRAYED = JetData("tio2", False, 20.0, 20.0, 1.0, conductivity_s_m=1e-4)


def test_the_founding_jets_carry_what_the_science_says() -> None:
    # docs/physics.md D.4: 0.4 to 0.7 uA at 1 kV/cm and 1 ml/h; D.3: methanol at 100 uS/m about 56 nA.
    assert 400.0 < (jet_current_na(SPUN) or 0.0) < 700.0
    assert jet_current_na(SPRAYED) == pytest.approx(66.4, abs=0.1)
    both = expect([SPUN, SPRAYED])
    assert both.current_na == pytest.approx(566.4, abs=0.1)
    assert (both.left_out, both.assumed) == ((), ("pan",))


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"voltage_kv": 10.0}, 0.5),
        ({"distance_cm": 10.0}, 2.0),
        ({"rate_ml_h": 4.0}, 2.0),
        ({"conductivity_s_m": 2.5e-2}, 10**0.4),
        ({"voltage_kv": -20.0}, -1.0),
    ],
)
def test_a_spun_jet_goes_with_field_and_root_of_flow(change: dict[str, float], factor: float) -> None:
    other = JetData(**{**{k: getattr(SPUN, k) for k in SPUN.__slots__}, **change})  # type: ignore[arg-type]
    assert jet_current_na(other) == pytest.approx(500.0 * factor)


def test_a_spray_goes_with_the_root_of_tension_conductivity_and_flow() -> None:
    water = JetData("w", False, 5.0, 5.0, 1.0, conductivity_s_m=1e-4, surface_tension_n_m=0.0728)
    assert (jet_current_na(water) or 0.0) / (jet_current_na(SPRAYED) or 1.0) == pytest.approx(
        (0.0728 / 0.03) ** 0.5
    )


def test_a_spray_of_unknown_conductivity_cannot_be_foreseen() -> None:
    blind = JetData("tio2", False, 20.0, 20.0, 1.0)
    alone = expect([blind])
    assert alone.current_na is None
    assert alone.why == "the recipe gives no conductivity for tio2"
    beside = expect([SPUN, blind])
    assert beside.current_na == pytest.approx(500.0)
    assert beside.left_out == ("tio2",)


def test_opposite_jets_cancel_and_no_jet_is_nothing() -> None:
    negative = JetData("other", True, -20.0, 20.0, 1.0)
    assert expect([SPUN, negative]).why == "jets of opposite polarity cancel at this meter"
    assert expect([negative]).current_na == pytest.approx(-500.0)
    assert expect([]).why == "no jet is in front of this meter"


def test_below_what_there_is_no_jet_depends_on_what_is_known_of_the_conductivity() -> None:
    assert expect([SPUN]).least_na == pytest.approx(50.0), "assumed, in a solvent like DMF"
    in_chloroform = JetData("plla", True, 20.0, 20.0, 1.0, ions=False)
    assert expect([in_chloroform]).least_na == pytest.approx(5.0)
    assert expect([in_chloroform, SPRAYED]).least_na == pytest.approx(5.0 + 6.64, abs=0.01)
    measured = JetData("plla", True, 20.0, 20.0, 1.0, conductivity_s_m=2.5e-3, ions=False)
    assert expect([measured]).least_na == pytest.approx(50.0)
