"""Change single values in an author's text; comments, layout, line ends and everything else stay byte for byte.

Paths are those of the linter: "steps.co-deposit.streams.tio2.rate", "steps[0].needle.gauge",
"solutions.pan-pmma.solutes[1].parts". Numbers and texts are not rewritten where nothing was asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, AoT, InlineTable, Item, Key, Table, Trivia

from .places import join_key, split_key
from .writer import escaped, literal

__all__ = ["EditError", "Value", "edit"]

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]

_BARE = re.compile(r"(?<!\r)\n")
_NAMING_KEYS = ("id", "solution", "name")


class EditError(ValueError):
    """A change that cannot be made; `path` says which, the text is as it was."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def edit(text: str, changes: Mapping[str, Value | None]) -> str:
    """The text with new values at dotted paths; None removes a key.

    A key that is not there yet is added after the last one of its table. A table that is missing on the way is
    written in braces. A value that is already there, however it is written, is left as it is. Steps, streams,
    and tables under a header of their own are neither added nor removed.

    :raises EditError: when the text is not TOML, or a path leads nowhere or to two things.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    written = text.removeprefix("\ufeff")
    data = _parsed(written, "")
    for path, value in changes.items():
        parts = _resolved(data, path)
        before = _value_at(data, parts)
        _apply(data, parts, value, path)
        after = _plain(value)
        if value is None or before != after or type(before) is not type(after):
            written = _changed(written, parts, value, path)
            if _parsed(written, path) != data:
                raise EditError(path, "this cannot be changed without spoiling the text; change it by hand")
            data = _parsed(written, path)
    return mark + written


def _parsed(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EditError(path, f"the text is not valid TOML: {error}") from None


# --- plain data: where a path leads, and what must come out ---


def _resolved(data: Any, path: str) -> list[str | int]:
    """The path with indices in place of ids; keys that are not there stay as they are."""
    parts: list[str | int] = []
    node = data
    for part in split_key(path):
        if isinstance(node, list):
            part = _index(node, part, path)
        elif isinstance(part, int) or (node is not None and not isinstance(node, dict)):
            raise EditError(path, f'"{_last(parts)}" has no part "{part}"')
        parts.append(part)
        node = node[part] if isinstance(part, int) else (node or {}).get(part)
    if not parts:
        raise EditError(path, "the path is empty")
    return parts


def _index(items: list[Any], part: str | int, path: str) -> int:
    if isinstance(part, int):
        if part < len(items):
            return part
        raise EditError(path, f"there is no [{part}], only {len(items)}")
    names = [
        next((item[key] for key in _NAMING_KEYS if key in item), None) if isinstance(item, dict) else None
        for item in items
    ]
    if names.count(part) == 1:
        return names.index(part)
    if part in names:
        raise EditError(path, f'"{part}" is there {names.count(part)} times; say which by number, as in [0]')
    known = ", ".join(str(name) for name in names if name is not None)
    raise EditError(path, f'there is no "{part}"' + (f", only {known}" if known else ""))


def _last(parts: Sequence[str | int]) -> str:
    return str(parts[-1]) if parts else "the file"


def _value_at(data: Any, parts: Sequence[str | int]) -> Any:
    for part in parts:
        data = data[part] if isinstance(part, int) else (data or {}).get(part)
    return data


def _apply(data: dict[str, Any], parts: Sequence[str | int], value: Any, path: str) -> None:
    node: Any = data
    for part in parts[:-1]:
        if isinstance(part, str) and part not in node:
            if value is None:
                raise EditError(path, "there is nothing to remove")
            node[part] = {}
        node = node[part]
    if value is not None:
        node[parts[-1]] = _plain(value)
    elif isinstance(parts[-1], int):
        raise EditError(path, "an element of a list is not removed here; remove it by hand")
    elif parts[-1] in node:
        del node[parts[-1]]
    else:
        raise EditError(path, "there is nothing to remove")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


# --- text ---


def _changed(text: str, parts: Sequence[str | int], value: Any, path: str) -> str:
    newline = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise EditError(path, f"the text is not valid TOML: {error}") from None
    node: Any = document
    for depth, part in enumerate(parts[:-1]):
        if isinstance(part, str) and part not in node:
            for missing in reversed(parts[depth + 1 :]):
                value = {str(missing): value}
            parts = parts[: depth + 1]
            break
        node = node[part]
    key, above = parts[-1], parts[:-1]
    if isinstance(node, InlineTable) and (value is None or key not in node):
        raw = _inline(node.as_string(), str(key), value)
        _put(document, above, tomlkit.value(raw))
    elif value is None:
        if not isinstance(node, dict) or _has_header(node[str(key)]):
            raise EditError(path, "a table with a header of its own is not removed here; remove it by hand")
        del node[str(key)]
    elif isinstance(key, int) or key in node:
        if _has_header(node[key]):
            raise EditError(path, "this is a table with a header of its own; change the keys in it")
        _put(document, parts, _item(value, newline, inline=_within_braces(document, parts)))
    else:
        _append(node, key, value, newline)
    written = tomlkit.dumps(document)
    return written if _BARE.search(text) else _BARE.sub(newline, written)


def _put(document: Any, parts: Sequence[str | int], item: Item) -> None:
    node = document
    for part in parts[:-1]:
        node = node[part]
    node[parts[-1]] = item


def _has_header(item: Any) -> bool:
    return isinstance(item, AoT) or (isinstance(item, Mapping) and not isinstance(item, InlineTable))


def _within_braces(document: Any, parts: Sequence[str | int]) -> bool:
    node = document
    for part in parts[:-1]:
        node = node[part]
        if isinstance(node, InlineTable) or (isinstance(part, int) and not isinstance(node, Table)):
            return True
    return False


def _notation(value: Any, newline: str, *, inline: bool) -> str:
    if isinstance(value, str) and "\n" in value and not inline:
        return f'"""\n{escaped(value, lines=True)}"""'.replace("\n", newline)
    return literal(_plain(value))


def _item(value: Any, newline: str, *, inline: bool) -> Item:
    item = tomlkit.value(_notation(value, newline, inline=inline))
    assert isinstance(item, Item)
    item.trivia.trail = "" if inline else newline
    return item


def _append(table: Any, key: str, value: Any, newline: str) -> None:
    """After the last key of the table, before the comments that lead over to the next one."""
    trivia = _end(table)
    if trivia is None:
        table[key] = _item(value, newline, inline=False)
        return
    line = f"{join_key('', key)} = {_notation(value, newline, inline=False)}"
    indent = trivia.indent if "\n" not in trivia.indent else ""
    trivia.trail = (trivia.trail or newline) + indent + line + (trivia.trail and newline)


def _end(table: Any) -> Trivia | None:
    """The end of the line after which a new key belongs; None leaves it to tomlkit."""
    if isinstance(table, Table) and table.is_super_table():
        return None  # it has no lines of its own: [a.b] alone, or a.b = 1
    body = (table.value if isinstance(table, Table) else table).body if _is_block(table) else []
    last: tuple[Key, Item] | None = None
    for key, item in body:
        if key is not None and not isinstance(item, Table | AoT):
            last = key, item
        elif key is not None and key.is_dotted():
            last = None
    if last is not None:
        return last[1].trivia
    if isinstance(table, Table) and not any(key for key, _ in body):
        return table.trivia
    return None


def _is_block(table: Any) -> bool:
    return isinstance(table, Container) or (
        isinstance(table, AbstractTable) and not isinstance(table, InlineTable)
    )


# --- a table in braces ---


def _inline(raw: str, key: str, value: Any) -> str:
    """A table in braces with a key more, or (None) one less; the rest as it is written."""
    pieces = _pieces(raw[1:-1])
    if value is not None:
        pair = f"{join_key('', key)} = {literal(_plain(value))}"
        if not pieces:
            return f"{{ {pair} }}"
        end = pieces[-1][len(pieces[-1].rstrip()) :]
        lead = pieces[-1][: len(pieces[-1]) - len(pieces[-1].lstrip())] if len(pieces) > 1 else " "
        return "{" + ",".join([*pieces[:-1], pieces[-1].rstrip(), f"{lead}{pair}{end}"]) + "}"
    kept = [piece for piece in pieces if next(iter(tomllib.loads(piece.strip()))) != key]
    if not kept:
        return "{}"
    kept[0] = pieces[0][: len(pieces[0]) - len(pieces[0].lstrip())] + kept[0].lstrip()
    kept[-1] = kept[-1].rstrip() + pieces[-1][len(pieces[-1].rstrip()) :]
    return "{" + ",".join(kept) + "}"


def _pieces(inside: str) -> list[str]:
    """What the commas of a table in braces part, blanks included."""
    pieces, start, depth, at = [], 0, 0, 0
    while at < len(inside):
        character = inside[at]
        if character in "\"'":
            at = _string_end(inside, at)
            continue
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            pieces.append(inside[start:at])
            start = at + 1
        at += 1
    rest = inside[start:]
    return [*pieces, rest] if rest.strip() else pieces


def _string_end(text: str, at: int) -> int:
    quote = text[at]
    fence = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(fence)
    while not text.startswith(fence, at):
        at += 2 if text[at] == "\\" and quote == '"' else 1
    at += len(fence)
    while len(fence) == 3 and at < len(text) and text[at] == quote:
        at += 1
    return at
