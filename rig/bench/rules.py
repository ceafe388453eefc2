"""What must be true of a rig whatever is made on it: lines, addresses, limits, inputs, declarations (safety
rules 2, 5, 9).

Every problem is placed in the rig file. These rules hold for an emulated rig, too: it has the limits and
conditions of the file it stands for.
"""

from __future__ import annotations

import re
from typing import Final

from recipes.problems import Problems
from recipes.toml_text import attach_places
from rig.bench.model import Bench, is_simulated, is_visa, visa_name
from rig.bench.outputs import doubled
from rig.bench.reaction import Reaction, exchange_s
from rig.instruments.catalog import CATALOG, DriverInfo
from rig.instruments.settings import HvSettings
from rig.safety.limits import (
    FURNACE_INTERLOCKS,
    MAX_REACTION_S,
    PROOF_FLOOR_KV,
    SPIN_INTERLOCKS,
    least_discharge_s,
    provable,
)

_DEVICE: Final = re.compile(r"ASRL(.+?)::INSTR", re.IGNORECASE)
_DECLARED: Final = {
    "hardware_interlock": "a door switch in the supply's enable chain",
    "furnace_limiter": "an independent furnace limiter with its own thermocouple and contactor",
    "exhaust_ducted": "a ducted exhaust",
}


def check_bench(bench: Bench, reactions: tuple[Reaction, ...]) -> Problems:
    """Everything that is wrong with the rig itself, placed in its file. `reactions`: what `reaction_times`
    gave.
    """
    problems = Problems()
    _declarations(bench, problems)
    _lines(bench, problems)
    for name, supply in bench.hv.items():
        _supply(name, supply, problems)
    _inputs(bench, problems)
    for reaction in reactions:
        if not reaction.allowed:
            problems.error(
                "reaction-time",
                reaction.hv,
                f"from the door to high voltage off it takes up to {reaction.total_s * 1000:.0f} ms, more than "
                f"{MAX_REACTION_S * 1000:.0f} ms: {reaction.text()}",
                "raise the baud rates, or give the slow instrument another line",
            )
    if bench.hv and bench.chamber is None:
        problems.warning(
            "no-chamber",
            "chamber",
            "volume and exhaust of the chamber are not declared: solvent vapour cannot be estimated",
            'add [chamber] with volume = "200 l" and exhaust = "60 m3/h"',
        )
    attach_places(problems, bench.text)
    return problems


def _declarations(bench: Bench, problems: Problems) -> None:
    safety = bench.safety
    needed = {
        "hardware_interlock": (bool(bench.hv), safety.hardware_interlock),
        "furnace_limiter": (bool(bench.furnaces), safety.furnace_limiter),
        "exhaust_ducted": (bool(bench.hv or bench.furnaces), safety.exhaust_ducted),
    }
    for rule, (wanted, declared) in needed.items():
        if not wanted or declared:
            continue
        override = safety.override(rule)
        if override is not None:
            problems.warning(
                "overridden", f"safety.overrides.{rule}", f"runs without {_DECLARED[rule]}: {override.reason}"
            )
        else:
            problems.error(
                "not-declared",
                f"safety.{rule}",
                f"the rig file does not declare {_DECLARED[rule]}; software is only the second line",
                f'declare {rule} = true when it is there, or give a reason: [safety.overrides] {rule} = "..."',
            )


def _lines(bench: Bench, problems: Problems) -> None:
    instruments = bench.instruments
    emulated = {where for where in bench.lines if is_simulated(where)}
    if emulated and len(emulated) < len(bench.lines):
        real = next(where for where in bench.lines if where not in emulated)
        problems.error(
            "mixed-simulation",
            _port_key(bench, bench.lines[real][0]),
            f"{bench.lines[real][0]} stands at a real port while {bench.lines[min(emulated)][0]} is emulated",
            "make all ports real, or emulate all of them with --simulate",
        )
    devices: dict[str, str] = {}
    for where, names in bench.lines.items():
        match = _DEVICE.fullmatch(visa_name(where)) if is_visa(where) else None
        device = match[1] if match is not None else where
        if device in devices:
            problems.error(
                "same-port",
                _port_key(bench, names[0]),
                f"{where} is the port of {devices[device]} as well",
                "give each line a port of its own",
            )
        devices.setdefault(device, names[0])
        if len(names) > 1:
            _shared_line(bench, names, problems)
    for module in bench.safety_inputs():
        own = exchange_s(instruments[module])
        for name in bench.lines[instruments[module].where]:
            if name != module and exchange_s(instruments[name]) > own * (1 + 1e-9):
                problems.error(
                    "slow-neighbour",
                    _port_key(bench, name),
                    f"{name} takes {exchange_s(instruments[name]) * 1000:.0f} ms for an exchange and shares the line "
                    f"of the interlock inputs {module}, which take {own * 1000:.0f} ms",
                    "give the interlock inputs a line of their own",
                )


