"""A hundred generated runs in all, the second half of them: no invariant is violated."""

from __future__ import annotations

import pytest

from tests.proving.hundred import hold


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", [50, 75])
def test_no_invariant_is_violated(first: int) -> None:
    hold(range(first, first + 25))
