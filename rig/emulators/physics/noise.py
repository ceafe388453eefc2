"""Chance that depends on seed, name and time alone, never on who asked before.

A random generator that is shared, or asked at irregular moments, gives other numbers when somebody else
looks. Here noise is *counter-based*: a number is a hash of a key (from run seed and name) and an index
(usually a time divided by a grid step), so two meters, or none, make no difference. The mixer is the
finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, DOI 10.1145/2714064.2660195); keys come from
BLAKE2b, so they do not vary with PYTHONHASHSEED.
"""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_ROOT3 = 1.7320508075688772


def key_for(seed: int, name: str) -> int:
    """64-bit key of the object `name` in the run with this seed."""
    return int.from_bytes(blake2b(f"{seed}\n{name}".encode(), digest_size=8).digest(), "little")


def mixed(key: int, index: int) -> int:
    """64 well-mixed bits for (key, index)."""
    z = (key + index * _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def uniform(key: int, index: int) -> float:
    """A number in [0, 1) for (key, index)."""
    return (mixed(key, index) >> 11) * 2.0**-53


def normal(key: int, index: int) -> float:
    """A nearly Gaussian number (mean 0, standard deviation 1, never beyond 3.47) for (key, index).

    The sum of four uniform 16-bit fields of one hash: cheap, and its lack of far tails keeps noise inside
    plausible bounds.
    """
    z = mixed(key, index)
    total = (z & 0xFFFF) + ((z >> 16) & 0xFFFF) + ((z >> 32) & 0xFFFF) + (z >> 48)
    return (total - 131070.0) * (_ROOT3 / 65536.0)


class SlowNoise:
    """Noise with a correlation time: normal numbers on a grid of `step_ns`, joined by straight lines;
    deviation about 0.8.
    """

    __slots__ = ("_from", "_index", "_key", "_slope", "_step_ns")

    def __init__(self, key: int, step_ns: int) -> None:
        self._key = key
        self._step_ns = step_ns
        self._index = -1
        self._from = 0.0
        self._slope = 0.0

    def at(self, t_ns: int) -> float:
        """Value at t_ns."""
        step = self._step_ns
        index, rest = divmod(t_ns, step)
        if index != self._index:
            self._index = index
            self._from = normal(self._key, index)
            self._slope = (normal(self._key, index + 1) - self._from) / step
        return self._from + self._slope * rest


class StepNoise:
    """Noise that holds a value for `step_ns` and then jumps to another; deviation 1."""

    __slots__ = ("_index", "_key", "_step_ns", "_value")

    def __init__(self, key: int, step_ns: int) -> None:
        self._key = key
        self._step_ns = step_ns
        self._index = -1
        self._value = 0.0

    def at(self, t_ns: int) -> float:
        """Value at t_ns."""
        index = t_ns // self._step_ns
        if index != self._index:
            self._index = index
            self._value = normal(self._key, index)
        return self._value
