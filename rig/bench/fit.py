"""Fit: can this rig make that recipe? Everything that needs the rig's capabilities and no reading.

Problems are kept by the file they stand in (rig file, run sheet, recipe), since a line number means nothing
without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from recipes.materials import Materials
from recipes.model import Recipe, SpinStep, Stream
from recipes.problems import Problem, Problems, Severity
from recipes.toml_text import attach_places, nearest
from rig.bench.assignment import (
    Assignment,
    StreamAssignment,
    dead_volume_ml,
    need,
    prime_steps,
    propose,
)
from rig.bench.capabilities import rate_limits_ml_h
from rig.bench.fit_furnace import fit_furnaces
from rig.bench.fit_vapour import fit_vapour
from rig.bench.fit_voltage import fit_voltages
from rig.bench.model import Bench
from rig.bench.reaction import Reaction, reaction_times
from rig.bench.rules import check_bench
from rig.bench.sheet import RunSheet
from rig.bench.syringes import diameter_doubt

RIG_FILE, RUN_SHEET, RECIPE = "rig file", "run sheet", "recipe"


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer. `problems` are all; `by_file` the same by "rig file", "run sheet" and "recipe", each placed
    in its text.
    """

    assignment: Assignment
    reaction_times: tuple[Reaction, ...]
    by_file: dict[str, Problems]

    @property
    def problems(self) -> Problems:
        """All problems: those of the rig file first, then of the run sheet, then of the recipe."""
        return Problems(problem for problems in self.by_file.values() for problem in problems)

    @property
    def possible(self) -> bool:
        """Whether nothing speaks against making the recipe on this rig."""
        return not any(problems.has_errors for problems in self.by_file.values())


def fit(
    recipe: Recipe, bench: Bench, sheet: RunSheet | None = None, materials: Materials | None = None
) -> Fit:
    """Hold a recipe against a rig and, where there is one, the run sheet; without one an assignment is
    proposed. materials: what is known of its solvents; None: the built-in tables.
    """
    reactions = reaction_times(bench)
    found = Fit(
        assignment=propose(recipe, bench, sheet, materials),
        reaction_times=reactions,
        by_file={RIG_FILE: check_bench(bench, reactions), RUN_SHEET: Problems(), RECIPE: Problems()},
    )
    _Fitter(recipe, bench, sheet, found).run()
    attach_places(found.by_file[RECIPE], recipe.text)
    if sheet is not None:
        attach_places(found.by_file[RUN_SHEET], sheet.text)
    return found


