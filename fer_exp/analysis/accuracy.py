"""Single figures: accuracy over faces, one more run's accuracy, and what partition and training add to it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy import stats

from fer_exp import statistics
from fer_exp.analysis.verdicts import FEWEST
from fer_exp.statistics import CONFIDENCE


@dataclass(frozen=True)
class Share:
    """A share of faces with its 95 % interval, all 0 to 1; NaN of no faces."""

    share: float
    low: float
    high: float


def wilson(right: int, faces: int) -> Share:
    """The share of faces that are right, with Wilson's interval, which holds for none and for all right, too.

    Raises ValueError unless 0 <= right <= faces. Source: Wilson 1927, Probable inference.
    """
    if not 0 <= right <= faces:
        raise ValueError(f"{right} of {faces} faces cannot be right")
    if faces == 0:
        return Share(*[float("nan")] * 3)
    share = right / faces
    z2 = stats.norm.ppf((1 + CONFIDENCE) / 2) ** 2
    middle = (share + z2 / (2 * faces)) / (1 + z2 / faces)
    half = np.sqrt(z2 * (share * (1 - share) / faces + z2 / (4 * faces**2))) / (1 + z2 / faces)
    # at either end the bound is the share itself, but for rounding
    low = 0.0 if right == 0 else float(middle - half)
    high = 1.0 if right == faces else float(middle + half)
    return Share(share, low, high)


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


@dataclass(frozen=True)
class Spread:
    """What the two seeds add to a run's variance, in squares of the values' unit; NaN if not to be told."""

    partition: float
    training: float


def spread_by_seed(values: Mapping[tuple[Hashable, Hashable], float]) -> Spread:
    """The variances that partition and training add, from runs in which their seeds were set apart.

    values: a run's score or paired difference, by what names its partition (repeat and fold) and its training
    seed. Training seeds may recur or not: they are taken as nested in the partition, so that what one seed
    does to all partitions is not told apart. The partition's share holds the faces that it has judged, too.
    Source: Searle, Casella and McCulloch 1992, Variance Components, one-way unbalanced analysis of variance.
    """
    cells: dict[Hashable, list[float]] = {}
    for (partition, _), value in values.items():
        cells.setdefault(partition, []).append(value)
    sizes = np.array([len(cell) for cell in cells.values()])
    total, many = sizes.sum(), len(sizes)
    if total == many:
        return Spread(float("nan"), float("nan"))
    means = np.array([np.mean(cell) for cell in cells.values()])
    within = sum(float(np.sum((np.array(cell) - np.mean(cell)) ** 2)) for cell in cells.values()) / (
        total - many
    )
    if many < 2:
        return Spread(float("nan"), within)
    between = float(sizes @ (means - sizes @ means / total) ** 2) / (many - 1)
    usual = (total - sizes @ sizes / total) / (many - 1)
    return Spread(max(float((between - within) / usual), 0.0), within)
