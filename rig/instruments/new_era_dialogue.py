"""Asking one New Era pump: attempts, late and unasked replies, neighbours on the daisy chain.

Replies carry no number, so a late one looks like the answer to a newer request. Once an attempt has failed, or an alarm
came that may have been unasked, the next request is preceded by a fence: VER, read until the version comes. Pumps
answer in order, so nothing older can come after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rig.instruments.new_era_packets import (
    ALARMS,
    ERRORS,
    PumpAlarm,
    Reply,
    read_reply,
    safe_packet,
    unasked,
)
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import LinkSpec, Port

T = TypeVar("T")


def plain(reply: Reply) -> str:
    """The status letter of a reply that should say no more. Raises Refused for an error, BadReply for data."""
    if data(reply):
        raise BadReply(f"the reply to something else: {reply.data!r}")
    return reply.status


def data(reply: Reply) -> str:
    """What a reply says after the status letter. Raises Refused if it is an error."""
    if reply.data in ERRORS:
        raise Refused(ERRORS[reply.data])
    return reply.data


class Dialogue:
    """The exchanges with the pump at one address. Messages begin with `name`."""

    def __init__(self, name: str, address: int, port: Port, link: LinkSpec) -> None:
        self._name = name
        self._address = address
        self._port = port
        # After a damaged packet its rest may still be coming: the time of the longest packet.
        self._settle_s = 48 * link.byte_ns / 1e9
        self._packets: dict[str, bytes] = {}
        self.owed = False
        """A reply, or half of one, may still be on its way."""

    def packet(self, command: str) -> bytes:
        """The Safe packet of a command without changing arguments, kept for next time."""
        packet = self._packets.get(command)
        if packet is None:
            packet = self._packets[command] = safe_packet(f"{self._address}{command}")
        return packet

    def clear(self) -> str:
        """Throw away what came unasked; the letter of this pump's last alarm in it, or nothing."""
        letter = ""
        stray = self._port.discard_input()
        if stray:
            for reply in unasked(stray):
                if reply.alarm and reply.address == self._address:
                    letter = reply.alarm
        return letter

    def exchange(self, request: bytes, wanted: Callable[[Reply], bool] | None = None) -> Reply:
        """Send once; this pump's first reply, or its first `wanted` one. An alarm is always taken.

        Raises NoReply or BadReply; the input has to be cleared before.
        """
        port = self._port
        port.write(request)
        skipped = ""
        try:
            while True:
                reply = read_reply(port)
                if reply.address != self._address:
                    skipped = f"a reply of address {reply.address}"  # a neighbour's alarm comes unasked
                elif reply.alarm or wanted is None or wanted(reply):
                    return reply
                else:
                    skipped = "a late reply"
        except NoReply:
            self.owed = True
            if skipped:
                raise BadReply(f"only {skipped} within {port.deadline_s:g} s") from None
            raise
        except BadReply:
            self.owed = True
            port.sleep(self._settle_s)
            raise

    def _alarm(self, letter: str) -> PumpAlarm:
        # It may have come unasked, with the reply still to come.
        self.owed = True
        return PumpAlarm(ALARMS[letter], letter)

    def _attempt(self, request: bytes, either: bool) -> Reply:
        letter = self.clear()
        if letter:
            raise self._alarm(letter)
        if self.owed:
            fence = self.exchange(self.packet("VER"), lambda reply: reply.data.startswith("NE"))
            if fence.alarm:
                raise self._alarm(fence.alarm)
            self.owed = False
            letter = self.clear()  # what came with it was there before the question
            if letter:
                raise self._alarm(letter)
        reply = self.exchange(request)
        if not reply.checked and not either:
            raise BadReply("a reply without checksum: the pump is not in Safe mode")
        if reply.alarm:
            raise self._alarm(reply.alarm)
        if reply.data == "?COM":
            raise BadReply(ERRORS["?COM"])
        return reply

    def ask(self, command: str, parse: Callable[[Reply], T], either: bool = False) -> T:
        """Ask until `parse` is content, as often as the port allows. `either`: Basic replies are taken as well.

        Raises NoReply, BadReply, Refused, PumpAlarm, or Preempted between two attempts.
        """
        port = self._port
        request = self.packet(command) if len(command) <= 3 else safe_packet(f"{self._address}{command}")
        failure: InstrumentError = NoReply("not asked")
        attempt = 0
        for attempt in range(max(1, port.attempts)):
            if attempt and port.off_waiting():
                raise Preempted(f"{self._name}: {command}: given up for an off after: {failure}")
            try:
                reply = self._attempt(request, either)
                if reply.data != "?IGN":
                    return parse(reply)
                failure = Refused(ERRORS["?IGN"])
            except (NoReply, BadReply) as error:
                failure = error
            except PumpAlarm as alarm:
                raise PumpAlarm(f"{self._name}: {command}: {alarm}", alarm.letter) from None
            except Refused as error:
                failure = error
                break
        count = f", {attempt + 1} attempts" if attempt else ""
        raise type(failure)(f"{self._name}: {command}: {failure}{count}")
