"""What the recipe format is, told by the reader itself.

The reader asks a table for its keys one by one, with dimension, limits and default. Here it is given tables
that write down what they are asked for, once for every situation in which it asks differently, and so the
schema for editors and the page of keys can never say anything else than the reader does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from .problems import Problems
from .reader import read_root
from .steps import STEP_KINDS
from .tables import Table
from .units import DIMENSIONS, Quantity

__all__ = ["Fact", "Section", "Situation", "sections"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One way in which the reader asks for a key.

    `kind` is text, choice, texts, number, integer, flag, quantity, range, table, tables, named or raw. Limits
    of quantities are written as quantities ("0 ml/h"). `below` names the section of a table.
    """

    kind: str
    required: bool = False
    default: Any = None
    dimensions: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    below: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the author has written elsewhere, where that changes what is asked for: the step's kind, keys that are
    present ("streams.voltage" in every stream), the unit of a recorded number.
    """

    kind: str
    present: tuple[str, ...] = ()
    unit: str = "mg"


@dataclass(slots=True)
class Section:
    """One table of the format: what is asked of it in each situation."""

    name: str
    asked: list[tuple[Situation, dict[str, Fact]]] = field(default_factory=list)

    def facts(self, key: str) -> list[Fact]:
        """The ways in which a key is asked for; `required` only where it is so in every situation."""
        found: list[Fact] = []
        always = all(key in facts and facts[key].required for _, facts in self.asked)
        for _, facts in self.asked:
            if key in facts and replace(facts[key], required=always) not in found:
                found.append(replace(facts[key], required=always))
        return found

    @property
    def keys(self) -> list[str]:
        """All keys, in the order in which they are asked for."""
        return list(dict.fromkeys(key for _, facts in self.asked for key in facts))


SITUATIONS: Final = (
    *(Situation(kind) for kind in STEP_KINDS),
    Situation("spin", ("streams.voltage",)),
    Situation("spin", ("streams.distance",)),
    Situation("spin", ("streams.voltage", "streams.distance")),
    Situation("heat", ("segments",)),
    Situation("heat", ("segments", "segments.atmosphere")),
    Situation("purge", ("until",)),
    Situation("prompt", unit="cm"),
)


def sections() -> dict[str, Section]:
    """Every table of the format by name: "recipe", "solutions", "spin" (a step), "spin.streams", "needle"."""
    found: dict[str, Section] = {}
    for situation in SITUATIONS:
        root = _Asked("", situation, found)
        read_root(cast(Table, root), "", "", "")
    return {name: found[name] for name in _in_order(found)}


def _in_order(found: dict[str, Section], name: str = "recipe") -> Iterator[str]:
    """Sections in the order in which they are met, each before those below it."""
    seen: dict[str, None] = {}

    def walk(name: str) -> None:
        if name not in seen:
            seen[name] = None
            section = found[name]
            for key in section.keys:
                for fact in section.facts(key):
                    for below in [fact.below] if fact.below != "steps" else STEP_KINDS:
                        if below:
                            walk(below)

    walk(name)
    return iter(seen)


class _Asked:
    """Stands in for a `Table`: writes down what it is asked for and answers with placeholders."""

    def __init__(self, path: str, situation: Situation, found: dict[str, Section]) -> None:
        self.path = path
        self.problems = Problems()
        self.used_parameters: frozenset[str] = frozenset()
        self._situation = situation
        self._found = found
        self._facts: dict[str, Fact] = {}
        section = found.setdefault(self._name(path), Section(self._name(path)))
        if (situation, self._facts) not in section.asked:
            section.asked.append((situation, self._facts))

    def _name(self, path: str) -> str:
        """A section is called after its key; steps and streams differ by the step's kind."""
        if not path:
            return "recipe"
        if path == "steps":
            return self._situation.kind
        last = path.rpartition(".")[2]
        return f"{self._situation.kind}.streams" if last == "streams" else last

    def _in_step(self, key: str) -> str:
        """Path of a key below the step: "streams.voltage"."""
        return f"{self.path}.{key}".removeprefix("steps").removeprefix(".")

    def _note(self, key: str, fact: Fact) -> None:
        self._facts.setdefault(key, fact)

    @property
    def data(self) -> dict[str, Any]:
        """As if these keys were written, each as a table."""
        return {
            key.rpartition(".")[2]: {} for key in self._situation.present if self.has(key.rpartition(".")[2])
        }

    def has(self, key: str) -> bool:
        return self._in_step(key) in self._situation.present

    def raw(self, key: str) -> None:
        self._note(key, Fact("raw"))

    def text(self, key: str, *, required: bool = False, default: str | None = None) -> str | None:
        self._note(key, Fact("text", required, default or None))
        if key == "unit":
            return self._situation.unit
        return "" if required else default

    def choice(
        self, key: str, options: Sequence[str], *, required: bool = False, default: str | None = None
    ) -> str | None:
        self._note(key, Fact("choice", required, default or None, options=tuple(options)))
        if key == "do":
            return self._situation.kind
        return "" if required else default

    def texts(self, key: str) -> tuple[str, ...]:
        self._note(key, Fact("texts"))
        return ()

    def number(
        self, key: str, *, required: bool = False, default: float | None = None, **limits: float | None
    ) -> float | None:
        self._note(key, Fact("number", required, default, **_limits(limits)))
        return float("nan") if required else default

    def integer(
        self, key: str, *, required: bool = False, default: int | None = None, **limits: int | None
    ) -> int | None:
        self._note(key, Fact("integer", required, default, **_limits(limits)))
        return 0 if required else default

    def flag(self, key: str, *, required: bool = False, default: bool | None = None) -> bool | None:
        self._note(key, Fact("flag", required, default))
        return False if required else default

    def quantity(
        self,
        key: str,
        dimension: str | tuple[str, ...],
        *,
        required: bool = False,
        default: Quantity | None = None,
        **limits: str | None,
    ) -> Quantity | None:
        dimensions = (dimension,) if isinstance(dimension, str) else dimension
        self._note(key, Fact("quantity", required, default and default.text(), dimensions, **_limits(limits)))
        return Quantity(float("nan"), DIMENSIONS[dimensions[0]].usual, dimensions[0]) if required else default

    def range(self, key: str, dimension: str | tuple[str, ...], *, required: bool = False) -> None:
        dimensions = (dimension,) if isinstance(dimension, str) else dimension
        self._note(key, Fact("range", required, dimensions=dimensions))

    def _below(self, key: str, kind: str, required: bool) -> _Asked:
        path = f"{self.path}.{key}" if self.path else key
        below = "steps" if path == "steps" else self._name(path)
        self._note(key, Fact(kind, required, below=below))
        return _Asked(path, self._situation, self._found)

    def table(self, key: str, *, required: bool = False) -> _Asked:
        return self._below(key, "table", required)

    def tables(self, key: str, *, required: bool = False, names: Sequence[str] = ()) -> list[_Asked]:
        return [self._below(key, "tables", required)]

    def named(self, key: str, *, required: bool = False) -> dict[str, _Asked]:
        return {"": self._below(key, "named", required)}

    # What is wrong, what is left over and what was meant plays no part here.

    def use_parameters(self, parameters: object) -> None: ...

    def error(self, *about: object) -> None: ...

    def warning(self, *about: object) -> None: ...

    def ignore(self, *keys: str) -> None: ...

    def finish(self, *also_known: str) -> None: ...


def _limits(limits: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in limits.items() if value is not None}
