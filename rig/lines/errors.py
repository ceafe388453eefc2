"""What can go wrong between a driver and its instrument. Messages are complete: what, where, with which value."""

from __future__ import annotations


class InstrumentError(Exception):
    """An exchange with an instrument failed; the text says which instrument, what was asked and what came back."""


class NoReply(InstrumentError):
    """Nothing, or not enough, came back within the deadline after all attempts."""


class BadReply(InstrumentError):
    """Bytes came back that length, grammar, range or checksum show to be damaged or not meant for us."""


class Refused(InstrumentError):
    """The instrument understood and said no (out of range, not applicable now, interlock open ...)."""


class Preempted(InstrumentError):
    """An exchange was given up between two attempts because an "off" is waiting for the line."""


class PortLost(InstrumentError):
    """The port itself is gone: unplugged, closed by the system, or never there."""
