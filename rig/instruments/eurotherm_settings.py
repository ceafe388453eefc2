"""What is set in a Eurotherm and has to be known, or has to be so, before its numbers and its heater are trusted.

Everything here only reads. Sources as in `eurotherm_registers`; safety rule 7 for the watchdog.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from struct import Struct

from rig.instruments import eurotherm_registers as reg
from rig.instruments.eurotherm_dialogue import Dialogue
from rig.instruments.modbus import FLOAT_AREA
from rig.lines.errors import BadReply, Refused

_FLOATS_2 = Struct(">2f")
_MS = Struct(">i")


@dataclass(frozen=True, slots=True)
class Found:
    """As read. rate_unit_s: seconds of the unit that a program's rates follow, None where the program has its own.

    problems: what forbids any run, each with what to change; warnings: what a person should know.
    """

    decimals: int
    rate_unit_s: float | None
    sp_high_degc: float
    pv_low_degc: float
    pv_high_degc: float
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def step_degc(self) -> float:
        """Resolution of temperatures."""
        return 10.0**-self.decimals


def read_found(talk: Dialogue) -> Found:
    """Read it all. Raises Refused or BadReply where the controller's numbers cannot be trusted."""
    name = talk.name
    units = talk.word(reg.UNITS, "units")
    if units != 0:
        told = {1: "Fahrenheit", 2: "Kelvin"}.get(units, f"code {units}")
        raise Refused(reg.panel_keys(f"{name}: it counts in {told}", "units degC"))
    decimals = talk.word(reg.DECIMALS, "decimal places")
    if decimals not in (0, 1, 2):
        raise BadReply(f"{name}: {decimals} decimal places, 0 to 2 are possible")
    sp_high, sp_low = _limits(talk, decimals)
    low, high = talk.words(FLOAT_AREA + 2 * reg.RANGE_LOW, _FLOATS_2, "input range (11 and 12, float)")
    margin = 0.05 * (high - low)
    # No thermocouple or resistance goes further; NaN fails too.
    if not -300.0 <= low < high <= 3000.0:
        raise Refused(f"{name}: an input range from {low:g} to {high:g} degC; it is not configured")
    problems = []
    if not sp_low <= 0.0:
        what = f"{name}: the set point cannot be made zero, its low limit is {sp_low:g} degC"
        problems.append(reg.panel_keys(what, "set point low limit 0"))
    if talk.model.watchdog is None:
        safe = talk.real(reg.SAFE_OUTPUT, "output at sensor break")
        if safe != 0.0:
            what = f"{name}: the output at sensor break is {safe:g} %"
            problems.append(reg.panel_keys(what, "sensor break power 0.0 %"))
    else:
        problems += watchdog_problems(talk)
    if talk.model.name == "2416" and talk.word(reg.PROGRAMMER_TYPE, "programmer type") == 0:
        problems.append(f"{name}: this controller was made without a programmer")
    return Found(
        decimals, _rate_unit_s(talk), sp_high, low - margin, high + margin, tuple(problems), _warnings(talk)
    )


def _limits(talk: Dialogue, decimals: int) -> tuple[float, float]:
    """High and low limit of the set point; the high one has to be the same in both areas.

    "Full" resolution implies the decimals in the plain area, "integer" rounds.
    """
    plain = talk.word(reg.SP_HIGH, "set point high limit")
    high, low = talk.words(FLOAT_AREA + 2 * reg.SP_HIGH, _FLOATS_2, "set point limits (111, 112, float)")
    step = 10.0**-decimals
    if not isfinite(high) or (abs(plain * step - high) > 0.51 * step and plain != round(high)):
        raise Refused(
            f"{talk.name}: the set point's high limit reads {plain} with {decimals} decimals in the plain area and "
            f"{high:g} in the float area; the scale of its numbers is not known"
        )
    return high, low


def _rate_unit_s(talk: Dialogue) -> float | None:
    """Register 531 is read on every model, and its code looked up in that model's own table."""
    code = talk.word(reg.RATE_UNIT, "rate unit")
    if not talk.model.rate_units:
        return None
    unit_s = talk.model.rate_units.get(code)
    if unit_s is None:
        raise BadReply(f"{talk.name}: the rate unit reads {code}, 0 to 2 are possible")
    return unit_s


def _warnings(talk: Dialogue) -> tuple[str, ...]:
    warnings = []
    if talk.model.blocks:
        if talk.word(reg.SERVO, "servo") != 0:
            warnings.append(
                f"{talk.name}: programs start from the set point, which is zero, and not from the temperature "
                f"(register {reg.SERVO})"
            )
        recovery = talk.word(reg.POWER_FAIL, "power-fail recovery")
        if recovery != 1:
            warnings.append(
                f"{talk.name}: after a power failure it goes on by itself (register {reg.POWER_FAIL} is "
                f"{recovery}, reset is 1)"
            )
    if talk.word(reg.LOOP_BREAK_TIME, "loop break time") == 0:
        warnings.append(f"{talk.name}: its own loop break check is off (register {reg.LOOP_BREAK_TIME} is 0)")
    return tuple(warnings)


def watchdog_problems(talk: Dialogue) -> list[str]:
    """What is wrong with the watchdog of an EPC3000, in one sentence with what to change; empty: nothing."""
    if talk.model.watchdog is None:
        return []
    timeout, action, _, _ = talk.model.watchdog
    timeout_s = talk.words(FLOAT_AREA + 2 * timeout, _MS, f"watchdog time-out ({timeout}, float)")[0] / 1000
    does = talk.word(action, "watchdog action")
    fallback = talk.real(reg.SAFE_OUTPUT, "fallback output")
    wrong = []
    if not reg.WATCHDOG_S[0] <= timeout_s <= reg.WATCHDOG_S[1]:
        wrong.append("off" if timeout_s == 0.0 else f"{timeout_s:g} s long")
    if does != reg.WATCHDOG_FALL_BACK:
        wrong.append(f"set to action {does}, not to fall back ({reg.WATCHDOG_FALL_BACK})")
    if fallback != 0.0:
        wrong.append(f"set to fall back to {fallback:g} % output")
    return [reg.watchdog_keys(f"{talk.name}: its watchdog is {', '.join(wrong)}")] if wrong else []
