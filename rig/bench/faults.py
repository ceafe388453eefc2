"""The faults file of an emulated run: what goes wrong, where, when and for how long (safety rule 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recipes.model import Recipe
from recipes.problems import Problems
from recipes.tables import Table, root_table
from recipes.toml_text import attach_places, load_toml, nearest
from rig.bench.model import Bench

LINE: Final = ("silent", "garble", "truncate", "late", "unplug")
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "pumps": ("stall", "empty", "siphon"),
    "hv": (
        "arc", "short", "clog", "bubble", "interlock", "stuck-on", "readback-frozen", "readback-offset", "open-cable",
    ),
    "furnace": ("sensor-break", "thermocouple-out", "reversed", "stuck-on", "no-heat", "exotherm"),
    "gas": ("loss", "wrong-gas", "blocked-outlet", "air-leak"),
    "oxygen": ("reads-low", "slow"),
    "climate": ("humid",),
    "current": (),
    "inputs": ("open", "stuck", "flutter"),
    "needles": ("clog", "bubble"),
    "controller": ("crash", "power-cut", "scan-stall", "clock-step", "suspend", "disk-full"),
    "operator": ("wrong-answer", "door-at-once"),
}  # fmt: skip
"""Kinds by the class of what they strike. An instrument can have the faults of its line, too; those of an
input name a channel.
"""
EVERYWHERE: Final = ("controller", "operator")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Either `at_s` after the start of the run, or `after_s` after the start of `step`.

    on: an instrument ("pumps.a"), a needle mount ("needles.left"), "controller" or "operator"; channel: the
    input it strikes; duration_s: None lasts to the end, or is a single event.
    """

    on: str
    kind: str
    at_s: float | None
    step: str | None
    after_s: float
    duration_s: float | None
    channel: str | None = None


def read_faults(
    source: str | bytes, bench: Bench, recipe: Recipe | None
) -> tuple[tuple[Fault, ...] | None, Problems]:
    """The faults in the order of the file and all problems, placed; None when there is an error.

    Without a recipe the names of steps are not checked.
    """
    problems = Problems()
    data = load_toml(source, problems, "faults file")
    if data is None:
        return None, problems
    root = root_table(data, problems)
    found = [_read_fault(table, bench, recipe) for table in root.tables("fault", required=True, names=())]
    root.finish()
    attach_places(problems, source.decode() if isinstance(source, bytes) else source)
    return (None if problems.has_errors else tuple(found)), problems


def _read_fault(table: Table, bench: Bench, recipe: Recipe | None) -> Fault:
    at = table.quantity("at", "time", minimum="0 s")
    step = table.text("step")
    after = table.quantity("after", "time", minimum="0 s")
    duration = table.quantity("duration", "time", exclusive_minimum="0 s")
    if (at is None) == (step is None) and not (table.has("at") and at is None):
        table.error(
            "when-unclear",
            "at" if table.has("at") else None,
            "a fault says when it comes, in one of two ways",
            'write at = "40 min", or step = "carbonise" and after = "10 min"',
        )
    if step is None and after is not None:
        table.error("when-unclear", "after", '"after" counts from the start of a step', 'add step = "..."')
    if step is not None and recipe is not None:
        ids = [one.id for one in recipe.steps]
        if step not in ids:
            guess = nearest(step, ids)
            hint = f'did you mean "{guess}"?' if guess else f"its steps: {', '.join(ids)}"
            table.error("unknown-step", "step", f'the recipe has no step "{step}"', hint)
    on, channel, kind = _read_target(table, bench)
    table.finish()
    return Fault(
        on=on,
        kind=kind,
        at_s=None if at is None else at.to("s"),
        step=step,
        after_s=0.0 if after is None else after.to("s"),
        duration_s=None if duration is None else duration.to("s"),
        channel=channel,
    )


def _read_target(table: Table, bench: Bench) -> tuple[str, str | None, str]:
    """`on` and `kind`; an input is `on = "inputs.bench.door_closed"`, or named behind the kind: `kind = "open
    door_closed"`.
    """
    on = table.text("on", required=True)
    kind, _, behind = table.text("kind", required=True).partition(" ")
    channel = behind or None
    module, _, last = on.rpartition(".")
    if module in bench.inputs and channel is None:
        on, channel = module, last
    known = {*bench.instruments, *(f"needles.{name}" for name in bench.needles), *EVERYWHERE}
    if not on or not kind:
        return on, channel, kind
    if on not in known:
        guess = nearest(on, known)
        hint = f'did you mean "{guess}"?' if guess else f"possible: {', '.join(sorted(known))}"
        table.error("unknown-name", "on", f'there is no "{on}" on {bench.name}', hint)
        return on, channel, kind
    section = on.partition(".")[0]
    kinds = KINDS[section] + (LINE if on in bench.instruments else ())
    if kind not in kinds:
        guess = nearest(kind, kinds)
        possible = f"possible: {', '.join(kinds)}"
        table.error(
            "unknown-choice",
            "kind",
            f'"{kind}" cannot happen to {on}',
            f'did you mean "{guess}"? {possible}' if guess else possible,
        )
    elif section == "inputs" and kind in KINDS["inputs"]:
        channels = [one.name for one in bench.inputs[on].channels]
        if channel not in channels:
            table.error(
                "unknown-name",
                "on",
                f'{on} has no channel "{channel}"' if channel else f"which channel of {on} is {kind}?",
                f'write on = "{on}.{channels[0] if channels else "door_closed"}"; channels: {", ".join(channels)}',
            )
    elif channel is not None:
        table.error(
            "unknown-choice",
            "kind",
            f'"{kind}" strikes the whole of {on}, not one channel',
            f'write on = "{on}"',
        )
    return on, channel, kind
