"""Breakages of drivers: what is sent, what is believed, what is limited."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GLASSMAN = ("tests/instruments/test_glassman.py", "tests/instruments/test_glassman_replies.py")
NEW_ERA = ("tests/instruments/test_new_era.py", "tests/instruments/test_new_era_readings.py")
OFF, PROGRAMS = "tests/instruments/test_eurotherm_off.py", "tests/instruments/test_eurotherm_programs.py"
ALICAT = ("tests/instruments/test_alicat.py",)
ADAM = ("tests/instruments/test_adam.py",)
LATE = "tests/instruments/test_late_replies.py"

DRIVERS = (
    Mutant(
        "a module's off closes the valve of an inert gas", "3", "rig/instruments/adam.py",
        "            bits = bits & ~output.keep |", "            bits = bits & ~output.keep | 0 &",
        ("tests/instruments/test_adam_outputs.py",),
    ),
    Mutant(
        "the supply's off leaves its output on", "3", "rig/instruments/glassman.py",
        "OFF = set_request(0, 0, HV_OFF)", "OFF = set_request(0, 0, KEEP)",
        GLASSMAN,
    ),
    Mutant(
        "the supply's watchdog is not switched on", "2", "rig/instruments/glassman.py",
        'self._acknowledge(WATCHDOG_ON, "time-out on (C0)")', "pass",
        GLASSMAN,
    ),
    Mutant(
        "a supply that let go is switched on again", "11.7", "rig/instruments/glassman.py",
        'if self._tripped is not None:\n                raise Refused', "if False:\n                raise Refused",
        GLASSMAN,
    ),
    Mutant(
        "a damaged status of the supply is believed", "11.1", "rig/instruments/glassman.py",
        "                and _HEX2[sum(reply[1:13]) & 0xFF] == reply[13:15]\n", "",
        GLASSMAN,
    ),
    Mutant(
        "the supply is set above its limit by rounding", "11.3", "rig/instruments/glassman.py",
        "while counts > 0 and (counts", "while False and (counts",
        GLASSMAN,
    ),
    Mutant(
        "a late reply of the supply passes for the new one", "11.1", "rig/instruments/glassman.py",
        "if self._owed:\n            if not self._passed():", "if False:\n            if not self._passed():",
        (LATE,),
    ),
    Mutant(
        "a pump that is paused counts as stopped", "3", "rig/instruments/new_era.py",
        'in_a_row + 1 if reply.status == "S" else 0', 'in_a_row + 1 if reply.status in "SP" else 0',
        NEW_ERA,
    ),
    Mutant(
        "the pump's own time-out is not set", "2", "rig/instruments/new_era.py",
        'self._set(f"SAF{SAFE_S}", either=True)', 'self._set("SAF0", either=True)',
        NEW_ERA,
    ),
    Mutant(
        "a pump that stalled is started again", "4", "rig/instruments/new_era.py",
        "self._alarm = ALARMS[letter]", "pass",
        NEW_ERA,
    ),
    Mutant(
        "a pump that stopped by itself is started again", "4", "rig/instruments/new_era.py",
        'if self._running:\n                self._alarm = f"the pump',
        'if False:\n                self._alarm = f"the pump',
        NEW_ERA,
    ),
    Mutant(
        "the controller's second set point is left as it was", "3", "rig/instruments/eurotherm_off.py",
        'talk.write_float_zero(reg.SP1, "set points to zero (24 to 26, float)", 3)',
        'talk.write_float_zero(reg.SP1, "set points to zero (24 to 26, float)", 1)',
        (OFF,),
    ),
    Mutant(
        "zero set points are not read back", "3", "rig/instruments/eurotherm_off.py",
        "if sp1 != 0.0 or sp2 != 0.0:", "if False:",
        (OFF,),
    ),
    Mutant(
        "the heater is off without its output being read", "3", "rig/instruments/eurotherm_off.py",
        "if abs(power) < OFF_PCT:", "if True:",
        (OFF,),
    ),
    Mutant(
        "a program is loaded over live set points", "3", "rig/instruments/eurotherm.py",
        "        self.off()\n        talk, bus", "        talk, bus",
        (PROGRAMS,),
    ),
    Mutant(
        "a program is not read back", "7", "rig/instruments/eurotherm.py",
        "if not entry.kept(words):", "if False:",
        (PROGRAMS,),
    ),
    Mutant(
        "a hold without a watchdog never ends", "7", "rig/instruments/eurotherm.py",
        "HOLD_S = 4.5 * 3600.0", "HOLD_S = 450 * 3600.0",
        ("tests/instruments/test_eurotherm_crash.py",),
    ),
    Mutant(
        "a watchdog that guards nothing passes", "7", "rig/instruments/eurotherm.py",
        'problems = watchdog_problems(self._talk)', "problems: tuple[str, ...] = ()",
        ("tests/instruments/test_eurotherm.py",),
    ),
    Mutant(
        "gas lowered at connect", "3", "rig/instruments/alicat.py",
        'self._gas = gas.encode("ascii")\n        self._layout = layout',
        'self._gas = gas.encode("ascii")\n        self._layout = layout\n        self.apply(GasOutput(0.0))',
        (*ALICAT, "tests/instruments/test_alicat_driven.py"),
    ),
    Mutant(
        "another gas than the line's is taken", "4", "rig/instruments/alicat.py",
        "if shown != gas:", "if False:",
        ALICAT,
    ),
    Mutant(
        "a flow that was not taken is believed", "11.6", "rig/instruments/alicat.py",
        "if taken == steps:", "if taken is not None:",
        ALICAT,
    ),
    Mutant(
        "a flow beyond the scale is sent", "11.3", "rig/instruments/alicat.py",
        "if not 0.0 <= flow_sccm <= full_sccm:", "if not 0.0 <= flow_sccm:",
        ALICAT,
    ),
    Mutant(
        "a cut wire reads healthy", "9", "rig/instruments/adam.py",
        'model.closed_reads if channel.healthy == "closed" else 1 - model.closed_reads', "1 - model.closed_reads",
        ADAM,
    ),
    Mutant(
        "a damaged reply of the inputs is believed", "9", "rig/instruments/adam.py",
        "return text if text and _HEX2[sum(text) & 0xFF] == reply[-3:-1] else None", "return text",
        ADAM,
    ),
    Mutant(
        "one reply without a checksum makes healthy", "9", "rig/instruments/adam.py",
        "if self._checksum or not any(values.values()):", "if True:",
        ADAM,
    ),
)  # fmt: skip
