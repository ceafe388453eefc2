"""The numbers that bound what may be asked, against hand-worked values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.safety.limits import (
    ElectrodePair,
    hv_limits,
    least_discharge_s,
    pair_limit,
    proof_threshold_kv,
    provable,
    widest_pair,
)


def test_the_smaller_of_rating_and_rig_limit_binds_and_says_which() -> None:
    rig = hv_limits("hv.a", rating_kv=40, limit_kv=25, rating_ma=3, limit_ua=50, polarity=1)
    assert str(rig.voltage_kv) == "25 kV (rig limit)"
    assert str(rig.current_ua) == "50 µA (rig limit)"
    rated = hv_limits("hv.a", rating_kv=20, limit_kv=25, rating_ma=0.04, limit_ua=50, polarity=1)
    assert str(rated.voltage_kv) == "20 kV (rating)"
    assert str(rated.current_ua) == "40 µA (rating)"


@pytest.mark.parametrize(
    ("polarity", "kv", "says"),
    [
        (1, 25.0, None),
        (1, 0.0, None),
        (-1, 0.0, None),
        (-1, -25.0, None),
        (1, 25.001, "25.001 kV from hv.a, whose limit is 25 kV (rig limit)"),
        (-1, -30.0, "30 kV from hv.a, whose limit is 25 kV (rig limit)"),
        (1, -0.1, "-0.1 kV from hv.a, whose polarity is positive"),
        (-1, 0.1, "0.1 kV from hv.a, whose polarity is negative"),
    ],
)
def test_what_a_supply_refuses(polarity: int, kv: float, says: str | None) -> None:
    limits = hv_limits("hv.a", rating_kv=40, limit_kv=25, rating_ma=3, limit_ua=50, polarity=polarity)
    assert limits.refuses(kv) == says


def test_every_electrode_pair_counts() -> None:
    assert widest_pair({}) is None
    assert widest_pair({"a": 20.0}) is None
    assert widest_pair({"a": 20.0, "b": -5.0, "earth": 0.0}) == ElectrodePair("a", "b", 25.0)


@given(st.dictionaries(st.sampled_from("abcde"), st.floats(-50, 50), min_size=2))
def test_no_pair_is_wider_than_the_widest(potentials_kv: dict[str, float]) -> None:
    pair = widest_pair(potentials_kv)
    assert pair is not None
    assert pair.first != pair.second
    assert pair.difference_kv == max(
        abs(one - other) for one in potentials_kv.values() for other in potentials_kv.values()
    )


def test_without_a_declaration_two_supplies_may_not_add_up_beyond_one_of_them() -> None:
    assert (
        str(pair_limit({"hv.a": 25.0, "hv.b": 10.0}, None))
        == "25 kV (largest limit of a single supply, hv.a)"
    )
    assert pair_limit({"hv.a": 25.0, "hv.b": 10.0}, 35.0).value == 35.0


def test_the_discharge_time_is_six_time_constants_or_half_a_minute() -> None:
    assert least_discharge_s(None, None).value == 30.0
    assert least_discharge_s(2e8, None).value == 30.0
    assert least_discharge_s(2e8, 1e-9).value == pytest.approx(1.24)
    assert least_discharge_s(1e9, 2e-9).reason == "6.2 x 1000 MΩ x 2 nF"


def test_the_proofs_threshold() -> None:
    assert proof_threshold_kv(0.010) == 0.060
    assert proof_threshold_kv(40 / 1023) == pytest.approx(0.0782, abs=1e-4)
    assert provable(0.060)
    assert not provable(0.0601)
