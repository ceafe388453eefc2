"""The laws held against the numbers of the science sheet (D.1 to D.6, E.3)."""

from __future__ import annotations

import pytest

from rig.emulators.physics import currents, fibre, onset, spray
from rig.emulators.physics.materials import (
    SOLVENTS,
    SolutePart,
    SolutionProps,
    UnknownMaterial,
    props,
    solvent,
    vapour_litres_per_ml,
)

ML_H = currents.M3_S_PER_ML_H
R = 0.255e-3


@pytest.mark.parametrize(("gamma", "kv"), [(0.0352, 4.5), (0.0225, 3.6), (0.0728, 6.4)])
def test_smith_onset_of_dmf_methanol_and_water(gamma: float, kv: float) -> None:
    assert onset.smith_onset_kv(R, gamma, 0.15) == pytest.approx(kv, abs=0.06)


@pytest.mark.parametrize(("gap", "length", "kv"), [(0.15, 0.04, 8.9), (0.20, 0.04, 11.8), (0.15, 0.02, 16.0)])
def test_taylor_onset(gap: float, length: float, kv: float) -> None:
    assert onset.taylor_onset_kv(R, 0.0352, gap, length) == pytest.approx(kv, rel=0.02)


def test_tip_field_and_corona_of_a_dry_needle() -> None:
    assert onset.tip_field_kv_cm(20.0, R, 0.20) == pytest.approx(194.0, rel=0.01)
    assert onset.peek_field_kv_cm(R) == pytest.approx(87.0, rel=0.01)
    assert onset.corona_onset_kv(R, 0.15) == pytest.approx(8.6, abs=0.05)


@pytest.mark.parametrize(
    ("name", "na", "droplet_um", "smallest_ml_h"), [("DMF", 71.0, 10.5, 0.44), ("methanol", 56.0, 10.3, 0.30)]
)
def test_electrospray_scaling_at_1_ml_h_and_100_us_m(
    name: str, na: float, droplet_um: float, smallest_ml_h: float
) -> None:
    liquid = SOLVENTS[name.lower()]
    assert spray.spray_current_a(liquid.gamma_n_m, liquid.eps_r, 1e-4, ML_H) * 1e9 == pytest.approx(
        na, rel=0.02
    )
    assert spray.droplet_m(liquid.eps_r, 1e-4, ML_H) * 1e6 == pytest.approx(droplet_um, rel=0.02)
    smallest = spray.smallest_flow_m3_s(liquid.gamma_n_m, liquid.eps_r, liquid.density_kg_m3, 1e-4)
    assert smallest / ML_H == pytest.approx(smallest_ml_h, rel=0.03)


def test_pure_methanol_is_borderline_and_a_pure_solvent_holds_no_cone() -> None:
    methanol = SOLVENTS["methanol"]
    flow = spray.smallest_flow_m3_s(
        methanol.gamma_n_m, methanol.eps_r, methanol.density_kg_m3, methanol.conductivity_s_m
    )
    assert flow / ML_H == pytest.approx(0.7, rel=0.05)
    assert spray.smallest_flow_m3_s(0.0352, 36.7, 945.0, 1e-6) / ML_H == pytest.approx(44.0, rel=0.02)


def test_current_factor_uses_449() -> None:
    assert spray.current_factor(36.7) == pytest.approx(13.8, abs=0.1)


@pytest.mark.parametrize(
    ("current_na", "jet_um", "dry_nm"),
    [(100, 2.91, 899), (300, 1.40, 432), (500, 1.00, 308), (1000, 0.63, 194)],
)
def test_fibre_table(current_na: float, jet_um: float, dry_nm: float) -> None:
    diameter = fibre.jet_diameter_m(0.035, ML_H, current_na * 1e-9)
    assert diameter * 1e6 == pytest.approx(jet_um, abs=0.006)
    # The table's dry figures take 0.31 at 12 wt%, which is a density ratio of 0.8.
    assert diameter * fibre.dry_factor(0.12, 0.795, 1.0) * 1e9 == pytest.approx(dry_nm, rel=0.01)


def test_fibre_needs_flow_and_current() -> None:
    with pytest.raises(ValueError, match="above 0"):
        fibre.jet_diameter_m(0.035, ML_H, 0.0)


