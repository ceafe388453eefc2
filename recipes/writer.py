"""From a `Recipe` to TOML text, in the layout of the published recipes and the units of their authors.

`write` makes a new text: comments are not in the model. To change single values in an author's text and leave
the rest as it is, use `editing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from .model import Recipe
from .places import join_key
from .written import Block, Unwritable, recipe_block

__all__ = ["Unwritable", "escaped", "literal", "write"]

WIDTH: Final = 120
"""Longer lists and tables are spread over several lines."""

_CONTROL = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def write(recipe: Recipe) -> str:
    """The recipe as TOML text with \\n line ends; read back it is equal but for text, hash and id.

    Every quantity keeps its number and unit. Left out is what only repeats a default, unless the recipe's own
    `text` says it or an `assumed` list names it; a value that the text takes from a parameter stays "$name".

    :raises Unwritable: when the recipe holds what no text can say: a quantity that is not finite, an assumed
        key that is not there, a text that would be read as a reference to a parameter.
    """
    return "\n".join(_document(recipe_block(recipe))) + "\n"


def literal(value: Any) -> str:
    """A value in TOML notation on one line: text, number, true or false, list, table (a dict or `Block`)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return f'"{escaped(value)}"'
    if isinstance(value, Block):
        value = {name: key.value for name, key in value.keys.items()}
    if isinstance(value, dict):
        pairs = ", ".join(f"{join_key('', name)} = {literal(item)}" for name, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return f"[{', '.join(literal(item) for item in value)}]"


def escaped(text: str, *, lines: bool = False) -> str:
    """A text as it stands between quotes, or with `lines` between three quotes each side."""
    if lines:
        # Single quotation marks need no backslash there.
        parts = [(line, escaped(line)) for line in text.split("\n")]
        return "\n".join(safe if '""' in line else safe.replace('\\"', '"') for line, safe in parts)
    return _CONTROL.sub(lambda match: _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}", text)


def _document(block: Block) -> Iterator[str]:
    below = ("parameters", "solutions", "steps")
    for name, key in block.keys.items():
        if name not in below:
            yield from _pair(name, key.value)
    for name in below:
        if name not in block.keys:
            continue
        value = block.keys[name].value
        if name == "parameters":
            yield from ("", "[parameters]")
            for parameter, key in value.keys.items():
                yield from _pair(parameter, key.value)
        elif name == "solutions":
            for solution, key in value.keys.items():
                path = join_key("solutions", solution)
                yield from ("", f"[{path}]")
                yield from _table(path, key.value)
            if not value.keys:
                yield from ("", "[solutions]")
        elif value:
            for step in value:
                yield from ("", "[[steps]]")
                yield from _table("steps", step)
        else:
            yield "steps = []"


def _table(path: str, block: Block) -> Iterator[str]:
    """The keys of a table, then those of its keys that are better written as tables of their own."""
    own = [(name, key.value) for name, key in block.keys.items()]
    below = [(name, value) for name, value in own if _stands_below(name, value, path)]
    for name, value in own:
        if (name, value) not in below:
            yield from _pair(name, value)
    for name, value in below:
        if isinstance(value, Block):
            for item, key in value.keys.items():
                inner = join_key(f"{path}.{name}", item)
                yield f"[{inner}]"
                yield from _table(inner, key.value)
        else:
            for item in value:
                yield f"[[{path}.{name}]]"
                yield from _table(f"{path}.{name}", item)


def _stands_below(name: str, value: Any, path: str) -> bool:
    """Streams of a spin step always, long solutes and long questions to a person."""
    if name == "streams":
        return any("mode" in item.keys for item in value)
    return name in ("solutes", "record") and len(_line(name, value)) > WIDTH


def _line(name: str, value: Any) -> str:
    return f"{join_key('', name)} = {literal(value)}"


def _pair(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value:
        yield f'{join_key("", name)} = """\n{escaped(value, lines=True)}"""'
        return
    line = _line(name, value)
    if len(line) > WIDTH and isinstance(value, list):
        yield f"{join_key('', name)} = ["
        yield from (f"  {literal(item)}," for item in value)
        yield "]"
    else:
        yield line
