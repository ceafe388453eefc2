"""How good an alarm system is, from what its journals say: the measures of ISA-18.2 (IEC 62682) and EEMUA 191.

They speak of *announced* alarms, so each return to "active, not acknowledged" counts. Rates are of the time that was
watched, taken as at least one whole day, hour or ten minutes: two alarms in a run of five minutes are not 576 a day.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rig.safety.alarms_list import FLOOD_ENDS_BELOW, FLOOD_STARTS, LONGEST_SHELF_S
from rig.safety.priorities import Priority

KIND: Final = "alarm-state"
DAY_S: Final = 86400.0
WINDOW_S: Final = 600.0
CHATTER: Final = (3, 60.0)
"""So many announcements of one alarm within so many seconds are chatter."""
FLEETING_S: Final = 10.0
"""An alarm that has gone after so few seconds left nobody time to do anything."""
MOST_AN_HOUR: Final = 30


@dataclass(frozen=True, slots=True)
class Step:
    """One change of state of one alarm, at a time in seconds that is the same for all runs that are looked at."""

    t_s: float
    tag: str
    after: str
    trigger: str
    priority: str
    by: str
    reason: str | None = None
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A stretch of time in which alarms were watched (a run), and what they did."""

    start_s: float
    end_s: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One row: what was found, what is aimed at, and whether it is met (None: it is told, not judged)."""

    name: str
    value: float
    unit: str
    target: str
    met: bool | None
    source: str


def of_journal(lines: Sequence[Mapping[str, Any]], start_s: float) -> Watched:
    """What one journal says. start_s: when its run began, for the caller knows how to read a date."""
    steps = tuple(_step(line, start_s) for line in lines if line["kind"] == KIND)
    return Watched(start_s, start_s + (float(lines[-1]["t_s"]) if lines else 0.0), steps)


def _step(line: Mapping[str, Any], start_s: float) -> Step:
    data = line["data"]
    tag, after, trigger, priority, by = (
        str(data.get(key, "")) for key in ("tag", "to", "trigger", "priority", "by")
    )
    until_s = None if data.get("until_s") is None else start_s + float(data["until_s"])
    return Step(start_s + float(line["t_s"]), tag, after, trigger, priority, by, data.get("reason"), until_s)


def measures(watched: Iterable[Watched]) -> list[Measure]:
    """Every row, in the order of the standard's table."""
    runs = list(watched)
    steps = [step for run in runs for step in run.steps]
    announced = [step for step in steps if step.after == "B"]
    count, total_s = len(announced), sum(run.end_s - run.start_s for run in runs)
    tens = [n for run in runs for n in _binned(run, WINDOW_S)]
    hours = [n for run in runs for n in _binned(run, 3600.0)]
    flood_s = sum(end - start for run in runs for start, end in floods(_times(run), run.end_s))
    top = sum(n for _, n in Counter(step.tag for step in announced).most_common(10))
    ansi, eemua, vendor = "ISA-18.2", "EEMUA 191", "vendors' guides to ISA-18.2"

    def rate(unit_s: float) -> float:
        return count / max(total_s / unit_s, 1.0)

    def share(part: float, whole: float) -> float:
        return 100.0 * part / whole if whole else 0.0

    def row(name: str, value: float, unit: str, target: str, met: bool | None, source: str) -> Measure:
        return Measure(name, round(value, 6), unit, target, met, source)

    crowded = share(sum(n >= FLOOD_STARTS for n in tens), len(tens))
    busy = share(sum(n > MOST_AN_HOUR for n in hours), len(hours))
    rows = [
        row("announced alarms", count, "", "told", None, ansi),
        row("a day", rate(DAY_S), "", "about 150, at most 300", rate(DAY_S) <= 300, ansi),
        row("an hour", rate(3600), "", "about 6, at most 12", rate(3600) <= 12, ansi),
        row("in 10 min", rate(600), "", "about 1, at most 2", rate(600) <= 2, ansi),
        row("most in 10 min", max(tens, default=0), "", "at most 10", max(tens, default=0) <= 10, ansi),
        row("time in flood", share(flood_s, total_s), "%", "below 1 %", share(flood_s, total_s) < 1, vendor),
        row("10-min periods with more than 10", crowded, "%", "below 1 %", crowded < 1, ansi),
        row("hours with more than 30", busy, "%", "below 1 %", busy < 1, ansi),
        row("ten most frequent alarms", share(top, count), "%", "below 5 %", None, ansi),
        row("chattering alarms", chattering(announced), "", "0", chattering(announced) == 0, ansi),
        row("fleeting alarms", fleeting(steps), "", "0", fleeting(steps) == 0, eemua),
        row("stale alarms (longer than 24 h)", stale(runs), "", "below 5 a day", stale(runs) < 5, ansi),
    ]
    for priority, wanted in zip(
        reversed(Priority), ("below 1", "about 5", "about 15", "about 80"), strict=True
    ):
        part = share(sum(step.priority == priority for step in announced), count)
        rows.append(row(f"priority {priority}", part, "%", f"{wanted} %", None, vendor))
    hidden = unauthorised(steps)
    return [*rows, row("hidden without name or reason, or too long", hidden, "", "0", hidden == 0, ansi)]


