"""`spinrig plan`: what will happen when, and how much of each solution it takes."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.consumption import consumption
from recipes.curves import temperature_curve, voltage_curves
from recipes.model import Recipe, SpinStep, Stream
from recipes.problems import Severity
from recipes.timeline import Entry, Timeline, duration_text, plan
from rig.cli import output
from rig.cli.inputs import GivenRig, Lab, read_given_recipe

if TYPE_CHECKING:
    from rig.bench.assignment import StreamAssignment

DESCRIPTION = """\
Lays a recipe out in time, by the rig's own ramps, limits and time constants, and says what each syringe has to hold
and when it would run dry. Without --rig it plans for the demonstration rig, and says so. A person's time is not
planned. Nothing is opened and nothing moves.
"""
EXAMPLES = """\
examples:
  spinrig plan tio2-pcnf
  spinrig plan my-recipe.toml --rig bench-1.toml --sheet monday.toml
  spinrig plan tio2-pcnf --svg plan.svg
"""
TOLERANCE_ML = 1e-9


def add_parser(subparsers: Any) -> None:
    """Add the word `plan`."""
    parser = subparsers.add_parser(
        "plan", help="what will happen when", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a file, or the id of a library recipe")
    parser.add_argument("--rig", type=Path, metavar="RIG.toml", help="plan for this rig")
    parser.add_argument("--sheet", type=Path, metavar="SHEET.toml", help="with these syringes and volumes")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw it into this file")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Syringe:
    """One stream's liquid, ml. dry_s: when the syringe would be empty if its step went on, since the start; None
    without a rig that can feed the stream.
    """

    step: str
    stream: str
    solution: str
    pump: str | None
    syringe: str | None
    loaded_ml: float | None
    clock_ml: float
    before_ml: float
    needed_ml: float
    left_ml: float | None
    dry_s: float | None
    refill: bool


def run(args: argparse.Namespace) -> int:
    """Print the plan; 2 when recipe, rig or sheet cannot be read."""
    from rig.bench.capabilities import capabilities

    lab = Lab.read()
    recipe, given = read_given_recipe(args.recipe, lab)
    rig = GivenRig.read(args.rig, args.sheet, materials=lab.materials)
    files = [*lab.files, given, rig.rig, *([] if rig.sheet is None else [rig.sheet])]
    if recipe is None or rig.bench is None or any(one.has_errors for one in files):
        for one in files:
            one.show()
        output.complain(f"{args.recipe}: cannot be planned", "mend what is said above")
        return 2
    timeline = plan(recipe, capabilities(rig.bench))
    held = [problem for one in rig.against(recipe, given) for problem in one.problems]
    syringes = _syringes(recipe, timeline, rig)
    if args.svg is not None:
        _draw(args.svg, recipe, timeline)
    if args.json:
        data = {**timeline.as_dict(), "demonstration_rig": rig.demonstration}
        data["syringes"] = [asdict(one) for one in syringes]
        data["uses"] = consumption(recipe, timeline, lab.materials).as_dict()
        data["curves"] = {
            "voltage_kv": voltage_curves(recipe, timeline),
            "temperature_degc": temperature_curve(recipe, timeline),
        }
        data["fits"] = not any(problem.severity is Severity.ERROR for problem in held)
        output.json_line(data)
        return 0
    _say(recipe, timeline, syringes, rig)
    wrong = [problem for problem in held if problem.severity != Severity.NOTE]
    if wrong:
        errors = any(problem.severity is Severity.ERROR for problem in wrong)
        output.remark("\nAs it stands this rig cannot make it:" if errors else "\nHeld against this rig:")
        for problem in wrong:
            output.remark(f"  {problem.severity}: {problem.message}")
    return 0


def _say(recipe: Recipe, timeline: Timeline, syringes: list[Syringe], rig: GivenRig) -> None:
    where = (
        f"the demonstration rig ({timeline.rig}), all of it emulated" if rig.demonstration else timeline.rig
    )
    print(output.visible(f"{recipe.name}, planned for {where}"))
    if rig.demonstration:
        print("  (--rig RIG.toml plans for a rig of yours)")
    print()
    output.table(timeline.rows(), timeline.COLUMNS)
    people = [entry for entry in timeline.entries if entry.do == "prompt"]
    about = "about " if any(entry.estimate for entry in timeline.entries) else ""
    more = f", and a person's time at {output.counted(len(people), 'prompt')}" if people else ""
    ends = datetime.now().astimezone() + timedelta(seconds=timeline.total_s)
    print(
        f"\nIn all {about}{duration_text(timeline.total_s)}{more}: begun now it ends {about}{ends:%Y-%m-%d %H:%M}."
    )
    if syringes:
        print()
        output.table(
            [_row(one) for one in syringes],
            ("step", "stream", "pump", "syringe", "loaded", "needed", "left", "would run dry"),
        )
        print()
        for solution, volume_ml in _by_solution(syringes).items():
            print(output.visible(f"{solution}: {volume_ml:.2f} ml are needed"))
    uses = consumption(recipe, timeline, rig.materials)
    if uses.sentence():
        print(f"uses: {uses.sentence()}")
    for note in (*timeline.notes, *uses.notes):
        print(output.visible(f"note: {note}"))


def _row(one: Syringe) -> tuple[str, ...]:
    needed = f"{one.needed_ml:.2f} ml"
    if one.pump is None or one.loaded_ml is None or one.left_ml is None or one.dry_s is None:
        return (one.step, one.stream, "none", "", "", needed, "", "")
    short = one.left_ml < -TOLERANCE_ML
    left = f"{-one.left_ml:.2f} ml missing" if short else f"{one.left_ml:.2f} ml"
    when = f"{duration_text(one.dry_s)} after the start"
    if short:
        when += ", then a refill" if one.refill else ", too early"
    return (one.step, one.stream, one.pump, one.syringe or "", f"{one.loaded_ml:g} ml", needed, left, when)


def _by_solution(syringes: list[Syringe]) -> dict[str, float]:
    needed: dict[str, float] = {}
    for one in syringes:
        needed[one.solution] = needed.get(one.solution, 0.0) + one.needed_ml
    return needed


def _syringes(recipe: Recipe, timeline: Timeline, rig: GivenRig) -> list[Syringe]:
    from rig.bench.assignment import propose

    assert rig.bench is not None
    assignment = propose(recipe, rig.bench, rig.sheet_for(recipe))
    found = []
    for entry, step in zip(timeline.entries, recipe.steps, strict=True):
        if isinstance(step, SpinStep):
            found += [
                _syringe(recipe, entry, step, stream, assignment.get(step.id, stream.id))
                for stream in step.streams
            ]
    return found


def _syringe(
    recipe: Recipe, entry: Entry, step: SpinStep, stream: Stream, own: StreamAssignment | None
) -> Syringe:
    from rig.bench.assignment import need

    wanted = need(recipe, step, stream)
    left_ml = dry_s = None
    if own is not None:
        left_ml = own.loaded_ml - wanted.total_ml
        # What is drawn before the clock starts is gone when it starts, whenever exactly it was drawn.
        clock_s = entry.start_s
        for phase in entry.phases:
            if phase.name == "clock":
                break
            clock_s += phase.duration_s
        lasts_s = (own.loaded_ml - wanted.overhead_ml) / stream.rate.to("ml/h") * 3600
        dry_s = max(clock_s + lasts_s, entry.start_s)
    return Syringe(
        step=step.id,
        stream=stream.id,
        solution=stream.solution,
        pump=None if own is None else own.pump,
        syringe=None if own is None else own.syringe.name,
        loaded_ml=None if own is None else own.loaded_ml,
        clock_ml=wanted.clock_ml,
        before_ml=wanted.overhead_ml,
        needed_ml=wanted.total_ml,
        left_ml=left_ml,
        dry_s=dry_s,
        refill=stream.refill,
    )


def _draw(path: Path, recipe: Recipe, timeline: Timeline) -> None:
    from rig.cli.plan_svg import draw_plan

    try:
        path.write_text(draw_plan(recipe, timeline), encoding="utf-8")
    except OSError as error:
        raise output.Refused(
            f"{path} cannot be written: {error.strerror or error}", "name another file with --svg"
        ) from None
