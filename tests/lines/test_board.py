"""The board and the readings taken from it: good, stale, bad, missing; never an older value for a newer failure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rig.lines.board import Board
from rig.readings import Quality, Reading, Readings

S = 1_000_000_000
NAMES = {"door": "inputs.bench.door", "kv": "hv.needle.kv"}


def put(board: Board, t_ns: int, **values: float | None) -> None:
    board.deliver(NAMES, values, t_ns, no_value="no value")


def test_missing_good_stale() -> None:
    board = Board()
    board.declare("hv.needle.kv", S)
    assert board.snapshot(0).quality("hv.needle.kv") is Quality.MISSING
    assert board.snapshot(0).explain("hv.needle.kv") == "never read"
    assert board.snapshot(0).value("hv.needle.kv") is None
    put(board, 5 * S, kv=20.0)
    fresh, old = board.snapshot(6 * S), board.snapshot(6 * S + 1)
    assert (fresh.value("hv.needle.kv"), fresh.quality("hv.needle.kv")) == (20.0, Quality.GOOD)
    assert fresh.explain("hv.needle.kv") == "good"
    assert (old.value("hv.needle.kv"), old.quality("hv.needle.kv")) == (None, Quality.STALE)
    assert old.explain("hv.needle.kv") == "last read 1.00 s ago, allowed 1.00 s"


def test_a_failed_reading_is_bad_at_once_and_never_the_last_good_one() -> None:
    board = Board()
    put(board, 1, kv=20.0)
    board.fail(["hv.needle.kv"], 2, "no reply within 0.2 s, 2 attempts")
    readings = board.snapshot(2)
    assert readings.value("hv.needle.kv") is None
    assert readings.quality("hv.needle.kv") is Quality.BAD
    assert readings.explain("hv.needle.kv") == "no reply within 0.2 s, 2 attempts"
    put(board, 3, kv=0.0)
    assert board.snapshot(3).value("hv.needle.kv") == 0.0  # zero is a value


def test_no_value_is_bad_with_its_reason() -> None:
    board = Board()
    put(board, 1, kv=None)
    assert board.snapshot(1).explain("hv.needle.kv") == "no value"
    assert board.snapshot(1).value("hv.needle.kv") is None


def test_a_snapshot_does_not_change_when_the_board_does() -> None:
    board = Board()
    put(board, 1, kv=1.0)
    before = board.snapshot(1)
    put(board, 2, kv=2.0)
    board.fail(["hv.needle.kv"], 3, "gone")
    assert before.value("hv.needle.kv") == 1.0
    assert list(before) == ["hv.needle.kv"]
    assert "hv.needle.kv" in before
    assert "hv.needle.other" not in before


def test_only_a_change_of_a_watched_channel_wakes() -> None:
    woken: list[str] = []
    board = Board(woken.append)
    board.declare("inputs.bench.door", S, watched=True)
    put(board, 1, kv=1.0)
    put(board, 2, kv=2.0)
    assert woken == []
    put(board, 3, door=1.0)
    put(board, 4, door=1.0)
    assert woken == ["inputs.bench.door"]
    put(board, 5, door=0.0)
    assert len(woken) == 2
    board.fail(["inputs.bench.door", "hv.needle.kv"], 6, "dead")
    assert len(woken) == 3
    board.fail(["inputs.bench.door"], 7, "still dead")
    assert len(woken) == 3
    put(board, 8, door=0.0)  # back, though still open
    assert len(woken) == 4
    put(board, 9, door=None)
    assert len(woken) == 5


def test_the_flag_of_quality_is_set_by_changes_only() -> None:
    board = Board()
    board.declare("hv.needle.kv", S)
    put(board, 1, kv=1.0)
    flags = []
    for t_ns, kv in ((2, 7.0), (3, None), (4, 7.0), (5, 8.0)):
        board.quality_changed = False
        if kv is None:
            board.fail(["hv.needle.kv"], t_ns, "gone")
        else:
            put(board, t_ns, kv=kv)
        flags.append(board.quality_changed)
    assert flags == [False, True, True, False]


qualities = st.one_of(st.tuples(st.just("good"), st.floats(-50, 50)), st.tuples(st.just("bad"), st.just(0.0)))


@given(
    history=st.lists(st.tuples(st.integers(0, 3), qualities), min_size=1, max_size=12),
    later=st.integers(0, 4),
    allowed=st.integers(0, 3),
)
def test_a_number_comes_out_only_if_the_newest_word_is_good_and_young(
    history: list[tuple[int, tuple[str, float]]], later: int, allowed: int
) -> None:
    board = Board()
    board.declare("hv.needle.kv", allowed)
    t_ns = 0
    for gap, (kind, value) in history:
        t_ns += gap
        if kind == "good":
            put(board, t_ns, kv=value)
        else:
            board.fail(["hv.needle.kv"], t_ns, "bad")
    readings = board.snapshot(t_ns + later)
    kind, value = history[-1][1]
    expected = value if kind == "good" and later <= allowed else None
    assert readings.value("hv.needle.kv") == expected
    good = readings.quality("hv.needle.kv") is Quality.GOOD
    assert good is (expected is not None) is (readings.explain("hv.needle.kv") == "good")


def test_without_a_declared_age_a_reading_does_not_grow_stale() -> None:
    readings = Readings(10**15, {"x": Reading(1.0, 0)}, {})
    assert readings.value("x") == 1.0
