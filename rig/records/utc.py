"""Times of a run: integer nanoseconds since its start on one side, UTC text and seconds on the other.

Nothing here asks for the time. In simulation the origin is `SIMULATED_ORIGIN`; on a real rig the caller
gives the true one, read once from its clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rig.records.errors import RecordError

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

SIMULATED_ORIGIN = "2000-01-01T00:00:00.000Z"
"""UTC at t = 0 of every simulated run."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(t_ns: int) -> float:
    """Seconds since the run's start, rounded to the nanosecond it came from."""
    return round(t_ns / NS_PER_S, 9)


def parse_utc(text: str) -> int:
    """Milliseconds since 1970 of an ISO-8601 text in UTC ("2026-11-20T14:32:05Z", fractions allowed).

    Raises RecordError when the text is no such time or does not end in Z.
    """
    try:
        if not text.endswith("Z"):
            raise ValueError
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RecordError(
            f'"{text}" is no UTC time; write it as "2026-11-20T14:32:05.000Z", with the Z at the end'
        ) from None
    return (moment - _EPOCH) // timedelta(milliseconds=1)


class UtcFormatter:
    """UTC text of a moment in the run, "2000-01-01T00:00:01.500Z": cut to the millisecond, never rounded up.

    The text of the last second is kept, because ten scans fall into each.
    """

    __slots__ = ("_origin_ms", "_second", "_text")

    def __init__(self, origin: str) -> None:
        self._origin_ms = parse_utc(origin)
        self._second: int | None = None
        self._text = ""

    def __call__(self, t_ns: int) -> str:
        second, milli = divmod(self._origin_ms + t_ns // NS_PER_MS, 1000)
        if second != self._second:
            self._text = (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.")
            self._second = second
        return f"{self._text}{milli:03d}Z"
