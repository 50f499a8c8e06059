"""Settings are checked whole, with one line that names the key, the value and what is allowed."""

import dataclasses
import functools
import math
import operator
import re
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp.config import derived, identity, search_space, settings
from fer_exp.config.evaluation import Evaluation
from fer_exp.config.schema import allowed, build, schema_of, variants
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError
from fer_exp.experiment import job_check
from fer_exp.training.trainer import Trainer


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


@pytest.fixture
def tree(compose_settings):
    """A composed tree of the default job."""
    return dataclasses.asdict(compose_settings())


@pytest.fixture
def parsed_with(compose_settings):
    """What parses a tree composed with some choices, in which one value is replaced."""

    def parsed(choices, key, value, script="train"):
        tree = dataclasses.asdict(compose_settings(*choices.split(), script=script))
        *path, name = key.split(".")
        node = functools.reduce(dict.__getitem__, path, tree)
        assert name in node
        node[name] = value
        return build(SCRIPTS[script], tree)

    return parsed


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
        "true or false": ["true", "", 0, 1, None, []],
        "list of texts": ["x", None, {}, [1], [None]],
        "list of groups of settings": ["x", None, {}, [1], [None], [[]]],
        "group of options": ["x", None, 1, []],
    }[allowed(node).removeprefix("a ")]


def allowed_values(node):
    """The choices of a leaf, or the outermost numbers that it takes."""
    if "enum" in node or "const" in node:
        return node.get("enum") or [node["const"]]
    return [[value] if "items" in node else value for value in limits(node)]


@of_each(LEAVES)
@pytest.mark.fault(
    "Bad settings: every key past its limits, and of wrong types",
    trials=sum(len(wrong_values(leaf.node)) for leaf in LEAVES),
    expected="one line before any data is read",
)
def test_every_field_refuses_what_is_out_of_bounds(parsed_with, leaf):
    """Generated from the fields, so a new key is covered unasked."""
    for value in wrong_values(leaf.node):
        with pytest.raises(UserError) as caught:
            parsed_with(leaf.choice, leaf.key, value, leaf.script)
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(f"{leaf.key}={value}: must be "), message


@of_each([leaf for leaf in LEAVES if allowed_values(leaf.node)])
def test_a_refusal_says_all_bounds_or_choices(parsed_with, leaf):
    """Every finite bound is printed, and every choice."""
    with pytest.raises(UserError) as caught:
        parsed_with(leaf.choice, leaf.key, {}, leaf.script)
    message = str(caught.value).partition(": must be ")[2]
    bounds = [each for key, each in number_of(leaf.node).items() if "imum" in key]
    for bound in bounds or allowed_values(leaf.node):
        assert (bound if isinstance(bound, str) else f"{bound:,}") in message


@of_each([leaf for leaf in LEAVES if allowed_values(leaf.node)])
def test_every_field_accepts_its_limits(parsed_with, leaf):
    """The bounds themselves are allowed, the nearest number to an excluded one, and each of the choices."""
    for value in allowed_values(leaf.node):
        found = parsed_with(leaf.choice, leaf.key, value, leaf.script)
        assert operator.attrgetter(leaf.key)(found) == value


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


@pytest.mark.parametrize("name", ["x", "", 1, None, ["synthetic"], {}, math.nan])
@pytest.mark.parametrize("group", GROUPS)
def test_an_unknown_variant_lists_the_known_ones(parsed_with, group, name):
    """`data.name` decides which keys there are, so it is looked at first."""
    known = ", ".join(variants(schema_of(SCRIPTS[GROUPS[group]])["properties"][group]))
    with pytest.raises(UserError) as caught:
        parsed_with("", group, {"name": name}, GROUPS[group])
    assert str(caught.value) == f"{group}.name={name}: must be one of {known}"


@pytest.mark.parametrize("group", ["model", "model.activation", "training", "sweep", "about"])
@pytest.mark.parametrize("value", [3, "x", None, []])
def test_a_value_in_place_of_a_group_is_refused(parsed_with, group, value):
    """`training=3` is no group of settings."""
    with pytest.raises(UserError) as caught:
        parsed_with("", group, value)
    assert str(caught.value) == f"{group}={value}: must be a group of settings"


