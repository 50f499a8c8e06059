"""Shares of faces, a figure beside one more run, and what two seeds add, against scipy and draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fer_exp.analysis.accuracy import Place, place_figure, spread_by_seed, wilson


@given(st.integers(1, 30_000), st.data())
def test_the_interval_of_a_share_is_scipys(faces, data):
    """Wilson's, also for none and for all right."""
    right = data.draw(st.sampled_from([0, faces]) | st.integers(0, faces))
    found = wilson(right, faces)
    low, high = stats.binomtest(right, faces).proportion_ci(method="wilson")
    assert (found.share, found.low, found.high) == pytest.approx((right / faces, low, high), abs=1e-12)
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.low < found.high


def test_a_share_of_no_faces_is_none():
    """And more right than there are is refused."""
    assert np.isnan(wilson(0, 0).low)
    with pytest.raises(ValueError, match="6 of 5 faces cannot be right"):
        wilson(6, 5)


@given(st.lists(st.floats(0.2, 0.6), min_size=3, max_size=20), st.floats(0, 1))
def test_a_figure_is_inside_where_one_more_run_could_lie(scores, figure):
    """Mean and sd * sqrt(1 + 1/n) * t; and nothing is said where it is not comparable."""
    found = place_figure(scores, figure, comparable=True)
    n = len(scores)
    half = stats.t.ppf(0.975, n - 1) * np.std(scores, ddof=1) * np.sqrt(1 + 1 / n)
    assert (found.low, found.high) == pytest.approx((np.mean(scores) - half, np.mean(scores) + half))
    assert found.place is (Place.INSIDE if found.low <= figure <= found.high else Place.OUTSIDE)
    assert place_figure(scores, figure, comparable=False).place is Place.NOT_COMPARABLE


def test_two_runs_place_no_figure():
    """A run that lacks the score is none; and without a figure there is nothing to place."""
    assert place_figure([0.4, 0.5], 0.45, True).place is Place.TOO_FEW_RUNS
    assert place_figure([0.4, float("nan"), 0.5], 0.45, True).place is Place.TOO_FEW_RUNS
    assert place_figure([0.4, 0.41, 0.42], None, True).place is Place.NO_FIGURE


def test_the_spread_by_seed_is_found_again():
    """sd 2 by partition and 1 by training, 400 partitions of one to three seeds."""
    rng = np.random.default_rng(0)
    values = {}
    for partition in range(400):
        shift = 2 * rng.normal()
        for training in range(1 + partition % 3):
            values[partition, training] = shift + rng.normal()
    found = spread_by_seed(values)
    assert found.partition == pytest.approx(4, rel=0.15)
    assert found.training == pytest.approx(1, rel=0.15)


def test_the_spread_by_seed_of_two_by_two():
    """Cells of 1, 3 and 5, 7: within 2; between 16, so (16 - 2) / 2."""
    found = spread_by_seed({("a", 0): 1, ("a", 1): 3, ("b", 0): 5, ("b", 1): 7})
    assert (found.partition, found.training) == (pytest.approx(7), pytest.approx(2))


def test_seeds_that_were_not_set_apart_tell_nothing():
    """One training a partition: neither; one partition: the training alone."""
    assert np.isnan(spread_by_seed({(0, 0): 1.0, (1, 1): 2.0}).training)
    found = spread_by_seed({(0, 0): 1.0, (0, 1): 3.0})
    assert np.isnan(found.partition)
    assert found.training == pytest.approx(2)
