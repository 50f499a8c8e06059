"""The registered model's alias names the best run on a set of faces."""

import logging

import pytest
from mlflow.exceptions import MlflowException

from fer_exp.config.faces import Fer2013Data, SyntheticData
from fer_exp.tracking import keys, registry

DRAWN = SyntheticData("synthetic", 70, 14, 0, ".cache")
VOTED = Fer2013Data("fer2013", "faces", "fail", ".cache", "ferplus", "votes.csv")


@pytest.fixture
def finished(store):
    """What makes a finished run of this validation loss, with or without a model."""

    def make(loss: float, faces: str = "a", model: bool = True) -> str:
        run = store.create("main", {}, {"kind": "job", "faces": faces})
        with run.recording():
            run.log({keys.SELECTED_VAL_LOSS: loss})
            if model:
                named = store.client.create_logged_model(store.experiment_id, "main", run.id)
                store.client.finalize_logged_model(named.model_id, "READY")
        return run.id

    return make


def run_of(store, alias):
    """The run that an alias of the registered model names."""
    return store.client.get_model_version_by_alias(registry.REGISTERED, alias).run_id


def test_the_alias_follows_the_lowest_loss_on_the_same_faces(store, finished):
    """A version a run; other faces and a run without a model leave it, other labels have their own."""
    first, best = finished(1.5), finished(1.2)
    registry.name_best(store, "a", DRAWN)
    assert run_of(store, "best-synthetic") == best
    finished(1.1, faces="b")
    finished(1.6)
    registry.name_best(store, "a", DRAWN)
    assert run_of(store, "best-synthetic") == best
    registry.name_best(store, "b", VOTED)
    assert run_of(store, "best-ferplus") not in (first, best)
    finished(1.0, model=False)
    registry.name_best(store, "a", DRAWN)
    assert run_of(store, "best-synthetic") == best
    assert len(store.client.search_model_versions(f"name = '{registry.REGISTERED}'")) == 2


def test_a_better_run_that_ends_meanwhile_is_seen(store, finished, monkeypatch):
    """Whoever names one looks again, so that the slower of two processes does not undo the other's."""
    finished(1.5)
    point, better = registry._point, []

    def pointed(store, alias, run_id):
        if not better:
            better.append(finished(1.2))
        point(store, alias, run_id)

    monkeypatch.setattr(registry, "_point", pointed)
    registry.name_best(store, "a", DRAWN)
    assert run_of(store, "best-synthetic") == better[0]


def test_a_registry_that_refuses_ends_no_training(store, finished, monkeypatch, caplog):
    """The runs are kept without it."""
    finished(1.5)

    def refuse(*_, **__):
        raise MlflowException("not allowed")

    monkeypatch.setattr(store.client, "set_registered_model_alias", refuse)
    with caplog.at_level(logging.WARNING):
        registry.name_best(store, "a", DRAWN)
    assert "keeps its alias best-synthetic: not allowed" in caplog.text
