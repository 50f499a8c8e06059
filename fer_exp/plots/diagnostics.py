"""Figures: arrays in, matplotlib figures out, in one style.

Drawn without pyplot, hence without a window or state of its own. The colour maps and colours keep their
order for colour-blind readers and in grey print.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_exp import metrics
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.metrics import Scores
from fer_exp.plots.style import BLUE, GREY, ORANGE, SHADES, STYLE

# For what a job draws: to find margins takes as long as to draw.
_GIVEN_MARGINS = STYLE | {"figure.constrained_layout.use": False}

# Faces of each class in either half of the gallery; pixels from one face to the next, down and across.
_SHOWN = 3
_ROW, _COLUMN = 62, 60


def confusion(counts: np.ndarray, title: str) -> Figure:
    """A confusion matrix int [7, 7], row the true class, as counts and as shares of each row."""
    with matplotlib.rc_context(_GIVEN_MARGINS):
        figure = Figure(figsize=(10.5, 4.8))
        figure.subplots_adjust(left=0.08, right=0.97, bottom=0.16, top=0.9)
        figure.suptitle(title, x=0.01, ha="left")
        left, right = figure.subplots(1, 2)
        _matrix(left, counts, [f"{count:,}" for count in counts.flat], "faces", counts.max())
        _shares(right, counts)
    return figure


def class_shares(counts: np.ndarray, title: str) -> Figure:
    """A confusion matrix int [7, 7], row the true class, as shares of each row: half of `confusion`."""
    with matplotlib.rc_context(_GIVEN_MARGINS):
        figure = Figure(figsize=(4.2, 4.2))
        figure.subplots_adjust(left=0.2, right=0.99, bottom=0.18, top=0.85)
        figure.suptitle(title, x=0.01, ha="left")
        _shares(figure.subplots(), counts)
    return figure


def _shares(axes: Axes, counts: np.ndarray) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _matrix(axes, shares, [f"{100 * share:.0f}" for share in shares.flat], "% of the true class", 1.0)


def _matrix(axes: Axes, values: np.ndarray, texts: Sequence[str], title: str, brightest: float) -> None:
    axes.imshow(values, cmap=SHADES, vmin=0, vmax=max(brightest, 1e-12))
    axes.set(title=title, xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for (row, column), text in zip(np.ndindex(values.shape), texts, strict=True):
        axes.text(column, row, text, ha="center", va="center")


def curves(
    train: Sequence[Scores], validation: Sequence[Scores], rates: Sequence[float], selected: int, title: str
) -> Figure:
    """Loss and accuracy by epoch, with the selected epoch and the drops of the learning rate marked.

    train, validation: the scores of each epoch from the first. rates: the learning rate of each.
    """
    numbers = list(range(1, len(rates) + 1))
    with matplotlib.rc_context(_GIVEN_MARGINS):
        figure = Figure(figsize=(9, 3.8))
        figure.subplots_adjust(left=0.07, right=0.91, bottom=0.12, top=0.84, wspace=0.42)
        figure.suptitle(title, x=0.01, ha="left")
        for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            fitted, held_out = ([getattr(each, key) for each in part] for part in (train, validation))
            train_above = fitted[-1] > held_out[-1]
            _curve(axes, numbers, fitted, "train", ORANGE, train_above)
            _curve(axes, numbers, held_out, "validation", BLUE, not train_above)
            axes.set(xlabel="epoch", ylabel=key, xlim=(0, len(rates)))
            axes.xaxis.get_major_locator().set_params(integer=True)
            # where the curves of a network that learns are not
            _mark(axes, rates, selected, "top" if key == "loss" else "bottom")
    return figure


def _curve(axes: Axes, numbers: list[int], values: list[float], name: str, colour: str, above: bool) -> None:
    axes.plot(numbers, values, color=colour, marker="." if len(numbers) < 30 else "", clip_on=False)
    # two curves may end at one point
    place: dict[str, Any] = {
        "xytext": (5, 0),
        "textcoords": "offset points",
        "va": "bottom" if above else "top",
    }
    axes.annotate(name, (numbers[-1], values[-1]), color=colour, annotation_clip=False, **place)


def _mark(axes: Axes, rates: Sequence[float], selected: int, side: str) -> None:
    """Lines at the selected epoch and where the learning rate fell, named on this side of the axes."""
    of_axes: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "fontsize": 7}
    pairs = enumerate(pairwise(rates), start=2)
    drops = [(number, now) for number, (before, now) in pairs if now < before]
    # a rate that falls nearly every epoch has no drops to speak of
    for number, rate in drops if len(drops) <= len(rates) / 3 else []:
        axes.axvline(number, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
        text, height = f"rate {rate:.2g}", 0.99 if side == "top" else 0.01
        axes.text(number, height, text, color=GREY, rotation=90, ha="right", va=side, **of_axes)
    axes.axvline(selected, color="black", linewidth=0.8, zorder=0, clip_on=False)
    axes.text(selected, 1.02, f"selected: {selected}", ha="center", **of_axes)


def reliability(scores: np.ndarray, labels: np.ndarray, title: str) -> Figure:
    """Accuracy by confidence, with the expected calibration error, from logits or the like [N, 7]."""
    count, confidence, accuracy = metrics.reliability(scores, labels)
    seen = count > 0
    edges = np.linspace(0, 1, len(count) + 1)[:-1]
    with matplotlib.rc_context(_GIVEN_MARGINS):
        figure = Figure(figsize=(5.2, 5.4))
        figure.subplots_adjust(left=0.13, right=0.97, bottom=0.09, top=0.92, hspace=0.07)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        upper.text(0.03, 0.09, "calibrated", color=GREY, rotation=40, rotation_mode="anchor")
        upper.plot(confidence[seen], accuracy[seen], "o-", color=BLUE)
        error = metrics.calibration_error(scores, labels)
        upper.set(title=f"{title}\nECE {error:.3f}", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        lower.bar(edges, count, width=1 / len(count), align="edge", color=BLUE, edgecolor="white")
        lower.set(xlabel="confidence of the prediction", ylabel="faces")
    return figure


def gallery(pixels: np.ndarray, labels: np.ndarray, predicted: np.ndarray, title: str) -> Figure:
    """Faces uint8 [N, 48, 48] predicted correctly (upper half) and incorrectly (lower), a column a class.

    Which ones is a draw with a fixed seed: neither the best nor the worst.
    """
    rng = np.random.default_rng(0)
    # one picture with all faces: axes for each take ten times as long
    sheet = np.full((2 * _SHOWN * _ROW, len(EMOTIONS) * _COLUMN), 255, np.uint8)
    with matplotlib.rc_context(_GIVEN_MARGINS):
        figure = Figure(figsize=(9, 8.6))
        figure.suptitle(title, x=0.01, ha="left")
        axes = figure.add_axes((0.01, 0, 0.98, 0.92))
        for label, emotion in enumerate(EMOTIONS):
            left = label * _COLUMN + (_COLUMN - SIDE) // 2
            place: dict[str, Any] = {"x": left + SIDE / 2, "ha": "center"}
            axes.text(y=-3, s=emotion, fontweight="bold", fontsize="large", **place)
            for first, right in ((0, True), (_SHOWN, False)):
                of_class = np.flatnonzero((labels == label) & ((predicted == label) == right))
                # a class may have fewer such faces
                for row, position in enumerate(rng.permutation(of_class)[:_SHOWN], first):
                    top = row * _ROW
                    sheet[top : top + SIDE, left : left + SIDE] = pixels[position]
                    read = EMOTIONS[predicted[position]]
                    text, color = (read, BLUE) if right else (f"predicted: {read}", ORANGE)
                    axes.text(y=top + SIDE + 3, s=text, color=color, va="top", **place)
        axes.imshow(sheet, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
    return figure
