"""Test is opened once, scored on its parts, and mistrusted where it should be."""

import dataclasses

import numpy as np
import pytest

from fer_exp import evaluation, experiment
from fer_exp.errors import UserError


@pytest.fixture
def trained(monkeypatch, tiny_dataset, tracking_overrides, compose_settings, store):
    """A finished run on the tiny faces."""
    monkeypatch.setattr(experiment, "load_faces", lambda _: tiny_dataset)
    chosen = compose_settings("layers=64-32-16", "training.epochs=2", *tracking_overrides)
    outcome = experiment.run(chosen, "main", {}, lambda _: None)
    return store.record(outcome.run_id)


def test_scores_of_every_part_go_into_the_run(trained, store, tiny_dataset):
    """Each part with its n and interval, and the same when evaluated again."""
    parts = evaluation.evaluate(trained, store, tiny_dataset)
    assert {part.name: part.n for part in parts} == {
        "public": 14,
        "private": 14,
        "union": 28,
        "union_no_copies": 28,
    }
    found = store.record(trained.run_id)
    assert found.metrics["test/union/n"] == 28
    low, accuracy, high = (found.metrics[f"test/union/accuracy{end}"] for end in ("_low", "", "_high"))
    assert low <= accuracy <= high
    assert 0 <= found.metrics["test/private/recall_happy"] <= 1
    assert found.status == "FINISHED"
    again = evaluation.evaluate(trained, store, tiny_dataset)
    assert [part.flat() for part in again] == [part.flat() for part in parts]


def test_other_faces_are_refused(trained, store, tiny_dataset):
    """A score on another copy of the data would be a score of something else."""
    other = dataclasses.replace(
        tiny_dataset, fingerprint=dataclasses.replace(tiny_dataset.fingerprint, content="x")
    )
    with pytest.raises(UserError, match="was trained on other faces"):
        evaluation.evaluate(trained, store, other)


def test_only_a_finished_run_is_evaluated(trained, store, tiny_dataset):
    """A failed run has no figures to add to."""
    store.client.set_terminated(trained.run_id, "FAILED")
    with pytest.raises(UserError, match="is FAILED"):
        evaluation.evaluate(store.record(trained.run_id), store, tiny_dataset)


def part(counts) -> evaluation.Part:
    """A part with this confusion matrix."""
    return evaluation.Part("union", np.array(counts), 1.0, 0.0, 0.0, 1.0)


GREY = np.full((2, 48, 48), 128, np.uint8)


def test_a_collapsed_network_raises_an_alarm():
    """`Happy` for all, as three of the deck's optimizers said 1,774 times (A9)."""
    counts = np.zeros((7, 7), int)
    counts[:, 3] = [958, 111, 1024, 1774, 1247, 831, 1233]
    said = evaluation.alarms(part(counts), GREY, GREY)
    assert said[0] == "100% of the predictions are happy: the network has collapsed"
    assert "not above always answering the largest class (24.7%)" in said[1]


def test_test_faces_on_another_scale_raise_an_alarm():
    """As when a test set is divided by 255 twice (A10)."""
    said = evaluation.alarms(part(np.eye(7, dtype=int)), GREY, GREY // 8)
    assert len(said) == 1
    assert "differ by 0.4" in said[0]


def test_a_sound_score_raises_none():
    """Seven classes, all right, on like faces."""
    assert evaluation.alarms(part(np.eye(7, dtype=int)), GREY, GREY) == []
