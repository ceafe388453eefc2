"""The states of an alarm, A to I after ISA-18.2 (IEC 62682), and what each input does in each.

A to F are about the process: is the cause there, has somebody acknowledged, is it latched. G, H and I lie over them: a
shelved, suppressed or out-of-service alarm goes on being evaluated and is only not announced (as OPC UA Part 9 has it),
and none of them ever keeps a condition from taking its outputs away.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AlarmState(StrEnum):
    """Where an alarm is; the value is the letter of the standard."""

    NORMAL = "A"
    UNACKNOWLEDGED = "B"
    ACKNOWLEDGED = "C"
    RETURNED = "D"
    LATCHED_UNACKNOWLEDGED = "E"
    LATCHED = "F"
    SHELVED = "G"
    SUPPRESSED = "H"
    OUT_OF_SERVICE = "I"


class Input(StrEnum):
    """What happens to an alarm."""

    ACTIVE = "active"
    CLEAR = "clear"
    ACKNOWLEDGE = "ack"
    RESET = "reset"
    RE_ALARM = "re-alarm"


_S, _I = AlarmState, Input

WORDS: Final[dict[AlarmState, str]] = {
    _S.NORMAL: "normal",
    _S.UNACKNOWLEDGED: "active, not acknowledged",
    _S.ACKNOWLEDGED: "active, acknowledged",
    _S.RETURNED: "gone, not acknowledged",
    _S.LATCHED_UNACKNOWLEDGED: "gone, latched, not acknowledged",
    _S.LATCHED: "gone, latched until it is cleared",
    _S.SHELVED: "shelved",
    _S.SUPPRESSED: "suppressed by design",
    _S.OUT_OF_SERVICE: "out of service",
}

ACTIVE: Final = frozenset({_S.UNACKNOWLEDGED, _S.ACKNOWLEDGED})
UNACKNOWLEDGED: Final = frozenset({_S.UNACKNOWLEDGED, _S.RETURNED, _S.LATCHED_UNACKNOWLEDGED})
OVERLAYS: Final = frozenset({_S.SHELVED, _S.SUPPRESSED, _S.OUT_OF_SERVICE})

_COMMON: Final[dict[AlarmState, dict[Input, AlarmState]]] = {
    _S.NORMAL: {_I.ACTIVE: _S.UNACKNOWLEDGED},
    _S.UNACKNOWLEDGED: {_I.ACKNOWLEDGE: _S.ACKNOWLEDGED},
    _S.ACKNOWLEDGED: {_I.RE_ALARM: _S.UNACKNOWLEDGED},
    _S.RETURNED: {_I.ACKNOWLEDGE: _S.NORMAL, _I.ACTIVE: _S.UNACKNOWLEDGED},
    _S.LATCHED_UNACKNOWLEDGED: {_I.ACKNOWLEDGE: _S.LATCHED, _I.ACTIVE: _S.UNACKNOWLEDGED},
    _S.LATCHED: {_I.RESET: _S.NORMAL, _I.ACTIVE: _S.UNACKNOWLEDGED},
}


def _with_clear(
    unacknowledged: AlarmState, acknowledged: AlarmState
) -> dict[AlarmState, dict[Input, AlarmState]]:
    table = {state: dict(row) for state, row in _COMMON.items()}
    table[_S.UNACKNOWLEDGED][_I.CLEAR] = unacknowledged
    table[_S.ACKNOWLEDGED][_I.CLEAR] = acknowledged
    return table


PLAIN: Final = _with_clear(_S.RETURNED, _S.NORMAL)
LATCHING: Final = _with_clear(_S.LATCHED_UNACKNOWLEDGED, _S.LATCHED)
"""State, then input, to the next state. A pair that is missing changes nothing; for a person's input it is refused."""


def after(state: AlarmState, what: Input, latching: bool) -> AlarmState:
    """The state after an input; the same where the table has none."""
    return (LATCHING if latching else PLAIN)[state].get(what, state)


def refusal(state: AlarmState, what: Input) -> str | None:
    """Why a person's acknowledge or reset is not taken in this state, in words; None when it is."""
    if state in OVERLAYS:
        return f"it is {WORDS[state]}"
    if what is _I.ACKNOWLEDGE:
        return None if state in UNACKNOWLEDGED else f"there is nothing to acknowledge, it is {WORDS[state]}"
    if state is _S.LATCHED:
        return None
    if state in ACTIVE:
        return "its cause is still there"
    if state is _S.LATCHED_UNACKNOWLEDGED:
        return "it has to be acknowledged first"
    return f"there is nothing to reset, it is {WORDS[state]}"
