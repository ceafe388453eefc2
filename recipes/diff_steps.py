"""What has changed in a step that both recipes have."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .alignment import matched, moved, renamed
from .changes import Change, Spot, compare, compare_fields, describe
from .model import as_data
from .paths import element_paths
from .steps import (
    Accepted,
    AnyStep,
    HeatStep,
    PrimeStep,
    PrimeStream,
    PromptStep,
    PurgeStep,
    Segment,
    SpinStep,
    Stream,
)

_OTHERWISE = ("id", "assumed", "accept", "streams", "segments", "oxygen", "volumes", "record")
_DEFAULTS = ("voltage", "distance", "needle")


def step_changes(spot: Spot, old: AnyStep, new: AnyStep) -> Iterator[Change]:
    """All changes of one step, in the order in which its keys are written."""
    if old.do != new.do:
        words = f"{spot.words}now a {new.do} step (was {old.do})"
        yield Change("changed", f"{spot.path}.do", words, old.do, new.do)
        return
    if isinstance(old, SpinStep) and isinstance(new, SpinStep):
        yield from _spin(spot, old, new)
    else:
        yield from compare_fields(spot, old, new, _OTHERWISE)
    if isinstance(old, PrimeStep) and isinstance(new, PrimeStep):
        yield from _prime_streams(spot, old.streams, new.streams)
    elif isinstance(old, PurgeStep) and isinstance(new, PurgeStep):
        yield from _until(spot, old, new)
    elif isinstance(old, HeatStep) and isinstance(new, HeatStep):
        yield from _segments(spot, old.segments, new.segments)
    elif isinstance(old, PromptStep) and isinstance(new, PromptStep):
        for name in dict.fromkeys([*new.record, *old.record]):
            at = Spot(f"{spot.path}.record", f"{spot.words}record ")
            yield from compare(at, name, old.record.get(name), new.record.get(name))
    yield from assumed_changes(spot, old, new)
    yield from accept_changes(spot, old.accept, new.accept)


def _until(spot: Spot, old: PurgeStep, new: PurgeStep) -> Iterator[Change]:
    if old.oxygen is not None and new.oxygen is not None:
        yield from compare(spot, "until", old.oxygen, new.oxygen)
    elif _end(old) != _end(new):
        yield spot.change("until", _end(old), _end(new))


def _end(step: PurgeStep) -> str:
    return f"{describe(step.volumes)} tube volumes" if step.oxygen is None else step.oxygen.text()


# --- what every step or solution has ---


def assumed_changes(spot: Spot, old: Any, new: Any) -> Iterator[Change]:
    """What the source has turned out to say, or not to say. A key that came or went says so itself."""
    path = f"{spot.path}.assumed"
    before, after = ", ".join(old.assumed), ", ".join(new.assumed)
    was, now = set(old.assumed), set(new.assumed)
    for name in sorted(now - was):
        if name == "*":
            yield Change("changed", path, f"{spot.words}everything now assumed", before, after)
        elif "*" not in was:
            yield Change("changed", path, f"{spot.words}{name.replace('_', ' ')} now assumed", before, after)
    for name in sorted(was - now):
        if name == "*":
            rest = f"only {', '.join(sorted(now))}" if now else "nothing"
            words = f"{spot.words}no longer everything assumed, {rest}"
            yield Change("changed", path, words, before, after)
        elif "*" not in now and _has(new, name):
            words = f"{spot.words}{name.replace('_', ' ')} no longer assumed"
            yield Change("changed", path, words, before, after)


def _has(holder: Any, key: str) -> bool:
    return getattr(holder, key, "") is not None


def accept_changes(spot: Spot, old: Sequence[Accepted], new: Sequence[Accepted]) -> Iterator[Change]:
    """Rules of the linter that are silenced now, or no longer."""
    path = f"{spot.path}.accept" if spot.path else "accept"
    pairs, gone, come = matched(old, new, lambda item: item.code)
    for index in come:
        words = f'{spot.words}accepts {new[index].code}: "{new[index].reason}"'
        yield Change("added", f"{path}[{index}]", words, None, new[index].code)
    for index in gone:
        words = f"{spot.words}no longer accepts {old[index].code}"
        yield Change("removed", f"{path}[{index}]", words, old[index].code, None)
    for before, after in pairs:
        at = Spot(f"{path}[{after}]", f"{spot.words}accepts {new[after].code}: ")
        yield from compare(at, "reason", old[before].reason, new[after].reason)


# --- spin and prime ---


def _spin(spot: Spot, old: SpinStep, new: SpinStep) -> Iterator[Change]:
    old, renames = _streams_renamed(spot, old, new)
    pairs, gone, come = matched(old.streams, new.streams, lambda stream: stream.id)
    told: set[str] = set()
    for field in dataclasses.fields(new):
        if field.name in _DEFAULTS:
            both = [(old.streams[before], new.streams[after]) for before, after in pairs]
            changes = list(_default(spot, field.name, old, new, both))
            told.update([field.name] if changes else [])
            yield from changes
        elif field.name not in _OTHERWISE:
            name = field.name
            yield from compare(spot, name, getattr(old, name), getattr(new, name))
    yield from renames
    paths = element_paths(f"{spot.path}.streams", [stream.id for stream in new.streams])
    for index in come:
        stream = new.streams[index]
        words = f"{spot.words}stream {stream.id} added: {_said(stream)}"
        yield Change("added", paths[index], words, None, _said(stream))
    for index in gone:
        stream = old.streams[index]
        words = f"{spot.words}stream {stream.id} removed"
        yield Change("removed", f"{spot.path}.streams.{stream.id}", words, _said(stream), None)
    for index in moved(pairs):
        yield Change("moved", paths[index], f"{spot.words}stream {new.streams[index].id} moved", None, None)
    for before, after in pairs:
        was, now = old.streams[before], new.streams[after]
        at = Spot(paths[after], f"{spot.words}stream {now.id}: ")
        covered = [name for name in _DEFAULTS if _follows(name, old, new, was, now) and name in told]
        yield from compare_fields(at, was, now, ("id", *covered))


def _said(stream: Stream) -> str:
    return f"{stream.mode} {stream.solution} at {stream.rate.text()}"


def _follows(name: str, old: SpinStep, new: SpinStep, was: Stream, now: Stream) -> bool:
    """Whether a stream's change is that of its step."""
    return bool(
        as_data(getattr(was, name)) == as_data(getattr(old, name))
        and as_data(getattr(now, name)) == as_data(getattr(new, name))
    )


