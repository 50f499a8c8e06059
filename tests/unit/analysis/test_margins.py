"""Chances against 0 and a margin, and their adjustment, against scipy and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from fer_exp.analysis.estimates import corrected
from fer_exp.analysis.margins import UNTESTED, Chances, adjusted_apart, adjusted_jointly, margin_tests

point = st.floats(-5, 5, allow_nan=False)
p_value = st.floats(0, 1, allow_nan=False)


@given(st.lists(point, min_size=3, max_size=20), st.floats(0.1, 3))
def test_the_tests_are_scipys_t_tests(values, margin):
    """Two-sided against 0; of the two one-sided tests of equivalence the larger p value."""
    assume(np.ptp(values) > 1e-3)
    found = margin_tests(corrected(values, 0), margin)
    lower = stats.ttest_1samp(values, -margin, alternative="greater").pvalue
    upper = stats.ttest_1samp(values, margin, alternative="less").pvalue
    assert found.difference == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=1e-9)
    assert found.equivalence == pytest.approx(max(lower, upper), abs=1e-9)
    above = stats.ttest_1samp(values, margin, alternative="greater").pvalue
    below = stats.ttest_1samp(values, -margin, alternative="less").pvalue
    assert found.beyond == pytest.approx(min(2 * min(above, below), 1), abs=1e-9)


def test_no_spread_gives_no_p_value_of_0():
    """Equal differences, but for rounding, cannot be tested."""
    assert margin_tests(corrected([30.0, 30.0, 30.0 + 1e-14]), 1) is UNTESTED


triple = st.tuples(p_value, p_value, p_value)


def jointly_by_hand(rows, alpha):
    """The joint procedure step by step: which (contrast, question) it rejects."""
    left = sorted(itertools.product(range(len(rows)), range(3)), key=lambda at: rows[at[0]][at[1]])
    rejected = set()
    while left:
        open_ones = sum(
            not ((each, 0) in rejected and ((each, 1) in rejected or (each, 2) in rejected))
            for each in range(len(rows))
        )
        contrast, question = left.pop(0)
        if rows[contrast][question] * max(open_ones, 1) >= alpha:
            break
        rejected.add((contrast, question))
    return rejected


@given(st.lists(triple, min_size=1, max_size=5), st.floats(0.01, 0.5))
def test_the_joint_adjustment_rejects_what_its_steps_reject(rows, alpha):
    """Adjusted values below alpha are those of the procedure as it is described."""
    adjusted = adjusted_jointly([Chances(*row) for row in rows])
    found = np.array([[each.difference, each.equivalence, each.beyond] for each in adjusted])
    assert {tuple(map(int, place)) for place in np.argwhere(found < alpha)} == jointly_by_hand(rows, alpha)


def test_an_untested_contrast_costs_the_others_nothing():
    """With one beside it or without, the p values are the same."""
    some = [Chances(0.01, 0.9, 0.4), Chances(0.3, 0.02, 1.0)]
    *known, missing = adjusted_jointly([*some, UNTESTED])
    assert known == adjusted_jointly(some)
    assert np.isnan(missing.difference)
    assert adjusted_jointly([]) == []


def test_a_settled_contrast_is_no_longer_counted():
    """The first is shown to differ and to be small, so the second is alone: .04, not .08."""
    found = adjusted_jointly([Chances(0.001, 0.002, 1.0), Chances(0.04, 0.9, 0.5)])
    assert found[1].difference == pytest.approx(0.04)
    one_question = adjusted_jointly([Chances(0.001, 0.5, 0.6), Chances(0.04, 0.9, 0.5)])
    assert one_question[1].difference == pytest.approx(0.08)


def test_apart_each_question_is_adjusted_by_holm():
    """A family a question."""
    found = adjusted_apart([Chances(0.01, 0.4, 0.9), Chances(0.04, 0.3, 1.0)])
    assert [each.difference for each in found] == pytest.approx([0.02, 0.04])
    assert [each.equivalence for each in found] == pytest.approx([0.6, 0.6])
