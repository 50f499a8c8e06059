"""The run that another goes on from, and its choices."""

import dataclasses

import pytest

from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.experiment import drivers, source_run
from fer_exp.experiment.job import Job

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.fixture
def tree(tiny):
    """What composes a config as train.py does, as plain dicts."""
    return lambda *overrides: dataclasses.asdict(tiny(*overrides))


@pytest.fixture
def half(tiny):
    """The id of a run by other choices than the usual ones: a group, a key, and an empty group."""
    own = ("optimizer=sgd", "optimizer.lr=0.02", "model/activation=leaky_relu", "study=main", "seed=3")
    return drivers.run(Job(tiny(*own), "half")).run_id


def test_its_choices_are_taken_from_it(tree, half, store):
    """All of them, so that only its id is to be typed; where it is kept and what it trains on is ours."""
    tracking = tree()["tracking"]
    for wanted in (half, half[:8], "half", "latest"):
        source = source_run.find(wanted, tracking)
        found = settings.parse(source_run.choices(source, tree(), tree(), ["resume"]))
        assert (found.resume, found.study, found.seed) == (half, "main", 3)
        assert (found.optimizer.name, found.optimizer.lr) == ("sgd", 0.02)
        assert found.model.activation.name == "leaky_relu"
        assert dataclasses.asdict(found.tracking) == tracking
    resumed = drivers.run(Job(found, "resumed"))
    assert store.record(resumed.run_id).identity == store.record(half).identity


def test_what_is_typed_beside_it_holds(tree, half):
    """A key even where it is the usual one; what may not change is refused when the run is restored."""
    source = source_run.find(half, tree()["tracking"])
    own = tree("training.epochs=9", "optimizer.lr=0.001")
    found = source_run.choices(source, own, tree(), ["training.epochs", "optimizer.lr"])
    assert found["training"]["epochs"] == 9
    assert found["optimizer"]["lr"] == 0.001
    assert found["optimizer"]["name"] == "sgd"
    adam = source_run.choices(source, tree(), tree(), ["optimizer"])
    assert adam["optimizer"]["name"] == "adam"
    with pytest.raises(UserError, match=r"it was trained with optimizer\.name=sgd \(here adam\)"):
        drivers.run(Job(settings.parse(adam), "x"))


def test_another_stopping_rule_takes_the_place_of_all_its_keys(tree, half):
    """Those of the run's own rule are no settings of the other."""
    source = source_run.find(half, tree()["tracking"])
    for rule, kept in (("none", {"name"}), ("deck", {"name", "count"}), ("patience", None)):
        found = source_run.choices(source, tree(f"stopping={rule}"), tree(), ["stopping"])
        assert settings.parse(found).stopping.name == rule
        assert kept is None or found["stopping"].keys() == kept


def test_a_run_that_was_killed_is_the_latest_to_go_on_from(tiny, tree):
    """It is what most go on from."""

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drivers.run(Job(tiny(), "killed", show=interrupt))
    assert source_run.find("latest", tree()["tracking"]).record.status == "KILLED"


def test_no_such_run_is_one_line_with_the_key(tree):
    """So that it is clear which word is wrong."""
    with pytest.raises(
        UserError, match=r"resume=latst: run latst: there is no such run .*did you mean latest"
    ):
        source_run.find("latst", tree()["tracking"])
