"""[outputs.*]: contactor, gas valve, door lock, beacon, heartbeat relay, on the digital outputs of a module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from recipes.materials import is_inert
from recipes.tables import Table
from rig.bench.model import OutputSettings
from rig.instruments.settings import RELAY_SAFE, GasSettings, InputsSettings, RelayChannel

OUTPUT_COUNT: Final = {"4050": 8, "4055": 8, "4060": 4, "4068": 8}
"""Digital outputs of the ADAM-4000 models (Advantech ADAM-4000 manual); the others have none."""

OPENS_ON: Final = ("unproved", "abort")


def gas_of(controller: str) -> str:
    """The gas that a flow controller's name says: "argon" for gas.argon and gas.argon-2."""
    short = controller.partition(".")[2]
    return short if is_inert(short) else re.split(r"[-_0-9]", short)[0]


def read_output(
    table: Table,
    name: str,
    inputs: Mapping[str, InputsSettings],
    gases: Mapping[str, GasSettings],
    furnaces: Iterable[str],
) -> OutputSettings:
    """One output. `kind` is its name where that is one: [outputs.contactor] is a contactor, [outputs.door_lock] a lock,
    [outputs.argon_valve] a valve.

    A lock is taken to need current to open unless `inverted = false` says otherwise; a valve that is open without
    current has `inverted = true`.
    """
    kinds = tuple(RELAY_SAFE)
    usual = next((kind for kind in kinds if kind in name and kind != "on"), None)
    kind = table.choice("kind", kinds, default=usual) if usual else table.choice("kind", kinds, required=True)
    module = table.text("module", required=True)
    full = module if module.startswith("inputs.") else f"inputs.{module}"
    channel = table.integer("channel", required=True, minimum=0)
    inverted = table.flag("inverted", default=kind == "lock")
    of = _belongs_to(table, kind, gases, furnaces)
    opens_on = None
    if kind == "contactor" and of is None:
        opens_on = table.choice("opens_on", OPENS_ON, required=True)
    elif table.has("opens_on"):
        why = (
            "a heater's contactor opens whenever its heater is told off"
            if of
            else f"a {kind} does not open anything"
        )
        table.error("wrong-key", "opens_on", why, "leave the key out")
    found = inputs.get(full)
    if module and found is None:
        there = ", ".join(one.partition(".")[2] for one in inputs) or "none"
        table.error("unknown-name", "module", f"there is no [{full}] in this file", f"there are: {there}")
    if found is not None:
        count = OUTPUT_COUNT.get(found.model or "", 0)
        if channel >= count:
            table.error(
                "out-of-range",
                "channel",
                f"output {channel} does not exist: a {found.model} has {count or 'no'} outputs"
                + (", counted from 0" if count else ""),
                "use a 4050, 4055, 4060 or 4068",
            )
    table.finish()
    kept = kind == "valve" and of is not None and is_inert(gas_of(of))
    return OutputSettings(
        f"outputs.{name}", full, RelayChannel(name, kind or "on", channel, inverted, kept), opens_on, of
    )


def _belongs_to(
    table: Table, kind: str | None, gases: Mapping[str, GasSettings], furnaces: Iterable[str]
) -> str | None:
    """`of`: the gas of a valve, the furnace of a heater's contactor; a contactor without it is that of the supplies."""
    of: str | None
    if kind == "valve":
        of = table.text("of", required=True)
        known = [name for name, gas in gases.items() if not gas.passive]
        why = (
            "has no flow controller: room air comes through no valve"
            if of in gases
            else "is not in this file"
        )
    elif kind == "contactor":
        of, known, why = table.text("of"), list(furnaces), "is no furnace of this file"
    else:
        if table.has("of"):
            table.error("wrong-key", "of", f"a {kind} belongs to the whole rig", "leave the key out")
            table.ignore("of")
        return None
    if of and of not in known:
        table.error("unknown-name", "of", f"[{of}] {why}", f"there are: {', '.join(known) or 'none'}")
    return of or None


def doubled(outputs: Mapping[str, OutputSettings]) -> list[tuple[str, str]]:
    """Outputs that stand on the channel of an earlier one: (the later, the earlier)."""
    taken: dict[tuple[str, int], str] = {}
    found = []
    for name, one in outputs.items():
        place = (one.module, one.relay.channel)
        if place in taken:
            found.append((name, taken[place]))
        taken.setdefault(place, name)
    return found
