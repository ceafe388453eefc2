"""Breakages of the furnace: its guard, its conditions, purge, soak, cooling and gas."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GUARD, PURGE = "tests/safety/test_furnace_guard.py", "tests/safety/test_purge.py"
CONDITIONS, PHASES = "tests/safety/test_furnace_conditions.py", "tests/engine/test_furnace_phases.py"
FAULTS = "tests/end_to_end/test_furnace_faults.py"

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
        "if exhaust_lost and hot and flowed > 0:", "if False:",
        (GUARD,),
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
        "<= self._band_degc:\n            self.soaked_ns", "<= 1e9:\n            self.soaked_ns",
        (PHASES,),
    ),
    Mutant(
        "heated though the exhaust is off", "4", "rig/engine/phases/heat.py",
        "why = missing(context, self._permissives, fresh_ns=None)", "why = None",
        (PHASES,),
    ),
    Mutant(
        "held in hot air for hours", "7", "rig/engine/phases/furnace.py",
        "limit_s = HOLD_AIR_S if hot_in_air else HOLD_INERT_S", "limit_s = HOLD_INERT_S",
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
