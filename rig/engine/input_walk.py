"""Walking through the safety inputs: each is opened and closed by a person, and has to be seen doing so (rule 9).

Everything is off and proved off first, and stays so: nobody is sent to a door before that. Each input begins healthy;
then the person is told to open it, and to close it again. The times count from the telling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from rig.engine.host import Host
from rig.readings import NS

PATIENCE_S: Final = 120.0
"""So long a person has for each movement."""

READY_S: Final = 60.0
"""So long the proof and the discharge time are waited for."""

_MOVES: Final = {
    "door": ("open the chamber door", "close the chamber door"),
    "emergency_stop": ("press the emergency stop", "release the emergency stop"),
    "exhaust": ("switch the chamber exhaust off", "switch the chamber exhaust on"),
    "furnace_exhaust": ("switch the furnace exhaust off", "switch the furnace exhaust on"),
    "tube_pressure": ("lift the tube's pressure switch", "let the tube's pressure switch back"),
    "key": ("turn the presence key off", "turn the presence key on"),
}


def moves(channel: str) -> tuple[str, str]:
    """What a person is told to do, away from healthy and back."""
    name = channel.rpartition(".")[2]
    for start, words in _MOVES.items():
        if name.startswith(start):
            return words
    return f"make {name} unhealthy", f"make {name} healthy again"


class CannotProve(Exception):
    """The walk cannot begin or go on; the text says why."""


class Guide(Protocol):
    """Who does what the walk asks for: a person who is told, or the program on an emulated rig."""

    def ask(self, channel: str, words: str, healthy: bool) -> None:
        """Once, when the movement is wanted."""

    def nudge(self, channel: str, healthy: bool) -> None:
        """Again and again, until it has been seen."""

    def given_up(self) -> bool:
        """Whether the person has gone."""


@dataclass(frozen=True, slots=True)
class Walked:
    """How one input did. why: None when it was seen open and closed. also: others that moved with it."""

    channel: str
    opened_s: float | None = None
    closed_s: float | None = None
    also: tuple[str, ...] = ()
    why: str | None = None


class InputWalk:
    """The walk on a connected host."""

    def __init__(
        self, host: Host, channels: tuple[str, ...], guide: Guide, patience_s: float = PATIENCE_S
    ) -> None:
        self._host = host
        self._channels = channels
        self._guide = guide
        self._patience_s = patience_s

    def ready(self) -> None:
        """Wait for "proved off and discharged", with the inputs polled quickly. Raises CannotProve."""
        self._host.engine.pacing.watching_inputs = True
        hot = [
            text
            for unit in self._host.engine.units.values()
            if unit.spec.left is not None and (text := unit.spec.left(self._host.engine.readings)) is not None
        ]
        if hot:
            raise CannotProve(f"inputs are proved on a rig that is cold and at rest: {'; '.join(hot)}")
        if not self._until(lambda: self._hands_off() is None, READY_S):
            raise CannotProve(f"nobody is sent to the rig: {self._hands_off() or 'interrupted'}")

    def prove(self, channel: str) -> Walked:
        """One input: healthy, opened, closed. Raises CannotProve when high voltage is not proved off any more."""
        away, back = moves(channel)
        if self._value(channel) != 1:
            self._guide.ask(channel, back, True)
            if self._wait_for(channel, 1, True) is None:
                return Walked(channel, why=self._stays(channel, "healthy"))
        before = {name: self._value(name) for name in self._channels}
        self._guide.ask(channel, away, False)
        opened_s = self._wait_for(channel, 0, False)
        moved = tuple(n for n in self._channels if n != channel and self._value(n) != before[n])
        if opened_s is None:
            why = self._stays(channel, "unhealthy")
            if moved:
                why += f"; {', '.join(moved)} moved instead: look at the wiring"
            return Walked(channel, also=moved, why=why)
        self._guide.ask(channel, back, True)
        closed_s = self._wait_for(channel, 1, True)
        why_not = self._stays(channel, "healthy") if closed_s is None else None
        return Walked(channel, opened_s, closed_s, moved, why_not)

    def _stays(self, channel: str, wanted: str) -> str:
        if self._guide.given_up():
            return "given up"
        readings = self._host.engine.readings
        if readings.value(channel) is None:
            return f"it cannot be read ({readings.explain(channel)})"
        return f"not seen {wanted} within {self._patience_s:.0f} s"

    def _wait_for(self, channel: str, wanted: int, healthy: bool) -> float | None:
        """Seconds until a reading taken since now says so; None when it never does."""
        began_ns = self._host.drive.now()
        seen_ns: int | None = None

        def seen() -> bool:
            nonlocal seen_ns
            self._guide.nudge(channel, healthy)
            reading = self._host.engine.readings.get(channel)
            if reading is not None and reading.t_ns >= began_ns and self._value(channel) == wanted:
                seen_ns = reading.t_ns
            return seen_ns is not None

        self._until(seen, self._patience_s)
        if self._hands_off() is not None:
            raise CannotProve(f"KEEP AWAY: {self._hands_off()}")
        return None if seen_ns is None else (seen_ns - began_ns) / NS

    def _until(self, done: Callable[[], bool], limit_s: float) -> bool:
        """Scan until it is so, the time is over, or the person has gone; whether it is so."""
        host = self._host
        end_ns = host.drive.now() + round(limit_s * NS)
        came = False

        def stop() -> bool:
            nonlocal came
            came = done()
            return came or self._guide.given_up() or host.drive.now() >= end_ns

        host.drive.run(host.engine, stop)
        return came

    def _value(self, channel: str) -> float | None:
        return self._host.engine.readings.value(channel)

    def _hands_off(self) -> str | None:
        now_ns = self._host.drive.now()
        for unit in self._host.engine.units.values():
            for name, proof in unit.proofs.items():
                if not proof.proved:
                    return f"high voltage is not proved off ({proof.explain(self._host.engine.readings)})"
                if not proof.discharged(now_ns):
                    return f"{name}: its discharge time is not over"
        return None
