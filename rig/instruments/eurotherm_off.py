"""A Eurotherm's heater off: set points zero, programmer reset, working output read as 0 % (safety rule 3).

A set point of zero is no power only where the loop is sound: with a reversed or broken thermocouple the controller
drives on. One that still gives power is put to manual at 0 %, and stays there until the next program is to run.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from rig.instruments import eurotherm_registers as reg
from rig.instruments.eurotherm_dialogue import Dialogue
from rig.instruments.modbus import FLOAT_AREA
from rig.lines.errors import BadReply, InstrumentError, NoReply, PortLost, Refused

OFF_PCT = 0.05
"""Working output below half its display step counts as 0 %."""
LOOKS, WAIT_S = 4, 0.25
"""So often, and so far apart, the working output is looked at until it is 0: a few control cycles. Readings wait
meanwhile, so it is not more."""

AT_ZERO = "it stands in manual at 0 % instead"
_SETPOINTS_AT = FLOAT_AREA + 2 * reg.SP1
_FLOATS_3 = Struct(">3f")


def switch_off(talk: Dialogue) -> None:
    """All of it, proved; raises what was not so.

    Both commands are sent even if the first was not answered: perhaps only replies are lost. A controller that does
    not take a zero set point is not reset to it but held in manual at 0 %, and so is one that does not reset; either
    is raised.
    """
    unanswered: InstrumentError | None = None
    comms_degc = 0.0
    try:
        comms_degc = zero_setpoints(talk)
    except PortLost:
        raise
    except Refused as error:
        raise Refused(f"{error}; {_hold_at_zero(talk)}") from error
    except InstrumentError as error:
        unanswered = error
    try:
        reset_programmer(talk)
    except (Refused, BadReply) as error:
        if unanswered is not None:
            raise unanswered from error
        raise type(error)(f"{error}; {_hold_at_zero(talk)}") from error
    except NoReply as error:
        raise unanswered or error from None
    if unanswered is not None:
        raise unanswered
    if talk.word(reg.AUTO_MANUAL, "auto or manual") != 0:
        # Off in manual it stays in manual: in auto nobody knows yet what it would drive.
        talk.write_float_zero(reg.MANUAL_OUTPUT, "manual output to 0 %")
        prove_no_output(talk)
        return
    if talk.word(reg.REMOTE, "local or remote set point") == 1 and comms_degc != 0.0:
        raise Refused(
            f"{talk.name}: off: it follows a remote set point of {comms_degc:g} degC; switch it to local"
        )
    try:
        prove_no_output(talk)
    except Refused as error:
        held = _hold_at_zero(talk)
        if held != AT_ZERO:
            raise Refused(f"{error}; {held}") from error


def to_auto(talk: Dialogue) -> None:
    """Before a program runs: out of manual, with its set points at zero and no power then either. Raises Refused."""
    if talk.word(reg.AUTO_MANUAL, "auto or manual") == 0:
        return
    talk.write_float_zero(reg.MANUAL_OUTPUT, "manual output to 0 %")
    talk.bus.write_word(reg.AUTO_MANUAL, 0, "back to auto")
    if talk.word(reg.AUTO_MANUAL, "auto or manual") != 0:
        raise Refused(f"{talk.name}: it stays in manual; switch it to auto on its front panel")
    try:
        prove_no_output(talk)
    except Refused as error:
        raise Refused(f"{error}; {_hold_at_zero(talk)}") from error


def zero_setpoints(talk: Dialogue) -> float:
    """SP1, SP2 and the comms set point to 0, the first two read back as 0; returns what the third reads."""
    try:
        talk.write_float_zero(reg.SP1, "set points to zero (24 to 26, float)", 3)
    except Refused:
        # One that is read only makes the rest of a block be dropped.
        talk.write_float_zero(reg.SP1, "SP1 to zero (24, float)")
        talk.write_float_zero(reg.SP2, "SP2 to zero (25, float)")
    sp1, sp2, comms = talk.words(_SETPOINTS_AT, _FLOATS_3, "set points (24 to 26, float)")
    if sp1 != 0.0 or sp2 != 0.0:
        raise Refused(
            f"{talk.name}: SP1 and SP2 read {sp1:g} and {sp2:g} degC after zero was written "
            "(is the set point's low limit above 0?)"
        )
    return comms


def reset_programmer(talk: Dialogue) -> None:
    """Reset, and read so. Raises BadReply if the model is another one: the reset of one runs the program of another."""
    talk.make_sure_of_family()
    talk.send(talk.model.reset, "programmer reset")
    code = talk.word(reg.PROGRAM_STATUS, "program status")
    if code != talk.model.reset_code:
        raise Refused(
            f"{talk.name}: the programmer reads {code} after a reset, {talk.model.reset_code} is reset"
        )


def prove_no_output(talk: Dialogue) -> None:
    """The working output reads 0 %, at the latest after a few control cycles."""
    power = 0.0
    for look in range(LOOKS):
        if look:
            talk.port.sleep(WAIT_S)
        power = talk.real(reg.OUTPUT, "working output")
        if abs(power) < OFF_PCT:
            return
    raise Refused(
        f"{talk.name}: the working output still is {power:g} %, {LOOKS * WAIT_S:g} s after it was switched off"
    )


def _hold_at_zero(talk: Dialogue) -> str:
    """Manual, 0 %: the way out where a set point cannot be zeroed. In words what came of it.

    In manual the output stays where it was, so the 0 is sent even if the step to manual was not confirmed.
    """
    failure: InstrumentError | None = None
    steps: tuple[Callable[[], None], ...] = (
        lambda: talk.bus.write_word(reg.AUTO_MANUAL, 1, "to manual"),
        lambda: talk.write_float_zero(reg.MANUAL_OUTPUT, "manual output to 0 %"),
        lambda: prove_no_output(talk),
    )
    for step in steps:
        try:
            step()
        except PortLost:
            raise
        except InstrumentError as error:
            failure = failure or error
    if failure is not None:
        return f"and it could not be put to manual at 0 % either ({failure})"
    return AT_ZERO
