"""The one exception of the record: a sentence a person can act on."""

from __future__ import annotations


class RecordError(Exception):
    """A run folder could not be made, written, read or exported.

    The text says what, where, with which value, and what to do next.
    """
