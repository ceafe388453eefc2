"""Finding recipes: `PAN and voltage >= 18 kV`, `methanol and not furnace`, `step:heat and temperature > 500 degC`.

    query       = both { "or" both }
    both        = one { ["and"] one }
    one         = "not" one | "(" query ")" | comparison | field ":" value | word
    comparison  = [kind-of-step "."] quantity ("<" | "<=" | "=" | "!=" | ">=" | ">") amount

An amount has its unit ("18 kV"); after "=" it may be a range ("18 .. 20 kV"). A comparison holds when any such quantity
of the recipe fulfils it; a window of humidity does when a value in it would. Voltages are compared by size, unless the
amount is zero or negative. A word is found in materials (by any of their names), in id, name, summary, source and
steps; from four letters on its beginning is enough ("electrospray" finds "electrospraying"). What holds blanks or
brackets stands in quotes: author:"A. Person".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .problems import InputError, Problem, Severity
from .search_facts import QUANTITIES, Names
from .search_matching import About, Test, all_of, any_of, compared, none_of, word
from .search_matching import field as field_test
from .steps import STEP_KINDS
from .toml_text import nearest
from .units import Quantity, Range, UnitError, parse_quantity, parse_range

if TYPE_CHECKING:
    from .model import Recipe
    from .store import Store

__all__ = ["FIELDS", "About", "Query", "candidates", "parse_query", "search"]

FIELDS: Final = (
    "author",
    "doi",
    "gas",
    "id",
    "name",
    "origin",
    "polymer",
    "solvent",
    "state",
    "step",
)
STATES: Final = ("approved", "draft", "retired")
ORIGINS: Final = ("file", "library", "store")
LONGEST_QUERY: Final = 2000
DEEPEST: Final = 50

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<sign>[<>!]=|[<>=≤≥])|"(?P<quoted>[^"]*)"|(?P<word>[^\s()<>=!≤≥"]+))"""
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question that was understood; make one with `parse_query`."""

    text: str
    _test: Test

    def matches(self, recipe: Recipe, about: About, materials: Names | None = None) -> bool:
        """Whether a recipe is what was asked for. materials: names and synonyms; None: the built-in ones."""
        from .materials import builtin_materials

        return self._test(recipe, about, builtin_materials() if materials is None else materials)


def search(
    query: str, recipes: Iterable[tuple[Recipe, About]], materials: Names | None = None
) -> list[tuple[Recipe, About]]:
    """Those of the recipes that a query finds, in their order.

    :raises InputError: when the query cannot be understood.
    """
    asked = parse_query(query)
    return [(recipe, about) for recipe, about in recipes if asked.matches(recipe, about, materials)]


def candidates(store: Store | None = None) -> tuple[list[tuple[Recipe, About]], list[str]]:
    """Every recipe of the store, as it stands in the folder, and of the library; and the ids of those that cannot be
    read as recipes. Of two with one id the store's counts.

    :raises InputError: when the store is damaged.
    """
    from .catalogue import library_path, recipe_ids
    from .reader import load_recipe, read_recipe
    from .store import Store

    store = Store() if store is None else store
    found: list[tuple[Recipe, About]] = []
    unreadable = []
    stored = store.ids()
    for id in stored:
        text = store.current(id)
        recipe, _ = read_recipe(text.content, id, rules=False)
        if recipe is None:
            unreadable.append(id)
            continue
        authors: dict[str, None] = {}
        with suppress(InputError):  # put there by hand: no author is known
            authors = dict.fromkeys(one.author for one in store.history(id))
        found.append((recipe, About(id, "store", str(text.state), text.revision, tuple(authors))))
    for id in recipe_ids():
        recipe, _ = load_recipe(library_path(id))
        if recipe is not None and id not in stored:
            found.append((recipe, About(id, "library")))
    return found, unreadable


def parse_query(text: str) -> Query:
    """Understand a query.

    :raises InputError: `bad-query`, with the column where it stops making sense, and what could stand there.
    """
    if len(text) > LONGEST_QUERY:
        raise _error(0, f"the query is longer than {LONGEST_QUERY} characters", "ask for less at once")
    parser = _Parser(text)
    if not parser.tokens:
        raise _error(0, "the query is empty", 'ask e.g. for "PAN and voltage >= 18 kV"')
    test = parser.either(0)
    if (token := parser.peek()) is not None:
        raise _error(token.at, "a bracket is closed that was not opened", "remove it")
    return Query(text, test)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    end: int

    def is_word(self, *of: str) -> bool:
        return self.kind == "word" and self.text.casefold() in of


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            what = (
                "a quotation mark is not closed"
                if '"' in text[at:]
                else f'"{text[at:].strip()}" says nothing'
            )
            raise _error(at, what, None)
        kind = str(match.lastgroup)
        start = match.start(kind) - (kind == "quoted")
        yield _Token(kind, match[kind], start, match.end())
        at = match.end()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0

    def peek(self, ahead: int = 0) -> _Token | None:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            raise _error(len(self.text), "the query ends here, and something is missing", "say what to find")
        self.at += 1
        return token

    def either(self, depth: int) -> Test:
        tests = [self.both(depth)]
        while (token := self.peek()) is not None and token.is_word("or"):
            self.at += 1
            tests.append(self.both(depth))
        return any_of(tests)

    def both(self, depth: int) -> Test:
        tests = [self.one(depth)]
        while (token := self.peek()) is not None and not token.is_word("or") and token.text != ")":
            if token.is_word("and"):
                self.at += 1
            tests.append(self.one(depth))
        return all_of(tests)

    def one(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise _error(
                self.take().at, "there are too many brackets and nots in one another", "ask more simply"
            )
        token = self.take()
        if token.is_word("not"):
            return none_of(self.one(depth + 1))
        if token.text == "(" and token.kind == "bracket":
            inner = self.either(depth + 1)
            closing = self.peek()
            if closing is None:
                raise _error(token.at, "this bracket is not closed", "close it with )")
            self.at += 1
            return inner
        if token.kind in ("bracket", "sign") or token.is_word("and", "or"):
            raise _error(token.at, f'"{token.text}" cannot stand here', "say what to find before it")
        if token.kind == "quoted":
            return word(token.text)
        comparison = self.comparison(token)
        if comparison is not None:
            return comparison
        if ":" in token.text:
            return self.field(token)
        return word(token.text)

    def comparison(self, token: _Token) -> Test | None:
        """`voltage >= 18 kV`, the first word taken already; None when it is no comparison."""
        following, second = self.peek(), self.peek(1)
        name = token.text
        if (
            following is not None
            and following.kind == "word"
            and second is not None
            and second.kind == "sign"
        ):
            name = f"{name} {following.text}"
            if _quantity(name)[1] not in QUANTITIES:
                return None
            self.at += 1
        elif following is None or following.kind != "sign":
            return None
        step, quantity = _quantity(name)
        if quantity not in QUANTITIES:
            raise _unknown(token.at, "quantity", quantity, QUANTITIES)
        if step is not None and step not in STEP_KINDS:
            raise _unknown(token.at, "kind of step", step, STEP_KINDS)
        sign = self.take()
        wanted = self.amount(QUANTITIES[quantity], ranges=sign.text == "=")
        return compared(step, quantity, {"≤": "<=", "≥": ">="}.get(sign.text, sign.text), wanted)

    def amount(self, dimensions: tuple[str, ...], *, ranges: bool) -> Quantity | Range:
        """The longest stretch of words that is a quantity."""
        first = self.take()
        last = self.at
        while (
            (token := self.peek(last - self.at)) is not None and token.kind == "word" and last < self.at + 5
        ):
            if token.is_word("and", "or", "not"):
                break
            last += 1
        problem: UnitError | None = None
        for stop in range(last, self.at - 1, -1):
            written = (
                first.text if first.kind == "quoted" else self.text[first.at : self.tokens[stop - 1].end]
            )
            try:
                found: Quantity | Range
                if ".." in written and ranges:
                    found = parse_range(written, dimensions)
                else:
                    found = parse_quantity(written, dimensions)
            except UnitError as error:
                # The shortest stretch that has a unit says best what is wrong with it.
                if problem is None or error.code not in ("missing-unit", "bad-range"):
                    problem = error
                continue
            self.at = stop
            return found
        message, hint = ("an amount is missing", None) if problem is None else (problem.message, problem.hint)
        raise _error(first.at, message, hint)

    def field(self, token: _Token) -> Test:
        name, _, value = token.text.partition(":")
        field = name.casefold()
        if field not in FIELDS:
            raise _unknown(token.at, "field", name, FIELDS)
        following = self.peek()
        if not value and following is not None and following.kind == "quoted" and following.at == token.end:
            value = self.take().text
        if not value.strip():
            raise _error(token.end, f"{field}: wants a value", f'write {field}:word or {field}:"some words"')
        known = {"state": STATES, "origin": ORIGINS}.get(field)
        if known is not None and value.casefold() not in known:
            raise _unknown(token.at, field, value, known)
        return field_test(field, value.strip())


def _quantity(name: str) -> tuple[str | None, str]:
    """Kind of step and quantity of "heat.temperature" or "molar_mass"."""
    step, dot, quantity = name.casefold().rpartition(".")
    return (step if dot else None), " ".join(re.split(r"[\s_-]+", quantity))


def _unknown(at: int, what: str, word: str, known: Iterable[str]) -> InputError:
    guess = nearest(word, known)
    listed = f"there are: {', '.join(known)}"
    hint = f'did you mean "{guess}"? {listed}' if guess else listed
    return _error(at, f'there is no {what} "{word}"', hint)


def _error(at: int, message: str, hint: str | None) -> InputError:
    problem = Problem(Severity.ERROR, "bad-query", "", message, hint, line=1, column=at + 1)
    return InputError([problem], what="search")
