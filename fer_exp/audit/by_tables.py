"""The slips in the deck's tables: labels, splits and pairs that do not belong together."""

import math

import numpy as np

from fer_exp.analysis import published
from fer_exp.analysis.published import Line
from fer_exp.audit.finding import EXPLAINED, IN_PART, TEST, TRAIN, UNEXPLAINED, Finding, lines
from fer_exp.fer2013 import CANONICAL_TEST, CANONICAL_TRAIN, EMOTIONS

# The parts of the data, and what `published.csv` calls them.
_SPLITS = {"train": "train", "validation": "val", "test": "test"}

# A mean training loss comes this near to the entropy of the classes if nothing but they was learnt.
_NEAR = 0.005

# Standard deviations of the others from their line beyond which a point is off it.
_OFF_LINE = 3


def label_swap() -> Finding:
    """Accuracy and loss have changed places in the optimizer tables."""
    accuracies = lines("optimizer", "train_accuracy", "val_accuracy")
    losses = lines("optimizer", "train_loss", "val_loss")
    above = [line for line in accuracies if float(line.value) > 1]
    below = [line for line in losses if float(line.value) <= 1]
    explained = above == accuracies and below == losses
    low, high = min(float(line.value) for line in accuracies), max(float(line.value) for line in accuracies)
    return Finding(
        "label_swap",
        "A8",
        f"accuracies of {low:.4f} to {high:.4f} in the optimizer tables",
        f"{len(above)} of {len(accuracies)} values called accuracy exceed 1; {len(below)} of {len(losses)} "
        "called loss do not",
        EXPLAINED if explained else UNEXPLAINED,
        "An accuracy is a share and never above 1. In the optimizer tables all that is called accuracy is, "
        "and all that is called loss is not: the two labels changed places.",
    )


def majority() -> Finding:
    """The optimizers that answered with the largest class for every face."""
    largest = max(CANONICAL_TEST)
    name = EMOTIONS[CANONICAL_TEST.index(largest)]
    right = {line.setting: int(line.value) for line in lines("optimizer", "test_correct")}
    constant = [optimizer for optimizer, number in right.items() if number == largest]
    shares = np.array(CANONICAL_TRAIN) / TRAIN
    entropy = float(-(shares * np.log(shares)).sum())
    losses = [published.figures()["optimizer", arm, "train_loss"].value for arm in constant]
    distance = max((abs(loss - entropy) for loss in losses), default=math.inf)
    return Finding(
        "majority",
        "A9",
        f"{largest:,} of {TEST:,} right for {', '.join(constant)}",
        f"test has {largest:,} {name} faces, {largest / TEST:.4f} of all; their "
        f"train losses are within {distance:.4f} of {entropy:.4f}, the entropy of the classes",
        EXPLAINED if distance < _NEAR else UNEXPLAINED,
        f"Whoever answers {name} for all {TEST:,} test faces is right {largest:,} times, and whoever only "
        f"knows how common each class is has a loss of {entropy:.2f}. These optimizers show both figures: "
        "their networks learnt nothing about faces. Why they did not, no sum can tell.",
    )


def below_majority() -> Finding:
    """The layer models that test no better than the largest class; the cause is not in the figures."""
    line = max(CANONICAL_TEST) / TEST
    tested, trained = (list(_of_study("layers", f"{part}_accuracy").values()) for part in ("test", "train"))
    below = [value for value in tested if value <= line]
    return Finding(
        "below_majority",
        "A11",
        f"test accuracies of {min(tested):.4f} to {max(tested):.4f} in the layer section",
        f"{len(below)} of {len(tested)} lie at or below {line:.4f}, the share of the largest class; their "
        f"train accuracies are {min(trained):.4f} to {max(trained):.4f}",
        UNEXPLAINED,
        f"Answering with the largest class for every face gives {100 * line:.1f} % on test. {len(below)} of "
        f"{len(tested)} layer models do no better, though they are right on nearly half of train. That makes "
        "a fault in the test likely, but neither it nor over-fitting can be proved from the figures.",
    )


