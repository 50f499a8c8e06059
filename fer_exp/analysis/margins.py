"""Tests of one difference against 0 and against a margin, and their joint adjustment within a family.

Three questions are asked of each difference, of which the truth allows at most two to be answered by yes:
whether it is other than 0, smaller than the margin, or larger than it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy import stats

from fer_exp.analysis.estimates import Estimate
from fer_exp.statistics import holm

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Chances:
    """p values, each small where the claim holds; NaN where no test can be made.

    difference: D is other than 0, two-sided. equivalence: |D| is below the margin. beyond: |D| is above it.
    """

    difference: float
    equivalence: float
    beyond: float


# what Chances holds, in its order
_QUESTIONS = tuple(field.name for field in fields(Chances))

UNTESTED = Chances(float("nan"), float("nan"), float("nan"))


def margin_tests(estimate: Estimate, margin: float) -> Chances:
    """The three p values of an estimate; `margin` in points, above 0.

    No test is made of differences without any spread: their error of 0 would make each p 0.
    Sources: Lakens 2017, for the two one-sided tests of equivalence; Murphy and Myors 1999, Testing the
    hypothesis that treatments have negligible effects, for the test of an effect beyond a margin.
    """
    if not estimate.spread:
        return UNTESTED
    size = abs(estimate.points)
    error, freedom = estimate.error, estimate.freedom
    difference = 2 * stats.t.sf(size / error, freedom)
    # of the two one-sided tests the one nearer its bound decides
    equivalence = stats.t.cdf((size - margin) / error, freedom)
    # twice, so that it says yes just where the interval lies beyond the margin
    beyond = 2 * stats.t.sf((size - margin) / error, freedom)
    return Chances(float(difference), float(equivalence), float(min(beyond, 1.0)))


def adjusted_apart(tests: Sequence[Chances]) -> list[Chances]:
    """Each question as a family of its own, by Holm.

    A family of some arms without effect and others at the margin then errs in up to 10 % instead of 5 %.
    """
    by_question = [holm([getattr(each, question) for each in tests]) for question in _QUESTIONS]
    return [Chances(*map(float, row)) for row in zip(*by_question, strict=True)]


def adjusted_jointly(tests: Sequence[Chances]) -> list[Chances]:
    """All questions of all contrasts as one family, by Holm with the counts that their logic allows.

    Whatever a difference is, only one of "it is 0" and "it is at least the margin" can be true of it. So m
    contrasts hold at most m true hypotheses, and the smallest p value is multiplied by m, not by 3 m. A
    contrast is no longer counted once it is settled: other than 0, and on one side of the margin.
    Sources: Holm 1979; Shaffer 1986, Modified sequentially rejective multiple test procedures.
    """
    p = np.array([[getattr(each, question) for question in _QUESTIONS] for each in tests]).reshape(-1, 3)
    adjusted = np.full(p.shape, np.nan)
    rejected = np.zeros(p.shape, dtype=bool)
    unsettled = int(np.count_nonzero(~np.isnan(p[:, 0])))
    least = 0.0
    for place in np.argsort(p, axis=None, kind="stable")[: np.count_nonzero(~np.isnan(p))]:
        contrast, question = divmod(int(place), len(_QUESTIONS))
        least = min(max(least, p[contrast, question] * max(unsettled, 1)), 1.0)
        adjusted[contrast, question] = least
        before = _settled(rejected[contrast])
        rejected[contrast, question] = True
        unsettled -= _settled(rejected[contrast]) and not before
    return [Chances(*map(float, row)) for row in adjusted]


def _settled(rejected: np.ndarray) -> bool:
    """Of bool [3], in the order of Chances, whether nothing is left to ask."""
    return bool(rejected[0] and rejected[1:].any())
