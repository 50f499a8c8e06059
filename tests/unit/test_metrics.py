"""Scores against numbers checked by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support

from fer_exp import metrics
from fer_exp.fer2013 import CANONICAL_TRAIN


def test_confusion_has_true_rows_and_predicted_columns():
    """Two zeros, one of them called 1."""
    found = metrics.confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    np.testing.assert_array_equal(found, [[1, 1], [0, 1]])
    assert metrics.accuracy(found) == pytest.approx(2 / 3)
    precision, recall, f1 = metrics.precision_recall_f1(found)
    np.testing.assert_allclose(precision, [1, 1 / 2])
    np.testing.assert_allclose(recall, [1 / 2, 1])
    np.testing.assert_allclose(f1, [2 / 3, 2 / 3])
    assert metrics.macro_f1(found) == pytest.approx(2 / 3)


def test_a_class_that_never_occurs_does_not_count():
    """Seven emotions, two of which occur: the mean F1 is over those two."""
    labels = np.array([0, 0, 1])
    assert metrics.macro_f1(metrics.confusion(labels, labels, 7)) == 1.0


labels_and_predictions = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int64, n, elements=st.integers(0, 6)),
        hnp.arrays(np.int64, n, elements=st.integers(0, 6)),
    )
)


@given(labels_and_predictions)
def test_f1_is_scikit_learns(pair):
    """Macro-F1, precision and recall as scikit-learn with zero_division=0."""
    labels, predicted = pair
    counts = metrics.confusion(labels, predicted, 7)
    assert metrics.macro_f1(counts) == pytest.approx(
        f1_score(labels, predicted, average="macro", zero_division=0)
    )
    theirs = precision_recall_fscore_support(labels, predicted, labels=range(7), zero_division=0)
    for ours, reference in zip(metrics.precision_recall_f1(counts), theirs, strict=False):
        np.testing.assert_allclose(ours, reference)


@given(
    # beyond 36 nats scikit-learn clips
    hnp.arrays(np.float32, (9, 7), elements=st.floats(-16, 16, width=32)),
    hnp.arrays(np.int64, 9, elements=st.integers(0, 6)),
)
def test_loss_is_scikit_learns_log_loss(logits, labels):
    """Mean cross-entropy in nats."""
    shifted = np.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    expected = log_loss(labels, probabilities, labels=range(7))
    assert metrics.scores(logits, labels).loss == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_loss_may_be_huge_and_is_not_cut():
    """Sure of the wrong class by a thousand: a thousand nats, neither infinite nor clipped."""
    logits = np.array([[1000, 0, 0, 0, 0, 0, 0]], dtype=np.float32)
    np.testing.assert_allclose(metrics.sample_losses(logits, np.array([1])), [1000])
    np.testing.assert_allclose(metrics.sample_losses(logits, np.array([0])), [0])


@given(st.integers(1, 8), hnp.arrays(np.float32, (9, 7), elements=st.floats(-9, 9, width=32)))
def test_batches_weighted_by_their_size_score_as_one(cut, logits):
    """A ragged last batch counts by its faces, so the scores of two parts join to those of all."""
    labels = np.arange(9) % 7
    parts = [metrics.scores(logits[own], labels[own]) for own in (slice(0, cut), slice(cut, 9))]
    whole = metrics.scores(logits, labels)
    assert sum(part.n for part in parts) == whole.n == 9
    assert whole.accuracy == pytest.approx(sum(part.accuracy * part.n for part in parts) / 9)
    assert whole.loss == pytest.approx(sum(part.loss * part.n for part in parts) / 9)


def test_every_face_weighs_the_same():
    """Three right of four is 75 %, although a mean over batches of three and one says 67 or 83 (A3)."""
    logits = np.eye(7, dtype=np.float32)[[0, 0, 1, 1]]
    assert metrics.scores(logits, np.array([0, 0, 1, 0])).accuracy == 0.75


def test_prior_entropy_of_fer2013_is_the_decks_collapsed_loss():
    """1.8096 nats: what RMSProp, AdaDelta and Adam of the deck were stuck at (A9)."""
    labels = np.repeat(np.arange(7), CANONICAL_TRAIN)
    assert round(metrics.prior_entropy(labels), 4) == 1.8096
    assert metrics.majority_accuracy(labels) == 7215 / 28709


def test_calibration_error_of_a_sure_and_half_right_network():
    """Certain of every answer and right half of the time: an error of one half."""
    logits = np.zeros((4, 7), dtype=np.float32)
    logits[:, 0] = 1000
    assert metrics.calibration_error(logits, np.array([0, 0, 1, 2])) == pytest.approx(0.5)
    assert metrics.calibration_error(logits, np.zeros(4, dtype=int)) == pytest.approx(0)
