"""The errors in the deck's tables: labels, splits and pairs that do not belong together."""

import math

import numpy as np

from fer_exp.analysis import published
from fer_exp.analysis.published import Line
from fer_exp.audit.finding import EXPLAINED, IN_PART, LIKELY, OPEN, TEST, TRAIN, UNEXPLAINED, Finding, lines
from fer_exp.fer2013 import CANONICAL_TEST, CANONICAL_TRAIN, EMOTIONS
from fer_exp.formatting import Message, message

# The parts of the data, and what `deck_figures.csv` calls them.
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
    values = {
        **{"low": low, "high": high, "accuracies": len(accuracies), "losses": len(losses)},
        **{"above": len(above), "below": len(below)},
    }
    return Finding("label_swap", EXPLAINED if explained else UNEXPLAINED, values)


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
    values = {
        **{"largest": largest, "test": TEST, "constant": constant, "name": name, "share": largest / TEST},
        **{"distance": distance, "entropy": entropy},
    }
    return Finding("majority", EXPLAINED if distance < _NEAR else UNEXPLAINED, values)


def below_majority() -> Finding:
    """The layer models that test no better than the largest class; the cause is not in the figures."""
    line = max(CANONICAL_TEST) / TEST
    tested, trained = (list(_of_study("layers", f"{part}_accuracy").values()) for part in ("test", "train"))
    below = [value for value in tested if value <= line]
    values = {
        **{"low": min(tested), "high": max(tested), "below": len(below), "models": len(tested)},
        **{"share": line, "train_low": min(trained), "train_high": max(trained)},
    }
    # that test is at fault is likely; nothing in the figures shows it
    return Finding("below_majority", LIKELY, values)


def test_above_validation() -> Finding:
    """The sections in which test lies above validation, which nothing here explains."""
    pairs = {
        f"{study} {setting}": (figure.value, published.figures()[study, setting, "test_accuracy"].value)
        for (study, setting, metric), figure in published.figures().items()
        if (study, metric) in (("main", "val_accuracy"), ("activation", "val_accuracy"))
    }
    above = [test - validation for validation, test in pairs.values()]
    values = {"models": len(pairs), "least": min(above), "most": max(above)}
    return Finding("test_above_validation", OPEN, values)


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
    lost = [place for place, split in tested.items() if split is None]
    without = [place for place, split in trained.items() if split is None]
    values = {
        "cells": [line.value for line in lines("closing", "test_accuracy")],
        "homes": [
            message("mixed_table.home", split=split, places=places or None) for split, places in where.items()
        ],
        **{"lost": lost or None, "without": without or None, "ranks": _ranks()},
        **{"n": len(tested), "n_validation": len(where["validation"]), "n_test": len(where["test"])},
        "n_lost": len(lost),
    }
    return Finding("mixed_table", IN_PART if lost or without else EXPLAINED, values)


def _ranks() -> list[Message]:
    """How what the closing table chose of batches and of layers ranked."""
    batches = _of_study("batch_size", "val_accuracy")
    train, test = (_of_study("layers", f"{part}_accuracy") for part in ("train", "test"))
    chosen = dict(line.setting.split("/") for line in lines("closing", "test_accuracy"))
    return [
        message(
            "mixed_table.rank",
            name=name,
            setting=chosen[name],
            place=1 + sum(other > scores[chosen[name]] for other in scores.values()),
            number=len(scores),
            where=where,
        )
        for name, scores, where in (
            ("batch_size", batches, "in its section"),
            ("layers", train, "on train"),
            ("layers", test, "on test"),
        )
    ]


def _split_of(cell: Line) -> str | None:
    """The split whose accuracy in the cell's section prints as the cell, rounded or cut off."""
    study, _, setting = cell.setting.partition("/")
    for split, short in _SPLITS.items():
        figure = published.figures().get((study, setting, f"{short}_accuracy"))
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
    line = np.polyfit(others[:, 0], others[:, 1], 1)
    spread = np.std(others[:, 1] - np.polyval(line, others[:, 0]), ddof=2)
    layers = {setting: pair for (study, setting), pair in pairs.items() if study == "layers"}
    off = {name: (loss - np.polyval(line, accuracy)) / spread for name, (accuracy, loss) in layers.items()}
    far = [name for name, distance in off.items() if abs(distance) > _OFF_LINE]
    near = max(abs(distance) for name, distance in off.items() if name not in far)
    # what the deck itself calls a validation loss, or a test loss in the section that means validation
    held_out = [
        float(line.value) for line in [*lines("batch_size", "test_loss"), *lines("final", "val_loss")]
    ]
    values = {
        **{"val_low": min(held_out), "val_high": max(held_out)},
        "pairs": [
            message("loss_pairing.pair", accuracy=a, loss=b) for a, b in (layers[name] for name in far)
        ],
        "far": [message("loss_pairing.outlier", name=name, distance=off[name]) for name in far],
        **{"others": len(others), "near": near, "n_far": len(far)},
    }
    return Finding("loss_pairing", LIKELY, values)
