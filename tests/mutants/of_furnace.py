"""Breakages of the furnace: its guard, its conditions, purge, soak, cooling and gas."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GUARD, PURGE = "tests/safety/test_furnace_guard.py", "tests/safety/test_purge.py"
CONDITIONS, PHASES = "tests/safety/test_furnace_conditions.py", "tests/engine/test_furnace_phases.py"
FAULTS = "tests/end_to_end/test_furnace_faults.py"
ACTING, FORGOT = "tests/engine/test_acting.py", "tests/safety/test_furnace_forgot.py"

FURNACE = (
    Mutant(
        "emergency stop does not take the furnace", "4", "rig/safety/heating.py",
        "*stop_conditions(scope, buttons),", "",
        (CONDITIONS,),
    ),
    Mutant(
        "a broken thermocouple is not noticed", "4", "rig/safety/heating_sensor.py",
        'if situation.readings.value(f"{name}.sensor_break") == 1:', "if False:",
        (CONDITIONS,),
    ),
    Mutant(
        "furnace exhaust not watched while the tube cools", "4", "rig/safety/heating_exhaust.py",
        "scope.heating(situation) or scope.hot(situation, EXHAUST_ABOVE_DEGC) or flushing", "scope.heating(situation)",
        (CONDITIONS, "tests/safety/test_furnace_trend.py"),
    ),
    Mutant(
        "lost gas over a hot tube is not noticed", "4", "rig/safety/heating_gas.py",
        "FLOWING: Final = 0.8", "FLOWING: Final = -1.0",
        (CONDITIONS,),
    ),
    Mutant(
        "oxygen in the hot inert tube is not noticed", "4", "rig/safety/heating_gas.py",
        "or value <= limit:", "or value <= 1e9:",
        (CONDITIONS,),
    ),
    Mutant(
        "gas goes on into a blocked tube", "4", "rig/safety/heating_gas.py",
        'takes=("furnace", "gas"),', 'takes=("furnace",),',
        (CONDITIONS,),
    ),
    Mutant(
        "heated in inert gas without a purge proof", "4", "rig/safety/heating_watch.py",
        "if value is None or value > PROVED_ABOVE_DEGC:", "if value is None:",
        (CONDITIONS,),
    ),
    Mutant(
        "a furnace that runs away is not noticed", "4", "rig/safety/heating_watch.py",
        "if value <= limit - band_degc:", "if value <= limit + 1000:",
        (CONDITIONS,),
    ),
    Mutant(
        "gas not kept over a hot tube", "3", "rig/safety/furnace_guard.py",
        "if hold_up and output.flow_sccm < flowed:", "if False:",
        (GUARD,),
    ),
    Mutant(
        "gas lowered over a tube of unknown temperature", "3", "rig/safety/furnace_guard.py",
        "hot = temperature is None or temperature > facts.open_degc",
        "hot = temperature is not None and temperature > facts.open_degc",
        (GUARD,),
    ),
    Mutant(
        "all gas goes on into a room without exhaust", "4", "rig/safety/furnace_guard.py",
        "if exhaust_lost:\n        return GasOutput(", "if False:\n        return GasOutput(",
        (GUARD,),
    ),
    Mutant(
        "the exhaust's loss counts only where nothing tripped before it", "4", "rig/safety/furnace_guard.py",
        'condition.tag.startswith("furnace-exhaust") for condition in interlocks.latched())',
        'tag.startswith("furnace-exhaust") for tag in taken.values())',
        (GUARD,),
    ),
    Mutant(
        "a flow controller that forgot its set point is not told again", "3", "rig/engine/acting.py",
        "again = self._acknowledged_ns is None or self.found is not None or self._came_back()",
        "again = self._acknowledged_ns is None",
        (ACTING,),
    ),
    Mutant(
        "inert gas found flowing more over a hot tube is lowered", "3", "rig/safety/furnace_gas.py",
        "more = shown_sccm > was.flow_sccm and", "more = False and",
        (GUARD,),
    ),
    Mutant(
        "no gas is put on over a tube found hot", "8", "rig/safety/furnace_gas.py",
        "    if facts.looked:\n", "    if True:\n",
        (PHASES,),
    ),
    Mutant(
        "inert gas kept over a hot tube is not watched in a step of air", "4", "rig/safety/furnace_facts.py",
        "return step if step is not None and step.inert else self.kept", "return step",
        (PHASES,),
    ),
    Mutant(
        "a controller that lost its program is waited for", "4", "rig/safety/heating_forgot.py",
        "words = PROGRAM.get(reading.value)", "words = None",
        (FORGOT,),
    ),
    Mutant(
        "a tripped furnace heats on", "4", "rig/safety/furnace_guard.py",
        'if name in taken and view.kind == "furnace":', "if False:",
        (GUARD,),
    ),
    Mutant(
        "heated above the rig's limit", "3", "rig/safety/furnace_guard.py",
        "if segment.target_degc > limit_degc:", "if segment.target_degc > limit_degc + 1000:",
        (GUARD,),
    ),
    Mutant(
        "a program is started while held", "7", "rig/safety/furnace_guard.py",
        'and wanted.mode == "hold"', "and True",
        (GUARD,),
    ),
    Mutant(
        "no other gas for one that is lost", "4", "rig/safety/furnace_guard.py",
        "if not lost or not others:", "if True:",
        (GUARD,),
    ),
    Mutant(
        "purge proof not lost", "4", "rig/safety/purge.py",
        "if self.proved and now_ns - self._weak_since_ns >= LOST_NS:", "if False:",
        (PURGE,),
    ),
    Mutant(
        "purge proof taken in a hot tube", "4", "rig/safety/purge.py",
        "temperature_degc < TAKEN_BELOW_DEGC", "temperature_degc < 2500.0",
        (PURGE,),
    ),
    Mutant(
        "purge proof not held for a minute", "4", "rig/safety/purge.py",
        "HELD_NS: Final = 60 * NS", "HELD_NS: Final = 0 * NS",
        (PURGE,),
    ),
    Mutant(
        "a purge of half the gas is enough", "4", "rig/safety/purge.py",
        "MIXING: Final = 2.0", "MIXING: Final = 1.0",
        (PURGE,),
    ),
    Mutant(
        "purge proof survives setting back to air", "4", "rig/engine/furnace_unit.py",
        'purge.lose("set back to air")', "pass",
        (PHASES,),
    ),
    Mutant(
        "what pyrolysis left in the tube is not flushed", "4", "rig/safety/purge.py",
        "self.owed, self.flowed_l, self._moved_ns = True, 0.0, None", "pass",
        ("tests/safety/test_furnace_trend.py",),
    ),
    Mutant(
        "inert gas into a hot tube full of air", "4", "rig/engine/phases/gas_and_cold.py",
        "if degc is None or degc >= facts.open_degc:", "if degc is None:",
        (PHASES,),
    ),
    Mutant(
        "soak counted outside the band", "7", "rig/engine/phases/heat.py",
        "<= self._band_degc:\n            passed_ns", "<= 1e9:\n            passed_ns",
        (PHASES,),
    ),
    Mutant(
        "a pause lets the heater go", "7", "rig/engine/phases/heat.py",
        "return self.held(context)", "return Demand()",
        (PHASES,),
    ),
    Mutant(
        "a hold that does not say what it counted", "7", "rig/engine/phases/heat.py",
        "self.held_ns += self._count(", "self._count(",
        (PHASES,),
    ),
    Mutant(
        "heated though the exhaust is off", "4", "rig/engine/phases/heat.py",
        "why = missing(context, self._permissives, fresh_ns=None)", "why = None",
        (PHASES,),
    ),
    Mutant(
        "held in hot air for hours", "7", "rig/safety/heating_held.py",
        "limit_s = HELD_IN_AIR_S if hot_in_air else HELD_INERT_S", "limit_s = HELD_INERT_S",
        (PHASES,),
    ),
    Mutant(
        "cold by a thermocouple that is not believed", "4", "rig/engine/phases/gas_and_cold.py",
        "or temperature >= self._below_degc or facts.doubted:", "or temperature >= self._below_degc:",
        (PHASES,),
    ),
    Mutant(
        "gas found flowing over a hot tube counts as none", "3", "rig/engine/furnace_unit.py",
        "{name: GasOutput(flow) for name, flow in read.items() if flow is not None}",
        "{name: GasOutput(0.0) for name, flow in read.items() if flow is not None}",
        (PHASES,),
    ),
)  # fmt: skip
