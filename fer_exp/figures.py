"""Figures: arrays in, matplotlib figures out, in one style.

Drawn without pyplot, hence without a window or state of its own. The colour maps and colours keep their
order for colour-blind readers and in grey print.
"""

from collections.abc import Sequence
from itertools import pairwise

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from fer_exp import metrics
from fer_exp.faces import EMOTIONS
from fer_exp.training import Epoch

# Two colours of Okabe and Ito's palette, which colour-blind readers tell apart, and a grey.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"

STYLE = {
    "font.size": 9,
    # a name may hold a dollar
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
}

# Faces of each class in either half of the gallery.
_SHOWN = 3


def confusion(counts: np.ndarray, title: str) -> Figure:
    """A confusion matrix int [7, 7], row the true class, as counts and as shares of each row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 4.8))
        figure.suptitle(title, x=0.01, ha="left")
        left, right = figure.subplots(1, 2)
        _matrix(left, counts, [f"{count:,}" for count in counts.flat], "faces", counts.max())
        _matrix(right, shares, [f"{100 * share:.0f}" for share in shares.flat], "% of the true class", 1.0)
    return figure


def _matrix(axes, values: np.ndarray, texts: Sequence[str], title: str, brightest: float) -> None:
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(brightest, 1e-12))
    axes.set(title=title, xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for (row, column), text in zip(np.ndindex(values.shape), texts, strict=True):
        dark = values[row, column] > 0.55 * brightest
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black")


def curves(history: Sequence[Epoch], selected: int, title: str) -> Figure:
    """Loss and accuracy by epoch, with the selected epoch and the drops of the learning rate marked."""
    numbers = [epoch.number for epoch in history]
    # drawn once a job, where finding the margins would take as long as the drawing
    with matplotlib.rc_context(STYLE | {"figure.constrained_layout.use": False}):
        figure = Figure(figsize=(9, 3.8))
        figure.subplots_adjust(left=0.07, right=0.91, bottom=0.12, top=0.84, wspace=0.42)
        figure.suptitle(title, x=0.01, ha="left")
        for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            train, validation = (
                [getattr(getattr(epoch, section), key) for epoch in history]
                for section in ("train", "validation")
            )
            train_above = train[-1] > validation[-1]
            _curve(axes, numbers, train, "train", ORANGE, train_above)
            _curve(axes, numbers, validation, "validation", BLUE, not train_above)
            axes.set(xlabel="epoch", ylabel=key, xlim=(0, len(history)))
            axes.xaxis.get_major_locator().set_params(integer=True)
            # where the curves of a network that learns are not
            _mark(axes, history, selected, "top" if key == "loss" else "bottom")
    return figure


def _curve(axes, numbers: list[int], values: list[float], name: str, colour: str, above: bool) -> None:
    axes.plot(numbers, values, color=colour, marker="." if len(numbers) < 30 else "", clip_on=False)
    # two curves may end at one point
    place = {"xytext": (5, 0), "textcoords": "offset points", "va": "bottom" if above else "top"}
    axes.annotate(name, (numbers[-1], values[-1]), color=colour, annotation_clip=False, **place)


def _mark(axes, history: Sequence[Epoch], selected: int, side: str) -> None:
    """Lines at the selected epoch and where the learning rate fell, named on this side of the axes."""
    of_axes = {"transform": axes.get_xaxis_transform(), "fontsize": 7}
    drops = [now for before, now in pairwise(history) if now.learning_rate < before.learning_rate]
    # a rate that falls nearly every epoch has no drops to speak of
    for drop in drops if len(drops) <= len(history) / 3 else []:
        axes.axvline(drop.number, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
        said, height = f"rate {drop.learning_rate:.2g}", 0.99 if side == "top" else 0.01
        axes.text(drop.number, height, said, color=GREY, rotation=90, ha="right", va=side, **of_axes)
    axes.axvline(selected, color="black", linewidth=0.8, zorder=0, clip_on=False)
    axes.text(selected, 1.02, f"selected: {selected}", ha="center", **of_axes)


def reliability(scores: np.ndarray, labels: np.ndarray, title: str) -> Figure:
    """How often answers of each confidence are right, from logits or log-probabilities [N, 7]."""
    count, confidence, accuracy = metrics.reliability(scores, labels)
    seen = count > 0
    edges = np.linspace(0, 1, len(count) + 1)[:-1]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 5.4))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        upper.text(0.03, 0.09, "calibrated", color=GREY, rotation=40, rotation_mode="anchor")
        upper.plot(confidence[seen], accuracy[seen], "o-", color=BLUE)
        error = metrics.calibration_error(scores, labels)
        upper.set(
            title=f"{title}\ncalibration error {error:.3f}", ylabel="share right", xlim=(0, 1), ylim=(0, 1)
        )
        lower.bar(edges, count, width=1 / len(count), align="edge", color=BLUE, edgecolor="white")
        lower.set(xlabel="confidence of the answer", ylabel="faces")
    return figure


def gallery(pixels: np.ndarray, labels: np.ndarray, predicted: np.ndarray, title: str) -> Figure:
    """Faces uint8 [N, 48, 48] that were read right (upper half) and wrong (lower), a column a true class.

    Which ones is a draw with a fixed seed: neither the best nor the worst.
    """
    rng = np.random.default_rng(0)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 9.4))
        figure.suptitle(title, x=0.01, ha="left")
        grid = figure.subplots(2 * _SHOWN, len(EMOTIONS))
        for label, column in enumerate(grid.T):
            for right, cells in ((True, column[:_SHOWN]), (False, column[_SHOWN:])):
                of_class = np.flatnonzero((labels == label) & ((predicted == label) == right))
                _faces(cells, pixels, rng.permutation(of_class)[:_SHOWN], predicted, right)
            column[0].set_title(EMOTIONS[label], fontweight="bold", loc="center")
    return figure


def _faces(cells, pixels: np.ndarray, chosen: np.ndarray, predicted: np.ndarray, right: bool) -> None:
    for cell, position in zip(cells, chosen, strict=False):
        cell.imshow(pixels[position], cmap="gray", vmin=0, vmax=255)
        said = EMOTIONS[predicted[position]]
        cell.set_xlabel(said if right else f"read as {said}", color=BLUE if right else ORANGE)
    for cell in cells:
        cell.set_xticks([])
        cell.set_yticks([])
        cell.spines[:].set_visible(False)
    # a class may have fewer such faces
    for cell in cells[len(chosen) :]:
        cell.set_axis_off()
