"""Breakages of lines, acting, units, phases of the spinning station, run and host."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LINE, LOST, ACTING = (
    "tests/lines/test_line.py",
    "tests/lines/test_line_lost.py",
    "tests/engine/test_acting.py",
)
UNIT, SPIN, SMALL = (
    "tests/engine/test_unit.py",
    "tests/engine/test_spin_phase.py",
    "tests/engine/test_small_phases.py",
)
AIR, COMMANDS = "tests/end_to_end/test_station_air.py", "tests/end_to_end/test_commands.py"
KINDS, CLIENTS = "tests/lines/test_line_kinds.py", "tests/engine/test_clients.py"
CONDITIONS = "tests/end_to_end/test_review_of_conditions.py"
SCAN_STOPPED = "tests/end_to_end/test_scan_stopped.py"

ENGINE = (
    # Lines and their leases
    Mutant(
        "line keeps polling without a lease", "2", "rig/lines/line.py",
        "            self._runner.wait_until(None)\n            return\n        self._lapsed = False",
        "            self._leased = False\n        self._lapsed = False",
        (LOST,),
    ),
    Mutant(
        "a lapsed lease switches nothing off", "2", "rig/lines/line.py",
        "if member.spec.off_on_lapse and member.connected:", "if False:",
        (LOST,),
    ),
    Mutant(
        "a furnace line that is let go heats on", "7", "rig/lines/member.py",
        'return self.kind in ("hv", "pump", "furnace", "relays")', 'return self.kind in ("hv", "pump", "relays")',
        (KINDS,),
    ),
    Mutant(
        "lease 6 s", "2", "rig/engine/periods.py",
        "LEASE_HV_NS: Final = 800_000_000", "LEASE_HV_NS: Final = 6_000_000_000",
        (f"{SCAN_STOPPED}::test_lines_send_off_and_fall_silent[virtual_scan_stop]",),
    ),
    Mutant(
        "off not sent before the rest at connect", "3", "rig/lines/openline.py",
        "if member.spec.off_at_connect:", "if False:",
        (LINE,),
    ),
    Mutant(
        "a furnace is switched off at connect before it is read", "3", "rig/lines/member.py",
        'return self.kind in ("hv", "pump")', 'return self.kind in ("hv", "pump", "furnace")',
        (KINDS,),
    ),
    Mutant(
        "an order that waited comes after its off", "3", "rig/lines/line.py",
        "self._orders.pop(member, None)", "pass",
        (LINE,),
    ),
    Mutant(
        "an off that is not acknowledged is not repeated", "2", "rig/lines/line.py",
        "if insist and now_ns < until_ns and not self.abandoned:", "if False:",
        (LINE,),
    ),
    Mutant(
        "a port that comes back energises what waited", "11.7", "rig/lines/openline.py",
        "            self._orders.clear()\n            self._offs.clear()", "            self._offs.clear()",
        (LOST,),
    ),
    Mutant(
        "a line that hangs is waited for", "2", "rig/lines/line.py",
        "if since_ns is None or self.abandoned or now_ns - since_ns <= self._busy_limit_ns:", "if True:",
        (LOST,),
    ),
    Mutant(
        "a close that hangs is not seen", "8", "rig/lines/openline.py",
        "        self._busy_since_ns = self._runner.now_ns\n        try:\n            port.close()",
        "        try:\n            port.close()",
        (LOST,),
    ),
    Mutant(
        "a host gives up over a hot tube", "8", "rig/engine/going_on.py",
        "        if breaks >= MOST_BREAKS and not _watched(engine):", "        if breaks >= MOST_BREAKS:",
        ("tests/end_to_end/test_guarding_goes_on.py::"
         "test_a_scan_that_raises_to_its_end_goes_on_at_its_pace_and_leaves_when_told",),
    ),
    Mutant(
        "furnaces may share a line", "11.4", "rig/bench/rules.py",
        "    if furnaces:\n", "    if False:\n",
        ("tests/bench/test_rules.py",),
    ),
    # Acting
    Mutant(
        "no energise event", "11.9", "rig/engine/acting.py",
        'self._ticket = write("energise", {"output": self.name, "wanted": describe(permitted)})', "self._ticket = None",
        (ACTING,),
    ),
    Mutant(
        "energised before its event is on the disk", "11.9", "rig/engine/acting.py",
        "if self._ticket is not None and not self._ticket.done:", "if False:",
        (ACTING,),
    ),
    Mutant(
        "energised though its event could not be recorded", "11.9", "rig/engine/acting.py",
        "if self._ticket is not None and self._ticket.failed is not None:", "if False:",
        (ACTING,),
    ),
    Mutant(
        "off is told once and not again", "5", "rig/engine/acting.py",
        "elif not (proved_off and not self.told_on) and now_ns - self._off_ns >= OFF_RETRY_NS:", "elif False:",
        (ACTING,),
    ),
    Mutant(
        "high voltage comes last on an abort", "6", "rig/engine/acting.py",
        'found.sort(key=lambda outlet: (outlet.kind != "hv", outlet.name))',
        'found.sort(key=lambda outlet: (outlet.kind == "hv", outlet.name))',
        (ACTING,),
    ),
    Mutant(
        "unknown counts as off", "3", "rig/engine/acting.py",
        "member.maybe_on or member.told_state is Told.UNKNOWN or told is not None,", "told is not None,",
        (ACTING,),
    ),
    # Units
    Mutant(
        "an action the table refuses is dropped", "4", "rig/engine/states.py",
        "for command in STRONGER[STRONGER.index(wanted) :]:", "for command in (wanted,):",
        ("tests/engine/test_states.py",),
    ),
    Mutant(
        "aborted before anything was told off", "6", "rig/engine/unit.py",
        "if self._settled(context, NOTHING) or context.now_ns - self._since_ns > 2 * WAIT_NS:", "if True:",
        (UNIT,),
    ),
    Mutant(
        "a unit leaves before its outputs are read back off", "6", "rig/engine/unit.py",
        "if demand.done and self._settled(context, demand):", "if demand.done:",
        (UNIT,),
    ),
    Mutant(
        "nobody is missed", "8", "rig/engine/clients.py",
        "if not self._asked or self._connected or self._now() < self._sign_until_ns:", "if True:",
        (CLIENTS,),
    ),
    Mutant(
        "an attended step is held without its grace", "8", "rig/safety/attendance.py",
        "on_delay_s=grace_s,", "on_delay_s=0.0,",
        (CLIENTS,),
    ),
    Mutant(
        "a terminal that is closed stops the run", "8", "rig/cli/making.py",
        "if what == HUNG_UP and self._watch is not None:", "if False:",
        ("tests/cli/test_terminal_lost.py::test_a_hang_up_signal_stops_nothing_and_what_reads_the_output_is_a_client",),
    ),
    Mutant(
        "what is not read back off is never said", "1", "rig/engine/settling.py",
        "if not late:\n            return False", "if True:\n            return False",
        (UNIT,),
    ),
    Mutant(
        "cleared without a proof", "5", "rig/engine/unit.py",
        "if not remaining and context.hv_proved_off() and not self.settling.unproved():", "if not remaining:",
        (UNIT,),
    ),
    Mutant(
        "a visit starts without a proof", "5", "rig/engine/unit.py",
        "if why is None and context.hv_proved_off():", "if why is None:",
        (UNIT,),
    ),
    Mutant(
        "a breach does not abort", "4", "rig/engine/unit.py",
        "if self.machine.may(Command.ABORT) and self.state is not State.ABORTING:", "if False:",
        (UNIT,),
    ),
    Mutant(
        "hands sent to a rig whose supply is not proved off", "11.8", "rig/engine/phases/phase.py",
        'if question.kind != "attest" and self.hands_off is not None:', "if False:",
        ("tests/end_to_end/test_review_of_safety.py", SMALL),
    ),
    # Phases
    Mutant(
        "spinning starts onto an open door", "6", "rig/engine/phases/spin.py",
        "why = missing(context, self._plan.permissives)", "why = None",
        (SPIN,),
    ),
    Mutant(
        "high voltage on before the pumps run", "6", "rig/engine/phases/spin.py",
        "if self._hv_ns is None and all(plan.pump in self._seen for plan in self._plan.pumps):",
        "if self._hv_ns is None:",
        (SPIN,),
    ),
    Mutant(
        "hold keeps HV on", "6", "rig/engine/phases/spin.py",
        '"""Orderly end without losing what has been spun; the clock stands."""',
        'if self.stage == "clock":\n            return Demand(self._full())',
        (SPIN,),
    ),
    Mutant(
        "no wiping after a long hold", "6", "rig/engine/phases/spin.py",
        'if context.now_ns - self._held_ns > WIPE_AFTER_NS and self.stage == "permissives":', "if False:",
        (SPIN,),
    ),
    Mutant(
        "earthing asked for before the discharge time", "5", "rig/engine/phases/spin.py",
        'if not context.hv_discharged():\n                return NOTHING\n            self._enter("earthing", context)',
        'self._enter("earthing", context)',
        (SPIN,),
    ),
    Mutant(
        "the voltage does not come down in an orderly end", "6", "rig/engine/phases/orderly_end.py",
        "left_kv = abs(start_kv) - ramped_s * plan.ramp_down_kv_s", "left_kv = abs(start_kv)",
        (SPIN,),
    ),
    Mutant(
        "pumps start before HV proved off in prime", "6", "rig/engine/phases/prime.py",
        "if not context.hv_proved_off():", "if False:",
        (SMALL,),
    ),
    Mutant(
        "priming goes on by the counter of yesterday", "6", "rig/engine/phases/prime.py",
        "fresh = view.told is not None and reading is not None and reading.t_ns > view.told_ns", "fresh = True",
        (SMALL,),
    ),
    # The one automatic re-energising
    Mutant(
        "a person's hold after an arc is not kept", "4", "rig/engine/arc_back_off.py",
        "if unit.state is not State.HELD or not unit.retries:", "if unit.state is not State.HELD:",
        (f"{CONDITIONS}::test_a_person_who_says_hold_or_pause_after_an_arc_keeps_it_held",),
    ),
    Mutant(
        "a hold makes an accepted pause forgotten", "4", "rig/engine/unit.py",
        "if self.pause_owed:", "if False:",
        (f"{CONDITIONS}::test_a_pause_that_was_accepted_is_served_after_a_hold",),
    ),
    Mutant(
        "arc re-ramped without retries", "4", "rig/engine/spin_unit.py",
        "facts.arcs_left = spun.arc_retries if spun", "facts.arcs_left = 3 if spun",
        (f"{AIR}::test_without_retries_an_arc_aborts",),
    ),
    Mutant(
        "arc re-ramped without end", "4", "rig/engine/arc_back_off.py",
        "self._facts.arcs_left -= 1", "pass",
        (f"{AIR}::test_no_more_arcs_than_the_recipe_allows",),
    ),
    Mutant(
        "arc re-ramped at once", "4", "rig/engine/arc_back_off.py",
        "if now_ns - self._arc_ns < WAIT_NS:", "if False:",
        (f"{AIR}::test_an_arc_is_ramped_up_again_after_ten_seconds",),
    ),
    Mutant(
        "arc re-ramped though the door was open meanwhile", "4", "rig/engine/arc_back_off.py",
        "if readings.value(channel) != 1 and self._broken is None:", "if False:",
        (f"{AIR}::test_a_door_that_was_open_for_a_moment_since_the_arc_forbids_it",),
    ),
    # Run and host
    Mutant(
        "a run is closed with high voltage unproved", "8", "rig/engine/run.py",
        "if all(proof.proved and proof.discharged(now_ns) for proof in proofs):", "if proofs is not None:",
        ("tests/engine/test_run.py",),
    ),
    Mutant(
        "the host leaves a hot tube", "8", "rig/engine/run.py",
        "if any(self._hot(unit, readings) for unit in concerned):", "if False:",
        ("tests/end_to_end/test_furnace_faults.py::"
         "test_one_ctrl_c_stops_the_heater_and_stays_until_the_tube_is_cold",),
    ),
    Mutant(
        "interrupted twice and nothing aborted", "8", "rig/engine/orders.py",
        'unit.fire(Command.ABORT, self._drive.now(), "interrupted twice", "signal")', "pass",
        ("tests/end_to_end/test_interrupted.py",),
    ),
    Mutant(
        "an interrupt stops nothing", "8", "rig/engine/orders.py",
        'self._fire(unit, Command.STOP, "interrupted", "signal")', "pass",
        ("tests/end_to_end/test_interrupted.py",),
    ),
    Mutant(
        "not proved off, and not said when it leaves", "8", "rig/engine/leaving.py",
        "if not proof.proved:", "if False:",
        ("tests/end_to_end/test_interrupted.py",),
    ),
    Mutant(
        "an error in the program switches nothing off", "6", "rig/engine/breakdown.py",
        "outlet.line.off(outlet.name)", "pass",
        (f"{COMMANDS}::test_an_error_in_a_phase_switches_everything_off_and_it_stays_off",),
    ),
    Mutant(
        "cleared from the door while it stands open", "4", "rig/engine/orders.py",
        "if why is not None:\n                        raise ValueError(f\"not cleared",
        "if False:\n                        raise ValueError(f\"not cleared",
        ("tests/end_to_end/test_review_of_safety.py::test_a_trip_is_not_cleared_while_its_cause_is_there",),
    ),
    # Outputs and record
    Mutant(
        "mains come back by themselves", "11.7", "rig/engine/switching.py",
        "return one.name not in self._opened", "return True",
        ("tests/end_to_end/test_outputs.py::"
         "test_a_supply_that_does_not_go_off_loses_its_mains_and_does_not_get_them_back",),
    ),
    Mutant(
        "high voltage behind a door that did not lock", "3", "rig/engine/engine.py",
        "return self.switching is None or self.switching.locked(self.readings)", "return True",
        ("tests/end_to_end/test_outputs.py::test_a_lock_that_does_not_lock_leaves_the_supply_off",),
    ),
    Mutant(
        "an event counts as recorded before it is on the disk", "11.9", "rig/records/journal.py",
        "try:\n            os.fsync(self._fd)", "try:\n            pass",
        ("tests/records/test_writer.py", "tests/records/test_threaded.py"),
    ),
)  # fmt: skip
