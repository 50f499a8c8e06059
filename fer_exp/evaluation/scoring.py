"""Evaluation: the one place where the test split is opened.

Answers are scored on each half of test, on their union, and on the union without copies of training
faces, exact or near; every score carries its n and a 95 % interval, and alarms say when a score cannot be
trusted (the deck's collapsed networks and broken test path, A9-A11).
"""

from dataclasses import dataclass

import numpy as np

from fer_exp import metrics, statistics, tracking
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import network
from fer_exp.tracking import artifacts, keys, registry

# A network that answers one class this often has collapsed; FER-2013's largest class is 25 % of it.
ONE_CLASS = 0.9
# Largest difference of mean test and train pixel, in units of 255, that halves of one set show; the
# real halves differ by .002, a wrong scale or a wrong picture mode by far more.
PIXEL_SHIFT = 0.05


@dataclass(frozen=True)
class Answers:
    """What a classifier says to the test faces, in their order.

    labels: int [N], the predicted ones. scores: logits or log-probabilities [N, 7], None if it has none.
    """

    labels: np.ndarray
    scores: np.ndarray | None

    def at(self, positions: np.ndarray) -> "Answers":
        """The answers to some of the faces."""
        return Answers(self.labels[positions], None if self.scores is None else self.scores[positions])


@dataclass(frozen=True)
class Part:
    """Scores on a part of test: `counts` is the confusion matrix, `low` and `high` bound the accuracy.

    loss, calibration_error: None where the classifier gives no probabilities, or gives the truth none.
    """

    name: str
    counts: np.ndarray
    loss: float | None
    calibration_error: float | None
    low: float
    high: float

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def class_shares(self) -> np.ndarray:
        """The share of each class, float64 [7]."""
        shares: np.ndarray = self.counts.sum(axis=1) / self.n
        return shares

    @property
    def majority(self) -> float:
        """The share of the largest class, which is what always answering it reaches."""
        return float(self.class_shares.max())

    def accuracy_at(self, shares: np.ndarray) -> float | None:
        """Accuracy if the classes had these shares, [7]; None where one that has a share has no face here.

        Of a part without copies the largest class is a larger share, and it is the one found most.
        """
        _, recall, _ = metrics.precision_recall_f1(self.counts)
        return float(recall @ shares) if self.class_shares[shares > 0].all() else None

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
            "n": float(self.n),
        }
        of_probabilities = {"log_loss": self.loss, "calibration_error": self.calibration_error}
        found |= {key: value for key, value in of_probabilities.items() if value is not None}
        for label, emotion in enumerate(EMOTIONS):
            each = {"precision": precision, "recall": recall, "f1": f1}
            found |= {f"{metric}_{emotion}": float(values[label]) for metric, values in each.items()}
        named = {keys.test(self.name, metric): value for metric, value in found.items()}
        return named | {keys.majority(self.name): self.majority}


def evaluate(
    record: tracking.Record, store: tracking.Store, dataset: Dataset, gallery: bool, device: str = "cpu"
) -> list[Part]:
    """Score a finished run on test and log the scores into it; raises UserError if it cannot be.

    device: where its network answers.
    """
    classifier = registry.load_classifier(record, store, device)
    if record.tags.get(keys.Tag.FACES) != dataset.fingerprint.content:
        raise UserError(
            f"run {record.run_id} was trained on other faces than these ({dataset.name}): name the same with "
            f"data={record.params.get(keys.Param.DATA_NAME)} and data.root=..."
        )
    logits = network.logits(classifier.network, dataset.test().pixels)
    with store.added_to(record) as run:
        return conclude(run, dataset, Answers(logits.argmax(axis=1), logits), gallery)


def is_scored(record: tracking.Record) -> bool:
    """Whether test was opened for a run, and its scores are in it."""
    return keys.TEST_ACCURACY in record.metrics


