"""Evaluation: the one place where the test split is opened.

A run's selected weights are scored on each half of test, on their union, and on the union without
copies of training faces; every score carries its n and a 95 % interval, and alarms say when a score
cannot be trusted (the deck's collapsed networks and broken test path, A9-A11).
"""

from dataclasses import dataclass

import numpy as np

from fer_exp import experiment, metrics, mlp, statistics, tracking
from fer_exp.datasets import Dataset
from fer_exp.errors import UserError
from fer_exp.faces import EMOTIONS

# A network that answers one class this often has collapsed; FER-2013's largest class is 25 % of it.
ONE_CLASS = 0.9
# Largest difference of mean test and train pixel, in units of 255, that halves of one set show; the
# real halves differ by .002, a wrong scale or a wrong picture mode by far more.
PIXEL_SHIFT = 0.05


@dataclass(frozen=True)
class Part:
    """Scores on a part of test: `counts` is the confusion matrix, `low` and `high` bound the accuracy."""

    name: str
    counts: np.ndarray
    loss: float
    calibration_error: float
    low: float
    high: float

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    def flat(self) -> dict[str, float]:
        """The scores as metrics named `test/<part>/<metric>`."""
        precision, recall, f1 = metrics.precision_recall_f1(self.counts)
        present = self.counts.sum(axis=1) > 0
        found = {
            "accuracy": metrics.accuracy(self.counts),
            "accuracy_low": self.low,
            "accuracy_high": self.high,
            "macro_f1": metrics.macro_f1(self.counts),
            "balanced_accuracy": float(recall[present].mean()),
            "log_loss": self.loss,
            "calibration_error": self.calibration_error,
            "n": float(self.n),
        }
        for label, emotion in enumerate(EMOTIONS):
            each = {"precision": precision, "recall": recall, "f1": f1}
            found |= {f"{metric}_{emotion}": float(values[label]) for metric, values in each.items()}
        return {f"test/{self.name}/{metric}": value for metric, value in found.items()}


def evaluate(record: tracking.Record, store: tracking.Store, dataset: Dataset) -> list[Part]:
    """Score a finished run on test and log the scores into it; raises UserError if it cannot be."""
    classifier = experiment.classifier(record, store)
    if record.tags.get("faces") != dataset.fingerprint.content:
        raise UserError(
            f"run {record.run_id} was trained on other faces than these ({dataset.name}): name the same with "
            f"data={record.params.get('data.name')} and data.root=..."
        )
    run = store.run(record.run_id)
    train, test = dataset.train(), dataset.test()
    logits = mlp.logits(classifier.network, test.pixels)
    parts = [
        _score(name, logits[positions], test.labels[positions])
        for name, positions in test.parts(train.group)
        if len(positions)
    ]
    found = {key: value for part in parts for key, value in part.flat().items()}
    run.log(found)
    union = next(part for part in parts if part.name == "union")
    said = alarms(union, train.pixels, test.pixels)
    run.tag(alarms="; ".join(said), test_opened="yes")
    return parts


def _score(name: str, logits: np.ndarray, labels: np.ndarray) -> Part:
    predicted = logits.argmax(axis=1)
    # the interval is over faces; a fixed seed, so that a run evaluated twice says the same
    interval = statistics.bootstrap_interval(predicted == labels, seed=0)
    return Part(
        name,
        metrics.confusion(labels, predicted, len(EMOTIONS)),
        float(metrics.sample_losses(logits, labels).mean()),
        metrics.calibration_error(logits, labels),
        interval.low,
        interval.high,
    )


def alarms(union: Part, train_pixels: np.ndarray, test_pixels: np.ndarray) -> list[str]:
    """What makes a score untrustworthy, in words; empty if nothing does."""
    said = []
    share = union.counts.sum(axis=0).max() / union.n
    if share > ONE_CLASS:
        emotion = EMOTIONS[int(union.counts.sum(axis=0).argmax())]
        said.append(f"{share:.0%} of the predictions are {emotion}: the network has collapsed")
    majority = union.counts.sum(axis=1).max() / union.n
    if metrics.accuracy(union.counts) <= majority:
        said.append(f"accuracy is not above always answering the largest class ({majority:.1%})")
    shift = abs(float(train_pixels.mean()) - float(test_pixels.mean())) / 255
    if shift > PIXEL_SHIFT:
        said.append(f"mean pixel of test and train differ by {shift:.3f} of 255: are they scaled alike?")
    return said
