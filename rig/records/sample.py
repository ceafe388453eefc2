"""The past of a sample: what its runs did to it and what was weighed, as far as their records hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recipes.continuing import TREATING, Past, air_stage, carbonises, solutes
from recipes.model import Recipe
from rig.records.errors import RecordError
from rig.records.run import Run, list_runs, open_run

DONE = ("done", "early")
"""Outcomes of a step that count: a person who ends a step early has judged that it is enough."""


@dataclass(frozen=True, slots=True)
class SamplePast:
    """What is known of a sample. runs: ids, the newest first; weighed: (step, key) to value with unit, and the run;
    doubts: sentences about records that are open, damaged or not readable.
    """

    sample: str
    runs: tuple[str, ...] = ()
    past: Past = field(default_factory=Past)
    weighed: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    @property
    def latest(self) -> str | None:
        """The newest run, which the next one continues."""
        return self.runs[0] if self.runs else None


def past_of(sample: str, runs_dir: str | Path | None = None, *, emulated: bool) -> SamplePast:
    """Read every run of a sample. Emulated runs make no real sample: they count only where `emulated`."""
    runs: list[Run] = []
    doubts: list[str] = []
    for one in list_runs(runs_dir):
        if one.sample != sample or (one.simulated and not emulated):
            continue
        try:
            run = open_run(one.folder)
            if not run.journal.lines:
                raise RecordError("its journal holds nothing")
        except (RecordError, OSError) as error:
            doubts.append(f"{one.run} cannot be read ({error}); it does not count")
            continue
        runs.append(run)
    runs.sort(key=_began)
    done: dict[tuple[str, str], str] = {}
    ended: dict[tuple[str, str], tuple[str, str]] = {}
    weighed: dict[tuple[str, str], tuple[str, str]] = {}
    spun_from: frozenset[str] = frozenset()
    stages: dict[str, str] = {}
    for run in runs:
        name = run.folder.name
        if _anew(run):
            done, ended, weighed, stages, spun_from = {}, {}, {}, {}, frozenset()
        if run.journal.status == "damaged":
            doubts.append(f"{name} is damaged: {run.journal.first_bad}; only what stands before that counts")
        elif run.is_open:
            doubts.append(f"{name} has not been closed: it is being made, or its controller went away")
        try:
            recipe = run.recipe
        except RecordError as error:
            recipe = None
            doubts.append(f"{name}: its recipe cannot be read ({error}); what its steps were is not known")
        if recipe is not None:
            spun_from |= solutes(recipe)
        done = dict.fromkeys(_taken_as_done(run, recipe), name) | done
        for step in run.info["steps"]:
            place = (str(step.get("id")), str(step.get("do")))
            if step.get("outcome") not in DONE:
                ended[place] = (name, str(step.get("outcome") or "not ended"))
                continue
            done[place] = name
            made = next((one for one in recipe.steps if one.id == place[0]), None) if recipe else None
            if made is not None and air_stage(made):
                stages["air"] = name
            if made is not None and carbonises(made):
                stages["carbon"] = name
        weighed |= {place: (text, name) for place, text in _weighed(run).items()}
    return SamplePast(
        sample=sample,
        runs=tuple(run.folder.name for run in reversed(runs)),
        past=Past(done, ended, stages.get("air"), stages.get("carbon"), spun_from),
        weighed=weighed,
        doubts=tuple(doubts),
    )


def _began(run: Run) -> tuple[str, str]:
    """When people began it: an emulated run's own clock begins at the same moment each time."""
    first = run.journal.lines[0]
    return str(first["outside"].get("wall_started") or first["utc"]), run.folder.name


def _anew(run: Run) -> bool:
    """A run that spins and continues nothing makes a new mat, whatever was done before under the same name."""
    continuing = run.journal.lines[0]["data"].get("from_step") is not None
    return not continuing and any(step.get("do") == "spin" for step in run.info["steps"])


def _taken_as_done(run: Run, recipe: Recipe | None) -> list[tuple[str, str]]:
    """What a run began behind that no record tells of: a mat from elsewhere. A person has begun there knowing it."""
    begun = run.info["from_step"]
    ids = [step.id for step in recipe.steps] if recipe is not None else []
    if recipe is None or begun not in ids:
        return []
    return [(step.id, step.do) for step in recipe.steps[: ids.index(begun)] if step.do in TREATING]


def _weighed(run: Run) -> dict[tuple[str, str], str]:
    """The quantities that were asked for, each with its unit."""
    return {
        (str(data["step"]), str(data["key"])): f"{data['value']:.12g} {data['unit']}"
        for data in (line["data"] for line in run.journal.lines if line["kind"] == "answer")
        if "unit" in data
    }
