"""Breakages of readings, conditions, guard, proof and limits: what decides whether anything may be on."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CONDITIONS, GUARD = "tests/safety/test_conditions.py", "tests/safety/test_guard.py"
PROOF, AIR = "tests/safety/test_proof.py", "tests/end_to_end/test_station_air.py"

SAFETY = (
    Mutant(
        "stale counted as good", "4", "rig/readings.py",
        "if limit is not None and self.now_ns - reading.t_ns > limit:\n            return None",
        "if False:\n            return None",
        ("tests/lines/test_board.py",),
    ),
    Mutant(
        "a failed reading leaves the last good one", "4", "rig/lines/board.py",
        "self._newest[channel] = Reading(None, t_ns, why)", "pass",
        ("tests/lines/test_board.py",),
    ),
    Mutant(
        "door not watched", "4", "rig/safety/spinning.py",
        'elif name.startswith("door"):', 'elif name.startswith("gate"):',
        (CONDITIONS,),
    ),
    Mutant(
        "exhaust delay 8 s", "4", "rig/safety/spinning.py",
        "EXHAUST_DELAY_S = 3.0", "EXHAUST_DELAY_S = 8.0",
        (CONDITIONS,),
    ),
    Mutant(
        "a dead input line counts as healthy", "4", "rig/safety/spinning.py",
        "if situation.readings.value(channel) is None:\n            why", "if False:\n            why",
        (CONDITIONS,),
    ),
    Mutant(
        "a pump that has stopped is not noticed", "4", "rig/safety/spinning.py",
        'return Finding(f"{name} was told to run but says it has stopped.", "stopped", "running")', "return None",
        (CONDITIONS,),
    ),
    Mutant(
        "current limit not noticed", "4", "rig/safety/spinning.py",
        "if situation.readings.value(current_mode) == 1:", "if situation.readings.value(current_mode) == 2:",
        (CONDITIONS,),
    ),
    Mutant(
        "a supply that is on though told off is not noticed", "5", "rig/safety/spinning.py",
        "if situation.readings.value(output) == 1:", "if situation.readings.value(output) == 2:",
        (CONDITIONS,),
    ),
    Mutant(
        "an order that was not taken is not noticed", "4", "rig/engine/acting.py",
        "self.failed = report.text", "pass",
        ("tests/engine/test_acting.py",),
    ),
    Mutant(
        "two contacts may differ for ever", "9", "rig/safety/spinning.py",
        "TWIN_DELAY_S = 1.0", "TWIN_DELAY_S = 1e9",
        ("tests/safety/test_twins.py",),
    ),
    Mutant(
        "unproved does not arm the door", "4", "rig/safety/conditions.py",
        "return self.wanted or self.told_on or not self.proved_off", "return self.wanted or self.told_on",
        (CONDITIONS,),
    ),
    Mutant(
        "a request does not arm its conditions in its own scan", "4", "rig/engine/unit.py",
        "situation = situation.wanting(name for name, output in demand.outputs.items() if output.energised)",
        "pass",
        ("tests/engine/test_unit.py",),
    ),
    Mutant(
        "one good scan starves a delay", "4", "rig/safety/conditions.py",
        "pieces.add(since_ns, now_ns)", "pass",
        (CONDITIONS,),
    ),
    Mutant(
        "an analyser that is not read is taken for a good one", "4", "rig/safety/heating_gas.py",
        "if situation.readings.value(oxygen) is not None:", "if True:",
        ("tests/safety/test_furnace_conditions.py",),
    ),
    Mutant(
        "cleared although the cause is there", "4", "rig/safety/conditions.py",
        "if condition not in remaining:", "if condition:",
        (CONDITIONS,),
    ),
    Mutant(
        "a closing door clears its trip", "4", "rig/safety/conditions.py",
        "watch.tripped = condition.latch", "watch.tripped = False",
        (CONDITIONS, GUARD),
    ),
    Mutant(
        "what is tripped takes nothing", "4", "rig/safety/conditions.py",
        "gone.setdefault(output.name, condition.tag)", "pass",
        (GUARD,),
    ),
    Mutant(
        "vapour estimate ten times too bold", "4", "rig/safety/vapour.py",
        "REFUSED_ABOVE = 0.10", "REFUSED_ABOVE = 1.0",
        (f"{AIR}::test_a_chamber_that_fills_with_vapour_takes_the_voltage",),
    ),
    Mutant(
        "guard skipped when Idle", "4", "rig/safety/guard.py",
        "trips = interlocks.evaluate(situation)",
        'if state == "Idle":\n        return Permitted(dict(requested), (), {}, ())\n'
        "    trips = interlocks.evaluate(situation)",
        (GUARD,),
    ),
    Mutant(
        "high voltage may be raised while held", "4", "rig/safety/guard.py",
        'frozenset({"Running", "Restarting", "Pausing"})', 'frozenset({"Running", "Restarting", "Pausing", "Held"})',
        (GUARD,),
    ),
    Mutant(
        "an orderly end may raise the voltage", "6", "rig/safety/guard.py",
        "if abs(wanted.voltage_kv) <= abs(before.voltage_kv):", "if True:",
        (GUARD,),
    ),
    Mutant(
        "one supply trips and the others stay", "4", "rig/safety/guard.py",
        'elif any(situation.outputs[name].kind == "hv" for name in taken):', "elif False:",
        (GUARD,),
    ),
    Mutant(
        "a bug above the guard takes nothing", "4", "rig/safety/guard.py",
        "if breaches:\n        permitted = {name: safe_side", "if False:\n        permitted = {name: safe_side",
        (GUARD,),
    ),
    Mutant(
        "electrode pairs not counted", "4", "rig/safety/guard.py",
        "pair.difference_kv > pair_limit.value", "pair.difference_kv > 1e9",
        (GUARD,),
    ),
    Mutant(
        "switched on beside a supply that is not proved off", "4", "rig/safety/guard.py",
        "if fresh and view.told is None and _beside_unproved(name, situation):", "if False:",
        (GUARD,),
    ),
    Mutant(
        "a supply's limit forgotten by the guard", "3", "rig/safety/guard.py",
        "if refused is not None:\n            return", "if False:\n            return",
        (GUARD,),
    ),
    Mutant(
        "proof without read-back", "5", "rig/safety/proof.py",
        "        status = readings.value(self._status)\n"
        "        voltage_kv = readings.value(self._voltage)\n        limit_kv",
        "        self.proved_ns = readings.now_ns\n        return\n        status = readings.value(self._status)\n"
        "        voltage_kv = readings.value(self._voltage)\n        limit_kv",
        (PROOF,),
    ),
    Mutant(
        "proof by the status bit alone", "5", "rig/safety/proof.py",
        "            or abs(voltage_kv) > limit_kv\n        ):", "        ):",
        (PROOF,),
    ),
    Mutant(
        "proof by one reading seen three times", "5", "rig/safety/proof.py",
        "if reading.t_ns == self._seen_ns:", "if False:",
        (PROOF,),
    ),
    Mutant(
        "proof outlives an order to energise", "5", "rig/safety/proof.py",
        "if told_on:\n            self.count = 0\n            self.proved_ns = None",
        "if told_on:\n            self.count = 0",
        (PROOF,),
    ),
    Mutant(
        "discharge time ignored", "5", "rig/safety/proof.py",
        "now_ns - since_ns >= self.discharge_s * NS", "now_ns - since_ns >= 0",
        (PROOF,),
    ),
    Mutant(
        "a word outweighs a reading of 20 kV", "5", "rig/safety/proof.py",
        "if self.reads_on(readings):\n            return False", "if False:\n            return False",
        (PROOF,),
    ),
    Mutant(
        "a coarse monitor proves", "5", "rig/safety/limits.py",
        "return monitor_step_kv <= PROOF_FLOOR_KV", "return True",
        (PROOF, "tests/safety/test_limits.py"),
    ),
    Mutant(
        "discharge time of one time constant", "5", "rig/safety/limits.py",
        "DISCHARGE_TIME_CONSTANTS: Final = 6.2", "DISCHARGE_TIME_CONSTANTS: Final = 1.0",
        ("tests/safety/test_limits.py",),
    ),
    Mutant(
        "acknowledging an alarm ends it", "4", "rig/safety/alarms_states.py",
        "_S.UNACKNOWLEDGED: {_I.ACKNOWLEDGE: _S.ACKNOWLEDGED}", "_S.UNACKNOWLEDGED: {_I.ACKNOWLEDGE: _S.NORMAL}",
        ("tests/safety/test_alarm_table.py",),
    ),
    Mutant(
        "safety alarms shelved while something is live", "4", "rig/safety/alarms_list.py",
        "if hazard is not None and alarm.definition.safety:", "if False:",
        ("tests/safety/test_alarm_list.py",),
    ),
    Mutant(
        "a shelf never ends", "4", "rig/safety/alarms_one.py",
        "due = min(due, self.shelf.until_ns)", "pass",
        ("tests/safety/test_alarm_list.py",),
    ),
    Mutant(
        "a window that is to hold only warns", "4", "rig/safety/climate.py",
        '("hold", "hold", Then.HOLD,', '("hold", "hold", Then.NONE,',
        (f"{AIR}::test_a_window_that_is_left_does_what_the_recipe_says",),
    ),
    Mutant(
        "the door is unlocked before the discharge time", "5", "rig/safety/relays.py",
        "return known.wanted or not (known.proved and known.discharged)", "return known.wanted or not known.proved",
        ("tests/safety/test_relays.py",),
    ),
    Mutant(
        "the contactor stays closed for a supply that does not go off", "5", "rig/safety/relays.py",
        "open_it = known.unproved or (known.cut", "open_it = (known.cut",
        ("tests/safety/test_relays.py",),
    ),
    Mutant(
        "the valve of an inert gas is closed over a hot tube", "3", "rig/safety/relays.py",
        "if known.inert and known.hot and before is not False:", "if False:",
        ("tests/safety/test_relays.py",),
    ),
    Mutant(
        "a contactor that has let go by itself is closed again", "11.7", "rig/safety/relays.py",
        "            self.dropped = True", "            pass",
        ("tests/safety/test_relays.py",),
    ),
    Mutant(
        "what a relay reads back is not looked at", "1", "rig/safety/relay_conditions.py",
        "        if watch.differs(readings):", "        if False:",
        ("tests/end_to_end/test_relay_faults.py::"
         "test_a_contactor_that_stays_closed_is_loud_and_nothing_is_called_off",),
    ),
    Mutant(
        "the pressure switch of a tube is no safety input", "9", "rig/safety/limits.py",
        "*FURNACE_INTERLOCKS, TUBE_PRESSURE)", "*FURNACE_INTERLOCKS)",
        ("tests/bench/test_safety_inputs.py",),
    ),
    Mutant(
        "air goes on into the tube after an abort", "3", "rig/safety/furnace_guard.py",
        "taken_away = name in taken or (reactive and cut)", "taken_away = name in taken",
        ("tests/safety/test_furnace_guard.py",),
    ),
)  # fmt: skip
"""Rule numbers are those of docs/safety.md."""
