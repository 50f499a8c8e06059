"""Settings are checked whole, with one line that names the key, the value and what is allowed."""

import dataclasses
import math
import operator
import re

import pytest
from helpers.setting_leaves import (
    GROUPS,
    LEAVES,
    OF_A_JOB,
    SCRIPTS,
    allowed_values,
    number_of,
    of_each,
    wrong_values,
)
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp.config import derived, settings
from fer_exp.config.schema import build, schema_of, variants
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError
from fer_exp.experiment import job_check
from fer_exp.training.trainer import Trainer


@pytest.fixture
def tree(compose_settings):
    """A composed tree of the default job."""
    return dataclasses.asdict(compose_settings())


def said(parsed_with, leaf, value) -> str:
    """What is said of a value that a key must not take."""
    try:
        parsed_with(leaf.choice, leaf.key, value, leaf.script)
    except UserError as error:
        return str(error)
    return f"{leaf.key}={value} was taken"


# all keys in one test: to hand out a test for each takes longer than to run it
@pytest.mark.fault(
    "Bad settings: every key past its limits, and of wrong types",
    trials=sum(len(wrong_values(leaf.node)) for leaf in LEAVES),
    expected="one line before any data is read",
)
def test_every_field_refuses_what_is_out_of_bounds(parsed_with):
    """Generated from the fields, so a new key is covered unasked."""
    for leaf in LEAVES:
        for value in wrong_values(leaf.node):
            message = said(parsed_with, leaf, value)
            assert "\n" not in message
            assert message.startswith(f"{leaf.key}={value}: must be "), message


def test_every_field_accepts_its_limits_and_tells_them(parsed_with):
    """The bounds themselves, the number nearest to an excluded one, each choice; a refusal says them all."""
    for leaf in [leaf for leaf in LEAVES if allowed_values(leaf.node)]:
        for value in allowed_values(leaf.node):
            found = parsed_with(leaf.choice, leaf.key, value, leaf.script)
            assert operator.attrgetter(leaf.key)(found) == value, leaf.key
        told = said(parsed_with, leaf, {}).partition(": must be ")[2]
        bounds = [each for key, each in number_of(leaf.node).items() if "imum" in key]
        for bound in bounds or allowed_values(leaf.node):
            assert (bound if isinstance(bound, str) else f"{bound:,}") in told, leaf.key


def test_a_whole_number_is_a_number(parsed_with):
    """`optimizer.lr=1` is a rate of 1.0."""
    lr = parsed_with("", "optimizer.lr", 1).optimizer.lr
    assert (lr, type(lr)) == (1.0, float)


def test_a_misspelt_key_suggests_the_near_one(tree):
    """`activaton` is answered with `activation`."""
    tree["model"]["activaton"] = 3
    with pytest.raises(
        UserError, match=r"model\.activaton: there is no such setting; did you mean activation\?"
    ):
        settings.parse(tree)


def test_an_unknown_key_lists_the_known_ones(tree):
    """What the group does hold is said."""
    tree["training"]["zzz"] = 3
    with pytest.raises(UserError, match="known here: batch_size, epochs, device"):
        settings.parse(tree)


@pytest.mark.parametrize("missing", ["???", None])
def test_a_missing_value_is_asked_for(tree, missing):
    """A mandatory value that nobody gave is named with the way to give it."""
    if missing is None:
        del tree["seed"]
    else:
        tree["seed"] = missing
    with pytest.raises(UserError, match=r"seed is missing: give it a value, seed=\.\.\."):
        settings.parse(tree)


@pytest.mark.parametrize("group", GROUPS)
def test_an_unknown_variant_lists_the_known_ones(parsed_with, group):
    """`data.name` decides which keys there are, so it is looked at first."""
    known = ", ".join(variants(schema_of(SCRIPTS[GROUPS[group]])["properties"][group]))
    for name in ("x", "", 1, None, ["synthetic"], {}, math.nan):
        with pytest.raises(UserError) as caught:
            parsed_with("", group, {"name": name}, GROUPS[group])
        assert str(caught.value) == f"{group}.name={name}: must be one of {known}"


@pytest.mark.parametrize("group", ["model", "model.activation", "training", "sweep", "about"])
def test_a_value_in_place_of_a_group_is_refused(parsed_with, group):
    """`training=3` is no group of settings."""
    for value in (3, "x", None, []):
        with pytest.raises(UserError) as caught:
            parsed_with("", group, value)
        assert str(caught.value) == f"{group}={value}: must be a group of settings"


