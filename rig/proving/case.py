"""One run of a campaign as plain data: rig, recipe, start state, faults, deeds, answers. Written as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

FORMAT = 1

COMMANDS = ("hold", "resume", "pause", "complete", "stop", "abort", "clear", "reset")
SIGNAL = "signal"


class BadCase(Exception):
    """A replay file that is none; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """One fault, at_s after the run's start; with a step after that step's, with a stage after that stage of it began.

    duration_s None: to the end, or one event.
    """

    on: str
    kind: str
    at_s: float
    duration_s: float | None = None
    step: str = ""
    stage: str = ""

    def toml(self) -> str:
        """The table of a faults file; it knows no stages, so that one with a stage counts from its step there."""
        lines = ["[[fault]]", f'on = "{self.on}"', f'kind = "{self.kind}"']
        if self.step:
            lines += [f'step = "{self.step}"', f'after = "{self.at_s:g} s"']
        else:
            lines.append(f'at = "{self.at_s:g} s"')
        if self.duration_s is not None:
            lines.append(f'duration = "{self.duration_s:g} s"')
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person does: a command, or the signal that Ctrl-C sends. at_s counts as a mishap's does."""

    at_s: float
    what: str
    step: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers: after late_s each time, with this many wrong answers before a right one; attests: comes to the rig
    for an output that nothing proves off.
    """

    late_s: float = 0.0
    wrong: int = 0
    attests: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that determines one run.

    length_s: how long it is expected to take. back_s: after a crash of the controller the next one comes so much
    later. scans: after so many somebody loses patience and presses Ctrl-C. verify: its record is verified.
    """

    seed: int
    rig: str
    recipe: str
    start: str
    length_s: float
    mishaps: tuple[Mishap, ...] = ()
    deeds: tuple[Deed, ...] = ()
    person: Person = Person()
    back_s: float = 5.0
    scans: int = 20_000
    verify: bool = False

    def faults_toml(self) -> str:
        """The faults file."""
        return "\n\n".join(one.toml() for one in self.mishaps)

    def write(self, path: Path, violations: list[Any]) -> None:
        """A replay file; what was seen stands in it for the reader."""
        data = {"format": FORMAT, **asdict(self), "violations": violations}
        path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_case(path: Path) -> Case:
    """A replay file. Raises BadCase and OSError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise BadCase(f"{path} is no replay file of format {FORMAT}")
        known = {one.name for one in fields(Case)}
        found: dict[str, Any] = {name: value for name, value in data.items() if name in known}
        found["mishaps"] = tuple(Mishap(**one) for one in found.get("mishaps", ()))
        found["deeds"] = tuple(Deed(**one) for one in found.get("deeds", ()))
        found["person"] = Person(**_table(found.get("person", {})))
        return Case(**found)
    except (ValueError, TypeError) as error:
        raise BadCase(f"{path} is no replay file: {error}") from error


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no table")
    return value
