"""Features of a record of the collector current: what each mode of the jet leaves in them."""

from __future__ import annotations

import math
from random import Random

import pytest

from rig.instruments.current_features import features

PERIOD_S = 1e-3


def noisy(sigma_na: float, seed: int = 1, count: int = 80) -> list[float | None]:
    chance = Random(seed)
    return [500.0 + chance.gauss(0.0, sigma_na) for _ in range(count)]


def test_steady_current_has_no_noise_line_or_spikes() -> None:
    assert features([500.0] * 80, PERIOD_S, 0.02) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_noise_is_the_sample_standard_deviation_and_peak_the_largest_excursion() -> None:
    found = features([499.0, 501.0] * 39 + [490.0, 510.0], PERIOD_S, 0.02)
    assert found.noise_na == pytest.approx(math.sqrt((78 * 1.0 + 2 * 100.0) / 79))
    assert found.peak_na == pytest.approx(10.0)
    assert found.spikes == 2.0


def test_white_noise_is_no_line() -> None:
    for seed in range(200):
        assert features(noisy(5.0, seed), PERIOD_S, 0.02).line_hz == 0.0


@pytest.mark.parametrize("hz", [30.0, 47.0, 120.0, 333.0, 470.0])
def test_a_line_is_found_at_its_frequency(hz: float) -> None:
    samples = [
        None if value is None else value + 30.0 * math.sin(2 * math.pi * hz * i * PERIOD_S)
        for i, value in enumerate(noisy(3.0))
    ]
    found = features(samples, PERIOD_S, 0.02)
    assert found.line_hz == pytest.approx(hz, abs=3.0)
    assert found.line_fraction is not None and found.line_fraction > 0.9


def test_a_slow_swell_with_less_than_two_periods_is_no_line() -> None:
    samples: list[float | None] = [
        500.0 + 30.0 * math.sin(2 * math.pi * 10.0 * i * PERIOD_S) for i in range(80)
    ]
    assert features(samples, PERIOD_S, 0.02).line_hz == 0.0


def test_one_drop_is_a_spike_and_a_large_peak() -> None:
    samples = noisy(2.0)
    samples[40] = 800.0
    found = features(samples, PERIOD_S, 0.02)
    assert found.spikes == 1.0
    assert found.peak_na == pytest.approx(296.0, abs=5.0)


def test_samples_without_a_value_are_spikes_and_nothing_else_is_told() -> None:
    samples = noisy(2.0)
    samples[10:14] = [None] * 4
    assert features(samples, PERIOD_S, 0.02) == (None, None, 4.0, None, None)
    assert features([None] * 80, PERIOD_S, 0.02) == (None, None, 80.0, None, None)


def test_a_short_record_tells_no_line() -> None:
    found = features(noisy(2.0, count=20), PERIOD_S, 0.02)
    assert found.noise_na is not None
    assert (found.line_hz, found.line_fraction) == (None, None)
