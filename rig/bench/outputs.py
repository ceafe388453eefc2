"""[outputs.*]: contactor, door lock, beacon, heartbeat relay, on the digital outputs of a module of the rig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recipes.tables import Table
from rig.bench.model import OutputSettings
from rig.instruments.settings import RELAY_SAFE, InputsSettings, RelayChannel

OUTPUT_COUNT: Final = {"4050": 8, "4055": 8, "4060": 4, "4068": 8}
"""Digital outputs of the ADAM-4000 models (Advantech ADAM-4000 manual); the others have none."""

OPENS_ON: Final = ("unproved", "abort")


def read_output(table: Table, name: str, inputs: Mapping[str, InputsSettings]) -> OutputSettings:
    """One output. `kind` is its name where that is one: [outputs.contactor] is a contactor, [outputs.door_lock] a lock.

    A lock is taken to need current to open unless `inverted = false` says otherwise.
    """
    kinds = tuple(RELAY_SAFE)
    usual = next((kind for kind in kinds if kind in name and kind != "on"), None)
    kind = table.choice("kind", kinds, default=usual) if usual else table.choice("kind", kinds, required=True)
    module = table.text("module", required=True)
    full = module if module.startswith("inputs.") else f"inputs.{module}"
    channel = table.integer("channel", required=True, minimum=0)
    inverted = table.flag("inverted", default=kind == "lock")
    opens_on = None
    if kind == "contactor":
        opens_on = table.choice("opens_on", OPENS_ON, required=True)
    elif table.has("opens_on"):
        table.error("wrong-key", "opens_on", f"a {kind} does not open anything", "leave the key out")
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
    return OutputSettings(
        f"outputs.{name}", full, RelayChannel(name, kind or "on", channel, inverted), opens_on
    )


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
