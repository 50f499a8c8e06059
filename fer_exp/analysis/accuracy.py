"""Where a figure of the original study lies beside the accuracies of our runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from fer_exp import statistics
from fer_exp.analysis.verdicts import FEWEST


class Place(Enum):
    """Where a figure of the original study lies."""

    INSIDE = "inside our prediction interval"
    OUTSIDE = "outside our prediction interval"
    NOT_COMPARABLE = "not comparable"
    TOO_FEW_RUNS = "too few runs"
    NO_FIGURE = "no figure"


@dataclass(frozen=True)
class Placed:
    """A figure of the original study beside the interval of one more run of ours; NaN where there is none."""

    place: Place
    low: float
    high: float


def place_figure(scores: Sequence[float], figure: float | None, comparable: bool) -> Placed:
    """Whether one more run could plausibly give the figure, which proves nothing about any other run.

    scores: [n] of our runs, in the unit of the figure. comparable: whether the figure belongs to just this
    arm, at the same epochs, protocol and split.
    """
    known = [score for score in scores if not np.isnan(score)]
    low = high = float("nan")
    if len(known) >= FEWEST:
        expected = statistics.next_value_interval(known)
        low, high = expected.low, expected.high
    if figure is None or np.isnan(figure):
        return Placed(Place.NO_FIGURE, low, high)
    if not comparable:
        return Placed(Place.NOT_COMPARABLE, low, high)
    if np.isnan(low):
        return Placed(Place.TOO_FEW_RUNS, low, high)
    return Placed(Place.INSIDE if low <= figure <= high else Place.OUTSIDE, low, high)
