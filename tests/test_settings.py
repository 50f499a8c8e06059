"""Settings are checked whole, with one line that names the key, the value and what is allowed."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp import settings
from fer_exp.errors import UserError


def fields(cls, path=""):
    """Every (path, field) of the tree of dataclasses, with all variants of a node."""
    for spec in dataclasses.fields(cls):
        place = f"{path}.{spec.name}" if path else spec.name
        if dataclasses.is_dataclass(spec.type):
            for variant in settings.VARIANTS.get(place, {"": spec.type}).values():
                yield from fields(variant, place)
        else:
            yield path, spec


LEAVES = sorted({(path, spec.name): spec for path, spec in fields(settings.Experiment)}.items())


@pytest.fixture(scope="module")
def trees(compose_settings):
    """One composed tree for each variant of each node."""
    choices = [
        (),
        ("data=fer2013",),
        ("scheduler=cosine", "stopping=deck"),
        ("scheduler=none", "stopping=none"),
    ]
    return [dataclasses.asdict(compose_settings(*overrides)) for overrides in choices]


def tree_with(trees, path, name, value):
    """A copy of a tree that has the key, with its value replaced."""
    for tree in trees:
        copy = {key: dict(node) if isinstance(node, dict) else node for key, node in tree.items()}
        node = copy
        for part in path.split(".") if path else []:
            node[part] = dict(node[part])
            node = node[part]
        if name in node:
            node[name] = value
            return copy
    raise KeyError(path, name)


def wrong_values(spec):
    """Values that a field must refuse: other types, and just past each bound."""
    bounds = spec.metadata
    if spec.type in (int, float, list[int]):
        past = [math.nan, math.inf, -math.inf, "x", None, True, {}]
        past += [bounds["at_least"] - 1, bounds["at_most"] + 1, bounds["above"], bounds["below"]]
        past = [v for v in past if not (isinstance(v, float) and math.isinf(v) and spec.type is int)]
        if spec.type is int:
            past.append(1.5)
        if spec.type == list[int]:
            return [[], "x", None, 5, *([v] for v in past)]
        return past
    if spec.type is bool:
        return ["true", 1, None]
    if spec.type is str:
        return [1, None, "", *(["no such"] if "choices" in bounds else [])]
    if spec.type == dict[str, Any]:
        return ["x", None]
    return []


@pytest.mark.parametrize(("place", "spec"), LEAVES, ids=[".".join(place).lstrip(".") for place, _ in LEAVES])
def test_every_field_refuses_what_is_out_of_bounds(trees, place, spec):
    """Generated from the fields, so a new key is covered unasked."""
    path, name = place
    key = f"{path}.{name}".lstrip(".")
    for value in wrong_values(spec):
        if spec.name == "name" and path in settings.VARIANTS and isinstance(value, str) and value:
            continue
        with pytest.raises(UserError) as caught:
            settings.parse(tree_with(trees, path, name, value))
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(f"{key}={value}: must be "), message


@pytest.mark.parametrize(("place", "spec"), LEAVES, ids=[".".join(place).lstrip(".") for place, _ in LEAVES])
def test_every_field_accepts_its_limits(trees, place, spec):
    """The bounds themselves are allowed, and each of the choices."""
    bounds = spec.metadata
    values = [bounds[key] for key in ("at_least", "at_most") if math.isfinite(bounds.get(key, math.inf))]
    values = [[value] for value in values] if spec.type == list[int] else values
    for value in [*values, *bounds.get("choices", [])]:
        parsed = settings.parse(tree_with(trees, *place, value))
        node = parsed
        for part in place[0].split(".") if place[0] else []:
            node = getattr(node, part)
        assert getattr(node, place[1]) == value


def test_a_misspelt_key_suggests_the_near_one(trees):
    """`activaton` is answered with `activation`."""
    tree = trees[0] | {"model": trees[0]["model"] | {"activaton": 3}}
    with pytest.raises(
        UserError, match=r"model\.activaton: there is no such setting; did you mean activation\?"
    ):
        settings.parse(tree)


def test_an_unknown_key_lists_the_known_ones(trees):
    """What the group does hold is said."""
    tree = trees[0] | {"training": trees[0]["training"] | {"zzz": 3}}
    with pytest.raises(UserError, match="known here: batch_size, epochs, device"):
        settings.parse(tree)


@pytest.mark.parametrize("missing", ["???", None])
def test_a_missing_value_is_asked_for(trees, missing):
    """A mandatory value that nobody gave is named with the way to give it."""
    tree = dict(trees[0])
    if missing is None:
        del tree["seed"]
    else:
        tree["seed"] = missing
    with pytest.raises(UserError, match=r"seed is missing: give it a value, seed=\.\.\."):
        settings.parse(tree)


def test_an_unknown_variant_lists_the_known_ones(trees):
    """`data.name` decides which keys there are."""
    with pytest.raises(UserError, match=r"data\.name=x: must be one of synthetic, fer2013"):
        settings.parse(trees[0] | {"data": {"name": "x"}})


def test_the_recipe_leaves_out_where_and_keeps_what(compose_settings):
    """Paths, device, store and names do not determine a figure; everything else might."""
    recipe = settings.recipe(compose_settings("data=fer2013"))
    assert not {"data.root", "data.cache_dir", "training.device", "study", "resume", "n_jobs"} & set(recipe)
    assert not [key for key in recipe if key.startswith(("tracking", "sweep"))]
    for key in ("seed", "optimizer.lr", "split.method", "model.hidden", "data.on_error", "protocol.weights"):
        assert key in recipe


@given(st.recursive(st.integers() | st.text() | st.none(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_tree_is_parsed_or_refused_in_one_line(tree):
    """A config from somewhere else never ends in another exception."""
    with pytest.raises(UserError) as caught:
        settings.parse(tree)
    assert "\n" not in str(caught.value)
