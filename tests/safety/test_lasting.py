"""How long something has been found, in pieces: against a count second by second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rig.readings import NS
from rig.safety.lasting import Pieces, window_ns


def test_a_window_is_twice_the_delay_and_ten_seconds_at_the_least() -> None:
    assert [window_ns(delay_s) for delay_s in (0.5, 3.0, 5.0, 30.0)] == [10 * NS, 10 * NS, 10 * NS, 60 * NS]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=30), st.integers(1, 20))
def test_pieces_are_what_lies_in_the_window(spells: list[tuple[int, int]], window: int) -> None:
    pieces, now, bad = Pieces(), 0, set[int]()
    for gap, lasts in spells:
        begin, now = now + gap, now + gap + lasts
        pieces.add(begin, now)
        bad |= set(range(begin, now))
        assert pieces.since(now - window) == len([one for one in bad if one >= now - window])
        bad = {one for one in bad if one >= now - window}  # what lies before is forgotten for good