def test_a_tree_that_was_kept_before_a_key_came_is_still_read(compose_settings):
    """A checkpoint of an earlier version says nothing of the network's name or its normalisation layers."""
    model = compose_settings().model
    kept = dataclasses.asdict(model)
    del kept["name"], kept["norm"]
    assert build(settings.Model, kept, "model") == model


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training": {"batch": 16}}, "training.batch: there is no such setting; did you mean batch_size?"),
        ({"training": {"batch_size": 0}}, "training.batch_size=0: must be"),
        ({"optimiser": {}}, "optimiser: there is no such setting; did you mean optimizer?"),
        ({"seed": None}, "seed=None: must be"),
    ],
)
def test_a_stage_is_checked_like_a_job(parsed_with, change, said):
    """With the same one line."""
    with pytest.raises(UserError, match=re.escape(said)):
        derived.stages(parsed_with("", "trained_before", [change]))


anything = st.recursive(
    st.integers() | st.floats() | st.text() | st.none() | st.booleans(),
    lambda inner: st.dictionaries(st.text(), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=5,
)
PLACES = [(leaf.script, leaf.key) for leaf in LEAVES if not leaf.choice]
PLACES += [(script, group) for group, script in GROUPS.items()]


@given(anything, st.sampled_from([*PLACES, ("train", ""), ("evaluate", "")]))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_is_parsed_or_refused_in_one_line(parsed_with, value, place):
    """A config from somewhere else never ends in another exception, whatever stands at one place in it."""
    script, key = place
    try:
        outcome = parsed_with("", key, value, script) if key else build(SCRIPTS[script], value)
    except UserError as error:
        outcome = str(error)
    assert isinstance(outcome, SCRIPTS[script]) or len(outcome.splitlines()) == 1


@pytest.mark.slow
@of_each([leaf for leaf in OF_A_JOB if allowed_values(leaf.node)])
@pytest.mark.fault(
    "Bad settings: every key at its limits",
    trials=sum(len(allowed_values(leaf.node)) for leaf in OF_A_JOB),
    expected="an epoch with finite figures, or one line",
)
def test_every_limit_trains_or_is_refused_in_one_line(parsed_with, tiny_faces, leaf):
    """What the bounds let through works, or ends in what only the faces can tell, as a rate that explodes."""
    train = tiny_faces[tiny_faces.usage == 0]
    for value in allowed_values(leaf.node):
        # by the optimizer that keeps nothing beside the weights: the widest network has 0.6 GB of them
        chosen = parsed_with(f"optimizer=sgd {leaf.choice}", leaf.key, value)
        # the device is judged by what the machine has
        chosen = dataclasses.replace(chosen, training=dataclasses.replace(chosen.training, device="cpu"))
        try:
            job_check.check(chosen)
            epoch = next(
                Trainer(
                    chosen, train, train_val_split(train, train.group, chosen.split, chosen.seed)
                ).epochs()
            )
            outcome = [epoch.train.loss, epoch.validation.loss]
        except UserError as error:
            outcome = str(error)
        if isinstance(outcome, str):
            assert len(outcome.splitlines()) == 1, (leaf.key, value)
        else:
            assert all(map(math.isfinite, outcome)), (leaf.key, value)


TYPED = ("x", "''", "null", "true", "-1", "1.5", "1e400", "-1e400", "nan", "9" * 400, "[]", "[x]", "{a: 1}")


@pytest.mark.slow
@of_each(LEAVES)
@pytest.mark.fault(
    "Bad settings: every key typed with other types and numbers",
    trials=len(TYPED) * len(LEAVES),
    expected="one line before any data is read, or accepted",
)
def test_whatever_is_typed_is_accepted_or_refused_in_one_line(parsed_with, leaf):
    """As Hydra reads the command line; the refusal names the key."""
    parser = OverridesParser.create()
    for text in TYPED:
        value = parser.parse_override(f"{leaf.key}={text}").value()
        outcome = f"{leaf.key}="
        try:
            parsed_with(leaf.choice, leaf.key, value, leaf.script)
        except UserError as error:
            outcome = str(error)
        assert outcome.startswith((f"{leaf.key}=", f"{leaf.key}."))
        assert len(outcome.splitlines()) == 1


def test_a_network_of_endless_layers_is_refused_without_repeating_it():
    """To build 100,000 layers took two minutes before they were refused."""
    tree = {"name": "mlp", "hidden": [1] * 100_000}
    with pytest.raises(UserError, match="at most 1,000 of them") as caught:
        build(settings.Model, tree, "model")
    assert len(str(caught.value)) < 1000
