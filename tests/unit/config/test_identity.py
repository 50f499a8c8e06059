"""What determines the figures of a job is in its recipe; where it runs and what it is called is not."""

import dataclasses
import re

from helpers.setting_leaves import GROUPS, OF_A_JOB

from fer_exp.config import derived, identity, search_space
from fer_exp.config.identity import job_identity


def test_identity_depends_on_what_determines_figures_alone(compose_settings, tiny_dataset):
    """Paths, device and names leave it; a seed, a rate or a split changes it."""
    key = job_identity(compose_settings(), tiny_dataset.digest)
    paths = ("data.cache_dir=elsewhere", "tracking.uri=sqlite:///x.db")
    for same in (*paths, "study=ladder", "about.question=why", "n_jobs=2"):
        assert job_identity(compose_settings(same), tiny_dataset.digest) == key
    for other in ("seed=1", "optimizer.lr=0.002", "split=random", "training.epochs=99", "protocol=deck"):
        assert job_identity(compose_settings(other), tiny_dataset.digest) != key


def test_a_teacher_that_teaches_nothing_leaves_the_identity(compose_settings, tiny_dataset):
    """So a sweep may name it for those of its jobs that are taught."""
    key = job_identity(compose_settings(), tiny_dataset.digest)
    named = ("training.teacher=abc", "training.taught=0.5")
    assert job_identity(compose_settings(named[0]), tiny_dataset.digest) == key
    taught = job_identity(compose_settings(*named), tiny_dataset.digest)
    by_another = job_identity(compose_settings("training.teacher=x", named[1]), tiny_dataset.digest)
    assert len({key, taught, by_another}) == 3


# Where a job runs and what it is called; a new setting joins the recipe unless it is added here.
CIRCUMSTANCES = {
    *("data.root", "data.cache_dir", "data.ferplus", "training.device", "protocol.seeds"),
    *("tracking.uri", "tracking.artifacts", "tracking.experiment", "tracking.log_model"),
    *(
        "sweep.parent",
        "sweep.factors",
        "study",
        "resume",
        "rerun",
        "on_failure",
        "detach",
        "dry_run",
        "n_jobs",
    ),
    *("about.question", "about.expected", "about.cost", "reference", "margin", "precision"),
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