def _shared_line(bench: Bench, names: tuple[str, ...], problems: Problems) -> None:
    instruments = bench.instruments
    supplies = [name for name in names if name in bench.hv]
    if supplies:
        problems.error(
            "hv-line-shared",
            _port_key(bench, supplies[0]),
            f"the supply {supplies[0]} shares its line with {', '.join(n for n in names if n != supplies[0])}",
            "a high-voltage supply needs a line of its own, so that off never waits",
        )
        return
    furnaces = [name for name in names if name in bench.furnaces]
    if furnaces:
        problems.error(
            "furnace-line-shared",
            _port_key(bench, furnaces[0]),
            f"the furnace {furnaces[0]} shares its line with {', '.join(n for n in names if n != furnaces[0])}",
            "give it a line of its own: a neighbour that does not answer keeps the line busy for several seconds, and "
            "a furnace's off is to be out within 1.5 s",
        )
        return
    taken: dict[int, str] = {}
    first = instruments[names[0]]
    for name in names:
        settings = instruments[name]
        info = CATALOG.get(settings.driver)
        if info is None:
            continue
        if info.addresses is None:
            problems.error(
                "not-addressable",
                _port_key(bench, name),
                f"{name} has no address and shares its line with {', '.join(n for n in names if n != name)}",
                "give it a line of its own",
            )
            continue
        if settings.driver != first.driver or settings.baud != first.baud:
            problems.error(
                "mixed-line",
                _port_key(bench, name),
                f"{name} ({_link(info, settings.baud)}) does not speak as {names[0]} on the same line does",
                "only instruments of one family at one baud rate share a line",
            )
            continue
        address = settings.address if settings.address is not None else info.default_address
        if address is None:
            continue
        if address in taken:
            problems.error(
                "duplicate-address",
                f"{name}.address",
                f"{name} and {taken[address]} are both at address {address} of one line",
                "give each its own address, on the instrument and here",
            )
        taken.setdefault(address, name)


def _link(info: DriverInfo, baud: int | None) -> str:
    return f"{info.name}, {info.link if baud is None else f'{baud} baud'}"


def _port_key(bench: Bench, name: str) -> str:
    return f"{name}.{'resource' if is_visa(bench.instruments[name].where) else 'port'}"


def _supply(name: str, supply: HvSettings, problems: Problems) -> None:
    for key, limit, rating, unit in (
        ("voltage", supply.limit_kv, supply.rating_kv, "kV"),
        ("current", supply.limit_ua, supply.rating_ma * 1000, "µA"),
    ):
        if limit > rating:
            problems.error(
                "above-rating",
                f"{name}.limits.{key}",
                f"the limit of {limit:g} {unit} is above the supply's rating of {rating:g} {unit}",
                "a limit is at most the rating",
            )
    least = least_discharge_s(supply.bleed_ohm, supply.capacitance_f)
    if supply.discharge_s < least.value:
        problems.error(
            "discharge-too-short",
            f"{name}.discharge_time",
            f"a discharge time of {supply.discharge_s:g} s is too short; at least {least} is wanted",
            "declare bleed and capacitance, or wait longer",
        )
    info = CATALOG.get(supply.driver)
    if info is None:
        return
    step_kv = None if info.monitor_steps is None else supply.rating_kv / info.monitor_steps
    if step_kv is None or not provable(step_kv):
        what = "it has no read-back" if step_kv is None else f"its monitor steps by {step_kv * 1000:.0f} V"
        problems.warning(
            "never-proved",
            name,
            f"that {name} is off can never be proved: {what}, more than {PROOF_FLOOR_KV * 1000:.0f} V",
            "a person's attestation is asked each time",
        )


def _inputs(bench: Bench, problems: Problems) -> None:
    channels = {
        f"{name}.{channel.name}": name for name, module in bench.inputs.items() for channel in module.channels
    }
    presence = bench.safety.presence
    if presence != "console" and presence not in channels:
        problems.error(
            "unknown-name",
            "safety.presence",
            f'there is no input "{presence}"',
            f"inputs: {', '.join(channels)}",
        )
    carried = {channel.rpartition(".")[2] for channel in channels}
    wanted = (*(SPIN_INTERLOCKS if bench.hv else ()), *(FURNACE_INTERLOCKS if bench.furnaces else ()))
    for interlock in wanted:
        if interlock not in carried:
            place = f"{next(iter(bench.inputs))}.channels.{interlock}" if bench.inputs else "inputs"
            problems.error(
                "missing-interlock",
                place,
                f'no input is called "{interlock}"',
                f'add {interlock} = {{ channel = 0, healthy = "closed" }} to the channels of an input module',
            )
    for later, earlier in doubled(bench.outputs):
        problems.error(
            "duplicate-channel",
            f"{later}.channel",
            f"{later} stands on the channel of {earlier}",
            "give each its own",
        )
    for name, one in bench.outputs.items():
        gas = bench.gases.get(one.of or "")
        if gas is not None and gas.on_power_loss == "flows" and not one.relay.inverted:
            problems.error(
                "valve-shuts-without-power",
                f"{name}.inverted",
                f"{gas.name} is said to flow on when power is lost, and its valve {name} needs current to open",
                'take a valve that is open without current and write inverted = true, or on_power_loss = "stops"',
            )
    for name, names in bench.safety_inputs().items():
        module = bench.inputs[name]
        info = CATALOG.get(module.driver)
        if info is None:
            continue
        if info.checksum == "setting" and not module.checksum:
            problems.error(
                "checksum-off",
                f"{name}.checksum",
                f"{name} carries {', '.join(names)} and runs without checksum",
                "switch it on in the module's set-up and write checksum = true",
            )
        why = dict(info.unsafe_models).get(module.model or "")
        if why is not None:
            problems.error(
                "unsafe-model",
                f"{name}.model",
                f"a {module.model} is not taken for {', '.join(names)}: {why}",
                "use a 4050 for interlocks",
            )
