"""One pair of classes is solved to its optimum, with a certificate."""

import numpy as np
import pytest
from helpers.svm_problems import objective, pair_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fer_exp.evaluation.baselines.svm.central_path import central, entry
from fer_exp.evaluation.baselines.svm.forms import ByFeatures, ByRows, form_of
from fer_exp.evaluation.baselines.svm.interior_point import solve_pair
from fer_exp.evaluation.baselines.svm.inverses import weighted_gram
from fer_exp.evaluation.baselines.svm.pair import Block, Pair


@pytest.mark.parametrize("double", [False, True])
def test_light_rows_are_replaced_by_their_class(double):
    """The matrix is exact when all rows weigh alike, or when they are few."""
    first, second = pair_of(300, 200, 10)
    pair, rows = Pair(Block(first), Block(second), 1.0), np.concatenate([first, second])
    assert_allclose(weighted_gram(pair, np.ones(500), double), rows.T @ rows, rtol=1e-4, atol=1e-2)
    theta = np.r_[np.full(20, 5.0), np.full(480, 1e-3)]
    exact = rows.T @ (theta[:, None] * rows)
    assert_allclose(weighted_gram(pair, theta, double), exact, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("heaviest", [1e-3, 1e6])
def test_few_rows_are_solved_by_themselves(heaviest):
    """With more features than rows the solution is that by the features, in either precision."""
    pair = Pair(*map(Block, pair_of(20, 15, 60)), 1.0)
    form = form_of(pair)
    assert isinstance(form, ByRows)
    rows = np.concatenate([block.rows for block in pair.blocks])
    theta = np.random.default_rng(0).uniform(1e-6, heaviest, pair.n)
    g = rows.T @ theta
    exact = np.eye(60) + rows.T @ (theta[:, None] * rows) - np.outer(g, g) / theta.sum()
    coefficients = np.random.default_rng(1).normal(size=pair.n)
    v, scores = form.system(theta).solve(coefficients, 1e-12)
    w = form.features(v)
    assert_allclose(exact @ w, rows.T @ coefficients, atol=1e-7)
    assert_allclose(scores, rows @ w, atol=1e-9)
    assert form.inner(v, v) == pytest.approx(w @ w)


def test_both_forms_enter_the_path_at_the_same_point():
    """Rows or features: only how a separator is written differs."""
    pair = Pair(*map(Block, pair_of(25, 30, 60)), 1.0)
    form = ByRows(pair)
    by_rows, by_features = entry(pair, form), entry(pair, ByFeatures(pair))
    assert_allclose(by_rows.alpha, by_features.alpha, atol=5e-3)
    assert_allclose(form.features(by_rows.w), by_features.w, atol=5e-2)


def test_many_rows_are_solved_by_the_features():
    """Above 1.25 rows a feature."""
    assert isinstance(form_of(Pair(*map(Block, pair_of(20, 15, 28)), 1.0)), ByRows)
    assert isinstance(form_of(Pair(*map(Block, pair_of(20, 15, 27)), 1.0)), ByFeatures)


@given(margin=st.floats(-1e6, 1e6), mu=st.floats(1e-9, 1e3), c=st.floats(1e-3, 1e3))
def test_central_slacks(margin, mu, c):
    """They differ by the margin, are positive, and give alphas that add up to C."""
    s, xi = central(np.array([margin]), mu, c)
    assert min(s[0], xi[0]) > 0
    assert_allclose(xi - s, margin, atol=1e-9 * max(1, abs(margin)))
    assert_allclose(mu / s + mu / xi, c, rtol=1e-6)


PROBLEMS = {"seed": st.integers(0, 10**6), "n": st.integers(4, 40), "d": st.integers(1, 12)}


@settings(max_examples=30, deadline=None)
@given(c=st.floats(1e-3, 1e2), scale=st.floats(0.01, 100), **PROBLEMS)
# an alpha that comes so near to C that C - alpha rounds to 0
@example(c=9.0, scale=2.0, seed=641, n=12, d=3)
def test_the_certificate_is_honest(seed, n, d, c, scale):
    """The primal is what (w, b) costs, the dual what a feasible alpha gives, and it is never above."""
    first, second = (scale * rows for rows in pair_of(n // 2, n - n // 2, d, seed))
    found = solve_pair(Block(first), Block(second), c, 1e-5, 100)
    assert_allclose(found.primal, objective(found.coef, found.intercept, first, second, c), rtol=1e-9)
    signed = found.alpha * np.repeat([1, -1], [len(first), len(second)])
    assert 0 <= found.alpha.min() <= found.alpha.max() <= c * (1 + 1e-12)
    assert abs(signed.sum()) <= 1e-9 * found.alpha.sum()
    w = signed @ np.concatenate([first, second])
    assert_allclose(found.dual, found.alpha.sum() - 0.5 * w @ w, rtol=1e-7, atol=1e-9 * found.primal)
    assert -1e-9 <= found.gap <= 1e-5
