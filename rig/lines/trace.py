"""The trace of a line: every byte sent and received, with its time, for `--trace` and for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def readable(data: bytes) -> str:
    """Bytes as text a person can hold against a manual: printable ASCII as it is, the rest as \\xNN."""
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}" for byte in data)


class Trace:
    """Hands each direction of each exchange to a sink as one dict (a line of wire.jsonl)."""

    def __init__(self, line: str, sink: Callable[[dict[str, Any]], None]) -> None:
        self._line = line
        self._sink = sink

    def sent(self, t_ns: int, data: bytes) -> None:
        """Bytes that begin to leave at t_ns."""
        self._sink(self._entry(t_ns, "sent", data))

    def received(self, t_ns: int, data: bytes) -> None:
        """Bytes whose last had arrived at t_ns."""
        self._sink(self._entry(t_ns, "received", data))

    def _entry(self, t_ns: int, direction: str, data: bytes) -> dict[str, Any]:
        return {
            "t_ns": t_ns,
            "line": self._line,
            "direction": direction,
            "hex": data.hex(" "),
            "text": readable(data),
        }