# Where a job runs and what it is called; a new setting joins the recipe unless it is added here.
CIRCUMSTANCES = {
    *("data.root", "data.cache_dir", "data.ferplus", "training.device", "protocol.seeds"),
    *("tracking.uri", "tracking.artifacts", "tracking.experiment", "tracking.log_model"),
    *("sweep.parent", "sweep.factors", "study", "resume", "rerun", "dry_run", "n_jobs"),
    *("about.question", "about.expected", "about.cost"),
    # in the recipe only where there is any
    "trained_before",
    # of a search only what it has drawn, which stands in the optimizer's keys
    *(f"search.{spec.name}" for spec in dataclasses.fields(search_space.RandomSearch)),
}


def test_the_recipe_leaves_out_where_and_keeps_what(compose_settings):
    """Paths, device, store and names do not determine a figure; everything else might."""
    groups = [group for group, script in GROUPS.items() if script == "train"]
    for override in sorted({leaf.choice for leaf in OF_A_JOB} - {""}):
        chosen = compose_settings("model/activation=leaky_relu", override)
        choices = {"", *(f"{group}={getattr(chosen, group).name}" for group in groups)}
        nodes = {leaf.key: leaf.node for leaf in OF_A_JOB if leaf.choice in choices}
        kept = {re.sub(r"\.options\..*", ".options", key) for key in identity.recipe(chosen)}
        flat = identity.flatten(dataclasses.asdict(chosen))
        # keys that came later are left out where they say what was done before
        silent = {key for key, node in nodes.items() if "default" in node and flat[key] == node["default"]}
        assert kept == nodes.keys() - CIRCUMSTANCES - silent


def test_a_key_that_came_later_changes_no_identity_at_its_default(compose_settings):
    """Figures kept before it are still found; any other value of it is another job."""
    plain = identity.recipe(compose_settings())
    for key, value in {"training.averaging": 0.9, "augmentation.flip": 0.5, "model.norm": "batch"}.items():
        assert key not in plain
        assert identity.recipe(compose_settings(f"{key}={value}")) == plain | {key: value}


def test_a_tree_that_was_kept_before_a_key_came_is_still_read(compose_settings):
    """A checkpoint of an earlier version says nothing of the network's name or its normalisation layers."""
    model = compose_settings().model
    kept = dataclasses.asdict(model)
    del kept["name"], kept["norm"]
    assert build(settings.Model, kept, "model") == model


def test_the_recipe_holds_the_values(parsed_with):
    """Two jobs that differ in a setting differ in their recipes there and nowhere else."""
    one, other = (identity.recipe(parsed_with("", "model.dropout", dropout)) for dropout in (0.1, 0.2))
    assert {key for key in one if one[key] != other[key]} == {"model.dropout"}


def test_other_labels_are_part_of_a_recipe(compose_settings):
    """The usual ones are not: what was trained before there were others keeps its identity."""
    usual, other = (
        identity.recipe(compose_settings("data=fer2013", *more))
        for more in ([], ["data.labels=ferplus", "data.ferplus=a.csv"])
    )
    assert other == usual | {"data.labels": "ferplus"}
    assert "data.labels" not in usual


def test_what_a_network_went_through_before_is_part_of_its_recipe(parsed_with):
    """Each stage is the job's own settings but for what it names; options are replaced, not mixed."""
    sgd = {"name": "sgd", "lr": 0.1, "target": "torch.optim.SGD", "options": {}}
    chosen = parsed_with("", "trained_before", [{"training": {"batch_size": 16}}, {"optimizer": sgd}])
    small, first = derived.stages(chosen)
    assert (small.training.batch_size, small.optimizer) == (16, chosen.optimizer)
    assert (first.optimizer.lr, first.optimizer.options, first.optimizer.weight_decay) == (0.1, {}, 0.0)
    assert first.training == chosen.training
    assert derived.stages(small) == []
    assert identity.recipe(chosen)["trained_before"] == chosen.trained_before


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
            epoch = next(Trainer(chosen, train, train_val_split(train, chosen.split, chosen.seed)).epochs())
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
