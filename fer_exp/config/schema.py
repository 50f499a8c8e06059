"""How settings are declared, and how what they refuse is said in one line.

pydantic checks: types are strict, keys that nobody knows are refused, and of a group whose keys depend on
its `name` the class is found by it. Bounds stand beside their field, so that whatever reads the JSON schema
(a message, a test of every key at its limits, docs/configuration.md) covers a new field unasked.
"""

import dataclasses
import difflib
import functools
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast, dataclass_transform

import pydantic.dataclasses
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from fer_exp import places
from fer_exp.errors import UserError

T = TypeVar("T")

# pydantic's words for a key that a class does not have; such a one is told first
_UNKNOWN = ("unexpected_keyword_argument", "invalid_key")

# what Hydra puts in the place of a value that somebody has to give
MISSING = "???"


def _given(text: str) -> str:
    if text == MISSING:
        raise ValueError
    return text


# True is no whole number; a whole number is taken for a finite one, as people type 1 for 1.0.
Int = StrictInt
Float = Annotated[StrictFloat, Field(allow_inf_nan=False)]
Text = Annotated[StrictStr, Field(min_length=1), AfterValidator(_given)]
# A file or folder of this machine, one that may be elsewhere, and a store.
Place = Annotated[Text, AfterValidator(places.here), Field(json_schema_extra={"format": "place"})]
Address = Annotated[Text, AfterValidator(places.anywhere), Field(json_schema_extra={"format": "address"})]
StoreAddress = Annotated[Text, AfterValidator(places.store), Field(json_schema_extra={"format": "store"})]
Share = Annotated[Float, Field(ge=0, le=1)]
Seed = Annotated[Int, Field(ge=0, le=2**63 - 1)]
Some = Annotated[list[T], Field(min_length=1)]


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, Field))
def checked(cls: type[T]) -> type[T]:
    """Make a class of annotated fields a frozen dataclass that checks them whenever it is made.

    A key that came later has a default, which says what was meant before it came.
    """
    made: Any = pydantic.dataclasses.dataclass(frozen=True, config=ConfigDict(extra="forbid"))
    return cast(type[T], made(cls))


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@functools.cache
def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON schema of settings, with whatever it refers to in the place of the reference."""
    whole = _adapter(kind).json_schema()

    def filled(node: Any) -> Any:
        if isinstance(node, str) and node.startswith("#/$defs/"):
            return filled(whole["$defs"][node.removeprefix("#/$defs/")])
        if isinstance(node, list):
            return [filled(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return filled(node["$ref"])
        return {key: filled(value) for key, value in node.items() if key != "$defs"}

    found: dict[str, Any] = filled(whole)
    return found


def variants(node: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of each name that a group of settings may have, if its keys depend on one."""
    found: dict[str, Any] = node.get("discriminator", {}).get("mapping", {})
    return found


def dump(settings: Any) -> dict[str, Any]:
    """Settings as nested dicts, without the keys added later that say what was meant before."""
    kind: Any = type(settings)
    found: dict[str, Any] = _adapter(kind).dump_python(settings, exclude_defaults=True)
    return found


def build(kind: Any, tree: Any, path: str = "") -> Any:
    """Check a nested dict against settings or a union of them; `path` is its place in the config.

    Raises UserError with the key, its value and what is allowed for an unknown or missing key, a value of
    another type and a value out of bounds.
    """
    try:
        return _adapter(kind).validate_python(tree)
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=lambda each: each["type"] not in _UNKNOWN)
        raise UserError(_line(schema_of(kind), tree, path, first["loc"])) from None


def _line(node: dict[str, Any], value: Any, path: str, place: tuple[int | str, ...]) -> str:
    """What is wrong at a place, to which pydantic adds the name of each variant that it goes through."""
    for part in place:
        if part in variants(node):
            node = variants(node)[part]
        elif "properties" in node:
            path = f"{path}.{part}" if path else str(part)
            if part not in node["properties"]:
                near = difflib.get_close_matches(str(part), node["properties"], n=1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(node['properties'])}"
                return f"{path}: there is no such setting; {hint}"
            node, value = node["properties"][part], value.get(part, MISSING)
    if isinstance(value, str) and value == MISSING:
        return f"{path} is missing: give it a value, {path}=..."
    if variants(node) and isinstance(value, Mapping):
        return f"{path}.name={value.get('name')}: must be one of {', '.join(variants(node))}"
    said = str(value)
    return f"{path or 'config'}={said[:500]}{'...' * (len(said) > 500)}: must be {allowed(node)}"


# One of a kind, and many of it in a list.
_KINDS = {
    "integer": ("a whole number", "one or more whole numbers, each"),
    "number": ("a finite number", "one or more finite numbers, each"),
    "string": ("a text", "texts"),
    "object": ("a group of options", "groups of settings"),
    "boolean": ("true or false", ""),
    "null": ("null", ""),
}
# Texts of which not every one is taken.
_FORMATS = {
    "place": "a file or folder of this machine",
    "address": "a folder of this machine or an address",
    "store": f"the address of a store, {places.SQLITE}FILE or http://HOST:PORT",
}
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above"}
_BOUNDS |= {"maximum": "at most", "exclusiveMaximum": "below"}


def allowed(node: Mapping[str, Any]) -> str:
    """In words, what the JSON schema of a setting allows."""
    if "properties" in node or variants(node):
        return "a group of settings"
    if "enum" in node or "const" in node:
        return f"one of {', '.join(node.get('enum') or [node['const']])}"
    if "anyOf" in node:
        return " or ".join(allowed(each) for each in node["anyOf"])
    if node.get("format") in _FORMATS:
        return _FORMATS[node["format"]]
    each = node.get("items", node)
    kind = _KINDS[each["type"]][0] if each is node else f"a list of {_KINDS[each['type']][1]}"
    bounds = " and ".join(f"{word} {each[key]:,}" for key, word in _BOUNDS.items() if key in each)
    most = f", at most {node['maxItems']:,} of them" if "maxItems" in node else ""
    return f"{kind} {bounds}".rstrip() + most
