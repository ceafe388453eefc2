"""What a bad line, or a mad instrument, makes of a reply; every kind is a function of plain numbers, so that any
example can be written down, repeated and made smaller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st


class Damage(NamedTuple):
    """One reply's fate. kind: see `KINDS`; a and b choose places, times and neighbours; data: bytes for "noise"."""

    kind: str
    a: int = 0
    b: int = 0
    data: bytes = b""


SOUND = Damage("sound")

Forge = Callable[[bytes, int], bytes]
"""A reply of the right form and checksum, with the n-th of the values that no such instrument has."""


def flip(reply: bytes, bit: int) -> bytes:
    """One bit the other way."""
    place = bit // 8 % len(reply)
    return reply[:place] + bytes((reply[place] ^ 1 << bit % 8,)) + reply[place + 1 :]


def drop(reply: bytes, place: int) -> bytes:
    """One byte lost."""
    place %= len(reply)
    return reply[:place] + reply[place + 1 :]


def double(reply: bytes, place: int) -> bytes:
    """One byte twice."""
    place %= len(reply)
    return reply[: place + 1] + reply[place:]


def swap(reply: bytes, place: int) -> bytes:
    """A byte and the next one exchanged."""
    place %= max(1, len(reply) - 1)
    return reply[:place] + reply[place : place + 2][::-1] + reply[place + 2 :]


def truncate(reply: bytes, place: int) -> bytes:
    """Cut short, to nothing at the least."""
    return reply[: place % len(reply)]


LATE_S = (0.05, 0.15, 0.25, 0.45, 0.9, 1.1, 1.5)
"""How much later; 1.5 s is beyond the deadline of every line."""


def suffer(
    reply: bytes, damage: Damage, request: bytes, others: Sequence[bytes], forge: Forge
) -> tuple[bytes, float]:
    """What arrives instead of the reply, and how many seconds later than it would have."""
    kind, a, b, data = damage
    if kind == "sound" or not reply:
        return reply, 0.0
    other = others[a % len(others)]
    match kind:
        case "noise":
            return data, 0.0
        case "silent":
            return b"", 0.0
        case "late":
            return reply, LATE_S[a % len(LATE_S)]
        case "flip":
            return flip(reply, a), 0.0
        case "flips":
            return flip(flip(reply, a), b), 0.0
        case "drop":
            return drop(reply, a), 0.0
        case "double":
            return double(reply, a), 0.0
        case "swap":
            return swap(reply, a), 0.0
        case "truncate":
            return truncate(reply, a), 0.0
        case "twice":
            return reply + reply, 0.0
        case "glued":
            return (reply + other if b % 2 else other + reply), 0.0
        case "half glued":
            return truncate(other, b) + reply, 0.0
        case "echo":
            return (request + reply if b % 2 else request), 0.0
        case "other":
            return other, 0.0
        case "forged":
            return forge(reply, a), 0.0
    raise ValueError(kind)


KINDS = (
    "flip", "flips", "drop", "double", "swap", "truncate", "twice", "glued", "half glued", "echo", "other", "forged",
    "late", "silent",
)  # fmt: skip


class Example(NamedTuple):
    """One example: whether the output is on at first, the calls (number of the call and of the poll) and the fate of
    the replies that follow; those after them are sound."""

    on: bool
    calls: tuple[tuple[int, int], ...]
    plan: tuple[Damage, ...]


def _example(drawn: bytes) -> Example:
    """Drawn as bytes, which is ten times as fast as piece by piece: two for the head, three for the calls, five for
    each damage."""
    head, _ = drawn[:2]
    calls = tuple((byte % 16, byte // 16) for byte in drawn[2 : 3 + head // 2 % 3])
    plan = []
    for at in range(5, len(drawn) - 4, 5):
        a, b = int.from_bytes(drawn[at + 1 : at + 3], "big"), int.from_bytes(drawn[at + 3 : at + 5], "big")
        place = drawn[at] % (len(KINDS) + 1)
        if place < len(KINDS):
            plan.append(Damage(KINDS[place], a, b))
        else:
            plan.append(Damage("noise", 0, 0, (drawn[at:] + drawn)[: a % 41]))
    return Example(head % 2 == 1, calls, tuple(plan))


EXAMPLES = st.binary(min_size=10, max_size=30).map(_example)
"""One to five damages in a row, one to three calls."""
