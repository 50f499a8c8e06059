"""Learning curves: several runs of one kind as one line with its spread, and the figure of such lines.

Runs may stop at different epochs; where only some of them still train, the line is broken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_exp.plots.style import BLUE, ORANGE, STYLE

# What is drawn, and of which parts of train.
QUANTITIES = ("accuracy", "loss")
PARTS = {"train": ("train", ORANGE), "val": ("validation", BLUE)}
LINES = tuple((part, quantity) for part in PARTS for quantity in QUANTITIES)

# A line's band, by part and quantity.
Bands = Mapping[tuple[str, str], "Band"]


@dataclass(frozen=True)
class Band:
    """A metric over epochs of several runs: mean, lowest and highest, float64 [E] each.

    epochs: int [E]. whole: how many of them, from the first, all runs reached.
    """

    epochs: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: int


def band(histories: Sequence[Mapping[int, float]]) -> Band | None:
    """The band of some runs' values by epoch; None where there is not one finite value."""
    finite = [{epoch: value for epoch, value in run.items() if np.isfinite(value)} for run in histories]
    epochs = sorted(set().union(*finite))
    if not epochs:
        return None
    values = [[run[epoch] for run in finite if epoch in run] for epoch in epochs]
    whole = sum(len(each) == len(histories) for each in values)
    mean, low, high = (np.array([summary(each) for each in values]) for summary in (np.mean, min, max))
    return Band(np.array(epochs), mean, low, high, whole)


def limits(bands: Sequence[Bands], quantity: str) -> tuple[float, float]:
    """Lowest and highest value of a quantity over several figures, with a margin, to draw them alike."""
    found = [each[part, quantity] for each in bands for part in PARTS if (part, quantity) in each]
    low, high = min(each.low.min() for each in found), max(each.high.max() for each in found)
    margin = 0.06 * (high - low) or 0.05
    return low - margin, high + margin


def learning(bands: Bands, title: str, ranges: Mapping[str, tuple[float, float]]) -> Figure:
    """Accuracy and loss over epochs, a line for each part with its spread; ranges: the limits of each."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.3, 3.6))
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        rows = figure.subplots(2, 1, sharex=True)
        for axes, quantity in zip(rows, QUANTITIES, strict=True):
            scale = 100 if quantity == "accuracy" else 1
            shown = {part: bands[part, quantity] for part in PARTS if (part, quantity) in bands}
            axes.set_ylim(*(scale * end for end in ranges[quantity]))
            axes.set_ylabel("accuracy in %" if quantity == "accuracy" else "loss")
            for part, found in shown.items():
                _line(axes, found, scale, PARTS[part][1])
            _name_lines(axes, shown, scale)
        rows[-1].set_xlabel("epoch")
        rows[-1].xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    return figure


def _line(axes: Axes, found: Band, scale: float, colour: str) -> None:
    axes.fill_between(
        found.epochs, scale * found.low, scale * found.high, color=colour, alpha=0.2, linewidth=0
    )
    axes.plot(found.epochs, scale * found.mean, color=colour, linewidth=1.2, linestyle=(0, (2, 1.5)))
    marker = "o" if found.whole == 1 else None
    axes.plot(
        found.epochs[: found.whole],
        scale * found.mean[: found.whole],
        color=colour,
        linewidth=1.6,
        marker=marker,
    )


def _name_lines(axes: Axes, shown: Mapping[str, Band], scale: float) -> None:
    """Write each part's name at the end of its line, apart from each other."""
    low, high = axes.get_ylim()
    last = max((found.epochs[-1] for found in shown.values()), default=1)
    ends = sorted((scale * found.mean[-1], part) for part, found in shown.items())
    apart = 0.14 * (high - low)
    if len(ends) == 2 and ends[1][0] - ends[0][0] < apart:
        middle = (ends[0][0] + ends[1][0]) / 2
        middle = min(max(middle, low + apart / 2), high - apart / 2)
        ends = [(middle - apart / 2, ends[0][1]), (middle + apart / 2, ends[1][1])]
    for height, part in ends:
        name, colour = PARTS[part]
        axes.annotate(
            name,
            (last, height),
            (4, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
