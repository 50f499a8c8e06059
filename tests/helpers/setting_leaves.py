"""Every key of the scripts' settings, with the values that it must take and those that it must refuse."""

import dataclasses
import math
from typing import Any

import pytest

from fer_exp.config import settings
from fer_exp.config.evaluation import Evaluation
from fer_exp.config.schema import allowed, schema_of, variants


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A key of a script's settings, the override that has its variant, and the JSON schema of its values."""

    script: str
    key: str
    choice: str
    node: dict[str, Any]


# An option of each variant that no option is named after.
OPTIONS = {"random": "optimizer"}


def leaves(script, node, path="", choice=""):
    """Every leaf of a tree of settings."""
    for name, variant in variants(node).items():
        yield from leaves(script, variant, path, f"{path}={OPTIONS.get(name, name)}")
    for name, child in node.get("properties", {}).items():
        yield from leaves(script, child, f"{path}.{name}".removeprefix("."), choice)
    if not variants(node) and "properties" not in node:
        yield Leaf(script, path, choice, node)


def of_each(leaves):
    """Parametrise a test by leaves."""
    names = [" ".join((leaf.script, leaf.key, leaf.choice)).strip() for leaf in leaves]
    return pytest.mark.parametrize("leaf", leaves, ids=names)


SCRIPTS = {"train": settings.Experiment, "evaluate": Evaluation}
LEAVES = [leaf for script, cls in SCRIPTS.items() for leaf in leaves(script, schema_of(cls))]
OF_A_JOB = [leaf for leaf in LEAVES if leaf.script == "train"]
# The groups of which there are variants, and the script that has them.
GROUPS = {leaf.choice.partition("=")[0]: leaf.script for leaf in reversed(LEAVES) if leaf.choice}


def number_of(node):
    """The schema of a number, or of the numbers of a list, if a leaf is one of these."""
    each = node.get("items", node)
    return each if each.get("type") in ("integer", "number") else {}


def limits(node):
    """The outermost numbers that a leaf takes."""
    each = number_of(node)
    values = [each[key] for key in ("minimum", "maximum") if key in each]
    values += [math.nextafter(each[key], math.inf) for key in ("exclusiveMinimum",) if key in each]
    return values + [math.nextafter(each[key], -math.inf) for key in ("exclusiveMaximum",) if key in each]


def wrong_values(node):
    """Values that a leaf must refuse: other types, and the nearest past each bound."""
    each = number_of(node)
    if each:
        past = [math.nan, math.inf, -math.inf, "x", "", None, True, False, {}, [], -(10**400)]
        past += [10**400] if each["type"] == "number" or "maximum" in each else []
        past += [each[key] for key in ("exclusiveMinimum", "exclusiveMaximum") if key in each]
        past += [each[key] + by for key, by in (("minimum", -1), ("maximum", 1)) if key in each]
        if each["type"] == "integer":
            past.append(1.5)
        elif "minimum" in each:
            past.append(math.nextafter(each["minimum"], -math.inf))
        return past if each is node else [[], "x", None, 5, {}, *([value] for value in past)]
    if "enum" in node or "const" in node:
        return [1, True, math.nan, None, "", [], {}, "no such"]
    of_text = [1, True, math.nan, "", [], {}]
    return {
        "text": [*of_text, None],
        "text or null": of_text,
        "file or folder of this machine": [*of_text, None, "s3://a/b", "file://host/a", "~no such user"],
        "file or folder of this machine or null": [*of_text, "s3://a/b"],
        "folder of this machine or an address": [*of_text, None, "file://host/a", "~no such user"],
        "the address of a store, sqlite:///FILE or http://HOST:PORT": [*of_text, None, "mlflow.db", "./a"],
        "whole number at least 0 or null": [math.nan, "x", "", True, {}, [], -1, 1.5],
        "finite number above 0 and at most 100 or null": [math.nan, "x", "", True, {}, [], 0, 101],
        "true or false": ["true", "", 0, 1, None, []],
        "list of texts": ["x", None, {}, [1], [None]],
        "list of texts or null": ["x", {}, [1], [None], []],
        "list of groups of settings": ["x", None, {}, [1], [None], [[]]],
        "group of options": ["x", None, 1, []],
    }[allowed(node).removeprefix("a ")]


def allowed_values(node):
    """The choices of a leaf, or the outermost numbers that it takes."""
    if "enum" in node or "const" in node:
        return node.get("enum") or [node["const"]]
    return [[value] if "items" in node else value for value in limits(node)]
