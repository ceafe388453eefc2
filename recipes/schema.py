"""JSON Schema (draft 2020-12) of the recipe format, for editors that know TOML.

Made from what the reader asks for (`format_facts`) and what keys mean (`key_meanings`). It says what can be said
of a file's shape: keys, required ones, units, choices, what excludes what. What depends on other parts of the
file (a solution that is not defined, an id used twice, limits of quantities) the reader and the linter say.
A file that the reader takes is never refused by the schema, except where a *key's name or kind* is given by a
parameter (`do = "$kind"`).
"""

from __future__ import annotations

from typing import Any, Final

from .format_facts import Fact, Section, Situation, sections
from .key_meanings import MEANINGS, SECTIONS
from .model import FORMAT
from .step_reader import ID
from .steps import STEP_KINDS
from .unit_patterns import (
    REFERENCE,
    any_quantity_pattern,
    any_range_pattern,
    quantity_pattern,
    range_pattern,
)
from .units import DIMENSIONS, UNITS

__all__ = ["schema", "takes"]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

_SCALAR: Final[dict[str, Any]] = {"type": ["string", "number", "boolean"]}
_AMOUNT: Final[dict[str, Any]] = {"type": ["string", "number"]}
# The few keys whose form the reader looks at itself.
_RAW: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("recipe", "format"): {"type": "integer", "minimum": 1, "maximum": FORMAT},
    ("parameters", "default"): _SCALAR,
    ("parameters", "min"): _AMOUNT,
    ("parameters", "max"): _AMOUNT,
}
RAW_REQUIRED: Final = (("recipe", "format"), ("parameters", "default"))


def schema() -> dict[str, Any]:
    """The schema as plain data, ready for `json.dumps`."""
    found = sections()
    definitions = {name: _section(section) for name, section in found.items() if name != "recipe"}
    definitions["step"] = _step(found)
    return {
        "$schema": DRAFT,
        "title": "spinrig recipe",
        **_section(found["recipe"]),
        "$defs": dict(sorted(definitions.items())),
    }


def _section(section: Section) -> dict[str, Any]:
    required = [
        key
        for key in section.keys
        if (section.name, key) in RAW_REQUIRED or all(fact.required for fact in section.facts(key))
    ]
    shape: dict[str, Any] = {
        "description": _plain(SECTIONS[section.name]),
        "type": "object",
        "properties": {key: _property(section, key) for key in section.keys},
        "additionalProperties": False,
    }
    if required:
        shape["required"] = required
    choices = _choices(section, required)
    if len(choices) > 1:
        shape["anyOf"] = choices
    return shape


def _choices(section: Section, always: list[str]) -> list[dict[str, Any]]:
    """What each situation wants besides: keys required there, keys that have no place there, and what makes it
    that situation.
    """
    found: list[dict[str, Any]] = []
    for situation, facts in section.asked:
        required = [key for key, fact in facts.items() if fact.required and key not in always]
        properties: dict[str, Any] = {key: False for key in section.keys if key not in facts}
        choice: dict[str, Any] = {"required": required} if required else {}
        if section.name == situation.kind:
            properties |= _presence(situation)
        if properties:
            choice["properties"] = properties
        if choice not in found:
            found.append(choice)
    return found if all(found) else []


def _presence(situation: Situation) -> dict[str, Any]:
    """What makes it that situation, beyond the keys required in it: a key in every element of a list."""
    properties: dict[str, Any] = {}
    inner: dict[str, list[str]] = {}
    for key in situation.present:
        outer, _, below = key.partition(".")
        if below:
            inner.setdefault(outer, []).append(below)
    for outer, keys in inner.items():
        properties[outer] = {"items": {"required": keys}}
    return properties