def complete(record: tracking.Record, store: tracking.Store, dataset: Dataset) -> tracking.Record:
    """A scored run with the scores that it lacks, as it was evaluated before they were known.

    They come from its kept answers, so those that need probabilities stay out. A run without answers stays
    as it is.
    """
    lacking = [
        (name, positions)
        for name, positions in dataset.test_parts()
        if len(positions) and keys.majority(name) not in record.metrics
    ]
    if not lacking or not is_scored(record):
        return record
    with store.added_to(record) as run:
        kept = artifacts.find_answers(run, artifacts.TEST_ANSWERS)
        if kept is None:
            return record
        answers = Answers(kept["predicted"], None)
        labels = dataset.test().labels
        parts = [_score(name, answers.at(positions), labels[positions]) for name, positions in lacking]
        found = {key: value for part in parts for key, value in part.flat().items()}
        run.log({key: value for key, value in found.items() if key not in record.metrics})
    return store.record(record.run_id)


def conclude(run: tracking.Run, dataset: Dataset, answers: Answers, gallery: bool) -> list[Part]:
    """Score the answers on every part of test, and put scores, alarms, answers and figures into the run."""
    train, test = dataset.train(), dataset.test()
    parts = [
        _score(name, answers.at(positions), test.labels[positions])
        for name, positions in dataset.test_parts()
        if len(positions)
    ]
    union = next(part for part in parts if part.name == "union")
    # by exact copies: near-copies take a search that a large set has not had
    artifacts.write_answers(
        run, artifacts.TEST_ANSWERS, np.arange(len(test)), test.group, test.labels, answers.labels
    )
    _draw(run, test, answers, union, gallery)
    run.log({key: value for part in parts for key, value in part.flat().items()})
    run.tag(alarms="; ".join(alarms(union, train.pixels, test.pixels)), test_opened="yes")
    return parts


def _draw(run: tracking.Run, test: Faces, answers: Answers, union: Part, gallery: bool) -> None:
    # here, since matplotlib takes half a second to import and training has no use for it
    from fer_exp.plots import diagnostics

    of = f"test, n = {union.n:,}"
    drawn = {artifacts.CONFUSION_FIGURE: diagnostics.confusion(union.counts, of)}
    if answers.scores is not None:
        drawn[artifacts.RELIABILITY_FIGURE] = diagnostics.reliability(answers.scores, test.labels, of)
    if gallery:
        title = f"{of}: faces predicted correctly and incorrectly, drawn at random"
        drawn[artifacts.GALLERY_FIGURE] = diagnostics.gallery(test.pixels, test.labels, answers.labels, title)
    for name, figure in drawn.items():
        run.figure(name, figure)


def _score(name: str, answers: Answers, labels: np.ndarray) -> Part:
    interval = statistics.share_interval(int((answers.labels == labels).sum()), len(labels))
    counts = metrics.confusion(labels, answers.labels, len(EMOTIONS))
    loss = error = None
    if answers.scores is not None:
        losses = metrics.sample_losses(answers.scores, labels)
        loss = float(losses.mean()) if np.isfinite(losses).all() else None
        error = metrics.calibration_error(answers.scores, labels)
    return Part(name, counts, loss, error, interval.low, interval.high)


def alarms(union: Part, train_pixels: np.ndarray, test_pixels: np.ndarray) -> list[str]:
    """What makes a score untrustworthy, in words; empty if nothing does."""
    found = []
    share = union.counts.sum(axis=0).max() / union.n
    if share > ONE_CLASS:
        emotion = EMOTIONS[int(union.counts.sum(axis=0).argmax())]
        found.append(f"{share:.0%} of the predictions are {emotion}: the network has collapsed")
    if metrics.accuracy(union.counts) <= union.majority:
        found.append(f"accuracy is not above always answering the largest class ({union.majority:.1%})")
    shift = abs(float(train_pixels.mean()) - float(test_pixels.mean())) / 255
    if shift > PIXEL_SHIFT:
        found.append(
            f"mean pixel of test and train differ by {100 * shift:.1f} % of 255: are they scaled alike?"
        )
    return found
