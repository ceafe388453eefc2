"""The tables as one object: a material by any of its names, and the nearest name to one that is unknown.

A table is parsed when the first name is looked up in it, an entry read when it is first asked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar

from recipes.problems import InputError, Problems
from recipes.tables import root_table
from recipes.toml_text import nearest

from .kinds import AnyMaterial, Gas, GasKind, Material, Solute, Solvent
from .names import folded, readings
from .reading import read_gas, read_solute, read_solvent

FORMAT: Final = 1
SECTIONS: Final = ("solvents", "polymers", "gases")
NAMED: Final = ("cas", "esd", "full_name", "synonyms")
"""The keys of an entry that hold names."""

_M = TypeVar("_M", bound=Material)
_Raw = Mapping[str, dict[str, Any]]


def names_of(name: str, entry: Mapping[str, Any]) -> Iterable[str]:
    """All names under which an entry is found."""
    yield name
    for key in NAMED:
        value = entry.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, str))


def _index(raw: _Raw) -> dict[str, str]:
    """Every name, as written and folded, and the material it means. "Ag" is silver and "AG" agarose to those who write
    them so; "ag" is neither.
    """
    index: dict[str, str] = {}
    doubtful: set[str] = set()
    for name, entry in raw.items():
        for word in names_of(name, entry):
            key = folded(word)
            if index.setdefault(key, name) != name:
                doubtful.add(key)
    exact = {word: name for name, entry in raw.items() for word in names_of(name, entry)} if doubtful else {}
    for key in doubtful:
        del index[key]
    return index | {word: name for word, name in exact.items() if folded(word) in doubtful}


class Shelf(Generic[_M]):
    """The materials of one kind, under all their names."""

    __slots__ = ("_load", "_loaded", "_read", "own", "section")

    def __init__(
        self,
        section: str,
        load: Callable[[], _Raw],
        read: Callable[[str, Any], _M],
        own: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.section = section
        self._load = load
        self._read = read
        self._loaded: tuple[_Raw, dict[str, str], dict[str, _M]] | None = None
        self.own = own or {}

    def _tables(self) -> tuple[_Raw, dict[str, str], dict[str, _M]]:
        if self._loaded is None:
            raw = self._load()
            self._loaded = raw, _index(raw), {}
        return self._loaded

    @property
    def raw(self) -> _Raw:
        """The entries as they were parsed."""
        return self._tables()[0]

    def name(self, written: str) -> str | None:
        """The name in the table that somebody meant; None where there is none, or where what stands before brackets
        and within them are two materials.
        """
        index = self._tables()[1]
        if written in index:
            return index[written]
        whole, *parts = readings(written)
        if whole in index:
            return index[whole]
        found = {index[part] for part in parts if part in index}
        return found.pop() if len(found) == 1 else None

    def find(self, written: str) -> _M | None:
        """The material of that name."""
        name = self.name(written)
        return None if name is None else self.built(name)

    def built(self, name: str) -> _M:
        """The material under its own name in the table.

        :raises InputError: where the entry is wrong, which a test excludes for the built-in ones.
        """
        raw, _, built = self._tables()
        if name not in built:
            problems = Problems()
            entry = root_table({self.section: {name: raw[name]}}, problems).named(self.section)[name]
            made = self._read(name, entry)
            if problems.has_errors:
                raise InputError(problems, f"materials, {self.section}")
            built[name] = replace(made, own=self.own[name]) if name in self.own else made
        return built[name]

    def all(self) -> tuple[_M, ...]:
        """Every material, in the order of the table."""
        return tuple(self.built(name) for name in self.raw)

    def words(self) -> dict[str, str]:
        """Every name there is, as it is written, and the material it means."""
        return {word: name for name, entry in self.raw.items() for word in names_of(name, entry)}


class Materials:
    """Solvents, solutes and gases under all their names; the built-in ones, or with a lab's own over them."""

    __slots__ = ("_gases", "_polymers", "_solvents", "content", "own")

    def __init__(
        self,
        solvents: Shelf[Solvent],
        polymers: Shelf[Solute],
        gases: Shelf[Gas],
        own: str | None = None,
        content: bytes | None = None,
    ) -> None:
        self._solvents, self._polymers, self._gases = solvents, polymers, gases
        self.own = own
        """The lab's own file, None where there is none."""
        self.content = content
        """That file, byte for byte."""

    def solvent(self, name: str) -> Solvent | None:
        """The solvent of that name, synonym or CAS number, None when the tables have none."""
        return self._solvents.find(name)

    def polymer(self, name: str) -> Solute | None:
        """The solute of that name: polymer, particles, salt, precursor, additive."""
        return self._polymers.find(name)

    def gas(self, name: str) -> Gas | None:
        """The gas of that name or formula."""
        return self._gases.find(name)

    def nearest(self, name: str) -> str | None:
        """The material that was probably meant by a name that is unknown; None where nothing comes near."""
        words = self._solvents.words() | self._polymers.words() | self._gases.words()
        guess = nearest(name, words)
        return None if guess is None else words[guess]

    def own_names(self, solvents: Iterable[str], solutes: Iterable[str]) -> tuple[str, ...]:
        """Of these materials those of which the lab's file says something, each under its name in the tables."""
        found: list[Material | None] = [*map(self.solvent, solvents), *map(self.polymer, solutes)]
        return tuple(sorted({one.name for one in found if one is not None and one.own}))

    @property
    def solvents(self) -> tuple[Solvent, ...]:
        """All solvents."""
        return self._solvents.all()

    @property
    def polymers(self) -> tuple[Solute, ...]:
        """All solutes."""
        return self._polymers.all()

    @property
    def gases(self) -> tuple[Gas, ...]:
        """All gases."""
        return self._gases.all()

    @property
    def shelves(self) -> tuple[Shelf[Solvent], Shelf[Solute], Shelf[Gas]]:
        """The tables by section, for who lays something over them."""
        return self._solvents, self._polymers, self._gases

    def __iter__(self) -> Iterator[AnyMaterial]:
        yield from self.solvents
        yield from self.polymers
        yield from self.gases


def _packaged(section: str) -> Callable[[], _Raw]:
    def load() -> _Raw:
        text = files(__package__).joinpath(f"{section}.toml").read_text(encoding="utf-8")
        table: _Raw = tomllib.loads(text)[section]
        return table

    return load


@cache
def builtin_materials() -> Materials:
    """The tables that come with the program."""
    return Materials(
        Shelf("solvents", _packaged("solvents"), read_solvent),
        Shelf("polymers", _packaged("polymers"), read_solute),
        Shelf("gases", _packaged("gases"), read_gas),
    )


@cache
def sources() -> dict[str, str]:
    """What stands behind the short name of a source in the built-in tables."""
    text = files(__package__).joinpath("sources.toml").read_text(encoding="utf-8")
    return {name: str(entry["text"]) for name, entry in tomllib.loads(text)["sources"].items()}


@cache
def _kinds() -> dict[str, GasKind]:
    return {name: GasKind(entry["kind"]) for name, entry in builtin_materials().shelves[2].raw.items()}


def gas_names() -> tuple[str, ...]:
    """The gases that a furnace step can name, as it has to write them."""
    return tuple(_kinds())


def gas_kind(name: str) -> GasKind | None:
    """What a gas does to carbon; by its name in the recipe only, no synonym."""
    return _kinds().get(name)


def is_inert(name: str) -> bool:
    """Whether the gas protects carbon from burning; by its name in the recipe only, no synonym."""
    return _kinds().get(name) is GasKind.INERT
