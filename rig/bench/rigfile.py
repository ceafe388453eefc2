"""Rig file -> Bench: strict, with every problem at its place in the owner's text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from recipes.problems import InputError, Problem, Problems, Severity
from recipes.tables import Table, root_table
from recipes.toml_text import attach_places, load_toml, nearest, read_text_file
from rig.bench import sections
from rig.bench.model import (
    SIM_PORT,
    SIM_VISA,
    Bench,
    Calibration,
    Chamber,
    NeedleMount,
    Override,
    Plain,
    SafetyDeclaration,
    is_simulated,
    is_visa,
)
from rig.bench.outputs import read_output
from rig.bench.syringes import read_own_syringes
from rig.instruments.catalog import PLANNED
from rig.safety.limits import LOST_CLIENT_GRACE_S, PROVE_EVERY_S

FORMAT: Final = 2
"""2 is 1 and [syringes.*]; 1 is read for ever."""

OVERRIDABLE: Final = ("hardware_interlock", "furnace_limiter", "exhaust_ducted")
"""Declarations that a reasoned override can stand in for (safety rules, first paragraph)."""

DEMO_RIG: Final = "demo/rig.toml"
DEMO_SHEET: Final = "demo/sheet.toml"

_T = TypeVar("_T")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def read_rig(source: str | bytes, name: str) -> tuple[Bench | None, Problems]:
    """The bench and all problems, placed. `name` names the file in messages and stands in for a missing
    `name`.

    The bench is None when an error spoilt it. Drivers that are known but not built yet are errors that do
    not: the bench is then complete as data, and a caller that wants to run must look at
    `problems.has_errors`.
    """
    problems = Problems()
    octets = source if isinstance(source, bytes) else source.encode()
    data = load_toml(source, problems, "rig file")
    if data is None:
        return None, problems
    text = octets.decode("utf-8")
    bench = _read(root_table(data, problems), text, hashlib.sha256(octets).hexdigest(), name)
    attach_places(problems, text)
    spoilt = any(problem.severity is Severity.ERROR and not _not_built(problem, data) for problem in problems)
    return (None if spoilt else bench), problems


def load_rig(path: Path | None) -> tuple[Bench, Problems]:
    """The bench of a file, or of the built-in demonstration rig, and what else is to be said about it.

    :raises InputError: when the file cannot be read or holds an error.
    """
    problems = Problems()
    if path is None:
        octets: bytes | None = files("rig.bench").joinpath(DEMO_RIG).read_bytes()
        name = "the built-in demonstration rig"
    else:
        octets, name = read_text_file(path, problems, "rig"), str(path)
    bench = None
    if octets is not None:
        bench, problems = read_rig(octets, name)
    if bench is None or problems.has_errors:
        raise InputError(problems, name)
    return bench, problems


def simulate(bench: Bench) -> Bench:
    """The same bench with every instrument replaced by the emulator of that very model.

    Ports become sim://NAME OF THE LINE, instruments that shared a port still share one; a VISA resource keeps
    its name behind the mark "sim:". Drivers, limits and conditions stay those of the file.
    """
    moved = {
        where: where
        if is_simulated(where)
        else f"{SIM_VISA}{where}"
        if is_visa(where)
        else f"{SIM_PORT}{bench.line_names[where]}"
        for where in bench.lines
    }

    def move(instruments: dict[str, Any]) -> dict[str, Any]:
        return {
            name: replace(settings, where=moved.get(settings.where, settings.where))
            for name, settings in instruments.items()
        }

    return replace(
        bench,
        pumps=move(bench.pumps),
        hv=move(bench.hv),
        current=move(bench.current),
        climate=move(bench.climate),
        inputs=move(bench.inputs),
        furnaces=move(bench.furnaces),
        gases=move(bench.gases),
        oxygen=move(bench.oxygen),
        lines={moved[where]: names for where, names in bench.lines.items()},
    )


def _not_built(problem: Problem, data: Mapping[str, Any]) -> bool:
    if problem.code != "unknown-driver":
        return False
    section, _, rest = problem.where.partition(".")
    tables = data.get(section, {})
    name = rest.rpartition(".")[0]
    table = tables.get(name) if isinstance(tables, dict) else None
    return isinstance(table, dict) and PLANNED.get(str(table.get("driver"))) == section


def _read(root: Table, text: str, sha256: str, name: str) -> Bench:
    fmt = root.integer("format", required=True, minimum=1)
    if fmt > FORMAT:
        root.error(
            "newer-format",
            "format",
            f"the file is of format {fmt}; this program reads up to {FORMAT}",
            "update the program",
        )
    bench_name = root.text("name") or name
    safety = root.table("safety")
    chamber = root.table("chamber")
    calibrations: dict[str, Calibration] = {}
    pumps = _instruments(root, "pumps", sections.read_pump, calibrations)
    hv = _instruments(root, "hv", sections.read_hv, calibrations)
    current = _instruments(root, "current", sections.read_current, calibrations)
    climate = _instruments(root, "climate", sections.read_climate, calibrations)
    inputs = _instruments(root, "inputs", sections.read_inputs, calibrations)
    furnaces = _instruments(root, "furnace", sections.read_furnace, calibrations)
    gases = _instruments(root, "gas", sections.read_gas, calibrations)
    oxygen = _instruments(root, "oxygen", sections.read_oxygen, calibrations)
    collectors = {
        f"collector.{key}": sections.read_collector(own) for key, own in root.named("collector").items()
    }
    for key, collector in collectors.items():
        if collector.hv is not None:
            _refer(root, f"{key}.hv", collector.hv, hv)
    outputs = {
        f"outputs.{key}": read_output(own, key, inputs, gases, furnaces)
        for key, own in root.named("outputs").items()
    }
    for one in outputs.values():
        if one.module in inputs:
            module = inputs[one.module]
            inputs[one.module] = replace(module, relays=(*module.relays, one.relay))
    notify = root.table("notify")
    bench = Bench(
        name=bench_name,
        text=text,
        sha256=sha256,
        safety=SafetyDeclaration() if safety is None else _read_safety(safety),
        chamber=None if chamber is None else _read_chamber(chamber),
        pumps=pumps,
        needles=_read_needles(root, pumps, hv),
        hv=hv,
        current=current,
        climate=climate,
        inputs=inputs,
        furnaces=furnaces,
        gases=gases,
        oxygen=oxygen,
        collectors=collectors,
        outputs=outputs,
        notify=None if notify is None else Plain("notify", dict(notify.data)),
        calibrations=calibrations,
        lines={},
        syringes=read_own_syringes(root, fmt),
    )
    for key, gas in gases.items():
        _refer(root, f"{key}.feeds", gas.feeds, furnaces)
    root.finish()
    return replace(bench, lines=_lines(bench))


def _lines(bench: Bench) -> dict[str, tuple[str, ...]]:
    lines: dict[str, tuple[str, ...]] = {}
    for name, settings in bench.instruments.items():
        if settings.where:
            lines[settings.where] = (*lines.get(settings.where, ()), name)
    return lines


def _instruments(
    root: Table, section: str, read: Callable[[Table], _T], calibrations: dict[str, Calibration]
) -> dict[str, _T]:
    found = {}
    for name, table in root.named(section).items():
        _check_name(table, name)
        found[table.path] = read(table)
        calibration = sections.read_calibration(table)
        if calibration is not None:
            calibrations[table.path] = calibration
        table.finish()
    return found


def _read_safety(table: Table) -> SafetyDeclaration:
    own = table.table("overrides")
    overrides = []
    if own is not None:
        overrides = [Override(rule, reason) for rule in OVERRIDABLE if (reason := own.text(rule)) is not None]
        own.finish()
    presence = table.text("presence", default="console")
    if presence != "console" and not (presence.startswith("inputs.") and presence.count(".") == 2):
        table.error(
            "unknown-choice",
            "presence",
            f'"{presence}" does not say how presence is shown',
            'write "console", or the input of a key: "inputs.bench.key"',
        )
    found = SafetyDeclaration(
        hardware_interlock=table.flag("hardware_interlock", default=False),
        furnace_limiter=table.flag("furnace_limiter", default=False),
        exhaust_ducted=table.flag("exhaust_ducted", default=False),
        presence=presence,
        grace_s=table.quantity("grace", "time", default=f"{LOST_CLIENT_GRACE_S:g} s", minimum="0 s").to("s"),
        prove_every_s=table.quantity(
            "prove_every", "time", default=f"{PROVE_EVERY_S:g} s", exclusive_minimum="0 s"
        ).to("s"),
        prove_refuses=table.has("prove_every"),
        overrides=tuple(overrides),
    )
    table.finish()
    return found


def _read_chamber(table: Table) -> Chamber:
    limit = table.quantity("electrode_limit", "voltage", exclusive_minimum="0 V")
    found = Chamber(
        volume_l=table.quantity("volume", "volume", required=True, exclusive_minimum="0 l").to("l"),
        exhaust_m3_h=table.quantity("exhaust", "flow_rate", required=True, minimum="0 m3/h").to("m3/h"),
        electrode_limit_kv=None if limit is None else limit.to("kV"),
    )
    table.finish()
    return found


def _read_needles(
    root: Table, pumps: Mapping[str, object], supplies: Mapping[str, object]
) -> dict[str, NeedleMount]:
    found = {}
    for name, table in root.named("needles").items():
        _check_name(table, name)
        pump, hv = table.text("pump", required=True), table.text("hv", required=True)
        if pump:
            _refer(root, f"{table.path}.pump", f"pumps.{pump}", pumps)
        if hv:
            _refer(root, f"{table.path}.hv", f"hv.{hv}", supplies)
        table.finish()
        found[name] = NeedleMount(f"pumps.{pump}", f"hv.{hv}")
    return found


def _check_name(table: Table, name: str) -> None:
    """Names become parts of channel names: letters, digits, hyphen and underscore only."""
    if not _NAME.fullmatch(name):
        table.error(
            "bad-name",
            None,
            f'"{name}" cannot be a name here',
            "use letters without accents, digits, hyphen and underscore",
        )


def _refer(root: Table, where: str, wanted: str, known: Mapping[str, object]) -> None:
    """An error where something is named that does not stand in this file."""
    if not wanted or wanted in known:
        return
    guess = nearest(wanted, known)
    hint = (
        f'did you mean "{guess.partition(".")[2]}"?' if guess else f"there are: {', '.join(known) or 'none'}"
    )
    root.problems.error("unknown-name", where, f"there is no [{wanted}] in this file", hint)
