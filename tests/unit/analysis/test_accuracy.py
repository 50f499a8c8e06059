"""A figure of the original study beside one more run of ours."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from fer_exp.analysis.accuracy import Place, place_figure


@given(st.lists(st.floats(0.2, 0.6), min_size=3, max_size=20), st.floats(0, 1))
def test_a_figure_is_inside_where_one_more_run_could_lie(scores, figure):
    """Mean and sd * sqrt(1 + 1/n) * t; and nothing is said where it is not comparable."""
    n = len(scores)
    half = stats.t.ppf(0.975, n - 1) * np.std(scores, ddof=1) * np.sqrt(1 + 1 / n)
    away = abs(figure - np.mean(scores))
    assume(abs(away - half) > 1e-9)
    assert place_figure(scores, figure, comparable=True) is (Place.INSIDE if away < half else Place.OUTSIDE)
    assert place_figure(scores, figure, comparable=False) is Place.NOT_COMPARABLE


def test_two_runs_place_no_figure():
    """A run that lacks the score is none."""
    assert place_figure([0.4, 0.5], 0.45, True) is Place.TOO_FEW_RUNS
    assert place_figure([0.4, float("nan"), 0.5], 0.45, True) is Place.TOO_FEW_RUNS