def _step(found: dict[str, Section]) -> dict[str, Any]:
    """Any step: by its `do` one of the kinds. All keys are listed, so that an editor can offer them."""
    meanings: dict[str, dict[str, list[str]]] = {}
    for kind in STEP_KINDS:
        for key in found[kind].keys:
            meanings.setdefault(key, {}).setdefault(MEANINGS[kind][key], []).append(kind)
    properties: dict[str, Any] = {}
    for key, texts in meanings.items():
        parts = [
            text if len(kinds) == len(STEP_KINDS) else f"{', '.join(kinds)}: {text}"
            for text, kinds in texts.items()
        ]
        properties[key] = {"description": _plain(" ".join(parts))}
    properties["do"]["enum"] = list(STEP_KINDS)
    return {
        "type": "object",
        "required": ["id", "do"],
        "properties": properties,
        "allOf": [
            {
                "if": {"properties": {"do": {"const": kind}}, "required": ["do"]},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in STEP_KINDS
        ],
    }


# --- keys ---


def _property(section: Section, key: str) -> dict[str, Any]:
    facts = section.facts(key)
    words = (
        MEANINGS[section.name][key] if key == "do" else f"{MEANINGS[section.name][key]} {takes(section, key)}"
    )
    about: dict[str, Any] = {"description": _plain(words.strip())}
    default = next((fact.default for fact in facts if fact.default is not None), None)
    if default is not None:
        about["default"] = default
    if section.name in STEP_KINDS and key == "do":
        return {**about, "const": section.name}
    raw = _RAW.get((section.name, key))
    if raw is not None:
        return {**about, **raw}
    quantities = [fact for fact in facts if fact.kind in ("quantity", "range")]
    shapes = [_shape(fact) for fact in facts if fact not in quantities]
    if len({fact.dimensions for fact in quantities}) > 1:  # in the unit that stands beside it
        ranged = quantities[0].kind == "range"
        shapes.append(
            {"type": "string", "pattern": any_range_pattern() if ranged else any_quantity_pattern()}
        )
    else:
        shapes += [_shape(fact) for fact in quantities]
    if len(shapes) == 1:
        return {**about, **shapes[0]}
    return {**about, "anyOf": shapes}


def _shape(fact: Fact) -> dict[str, Any]:
    match fact.kind:
        case "quantity":
            return {"type": "string", "pattern": _pattern(fact)}
        case "range":
            return {"type": "string", "pattern": range_pattern(fact.dimensions)}
        case "text":
            return {"type": "string", "pattern": r"\S"}
        case "texts":
            return {"type": "array", "items": {"type": "string"}}
        case "choice":
            return {"anyOf": [{"enum": list(fact.options)}, _REFERENCE]}
        case "flag":
            return {"anyOf": [{"type": "boolean"}, _REFERENCE]}
        case "number" | "integer":
            limits = {
                "minimum": fact.minimum,
                "maximum": fact.maximum,
                "exclusiveMinimum": fact.exclusive_minimum,
            }
            number = {name: limit for name, limit in limits.items() if limit is not None}
            return {"anyOf": [{"type": fact.kind, **number}, _REFERENCE]}
        case "table":
            return _below(fact)
        case "tables":
            return {"type": "array", "items": _below(fact), **({"minItems": 1} if fact.required else {})}
        case "named":
            return {
                "type": "object",
                "propertyNames": {"pattern": f"^{ID.pattern}$"},
                "additionalProperties": _below(fact),
            }
    raise AssertionError(f"a fact of an unknown kind: {fact}")


_REFERENCE: Final[dict[str, Any]] = {"type": "string", "pattern": f"^{REFERENCE}$"}


def _below(fact: Fact) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{'step' if fact.below == 'steps' else fact.below}"}


def _pattern(fact: Fact) -> str:
    """Without a sign, where nothing below zero is taken."""
    bound = fact.minimum if fact.exclusive_minimum is None else fact.exclusive_minimum
    positive = isinstance(bound, str) and bound.startswith("0 ")
    return quantity_pattern(fact.dimensions, negative=not positive)


# --- words ---


def takes(section: Section, key: str) -> str:
    """What a key takes, in a few words: units, choices, limits."""
    facts = section.facts(key)
    if section.name in STEP_KINDS and key == "do":
        return f'`"{section.name}"`.'
    dimensions = list(dict.fromkeys(name for fact in facts for name in fact.dimensions))
    if len({fact.dimensions for fact in facts if fact.dimensions}) > 1:
        kind = "A range" if facts[0].kind == "range" else "A quantity"
        return f"{kind} in the dimension of `unit`."
    words = []
    for name in dimensions:
        units = ", ".join(UNITS[name])
        words.append(f'{DIMENSIONS[name].words} ({units}), e.g. `"{DIMENSIONS[name].example}"`')
    text = " or ".join(words)
    for fact in facts:
        if fact.options:
            text = ", ".join(f'`"{option}"`' for option in fact.options)
        elif fact.kind in ("number", "integer"):
            text = "a whole number" if fact.kind == "integer" else "a number"
    if not text:
        return ""
    limits = []
    for fact in facts:
        if fact.exclusive_minimum is not None:
            limits.append(f"more than {fact.exclusive_minimum}")
        if fact.minimum is not None:
            limits.append(f"at least {fact.minimum}")
        if fact.maximum is not None:
            limits.append(f"at most {fact.maximum}")
    text = "; ".join([text, *limits])
    return text[0].upper() + text[1:] + "."


def _plain(text: str) -> str:
    """Without the marks of Markdown."""
    return text.replace("`", "")
