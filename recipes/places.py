"""Where a dotted key stands in the author's TOML text.

The standard parser forgets places, so the text is walked once more, and only when there is a problem to be
placed. A key is placed at its value (`voltage = "20 kV"`: at the opening quote), a table at its header, an
element of an array at that element. Elements of arrays of tables can be named by their `id` (for streams also
by their `solution`) or by index: `steps.co-deposit.streams.tio2.rate`,
`solutions.pan-pmma.solutes[1].molar_mass`. A missing key is placed at the table that should hold it.
"""

from __future__ import annotations

import re
from bisect import bisect_right

__all__ = ["PlaceIndex", "join_key", "locate", "split_key", "syntax_place"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^.\[\]"]+)|\[(\d+)\]')
_ESCAPE = re.compile(r"\\(.)")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
_NAMING_KEYS = ("id", "solution")


def join_key(path: str, key: str | int) -> str:
    """`steps` and `voltage` give `steps.voltage`; a whole number is an index; a key that is not bare is
    quoted.
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _BARE.fullmatch(key):
        key = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{key}" if path else key


def split_key(dotted: str) -> list[str | int]:
    """The parts of a dotted key: names, and whole numbers for indices."""
    parts: list[str | int] = []
    for match in _PART.finditer(dotted):
        quoted, bare, index = match.groups()
        if index is not None:
            parts.append(int(index))
        else:
            parts.append(bare if quoted is None else _ESCAPE.sub(r"\1", quoted))
    return parts


def locate(text: str, dotted: str, *, key: bool = False) -> tuple[int, int] | None:
    """1-based line and column of the value (with `key`, of the key itself); None when nothing on the way to
    it is in the text.
    """
    return PlaceIndex(text).locate(dotted, key=key)


def syntax_place(text: str, message: str) -> tuple[int, int]:
    """Line and column that a message of `tomllib` speaks of; the end of the text where it says "end of
    document".
    """
    found = _AT.search(message)
    if found is not None:
        return int(found[1]), int(found[2])
    lines = text.replace("\r\n", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1


class _Node:
    """A key or element: offsets of key and value, and what lies below it."""

    __slots__ = ("children", "items", "key_at", "scalar", "value_at")

    def __init__(self, key_at: int, value_at: int) -> None:
        self.key_at = key_at
        self.value_at = value_at
        self.children: dict[str, _Node] = {}
        self.items: list[_Node] = []
        self.scalar: str | None = None

    def last(self) -> _Node:
        return self.items[-1] if self.items else self

    def label(self) -> str | None:
        """What an element of an array of tables is called: its id, or for a stream its solution."""
        for name in _NAMING_KEYS:
            if name in self.children:
                return self.children[name].scalar
        return None

    def down(self, part: str | int) -> _Node | None:
        if isinstance(part, int):
            return self.items[part] if part < len(self.items) else None
        if part in self.children:
            return self.children[part]
        for item in self.items:
            if item.label() == part:
                return item
        return None


class PlaceIndex:
    """All places of one text; make it once and ask it often."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._starts = [0]
        self._starts.extend(match.end() for match in re.finditer("\n", self._text))
        self._root = _Node(0, 0)
        _Walk(self._text, self._root).run()

    def locate(self, dotted: str, *, key: bool = False) -> tuple[int, int] | None:
        """As the function of that name."""
        node, parts = self._root, split_key(dotted)
        for depth, part in enumerate(parts):
            below = node.down(part)
            if below is None:
                return self._place(node.value_at) if depth else None
            node = below
        return self._place(node.key_at if key else node.value_at) if parts else None

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _Malformed(Exception):
    """The text is not TOML from here on; the places found so far stand."""


class _Walk:
    """One pass over the text."""

    __slots__ = ("at", "end", "root", "text")

    def __init__(self, text: str, root: _Node) -> None:
        self.text = text
        self.end = len(text)
        self.at = 0
        self.root = root

    def run(self) -> None:
        table = self.root
        try:
            while self._skip(newlines=True):
                if self.text[self.at] == "[":
                    table = self._header()
                else:
                    self._pair(table)
        except _Malformed:
            return

    def _skip(self, *, newlines: bool) -> bool:
        """Past blanks and comments; False at the end of the text."""
        text, end = self.text, self.end
        blank = " \t\n" if newlines else " \t"
        while self.at < end:
            character = text[self.at]
            if character in blank:
                self.at += 1
            elif character == "#" and newlines:
                stop = text.find("\n", self.at)
                self.at = end if stop < 0 else stop
            else:
                return True
        return False

    def _expect(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            raise _Malformed
        self.at += len(token)

    def _header(self) -> _Node:
        at = self.at
        is_array = self.text.startswith("[[", at)
        self.at += 2 if is_array else 1
        names = [name for name, _ in self._key()]
        self._expect("]]" if is_array else "]")
        node = self.root
        for depth, name in enumerate(names):
            last = depth == len(names) - 1
            below = node.children.get(name)
            if below is None:
                below = node.children[name] = _Node(at, at)
            elif last and not is_array and not below.items:
                below.key_at = below.value_at = (
                    at  # the table's own header counts, not that of a table below it
                )
            if last and is_array:
                below.items.append(_Node(at, at))
            node = below.last()
        return node

    def _key(self) -> list[tuple[str, int]]:
        """A dotted key: each name with its offset."""
        names: list[tuple[str, int]] = []
        while True:
            if not self._skip(newlines=False):
                raise _Malformed
            start = self.at
            if self.text[start] in "\"'":
                names.append((self._string(), start))
            else:
                match = _BARE.match(self.text, start)
                if match is None:
                    raise _Malformed
                self.at = match.end()
                names.append((match[0], start))
            if not self._skip(newlines=False) or self.text[self.at] != ".":
                return names
            self.at += 1

    def _pair(self, table: _Node) -> None:
        names = self._key()
        self._expect("=")
        if not self._skip(newlines=False):
            raise _Malformed
        node = table
        for name, start in names[:-1]:
            node = node.children.setdefault(name, _Node(start, start)).last()
        name, start = names[-1]
        child = node.children.setdefault(name, _Node(start, self.at))
        child.key_at, child.value_at = start, self.at
        self._value(child)

    def _value(self, node: _Node) -> None:
        character = self.text[self.at]
        if character in "\"'":
            node.scalar = self._string()
        elif character == "[":
            self.at += 1
            while self._more("]"):
                item = _Node(self.at, self.at)
                node.items.append(item)
                self._value(item)
        elif character == "{":
            self.at += 1
            while self._more("}"):
                self._pair(node)
        else:
            while self.at < self.end and self.text[self.at] not in ",]}\n#":
                self.at += 1

    def _more(self, closing: str) -> bool:
        """Past separators to the next element, or past the closing bracket."""
        while self._skip(newlines=True):
            if self.text[self.at] == closing:
                self.at += 1
                return False
            if self.text[self.at] != ",":
                return True
            self.at += 1
        raise _Malformed

    def _string(self) -> str:
        text, quote = self.text, self.text[self.at]
        fence = quote * 3 if text.startswith(quote * 3, self.at) else quote
        start = at = self.at + len(fence)
        while at < self.end:
            if text[at] == "\\" and quote == '"':
                at += 2
            elif text.startswith(fence, at):
                while len(fence) == 3 and text.startswith(fence, at + 1):
                    at += 1  # up to two quotes may stand before the closing three
                self.at = at + len(fence)
                content = text[start:at]
                return _ESCAPE.sub(r"\1", content) if quote == '"' else content
            else:
                at += 1
        raise _Malformed
