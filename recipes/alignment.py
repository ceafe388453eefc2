"""Which element of an old list is which of a new one: by name, by place among the others, or by being the same."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def labels(names: Sequence[str]) -> list[Hashable]:
    """Names made unique: the second "a" is ("a", 1)."""
    seen: dict[str, int] = {}
    found: list[Hashable] = []
    for name in names:
        found.append((name, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    return found


def matched(
    old: Sequence[T], new: Sequence[T], name: Callable[[T], str]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Elements of the same name as pairs of indices in the order of `new`; indices of those only in `old`, of
    those only in `new`.
    """
    before = {label: index for index, label in enumerate(labels([name(item) for item in old]))}
    after = {label: index for index, label in enumerate(labels([name(item) for item in new]))}
    pairs = [(before[label], index) for label, index in after.items() if label in before]
    gone = [index for label, index in before.items() if label not in after]
    come = [index for label, index in after.items() if label not in before]
    return pairs, gone, come


def moved(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """New indices of the fewest pairs that must have been taken out and put elsewhere; `pairs` are in the order
    of the new list.
    """
    ends: list[int] = []  # the smallest last old index of a rising chain of each length
    chain: list[int] = []
    for old, _ in pairs:
        length = bisect_left(ends, old)
        ends[length : length + 1] = [old]
        chain.append(length)
    wanted, stays = len(ends) - 1, set()
    limit = max((old for old, _ in pairs), default=0) + 1
    for (old, new), length in zip(reversed(pairs), reversed(chain), strict=True):
        if length == wanted and old < limit:
            stays.add(new)
            wanted, limit = wanted - 1, old
    return [new for _, new in pairs if new not in stays]


def renamed(
    old: Sequence[T],
    new: Sequence[T],
    gone: Sequence[int],
    come: Sequence[int],
    alike: Callable[[T, T], bool],
) -> list[tuple[int, int]]:
    """Pairs of a vanished and a new element that are alike, where no other is: only those are certain."""
    found = []
    for before in gone:
        candidates = [after for after in come if alike(old[before], new[after])]
        if len(candidates) == 1:
            rivals = [other for other in gone if alike(old[other], new[candidates[0]])]
            if len(rivals) == 1:
                found.append((before, candidates[0]))
    return found
