"""The recipe as the report shows it: from the frozen text, every assumed value marked as assumed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from rig.records.page import Html, say, table, text

_NOT_SHOWN = frozenset({"id", "do", "assumed", "accept"})


def recipe_section(recipe_bytes: bytes) -> Html:
    """Name, source, solutions and steps. A text that is no TOML is shown as it stands, and said to be
    none."""
    try:
        recipe = tomllib.loads(recipe_bytes.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        shown = recipe_bytes.decode("utf-8", "replace")
        return Html(f"<p>The frozen recipe is not TOML; it says:</p><pre>{text(shown)}</pre>")
    parts: list[str] = []
    if recipe.get("summary"):
        parts.append(f"<p>{text(recipe['summary'])}</p>")
    parts.append(f"<p>Source: {_source(recipe.get('source'))}</p>")
    parts.append(
        '<p class="quiet">Values marked <span class="assumed">assumed</span> do not come from the source: '
        "whoever wrote the recipe chose them.</p>"
    )
    parameters = recipe.get("parameters")
    if isinstance(parameters, dict) and parameters:
        parts.append("<h3>Parameters</h3>")
        parts.append(
            table(("Parameter", "Declared"), [(name, say(value)) for name, value in parameters.items()])
        )
    solutions = recipe.get("solutions")
    if isinstance(solutions, dict) and solutions:
        parts.append("<h3>Solutions</h3>")
        parts.append(
            table(("Solution", "Made of"), [(name, _values(s)) for name, s in solutions.items()], (0,))
        )
    steps = recipe.get("steps")
    if isinstance(steps, list) and steps:
        parts.append("<h3>Steps</h3>")
        rows = [
            (i, s.get("id"), s.get("do"), _step(s)) for i, s in enumerate(steps, 1) if isinstance(s, dict)
        ]
        parts.append(table(("", "Step", "Does", "With"), rows, (1, 2)))
    silenced = [("the whole recipe", one) for one in _accepted(recipe)]
    for step in steps if isinstance(steps, list) else ():
        silenced += [(str(step.get("id")), one) for one in _accepted(step)]
    if silenced:
        parts.append("<h3>Remarks of the check that its author accepted</h3>")
        rows_of = [(one.get("code"), where, one.get("reason")) for where, one in silenced]
        parts.append(table(("Remark", "In", "Because"), rows_of, (0, 1)))
    return Html("\n".join(parts))


def _accepted(holder: object) -> list[dict[str, Any]]:
    found = holder.get("accept") if isinstance(holder, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _source(source: object) -> Html:
    if not isinstance(source, dict) or not source:
        return Html('<span class="missing">none given</span>')
    words: list[str] = []
    for key, value in source.items():
        if key == "doi" and isinstance(value, str):
            words.append(f'doi <a href="https://doi.org/{text(value)}">{text(value)}</a>')
        else:
            words.append(f"{text(key)}: {text(value)}")
    return Html("; ".join(words))


def _assumed(table_: Mapping[str, Any]) -> frozenset[str]:
    found = table_.get("assumed")
    return frozenset(a for a in found if isinstance(a, str)) if isinstance(found, list) else frozenset()


def _values(table_: object, inherited: frozenset[str] = frozenset(), leave_out: Iterable[str] = ()) -> Html:
    """Key and value, one a line, with the mark where the table's `assumed` (or "*") names the key."""
    if not isinstance(table_, dict):
        return text(table_)
    marks = _assumed(table_) | inherited
    lines = []
    for key, value in table_.items():
        if key in _NOT_SHOWN or key in leave_out:
            continue
        shown = f"{text(key.replace('_', ' '))}: {text(_flat(value))}"
        inner = sorted(mark for mark in marks if mark.startswith(key + "."))
        if key in marks or "*" in marks:
            shown = f'<span class="assumed">{shown} (assumed)</span>'
        elif inner:
            shown += f' <span class="assumed">(assumed: {text(", ".join(m[len(key) + 1 :] for m in inner))})</span>'
        lines.append(shown)
    return Html("<br>".join(lines))


def _flat(value: object) -> str:
    """Tables in a list each in one breath: "PAN (molar mass: 150 kg/mol, parts: 7), PMMA (...)"."""
    if isinstance(value, list):
        return ", ".join(_flat(inner) for inner in value)
    if isinstance(value, dict):
        rest = {k.replace("_", " "): v for k, v in value.items() if k not in ("name", "kind")}
        name = str(value.get("name") or value.get("kind") or "")
        inner = ", ".join(f"{k}: {_flat(v)}" for k, v in rest.items())
        return f"{name} ({inner})" if name and inner else name or inner
    return say(value)


def _step(step: Mapping[str, Any]) -> Html:
    own = _values(step, leave_out=("streams",))
    parts = [own] if own else []
    all_assumed = frozenset({"*"}) if "*" in _assumed(step) else frozenset()
    streams = step.get("streams")
    for stream in streams if isinstance(streams, list) else ():
        if isinstance(stream, dict):
            name = text(stream.get("id") or stream.get("solution"))
            inner = _values(stream, all_assumed, leave_out=("id",)).replace("<br>", "; ")
            parts.append(Html(f"stream <b>{name}</b>: {inner}"))
    if not parts and all_assumed:
        return Html('<span class="assumed">(the whole step is assumed)</span>')
    if all_assumed:
        parts.append(Html('<span class="assumed">(the whole step is assumed)</span>'))
    return Html("<br>".join(parts))
