"""The measures of an alarm system, each number against a journal made for it."""

from __future__ import annotations

from typing import Any

import pytest

from rig.safety.alarms_metrics import Watched, floods, measures, of_journal

DAY = 86400.0


def line(t_s: float, tag: str, trigger: str, to: str, priority: str = "high", **more: Any) -> dict[str, Any]:
    data = {"tag": tag, "to": to, "trigger": trigger, "priority": priority, "by": "system"} | more
    return {"kind": "alarm-state", "t_s": t_s, "data": data}


def came(t_s: float, tag: str, priority: str = "high", lasts_s: float | None = 60.0) -> list[dict[str, Any]]:
    """An alarm that comes and goes."""
    found = [line(t_s, tag, "active", "B", priority)]
    return found if lasts_s is None else [*found, line(t_s + lasts_s, tag, "clear", "D", priority)]


def journal(*alarms: list[dict[str, Any]], end_s: float) -> Watched:
    lines = sorted((one for found in alarms for one in found), key=lambda one: one["t_s"])
    opened = {"kind": "opened", "t_s": 0.0, "data": {}}
    closed = {"kind": "closed", "t_s": end_s, "data": {}}
    return of_journal([opened, *lines, closed], 20_000 * DAY)


def found(*watched: Watched) -> dict[str, tuple[float, bool | None]]:
    return {one.name: (one.value, one.met) for one in measures(watched)}


def test_a_quiet_day() -> None:
    quiet = found(journal(came(100.0, "a"), came(50_000.0, "b", "low"), end_s=DAY))
    assert quiet == {
        "announced alarms": (2, None),
        "a day": (2, True),
        "an hour": (round(2 / 24, 6), True),
        "in 10 min": (round(2 / 144, 6), True),
        "most in 10 min": (1, True),
        "time in flood": (0, True),
        "10-min periods with more than 10": (0, True),
        "hours with more than 30": (0, True),
        "ten most frequent alarms": (100, None),
        "chattering alarms": (0, True),
        "fleeting alarms": (0, True),
        "stale alarms (longer than 24 h)": (0, True),
        "priority highest": (0, None),
        "priority high": (50, None),
        "priority medium": (0, None),
        "priority low": (50, None),
        "hidden without name or reason, or too long": (0, True),
    }


def test_a_bad_day() -> None:
    """36 alarms in the second hour, 40 s apart: a flood; one chatters, one is fleeting; another run: five stale."""
    burst = [came(3600.0 + 40.0 * number, f"a{number % 12}", "medium", 15.0) for number in range(36)]
    chatter = [came(40_000.0 + 20.0 * number, "chatter", "low", 15.0) for number in range(3)]
    fleeting = [came(60_000.0, "fleeting", "highest", 5.0)]
    day = journal(*burst, *chatter, *fleeting, end_s=DAY)
    stale = journal(*(came(100.0, f"s{number}", "low", None) for number in range(5)), end_s=3 * DAY)
    bad = found(day, stale)
    assert bad["announced alarms"] == (45, None)
    assert bad["a day"] == (round(45 / 4, 6), True)
    assert bad["an hour"] == (round(45 / 96, 6), True)
    assert bad["in 10 min"] == (round(45 / 576, 6), True)
    assert bad["most in 10 min"] == (15, False)
    # From the eleventh at 4000 s until that of 4840 s, the fifth from the last, leaves the window.
    assert bad["time in flood"] == (round(100 * (4840 + 600 - 4000) / (4 * DAY), 6), True)
    assert bad["10-min periods with more than 10"] == (round(100 * 2 / 576, 6), True)
    assert bad["hours with more than 30"] == (round(100 / 96, 6), False)
    # Twelve come three times each, chatter three times; the ten most frequent make up 30 of 45.
    assert bad["ten most frequent alarms"] == (round(100 * 30 / 45, 6), None)
    assert bad["chattering alarms"] == (1, False)
    assert bad["fleeting alarms"] == (1, False)
    assert bad["stale alarms (longer than 24 h)"] == (5, False)
    assert [bad[f"priority {name}"][0] for name in ("highest", "high", "medium", "low")] == [
        round(100 * n / 45, 6) for n in (1, 0, 36, 8)
    ]


def test_a_short_run_is_not_multiplied() -> None:
    short = found(journal(came(10.0, "a"), came(20.0, "b"), end_s=300.0))
    assert (short["a day"], short["an hour"], short["in 10 min"]) == ((2, True), (2, True), (2, True))


def test_nothing_watched_is_nothing_found() -> None:
    assert found()["announced alarms"] == (0, None)
    assert found(of_journal([], 0.0))["a day"] == (0, True)


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({"by": "Ada", "reason": "known", "until_s": 10.0 + 8 * 3600.0}, 0),
        ({"by": "Ada", "reason": "known", "until_s": 11.0 + 8 * 3600.0}, 1),
        ({"by": "Ada", "reason": ""}, 1),
        ({"by": "Ada"}, 1),
        ({"by": "", "reason": "known"}, 1),
        ({"reason": "known"}, 1),
    ],
)
def test_what_was_hidden_without_a_word(more: dict[str, Any], count: int) -> None:
    hidden = found(journal([line(10.0, "a", "shelve", "G", **more)], end_s=DAY))
    assert hidden["hidden without name or reason, or too long"] == (count, count == 0)


def test_when_the_flood_flag_was_up() -> None:
    assert floods([float(n) for n in range(10)], DAY) == []
    assert floods([float(n) for n in range(11)], DAY) == [(10.0, 606.0)]
    assert floods([float(n) for n in range(11)], 500.0) == [(10.0, 500.0)]
    # What comes while it is up keeps it up; after a quiet time there is a second one.
    times = [*range(11), 300, 301, 302, 303, 304, *range(5000, 5011)]
    assert floods([float(t) for t in times], DAY) == [(10.0, 900.0), (5010.0, 5606.0)]
