"""Who is connected to a host: its terminal, the programs that speak to its control socket, later the service's windows.

An attended step wants somebody there (safety rule 8). What it means that nobody is, the conditions of `attendance` say;
here is only who, and since when not. A client that comes back starts nothing.

Called in the scan's thread. A run that nobody can connect to (an unpaced simulation) never asks: `begin` is not called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rig.readings import NS

SIGN_S: Final = 10.0
"""Who only asks now and then counts as connected for so long after each request."""


class Clients:
    """Who is there. write: an event; wake: have a scan look at it."""

    def __init__(
        self, now: Callable[[], int], write: Callable[[str, dict[str, Any]], object], wake: Callable[[], None]
    ) -> None:
        self._now = now
        self._write = write
        self._wake = wake
        self._connected: set[str] = set()
        self._asked = False
        self._last_ns = 0
        self._sign_until_ns = 0
        self._sign_ns = 0

    @property
    def connected(self) -> list[str]:
        """Names of those who are connected now; who only asks now and then has none."""
        return sorted(self._connected)

    def begin(self, speed: float = 1.0) -> None:
        """From now on somebody has to be connected in an attended step. speed: rig seconds in a second of theirs."""
        self._asked = True
        self._last_ns = self._now()
        self._sign_ns = round(SIGN_S * speed * NS)

    def come(self, name: str) -> None:
        """This client is connected until it goes."""
        if name not in self._connected:
            self._connected.add(name)
            self._write("client", {"client": name, "what": "connected"})
            self._wake()

    def go(self, name: str, why: str) -> None:
        """This client is gone; one that is unknown, or gone already, is nothing new."""
        if name in self._connected:
            self._connected.discard(name)
            self._last_ns = self._now()
            self._write("client", {"client": name, "what": "gone", "why": why})
            self._wake()

    def sign(self, name: str) -> None:
        """Somebody has asked or commanded something: a sign of life at this moment."""
        if self._asked and self.nobody_since_ns() is not None:
            self._write("client", {"client": name, "what": "heard"})
        self._last_ns = self._now()
        self._sign_until_ns = self._last_ns + self._sign_ns

    def nobody_since_ns(self) -> int | None:
        """Since when nobody has been connected; None while somebody is, or where nobody has to be."""
        if not self._asked or self._connected or self._now() < self._sign_until_ns:
            return None
        return self._last_ns