def founding_polymer() -> SolutionProps:
    return props(
        "pan-pmma", [("DMF", 1.0)], [SolutePart("PAN", 7.0, 150.0), SolutePart("PMMA", 3.0, 200.0)], 0.12
    )


def test_founding_spin_jet_is_anchored() -> None:
    amps = currents.jet_current_a(founding_polymer(), True, 20.0, 0.20, 1.0)
    assert amps * 1e9 == pytest.approx(500.0, rel=0.03)
    doubled = currents.jet_current_a(founding_polymer(), True, 20.0, 0.20, 4.0)
    assert doubled / amps == pytest.approx(2.0), "I goes with the root of the flow"


def test_corona_starts_at_its_onset_and_grows() -> None:
    assert currents.corona_current_a(11.0, 11.5, 0.2) == 0.0
    assert currents.corona_current_a(25.0, 11.5, 0.2) > currents.corona_current_a(20.0, 11.5, 0.2) > 1e-7


@pytest.mark.parametrize(
    ("name", "litres"),
    [("methanol", 0.59), ("DMF", 0.31), ("ethanol", 0.41), ("acetic acid", 0.42), ("DCM", 0.38)],
)
def test_vapour_from_a_millilitre(name: str, litres: float) -> None:
    assert vapour_litres_per_ml(SOLVENTS[name.lower()]) == pytest.approx(litres, abs=0.006)


def test_dmf_vapour_saturates_below_its_explosive_limit() -> None:
    dmf = SOLVENTS["dmf"]
    assert dmf.saturation_vol_pct == pytest.approx(0.34, abs=0.01)
    assert dmf.lel_vol_pct is not None and dmf.saturation_vol_pct < dmf.lel_vol_pct


def test_what_was_measured_is_used_and_the_rest_is_named_as_assumed() -> None:
    made = props("tio2", [("methanol", 1.0)], [SolutePart("TiO2")], 0.01, conductivity_s_m=1e-4)
    assert made.conductivity_s_m == 1e-4
    assert not made.polymer
    assert founding_polymer().polymer
    named = [text.split()[0] for text in made.assumed]
    assert named == ["gamma_n_m", "eps_r", "density_kg_m3", "viscosity_pa_s"]
    assert all("methanol" in text for text in made.assumed)


def test_a_missing_molar_mass_is_named() -> None:
    made = props("pan", [("DMF", 1.0)], [SolutePart("PAN")], 0.1)
    assert made.assumed[-1] == "molar mass of PAN 150 kg/mol [M]"
    heavier = props("pan", [("DMF", 1.0)], [SolutePart("PAN", 1.0, 300.0)], 0.1)
    assert heavier.viscosity_pa_s > 2 * made.viscosity_pa_s


def test_mixture_lies_between_its_solvents() -> None:
    mixed = props("mix", [("DMF", 1.0), ("acetone", 1.0)])
    low, high = SOLVENTS["acetone"], SOLVENTS["dmf"]
    assert low.gamma_n_m < mixed.gamma_n_m < high.gamma_n_m
    assert low.density_kg_m3 < mixed.density_kg_m3 < high.density_kg_m3
    assert sum(share for _, share in mixed.volatile) == pytest.approx(1.0)


def test_names_are_found_in_any_case_and_by_synonym() -> None:
    assert solvent("dimethylformamide") is solvent("dmf") is SOLVENTS["dmf"]
    assert solvent("unobtainium") is None


def test_unknown_material_is_refused_unless_everything_was_measured() -> None:
    with pytest.raises(UnknownMaterial, match=r"eau de vie.*conductivity_s_m"):
        props("x", [("eau de vie", 1.0)], gamma_n_m=0.03)
    made = props(
        "x",
        [("eau de vie", 1.0)],
        gamma_n_m=0.03,
        eps_r=40.0,
        conductivity_s_m=1e-5,
        density_kg_m3=900.0,
        viscosity_pa_s=2e-3,
    )
    assert made.gamma_n_m == 0.03 and made.assumed == () and made.volatile == ()


def test_parts_and_properties_must_make_sense() -> None:
    with pytest.raises(ValueError, match="names no solvent"):
        props("x", [])
    with pytest.raises(ValueError, match="0 parts"):
        props("x", [("DMF", 0)])
    with pytest.raises(ValueError, match="conductivity_s_m is -1"):
        props("x", [("DMF", 1.0)], conductivity_s_m=-1.0)
