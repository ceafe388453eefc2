"""Where lines put what instruments said, and from where a scan takes all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rig.readings import Reading, Readings

_make = tuple.__new__
"""What Reading(...) comes down to, at a third of its time: millions are made in a run."""


class Board:
    """The newest reading of every channel. Lines deliver from their own threads; the scan takes a snapshot.

    on_change is called (in the line's thread) when one of the `watched` channels changes its value or stops being good:
    a changed safety input wakes a scan at once. quality_changed says that a channel has become good or bad since the
    scan last put it to False; a channel that only grows old does not set it.
    """

    def __init__(self, on_change: Callable[[str], None] | None = None) -> None:
        self._newest: dict[str, Reading] = {}
        self._stale_after_ns: dict[str, int] = {}
        self._watched: set[str] = set()
        self.on_change = on_change
        self.quality_changed = True

    def declare(self, channel: str, stale_after_ns: int, watched: bool = False) -> None:
        """Make a channel known, with the age at which its reading stops being good."""
        self._stale_after_ns[channel] = stale_after_ns
        if watched:
            self._watched.add(channel)

    def set_stale_after(self, channel: str, stale_after_ns: int) -> None:
        """A slower or faster poll changes how old a reading may be."""
        self._stale_after_ns[channel] = stale_after_ns

    def deliver(
        self, names: Mapping[str, str], values: Mapping[str, float | None], t_ns: int, *, no_value: str
    ) -> None:
        """Values by short name; `names` maps short to full. None becomes a bad reading with the reason `no_value`."""
        changed = None
        newest, watched = self._newest, self._watched
        for short, value in values.items():
            channel = names[short]
            why = no_value if value is None else None
            before = newest.get(channel)
            if before is None or before.why != why:
                self.quality_changed = True
            if channel in watched and (before is None or before.value != value):
                changed = channel
            newest[channel] = _make(Reading, (value, t_ns, why))
        if changed is not None and self.on_change is not None:
            self.on_change(changed)

    def fail(self, channels: Iterable[str], t_ns: int, why: str) -> None:
        """An attempt to read these channels failed."""
        changed = None
        for channel in channels:
            if channel in self._watched:
                before = self._newest.get(channel)
                if before is None or before.value is not None:
                    changed = channel
            self._newest[channel] = Reading(None, t_ns, why)
            self.quality_changed = True
        if changed is not None and self.on_change is not None:
            self.on_change(changed)

    def snapshot(self, now_ns: int) -> Readings:
        """Everything as of now, immutable."""
        return Readings(now_ns, dict(self._newest), self._stale_after_ns)
