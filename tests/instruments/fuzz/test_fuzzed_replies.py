"""Every driver against damaged replies, 2,000 examples each: only declared errors escape, no value comes from a frame
that length, grammar, range or checksum shows to be damaged, or that is late, and nothing is energised because of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.instruments.fuzz.benches import BENCHES, Bench
from tests.instruments.fuzz.campaign import CALLS, play
from tests.instruments.fuzz.damage import PLANS, Damage

EXAMPLES = 2000

_CALLS = st.lists(st.tuples(st.integers(0, len(CALLS) - 1), st.integers(0, 1)), min_size=1, max_size=3)


@pytest.mark.parametrize("make", BENCHES, ids=[bench.name for bench in BENCHES])
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(on=st.booleans(), calls=_CALLS, plan=PLANS)
def test_damaged_replies(
    make: type[Bench], on: bool, calls: list[tuple[int, int]], plan: list[Damage]
) -> None:
    play(make, on, calls, plan)