def floods(times_s: Sequence[float], end_s: float) -> list[tuple[float, float]]:
    """When the flood flag was up: from the eleventh alarm in ten minutes until fewer than five are in them."""
    found: list[tuple[float, float]] = []
    recent: deque[float] = deque()
    since: float | None = None
    for t_s in [*times_s, float("inf")]:
        if since is not None:
            over_s = recent[-FLOOD_ENDS_BELOW] + WINDOW_S
            if over_s <= t_s:
                found.append((since, min(over_s, end_s)))
                since = None
        recent.append(t_s)
        while recent and t_s - recent[0] >= WINDOW_S:
            recent.popleft()
        if since is None and len(recent) >= FLOOD_STARTS:
            since = t_s
    return found


def chattering(announced: Sequence[Step]) -> int:
    """How many alarms were announced three times within a minute."""
    many, window_s = CHATTER
    times: dict[str, list[float]] = {}
    for step in announced:
        times.setdefault(step.tag, []).append(step.t_s)
    return sum(
        any(later - first <= window_s for first, later in zip(found, found[many - 1 :], strict=False))
        for found in times.values()
    )


def fleeting(steps: Sequence[Step]) -> int:
    """How many alarms came and went within ten seconds."""
    return sum(end - start <= FLEETING_S for _, start, end in _spans(steps) if end < float("inf"))


def stale(runs: Sequence[Watched]) -> int:
    """Of all days that with the most alarms that had been active for more than 24 h: how many."""
    on_day: Counter[int] = Counter()
    for run in runs:
        for _, start, end in _spans(run.steps):
            last_s = min(end, run.end_s)
            if last_s - start > DAY_S:
                on_day.update(range(int((start + DAY_S) // DAY_S), int(last_s // DAY_S) + 1))
    return max(on_day.values(), default=0)


def unauthorised(steps: Iterable[Step]) -> int:
    """How often an alarm was shelved or taken out of service without name and reason, or for longer than 8 h."""
    return sum(
        step.trigger in ("shelve", "out-of-service")
        and (
            not step.by
            or step.by == "system"
            or not step.reason
            or (step.until_s is not None and step.until_s - step.t_s > LONGEST_SHELF_S + 1e-6)
        )
        for step in steps
    )


def _times(run: Watched) -> list[float]:
    return sorted(step.t_s for step in run.steps if step.after == "B")


def _binned(run: Watched, width_s: float) -> list[int]:
    """Announced alarms in each stretch of this width since the run began; the last may be shorter."""
    bins = max(1, -int(-(run.end_s - run.start_s) // width_s))
    found = [0] * bins
    for t_s in _times(run):
        found[min(int((t_s - run.start_s) // width_s), bins - 1)] += 1
    return found


def _spans(steps: Iterable[Step]) -> list[tuple[str, float, float]]:
    """Tag, beginning and end of each stretch in which an alarm's cause was there; one that lasts ends at infinity."""
    open_now: dict[str, float] = {}
    found = []
    for step in steps:
        if step.trigger == "active":
            open_now[step.tag] = step.t_s
        elif step.trigger in ("clear", "reset") and step.tag in open_now:
            found.append((step.tag, open_now.pop(step.tag), step.t_s))
    return found + [(tag, start, float("inf")) for tag, start in open_now.items()]
