"""Charts of what runs reached: intervals, curves over trials, recall by class, and first layers as faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.plots.style import BLUE, GREY, ORANGE, SIGNED, STYLE
from fer_exp.statistics import Interval

# Units in the picture of a first layer, as many a row.
UNITS, _A_ROW = 16, 4


@dataclass(frozen=True)
class Bar:
    """A row of an interval plot, all in percent.

    low, high: NaN where there is no interval. dots: the single values. printed: the deck's figure.
    """

    name: str
    mean: float
    low: float
    high: float
    dots: Sequence[float] = ()
    printed: float | None = None


def intervals(bars: Sequence[Bar], axis: str, line: tuple[float, str] | None = None) -> Figure:
    """A row a bar, its name above it; line: a value in percent to mark, with its name, if in sight."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 0.7 + 0.42 * len(bars)))
        axes = figure.subplots()
        for row, bar in enumerate(bars):
            _bar(axes, row, bar)
        _name_printed(axes, bars)
        axes.set(ylim=(len(bars) - 0.3, -0.75), yticks=[], xlabel=axis)
        axes.margins(x=0.06)
        axes.spines["left"].set_visible(False)
        # an interval from two seeds may reach beyond what a share in percent can be
        left, right = max(axes.get_xlim()[0], 0), min(axes.get_xlim()[1], 100)
        axes.set_xlim(left, right)
        if line and left < line[0] < right:
            axes.axvline(line[0], color=GREY, linewidth=1, linestyle="--", zorder=0)
            axes.annotate(
                line[1],
                (line[0], 0),
                (3, 2),
                ("data", "axes fraction"),
                "offset points",
                color=GREY,
                fontsize=8,
                va="bottom",
            )
    return figure


def _bar(axes: Axes, row: int, bar: Bar) -> None:
    axes.axhline(row, color=GREY, linewidth=0.5, alpha=0.4, zorder=0)
    # on the page's ground, as the line of the largest class may run behind it
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    axes.annotate(bar.name, (0, row - 0.42), xycoords=("axes fraction", "data"), va="center", bbox=ground)
    axes.plot(bar.dots, [row] * len(bar.dots), "o", color=GREY, markersize=3.5, alpha=0.6)
    if np.isfinite(bar.low):
        axes.plot([bar.low, bar.high], [row, row], color=BLUE, linewidth=2.5, solid_capstyle="butt")
    axes.plot(bar.mean, row, "o", color=BLUE, markersize=6)
    if bar.printed is not None:
        axes.plot(bar.printed, row, "D", color=ORANGE, markersize=5, fillstyle="none", markeredgewidth=1.5)


def _name_printed(axes: Axes, bars: Sequence[Bar]) -> None:
    """Name the deck's figure where it first stands, on the side away from ours."""
    row, bar = next(((row, bar) for row, bar in enumerate(bars) if bar.printed is not None), (0, None))
    if bar is not None and bar.printed is not None:
        side, place = (-1, "right") if bar.printed < bar.mean else (1, "left")
        axes.annotate(
            "deck",
            (bar.printed, row),
            (6 * side, 0),
            textcoords="offset points",
            ha=place,
            va="center",
            color=ORANGE,
            fontsize=8,
        )


def expected(curve: Mapping[int, Interval], title: str, limits: tuple[float, float]) -> Figure:
    """What the best of so many trials may be expected to reach, in percent, with its interval as a band."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.3, 2.2))
        axes = figure.subplots()
        axes.set_title(title, fontweight="bold")
        counts = list(curve)
        low, mean, high = ([getattr(each, end) for each in curve.values()] for end in ("low", "mean", "high"))
        axes.fill_between(counts, low, high, color=BLUE, alpha=0.2, linewidth=0)
        axes.plot(counts, mean, color=BLUE, linewidth=1.6, marker="o", markersize=3.5)
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, map(str, counts), minor=False)
        axes.set(ylim=limits, xlabel="trials", ylabel="validation in %")
    return figure


def recalls(by_arm: Mapping[str, Sequence[float]]) -> Figure:
    """Recall of each class in percent, float [7] an arm; the best arm first, then the worst if given."""
    thick = 0.8 / len(by_arm)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 0.9 + 0.23 * len(EMOTIONS) * len(by_arm)))
        axes = figure.subplots()
        for place, ((name, values), colour) in enumerate(zip(by_arm.items(), (BLUE, ORANGE), strict=False)):
            heights = np.arange(len(EMOTIONS)) + (place - (len(by_arm) - 1) / 2) * thick
            axes.barh(heights, values, height=0.9 * thick, color=colour)
            for label, (height, value) in enumerate(zip(heights, values, strict=True)):
                text = f"{value:.0f}  {name}" if label == 0 else f"{value:.0f}"
                axes.annotate(
                    text, (value, height), (3, 0), textcoords="offset points", va="center", fontsize=8
                )
        axes.set(xlim=(0, 105), xlabel="recall in % of the true class")
        axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
    return figure


def strongest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The units with the largest norm of weights [U, 2304], largest first: their numbers and norms."""
    norms = np.linalg.norm(weights, axis=1)
    units = np.argsort(-norms, kind="stable")[:UNITS]
    return units, norms[units]


def first_layer(weights: np.ndarray) -> Figure:
    """The strongest units of weights [U, 2304] as faces: red raises the unit, blue lowers it."""
    units, norms = strongest(weights)
    # a few weights are far larger than all others, which would then be invisible
    widest = float(np.quantile(np.abs(weights[units]), 0.99)) or 1.0
    rows = -(-len(units) // _A_ROW)
    with matplotlib.rc_context({**STYLE, "image.interpolation": "none"}):
        figure = Figure(figsize=(4.5, 0.5 + 1.15 * rows))
        grid = figure.subplots(rows, _A_ROW, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, unit, norm in zip(grid.flat, units, norms, strict=False):
            drawn = axes.imshow(weights[unit].reshape(SIDE, SIDE), cmap=SIGNED, vmin=-widest, vmax=widest)
            axes.set_title(f"unit {unit}, {norm:.2f}", fontsize=8, loc="center")
        bar = figure.colorbar(drawn, ax=grid, orientation="horizontal", aspect=40, pad=0.02, extend="both")
        bar.set_label("weight of a pixel")
    return figure