def _default(
    spot: Spot, name: str, old: SpinStep, new: SpinStep, both: Sequence[tuple[Stream, Stream]]
) -> Iterator[Change]:
    """The change of what a step gives its streams: told once when all that had it follow. Where the streams go
    different ways, each says so itself.
    """
    before, after = getattr(old, name), getattr(new, name)
    if as_data(before) == as_data(after):
        return
    had = [pair for pair in both if as_data(getattr(pair[0], name)) == as_data(before)]
    follow = [pair for pair in had if _follows(name, old, new, *pair)]
    if len(follow) == len(had):
        yield from compare(spot, name, before, after)
    elif all(as_data(getattr(was, name)) == as_data(getattr(now, name)) for was, now in both):
        at = Spot(spot.path, f"{spot.words}streams' default: ")
        yield from compare(at, name, before, after)


def _streams_renamed(spot: Spot, old: SpinStep, new: SpinStep) -> tuple[SpinStep, list[Change]]:
    """The old step with the ids of the new one where a stream has only been renamed."""
    _, gone, come = matched(old.streams, new.streams, lambda stream: stream.id)
    pairs = renamed(
        old.streams, new.streams, gone, come, lambda one, other: replace(one, id=other.id) == other
    )
    names = {old.streams[before].id: new.streams[after].id for before, after in pairs}
    changes = [
        Change(
            "renamed", f"{spot.path}.streams.{now}.id", f"{spot.words}stream {was} renamed {now}", was, now
        )
        for was, now in names.items()
    ]
    streams = tuple(
        replace(
            stream,
            id=names.get(stream.id, stream.id),
            shell_of=None if stream.shell_of is None else names.get(stream.shell_of, stream.shell_of),
        )
        for stream in old.streams
    )
    return replace(old, streams=streams) if names else old, changes


