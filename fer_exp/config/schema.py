"""How a dataclass describes its values, and a nested dict is checked against it.

A field's bounds stand beside it as metadata, so that a check (or a test of every key at its limits)
covers a new field unasked. OmegaConf checks types too, but says in four lines what fits in one.
"""

import dataclasses
import difflib
import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, field
from typing import Any, get_args

from fer_exp.errors import UserError

# For each node whose fields depend on its `name`: the dataclass of each name.
Variants = Mapping[str, Mapping[str, type]]


def number(
    at_least: float = -math.inf,
    at_most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    added: Any = MISSING,
) -> Any:
    """A field whose number (or each number of its list) must lie in these bounds.

    added: what a key that came later stands for where it is missing, as in what was kept before.
    """
    bounds = {"at_least": at_least, "at_most": at_most, "above": above, "below": below}
    return field(default=added, metadata=bounds, kw_only=added is not MISSING)


def choice(*names: str, added: Any = MISSING) -> Any:
    """A field that must be one of `names`; added: as above."""
    return field(default=added, metadata={"choices": names}, kw_only=added is not MISSING)


def said(node: Any) -> dict[str, Any]:
    """A tree of dataclasses as nested dicts, without the keys added later that say what was meant before."""
    found = {}
    for spec in dataclasses.fields(node):
        value = getattr(node, spec.name)
        if spec.default is not MISSING and value == spec.default:
            continue
        found[spec.name] = said(value) if dataclasses.is_dataclass(value) else value
    return found


def build(cls: type, tree: Any, path: str, variants: Variants) -> Any:
    """Check a nested dict against the dataclass `cls`; `path` is its place in the tree.

    Raises UserError with the key, its value and what is allowed for an unknown or missing key, a
    value of another type and a value out of bounds.
    """
    if not isinstance(tree, Mapping):
        raise UserError(f"{path or 'config'}={tree}: must be a group of settings")
    named = variants.get(path)
    if named:
        name = tree.get("name", getattr(cls, "name", None))
        if not isinstance(name, str) or name not in named:
            raise UserError(f"{path}.name={name}: must be one of {', '.join(named)}")
        cls = named[name]
    specs = {spec.name: spec for spec in dataclasses.fields(cls)}
    for key in tree:
        if key not in specs:
            near = difflib.get_close_matches(str(key), specs, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(specs)}"
            raise UserError(f"{_join(path, key)}: there is no such setting; {hint}")
    return cls(**{key: _value(spec, tree, _join(path, key), variants) for key, spec in specs.items()})


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _value(spec: dataclasses.Field, tree: Mapping[str, Any], path: str, variants: Variants) -> Any:
    value = tree.get(spec.name, "???" if spec.default is MISSING else spec.default)
    if value == "???":
        raise UserError(f"{path} is missing: give it a value, {path}=...")
    if dataclasses.is_dataclass(spec.type):
        return build(spec.type, value, path, variants)
    checked = _widened(value, spec.type)
    if not _fits(checked, spec):
        raise UserError(f"{path}={value}: must be {_allowed(spec)}")
    return checked


def _widened(value: Any, kind: type) -> Any:
    """A whole number as a float where a float is asked for: people type 1 for 1.0."""
    if kind == list[float] and isinstance(value, list):
        return [_widened(each, float) for each in value]
    # a whole number may be too large for a float; as it is no float then, it is refused
    fits = kind is float and type(value) is int and abs(value) <= sys.float_info.max
    return float(value) if fits else value


def _fits(value: Any, spec: dataclasses.Field) -> bool:
    if spec.type in (list[int], list[float]):
        [kind] = get_args(spec.type)
        return isinstance(value, list) and bool(value) and all(_in_bounds(v, kind, spec) for v in value)
    if spec.type == list[dict[str, Any]]:
        return isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if spec.type == list[str]:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if spec.type == dict[str, Any]:
        return isinstance(value, dict)
    if spec.type == str | None:
        return value is None or (isinstance(value, str) and value != "")
    return _in_bounds(value, spec.type, spec)


def _in_bounds(value: Any, kind: type, spec: dataclasses.Field) -> bool:
    # `type` rather than isinstance: True is no batch size.
    if type(value) is not kind:
        return False
    if kind is str:
        return value in spec.metadata.get("choices", [value]) and value != ""
    if kind is float and not math.isfinite(value):
        return False
    bounds = spec.metadata
    return kind is bool or (
        bounds["at_least"] <= value <= bounds["at_most"] and bounds["above"] < value < bounds["below"]
    )


def _allowed(spec: dataclasses.Field) -> str:
    if "choices" in spec.metadata:
        return f"one of {', '.join(spec.metadata['choices'])}"
    words = {"at_least": "at least", "at_most": "at most", "above": "above", "below": "below"}
    finite = ((words[key], bound) for key, bound in spec.metadata.items() if math.isfinite(bound))
    bounds = " and ".join(f"{word} {bound:,}" for word, bound in finite)
    kinds = {int: "a whole number", float: "a finite number", str: "a text", bool: "true or false"}
    kinds |= {list[int]: "a list of one or more whole numbers, each", list[str]: "a list of texts"}
    kinds |= {list[float]: "a list of one or more finite numbers, each"}
    kinds |= {dict[str, Any]: "a group of options", list[dict[str, Any]]: "a list of groups of settings"}
    return f"{kinds.get(spec.type, 'a text or null')} {bounds}".rstrip()
