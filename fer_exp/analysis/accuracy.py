"""Where a figure of the original study lies beside the accuracies of our runs."""

from collections.abc import Sequence
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


def place_figure(scores: Sequence[float], figure: float, comparable: bool) -> Place:
    """Whether one more run could plausibly give the figure, which proves nothing about any other run.

    scores: [n] of our runs, in the unit of the figure. comparable: whether the figure belongs to just this
    arm, at the same epochs, protocol and split.
    """
    if not comparable:
        return Place.NOT_COMPARABLE
    known = [score for score in scores if not np.isnan(score)]
    if len(known) < FEWEST:
        return Place.TOO_FEW_RUNS
    expected = statistics.next_value_interval(known)
    return Place.INSIDE if expected.low <= figure <= expected.high else Place.OUTSIDE
