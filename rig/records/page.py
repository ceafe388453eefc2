"""Small pieces of the report's HTML. Everything that comes from a record goes through `text`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 15px/1.45 "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; color: #1b1b1b;
  max-width: 960px; margin: 2em auto; padding: 0 1em; }
h1 { margin: 0 0 .2em; font-size: 1.7em; }
h2 { margin: 1.8em 0 .5em; font-size: 1.2em; border-bottom: 1px solid #bbb; }
h3 { margin: 1.1em 0 .3em; font-size: 1em; }
p { margin: .4em 0; }
.quiet { color: #666; }
table { border-collapse: collapse; width: 100%; margin: .4em 0; }
th, td { text-align: left; vertical-align: top; padding: .22em .8em .22em 0; overflow-wrap: anywhere;
  border-bottom: 1px solid #e2e2e2; }
th { font-weight: 600; }
table.facts th { width: 12em; font-weight: 400; color: #555; }
td.tight, th.tight { white-space: nowrap; }
code { font: 13px/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.outcome { font-size: 1.15em; padding: .5em .8em; margin: .6em 0; background: #f3f3f3;
  border-left: 8px solid #777; }
.outcome.completed { border-color: #2b7a3d; }
.outcome.aborted, .outcome.failed, .outcome.lost { border-color: #b3261e; }
.outcome.stopped, .outcome.open { border-color: #b06f00; }
.simulated { font-size: 1.15em; font-weight: 700; padding: .5em .8em; margin: .6em 0; color: #fff;
  background: #6a1b9a; }
.assumed { background: #fff1c4; padding: 0 .3em; }
.verdict { font-weight: 600; }
.finding { display: block; font-size: 13px; color: #444; }
.verdict.good { color: #2b7a3d; }
.verdict.off { color: #b3261e; }
.missing { color: #b3261e; font-weight: 600; }
svg { width: 100%; height: auto; display: block; margin: .8em 0; }
svg text { font: 12px "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; fill: #333; }
svg .title { font-weight: 600; font-size: 13px; }
svg .x, svg .band { text-anchor: middle; }
svg .y { text-anchor: end; }
svg .band { font-size: 11px; fill: #777; }
svg .grid { stroke: #d8d8d8; stroke-width: .6; }
svg .axis { stroke: #555; fill: none; }
@media print {
  body { margin: 0; max-width: none; font-size: 12px; }
  h2 { break-after: avoid; }
  svg, tr { break-inside: avoid; }
  .simulated { color: #000; background: none; border: 3px solid #000; }
}
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """`value` as HTML: escaped, unless it is Html."""
    if isinstance(value, Html):
        return value
    return Html(escape(say(value)))


def say(value: object) -> str:
    """A value of a record in plain words: yes and no, short numbers, lists with commas, tables as "key:
    value"."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {say(inner)}" for key, inner in value.items() if inner is not None) or "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(say(inner) for inner in value) or "–"
    return str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], tight: Sequence[int] = ()) -> Html:
    """A table with a head line; columns named in `tight` are not wrapped."""

    def cell(tag: str, i: int, value: object) -> str:
        kind = ' class="tight"' if i in tight else ""
        return f"<{tag}{kind}>{text(value)}</{tag}>"

    lines = ["<tr>" + "".join(cell("th", i, name) for i, name in enumerate(head)) + "</tr>"]
    lines += ["<tr>" + "".join(cell("td", i, value) for i, value in enumerate(row)) + "</tr>" for row in rows]
    return Html("<table>\n" + "\n".join(lines) + "\n</table>")


def facts(rows: Iterable[tuple[str, object]]) -> Html:
    """A table of names and values."""
    lines = [f"<tr><th>{text(name)}</th><td>{text(value)}</td></tr>" for name, value in rows]
    return Html('<table class="facts">\n' + "\n".join(lines) + "\n</table>")


def code(value: object) -> Html:
    """A hash, a name: in letters of one width."""
    return Html(f"<code>{text(value)}</code>") if value is not None else Html("–")


def section(title: str, *parts: str) -> Html:
    """A heading and what stands below it."""
    return Html(f"<h2>{text(title)}</h2>\n" + "\n".join(parts))


def duration(seconds: float | None) -> str:
    """ "4 h 3 min 12 s"; below a minute with a decimal."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    named = ((days, "d"), (hours, "h"), (minutes, "min"), (secs, "s"))
    return " ".join(f"{n} {unit}" for n, unit in named if n)


def clock(t_s: float) -> str:
    """Time since the start, "3:07:05" or, to the tenth, "0:00:12.5"."""
    tenths = round(t_s * 10)
    whole, tenth = divmod(tenths, 10)
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" + (f".{tenth}" if tenth else "")


def event_words(data: Mapping[str, Any]) -> str:
    """An event's data in a line: its own sentence first, then the rest in brackets."""
    rest = dict(data)
    first = " ".join(str(rest.pop(key)) for key in ("text", "message", "say") if rest.get(key))
    tail = say(rest) if rest else "–"
    if not first:
        return tail
    return first if tail == "–" else f"{first} ({tail})"
