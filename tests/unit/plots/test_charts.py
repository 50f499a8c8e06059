"""What runs reached, drawn."""

import numpy as np
import pytest

from fer_exp.fer2013 import EMOTIONS
from fer_exp.plots import charts
from fer_exp.statistics import Interval


def test_the_strongest_units_come_first():
    """By the norm of their weights, at most sixteen."""
    weights = np.ones((20, 2304)) * np.arange(20)[:, None]
    units, norms = charts.strongest(weights)
    assert units.tolist() == list(range(19, 3, -1))
    assert norms[0] == pytest.approx(19 * 48)


def test_a_first_layer_of_few_units_is_drawn():
    """Fewer units than places, and weights of nothing but zeros."""
    figure = charts.first_layer(np.zeros((5, 2304)))
    assert [axes.get_title() for axes in figure.axes if axes.images] == [f"unit {n}, 0.00" for n in range(5)]


def test_a_few_large_weights_leave_the_others_their_colours():
    """What is beyond the ends of the colour bar is drawn as its end."""
    weights = np.full((5, 2304), 0.1)
    weights[0, :9] = 4.0
    [picture] = charts.first_layer(weights).axes[0].images
    assert picture.get_clim() == pytest.approx((-0.1, 0.1))


def test_intervals_mark_the_decks_figure_and_the_largest_class_if_in_sight():
    """The deck by name; a line far from all bars would only press them together."""
    bars = [charts.Bar("a", 30, 29, 31, [29.5, 30.5], 34.8), charts.Bar("b", 31, np.nan, np.nan)]
    said = {text.get_text() for text in charts.intervals(bars, "x", (33.0, "largest class")).axes[0].texts}
    assert said == {"a", "b", "deck", "largest class"}
    said = {text.get_text() for text in charts.intervals(bars, "x", (20.0, "largest class")).axes[0].texts}
    assert "largest class" not in said


def test_recall_names_each_arm_once():
    """At its first bar, with the figure; every class has a row."""
    axes = charts.recalls({"best": [50.0] * 7, "worst": [1.0] * 7}).axes[0]
    said = [text.get_text() for text in axes.texts]
    assert said.count("50  best") == said.count("1  worst") == 1
    assert [label.get_text() for label in axes.get_yticklabels()] == list(EMOTIONS)


def test_the_curve_over_trials_has_a_tick_for_each_number():
    """On a scale that doubles, with the interval as a band."""
    curve = {1: Interval(30, 25, 35), 2: Interval(33, 30, 36), 4: Interval(35, 33, 36)}
    axes = charts.expected(curve, "adam", (20, 40)).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "4"]
    assert axes.get_ylim() == (20, 40)
    assert len(axes.collections) == 1
