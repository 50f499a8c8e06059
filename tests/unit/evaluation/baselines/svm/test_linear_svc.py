"""The exact linear SVC on problems solved by hand, and as scikit-learn and a user handle it."""

import threading

import numpy as np
import pytest
from helpers.svm_problems import noise
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from fer_exp.evaluation.baselines.svm.linear_svc import ExactLinearSVC


@parametrize_with_checks([ExactLinearSVC()])
def test_scikit_learn_accepts_it(estimator, check):
    """Every check for a classifier, none expected to fail."""
    check(estimator)


class TestByHand:
    """Problems small enough to solve on paper."""

    def test_two_points(self):
        """At 0 and 2 the widest margin is 1 on each side of 1: w = 1, b = -1, 1/2 w^2 = 1/2."""
        found = ExactLinearSVC(tol=1e-8).fit([[0.0], [2.0]], [0, 1])
        assert_allclose([found.coef_[0, 0], found.intercept_[0]], [1, -1], atol=1e-6)
        assert_allclose(found.objectives_, [0.5], rtol=1e-6)
        assert_array_equal(found.n_support_, [1, 1])

    def test_penalty_bounds_alpha(self):
        """At -1 and 1 with C = 0.1 both alphas end at 0.1: w = 0.2, hinges 0.8 each: 0.02 + 0.16."""
        found = ExactLinearSVC(C=0.1, tol=1e-8).fit([[-1.0], [1.0]], [0, 1])
        assert_allclose(found.coef_, [[0.2]], atol=1e-6)
        assert_allclose(found.objectives_, [0.18], rtol=1e-6)

    def test_conflicting_copies_tell_nothing(self):
        """The same rows in both classes: w = 0, and every row pays 1."""
        rows = np.repeat(noise(6, 2)[0], 2, axis=0)
        found = ExactLinearSVC(tol=1e-6).fit(np.concatenate([rows, rows]), np.repeat([0, 1], 12))
        assert_allclose(found.coef_, 0, atol=1e-5)
        assert_allclose(found.objectives_, [24], rtol=1e-6)

    def test_constant_columns_alone(self):
        """Without any information the smaller class pays 2 a row."""
        found = ExactLinearSVC(tol=1e-6).fit(np.full((10, 3), 7.0), np.repeat([0, 1], [3, 7]))
        assert_allclose(found.coef_, 0, atol=1e-6)
        assert_allclose(found.objectives_, [6], rtol=1e-6)
        assert_array_equal(found.predict(np.zeros((2, 3))), [1, 1])


@pytest.mark.parametrize(("n", "d", "scale"), [(200, 300, 1), (12, 20, 10)])
def test_two_classes_of_few_rows_are_solved(n, d, scale):
    """Centred, all rows of a lone pair add up to nothing, so their products with one another are singular."""
    for seed in range(20):
        x = scale * np.random.default_rng(seed).normal(size=(n, d))
        assert ExactLinearSVC(n_jobs=1).fit(x, np.arange(n) % 2).gaps_.max() <= 1e-4


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid", "ignore:divide")
def test_numbers_too_large_to_multiply_are_no_traceback():
    """A warning says that nothing was reached."""
    x, y = noise(40, 3, 2)
    with pytest.warns(ConvergenceWarning, match="1 of 1 pairs stopped"):
        ExactLinearSVC(n_jobs=1).fit(1e19 * x, y)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_number_types(dtype):
    """The same machine from other number types; the solver itself works in float64."""
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 256, (60, 8)).astype(dtype), np.arange(60) % 3
    same = ExactLinearSVC(tol=1e-6).fit(x.astype(float), y)
    assert_allclose(ExactLinearSVC(tol=1e-6).fit(x, y).coef_, same.coef_)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_features_far_from_zero(n_jobs):
    """A common offset is the bias's affair."""
    x, y = noise(80, 4, classes=3)
    near = ExactLinearSVC(tol=1e-8, n_jobs=n_jobs).fit(x, y)
    assert_allclose(ExactLinearSVC(tol=1e-8, n_jobs=n_jobs).fit(x + 1e4, y).coef_, near.coef_, atol=1e-4)


def test_too_few_steps_are_told():
    """With the gap that was reached, and the machine is usable."""
    x, y = noise(60, 4, 3)
    with pytest.warns(ConvergenceWarning, match=r"3 of 3 pairs stopped above tol=1e-09.*after 1 steps"):
        found = ExactLinearSVC(max_iter=1, tol=1e-9).fit(x, y)
    assert 1e-9 < found.gaps_.max() < 1
    assert found.predict(x).shape == (60,)


@pytest.mark.parametrize(
    "options",
    [
        {"C": 0},
        {"C": np.nan},
        {"tol": -1},
        {"max_iter": 0},
        {"max_iter": 1.5},
        {"n_jobs": 0},
    ],
)
def test_bad_parameters_are_refused(options):
    """By name, when fitting."""
    with pytest.raises(ValueError, match=next(iter(options))):
        ExactLinearSVC(**options).fit(*noise(10, 2))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_is_told_in_the_callers_thread(n_jobs):
    """For every pair the gap falls to the tolerance."""
    told = []
    x, y = noise(90, 4, 3)
    ExactLinearSVC(
        n_jobs=n_jobs, on_progress=lambda *news: told.append((*news, threading.current_thread()))
    ).fit(x, y)
    assert {(pairs, thread) for _, pairs, _, thread in told} == {(3, threading.main_thread())}
    for k in range(3):
        gaps = [gap for pair, _, gap, _ in told if pair == k]
        assert gaps == sorted(gaps, reverse=True)
        assert gaps[0] > 1e-4 >= gaps[-1]
