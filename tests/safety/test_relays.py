"""Contactor, lock, beacon, heartbeat: what each is to be, for all that can be known of the high voltage."""

from __future__ import annotations

from itertools import product

import pytest

from rig.readings import NS
from rig.safety.relays import HvKnown, relay_state

EVERY = [
    HvKnown(proved, discharged, wanted, unproved, cut)
    for proved, discharged, wanted, unproved, cut in product((False, True), repeat=5)
    if not (discharged and not proved) and not (unproved and proved)
]


@pytest.mark.parametrize("known", EVERY)
def test_the_lock_opens_only_with_everything_proved_discharged_and_nothing_wanted(known: HvKnown) -> None:
    assert relay_state("lock", known, 0) is not (known.proved and known.discharged and not known.wanted)


@pytest.mark.parametrize("known", EVERY)
def test_the_beacon_is_dark_only_when_nothing_is_live_or_unproved(known: HvKnown) -> None:
    assert relay_state("beacon", known, 0) is not (known.proved and not known.wanted)


@pytest.mark.parametrize("known", EVERY)
@pytest.mark.parametrize("opens_on", ["unproved", "abort"])
def test_the_contactor_is_open_while_what_should_be_off_is_not_proved_off(
    known: HvKnown, opens_on: str
) -> None:
    closed = relay_state("contactor", known, 0, opens_on)
    if known.unproved or (opens_on == "abort" and known.cut and not known.proved):
        assert not closed
    else:
        # Closed otherwise: a supply without mains can never be read back as off.
        assert closed


def test_the_heartbeat_changes_each_second() -> None:
    known = EVERY[0]
    assert [relay_state("heartbeat", known, t * NS // 2) for t in range(6)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