class _Fitter:
    """One fit under way: what is compared, and the two lists that problems go to."""

    def __init__(self, recipe: Recipe, bench: Bench, sheet: RunSheet | None, found: Fit) -> None:
        self.recipe = recipe
        self.bench = bench
        self.sheet = sheet
        self.assignment = found.assignment
        self.in_sheet = found.by_file[RUN_SHEET]
        self.in_recipe = found.by_file[RECIPE]

    def run(self) -> None:
        spins = [step for step in self.recipe.steps if isinstance(step, SpinStep)]
        self._unused_streams(spins)
        for step in spins:
            for stream in step.streams:
                self._stream(step, stream)
            self._one_pump_each(step)
            fit_voltages(self.bench, self.assignment, step, self.in_recipe)
            self._windows(step)
        fit_furnaces(self.recipe, self.bench, self.in_recipe)
        fit_vapour(self.recipe, self.bench, self.assignment, self.in_recipe)

    def _error(
        self, step: SpinStep, stream: Stream, sheet_key: str, recipe_key: str, problem: Problem
    ) -> None:
        """Put a problem where it can be mended: in the run sheet where there is one, else in the recipe."""
        where = f"streams.{step.id}.{stream.id}" if self.sheet is not None else _path(step, stream)
        key = sheet_key if self.sheet is not None else recipe_key
        problems = self.in_sheet if self.sheet is not None else self.in_recipe
        problems.error(problem.code, f"{where}.{key}" if key else where, problem.message, problem.hint)

    def _unused_streams(self, spins: list[SpinStep]) -> None:
        if self.sheet is None:
            return
        wanted = {(step.id, stream.id) for step in spins for stream in step.streams}
        for step_id, stream_id in self.sheet.streams:
            if (step_id, stream_id) in wanted:
                continue
            names = [f"{step}.{stream}" for step, stream in wanted]
            guess = nearest(f"{step_id}.{stream_id}", names)
            self.in_sheet.warning(
                "unknown-stream",
                f"streams.{step_id}.{stream_id}",
                f'the recipe has no stream "{stream_id}" in a spin step "{step_id}"',
                f"did you mean [streams.{guess}]?" if guess else f"its streams: {', '.join(sorted(names))}",
            )

    def _stream(self, step: SpinStep, stream: Stream) -> None:
        own = self.assignment.get(step.id, stream.id)
        if own is None:
            if self.sheet is not None:
                self.in_sheet.error(
                    "no-pump",
                    f"streams.{step.id}.{stream.id}",
                    f'the stream "{stream.id}" of step "{step.id}" has no pump in the run sheet',
                    f"add [streams.{step.id}.{stream.id}] with pump, syringe, loaded and needle",
                )
            else:
                mounts = len(self.bench.needles)
                self.in_recipe.error(
                    "no-pump",
                    _path(step, stream),
                    f'there is no pump for the stream "{stream.id}": {len(step.streams)} streams, and '
                    f"{self.bench.name} has {mounts} needle mount{'' if mounts == 1 else 's'} with a pump",
                    "use another rig, or spin in two steps",
                )
            return
        if own.pump not in self.bench.pumps:
            guess = nearest(own.pump, self.bench.pumps)
            self.in_sheet.error(
                "unknown-name",
                f"streams.{step.id}.{stream.id}.pump",
                f'{self.bench.name} has no pump "{own.pump.partition(".")[2]}"',
                f'did you mean "{guess.partition(".")[2]}"?'
                if guess
                else f"its pumps: {', '.join(name.partition('.')[2] for name in self.bench.pumps)}",
            )
            return
        self._mount(step, stream, own)
        self._diameter(step, stream, own)
        self._volume(step, stream, own)
        self._speed(step, stream, own)

    def _mount(self, step: SpinStep, stream: Stream, own: StreamAssignment) -> None:
        where = f"streams.{step.id}.{stream.id}.needle"
        if own.needle is None:
            mounts = [name for name, mount in self.bench.needles.items() if mount.pump == own.pump]
            self.in_sheet.error(
                "no-needle",
                where,
                f"{own.pump} feeds {len(mounts)} needle mounts; which one this is, the run sheet does not say",
                f"write needle = one of: {', '.join(mounts)}"
                if mounts
                else "add a mount to the rig file: [needles.*]",
            )
            return
        mount = self.bench.needles.get(own.needle)
        if mount is None:
            guess = nearest(own.needle, self.bench.needles)
            self.in_sheet.error(
                "unknown-name",
                where,
                f'{self.bench.name} has no needle mount "{own.needle}"',
                f'did you mean "{guess}"?' if guess else f"its mounts: {', '.join(self.bench.needles)}",
            )
        elif mount.pump != own.pump:
            self.in_sheet.error(
                "needle-of-other-pump",
                where,
                f'the mount "{own.needle}" is fed by {mount.pump}, not by {own.pump}',
                f'write pump = "{mount.pump.partition(".")[2]}", or name the mount of {own.pump}',
            )

    def _diameter(self, step: SpinStep, stream: Stream, own: StreamAssignment) -> None:
        """Say where the number that flow hangs on is not to be trusted; a proposal takes none of those."""
        doubt = diameter_doubt(own.syringe)
        if doubt is not None and self.sheet is not None:
            hint = (
                'measure it: syringe = { diameter = "...", volume = "..." }, or [syringes.*] in the rig file'
            )
            self.in_sheet.warning("syringe-diameter", f"streams.{step.id}.{stream.id}.syringe", doubt, hint)

    def _volume(self, step: SpinStep, stream: Stream, own: StreamAssignment) -> None:
        wanted = need(self.recipe, step, stream)
        hours = step.duration
        parts = (
            f"{stream.rate} for {hours}, {wanted.start_ml:.3g} ml before the clock starts and "
            f"{wanted.prime_ml:.3g} ml for priming"
        )
        if own.loaded_ml > own.syringe.volume_ml:
            self._error(
                step, stream, "loaded", "rate",
                _problem(
                    "above-capacity",
                    f"{own.loaded_ml:g} ml do not go into a syringe of {own.syringe.volume_ml:g} ml",
                    "load less, or take a larger syringe",
                ),
            )  # fmt: skip
        if stream.refill:
            if own.loaded_ml <= wanted.overhead_ml:
                self._error(
                    step, stream, "loaded", "rate",
                    _problem(
                        "too-little-loaded",
                        f'"{stream.id}": {own.loaded_ml:g} ml are gone before the clock starts ({parts})',
                        "load more",
                    ),
                )  # fmt: skip
        elif not wanted.total_ml <= own.loaded_ml:
            self._error(
                step, stream, "loaded", "rate",
                _problem(
                    "too-little-loaded",
                    f'"{stream.id}" needs {wanted.total_ml:.4g} ml ({parts}), and {own.loaded_ml:g} ml are loaded',
                    f"load at least {wanted.total_ml:.4g} ml, or allow refilling in the recipe with refill = true",
                ),
            )  # fmt: skip
        for prime in prime_steps(self.recipe, step):
            dead = dead_volume_ml(stream)
            if prime.volume is not None and prime.volume.to("ml") < dead:
                self.in_recipe.error(
                    "prime-too-small",
                    f"steps.{prime.id}.volume",
                    f'priming with {prime.volume} does not fill the needle of "{stream.id}", which holds {dead:.3g} ml',
                    f"prime with at least {dead:.2g} ml, or leave volume out",
                )

    def _speed(self, step: SpinStep, stream: Stream, own: StreamAssignment) -> None:
        limits = rate_limits_ml_h(self.bench.pumps[own.pump], own.syringe.diameter_mm)
        if limits is None:
            return
        least, most = limits
        wanted = [(stream.rate.to("ml/h"), str(stream.rate))]
        wanted += [
            (prime.rate.to("ml/h"), f"priming at {prime.rate}") for prime in prime_steps(self.recipe, step)
        ]
        for rate_ml_h, words in wanted:
            if least <= rate_ml_h <= most:
                continue
            fast = rate_ml_h > most
            self._error(
                step, stream, "syringe", "rate",
                _problem(
                    "too-fast" if fast else "too-slow",
                    f"{words} is outside what {own.pump} can do with a syringe of {own.syringe.diameter_mm:g} mm: "
                    f"{least:.3g} to {most:.3g} ml/h",
                    "take a wider syringe" if fast else "take a narrower syringe",
                ),
            )  # fmt: skip

    def _one_pump_each(self, step: SpinStep) -> None:
        taken: dict[str, str] = {}
        for stream in step.streams:
            own = self.assignment.get(step.id, stream.id)
            if own is None:
                continue
            if own.pump in taken:
                self._error(
                    step, stream, "pump", "",
                    _problem(
                        "two-streams-one-pump",
                        f'{own.pump} already feeds the stream "{taken[own.pump]}" of the step "{step.id}"',
                        "a stream needs a pump of its own",
                    ),
                )  # fmt: skip
            taken.setdefault(own.pump, stream.id)

    def _windows(self, step: SpinStep) -> None:
        if self.bench.climate:
            return
        for key, window in (("humidity", step.humidity), ("temperature", step.temperature)):
            if window is None:
                continue
            message = f"the step asks for a window of {key}, and {self.bench.name} has no climate sensor"
            where = f"steps.{step.id}.{key}"
            if window.on_leave == "hold":
                self.in_recipe.error(
                    "no-climate", where, message, 'use a rig with a climate sensor, or on_leave = "warn"'
                )
            else:
                self.in_recipe.warning("no-climate", where, message, "nobody will notice when it is left")


def _path(step: SpinStep, stream: Stream) -> str:
    return f"steps.{step.id}.streams.{stream.id}"


def _problem(code: str, message: str, hint: str) -> Problem:
    return Problem(Severity.ERROR, code, "", message, hint)
