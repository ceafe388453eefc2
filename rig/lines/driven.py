"""What a line needs of the drivers it carries. The roles with their outputs are in `rig.instruments.roles`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rig.readings import ChannelInfo


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: maker and model, firmware and serial number where the protocol tells, and the reply itself."""

    model: str
    firmware: str | None = None
    serial: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """One kind of question asked again and again, while active each period_s, else each idle_period_s (0: never).

    name is handed to the driver's `read`.
    """

    name: str
    period_s: float
    idle_period_s: float


class Driver(Protocol):
    """Any instrument."""

    name: str
    channels: tuple[ChannelInfo, ...]
    polls: tuple[Poll, ...]

    def set_up(self) -> None:
        """After `off` at connect: put the instrument into the mode this driver needs. Energises nothing."""

    def identify(self) -> Identity:
        """Ask who it is (queries only). Raises BadReply when another instrument answers."""

    def read(self, poll: str) -> Mapping[str, float | None]:
        """Ask one poll; values by short channel name. None = the instrument says it has no value (overflow ...)."""

    def release(self) -> None:
        """Orderly exit: leave the instrument as a person at its front panel expects it, everything off."""


class OutputDriver(Driver, Protocol):
    """An instrument with an output. Its `apply` takes the wanted state of its own kind (rig/outputs.py)."""

    def off(self) -> None:
        """Send the safe command at once, no query before it, repeated until the instrument says it is off.

        Raises when that could not be had; the caller then counts the output as on.
        """
