"""One damage at a time: every bit, every byte, every other reply, at each reply of each poll, counted by what became of
it. The table of docs/fuzz.md is made of this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.instruments.fuzz.benches import BENCHES, Bench
from tests.instruments.fuzz.campaign import Verdict, judge, perform, watch
from tests.instruments.fuzz.damage import SOUND, Damage, suffer

MOST = 400
"""Of a very long reply not every place is tried, but so many."""
FORGED = 64

GROUPS = {
    "one bit": ("flip",),
    "one byte lost, doubled, exchanged": ("drop", "double", "swap"),
    "cut short": ("truncate",),
    "doubled, glued, echoed": ("twice", "glued", "half glued", "echo"),
    "another sound reply": ("other",),
    "impossible value": ("forged",),
}
FORGED_GROUP = "impossible value"
"""The kinds of damage as the table groups them."""


class Unseen(NamedTuple):
    """A damaged reply that was taken: poll, group of damage, what was sent and what arrived."""

    poll: str
    group: str
    sent: bytes
    arrived: bytes


class Count(NamedTuple):
    """Of one driver: the longest reply of a poll in bytes; tried and unseen by group; the unseen themselves."""

    name: str
    bytes: int
    tried: dict[str, int]
    unseen: dict[str, int]
    cases: list[Unseen]


def damages(reply: bytes, others: int) -> Iterator[tuple[str, Damage]]:
    """All single damages of one reply, by group."""
    size = len(reply)
    for group, kinds in GROUPS.items():
        for kind in kinds:
            count = {
                "flip": 8 * size, "twice": 1, "echo": 2, "glued": 2 * others, "half glued": 4 * others, "other": others,
                "forged": FORGED,
            }.get(kind, size)  # fmt: skip
            stride = 1 if kind == "forged" else max(1, count // MOST)
            for number in range(0, count, stride):
                a, b = (number // 2, number) if kind == "glued" else (number, number)
                if kind == "half glued":
                    a, b = number // 4, 1 + number % 4
                yield group, Damage(kind, a, b)


def count(make: Callable[[], Bench]) -> Count:
    """Try them all on one driver, its output on where it has one."""
    found = Count(make().name, 0, dict.fromkeys(GROUPS, 0), dict.fromkeys(GROUPS, 0), [])
    longest = 0
    for poll in make().driver.polls:
        sound = make()
        sound.ready(True)
        first = len(sound.port.exchanges)
        sound.port.call += 1
        sound.driver.read(poll.name)
        replied = [exchange for exchange in sound.port.exchanges[first:] if exchange.sound]
        for place, exchange in enumerate(replied):
            longest = max(longest, len(exchange.sound))
            for group, damage in damages(exchange.sound, len(sound.others)):
                arrived, _ = suffer(exchange.sound, damage, exchange.request, sound.others, sound.forge)
                if arrived == exchange.sound or (
                    group == FORGED_GROUP and _possible(sound, exchange.request, arrived)
                ):
                    continue
                found.tried[group] += 1
                if _one(make, poll.name, [SOUND] * place + [damage]) is Verdict.UNSEEN:
                    found.unseen[group] += 1
                    found.cases.append(Unseen(poll.name, group, exchange.sound, arrived))
    return found._replace(bytes=longest)


def _possible(bench: Bench, request: bytes, reply: bytes) -> bool:
    """Whether the sheet finds nothing wrong with it: a word of eight flags may read as it likes."""
    return any(None not in values.values() for _, _, values in bench.decode(request, reply))


def _one(make: Callable[[], Bench], poll: str, plan: list[Damage]) -> Verdict:
    bench = make()
    bench.ready(True)
    since = len(bench.port.exchanges)
    bench.port.plan.extend(plan)
    values = perform(bench, "poll", poll)
    watch(bench, since)
    return Verdict.REFUSED if values is None else judge(bench, values)


def counts() -> list[Count]:
    """Of every driver."""
    return [count(make) for make in BENCHES]
