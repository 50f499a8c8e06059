"""What runs can detect, how many decide, and when a sweep of a given precision stops."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fer_exp.analysis.estimates import Estimate, Method, corrected
from fer_exp.analysis.margins import adjusted_jointly, margin_tests
from fer_exp.analysis.planning import another_repeat, detectable, runs_needed
from fer_exp.analysis.verdicts import Verdict, verdict_of

KNOWN = Estimate(0.0, 0.5, 1e9, 0.1, 10, 28_709, Method.TWO_WAY)


def test_what_is_detected_is_found_four_times_in_five():
    """1.96 + .84 standard errors of a lone contrast; more in a family."""
    assert detectable(KNOWN) == pytest.approx((1.959964 + 0.841621) * 0.5, rel=1e-4)
    assert detectable(KNOWN, 6) > detectable(KNOWN)
    assert np.isnan(detectable(corrected([1.0, 1.0])))


def test_power_at_the_detectable_difference_by_scipy():
    """A t test of so many values has about 80 % power there, by draws."""
    estimate = corrected(np.linspace(-1, 1, 12), 0)
    sd = np.linspace(-1, 1, 12).std(ddof=1)
    drawn = np.random.default_rng(0).normal(detectable(estimate), sd, (4000, 12))
    assert np.mean(stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


@given(st.floats(-4, 4), st.floats(0.05, 2), st.floats(0, 1), st.integers(1, 8), st.integers(3, 40))
def test_after_the_runs_needed_no_difference_is_undecided(points, error, floor, contrasts, runs):
    """At the error that so many runs would have, any difference gets a verdict at its family's level."""
    now = Estimate(points, error, runs - 1, floor * error, runs, 1000, Method.TWO_WAY)
    needed = runs_needed(now, 1.0, contrasts)
    if needed is None:
        return
    assert needed > runs
    assert needed % 5 == 0
    rest = (error**2 - now.floor**2) * runs / needed
    then = dataclasses.replace(
        now, error=float(np.sqrt(now.floor**2 + rest)), freedom=needed - 1, runs=needed
    )
    lone = adjusted_jointly([margin_tests(then, 1.0)])[0]
    assert verdict_of(points, lone, 0.05 / contrasts) is not Verdict.UNDECIDED


def test_faces_that_vary_too_much_are_helped_by_no_runs():
    """A floor of a third of a point cannot show one point; none at all can."""
    assert runs_needed(dataclasses.replace(KNOWN, floor=0.33), 1.0) is None
    # 2.02 + 1.68 errors of 40 runs are a point at .270, and of 35 at .268: .01 + .24 * 10 / R is .07 and .079
    assert runs_needed(KNOWN, 1.0) == 40
    assert runs_needed(corrected([1.0, 1.0, 1.0]), 1.0) is None


def test_repeats_are_added_until_each_interval_is_narrow():
    """Ten runs at least, forty at most, and a missing interval is not narrow."""
    assert another_repeat([0.1], 5, 0.5)
    assert not another_repeat([0.5, 0.2], 10, 0.5)
    assert another_repeat([0.51, 0.2], 10, 0.5)
    assert another_repeat([float("nan"), 0.2], 35, 0.5)
    assert not another_repeat([3.0], 40, 0.5)
    assert not another_repeat([], 10, 0.5)