def _prime_streams(spot: Spot, old: Sequence[PrimeStream], new: Sequence[PrimeStream]) -> Iterator[Change]:
    pairs, gone, come = matched(old, new, lambda stream: stream.id)
    for index in come:
        words = f"{spot.words}stream {new[index].id} added: {new[index].solution}"
        yield Change("added", f"{spot.path}.streams[{index}]", words, None, new[index].solution)
    for index in gone:
        words = f"{spot.words}stream {old[index].id} removed"
        yield Change("removed", f"{spot.path}.streams[{index}]", words, old[index].solution, None)
    for before, after in pairs:
        at = Spot(f"{spot.path}.streams[{after}]", f"{spot.words}stream {new[after].id}: ")
        yield from compare(at, "solution", old[before].solution, new[after].solution)
    for index in moved(pairs):
        words = f"{spot.words}stream {new[index].id} moved"
        yield Change("moved", f"{spot.path}.streams[{index}]", words, None, None)


# --- furnace ---


def _segments(spot: Spot, old: Sequence[Segment], new: Sequence[Segment]) -> Iterator[Change]:
    """Segments have no names: those at both ends that are the same are the same ones, the rest go by number."""
    shorter = min(len(old), len(new))
    head = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    tail = next(
        (index for index in range(shorter - head) if old[-1 - index] != new[-1 - index]), shorter - head
    )
    if len(old) == len(new):
        head = tail = 0
    common = min(len(old), len(new)) - tail
    single = len(old) == len(new) == 1
    changes = []
    for index in range(common):
        at = spot if single else _segment(spot, index)
        changes.append(list(compare_fields(at, old[index], new[index])))
    for index in range(tail):
        was, now = len(old) - tail + index, len(new) - tail + index
        changes.append(list(compare_fields(_segment(spot, now), old[was], new[now])))
    yield from _shared(spot, changes)
    for index in range(common, len(new) - tail):
        at = _segment(spot, index)
        words = f"{at.words.removesuffix(': ')} added: {describe(new[index])}"
        yield Change("added", at.path, words, None, describe(new[index]))
    for index in range(common, len(old) - tail):
        at = _segment(spot, index)
        words = f"{at.words.removesuffix(': ')} removed (was {describe(old[index])})"
        yield Change("removed", at.path, words, describe(old[index]), None)


def _segment(spot: Spot, index: int) -> Spot:
    return Spot(f"{spot.path}.segments[{index}]", f"{spot.words}segment {index + 1}: ")


def _shared(spot: Spot, changes: Sequence[Sequence[Change]]) -> Iterator[Change]:
    """A change that all segments make is the step's: said once."""

    def essence(change: Change) -> tuple[str, ...]:
        key = change.path.rpartition(".")[2]
        return change.kind, key, str(change.before), str(change.after)

    common = [
        essence(change)
        for change in (changes[0] if len(changes) > 1 else [])
        if all(any(essence(other) == essence(change) for other in more) for more in changes[1:])
    ]
    for change in changes[0] if changes else []:
        if essence(change) in common:
            key = change.path.rpartition(".")[2]
            words = spot.words + change.words.removeprefix(_segment(spot, 0).words)
            yield replace(change, path=f"{spot.path}.{key}", words=words)
    for more in changes:
        yield from (change for change in more if essence(change) not in common)
