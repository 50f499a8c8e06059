"""Networks that answer together, scored once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fer_exp.data import datasets
from fer_exp.evaluation import ensembles
from fer_exp.experiment import drivers
from fer_exp.experiment.job import Job
from fer_exp.models import network
from fer_exp.tracking import artifacts, registry, studies


@given(
    st.integers(1, 4).flatmap(
        lambda n: arrays.arrays(np.float32, (n, 5, 7), elements=st.floats(-30, 30, width=32))
    )
)
def test_together_is_the_mean_of_probabilities(logits):
    """Not of logits, by which one sure network would outvote all others."""
    apart = np.exp(logits.astype(float))
    expected = (apart / apart.sum(axis=2, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(
        np.exp(ensembles.mean_log_probabilities(list(logits))), expected, rtol=1e-9, atol=1e-15
    )


@pytest.fixture
def arm(monkeypatch, tiny_dataset, tracking_overrides, compose_settings, store):
    """An arm of two trained seeds."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    runs = {}
    for seed in ("0", "1"):
        config = compose_settings("layers=64-32-16", "training.epochs=1", f"seed={seed}", *tracking_overrides)
        runs[seed] = store.record(drivers.run(Job(config, "main")).run_id)
    return studies.Arm("main", "main", runs)


@pytest.mark.usefixtures("plain_figures")
def test_an_ensemble_is_scored_once_and_found_again(arm, store, tiny_dataset):
    """A run of its own: its members, their hours, every part of test; another member makes it another."""
    study = studies.Study(
        "main", "honest", "synthetic", tiny_dataset.fingerprint.content, "lowest validation loss", [arm]
    )
    assert studies.read_ensembles(store, study) == {}
    found = ensembles.ensure(study, arm, store, tiny_dataset)
    assert ensembles.ensure(study, arm, store, tiny_dataset).run_id == found.run_id
    assert {name: run.run_id for name, run in studies.read_ensembles(store, study).items()} == {
        "main": found.run_id
    }
    assert (found.status, found.name) == ("FINISHED", "main · mean of 2 seeds")
    assert found.params["ensemble.members"] == ", ".join(run.run_id for run in arm.runs.values())
    seconds = sum(run.metrics["selected/train_seconds"] for run in arm.runs.values())
    assert found.metrics["selected/train_seconds"] == pytest.approx(seconds)
    test = tiny_dataset.test()
    apart = [
        network.logits(registry.load_classifier(run, store).network, test.pixels) for run in arm.runs.values()
    ]
    said = ensembles.mean_log_probabilities(apart).argmax(axis=1)
    assert (
        artifacts.read_answers(store.run(found.run_id), artifacts.TEST_ANSWERS)["predicted"].tolist()
        == said.tolist()
    )
    assert found.metrics["test/union/accuracy"] == pytest.approx((said == test.labels).mean())
    arm.runs.pop("1")
    assert studies.read_ensembles(store, study) == {}
