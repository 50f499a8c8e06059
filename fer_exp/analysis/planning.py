"""How much more it takes: what so many runs can detect, how many runs decide, and when to stop adding them.

All of it looks at widths alone, never at the size or sign of a difference.
"""

import math
from collections.abc import Iterable

import numpy as np
from scipy import stats

from fer_exp.analysis.estimates import Estimate
from fer_exp.analysis.margins import SIGNIFICANCE

POWER = 0.8
FOLDS = 5

# Runs that a sweep of a given precision has at least, and at most. Below the first a verdict is preliminary.
LEAST = 10
MOST = 40

# More runs than anybody would wait for; what is not decided by then is decided by none.
_NEVER = 1000


def detectable(estimate: Estimate, contrasts: int = 1) -> float:
    """The difference in points that these runs find with 80 % power, as one of `contrasts`; else NaN."""
    if not estimate.spread:
        return float("nan")
    quantiles = stats.t.ppf([1 - SIGNIFICANCE / (2 * contrasts), POWER], estimate.freedom)
    return float(quantiles.sum() * estimate.error)


def runs_needed(estimate: Estimate, margin: float, contrasts: int = 1) -> int | None:
    """The runs, in whole repeats, after which no difference at all stays undecided; None if no number does.

    That is where every interval that holds 0 lies within the margin. Faces that vary keep `estimate.floor`
    whatever the runs. From one repeat the floor cannot be told and counts as 0, so the number is a lower
    bound.
    """
    if not estimate.spread:
        return None
    first = FOLDS * math.ceil(estimate.runs / FOLDS)
    wanted = np.arange(first, _NEVER + 1, FOLDS)
    error = np.sqrt(estimate.floor**2 + (estimate.error**2 - estimate.floor**2) * estimate.runs / wanted)
    level = SIGNIFICANCE / contrasts
    widths = stats.t.ppf(1 - level / 2, wanted - 1) + stats.t.ppf(1 - level, wanted - 1)
    enough = wanted[(error * widths <= margin) & (wanted > estimate.runs)]
    return int(enough[0]) if len(enough) else None


def another_repeat(half_widths: Iterable[float], runs: int, precision: float) -> bool:
    """Whether a sweep of this precision takes another repeat of five runs.

    half_widths: of the 95 % interval of each contrast so far, in points; NaN, where there is none yet, is too
    wide. runs: how many each arm has. precision: the half-width in points that every contrast shall reach.
    Source: Chow and Robbins 1965, for intervals of fixed width: stopping by the width alone keeps the
    coverage.
    """
    if runs >= MOST:
        return False
    # not `any(width > precision)`: NaN compares as False
    return runs < LEAST or not all(width <= precision for width in half_widths)