def _of_study(study: str, metric: str) -> dict[str, float]:
    """A metric of all settings of a study, from the deck's tables."""
    return {
        setting: figure.value
        for (of, setting, name), figure in published.figures().items()
        if (of, name) == (study, metric)
    }


def mixed_table() -> Finding:
    """Which split each cell of the closing table was measured on, by looking it up in its own section."""
    tested, trained = (
        {line.setting: _split_of(line) for line in lines("closing", metric)}
        for metric in ("test_accuracy", "train_accuracy")
    )
    where = {split: [place for place, home in tested.items() if home == split] for split in _SPLITS}
    found = "; ".join(f"{split}: {', '.join(places) or '-'}" for split, places in where.items())
    lost = [place for place, split in tested.items() if split is None]
    without = [place for place, split in trained.items() if split is None]
    return Finding(
        "mixed_table",
        "A13",
        "TEST ACC " + ", ".join(line.value for line in lines("closing", "test_accuracy")),
        f"{found}; in neither: {', '.join(lost) or '-'}; train cell not in its section: "
        f"{', '.join(without) or '-'}. {_choices()}",
        IN_PART if lost or without else EXPLAINED,
        f"In one row called TEST ACC {len(where['validation'])} of {len(tested)} cells are validation "
        f"accuracies of their sections and {len(where['test'])} are test accuracies, so the columns cannot "
        f"be compared. {len(lost)} are in no figure of their sections, and where they come from is unknown.",
    )


def _choices() -> str:
    """What the closing table chose of batches and of layers, and how it ranked."""
    batches = _of_study("batch_size", "val_accuracy")
    train, test = (_of_study("layers", f"{part}_accuracy") for part in ("train", "test"))
    config = dict(line.setting.split("/") for line in lines("closing", "test_accuracy"))
    said = [
        f"{name} {config[name]} ranks {1 + sum(other > scores[config[name]] for other in scores.values())} "
        f"of {len(scores)} {on}"
        for name, scores, on in (
            ("batch_size", batches, "in its section"),
            ("layers", train, "on train"),
            ("layers", test, "on test"),
        )
    ]
    return ", ".join(said)


def _split_of(cell: Line) -> str | None:
    """The split whose accuracy in the cell's section prints as the cell, rounded or cut off."""
    for split, short in _SPLITS.items():
        figure = published.figures().get((*cell.setting.split("/"), f"{short}_accuracy"))
        if figure and cell.value in (f"{figure.value:.4f}", f"{math.floor(1e4 * figure.value) / 1e4:.4f}"):
            return split
    return None


def loss_pairing() -> Finding:
    """Layer models whose train loss does not go with their train accuracy as everywhere else."""
    pairs = {
        (study, setting): (figure.value, published.figures()[study, setting, "train_loss"].value)
        for (study, setting, metric), figure in published.figures().items()
        if metric == "train_accuracy" and (study, setting, "train_loss") in published.figures()
    }
    others = np.array([pair for (study, _), pair in pairs.items() if study != "layers"])
    line = np.polyfit(*others.T, 1)
    spread = np.std(others[:, 1] - np.polyval(line, others[:, 0]), ddof=2)
    layers = {setting: pair for (study, setting), pair in pairs.items() if study == "layers"}
    off = {name: (loss - np.polyval(line, accuracy)) / spread for name, (accuracy, loss) in layers.items()}
    far = [name for name, distance in off.items() if abs(distance) > _OFF_LINE]
    near = max(abs(distance) for name, distance in off.items() if name not in far)
    said = [f"{name} lies {off[name]:+.1f} standard deviations off it" for name in far]
    return Finding(
        "loss_pairing",
        "A16",
        "; ".join(f"train accuracy {a:.4f} with train loss {b:.4f}" for a, b in map(layers.get, far)),
        f"line of loss on accuracy through the {len(others)} other pairs of the deck: {'; '.join(said)}; the "
        f"other layer models within {near:.1f}",
        UNEXPLAINED,
        f"Everywhere else in the deck loss falls with accuracy along one line; {len(far)} layer models lie "
        "far above it. Such a pair is possible, as a few confident mistakes cost any loss: a hint that "
        "accuracy and loss are of different splits or moments, and no proof.",
    )
