"""How long contacts of one kind were bad in the last seconds, by what the contacts themselves did."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from rig.proving.invariants.senses import Senses

KEPT_NS: Final = 60 * 1_000_000_000
"""Nobody asks about what was longer ago."""


class Fluttering:
    """Counts the time in which any contact whose name begins so was not on its healthy side."""

    def __init__(self, senses: Senses, prefix: str, healthy_closed: Mapping[str, bool]) -> None:
        self._senses = senses
        self._healthy = healthy_closed
        self._bad = {
            name
            for name, switch in senses.contacts.items()
            if name.startswith(prefix) and switch.on != healthy_closed.get(name, True)
        }
        self._prefix = prefix
        self._since_ns = senses.now_ns
        """Since when at least one is bad, while one is."""
        self._spells: deque[tuple[int, int]] = deque()
        senses.on_contact.append(self._moved)

    def bad_ns(self, since_ns: int) -> int:
        """For how long at least one of them has been bad since then, at most `KEPT_NS` ago."""
        bad_ns = sum(until - max(begin, since_ns) for begin, until in self._spells if until > since_ns)
        return bad_ns + (self._senses.now_ns - max(self._since_ns, since_ns) if self._bad else 0)

    def _moved(self, name: str, now_ns: int, closed: bool) -> None:
        if not name.startswith(self._prefix):
            return
        were_bad = bool(self._bad)
        (self._bad.discard if closed == self._healthy.get(name, True) else self._bad.add)(name)
        if were_bad and not self._bad:
            self._spells.append((self._since_ns, now_ns))
        elif self._bad and not were_bad:
            self._since_ns = now_ns
        while self._spells and self._spells[0][1] < now_ns - KEPT_NS:
            self._spells.popleft()
