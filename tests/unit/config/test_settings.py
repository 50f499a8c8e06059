"""Settings are checked whole, with one line that names the key, the value and what is allowed."""

import dataclasses
import functools
import math
import operator
import re
import sys
from dataclasses import MISSING
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp.config import identity, search_space, settings
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError
from fer_exp.experiment import job_check
from fer_exp.training.trainer import Trainer


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A key of a script's settings, the override that has its variant, and its field."""

    script: str
    key: str
    choice: str
    spec: dataclasses.Field


# An option of each variant that no option is named after.
OPTIONS = {"random": "optimizer"}


def leaves(script, cls, path="", choice=""):
    """Every leaf of a tree of dataclasses."""
    for spec in dataclasses.fields(cls):
        key = f"{path}.{spec.name}" if path else spec.name
        if key in settings.VARIANTS:
            for name, variant in settings.VARIANTS[key].items():
                yield from leaves(script, variant, key, f"{key}={OPTIONS.get(name, name)}")
        elif dataclasses.is_dataclass(spec.type):
            yield from leaves(script, spec.type, key, choice)
        else:
            yield Leaf(script, key, choice, spec)


def of_each(leaves):
    """Parametrise a test by leaves."""
    names = [" ".join((leaf.script, leaf.key, leaf.choice)).strip() for leaf in leaves]
    return pytest.mark.parametrize("leaf", leaves, ids=names)


SCRIPTS = {"train": settings.Experiment, "evaluate": settings.Evaluation}
LEAVES = [leaf for script, cls in SCRIPTS.items() for leaf in leaves(script, cls)]
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
        return settings.build(SCRIPTS[script], tree, "")

    return parsed


def wrong_values(spec):
    """Values that a field must refuse: other types, and the nearest past each bound."""
    bounds = spec.metadata
    if spec.type in (int, float, list[int], list[float]):
        past = [math.nan, math.inf, -math.inf, "x", "", None, True, False, {}, [], -(10**400)]
        past += [10**400] if spec.type in (float, list[float]) or math.isfinite(bounds["at_most"]) else []
        past += [bounds["at_least"] - 1, bounds["at_most"] + 1, bounds["above"], bounds["below"]]
        if spec.type in (float, list[float]):
            past.append(math.nextafter(bounds["at_least"], -math.inf))
        else:
            past.append(1.5)
        return past if spec.type in (int, float) else [[], "x", None, 5, {}, *([v] for v in past)]
    return {
        bool: ["true", "", 0, 1, None, []],
        str: [1, True, math.nan, None, "", [], {}, *(["no such"] if "choices" in bounds else [])],
        str | None: [1, True, math.nan, "", [], {}],
        list[str]: ["x", None, {}, [1], [None]],
        list[dict[str, Any]]: ["x", None, {}, [1], [None], [[]]],
        dict[str, Any]: ["x", None, 1, []],
    }[spec.type]


def allowed_values(spec):
    """The choices of a field, or the outermost numbers that it takes."""
    bounds = spec.metadata
    if "choices" in bounds:
        return list(bounds["choices"])
    values = [bounds[key] for key in ("at_least", "at_most") if math.isfinite(bounds.get(key, math.inf))]
    if spec.type in (float, list[float]):
        between = math.nextafter(bounds["above"], math.inf), math.nextafter(bounds["below"], -math.inf)
        values += [value for value in between if abs(value) < sys.float_info.max]
    return [[value] for value in values] if spec.type in (list[int], list[float]) else values


@of_each(LEAVES)
@pytest.mark.fault(
    "Bad settings: every key past its limits, and of wrong types",
    trials=sum(len(wrong_values(leaf.spec)) for leaf in LEAVES),
    expected="one line before any data is read",
)
def test_every_field_refuses_what_is_out_of_bounds(parsed_with, leaf):
    """Generated from the fields, so a new key is covered unasked."""
    for value in wrong_values(leaf.spec):
        with pytest.raises(UserError) as caught:
            parsed_with(leaf.choice, leaf.key, value, leaf.script)
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(f"{leaf.key}={value}: must be "), message


@of_each([leaf for leaf in LEAVES if leaf.spec.metadata])
def test_a_refusal_says_all_bounds_or_choices(parsed_with, leaf):
    """Every finite bound is printed, and every choice."""
    with pytest.raises(UserError) as caught:
        parsed_with(leaf.choice, leaf.key, {}, leaf.script)
    said = str(caught.value).partition(": must be ")[2]
    for bound in leaf.spec.metadata.get("choices", leaf.spec.metadata.values()):
        assert isinstance(bound, str) or math.isinf(bound) or f"{bound:,}" in said
        assert not isinstance(bound, str) or bound in said


@of_each([leaf for leaf in LEAVES if leaf.spec.metadata and allowed_values(leaf.spec)])
def test_every_field_accepts_its_limits(parsed_with, leaf):
    """The bounds themselves are allowed, the nearest number to an excluded one, and each of the choices."""
    for value in allowed_values(leaf.spec):
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
@pytest.mark.parametrize("group", settings.VARIANTS)
def test_an_unknown_variant_lists_the_known_ones(parsed_with, group, name):
    """`data.name` decides which keys there are, so it is looked at first."""
    known = ", ".join(settings.VARIANTS[group])
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
        keys = {leaf.key for leaf in OF_A_JOB if leaf.choice in choices}
        kept = {re.sub(r"\.options\..*", ".options", key) for key in identity.recipe(chosen)}
        flat = identity.flatten(dataclasses.asdict(chosen))
        # keys that came later are left out where they say what was done before
        later = {leaf.key: leaf.spec.default for leaf in OF_A_JOB}
        silent = {key for key in keys if later[key] is not MISSING and flat[key] == later[key]}
        assert kept == keys - CIRCUMSTANCES - silent


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
    assert settings.build(settings.Model, kept, "model") == model


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
    small, first = settings.stages(chosen)
    assert (small.training.batch_size, small.optimizer) == (16, chosen.optimizer)
    assert (first.optimizer.lr, first.optimizer.options, first.optimizer.weight_decay) == (0.1, {}, 0.0)
    assert first.training == chosen.training
    assert settings.stages(small) == []
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
        settings.stages(parsed_with("", "trained_before", [change]))


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
        outcome = parsed_with("", key, value, script) if key else settings.build(SCRIPTS[script], value, "")
    except UserError as error:
        outcome = str(error)
    assert isinstance(outcome, SCRIPTS[script]) or len(outcome.splitlines()) == 1


@pytest.mark.slow
@of_each([leaf for leaf in OF_A_JOB if leaf.spec.metadata and allowed_values(leaf.spec)])
@pytest.mark.fault(
    "Bad settings: every key at its limits",
    trials=sum(len(allowed_values(leaf.spec)) for leaf in OF_A_JOB if leaf.spec.metadata),
    expected="an epoch with finite figures, or one line",
)
def test_every_limit_trains_or_is_refused_in_one_line(parsed_with, tiny_faces, leaf):
    """What the bounds let through works, or ends in what only the faces can tell, as a rate that explodes."""
    train = tiny_faces[tiny_faces.usage == 0]
    for value in allowed_values(leaf.spec):
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
