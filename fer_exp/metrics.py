"""Scores of predictions, as pure functions on arrays; every mean is over samples.

Averaging per-batch accuracies instead, as the deck did (A3), counts a short last batch whole.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scores:
    """Mean cross-entropy in nats, accuracy and macro-F1 in 0..1, over n faces."""

    loss: float
    accuracy: float
    macro_f1: float
    n: int

    def by_name(self) -> dict[str, float]:
        """The three figures of the faces."""
        return {"loss": self.loss, "accuracy": self.accuracy, "macro_f1": self.macro_f1}


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 [classes, classes]: row the true class, column the predicted one."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def accuracy(counts: np.ndarray) -> float:
    """Share of faces on the diagonal of a confusion matrix."""
    return float(np.trace(counts) / counts.sum())


def precision_recall_f1(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and F1 of each class, float64 [classes]; 0 where undefined, as scikit-learn."""
    hits = np.diag(counts).astype(float)
    predicted, true = counts.sum(axis=0), counts.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, true, out=np.zeros_like(hits), where=true > 0)
    both = predicted + true
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    return precision, recall, f1


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 over the classes that occur among the labels or the predictions."""
    occurs = counts.sum(axis=0) + counts.sum(axis=1) > 0
    return float(precision_recall_f1(counts)[2][occurs].mean())


def sample_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy of each face in nats, float64 [N], from logits [N, classes]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def scores(logits: np.ndarray, labels: np.ndarray) -> Scores:
    """Scores of logits float [N, classes] against labels int [N]."""
    counts = confusion(labels, logits.argmax(axis=1), logits.shape[1])
    loss = float(sample_losses(logits, labels).mean())
    return Scores(loss, accuracy(counts), macro_f1(counts), len(labels))


def prior_entropy(labels: np.ndarray) -> float:
    """Loss in nats of the best constant prediction: the entropy of the class shares (1.8096 on FER-2013)."""
    share = np.bincount(labels) / len(labels)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def majority_accuracy(labels: np.ndarray) -> float:
    """Accuracy of always answering the most frequent class."""
    return float(np.bincount(labels).max() / len(labels))


def reliability(
    scores: np.ndarray, labels: np.ndarray, bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces, mean confidence and share right in bins of equal width of confidence, float64 [bins] each.

    scores: logits or log-probabilities [N, classes]. A bin without faces has 0 of each.
    """
    predicted = scores.argmax(axis=1)
    confidence = np.exp(-sample_losses(scores, predicted))
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins).astype(float)
    sums = (np.bincount(place, weights, minlength=bins) for weights in (confidence, predicted == labels))
    sure, right = (np.divide(each, count, out=np.zeros(bins), where=count > 0) for each in sums)
    return count, sure, right


def calibration_error(scores: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error in 0..1: |confidence - accuracy|, weighted over equal-width bins.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, with their 15 bins.
    """
    count, confidence, right = reliability(scores, labels, bins)
    return float((count * np.abs(confidence - right)).sum() / len(labels))
