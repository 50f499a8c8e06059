"""Intervals and tests on numbers that can be checked by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fer_exp import statistics


def test_interval_of_three_values_is_students():
    """1, 2, 3: mean 2, sd 1, half width 4.303 / sqrt(3)."""
    found = statistics.mean_interval([1, 2, 3])
    assert found.mean == 2
    assert found.high - 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert 2 - found.low == pytest.approx(found.high - 2)


def test_one_value_has_no_interval():
    """One seed allows a mean and nothing else."""
    found = statistics.mean_interval([0.4])
    assert found.mean == 0.4
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_holm_steps_down_as_in_the_textbook():
    """.01, .04, .03 of three: .03, .06, .06."""
    np.testing.assert_allclose(statistics.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])


def test_holm_does_not_count_missing_tests():
    """An arm without a test neither gets a p value nor costs the others anything."""
    found = statistics.holm([0.01, np.nan, 0.04])
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], [0.02, 0.04])


def stepped_down(p_values, alpha):
    """Holm by its definition: the smallest against alpha / m, the next against alpha / (m - 1), and so on."""
    rejected = set()
    left = sorted(range(len(p_values)), key=lambda place: p_values[place])
    while left and p_values[left[0]] <= alpha / len(left):
        rejected.add(left.pop(0))
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.5))
def test_holm_rejects_what_stepping_down_rejects(p_values, alpha):
    """Adjusted values at most alpha are those of the procedure as Holm wrote it."""
    adjusted = statistics.holm(p_values)
    assume(np.all(np.abs(adjusted - alpha) > 1e-12))
    assert set(np.flatnonzero(adjusted <= alpha)) == stepped_down(p_values, alpha)


def test_mcnemar_counts_only_disagreements():
    """Six faces only the first gets right, none only the second: 2 * (1/2)^6."""
    first = np.array([True] * 6 + [True, False])
    second = np.array([False] * 6 + [True, False])
    assert statistics.mcnemar(first, second) == pytest.approx(2 / 2**6)
    assert statistics.mcnemar(first, first) == 1


def test_the_interval_of_a_share_is_wilsons():
    """By hand, and within 0 and 1 for none and for all right."""
    found = statistics.share_interval(5, 10)
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.2366, 0.7634), abs=1e-4)
    assert statistics.share_interval(0, 10).low == 0
    assert statistics.share_interval(10, 10).high == 1


def test_a_share_of_no_faces_is_none():
    """And more right than there are is refused."""
    assert np.isnan(statistics.share_interval(0, 0).low)
    with pytest.raises(ValueError, match="must not be greater"):
        statistics.share_interval(6, 5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.data())
def test_the_expected_best_is_the_mean_over_all_sets_of_tries(values, data):
    """By brute force: of each set the one that stands first, which need not be the highest."""
    tries = data.draw(st.integers(1, len(values)))
    firsts = [each[0] for each in itertools.combinations(values, tries)]
    assert statistics.expected_best(values, tries) == pytest.approx(np.mean(firsts))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_more_tries_never_lower_the_expected_best(values):
    """From the mean of all to the best, where they are ranked by themselves."""
    ranked = sorted(values, reverse=True)
    curve = [statistics.expected_best(ranked, tries) for tries in range(1, len(ranked) + 1)]
    assert curve[0] == pytest.approx(np.mean(values))
    assert curve[-1] == ranked[0]
    assert np.all(np.diff(curve) >= -1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.data())
def test_the_interval_of_the_expected_best_lies_within_what_was_seen(values, data):
    """And is the same for the same seed."""
    tries = data.draw(st.integers(1, len(values)))
    ranked = sorted(values, reverse=True)
    found = statistics.expected_best_interval(ranked, tries, seed=0, draws=50)
    assert min(values) - 1e-12 <= found.low <= found.high <= max(values) + 1e-12
    assert found == statistics.expected_best_interval(ranked, tries, seed=0, draws=50)


def test_the_interval_of_one_try_is_that_of_a_mean():
    """The bootstrap of a mean over 100 values agrees with Student's t."""
    values = np.sort(np.random.default_rng(0).normal(size=100))[::-1]
    found = statistics.expected_best_interval(values, 1, seed=0)
    usual = statistics.mean_interval(values)
    assert found.mean == pytest.approx(usual.mean)
    assert (found.low, found.high) == pytest.approx((usual.low, usual.high), abs=0.03)
