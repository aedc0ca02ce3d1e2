"""What the schema allows at a path, in words: for mistakes and for docs/configuration.md."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from config.schema import Configuration

Shape = Mapping[str, Any]
"""One node of the JSON Schema."""

_UNITS: Final = (
    ("_per_s", "per second"),
    ("_s", "seconds"),
    ("_ms", "milliseconds"),
    ("_mib", "MiB"),
    ("_bytes", "bytes"),
)
_QUANTITIES: Final = ("", "_max", "_min", "_default")


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file (draft 2020-12), for editors and other tools."""
    schema = Configuration.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Warmline configuration",
    }


def resolved(shape: Shape) -> Shape:
    """Follow a reference and look through "or nothing"."""
    if "$ref" in shape:
        name = str(shape["$ref"]).rpartition("/")[2]
        return resolved({**json_schema()["$defs"][name], **_without(shape, "$ref")})
    real = [part for part in shape.get("anyOf", ()) if part.get("type") != "null"]
    if len(real) == 1:
        return resolved({**real[0], **_without(shape, "anyOf")})
    return shape


def shape_at(keys: Sequence[str | int]) -> Shape | None:
    """Return the schema of what may stand at a path; None when nothing may."""
    shape: Shape = resolved(json_schema())
    for key in keys:
        if isinstance(key, int):
            inner = shape.get("items")
        elif key in shape.get("properties", {}):
            inner = shape["properties"][key]
        else:
            inner = shape.get("additionalProperties")
            for pattern_shape in shape.get("patternProperties", {}).values():
                inner = pattern_shape
        if not isinstance(inner, Mapping):
            return None
        shape = resolved(inner)
    return shape


def known_keys(keys: Sequence[str | int]) -> Sequence[str]:
    """Return the keys that a mapping at this path may have; empty when they are free."""
    return tuple((shape_at(keys) or {}).get("properties", ()))


def nearest(word: str, words: Sequence[str]) -> str | None:
    """Return the word that was probably meant; None when none is near.

    Key names share endings such as `_s`, so the beginning of the word counts too: `ring_time`
    is nearer to `ring_s` than to `announce_first_s`.
    """
    close = difflib.get_close_matches(word.lower().replace("-", "_"), words, n=1, cutoff=0.6)
    if close:
        return close[0]
    stem = word.lower().replace("-", "_").partition("_")[0]
    same = [other for other in words if len(stem) >= 3 and other.partition("_")[0] == stem]
    return same[0] if same else None


def allowed(keys: Sequence[str | int]) -> str:
    """Say in words what may stand at a path."""
    shape = shape_at(keys)
    if shape is None:
        return "nothing"
    name = next((key for key in reversed(keys) if isinstance(key, str)), "")
    return describe(shape, name)


def describe(shape: Shape, name: str = "") -> str:
    """Say in words what a schema allows.

    Args:
        shape: A resolved node of the JSON Schema.
        name: The field's name, whose ending tells the unit.
    """
    if "patternErrorMessage" in shape:
        return str(shape["patternErrorMessage"])
    if "enum" in shape:
        return "one of " + ", ".join(map(str, shape["enum"]))
    words = _WORDS.get(str(shape.get("type")))
    return words(shape, name) if words else "another value"


def key_rule(keys: Sequence[str | int]) -> str:
    """Say in words which keys the mapping at this path may have."""
    shape = shape_at(keys) or {}
    if shape.get("properties"):
        return "the keys " + ", ".join(shape["properties"])
    return describe({"type": "string", **resolved(shape.get("propertyNames", {}))})


def known_names(keys: Sequence[str | int]) -> Sequence[str]:
    """Return the names that keys of the mapping at this path are chosen from; empty: free ones."""
    return tuple(resolved((shape_at(keys) or {}).get("propertyNames", {})).get("enum", ()))


def unit(name: str) -> str:
    """Return the unit that a field's name tells; empty when it tells none."""
    for quantity in _QUANTITIES:
        base = name.removesuffix(quantity)
        if quantity and base == name:
            continue
        for ending, word in _UNITS:
            if base.endswith(ending):
                return word
    return ""


def _without(shape: Shape, key: str) -> dict[str, Any]:
    return {name: value for name, value in shape.items() if name != key}


def _unit(name: str) -> str:
    word = unit(name)
    return f" {word}" if word else ""


def _range(shape: Shape) -> str:
    low, high = shape.get("minimum"), shape.get("maximum")
    over = shape.get("exclusiveMinimum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    if over is not None:
        return f" over {over}" + (f" and at most {high}" if high is not None else "")
    return f" of at most {high}" if high is not None else ""


def _length(shape: Shape, ending: str, noun: str) -> str:
    low, high = shape.get(f"min{ending}"), shape.get(f"max{ending}")
    plural = "entries" if noun == "entry" else f"{noun}s"
    if low is not None and low == high:
        return f" of {low} {noun if low == 1 else plural}"
    if low is not None and high is not None:
        return f" of {low} to {high} {plural}"
    if low is not None:
        return f" of at least {low} {noun if low == 1 else plural}"
    return f" of at most {high} {plural}" if high is not None else ""


def _mapping(shape: Shape) -> str:
    properties = shape.get("properties")
    if properties:
        return "a mapping with the keys " + ", ".join(properties)
    values = next(iter(shape.get("patternProperties", {}).values()), None)
    values = values or shape.get("additionalProperties")
    least = " that is not empty" if shape.get("minProperties") else ""
    if isinstance(values, Mapping):
        return f"a mapping of names to {describe(resolved(values))}{least}"
    return f"a mapping{least}"


_WORDS: Final[Mapping[str, Callable[[Shape, str], str]]] = {
    "integer": lambda shape, name: f"a whole number{_range(shape)}{_unit(name)}",
    "number": lambda shape, name: f"a number{_range(shape)}{_unit(name)}",
    "boolean": lambda _shape, _name: "true or false",
    "string": lambda shape, _name: "text" + _length(shape, "Length", "character"),
    "array": lambda shape, _name: "a list" + _length(shape, "Items", "entry"),
    "object": lambda shape, _name: _mapping(shape),
}
