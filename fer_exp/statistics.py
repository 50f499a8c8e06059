"""What a few seeds allow to say: intervals and tests, as pure functions on arrays.

One number a seed and arm; arms share their seeds, so differences are taken seed by seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval; `low` and `high` are NaN where one value allows none."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """A mean paired difference with its interval and the two-sided p value of no difference."""

    p: float


def mean_interval(values: Sequence[float]) -> Interval:
    """Mean of [n] values with Student's t interval over them."""
    return _interval(values, 1 / len(values))


def next_value_interval(values: Sequence[float]) -> Interval:
    """Where one further value would lie with 95 %, given [n] values of a normal distribution."""
    return _interval(values, 1 + 1 / len(values))


def _interval(values: Sequence[float], variance_share: float) -> Interval:
    array = np.asarray(values, dtype=float)
    mean, half = float(array.mean()), float("nan")
    if len(array) > 1:
        half = float(_quantile(len(array) - 1) * array.std(ddof=1) * np.sqrt(variance_share))
    return Interval(mean, mean - half, mean + half)


# half a millisecond each, and a table asks for the same few a thousand times
@cache
def _quantile(freedom: int) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's step-down adjustment of a family of p values, float64 [m]; NaN stays NaN and is not counted.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Exact two-sided p value that two fixed models err equally, from bool [N] on the same faces.

    Source: Dietterich 1998, the test for two classifiers trained once.
    """
    first_only = int(np.sum(first_right & ~second_right))
    second_only = int(np.sum(~first_right & second_right))
    if first_only + second_only == 0:
        return 1.0
    return float(stats.binomtest(first_only, first_only + second_only).pvalue)


def share_interval(right: int, n: int) -> Interval:
    """The share of n faces that are right, with Wilson's interval, which holds for none and for all right.

    NaN of no faces. Raises ValueError unless 0 <= right <= n. Source: Wilson 1927, Probable inference.
    """
    if right == n == 0:
        return Interval(*[float("nan")] * 3)
    found = stats.binomtest(right, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(right / n, float(found.low), float(found.high))


def expected_best(ranked: Sequence[float] | np.ndarray, tries: int) -> float:
    """What the best of some tries has on average, exactly: over all sets of `tries` of these [n] values.

    ranked: the values of n independent tries, the best try first (by the value itself, or by another).
    Sources: Dodge et al. 2019, Show Your Work, for the curve; Tang et al. 2020, Showing Your Work Doesn't
    Always Work, for sets without replacement, without which the mean is biased.
    """
    return float(_shares(len(ranked), tries) @ np.asarray(ranked, dtype=float))


def expected_best_interval(
    ranked: Sequence[float] | np.ndarray, tries: int, seed: int, draws: int = 2000
) -> Interval:
    """The same with its percentile bootstrap interval over the n tries."""
    ranked = np.asarray(ranked, dtype=float)
    # in a resample, too, a lower place is a better try
    places = np.sort(np.random.default_rng(seed).integers(0, len(ranked), (draws, len(ranked))), axis=1)
    resampled = ranked[places] @ _shares(len(ranked), tries)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(expected_best(ranked, tries), float(low), float(high))


def _shares(n: int, tries: int) -> np.ndarray:
    """Of all sets of `tries` of n ranked values, the share that each is the best of, float64 [n]."""
    return np.array([comb(n - 1 - place, tries - 1) / comb(n, tries) for place in range(n)])
