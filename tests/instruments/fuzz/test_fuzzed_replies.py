"""Every driver against damaged replies, 2,000 examples each: only declared errors escape, no value comes from a frame
that length, grammar, range or checksum shows to be damaged, or that is late, and nothing is energised because of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.instruments.fuzz.benches import BENCHES, Bench
from tests.instruments.fuzz.campaign import play
from tests.instruments.fuzz.damage import EXAMPLES, Example


@pytest.mark.parametrize("make", BENCHES, ids=[bench.name for bench in BENCHES])
@settings(
    max_examples=2000,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(example=EXAMPLES)
def test_damaged_replies(make: type[Bench], example: Example) -> None:
    play(make, example.on, example.calls, example.plan)
