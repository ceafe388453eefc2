"""Where in a record a step stands, and what was read meanwhile: the journal's stretches and the samples within them.

A step is found by its id, what it does, and which of several it is: a spin step and the priming before it share an id.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rig.records.journal import Line
from rig.records.tables import SampleReader

HELD_S = 3.0
"""A reading stands for the time to the next one, but for no longer than this: so old it would be stale."""

Window = tuple[float, float]


@dataclass(slots=True)
class Stretch:
    """One step as it was made: begin and end in seconds since the start, and its lines in the journal.

    occurrence: 1 for the first of this id and kind. end_s, outcome and lasted_s are None for a step that did not end.
    """

    id: str
    do: str
    occurrence: int
    begin_s: float
    end_s: float | None = None
    outcome: str | None = None
    lasted_s: float | None = None
    first: int = 0
    last: int | None = None


def stretches(lines: Sequence[Line]) -> list[Stretch]:
    """The steps of a journal in the order of their starts."""
    found: list[Stretch] = []
    for index, line in enumerate(lines):
        if line["kind"] != "step":
            continue
        data = line["data"]
        name, do = str(data.get("id")), data.get("do")
        if data.get("phase") == "started":
            earlier = sum((one.id, one.do) == (name, str(do)) for one in found)
            found.append(Stretch(name, str(do), earlier + 1, line["t_s"], first=index))
            continue
        for one in reversed(found):
            if one.id == name and one.end_s is None and do in (None, one.do):
                one.end_s, one.last = line["t_s"], index
                one.outcome, one.lasted_s = data.get("outcome"), data.get("duration_s")
                break
    return found


class Course:
    """A run's journal and samples, by step. Keeps the series it has read."""

    def __init__(self, lines: Sequence[Line], reader: SampleReader) -> None:
        self.lines = lines
        self.end_s = lines[-1]["t_s"] if lines else 0.0
        self.steps = stretches(lines)
        self.channels = tuple(channel.name for channel in reader.channels if not channel.is_text)
        self._reader = reader
        self._series: dict[str, tuple[list[float], list[float]]] = {}

    def events(self, step: Stretch, kind: str) -> Iterator[tuple[float, Mapping[str, Any]]]:
        """Events of one kind that speak of this step, while it was made: time and data."""
        end = len(self.lines) if step.last is None else step.last + 1
        for line in self.lines[step.first : end]:
            if line["kind"] == kind and line["data"].get("step") == step.id:
                yield line["t_s"], line["data"]

    def window(self, step: Stretch) -> Window:
        """From its start to its end, or to the end of the record."""
        return step.begin_s, self.end_s if step.end_s is None else step.end_s

    def series(self, channel: str) -> tuple[list[float], list[float]]:
        """All readings of a channel; none where the record has no such channel. Raises RecordError."""
        if channel not in self._series:
            known = channel in self.channels
            self._series[channel] = self._reader.series(channel) if known else ([], [])
        return self._series[channel]

    def within(self, channel: str, window: Window) -> tuple[Sequence[float], Sequence[float]]:
        """Readings of a channel in a window, both ends included."""
        times, values = self.series(channel)
        first, last = bisect_left(times, window[0]), bisect_right(times, window[1])
        return times[first:last], values[first:last]

    def while_clock_ran(self, channel: str, windows: Iterable[Window]) -> list[float]:
        """Readings in several windows."""
        return [value for window in windows for value in self.within(channel, window)[1]]

    def named(self, section: str, ending: str) -> list[str]:
        """Channels such as `hv.needle.voltage_kv` for ("hv", "voltage_kv")."""
        return [
            name
            for name in self.channels
            if name.startswith(section + ".") and name.rpartition(".")[2] == ending
        ]


def clock_windows(course: Course, step: Stretch) -> tuple[list[Window], float]:
    """When the clock of a spin step ran, in seconds since the start, and what it showed at the end."""
    windows: list[Window] = []
    began_s: float | None = None
    elapsed_s = 0.0
    for t_s, data in course.events(step, "clock"):
        elapsed_s = float(data.get("elapsed_s") or 0.0)
        if data.get("running"):
            began_s = t_s
        elif began_s is not None:
            windows.append((began_s, t_s))
            began_s = None
    if began_s is not None:
        # A controller that was lost does not stop the clock in words; the end of the record does.
        end_s = course.window(step)[1]
        windows.append((began_s, end_s))
        elapsed_s += end_s - began_s
    return windows, elapsed_s


def time_where(times: Sequence[float], marks: Sequence[bool], end_s: float) -> float:
    """Seconds for which the marked readings stand; a stretch without readings counts for nothing."""
    total_s = 0.0
    for (at_s, next_s), mark in zip(pairwise((*times, end_s)), marks, strict=True):
        if mark:
            total_s += min(max(0.0, next_s - at_s), HELD_S)
    return total_s


def integral(times: Sequence[float], values: Sequence[float], end_s: float) -> float:
    """Sum of value times seconds, each reading standing until the next."""
    return sum(
        value * min(max(0.0, after - at), HELD_S)
        for (at, after), value in zip(pairwise((*times, end_s)), values, strict=True)
    )


def slope(times: Sequence[float], values: Sequence[float]) -> float | None:
    """Least-squares slope per second; None for fewer than three readings."""
    n = len(times)
    if n < 3:
        return None
    mean_t, mean_v = sum(times) / n, sum(values) / n
    spread = sum((t - mean_t) ** 2 for t in times)
    shared = sum((t - mean_t) * (v - mean_v) for t, v in zip(times, values, strict=True))
    return shared / spread if spread > 0 else None


@dataclass(frozen=True, slots=True)
class StillFlowing:
    """A gas that flowed when the record ended: the instrument, its last reading and when that was."""

    gas: str
    flow_sccm: float
    read_s: float


def still_flowing(course: Course) -> list[StillFlowing]:
    """Gases whose last reading shows flow: more than 1 sccm and a hundredth of the most that flowed."""
    found = []
    for channel in course.named("gas", "flow_sccm"):
        times, values = course.series(channel)
        if values and values[-1] > max(1.0, 0.01 * max(values)):
            found.append(StillFlowing(channel.rpartition(".")[0], values[-1], times[-1]))
    return found
